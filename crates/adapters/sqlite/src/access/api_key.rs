//! API keys. An operation that needs several statements is a single write.

use crate::{SqliteStore, error::store_error, statements};
use chatgrow_domain::{ApiKey, ApiKeyRefusal};
use chatgrow_ports::{Commit, Failure, KeyUse, StoreError};
use chatgrow_sql::{
    Unwritten,
    access::api_key::{self, ApiKeyChange, ApiKeyRow},
    api_key_store,
    schema::api_keys,
};
use diesel::{ExpressionMethods, RunQueryDsl, dsl::exists};

api_key_store! { SqliteStore { find, all, page, execute, insert_first_key, rotate_key, record_key_uses } }

impl SqliteStore {
    /// Adds a key if its account has never had one, and returns whether it did.
    async fn insert_first_key(&self, key: &ApiKey, commit: Commit) -> Result<bool, StoreError> {
        let any = diesel::select(exists(api_key::of_account(key.account_id.as_bytes().into())));
        let insert = diesel::insert_into(api_keys::table).values(ApiKeyRow::from(key));
        let inserted = self.write(commit, move |connection| {
            if any.get_result(connection).map_err(store_error)? {
                return Err(Unwritten::Nothing);
            }
            Ok(insert.execute(connection).map_err(store_error)?)
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
            if update.execute(connection).map_err(store_error)? == 0 {
                return Err(ApiKeyRefusal::VersionMismatch.into());
            }
            insert.execute(connection).map_err(store_error)?;
            Ok(())
        })
        .await
    }

    /// Records when keys were last used.
    async fn record_key_uses(&self, uses: &[KeyUse]) -> Result<(), StoreError> {
        let uses = uses.to_vec();
        self.write(Commit::default(), move |connection| {
            for used in &uses {
                let update = diesel::update(api_key::used_before(used))
                    .set(api_keys::last_used_at.eq(used.at.as_millis()));
                statements::execute(connection, update).map_err(store_error)?;
            }
            Ok(())
        })
        .await
    }
}
