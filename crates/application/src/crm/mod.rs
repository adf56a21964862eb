//! The people whom a business serves: customers.

mod customer;

pub use customer::Customers;

use crate::{System, commit::Commits};
use chatgrow_ports::Stores;

/// The use cases of this context.
pub struct Crm {
    /// Customers.
    pub customers: Customers,
}

impl Crm {
    pub(crate) fn new(stores: &Stores, system: &System, commits: &Commits) -> Self {
        Self {
            customers: Customers::new(stores, system, commits),
        }
    }
}
