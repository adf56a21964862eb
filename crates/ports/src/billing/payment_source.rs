//! Payment sources, and the log of the notices that they send.

use crate::{Commit, Failure, Listed, Page, PageRequest, StoreError};
use async_trait::async_trait;
use chatgrow_domain::{
    AccountId, InboundToken, PaymentNotice, PaymentNoticeId, PaymentSource, PaymentSourceId,
    PaymentSourceRefusal, Timestamp,
};
use std::cmp::Reverse;

impl Listed for PaymentSource {
    type Position = PaymentSourceId;

    fn position(&self) -> PaymentSourceId {
        self.id
    }
}

/// Stores payment sources.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait PaymentSourceStore: Send + Sync {
    /// Adds a source to its account. Another with its token MUST NOT be overwritten: the result is
    /// [`StoreError::Failed`].
    async fn insert(&self, source: &PaymentSource, commit: Commit) -> Result<(), StoreError>;

    /// The account's source with that id.
    async fn by_id(
        &self,
        account: AccountId,
        id: PaymentSourceId,
    ) -> Result<Option<PaymentSource>, StoreError>;

    /// The source with that token, of whichever account.
    async fn by_token(&self, token: &InboundToken) -> Result<Option<PaymentSource>, StoreError>;

    /// The account's sources, ordered by id.
    async fn list(
        &self,
        account: AccountId,
        page: PageRequest<PaymentSourceId>,
    ) -> Result<Page<PaymentSource, PaymentSourceId>, StoreError>;

    /// Replaces the source with this id by this state, if the stored version is the one before `source.version`.
    /// Otherwise it MUST return [`PaymentSourceRefusal::VersionMismatch`], also if there is no such source. Of any
    /// number of concurrent updates of one version one MUST succeed.
    async fn update(
        &self,
        source: &PaymentSource,
        commit: Commit,
    ) -> Result<(), Failure<PaymentSourceRefusal>>;

    /// Removes a source. Its notices stay. Returns whether it was there.
    async fn remove(
        &self,
        account: AccountId,
        id: PaymentSourceId,
        commit: Commit,
    ) -> Result<bool, StoreError>;
}

impl Listed for PaymentNotice {
    /// The newest first.
    type Position = Reverse<PaymentNoticeId>;

    fn position(&self) -> Reverse<PaymentNoticeId> {
        Reverse(self.id)
    }
}

/// Reads the log of notices. [`Commit::notice`](crate::Commit::notice) says how they are written.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait PaymentNoticeStore: Send + Sync {
    /// The notices of a source, those with the greatest id first.
    async fn list(
        &self,
        account: AccountId,
        source: PaymentSourceId,
        page: PageRequest<Reverse<PaymentNoticeId>>,
    ) -> Result<Page<PaymentNotice, Reverse<PaymentNoticeId>>, StoreError>;

    /// Deletes notices that came at `before` or earlier; `most` of them at most. Returns how many. It MUST NOT delete any
    /// other.
    async fn sweep(&self, before: Timestamp, most: u32) -> Result<usize, StoreError>;
}
