//! What customers register for: events and registrations.

mod event;
mod registration;

pub use event::{EventError, Events};
pub use registration::{RegistrationError, Registrations};

use crate::System;
use chatgrow_ports::Stores;

/// The use cases of this context.
pub struct EventsContext {
    /// Events.
    pub events: Events,
    /// Registrations.
    pub registrations: Registrations,
}

impl EventsContext {
    pub(crate) fn new(stores: &Stores, system: &System) -> Self {
        Self {
            events: Events::new(stores, system),
            registrations: Registrations::new(stores, system),
        }
    }
}
