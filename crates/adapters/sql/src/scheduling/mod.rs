//! The schedule of a business. What occupies it are rows of one table: see [`occupancy`].

pub mod appointment;
pub mod block;
pub mod hold;
mod hours;
pub mod occupancy;
pub mod resource;
pub mod schedule;
pub mod service;
