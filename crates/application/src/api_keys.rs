//! API keys: made, listed and revoked by the operator.

use crate::System;
use chatgrow_domain::{Account, AccountSlug, ApiKey, ApiKeyId, ApiKeyName, PlainApiKey, Timestamp};
use chatgrow_ports::{AccountStore, ApiKeyStore, StoreError, Stores};
use std::sync::Arc;

/// Why a key was not created.
#[derive(Debug, thiserror::Error)]
pub enum CreateKeyError {
    /// No account has the slug.
    #[error("there is no such account")]
    AccountNotFound,
    /// The expiry has passed.
    #[error("the expiry must be in the future")]
    Expired,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A key in an operator's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedKey {
    /// The key.
    pub key: ApiKey,
    /// Whose it is.
    pub account: AccountSlug,
}

/// Use cases of API keys.
pub struct ApiKeys {
    accounts: Arc<dyn AccountStore>,
    api_keys: Arc<dyn ApiKeyStore>,
    system: System,
}

impl ApiKeys {
    pub(crate) fn new(stores: &Stores, system: &System) -> Self {
        Self {
            accounts: stores.accounts.clone(),
            api_keys: stores.api_keys.clone(),
            system: system.clone(),
        }
    }

    /// Makes a key of an account. The plain key is in the answer and nowhere else.
    ///
    /// # Errors
    /// [`CreateKeyError`] where there is no such account, the expiry has passed, or the store fails.
    pub async fn create(
        &self,
        account: &AccountSlug,
        name: ApiKeyName,
        expires_at: Option<Timestamp>,
    ) -> Result<PlainApiKey, CreateKeyError> {
        let account: Account = self
            .accounts
            .by_slug(account)
            .await?
            .ok_or(CreateKeyError::AccountNotFound)?;
        let now = self.system.clock.now();
        let plain = PlainApiKey::from_random(self.system.randomness.secret());
        let key = ApiKey {
            id: ApiKeyId::new(self.system.ids.next_id()),
            account_id: account.id,
            name,
            digest: plain.digest(),
            created_at: now,
            expires_at,
            last_used_at: None,
            revoked_at: None,
        };
        if !key.is_valid_at(now) {
            return Err(CreateKeyError::Expired);
        }
        self.api_keys.insert(&key).await?;
        Ok(plain)
    }

    /// Makes the first key of the account `default`, where the account has never had one.
    ///
    /// # Errors
    /// [`CreateKeyError`] where there is no such account or the store fails.
    pub async fn create_first(&self, name: ApiKeyName) -> Result<Option<PlainApiKey>, CreateKeyError> {
        let slug = AccountSlug::default();
        let account = self
            .accounts
            .by_slug(&slug)
            .await?
            .ok_or(CreateKeyError::AccountNotFound)?;
        if self.api_keys.list(account.id).await?.is_empty() {
            self.create(&slug, name, None).await.map(Some)
        } else {
            Ok(None)
        }
    }

    /// All keys of all accounts, by account and age, revoked and expired ones included.
    ///
    /// # Errors
    /// [`StoreError`] where the store fails.
    pub async fn list(&self) -> Result<Vec<ListedKey>, StoreError> {
        let mut listed = Vec::new();
        for account in self.accounts.list().await? {
            for key in self.api_keys.list(account.id).await? {
                listed.push(ListedKey {
                    key,
                    account: account.slug.clone(),
                });
            }
        }
        Ok(listed)
    }

    /// Revokes a key for good; every server refuses it within a second. Returns whether there is such a key; revoking it
    /// again changes nothing.
    ///
    /// # Errors
    /// [`StoreError`] where the store fails.
    pub async fn revoke(&self, id: ApiKeyId) -> Result<bool, StoreError> {
        self.api_keys.revoke(id, self.system.clock.now()).await
    }
}
