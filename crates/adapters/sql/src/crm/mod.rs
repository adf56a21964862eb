//! Whom a business serves: customers.

pub mod customer;
