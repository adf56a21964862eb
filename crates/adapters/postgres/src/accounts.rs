//! Accounts.

use crate::PostgresStore;
use async_trait::async_trait;
use chatgrow_domain::{Account, AccountSlug};
use chatgrow_ports::{AccountStore, InsertAccountError, StoreError};
use chatgrow_sql::{
    accounts::{self, AccountRow},
    schema::accounts::table,
};

#[async_trait]
impl AccountStore for PostgresStore {
    async fn insert(&self, account: &Account) -> Result<(), InsertAccountError> {
        let insert = diesel::insert_into(table).values(AccountRow::from(account));
        self.execute(insert).await.map(|_| ())
    }

    async fn by_slug(&self, slug: &AccountSlug) -> Result<Option<Account>, StoreError> {
        self.find::<AccountRow, _>(accounts::by_slug(slug.as_str().to_owned()))
            .await
    }

    async fn list(&self) -> Result<Vec<Account>, StoreError> {
        self.all::<AccountRow, _>(accounts::all()).await
    }
}
