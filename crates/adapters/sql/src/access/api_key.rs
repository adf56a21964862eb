//! API keys.

use crate::{
    RowId,
    columns::{RowReader, rows_for, versioned},
    guards::{Guard, GuardedRefusal},
    schema::api_keys::{self, dsl},
};
use chatgrow_domain::{
    AccountId, AllowedAddresses, ApiKey, ApiKeyDigest, ApiKeyId, ApiKeyName, ApiKeyRefusal, ApiKeyTerms,
    KeyRateLimit, Scopes, Timestamp,
};
use chatgrow_ports::{KeyUse, PageRequest, StoreError};
use diesel::{
    backend::Backend,
    dsl::{AsSelect, Find, auto_type},
    prelude::*,
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
    scopes: String,
    allowed_addresses: Option<String>,
    rate_limit: Option<i64>,
    successor_id: Option<RowId>,
    updated_at: i64,
    version: i64,
}

/// What an update changes of a key. Uses are recorded at the same time.
#[derive(Debug, Clone, AsChangeset)]
#[diesel(table_name = api_keys)]
#[diesel(treat_none_as_null = true)]
pub struct ApiKeyChange {
    name: String,
    expires_at: Option<i64>,
    revoked_at: Option<i64>,
    scopes: String,
    allowed_addresses: Option<String>,
    rate_limit: Option<i64>,
    successor_id: Option<RowId>,
    updated_at: i64,
    version: i64,
}

impl From<&ApiKey> for ApiKeyRow {
    fn from(key: &ApiKey) -> Self {
        let change = ApiKeyChange::from(key);
        Self {
            account_id: key.account_id.as_bytes().into(),
            id: key.id.as_bytes().into(),
            name: change.name,
            digest: key.digest.as_bytes().to_vec(),
            created_at: key.created_at.as_millis(),
            expires_at: change.expires_at,
            last_used_at: key.last_used_at.map(Timestamp::as_millis),
            revoked_at: change.revoked_at,
            scopes: change.scopes,
            allowed_addresses: change.allowed_addresses,
            rate_limit: change.rate_limit,
            successor_id: change.successor_id,
            updated_at: change.updated_at,
            version: change.version,
        }
    }
}

impl From<&ApiKey> for ApiKeyChange {
    fn from(key: &ApiKey) -> Self {
        let terms = &key.terms;
        Self {
            name: terms.name.as_str().to_owned(),
            expires_at: terms.expires_at.map(Timestamp::as_millis),
            revoked_at: key.revoked_at.map(Timestamp::as_millis),
            scopes: terms.scopes.to_string(),
            allowed_addresses: terms.allowed_addresses.as_ref().map(ToString::to_string),
            rate_limit: terms.rate_limit.map(|limit| limit.get().get().into()),
            successor_id: key.successor.map(|successor| successor.as_bytes().into()),
            updated_at: key.updated_at.as_millis(),
            version: key.version.get(),
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
        // A server of the version before leaves 0.
        let updated_at = if row.updated_at == 0 {
            row.created_at
        } else {
            row.updated_at
        };
        let terms = ApiKeyTerms {
            name: read.get("name", ApiKeyName::new(row.name))?,
            scopes: read.get("scopes", Scopes::parse(&row.scopes))?,
            expires_at: read.optional_timestamp("expires_at", row.expires_at)?,
            allowed_addresses: read.optional("allowed_addresses", row.allowed_addresses, |networks| {
                AllowedAddresses::parse(&networks)
            })?,
            rate_limit: read.optional("rate_limit", row.rate_limit, KeyRateLimit::new)?,
        };
        Ok(Self {
            id: ApiKeyId::new(row.id.object_id()),
            account_id: AccountId::new(row.account_id.object_id()),
            terms,
            digest: ApiKeyDigest::from_bytes(read.get("digest", row.digest.as_slice().try_into())?),
            created_at: read.timestamp("created_at", row.created_at)?,
            updated_at: read.timestamp("updated_at", updated_at)?,
            last_used_at: read.optional_timestamp("last_used_at", row.last_used_at)?,
            revoked_at: read.optional_timestamp("revoked_at", row.revoked_at)?,
            successor: row
                .successor_id
                .map(|successor| ApiKeyId::new(successor.object_id())),
            version: read.version(row.version)?,
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

/// The account's key with that id.
#[auto_type]
pub fn by_id<DB: Backend>(account: RowId, id: RowId) -> _ {
    let row: AsSelect<ApiKeyRow, DB> = ApiKeyRow::as_select();
    let key: Find<api_keys::table, (RowId, RowId)> = api_keys::table.find((account, id));
    key.select(row)
}

/// A page of the account's keys, ordered by id.
pub fn list<DB: Backend>(account: AccountId, page: &PageRequest<ApiKeyId>) -> list_after<DB> {
    let after = page.after.map_or(RowId::FIRST, |id| id.as_bytes().into());
    list_after(account.as_bytes().into(), after, rows_for(page))
}

#[auto_type]
fn list_after<DB: Backend>(account: RowId, after: RowId, rows: i64) -> _ {
    let row: AsSelect<ApiKeyRow, DB> = ApiKeyRow::as_select();
    api_keys::table
        .filter(dsl::account_id.eq(account))
        .filter(dsl::id.gt(after))
        .order(dsl::id)
        .limit(rows)
        .select(row)
}

versioned!(before: api_keys, ApiKey);

/// The stored key that this state replaces, if it is not revoked. (A server of the version before revokes a key without
/// counting its versions.)
pub fn valid_before(next: &ApiKey) -> diesel::dsl::Filter<in_version, diesel::dsl::IsNull<dsl::revoked_at>> {
    before(next.account_id, next).filter(dsl::revoked_at.is_null())
}

impl GuardedRefusal for ApiKeyRefusal {
    /// No guard refuses a key.
    fn of(_: Guard) -> Option<Self> {
        None
    }
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
/// [`port`](crate::port) says what the first four do. The last three take more than one statement, so each of them
/// implements the port's method of that name.
#[macro_export]
macro_rules! api_key_store {
    ($store:ty {
        $find:ident, $all:ident, $page:ident, $execute:ident, $insert_first:ident, $rotate:ident, $record_use:ident
    }) => {
        const _: () = {
            use $crate::{
                access::api_key::{self, ApiKeyChange, ApiKeyRow},
                port::*,
                schema::api_keys::table,
            };

            #[async_trait]
            impl ApiKeyStore for $store {
                async fn insert(&self, key: &ApiKey, commit: Commit) -> Result<(), StoreError> {
                    let insert = diesel::insert_into(table).values(ApiKeyRow::from(key));
                    self.$execute(commit, insert).await.map(|_| ())
                }

                async fn insert_first(&self, key: &ApiKey, commit: Commit) -> Result<bool, StoreError> {
                    self.$insert_first(key, commit).await
                }

                async fn by_digest(&self, digest: &ApiKeyDigest) -> Result<Option<ApiKey>, StoreError> {
                    let digest = digest.as_bytes().to_vec();
                    self.$find::<ApiKeyRow, _>(api_key::by_digest(digest)).await
                }

                async fn by_id(
                    &self,
                    account: AccountId,
                    id: ApiKeyId,
                ) -> Result<Option<ApiKey>, StoreError> {
                    let key = api_key::by_id(account.as_bytes().into(), id.as_bytes().into());
                    self.$find::<ApiKeyRow, _>(key).await
                }

                async fn all(&self, account: AccountId) -> Result<Vec<ApiKey>, StoreError> {
                    let account = account.as_bytes().into();
                    self.$all::<ApiKeyRow, _>(api_key::of_account(account))
                        .await
                }

                async fn list(
                    &self,
                    account: AccountId,
                    request: PageRequest<ApiKeyId>,
                ) -> Result<Page<ApiKey, ApiKeyId>, StoreError> {
                    self.$page::<ApiKeyRow, _>(api_key::list(account, &request), request)
                        .await
                }

                async fn update(&self, key: &ApiKey, commit: Commit) -> Result<(), Failure<ApiKeyRefusal>> {
                    let update = diesel::update(api_key::valid_before(key)).set(ApiKeyChange::from(key));
                    match self
                        .$execute::<Failure<ApiKeyRefusal>>(commit, update)
                        .await?
                    {
                        0 => Err(Failure::Refused(ApiKeyRefusal::VersionMismatch)),
                        _ => Ok(()),
                    }
                }

                async fn rotate(
                    &self,
                    key: &ApiKey,
                    successor: &ApiKey,
                    commit: Commit,
                ) -> Result<(), Failure<ApiKeyRefusal>> {
                    self.$rotate(key, successor, commit).await
                }

                async fn record_use(&self, uses: &[KeyUse]) -> Result<(), StoreError> {
                    self.$record_use(uses).await
                }
            }
        };
    };
}
