//! Time zones: how the wall clock of a business relates to instants.

use crate::{LocalMinute, TimeZoneName, Timestamp};
use std::fmt::Debug;

/// What a minute of a wall clock means as an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// It is this instant. A minute that comes twice (clocks back) means the earlier one.
    At(Zoned),
    /// It never comes: the clocks are put forward over it.
    Gap {
        /// The last minute before the gap.
        before: LocalMinute,
        /// The first minute after the gap.
        after: LocalMinute,
        /// The moment of the change.
        change: Zoned,
    },
}

impl Meaning {
    /// The instant, which in a gap is that of the change.
    #[must_use]
    pub const fn instant(self) -> Zoned {
        match self {
            Self::At(zoned) | Self::Gap { change: zoned, .. } => zoned,
        }
    }
}

/// An instant, and the zone's offset from UTC at that instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zoned {
    /// The instant.
    pub instant: Timestamp,
    /// The offset from UTC, in seconds; east is positive.
    pub offset: i32,
}

/// A time zone.
pub trait Zone: Send + Sync + Debug {
    /// Its name, in the canonical spelling.
    fn name(&self) -> &TimeZoneName;

    /// What that minute of the zone's wall clock means.
    fn meaning(&self, minute: LocalMinute) -> Meaning;

    /// What the wall clock shows at that instant, to the minute. `None` outside of the calendar.
    fn local(&self, instant: Timestamp) -> Option<LocalMinute>;
}
