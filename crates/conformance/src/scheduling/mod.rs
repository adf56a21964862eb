//! When a business serves its customers: appointments.

pub(crate) mod appointment;

pub use appointment::*;
