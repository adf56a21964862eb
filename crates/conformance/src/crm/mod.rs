//! The people whom a business serves: customers.

pub(crate) mod customer;

pub use customer::*;
