//! Accounts: for the operator only, so no method takes an account.

use crate::{Failure, StoreError};
use async_trait::async_trait;
use chatgrow_domain::{Account, AccountRefusal, AccountSlug};

/// Keeps accounts.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait AccountStore: Send + Sync {
    /// Adds an account. Of any number of concurrent inserts with one slug exactly one MUST succeed; the others MUST
    /// return [`AccountRefusal::SlugTaken`].
    async fn insert(&self, account: &Account) -> Result<(), Failure<AccountRefusal>>;

    /// The account with that slug.
    async fn by_slug(&self, slug: &AccountSlug) -> Result<Option<Account>, StoreError>;

    /// All accounts. They MUST be in the order of their `created_at`, and those of one instant in the order of their ids.
    async fn list(&self) -> Result<Vec<Account>, StoreError>;
}
