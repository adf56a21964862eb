//! When a business serves its customers: appointments.

mod appointment;

pub use appointment::{
    Appointment, AppointmentEdit, AppointmentId, AppointmentRefusal, AppointmentStatus, NewAppointment,
    ServiceType,
};
