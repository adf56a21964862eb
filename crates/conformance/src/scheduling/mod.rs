//! When a business serves them: appointments.

pub(crate) mod appointment;

pub use appointment::*;
