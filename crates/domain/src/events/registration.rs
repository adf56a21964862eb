//! Registrations: a customer's place at an event. A customer has at most one place at an event.

use crate::{
    ChangeRefusal, Customer, CustomerSummary, EventId, Notes, Refusal, Revised, Revision, Timestamp,
    ids::id_type,
};

id_type! {
    /// The id of a [`Registration`].
    RegistrationId
}

/// A customer's place at an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// The registration's id.
    pub id: RegistrationId,
    /// The event.
    pub event_id: EventId,
    /// The customer, in its present state.
    pub customer: CustomerSummary,
    /// Free notes.
    pub notes: Option<Notes>,
    /// When it was created.
    pub created_at: Timestamp,
}

impl Revised for Registration {
    /// Nothing about a registration changes except the customer that it shows.
    fn revision(&self) -> Revision {
        Revision::of(self.id, [self.customer.version])
    }
}

/// Why a registration can't be found, created or cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RegistrationRefusal {
    /// The account has no such event.
    #[error("there is no such event")]
    EventNotFound,
    /// The account has no customer with that address.
    #[error("there is no such customer")]
    CustomerNotFound,
    /// The event has no such registration.
    #[error("there is no such registration")]
    NotFound,
    /// The event is completed or cancelled.
    #[error("the event is not active")]
    NotActive,
    /// The customer has a place at the event already.
    #[error("the customer is registered already")]
    AlreadyRegistered,
    /// Every place is taken.
    #[error("the event is full")]
    Full,
    /// The registration doesn't satisfy the precondition of its cancellation.
    #[error("it has changed")]
    VersionMismatch,
}

impl Refusal for RegistrationRefusal {}

impl ChangeRefusal for RegistrationRefusal {
    const VERSION_MISMATCH: Self = Self::VersionMismatch;
}

impl Registration {
    /// A new place for `customer`.
    #[must_use]
    pub fn new(
        id: RegistrationId,
        event_id: EventId,
        customer: &Customer,
        notes: Option<Notes>,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            event_id,
            customer: customer.summary(),
            notes,
            created_at: now,
        }
    }
}
