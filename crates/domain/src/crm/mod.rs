//! The people whom a business serves: customers.

mod customer;

pub use customer::{
    Customer, CustomerEdit, CustomerId, CustomerName, CustomerRefusal, CustomerSummary, NewCustomer, Phone,
};
