//! Accounts: for the operator only, so no method takes an account.

use crate::StoreError;
use async_trait::async_trait;
use chatgrow_domain::{Account, AccountSlug};

/// Why an account was not inserted.
#[derive(Debug, thiserror::Error)]
pub enum InsertAccountError {
    /// Another account has the slug.
    #[error("the slug is taken")]
    SlugTaken,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Keeps accounts.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait AccountStore: Send + Sync {
    /// Adds an account. Of any number of concurrent inserts with one slug exactly one MUST succeed; the others MUST
    /// return [`InsertAccountError::SlugTaken`].
    async fn insert(&self, account: &Account) -> Result<(), InsertAccountError>;

    /// The account with that slug.
    async fn by_slug(&self, slug: &AccountSlug) -> Result<Option<Account>, StoreError>;

    /// All accounts. They MUST be in the order of their `created_at`, and those of one instant in the order of their ids.
    async fn list(&self) -> Result<Vec<Account>, StoreError>;
}
