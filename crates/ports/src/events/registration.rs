//! Registrations. The store guards that an event's count never passes its capacity and that a customer has one place.

use crate::{Commit, Failure, Listed, Page, PageRequest, StoreError};
use async_trait::async_trait;
use chatgrow_domain::{AccountId, CustomerId, EventId, Registration, RegistrationId, RegistrationRefusal};

impl Listed for Registration {
    type Position = RegistrationId;

    fn position(&self) -> RegistrationId {
        self.id
    }
}

/// Keeps registrations, and counts them in their event.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait RegistrationStore: Send + Sync {
    /// Gives a customer of the account a place (one whom the account doesn't have is a [`StoreError::Failed`], if none of the reasons
    /// below speaks against it first), and counts it in the event, whose version moves on. Under any
    /// concurrency `participants` MUST equal the number of registrations and never pass the capacity, only an active
    /// event MUST take anybody, and a customer MUST have one place at most. Where several reasons speak against it, the
    /// first of these MUST be returned: no such event, not active, already registered, full.
    async fn register(
        &self,
        account: AccountId,
        registration: &Registration,
        commit: Commit,
    ) -> Result<(), Failure<RegistrationRefusal>>;

    /// The registration with that id, where it is one of that event.
    async fn by_id(
        &self,
        account: AccountId,
        event: EventId,
        id: RegistrationId,
    ) -> Result<Option<Registration>, StoreError>;

    /// The event's registrations in the order of their ids, which is the order in which they came.
    async fn list(
        &self,
        account: AccountId,
        event: EventId,
        page: PageRequest<RegistrationId>,
    ) -> Result<Page<Registration, RegistrationId>, StoreError>;

    /// The customer's registrations, for whichever events, in the order of their ids.
    async fn of_customer(
        &self,
        account: AccountId,
        customer: CustomerId,
        page: PageRequest<RegistrationId>,
    ) -> Result<Page<Registration, RegistrationId>, StoreError>;

    /// Frees a place, in whatever status the event is, and counts it off; the event's version moves on. Returns whether
    /// there was such a registration: of any number of concurrent calls exactly one MUST return `true`. Where there was none the
    /// commit MUST NOT be written.
    async fn unregister(
        &self,
        account: AccountId,
        event: EventId,
        id: RegistrationId,
        commit: Commit,
    ) -> Result<bool, StoreError>;
}
