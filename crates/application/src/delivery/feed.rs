//! The feed: changes in their order, from where a reader stopped.

use super::due_since;
use crate::{Caller, System};
use chatgrow_domain::{AccountId, Change, ChangeTypes, Refusal, Scope};
use chatgrow_ports::{
    ChangeFilter, ChangePosition, ChangeStore, Failure, FeedKey, Scanned, StoreError, Stores,
};
use std::{
    sync::{Arc, OnceLock},
    time::Instant,
};

/// How many changes one write of the sweep deletes at most.
const SWEEP: u32 = 500;

/// Where a reader begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedStart {
    /// With the oldest change that is kept.
    Oldest,
    /// With what changes from now on.
    Now,
    /// After a sealed position, as a page of the feed has it.
    After(Vec<u8>),
}

/// A page of the feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedPage {
    /// The changes, each with its sealed position.
    pub changes: Vec<(Change, Vec<u8>)>,
    /// The sealed position after which the next page begins.
    pub next: Vec<u8>,
    /// Whether there may be more at once.
    pub more: bool,
}

/// A page of the log, read backwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecentPage {
    /// The changes, the latest first.
    pub changes: Vec<Change>,
    /// The sealed position before which the next page ends. `None` if there are no older changes.
    pub older: Option<Vec<u8>>,
}

/// Why the feed can't be read from there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FeedRefusal {
    /// It is not a sealed position.
    #[error("it is not a cursor of the feed")]
    NotACursor,
    /// Something after the position was deleted, or it is of another store, or of the time before a restore.
    #[error("the cursor has expired")]
    Expired,
}

impl Refusal for FeedRefusal {}

/// The use cases of the feed.
pub struct Feed {
    changes: Arc<dyn ChangeStore>,
    system: System,
    key: OnceLock<FeedKey>,
}

impl Feed {
    pub(crate) fn new(stores: &Stores, system: &System) -> Self {
        Self {
            changes: stores.delivery.changes.clone(),
            system: system.clone(),
            key: OnceLock::new(),
        }
    }

    /// The changes after `start` that match the filter and that the caller's scopes permit, `most` of them at most.
    ///
    /// # Errors
    /// [`FeedRefusal::NotACursor`], [`FeedRefusal::Expired`], or [`Failure::Store`] if the store fails.
    pub async fn read(
        &self,
        caller: &Caller,
        start: &FeedStart,
        filter: ChangeFilter,
        most: u16,
    ) -> Result<FeedPage, Failure<FeedRefusal>> {
        caller.require(Scope::ChangesRead)?;
        let filter = readable(caller, filter);
        let after = self.position(caller.account, start).await?;
        let scanned = self.changes.read(caller.account, after, filter, most).await?;
        let swept = scanned.swept_to > after && *start != FeedStart::Oldest;
        // A position behind the horizon is one that this store has not given yet.
        if swept || after > scanned.horizon {
            return Err(FeedRefusal::Expired.into());
        }
        Ok(self.page(caller.account, scanned).await?)
    }

    /// The latest changes before a sealed position, the latest first, for people who look back.
    ///
    /// # Errors
    /// [`FeedRefusal::NotACursor`], [`FeedRefusal::Expired`], or [`Failure::Store`] if the store fails.
    pub async fn recent(
        &self,
        caller: &Caller,
        before: Option<Vec<u8>>,
        filter: ChangeFilter,
        most: u16,
    ) -> Result<RecentPage, Failure<FeedRefusal>> {
        caller.require(Scope::ChangesRead)?;
        let filter = readable(caller, filter);
        let before = match before {
            None => ChangePosition::END,
            Some(sealed) => self.position(caller.account, &FeedStart::After(sealed)).await?,
        };
        let recent = self.changes.recent(caller.account, before, filter, most).await?;
        let key = self.key().await?;
        Ok(RecentPage {
            changes: recent.changes.into_iter().map(|logged| logged.change).collect(),
            older: recent
                .down_to
                .map(|position| self.seal(&key, caller.account, position)),
        })
    }

    /// Waits until there may be new changes. Returns `false` if the deadline comes first.
    pub async fn wait(&self, deadline: Instant) -> bool {
        self.system.bell.wait(deadline).await
    }

    async fn position(
        &self,
        account: AccountId,
        start: &FeedStart,
    ) -> Result<ChangePosition, Failure<FeedRefusal>> {
        let sealed = match start {
            FeedStart::Oldest => return Ok(ChangePosition::START),
            FeedStart::Now => return Ok(self.changes.horizon().await?),
            FeedStart::After(sealed) => sealed,
        };
        if sealed.len() != SEALED {
            return Err(FeedRefusal::NotACursor.into());
        }
        let key = self.key().await?;
        let opened = self.system.seal.open(&key.0, account.as_bytes(), sealed);
        let bytes = opened.and_then(|bytes| <[u8; 16]>::try_from(bytes).ok());
        let (epoch, number) = bytes.as_ref().map(halves).ok_or(FeedRefusal::Expired)?;
        Ok(ChangePosition { epoch, number })
    }

    async fn page(&self, account: AccountId, scanned: Scanned) -> Result<FeedPage, StoreError> {
        let key = self.key().await?;
        let seal = |position| self.seal(&key, account, position);
        Ok(FeedPage {
            next: seal(scanned.to),
            more: scanned.more,
            changes: scanned
                .changes
                .into_iter()
                .map(|logged| (logged.change, seal(logged.position)))
                .collect(),
        })
    }

    fn seal(&self, key: &FeedKey, account: AccountId, position: ChangePosition) -> Vec<u8> {
        let bytes = [position.epoch.to_be_bytes(), position.number.to_be_bytes()].concat();
        self.system.seal.seal(&key.0, account.as_bytes(), &bytes)
    }

    /// The key under which positions are sealed. It changes only while no server runs.
    async fn key(&self) -> Result<FeedKey, StoreError> {
        if let Some(key) = self.key.get() {
            return Ok(*key);
        }
        let first = FeedKey(self.system.randomness.secret());
        let key = self.changes.feed_key(first).await?;
        Ok(*self.key.get_or_init(|| key))
    }

    /// Makes all cursors expire, for the operator who has restored a backup. No server may run meanwhile.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub async fn renew(&self) -> Result<(), StoreError> {
        let key = FeedKey(self.system.randomness.secret());
        self.changes.renew_feed(key).await
    }

    /// Deletes the changes that were made longer ago than that, in small batches.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub async fn sweep(&self, kept_millis: i64) -> Result<(), StoreError> {
        let Some(before) = due_since(&self.system, kept_millis) else {
            return Ok(());
        };
        for account in self.changes.accounts_to_sweep(before).await? {
            while self.changes.sweep(account, before, SWEEP).await? == SWEEP as usize {}
        }
        Ok(())
    }
}

/// The filter with the types that the caller may read.
fn readable(caller: &Caller, filter: ChangeFilter) -> ChangeFilter {
    ChangeFilter {
        types: filter.types.and(ChangeTypes::readable(caller.scopes)),
        ..filter
    }
}

/// The length of a sealed position: 16 bytes, and as many by which its authenticity is checked.
const SEALED: usize = 32;

fn halves(bytes: &[u8; 16]) -> (i64, i64) {
    let mut halves = [[0; 8]; 2];
    halves.as_flattened_mut().copy_from_slice(bytes);
    (i64::from_be_bytes(halves[0]), i64::from_be_bytes(halves[1]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{Mocks, account, at};
    use mockall::{Sequence, predicate::eq};

    #[tokio::test]
    async fn only_accounts_with_a_due_change_are_swept_until_nothing_is_due() {
        let mut mocks = Mocks::at(5000);
        let mut calls = Sequence::new();
        let due = mocks.changes.expect_accounts_to_sweep().with(eq(at(4000))).once();
        due.in_sequence(&mut calls).returning(|_| Ok(vec![account()]));
        for swept in [SWEEP, SWEEP, 3] {
            let sweep = mocks.changes.expect_sweep().once().in_sequence(&mut calls);
            let sweep = sweep.with(eq(account()), eq(at(4000)), eq(SWEEP));
            sweep.returning(move |_, _, _| Ok(swept as usize));
        }
        mocks.build().delivery.feed.sweep(1000).await.unwrap();
    }
}
