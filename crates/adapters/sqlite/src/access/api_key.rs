//! API keys: what needs more than one statement is one write.

use crate::{SqliteStore, error::store_error, statements};
use chatgrow_sql::api_key_store;
use diesel::{RunQueryDsl, dsl::exists};

api_key_store! {
    SqliteStore,

    async fn insert_first(&self, key: &ApiKey) -> Result<bool, StoreError> {
        let any = diesel::select(exists(api_key::of_account(key.account_id.as_bytes().into())));
        let insert = diesel::insert_into(table).values(ApiKeyRow::from(key));
        self.write(Commit::default(), move |connection| {
            if any.get_result(connection).map_err(store_error)? {
                return Ok(false);
            }
            insert.execute(connection).map(|_| true).map_err(store_error)
        })
        .await
    }

    async fn record_use(&self, uses: &[KeyUse]) -> Result<(), StoreError> {
        let uses = uses.to_vec();
        self.write(Commit::default(), move |connection| {
            for used in &uses {
                let update = diesel::update(api_key::used_before(used))
                    .set(dsl::last_used_at.eq(used.at.as_millis()));
                statements::execute(connection, update).map_err(store_error)?;
            }
            Ok(())
        })
        .await
    }
}
