//! What customers register for: events and registrations.

pub mod event;
pub mod registration;
