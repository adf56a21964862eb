//! Bills: what a booking costs, and what was paid for it so far.

use crate::{Amount, Currency, Money, Payment, PaymentTerms, choice::choice};

choice! {
    /// How far a booking is paid.
    PaymentStanding {
        /// Nothing has to be paid, and nothing was.
        NotRequired = "not_required",
        /// Less than the deposit was paid.
        Unpaid = "unpaid",
        /// The deposit was paid, but not all.
        DepositPaid = "deposit_paid",
        /// All was paid.
        Paid = "paid",
        /// More was paid than has to be.
        Overpaid = "overpaid",
        /// A part was given back, and what is left is less than has to be paid.
        PartiallyRefunded = "partially_refunded",
        /// All that was paid was given back.
        Refunded = "refunded",
    }
}

/// What a booking costs, and what was paid for it and given back so far. The sums are those of the ledger: every write
/// of a payment that succeeded writes them, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bill {
    /// The currency of all amounts.
    pub currency: Currency,
    /// All that has to be paid. It is 0 if the booking has no terms, but was paid for.
    pub amount: Money,
    /// What has to be paid for the booking to be confirmed.
    pub deposit: Money,
    /// What was paid, in minor units.
    pub paid: i64,
    /// How much of it was given back, in minor units.
    pub refunded: i64,
}

impl Bill {
    /// A bill of which nothing was paid.
    #[must_use]
    pub const fn new(currency: Currency, amount: Money, deposit: Money) -> Self {
        Self {
            currency,
            amount,
            deposit,
            paid: 0,
            refunded: 0,
        }
    }

    /// The bill of a booking with these terms.
    #[must_use]
    pub const fn of(terms: &PaymentTerms) -> Self {
        Self::new(terms.currency, terms.amount, terms.deposit)
    }

    /// The bill after one of the booking's payments has changed from `before` to `after`.
    #[must_use]
    pub fn with(self, before: Option<&Payment>, after: &Payment) -> Self {
        let (paid, refunded) = before.map_or((0, 0), Payment::share_of_bill);
        let (now_paid, now_refunded) = after.share_of_bill();
        Self {
            paid: self.paid - paid + now_paid,
            refunded: self.refunded - refunded + now_refunded,
            ..self
        }
    }

    /// What was paid and not given back, in minor units: what can still be refunded.
    #[must_use]
    pub const fn left(&self) -> i64 {
        self.paid - self.refunded
    }

    /// What still has to be paid, in minor units.
    #[must_use]
    pub fn due(&self) -> i64 {
        (self.amount.as_minor() - self.left()).max(0)
    }

    /// Whether enough was paid for the booking to be confirmed.
    #[must_use]
    pub const fn is_secured(&self) -> bool {
        self.left() >= self.deposit.as_minor()
    }

    /// How far the booking is paid.
    #[must_use]
    pub fn standing(&self) -> PaymentStanding {
        let (amount, left) = (self.amount.as_minor(), self.left());
        match () {
            () if self.refunded > 0 && left == 0 => PaymentStanding::Refunded,
            () if self.refunded > 0 && left < amount.max(1) => PaymentStanding::PartiallyRefunded,
            // Without terms, nothing is too much.
            () if amount == 0 && self.refunded > 0 => PaymentStanding::PartiallyRefunded,
            () if amount == 0 && self.paid == 0 => PaymentStanding::NotRequired,
            () if amount == 0 || left == amount => PaymentStanding::Paid,
            () if left > amount => PaymentStanding::Overpaid,
            () if self.is_secured() => PaymentStanding::DepositPaid,
            () => PaymentStanding::Unpaid,
        }
    }

    /// Some minor units of the bill's currency, for display.
    #[must_use]
    pub fn shown(&self, minor: i64) -> Amount {
        Amount::new(minor, self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bill(amount: i64, deposit: i64, paid: i64, refunded: i64) -> Bill {
        let money = |minor| Money::from_minor(minor).unwrap();
        Bill {
            paid,
            refunded,
            ..Bill::new("ILS".parse().unwrap(), money(amount), money(deposit))
        }
    }

    #[test]
    fn the_standing_follows_from_the_sums() {
        use PaymentStanding as S;
        for ((amount, deposit, paid, refunded), standing, due) in [
            ((100, 30, 0, 0), S::Unpaid, 100),
            ((100, 30, 29, 0), S::Unpaid, 71),
            ((100, 30, 30, 0), S::DepositPaid, 70),
            ((100, 100, 99, 0), S::Unpaid, 1),
            ((100, 30, 100, 0), S::Paid, 0),
            ((100, 30, 120, 0), S::Overpaid, 0),
            ((100, 30, 120, 20), S::Paid, 0),
            ((100, 30, 130, 20), S::Overpaid, 0),
            ((100, 30, 100, 1), S::PartiallyRefunded, 1),
            ((100, 30, 30, 10), S::PartiallyRefunded, 80),
            ((100, 30, 100, 100), S::Refunded, 100),
            ((0, 0, 0, 0), S::NotRequired, 0),
            ((0, 0, 50, 0), S::Paid, 0),
            ((0, 0, 50, 20), S::PartiallyRefunded, 0),
            ((0, 0, 50, 50), S::Refunded, 0),
        ] {
            let bill = bill(amount, deposit, paid, refunded);
            assert_eq!((bill.standing(), bill.due()), (standing, due), "{bill:?}");
        }
    }

    #[test]
    fn what_was_given_back_secures_nothing() {
        assert!(bill(100, 30, 30, 0).is_secured());
        assert!(!bill(100, 30, 30, 1).is_secured());
    }
}
