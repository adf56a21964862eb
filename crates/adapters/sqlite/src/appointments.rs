//! Appointments. Within the write, the confirmed neighbours come from a range of the index and the domain's rule
//! decides; no other write can come between, for there is one writer.

use crate::{
    SqliteStore,
    columns::{RowReader, page, rows_for, version_before},
    customers::CustomerSummaryRow,
    error::store_error,
    schema::{appointments, customers},
};
use async_trait::async_trait;
use chatgrow_domain::{
    AccountId, Appointment, AppointmentId, AppointmentStatus, Duration, Notes, TimeSlot, conflict,
};
use chatgrow_ports::{
    AppointmentFilter, AppointmentStore, BookError, Page, PageRequest, StartPosition, StoreError,
    UpdateAppointmentError,
};
use diesel::{prelude::*, sqlite::SqliteConnection};

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = appointments)]
#[diesel(primary_key(account_id, id))]
#[diesel(treat_none_as_default_value = false, treat_none_as_null = true)]
struct AppointmentRow {
    account_id: Vec<u8>,
    id: Vec<u8>,
    customer_id: Vec<u8>,
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
    fn new(account: AccountId, appointment: &Appointment) -> Self {
        Self {
            account_id: account.as_bytes().to_vec(),
            id: appointment.id.as_bytes().to_vec(),
            customer_id: appointment.customer.id.as_bytes().to_vec(),
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

/// An appointment beside its customer.
#[derive(Queryable, Selectable)]
struct BookedRow {
    #[diesel(embed)]
    appointment: AppointmentRow,
    #[diesel(embed)]
    customer: CustomerSummaryRow,
}

impl TryFrom<BookedRow> for Appointment {
    type Error = StoreError;

    fn try_from(
        BookedRow {
            appointment: row,
            customer,
        }: BookedRow,
    ) -> Result<Self, StoreError> {
        let read = RowReader {
            table: "appointments",
            id: &row.id,
        };
        Ok(Self {
            id: read.id("id", &row.id, AppointmentId::new)?,
            customer: customer.try_into()?,
            slot: slot(&read, row.starts_at, row.ends_at)?,
            service_type: read.get("service_type", row.service_type.parse())?,
            notes: read.optional("notes", row.notes, Notes::new)?,
            status: read.get("status", row.status.parse())?,
            created_at: read.timestamp("created_at", row.created_at)?,
            updated_at: read.timestamp("updated_at", row.updated_at)?,
            version: read.version(row.version)?,
        })
    }
}

fn slot(read: &RowReader<'_>, starts_at: i64, ends_at: i64) -> Result<TimeSlot, StoreError> {
    let minutes = ends_at.saturating_sub(starts_at);
    Ok(TimeSlot {
        start: read.minute("starts_at", starts_at)?,
        duration: read.get("ends_at", Duration::from_minutes(minutes))?,
    })
}

/// Whether another confirmed appointment overlaps the slot of `row`, by the domain's rule.
fn slot_is_taken(connection: &mut SqliteConnection, row: &AppointmentRow) -> Result<bool, StoreError> {
    // No appointment is longer than the longest, so none that starts earlier than this reaches the slot.
    let earliest = row.starts_at - Duration::MAX_MINUTES;
    let neighbours: Vec<(Vec<u8>, i64, i64)> = appointments::table
        .filter(appointments::account_id.eq(&row.account_id))
        .filter(appointments::starts_at.gt(earliest))
        .filter(appointments::starts_at.lt(row.ends_at))
        .filter(appointments::status.eq(AppointmentStatus::Confirmed.as_str()))
        .select((appointments::id, appointments::starts_at, appointments::ends_at))
        .load(connection)
        .map_err(store_error)?;
    let wanted = slot(
        &RowReader {
            table: "appointments",
            id: &row.id,
        },
        row.starts_at,
        row.ends_at,
    )?;
    let taken = neighbours
        .into_iter()
        .map(|(id, starts_at, ends_at)| {
            let slot = slot(
                &RowReader {
                    table: "appointments",
                    id: &id,
                },
                starts_at,
                ends_at,
            )?;
            Ok((id, slot))
        })
        .collect::<Result<Vec<_>, StoreError>>()?;
    Ok(conflict(&row.id, &wanted, taken).is_some())
}

#[async_trait]
impl AppointmentStore for SqliteStore {
    async fn book(&self, account: AccountId, appointment: &Appointment) -> Result<(), BookError> {
        let row = AppointmentRow::new(account, appointment);
        self.write(move |connection| {
            if slot_is_taken(connection, &row)? {
                return Err(BookError::SlotTaken);
            }
            diesel::insert_into(appointments::table)
                .values(row)
                .execute(connection)
                .map_err(store_error)?;
            Ok(())
        })
        .await
    }

    async fn by_id(&self, account: AccountId, id: AppointmentId) -> Result<Option<Appointment>, StoreError> {
        self.read(move |connection| {
            let row = with_customer()
                .filter(appointments::account_id.eq(account.as_bytes().as_slice()))
                .filter(appointments::id.eq(id.as_bytes().as_slice()))
                .select(BookedRow::as_select())
                .first(connection);
            row.optional()
                .map_err(store_error)?
                .map(Appointment::try_from)
                .transpose()
        })
        .await
    }

    async fn list(
        &self,
        account: AccountId,
        filter: &AppointmentFilter,
        request: PageRequest<StartPosition<AppointmentId>>,
    ) -> Result<Page<Appointment, StartPosition<AppointmentId>>, StoreError> {
        let filter = filter.clone();
        self.read(move |connection| {
            let mut query = with_customer()
                .filter(appointments::account_id.eq(account.as_bytes().as_slice()))
                .order((appointments::starts_at, appointments::id))
                .limit(rows_for(&request))
                .select(BookedRow::as_select())
                .into_boxed();
            if let Some(from) = filter.from {
                query = query.filter(appointments::starts_at.ge(from.as_minutes()));
            }
            if let Some(before) = filter.before {
                query = query.filter(appointments::starts_at.lt(before.as_minutes()));
            }
            if let Some(status) = filter.status {
                query = query.filter(appointments::status.eq(status.as_str()));
            }
            if let Some(customer) = &filter.customer {
                query = query.filter(customers::email_key.eq(customer.as_str()));
            }
            if let Some(StartPosition { start, id }) = &request.after {
                let start = start.as_minutes();
                let later = appointments::starts_at
                    .gt(start)
                    .or(appointments::id.gt(id.as_bytes().as_slice()));
                query = query.filter(appointments::starts_at.ge(start)).filter(later);
            }
            page(
                query.load(connection).map_err(store_error)?,
                &request,
                |appointment: &Appointment| StartPosition {
                    start: appointment.slot.start,
                    id: appointment.id,
                },
            )
        })
        .await
    }

    async fn update(
        &self,
        account: AccountId,
        appointment: &Appointment,
    ) -> Result<(), UpdateAppointmentError> {
        let row = AppointmentRow::new(account, appointment);
        let before = version_before(appointment.version);
        let occupies = appointment.status == AppointmentStatus::Confirmed;
        self.write(move |connection| {
            let stored = appointments::table
                .find((&row.account_id, &row.id))
                .filter(appointments::version.eq(before));
            if diesel::update(stored)
                .set(&row)
                .execute(connection)
                .map_err(store_error)?
                == 0
            {
                Err(UpdateAppointmentError::Stale)
            } else if occupies && slot_is_taken(connection, &row)? {
                Err(UpdateAppointmentError::SlotTaken)
            } else {
                Ok(())
            }
        })
        .await
    }
}

#[diesel::dsl::auto_type]
fn with_customer() -> _ {
    let same_customer = customers::account_id
        .eq(appointments::account_id)
        .and(customers::id.eq(appointments::customer_id));
    appointments::table.inner_join(customers::table.on(same_customer))
}
