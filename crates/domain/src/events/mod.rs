//! What customers register for: events and registrations.

mod event;
mod registration;

pub use event::{
    Capacity, Event, EventDescription, EventEdit, EventId, EventLocation, EventRefusal, EventStatus,
    EventTitle, NewEvent,
};
pub use registration::{Registration, RegistrationId, RegistrationRefusal, RegistrationStatus};
