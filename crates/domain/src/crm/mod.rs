//! The people whom a business serves: customers.

mod customer;
mod search;

pub use customer::{
    Customer, CustomerEdit, CustomerId, CustomerName, CustomerRefusal, CustomerSummary, NewCustomer, Phone,
};
pub use search::{SearchTerm, SearchWord};
