//! When a business serves its customers: appointments.

mod appointment;

pub use appointment::{AppointmentFilter, AppointmentStore};

#[cfg(feature = "mocks")]
pub use appointment::MockAppointmentStore;

use std::sync::Arc;

/// A store that honours all ports of this context.
pub trait SchedulingPorts: AppointmentStore + 'static {}

impl<S: AppointmentStore + 'static> SchedulingPorts for S {}

/// The stores of this context.
#[derive(Clone)]
pub struct SchedulingStores {
    /// Appointments.
    pub appointments: Arc<dyn AppointmentStore>,
}

impl SchedulingStores {
    /// Views one store through each of this context's ports.
    pub fn of<S: SchedulingPorts>(store: &Arc<S>) -> Self {
        Self {
            appointments: store.clone(),
        }
    }
}
