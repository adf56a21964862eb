//! When a business serves its customers: appointments.

mod appointment;

pub use appointment::{
    Appointment, AppointmentEdit, AppointmentRefusal, AppointmentStatus, NewAppointment, ServiceType,
};
