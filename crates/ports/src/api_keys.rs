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

    /// The account's keys, oldest first, revoked and expired ones included.
    async fn list(&self, account: AccountId) -> Result<Vec<ApiKey>, StoreError>;

    /// For the operator: revokes a key of whichever account. MUST keep the first instant where it is revoked already.
    /// Returns whether there is such a key.
    async fn revoke(&self, id: ApiKeyId, at: Timestamp) -> Result<bool, StoreError>;

    /// Notes when keys were last used. MUST never move a last use back; a key that is gone is passed over.
    async fn record_use(&self, uses: &[KeyUse]) -> Result<(), StoreError>;
}
