//! What is occupied.

use crate::PostgresStore;
use async_trait::async_trait;
use chatgrow_domain::{AccountId, Interval, LocalMinute, Obstruction, ResourceId, Timestamp};
use chatgrow_ports::{Busy, OccupancyStore, StoreError};
use chatgrow_sql::{
    PreparedQuery, RowId,
    copy::Count,
    kind_of_occupancy,
    scheduling::occupancy::{BOOKED_AFTER, BusyRow, ObstructionRow},
};
use diesel::sql_types::{Array, BigInt, Binary};

/// What some resources have in an interval, in their order. The exclusion constraint's index finds it. An empty id
/// stands for the account's own schedule, as it does there. A leg expires with its hold, which is near the interval, as
/// the table's checks say, or with its unpaid appointment.
macro_rules! of_resources {
    ($columns:expr, $end:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM unnest($2) WITH ORDINALITY AS wanted (resource, position)
            JOIN appointments ON account_id || coalesce(resource_id, '\\x'::bytea) = $1 || wanted.resource
                AND int8range(blocks_from, blocks_until) && int8range($3, $4) AND status <> 'cancelled'
                AND (held_until IS NULL OR held_until > $5)
                AND (lead_id IS NULL OR lead_id NOT IN (
                    SELECT id FROM appointments
                    WHERE account_id = $1 AND kind = 'hold' AND starts_at > $3 - 2160 AND starts_at < $4 + 720
                        AND held_until <= $5
                    UNION ALL
                    SELECT id FROM appointments
                    WHERE account_id = $1 AND status = 'pending' AND held_until <= $5
                ))
            ORDER BY position, blocks_from",
            $end
        )
    };
}

const BUSY: &str = of_resources!("resource_id, blocks_from, blocks_until", "");
const IN_THE_WAY: &str = of_resources!(
    concat!(
        "id, ",
        kind_of_occupancy!(),
        ", lead_id, resource_id, starts_at, ends_at"
    ),
    " LIMIT 1"
);

macro_rules! query {
    ($text:expr, $account:expr, $resources:expr, $interval:expr, $now:expr) => {
        PreparedQuery(
            diesel::sql_query($text)
                .bind::<Binary, _>(RowId::from($account.as_bytes()))
                .bind::<Array<Binary>, _>(ids($resources))
                .bind::<BigInt, _>($interval.from)
                .bind::<BigInt, _>($interval.until)
                .bind::<BigInt, _>($now.as_millis()),
        )
    };
}

fn ids(resources: &[Option<ResourceId>]) -> Vec<Vec<u8>> {
    let bytes = |resource: &Option<ResourceId>| resource.map_or_else(Vec::new, |id| id.as_bytes().to_vec());
    resources.iter().map(bytes).collect()
}

#[async_trait]
impl OccupancyStore for PostgresStore {
    async fn busy(
        &self,
        account: AccountId,
        resources: &[Option<ResourceId>],
        interval: Interval,
        now: Timestamp,
    ) -> Result<Vec<Busy>, StoreError> {
        self.all::<BusyRow, _>(query!(BUSY, account, resources, interval, now))
            .await
    }

    async fn in_the_way(
        &self,
        account: AccountId,
        resources: &[Option<ResourceId>],
        interval: Interval,
        now: Timestamp,
    ) -> Result<Option<Obstruction>, StoreError> {
        let query = query!(IN_THE_WAY, account, resources, interval, now);
        self.find::<ObstructionRow, _>(query).await
    }

    async fn booked_after(
        &self,
        account: AccountId,
        resource: ResourceId,
        after: LocalMinute,
    ) -> Result<u64, StoreError> {
        let query = diesel::sql_query(BOOKED_AFTER)
            .bind::<Binary, _>(RowId::from(account.as_bytes()))
            .bind::<Binary, _>(RowId::from(resource.as_bytes()))
            .bind::<BigInt, _>(after.as_minutes());
        let counted = self.look_up::<Count>(PreparedQuery(query)).await?;
        let count = counted.first().map_or(0, |Count { count }| *count);
        u64::try_from(count).map_err(StoreError::failed)
    }
}
