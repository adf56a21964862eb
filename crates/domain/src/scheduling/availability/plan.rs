//! A demand and a calendar, prepared for a range of starts.

use super::{
    Calendar, Demand, Obstacle, Policies,
    agenda::{Agenda, Taken},
    demand::Group,
    windows::{DAY, cover, day_of, opening_on},
};
use crate::{Count, Interval, LocalMinute, ResourceId};
use std::ops::Range;

/// A demand and a calendar, prepared for a range of starts. Everything that decides about a start asks
/// [`verdict`](Self::verdict).
pub(super) struct Plan<'a> {
    calendar: &'a Calendar,
    demand: &'a Demand,
    groups: Vec<Seats<'a>>,
    /// The windows of all active candidates, each once and as it is said, by opening. The grid is anchored at them.
    openings: Vec<Interval>,
    /// The starts for which this is prepared.
    starts: Range<i64>,
}

/// A group of the demand.
struct Seats<'a> {
    named: Vec<Candidate<'a>>,
    others: Vec<Candidate<'a>>,
    /// How many of the others are chosen.
    wanted: usize,
}

/// A resource that could be taken, or the account's own schedule.
struct Candidate<'a> {
    id: Option<ResourceId>,
    /// `None` can't be taken: it isn't active, or the calendar doesn't have it.
    agenda: Option<&'a Agenda>,
    /// When it is open.
    windows: Vec<Interval>,
    /// The days of the starts, and the minutes that are taken on each.
    first_day: i64,
    taken: Vec<i64>,
}

/// What a candidate says about a start.
enum Standing {
    /// By preference: whether it is closed (which the caller overrides), and the minutes taken that day.
    Free(bool, i64),
    Closed,
    Taken(Taken),
    Unavailable,
}

impl<'a> Plan<'a> {
    pub fn new(calendar: &'a Calendar, demand: &'a Demand, starts: Range<i64>) -> Self {
        let mut openings = Vec::new();
        // A window closes on the day after its opening at the latest, so those of the day before the first start matter.
        let first = day_of(starts.start);
        let last = day_of(starts.end - 1);
        let last_open = day_of(starts.end - 1 + demand.duration().as_minutes());
        let mut candidate = |id: Option<ResourceId>| {
            let agenda = calendar.agendas.get(&id).filter(|agenda| agenda.is_active());
            let (mut windows, mut taken) = (Vec::new(), Vec::new());
            if let Some(agenda) = agenda {
                let on = |day| opening_on(day, agenda.hours(), &calendar.rules.hours);
                windows = (first - 1..=last_open).flat_map(on).collect();
                openings.extend_from_slice(&windows);
                let of_day = |day| Interval {
                    from: day * DAY,
                    until: (day + 1) * DAY,
                };
                taken = (first..=last)
                    .map(|day| agenda.minutes_taken(of_day(day)))
                    .collect();
            }
            Candidate {
                id,
                agenda,
                windows: Interval::merged(windows),
                first_day: first,
                taken,
            }
        };
        let mut own = || Seats {
            named: vec![candidate(None)],
            others: Vec::new(),
            wanted: 0,
        };
        let groups = match demand.groups() {
            [] => vec![own()],
            groups => groups
                .iter()
                .map(|group| Seats::new(group, &mut candidate))
                .collect(),
        };
        openings.sort_unstable();
        openings.dedup();
        Self {
            calendar,
            demand,
            groups,
            openings,
            starts,
        }
    }

    /// The days of the starts.
    pub fn days(&self) -> Range<i64> {
        let Range { start, end } = self.starts;
        if start < end {
            day_of(start)..day_of(end - 1) + 1
        } else {
            0..0
        }
    }

    /// The starts of a day, in order. They depend on nothing but the hours and the step.
    pub fn grid(&self, day: i64, step: i64) -> Vec<LocalMinute> {
        let (midnight, end) = (day * DAY, (day + 1) * DAY);
        let of = |from: i64, until: i64| {
            let first = self.openings.partition_point(|window| window.from < from);
            let next = self.openings.partition_point(|window| window.from < until);
            &self.openings[first..next]
        };
        let mut marked = [false; 1440];
        let mut mark = |minute: i64| {
            if let Some(mark) = usize::try_from(minute - midnight)
                .ok()
                .and_then(|at| marked.get_mut(at))
            {
                *mark = true;
            }
        };
        let near = of(midnight - DAY, end);
        for window in near {
            // The first start of the window's own grid that is not before midnight.
            let mut start = window.from + (midnight - window.from + step - 1).max(0) / step * step;
            while start < window.until.min(end) {
                mark(start);
                start += step;
            }
        }
        if of(midnight, end).is_empty() {
            // So that a search can tell why it offers nothing on that day.
            let steps = (0..).map(|step_of_day| midnight + step_of_day * step);
            let starts = steps.take_while(|start| *start < end);
            starts
                .filter(|start| {
                    !near
                        .iter()
                        .any(|window| (window.from..window.until).contains(start))
                })
                .for_each(mark);
        }
        (midnight..end)
            .zip(marked)
            .filter(|(start, marked)| *marked && self.starts.contains(start))
            .filter_map(|(start, _)| LocalMinute::from_minutes(start))
            .collect()
    }

    /// Decides about a start, which must be one of those for which this is prepared.
    pub fn verdict(&self, start: LocalMinute, policies: Policies) -> Result<Vec<ResourceId>, Obstacle> {
        self.calendar.check_moment(start, policies)?;
        let spans = self.demand.spans(start);
        let mut chosen = Vec::new();
        for group in &self.groups {
            group.choose(spans, policies, &mut chosen)?;
        }
        Ok(chosen)
    }
}

impl<'a> Seats<'a> {
    fn new(group: &Group, candidate: &mut impl FnMut(Option<ResourceId>) -> Candidate<'a>) -> Self {
        let mut all = |ids: &[ResourceId]| ids.iter().map(|id| candidate(Some(*id))).collect::<Vec<_>>();
        let (named, others) = (all(&group.named), all(&group.others));
        let wanted = match group.count {
            Count::Exactly(count) => count.saturating_sub(named.len()),
            Count::All => {
                let active = others.iter().filter(|other| other.agenda.is_some()).count();
                // A booking must not go without the group because nobody of it is active.
                active.max(usize::from(named.is_empty()))
            }
        };
        Self {
            named,
            others,
            wanted,
        }
    }

    /// Adds the resources that a booking with these spans takes of this group.
    fn choose(
        &self,
        spans: (Interval, Interval),
        policies: Policies,
        chosen: &mut Vec<ResourceId>,
    ) -> Result<(), Obstacle> {
        for named in &self.named {
            match named.standing(spans, policies) {
                Standing::Free(..) => chosen.extend(named.id),
                Standing::Closed => return Err(Obstacle::Closed),
                Standing::Taken(taken) => return Err(Obstacle::Busy(Some(taken))),
                Standing::Unavailable => return Err(Obstacle::Busy(None)),
            }
        }
        if self.wanted == 0 {
            return Ok(());
        }
        let (mut closed, mut in_the_way) = (false, None);
        let mut free = Vec::with_capacity(self.others.len());
        for other in &self.others {
            match other.standing(spans, policies) {
                Standing::Free(is_closed, minutes) => free.push((is_closed, minutes, other.id)),
                Standing::Closed => closed = true,
                Standing::Taken(taken) => in_the_way = in_the_way.or(Some(taken)),
                Standing::Unavailable => {}
            }
        }
        if free.len() < self.wanted {
            return Err(match in_the_way {
                None if closed => Obstacle::Closed,
                busy => Obstacle::Busy(busy),
            });
        }
        free.sort_unstable();
        chosen.extend(free.iter().take(self.wanted).filter_map(|(.., id)| *id));
        Ok(())
    }
}

impl Candidate<'_> {
    fn standing(&self, (open, free): (Interval, Interval), policies: Policies) -> Standing {
        let Some(agenda) = self.agenda else {
            return Standing::Unavailable;
        };
        let closed = !cover(&self.windows, open);
        if closed && policies == Policies::Kept {
            return Standing::Closed;
        }
        if let Some(busy) = agenda.in_the_way(free) {
            return Standing::Taken(Taken {
                resource: self.id,
                busy,
            });
        }
        let day = usize::try_from(day_of(open.from) - self.first_day).ok();
        let minutes = day.and_then(|day| self.taken.get(day));
        Standing::Free(closed, minutes.copied().unwrap_or_default())
    }
}
