//! API keys. An operation that needs several statements is a transaction.

use crate::{
    PostgresStore,
    error::{Ended, store_error},
};
use chatgrow_domain::{ApiKey, ApiKeyRefusal};
use chatgrow_ports::{Commit, Failure, KeyUse, StoreError};
use chatgrow_sql::{
    Unwritten,
    access::api_key::{self, ApiKeyChange, ApiKeyRow},
    api_key_store,
    schema::{accounts, api_keys},
};
use diesel::{ExpressionMethods, QueryDsl, dsl::exists};
use diesel_async::{AsyncConnection, RunQueryDsl};
use futures_util::{FutureExt, TryFutureExt, future::try_join_all};

api_key_store! { PostgresStore { find, all, page, execute, insert_first_key, rotate_key, record_key_uses } }

impl PostgresStore {
    /// Adds a key if its account has never had one, and returns whether it did.
    async fn insert_first_key(&self, key: &ApiKey, commit: Commit) -> Result<bool, StoreError> {
        let account = key.account_id.as_bytes().into();
        // Concurrent callers wait for the lock on the account's row. A read-only database is only queried.
        let lock = accounts::table
            .find(account)
            .select(accounts::id)
            .for_no_key_update();
        let any = move || diesel::select(exists(api_key::of_account(account)));
        let insert = diesel::insert_into(api_keys::table).values(ApiKeyRow::from(key));
        let has_one = self.on_a_connection::<_, StoreError>(move |connection| {
            Box::pin(async move { any().get_result(connection).await.map_err(store_error) })
        });
        // A request that was carried out before is told so.
        if commit.record.is_none() && has_one.await? {
            return Ok(false);
        }
        let inserted = self.write(commit, move |connection| {
            let work = connection.transaction(async move |connection| {
                lock.execute(connection).await?;
                if any().get_result(connection).await? {
                    return Err(Ended(Unwritten::Nothing));
                }
                Ok(insert.execute(connection).await?)
            });
            work.map_err(|Ended(why)| why).boxed()
        });
        Ok(Unwritten::rows(inserted.await)? > 0)
    }

    /// Replaces a key, and adds its successor.
    async fn rotate_key(
        &self,
        key: &ApiKey,
        successor: &ApiKey,
        commit: Commit,
    ) -> Result<(), Failure<ApiKeyRefusal>> {
        let update = diesel::update(api_key::valid_before(key)).set(ApiKeyChange::from(key));
        let insert = diesel::insert_into(api_keys::table).values(ApiKeyRow::from(successor));
        self.write(commit, move |connection| {
            let work = connection.transaction(async move |connection| {
                if update.execute(connection).await? == 0 {
                    return Err(Ended(ApiKeyRefusal::VersionMismatch.into()));
                }
                insert.execute(connection).await?;
                Ok(())
            });
            work.map_err(|Ended(failure)| failure).boxed()
        })
        .await
    }

    /// Records when keys were last used.
    async fn record_key_uses(&self, uses: &[KeyUse]) -> Result<(), StoreError> {
        let mut uses = uses.to_vec();
        // The same order everywhere, so that two servers never deadlock.
        uses.sort_by_key(|used| (used.account_id, used.id));
        self.write(Commit::default(), move |connection| {
            let work = connection.transaction(async move |connection| {
                let connection = &*connection;
                try_join_all(uses.iter().map(|used| {
                    diesel::update(api_key::used_before(used))
                        .set(api_keys::last_used_at.eq(used.at.as_millis()))
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
