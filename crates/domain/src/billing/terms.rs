//! Terms of payment: what a booking costs, and how long it waits for its payment.

use crate::{Currency, Invalid, Money, minutes::minutes_type};

minutes_type! {
    /// For how long a booking waits for its payment: 1 minute to one day.
    PaymentTime, 1 to 1440
}

impl PaymentTime {
    /// The time if the caller names none.
    pub const DEFAULT: Self = Self(15);
}

/// What has to be paid for a booking, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaymentTerms {
    /// All that has to be paid. It is more than 0.
    pub amount: Money,
    /// The currency.
    pub currency: Currency,
    /// What has to be paid for the booking to be confirmed: a part of the amount, or all of it.
    pub deposit: Money,
    /// How long the booking waits for the deposit.
    pub time: PaymentTime,
}

impl PaymentTerms {
    /// Terms. Without a deposit, all of the amount confirms the booking.
    ///
    /// # Errors
    /// The field, and why it is refused: `amount` if it is 0, or `deposit` if it is 0 or more than the amount.
    pub fn new(
        amount: Money,
        currency: Currency,
        deposit: Option<Money>,
        time: PaymentTime,
    ) -> Result<Self, (&'static str, Invalid)> {
        if amount.as_minor() == 0 {
            return Err(("amount", Invalid::NothingDue));
        }
        let deposit = deposit.unwrap_or(amount);
        if deposit.as_minor() == 0 || deposit > amount {
            return Err(("deposit", Invalid::Deposit));
        }
        Ok(Self {
            amount,
            currency,
            deposit,
            time,
        })
    }
}
