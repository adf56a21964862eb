//! Whether a start can be booked, and which resources the booking takes.
//!
//! One function decides. The slot search, a new booking, a move and a dry run all ask it, so what is offered can be
//! booked, and the reverse. The guards in the database have the last word: two bookings at once may both be told "yes",
//! and one of them is refused.
//!
//! # Hours
//! What must be open is the slot; its buffers may lie outside of the hours. Which rule holds is decided for each date
//! and resource (the windows that open on a date): the resource's exception, else the account's exception, else the
//! resource's week, else the account's week, else the whole day is open. A window belongs to the day on which it opens:
//! it may run past midnight, even if the next day is closed. Windows that touch are one, so a booking may run past
//! midnight if both days are open. The account's own schedule has the account's hours.
//!
//! # Time
//! All of this is in minutes of the wall clock. A slot may span a gap (clocks forward), but not start in one. Notice and
//! horizon compare instants, so they need a zone, and aren't checked without one. A minute that comes twice means the
//! earlier instant.
//!
//! # Order of the rules
//! The first rule that a start breaks is told: the gap, notice, horizon, then the groups in their order. In a group the
//! named resources come first, each in its turn: it isn't active, it is closed, it is busy. If too few of the others are
//! free, the group is busy if one of them is open but busy, else closed if one of them is closed, else busy with nothing
//! in the way (too few are active). With the policies overridden nothing is too soon, too far or closed.

mod agenda;
mod demand;
mod plan;
mod windows;

#[cfg(test)]
mod tests;

pub use agenda::{Agenda, Taken};
pub use demand::{Demand, InvalidDemand};

use crate::{Duration, Horizon, LocalMinute, Meaning, Notice, ResourceId, ScheduleRules, Timestamp, Zone};
use plan::Plan;
use std::{collections::HashMap, ops::Range, sync::Arc};

/// Everything that decides whether a start can be booked, as of now.
#[derive(Debug, Clone)]
pub struct Calendar {
    rules: ScheduleRules,
    zone: Option<Arc<dyn Zone>>,
    now: Timestamp,
    agendas: HashMap<Option<ResourceId>, Agenda>,
}

/// Whether opening hours, notice and horizon count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policies {
    /// They count.
    Kept,
    /// The caller overrides them.
    Overridden,
}

/// Why a start can't be booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// It never comes: the clocks are put forward over it. This can't be overridden.
    Gap {
        /// The last minute before the gap.
        before: LocalMinute,
        /// The first minute after the gap.
        after: LocalMinute,
    },
    /// Too few resources are free. This can't be overridden. Nothing is in the way if a resource isn't active.
    Busy(Option<Taken>),
    /// It is outside of the opening hours.
    Closed,
    /// The notice is too short.
    TooSoon,
    /// It is past the horizon.
    TooFar,
}

/// Starts that can be booked instead of another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Suggestions {
    /// The next ones, in order.
    pub next_free: Vec<LocalMinute>,
    /// The last one before.
    pub previous_free: Option<LocalMinute>,
}

/// A start of the search, with the resources that a booking would take, or why it can't be booked.
pub type Candidacy = (LocalMinute, Result<Vec<ResourceId>, Obstacle>);

const MILLIS_PER_MINUTE: i64 = 60_000;

impl Calendar {
    /// A calendar without agendas. The zone is that of the rules.
    #[must_use]
    pub fn new(rules: ScheduleRules, zone: Option<Arc<dyn Zone>>, now: Timestamp) -> Self {
        Self {
            rules,
            zone,
            now,
            agendas: HashMap::new(),
        }
    }

    /// Adds the agenda of a resource, or of the account's own schedule (`None`). What has no agenda is never free.
    #[must_use]
    pub fn with(mut self, resource: Option<ResourceId>, agenda: Agenda) -> Self {
        self.agendas.insert(resource, agenda);
        self
    }

    /// Decides whether the demand can be booked at that start. Returns the resources that the booking takes, group by
    /// group: the named ones, then those of the others that have the fewest minutes taken on the day of the start, then
    /// by id. With the policies overridden, open ones come before closed ones. The account's own schedule is no resource.
    ///
    /// The busy times of the [stretch](Demand::stretch) must be in the calendar.
    ///
    /// # Errors
    /// The [`Obstacle`] that comes first in the order of the rules (see the module).
    pub fn decide(
        &self,
        demand: &Demand,
        start: LocalMinute,
        policies: Policies,
    ) -> Result<Vec<ResourceId>, Obstacle> {
        let minute = start.as_minutes();
        Plan::new(self, demand, minute..minute + 1).verdict(start, policies)
    }

    /// Searches a range of starts, lazily and from both ends, for what [`decide`](Self::decide) would say with the
    /// policies kept. Only starts after the cursor `after` are told.
    ///
    /// The starts lie on a grid of `step`, which is anchored at each opening of each candidate that is active. It
    /// depends on nothing else: not on bookings, the present, the range or the cursor. On a day on which nothing opens,
    /// the starts are counted from midnight, as far as no window of the day before has them; so a caller can tell why
    /// such a day has no offer.
    ///
    /// The busy times of the [stretch](Demand::stretch) of these starts must be in the calendar. The search takes
    /// O(bookings + windows + starts × resources), up to logarithms.
    #[must_use]
    pub fn search<'a>(
        &'a self,
        demand: &'a Demand,
        starts: Range<LocalMinute>,
        step: Duration,
        after: Option<LocalMinute>,
    ) -> impl DoubleEndedIterator<Item = Candidacy> + use<'a> {
        let from = starts.start.as_minutes();
        let from = after.map_or(from, |after| from.max(after.as_minutes() + 1));
        let plan = Arc::new(Plan::new(self, demand, from..starts.end.as_minutes()));
        plan.days().flat_map(move |day| {
            let plan = plan.clone();
            let starts = plan.grid(day, step.as_minutes()).into_iter();
            starts.map(move |start| (start, plan.verdict(start, Policies::Kept)))
        })
    }

    /// Up to three starts after the wanted one that can be booked, and the last one before it, within a range of starts
    /// whose busy times are in the calendar.
    #[must_use]
    pub fn suggestions(
        &self,
        demand: &Demand,
        wanted: LocalMinute,
        within: Range<LocalMinute>,
        step: Duration,
    ) -> Suggestions {
        let free = |(start, verdict): Candidacy| verdict.is_ok().then_some(start);
        let before = within.start..wanted.min(within.end);
        let next = self.search(demand, within, step, Some(wanted));
        Suggestions {
            next_free: next.filter_map(free).take(3).collect(),
            previous_free: self.search(demand, before, step, None).rev().find_map(free),
        }
    }

    /// Checks what depends on the start's instant only.
    fn check_moment(&self, start: LocalMinute, policies: Policies) -> Result<(), Obstacle> {
        let Some(zone) = &self.zone else { return Ok(()) };
        let at = match zone.meaning(start) {
            Meaning::At(zoned) => zoned.instant.as_millis(),
            Meaning::Gap { before, after, .. } => return Err(Obstacle::Gap { before, after }),
        };
        if policies == Policies::Overridden {
            return Ok(());
        }
        let (now, rules) = (self.now.as_millis(), &self.rules);
        let notice = |notice: Notice| notice.as_minutes() * MILLIS_PER_MINUTE;
        let horizon = |horizon: Horizon| horizon.as_days() * windows::DAY * MILLIS_PER_MINUTE;
        if rules.min_notice.is_some_and(|least| at < now + notice(least)) {
            return Err(Obstacle::TooSoon);
        }
        if rules.horizon.is_some_and(|most| at >= now + horizon(most)) {
            return Err(Obstacle::TooFar);
        }
        Ok(())
    }
}
