//! Registrations: a customer's place at an event, at most one for each customer.

use crate::{Customer, CustomerSummary, EventId, Notes, RegistrationId, Timestamp};

/// A customer's place at an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// Its id.
    pub id: RegistrationId,
    /// The event.
    pub event_id: EventId,
    /// Who comes, as the customer is now.
    pub customer: CustomerSummary,
    /// Free notes.
    pub notes: Option<Notes>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Why an event takes no registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RegistrationRefused {
    /// It is completed or cancelled.
    #[error("the event is not active")]
    NotActive,
    /// Every place is taken.
    #[error("the event is full")]
    Full,
}

impl Registration {
    /// A place for `customer` that did not exist before.
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
