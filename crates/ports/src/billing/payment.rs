//! Payments and refunds: the ledger. The store guards that each is there once, and that no payment is given back more
//! than once.

use crate::{Commit, Failure, Listed, Page, PageRequest, StoreError};
use async_trait::async_trait;
use chatgrow_domain::{
    AccountId, Appointment, ExternalId, Payment, PaymentId, PaymentKind, PaymentRefusal, PaymentStatus,
    PaymentTarget, Provider, Registration, Timestamp, ToldPayment,
};

/// What identifies an entry in its payment system.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PaymentFacts {
    /// The payment system.
    pub provider: Provider,
    /// The entry's id there.
    pub external_id: ExternalId,
    /// Whether it is a payment or a refund. The two may have one id.
    pub kind: PaymentKind,
}

impl PaymentFacts {
    /// What identifies what is told.
    #[must_use]
    pub fn told(told: &ToldPayment) -> Self {
        Self {
            provider: told.provider.clone(),
            external_id: told.external_id.clone(),
            kind: told.kind,
        }
    }

    /// What identifies this entry.
    #[must_use]
    pub fn of(entry: &Payment) -> Self {
        Self {
            provider: entry.provider.clone(),
            external_id: entry.external_id.clone(),
            kind: entry.kind,
        }
    }
}

/// Which entries to list. A field that is `None` matches all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PaymentFilter {
    /// Entries of this booking.
    pub target: Option<PaymentTarget>,
    /// Entries in this status.
    pub status: Option<PaymentStatus>,
    /// Entries that somebody has to look at, or those that nobody has to.
    pub needs_attention: Option<bool>,
    /// Entries that happened at this instant or later.
    pub from: Option<Timestamp>,
    /// Entries that happened before this instant.
    pub before: Option<Timestamp>,
}

/// A booking with the bill that it has after a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BilledBooking {
    /// An appointment.
    Appointment(Appointment),
    /// A registration.
    Registration(Registration),
}

/// What is written when a payment or a refund is recorded or changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentWrite {
    /// The entries that change. One in its [first version](chatgrow_domain::Version::FIRST) is added; any other
    /// replaces the entry with its id, if the stored version is the one before. A payment comes before its refunds.
    pub entries: Vec<Payment>,
    /// The booking, if its bill changes.
    pub booking: Option<BilledBooking>,
}

impl Listed for Payment {
    type Position = PaymentId;

    fn position(&self) -> PaymentId {
        self.id
    }
}

/// Stores payments and refunds.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait PaymentStore: Send + Sync {
    /// Writes the entries and the booking, all of it or nothing.
    ///
    /// If an entry is not in the version before, if another entry has the [facts](PaymentFacts) of a new one, or if the
    /// booking is not in the version before, it MUST return [`PaymentRefusal::Outdated`]. So of any number of
    /// concurrent writes of one new entry one MUST succeed, and no bill misses a payment. If the booking would occupy a
    /// slot or take a place, and can't, it MUST return [`PaymentRefusal::PlaceTaken`]; one that occupied it before MUST
    /// NOT be refused so.
    ///
    /// An entry whose `refunded` or `reported` is more than its `amount` MUST NOT be written: the result is [`StoreError::Failed`].
    async fn record(
        &self,
        account: AccountId,
        write: &PaymentWrite,
        commit: Commit,
    ) -> Result<(), Failure<PaymentRefusal>>;

    /// The entry with that id.
    async fn by_id(&self, account: AccountId, id: PaymentId) -> Result<Option<Payment>, StoreError>;

    /// The entry with these facts.
    async fn by_facts(&self, account: AccountId, facts: &PaymentFacts)
    -> Result<Option<Payment>, StoreError>;

    /// The refunds that name the payment with that id in its payment system, whether or not it is known, ordered by id.
    async fn refunds_of(
        &self,
        account: AccountId,
        provider: &Provider,
        payment: &ExternalId,
    ) -> Result<Vec<Payment>, StoreError>;

    /// The entries that match the filter, ordered by id, which is the order in which they were recorded.
    async fn list(
        &self,
        account: AccountId,
        filter: &PaymentFilter,
        page: PageRequest<PaymentId>,
    ) -> Result<Page<Payment, PaymentId>, StoreError>;
}
