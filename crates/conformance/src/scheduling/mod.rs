//! When a business serves its customers: appointments, what they take, what is booked, and when.

pub(crate) mod appointment;
mod races;
pub(crate) mod resource;
pub(crate) mod schedule;
pub(crate) mod service;

pub use appointment::*;
pub use races::*;
pub use resource::*;
pub use schedule::*;
pub use service::*;
