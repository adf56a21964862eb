//! Holds: a slot that is reserved for a few minutes, until it becomes an appointment.

use crate::{
    Booking, ChangeRefusal, Refusal, Revised, Revision, Timestamp, Unbookable, Version, ids::id_type,
    minutes::minutes_type,
};

id_type! {
    /// The id of a [`Hold`]. The appointment that it becomes has the same id.
    HoldId
}

minutes_type! {
    /// For how long a slot is held: 1 minute to one hour.
    HoldTime, 1 to 60
}

impl HoldTime {
    /// The time if the caller names none.
    pub const DEFAULT: Self = Self(10);
}

/// A slot that nobody else can book for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// The hold's id.
    pub id: HoldId,
    /// What is held, and when it would take place.
    pub booking: Booking,
    /// From this instant on, the hold counts no more.
    pub held_until: Timestamp,
    /// Whether it has let go of its slot, because it had expired when somebody else wanted the slot, or when it was
    /// swept. It never gets the slot back.
    pub released: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When the hold last changed.
    pub updated_at: Timestamp,
    /// Incremented by every change.
    pub version: Version,
}

impl Revised for Hold {
    fn revision(&self) -> Revision {
        Revision::of(self.id, [self.version])
    }
}

/// Why a slot can't be held, or a hold not be found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HoldRefusal {
    /// The account has no such hold.
    #[error("there is no such hold")]
    NotFound,
    /// Something else occupies a resource, or the account's own schedule, in the slot.
    #[error("the slot is taken")]
    SlotTaken,
    /// It can't be held.
    #[error(transparent)]
    Unbookable(#[from] Unbookable),
    /// The hold is no longer in the version that the removal is based on, or doesn't satisfy the precondition.
    #[error("it has changed")]
    VersionMismatch,
}

impl Refusal for HoldRefusal {}

impl ChangeRefusal for HoldRefusal {
    const VERSION_MISMATCH: Self = Self::VersionMismatch;
}

impl Hold {
    /// A new hold.
    #[must_use]
    pub fn new(id: HoldId, booking: Booking, time: HoldTime, now: Timestamp) -> Self {
        Self {
            id,
            booking,
            held_until: now.minutes_later(time.as_minutes()),
            released: false,
            created_at: now,
            updated_at: now,
            version: Version::FIRST,
        }
    }

    /// The state after its release at `now`, when it has expired.
    #[must_use]
    pub fn released(&self, now: Timestamp) -> Self {
        Self {
            released: true,
            updated_at: now,
            version: self.version.next(),
            ..self.clone()
        }
    }

    /// Whether the hold counts no more. Until it is released, it may still occupy its slot.
    #[must_use]
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.released || self.held_until <= now
    }
}
