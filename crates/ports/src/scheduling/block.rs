//! Blocks: time off.

use crate::{Commit, Failure, Listed, Page, PageRequest, StartPosition, StoreError};
use async_trait::async_trait;
use chatgrow_domain::{AccountId, Block, BlockId, BlockRefusal, LocalMinute, ResourceId};

/// Which blocks to list. A field that is `None` matches all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BlockFilter {
    /// Blocks that begin at this minute or later.
    pub from: Option<LocalMinute>,
    /// Blocks that begin before this minute.
    pub before: Option<LocalMinute>,
    /// Blocks of this resource.
    pub resource: Option<ResourceId>,
}

impl Listed for Block {
    type Position = StartPosition<BlockId>;

    fn position(&self) -> StartPosition<BlockId> {
        StartPosition {
            start: self.terms.from,
            id: self.id,
        }
    }
}

/// Stores blocks.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait BlockStore: Send + Sync {
    /// Adds a block. Its time is guarded as in [`AppointmentStore::book`](crate::AppointmentStore::book). If it is
    /// taken, the result MUST be [`BlockRefusal::TimeTaken`]. If the account doesn't have the resource, it is
    /// [`StoreError::Failed`].
    async fn block(
        &self,
        account: AccountId,
        block: &Block,
        commit: Commit,
    ) -> Result<(), Failure<BlockRefusal>>;

    /// The block with that id.
    async fn by_id(&self, account: AccountId, id: BlockId) -> Result<Option<Block>, StoreError>;

    /// The blocks that match the filter, ordered by their beginning, then by id.
    async fn list(
        &self,
        account: AccountId,
        filter: &BlockFilter,
        page: PageRequest<StartPosition<BlockId>>,
    ) -> Result<Page<Block, StartPosition<BlockId>>, StoreError>;

    /// Removes a block, which frees its time at once. Returns whether it was there. Of any number of concurrent calls
    /// one MUST return `true`.
    async fn remove(&self, account: AccountId, id: BlockId, commit: Commit) -> Result<bool, StoreError>;
}
