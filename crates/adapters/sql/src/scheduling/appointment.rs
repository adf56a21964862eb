//! Appointments.

use crate::{
    RowId,
    columns::{RowReader, Window, rows_for, versioned},
    crm::customer::CustomerSummaryRow,
    guards::{Guard, GuardedRefusal},
    schema::{
        appointments::{self, dsl},
        customers,
    },
};
use chatgrow_domain::{AccountId, Appointment, AppointmentId, AppointmentRefusal, Duration, Notes, TimeSlot};
use chatgrow_ports::{AppointmentFilter, PageRequest, StartPosition, StoreError};
use diesel::{
    backend::Backend,
    dsl::{AsSelect, auto_type},
    prelude::*,
};

/// An appointment as it is stored.
#[derive(Debug, Clone, Hash, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = appointments)]
#[diesel(primary_key(account_id, id))]
#[diesel(treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct AppointmentRow {
    account_id: RowId,
    id: RowId,
    customer_id: RowId,
    starts_at: i64,
    ends_at: i64,
    service_type: String,
    notes: Option<String>,
    status: String,
    created_at: i64,
    updated_at: i64,
    version: i64,
}

impl AppointmentRow {
    /// The row of an account's appointment.
    #[must_use]
    pub fn new(account: AccountId, appointment: &Appointment) -> Self {
        Self {
            account_id: account.as_bytes().into(),
            id: appointment.id.as_bytes().into(),
            customer_id: appointment.customer.id.as_bytes().into(),
            starts_at: appointment.slot.start.as_minutes(),
            ends_at: appointment.slot.end_minutes(),
            service_type: appointment.service_type.as_str().to_owned(),
            notes: appointment.notes.as_ref().map(|notes| notes.as_str().to_owned()),
            status: appointment.status.as_str().to_owned(),
            created_at: appointment.created_at.as_millis(),
            updated_at: appointment.updated_at.as_millis(),
            version: appointment.version.get(),
        }
    }
}

/// An appointment with its customer.
#[derive(Queryable, Selectable)]
pub struct BookedRow {
    #[diesel(embed)]
    appointment: AppointmentRow,
    #[diesel(embed)]
    customer: CustomerSummaryRow,
}

impl TryFrom<BookedRow> for Appointment {
    type Error = StoreError;

    fn try_from(booked: BookedRow) -> Result<Self, StoreError> {
        let row = booked.appointment;
        let read = RowReader {
            table: "appointments",
            id: row.id,
        };
        let minutes = row.ends_at.saturating_sub(row.starts_at);
        Ok(Self {
            id: AppointmentId::new(row.id.object_id()),
            customer: booked.customer.try_into()?,
            slot: TimeSlot {
                start: read.minute("starts_at", row.starts_at)?,
                duration: read.get("ends_at", Duration::from_minutes(minutes))?,
            },
            service_type: read.get("service_type", row.service_type.parse())?,
            notes: read.optional("notes", row.notes, Notes::new)?,
            status: read.get("status", row.status.parse())?,
            created_at: read.timestamp("created_at", row.created_at)?,
            updated_at: read.timestamp("updated_at", row.updated_at)?,
            version: read.version(row.version)?,
        })
    }
}

#[auto_type]
fn with_customer() -> _ {
    let same_customer = customers::account_id
        .eq(appointments::account_id)
        .and(customers::id.eq(appointments::customer_id));
    appointments::table.inner_join(customers::table.on(same_customer))
}

/// The appointment with that id.
#[auto_type]
pub fn by_id<DB: Backend>(account: RowId, id: RowId) -> _ {
    let row: AsSelect<BookedRow, DB> = BookedRow::as_select();
    with_customer()
        .filter(dsl::account_id.eq(account))
        .filter(dsl::id.eq(id))
        .select(row)
}

/// A page of the appointments in the filter's period, ordered by start, then by id. The implementation of the port adds
/// status and customer, because a query whose shape changes has to name its backend.
pub fn list<DB: Backend>(
    account: AccountId,
    filter: &AppointmentFilter,
    page: &PageRequest<StartPosition<AppointmentId>>,
) -> list_after<DB> {
    let Window {
        from,
        before,
        start,
        id,
    } = Window::new(
        filter.from,
        filter.before,
        page.after.as_ref(),
        AppointmentId::as_bytes,
    );
    list_after(account.as_bytes().into(), from, before, start, id, rows_for(page))
}

#[auto_type]
fn list_after<DB: Backend>(account: RowId, from: i64, before: i64, start: i64, id: RowId, rows: i64) -> _ {
    let row: AsSelect<BookedRow, DB> = BookedRow::as_select();
    with_customer()
        .filter(dsl::account_id.eq(account))
        .filter(dsl::starts_at.ge(from))
        .filter(dsl::starts_at.lt(before))
        .filter(dsl::starts_at.gt(start).or(dsl::id.gt(id)))
        .order((dsl::starts_at, dsl::id))
        .limit(rows)
        .select(row)
}

versioned!(before: appointments, Appointment);

impl GuardedRefusal for AppointmentRefusal {
    fn of(guard: Guard) -> Option<Self> {
        (guard == Guard::AppointmentSlot).then_some(Self::SlotTaken)
    }
}

/// Implements [`AppointmentStore`](chatgrow_ports::AppointmentStore) with methods of the store, named in this order.
/// [`port`](crate::port) says what they do. `$book` adapts the `INSERT` to the store. If the `INSERT` inserts no row,
/// the slot is taken.
#[macro_export]
macro_rules! appointment_store {
    ($store:ty { $find:ident, $page:ident, $search:ident, $execute:ident }, $insert:ident => $book:expr) => {
        const _: () = {
            use $crate::{
                port::*,
                scheduling::appointment::{self, AppointmentRow, BookedRow},
                schema::{
                    appointments::{dsl, table},
                    customers,
                },
            };

            #[async_trait]
            impl AppointmentStore for $store {
                async fn book(
                    &self,
                    account: AccountId,
                    appointment: &Appointment,
                    commit: Commit,
                ) -> Result<(), Failure<AppointmentRefusal>> {
                    let $insert =
                        diesel::insert_into(table).values(AppointmentRow::new(account, appointment));
                    match self
                        .$execute::<Failure<AppointmentRefusal>>(commit, $book)
                        .await?
                    {
                        0 => Err(Failure::Refused(AppointmentRefusal::SlotTaken)),
                        _ => Ok(()),
                    }
                }

                async fn by_id(
                    &self,
                    account: AccountId,
                    id: AppointmentId,
                ) -> Result<Option<Appointment>, StoreError> {
                    self.$find::<BookedRow, _>(appointment::by_id(
                        account.as_bytes().into(),
                        id.as_bytes().into(),
                    ))
                    .await
                }

                async fn list(
                    &self,
                    account: AccountId,
                    filter: &AppointmentFilter,
                    request: PageRequest<StartPosition<AppointmentId>>,
                ) -> Result<Page<Appointment, StartPosition<AppointmentId>>, StoreError> {
                    let mut query = appointment::list(account, filter, &request).into_boxed();
                    if let Some(status) = filter.status {
                        query = query.filter(dsl::status.eq(status.as_str()));
                    }
                    if let Some(customer) = &filter.customer {
                        query = query.filter(customers::email_key.eq(customer.as_str().to_owned()));
                    }
                    if let Some(since) = filter.updated_since {
                        query = query.filter(dsl::updated_at.ge(since.as_millis()));
                    }
                    match (filter.status, filter.updated_since) {
                        (None, None) => self.$page::<BookedRow, _>(query, request).await,
                        // No index has the status before the start, and none covers the last change.
                        _ => self.$search::<BookedRow, _>(query, request).await,
                    }
                }

                async fn update(
                    &self,
                    account: AccountId,
                    appointment: &Appointment,
                    commit: Commit,
                ) -> Result<(), Failure<AppointmentRefusal>> {
                    let update = diesel::update(appointment::before(account, appointment))
                        .set(AppointmentRow::new(account, appointment));
                    match self
                        .$execute::<Failure<AppointmentRefusal>>(commit, update)
                        .await?
                    {
                        0 => Err(Failure::Refused(AppointmentRefusal::VersionMismatch)),
                        _ => Ok(()),
                    }
                }
            }
        };
    };
}
