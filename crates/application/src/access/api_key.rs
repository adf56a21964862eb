//! API keys. The operator creates, lists and revokes them.

use crate::System;
use chatgrow_domain::{AccountSlug, ApiKey, ApiKeyId, ApiKeyName, ApiKeyRefusal, PlainApiKey, Timestamp};
use chatgrow_ports::{AccountStore, ApiKeyStore, Failure, StoreError, Stores};
use std::sync::Arc;

/// An API key as it is listed for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedKey {
    /// The key.
    pub key: ApiKey,
    /// The slug of the account that the key belongs to.
    pub account: AccountSlug,
}

/// The use cases of API keys.
pub struct ApiKeys {
    accounts: Arc<dyn AccountStore>,
    api_keys: Arc<dyn ApiKeyStore>,
    system: System,
}

impl ApiKeys {
    pub(crate) fn new(stores: &Stores, system: &System) -> Self {
        Self {
            accounts: stores.access.accounts.clone(),
            api_keys: stores.access.api_keys.clone(),
            system: system.clone(),
        }
    }

    /// Creates a key of an account. The plain key is returned, and not stored anywhere.
    ///
    /// # Errors
    /// [`ApiKeyRefusal::AccountNotFound`], [`ApiKeyRefusal::Expired`] if the expiry is not in the future, or
    /// [`Failure::Store`] if the store fails.
    pub async fn create(
        &self,
        account: &AccountSlug,
        name: ApiKeyName,
        expires_at: Option<Timestamp>,
    ) -> Result<PlainApiKey, Failure<ApiKeyRefusal>> {
        let (plain, key) = self.new_key(account, name, expires_at).await?;
        self.api_keys.insert(&key).await?;
        Ok(plain)
    }

    /// Creates the first key of the account `default`. Returns `None` if the account has ever had a key.
    ///
    /// # Errors
    /// [`ApiKeyRefusal::AccountNotFound`], or [`Failure::Store`] if the store fails.
    pub async fn create_first(
        &self,
        name: ApiKeyName,
    ) -> Result<Option<PlainApiKey>, Failure<ApiKeyRefusal>> {
        let (plain, key) = self.new_key(&AccountSlug::default(), name, None).await?;
        Ok(self.api_keys.insert_first(&key).await?.then_some(plain))
    }

    async fn new_key(
        &self,
        account: &AccountSlug,
        name: ApiKeyName,
        expires_at: Option<Timestamp>,
    ) -> Result<(PlainApiKey, ApiKey), Failure<ApiKeyRefusal>> {
        let account = self
            .accounts
            .by_slug(account)
            .await?
            .ok_or(ApiKeyRefusal::AccountNotFound)?;
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
        if key.is_valid_at(now) {
            Ok((plain, key))
        } else {
            Err(ApiKeyRefusal::Expired.into())
        }
    }

    /// All keys of all accounts, including those that are revoked or expired. They are ordered by the age of the
    /// account, then by that of the key.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
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

    /// Revokes a key for good, and returns whether there is such a key. Every server refuses the key within a second.
    /// Revoking it again changes nothing.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub async fn revoke(&self, id: ApiKeyId) -> Result<bool, StoreError> {
        self.api_keys.revoke(id, self.system.clock.now()).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{Mocks, account, at, default_account, id};
    use mockall::predicate::eq;

    fn name() -> ApiKeyName {
        ApiKeyName::new("site").unwrap()
    }

    fn with_default_account() -> Mocks {
        let mut mocks = Mocks::at(1000);
        mocks
            .accounts
            .expect_by_slug()
            .with(eq(AccountSlug::default()))
            .returning(|_| Ok(Some(default_account())));
        mocks
    }

    #[tokio::test]
    async fn only_the_digest_of_a_new_key_is_stored() {
        let mut mocks = with_default_account();
        let digest = PlainApiKey::from_random([7; 32]).digest();
        let stored = move |key: &ApiKey| {
            key.digest == digest && key.account_id == account() && key.expires_at == Some(at(2000))
        };
        mocks
            .api_keys
            .expect_insert()
            .withf(stored)
            .times(1)
            .returning(|_| Ok(()));
        let key = mocks
            .build()
            .access
            .api_keys
            .create(&AccountSlug::default(), name(), Some(at(2000)))
            .await
            .unwrap();
        assert_eq!(key.digest(), digest);
    }

    #[tokio::test]
    async fn a_key_that_has_expired_is_not_made() {
        let outcome = with_default_account()
            .build()
            .access
            .api_keys
            .create(&AccountSlug::default(), name(), Some(at(1000)))
            .await;
        assert!(matches!(outcome, Err(Failure::Refused(ApiKeyRefusal::Expired))));
    }

    #[tokio::test]
    async fn a_key_needs_an_account() {
        let mut mocks = Mocks::at(1000);
        mocks.accounts.expect_by_slug().returning(|_| Ok(None));
        let outcome = mocks
            .build()
            .access
            .api_keys
            .create(&AccountSlug::default(), name(), None)
            .await;
        assert!(matches!(
            outcome,
            Err(Failure::Refused(ApiKeyRefusal::AccountNotFound))
        ));
    }

    #[tokio::test]
    async fn the_first_key_is_told_only_where_it_is_the_first() {
        for first in [true, false] {
            let mut mocks = with_default_account();
            mocks
                .api_keys
                .expect_insert_first()
                .times(1)
                .returning(move |_| Ok(first));
            assert_eq!(
                mocks
                    .build()
                    .access
                    .api_keys
                    .create_first(name())
                    .await
                    .unwrap()
                    .is_some(),
                first
            );
        }
    }

    #[tokio::test]
    async fn a_revocation_happens_now() {
        let mut mocks = Mocks::at(1000);
        let key = ApiKeyId::new(id(9));
        mocks
            .api_keys
            .expect_revoke()
            .with(eq(key), eq(at(1000)))
            .times(1)
            .returning(|_, _| Ok(true));
        assert!(mocks.build().access.api_keys.revoke(key).await.unwrap());
    }

    #[tokio::test]
    async fn the_list_names_each_keys_account() {
        let mut mocks = Mocks::at(1000);
        mocks
            .accounts
            .expect_list()
            .returning(|| Ok(vec![default_account()]));
        mocks
            .api_keys
            .expect_list()
            .with(eq(account()))
            .times(1)
            .returning(|_| Ok(Vec::new()));
        assert_eq!(mocks.build().access.api_keys.list().await.unwrap(), []);
    }
}
