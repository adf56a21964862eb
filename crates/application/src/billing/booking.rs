//! The bookings that payments are for.

use crate::{
    Caller, Dated, Effect, System,
    commit::Commits,
    events::UnpaidPlaces,
    scheduling::{AccountClock, Planner},
};
use chatgrow_domain::{
    AccountId, Appointment, AppointmentId, Bill, Change, Money, ObjectId, Payment, PaymentRefusal,
    PaymentTarget, Registration, RegistrationId, Timestamp,
};
use chatgrow_ports::{AppointmentStore, BilledBooking, Failure, RegistrationStore, StoreError, Stores};
use std::sync::Arc;

/// Finds bookings, and makes room for those that come back.
pub(super) struct Bookings {
    appointments: Arc<dyn AppointmentStore>,
    registrations: Arc<dyn RegistrationStore>,
    planner: Planner,
    places: UnpaidPlaces,
}

/// A booking as it is stored.
pub(super) enum Booking {
    Appointment(AccountClock, Appointment),
    Registration(Registration),
}

/// A booking with its bill before and after a payment.
pub(super) enum Billed {
    Appointment(Box<Effect<Dated<Appointment>>>),
    Registration(Box<Effect<Registration>>),
}

impl Bookings {
    pub(super) fn new(stores: &Stores, system: &System, commits: &Commits) -> Self {
        Self {
            appointments: stores.scheduling.appointments.clone(),
            registrations: stores.events.registrations.clone(),
            planner: Planner::new(stores, system, commits),
            places: UnpaidPlaces::new(stores, system, commits),
        }
    }

    pub(super) async fn find(
        &self,
        account: AccountId,
        target: PaymentTarget,
    ) -> Result<Booking, Failure<PaymentRefusal>> {
        match target {
            PaymentTarget::Appointment(id) => {
                let found = self.appointments.by_id(account, id).await?;
                let found = found.ok_or(PaymentRefusal::AppointmentNotFound)?;
                Ok(Booking::Appointment(self.planner.clock(account).await?, found))
            }
            PaymentTarget::Registration(id) => {
                let found = self.registrations.anywhere(account, id).await?;
                let found = found.ok_or(PaymentRefusal::RegistrationNotFound)?;
                Ok(Booking::Registration(found))
            }
        }
    }

    /// The booking with that id.
    pub(super) async fn named(
        &self,
        account: AccountId,
        id: ObjectId,
    ) -> Result<Option<PaymentTarget>, StoreError> {
        let appointment = AppointmentId::new(id);
        if self.appointments.by_id(account, appointment).await?.is_some() {
            return Ok(Some(PaymentTarget::Appointment(appointment)));
        }
        let registration = RegistrationId::new(id);
        let found = self.registrations.anywhere(account, registration).await?;
        Ok(found.map(|_| PaymentTarget::Registration(registration)))
    }

    /// Lets bookings of that kind expire which may be in the way. Returns whether there were any.
    pub(super) async fn make_room(
        &self,
        account: AccountId,
        target: PaymentTarget,
    ) -> Result<bool, StoreError> {
        match target {
            PaymentTarget::Appointment(_) => self.planner.make_room(account).await,
            PaymentTarget::Registration(_) => self.places.make_room(account).await,
        }
    }
}

impl Booking {
    /// The booking after its payment has changed. If enough is paid, it is confirmed; one that has expired only if
    /// `returns`.
    ///
    /// # Errors
    /// [`PaymentRefusal::CurrencyDiffers`].
    pub(super) fn billed(
        &self,
        before: Option<&Payment>,
        after: &Payment,
        returns: bool,
        now: Timestamp,
    ) -> Result<Billed, PaymentRefusal> {
        let bill = match self {
            Self::Appointment(_, appointment) => appointment.bill,
            Self::Registration(registration) => registration.bill,
        };
        let bill = bill.unwrap_or_else(|| Bill::new(after.currency, Money::ZERO, Money::ZERO));
        if bill.currency != after.currency {
            return Err(PaymentRefusal::CurrencyDiffers);
        }
        let bill = bill.with(before, after);
        Ok(match self {
            Self::Appointment(clock, appointment) => Billed::Appointment(Box::new(Effect::Changed {
                before: clock.dated(appointment.clone()),
                after: clock.dated(appointment.billed(bill, returns, now)),
            })),
            Self::Registration(registration) => Billed::Registration(Box::new(Effect::Changed {
                before: registration.clone(),
                after: registration.billed(bill, returns),
            })),
        })
    }
}

impl Billed {
    /// Whether the booking has its slot or its place.
    pub(super) fn takes_place(&self) -> bool {
        match self {
            Self::Appointment(effect) => effect.resource().value.status.occupies(),
            Self::Registration(effect) => effect.resource().status.takes_place(),
        }
    }

    /// What is written of it.
    pub(super) fn write(&self) -> BilledBooking {
        match self {
            Self::Appointment(effect) => BilledBooking::Appointment(effect.resource().value.clone()),
            Self::Registration(effect) => BilledBooking::Registration(effect.resource().clone()),
        }
    }

    /// Its change.
    pub(super) fn change(&self, commits: &Commits, caller: &Caller) -> Option<Change> {
        match self {
            Self::Appointment(effect) => commits.change(caller, effect),
            Self::Registration(effect) => commits.change(caller, effect),
        }
    }

    /// The same, if anything about the booking is different.
    pub(super) fn if_different(self) -> Option<Self> {
        let same = match &self {
            Self::Appointment(effect) => effect.changes_nothing(),
            Self::Registration(effect) => effect.changes_nothing(),
        };
        (!same).then_some(self)
    }
}
