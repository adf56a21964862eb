//! The schedule of a business. What occupies it are rows of one table: see [`occupancy`].

pub mod appointment;
pub mod block;
pub mod hold;
pub mod occupancy;
pub mod steps;
