//! When a business serves its customers: appointments, what they take, what is booked, and when.

mod appointment;
mod resource;
mod schedule;
mod service;

pub use appointment::Appointments;
pub use resource::Resources;
pub use schedule::Schedules;
pub use service::Services;

use crate::{System, commit::Commits};
use chatgrow_ports::Stores;

/// The use cases of this context.
pub struct Scheduling {
    /// Appointments.
    pub appointments: Appointments,
    /// Resources.
    pub resources: Resources,
    /// Services.
    pub services: Services,
    /// The schedules of accounts.
    pub schedules: Schedules,
}

impl Scheduling {
    pub(crate) fn new(stores: &Stores, system: &System, commits: &Commits) -> Self {
        Self {
            appointments: Appointments::new(stores, system, commits),
            resources: Resources::new(stores, system, commits),
            services: Services::new(stores, system, commits),
            schedules: Schedules::new(stores, system, commits),
        }
    }
}
