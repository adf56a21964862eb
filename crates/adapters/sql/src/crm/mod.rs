//! The people whom a business serves: customers.

pub mod customer;
