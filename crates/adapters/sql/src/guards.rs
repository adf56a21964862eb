//! The guards: constraints and triggers that have the same name in both stores, and what each refusal means to a caller.
//!
//! A rule of the domain that must hold whoever writes is kept by the database itself; an adapter only has to tell by which
//! guard it was refused.

use chatgrow_domain::Refusal;
use chatgrow_ports::{Failure, StoreError};

/// Why a database refuses a row that is valid in itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// Another account has the slug.
    AccountSlug,
    /// Another customer of the account has the e-mail address.
    CustomerEmail,
    /// Another confirmed appointment of the account overlaps the slot.
    AppointmentSlot,
    /// The event's participants would pass its capacity.
    EventCapacity,
    /// The account has no such event.
    RegistrationEvent,
    /// The event is not active.
    RegistrationActive,
    /// The customer has a place already.
    RegistrationOnce,
    /// A request with that id is being carried out.
    IdempotencyInProgress,
}

impl Guard {
    /// Every guard, by the name that its constraint or trigger has in the migrations.
    pub const ALL: [(Self, &'static str); 8] = [
        (Self::AccountSlug, "accounts_slug_unique"),
        (Self::CustomerEmail, "customers_email_unique"),
        (Self::AppointmentSlot, "appointments_no_overlap"),
        (Self::EventCapacity, "events_not_overfull"),
        (Self::RegistrationEvent, "registrations_event_exists"),
        (Self::RegistrationActive, "registrations_event_active"),
        (Self::RegistrationOnce, "registrations_once"),
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
    /// What that guard's refusal means; `None` if it can't be the one that was in the way.
    fn refused_by(guard: Guard) -> Option<Self>;
}

impl Guarded for StoreError {
    fn refused_by(guard: Guard) -> Option<Self> {
        (guard == Guard::IdempotencyInProgress).then_some(Self::InProgress)
    }
}

/// A refusal that guards can mean.
pub trait GuardedRefusal: Refusal {
    /// What that guard means.
    fn of(guard: Guard) -> Option<Self>;
}

impl<R: GuardedRefusal> Guarded for Failure<R> {
    fn refused_by(guard: Guard) -> Option<Self> {
        R::of(guard).map(Self::Refused)
    }
}

/// Why a write was taken back.
pub enum Unwritten<E> {
    /// It would have changed no row: then its commit don't stay either.
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
    /// What a statement has written, which is to be taken back where that is nothing.
    ///
    /// # Errors
    /// It was refused, or changed no row.
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
    /// It was refused.
    pub fn rows(written: Result<usize, Self>) -> Result<usize, E> {
        match written {
            Ok(rows) => Ok(rows),
            Err(Self::Nothing) => Ok(0),
            Err(Self::Refused(error)) => Err(error),
        }
    }
}
