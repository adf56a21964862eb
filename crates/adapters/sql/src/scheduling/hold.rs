//! Holds.

use crate::{
    RowId,
    columns::{Window, rows_for},
    guards::{Guard, GuardedRefusal},
    scheduling::occupancy::{AppointmentRow, CANCELLED, IS_HOLD, row_of},
    schema::appointments::{self, dsl},
    steps::{Step, StepRefusal},
};
use chatgrow_domain::{AccountId, Hold, HoldId, HoldRefusal, Timestamp};
use chatgrow_ports::{ExpiredHold, PageRequest, StartPosition, StoreError};
use diesel::{
    backend::Backend,
    dsl::{AsSelect, auto_type, sql},
    expression::SqlLiteral,
    prelude::*,
    sql_types::Bool,
};

/// A hold as it is read.
#[derive(Queryable, Selectable)]
pub struct HoldRow {
    #[diesel(embed)]
    row: AppointmentRow,
}

impl TryFrom<HoldRow> for Hold {
    type Error = StoreError;

    fn try_from(HoldRow { row }: HoldRow) -> Result<Self, StoreError> {
        let read = row.reader();
        Ok(Self {
            id: HoldId::new(row.id.object_id()),
            booking: row.booking()?,
            held_until: read.timestamp("held_until", row.held_until.unwrap_or(i64::MAX))?,
            released: row.status == CANCELLED,
            created_at: read.timestamp("created_at", row.created_at)?,
            updated_at: read.timestamp("updated_at", row.updated_at)?,
            version: read.version(row.version)?,
        })
    }
}

impl TryFrom<HoldRow> for ExpiredHold {
    type Error = StoreError;

    fn try_from(row: HoldRow) -> Result<Self, StoreError> {
        Ok(Self {
            account: AccountId::new(row.row.account_id.object_id()),
            hold: row.try_into()?,
        })
    }
}

/// The hold with that id.
#[auto_type]
pub fn by_id<DB: Backend>(account: RowId, id: RowId) -> _ {
    let row: AsSelect<HoldRow, DB> = HoldRow::as_select();
    let hold: row_of = row_of(account, id, IS_HOLD);
    hold.select(row)
}

/// A page of the holds that count at that instant, ordered by start, then by id.
pub fn list<DB: Backend>(
    account: AccountId,
    now: Timestamp,
    page: &PageRequest<StartPosition<HoldId>>,
) -> list_after<DB> {
    let Window { from, start, id, .. } = Window::new(None, None, page.after.as_ref(), HoldId::as_bytes);
    let now = now.as_millis();
    list_after(account.as_bytes().into(), now, from, start, id, rows_for(page))
}

#[auto_type]
fn list_after<DB: Backend>(account: RowId, now: i64, from: i64, start: i64, id: RowId, rows: i64) -> _ {
    let row: AsSelect<HoldRow, DB> = HoldRow::as_select();
    let is_kept: SqlLiteral<Bool> = sql("kind = 'hold' AND status <> 'cancelled'");
    appointments::table
        .filter(dsl::account_id.eq(account))
        .filter(is_kept)
        .filter(dsl::held_until.gt(now))
        .filter(dsl::starts_at.ge(from))
        .filter(dsl::starts_at.gt(start).or(dsl::id.gt(id)))
        .order((dsl::starts_at, dsl::id))
        .limit(rows)
        .select(row)
}

/// The hold to remove. Its legs go with it.
pub fn removed(account: RowId, id: RowId) -> row_of {
    row_of(account, id, IS_HOLD)
}

/// The holds that have expired at that instant and were not released. They are ordered as `appointments_holds` is: for
/// another order, SQLite reads the whole table. The implementation of the port adds the account, because a query whose
/// shape changes has to name its backend.
#[auto_type]
pub fn expired<DB: Backend>(now: i64, most: i64) -> _ {
    let row: AsSelect<HoldRow, DB> = HoldRow::as_select();
    let is_kept: SqlLiteral<Bool> = sql("kind = 'hold' AND status <> 'cancelled'");
    appointments::table
        .filter(is_kept)
        .filter(dsl::held_until.le(now))
        .order((dsl::account_id, dsl::starts_at, dsl::id))
        .limit(most)
        .select(row)
}

/// Makes the statement that deletes holds which were released and had expired at `$1`, at most `$2` of them. They are
/// ordered as in [`expired()`]. `$lock` ends the query for the rows. The query is materialized: if it ran again for each
/// row, it would find others each time.
#[macro_export]
macro_rules! forget_holds {
    ($lock:literal) => {
        concat!(
            "WITH old AS MATERIALIZED (
                SELECT account_id, id FROM appointments
                WHERE kind = 'hold' AND status = 'cancelled' AND held_until <= $1
                ORDER BY account_id, starts_at, id LIMIT $2 ",
            $lock,
            ")
            DELETE FROM appointments WHERE (account_id, id) IN (SELECT account_id, id FROM old)"
        )
    };
}

impl GuardedRefusal for HoldRefusal {
    fn of(guard: Guard) -> Option<Self> {
        (guard == Guard::AppointmentSlot).then_some(Self::SlotTaken)
    }
}

impl StepRefusal for HoldRefusal {
    fn without_effect(_: &Step) -> Self {
        Self::SlotTaken
    }
}

/// Implements [`HoldStore`](chatgrow_ports::HoldStore) with methods of the store, named in this order.
/// [`port`](crate::port) says what they do. `$lock` keeps two servers from waiting for each other's rows.
#[macro_export]
macro_rules! hold_store {
    ($store:ty { $find:ident, $all:ident, $page:ident, $execute:ident, $carry_out:ident }, $lock:literal) => {
        const _: () = {
            use $crate::{
                RowId,
                port::*,
                scheduling::{
                    hold::{self, HoldRow},
                    occupancy::AppointmentRow,
                },
                schema::appointments::dsl,
                steps::{self, Step},
            };

            #[async_trait]
            impl HoldStore for $store {
                async fn hold(
                    &self,
                    account: AccountId,
                    hold: &Hold,
                    commit: Commit,
                ) -> Result<(), Failure<HoldRefusal>> {
                    let row = AppointmentRow::of_hold(account, hold);
                    self.$carry_out(commit, vec![Step::Insert(row)]).await
                }

                async fn by_id(&self, account: AccountId, id: HoldId) -> Result<Option<Hold>, StoreError> {
                    let hold = hold::by_id(account.as_bytes().into(), id.as_bytes().into());
                    self.$find::<HoldRow, _>(hold).await
                }

                async fn list(
                    &self,
                    account: AccountId,
                    now: Timestamp,
                    request: PageRequest<StartPosition<HoldId>>,
                ) -> Result<Page<Hold, StartPosition<HoldId>>, StoreError> {
                    let query = hold::list(account, now, &request);
                    self.$page::<HoldRow, _>(query, request).await
                }

                async fn remove(
                    &self,
                    account: AccountId,
                    id: HoldId,
                    commit: Commit,
                ) -> Result<bool, StoreError> {
                    let hold = hold::removed(account.as_bytes().into(), id.as_bytes().into());
                    Ok(self
                        .$execute::<StoreError>(commit, diesel::delete(hold))
                        .await?
                        > 0)
                }

                async fn expired(
                    &self,
                    account: Option<AccountId>,
                    now: Timestamp,
                    most: u32,
                ) -> Result<Vec<ExpiredHold>, StoreError> {
                    let mut query = hold::expired(now.as_millis(), most.into()).into_boxed();
                    if let Some(account) = account {
                        query = query.filter(dsl::account_id.eq(RowId::from(account.as_bytes())));
                    }
                    self.$all::<HoldRow, _>(query).await
                }

                async fn release(
                    &self,
                    account: AccountId,
                    hold: &Hold,
                    commit: Commit,
                ) -> Result<bool, StoreError> {
                    let row = AppointmentRow::of_hold(account, hold);
                    let update = diesel::update(steps::hold_before(&row)).set(row);
                    Ok(self.$execute::<StoreError>(commit, update).await? > 0)
                }

                async fn forget(&self, before: Timestamp, most: u32) -> Result<usize, StoreError> {
                    use diesel::sql_types::BigInt;
                    let forget = diesel::sql_query($crate::forget_holds!($lock))
                        .bind::<BigInt, _>(before.as_millis())
                        .bind::<BigInt, _>(i64::from(most));
                    self.$execute(Commit::default(), forget).await
                }
            }
        };
    };
}
