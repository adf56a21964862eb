//! Blocks: time off, of a resource or of the account's own schedule.

use crate::{
    ChangeRefusal, Interval, Invalid, LocalMinute, Notes, Obstruction, Occupancy, Refusal, ResourceId,
    Revised, Revision, Timestamp, Version, ids::id_type,
};

id_type! {
    /// The id of a [`Block`].
    BlockId
}

/// Time in which nothing can be booked. It occupies like a booking, may have any length, and never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The block's id.
    pub id: BlockId,
    /// The fields that a caller provides.
    pub terms: BlockTerms,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The fields of a block that a caller provides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockTerms {
    /// The resource that is off; `None` is the account's own schedule.
    pub resource: Option<ResourceId>,
    /// The first minute.
    pub from: LocalMinute,
    /// The first minute after it.
    pub until: LocalMinute,
    /// Why.
    pub reason: Option<Notes>,
}

impl BlockTerms {
    /// Checks that the block is not empty.
    ///
    /// # Errors
    /// [`Invalid::NotAfter`] unless it ends after it begins.
    pub fn checked(self) -> Result<Self, Invalid> {
        if self.from < self.until {
            Ok(self)
        } else {
            Err(Invalid::NotAfter { field: "from" })
        }
    }
}

impl Revised for Block {
    fn revision(&self) -> Revision {
        Revision::of(self.id, [Version::FIRST])
    }
}

/// Why a block can't be made or found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BlockRefusal {
    /// The account has no such block.
    #[error("there is no such block")]
    NotFound,
    /// The account has no such resource.
    #[error("there is no such resource")]
    ResourceNotFound,
    /// Something occupies the time. The store doesn't say what; the use case does, if it is still there.
    #[error("the time is taken")]
    TimeTaken(Option<Obstruction>),
    /// The block is no longer in the version that the removal is based on, or doesn't satisfy the precondition.
    #[error("it has changed")]
    VersionMismatch,
}

impl Refusal for BlockRefusal {}

impl ChangeRefusal for BlockRefusal {
    const VERSION_MISMATCH: Self = Self::VersionMismatch;
}

impl Block {
    /// A new block.
    #[must_use]
    pub const fn new(id: BlockId, terms: BlockTerms, now: Timestamp) -> Self {
        Self {
            id,
            terms,
            created_at: now,
        }
    }

    /// What it occupies.
    #[must_use]
    pub fn occupancy(&self) -> Occupancy {
        Occupancy {
            interval: Interval {
                from: self.terms.from.as_minutes(),
                until: self.terms.until.as_minutes(),
            },
            resources: self.terms.resource.into_iter().collect(),
        }
    }
}
