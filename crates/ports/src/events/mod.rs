//! What customers register for: events and registrations.

mod event;
mod registration;

pub use event::{EventFilter, EventStore};
pub use registration::RegistrationStore;

#[cfg(feature = "mocks")]
pub use {event::MockEventStore, registration::MockRegistrationStore};

use std::sync::Arc;

/// The stores of this context.
#[derive(Clone)]
pub struct EventsStores {
    /// Events.
    pub events: Arc<dyn EventStore>,
    /// Registrations.
    pub registrations: Arc<dyn RegistrationStore>,
}

impl EventsStores {
    /// The ports of a store that honours all of them.
    pub fn of<S: EventStore + RegistrationStore + 'static>(store: &Arc<S>) -> Self {
        Self {
            events: store.clone(),
            registrations: store.clone(),
        }
    }
}
