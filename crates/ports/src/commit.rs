//! What is committed together with a write.
//!
//! The application assembles it before the write, and every mutating method passes it on unchanged. So a retry finds
//! either both the effect and the answer of the first request, or neither.

use crate::StoreError;
use async_trait::async_trait;
use chatgrow_domain::{AccountId, Change, PaymentNotice, Timestamp};

/// What is committed together with a write.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Commit {
    /// The record of the request that causes the write.
    ///
    /// If the account already has a record with that key that has not expired, the write MUST NOT happen and MUST
    /// return [`StoreError::Repeated`]. This takes precedence over every other reason against the write. Expiry is
    /// decided by the new record, not by a clock of the store: the old record has expired if its `expires_at` is at or
    /// before the new one's `created_at`. The new record then replaces it. If another write with that key is in
    /// progress, this one may return [`StoreError::InProgress`] or wait for the outcome.
    ///
    /// A write that is refused, or that finds nothing to do, MUST NOT leave a record.
    pub record: Option<IdempotencyRecord>,
    /// The notice that causes the write, in the log of its account.
    ///
    /// If the log has another notice of that source with that key, the write MUST NOT happen and MUST return
    /// [`StoreError::Repeated`]. This takes precedence over every other reason against the write. But if the
    /// outcome of the other one is not [final](chatgrow_domain::NoticeOutcome::is_final), this one MUST replace it. A write
    /// that is refused, or that finds nothing to do, MUST NOT leave a notice.
    pub notice: Option<(AccountId, PaymentNotice)>,
    /// The changes that the write makes, in their order. They MUST be written with it, and MUST NOT be written if it is
    /// refused, or finds nothing to do. [`ChangeStore`](crate::ChangeStore) says when they can be read.
    pub changes: Vec<Change>,
}

/// Identifies a request: a digest of everything that names it. Different requests of one account have different keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(pub [u8; 32]);

/// The record that a request was carried out, and of its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyRecord {
    /// The account that made the request.
    pub account: AccountId,
    /// Identifies the request.
    pub key: IdempotencyKey,
    /// A digest of what the request asked for.
    pub fingerprint: [u8; 32],
    /// The answer.
    pub answer: StoredAnswer,
    /// When the request was carried out.
    pub created_at: Timestamp,
    /// When the record expires, so that it may be deleted.
    pub expires_at: Timestamp,
}

/// A stored answer. It is opaque to everything except the adapter that made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// The version of the bytes' format, from 1.
    pub format: u16,
    /// The answer in that form.
    pub bytes: Vec<u8>,
}

/// Stores the records of requests.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait IdempotencyStore: Send + Sync {
    /// The account's record with that key, expired or not.
    async fn find(
        &self,
        account: AccountId,
        key: IdempotencyKey,
    ) -> Result<Option<IdempotencyRecord>, StoreError>;

    /// Writes a commit alone, for a request that changed nothing.
    async fn write(&self, commit: Commit) -> Result<(), StoreError>;

    /// Deletes records that have expired, which are those whose `expires_at` is `now` or earlier; `most` of them at
    /// most. Returns how many. It MUST NOT delete any other record.
    async fn sweep(&self, now: Timestamp, most: u32) -> Result<usize, StoreError>;
}
