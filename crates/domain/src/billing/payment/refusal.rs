//! Why payments are refused.

use crate::{Attention, ChangeRefusal, Invalid, Refusal};

/// Why a payment can't be found, recorded or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PaymentRefusal {
    /// The account has no such payment.
    #[error("there is no such payment")]
    NotFound,
    /// The account has no such appointment.
    #[error("there is no such appointment")]
    AppointmentNotFound,
    /// The account has no such registration.
    #[error("there is no such registration")]
    RegistrationNotFound,
    /// The payment system has told other facts of the same payment before.
    #[error("other facts are known of this payment")]
    Mismatch,
    /// The currency is not that of the booking, or not that of the payment that a refund gives back.
    #[error("the currency differs")]
    CurrencyDiffers,
    /// The amount of a refund is not one of its payment's currency.
    #[error("the amount {0}")]
    Amount(Invalid),
    /// More would be given back than was paid.
    #[error("the refund is more than is left of the payment")]
    RefundTooLarge,
    /// What is changed was changed meanwhile: the entry, its payment or its booking; or the entry was just recorded by
    /// another write.
    #[error("it has changed meanwhile")]
    Outdated,
    /// The booking can't be brought back: its slot or its place is taken.
    #[error("the booking's place is taken")]
    PlaceTaken,
    /// The payment doesn't satisfy the precondition of the change.
    #[error("it has changed")]
    VersionMismatch,
}

impl PaymentRefusal {
    /// Why somebody has to look at an entry that is kept although it can't be counted. `None` if nothing is kept.
    #[must_use]
    pub const fn attention(self) -> Option<Attention> {
        match self {
            Self::CurrencyDiffers => Some(Attention::Currency),
            Self::RefundTooLarge => Some(Attention::Excess),
            Self::AppointmentNotFound | Self::RegistrationNotFound => Some(Attention::Unmatched),
            _ => None,
        }
    }
}

impl Refusal for PaymentRefusal {}

impl ChangeRefusal for PaymentRefusal {
    const VERSION_MISMATCH: Self = Self::VersionMismatch;
}
