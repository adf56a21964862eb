//! API keys.

use crate::{SqliteStore, columns::RowReader, error::store_error, schema::api_keys};
use async_trait::async_trait;
use chatgrow_domain::{AccountId, ApiKey, ApiKeyDigest, ApiKeyId, ApiKeyName, Timestamp};
use chatgrow_ports::{ApiKeyStore, KeyUse, StoreError};
use diesel::prelude::*;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = api_keys)]
#[diesel(treat_none_as_default_value = false)]
struct ApiKeyRow {
    account_id: Vec<u8>,
    id: Vec<u8>,
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
            account_id: key.account_id.as_bytes().to_vec(),
            id: key.id.as_bytes().to_vec(),
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
            id: &row.id,
        };
        let instant = |column, millis: Option<i64>| {
            read.optional(column, millis, |millis| Timestamp::from_millis(millis).ok_or(()))
        };
        Ok(Self {
            id: read.id("id", &row.id, ApiKeyId::new)?,
            account_id: read.id("account_id", &row.account_id, AccountId::new)?,
            name: read.get("name", ApiKeyName::new(row.name))?,
            digest: ApiKeyDigest::from_bytes(read.get("digest", row.digest.as_slice().try_into())?),
            created_at: read.timestamp("created_at", row.created_at)?,
            expires_at: instant("expires_at", row.expires_at)?,
            last_used_at: instant("last_used_at", row.last_used_at)?,
            revoked_at: instant("revoked_at", row.revoked_at)?,
        })
    }
}

#[async_trait]
impl ApiKeyStore for SqliteStore {
    async fn insert(&self, key: &ApiKey) -> Result<(), StoreError> {
        let row = ApiKeyRow::from(key);
        self.write(move |connection| {
            diesel::insert_into(api_keys::table)
                .values(row)
                .execute(connection)
                .map_err(store_error)?;
            Ok(())
        })
        .await
    }

    async fn insert_first(&self, key: &ApiKey) -> Result<bool, StoreError> {
        let row = ApiKeyRow::from(key);
        self.write(move |connection| {
            let any = api_keys::table.filter(api_keys::account_id.eq(&row.account_id));
            if diesel::select(diesel::dsl::exists(any))
                .get_result(connection)
                .map_err(store_error)?
            {
                return Ok(false);
            }
            diesel::insert_into(api_keys::table)
                .values(row)
                .execute(connection)
                .map_err(store_error)?;
            Ok(true)
        })
        .await
    }

    async fn by_digest(&self, digest: &ApiKeyDigest) -> Result<Option<ApiKey>, StoreError> {
        let digest = digest.as_bytes().to_vec();
        self.read(move |connection| {
            let row = api_keys::table
                .filter(api_keys::digest.eq(digest))
                .select(ApiKeyRow::as_select())
                .first(connection);
            row.optional()
                .map_err(store_error)?
                .map(ApiKey::try_from)
                .transpose()
        })
        .await
    }

    async fn list(&self, account: AccountId) -> Result<Vec<ApiKey>, StoreError> {
        self.read(move |connection| {
            let rows = api_keys::table
                .filter(api_keys::account_id.eq(account.as_bytes().as_slice()))
                .order((api_keys::created_at, api_keys::id))
                .select(ApiKeyRow::as_select())
                .load(connection);
            rows.map_err(store_error)?
                .into_iter()
                .map(ApiKey::try_from)
                .collect()
        })
        .await
    }

    async fn revoke(&self, id: ApiKeyId, at: Timestamp) -> Result<bool, StoreError> {
        self.write(move |connection| {
            let key = api_keys::table.filter(api_keys::id.eq(id.as_bytes().as_slice()));
            diesel::update(key.filter(api_keys::revoked_at.is_null()))
                .set(api_keys::revoked_at.eq(at.as_millis()))
                .execute(connection)
                .and_then(|_| diesel::select(diesel::dsl::exists(key)).get_result(connection))
                .map_err(store_error)
        })
        .await
    }

    async fn record_use(&self, uses: &[KeyUse]) -> Result<(), StoreError> {
        let uses = uses.to_vec();
        self.write(move |connection| {
            for KeyUse { account_id, id, at } in uses {
                let key = api_keys::table.find((account_id.as_bytes().as_slice(), id.as_bytes().as_slice()));
                let older = api_keys::last_used_at
                    .is_null()
                    .or(api_keys::last_used_at.lt(at.as_millis()));
                diesel::update(key.filter(older))
                    .set(api_keys::last_used_at.eq(at.as_millis()))
                    .execute(connection)
                    .map_err(store_error)?;
            }
            Ok(())
        })
        .await
    }
}
