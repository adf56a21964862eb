//! Who is calling: from an API key to its account.
//!
//! A key that was found is remembered, so that a busy client costs no look-up a request; for [`FRESH_MILLIS`] only, so
//! that a revocation, also by another process, holds within a second. A key that nobody has is remembered as such for as long, so that
//! a client with a wrong key costs no look-ups either; [`MAX_STRANGERS`] at most: guesses can't fill the memory. When a key was last
//! used is noted here and written later, off the request's path.

use crate::{Actor, Caller, RequestId, Scopes};
use chatgrow_domain::{ApiKey, ApiKeyDigest, PlainApiKey, Timestamp};
use chatgrow_ports::{ApiKeyStore, Clock, KeyUse, StoreError};
use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

/// How long a look-up is trusted, in milliseconds.
const FRESH_MILLIS: i64 = 500;

/// How many keys that nobody has are remembered.
const MAX_STRANGERS: usize = 1024;

/// What is known of a key before the store is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recalled {
    /// It is this caller's.
    Caller(Caller),
    /// It is malformed, or was nobody's a moment ago.
    Nobody,
    /// It was valid when the server last saw it: look it up again.
    Stale(LookUp),
    /// It has not been seen, or was not valid: look it up.
    New(LookUp),
}

/// A key that is to be looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LookUp {
    digest: ApiKeyDigest,
    now: Timestamp,
}

struct Remembered {
    key: ApiKey,
    /// `None` if it has not been looked up for a request.
    checked_at: Option<Timestamp>,
    /// Milliseconds; 0 is never.
    used_at: AtomicI64,
    written_at: AtomicI64,
}

/// The use case of authenticating a request.
pub struct Authentication {
    keys: Arc<dyn ApiKeyStore>,
    clock: Arc<dyn Clock>,
    remembered: RwLock<HashMap<ApiKeyDigest, Remembered>>,
    /// Keys that nobody has, and when they were looked up.
    strangers: RwLock<HashMap<ApiKeyDigest, Timestamp>>,
    recalls: AtomicU64,
    look_ups: AtomicU64,
}

/// How often a well-formed key was met, by where it was found, since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeysMet {
    /// In the memory.
    pub recalled: u64,
    /// In the store, or nowhere.
    pub looked_up: u64,
}

impl Authentication {
    pub(crate) fn new(keys: Arc<dyn ApiKeyStore>, clock: Arc<dyn Clock>) -> Self {
        Self {
            keys,
            clock,
            remembered: RwLock::default(),
            strangers: RwLock::default(),
            recalls: AtomicU64::default(),
            look_ups: AtomicU64::default(),
        }
    }

    /// Remembers keys that are valid, so that each is looked up when it comes, whatever its address has done before. Call it at the start.
    pub fn remember_all(&self, keys: impl IntoIterator<Item = ApiKey>) {
        let now = self.clock.now();
        let mut remembered = self.remembered.write().unwrap_or_else(PoisonError::into_inner);
        for key in keys.into_iter().filter(|key| key.is_valid_at(now)) {
            remembered.entry(key.digest).or_insert_with(|| Remembered {
                key,
                checked_at: None,
                used_at: AtomicI64::default(),
                written_at: AtomicI64::default(),
            });
        }
    }

    /// What the memory says of the key that a request brings. It asks nobody.
    #[must_use]
    pub fn recall(&self, key: &str, request: &RequestId) -> Recalled {
        let Some(digest) = PlainApiKey::parse(key).map(|key| key.digest()) else {
            return Recalled::Nobody;
        };
        let look_up = LookUp {
            digest,
            now: self.clock.now(),
        };
        let recalled = self.recall_valid(look_up, request);
        let recalled = match recalled {
            Recalled::New(_) if self.is_stranger(&digest, look_up.now) => Recalled::Nobody,
            _ => recalled,
        };
        if matches!(recalled, Recalled::Caller(_) | Recalled::Nobody) {
            self.recalls.fetch_add(1, Ordering::Relaxed);
        }
        recalled
    }

    /// The caller who holds the key; `None` if it is unknown, revoked or expired.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub async fn look_up(
        &self,
        LookUp { digest, now }: LookUp,
        request: &RequestId,
    ) -> Result<Option<Caller>, StoreError> {
        self.look_ups.fetch_add(1, Ordering::Relaxed);
        let found = self.keys.by_digest(&digest).await?;
        let found = found.filter(|key| key.is_valid_at(now));
        let caller = found.as_ref().map(|key| caller(key, request));
        self.remember(&digest, found, now);
        Ok(caller)
    }

    /// How well the memory does.
    #[must_use]
    pub fn keys_met(&self) -> KeysMet {
        KeysMet {
            recalled: self.recalls.load(Ordering::Relaxed),
            looked_up: self.look_ups.load(Ordering::Relaxed),
        }
    }

    fn recall_valid(&self, look_up: LookUp, request: &RequestId) -> Recalled {
        let remembered = self.remembered.read().unwrap_or_else(PoisonError::into_inner);
        let Some(entry) = remembered.get(&look_up.digest) else {
            return Recalled::New(look_up);
        };
        let now = look_up.now;
        let fresh = entry
            .checked_at
            .is_some_and(|checked_at| is_fresh(checked_at, now));
        if !fresh || !entry.key.is_valid_at(now) {
            return Recalled::Stale(look_up);
        }
        entry.used_at.store(now.as_millis(), Ordering::Relaxed);
        Recalled::Caller(caller(&entry.key, request))
    }

    fn is_stranger(&self, digest: &ApiKeyDigest, now: Timestamp) -> bool {
        let strangers = self.strangers.read().unwrap_or_else(PoisonError::into_inner);
        strangers
            .get(digest)
            .is_some_and(|checked_at| is_fresh(*checked_at, now))
    }

    fn remember_stranger(&self, digest: ApiKeyDigest, now: Timestamp) {
        let mut strangers = self.strangers.write().unwrap_or_else(PoisonError::into_inner);
        if strangers.len() >= MAX_STRANGERS {
            strangers.clear();
        }
        strangers.insert(digest, now);
    }

    fn remember(&self, digest: &ApiKeyDigest, found: Option<ApiKey>, now: Timestamp) {
        let mut remembered = self.remembered.write().unwrap_or_else(PoisonError::into_inner);
        let Some(key) = found else {
            remembered.remove(digest);
            self.remember_stranger(*digest, now);
            return;
        };
        let written_at = remembered
            .get(digest)
            .map_or(0, |entry| entry.written_at.load(Ordering::Relaxed));
        let (used_at, written_at) = (AtomicI64::new(now.as_millis()), AtomicI64::new(written_at));
        remembered.insert(
            *digest,
            Remembered {
                key,
                checked_at: Some(now),
                used_at,
                written_at,
            },
        );
    }

    /// Writes down when keys were last used, those used since the last call. Call it now and then, and at the end.
    ///
    /// # Errors
    /// [`StoreError`] where the store fails; the next call tries again.
    pub async fn flush_key_uses(&self) -> Result<(), StoreError> {
        let uses: Vec<(ApiKeyDigest, KeyUse)> = {
            let remembered = self.remembered.read().unwrap_or_else(PoisonError::into_inner);
            remembered
                .iter()
                .filter_map(|(digest, entry)| {
                    let used_at = entry.used_at.load(Ordering::Relaxed);
                    let at = Timestamp::from_millis(used_at)?;
                    let fresh = used_at > entry.written_at.load(Ordering::Relaxed);
                    fresh.then_some((
                        *digest,
                        KeyUse {
                            account_id: entry.key.account_id,
                            id: entry.key.id,
                            at,
                        },
                    ))
                })
                .collect()
        };
        if uses.is_empty() {
            return Ok(());
        }
        self.keys
            .record_use(&uses.iter().map(|(_, used)| *used).collect::<Vec<_>>())
            .await?;
        let remembered = self.remembered.read().unwrap_or_else(PoisonError::into_inner);
        for (digest, used) in uses {
            if let Some(entry) = remembered.get(&digest) {
                entry.written_at.fetch_max(used.at.as_millis(), Ordering::Relaxed);
            }
        }
        Ok(())
    }
}

/// Who makes a request with that key.
fn caller(key: &ApiKey, request: &RequestId) -> Caller {
    Caller {
        account: key.account_id,
        actor: Actor::ApiKey(key.id),
        scopes: Scopes::All,
        request_id: request.clone(),
    }
}

/// A clock that was set back makes the age negative: then it is not.
fn is_fresh(checked_at: Timestamp, now: Timestamp) -> bool {
    (0..FRESH_MILLIS).contains(&(now.as_millis() - checked_at.as_millis()))
}

#[cfg(test)]
mod tests;
