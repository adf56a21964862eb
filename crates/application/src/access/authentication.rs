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
mod tests {
    use super::*;
    use crate::fixtures::{account, at, id};
    use chatgrow_domain::{ApiKeyId, ApiKeyName};
    use chatgrow_ports::{MockApiKeyStore, MockClock};
    use mockall::predicate::eq;

    fn plain() -> PlainApiKey {
        PlainApiKey::from_random([7; 32])
    }

    fn key() -> ApiKey {
        ApiKey {
            id: ApiKeyId::new(id(9)),
            account_id: account(),
            name: ApiKeyName::new("site").unwrap(),
            digest: plain().digest(),
            created_at: at(0),
            expires_at: Some(at(100_000)),
            last_used_at: None,
            revoked_at: None,
        }
    }

    impl Authentication {
        /// Who holds the key, by the memory or by the store.
        async fn authenticate(&self, key: &str) -> Result<Option<Caller>, StoreError> {
            let request = RequestId::new("request");
            match self.recall(key, &request) {
                Recalled::Caller(caller) => Ok(Some(caller)),
                Recalled::Nobody => Ok(None),
                Recalled::Stale(look_up) | Recalled::New(look_up) => self.look_up(look_up, &request).await,
            }
        }
    }

    const CALLER: fn() -> Option<Caller> = || {
        Some(Caller {
            account: account(),
            actor: Actor::ApiKey(ApiKeyId::new(id(9))),
            scopes: Scopes::All,
            request_id: RequestId::new("request"),
        })
    };

    /// An authentication at these instants, one a call.
    fn authentication(keys: MockApiKeyStore, instants: &'static [i64]) -> Authentication {
        let mut clock = MockClock::new();
        let mut next = instants.iter();
        clock.expect_now().returning(move || at(*next.next().unwrap()));
        Authentication::new(Arc::new(keys), Arc::new(clock))
    }

    #[tokio::test]
    async fn what_is_no_key_is_refused_without_a_look_up() {
        let authentication = authentication(MockApiKeyStore::new(), &[]);
        for text in [
            "",
            "abc",
            "cg_live_",
            "cg_live_1fJjkkpe9PiTw9KSulA8Ghct30vZz4HpdQ5c5b9cPF10k1n8X",
        ] {
            assert_eq!(authentication.authenticate(text).await.unwrap(), None);
        }
    }

    #[tokio::test]
    async fn a_found_key_is_looked_up_again_only_after_a_while() {
        let mut keys = MockApiKeyStore::new();
        keys.expect_by_digest()
            .with(eq(plain().digest()))
            .times(2)
            .returning(|_| Ok(Some(key())));
        let authentication = authentication(keys, &[1000, 1001, 1499, 1500, 1501]);
        for _ in 0..5 {
            assert_eq!(
                authentication.authenticate(plain().reveal()).await.unwrap(),
                CALLER()
            );
        }
        let met = KeysMet {
            recalled: 3,
            looked_up: 2,
        };
        assert_eq!(authentication.keys_met(), met);
    }

    #[tokio::test]
    async fn a_key_of_the_start_is_looked_up_at_its_first_use() {
        let mut keys = MockApiKeyStore::new();
        keys.expect_by_digest().times(1).returning(|_| Ok(Some(key())));
        let authentication = authentication(keys, &[1000, 1001, 1002, 1003]);
        let revoked = ApiKey {
            digest: PlainApiKey::from_random([8; 32]).digest(),
            revoked_at: Some(at(5)),
            ..key()
        };
        authentication.remember_all([key(), revoked]);
        let request = RequestId::new("request");
        let recalled = authentication.recall(plain().reveal(), &request);
        let Recalled::Stale(look_up) = recalled else {
            panic!("{recalled:?}")
        };
        assert_eq!(authentication.look_up(look_up, &request).await.unwrap(), CALLER());
        assert_eq!(
            authentication.recall(plain().reveal(), &request),
            Recalled::Caller(CALLER().unwrap())
        );
        let revoked = authentication.recall(PlainApiKey::from_random([8; 32]).reveal(), &request);
        assert!(matches!(revoked, Recalled::New(_)), "{revoked:?}");
    }

    #[tokio::test]
    async fn a_revocation_holds_within_a_second() {
        let mut keys = MockApiKeyStore::new();
        keys.expect_by_digest().times(1).returning(|_| Ok(Some(key())));
        keys.expect_by_digest().times(1).returning(|_| {
            Ok(Some(ApiKey {
                revoked_at: Some(at(1001)),
                ..key()
            }))
        });
        let authentication = authentication(keys, &[1000, 2000]);
        assert_eq!(
            authentication.authenticate(plain().reveal()).await.unwrap(),
            CALLER()
        );
        assert_eq!(authentication.authenticate(plain().reveal()).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_remembered_key_expires_on_time() {
        let mut keys = MockApiKeyStore::new();
        keys.expect_by_digest().times(2).returning(|_| Ok(Some(key())));
        let authentication = authentication(keys, &[99_999, 100_000]);
        assert_eq!(
            authentication.authenticate(plain().reveal()).await.unwrap(),
            CALLER()
        );
        assert_eq!(authentication.authenticate(plain().reveal()).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_clock_that_is_set_back_does_not_keep_a_key_alive() {
        let mut keys = MockApiKeyStore::new();
        keys.expect_by_digest().times(1).returning(|_| Ok(Some(key())));
        keys.expect_by_digest().times(1).returning(|_| Ok(None));
        let authentication = authentication(keys, &[50_000, 1000]);
        assert_eq!(
            authentication.authenticate(plain().reveal()).await.unwrap(),
            CALLER()
        );
        assert_eq!(authentication.authenticate(plain().reveal()).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_key_that_nobody_has_is_looked_up_again_only_after_a_while() {
        let mut keys = MockApiKeyStore::new();
        keys.expect_by_digest().times(2).returning(|_| Ok(None));
        keys.expect_by_digest().returning(|_| Ok(Some(key())));
        let authentication = authentication(keys, &[1000, 1499, 1500, 1400, 2000]);
        for expected in [None, None, None, CALLER(), CALLER()] {
            assert_eq!(
                authentication.authenticate(plain().reveal()).await.unwrap(),
                expected
            );
        }
    }

    #[tokio::test]
    async fn guesses_do_not_fill_the_memory() {
        let mut keys = MockApiKeyStore::new();
        keys.expect_by_digest().returning(|_| Ok(None));
        let mut clock = MockClock::new();
        clock.expect_now().returning(|| at(1000));
        let authentication = Authentication::new(Arc::new(keys), Arc::new(clock));
        for number in 0..2 * MAX_STRANGERS as u64 {
            let mut random = [0; 32];
            random[24..].copy_from_slice(&number.to_be_bytes());
            let guess = PlainApiKey::from_random(random);
            assert_eq!(authentication.authenticate(guess.reveal()).await.unwrap(), None);
        }
        assert!(authentication.strangers.read().unwrap().len() <= MAX_STRANGERS);
        assert!(authentication.remembered.read().unwrap().is_empty());
    }

    #[tokio::test]
    async fn uses_are_written_once_and_again_after_a_failure() {
        let mut keys = MockApiKeyStore::new();
        keys.expect_by_digest().returning(|_| Ok(Some(key())));
        let used = KeyUse {
            account_id: account(),
            id: ApiKeyId::new(id(9)),
            at: at(1001),
        };
        keys.expect_record_use()
            .times(1)
            .returning(|_| Err(StoreError::unavailable("away")));
        keys.expect_record_use()
            .withf(move |uses| uses == [used])
            .times(1)
            .returning(|_| Ok(()));
        let authentication = authentication(keys, &[1000, 1001]);
        authentication.authenticate(plain().reveal()).await.unwrap();
        authentication.authenticate(plain().reveal()).await.unwrap();
        assert!(authentication.flush_key_uses().await.is_err());
        authentication.flush_key_uses().await.unwrap();
        authentication.flush_key_uses().await.unwrap();
    }
}
