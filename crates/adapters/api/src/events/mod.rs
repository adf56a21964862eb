//! What customers register for: events and registrations.

pub(crate) mod event;
pub(crate) mod registration;
