//! Payments and refunds: the entries of the ledger. What a payment system tells of one may come twice, late, and in any
//! order.

use crate::{
    Currency, ExternalId, Money, PaymentTarget, Provider, Revised, Revision, Timestamp, Version,
    choice::choice, ids::id_type,
};
pub use refusal::PaymentRefusal;

mod refusal;

id_type! {
    /// The id of a [`Payment`].
    PaymentId
}

choice! {
    /// Which way the money goes.
    PaymentKind {
        /// A customer pays.
        Payment = "payment",
        /// A payment is given back, or a part of it.
        Refund = "refund",
    }
}

choice! {
    /// How far a payment got. An attempt can fail and then succeed, so a status only advances.
    PaymentStatus {
        /// It is under way.
        Pending = "pending",
        /// It has failed.
        Failed = "failed",
        /// It was given up.
        Cancelled = "cancelled",
        /// The money has moved.
        Succeeded = "succeeded",
    }
}

impl PaymentStatus {
    /// The status after this one and then `next` were told. A lower one comes too late, and counts no more.
    #[must_use]
    pub const fn advanced(self, next: Self) -> Self {
        const fn rank(status: PaymentStatus) -> u8 {
            match status {
                PaymentStatus::Pending => 0,
                PaymentStatus::Failed | PaymentStatus::Cancelled => 1,
                PaymentStatus::Succeeded => 2,
            }
        }
        if rank(next) > rank(self) { next } else { self }
    }
}

choice! {
    /// Why somebody has to look at a payment.
    Attention {
        /// It names no booking. A refund names no payment that is known.
        Unmatched = "unmatched",
        /// Its booking is cancelled, or had expired and could not be brought back.
        Late = "late",
        /// Its currency is not that of the booking, or of the payment, that it names. So it is not counted there.
        Currency = "currency",
        /// More would be given back than was paid. So it is not counted.
        Excess = "excess",
        /// The payment system has told other facts of it later.
        Mismatch = "mismatch",
    }
}

/// An entry of the ledger: a payment, or a refund of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// The entry's id.
    pub id: PaymentId,
    /// Whether it is a payment or a refund.
    pub kind: PaymentKind,
    /// The payment system that it comes from.
    pub provider: Provider,
    /// Its id there.
    pub external_id: ExternalId,
    /// The external id of the payment that a refund gives back.
    pub refund_of: Option<ExternalId>,
    /// The payment that a refund gives back, once it is known.
    pub payment: Option<PaymentId>,
    /// What was paid for, once it is known. A refund has the target of its payment.
    pub target: Option<PaymentTarget>,
    /// How much it is.
    pub amount: Money,
    /// The currency.
    pub currency: Currency,
    /// How far it got.
    pub status: PaymentStatus,
    /// The sum of a payment's refunds that have succeeded. A refund has 0.
    pub refunded: Money,
    /// How much of a payment was given back, as the payment system tells in one sum: the greatest that it told.
    pub reported: Money,
    /// Why somebody has to look at it.
    pub attention: Option<Attention>,
    /// When it happened, as the payment system tells it.
    pub occurred_at: Timestamp,
    /// When it was recorded.
    pub created_at: Timestamp,
    /// When the entry last changed.
    pub updated_at: Timestamp,
    /// Incremented by every change.
    pub version: Version,
}

/// What a payment system tells of a payment or a refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldPayment {
    /// See [`Payment::kind`].
    pub kind: PaymentKind,
    /// See [`Payment::provider`].
    pub provider: Provider,
    /// See [`Payment::external_id`].
    pub external_id: ExternalId,
    /// See [`Payment::refund_of`].
    pub refund_of: Option<ExternalId>,
    /// What was paid for, if it is told.
    pub target: Option<PaymentTarget>,
    /// See [`Payment::amount`].
    pub amount: Money,
    /// See [`Payment::currency`].
    pub currency: Currency,
    /// See [`Payment::status`].
    pub status: PaymentStatus,
    /// See [`Payment::reported`]. It is 0 if nothing is told, and at most the amount.
    pub reported: Money,
    /// When it happened; now, if it is not told.
    pub occurred_at: Option<Timestamp>,
}

/// What a person decides about a payment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PaymentEdit {
    /// What was paid for.
    pub target: Option<PaymentTarget>,
    /// Whether nobody has to look at it any more.
    pub settled: bool,
}

impl Revised for Payment {
    fn revision(&self) -> Revision {
        Revision::of(self.id, [self.version])
    }
}

impl Payment {
    /// A new entry.
    #[must_use]
    pub fn new(id: PaymentId, told: ToldPayment, now: Timestamp) -> Self {
        Self {
            id,
            kind: told.kind,
            provider: told.provider,
            external_id: told.external_id,
            refund_of: told.refund_of,
            payment: None,
            target: told.target,
            amount: told.amount,
            currency: told.currency,
            status: told.status,
            refunded: Money::ZERO,
            reported: told.reported,
            attention: None,
            occurred_at: told.occurred_at.unwrap_or(now),
            created_at: now,
            updated_at: now,
            version: Version::FIRST,
        }
        .looked_after(PaymentStatus::Pending)
    }

    /// The state after it is told again, without its next version. If nothing is new, the result equals `self`.
    ///
    /// Money that has moved is a fact. An attempt is none: the amount and the booking are those of the one that
    /// succeeds, whichever is told first.
    ///
    /// # Errors
    /// [`PaymentRefusal::Mismatch`] if another amount, currency, booking or payment is told than before.
    pub fn told_again(&self, told: &ToldPayment) -> Result<Self, PaymentRefusal> {
        if self.currency != told.currency || self.refund_of != told.refund_of {
            return Err(PaymentRefusal::Mismatch);
        }
        if self.amount == told.amount
            && let Ok(matched) = self.matched_with(told.target)
        {
            return Ok(matched.advanced(told));
        }
        let has_moved = |status| status == PaymentStatus::Succeeded;
        match (has_moved(self.status), has_moved(told.status)) {
            (true, false) => Ok(self.clone()),
            (false, true) if told.amount >= self.given_back() => {
                let succeeds = Self {
                    amount: told.amount,
                    target: told.target.or(self.target),
                    attention: None,
                    ..self.clone()
                };
                Ok(succeeds.advanced(told))
            }
            _ => Err(PaymentRefusal::Mismatch),
        }
    }

    /// The state after the same amount is told again, without its next version.
    fn advanced(self, told: &ToldPayment) -> Self {
        let before = self.status;
        let status = before.advanced(told.status);
        let occurred_at = match told.occurred_at {
            // When the money moved, not when it was first attempted.
            Some(at) if status != before => at,
            // Several notices tell of one step, each with its own time, and come in any order.
            Some(at) if told.status == status => at.min(self.occurred_at),
            _ => self.occurred_at,
        };
        Self {
            status,
            reported: self.reported.max(told.reported),
            occurred_at,
            ..self
        }
        .looked_after(before)
    }

    /// The state after a person has decided about it, without its next version. If nothing is new, the result equals
    /// `self`.
    ///
    /// # Errors
    /// [`PaymentRefusal::Mismatch`] if it was matched with another booking before.
    pub fn edited(&self, edit: &PaymentEdit) -> Result<Self, PaymentRefusal> {
        let matched = self.matched_with(edit.target)?.looked_after(self.status);
        Ok(Self {
            attention: matched.attention.filter(|_| !edit.settled),
            ..matched
        })
    }

    /// The state after a notice has contradicted it, without its next version.
    #[must_use]
    pub fn contradicted(&self) -> Self {
        Self {
            attention: Some(Attention::Mismatch),
            ..self.clone()
        }
    }

    /// The entry if it is kept without being counted anywhere, without its next version. `before` is the state that was
    /// known before. If nothing has moved since, somebody may have looked at it already.
    #[must_use]
    pub fn set_aside(&self, before: Option<&Self>, why: Attention) -> Self {
        let attention = match (self.attention, before) {
            (Some(Attention::Mismatch), _) => self.attention,
            (_, Some(before)) if before.status == self.status => before.attention,
            _ => Some(why),
        };
        Self {
            payment: None,
            target: None,
            attention,
            ..self.clone()
        }
    }

    /// How much of a payment was given back: the sum of its refunds, or what its payment system tells, if that is more.
    #[must_use]
    pub fn given_back(&self) -> Money {
        self.refunded.max(self.reported)
    }

    /// The refund after its payment has become known, without its next version.
    #[must_use]
    pub fn joined(&self, payment: &Self) -> Self {
        Self {
            payment: Some(payment.id),
            target: payment.target,
            attention: self.attention.filter(|why| *why == Attention::Mismatch),
            ..self.clone()
        }
    }

    /// The refund after its payment has become known and doesn't take it, without its next version.
    #[must_use]
    pub fn not_joined(&self, refusal: PaymentRefusal) -> Self {
        Self {
            attention: match self.attention {
                Some(Attention::Unmatched) => refusal.attention().or(self.attention),
                attention => attention,
            },
            ..self.clone()
        }
    }

    /// The payment after one of its refunds has changed from `before` to `after`, without its next version.
    ///
    /// # Errors
    /// [`PaymentRefusal::RefundTooLarge`] if more would be given back than was paid, or
    /// [`PaymentRefusal::CurrencyDiffers`].
    pub fn with_refund(&self, before: Option<&Self>, after: &Self) -> Result<Self, PaymentRefusal> {
        if after.currency != self.currency {
            return Err(PaymentRefusal::CurrencyDiffers);
        }
        let given_back = |refund: &Self| match refund.status {
            PaymentStatus::Succeeded if refund.payment.is_some() => refund.amount.as_minor(),
            _ => 0,
        };
        let refunded = self.refunded.as_minor() - before.map_or(0, given_back) + given_back(after);
        let refunded = Money::from_minor(refunded)
            .ok()
            .filter(|refunded| *refunded <= self.amount);
        Ok(Self {
            refunded: refunded.ok_or(PaymentRefusal::RefundTooLarge)?,
            ..self.clone()
        })
    }

    /// `next` as the state that follows this one: in the next version, if anything is different.
    #[must_use]
    pub fn followed_by(&self, next: Self, now: Timestamp) -> Self {
        if next == *self {
            return next;
        }
        Self {
            updated_at: now,
            version: self.version.next(),
            ..next
        }
    }

    /// What it adds to its booking's bill, in minor units: what was paid, and how much of it was given back. Refunds
    /// count as a part of their payment.
    #[must_use]
    pub fn share_of_bill(&self) -> (i64, i64) {
        match (self.kind, self.status, self.target) {
            (PaymentKind::Payment, PaymentStatus::Succeeded, Some(_)) => {
                (self.amount.as_minor(), self.given_back().as_minor())
            }
            _ => (0, 0),
        }
    }

    fn matched_with(&self, target: Option<PaymentTarget>) -> Result<Self, PaymentRefusal> {
        match (self.target, target) {
            (Some(known), Some(told)) if known != told => Err(PaymentRefusal::Mismatch),
            (known, told) => Ok(Self {
                target: known.or(told),
                ..self.clone()
            }),
        }
    }

    /// With [`Attention::Unmatched`] from when the money has moved until it is known for what. `before` is the status
    /// that was known before.
    fn looked_after(self, before: PaymentStatus) -> Self {
        let known = match self.kind {
            PaymentKind::Payment => self.target.is_some(),
            PaymentKind::Refund => self.payment.is_some(),
        };
        let moves = self.status == PaymentStatus::Succeeded && before != self.status;
        Self {
            attention: match self.attention {
                Some(Attention::Unmatched | Attention::Currency) if known => None,
                None if moves && !known => Some(Attention::Unmatched),
                attention => attention,
            },
            ..self
        }
    }
}

#[cfg(test)]
mod tests;
