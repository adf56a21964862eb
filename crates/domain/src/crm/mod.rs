//! The people whom a business serves: customers.

mod customer;

pub use customer::{
    Customer, CustomerEdit, CustomerName, CustomerRefusal, CustomerSummary, NewCustomer, Phone,
};
