//! Lanes. To settle one is a single write of several statements.

use crate::{SqliteStore, error::store_error, statements};
use chatgrow_domain::Timestamp;
use chatgrow_ports::{Commit, DueLane, Lane, PlacedDelivery, StoreError};
use chatgrow_sql::{
    PreparedQuery, RowId, Unwritten, claim_lane,
    delivery::{delivery::DeliveryRow, lane::ClaimedRow},
    lane_store,
    schema::webhook_deliveries::{dsl, table},
    settle_lane,
};
use diesel::{
    OptionalExtension, RunQueryDsl,
    sql_types::{BigInt, Binary, Nullable},
};
use std::time::Duration;

/// The database's clock, in milliseconds.
macro_rules! now {
    ($make:ident) => {
        $make!("CAST(unixepoch('subsec') * 1000 AS INTEGER)")
    };
}

lane_store! {
    SqliteStore { find, all, execute, claim_lane, settle_lane },
    "CAST(unixepoch('subsec') * 1000 AS INTEGER)", "1"
}

fn millis(lease: Option<Duration>) -> i64 {
    lease.map_or(0, |lease| {
        i64::try_from(lease.as_millis()).unwrap_or(i64::MAX / 2)
    })
}

impl SqliteStore {
    /// Takes a lane, unless somebody holds it.
    async fn claim_lane(&self, lane: DueLane, lease: Duration) -> Result<Option<Lane>, StoreError> {
        let claim = diesel::sql_query(now!(claim_lane))
            .bind::<BigInt, _>(millis(Some(lease)))
            .bind::<Binary, _>(RowId::from(lane.account.as_bytes()))
            .bind::<Binary, _>(RowId::from(lane.endpoint.as_bytes()));
        let claimed = self.write(Commit::default(), move |connection| {
            let row: Option<ClaimedRow> = PreparedQuery(claim)
                .get_result(connection)
                .optional()
                .map_err(store_error)?;
            row.map(Lane::try_from).transpose()
        });
        claimed.await
    }

    /// Writes the lane's state and deliveries, if it is still held.
    async fn settle_lane(
        &self,
        lane: DueLane,
        state: &Lane,
        deliveries: Vec<PlacedDelivery>,
        lease: Option<Duration>,
    ) -> Result<bool, StoreError> {
        let settle = diesel::sql_query(now!(settle_lane))
            .bind::<BigInt, _>(state.position.epoch)
            .bind::<BigInt, _>(state.position.number)
            .bind::<Nullable<BigInt>, _>(state.failing_since.map(Timestamp::as_millis))
            .bind::<BigInt, _>(i64::from(state.blocked))
            .bind::<BigInt, _>(millis(lease))
            .bind::<Binary, _>(RowId::from(lane.account.as_bytes()))
            .bind::<Binary, _>(RowId::from(lane.endpoint.as_bytes()))
            .bind::<BigInt, _>(state.fence);
        let settled = self.write(Commit::default(), move |connection| {
            let held = Unwritten::unless(statements::execute(connection, settle).map_err(store_error))?;
            for placed in deliveries {
                let row = DeliveryRow::new(lane.account, placed);
                let upsert = diesel::insert_into(table)
                    .values(row.clone())
                    .on_conflict((dsl::account_id, dsl::endpoint_id, dsl::change_id))
                    .do_update()
                    .set(row);
                statements::execute(connection, upsert).map_err(store_error)?;
            }
            Ok(held)
        });
        Ok(Unwritten::<StoreError>::rows(settled.await)? > 0)
    }
}
