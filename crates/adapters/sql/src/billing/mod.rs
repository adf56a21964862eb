//! What was paid for: payments and refunds, and the bills of bookings.

pub(crate) mod bill;
pub mod payment;
pub mod payment_notice;
pub mod payment_source;
