//! API keys: what needs more than one statement is a transaction.

use crate::{PostgresStore, error::store_error};
use chatgrow_sql::{api_key_store, schema::accounts};
use diesel::dsl::exists;
use diesel_async::{AsyncConnection, RunQueryDsl};
use futures_util::{FutureExt, TryFutureExt, future::try_join_all};

api_key_store! {
    PostgresStore,

    async fn insert_first(&self, key: &ApiKey) -> Result<bool, StoreError> {
        let account = key.account_id.as_bytes().into();
        // Who comes at the same time waits at the account's row; a database that takes no writes is only asked.
        let lock = accounts::table
            .find(account)
            .select(accounts::id)
            .for_no_key_update();
        let any = move || diesel::select(exists(api_key::of_account(account)));
        let insert = diesel::insert_into(table).values(ApiKeyRow::from(key));
        self.write(Commit::default(), move |connection| {
            let work = connection.transaction(async move |connection| {
                if any().get_result(connection).await? {
                    return Ok(false);
                }
                lock.execute(connection).await?;
                if any().get_result(connection).await? {
                    return Ok(false);
                }
                insert.execute(connection).await.map(|_| true)
            });
            work.map_err(store_error).boxed()
        })
        .await
    }

    async fn record_use(&self, uses: &[KeyUse]) -> Result<(), StoreError> {
        let mut uses = uses.to_vec();
        // In one order everywhere, so that two servers never wait for each other.
        uses.sort_by_key(|used| (used.account_id, used.id));
        self.write(Commit::default(), move |connection| {
            let work = connection.transaction(async move |connection| {
                let connection = &*connection;
                try_join_all(uses.iter().map(|used| {
                    diesel::update(api_key::used_before(used))
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
