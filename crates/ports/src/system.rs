//! Time, ids, randomness, hashes of passwords, and waiting. They are ports, so that tests of the use cases are
//! deterministic.

use crate::{IdempotencyKey, StoreError};
use async_trait::async_trait;
use chatgrow_domain::{AccountId, ObjectId, PasswordHash, PlainPassword, TimeZoneName, Timestamp, Zone};
use std::{sync::Arc, time::Instant};

/// Tells the time.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait Clock: Send + Sync {
    /// The current time.
    fn now(&self) -> Timestamp;
}

/// Makes ids.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait IdSource: Send + Sync {
    /// An id that no other call on any server returns. A later id sorts after an earlier one, as far as the servers'
    /// clocks agree. Two ids MUST NOT reveal how many were made in between.
    fn next_id(&self) -> ObjectId;
}

/// Makes secrets.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait Randomness: Send + Sync {
    /// A secret of 256 bits that can't be guessed.
    fn secret(&self) -> [u8; 32];
}

/// Seals bytes, so that only who has the key can read or make what is sealed. The same bytes under one key are sealed
/// alike.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait Seal: Send + Sync {
    /// Seals bytes for a context. They can be opened only with the same context.
    fn seal(&self, key: &[u8; 32], context: &[u8], bytes: &[u8]) -> Vec<u8>;

    /// Opens what was sealed. Returns `None` if it was sealed under another key, for another context, or was changed.
    fn open(&self, key: &[u8; 32], context: &[u8], sealed: &[u8]) -> Option<Vec<u8>>;
}

/// Encrypts secrets that are stored, under a key that is not in the store.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait SecretBox: Send + Sync {
    /// Encrypts a secret. It can be read only with the same context. Returns `None` if the operator has given no key.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the key can't be kept.
    fn close(&self, context: &[u8], secret: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Reads a secret. Returns `None` if it was encrypted under a key that the operator doesn't give any more.
    fn read(&self, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>>;
}

/// Tells those who wait for changes that there are some.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Bell: Send + Sync {
    /// Tells everybody on this server who waits. It never waits itself.
    fn ring(&self);

    /// Waits until the bell rings, or for a fraction of a second, because changes of other servers don't ring it.
    /// Returns `false` if the deadline comes first.
    async fn wait(&self, deadline: Instant) -> bool;
}

/// Hashes passwords. A hash takes as long, and as much memory, as an attacker is meant to need for each guess. So only
/// a few are computed at once, some others wait, and further ones are refused with [`StoreError::Unavailable`].
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Passwords: Send + Sync {
    /// The hash of a password, with a salt of its own.
    async fn hash(&self, password: PlainPassword) -> Result<PasswordHash, StoreError>;

    /// Whether the hash is of that password. Without a hash the answer is `false`, and MUST take as long, so that
    /// nobody can tell who has one.
    async fn verify(&self, password: PlainPassword, hash: Option<PasswordHash>) -> Result<bool, StoreError>;
}

/// The time zone database.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait Zones: Send + Sync {
    /// The zone of that name, in whatever case its letters are. The [zone's own name](Zone::name) has the canonical
    /// spelling. Returns `None` if the database has no such zone.
    ///
    /// All servers of a release MUST have the same database, so that they agree about what a time means.
    fn find(&self, name: &TimeZoneName) -> Option<Arc<dyn Zone>>;

    /// The names of all zones, in the canonical spelling and in alphabetical order.
    fn names(&self) -> Vec<TimeZoneName>;

    /// The version of the database, such as `2025b`.
    fn version(&self) -> &str;
}

/// A turn, which ends when it is dropped.
pub type Turn = Box<dyn Send>;

/// Makes repetitions of a request wait for each other.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Turns: Send + Sync {
    /// Waits until this server carries out no other request of the account with that key, and takes the turn. Returns
    /// `None` if the deadline comes first.
    async fn enter(&self, account: AccountId, key: IdempotencyKey, deadline: Instant) -> Option<Turn>;

    /// Waits for a moment before the next look at whether a request on another server has ended. Returns `false` if the
    /// deadline comes first.
    async fn pause(&self, deadline: Instant) -> bool;
}
