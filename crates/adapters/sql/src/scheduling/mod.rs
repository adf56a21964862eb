//! When a business serves them: appointments.

pub mod appointment;
