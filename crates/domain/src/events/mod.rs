//! What customers register for: events and registrations.

mod event;
mod registration;

pub use event::{
    Capacity, Event, EventDescription, EventEdit, EventLocation, EventRefusal, EventStatus, EventTitle,
    NewEvent,
};
pub use registration::{Registration, RegistrationRefusal};
