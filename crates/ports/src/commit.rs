//! What commits with a write, or not at all: the record of the request that it answers.
//!
//! A retry must find either the effect and its answer, or neither. So the answer is made before the write and goes with it: every
//! mutating method takes [`Companions`] and knows no more of them than to pass them on.

use crate::StoreError;
use async_trait::async_trait;
use chatgrow_domain::{AccountId, Timestamp};

/// What is to commit with a write.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Companions {
    /// The record of the request. If the account has one with that id that has not expired, the write MUST NOT happen, and
    /// MUST return [`StoreError::Repeated`], whatever else speaks against it. Whether the old one has expired is for the new record to
    /// say, not for a clock of the store: it has if its `expires_at` is the new one's `created_at` or earlier, and then it makes way. If
    /// a write with that id is under way, this one may return [`StoreError::InProgress`], or wait for the outcome.
    ///
    /// A write that is refused, or that finds nothing to do, MUST NOT leave a record.
    pub record: Option<IdempotencyRecord>,
}

/// Which request it is: a digest of what the caller names it by. Of one account no two are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestId(pub [u8; 32]);

/// That a request was carried out, and how it was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyRecord {
    /// Whose request it was.
    pub account: AccountId,
    /// Which request it was.
    pub id: RequestId,
    /// A digest of what it asked for.
    pub fingerprint: [u8; 32],
    /// The answer.
    pub answer: Answer,
    /// When it was carried out.
    pub created_at: Timestamp,
    /// When it may be forgotten.
    pub expires_at: Timestamp,
}

/// An answer, as the client saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its HTTP status.
    pub status: u16,
    /// Where what was created can be read.
    pub location: Option<String>,
    /// The version of what it shows.
    pub etag: Option<String>,
    /// Its body.
    pub body: Vec<u8>,
}

/// Keeps the records of requests.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait IdempotencyStore: Send + Sync {
    /// The account's record with that id, expired or not.
    async fn find(&self, account: AccountId, id: RequestId) -> Result<Option<IdempotencyRecord>, StoreError>;

    /// Writes companions alone, for a request that changed nothing.
    async fn write(&self, companions: Companions) -> Result<(), StoreError>;

    /// Forgets records that have expired by then (whose `expires_at` is `now` or earlier), `most` at the most; returns how many. It MUST
    /// NOT forget any other.
    async fn sweep(&self, now: Timestamp, most: u32) -> Result<usize, StoreError>;
}
