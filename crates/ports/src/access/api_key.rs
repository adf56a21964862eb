//! API keys. A key is how a request's account becomes known, so a look-up by digest has none to begin with.

use crate::StoreError;
use async_trait::async_trait;
use chatgrow_domain::{AccountId, ApiKey, ApiKeyDigest, ApiKeyId, Timestamp};

/// That a key was accepted at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyUse {
    /// The key's account.
    pub account_id: AccountId,
    /// The key.
    pub id: ApiKeyId,
    /// The instant.
    pub at: Timestamp,
}

/// Keeps API keys, by digest.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ApiKeyStore: Send + Sync {
    /// Adds a key to its account.
    async fn insert(&self, key: &ApiKey) -> Result<(), StoreError>;

    /// Adds a key to its account, if the account has never had one. Returns whether it did: of any number of concurrent
    /// calls for one account exactly one MUST return `true`.
    async fn insert_first(&self, key: &ApiKey) -> Result<bool, StoreError>;

    /// The key with that digest, of whichever account, revoked and expired ones included.
    async fn by_digest(&self, digest: &ApiKeyDigest) -> Result<Option<ApiKey>, StoreError>;

    /// The account's keys, revoked and expired ones included. They MUST be in the order of their `created_at`, and those of one instant
    /// in the order of their ids.
    async fn list(&self, account: AccountId) -> Result<Vec<ApiKey>, StoreError>;

    /// For the operator: revokes a key of whichever account. If it is revoked already, the first instant MUST stay, also if several
    /// revoke it at once. Returns whether there is such a key.
    async fn revoke(&self, id: ApiKeyId, at: Timestamp) -> Result<bool, StoreError>;

    /// Notes when keys were last used. It MUST NOT move a last use back, in whichever order uses come, and if several note them at
    /// once. A key that the account doesn't have is passed over.
    async fn record_use(&self, uses: &[KeyUse]) -> Result<(), StoreError>;
}
