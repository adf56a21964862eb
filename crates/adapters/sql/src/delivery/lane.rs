//! Lanes and deliveries. The texts are for both databases, which number parameters in the order in which they first come.
//! `$now` is the database's clock in milliseconds.

use crate::{
    RowId,
    columns::RowReader,
    schema::{webhook_deliveries, webhook_lanes},
};
use chatgrow_domain::{
    AccountId, ChangeId, Delivery, DeliveryStatus, LastAttempt, Timestamp, WebhookEndpointId,
};
use chatgrow_ports::{ChangePosition, DueLane, Lane, PlacedDelivery, StoreError};
use diesel::{
    prelude::*,
    sql_types::{BigInt, Binary, Nullable},
};

/// A lane as it is stored.
#[derive(Debug, Clone, Hash, Queryable, Selectable, Insertable)]
#[diesel(table_name = webhook_lanes)]
#[diesel(treat_none_as_default_value = false)]
pub struct LaneRow {
    account_id: RowId,
    endpoint_id: RowId,
    epoch: i64,
    number: i64,
    fence: i64,
    leased_until: i64,
    failing_since: Option<i64>,
    blocked: i64,
}

impl LaneRow {
    /// The lane of a new endpoint.
    #[must_use]
    pub fn new(account: AccountId, endpoint: WebhookEndpointId, from: ChangePosition) -> Self {
        Self {
            account_id: account.as_bytes().into(),
            endpoint_id: endpoint.as_bytes().into(),
            epoch: from.epoch,
            number: from.number,
            fence: 0,
            leased_until: 0,
            failing_since: None,
            blocked: 0,
        }
    }
}

/// A delivery as it is stored.
#[derive(Debug, Clone, Hash, Queryable, QueryableByName, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = webhook_deliveries)]
#[diesel(primary_key(account_id, endpoint_id, change_id))]
#[diesel(treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct DeliveryRow {
    account_id: RowId,
    endpoint_id: RowId,
    change_id: RowId,
    epoch: i64,
    number: i64,
    kind: String,
    status: String,
    attempts: i64,
    attempted_at: i64,
    answered: Option<i64>,
    failure: Option<String>,
    answer: Option<String>,
    took: i64,
    next_at: Option<i64>,
}

impl DeliveryRow {
    /// The row of an account's delivery.
    #[must_use]
    pub fn new(account: AccountId, placed: PlacedDelivery) -> Self {
        let PlacedDelivery { position, delivery } = placed;
        let outcome = delivery.last.outcome;
        Self {
            account_id: account.as_bytes().into(),
            endpoint_id: delivery.endpoint.as_bytes().into(),
            change_id: delivery.change.as_bytes().into(),
            epoch: position.epoch,
            number: position.number,
            kind: delivery.kind.as_str().to_owned(),
            status: delivery.status.as_str().to_owned(),
            attempts: delivery.attempts.into(),
            attempted_at: delivery.last.at.as_millis(),
            answered: outcome.ok().map(i64::from),
            failure: outcome.err().map(|failure| failure.as_str().to_owned()),
            answer: delivery.last.answer,
            took: delivery.last.took_millis,
            next_at: delivery.next_at.map(Timestamp::as_millis),
        }
    }
}

impl TryFrom<DeliveryRow> for PlacedDelivery {
    type Error = StoreError;

    fn try_from(row: DeliveryRow) -> Result<Self, StoreError> {
        let read = RowReader {
            table: "webhook_deliveries",
            id: row.change_id,
        };
        let outcome = match (row.answered, row.failure) {
            (Some(status), None) => Ok(read.get("answered", u16::try_from(status))?),
            (_, failure) => Err(read.get("failure", failure.unwrap_or_default().parse())?),
        };
        let next_at = |millis| Timestamp::from_millis(millis).ok_or(());
        Ok(Self {
            position: ChangePosition {
                epoch: row.epoch,
                number: row.number,
            },
            delivery: Delivery {
                endpoint: WebhookEndpointId::new(row.endpoint_id.object_id()),
                change: ChangeId::new(row.change_id.object_id()),
                kind: read.get("kind", row.kind.parse())?,
                status: read.get("status", row.status.parse())?,
                attempts: read.get("attempts", u32::try_from(row.attempts))?,
                last: LastAttempt {
                    at: read.timestamp("attempted_at", row.attempted_at)?,
                    outcome,
                    answer: row.answer,
                    took_millis: row.took,
                },
                next_at: read.optional("next_at", row.next_at, next_at)?,
            },
        })
    }
}

impl TryFrom<DeliveryRow> for Delivery {
    type Error = StoreError;

    fn try_from(row: DeliveryRow) -> Result<Self, StoreError> {
        PlacedDelivery::try_from(row).map(|placed| placed.delivery)
    }
}

/// A lane that is due, as a query returns it.
#[derive(QueryableByName)]
#[diesel(table_name = webhook_lanes)]
pub struct DueRow {
    account_id: RowId,
    endpoint_id: RowId,
}

impl TryFrom<DueRow> for DueLane {
    type Error = StoreError;

    fn try_from(row: DueRow) -> Result<Self, StoreError> {
        Ok(Self {
            account: AccountId::new(row.account_id.object_id()),
            endpoint: WebhookEndpointId::new(row.endpoint_id.object_id()),
        })
    }
}

/// A lane that was claimed, as the statement returns it.
#[derive(QueryableByName)]
pub struct ClaimedRow {
    #[diesel(sql_type = BigInt)]
    fence: i64,
    #[diesel(sql_type = BigInt)]
    epoch: i64,
    #[diesel(sql_type = BigInt)]
    number: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    failing_since: Option<i64>,
    #[diesel(sql_type = BigInt)]
    blocked: i64,
    #[diesel(sql_type = Binary)]
    endpoint_id: RowId,
}

impl TryFrom<ClaimedRow> for Lane {
    type Error = StoreError;

    fn try_from(row: ClaimedRow) -> Result<Self, StoreError> {
        let read = RowReader {
            table: "webhook_lanes",
            id: row.endpoint_id,
        };
        let since = |millis| Timestamp::from_millis(millis).ok_or(());
        Ok(Self {
            fence: row.fence,
            position: ChangePosition {
                epoch: row.epoch,
                number: row.number,
            },
            failing_since: read.optional("failing_since", row.failing_since, since)?,
            blocked: read.flag("blocked", row.blocked)?,
        })
    }
}

/// Makes the query for lanes of active endpoints that nobody holds and that have something to do, at most `$1` of them.
/// `$up_to_horizon` is a condition on a row `c` of changes: whether it can be read. The result is a [`DueRow`].
#[macro_export]
macro_rules! due_lanes {
    ($now:literal, $up_to_horizon:literal) => {
        concat!(
            "SELECT l.account_id, l.endpoint_id FROM webhook_lanes AS l
            JOIN webhook_endpoints AS e ON e.account_id = l.account_id AND e.id = l.endpoint_id
            WHERE e.active = 1 AND l.leased_until <= ",
            $now,
            " AND (
                l.blocked = 0 AND EXISTS (
                    SELECT 1 FROM changes AS c
                    WHERE c.account_id = l.account_id AND (c.epoch, c.number) > (l.epoch, l.number) AND ",
            $up_to_horizon,
            ")
                OR EXISTS (
                    SELECT 1 FROM webhook_deliveries AS d
                    WHERE d.account_id = l.account_id AND d.endpoint_id = l.endpoint_id
                        AND d.status = 'pending' AND d.next_at <= ",
            $now,
            ")
            )
            LIMIT $1"
        )
    };
}

/// Makes the statement that takes the lane `$2`, `$3` for `$1` milliseconds, unless somebody holds it. The result is a
/// [`ClaimedRow`].
#[macro_export]
macro_rules! claim_lane {
    ($now:literal) => {
        concat!(
            "UPDATE webhook_lanes SET fence = fence + 1, leased_until = ",
            $now,
            " + $1 WHERE account_id = $2 AND endpoint_id = $3 AND leased_until <= ",
            $now,
            " RETURNING fence, epoch, number, failing_since, blocked, endpoint_id"
        )
    };
}

/// Makes the statement that writes the state of the lane `$6`, `$7`, if it has the fence `$8`: place, failures, whether it
/// is blocked, and for how many milliseconds it is held, which are none if it is given back.
#[macro_export]
macro_rules! settle_lane {
    ($now:literal) => {
        concat!(
            "UPDATE webhook_lanes SET epoch = $1, number = $2, failing_since = $3, blocked = $4, leased_until = ",
            $now,
            " + $5 WHERE account_id = $6 AND endpoint_id = $7 AND fence = $8"
        )
    };
}

/// When the first change was made that a lane of an active endpoint has not tried. The result is a
/// [`SinceRow`](crate::delivery::feed::SinceRow).
pub const WAITING_SINCE: &str = "SELECT min((
        SELECT c.made_at FROM changes AS c
        WHERE c.account_id = l.account_id AND (c.epoch, c.number) > (l.epoch, l.number)
        ORDER BY c.epoch, c.number LIMIT 1
    )) AS since
    FROM webhook_lanes AS l
    JOIN webhook_endpoints AS e ON e.account_id = l.account_id AND e.id = l.endpoint_id
    WHERE e.active = 1";

/// The lane `$1`, `$2`. The result is a [`ClaimedRow`].
pub const ONE: &str = "SELECT fence, epoch, number, failing_since, blocked, endpoint_id FROM webhook_lanes
    WHERE account_id = $1 AND endpoint_id = $2";

/// Moves the lane `$3`, `$4` to another place, and takes it from whoever holds it.
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

/// Makes a query for deliveries of the endpoint `$1`, `$2`. The result is a
/// [`DeliveryRow`](crate::delivery::lane::DeliveryRow).
#[macro_export]
macro_rules! select_deliveries {
    ($($rest:expr),+) => {
        concat!(
            "SELECT account_id, endpoint_id, change_id, epoch, number, kind, status, attempts, attempted_at, answered, failure,
                answer, took, next_at
            FROM webhook_deliveries WHERE account_id = $1 AND endpoint_id = $2 ",
            $($rest),+
        )
    };
}

/// Makes the query for what is to be tried again by now, at most `$3`.
#[macro_export]
macro_rules! retries {
    ($now:literal) => {
        $crate::select_deliveries!(
            "AND status = 'pending' AND next_at <= ",
            $now,
            " ORDER BY next_at LIMIT $3"
        )
    };
}

/// The earliest open delivery of a change after the place `$3`, `$4`.
pub const FIRST_OPEN: &str = select_deliveries!(
    "AND (status = 'pending' OR status = 'failed') AND (epoch, number) > ($3, $4) ORDER BY epoch, number LIMIT 1"
);

/// How many are open. The result is a [`Count`](crate::copy::Count).
pub const COUNT_OPEN: &str = "SELECT count(*) AS count FROM webhook_deliveries
    WHERE account_id = $1 AND endpoint_id = $2 AND (status = 'pending' OR status = 'failed')";

/// The delivery of the change `$3`.
pub const OF_CHANGE: &str = select_deliveries!("AND change_id = $3");

/// Those of the status `$3`, if it is not null, of changes before `$4`: the `$5` last ones, the last one first.
pub const LIST: &str =
    select_deliveries!("AND ($3 IS NULL OR status = $3) AND change_id < $4 ORDER BY change_id DESC LIMIT $5");

/// Has the delivery of the change `$4` tried again at `$1`.
pub const RETRY: &str = "UPDATE webhook_deliveries SET status = 'pending', next_at = $1
    WHERE account_id = $2 AND endpoint_id = $3 AND change_id = $4";

/// Deletes the rows of the endpoint `$1`, `$2`. The lane comes first: a settlement holds its row, so what it writes is
/// there before the deliveries are deleted, and whoever comes later finds no lane. The endpoint comes last, because the
/// others refer to it.
pub const REMOVE: [&str; 3] = [
    "DELETE FROM webhook_lanes WHERE account_id = $1 AND endpoint_id = $2",
    "DELETE FROM webhook_deliveries WHERE account_id = $1 AND endpoint_id = $2",
    "DELETE FROM webhook_endpoints WHERE account_id = $1 AND id = $2",
];

/// Deletes what was last tried at `$1` or earlier and is not to be tried again, and of each endpoint's successes all but
/// the last `$2`.
pub const SWEEP: &str = "DELETE FROM webhook_deliveries AS d WHERE status <> 'pending' AND attempted_at <= $1
    OR status = 'succeeded' AND change_id <= (
        SELECT change_id FROM webhook_deliveries AS last
        WHERE last.account_id = d.account_id AND last.endpoint_id = d.endpoint_id AND last.status = 'succeeded'
        ORDER BY change_id DESC LIMIT 1 OFFSET $2
    )";

/// Lanes go on that waited for what was deleted.
pub const UNBLOCK: &str = "UPDATE webhook_lanes SET blocked = 0 WHERE blocked = 1 AND NOT EXISTS (
        SELECT 1 FROM webhook_deliveries AS d
        WHERE d.account_id = webhook_lanes.account_id AND d.endpoint_id = webhook_lanes.endpoint_id
            AND (d.status = 'pending' OR d.status = 'failed')
    )";

/// The status of a filter, and the change before which a list begins.
#[must_use]
pub fn list_bounds(
    status: Option<DeliveryStatus>,
    before: Option<ChangeId>,
) -> (Option<&'static str>, RowId) {
    let last = RowId::from(&[u8::MAX; 12]);
    (
        status.map(DeliveryStatus::as_str),
        before.map_or(last, |change| change.as_bytes().into()),
    )
}

/// Implements [`LaneStore`](chatgrow_ports::LaneStore) with methods of the store, named in this order.
/// [`port`](crate::port) says what the first three do. `$claim` runs [`claim_lane!`](crate::claim_lane) and returns its
/// row, and `$settle` implements the port's method of that name. `$now` and `$up_to_horizon` are those of
/// [`due_lanes!`](crate::due_lanes).
#[macro_export]
macro_rules! lane_store {
    (
        $store:ty { $find:ident, $all:ident, $execute:ident, $claim:ident, $settle:ident },
        $now:literal, $up_to_horizon:literal
    ) => {
        const _: () = {
            use diesel::sql_types::{BigInt, Binary, Nullable, Text};
            use std::time::Duration;
            use $crate::{
                PreparedQuery, RowId,
                copy::Count,
                delivery::{
                    feed::{PlaceRow, SinceRow},
                    lane::{self, ClaimedRow, DeliveryRow, DueRow},
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
                    let counted = of_lane!(lane::COUNT_OPEN, lane);
                    let count = self
                        .$find::<Count, u64>(PreparedQuery(counted))
                        .await?
                        .unwrap_or(0);
                    if count == 0 {
                        return Ok((0, None));
                    }
                    let first = of_lane!(lane::FIRST_OPEN, lane)
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
                        of_lane!(lane::OF_CHANGE, lane).bind::<Binary, _>(RowId::from(change.as_bytes()));
                    self.$find::<DeliveryRow, _>(PreparedQuery(one)).await
                }

                async fn deliveries(
                    &self,
                    lane: DueLane,
                    page: DeliveryPage,
                ) -> Result<Vec<Delivery>, StoreError> {
                    let (status, before) = lane::list_bounds(page.status, page.before);
                    let list = of_lane!(lane::LIST, lane)
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
                    let retry = diesel::sql_query(lane::RETRY)
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
                    let sweep = diesel::sql_query(lane::SWEEP)
                        .bind::<BigInt, _>(before.as_millis())
                        .bind::<BigInt, _>(KEPT_SUCCESSES);
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
