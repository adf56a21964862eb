//! What appointments, holds, blocks and the search have in common: they choose what can be booked.
//!
//! The planner reads and chooses. The store's guard decides: if it refuses, the caller's attempt is made again, and
//! chooses anew from what is then free.

use crate::{
    System,
    scheduling::{
        clock::AccountClock,
        order::{Booked, Wish},
    },
};
use chatgrow_domain::{
    AccountId, Agenda, Booking, BrokenRule, Calendar, Demand, Duration, Interval, LocalMinute, NotFree,
    Obstacle, Obstruction, Policies, Resource, ResourceId, Service, ServiceId, TimeSlot, Unbookable,
};
use chatgrow_ports::{
    Failure, HoldStore, OccupancyStore, ResourceStore, ScheduleStore, ServiceStore, StoreError, Stores,
};
use std::{collections::HashMap, ops::Range, sync::Arc};

/// How many expired holds a refused write releases at most.
const RELEASE: u32 = 100;

/// Other starts are suggested from the day before the wanted one, …
const SUGGESTED_BEFORE: i64 = 1440;

/// … to two weeks after it.
const SUGGESTED_AFTER: i64 = 14 * 1440;

/// What a wish comes to.
pub(crate) struct Plan {
    pub(crate) demand: Demand,
    /// Without the resources that are chosen.
    pub(crate) booking: Booking,
    pub(crate) policies: Policies,
    /// The distance between two starts that are suggested, if the service has its own.
    step: Option<Duration>,
}

/// Reads what is free, and chooses from it.
#[derive(Clone)]
pub(crate) struct Planner {
    pub(crate) schedules: Arc<dyn ScheduleStore>,
    services: Arc<dyn ServiceStore>,
    resources: Arc<dyn ResourceStore>,
    occupancies: Arc<dyn OccupancyStore>,
    holds: Arc<dyn HoldStore>,
    system: System,
}

impl Planner {
    pub(crate) fn new(stores: &Stores, system: &System) -> Self {
        let stores = &stores.scheduling;
        Self {
            schedules: stores.schedules.clone(),
            services: stores.services.clone(),
            resources: stores.resources.clone(),
            occupancies: stores.occupancies.clone(),
            holds: stores.holds.clone(),
            system: system.clone(),
        }
    }

    /// The account's clock.
    pub(crate) async fn clock(&self, account: AccountId) -> Result<AccountClock, StoreError> {
        AccountClock::new(self.schedules.of(account).await?, &*self.system.zones)
    }

    /// A service that can be booked.
    pub(crate) async fn service(
        &self,
        account: AccountId,
        id: ServiceId,
    ) -> Result<Service, Failure<Unbookable>> {
        let service = self.services.by_id(account, id).await?;
        let service = service.ok_or(Unbookable::ServiceNotFound)?;
        if service.terms.active {
            Ok(service)
        } else {
            Err(Unbookable::ServiceInactive.into())
        }
    }

    /// What the wish comes to, whether or not it can be booked.
    pub(crate) async fn plan(&self, account: AccountId, wish: &Wish) -> Result<Plan, Failure<Unbookable>> {
        let at = |duration| TimeSlot {
            start: wish.start,
            duration,
        };
        let (service_type, duration) = match wish.what {
            Booked::Time(service_type, duration) => (service_type, duration),
            Booked::Service(id, service_type, duration) => {
                let service = self.service(account, id).await?;
                let terms = &service.terms;
                if service_type.is_some_and(|given| given != terms.service_type) {
                    return Err(Unbookable::Differs("serviceType").into());
                }
                if duration.is_some_and(|given| given != terms.duration) {
                    return Err(Unbookable::Differs("duration").into());
                }
                return Ok(Plan {
                    demand: Demand::of_service(&service, &wish.resources).map_err(Unbookable::Resources)?,
                    booking: Booking {
                        buffers: terms.buffers(),
                        service: Some(id),
                        ..Booking::plain(at(terms.duration), terms.service_type)
                    },
                    policies: wish.policies,
                    step: terms.slot_step,
                });
            }
        };
        Ok(Plan {
            demand: Demand::of_resources(duration, &wish.resources).map_err(Unbookable::Resources)?,
            booking: Booking::plain(at(duration), service_type),
            policies: wish.policies,
            step: None,
        })
    }

    /// What a booking that moves comes to. It keeps its buffers, and takes exactly its resources. If these are others
    /// than before, they must be what its service needs.
    pub(crate) async fn plan_of_move(
        &self,
        account: AccountId,
        booking: &Booking,
        other_resources: bool,
        policies: Policies,
    ) -> Result<Plan, Failure<Unbookable>> {
        if let Some(service) = booking.service.filter(|_| other_resources) {
            let service = self.services.by_id(account, service).await?;
            let service = service.ok_or(Unbookable::ServiceNotFound)?;
            let needed = Demand::of_service(&service, &booking.resources).map_err(Unbookable::Resources)?;
            if needed.has_choice() || needed.resources().count() != booking.resources.len() {
                return Err(Unbookable::UnknownResource.into());
            }
        }
        let demand = Demand::of_resources(booking.slot.duration, &booking.resources);
        Ok(Plan {
            demand: demand
                .map_err(Unbookable::Resources)?
                .with_buffers(booking.buffers),
            booking: booking.clone(),
            policies,
            step: None,
        })
    }

    /// The booking, with the resources that it takes. `looks` tells whether to look at what is occupied even if there is
    /// nothing to choose; otherwise the guard is left to refuse.
    pub(crate) async fn choose(
        &self,
        account: AccountId,
        clock: &AccountClock,
        plan: &Plan,
        looks: bool,
    ) -> Result<Booking, Failure<Unbookable>> {
        let (demand, start) = (&plan.demand, plan.booking.slot.start);
        if demand.is_own() && clock.permits_everything() && !looks {
            return Ok(plan.booking.clone());
        }
        let resources = self.resources_of(account, demand).await?;
        if demand
            .resources()
            .any(|id| !demand.has_choice() && !is_active(&resources, id))
        {
            return Err(Unbookable::UnknownResource.into());
        }
        let next = LocalMinute::from_minutes(start.as_minutes() + 1).unwrap_or(start);
        let stretch = demand.stretch(&(start..next));
        let looks = looks || demand.has_choice();
        let calendar = self
            .calendar(account, clock, demand, &resources, looks.then_some(stretch))
            .await?;
        match calendar.decide(demand, start, plan.policies) {
            Ok(resources) => Ok(Booking {
                resources,
                ..plan.booking.clone()
            }),
            Err(obstacle) => Err(self.refusal(account, clock, plan, obstacle).await),
        }
    }

    /// What to do after the guard has refused a plan: nothing, if the attempt is worth being made again, because another
    /// resource may be free or what was in the way has gone.
    ///
    /// # Errors
    /// The refusal, if something is in the way.
    pub(crate) async fn lost(
        &self,
        account: AccountId,
        clock: &AccountClock,
        plan: &Plan,
    ) -> Result<(), Failure<Unbookable>> {
        if self.make_room(account).await? || plan.demand.has_choice() {
            return Ok(());
        }
        let blocks = plan.demand.blocks(plan.booking.slot.start);
        if self
            .obstruction(account, &wanted(&plan.demand), blocks)
            .await?
            .is_none()
        {
            return Ok(());
        }
        Err(self.refusal(account, clock, plan, Obstacle::Busy(None)).await)
    }

    /// Releases the account's holds that have expired, because one of them may be in the way. Returns whether there
    /// were any.
    pub(crate) async fn make_room(&self, account: AccountId) -> Result<bool, StoreError> {
        let now = self.system.clock.now();
        Ok(self.holds.release(Some(account), now, RELEASE).await? > 0)
    }

    /// What is in the way of an interval.
    pub(crate) async fn obstruction(
        &self,
        account: AccountId,
        resources: &[Option<ResourceId>],
        interval: Interval,
    ) -> Result<Option<Obstruction>, StoreError> {
        let now = self.system.clock.now();
        self.occupancies
            .in_the_way(account, resources, interval, now)
            .await
    }

    /// The resources that a demand may take.
    pub(crate) async fn resources_of(
        &self,
        account: AccountId,
        demand: &Demand,
    ) -> Result<Vec<Resource>, StoreError> {
        let ids: Vec<_> = demand.resources().collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        self.resources.by_ids(account, &ids).await
    }

    /// The calendar of the resources, or of the account's own schedule, with what is occupied in a stretch.
    pub(crate) async fn calendar(
        &self,
        account: AccountId,
        clock: &AccountClock,
        demand: &Demand,
        resources: &[Resource],
        stretch: Option<Interval>,
    ) -> Result<Calendar, StoreError> {
        let now = self.system.clock.now();
        let mut busy: HashMap<_, Vec<_>> = HashMap::new();
        if let Some(stretch) = stretch {
            for taken in self
                .occupancies
                .busy(account, &wanted(demand), stretch, now)
                .await?
            {
                busy.entry(taken.resource).or_default().push(taken.interval);
            }
        }
        let mut busy_of = |resource| busy.remove(&resource).unwrap_or_default();
        let mut calendar = Calendar::new(clock.rules.clone(), clock.zone.clone(), now);
        if demand.is_own() {
            calendar = calendar.with(None, Agenda::own(busy_of(None)));
        }
        for resource in resources {
            let id = Some(resource.id);
            calendar = calendar.with(id, Agenda::of(resource, busy_of(id)));
        }
        Ok(calendar)
    }

    /// The refusal of a plan, with what helps to find another start.
    async fn refusal(
        &self,
        account: AccountId,
        clock: &AccountClock,
        plan: &Plan,
        obstacle: Obstacle,
    ) -> Failure<Unbookable> {
        match self.explain(account, clock, plan, obstacle).await {
            Ok(unbookable) => unbookable.into(),
            Err(error) => error.into(),
        }
    }

    async fn explain(
        &self,
        account: AccountId,
        clock: &AccountClock,
        plan: &Plan,
        obstacle: Obstacle,
    ) -> Result<Unbookable, StoreError> {
        let rule = match obstacle {
            Obstacle::Gap { before, after } => return Ok(Unbookable::Gap { before, after }),
            Obstacle::Busy(_) => BrokenRule::Busy,
            Obstacle::Closed => BrokenRule::Closed,
            Obstacle::TooSoon => BrokenRule::TooSoon,
            Obstacle::TooFar => BrokenRule::TooFar,
        };
        let (demand, start) = (&plan.demand, plan.booking.slot.start);
        let obstruction = match rule {
            BrokenRule::Busy => {
                self.obstruction(account, &wanted(demand), demand.blocks(start))
                    .await?
            }
            _ => None,
        };
        let within = near(start);
        let resources = self.resources_of(account, demand).await?;
        let stretch = Some(demand.stretch(&within));
        let calendar = self.calendar(account, clock, demand, &resources, stretch).await?;
        let step = plan.step.unwrap_or(clock.rules.slot_step);
        Ok(Unbookable::NotFree(Box::new(NotFree {
            rule,
            obstruction,
            suggestions: calendar.suggestions(demand, start, within, step),
        })))
    }
}

/// The resources that a demand may take, or the account's own schedule.
pub(crate) fn wanted(demand: &Demand) -> Vec<Option<ResourceId>> {
    if demand.is_own() {
        vec![None]
    } else {
        demand.resources().map(Some).collect()
    }
}

fn is_active(resources: &[Resource], id: ResourceId) -> bool {
    resources
        .iter()
        .any(|resource| resource.id == id && resource.active)
}

/// The starts among which others are suggested.
fn near(start: LocalMinute) -> Range<LocalMinute> {
    let midnight = start.as_minutes().div_euclid(1440) * 1440;
    let minute = |minutes| LocalMinute::from_minutes(minutes).unwrap_or(start);
    minute(midnight - SUGGESTED_BEFORE)..minute(midnight + SUGGESTED_AFTER)
}
