//! The schedules of accounts.

use super::hours;
use crate::{
    RowId,
    columns::RowReader,
    crm::customer::CustomerRow,
    guards::{Guard, GuardedRefusal},
    schema::{accounts, customers, schedules},
};
use chatgrow_domain::{
    AccountId, Customer, Duration, Horizon, Notice, Schedule, ScheduleRefusal, ScheduleRules, TimeZoneName,
};
use chatgrow_ports::StoreError;
use diesel::{
    backend::Backend,
    dsl::{AsSelect, auto_type},
    prelude::*,
};

/// A schedule as it is stored.
#[derive(Debug, Clone, Hash, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = schedules)]
#[diesel(primary_key(account_id))]
#[diesel(treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct ScheduleRow {
    account_id: RowId,
    time_zone: Option<String>,
    hours: Option<String>,
    min_notice: Option<i64>,
    horizon: Option<i64>,
    slot_step: i64,
    updated_at: i64,
    version: i64,
}

impl ScheduleRow {
    /// The row of a schedule that was changed, at `updated_at`.
    fn new(account: AccountId, schedule: &Schedule, updated_at: chatgrow_domain::Timestamp) -> Self {
        let rules = &schedule.rules;
        Self {
            account_id: account.as_bytes().into(),
            time_zone: rules.time_zone.as_ref().map(|zone| zone.as_str().to_owned()),
            hours: hours::write(&rules.hours),
            min_notice: rules.min_notice.map(Notice::as_minutes),
            horizon: rules.horizon.map(Horizon::as_days),
            slot_step: rules.slot_step.as_minutes(),
            updated_at: updated_at.as_millis(),
            version: schedule.version.get(),
        }
    }
}

impl TryFrom<ScheduleRow> for Schedule {
    type Error = StoreError;

    fn try_from(row: ScheduleRow) -> Result<Self, StoreError> {
        let read = RowReader {
            table: "schedules",
            id: row.account_id,
        };
        Ok(Self {
            account: AccountId::new(row.account_id.object_id()),
            rules: ScheduleRules {
                time_zone: read.optional("time_zone", row.time_zone, TimeZoneName::new)?,
                hours: read.get("hours", hours::read(row.hours.as_deref()).ok_or(()))?,
                min_notice: read.optional("min_notice", row.min_notice, Notice::from_minutes)?,
                horizon: read.optional("horizon", row.horizon, Horizon::from_days)?,
                slot_step: read.get("slot_step", Duration::from_minutes(row.slot_step))?,
            },
            updated_at: Some(read.timestamp("updated_at", row.updated_at)?),
            version: read.version(row.version)?,
        })
    }
}

/// An account with its schedule, if that was ever changed, and one of its customers.
#[derive(Queryable, Selectable)]
#[diesel(table_name = accounts)]
pub struct ServedRow {
    #[diesel(column_name = id)]
    account_id: RowId,
    #[diesel(embed)]
    schedule: Option<ScheduleRow>,
    #[diesel(embed)]
    customer: Option<CustomerRow>,
}

impl TryFrom<ServedRow> for (Schedule, Option<Customer>) {
    type Error = StoreError;

    fn try_from(row: ServedRow) -> Result<Self, StoreError> {
        let account = AccountId::new(row.account_id.object_id());
        let schedule = match row.schedule {
            Some(schedule) => schedule.try_into()?,
            None => Schedule::untouched(account),
        };
        Ok((schedule, row.customer.map(Customer::try_from).transpose()?))
    }
}

/// The account's schedule, if it was ever changed.
#[auto_type]
pub fn of<DB: Backend>(account: RowId) -> _ {
    let row: AsSelect<ScheduleRow, DB> = ScheduleRow::as_select();
    schedules::table
        .filter(schedules::account_id.eq(account))
        .select(row)
}

/// The account's schedule and its customer with that address, found by its key.
#[auto_type]
pub fn with_customer<DB: Backend>(account: RowId, email_key: String) -> _ {
    let row: AsSelect<ServedRow, DB> = ServedRow::as_select();
    let its_customer = customers::account_id
        .eq(accounts::id)
        .and(customers::email_key.eq(email_key));
    accounts::table
        .left_join(schedules::table.on(schedules::account_id.eq(accounts::id)))
        .left_join(customers::table.on(its_customer))
        .filter(accounts::id.eq(account))
        .select(row)
}

/// How a schedule is written.
pub enum Replacement {
    /// It was never changed, so its row is new. If there is a row already, another change was faster.
    First(ScheduleRow),
    /// Its row replaces the one in that version.
    Later(ScheduleRow, i64),
    /// It is no next state of anything.
    None,
}

impl Replacement {
    /// The write of the account's schedule.
    #[must_use]
    pub fn of(account: AccountId, schedule: &Schedule) -> Self {
        let Some((updated_at, before)) = schedule.updated_at.zip(schedule.version.previous()) else {
            return Self::None;
        };
        let row = ScheduleRow::new(account, schedule, updated_at);
        if before == chatgrow_domain::Version::FIRST {
            Self::First(row)
        } else {
            Self::Later(row, before.get())
        }
    }
}

/// The stored schedule in that version.
#[auto_type]
pub fn in_version(account: RowId, version: i64) -> _ {
    let row: diesel::dsl::Find<schedules::table, RowId> = schedules::table.find(account);
    row.filter(schedules::version.eq(version))
}

impl GuardedRefusal for ScheduleRefusal {
    /// No guard refuses a schedule.
    fn of(_: Guard) -> Option<Self> {
        None
    }
}

/// Implements [`ScheduleStore`](chatgrow_ports::ScheduleStore) with methods of the store, named in this order.
/// [`port`](crate::port) says what they do.
#[macro_export]
macro_rules! schedule_store {
    ($store:ty { $find:ident, $execute:ident }) => {
        const _: () = {
            use $crate::{
                port::*,
                scheduling::schedule::{self, Replacement, ScheduleRow, ServedRow},
                schema::schedules::{dsl, table},
            };

            #[async_trait]
            impl ScheduleStore for $store {
                async fn of(&self, account: AccountId) -> Result<Schedule, StoreError> {
                    let found = self.$find::<ScheduleRow, _>(schedule::of(account.as_bytes().into()));
                    Ok(found.await?.unwrap_or_else(|| Schedule::untouched(account)))
                }

                async fn with_customer(
                    &self,
                    account: AccountId,
                    email: &EmailKey,
                ) -> Result<(Schedule, Option<Customer>), StoreError> {
                    let email = email.as_str().to_owned();
                    let found =
                        self.$find::<ServedRow, _>(schedule::with_customer(account.as_bytes().into(), email));
                    Ok(found
                        .await?
                        .unwrap_or_else(|| (Schedule::untouched(account), None)))
                }

                async fn replace(
                    &self,
                    account: AccountId,
                    schedule: &Schedule,
                    commit: Commit,
                ) -> Result<(), Failure<ScheduleRefusal>> {
                    type Refused = Failure<ScheduleRefusal>;
                    let written = match Replacement::of(account, schedule) {
                        Replacement::First(row) => {
                            let insert = diesel::insert_into(table).values(row);
                            let insert = insert.on_conflict(dsl::account_id).do_nothing();
                            self.$execute::<Refused>(commit, insert).await?
                        }
                        Replacement::Later(row, version) => {
                            let before = schedule::in_version(account.as_bytes().into(), version);
                            let update = diesel::update(before).set(row);
                            self.$execute::<Refused>(commit, update).await?
                        }
                        Replacement::None => 0,
                    };
                    match written {
                        0 => Err(Failure::Refused(ScheduleRefusal::VersionMismatch)),
                        _ => Ok(()),
                    }
                }
            }
        };
    };
}
