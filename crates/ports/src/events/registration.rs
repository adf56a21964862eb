//! Registrations. The store guards that an event never has more participants than its capacity, and that a customer has
//! at most one place at it.

use crate::{Commit, Failure, Listed, Page, PageRequest, StoreError};
use async_trait::async_trait;
use chatgrow_domain::{AccountId, CustomerId, EventId, Registration, RegistrationId, RegistrationRefusal};

impl Listed for Registration {
    type Position = RegistrationId;

    fn position(&self) -> RegistrationId {
        self.id
    }
}

/// Stores registrations, and counts them in their event.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait RegistrationStore: Send + Sync {
    /// Gives a customer a place at an event, counts it in the event, and increments the event's version.
    ///
    /// Under any concurrency, `participants` MUST equal the number of registrations and never exceed the capacity, an
    /// event that is not active MUST NOT take a registration, and a customer MUST have at most one place. If there are
    /// several reasons for a refusal, the first of these MUST be returned: no such event, not active, already
    /// registered, full. If none of these applies, but the account has no such customer, the result is
    /// [`StoreError::Failed`].
    async fn register(
        &self,
        account: AccountId,
        registration: &Registration,
        commit: Commit,
    ) -> Result<(), Failure<RegistrationRefusal>>;

    /// The registration with that id, if it belongs to that event.
    async fn by_id(
        &self,
        account: AccountId,
        event: EventId,
        id: RegistrationId,
    ) -> Result<Option<Registration>, StoreError>;

    /// The event's registrations, ordered by id, which is the order of their creation.
    async fn list(
        &self,
        account: AccountId,
        event: EventId,
        page: PageRequest<RegistrationId>,
    ) -> Result<Page<Registration, RegistrationId>, StoreError>;

    /// The customer's registrations for all events, ordered by id.
    async fn of_customer(
        &self,
        account: AccountId,
        customer: CustomerId,
        page: PageRequest<RegistrationId>,
    ) -> Result<Page<Registration, RegistrationId>, StoreError>;

    /// Frees a place, whatever the event's status, subtracts it from the event's participants, and increments the
    /// event's version. Returns whether there was such a registration: of any number of concurrent calls exactly one
    /// MUST return `true`. If there was none, the commit MUST NOT be written.
    async fn unregister(
        &self,
        account: AccountId,
        event: EventId,
        id: RegistrationId,
        commit: Commit,
    ) -> Result<bool, StoreError>;
}
