//! The schedule of a business.

mod occupancy;
