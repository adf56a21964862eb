//! Deliveries. The texts are for both databases, which number parameters in the order in which they first come.

use crate::{RowId, columns::RowReader, schema::webhook_deliveries};
use chatgrow_domain::{
    AccountId, ChangeId, Delivery, DeliveryStatus, LastAttempt, Timestamp, WebhookEndpointId,
};
use chatgrow_ports::{ChangePosition, PlacedDelivery, StoreError};
use diesel::prelude::*;

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
                next_at: read.optional_timestamp("next_at", row.next_at)?,
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

/// Makes a query for deliveries of the endpoint `$1`, `$2`. The result is a
/// [`DeliveryRow`].
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

/// Deletes of each endpoint's successes all but the last `$1`, and what was last tried at `$2` or earlier and is not to
/// be tried again. The last success to be deleted is looked up once for each lane: SQLite needs the `CROSS JOIN` for
/// that, and PostgreSQL `MATERIALIZED`. Whether a delivery has succeeded is asked of the row itself, because PostgreSQL
/// asks that again if somebody has had it tried again meanwhile.
pub const SWEEP: &str = "WITH last AS MATERIALIZED (
        SELECT account_id, endpoint_id, (
            SELECT change_id FROM webhook_deliveries AS d
            WHERE d.account_id = l.account_id AND d.endpoint_id = l.endpoint_id AND d.status = 'succeeded'
            ORDER BY change_id DESC LIMIT 1 OFFSET $1
        ) AS change_id FROM webhook_lanes AS l
    )
    DELETE FROM webhook_deliveries WHERE status = 'succeeded' AND (account_id, endpoint_id, change_id) IN (
        SELECT d.account_id, d.endpoint_id, d.change_id FROM last CROSS JOIN webhook_deliveries AS d
        WHERE d.account_id = last.account_id AND d.endpoint_id = last.endpoint_id AND d.change_id <= last.change_id
    ) OR status <> 'pending' AND attempted_at <= $2";

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
