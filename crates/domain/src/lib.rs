//! The rules of `ChatGrow`: what a customer, an appointment, an event and an API key are, and how they may change.
//!
//! A value that exists is valid: each type has one fallible constructor, and the rule is stated there and nowhere else.
//! This crate does no I/O and has no clock. Ids, instants and random bytes are passed in as arguments.

mod access;
mod billing;
mod choice;
mod civil;
mod crm;
mod delivery;
mod email;
mod events;
mod ids;
mod invalid;
mod minutes;
mod money;
mod page;
mod refusal;
mod scheduling;
mod text;
mod timestamp;
mod version;

pub use access::*;
pub use billing::*;
pub use civil::{Duration, LocalMinute, TimeSlot, parse_date, parse_time};
pub use crm::*;
pub use delivery::*;
pub use email::{EmailAddress, EmailKey};
pub use events::*;
pub use ids::{MalformedId, ObjectId};
pub use invalid::Invalid;
pub use money::{Amount, Currency, Money};
pub use page::PageLimit;
pub use refusal::{ChangeRefusal, Refusal};
pub use scheduling::*;
pub use text::Notes;
pub use timestamp::Timestamp;
pub use version::{Revised, Revision, Version};
