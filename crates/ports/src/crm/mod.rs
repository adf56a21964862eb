//! The people whom a business serves: customers.

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
    /// Views one store through each of this context's ports.
    pub fn of<S: CustomerStore + 'static>(store: &Arc<S>) -> Self {
        Self {
            customers: store.clone(),
        }
    }
}
