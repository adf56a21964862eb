//! The schedule of a business: appointments, what they take, what is booked, and when.

pub mod appointment;
mod hours;
pub mod resource;
pub mod schedule;
pub mod service;
