//! What was paid for: payments and refunds, and what payment systems tell of them.

mod notice_reader;
mod payment;
mod payment_source;

pub use notice_reader::{Message, NoticeFault, NoticeReader};
pub use payment::{BilledBooking, PaymentFacts, PaymentFilter, PaymentStore, PaymentWrite};
pub use payment_source::{PaymentNoticeStore, PaymentSourceStore};

#[cfg(feature = "mocks")]
pub use {
    notice_reader::MockNoticeReader,
    payment::MockPaymentStore,
    payment_source::{MockPaymentNoticeStore, MockPaymentSourceStore},
};

use std::sync::Arc;

/// A store that honours all ports of this context.
pub trait BillingPorts: PaymentStore + PaymentSourceStore + PaymentNoticeStore + 'static {}

impl<S: PaymentStore + PaymentSourceStore + PaymentNoticeStore + 'static> BillingPorts for S {}

/// The stores of this context.
#[derive(Clone)]
pub struct BillingStores {
    /// Payments and refunds.
    pub payments: Arc<dyn PaymentStore>,
    /// Payment sources.
    pub sources: Arc<dyn PaymentSourceStore>,
    /// The log of their notices.
    pub notices: Arc<dyn PaymentNoticeStore>,
}

impl BillingStores {
    /// Views one store through each of this context's ports.
    pub fn of<S: BillingPorts>(store: &Arc<S>) -> Self {
        Self {
            payments: store.clone(),
            sources: store.clone(),
            notices: store.clone(),
        }
    }
}
