//! API keys.

use crate::{PostgresStore, error::store_error};
use async_trait::async_trait;
use chatgrow_domain::{AccountId, ApiKey, ApiKeyDigest, ApiKeyId, Timestamp};
use chatgrow_ports::{ApiKeyStore, KeyUse, StoreError};
use chatgrow_sql::{
    api_keys::{self, ApiKeyRow},
    schema::{
        accounts,
        api_keys::{dsl, table},
    },
};
use diesel::{
    dsl::exists,
    prelude::{ExpressionMethods, QueryDsl},
};
use diesel_async::{AsyncConnection, RunQueryDsl};
use futures_util::{FutureExt, TryFutureExt, future::try_join_all};

#[async_trait]
impl ApiKeyStore for PostgresStore {
    async fn insert(&self, key: &ApiKey) -> Result<(), StoreError> {
        let insert = diesel::insert_into(table).values(ApiKeyRow::from(key));
        self.execute(insert).await.map(|_| ())
    }

    async fn insert_first(&self, key: &ApiKey) -> Result<bool, StoreError> {
        let account = key.account_id.as_bytes().into();
        // Who comes at the same time waits at the account's row.
        let lock = accounts::table
            .find(account)
            .select(accounts::id)
            .for_no_key_update();
        let any = diesel::select(exists(api_keys::of_account(account)));
        let insert = diesel::insert_into(table).values(ApiKeyRow::from(key));
        self.write(move |connection| {
            let work = connection.transaction(async move |connection| {
                lock.execute(connection).await?;
                if any.get_result(connection).await? {
                    return Ok(false);
                }
                insert.execute(connection).await.map(|_| true)
            });
            work.map_err(store_error).boxed()
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
            let work = async move {
                revoke.execute(connection).await?;
                any.get_result(connection).await
            };
            work.map_err(store_error).boxed()
        })
        .await
    }

    async fn record_use(&self, uses: &[KeyUse]) -> Result<(), StoreError> {
        let mut uses = uses.to_vec();
        // In one order everywhere, so that two servers never wait for each other.
        uses.sort_by_key(|used| (used.account_id, used.id));
        self.write(move |connection| {
            let work = connection.transaction(async move |connection| {
                let connection = &*connection;
                try_join_all(uses.iter().map(|used| {
                    diesel::update(api_keys::used_before(used))
                        .set(dsl::last_used_at.eq(used.at.as_millis()))
                        .execute(&mut &*connection)
                }))
                .await
                .map(|_| ())
            });
            work.map_err(store_error).boxed()
        })
        .await
    }
}
