//! What customers register for: events and registrations.

mod event;
mod registration;

pub use event::{EventFilter, EventStore};
pub use registration::{RegistrationStore, UnpaidRegistration};

#[cfg(feature = "mocks")]
pub use {event::MockEventStore, registration::MockRegistrationStore};

use std::sync::Arc;

/// A store that honours all ports of this context.
pub trait EventsPorts: EventStore + RegistrationStore + 'static {}

impl<S: EventStore + RegistrationStore + 'static> EventsPorts for S {}

/// The stores of this context.
#[derive(Clone)]
pub struct EventsStores {
    /// Events.
    pub events: Arc<dyn EventStore>,
    /// Registrations.
    pub registrations: Arc<dyn RegistrationStore>,
}

impl EventsStores {
    /// Views one store through each of this context's ports.
    pub fn of<S: EventsPorts>(store: &Arc<S>) -> Self {
        Self {
            events: store.clone(),
            registrations: store.clone(),
        }
    }
}
