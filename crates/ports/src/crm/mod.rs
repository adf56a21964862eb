//! Whom a business serves: customers.

mod customer;

pub use customer::{CustomerFilter, CustomerStore};

#[cfg(feature = "mocks")]
pub use customer::MockCustomerStore;

use std::sync::Arc;

/// The stores of this context.
#[derive(Clone)]
pub struct CrmStores {
    /// Customers.
    pub customers: Arc<dyn CustomerStore>,
}

impl CrmStores {
    /// The ports of a store that honours all of them.
    pub fn of<S: CustomerStore + 'static>(store: &Arc<S>) -> Self {
        Self {
            customers: store.clone(),
        }
    }
}
