//! Accounts.

use crate::{
    SqliteStore,
    columns::RowReader,
    error::{is_unique_violation, store_error},
    schema::accounts,
};
use async_trait::async_trait;
use chatgrow_domain::{Account, AccountId, AccountName, AccountSlug};
use chatgrow_ports::{AccountStore, InsertAccountError, StoreError};
use diesel::prelude::*;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = accounts)]
struct AccountRow {
    id: Vec<u8>,
    slug: String,
    name: String,
    created_at: i64,
}

impl From<&Account> for AccountRow {
    fn from(account: &Account) -> Self {
        Self {
            id: account.id.as_bytes().to_vec(),
            slug: account.slug.as_str().to_owned(),
            name: account.name.as_str().to_owned(),
            created_at: account.created_at.as_millis(),
        }
    }
}

impl TryFrom<AccountRow> for Account {
    type Error = StoreError;

    fn try_from(row: AccountRow) -> Result<Self, StoreError> {
        let read = RowReader {
            table: "accounts",
            id: &row.id,
        };
        Ok(Self {
            id: read.id("id", &row.id, AccountId::new)?,
            slug: read.get("slug", AccountSlug::new(row.slug))?,
            name: read.get("name", AccountName::new(row.name))?,
            created_at: read.timestamp("created_at", row.created_at)?,
        })
    }
}

#[async_trait]
impl AccountStore for SqliteStore {
    async fn insert(&self, account: &Account) -> Result<(), InsertAccountError> {
        let row = AccountRow::from(account);
        self.write(move |connection| {
            match diesel::insert_into(accounts::table)
                .values(row)
                .execute(connection)
            {
                Ok(_) => Ok(()),
                Err(error) if is_unique_violation(&error) => Err(InsertAccountError::SlugTaken),
                Err(error) => Err(store_error(error).into()),
            }
        })
        .await
    }

    async fn by_slug(&self, slug: &AccountSlug) -> Result<Option<Account>, StoreError> {
        let slug = slug.as_str().to_owned();
        self.read(move |connection| {
            let row = accounts::table
                .filter(accounts::slug.eq(slug))
                .select(AccountRow::as_select())
                .first(connection);
            row.optional()
                .map_err(store_error)?
                .map(Account::try_from)
                .transpose()
        })
        .await
    }

    async fn list(&self) -> Result<Vec<Account>, StoreError> {
        self.read(|connection| {
            let rows = accounts::table
                .order((accounts::created_at, accounts::id))
                .select(AccountRow::as_select())
                .load(connection);
            rows.map_err(store_error)?
                .into_iter()
                .map(Account::try_from)
                .collect()
        })
        .await
    }
}
