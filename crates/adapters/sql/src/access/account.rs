//! Accounts.

use crate::{
    RowId,
    columns::RowReader,
    guards::{Guard, GuardedRefusal},
    schema::accounts::{self, dsl},
};
use chatgrow_domain::{Account, AccountId, AccountName, AccountRefusal, AccountSlug};
use chatgrow_ports::StoreError;
use diesel::{
    backend::Backend,
    dsl::{AsSelect, Find, auto_type},
    prelude::*,
};

/// An account as it is stored.
#[derive(Debug, Clone, Hash, Queryable, Selectable, Insertable)]
#[diesel(table_name = accounts)]
pub struct AccountRow {
    id: RowId,
    slug: String,
    name: String,
    created_at: i64,
}

impl From<&Account> for AccountRow {
    fn from(account: &Account) -> Self {
        Self {
            id: account.id.as_bytes().into(),
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
            id: row.id,
        };
        Ok(Self {
            id: AccountId::new(row.id.object_id()),
            slug: read.get("slug", AccountSlug::new(row.slug))?,
            name: read.get("name", AccountName::new(row.name))?,
            created_at: read.timestamp("created_at", row.created_at)?,
        })
    }
}

/// The account with that id.
#[auto_type]
pub fn by_id<DB: Backend>(id: RowId) -> _ {
    let row: AsSelect<AccountRow, DB> = AccountRow::as_select();
    let account: Find<accounts::table, RowId> = accounts::table.find(id);
    account.select(row)
}

/// The account with that slug.
#[auto_type]
pub fn by_slug<DB: Backend>(slug: String) -> _ {
    let row: AsSelect<AccountRow, DB> = AccountRow::as_select();
    accounts::table.filter(dsl::slug.eq(slug)).select(row)
}

/// All accounts, oldest first.
#[auto_type]
pub fn all<DB: Backend>() -> _ {
    let row: AsSelect<AccountRow, DB> = AccountRow::as_select();
    accounts::table.order((dsl::created_at, dsl::id)).select(row)
}

impl GuardedRefusal for AccountRefusal {
    fn of(guard: Guard) -> Option<Self> {
        (guard == Guard::AccountSlug).then_some(Self::SlugTaken)
    }
}

/// Implements [`AccountStore`](chatgrow_ports::AccountStore) with methods of the store, named in this order.
/// [`port`](crate::port) says what they do.
#[macro_export]
macro_rules! account_store {
    ($store:ty { $find:ident, $all:ident, $execute:ident }) => {
        const _: () = {
            use $crate::{
                access::account::{self, AccountRow},
                port::*,
                schema::accounts::{name as name_column, table},
            };

            #[async_trait]
            impl AccountStore for $store {
                async fn insert(&self, account: &Account) -> Result<(), Failure<AccountRefusal>> {
                    let insert = diesel::insert_into(table).values(AccountRow::from(account));
                    self.$execute(Commit::default(), insert).await.map(|_| ())
                }

                async fn by_id(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
                    self.$find::<AccountRow, _>(account::by_id(id.as_bytes().into()))
                        .await
                }

                async fn by_slug(&self, slug: &AccountSlug) -> Result<Option<Account>, StoreError> {
                    self.$find::<AccountRow, _>(account::by_slug(slug.as_str().to_owned()))
                        .await
                }

                async fn list(&self) -> Result<Vec<Account>, StoreError> {
                    self.$all::<AccountRow, _>(account::all()).await
                }

                async fn rename(
                    &self,
                    id: AccountId,
                    name: &AccountName,
                    commit: Commit,
                ) -> Result<bool, StoreError> {
                    let account = table.find($crate::RowId::from(id.as_bytes()));
                    let update = diesel::update(account).set(name_column.eq(name.as_str().to_owned()));
                    Ok(self.$execute::<StoreError>(commit, update).await? > 0)
                }
            }
        };
    };
}
