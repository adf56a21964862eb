//! API keys. A request's account is found through its key, so the look-up by digest doesn't take an account.

use crate::StoreError;
use async_trait::async_trait;
use chatgrow_domain::{AccountId, ApiKey, ApiKeyDigest, ApiKeyId, Timestamp};

/// A record that a key was accepted at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyUse {
    /// The key's account.
    pub account_id: AccountId,
    /// The key.
    pub id: ApiKeyId,
    /// When the key was accepted.
    pub at: Timestamp,
}

/// Stores API keys by their digests.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ApiKeyStore: Send + Sync {
    /// Adds a key to its account.
    async fn insert(&self, key: &ApiKey) -> Result<(), StoreError>;

    /// Adds a key to its account, if the account has never had one, and returns whether it did. Of any number of
    /// concurrent calls for one account exactly one MUST return `true`.
    async fn insert_first(&self, key: &ApiKey) -> Result<bool, StoreError>;

    /// The key with that digest, of any account. It may be revoked or expired.
    async fn by_digest(&self, digest: &ApiKeyDigest) -> Result<Option<ApiKey>, StoreError>;

    /// The account's keys, including those that are revoked or expired. They MUST be ordered by `created_at`, then by
    /// id.
    async fn list(&self, account: AccountId) -> Result<Vec<ApiKey>, StoreError>;

    /// Revokes a key of any account, for the operator, and returns whether there is such a key. If it is revoked
    /// already, the time of the first revocation MUST stay, even if several callers revoke it at once.
    async fn revoke(&self, id: ApiKeyId, at: Timestamp) -> Result<bool, StoreError>;

    /// Records when keys were last used. A last use MUST NOT move back in time, in whatever order the uses arrive, even
    /// if several callers record them at once. A key that the account doesn't have is ignored.
    async fn record_use(&self, uses: &[KeyUse]) -> Result<(), StoreError>;
}
