//! Registrations: a customer's place at an event. A customer has at most one place at an event.

use crate::{
    Bill, ChangeRefusal, Customer, CustomerSummary, EventId, Notes, PaymentTerms, Refusal, Revised, Revision,
    Timestamp, Version, choice::choice, ids::id_type,
};

id_type! {
    /// The id of a [`Registration`].
    RegistrationId
}

choice! {
    /// A registration's status, which decides whether it takes a place.
    RegistrationStatus {
        /// It waits for its payment, and has its place until then.
        Pending = "pending",
        /// The place is the customer's.
        Confirmed = "confirmed",
        /// It doesn't take a place, and never will again.
        Cancelled = "cancelled",
        /// It was not paid in time, and doesn't take a place. A late payment can bring it back.
        Expired = "expired",
    }
}

impl RegistrationStatus {
    /// Whether a registration in this status takes a place of its event. The stores' guards enforce the same rule.
    #[must_use]
    pub const fn takes_place(self) -> bool {
        match self {
            Self::Pending | Self::Confirmed => true,
            Self::Cancelled | Self::Expired => false,
        }
    }
}

/// A customer's place at an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// The registration's id.
    pub id: RegistrationId,
    /// The event.
    pub event_id: EventId,
    /// The customer, in its present state.
    pub customer: CustomerSummary,
    /// Free notes.
    pub notes: Option<Notes>,
    /// The status.
    pub status: RegistrationStatus,
    /// Until when it waits, or has waited, for its payment. Only a pending or an expired one has it.
    pub held_until: Option<Timestamp>,
    /// What it costs and what was paid for it, if it has terms of payment or was paid for.
    pub bill: Option<Bill>,
    /// When it was created.
    pub created_at: Timestamp,
    /// Incremented by every change.
    pub version: Version,
}

impl Revised for Registration {
    fn revision(&self) -> Revision {
        Revision::of(self.id, [self.version, self.customer.version])
    }
}

/// Why a registration can't be found, created or cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RegistrationRefusal {
    /// The account has no such event.
    #[error("there is no such event")]
    EventNotFound,
    /// The account has no customer with that address.
    #[error("there is no such customer")]
    CustomerNotFound,
    /// The event has no such registration.
    #[error("there is no such registration")]
    NotFound,
    /// The event is completed or cancelled.
    #[error("the event is not active")]
    NotActive,
    /// The customer has a place at the event already.
    #[error("the customer is registered already")]
    AlreadyRegistered,
    /// Every place is taken.
    #[error("the event is full")]
    Full,
    /// The registration is no longer in the version that the change is based on, or doesn't satisfy the precondition of
    /// its cancellation.
    #[error("it has changed")]
    VersionMismatch,
}

impl Refusal for RegistrationRefusal {}

impl ChangeRefusal for RegistrationRefusal {
    const VERSION_MISMATCH: Self = Self::VersionMismatch;
}

impl Registration {
    /// A new place for `customer`.
    #[must_use]
    pub fn new(
        id: RegistrationId,
        event_id: EventId,
        customer: &Customer,
        notes: Option<Notes>,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            event_id,
            customer: customer.summary(),
            notes,
            status: RegistrationStatus::Confirmed,
            held_until: None,
            bill: None,
            created_at: now,
            version: Version::FIRST,
        }
    }

    /// The same new registration, if it has to be paid: it waits for its payment.
    #[must_use]
    pub fn to_be_paid(self, terms: &PaymentTerms) -> Self {
        Self {
            status: RegistrationStatus::Pending,
            held_until: Some(self.created_at.minutes_later(terms.time.as_minutes())),
            bill: Some(Bill::of(terms)),
            ..self
        }
    }

    /// The state after it was not paid in time. `None` unless it has waited long enough at `now`.
    #[must_use]
    pub fn expired(&self, now: Timestamp) -> Option<Self> {
        let due =
            self.status == RegistrationStatus::Pending && self.held_until.is_some_and(|until| until <= now);
        due.then(|| {
            self.followed_by(Self {
                status: RegistrationStatus::Expired,
                ..self.clone()
            })
        })
    }

    /// The cancelled state, which keeps what was paid. If it takes no place already, the result equals `self`.
    #[must_use]
    pub fn cancelled(&self) -> Self {
        if !self.status.takes_place() {
            return self.clone();
        }
        self.followed_by(Self {
            status: RegistrationStatus::Cancelled,
            held_until: None,
            ..self.clone()
        })
    }

    /// The state with that bill. If enough is paid, a pending registration is confirmed, whenever that is, and an
    /// expired one if `returns`.
    #[must_use]
    pub fn billed(&self, bill: Bill, returns: bool) -> Self {
        let waits = match self.status {
            RegistrationStatus::Pending => true,
            RegistrationStatus::Expired => returns,
            RegistrationStatus::Confirmed | RegistrationStatus::Cancelled => false,
        };
        let mut next = Self {
            bill: Some(bill),
            ..self.clone()
        };
        if waits && bill.is_secured() {
            next.status = RegistrationStatus::Confirmed;
            next.held_until = None;
        }
        self.followed_by(next)
    }

    fn followed_by(&self, next: Self) -> Self {
        if next == *self {
            return next;
        }
        Self {
            version: self.version.next(),
            ..next
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CustomerId, CustomerName, EmailAddress, Money, NewCustomer, ObjectId, PaymentTime};

    #[test]
    fn a_place_waits_for_its_payment_and_is_confirmed_or_expires() {
        let at = |millis| Timestamp::from_millis(millis).unwrap();
        let id = ObjectId::from_bytes([1; 12]);
        let new = NewCustomer {
            name: CustomerName::new("Dana").unwrap(),
            email: EmailAddress::new("dana@example.com").unwrap(),
            phone: None,
            notes: None,
        };
        let customer = Customer::new(CustomerId::new(id), new, at(0));
        let amount = Money::from_minor(100).unwrap();
        let terms = PaymentTerms::new(amount, "ILS".parse().unwrap(), None, PaymentTime::DEFAULT).unwrap();
        let place = Registration::new(RegistrationId::new(id), EventId::new(id), &customer, None, at(0));
        let waiting = place.to_be_paid(&terms);
        let until = at(15 * 60_000);
        assert_eq!(
            (waiting.status, waiting.held_until),
            (RegistrationStatus::Pending, Some(until))
        );
        let bill = |paid| Bill {
            paid,
            ..waiting.bill.unwrap()
        };
        assert_eq!(waiting.billed(bill(99), true).status, RegistrationStatus::Pending);
        let confirmed = waiting.billed(bill(100), false);
        assert_eq!(
            (confirmed.status, confirmed.held_until),
            (RegistrationStatus::Confirmed, None)
        );
        assert_eq!(confirmed.version, Version::FIRST.next());
        assert_eq!(waiting.expired(at(until.as_millis() - 1)), None);
        let expired = waiting.expired(until).unwrap();
        assert_eq!(expired.cancelled(), expired);
        assert_eq!(
            expired.billed(bill(100), false).status,
            RegistrationStatus::Expired
        );
        assert_eq!(
            expired.billed(bill(100), true).status,
            RegistrationStatus::Confirmed
        );
        let cancelled = confirmed.cancelled();
        assert_eq!(
            (cancelled.status, cancelled.bill),
            (RegistrationStatus::Cancelled, Some(bill(100)))
        );
        assert_eq!(
            cancelled.billed(bill(50), true).status,
            RegistrationStatus::Cancelled
        );
    }
}
