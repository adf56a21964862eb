//! Whether the database takes writes, and whether it can tell that somebody has written.

use crate::PostgresStore;
use async_trait::async_trait;
use chatgrow_ports::{Mark, StoreChanges, StoreError, StoreHealth};
use diesel::{prelude::QueryableByName, sql_types::Bool};

#[derive(QueryableByName)]
struct Writable {
    #[diesel(sql_type = Bool)]
    writable: bool,
}

#[async_trait]
impl StoreHealth for PostgresStore {
    async fn check(&self) -> Result<(), StoreError> {
        let query =
            "SELECT NOT pg_is_in_recovery() AND current_setting('transaction_read_only') = 'off' AS writable";
        match self.load(diesel::sql_query(query)).await?.as_slice() {
            [Writable { writable: true }] => Ok(()),
            _ => Err(StoreError::unavailable("the database takes no writes")),
        }
    }
}

impl StoreChanges for PostgresStore {
    /// A mark would cost a round trip, as a read does.
    fn mark(&self) -> Option<Mark> {
        None
    }
}
