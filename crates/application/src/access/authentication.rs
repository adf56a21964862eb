//! Authentication: from an API key to the caller who holds it.
//!
//! A valid key is remembered for [`FRESH_MILLIS`], so that a busy client doesn't cost a look-up per request. The time
//! is short, so that a revocation, even by another process, takes effect within a second. An unknown key is remembered
//! as such for as long, so that a client with a wrong key costs no look-ups either. At most [`MAX_STRANGERS`] unknown
//! keys are remembered, so that guesses can't fill the memory. When a key was last used is noted here and written to
//! the store later, off the request's path.

use crate::{Caller, RequestId};
use chatgrow_domain::{Actor, ApiKey, ApiKeyDigest, PlainApiKey, Timestamp};
use chatgrow_ports::{ApiKeyStore, Clock, KeyUse, StoreError};
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

/// How long the result of a look-up is trusted, in milliseconds.
const FRESH_MILLIS: i64 = 500;

/// The maximum number of unknown keys that are remembered.
const MAX_STRANGERS: usize = 1024;

/// What the memory tells of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recalled {
    /// The key is valid.
    Known(Known),
    /// The key is malformed, or was unknown, revoked or expired a moment ago.
    Nobody,
    /// The key was valid when the server last saw it. It must be looked up again.
    Stale(LookUp),
    /// The key has not been seen, or was not valid. It must be looked up.
    New(LookUp),
}

/// A valid key, and who calls with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The caller.
    pub caller: Caller,
    /// The key.
    pub key: Arc<ApiKey>,
    /// Whether the key may be used from the client's address. If not, the request is refused, and is no use of the key.
    pub admitted: bool,
}

/// A key that must be looked up in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LookUp {
    digest: ApiKeyDigest,
    now: Timestamp,
}

struct Remembered {
    key: Arc<ApiKey>,
    /// When the key was last looked up for a request; `None` if it never was.
    checked_at: Option<Timestamp>,
    /// In milliseconds; 0 means never.
    used_at: AtomicI64,
    written_at: AtomicI64,
}

/// The use case that authenticates requests.
pub struct Authentication {
    keys: Arc<dyn ApiKeyStore>,
    clock: Arc<dyn Clock>,
    remembered: RwLock<HashMap<ApiKeyDigest, Remembered>>,
    /// Unknown keys, and when they were looked up.
    strangers: RwLock<HashMap<ApiKeyDigest, Timestamp>>,
    recalls: AtomicU64,
    look_ups: AtomicU64,
}

/// How many well-formed keys were presented since the start, by where they were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeysMet {
    /// Found in memory, as valid or as unknown.
    pub recalled: u64,
    /// Looked up in the store.
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

    /// Remembers those of the keys that are valid, but doesn't trust them yet. So the first use of such a key is looked
    /// up even if many authentications from the client's address have failed. Call it at start-up.
    pub fn remember_all(&self, keys: impl IntoIterator<Item = ApiKey>) {
        let now = self.clock.now();
        let mut remembered = self.remembered.write().unwrap_or_else(PoisonError::into_inner);
        for key in keys.into_iter().filter(|key| key.is_valid_at(now)) {
            remembered.entry(key.digest).or_insert_with(|| Remembered {
                key: key.into(),
                checked_at: None,
                used_at: AtomicI64::default(),
                written_at: AtomicI64::default(),
            });
        }
    }

    /// Resolves the key of a request from memory, without asking the store.
    #[must_use]
    pub fn recall(&self, key: &str, request: &RequestId, client: impl FnOnce() -> IpAddr) -> Recalled {
        let Some(digest) = PlainApiKey::parse(key).map(|key| key.digest()) else {
            return Recalled::Nobody;
        };
        let look_up = LookUp {
            digest,
            now: self.clock.now(),
        };
        let recalled = self.recall_valid(look_up, request, client);
        let recalled = match recalled {
            Recalled::New(_) if self.is_stranger(&digest, look_up.now) => Recalled::Nobody,
            _ => recalled,
        };
        if matches!(recalled, Recalled::Known(_) | Recalled::Nobody) {
            self.recalls.fetch_add(1, Ordering::Relaxed);
        }
        recalled
    }

    /// Resolves a key from the store. Returns `None` if it is unknown, revoked or expired.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub async fn look_up(
        &self,
        LookUp { digest, now }: LookUp,
        request: &RequestId,
        client: impl FnOnce() -> IpAddr,
    ) -> Result<Option<Known>, StoreError> {
        self.look_ups.fetch_add(1, Ordering::Relaxed);
        let found = self.keys.by_digest(&digest).await?;
        let found = found.filter(|key| key.is_valid_at(now)).map(Arc::new);
        let known = found.map(|key| Known::new(&key, request, client));
        self.remember(&digest, known.as_ref(), now);
        Ok(known)
    }

    /// How often keys were found in memory, and how often they were looked up.
    #[must_use]
    pub fn keys_met(&self) -> KeysMet {
        KeysMet {
            recalled: self.recalls.load(Ordering::Relaxed),
            looked_up: self.look_ups.load(Ordering::Relaxed),
        }
    }

    fn recall_valid(
        &self,
        look_up: LookUp,
        request: &RequestId,
        client: impl FnOnce() -> IpAddr,
    ) -> Recalled {
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
        let known = Known::new(&entry.key, request, client);
        if known.admitted {
            entry.used_at.store(now.as_millis(), Ordering::Relaxed);
        }
        Recalled::Known(known)
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

    fn remember(&self, digest: &ApiKeyDigest, found: Option<&Known>, now: Timestamp) {
        let mut remembered = self.remembered.write().unwrap_or_else(PoisonError::into_inner);
        let Some(known) = found else {
            remembered.remove(digest);
            self.remember_stranger(*digest, now);
            return;
        };
        let times = remembered.get(digest).map(|entry| {
            let (used_at, written_at) = (&entry.used_at, &entry.written_at);
            (
                used_at.load(Ordering::Relaxed),
                written_at.load(Ordering::Relaxed),
            )
        });
        let (used_at, written_at) = times.unwrap_or_default();
        let used_at = if known.admitted { now.as_millis() } else { used_at };
        let (used_at, written_at) = (AtomicI64::new(used_at), AtomicI64::new(written_at));
        remembered.insert(
            *digest,
            Remembered {
                key: known.key.clone(),
                checked_at: Some(now),
                used_at,
                written_at,
            },
        );
    }

    /// Writes when keys were last used, for those that were used since the last call. Call it at intervals, and at
    /// shutdown.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails. The next call tries again.
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

impl Known {
    fn new(key: &Arc<ApiKey>, request: &RequestId, client: impl FnOnce() -> IpAddr) -> Self {
        let caller = Caller {
            account: key.account_id,
            actor: Actor::ApiKey(key.id),
            scopes: key.terms.scopes,
            request_id: request.clone(),
        };
        Self {
            caller,
            admitted: key.admits(client),
            key: key.clone(),
        }
    }
}

/// Whether the result of a look-up at `checked_at` is still trusted. If the clock was set back, the age is negative,
/// and the result is not trusted.
fn is_fresh(checked_at: Timestamp, now: Timestamp) -> bool {
    (0..FRESH_MILLIS).contains(&(now.as_millis() - checked_at.as_millis()))
}

#[cfg(test)]
mod tests;
