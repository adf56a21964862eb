//! When a business serves its customers: appointments, what they take, what else occupies the schedule, and when it is
//! open.

mod appointment;
mod block;
mod hold;
mod occupancy;
mod resource;
mod schedule;
mod service;

pub use appointment::{AppointmentFilter, AppointmentStore, CustomerWrite, UnpaidAppointment};
pub use block::{BlockFilter, BlockStore};
pub use hold::{ExpiredHold, HoldStore};
pub use occupancy::{Busy, OccupancyStore};
pub use resource::{ResourceFilter, ResourceStore};
pub use schedule::ScheduleStore;
pub use service::{ServiceFilter, ServiceStore};

#[cfg(feature = "mocks")]
pub use {
    appointment::MockAppointmentStore, block::MockBlockStore, hold::MockHoldStore,
    occupancy::MockOccupancyStore, resource::MockResourceStore, schedule::MockScheduleStore,
    service::MockServiceStore,
};

use std::sync::Arc;

/// A store that honours all ports of this context.
pub trait SchedulingPorts:
    AppointmentStore
    + HoldStore
    + BlockStore
    + OccupancyStore
    + ResourceStore
    + ServiceStore
    + ScheduleStore
    + 'static
{
}

impl<S> SchedulingPorts for S where
    S: AppointmentStore
        + HoldStore
        + BlockStore
        + OccupancyStore
        + ResourceStore
        + ServiceStore
        + ScheduleStore
        + 'static
{
}

/// The stores of this context.
#[derive(Clone)]
pub struct SchedulingStores {
    /// Appointments.
    pub appointments: Arc<dyn AppointmentStore>,
    /// Holds.
    pub holds: Arc<dyn HoldStore>,
    /// Blocks.
    pub blocks: Arc<dyn BlockStore>,
    /// What is occupied.
    pub occupancies: Arc<dyn OccupancyStore>,
    /// Resources.
    pub resources: Arc<dyn ResourceStore>,
    /// Services.
    pub services: Arc<dyn ServiceStore>,
    /// The schedules of accounts.
    pub schedules: Arc<dyn ScheduleStore>,
}

impl SchedulingStores {
    /// Views one store through each of this context's ports.
    pub fn of<S: SchedulingPorts>(store: &Arc<S>) -> Self {
        Self {
            appointments: store.clone(),
            holds: store.clone(),
            blocks: store.clone(),
            occupancies: store.clone(),
            resources: store.clone(),
            services: store.clone(),
            schedules: store.clone(),
        }
    }
}
