//! What occupies the schedule, to choose what is free. It is only read: the guards of the writes decide.

use crate::StoreError;
use async_trait::async_trait;
use chatgrow_domain::{AccountId, Interval, LocalMinute, Obstruction, ResourceId, Timestamp};

/// An interval in which a resource is occupied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Busy {
    /// The resource; `None` is the account's own schedule.
    pub resource: Option<ResourceId>,
    /// The interval, with its buffers.
    pub interval: Interval,
}

/// Reads what is occupied.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait OccupancyStore: Send + Sync {
    /// What overlaps the interval, of these resources (`None` is the account's own schedule). What a resource has MUST be
    /// ordered by its beginning. All of it MUST be of one instant. Holds that have expired at `now` MUST be left out,
    /// released or not.
    async fn busy(
        &self,
        account: AccountId,
        resources: &[Option<ResourceId>],
        interval: Interval,
        now: Timestamp,
    ) -> Result<Vec<Busy>, StoreError>;

    /// The first that overlaps the interval, of the first of these resources that is occupied. Holds that have expired at
    /// `now` are left out.
    async fn in_the_way(
        &self,
        account: AccountId,
        resources: &[Option<ResourceId>],
        interval: Interval,
        now: Timestamp,
    ) -> Result<Option<Obstruction>, StoreError>;

    /// How many appointments that are confirmed take the resource and end after that minute.
    async fn booked_after(
        &self,
        account: AccountId,
        resource: ResourceId,
        after: LocalMinute,
    ) -> Result<u64, StoreError>;
}
