//! The rules of `ChatGrow`: what a customer, an appointment, an event and an API key are, and what may happen to them.
//!
//! A value that exists is valid: each type has one fallible constructor, and the rule stands there and nowhere
//! else. Nothing here does I/O or knows the time; ids, instants and random bytes come in as arguments.

mod accounts;
mod api_keys;
mod appointments;
mod choice;
mod customers;
mod email;
mod events;
mod ids;
mod invalid;
mod money;
mod page;
mod registrations;
mod schedule;
mod text;
mod timestamp;
mod version;

pub use accounts::{Account, AccountName, AccountSlug};
pub use api_keys::{ApiKey, ApiKeyDigest, ApiKeyName, PlainApiKey};
pub use appointments::{
    Appointment, AppointmentCancelled, AppointmentEdit, AppointmentStatus, NewAppointment, ServiceType,
};
pub use customers::{Customer, CustomerEdit, CustomerName, CustomerSummary, NewCustomer, Phone};
pub use email::{EmailAddress, EmailKey};
pub use events::{
    Capacity, Event, EventDescription, EventEdit, EventEditError, EventLocation, EventStatus, EventTitle,
    NewEvent,
};
pub use ids::{
    AccountId, ApiKeyId, AppointmentId, CustomerId, EventId, MalformedId, ObjectId, RegistrationId,
};
pub use invalid::Invalid;
pub use money::Money;
pub use page::PageLimit;
pub use registrations::{Registration, RegistrationRefused};
pub use schedule::{Duration, LocalMinute, TimeSlot, conflict, parse_date, parse_time};
pub use text::Notes;
pub use timestamp::Timestamp;
pub use version::Version;
