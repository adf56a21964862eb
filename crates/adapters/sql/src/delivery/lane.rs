//! Lanes and deliveries. The texts are for both databases, which number parameters in the order in which they first come.
//! `$now` is the database's clock in milliseconds.

mod row;

pub use row::{ClaimedRow, DueRow, LaneRow};

use std::time::Duration;

/// Makes the query for lanes of active endpoints that nobody holds and that have something to do, at most `$2` of them.
/// `$1` is for how long, in milliseconds, everything may fail. `$up_to_horizon` is a condition on a row `c` of changes: whether it can be read. The result is a [`DueRow`].
///
/// Changes of the lane's epoch and of later ones are looked for one after the other because of SQLite: its `SCANS` say why.
#[macro_export]
macro_rules! due_lanes {
    ($now:literal, $up_to_horizon:literal) => {
        concat!(
            "SELECT l.account_id, l.endpoint_id FROM webhook_lanes AS l
            JOIN webhook_endpoints AS e ON e.account_id = l.account_id AND e.id = l.endpoint_id
            WHERE e.active = 1 AND l.leased_until <= ",
            $now,
            " AND (
                l.blocked = 0 AND (
                    EXISTS (
                        SELECT 1 FROM changes AS c
                        WHERE c.account_id = l.account_id AND c.epoch = l.epoch AND c.number > l.number AND ",
            $up_to_horizon,
            ")
                    OR EXISTS (
                        SELECT 1 FROM changes AS c
                        WHERE c.account_id = l.account_id AND c.epoch > l.epoch AND ",
            $up_to_horizon,
            "))
                OR l.blocked = 1 AND l.failing_since <= ",
            $now,
            " - $1 AND e.updated_at <= ",
            $now,
            " - $1
                OR EXISTS (
                    SELECT 1 FROM webhook_deliveries AS d
                    WHERE d.account_id = l.account_id AND d.endpoint_id = l.endpoint_id
                        AND d.status = 'pending' AND d.next_at <= ",
            $now,
            ")
            )
            LIMIT $2"
        )
    };
}

/// Makes the statement that takes a lane for that time, unless somebody holds it. The result is a [`ClaimedRow`].
#[macro_export]
macro_rules! claim_lane {
    ($now:literal, $lane:expr, $lease:expr) => {
        diesel::sql_query(concat!(
            "UPDATE webhook_lanes SET fence = fence + 1, leased_until = ",
            $now,
            " + $1 WHERE account_id = $2 AND endpoint_id = $3 AND leased_until <= ",
            $now,
            " RETURNING fence, epoch, number, failing_since, blocked, endpoint_id"
        ))
        .bind::<diesel::sql_types::BigInt, _>($crate::delivery::lane::lease_millis($lease))
        .bind::<diesel::sql_types::Binary, _>($crate::RowId::from($lane.account.as_bytes()))
        .bind::<diesel::sql_types::Binary, _>($crate::RowId::from($lane.endpoint.as_bytes()))
    };
}

/// Makes the statement that writes a lane's state, if it has the state's fence: place, failures, whether it is blocked,
/// and for how long it is held, which is no time if it is given back.
#[macro_export]
macro_rules! settle_lane {
    ($now:literal, $lane:expr, $state:expr, $lease:expr) => {
        diesel::sql_query(concat!(
            "UPDATE webhook_lanes SET epoch = $1, number = $2, failing_since = $3, blocked = $4, leased_until = ",
            $now,
            " + $5 WHERE account_id = $6 AND endpoint_id = $7 AND fence = $8"
        ))
        .bind::<diesel::sql_types::BigInt, _>($state.position.epoch)
        .bind::<diesel::sql_types::BigInt, _>($state.position.number)
        .bind::<diesel::sql_types::Nullable<diesel::sql_types::BigInt>, _>(
            $state.failing_since.map(|since| since.as_millis()),
        )
        .bind::<diesel::sql_types::BigInt, _>(i64::from($state.blocked))
        .bind::<diesel::sql_types::BigInt, _>($crate::delivery::lane::lease_millis(
            $lease.unwrap_or_default(),
        ))
        .bind::<diesel::sql_types::Binary, _>($crate::RowId::from($lane.account.as_bytes()))
        .bind::<diesel::sql_types::Binary, _>($crate::RowId::from($lane.endpoint.as_bytes()))
        .bind::<diesel::sql_types::BigInt, _>($state.fence)
    };
}

/// A lease in milliseconds. Even the longest one can be added to the present time.
#[must_use]
pub fn lease_millis(lease: Duration) -> i64 {
    i64::try_from(lease.as_millis()).unwrap_or(i64::MAX / 2)
}

/// When the first change was made that a lane of an active endpoint has not tried. The result is a
/// [`SinceRow`](crate::delivery::feed::SinceRow).
pub const WAITING_SINCE: &str = "SELECT min(coalesce(
        (
            SELECT c.made_at FROM changes AS c
            WHERE c.account_id = l.account_id AND c.epoch = l.epoch AND c.number > l.number
            ORDER BY c.number LIMIT 1
        ),
        (
            SELECT c.made_at FROM changes AS c
            WHERE c.account_id = l.account_id AND c.epoch > l.epoch
            ORDER BY c.epoch, c.number LIMIT 1
        )
    )) AS since
    FROM webhook_lanes AS l
    JOIN webhook_endpoints AS e ON e.account_id = l.account_id AND e.id = l.endpoint_id
    WHERE e.active = 1";

/// The lane `$1`, `$2`. The result is a [`ClaimedRow`].
pub const ONE: &str = "SELECT fence, epoch, number, failing_since, blocked, endpoint_id FROM webhook_lanes
    WHERE account_id = $1 AND endpoint_id = $2";

/// Moves the lane `$3`, `$4` to another place, and takes it from its holder.
pub const MOVE: &str =
    "UPDATE webhook_lanes SET epoch = $1, number = $2, blocked = 0, fence = fence + 1, leased_until = 0
    WHERE account_id = $3 AND endpoint_id = $4";

/// Makes the query for the last change of the account `$1` that was made before `$2`. One that can't be read yet doesn't
/// count: a lane that begins behind it would miss what may still come before it. `$up_to_horizon` is that of
/// [`due_lanes!`](crate::due_lanes). The result is a [`PlaceRow`](crate::delivery::feed::PlaceRow), if there is one.
#[macro_export]
macro_rules! place_before {
    ($up_to_horizon:literal) => {
        concat!(
            "SELECT c.epoch, c.number FROM changes AS c WHERE c.account_id = $1 AND c.made_at < $2 AND ",
            $up_to_horizon,
            " ORDER BY c.epoch DESC, c.number DESC LIMIT 1"
        )
    };
}

/// Deletes the rows of the endpoint `$1`, `$2`. The lane comes first: a settlement holds its row, so what it writes is
/// there before the deliveries are deleted, and a later one finds no lane. The endpoint comes last, because the
/// others refer to it.
pub const REMOVE: [&str; 3] = [
    "DELETE FROM webhook_lanes WHERE account_id = $1 AND endpoint_id = $2",
    "DELETE FROM webhook_deliveries WHERE account_id = $1 AND endpoint_id = $2",
    "DELETE FROM webhook_endpoints WHERE account_id = $1 AND id = $2",
];

/// Lanes go on that waited for what was deleted.
pub const UNBLOCK: &str = "UPDATE webhook_lanes SET blocked = 0 WHERE blocked = 1 AND NOT EXISTS (
        SELECT 1 FROM webhook_deliveries AS d
        WHERE d.account_id = webhook_lanes.account_id AND d.endpoint_id = webhook_lanes.endpoint_id
            AND (d.status = 'pending' OR d.status = 'failed')
    )";

/// Implements [`LaneStore`](chatgrow_ports::LaneStore) with methods of the store, named in this order.
/// [`port`](crate::port) says what the first three do. `$claim` runs [`claim_lane!`](crate::claim_lane) and returns its
/// row, and `$settle` implements the port's method of that name. `$now` and `$up_to_horizon` are those of
/// [`due_lanes!`](crate::due_lanes).
#[macro_export]
macro_rules! lane_store {
    (
        $now:literal, $up_to_horizon:literal, $store:ty { $find:ident, $all:ident, $execute:ident, $claim:ident, $settle:ident }
    ) => {
        const _: () = {
            use diesel::sql_types::{BigInt, Binary, Nullable, Text};
            use std::time::Duration;
            use $crate::{
                PreparedQuery, RowId,
                copy::Count,
                delivery::{
                    delivery::{self, DeliveryRow},
                    feed::{PlaceRow, SinceRow},
                    lane::{self, ClaimedRow, DueRow},
                },
                port::*,
            };

            /// Binds the lane as the first two parameters.
            macro_rules! of_lane {
                ($text:expr, $lane:expr) => {
                    diesel::sql_query($text)
                        .bind::<Binary, _>(RowId::from($lane.account.as_bytes()))
                        .bind::<Binary, _>(RowId::from($lane.endpoint.as_bytes()))
                };
            }

            #[async_trait]
            impl LaneStore for $store {
                async fn due(&self, most: u32) -> Result<Vec<DueLane>, StoreError> {
                    let due = diesel::sql_query($crate::due_lanes!($now, $up_to_horizon))
                        .bind::<BigInt, _>(WebhookEndpoint::FAILING_MILLIS)
                        .bind::<BigInt, _>(i64::from(most));
                    self.$all::<DueRow, _>(PreparedQuery(due)).await
                }

                async fn waiting_since(&self) -> Result<Option<Timestamp>, StoreError> {
                    let since = PreparedQuery(diesel::sql_query(lane::WAITING_SINCE));
                    Ok(self
                        .$find::<SinceRow, Option<Timestamp>>(since)
                        .await?
                        .flatten())
                }

                async fn lane(&self, lane: DueLane) -> Result<Option<Lane>, StoreError> {
                    let one = of_lane!(lane::ONE, lane);
                    self.$find::<ClaimedRow, _>(PreparedQuery(one)).await
                }

                async fn claim(&self, lane: DueLane, lease: Duration) -> Result<Option<Lane>, StoreError> {
                    self.$claim(lane, lease).await
                }

                async fn settle(
                    &self,
                    lane: DueLane,
                    state: &Lane,
                    deliveries: Vec<PlacedDelivery>,
                    lease: Option<Duration>,
                ) -> Result<bool, StoreError> {
                    self.$settle(lane, state, deliveries, lease).await
                }

                async fn move_to(&self, lane: DueLane, position: ChangePosition) -> Result<bool, StoreError> {
                    let to = diesel::sql_query(lane::MOVE)
                        .bind::<BigInt, _>(position.epoch)
                        .bind::<BigInt, _>(position.number)
                        .bind::<Binary, _>(RowId::from(lane.account.as_bytes()))
                        .bind::<Binary, _>(RowId::from(lane.endpoint.as_bytes()));
                    Ok(self.$execute::<StoreError>(Commit::default(), to).await? > 0)
                }

                async fn place_before(
                    &self,
                    account: AccountId,
                    instant: Timestamp,
                ) -> Result<ChangePosition, StoreError> {
                    let before = diesel::sql_query($crate::place_before!($up_to_horizon))
                        .bind::<Binary, _>(RowId::from(account.as_bytes()))
                        .bind::<BigInt, _>(instant.as_millis());
                    let found = self
                        .$find::<PlaceRow, ChangePosition>(PreparedQuery(before))
                        .await?;
                    Ok(found.unwrap_or(ChangePosition::START))
                }

                async fn retries(&self, lane: DueLane, most: u32) -> Result<Vec<PlacedDelivery>, StoreError> {
                    let due = of_lane!($crate::retries!($now), lane).bind::<BigInt, _>(i64::from(most));
                    self.$all::<DeliveryRow, _>(PreparedQuery(due)).await
                }

                async fn open(
                    &self,
                    lane: DueLane,
                    after: ChangePosition,
                ) -> Result<(u64, Option<PlacedDelivery>), StoreError> {
                    let counted = of_lane!(delivery::COUNT_OPEN, lane);
                    let count = self
                        .$find::<Count, u64>(PreparedQuery(counted))
                        .await?
                        .unwrap_or(0);
                    if count == 0 {
                        return Ok((0, None));
                    }
                    let first = of_lane!(delivery::FIRST_OPEN, lane)
                        .bind::<BigInt, _>(after.epoch)
                        .bind::<BigInt, _>(after.number);
                    let first = self
                        .$find::<DeliveryRow, PlacedDelivery>(PreparedQuery(first))
                        .await?;
                    Ok((count, first))
                }

                async fn delivery(
                    &self,
                    lane: DueLane,
                    change: ChangeId,
                ) -> Result<Option<PlacedDelivery>, StoreError> {
                    let one =
                        of_lane!(delivery::OF_CHANGE, lane).bind::<Binary, _>(RowId::from(change.as_bytes()));
                    self.$find::<DeliveryRow, _>(PreparedQuery(one)).await
                }

                async fn deliveries(
                    &self,
                    lane: DueLane,
                    page: DeliveryPage,
                ) -> Result<Vec<Delivery>, StoreError> {
                    let (status, before) = delivery::list_bounds(page.status, page.before);
                    let list = of_lane!(delivery::LIST, lane)
                        .bind::<Nullable<Text>, _>(status)
                        .bind::<Binary, _>(before)
                        .bind::<BigInt, _>(i64::from(page.limit.get()));
                    self.$all::<DeliveryRow, _>(PreparedQuery(list)).await
                }

                async fn retry(
                    &self,
                    lane: DueLane,
                    change: ChangeId,
                    now: Timestamp,
                ) -> Result<bool, StoreError> {
                    let retry = diesel::sql_query(delivery::RETRY)
                        .bind::<BigInt, _>(now.as_millis())
                        .bind::<Binary, _>(RowId::from(lane.account.as_bytes()))
                        .bind::<Binary, _>(RowId::from(lane.endpoint.as_bytes()))
                        .bind::<Binary, _>(RowId::from(change.as_bytes()));
                    Ok(self
                        .$execute::<StoreError>(Commit::default(), retry)
                        .await?
                        > 0)
                }

                async fn sweep_deliveries(&self, before: Timestamp) -> Result<usize, StoreError> {
                    let sweep = diesel::sql_query(delivery::SWEEP)
                        .bind::<BigInt, _>(KEPT_SUCCESSES)
                        .bind::<BigInt, _>(before.as_millis());
                    let swept = self.$execute(Commit::default(), sweep).await?;
                    if swept > 0 {
                        let unblock = diesel::sql_query(lane::UNBLOCK);
                        self.$execute::<StoreError>(Commit::default(), unblock)
                            .await?;
                    }
                    Ok(swept)
                }
            }
        };
    };
}
