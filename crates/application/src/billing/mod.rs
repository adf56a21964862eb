//! What is paid for: payments and refunds, the bookings that wait for them, and the payment systems that tell of them.

mod booking;
mod ledger;
mod notice;
mod payment;
mod payment_source;

pub use notice::{Notices, Reception};
pub use payment::Payments;
pub use payment_source::{NewPaymentSource, PaymentSources, WithNoticeSecret};

use crate::{System, commit::Commits};
use chatgrow_ports::Stores;
use ledger::Ledger;
use std::sync::Arc;

/// The use cases of this context.
pub struct Billing {
    /// Payments and refunds.
    pub payments: Payments,
    /// Payment systems that tell of payments themselves.
    pub sources: PaymentSources,
    /// What they tell.
    pub notices: Notices,
}

impl Billing {
    pub(crate) fn new(stores: &Stores, system: &System, commits: &Commits) -> Self {
        let ledger = Arc::new(Ledger::new(stores, system, commits));
        Self {
            payments: Payments::new(stores, system, commits, &ledger),
            sources: PaymentSources::new(stores, system, commits),
            notices: Notices::new(stores, system, commits, &ledger),
        }
    }
}
