//! The schedule of a business: appointments.

pub mod appointment;
