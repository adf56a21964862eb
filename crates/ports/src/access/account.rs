//! Accounts. Most methods serve the operator, and take no account.

use crate::{Commit, Failure, StoreError};
use async_trait::async_trait;
use chatgrow_domain::{Account, AccountId, AccountName, AccountRefusal, AccountSlug};

/// Stores accounts.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait AccountStore: Send + Sync {
    /// Adds an account. Of any number of concurrent inserts with the same slug exactly one MUST succeed. The others
    /// MUST return [`AccountRefusal::SlugTaken`].
    async fn insert(&self, account: &Account) -> Result<(), Failure<AccountRefusal>>;

    /// The account with that id.
    async fn by_id(&self, id: AccountId) -> Result<Option<Account>, StoreError>;

    /// The account with that slug.
    async fn by_slug(&self, slug: &AccountSlug) -> Result<Option<Account>, StoreError>;

    /// All accounts. They MUST be ordered by `created_at`, then by id.
    async fn list(&self) -> Result<Vec<Account>, StoreError>;

    /// Gives an account another display name, and returns whether there is such an account. Nothing else MUST change.
    async fn rename(&self, id: AccountId, name: &AccountName, commit: Commit) -> Result<bool, StoreError>;
}
