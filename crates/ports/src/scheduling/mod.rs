//! When a business serves its customers: appointments, and what else occupies its schedule.

mod appointment;
mod block;
mod hold;
mod occupancy;

pub use appointment::{AppointmentFilter, AppointmentStore, CustomerWrite};
pub use block::{BlockFilter, BlockStore};
pub use hold::HoldStore;
pub use occupancy::{Busy, Obstruction, OccupancyStore};

#[cfg(feature = "mocks")]
pub use {
    appointment::MockAppointmentStore, block::MockBlockStore, hold::MockHoldStore,
    occupancy::MockOccupancyStore,
};

use std::sync::Arc;

/// A store that honours all ports of this context.
pub trait SchedulingPorts: AppointmentStore + HoldStore + BlockStore + OccupancyStore + 'static {}

impl<S: AppointmentStore + HoldStore + BlockStore + OccupancyStore + 'static> SchedulingPorts for S {}

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
}

impl SchedulingStores {
    /// Views one store through each of this context's ports.
    pub fn of<S: SchedulingPorts>(store: &Arc<S>) -> Self {
        Self {
            appointments: store.clone(),
            holds: store.clone(),
            blocks: store.clone(),
            occupancies: store.clone(),
        }
    }
}
