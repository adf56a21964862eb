//! When a business serves its customers: appointments, what they take, what is booked, and when.

mod appointment;
mod availability;
mod block;
mod clock;
mod expiry;
mod hold;
mod order;
mod planner;
mod resource;
mod schedule;
mod service;

pub use appointment::Appointments;
pub use availability::{Availability, Search, Slot, Slots, Sought};
pub use block::Blocks;
pub use clock::{Dated, Times};
pub use hold::Holds;
pub use order::{Booked, CustomerDetails, GivenSlot, Order, OrderCustomer, OrderItem, Wish};
pub use resource::Resources;
pub use schedule::{Schedules, WallClock};
pub use service::Services;

pub(crate) use clock::AccountClock;
pub(crate) use planner::Planner;

use crate::{System, commit::Commits};
use chatgrow_ports::Stores;

/// The use cases of this context.
pub struct Scheduling {
    /// Appointments.
    pub appointments: Appointments,
    /// The search for what can be booked.
    pub availability: Availability,
    /// Holds.
    pub holds: Holds,
    /// Blocks.
    pub blocks: Blocks,
    /// Resources.
    pub resources: Resources,
    /// Services.
    pub services: Services,
    /// The schedules of accounts.
    pub schedules: Schedules,
}

impl Scheduling {
    pub(crate) fn new(stores: &Stores, system: &System, commits: &Commits) -> Self {
        let planner = Planner::new(stores, system, commits);
        Self {
            appointments: Appointments::new(stores, &planner, system, commits),
            availability: Availability::new(stores, &planner, system),
            holds: Holds::new(stores, &planner, system, commits),
            blocks: Blocks::new(stores, &planner, system, commits),
            resources: Resources::new(stores, &planner, system, commits),
            services: Services::new(stores, system, commits),
            schedules: Schedules::new(stores, system, commits),
        }
    }
}
