//! When a business serves them: appointments.

mod appointment;

pub use appointment::{
    Appointment, AppointmentCancelled, AppointmentEdit, AppointmentStatus, NewAppointment, ServiceType,
};
