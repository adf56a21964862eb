//! Reading and sweeping the log of changes. A transaction writes with its own id, and commits when it wants. So only those
//! changes are read whose ids are below that of every transaction that still runs: nothing can come before them any
//! more.

use crate::{PostgresStore, error::store_error};
use async_trait::async_trait;
use chatgrow_domain::{AccountId, Timestamp};
use chatgrow_ports::{
    ChangeFilter, ChangePosition, ChangeStore, Commit, FeedKey, Logged, Recent, SCAN, Scanned, StoreError,
};
use chatgrow_sql::{
    PreparedQuery, RowId, between,
    delivery::{
        change::ChangeRow,
        feed::{
            ACCOUNTS_TO_SWEEP, AT, AccountIdRow, DUE_TO, FIRST_KEY, FilterColumns, KEY, KeyRow, PlaceRow,
            REMEMBER_SWEEP, SWEPT_TO, Scans, SinceRow, full_at,
        },
    },
    matching_between, scans, up_to,
};
use diesel::{
    OptionalExtension,
    result::QueryResult,
    sql_types::{BigInt, Binary},
};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use futures_util::{FutureExt, TryFutureExt};

/// The last place before every transaction that still runs.
const HORIZON: &str = "SELECT epoch + pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1 AS epoch,
    9223372036854775807 AS number FROM feed";

/// The index can be searched for pairs.
const SCANS: Scans = scans!(
    "strpos",
    after: ["(epoch, number) > ($2, $3) AND (epoch, number) <= ($4, $5)"],
    before: ["(epoch, number) < ($2, $3) AND (epoch, number) >= ($4, $5)"]
);

/// Deletes the changes of the account `$1` up to the place `$2`, `$3`.
const DELETE_TO: &str = "DELETE FROM changes WHERE account_id = $1 AND (epoch, number) <= ($2, $3)";

/// Looks behind the horizon, account by account, because that is how the log is indexed.
const HELD_BACK_SINCE: &str = "SELECT min((
        SELECT c.made_at FROM changes AS c
        WHERE c.account_id = a.id
            AND c.epoch >= (SELECT epoch FROM feed) + pg_snapshot_xmin(pg_current_snapshot())::text::bigint
        ORDER BY c.epoch, c.number LIMIT 1
    )) AS since FROM accounts AS a";

/// After a restore, transactions may have ids that were given before. New changes come after those that are there, and
/// after those that were swept.
const RENEW: &str = "UPDATE feed SET key = $1, epoch = greatest(
        epoch + 1,
        greatest((SELECT max(epoch) FROM changes), (SELECT max(epoch) FROM sweeps)) + 1
            - pg_snapshot_xmin(pg_current_snapshot())::text::bigint
    )";

/// Waits for the transactions that have written changes in the epoch before. Readers of the new epoch would miss these.
const END_THE_EPOCH: &str = "LOCK TABLE changes IN SHARE ROW EXCLUSIVE MODE";

#[async_trait]
impl ChangeStore for PostgresStore {
    async fn feed_key(&self, first: FeedKey) -> Result<FeedKey, StoreError> {
        let key = || self.find::<KeyRow, FeedKey>(PreparedQuery(diesel::sql_query(KEY)));
        if let Some(key) = key().await? {
            return Ok(key);
        }
        let set = diesel::sql_query(FIRST_KEY).bind::<Binary, _>(first.0.to_vec());
        self.execute::<StoreError>(Commit::default(), set).await?;
        key()
            .await?
            .ok_or_else(|| StoreError::failed("the feed has no row"))
    }

    async fn renew_feed(&self, key: FeedKey) -> Result<(), StoreError> {
        self.write(Commit::default(), move |connection| {
            let work = connection.transaction(async move |connection| {
                connection.batch_execute(END_THE_EPOCH).await?;
                let renew = diesel::sql_query(RENEW).bind::<Binary, _>(key.0.to_vec());
                renew.execute(connection).await.map(drop)
            });
            work.map_err(store_error).boxed()
        })
        .await
    }

    async fn recent(
        &self,
        account: AccountId,
        before: ChangePosition,
        filter: ChangeFilter,
        most: u16,
    ) -> Result<Recent, StoreError> {
        let filter = FilterColumns::from(filter);
        let (rows, down_to) = self
            .on_a_connection(move |connection| {
                Box::pin(async move {
                    scan_back(connection, account, before, filter, most)
                        .await
                        .map_err(store_error)
                })
            })
            .await?;
        Ok(Recent {
            changes: rows.into_iter().map(Logged::try_from).collect::<Result<_, _>>()?,
            down_to,
        })
    }

    async fn at(&self, account: AccountId, position: ChangePosition) -> Result<Option<Logged>, StoreError> {
        let at = up_to!(AT, account, position);
        self.find::<ChangeRow, _>(PreparedQuery(at)).await
    }

    async fn horizon(&self) -> Result<ChangePosition, StoreError> {
        self.on_a_connection(|connection| horizon(connection).map_err(store_error).boxed())
            .await
    }

    async fn held_back_since(&self) -> Result<Option<Timestamp>, StoreError> {
        let since = PreparedQuery(diesel::sql_query(HELD_BACK_SINCE));
        Ok(self.find::<SinceRow, Option<Timestamp>>(since).await?.flatten())
    }

    async fn read(
        &self,
        account: AccountId,
        after: ChangePosition,
        filter: ChangeFilter,
        most: u16,
    ) -> Result<Scanned, StoreError> {
        let filter = FilterColumns::from(filter);
        let (rows, mut scanned) = self
            .on_a_connection(move |connection| {
                Box::pin(async move {
                    scan(connection, account, after, filter, most)
                        .await
                        .map_err(store_error)
                })
            })
            .await?;
        scanned.changes = rows.into_iter().map(Logged::try_from).collect::<Result<_, _>>()?;
        Ok(scanned)
    }

    async fn accounts_to_sweep(&self, before: Timestamp) -> Result<Vec<AccountId>, StoreError> {
        let accounts = diesel::sql_query(ACCOUNTS_TO_SWEEP).bind::<BigInt, _>(before.as_millis());
        self.all::<AccountIdRow, _>(PreparedQuery(accounts)).await
    }

    async fn sweep(&self, account: AccountId, before: Timestamp, most: u32) -> Result<usize, StoreError> {
        self.write(Commit::default(), move |connection| {
            let work = connection.transaction(async move |connection| {
                // What nobody can have read yet stays.
                let horizon = horizon(connection).await?;
                let due = up_to!(DUE_TO, account, horizon)
                    .bind::<BigInt, _>(i64::from(most))
                    .bind::<BigInt, _>(before.as_millis());
                let place: Option<PlaceRow> = due.get_result(connection).await.optional()?;
                let Some(to) = place.map(PlaceRow::position) else {
                    return Ok(0);
                };
                up_to!(REMEMBER_SWEEP, account, to).execute(connection).await?;
                up_to!(DELETE_TO, account, to).execute(connection).await
            });
            work.map_err(store_error).boxed()
        })
        .await
    }
}

async fn scan_back(
    connection: &mut AsyncPgConnection,
    account: AccountId,
    before: ChangePosition,
    filter: FilterColumns,
    most: u16,
) -> QueryResult<(Vec<ChangeRow>, Option<ChangePosition>)> {
    let last = between!(SCANS.scanned_down_to, account, before, ChangePosition::START)
        .bind::<BigInt, _>(i64::from(SCAN));
    let last: Option<PlaceRow> = PreparedQuery(last).get_result(connection).await.optional()?;
    let down_to = last.map(PlaceRow::position);
    let bound = down_to.unwrap_or(ChangePosition::START);
    let query = matching_between!(SCANS.recent, account, before, bound, filter, most);
    let rows: Vec<ChangeRow> = PreparedQuery(query).load(connection).await?;
    let down_to = full_at(&rows, most).or(down_to);
    Ok((rows, down_to))
}

async fn horizon(connection: &mut AsyncPgConnection) -> QueryResult<ChangePosition> {
    let place: PlaceRow = PreparedQuery(diesel::sql_query(HORIZON))
        .get_result(connection)
        .await?;
    Ok(place.position())
}

/// The rows, and everything else of a [`Scanned`]. Each statement sees its own snapshot: what was below the horizon stays
/// as it is, and what is swept meanwhile is known at the end.
async fn scan(
    connection: &mut AsyncPgConnection,
    account: AccountId,
    after: ChangePosition,
    filter: FilterColumns,
    most: u16,
) -> QueryResult<(Vec<ChangeRow>, Scanned)> {
    let horizon = horizon(connection).await?;
    let mut to = horizon;
    let mut more = false;
    let most = most.min(SCAN);
    if !filter.match_all() {
        let last = between!(SCANS.scanned_to, account, after, horizon).bind::<BigInt, _>(i64::from(SCAN));
        let last: Option<PlaceRow> = PreparedQuery(last).get_result(connection).await.optional()?;
        if let Some(last) = last {
            (to, more) = (last.position(), true);
        }
    }
    let query = matching_between!(SCANS.read, account, after, to, filter, most);
    let rows: Vec<ChangeRow> = PreparedQuery(query).load(connection).await?;
    if let Some(last) = full_at(&rows, most) {
        (to, more) = (last, true);
    }
    let swept = diesel::sql_query(SWEPT_TO).bind::<Binary, _>(RowId::from(account.as_bytes()));
    let swept: Option<PlaceRow> = PreparedQuery(swept).get_result(connection).await.optional()?;
    let scanned = Scanned {
        changes: Vec::new(),
        to,
        more,
        swept_to: swept.map_or(ChangePosition::START, PlaceRow::position),
        horizon,
    };
    Ok((rows, scanned))
}
