//! Reading and sweeping the log of changes. Numbers rise with the commits, so every change that can be seen may be read.

use crate::{SqliteStore, error::store_error, statements, statements::in_one_snapshot};
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
            REMEMBER_SWEEP, SWEPT_TO, Scans, full_at,
        },
    },
    matching_between, scans, up_to,
};
use diesel::{
    prelude::*,
    sql_types::{BigInt, Binary},
    sqlite::SqliteConnection,
};

/// Everything that is there.
const HORIZON: &str =
    "SELECT epoch, coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'changes'), 0) AS number
    FROM feed";

/// After a restore, the numbers of the changes that are lost are given again, so the epoch is another one.
const RENEW: &str = "UPDATE feed SET key = $1, epoch = epoch + 1";

/// Rows between two places are those of the first place's epoch, of the epochs between, and of the last place's epoch: for
/// each of them the index finds the first row and the last one. With a comparison of pairs it would read the whole epoch,
/// because it can't be searched for a pair with a rowid.
const SCANS: Scans = scans!(
    "instr",
    after: [
        "epoch = $2 AND number > $3 AND number <= iif($2 < $4, 9223372036854775807, $5) AND $2 <= $4",
        "epoch > $2 AND epoch < $4",
        "epoch = $4 AND number <= $5 AND $2 < $4"
    ],
    before: [
        "epoch = $2 AND number < $3 AND number >= iif($2 > $4, -9223372036854775808, $5) AND $2 >= $4",
        "epoch < $2 AND epoch > $4",
        "epoch = $4 AND number >= $5 AND $2 > $4"
    ]
);

/// Deletes the changes of the account `$1` up to the place `$2`, `$3`, which are found as [`SCANS`] finds rows.
const DELETE_TO: &str = "DELETE FROM changes WHERE number IN (
        SELECT number FROM changes WHERE account_id = $1 AND epoch = $2 AND number <= $3
        UNION ALL SELECT number FROM changes WHERE account_id = $1 AND epoch < $2
    )";

/// The most changes of a page that is read on the calling thread.
const FEW: u16 = 100;

#[async_trait]
impl ChangeStore for SqliteStore {
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
        let renew = diesel::sql_query(RENEW).bind::<Binary, _>(key.0.to_vec());
        self.execute::<StoreError>(Commit::default(), renew)
            .await
            .map(drop)
    }

    async fn recent(
        &self,
        account: AccountId,
        before: ChangePosition,
        filter: ChangeFilter,
        most: u16,
    ) -> Result<Recent, StoreError> {
        let filter = FilterColumns::from(filter);
        let read = move |connection: &mut SqliteConnection| {
            let scan = |connection: &mut _| scan_back(connection, account, before, filter, most);
            let (rows, down_to) = in_one_snapshot(connection, scan).map_err(store_error)?;
            Ok(Recent {
                changes: rows.into_iter().map(Logged::try_from).collect::<Result<_, _>>()?,
                down_to,
            })
        };
        self.read(read).await
    }

    async fn at(&self, account: AccountId, position: ChangePosition) -> Result<Option<Logged>, StoreError> {
        let at = up_to!(AT, account, position);
        self.find::<ChangeRow, _>(PreparedQuery(at)).await
    }

    async fn horizon(&self) -> Result<ChangePosition, StoreError> {
        self.read_here(|connection| horizon(connection).map_err(store_error))
    }

    async fn held_back_since(&self) -> Result<Option<Timestamp>, StoreError> {
        // One connection writes, so what has committed can be read.
        Ok(None)
    }

    async fn read(
        &self,
        account: AccountId,
        after: ChangePosition,
        filter: ChangeFilter,
        most: u16,
    ) -> Result<Scanned, StoreError> {
        let filter = FilterColumns::from(filter);
        let few = most <= FEW && filter.match_all();
        let read = move |connection: &mut SqliteConnection| {
            let scan = |connection: &mut _| scan(connection, account, after, filter, most);
            let (rows, scanned) = in_one_snapshot(connection, scan).map_err(store_error)?;
            Ok(Scanned {
                changes: rows.into_iter().map(Logged::try_from).collect::<Result<_, _>>()?,
                ..scanned
            })
        };
        if few {
            self.read_here(read)
        } else {
            self.read(read).await
        }
    }

    async fn accounts_to_sweep(&self, before: Timestamp) -> Result<Vec<AccountId>, StoreError> {
        let accounts = diesel::sql_query(ACCOUNTS_TO_SWEEP).bind::<BigInt, _>(before.as_millis());
        self.all::<AccountIdRow, _>(PreparedQuery(accounts)).await
    }

    async fn sweep(&self, account: AccountId, before: Timestamp, most: u32) -> Result<usize, StoreError> {
        let to = self.read_here(|connection| {
            let horizon = horizon(connection).map_err(store_error)?;
            let due = up_to!(DUE_TO, account, horizon)
                .bind::<BigInt, _>(i64::from(most))
                .bind::<BigInt, _>(before.as_millis());
            let place: Option<PlaceRow> = PreparedQuery(due)
                .get_result(connection)
                .optional()
                .map_err(store_error)?;
            Ok(place.map(PlaceRow::position))
        })?;
        let Some(to) = to else { return Ok(0) };
        self.write(Commit::default(), move |connection| {
            statements::execute(connection, up_to!(REMEMBER_SWEEP, account, to)).map_err(store_error)?;
            statements::execute(connection, up_to!(DELETE_TO, account, to)).map_err(store_error)
        })
        .await
    }
}

fn scan_back(
    connection: &mut SqliteConnection,
    account: AccountId,
    before: ChangePosition,
    filter: FilterColumns,
    most: u16,
) -> QueryResult<(Vec<ChangeRow>, Option<ChangePosition>)> {
    let last = between!(SCANS.scanned_down_to, account, before, ChangePosition::START)
        .bind::<BigInt, _>(i64::from(SCAN));
    let last: Option<PlaceRow> = PreparedQuery(last).get_result(connection).optional()?;
    let down_to = last.map(PlaceRow::position);
    let bound = down_to.unwrap_or(ChangePosition::START);
    let query = matching_between!(SCANS.recent, account, before, bound, filter, most);
    let rows: Vec<ChangeRow> = PreparedQuery(query).load(connection)?;
    let down_to = full_at(&rows, most).or(down_to);
    Ok((rows, down_to))
}

fn horizon(connection: &mut SqliteConnection) -> QueryResult<ChangePosition> {
    let place: PlaceRow = PreparedQuery(diesel::sql_query(HORIZON)).get_result(connection)?;
    Ok(place.position())
}

/// The rows, and everything else of a [`Scanned`].
fn scan(
    connection: &mut SqliteConnection,
    account: AccountId,
    after: ChangePosition,
    filter: FilterColumns,
    most: u16,
) -> QueryResult<(Vec<ChangeRow>, Scanned)> {
    let horizon = horizon(connection)?;
    let mut to = horizon;
    let mut more = false;
    let most = most.min(SCAN);
    if !filter.match_all() {
        let last = between!(SCANS.scanned_to, account, after, horizon).bind::<BigInt, _>(i64::from(SCAN));
        let last: Option<PlaceRow> = PreparedQuery(last).get_result(connection).optional()?;
        if let Some(last) = last {
            (to, more) = (last.position(), true);
        }
    }
    let query = matching_between!(SCANS.read, account, after, to, filter, most);
    let rows: Vec<ChangeRow> = PreparedQuery(query).load(connection)?;
    if let Some(last) = full_at(&rows, most) {
        (to, more) = (last, true);
    }
    let swept = diesel::sql_query(SWEPT_TO).bind::<Binary, _>(RowId::from(account.as_bytes()));
    let swept: Option<PlaceRow> = PreparedQuery(swept).get_result(connection).optional()?;
    let scanned = Scanned {
        changes: Vec::new(),
        to,
        more,
        swept_to: swept.map_or(ChangePosition::START, PlaceRow::position),
        horizon,
    };
    Ok((rows, scanned))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plans::{opened, plan};
    use chatgrow_sql::{delivery::lane::WAITING_SINCE, due_lanes};

    #[test]
    fn no_reading_goes_through_a_whole_epoch() {
        let (store, _folder) = opened();
        let between = [
            "epoch=? AND number>? AND number<?",
            "epoch>? AND epoch<?",
            "epoch=? AND number",
        ];
        for query in [SCANS.read, SCANS.recent, SCANS.scanned_to, SCANS.scanned_down_to] {
            let plan = plan(&store, query);
            assert_eq!(plan.len(), between.len(), "{plan:?}");
            for (step, expected) in plan.iter().zip(between) {
                assert!(
                    step.contains(&format!("changes_in_order (account_id=? AND {expected}")),
                    "{step}"
                );
            }
        }
        for (query, first) in [
            (DELETE_TO, "number<?)"),
            (due_lanes!("0", "1"), "number>?)"),
            (WAITING_SINCE, "number>?)"),
        ] {
            let plan = plan(&store, query);
            let mut changes = plan.iter().filter(|step| step.contains("changes_in_order"));
            let found = changes
                .next()
                .is_some_and(|step| step.contains(&format!("(account_id=? AND epoch=? AND {first}")));
            assert!(found && changes.count() == 1, "{plan:?}");
        }
    }
}
