//! Accounts. The operator creates and lists them, and an owner names the business.

use crate::{Caller, Commits, Effect, Outcome, Request, System};
use chatgrow_domain::{Account, AccountId, AccountName, AccountRefusal, AccountSlug, Scope};
use chatgrow_ports::{AccountStore, Failure, StoreError, Stores};
use std::sync::Arc;

/// The use cases of accounts.
pub struct Accounts {
    accounts: Arc<dyn AccountStore>,
    system: System,
    commits: Commits,
}

impl Accounts {
    pub(crate) fn new(stores: &Stores, system: &System, commits: &Commits) -> Self {
        Self {
            accounts: stores.access.accounts.clone(),
            system: system.clone(),
            commits: commits.clone(),
        }
    }

    /// Creates an account.
    ///
    /// # Errors
    /// [`AccountRefusal::SlugTaken`], or [`Failure::Store`] if the store fails.
    pub async fn create(
        &self,
        slug: AccountSlug,
        name: AccountName,
    ) -> Result<Account, Failure<AccountRefusal>> {
        let id = AccountId::new(self.system.ids.next_id());
        let account = Account {
            id,
            slug,
            name,
            created_at: self.system.clock.now(),
        };
        self.accounts.insert(&account).await?;
        Ok(account)
    }

    /// Creates the account `default`, with that display name, if the store has no accounts yet. Several servers may
    /// call it at once on a new store.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub async fn ensure_default(&self, name: AccountName) -> Result<(), StoreError> {
        if !self.accounts.list().await?.is_empty() {
            return Ok(());
        }
        match self.create(AccountSlug::default(), name).await {
            Ok(_) | Err(Failure::Refused(AccountRefusal::SlugTaken)) => Ok(()),
            Err(Failure::Store(error)) => Err(error),
            Err(failure @ Failure::NotAllowed(_)) => Err(StoreError::failed(failure)),
        }
    }

    /// All accounts, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub async fn list(&self) -> Result<Vec<Account>, StoreError> {
        self.accounts.list().await
    }

    /// The caller's account.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub async fn own(&self, caller: &Caller) -> Result<Account, StoreError> {
        let found = self.accounts.by_id(caller.account).await?;
        found.ok_or_else(|| StoreError::failed("the caller's account is gone"))
    }

    /// Gives the caller's account another display name.
    ///
    /// # Errors
    /// [`Failure::Store`] if the store fails.
    pub async fn rename(
        &self,
        request: &Request<Account>,
        name: AccountName,
    ) -> Result<Outcome<Account>, Failure<AccountRefusal>> {
        request.caller.require(Scope::Full)?;
        let attempt = async || {
            let before = self.own(&request.caller).await?;
            let after = Account {
                name: name.clone(),
                ..before.clone()
            };
            if after == before {
                return Ok(Some(self.commits.unchanged(request, after).await?));
            }
            let effect = Effect::Changed { before, after };
            let commit = self.commits.of(request, &effect);
            let account = effect.resource();
            self.accounts.rename(account.id, &account.name, commit).await?;
            Ok(Some(effect))
        };
        self.commits.run(request, attempt).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{Mocks, default_account};

    fn name() -> AccountName {
        AccountName::new("Default account").unwrap()
    }

    #[tokio::test]
    async fn the_default_account_is_made_on_a_new_store_only() {
        let mut mocks = Mocks::at(1000);
        mocks
            .accounts
            .expect_list()
            .returning(|| Ok(vec![default_account()]));
        mocks
            .build()
            .access
            .accounts
            .ensure_default(name())
            .await
            .unwrap();

        let mut mocks = Mocks::at(1000);
        mocks.accounts.expect_list().returning(|| Ok(Vec::new()));
        let is_default = |account: &Account| account.slug == AccountSlug::default();
        mocks
            .accounts
            .expect_insert()
            .withf(is_default)
            .times(1)
            .returning(|_| Ok(()));
        mocks
            .build()
            .access
            .accounts
            .ensure_default(name())
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn losing_the_race_for_the_default_account_is_success() {
        let mut mocks = Mocks::at(1000);
        mocks.accounts.expect_list().returning(|| Ok(Vec::new()));
        mocks
            .accounts
            .expect_insert()
            .returning(|_| Err(AccountRefusal::SlugTaken.into()));
        mocks
            .build()
            .access
            .accounts
            .ensure_default(name())
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn a_taken_slug_is_told() {
        let mut mocks = Mocks::at(1000);
        mocks
            .accounts
            .expect_insert()
            .returning(|_| Err(AccountRefusal::SlugTaken.into()));
        let outcome = mocks
            .build()
            .access
            .accounts
            .create(AccountSlug::new("studio").unwrap(), name())
            .await;
        assert!(matches!(
            outcome,
            Err(Failure::Refused(AccountRefusal::SlugTaken))
        ));
    }
}
