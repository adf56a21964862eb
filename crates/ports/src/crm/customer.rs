//! Customers. The store guards that an e-mail address is unique within an account.

use crate::{Commit, Failure, Listed, Page, PageRequest, StoreError};
use async_trait::async_trait;
use chatgrow_domain::{AccountId, Customer, CustomerId, CustomerRefusal, EmailKey, SearchTerm, Timestamp};

/// Which customers to list. A field that is `None` matches all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomerFilter {
    /// The customer with this address.
    pub email: Option<EmailKey>,
    /// Customers that the term [matches](SearchTerm::matches).
    pub search: Option<SearchTerm>,
    /// Customers that last changed at this instant or later.
    pub updated_since: Option<Timestamp>,
}

impl Listed for Customer {
    type Position = CustomerId;

    fn position(&self) -> CustomerId {
        self.id
    }
}

/// Stores customers.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait CustomerStore: Send + Sync {
    /// Adds a customer. Of any number of concurrent inserts (or updates) with the same address, compared by
    /// [key](chatgrow_domain::EmailAddress::key), exactly one MUST succeed. The others MUST return
    /// [`CustomerRefusal::EmailTaken`].
    async fn insert(
        &self,
        account: AccountId,
        customer: &Customer,
        commit: Commit,
    ) -> Result<(), Failure<CustomerRefusal>>;

    /// The account's customer with that id.
    async fn by_id(&self, account: AccountId, id: CustomerId) -> Result<Option<Customer>, StoreError>;

    /// The customer with that address.
    async fn by_email(&self, account: AccountId, email: &EmailKey) -> Result<Option<Customer>, StoreError>;

    /// The customers that match the filter, ordered by id, which is the order of their creation.
    async fn list(
        &self,
        account: AccountId,
        filter: &CustomerFilter,
        page: PageRequest<CustomerId>,
    ) -> Result<Page<Customer, CustomerId>, StoreError>;

    /// Replaces the customer with this id by this state, if the stored version is the one before `customer.version`.
    /// Otherwise it MUST return [`CustomerRefusal::VersionMismatch`], also if there is no such customer, and whether or
    /// not the address is taken. Of any number of concurrent updates of one version one MUST succeed. The address is
    /// guarded as in [`insert`](Self::insert); a customer never conflicts with itself.
    async fn update(
        &self,
        account: AccountId,
        customer: &Customer,
        commit: Commit,
    ) -> Result<(), Failure<CustomerRefusal>>;
}
