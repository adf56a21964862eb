//! Time, ids, randomness and waiting: ports, so that use cases can be tested to the letter.

use crate::IdempotencyKey;
use async_trait::async_trait;
use chatgrow_domain::{AccountId, ObjectId, Timestamp};
use std::time::Instant;

/// Tells the time.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

/// Makes ids.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait IdSource: Send + Sync {
    /// An id that no other call, on any server, ever returns; later ones sort after earlier ones, as far as the
    /// servers' clocks agree. Two ids MUST NOT tell how many were made in between.
    fn next_id(&self) -> ObjectId;
}

/// Makes secrets.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait Randomness: Send + Sync {
    /// 256 bits that nobody can guess.
    fn secret(&self) -> [u8; 32];
}

/// A turn: it ends when this is dropped.
pub type Turn = Box<dyn Send>;

/// Lets repetitions of a request wait for each other.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Turns: Send + Sync {
    /// Waits until no other request of the account with that key is carried out by this server: a turn, or `None` if the deadline comes
    /// first.
    async fn enter(&self, account: AccountId, key: IdempotencyKey, deadline: Instant) -> Option<Turn>;

    /// Waits for a moment, after which it is worth asking whether a request on another server has ended. Returns `false` if the deadline
    /// comes first.
    async fn pause(&self, deadline: Instant) -> bool;
}
