//! What occupies the schedule, to choose what is free. It is only read: the guards of the writes decide.

use crate::StoreError;
use async_trait::async_trait;
use chatgrow_domain::{AccountId, Interval, LocalMinute, ObjectId, OccupancyKind, ResourceId};

/// An interval in which a resource is occupied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Busy {
    /// The resource; `None` is the account's own schedule.
    pub resource: Option<ResourceId>,
    /// The interval, with its buffers.
    pub interval: Interval,
}

/// What is in the way of a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Obstruction {
    /// The resource; `None` is the account's own schedule.
    pub resource: Option<ResourceId>,
    /// What it is.
    pub kind: OccupancyKind,
    /// The id of the appointment, the hold or the block.
    pub id: ObjectId,
    /// When it starts, without buffers.
    pub start: LocalMinute,
    /// How many minutes it takes, without buffers.
    pub minutes: i64,
}

/// Reads what is occupied.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait OccupancyStore: Send + Sync {
    /// What overlaps the interval, of these resources (`None` is the account's own schedule). What a resource has MUST be
    /// ordered by its beginning. All of it MUST be of one instant.
    async fn busy(
        &self,
        account: AccountId,
        resources: &[Option<ResourceId>],
        interval: Interval,
    ) -> Result<Vec<Busy>, StoreError>;

    /// The first that overlaps the interval, of the first of these resources that is occupied.
    async fn in_the_way(
        &self,
        account: AccountId,
        resources: &[Option<ResourceId>],
        interval: Interval,
    ) -> Result<Option<Obstruction>, StoreError>;

    /// How many appointments that are confirmed take the resource and end after that minute.
    async fn booked_after(
        &self,
        account: AccountId,
        resource: ResourceId,
        after: LocalMinute,
    ) -> Result<u64, StoreError>;
}
