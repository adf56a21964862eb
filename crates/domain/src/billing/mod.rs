//! What is paid for: the terms of a booking, and the ledger of what was paid and given back.

mod bill;
mod payment;
mod provider;
mod terms;

pub use bill::{Bill, PaymentStanding};
pub use payment::{
    Attention, Payment, PaymentEdit, PaymentId, PaymentKind, PaymentRefusal, PaymentStatus, PaymentTarget,
    ToldPayment,
};
pub use provider::{ExternalId, Provider};
pub use terms::{PaymentTerms, PaymentTime};
