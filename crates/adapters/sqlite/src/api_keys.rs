//! API keys.

use crate::{SqliteStore, error::store_error};
use async_trait::async_trait;
use chatgrow_domain::{AccountId, ApiKey, ApiKeyDigest, ApiKeyId, Timestamp};
use chatgrow_ports::{ApiKeyStore, KeyUse, StoreError};
use chatgrow_sql::{
    api_keys::{self, ApiKeyRow},
    schema::api_keys::{dsl, table},
};
use diesel::{dsl::exists, prelude::*};

#[async_trait]
impl ApiKeyStore for SqliteStore {
    async fn insert(&self, key: &ApiKey) -> Result<(), StoreError> {
        let insert = diesel::insert_into(table).values(ApiKeyRow::from(key));
        self.execute(insert).await.map(|_| ())
    }

    async fn insert_first(&self, key: &ApiKey) -> Result<bool, StoreError> {
        let any = diesel::select(exists(api_keys::of_account(key.account_id.as_bytes().into())));
        let insert = diesel::insert_into(table).values(ApiKeyRow::from(key));
        self.write(move |connection| {
            if any.get_result(connection).map_err(store_error)? {
                return Ok(false);
            }
            insert.execute(connection).map(|_| true).map_err(store_error)
        })
        .await
    }

    async fn by_digest(&self, digest: &ApiKeyDigest) -> Result<Option<ApiKey>, StoreError> {
        self.find::<ApiKeyRow, _>(api_keys::by_digest(digest.as_bytes().to_vec()))
            .await
    }

    async fn list(&self, account: AccountId) -> Result<Vec<ApiKey>, StoreError> {
        self.all::<ApiKeyRow, _>(api_keys::of_account(account.as_bytes().into()))
            .await
    }

    async fn revoke(&self, id: ApiKeyId, at: Timestamp) -> Result<bool, StoreError> {
        let id = id.as_bytes().into();
        let revoke = diesel::update(api_keys::unrevoked(id)).set(dsl::revoked_at.eq(at.as_millis()));
        let any = diesel::select(exists(api_keys::by_id(id)));
        self.write(move |connection| {
            revoke
                .execute(connection)
                .and_then(|_| any.get_result(connection))
                .map_err(store_error)
        })
        .await
    }

    async fn record_use(&self, uses: &[KeyUse]) -> Result<(), StoreError> {
        let uses = uses.to_vec();
        self.write(move |connection| {
            for used in &uses {
                diesel::update(api_keys::used_before(used))
                    .set(dsl::last_used_at.eq(used.at.as_millis()))
                    .execute(connection)
                    .map_err(store_error)?;
            }
            Ok(())
        })
        .await
    }
}
