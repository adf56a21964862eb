//! Appointments: book, try out, read, move or edit, cancel, list.

use crate::{
    Caller, System,
    commit::{Commits, Effect, Outcome, Request},
    scheduling::{
        clock::{AccountClock, Dated},
        order::{GivenSlot, Order, OrderCustomer, OrderItem, Wish},
        planner::{Plan, Planner},
    },
};
use chatgrow_domain::{
    AccountId, Appointment, AppointmentEdit, AppointmentId, AppointmentRefusal, AppointmentStatus, Customer,
    CustomerEdit, CustomerId, Hold, HoldId, NewAppointment, NewCustomer, ObjectId, Policies, Scope,
};
use chatgrow_ports::{
    AppointmentFilter, AppointmentStore, Commit, CustomerWrite, Failure, HoldStore, Page, PageRequest,
    StartPosition, StoreError, Stores,
};
use std::sync::Arc;

/// The use cases of appointments.
pub struct Appointments {
    appointments: Arc<dyn AppointmentStore>,
    holds: Arc<dyn HoldStore>,
    planner: Planner,
    system: System,
    commits: Commits,
}

impl Appointments {
    pub(crate) fn new(stores: &Stores, planner: &Planner, system: &System, commits: &Commits) -> Self {
        Self {
            appointments: stores.scheduling.appointments.clone(),
            holds: stores.scheduling.holds.clone(),
            planner: planner.clone(),
            system: system.clone(),
            commits: commits.clone(),
        }
    }

    /// Books what the order says. If it says something about the customer, the customer is created or updated in the
    /// same write; a refused order leaves the customer as it was.
    ///
    /// # Errors
    /// [`AppointmentRefusal::CustomerNotFound`], [`AppointmentRefusal::CustomerNameNeeded`],
    /// [`AppointmentRefusal::HoldNotFound`], [`AppointmentRefusal::HoldExpired`], [`AppointmentRefusal::Unbookable`],
    /// or [`Failure::Store`] if the store fails.
    pub async fn book(
        &self,
        request: &Request<Dated<Appointment>>,
        order: Order,
    ) -> Result<Outcome<Dated<Appointment>>, Failure<AppointmentRefusal>> {
        check_scopes(&request.caller, &order)?;
        let attempt = async || match &order.item {
            OrderItem::Wish(wish) => self.book_wish(request, &order, wish).await,
            OrderItem::Hold(hold, given) => self.book_hold(request, &order, *hold, given).await,
        };
        self.commits.run(request, attempt).await
    }

    /// What [`book`](Self::book) would book. It writes nothing. The appointment has the id of nothing.
    ///
    /// # Errors
    /// As in [`book`](Self::book).
    pub async fn try_out(
        &self,
        caller: &Caller,
        order: Order,
    ) -> Result<Dated<Appointment>, Failure<AppointmentRefusal>> {
        check_scopes(caller, &order)?;
        let (clock, customer, _) = self.party(caller.account, &order.customer).await?;
        let id = AppointmentId::new(ObjectId::from_bytes([0; 12]));
        let now = self.system.clock.now();
        let appointment = match &order.item {
            OrderItem::Hold(hold, given) => {
                let hold = self.held(caller.account, *hold, given).await?;
                Appointment::of_hold(&hold, &customer, order.notes.clone(), now)
            }
            OrderItem::Wish(wish) => {
                let plan = self
                    .planner
                    .plan(caller.account, wish)
                    .await
                    .map_err(Failure::widen)?;
                let booking = self.planner.choose(caller.account, &clock, &plan, true).await;
                let new = NewAppointment {
                    booking: booking.map_err(Failure::widen)?,
                    notes: order.notes.clone(),
                };
                Appointment::new(id, &customer, new, now)
            }
        };
        Ok(clock.dated(order.to_be_paid(appointment)))
    }

    async fn book_wish(
        &self,
        request: &Request<Dated<Appointment>>,
        order: &Order,
        wish: &Wish,
    ) -> Result<Option<Effect<Dated<Appointment>>>, Failure<AppointmentRefusal>> {
        let account = request.caller.account;
        let (clock, customer, brought) = self.party(account, &order.customer).await?;
        let plan = self.planner.plan(account, wish).await.map_err(Failure::widen)?;
        let booking = self
            .planner
            .choose(account, &clock, &plan, false)
            .await
            .map_err(Failure::widen)?;
        let new = NewAppointment {
            booking,
            notes: order.notes.clone(),
        };
        let id = AppointmentId::new(self.system.ids.next_id());
        let appointment = Appointment::new(id, &customer, new, self.system.clock.now());
        let effect = Effect::Created(clock.dated(order.to_be_paid(appointment)));
        let (write, commit) = self.with_customer(request, brought, &effect);
        let booked = self
            .appointments
            .book(account, &effect.resource().value, write, commit)
            .await;
        self.settled(account, &clock, &plan, booked, effect).await
    }

    async fn book_hold(
        &self,
        request: &Request<Dated<Appointment>>,
        order: &Order,
        hold: HoldId,
        given: &GivenSlot,
    ) -> Result<Option<Effect<Dated<Appointment>>>, Failure<AppointmentRefusal>> {
        let account = request.caller.account;
        let (clock, customer, brought) = self.party(account, &order.customer).await?;
        let hold = self.held(account, hold, given).await?;
        let appointment =
            Appointment::of_hold(&hold, &customer, order.notes.clone(), self.system.clock.now());
        let effect = Effect::Created(clock.dated(order.to_be_paid(appointment)));
        let (write, commit) = self.with_customer(request, brought, &effect);
        match self
            .appointments
            .confirm(account, &effect.resource().value, write, commit)
            .await
        {
            Ok(()) => Ok(Some(effect)),
            // It was released or used up meanwhile, or the customer was changed: the next attempt sees it.
            Err(Failure::Refused(AppointmentRefusal::HoldGone | AppointmentRefusal::CustomerChanged)) => {
                Ok(None)
            }
            Err(failure) => Err(failure),
        }
    }

    /// The outcome of a write that the guard may have refused.
    async fn settled<T>(
        &self,
        account: AccountId,
        clock: &AccountClock,
        plan: &Plan,
        written: Result<(), Failure<AppointmentRefusal>>,
        effect: T,
    ) -> Result<Option<T>, Failure<AppointmentRefusal>> {
        match written {
            Ok(()) => Ok(Some(effect)),
            Err(Failure::Refused(AppointmentRefusal::CustomerChanged)) => Ok(None),
            Err(Failure::Refused(AppointmentRefusal::SlotTaken)) => {
                self.planner
                    .lost(account, clock, plan)
                    .await
                    .map_err(Failure::widen)?;
                Ok(None)
            }
            Err(failure) => Err(failure),
        }
    }

    /// What is written of the customer, and what commits with both: the customer's change comes first.
    fn with_customer(
        &self,
        request: &Request<Dated<Appointment>>,
        brought: Option<Effect<Customer>>,
        booked: &Effect<Dated<Appointment>>,
    ) -> (Option<CustomerWrite>, Commit) {
        let mut commit = self.commits.of(request, booked);
        let Some(brought) = brought else {
            return (None, commit);
        };
        let change = self.commits.change(&request.caller, &brought);
        commit.changes.splice(..0, change);
        let write = match brought {
            Effect::Created(customer) => Some(CustomerWrite::Insert(customer)),
            Effect::Changed { after, .. } => Some(CustomerWrite::Update(after)),
            Effect::Unchanged(_) | Effect::Removed(_) => None,
        };
        (write, commit)
    }

    /// The account's clock, the customer as the order wants it, and what has to be done to the customer for that.
    async fn party(
        &self,
        account: AccountId,
        wanted: &OrderCustomer,
    ) -> Result<(AccountClock, Customer, Option<Effect<Customer>>), Failure<AppointmentRefusal>> {
        let email = wanted.email.key();
        let (schedule, found) = self.planner.schedules.with_customer(account, &email).await?;
        let clock = AccountClock::new(schedule, &*self.system.zones)?;
        let Some(details) = wanted.details.clone() else {
            // Customers are never deleted, so this one still exists when the appointment is written.
            return Ok((clock, found.ok_or(AppointmentRefusal::CustomerNotFound)?, None));
        };
        let now = self.system.clock.now();
        let Some(before) = found else {
            let new = NewCustomer {
                name: details.name.ok_or(AppointmentRefusal::CustomerNameNeeded)?,
                email: wanted.email.clone(),
                phone: details.phone.flatten(),
                notes: details.notes.flatten(),
            };
            let customer = Customer::new(CustomerId::new(self.system.ids.next_id()), new, now);
            return Ok((clock, customer.clone(), Some(Effect::Created(customer))));
        };
        let edit = CustomerEdit {
            name: details.name,
            phone: details.phone,
            notes: details.notes,
            ..CustomerEdit::default()
        };
        let after = before.edited(edit, now);
        let brought = (after != before).then(|| Effect::Changed {
            before,
            after: after.clone(),
        });
        Ok((clock, after, brought))
    }

    /// A hold that still counts, and is of what is given.
    async fn held(
        &self,
        account: AccountId,
        id: HoldId,
        given: &GivenSlot,
    ) -> Result<Hold, Failure<AppointmentRefusal>> {
        let hold = self.holds.by_id(account, id).await?;
        let hold = hold.ok_or(AppointmentRefusal::HoldNotFound)?;
        if hold.has_expired(self.system.clock.now()) {
            return Err(AppointmentRefusal::HoldExpired.into());
        }
        given.check(&hold.booking).map_err(AppointmentRefusal::from)?;
        Ok(hold)
    }

    /// The appointment with that id.
    ///
    /// # Errors
    /// [`AppointmentRefusal::NotFound`], or [`Failure::Store`] if the store fails.
    pub async fn get(
        &self,
        caller: &Caller,
        id: AppointmentId,
    ) -> Result<Dated<Appointment>, Failure<AppointmentRefusal>> {
        caller.require(Scope::AppointmentsRead)?;
        let (_, appointment) = self.find(caller.account, id).await?;
        Ok(appointment)
    }

    async fn find(
        &self,
        account: AccountId,
        id: AppointmentId,
    ) -> Result<(AccountClock, Dated<Appointment>), Failure<AppointmentRefusal>> {
        let found = self.appointments.by_id(account, id).await?;
        let found = found.ok_or(AppointmentRefusal::NotFound)?;
        let clock = self.planner.clock(account).await?;
        let dated = clock.dated(found);
        Ok((clock, dated))
    }

    /// The appointments that match the filter, ordered by start, then by id.
    ///
    /// # Errors
    /// [`Failure::Store`] if the store fails.
    pub async fn list(
        &self,
        caller: &Caller,
        filter: &AppointmentFilter,
        page: PageRequest<StartPosition<AppointmentId>>,
    ) -> Result<Page<Dated<Appointment>, StartPosition<AppointmentId>>, Failure<AppointmentRefusal>> {
        caller.require(Scope::AppointmentsRead)?;
        let clock = self.planner.clock(caller.account).await?;
        let page = self.appointments.list(caller.account, filter, page).await?;
        Ok(clock.dated_page(page))
    }

    /// Moves the appointment, or changes the other fields that `edit` sets. `policies` tells whether opening hours,
    /// notice and horizon count for a move.
    ///
    /// # Errors
    /// [`AppointmentRefusal::NotFound`], [`AppointmentRefusal::VersionMismatch`] if the precondition doesn't hold,
    /// [`AppointmentRefusal::InvalidStatus`] if there is no way to the status, [`AppointmentRefusal::Cancelled`] or
    /// [`AppointmentRefusal::Expired`] if the edit would move what doesn't occupy its slot,
    /// [`AppointmentRefusal::Unbookable`] if it can't be moved there, or [`Failure::Store`] if the store fails.
    pub async fn edit(
        &self,
        request: &Request<Dated<Appointment>>,
        id: AppointmentId,
        edit: AppointmentEdit,
        policies: Policies,
    ) -> Result<Outcome<Dated<Appointment>>, Failure<AppointmentRefusal>> {
        request.caller.require(Scope::AppointmentsWrite)?;
        request.caller.require_for(policies)?;
        let account = request.caller.account;
        let attempt = async || {
            let (clock, before) = self.find(account, id).await?;
            request.precondition.check::<AppointmentRefusal>(Some(&before))?;
            let after = before.value.edited(edit.clone(), self.system.clock.now())?;
            let plan = self
                .plan_of(account, &clock, &before.value, &after, policies)
                .await?;
            let after = clock.dated(after);
            let write = async |after: &Dated<Appointment>, commit| {
                self.appointments.update(account, &after.value, commit).await
            };
            match (self.commits.replace(request, before, after, write).await, plan) {
                (Err(Failure::Refused(AppointmentRefusal::SlotTaken)), Some(plan)) => {
                    self.planner
                        .lost(account, &clock, &plan)
                        .await
                        .map_err(Failure::widen)?;
                    Ok(None)
                }
                (replaced, _) => replaced,
            }
        };
        self.commits.run(request, attempt).await
    }

    /// The plan of a move, if it is one and may be made.
    async fn plan_of(
        &self,
        account: AccountId,
        clock: &AccountClock,
        before: &Appointment,
        after: &Appointment,
        policies: Policies,
    ) -> Result<Option<Plan>, Failure<AppointmentRefusal>> {
        if !after.is_elsewhere_than(before) {
            return Ok(None);
        }
        let plan = self
            .planner
            .plan_of_move(account, &before.booking, &after.booking, policies)
            .await;
        let plan = plan.map_err(Failure::widen)?;
        self.planner
            .choose(account, clock, &plan, false)
            .await
            .map_err(Failure::widen)?;
        Ok(Some(plan))
    }

    /// Lets appointments expire that were not paid in time.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub async fn sweep(&self) -> Result<(), StoreError> {
        self.planner.expire_all().await
    }

    /// Cancels the appointment, which frees its slot. Repeating it changes nothing. What was paid for it stays paid.
    ///
    /// # Errors
    /// [`AppointmentRefusal::NotFound`], [`AppointmentRefusal::VersionMismatch`] if the precondition doesn't hold,
    /// [`AppointmentRefusal::InvalidStatus`] if it has taken place, or [`Failure::Store`] if the store fails.
    pub async fn cancel(
        &self,
        request: &Request<Dated<Appointment>>,
        id: AppointmentId,
    ) -> Result<Outcome<Dated<Appointment>>, Failure<AppointmentRefusal>> {
        let edit = AppointmentEdit {
            status: Some(AppointmentStatus::Cancelled),
            ..AppointmentEdit::default()
        };
        self.edit(request, id, edit, Policies::Kept).await
    }
}

/// Checks that the caller may order that.
fn check_scopes(caller: &Caller, order: &Order) -> Result<(), Failure<AppointmentRefusal>> {
    caller.require(Scope::AppointmentsWrite)?;
    if order.customer.details.is_some() {
        caller.require(Scope::CustomersWrite)?;
    }
    match &order.item {
        OrderItem::Wish(wish) => caller.require_for(wish.policies),
        OrderItem::Hold(..) => Ok(()),
    }
}

#[cfg(test)]
mod tests;
