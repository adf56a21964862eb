//! Reading and sweeping the log of changes.

use crate::{
    RowId,
    delivery::change::{ChangeRow, SYSTEM},
    schema::{feed, sweeps},
};
use chatgrow_domain::{AccountId, ChangeTypes, Timestamp};
use chatgrow_ports::{ActedBy, ChangeFilter, ChangePosition, FeedKey, StoreError};
use diesel::{
    prelude::*,
    sql_types::{BigInt, Binary, Nullable},
};

/// The one row of the feed.
#[derive(Debug, Clone, Hash, Queryable, Selectable, Insertable)]
#[diesel(table_name = feed)]
#[diesel(treat_none_as_default_value = false)]
pub struct FeedRow {
    id: i64,
    key: Option<Vec<u8>>,
    epoch: i64,
}

/// Up to where an account's changes were swept.
#[derive(Debug, Clone, Hash, Queryable, Selectable, Insertable)]
#[diesel(table_name = sweeps)]
pub struct SweepRow {
    account_id: RowId,
    epoch: i64,
    number: i64,
}

/// A place, as a query returns it.
#[derive(Debug, Clone, Copy, QueryableByName)]
pub struct PlaceRow {
    #[diesel(sql_type = BigInt)]
    epoch: i64,
    #[diesel(sql_type = BigInt)]
    number: i64,
}

impl PlaceRow {
    /// The place.
    #[must_use]
    pub fn position(self) -> ChangePosition {
        ChangePosition {
            epoch: self.epoch,
            number: self.number,
        }
    }
}

/// An account's id, as a query returns it.
#[derive(QueryableByName)]
#[diesel(table_name = sweeps)]
pub struct AccountIdRow {
    account_id: RowId,
}

impl TryFrom<AccountIdRow> for AccountId {
    type Error = StoreError;

    fn try_from(row: AccountIdRow) -> Result<Self, StoreError> {
        Ok(Self::new(row.account_id.object_id()))
    }
}

/// When the first of some changes was made, as a query returns it.
#[derive(QueryableByName)]
pub struct SinceRow {
    #[diesel(sql_type = Nullable<BigInt>)]
    since: Option<i64>,
}

impl TryFrom<SinceRow> for Option<Timestamp> {
    type Error = StoreError;

    fn try_from(row: SinceRow) -> Result<Self, StoreError> {
        Ok(row.since.and_then(Timestamp::from_millis))
    }
}

impl TryFrom<PlaceRow> for ChangePosition {
    type Error = StoreError;

    fn try_from(row: PlaceRow) -> Result<Self, StoreError> {
        Ok(row.position())
    }
}

/// The feed's key, as a query returns it.
#[derive(QueryableByName)]
pub struct KeyRow {
    #[diesel(sql_type = Binary)]
    key: Vec<u8>,
}

impl TryFrom<KeyRow> for FeedKey {
    type Error = StoreError;

    fn try_from(row: KeyRow) -> Result<Self, StoreError> {
        let key = row.key.try_into();
        key.map(Self)
            .map_err(|_| StoreError::failed("the feed's key is not 32 bytes long"))
    }
}

/// The feed's key, if it has one. The result is a [`KeyRow`].
pub const KEY: &str = "SELECT key FROM feed WHERE key IS NOT NULL";

/// Gives the feed the key `$1`, if it has none.
pub const FIRST_KEY: &str = "UPDATE feed SET key = $1 WHERE key IS NULL";

/// Up to where the changes of the account `$1` were swept. The result is a [`PlaceRow`], if any were.
pub const SWEPT_TO: &str = "SELECT epoch, number FROM sweeps WHERE account_id = $1";

/// The columns of a [`ChangeRow`].
#[macro_export]
macro_rules! change_columns {
    () => {
        "account_id, epoch, number, id, kind, made_at, subject_id, version, customer_id, actor_kind, actor_id, request_id,
            object, previous"
    };
}

/// The queries that read the log of an account, `$1`, in its order and backwards. Each store has its own: they say in
/// different words which rows lie between two places, so that an index finds the first one ([`scans!`](crate::scans)).
pub struct Scans {
    /// At most `$10` changes after the place `$2`, `$3`, up to the place `$4`, `$5`: of the types in the list `$6`, of the
    /// resource `$7`, by an actor of the kind `$8`, by the actor `$9`. A parameter that is null matches all. The result is a
    /// [`ChangeRow`].
    pub read: &'static str,
    /// The latest such changes before the place `$2`, `$3`, down to the place `$4`, `$5`, the latest first.
    pub recent: &'static str,
    /// The place of the last of `$6` changes after the place `$2`, `$3`, up to the place `$4`, `$5`. The result is a
    /// [`PlaceRow`], if there are so many.
    pub scanned_to: &'static str,
    /// The same for changes before the place `$2`, `$3`, down to the place `$4`, `$5`, going backwards.
    pub scanned_down_to: &'static str,
}

/// Makes [`Scans`]. `$position` is the function that finds a text in another. The other literals are conditions: whether a
/// row lies between the two places, after the first one or before it. If there are several, a row MUST satisfy at most one
/// of them, and the rows of each are read in order.
#[macro_export]
macro_rules! scans {
    ($position:literal, after: [$($after:literal),+], before: [$($before:literal),+]) => {
        $crate::delivery::feed::Scans {
            read: concat!(
                $crate::changes_in!($crate::change_columns!(), $crate::matching_changes!($position), $($after),+),
                " ORDER BY epoch, number LIMIT $10"
            ),
            recent: concat!(
                $crate::changes_in!($crate::change_columns!(), $crate::matching_changes!($position), $($before),+),
                " ORDER BY epoch DESC, number DESC LIMIT $10"
            ),
            scanned_to: concat!(
                $crate::changes_in!("epoch, number", "", $($after),+),
                " ORDER BY epoch, number LIMIT 1 OFFSET $6 - 1"
            ),
            scanned_down_to: concat!(
                $crate::changes_in!("epoch, number", "", $($before),+),
                " ORDER BY epoch DESC, number DESC LIMIT 1 OFFSET $6 - 1"
            ),
        }
    };
}

/// Makes the query for `$columns` of those changes of the account `$1` that satisfy `$conditions` and one of the `$ranges`.
#[macro_export]
macro_rules! changes_in {
    ($columns:expr, $conditions:expr, $range:literal $(, $ranges:literal)*) => {
        concat!(
            "SELECT ", $columns, " FROM changes WHERE account_id = $1 AND ", $range, $conditions,
            $(" UNION ALL ", $crate::changes_in!($columns, $conditions, $ranges),)*
        )
    };
}

/// The conditions of a filter, which is bound as `$6` to `$9`.
#[macro_export]
macro_rules! matching_changes {
    ($position:literal) => {
        concat!(
            " AND ($6 IS NULL OR ",
            $position,
            "($6, ' ' || kind || ' ') > 0)
                AND ($7 IS NULL OR subject_id = $7)
                AND ($8 IS NULL OR actor_kind = $8)
                AND ($9 IS NULL OR actor_id = $9)"
        )
    };
}

/// The filter's columns, as [`Scans::read`] wants them.
#[derive(Debug, Clone)]
pub struct FilterColumns {
    /// The types, with spaces around each.
    pub types: Option<String>,
    /// The resource.
    pub subject: Option<RowId>,
    /// The actor's kind.
    pub actor_kind: Option<&'static str>,
    /// The actor.
    pub actor: Option<RowId>,
}

impl FilterColumns {
    /// Whether every change matches.
    #[must_use]
    pub fn match_all(&self) -> bool {
        let Self {
            types,
            subject,
            actor_kind,
            actor,
        } = self;
        types.is_none() && subject.is_none() && actor_kind.is_none() && actor.is_none()
    }
}

impl From<ChangeFilter> for FilterColumns {
    fn from(filter: ChangeFilter) -> Self {
        let names = || {
            let mut list = " ".to_owned();
            for kind in filter.types.iter() {
                list.push_str(kind.as_str());
                list.push(' ');
            }
            list
        };
        let (actor_kind, actor) = match filter.actor {
            None => (None, None),
            Some(ActedBy::System) => (Some(SYSTEM), None),
            Some(ActedBy::Id(id)) => (None, Some(id.as_bytes().into())),
        };
        Self {
            types: (filter.types != ChangeTypes::ALL).then(names),
            subject: filter.subject.map(|subject| subject.as_bytes().into()),
            actor_kind,
            actor,
        }
    }
}

/// Binds the first parameters of queries such as [`DUE_TO`]: the account, and a place.
#[macro_export]
macro_rules! up_to {
    ($text:expr, $account:expr, $to:expr) => {
        diesel::sql_query($text)
            .bind::<diesel::sql_types::Binary, _>($crate::RowId::from($account.as_bytes()))
            .bind::<diesel::sql_types::BigInt, _>($to.epoch)
            .bind::<diesel::sql_types::BigInt, _>($to.number)
    };
}

/// Binds the first parameters of the queries in [`Scans`]: the account, and two places.
#[macro_export]
macro_rules! between {
    ($text:expr, $account:expr, $after:expr, $to:expr) => {
        $crate::up_to!($text, $account, $after)
            .bind::<diesel::sql_types::BigInt, _>($to.epoch)
            .bind::<diesel::sql_types::BigInt, _>($to.number)
    };
}

/// Binds all parameters of `read` and `recent` in [`Scans`].
#[macro_export]
macro_rules! matching_between {
    ($text:expr, $account:expr, $from:expr, $to:expr, $filter:expr, $most:expr) => {
        $crate::between!($text, $account, $from, $to)
            .bind::<diesel::sql_types::Nullable<diesel::sql_types::Text>, _>($filter.types)
            .bind::<diesel::sql_types::Nullable<diesel::sql_types::Binary>, _>($filter.subject)
            .bind::<diesel::sql_types::Nullable<diesel::sql_types::Text>, _>($filter.actor_kind)
            .bind::<diesel::sql_types::Nullable<diesel::sql_types::Binary>, _>($filter.actor)
            .bind::<diesel::sql_types::BigInt, _>(i64::from($most))
    };
}

/// The place at which a reading of at most `most` changes ends, if it has found so many.
#[must_use]
pub fn full_at(rows: &[ChangeRow], most: u16) -> Option<ChangePosition> {
    let last = rows.last().filter(|_| rows.len() == usize::from(most));
    last.map(ChangeRow::position)
}

/// The accounts whose first change was made at `$1` or earlier. The result is an [`AccountIdRow`].
pub const ACCOUNTS_TO_SWEEP: &str = "SELECT a.id AS account_id FROM accounts AS a WHERE (
        SELECT c.made_at FROM changes AS c WHERE c.account_id = a.id ORDER BY c.epoch, c.number LIMIT 1
    ) <= $1";

/// Of the oldest changes of the account `$1` up to the place `$2`, `$3`, at most `$4` of them: the place of the last one
/// that was made at `$5` or earlier and that neither a lane of an active endpoint nor a delivery that it has to try again
/// needs. The result is a [`PlaceRow`], if there is one. (SQLite numbers parameters in the order in which it meets them,
/// so they have to come in that order.)
pub const DUE_TO: &str = "SELECT epoch, number FROM (
        SELECT epoch, number, made_at FROM changes WHERE account_id = $1 AND (epoch, number) <= ($2, $3)
        ORDER BY epoch, number LIMIT $4
    ) AS oldest
    WHERE made_at <= $5 AND NOT EXISTS (
        SELECT 1 FROM webhook_lanes AS l
        JOIN webhook_endpoints AS e ON e.account_id = l.account_id AND e.id = l.endpoint_id
        WHERE l.account_id = $1 AND e.active = 1 AND (l.epoch, l.number) < (oldest.epoch, oldest.number)
    ) AND NOT EXISTS (
        SELECT 1 FROM webhook_deliveries AS d
        JOIN webhook_endpoints AS e ON e.account_id = d.account_id AND e.id = d.endpoint_id
        WHERE d.account_id = $1 AND e.active = 1 AND d.status = 'pending'
            AND (d.epoch, d.number) <= (oldest.epoch, oldest.number)
    )
    ORDER BY epoch DESC, number DESC LIMIT 1";

/// Remembers that the changes of the account `$1` were swept up to the place `$2`, `$3`.
pub const REMEMBER_SWEEP: &str = "INSERT INTO sweeps (account_id, epoch, number) VALUES ($1, $2, $3)
    ON CONFLICT (account_id) DO UPDATE SET epoch = excluded.epoch, number = excluded.number
    WHERE (sweeps.epoch, sweeps.number) < (excluded.epoch, excluded.number)";

/// The change of the account `$1` at the place `$2`, `$3`. The result is a
/// [`ChangeRow`].
pub const AT: &str = concat!(
    "SELECT ",
    change_columns!(),
    " FROM changes WHERE account_id = $1 AND epoch = $2 AND number = $3"
);
