//! Customers. The store guards that an e-mail address names one customer of an account.

use crate::{Commit, Failure, Listed, Page, PageRequest, StoreError};
use async_trait::async_trait;
use chatgrow_domain::{AccountId, Customer, CustomerId, CustomerRefusal, EmailKey, Timestamp};

/// Which customers are wanted; `None` is any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomerFilter {
    /// The one with this address.
    pub email: Option<EmailKey>,
    /// Those that last changed at this instant or later.
    pub updated_since: Option<Timestamp>,
}

impl Listed for Customer {
    type Position = CustomerId;

    fn position(&self) -> CustomerId {
        self.id
    }
}

/// Keeps customers.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait CustomerStore: Send + Sync {
    /// Adds a customer. Of any number of concurrent inserts (or updates) with one address, without case, exactly one
    /// MUST succeed; the others MUST return [`CustomerRefusal::EmailTaken`].
    async fn insert(
        &self,
        account: AccountId,
        customer: &Customer,
        commit: Commit,
    ) -> Result<(), Failure<CustomerRefusal>>;

    /// The customer with that address.
    async fn by_email(&self, account: AccountId, email: &EmailKey) -> Result<Option<Customer>, StoreError>;

    /// The customers that pass the filter, in the order of their ids, which is the order of their creation.
    async fn list(
        &self,
        account: AccountId,
        filter: &CustomerFilter,
        page: PageRequest<CustomerId>,
    ) -> Result<Page<Customer, CustomerId>, StoreError>;

    /// Replaces the customer with this id by this state, if the stored version is the one before `customer.version`;
    /// otherwise it MUST return [`CustomerRefusal::VersionMismatch`], also if there is no such customer, and whether or not the address is
    /// taken. Of any number of concurrent updates of one version one MUST succeed. The guard on the address is that of
    /// [`insert`](Self::insert); a customer never conflicts with itself.
    async fn update(
        &self,
        account: AccountId,
        customer: &Customer,
        commit: Commit,
    ) -> Result<(), Failure<CustomerRefusal>>;
}
