//! The log of changes. It is written by the [`Commit`](crate::Commit)s of all other ports.

use crate::StoreError;
use async_trait::async_trait;
use chatgrow_domain::{AccountId, Change, ChangeTypes, ObjectId, Timestamp};

/// A place in the log. Places are compared by epoch, then by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChangePosition {
    /// Grows with the transactions that write, or stays the same for a time, as the store needs it.
    pub epoch: i64,
    /// A number that no other change has.
    pub number: i64,
}

impl ChangePosition {
    /// The place before every change.
    pub const START: Self = Self {
        epoch: i64::MIN,
        number: i64::MIN,
    };

    /// The place after every change.
    pub const END: Self = Self {
        epoch: i64::MAX,
        number: i64::MAX,
    };
}

/// The key under which the store's positions are sealed. A renewed feed has another key, so no older position can be
/// read any more.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct FeedKey(pub [u8; 32]);

/// Which changes to read. A field that is `None` matches all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangeFilter {
    /// Changes of these types.
    pub types: ChangeTypes,
    /// Changes of the resource with this id.
    pub subject: Option<ObjectId>,
    /// Changes by this actor.
    pub actor: Option<ActedBy>,
}

impl ChangeFilter {
    /// The changes of these types, whatever they are about and whoever made them.
    #[must_use]
    pub const fn of_types(types: ChangeTypes) -> Self {
        Self {
            types,
            subject: None,
            actor: None,
        }
    }
}

/// Who has made the changes that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActedBy {
    /// The API key or user with this id.
    Id(ObjectId),
    /// The operator, or the server itself.
    System,
}

/// A change and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// The place.
    pub position: ChangePosition,
    /// The change.
    pub change: Change,
}

/// A part of the log that was looked through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scanned {
    /// The changes in it that match the filter, in the order of their places.
    pub changes: Vec<Logged>,
    /// The place up to which it was looked through, itself included.
    pub to: ChangePosition,
    /// Whether there may be more behind it.
    pub more: bool,
    /// The place up to which the account's changes were swept, as it was after the reading.
    pub swept_to: ChangePosition,
    /// The horizon: every change up to this place is known.
    pub horizon: ChangePosition,
}

/// A part of the log that was looked through backwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recent {
    /// The changes in it that match the filter, the latest first.
    pub changes: Vec<Logged>,
    /// The place down to which it was looked through, itself included. `None` if it has come to the beginning. There may be
    /// a place although nothing is left before it.
    pub down_to: Option<ChangePosition>,
}

/// Reads and sweeps the log of changes.
///
/// The order of the log is stable, and versions of one resource rise in it. If a write began after another one was
/// acknowledged, its changes MUST come after those of the other.
///
/// A change MUST NOT appear before a place that was a [`horizon`](Scanned::horizon) when its transaction had not ended. So
/// a reader that continues at the place where its last reading ended misses nothing, and reads nothing twice. A store may
/// hold a change back, but only as long as a write is under way that began before the change's own write ended.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ChangeStore: Send + Sync {
    /// The key under which positions are sealed. If the feed has none yet, it is `first` from now on.
    async fn feed_key(&self, first: FeedKey) -> Result<FeedKey, StoreError>;

    /// Gives the feed another key, after the store was restored from a backup. Changes that are written from now on
    /// MUST come after all that are there.
    async fn renew_feed(&self, key: FeedKey) -> Result<(), StoreError>;

    /// Looks through the account's changes after that place: until it has found `most` that match, which is 1 at least,
    /// has looked at [`SCAN`], or has come to the horizon.
    async fn read(
        &self,
        account: AccountId,
        after: ChangePosition,
        filter: ChangeFilter,
        most: u16,
    ) -> Result<Scanned, StoreError>;

    /// The account's latest changes before that place that match the filter, the latest first: `most` of them at most,
    /// of the last [`SCAN`] before it. It is for people who look back. What a reader must not miss is read with
    /// [`read`](Self::read).
    async fn recent(
        &self,
        account: AccountId,
        before: ChangePosition,
        filter: ChangeFilter,
        most: u16,
    ) -> Result<Recent, StoreError>;

    /// The account's change at that place, if it is kept.
    async fn at(&self, account: AccountId, position: ChangePosition) -> Result<Option<Logged>, StoreError>;

    /// The present horizon.
    async fn horizon(&self) -> Result<ChangePosition, StoreError>;

    /// When the first change was made that is held back behind the horizon, if there is one.
    async fn held_back_since(&self) -> Result<Option<Timestamp>, StoreError>;

    /// The accounts whose first change in the log was made at `before` or earlier. A [`sweep`](Self::sweep) of one may still
    /// delete nothing, because that change has to be spared.
    async fn accounts_to_sweep(&self, before: Timestamp) -> Result<Vec<AccountId>, StoreError>;

    /// Deletes the account's changes that were made at `before` or earlier, and what comes before them in the log; those
    /// that come first, `most` of them at most, and none behind the horizon. It MUST spare what comes after the place of a
    /// lane of an active endpoint, and the change of a delivery that is to be tried again, with all that come after it. It
    /// remembers up to where. Returns how many.
    async fn sweep(&self, account: AccountId, before: Timestamp, most: u32) -> Result<usize, StoreError>;
}

/// How many changes one reading looks at, at most.
pub const SCAN: u16 = 10_000;
