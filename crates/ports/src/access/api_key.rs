//! API keys. A request's account is found through its key, so the look-up by digest doesn't take an account.

use crate::{Commit, Failure, Listed, Page, PageRequest, StoreError};
use async_trait::async_trait;
use chatgrow_domain::{AccountId, ApiKey, ApiKeyDigest, ApiKeyId, ApiKeyRefusal, Timestamp};

impl Listed for ApiKey {
    type Position = ApiKeyId;

    fn position(&self) -> ApiKeyId {
        self.id
    }
}

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
    async fn insert(&self, key: &ApiKey, commit: Commit) -> Result<(), StoreError>;

    /// Adds a key to its account, if the account has never had one, and returns whether it did. Of any number of
    /// concurrent calls for one account exactly one MUST return `true`.
    async fn insert_first(&self, key: &ApiKey, commit: Commit) -> Result<bool, StoreError>;

    /// The key with that digest, of any account. It may be revoked or expired.
    async fn by_digest(&self, digest: &ApiKeyDigest) -> Result<Option<ApiKey>, StoreError>;

    /// The account's key with that id. It may be revoked or expired.
    async fn by_id(&self, account: AccountId, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError>;

    /// The account's keys, including those that are revoked or expired. They MUST be ordered by `created_at`, then by
    /// id.
    async fn all(&self, account: AccountId) -> Result<Vec<ApiKey>, StoreError>;

    /// A page of the same keys, ordered by id.
    async fn list(
        &self,
        account: AccountId,
        page: PageRequest<ApiKeyId>,
    ) -> Result<Page<ApiKey, ApiKeyId>, StoreError>;

    /// Replaces the key with this id, except its last use, by this state, if the stored version is the one before
    /// `key.version`, and is not revoked. Otherwise it MUST return [`ApiKeyRefusal::VersionMismatch`], also if there is no
    /// such key. Of any number of concurrent updates of one version one MUST succeed.
    async fn update(&self, key: &ApiKey, commit: Commit) -> Result<(), Failure<ApiKeyRefusal>>;

    /// Updates a key, as [`update`](Self::update) does, and adds its successor to the account: both or neither.
    async fn rotate(
        &self,
        key: &ApiKey,
        successor: &ApiKey,
        commit: Commit,
    ) -> Result<(), Failure<ApiKeyRefusal>>;

    /// Records when keys were last used. A last use MUST NOT move back in time, in whatever order the uses arrive, even
    /// if several callers record them at once. A key that the account doesn't have is ignored.
    async fn record_use(&self, uses: &[KeyUse]) -> Result<(), StoreError>;
}
