//! When a business serves them: appointments.

pub(crate) mod appointment;
