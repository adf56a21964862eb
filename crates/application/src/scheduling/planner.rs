//! What appointments, holds, blocks and the search have in common: they choose what can be booked.
//!
//! The planner reads and chooses. The store's guard decides: if it refuses, the caller's attempt is made again, and
//! chooses anew from what is then free.

use crate::{
    Commits, System,
    scheduling::{
        clock::AccountClock,
        order::{Booked, Wish},
    },
};
use chatgrow_domain::{
    AccountId, Agenda, Booking, BrokenRule, Calendar, Demand, Interval, LocalMinute, NotFree, Obstacle,
    Obstruction, Occupancy, Policies, Resource, ResourceId, Service, ServiceId, TimeSlot, Unbookable,
};
use chatgrow_ports::{
    AppointmentStore, Busy, Failure, HoldStore, OccupancyStore, ResourceStore, ScheduleStore, ServiceStore,
    StoreError, Stores,
};
use std::{collections::HashMap, sync::Arc};

/// What a wish comes to.
pub(crate) struct Plan {
    pub(crate) demand: Demand,
    /// Without the resources that are chosen.
    pub(crate) booking: Booking,
    pub(crate) policies: Policies,
    /// What a booking that moves occupies now. It is not in its own way.
    moves_from: Option<Occupancy>,
}

/// Reads what is free, and chooses from it.
#[derive(Clone)]
pub(crate) struct Planner {
    pub(crate) schedules: Arc<dyn ScheduleStore>,
    services: Arc<dyn ServiceStore>,
    resources: Arc<dyn ResourceStore>,
    occupancies: Arc<dyn OccupancyStore>,
    pub(super) appointments: Arc<dyn AppointmentStore>,
    pub(super) holds: Arc<dyn HoldStore>,
    pub(super) system: System,
    pub(super) commits: Commits,
}

impl Planner {
    pub(crate) fn new(stores: &Stores, system: &System, commits: &Commits) -> Self {
        let stores = &stores.scheduling;
        Self {
            schedules: stores.schedules.clone(),
            services: stores.services.clone(),
            resources: stores.resources.clone(),
            occupancies: stores.occupancies.clone(),
            appointments: stores.appointments.clone(),
            holds: stores.holds.clone(),
            system: system.clone(),
            commits: commits.clone(),
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
        let (demand, booking) = match wish.what {
            Booked::Time(service_type, duration) => {
                let demand = Demand::of_resources(duration, &wish.resources);
                (demand, Booking::plain(at(duration), service_type))
            }
            Booked::Service(id, service_type, duration) => {
                let service = self.service(account, id).await?;
                let terms = &service.terms;
                if service_type.is_some_and(|given| given != terms.service_type) {
                    return Err(Unbookable::Differs("serviceType").into());
                }
                if duration.is_some_and(|given| given != terms.duration) {
                    return Err(Unbookable::Differs("duration").into());
                }
                let booking = Booking {
                    buffers: terms.buffers(),
                    service: Some(id),
                    ..Booking::plain(at(terms.duration), terms.service_type)
                };
                (Demand::of_service(&service, &wish.resources), booking)
            }
        };
        Ok(Plan {
            demand: demand.map_err(Unbookable::Resources)?,
            booking,
            policies: wish.policies,
            moves_from: None,
        })
    }

    /// What a booking that moves comes to. It keeps its buffers, and takes exactly its resources. If these are others
    /// than before, they must be what its service needs.
    pub(crate) async fn plan_of_move(
        &self,
        account: AccountId,
        before: &Booking,
        booking: &Booking,
        policies: Policies,
    ) -> Result<Plan, Failure<Unbookable>> {
        let other_resources = booking.resources != before.resources;
        if let Some(service) = booking.service.filter(|_| other_resources) {
            let service = self.services.by_id(account, service).await?;
            let service = service.ok_or(Unbookable::ServiceNotFound)?;
            let needed = Demand::of_service(&service, &booking.resources).map_err(Unbookable::Resources)?;
            let resources = self.resources_of(account, &needed).await?;
            if !needed.is_complete(|id| is_active(&resources, id)) {
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
            moves_from: Some(before.occupancy()),
        })
    }

    /// The booking, with the resources that it takes. `looks` tells whether to look at what is occupied even if there
    /// is nothing to choose; otherwise the guard is left to refuse.
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
        check_named(demand, &resources)?;
        let next = LocalMinute::from_minutes(start.as_minutes() + 1).unwrap_or(start);
        let stretch = demand.stretch(&(start..next));
        let looks = looks || demand.has_choice();
        let calendar = self
            .calendar(account, clock, demand, &resources, looks.then_some(stretch), None)
            .await?;
        match calendar.decide(demand, start, plan.policies) {
            Ok(resources) => Ok(Booking {
                resources,
                ..plan.booking.clone()
            }),
            Err(obstacle) => Err(self.refusal(account, clock, plan, obstacle).await?.into()),
        }
    }

    /// What to do after the guard has refused a plan: nothing, if the attempt is worth being made again, because
    /// another resource may be free or what was in the way has gone.
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
        match self.in_the_way(account, plan, wanted(&plan.demand)).await? {
            Some(obstruction) => {
                let (rule, found) = (BrokenRule::Busy, Some(obstruction));
                Err(self.not_free(account, clock, plan, rule, found).await?.into())
            }
            None => Ok(()),
        }
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
        moves_from: Option<&Occupancy>,
    ) -> Result<Calendar, StoreError> {
        let now = self.system.clock.now();
        let taken = match stretch {
            Some(stretch) => {
                let wanted = wanted(demand);
                self.occupancies.busy(account, &wanted, stretch, now).await?
            }
            None => Vec::new(),
        };
        // Nothing else occupies the same interval of a resource.
        let is_own = |taken: &Busy| {
            moves_from.is_some_and(|own| own.takes(taken.resource) && own.interval == taken.interval)
        };
        let mut busy: HashMap<_, Vec<_>> = HashMap::new();
        for taken in taken.into_iter().filter(|taken| !is_own(taken)) {
            busy.entry(taken.resource).or_default().push(taken.interval);
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

    /// Why a plan is refused, with what helps to find another start.
    async fn refusal(
        &self,
        account: AccountId,
        clock: &AccountClock,
        plan: &Plan,
        obstacle: Obstacle,
    ) -> Result<Unbookable, StoreError> {
        let (rule, obstruction) = match obstacle {
            Obstacle::Gap { before, after } => return Ok(Unbookable::Gap { before, after }),
            Obstacle::Busy(Some(taken)) => {
                let obstruction = self.in_the_way(account, plan, vec![taken.resource]).await?;
                (BrokenRule::Busy, obstruction)
            }
            Obstacle::Busy(None) => (BrokenRule::Busy, None),
            Obstacle::Closed => (BrokenRule::Closed, None),
            Obstacle::TooSoon => (BrokenRule::TooSoon, None),
            Obstacle::TooFar => (BrokenRule::TooFar, None),
        };
        self.not_free(account, clock, plan, rule, obstruction).await
    }

    /// A refusal with other starts.
    async fn not_free(
        &self,
        account: AccountId,
        clock: &AccountClock,
        plan: &Plan,
        rule: BrokenRule,
        obstruction: Option<Obstruction>,
    ) -> Result<Unbookable, StoreError> {
        let (demand, start) = (&plan.demand, plan.booking.slot.start);
        let within = clock.suggested(start, self.system.clock.now());
        let resources = self.resources_of(account, demand).await?;
        let (stretch, own) = (demand.stretch(&within), plan.moves_from.as_ref());
        let calendar = self
            .calendar(account, clock, demand, &resources, Some(stretch), own)
            .await?;
        let service = match plan.booking.service {
            Some(service) => self.services.by_id(account, service).await?,
            None => None,
        };
        let step = service.and_then(|service| service.terms.slot_step);
        let step = step.unwrap_or(clock.rules.slot_step);
        Ok(Unbookable::NotFree(Box::new(NotFree {
            rule,
            obstruction,
            suggestions: calendar.suggestions(demand, start, within, step),
        })))
    }

    /// What is in the way of a plan, on one of these resources.
    async fn in_the_way(
        &self,
        account: AccountId,
        plan: &Plan,
        resources: Vec<Option<ResourceId>>,
    ) -> Result<Option<Obstruction>, StoreError> {
        for (resources, interval) in plan.needs_free(resources) {
            let found = self.obstruction(account, &resources, interval).await?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }
}

impl Plan {
    /// What others must not occupy of these resources. A booking that moves leaves out what it occupies itself.
    fn needs_free(&self, resources: Vec<Option<ResourceId>>) -> Vec<(Vec<Option<ResourceId>>, Interval)> {
        let whole = self.demand.blocks(self.booking.slot.start);
        let Some(own) = &self.moves_from else {
            return vec![(resources, whole)];
        };
        let (kept, new): (Vec<_>, Vec<_>) = resources.into_iter().partition(|id| own.takes(*id));
        let before = Interval {
            until: whole.until.min(own.interval.from),
            ..whole
        };
        let after = Interval {
            from: whole.from.max(own.interval.until),
            ..whole
        };
        let mut parts = vec![(kept.clone(), before), (kept, after), (new, whole)];
        parts.retain(|(resources, interval)| !resources.is_empty() && interval.from < interval.until);
        parts
    }
}

/// Refuses a demand that names a resource which the account doesn't have, or which is not active.
pub(crate) fn check_named(demand: &Demand, resources: &[Resource]) -> Result<(), Unbookable> {
    if demand.named().all(|id| is_active(resources, id)) {
        Ok(())
    } else {
        Err(Unbookable::UnknownResource)
    }
}

/// Whether that resource is among these, and active.
fn is_active(resources: &[Resource], id: ResourceId) -> bool {
    let mut resources = resources.iter();
    resources.any(|resource| resource.id == id && resource.active)
}

/// The resources that a demand may take, or the account's own schedule.
pub(crate) fn wanted(demand: &Demand) -> Vec<Option<ResourceId>> {
    if demand.is_own() {
        vec![None]
    } else {
        demand.resources().map(Some).collect()
    }
}
