//! Whom a business serves: customers.

mod customer;

pub use customer::{Customer, CustomerEdit, CustomerName, CustomerSummary, NewCustomer, Phone};
