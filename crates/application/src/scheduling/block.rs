//! Blocks: take time off, read, list, end.

use crate::{
    Caller, System,
    commit::{Commits, Effect, Outcome, Request},
    scheduling::planner::Planner,
};
use chatgrow_domain::{Block, BlockId, BlockRefusal, BlockTerms, Scope};
use chatgrow_ports::{
    BlockFilter, BlockStore, Failure, Page, PageRequest, ResourceStore, StartPosition, Stores,
};
use std::sync::Arc;

/// The use cases of blocks.
pub struct Blocks {
    blocks: Arc<dyn BlockStore>,
    resources: Arc<dyn ResourceStore>,
    planner: Planner,
    system: System,
    commits: Commits,
}

impl Blocks {
    pub(crate) fn new(stores: &Stores, planner: &Planner, system: &System, commits: &Commits) -> Self {
        Self {
            blocks: stores.scheduling.blocks.clone(),
            resources: stores.scheduling.resources.clone(),
            planner: planner.clone(),
            system: system.clone(),
            commits: commits.clone(),
        }
    }

    /// Takes time off.
    ///
    /// # Errors
    /// [`BlockRefusal::ResourceNotFound`], [`BlockRefusal::TimeTaken`], or [`Failure::Store`] if the store fails.
    pub async fn block(
        &self,
        request: &Request<Block>,
        terms: BlockTerms,
    ) -> Result<Outcome<Block>, Failure<BlockRefusal>> {
        request.caller.require(Scope::ScheduleWrite)?;
        let account = request.caller.account;
        let attempt = async || {
            if let Some(resource) = terms.resource {
                let found = self.resources.by_id(account, resource).await?;
                found.ok_or(BlockRefusal::ResourceNotFound)?;
            }
            let id = BlockId::new(self.system.ids.next_id());
            let effect = Effect::Created(Block::new(id, terms.clone(), self.system.clock.now()));
            let commit = self.commits.of(request, &effect);
            match self.blocks.block(account, effect.resource(), commit).await {
                Err(Failure::Refused(BlockRefusal::TimeTaken(_))) => {
                    if self.planner.make_room(account).await? {
                        return Ok(None);
                    }
                    let interval = effect.resource().occupancy().interval;
                    match self
                        .planner
                        .obstruction(account, &[terms.resource], interval)
                        .await?
                    {
                        Some(obstruction) => Err(BlockRefusal::TimeTaken(Some(obstruction)).into()),
                        // What was in the way has gone meanwhile.
                        None => Ok(None),
                    }
                }
                blocked => blocked.map(|()| Some(effect)),
            }
        };
        self.commits.run(request, attempt).await
    }

    /// The block with that id.
    ///
    /// # Errors
    /// [`BlockRefusal::NotFound`], or [`Failure::Store`] if the store fails.
    pub async fn get(&self, caller: &Caller, id: BlockId) -> Result<Block, Failure<BlockRefusal>> {
        caller.require(Scope::ScheduleRead)?;
        let found = self.blocks.by_id(caller.account, id).await?;
        Ok(found.ok_or(BlockRefusal::NotFound)?)
    }

    /// The blocks that match the filter, ordered by their beginning, then by id.
    ///
    /// # Errors
    /// [`Failure::Store`] if the store fails.
    pub async fn list(
        &self,
        caller: &Caller,
        filter: &BlockFilter,
        page: PageRequest<StartPosition<BlockId>>,
    ) -> Result<Page<Block, StartPosition<BlockId>>, Failure<BlockRefusal>> {
        caller.require(Scope::ScheduleRead)?;
        Ok(self.blocks.list(caller.account, filter, page).await?)
    }

    /// Ends a block, which frees its time at once.
    ///
    /// # Errors
    /// [`BlockRefusal::NotFound`], [`BlockRefusal::VersionMismatch`] if the precondition doesn't hold, or [`Failure::Store`] if the store fails.
    pub async fn remove(
        &self,
        request: &Request<Block>,
        id: BlockId,
    ) -> Result<Outcome<Block>, Failure<BlockRefusal>> {
        request.caller.require(Scope::ScheduleWrite)?;
        let attempt = async || {
            let block = self.get(&request.caller, id).await?;
            request.precondition.check::<BlockRefusal>(Some(&block))?;
            let effect = Effect::Removed(block);
            let commit = self.commits.of(request, &effect);
            if self.blocks.remove(request.caller.account, id, commit).await? {
                Ok(Some(effect))
            } else {
                Err(BlockRefusal::NotFound.into())
            }
        };
        self.commits.run(request, attempt).await
    }
}

#[cfg(test)]
mod tests;
