//! The search for what can be booked.

use crate::{
    Caller, System,
    scheduling::{
        clock::Times,
        planner::{Planner, check_named},
    },
};
use chatgrow_domain::{
    Demand, Duration, Interval, LocalMinute, Obstacle, PageLimit, ResourceId, ResourceRefusal, Scope,
    ServiceId, Unbookable,
};
use chatgrow_ports::{Failure, OccupancyStore, ResourceStore, Stores};
use std::{ops::Range, sync::Arc};

/// How many days of starts are read at first. Each further read takes twice as many, …
const FIRST_DAYS: i64 = 2;

/// … up to this many, so that a search without an end doesn't keep others waiting.
const MOST_DAYS: i64 = 14;

/// The search of the use case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// What is to be booked.
    pub what: Sought,
    /// A resource that must be taken.
    pub resource: Option<ResourceId>,
    /// The starts among which to search.
    pub starts: Range<LocalMinute>,
    /// Only starts after this one.
    pub after: Option<LocalMinute>,
    /// The most starts that are returned.
    pub limit: PageLimit,
    /// Whether to return the starts that can't be booked as well.
    pub explain: bool,
}

/// What is to be booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sought {
    /// A length of time.
    Time(Duration),
    /// A service.
    Service(ServiceId),
}

/// A start, and the resources that a booking would get now, or why there can't be one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// The start.
    pub start: LocalMinute,
    /// When a booking would start and end, if the account has a time zone.
    pub times: Option<Times>,
    /// The resources, or the rule that the start breaks.
    pub outcome: Result<Vec<ResourceId>, Obstacle>,
}

/// A page of slots.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Slots {
    /// The slots, by start.
    pub slots: Vec<Slot>,
    /// The start after which the next page begins; `None` on the last page.
    pub next: Option<LocalMinute>,
}

/// The use cases of the search.
pub struct Availability {
    planner: Planner,
    resources: Arc<dyn ResourceStore>,
    occupancies: Arc<dyn OccupancyStore>,
    system: System,
}

impl Availability {
    pub(crate) fn new(stores: &Stores, planner: &Planner, system: &System) -> Self {
        Self {
            planner: planner.clone(),
            resources: stores.scheduling.resources.clone(),
            occupancies: stores.scheduling.occupancies.clone(),
            system: system.clone(),
        }
    }

    /// Searches for starts that can be booked now. It reads only as far as the limit needs.
    ///
    /// # Errors
    /// [`Unbookable`] if the service or the resource can't be booked at all, or [`Failure::Store`] if the store fails.
    pub async fn search(&self, caller: &Caller, search: &Search) -> Result<Slots, Failure<Unbookable>> {
        caller.require(Scope::AppointmentsRead)?;
        let account = caller.account;
        let clock = self.planner.clock(account).await?;
        let named: Vec<_> = search.resource.into_iter().collect();
        let (demand, step) = match search.what {
            Sought::Time(duration) => (Demand::of_resources(duration, &named), None),
            Sought::Service(id) => {
                let service = self.planner.service(account, id).await?;
                (Demand::of_service(&service, &named), service.terms.slot_step)
            }
        };
        let demand = demand.map_err(Unbookable::Resources)?;
        let resources = self.planner.resources_of(account, &demand).await?;
        check_named(&demand, &resources)?;
        let step = step.unwrap_or(clock.rules.slot_step);
        let limit = usize::from(search.limit.get());
        let mut found = Vec::new();
        for starts in stretches(search) {
            let stretch = Some(demand.stretch(&starts));
            let calendar = self
                .planner
                .calendar(account, &clock, &demand, &resources, stretch, None)
                .await?;
            let told = calendar
                .search(&demand, starts, step, search.after)
                .filter(|(_, outcome)| tells(outcome.as_ref().err(), search.explain));
            // One more than the limit tells whether there is a next page.
            found.extend(told.take(limit + 1 - found.len()));
            if found.len() > limit {
                break;
            }
        }
        let more = found.len() > limit;
        found.truncate(limit);
        let slot = |(start, outcome)| Slot {
            start,
            times: clock.times(demand.slot(start)),
            outcome,
        };
        Ok(Slots {
            next: found.last().filter(|_| more).map(|(start, _)| *start),
            slots: found.into_iter().map(slot).collect(),
        })
    }

    /// When a resource is occupied, as intervals that don't touch.
    ///
    /// # Errors
    /// [`ResourceRefusal::NotFound`], or [`Failure::Store`] if the store fails.
    pub async fn busy(
        &self,
        caller: &Caller,
        resource: ResourceId,
        interval: Interval,
    ) -> Result<Vec<Interval>, Failure<ResourceRefusal>> {
        caller.require(Scope::AppointmentsRead)?;
        let found = self.resources.by_id(caller.account, resource).await?;
        found.ok_or(ResourceRefusal::NotFound)?;
        let now = self.system.clock.now();
        let busy = self
            .occupancies
            .busy(caller.account, &[Some(resource)], interval, now)
            .await?;
        Ok(Interval::merged(
            busy.into_iter().map(|busy| busy.interval).collect(),
        ))
    }
}

/// Whether a start is told. Those in a gap never are: they don't exist.
fn tells(obstacle: Option<&Obstacle>, explain: bool) -> bool {
    match obstacle {
        None => true,
        Some(Obstacle::Gap { .. }) => false,
        Some(_) => explain,
    }
}

/// The parts of a search's starts that are read one after the other.
fn stretches(search: &Search) -> impl Iterator<Item = Range<LocalMinute>> {
    let end = search.starts.end;
    let mut from = search
        .after
        .map_or(search.starts.start, |after| after.max(search.starts.start));
    let mut days = FIRST_DAYS;
    std::iter::from_fn(move || {
        if from >= end {
            return None;
        }
        let midnight = from.as_minutes().div_euclid(1440) * 1440;
        let until = LocalMinute::from_minutes(midnight + days * 1440).map_or(end, |until| until.min(end));
        let stretch = from..until;
        from = until;
        days = (days * 2).min(MOST_DAYS);
        Some(stretch)
    })
}

#[cfg(test)]
mod tests;
