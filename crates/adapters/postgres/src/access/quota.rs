//! Quotas that servers share.

use crate::PostgresStore;
use async_trait::async_trait;
use chatgrow_domain::ObjectId;
use chatgrow_ports::{Lease, Quota, QuotaOf, QuotaStore, StoreError};
use chatgrow_sql::PreparedQuery;
use diesel::{
    prelude::QueryableByName,
    sql_query,
    sql_types::{BigInt, Binary, Double, Text},
};
use std::{num::NonZeroU32, time::Duration};
use tokio::time::timeout;

/// How long a request waits for its permit.
const PATIENCE: Duration = Duration::from_secs(1);

/// How many leases are under way at most, so that strangers leave connections for bookings.
pub(crate) const LEASES: usize = 2;

/// What `lease_permits` returns.
#[derive(QueryableByName)]
struct LeaseRow {
    #[diesel(sql_type = BigInt)]
    permits: i64,
    #[diesel(sql_type = BigInt)]
    remaining: i64,
    /// In nanoseconds.
    #[diesel(sql_type = BigInt)]
    wait: i64,
}

impl TryFrom<LeaseRow> for Lease {
    type Error = StoreError;

    fn try_from(row: LeaseRow) -> Result<Self, StoreError> {
        Ok(Self {
            permits: row.permits.try_into().map_err(StoreError::failed)?,
            remaining: row.remaining.try_into().map_err(StoreError::failed)?,
            wait: Duration::from_nanos(row.wait.try_into().map_err(StoreError::failed)?),
        })
    }
}

#[derive(QueryableByName)]
struct Servers {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

fn nanoseconds(duration: Duration) -> i64 {
    duration.as_nanos().try_into().unwrap_or(i64::MAX)
}

#[async_trait]
impl QuotaStore for PostgresStore {
    async fn lease(
        &self,
        of: QuotaOf,
        quota: Quota,
        wanted: NonZeroU32,
        lifetime: Duration,
    ) -> Result<Lease, StoreError> {
        let leased = sql_query("SELECT permits, remaining, wait FROM lease_permits($1, $2, $3, $4, $5)")
            .bind::<Text, _>(of.to_string())
            .bind::<BigInt, _>(i64::from(quota.max.get()))
            .bind::<BigInt, _>(nanoseconds(quota.window))
            .bind::<BigInt, _>(i64::from(wanted.get()))
            .bind::<BigInt, _>(nanoseconds(lifetime));
        let leased = async {
            let _turn = self.leases.acquire().await.map_err(StoreError::failed)?;
            self.all::<LeaseRow, Lease>(PreparedQuery(leased)).await
        };
        let Ok(leased) = timeout(PATIENCE, leased).await else {
            return Err(StoreError::unavailable("there was no permit in time"));
        };
        leased?
            .pop()
            .ok_or_else(|| StoreError::failed("no row for a lease"))
    }

    async fn meet(&self, server: ObjectId, lately: Duration) -> Result<NonZeroU32, StoreError> {
        let met = sql_query(
            "WITH whole AS (DELETE FROM quotas WHERE client IN (
                SELECT client FROM quotas WHERE whole_at < (extract(epoch FROM statement_timestamp()) - 10)::bigint * 1000000000
                LIMIT 10000 FOR UPDATE SKIP LOCKED)),
            gone AS (DELETE FROM quota_servers WHERE seen_at < statement_timestamp() - make_interval(secs => $2) AND id <> $1),
            here AS (INSERT INTO quota_servers VALUES ($1, statement_timestamp())
                ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at)
            SELECT count(*) + 1 AS count FROM quota_servers
                WHERE seen_at >= statement_timestamp() - make_interval(secs => $2) AND id <> $1",
        )
        .bind::<Binary, _>(server.as_bytes().to_vec())
        .bind::<Double, _>(lately.as_secs_f64());
        let met = self.load::<Servers>(met).await?.pop();
        let count = met.and_then(|servers| NonZeroU32::new(servers.count.try_into().ok()?));
        count.ok_or_else(|| StoreError::failed("no count of the servers"))
    }
}
