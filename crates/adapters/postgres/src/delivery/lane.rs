//! Lanes. To settle one is a transaction.

use crate::{
    PostgresStore,
    error::{Ended, store_error},
};
use chatgrow_ports::{Commit, DueLane, Lane, PlacedDelivery, StoreError};
use chatgrow_sql::{
    PreparedQuery, Unwritten, claim_lane,
    delivery::{delivery::DeliveryRow, lane::ClaimedRow},
    lane_store,
    schema::webhook_deliveries::{dsl, table},
    settle_lane,
};
use diesel::{ExpressionMethods, OptionalExtension, upsert::excluded};
use diesel_async::{AsyncConnection, RunQueryDsl};
use futures_util::{FutureExt, TryFutureExt};
use std::time::Duration;

/// Makes something with the database's clock, in milliseconds.
macro_rules! by_clock {
    ($make:ident, $($rest:tt)+) => {
        $make! { "(extract(epoch FROM clock_timestamp()) * 1000)::bigint", $($rest)+ }
    };
}

by_clock! {
    lane_store,
    "c.epoch < (SELECT epoch FROM feed) + pg_snapshot_xmin(pg_current_snapshot())::text::bigint",
    PostgresStore { find, all, execute, claim_lane, settle_lane }
}

impl PostgresStore {
    /// Takes a lane, unless somebody holds it.
    async fn claim_lane(&self, lane: DueLane, lease: Duration) -> Result<Option<Lane>, StoreError> {
        let claim = by_clock!(claim_lane, lane, lease);
        let claimed = self.write(Commit::default(), |connection| {
            Box::pin(async move {
                let row: Option<ClaimedRow> = PreparedQuery(claim)
                    .get_result(connection)
                    .await
                    .optional()
                    .map_err(store_error)?;
                row.map(Lane::try_from).transpose()
            })
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
        let rows: Vec<_> = deliveries
            .into_iter()
            .map(|placed| DeliveryRow::new(lane.account, placed))
            .collect();
        let settled = self.write(Commit::default(), move |connection| {
            let work = connection.transaction(async move |connection| {
                let held = PreparedQuery(settle).execute(connection).await?;
                if held == 0 {
                    return Err(Ended(Unwritten::Nothing));
                }
                if !rows.is_empty() {
                    diesel::insert_into(table)
                        .values(rows)
                        .on_conflict((dsl::account_id, dsl::endpoint_id, dsl::change_id))
                        .do_update()
                        .set((
                            dsl::status.eq(excluded(dsl::status)),
                            dsl::attempts.eq(excluded(dsl::attempts)),
                            dsl::attempted_at.eq(excluded(dsl::attempted_at)),
                            dsl::answered.eq(excluded(dsl::answered)),
                            dsl::failure.eq(excluded(dsl::failure)),
                            dsl::answer.eq(excluded(dsl::answer)),
                            dsl::took.eq(excluded(dsl::took)),
                            dsl::next_at.eq(excluded(dsl::next_at)),
                        ))
                        .execute(connection)
                        .await?;
                }
                Ok(held)
            });
            work.map_err(|Ended(why)| why).boxed()
        });
        Ok(Unwritten::<StoreError>::rows(settled.await)? > 0)
    }
}
