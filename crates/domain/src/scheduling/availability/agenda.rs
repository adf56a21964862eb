//! When a resource is taken.

use crate::{Hours, Interval, Resource, ResourceId};

/// What is in the way of a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// The resource that is taken; `None` is the account's own schedule.
    pub resource: Option<ResourceId>,
    /// When.
    pub busy: Interval,
}

/// The hours and the busy times of a resource, or of the account's own schedule.
#[derive(Debug, Clone)]
pub struct Agenda {
    /// `None` has no hours other than the account's.
    hours: Option<Hours>,
    active: bool,
    /// By start.
    busy: Vec<Interval>,
    /// For each busy time: how much is taken by it and by those before it.
    sums: Vec<Sum>,
}

#[derive(Debug, Clone, Copy)]
struct Sum {
    /// The first minute after all of them.
    until: i64,
    /// The minutes that at least one of them takes.
    minutes: i64,
}

impl Agenda {
    /// The agenda of the account's own schedule. The busy times may come in any order.
    #[must_use]
    pub fn own(busy: Vec<Interval>) -> Self {
        Self::with(None, true, busy)
    }

    /// The agenda of a resource. The busy times may come in any order.
    #[must_use]
    pub fn of(resource: &Resource, busy: Vec<Interval>) -> Self {
        Self::with(Some(resource.hours.clone()), resource.active, busy)
    }

    fn with(hours: Option<Hours>, active: bool, mut busy: Vec<Interval>) -> Self {
        busy.sort_by_key(|busy| (busy.from, busy.until));
        let mut sum = Sum {
            until: i64::MIN,
            minutes: 0,
        };
        let mut add = |busy: &Interval| {
            sum.minutes += (busy.until - busy.from.max(sum.until)).max(0);
            sum.until = sum.until.max(busy.until);
            sum
        };
        let sums = busy.iter().map(&mut add).collect();
        Self {
            hours,
            active,
            busy,
            sums,
        }
    }

    pub(super) const fn hours(&self) -> Option<&Hours> {
        self.hours.as_ref()
    }

    pub(super) const fn is_active(&self) -> bool {
        self.active
    }

    /// The first busy time that overlaps the span.
    pub(super) fn in_the_way(&self, span: Interval) -> Option<Interval> {
        // All before this position end before the span, and this one doesn't. Those after it start later.
        let position = self.sums.partition_point(|sum| sum.until <= span.from);
        let busy = self.busy.get(position)?;
        (busy.from < span.until).then_some(*busy)
    }

    /// The minutes of the span that are taken.
    pub(super) fn minutes_taken(&self, span: Interval) -> i64 {
        self.minutes_before(span.until) - self.minutes_before(span.from)
    }

    fn minutes_before(&self, minute: i64) -> i64 {
        let started = self.busy.partition_point(|busy| busy.from < minute);
        match started.checked_sub(1).map(|last| self.sums[last]) {
            Some(sum) => sum.minutes - (sum.until - minute).max(0),
            None => 0,
        }
    }
}

#[cfg(test)]
impl Agenda {
    /// The agenda with those busy times only that overlap a stretch.
    pub(super) fn only(&self, stretch: Interval) -> Self {
        let overlaps = |busy: &&Interval| busy.overlaps(stretch);
        let busy = self.busy.iter().filter(overlaps).copied().collect();
        Self::with(self.hours.clone(), self.active, busy)
    }
}
