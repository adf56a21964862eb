//! When a business serves its customers: appointments, what they take, what else occupies the schedule, and when.

pub(crate) mod appointment;
pub(crate) mod block;
pub(crate) mod hold;
pub(crate) mod occupancy;
pub(crate) mod resource;
pub(crate) mod schedule;
pub(crate) mod service;
pub(crate) mod several;

pub use appointment::*;
pub use block::*;
pub use hold::*;
pub use occupancy::*;
pub use resource::*;
pub use schedule::*;
pub use service::*;
pub use several::*;
