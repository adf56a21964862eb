//! Appointments.

use crate::{
    RowId,
    columns::{Window, rows_for},
    crm::customer::CustomerSummaryRow,
    guards::{Guard, GuardedRefusal},
    scheduling::occupancy::AppointmentRow,
    schema::{
        appointments::{self, dsl},
        customers,
    },
    steps::{Step, StepRefusal},
};
use chatgrow_domain::{AccountId, Appointment, AppointmentId, AppointmentRefusal, Notes};
use chatgrow_ports::{
    AppointmentFilter, CustomerWrite, PageRequest, StartPosition, StoreError, UnpaidAppointment,
};
use diesel::{
    backend::Backend,
    dsl::{AsSelect, auto_type, sql},
    expression::SqlLiteral,
    prelude::*,
    sql_types::Bool,
};

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
        let read = row.reader();
        Ok(Self {
            id: AppointmentId::new(row.id.object_id()),
            customer: booked.customer.try_into()?,
            booking: row.booking()?,
            status: row.appointment_status()?,
            bill: row.bill()?,
            notes: read.optional("notes", row.notes, Notes::new)?,
            held_until: read.optional_timestamp("held_until", row.held_until)?,
            created_at: read.timestamp("created_at", row.created_at)?,
            updated_at: read.timestamp("updated_at", row.updated_at)?,
            version: read.version(row.version)?,
        })
    }
}

impl TryFrom<BookedRow> for UnpaidAppointment {
    type Error = StoreError;

    fn try_from(booked: BookedRow) -> Result<Self, StoreError> {
        Ok(Self {
            account: AccountId::new(booked.appointment.account_id.object_id()),
            appointment: booked.try_into()?,
        })
    }
}

#[auto_type]
fn with_customer() -> _ {
    let same_customer = customers::account_id
        .eq(appointments::account_id)
        .and(customers::id.nullable().eq(appointments::customer_id));
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
    // With a bound value, an index of these rows alone would not be used.
    let is_appointment: SqlLiteral<Bool> = sql("appointments.kind = 'appointment'");
    with_customer()
        .filter(dsl::account_id.eq(account))
        .filter(is_appointment)
        .filter(dsl::starts_at.ge(from))
        .filter(dsl::starts_at.lt(before))
        .filter(dsl::starts_at.gt(start).or(dsl::id.gt(id)))
        .order((dsl::starts_at, dsl::id))
        .limit(rows)
        .select(row)
}

/// The pending appointments that should have been paid by that instant. The implementation of the port adds the
/// account.
#[auto_type]
pub fn unpaid<DB: Backend>(now: i64, most: i64) -> _ {
    let row: AsSelect<BookedRow, DB> = BookedRow::as_select();
    let is_pending: SqlLiteral<Bool> = sql("appointments.status = 'pending'");
    with_customer()
        .filter(is_pending)
        .filter(dsl::held_until.le(now))
        .order((dsl::account_id, dsl::held_until, dsl::id))
        .limit(most)
        .select(row)
}

/// The steps that write a customer, if one is written, and then an appointment.
pub fn steps(account: AccountId, customer: Option<&CustomerWrite>, appointment: Step) -> Vec<Step> {
    let customer = customer.map(|customer| Step::customer(account, customer));
    customer.into_iter().chain([appointment]).collect()
}

impl GuardedRefusal for AppointmentRefusal {
    fn of(guard: Guard) -> Option<Self> {
        match guard {
            Guard::AppointmentSlot => Some(Self::SlotTaken),
            Guard::CustomerEmail => Some(Self::CustomerChanged),
            _ => None,
        }
    }
}

impl StepRefusal for AppointmentRefusal {
    fn without_effect(step: &Step) -> Self {
        match step {
            Step::InsertCustomer(_) | Step::UpdateCustomer(_) => Self::CustomerChanged,
            Step::Insert(_) => Self::SlotTaken,
            Step::Confirm(_) => Self::HoldGone,
            _ => Self::VersionMismatch,
        }
    }
}

/// Implements [`AppointmentStore`](chatgrow_ports::AppointmentStore) with methods of the store, named in this order.
/// [`port`](crate::port) says what they do.
#[macro_export]
macro_rules! appointment_store {
    ($store:ty { $find:ident, $all:ident, $page:ident, $search:ident, $carry_out:ident }) => {
        const _: () = {
            use $crate::{
                RowId,
                port::*,
                scheduling::{
                    appointment::{self, BookedRow},
                    occupancy::{AppointmentRow, stored_status},
                },
                schema::{appointments::dsl, customers},
                steps::Step,
            };

            #[async_trait]
            impl AppointmentStore for $store {
                async fn book(
                    &self,
                    account: AccountId,
                    appointment: &Appointment,
                    customer: Option<CustomerWrite>,
                    commit: Commit,
                ) -> Result<(), Failure<AppointmentRefusal>> {
                    let row = AppointmentRow::of_appointment(account, appointment);
                    let steps = appointment::steps(account, customer.as_ref(), Step::Insert(row));
                    self.$carry_out(commit, steps).await
                }

                async fn confirm(
                    &self,
                    account: AccountId,
                    appointment: &Appointment,
                    customer: Option<CustomerWrite>,
                    commit: Commit,
                ) -> Result<(), Failure<AppointmentRefusal>> {
                    let row = AppointmentRow::of_appointment(account, appointment);
                    let steps = appointment::steps(account, customer.as_ref(), Step::Confirm(row));
                    self.$carry_out(commit, steps).await
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
                        query = query.filter(dsl::status.eq(stored_status(status)));
                        query = match status {
                            AppointmentStatus::Cancelled => query.filter(dsl::held_until.is_null()),
                            AppointmentStatus::Expired => query.filter(dsl::held_until.is_not_null()),
                            _ => query,
                        };
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
                    let row = AppointmentRow::of_appointment(account, appointment);
                    self.$carry_out(commit, vec![Step::Update(row)]).await
                }

                async fn unpaid(
                    &self,
                    account: Option<AccountId>,
                    now: Timestamp,
                    most: u32,
                ) -> Result<Vec<UnpaidAppointment>, StoreError> {
                    let mut query = appointment::unpaid(now.as_millis(), most.into()).into_boxed();
                    if let Some(account) = account {
                        query = query.filter(dsl::account_id.eq(RowId::from(account.as_bytes())));
                    }
                    self.$all::<BookedRow, _>(query).await
                }
            }
        };
    };
}
