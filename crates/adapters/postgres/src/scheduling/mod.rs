//! The schedule of a business.

mod occupancy;
mod steps;
