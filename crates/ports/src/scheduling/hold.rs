//! Holds: slots that are reserved for a while.

use crate::{Commit, Failure, Listed, Page, PageRequest, StartPosition, StoreError};
use async_trait::async_trait;
use chatgrow_domain::{AccountId, Hold, HoldId, HoldRefusal, Timestamp};

impl Listed for Hold {
    type Position = StartPosition<HoldId>;

    fn position(&self) -> StartPosition<HoldId> {
        StartPosition {
            start: self.booking.slot.start,
            id: self.id,
        }
    }
}

/// A hold that has expired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpiredHold {
    /// The hold's account.
    pub account: AccountId,
    /// The hold.
    pub hold: Hold,
}

/// Stores holds.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait HoldStore: Send + Sync {
    /// Adds a hold. Its slot is guarded as in [`AppointmentStore::book`](crate::AppointmentStore::book). If the slot is
    /// taken, it MUST return [`HoldRefusal::SlotTaken`].
    async fn hold(&self, account: AccountId, hold: &Hold, commit: Commit)
    -> Result<(), Failure<HoldRefusal>>;

    /// The hold with that id, released or not. One that became an appointment is none any more.
    async fn by_id(&self, account: AccountId, id: HoldId) -> Result<Option<Hold>, StoreError>;

    /// The holds that were not released and end after `now`, ordered by start, then by id.
    async fn list(
        &self,
        account: AccountId,
        now: Timestamp,
        page: PageRequest<StartPosition<HoldId>>,
    ) -> Result<Page<Hold, StartPosition<HoldId>>, StoreError>;

    /// Removes a hold, which frees its slot at once. Returns whether it was there. Of any number of concurrent calls one
    /// MUST return `true`.
    async fn remove(&self, account: AccountId, id: HoldId, commit: Commit) -> Result<bool, StoreError>;

    /// Holds that have expired and were not released, with their accounts: those whose `held_until` is `now` or earlier,
    /// `most` of them at most, of all accounts or of one.
    async fn expired(
        &self,
        account: Option<AccountId>,
        now: Timestamp,
        most: u32,
    ) -> Result<Vec<ExpiredHold>, StoreError>;

    /// Replaces the hold by this state, in which it is [released](Hold::released), if the stored version is the one before
    /// and was not released. This frees its slot. Returns whether it was there in that version: of any number of
    /// concurrent calls one MUST return `true`.
    async fn release(&self, account: AccountId, hold: &Hold, commit: Commit) -> Result<bool, StoreError>;

    /// Deletes holds that were released and whose `held_until` is `before` or earlier; `most` of them at most. Returns
    /// how many.
    async fn forget(&self, before: Timestamp, most: u32) -> Result<usize, StoreError>;
}
