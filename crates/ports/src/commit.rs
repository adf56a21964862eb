//! What commits with a write, or not at all.
//!
//! The application assembles it before the write, and every mutating method passes it on as it is. So a retry finds either the effect and
//! the answer to the request that had it, or neither.

use crate::StoreError;
use async_trait::async_trait;
use chatgrow_domain::{AccountId, Timestamp};

/// What is to commit with a write.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Commit {
    /// The record of the request that causes the write. If the account has a record with that key that has not expired, the write MUST NOT
    /// happen, and MUST return [`StoreError::Repeated`], whatever else speaks against it. The new record says whether the old one has
    /// expired, not a clock of the store: it has if its `expires_at` is the new one's `created_at` or earlier, and then the new one replaces
    /// it. If a write with that key is under way, this one may return [`StoreError::InProgress`], or wait for the outcome.
    ///
    /// A write that is refused, or that finds nothing to do, MUST NOT leave a record.
    pub record: Option<IdempotencyRecord>,
}

/// Which request it is: a digest of all that names it. No two requests of an account have the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(pub [u8; 32]);

/// That a request was carried out, and how it was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyRecord {
    /// Whose request it was.
    pub account: AccountId,
    /// Which request it was.
    pub key: IdempotencyKey,
    /// A digest of what it asked for.
    pub fingerprint: [u8; 32],
    /// The answer.
    pub answer: StoredAnswer,
    /// When it was carried out.
    pub created_at: Timestamp,
    /// When it may be forgotten.
    pub expires_at: Timestamp,
}

/// An answer as it is kept. Only the edge that made it can read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// Which form the bytes have, from 1 on.
    pub format: u16,
    /// The answer in that form.
    pub bytes: Vec<u8>,
}

/// Keeps the records of requests.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait IdempotencyStore: Send + Sync {
    /// The account's record with that key, expired or not.
    async fn find(
        &self,
        account: AccountId,
        key: IdempotencyKey,
    ) -> Result<Option<IdempotencyRecord>, StoreError>;

    /// Commits without a write, for a request that changed nothing.
    async fn write(&self, commit: Commit) -> Result<(), StoreError>;

    /// Forgets records that have expired by then (whose `expires_at` is `now` or earlier), `most` at the most; returns how many. It MUST
    /// NOT forget any other.
    async fn sweep(&self, now: Timestamp, most: u32) -> Result<usize, StoreError>;
}
