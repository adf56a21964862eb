//! Lanes as they are stored, and as queries return them.

use crate::{RowId, columns::RowReader, schema::webhook_lanes};
use chatgrow_domain::{AccountId, WebhookEndpointId};
use chatgrow_ports::{ChangePosition, DueLane, Lane, StoreError};
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
        Ok(Self {
            fence: row.fence,
            position: ChangePosition {
                epoch: row.epoch,
                number: row.number,
            },
            failing_since: read.optional_timestamp("failing_since", row.failing_since)?,
            blocked: read.flag("blocked", row.blocked)?,
        })
    }
}
