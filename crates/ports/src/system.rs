//! Time, ids and randomness: ports, so that use cases can be tested to the letter.

use chatgrow_domain::{ObjectId, Timestamp};

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
