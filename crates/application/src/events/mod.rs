//! What customers register for: events and registrations.

mod event;
mod expiry;
mod registration;

pub use event::Events;
pub use registration::Registrations;

pub(crate) use expiry::UnpaidPlaces;

use crate::{System, commit::Commits};
use chatgrow_ports::Stores;

/// The use cases of this context.
pub struct EventsContext {
    /// Events.
    pub events: Events,
    /// Registrations.
    pub registrations: Registrations,
}

impl EventsContext {
    pub(crate) fn new(stores: &Stores, system: &System, commits: &Commits) -> Self {
        Self {
            events: Events::new(stores, system, commits),
            registrations: Registrations::new(stores, system, commits),
        }
    }
}
