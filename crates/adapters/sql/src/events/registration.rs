//! Registrations. Triggers in the database count them in their event.

use crate::{
    RowId,
    columns::{RowReader, rows_for},
    crm::customer::CustomerSummaryRow,
    guards::{Guard, GuardedRefusal},
    schema::{
        customers,
        registrations::{self, dsl},
    },
};
use chatgrow_domain::{
    AccountId, CustomerId, EventId, Notes, Registration, RegistrationId, RegistrationRefusal,
};
use chatgrow_ports::{PageRequest, StoreError};
use diesel::{
    backend::Backend,
    dsl::{AsSelect, Find, auto_type},
    prelude::*,
};

/// A registration as it is stored.
#[derive(Debug, Clone, Hash, Queryable, Selectable, Insertable)]
#[diesel(table_name = registrations)]
#[diesel(treat_none_as_default_value = false)]
pub struct RegistrationRow {
    account_id: RowId,
    id: RowId,
    event_id: RowId,
    customer_id: RowId,
    notes: Option<String>,
    created_at: i64,
}

impl RegistrationRow {
    /// The row of an account's registration.
    #[must_use]
    pub fn new(account: AccountId, registration: &Registration) -> Self {
        Self {
            account_id: account.as_bytes().into(),
            id: registration.id.as_bytes().into(),
            event_id: registration.event_id.as_bytes().into(),
            customer_id: registration.customer.id.as_bytes().into(),
            notes: registration.notes.as_ref().map(|notes| notes.as_str().to_owned()),
            created_at: registration.created_at.as_millis(),
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
            created_at: read.timestamp("created_at", row.created_at)?,
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

/// The registration with that id, if it belongs to that event.
#[auto_type]
pub fn of_event(account: RowId, event: RowId, id: RowId) -> _ {
    let row: Find<registrations::table, (RowId, RowId)> = registrations::table.find((account, id));
    row.filter(dsl::event_id.eq(event))
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

/// Implements [`RegistrationStore`](chatgrow_ports::RegistrationStore) with methods of the store, named in this order.
/// [`port`](crate::port) says what they do.
#[macro_export]
macro_rules! registration_store {
    ($store:ty { $find:ident, $page:ident, $execute:ident }) => {
        const _: () = {
            use $crate::{
                events::registration::{self, PlaceRow, RegistrationRow},
                port::*,
                schema::registrations::table,
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

                async fn unregister(
                    &self,
                    account: AccountId,
                    event: EventId,
                    id: RegistrationId,
                    commit: Commit,
                ) -> Result<bool, StoreError> {
                    let place = registration::of_event(
                        account.as_bytes().into(),
                        event.as_bytes().into(),
                        id.as_bytes().into(),
                    );
                    self.$execute(commit, diesel::delete(place))
                        .await
                        .map(|freed| freed == 1)
                }
            }
        };
    };
}
