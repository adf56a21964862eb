//! Accounts: made and listed by the operator.

use crate::System;
use chatgrow_domain::{Account, AccountId, AccountName, AccountSlug};
use chatgrow_ports::{AccountStore, InsertAccountError, StoreError, Stores};
use std::sync::Arc;

/// Why an account was not created.
pub type CreateAccountError = InsertAccountError;

/// Use cases of accounts.
pub struct Accounts {
    accounts: Arc<dyn AccountStore>,
    system: System,
}

impl Accounts {
    pub(crate) fn new(stores: &Stores, system: &System) -> Self {
        Self {
            accounts: stores.accounts.clone(),
            system: system.clone(),
        }
    }

    /// Makes an account.
    ///
    /// # Errors
    /// [`CreateAccountError`] where the slug is taken or the store fails.
    pub async fn create(&self, slug: AccountSlug, name: AccountName) -> Result<Account, CreateAccountError> {
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

    /// Makes the account `default`, by that name, where the store holds no account yet. Several servers may start at once on a
    /// new store.
    ///
    /// # Errors
    /// [`StoreError`] where the store fails.
    pub async fn ensure_default(&self, name: AccountName) -> Result<(), StoreError> {
        if !self.accounts.list().await?.is_empty() {
            return Ok(());
        }
        match self.create(AccountSlug::default(), name).await {
            Ok(_) | Err(CreateAccountError::SlugTaken) => Ok(()),
            Err(CreateAccountError::Store(error)) => Err(error),
        }
    }

    /// All accounts, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] where the store fails.
    pub async fn list(&self) -> Result<Vec<Account>, StoreError> {
        self.accounts.list().await
    }
}
