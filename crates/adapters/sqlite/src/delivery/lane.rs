//! Lanes. To settle one is a single write of several statements.

use crate::{SqliteStore, error::store_error, statements};
use chatgrow_ports::{Commit, DueLane, Lane, PlacedDelivery, StoreError};
use chatgrow_sql::{
    PreparedQuery, Unwritten, claim_lane,
    delivery::{delivery::DeliveryRow, lane::ClaimedRow},
    lane_store,
    schema::webhook_deliveries::{dsl, table},
    settle_lane,
};
use diesel::{OptionalExtension, RunQueryDsl};
use std::time::Duration;

/// Makes something with the database's clock, in milliseconds.
macro_rules! by_clock {
    ($make:ident, $($rest:tt)+) => {
        $make! { "CAST(unixepoch('subsec') * 1000 AS INTEGER)", $($rest)+ }
    };
}

by_clock! {
    lane_store,
    "1",
    SqliteStore { find, all, execute, claim_lane, settle_lane }
}

impl SqliteStore {
    /// Takes a lane, unless somebody holds it.
    async fn claim_lane(&self, lane: DueLane, lease: Duration) -> Result<Option<Lane>, StoreError> {
        let claim = by_clock!(claim_lane, lane, lease);
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
        let settle = by_clock!(settle_lane, lane, state, lease);
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
