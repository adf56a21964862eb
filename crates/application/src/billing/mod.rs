//! What is paid for: payments and refunds, and the bookings that wait for them.

mod booking;
mod payment;

pub use payment::Payments;

use crate::{System, commit::Commits};
use chatgrow_ports::Stores;

/// The use cases of this context.
pub struct Billing {
    /// Payments and refunds.
    pub payments: Payments,
}

impl Billing {
    pub(crate) fn new(stores: &Stores, system: &System, commits: &Commits) -> Self {
        Self {
            payments: Payments::new(stores, system, commits),
        }
    }
}
