//! When a business serves its customers: appointments.

mod appointment;

pub use appointment::Appointments;

use crate::{System, commit::Commits};
use chatgrow_ports::Stores;

/// The use cases of this context.
pub struct Scheduling {
    /// Appointments.
    pub appointments: Appointments,
}

impl Scheduling {
    pub(crate) fn new(stores: &Stores, system: &System, commits: &Commits) -> Self {
        Self {
            appointments: Appointments::new(stores, system, commits),
        }
    }
}
