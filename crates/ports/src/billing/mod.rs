//! What was paid for: payments and refunds.

mod payment;

pub use payment::{BilledBooking, PaymentFacts, PaymentFilter, PaymentStore, PaymentWrite};

#[cfg(feature = "mocks")]
pub use payment::MockPaymentStore;

use std::sync::Arc;

/// A store that honours all ports of this context.
pub trait BillingPorts: PaymentStore + 'static {}

impl<S: PaymentStore + 'static> BillingPorts for S {}

/// The stores of this context.
#[derive(Clone)]
pub struct BillingStores {
    /// Payments and refunds.
    pub payments: Arc<dyn PaymentStore>,
}

impl BillingStores {
    /// Views one store through each of this context's ports.
    pub fn of<S: BillingPorts>(store: &Arc<S>) -> Self {
        Self {
            payments: store.clone(),
        }
    }
}
