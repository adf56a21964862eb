//! When a business serves them: appointments.

mod appointment;

pub use appointment::{
    Appointment, AppointmentEdit, AppointmentRefusal, AppointmentStatus, NewAppointment, ServiceType,
};
