//! Why a slot can't be booked, held or moved to. Appointments and holds share these reasons.

use crate::{InvalidDemand, LocalMinute, ObjectId, OccupancyKind, Refusal, ResourceId, Suggestions};

/// What is in the way of a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Obstruction {
    /// The resource that it occupies; `None` is the account's own schedule.
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

/// The rule that a start breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BrokenRule {
    /// Something occupies a resource, or a resource is not active.
    Busy,
    /// It is outside of the opening hours.
    Closed,
    /// The notice is too short.
    TooSoon,
    /// It is past the horizon.
    TooFar,
}

/// A start that can't be booked, and what helps to find another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotFree {
    /// The rule that it breaks.
    pub rule: BrokenRule,
    /// What is in the way. `None` if nothing is, or not any more.
    pub obstruction: Option<Obstruction>,
    /// Starts that can be booked instead.
    pub suggestions: Suggestions,
}

/// Why something can't be booked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unbookable {
    /// The account has no such service.
    #[error("there is no such service")]
    ServiceNotFound,
    /// The service can't be booked any more.
    #[error("the service is not active")]
    ServiceInactive,
    /// The account doesn't have one of the resources, or one is not active.
    #[error("there is no such active resource")]
    UnknownResource,
    /// The service can't be booked with these resources.
    #[error("the service can't be booked with these resources")]
    Resources(InvalidDemand),
    /// That field is given, but differs from what the service or the hold says.
    #[error("{0} differs")]
    Differs(&'static str),
    /// The start never comes: the clocks are put forward over it.
    #[error("the start lies in a gap")]
    Gap {
        /// The last minute before the gap.
        before: LocalMinute,
        /// The first minute after the gap.
        after: LocalMinute,
    },
    /// The start can't be booked.
    #[error("the start can't be booked")]
    NotFree(Box<NotFree>),
}

impl Refusal for Unbookable {}
