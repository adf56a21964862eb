//! Registrations. Triggers in the database count them in their event.

use crate::{
    RowId,
    billing::bill,
    columns::{RowReader, rows_for},
    crm::customer::CustomerSummaryRow,
    guards::{Guard, GuardedRefusal},
    schema::{
        customers,
        registrations::{self, dsl},
    },
    steps::{Step, StepRefusal},
};
use chatgrow_domain::{
    AccountId, CustomerId, EventId, Notes, Registration, RegistrationId, RegistrationRefusal, Timestamp,
};
use chatgrow_ports::{PageRequest, StoreError, UnpaidRegistration};
use diesel::{
    backend::Backend,
    dsl::{AsSelect, auto_type, sql},
    expression::SqlLiteral,
    prelude::*,
    sql_types::Bool,
};

/// A registration as it is stored.
#[derive(Debug, Clone, Hash, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = registrations)]
#[diesel(primary_key(account_id, id))]
#[diesel(treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct RegistrationRow {
    pub(crate) account_id: RowId,
    pub(crate) id: RowId,
    event_id: RowId,
    customer_id: RowId,
    notes: Option<String>,
    created_at: i64,
    status: String,
    held_until: Option<i64>,
    currency: Option<String>,
    amount_minor: Option<i64>,
    deposit_minor: Option<i64>,
    paid_minor: Option<i64>,
    refunded_minor: Option<i64>,
    pub(crate) version: i64,
}

impl RegistrationRow {
    /// The row of an account's registration.
    #[must_use]
    pub fn new(account: AccountId, registration: &Registration) -> Self {
        let (currency, amount_minor, deposit_minor, paid_minor, refunded_minor) =
            bill::columns(registration.bill.as_ref());
        Self {
            account_id: account.as_bytes().into(),
            id: registration.id.as_bytes().into(),
            event_id: registration.event_id.as_bytes().into(),
            customer_id: registration.customer.id.as_bytes().into(),
            notes: registration.notes.as_ref().map(|notes| notes.as_str().to_owned()),
            created_at: registration.created_at.as_millis(),
            status: registration.status.as_str().to_owned(),
            held_until: registration.held_until.map(Timestamp::as_millis),
            currency,
            amount_minor,
            deposit_minor,
            paid_minor,
            refunded_minor,
            version: registration.version.get(),
        }
    }
}

/// A registration with its customer.
#[derive(Queryable, Selectable)]
pub struct PlaceRow {
    #[diesel(embed)]
    registration: RegistrationRow,
    #[diesel(embed)]
    customer: CustomerSummaryRow,
}

impl TryFrom<PlaceRow> for Registration {
    type Error = StoreError;

    fn try_from(place: PlaceRow) -> Result<Self, StoreError> {
        let row = place.registration;
        let read = RowReader {
            table: "registrations",
            id: row.id,
        };
        Ok(Self {
            id: RegistrationId::new(row.id.object_id()),
            event_id: EventId::new(row.event_id.object_id()),
            customer: place.customer.try_into()?,
            notes: read.optional("notes", row.notes, Notes::new)?,
            status: read.get("status", row.status.parse())?,
            held_until: read.optional_timestamp("held_until", row.held_until)?,
            bill: bill::read(
                &read,
                (
                    row.currency,
                    row.amount_minor,
                    row.deposit_minor,
                    row.paid_minor,
                    row.refunded_minor,
                ),
            )?,
            created_at: read.timestamp("created_at", row.created_at)?,
            version: read.version(row.version)?,
        })
    }
}

impl TryFrom<PlaceRow> for UnpaidRegistration {
    type Error = StoreError;

    fn try_from(place: PlaceRow) -> Result<Self, StoreError> {
        Ok(Self {
            account: AccountId::new(place.registration.account_id.object_id()),
            registration: place.try_into()?,
        })
    }
}

#[auto_type]
fn with_customer() -> _ {
    let same_customer = customers::account_id
        .eq(registrations::account_id)
        .and(customers::id.eq(registrations::customer_id));
    registrations::table.inner_join(customers::table.on(same_customer))
}

/// A page of the event's registrations, ordered by id.
pub fn list<DB: Backend>(
    account: AccountId,
    event: EventId,
    page: &PageRequest<RegistrationId>,
) -> list_after<DB> {
    let after = page.after.map_or(RowId::FIRST, |id| id.as_bytes().into());
    list_after(
        account.as_bytes().into(),
        event.as_bytes().into(),
        after,
        rows_for(page),
    )
}

#[auto_type]
fn list_after<DB: Backend>(account: RowId, event: RowId, after: RowId, rows: i64) -> _ {
    let row: AsSelect<PlaceRow, DB> = PlaceRow::as_select();
    with_customer()
        .filter(dsl::account_id.eq(account))
        .filter(dsl::event_id.eq(event))
        .filter(dsl::id.gt(after))
        .order(dsl::id)
        .limit(rows)
        .select(row)
}

/// A page of the customer's registrations, ordered by id.
pub fn of_customer<DB: Backend>(
    account: AccountId,
    customer: CustomerId,
    page: &PageRequest<RegistrationId>,
) -> of_customer_after<DB> {
    let after = page.after.map_or(RowId::FIRST, |id| id.as_bytes().into());
    of_customer_after(
        account.as_bytes().into(),
        customer.as_bytes().into(),
        after,
        rows_for(page),
    )
}

#[auto_type]
fn of_customer_after<DB: Backend>(account: RowId, customer: RowId, after: RowId, rows: i64) -> _ {
    let row: AsSelect<PlaceRow, DB> = PlaceRow::as_select();
    with_customer()
        .filter(dsl::account_id.eq(account))
        .filter(dsl::customer_id.eq(customer))
        .filter(dsl::id.gt(after))
        .order(dsl::id)
        .limit(rows)
        .select(row)
}

/// The registration with that id and its customer, if it belongs to that event.
#[auto_type]
pub fn by_id<DB: Backend>(account: RowId, event: RowId, id: RowId) -> _ {
    let row: AsSelect<PlaceRow, DB> = PlaceRow::as_select();
    with_customer()
        .filter(dsl::account_id.eq(account))
        .filter(dsl::event_id.eq(event))
        .filter(dsl::id.eq(id))
        .select(row)
}

/// The registration with that id and its customer, whichever event it belongs to.
#[auto_type]
pub fn anywhere<DB: Backend>(account: RowId, id: RowId) -> _ {
    let row: AsSelect<PlaceRow, DB> = PlaceRow::as_select();
    with_customer()
        .filter(dsl::account_id.eq(account))
        .filter(dsl::id.eq(id))
        .select(row)
}

/// The pending registrations that should have been paid by that instant. The implementation of the port adds the
/// account.
#[auto_type]
pub fn unpaid<DB: Backend>(now: i64, most: i64) -> _ {
    let row: AsSelect<PlaceRow, DB> = PlaceRow::as_select();
    let is_pending: SqlLiteral<Bool> = sql("registrations.status = 'pending'");
    with_customer()
        .filter(is_pending)
        .filter(dsl::held_until.le(now))
        .order((dsl::account_id, dsl::held_until, dsl::id))
        .limit(most)
        .select(row)
}

impl GuardedRefusal for RegistrationRefusal {
    fn of(guard: Guard) -> Option<Self> {
        match guard {
            Guard::RegistrationEvent => Some(Self::EventNotFound),
            Guard::RegistrationActive => Some(Self::NotActive),
            Guard::RegistrationOnce => Some(Self::AlreadyRegistered),
            Guard::EventCapacity => Some(Self::Full),
            _ => None,
        }
    }
}

impl StepRefusal for RegistrationRefusal {
    fn without_effect(_: &Step) -> Self {
        Self::VersionMismatch
    }
}

/// Implements [`RegistrationStore`](chatgrow_ports::RegistrationStore) with methods of the store, named in this order.
/// [`port`](crate::port) says what they do.
#[macro_export]
macro_rules! registration_store {
    ($store:ty { $find:ident, $all:ident, $page:ident, $execute:ident, $carry_out:ident }) => {
        const _: () = {
            use $crate::{
                RowId,
                events::registration::{self, PlaceRow, RegistrationRow},
                port::*,
                schema::registrations::{dsl, table},
                steps::{self, Step},
            };

            #[async_trait]
            impl RegistrationStore for $store {
                async fn register(
                    &self,
                    account: AccountId,
                    registration: &Registration,
                    commit: Commit,
                ) -> Result<(), Failure<RegistrationRefusal>> {
                    let insert =
                        diesel::insert_into(table).values(RegistrationRow::new(account, registration));
                    self.$execute(commit, insert).await.map(|_| ())
                }

                async fn by_id(
                    &self,
                    account: AccountId,
                    event: EventId,
                    id: RegistrationId,
                ) -> Result<Option<Registration>, StoreError> {
                    self.$find::<PlaceRow, _>(registration::by_id(
                        account.as_bytes().into(),
                        event.as_bytes().into(),
                        id.as_bytes().into(),
                    ))
                    .await
                }

                async fn anywhere(
                    &self,
                    account: AccountId,
                    id: RegistrationId,
                ) -> Result<Option<Registration>, StoreError> {
                    let place = registration::anywhere(account.as_bytes().into(), id.as_bytes().into());
                    self.$find::<PlaceRow, _>(place).await
                }

                async fn list(
                    &self,
                    account: AccountId,
                    event: EventId,
                    request: PageRequest<RegistrationId>,
                ) -> Result<Page<Registration, RegistrationId>, StoreError> {
                    self.$page::<PlaceRow, _>(registration::list(account, event, &request), request)
                        .await
                }

                async fn of_customer(
                    &self,
                    account: AccountId,
                    customer: CustomerId,
                    request: PageRequest<RegistrationId>,
                ) -> Result<Page<Registration, RegistrationId>, StoreError> {
                    let query = registration::of_customer(account, customer, &request);
                    self.$page::<PlaceRow, _>(query, request).await
                }

                async fn update(
                    &self,
                    account: AccountId,
                    registration: &Registration,
                    commit: Commit,
                ) -> Result<(), Failure<RegistrationRefusal>> {
                    let row = RegistrationRow::new(account, registration);
                    self.$carry_out(commit, vec![Step::UpdateRegistration(row)])
                        .await
                }

                async fn unpaid(
                    &self,
                    account: Option<AccountId>,
                    now: Timestamp,
                    most: u32,
                ) -> Result<Vec<UnpaidRegistration>, StoreError> {
                    let mut query = registration::unpaid(now.as_millis(), most.into()).into_boxed();
                    if let Some(account) = account {
                        query = query.filter(dsl::account_id.eq(RowId::from(account.as_bytes())));
                    }
                    self.$all::<PlaceRow, _>(query).await
                }

                async fn unregister(
                    &self,
                    account: AccountId,
                    registration: &Registration,
                    commit: Commit,
                ) -> Result<bool, StoreError> {
                    let row = RegistrationRow::new(account, registration);
                    self.$execute(commit, diesel::delete(steps::registration_as_it_is(&row)))
                        .await
                        .map(|freed| freed == 1)
                }
            }
        };
    };
}
