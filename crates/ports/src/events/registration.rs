//! Registrations. The store guards that an event never has more participants than its capacity, and that a customer has
//! at most one place at it.

use crate::{Commit, Failure, Listed, Page, PageRequest, StoreError};
use async_trait::async_trait;
use chatgrow_domain::{
    AccountId, CustomerId, EventId, Registration, RegistrationId, RegistrationRefusal, Timestamp,
};

/// A registration that was not paid in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnpaidRegistration {
    /// The registration's account.
    pub account: AccountId,
    /// The registration.
    pub registration: Registration,
}

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
    /// Under any concurrency, `participants` MUST equal the number of registrations whose status [takes a
    /// place](chatgrow_domain::RegistrationStatus::takes_place) and never exceed the capacity, an event that is not
    /// active MUST NOT give a place, and a customer MUST have at most one place. If there are several reasons for a
    /// refusal, the first of these MUST be returned: no such event, not active, already registered, full. If none of
    /// these applies, but the account has no such customer, the result is [`StoreError::Failed`].
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

    /// The registration with that id, whichever event it belongs to.
    async fn anywhere(
        &self,
        account: AccountId,
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

    /// Replaces the registration with this id by this state, if the stored version is the one before
    /// `registration.version`. Otherwise it MUST return [`RegistrationRefusal::VersionMismatch`], also if there is no
    /// such registration. Of any number of concurrent updates of one version one MUST succeed.
    ///
    /// A place that is given or freed by it is counted in the event, and guarded as in [`register`](Self::register).
    async fn update(
        &self,
        account: AccountId,
        registration: &Registration,
        commit: Commit,
    ) -> Result<(), Failure<RegistrationRefusal>>;

    /// Registrations that are pending and should have been paid, with their accounts: those whose `held_until` is `now`
    /// or earlier, `most` of them at most, of all accounts or of one.
    async fn unpaid(
        &self,
        account: Option<AccountId>,
        now: Timestamp,
        most: u32,
    ) -> Result<Vec<UnpaidRegistration>, StoreError>;

    /// Removes this registration, if it is stored in this version. This frees its place, if it has one, whatever the
    /// event's status: it is subtracted from the event's participants, and the event's version is incremented. Returns
    /// whether it was there in that version: of any number of concurrent calls exactly one MUST return `true`. If it
    /// was not, the commit MUST NOT be written. One that has payments is never removed.
    async fn unregister(
        &self,
        account: AccountId,
        registration: &Registration,
        commit: Commit,
    ) -> Result<bool, StoreError>;
}
