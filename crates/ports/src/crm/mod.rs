//! The people whom a business serves: customers.

mod customer;

pub use customer::{CustomerFilter, CustomerStore};

#[cfg(feature = "mocks")]
pub use customer::MockCustomerStore;

use std::sync::Arc;

/// A store that honours all ports of this context.
pub trait CrmPorts: CustomerStore + 'static {}

impl<S: CustomerStore + 'static> CrmPorts for S {}

/// The stores of this context.
#[derive(Clone)]
pub struct CrmStores {
    /// Customers.
    pub customers: Arc<dyn CustomerStore>,
}

impl CrmStores {
    /// Views one store through each of this context's ports.
    pub fn of<S: CrmPorts>(store: &Arc<S>) -> Self {
        Self {
            customers: store.clone(),
        }
    }
}
