//! The guards: constraints and triggers that have the same names in both stores, and what a refusal by each means to
//! the caller.
//!
//! The database itself enforces a rule of the domain that must hold under concurrent writes. An adapter only has to
//! tell which guard refused a write.

use chatgrow_domain::Refusal;
use chatgrow_ports::{Failure, StoreError};

/// Why a database refuses a row that is valid by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// Another account has the slug.
    AccountSlug,
    /// Another user of the account has the e-mail address.
    UserEmail,
    /// The change would leave the account without an active owner.
    LastOwner,
    /// Another customer of the account has the e-mail address.
    CustomerEmail,
    /// Something else occupies the resource, or the account's own schedule, in the slot.
    AppointmentSlot,
    /// The event would have more participants than its capacity.
    EventCapacity,
    /// The account has no such event.
    RegistrationEvent,
    /// The event is not active.
    RegistrationActive,
    /// The customer has a place already.
    RegistrationOnce,
    /// The payment or refund is there already.
    PaymentOnce,
    /// Another webhook endpoint of the account has the place.
    WebhookPlace,
    /// A request with that id is in progress.
    IdempotencyInProgress,
}

impl Guard {
    /// Every guard, with the name of its constraint or trigger in the migrations.
    pub const ALL: [(Self, &'static str); 12] = [
        (Self::AccountSlug, "accounts_slug_unique"),
        (Self::UserEmail, "users_email_unique"),
        (Self::LastOwner, "users_last_owner"),
        (Self::CustomerEmail, "customers_email_unique"),
        (Self::AppointmentSlot, "appointments_no_overlap"),
        (Self::EventCapacity, "events_not_overfull"),
        (Self::RegistrationEvent, "registrations_event_exists"),
        (Self::RegistrationActive, "registrations_event_active"),
        (Self::RegistrationOnce, "registrations_once"),
        (Self::PaymentOnce, "payments_once"),
        (Self::WebhookPlace, "webhook_endpoints_place_unique"),
        (Self::IdempotencyInProgress, "idempotency_in_progress"),
    ];

    /// The guard with that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|(_, known)| *known == name)
            .map(|(guard, _)| guard)
    }
}

/// The outcome of a write that a guard may refuse.
pub trait Guarded: From<StoreError> {
    /// What a refusal by that guard means, or `None` if that guard can't refuse this write.
    fn refused_by(guard: Guard) -> Option<Self>;
}

impl Guarded for StoreError {
    fn refused_by(guard: Guard) -> Option<Self> {
        (guard == Guard::IdempotencyInProgress).then_some(Self::InProgress)
    }
}

/// A refusal that can come from a guard.
pub trait GuardedRefusal: Refusal {
    /// What a refusal by that guard means, or `None` if that guard never refuses a write of this aggregate.
    fn of(guard: Guard) -> Option<Self>;
}

impl<R: GuardedRefusal> Guarded for Failure<R> {
    fn refused_by(guard: Guard) -> Option<Self> {
        R::of(guard).map(Self::Refused)
    }
}

/// Why a write was rolled back.
pub enum Unwritten<E> {
    /// It changed no row, so its commit must not stay either.
    Nothing,
    /// It was refused.
    Refused(E),
}

impl<E: From<StoreError>> From<StoreError> for Unwritten<E> {
    fn from(error: StoreError) -> Self {
        Self::Refused(error.into())
    }
}

impl<E> Unwritten<E> {
    /// Fails if a statement changed no row, so that its transaction is rolled back.
    ///
    /// # Errors
    /// The write was refused, or changed no row.
    pub fn unless(executed: Result<usize, E>) -> Result<usize, Self> {
        match executed {
            Ok(0) => Err(Self::Nothing),
            Ok(rows) => Ok(rows),
            Err(error) => Err(Self::Refused(error)),
        }
    }

    /// How many rows a write changed.
    ///
    /// # Errors
    /// The write was refused.
    pub fn rows(written: Result<usize, Self>) -> Result<usize, E> {
        match written {
            Ok(rows) => Ok(rows),
            Err(Self::Nothing) => Ok(0),
            Err(Self::Refused(error)) => Err(error),
        }
    }
}
