//! What occupies the schedule, and the rule that defines a double booking.

use crate::{Buffer, ResourceId, TimeSlot, choice::choice};

/// The time that is kept free around a slot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Buffers {
    /// Before the slot.
    pub before: Buffer,
    /// After the slot.
    pub after: Buffer,
}

impl Buffers {
    /// Nothing before, nothing after.
    pub const NONE: Self = Self {
        before: Buffer::NONE,
        after: Buffer::NONE,
    };
}

/// A half-open interval of wall-clock time, `[from, until)`, in minutes since 1970-01-01 00:00. With buffers, it may
/// reach beyond the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interval {
    /// The first minute.
    pub from: i64,
    /// The first minute after it.
    pub until: i64,
}

impl Interval {
    /// A slot with its buffers.
    #[must_use]
    pub const fn around(slot: TimeSlot, buffers: Buffers) -> Self {
        Self {
            from: slot.start.as_minutes() - buffers.before.as_minutes(),
            until: slot.end_minutes() + buffers.after.as_minutes(),
        }
    }

    /// Whether two intervals share a minute.
    #[must_use]
    pub const fn overlaps(self, other: Self) -> bool {
        self.from < other.until && other.from < self.until
    }

    /// The same minutes in as few intervals as possible, in order. Intervals that touch become one.
    #[must_use]
    pub fn merged(mut intervals: Vec<Self>) -> Vec<Self> {
        intervals.sort_unstable();
        let mut merged: Vec<Self> = Vec::with_capacity(intervals.len());
        for interval in intervals {
            match merged.last_mut() {
                Some(last) if interval.from <= last.until => last.until = last.until.max(interval.until),
                _ => merged.push(interval),
            }
        }
        merged
    }
}

/// An interval of some resources. Without resources, it is one of the account's own schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occupancy {
    /// The interval.
    pub interval: Interval,
    /// The resources.
    pub resources: Vec<ResourceId>,
}

impl Occupancy {
    /// Whether it takes that resource; `None` is the account's own schedule.
    #[must_use]
    pub fn takes(&self, resource: Option<ResourceId>) -> bool {
        match resource {
            Some(resource) => self.resources.contains(&resource),
            None => self.resources.is_empty(),
        }
    }

    /// Whether two occupancies share a minute of a resource, or of the account's own schedule.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        let shared = match (self.resources.as_slice(), other.resources.as_slice()) {
            ([], []) => true,
            (one, another) => one.iter().any(|resource| another.contains(resource)),
        };
        shared && self.interval.overlaps(other.interval)
    }
}

/// The conflict rule: returns the first of the account's *other* occupancies that overlaps `occupancy`.
///
/// `occupying` holds the ids and occupancies of what occupies its resources: appointments whose status
/// [occupies](crate::AppointmentStatus::occupies), holds that were not released, and blocks. `id` is what is being
/// booked or moved; it never conflicts with itself.
pub fn conflict<Id: PartialEq>(
    id: &Id,
    occupancy: &Occupancy,
    occupying: impl IntoIterator<Item = (Id, Occupancy)>,
) -> Option<(Id, Occupancy)> {
    occupying
        .into_iter()
        .find(|(other, taken)| other != id && taken.overlaps(occupancy))
}

choice! {
    /// What occupies a resource.
    OccupancyKind {
        /// An appointment.
        Appointment = "appointment",
        /// A hold.
        Hold = "hold",
        /// Time off.
        Block = "block",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Duration, LocalMinute, ObjectId};
    use proptest::prelude::*;

    fn slot(start: i64, minutes: i64) -> Interval {
        let slot = TimeSlot {
            start: LocalMinute::from_minutes(start).unwrap(),
            duration: Duration::from_minutes(minutes).unwrap(),
        };
        Interval::around(slot, Buffers::NONE)
    }

    #[test]
    fn touching_slots_do_not_overlap() {
        assert!(!slot(0, 60).overlaps(slot(60, 60)));
        assert!(slot(0, 61).overlaps(slot(60, 60)));
        assert!(slot(23 * 60, 120).overlaps(slot(1440, 30)), "past midnight");
    }

    proptest! {
        #[test]
        fn overlap_means_a_shared_minute(a in 0_i64..300, la in 1_i64..100, b in 0_i64..300, lb in 1_i64..100) {
            let shared = (a..a + la).any(|minute| (b..b + lb).contains(&minute));
            prop_assert_eq!(slot(a, la).overlaps(slot(b, lb)), shared);
            prop_assert_eq!(slot(b, lb).overlaps(slot(a, la)), shared);
        }
    }

    fn of(resources: &[u8], from: i64, until: i64) -> Occupancy {
        let resource = |byte: &u8| ResourceId::new(ObjectId::from_bytes([*byte; 12]));
        Occupancy {
            interval: Interval { from, until },
            resources: resources.iter().map(resource).collect(),
        }
    }

    #[test]
    fn what_shares_a_resource_and_a_minute_conflicts() {
        for (one, another, conflicts) in [
            (of(&[], 0, 60), of(&[], 59, 60), true),
            (of(&[], 0, 60), of(&[], 60, 61), false),
            (of(&[], 0, 60), of(&[1], 0, 60), false),
            (of(&[1, 2], 0, 60), of(&[3, 2], 30, 40), true),
            (of(&[1, 2], 0, 60), of(&[3, 4], 30, 40), false),
            (of(&[1], 0, 60), of(&[1], 60, 120), false),
        ] {
            assert_eq!(one.overlaps(&another), conflicts, "{one:?} {another:?}");
            assert_eq!(another.overlaps(&one), conflicts, "{another:?} {one:?}");
        }
    }

    #[test]
    fn nothing_conflicts_with_itself() {
        let half_past = of(&[], 30, 90);
        assert_eq!(conflict(&1, &of(&[], 0, 60), [(1, half_past.clone())]), None);
        let last = of(&[], 59, 60);
        assert_eq!(
            conflict(&1, &of(&[], 0, 60), [(1, half_past), (2, last.clone())]),
            Some((2, last))
        );
    }
}
