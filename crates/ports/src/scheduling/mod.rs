//! When a business serves its customers: appointments, what they take, what is booked, and when.

mod appointment;
mod resource;
mod schedule;
mod service;

pub use appointment::{AppointmentFilter, AppointmentStore};
pub use resource::{ResourceFilter, ResourceStore};
pub use schedule::ScheduleStore;
pub use service::{ServiceFilter, ServiceStore};

#[cfg(feature = "mocks")]
pub use {
    appointment::MockAppointmentStore, resource::MockResourceStore, schedule::MockScheduleStore,
    service::MockServiceStore,
};

use std::sync::Arc;

/// A store that honours all ports of this context.
pub trait SchedulingPorts: AppointmentStore + ResourceStore + ServiceStore + ScheduleStore + 'static {}

impl<S: AppointmentStore + ResourceStore + ServiceStore + ScheduleStore + 'static> SchedulingPorts for S {}

/// The stores of this context.
#[derive(Clone)]
pub struct SchedulingStores {
    /// Appointments.
    pub appointments: Arc<dyn AppointmentStore>,
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
            resources: store.clone(),
            services: store.clone(),
            schedules: store.clone(),
        }
    }
}
