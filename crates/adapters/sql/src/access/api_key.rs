//! API keys.

use crate::{
    RowId,
    columns::RowReader,
    schema::api_keys::{self, dsl},
};
use chatgrow_domain::{AccountId, ApiKey, ApiKeyDigest, ApiKeyId, ApiKeyName, Timestamp};
use chatgrow_ports::{KeyUse, StoreError};
use diesel::{
    backend::Backend,
    dsl::{AsSelect, Find, auto_type},
    prelude::*,
    sql_types::{BigInt, Nullable},
};

/// An API key as it is stored.
#[derive(Debug, Clone, Hash, Queryable, Selectable, Insertable)]
#[diesel(table_name = api_keys)]
#[diesel(treat_none_as_default_value = false)]
pub struct ApiKeyRow {
    account_id: RowId,
    id: RowId,
    name: String,
    digest: Vec<u8>,
    created_at: i64,
    expires_at: Option<i64>,
    last_used_at: Option<i64>,
    revoked_at: Option<i64>,
}

impl From<&ApiKey> for ApiKeyRow {
    fn from(key: &ApiKey) -> Self {
        Self {
            account_id: key.account_id.as_bytes().into(),
            id: key.id.as_bytes().into(),
            name: key.name.as_str().to_owned(),
            digest: key.digest.as_bytes().to_vec(),
            created_at: key.created_at.as_millis(),
            expires_at: key.expires_at.map(Timestamp::as_millis),
            last_used_at: key.last_used_at.map(Timestamp::as_millis),
            revoked_at: key.revoked_at.map(Timestamp::as_millis),
        }
    }
}

impl TryFrom<ApiKeyRow> for ApiKey {
    type Error = StoreError;

    fn try_from(row: ApiKeyRow) -> Result<Self, StoreError> {
        let read = RowReader {
            table: "api_keys",
            id: row.id,
        };
        let instant = |column, millis: Option<i64>| {
            read.optional(column, millis, |millis| Timestamp::from_millis(millis).ok_or(()))
        };
        Ok(Self {
            id: ApiKeyId::new(row.id.object_id()),
            account_id: AccountId::new(row.account_id.object_id()),
            name: read.get("name", ApiKeyName::new(row.name))?,
            digest: ApiKeyDigest::from_bytes(read.get("digest", row.digest.as_slice().try_into())?),
            created_at: read.timestamp("created_at", row.created_at)?,
            expires_at: instant("expires_at", row.expires_at)?,
            last_used_at: instant("last_used_at", row.last_used_at)?,
            revoked_at: instant("revoked_at", row.revoked_at)?,
        })
    }
}

/// The key with that digest.
#[auto_type]
pub fn by_digest<DB: Backend>(digest: Vec<u8>) -> _ {
    let row: AsSelect<ApiKeyRow, DB> = ApiKeyRow::as_select();
    api_keys::table.filter(dsl::digest.eq(digest)).select(row)
}

/// The account's keys, oldest first.
#[auto_type]
pub fn of_account<DB: Backend>(account: RowId) -> _ {
    let row: AsSelect<ApiKeyRow, DB> = ApiKeyRow::as_select();
    api_keys::table
        .filter(dsl::account_id.eq(account))
        .order((dsl::created_at, dsl::id))
        .select(row)
}

diesel::define_sql_function! {
    /// The first of two values that is not null.
    fn coalesce(first: Nullable<BigInt>, second: BigInt) -> BigInt;
}

/// The key of that use, if its last recorded use is earlier.
pub fn used_before(key: &KeyUse) -> last_used_before {
    last_used_before(
        key.account_id.as_bytes().into(),
        key.id.as_bytes().into(),
        key.at.as_millis(),
    )
}

#[auto_type]
fn last_used_before(account: RowId, id: RowId, at: i64) -> _ {
    let key: Find<api_keys::table, (RowId, RowId)> = api_keys::table.find((account, id));
    key.filter(dsl::last_used_at.is_null().or(dsl::last_used_at.lt(at)))
}

/// Implements [`ApiKeyStore`](chatgrow_ports::ApiKeyStore) with methods of the store, named in this order.
/// [`port`](crate::port) says what the first three do. The last two take more than one statement, so each of them
/// implements the port's method of that name.
#[macro_export]
macro_rules! api_key_store {
    ($store:ty { $find:ident, $all:ident, $execute:ident, $insert_first:ident, $record_use:ident }) => {
        const _: () = {
            use $crate::{
                access::api_key::{self, ApiKeyRow},
                port::*,
                schema::api_keys::{dsl, table},
            };

            #[async_trait]
            impl ApiKeyStore for $store {
                async fn insert(&self, key: &ApiKey) -> Result<(), StoreError> {
                    let insert = diesel::insert_into(table).values(ApiKeyRow::from(key));
                    self.$execute(Commit::default(), insert).await.map(|_| ())
                }

                async fn insert_first(&self, key: &ApiKey) -> Result<bool, StoreError> {
                    self.$insert_first(key).await
                }

                async fn by_digest(&self, digest: &ApiKeyDigest) -> Result<Option<ApiKey>, StoreError> {
                    let digest = digest.as_bytes().to_vec();
                    self.$find::<ApiKeyRow, _>(api_key::by_digest(digest)).await
                }

                async fn list(&self, account: AccountId) -> Result<Vec<ApiKey>, StoreError> {
                    let account = account.as_bytes().into();
                    self.$all::<ApiKeyRow, _>(api_key::of_account(account))
                        .await
                }

                async fn revoke(&self, id: ApiKeyId, at: Timestamp) -> Result<bool, StoreError> {
                    let key = table.filter(dsl::id.eq($crate::RowId::from(id.as_bytes())));
                    let first = api_key::coalesce(dsl::revoked_at, at.as_millis());
                    let revoke = diesel::update(key).set(dsl::revoked_at.eq(first.nullable()));
                    self.$execute(Commit::default(), revoke)
                        .await
                        .map(|revoked| revoked == 1)
                }

                async fn record_use(&self, uses: &[KeyUse]) -> Result<(), StoreError> {
                    self.$record_use(uses).await
                }
            }
        };
    };
}
