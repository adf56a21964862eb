//! What is occupied.

use crate::{SqliteStore, error::store_error, statements::in_one_snapshot};
use async_trait::async_trait;
use chatgrow_domain::{AccountId, Interval, LocalMinute, Obstruction, ResourceId, Timestamp};
use chatgrow_ports::{Busy, OccupancyStore, StoreError};
use chatgrow_sql::{
    PreparedQuery, RowId,
    copy::Count,
    kind_of_occupancy,
    scheduling::occupancy::{BOOKED_AFTER, BusyRow, ObstructionRow},
};
use diesel::{
    prelude::*,
    sql_types::{BigInt, Binary, Nullable},
    sqlite::SqliteConnection,
};

/// What a resource has in an interval. What occupies it never overlaps, so the last row that begins before the interval
/// is the first that can reach into it. A leg expires with its hold, which is near the interval, as the table's checks
/// say, or with its unpaid appointment.
macro_rules! of_resource {
    ($columns:expr) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM appointments
            WHERE account_id = ?1 AND resource_id = ?2 AND resource_id IS NOT NULL AND status <> 'cancelled'
                AND blocks_from < ?4 AND blocks_until > ?3 AND (held_until IS NULL OR held_until > ?5)
                AND (lead_id IS NULL OR lead_id NOT IN (
                    SELECT id FROM appointments
                    WHERE account_id = ?1 AND kind = 'hold' AND starts_at > ?3 - 2160 AND starts_at < ?4 + 720
                        AND held_until <= ?5
                    UNION ALL
                    SELECT id FROM appointments
                    WHERE account_id = ?1 AND status = 'pending' AND held_until <= ?5
                ))
                AND blocks_from >= coalesce((
                    SELECT blocks_from FROM appointments
                    WHERE account_id = ?1 AND resource_id = ?2 AND resource_id IS NOT NULL AND status <> 'cancelled'
                        AND blocks_from <= ?3
                    ORDER BY blocks_from DESC LIMIT 1
                ), ?3)
            ORDER BY blocks_from"
        )
    };
}

/// What the account's own schedule has in an interval. What is not a block is near its start, as the guard's trigger
/// says. A block that began long before is the last one that did.
macro_rules! of_account {
    ($columns:expr) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM appointments
            WHERE account_id = ?1 AND resource_id IS NULL AND status <> 'cancelled'
                AND starts_at > ?3 - 2160 AND starts_at < ?4 + 720 AND blocks_from < ?4 AND blocks_until > ?3
                AND (held_until IS NULL OR held_until > ?5)
            UNION ALL
            SELECT * FROM (
                SELECT ",
            $columns,
            " FROM appointments
                WHERE account_id = ?1 AND kind = 'block' AND resource_id IS NULL AND blocks_from <= ?3 - 2160
                ORDER BY blocks_from DESC LIMIT 1
            ) WHERE blocks_until > ?3
            ORDER BY blocks_from"
        )
    };
}

/// One of the two queries, for a resource or for the account's own schedule (which ignores `?2`).
macro_rules! query {
    ($columns:expr, $account:expr, $resource:expr, $interval:expr, $now:expr) => {{
        let (of_resource, of_account) = (of_resource!($columns), of_account!($columns));
        let resource: Option<RowId> = $resource.map(|resource: ResourceId| resource.as_bytes().into());
        let text = if resource.is_some() {
            of_resource
        } else {
            of_account
        };
        PreparedQuery(
            diesel::sql_query(text)
                .bind::<Binary, _>(RowId::from($account.as_bytes()))
                .bind::<Nullable<Binary>, _>(resource)
                .bind::<BigInt, _>($interval.from)
                .bind::<BigInt, _>($interval.until)
                .bind::<BigInt, _>($now.as_millis()),
        )
    }};
}

/// The most days of resources that are read on the calling thread.
const FEW_DAYS: i64 = 64;

#[async_trait]
impl OccupancyStore for SqliteStore {
    async fn busy(
        &self,
        account: AccountId,
        resources: &[Option<ResourceId>],
        interval: Interval,
        now: Timestamp,
    ) -> Result<Vec<Busy>, StoreError> {
        let days = (interval.until - interval.from) / 1440 + 1;
        let few = i64::try_from(resources.len()).is_ok_and(|resources| resources * days <= FEW_DAYS);
        let resources = resources.to_vec();
        let read = move |connection: &mut SqliteConnection| {
            let rows = in_one_snapshot(connection, |connection| {
                let mut rows: Vec<BusyRow> = Vec::new();
                for resource in resources {
                    let query = query!(
                        "resource_id, blocks_from, blocks_until",
                        account,
                        resource,
                        interval,
                        now
                    );
                    rows.append(&mut query.load(connection)?);
                }
                Ok(rows)
            });
            rows.map_err(store_error)?
                .into_iter()
                .map(Busy::try_from)
                .collect()
        };
        if few {
            self.read_here(read)
        } else {
            self.read(read).await
        }
    }

    async fn in_the_way(
        &self,
        account: AccountId,
        resources: &[Option<ResourceId>],
        interval: Interval,
        now: Timestamp,
    ) -> Result<Option<Obstruction>, StoreError> {
        self.read_here(|connection| {
            for resource in resources {
                let query = query!(
                    concat!(
                        "id, ",
                        kind_of_occupancy!(),
                        ", lead_id, resource_id, starts_at, ends_at, blocks_from, blocks_until"
                    ),
                    account,
                    *resource,
                    interval,
                    now
                );
                let rows: Vec<ObstructionRow> = query.load(connection).map_err(store_error)?;
                if let Some(first) = rows.into_iter().next() {
                    return first.try_into().map(Some);
                }
            }
            Ok(None)
        })
    }

    async fn booked_after(
        &self,
        account: AccountId,
        resource: ResourceId,
        after: LocalMinute,
    ) -> Result<u64, StoreError> {
        self.read_here(|connection| {
            let query = diesel::sql_query(BOOKED_AFTER)
                .bind::<Binary, _>(RowId::from(account.as_bytes()))
                .bind::<Binary, _>(RowId::from(resource.as_bytes()))
                .bind::<BigInt, _>(after.as_minutes());
            let Count { count } = PreparedQuery(query).get_result(connection).map_err(store_error)?;
            u64::try_from(count).map_err(StoreError::failed)
        })
    }
}
