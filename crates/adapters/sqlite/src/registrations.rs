//! Registrations. Within the write the domain's rule says whether the event admits one more; no other write can come
//! between, for there is one writer. A CHECK stands behind it.

use crate::{
    SqliteStore,
    columns::{RowReader, page, rows_for},
    customers::CustomerSummaryRow,
    error::{is_unique_violation, store_error},
    events::EventRow,
    schema::{customers, events, registrations},
};
use async_trait::async_trait;
use chatgrow_domain::{AccountId, Event, EventId, Notes, Registration, RegistrationId, RegistrationRefused};
use chatgrow_ports::{Page, PageRequest, RegisterError, RegistrationStore, StoreError};
use diesel::{prelude::*, sqlite::SqliteConnection};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = registrations)]
#[diesel(treat_none_as_default_value = false)]
struct RegistrationRow {
    account_id: Vec<u8>,
    id: Vec<u8>,
    event_id: Vec<u8>,
    customer_id: Vec<u8>,
    notes: Option<String>,
    created_at: i64,
}

impl RegistrationRow {
    fn new(account: AccountId, registration: &Registration) -> Self {
        Self {
            account_id: account.as_bytes().to_vec(),
            id: registration.id.as_bytes().to_vec(),
            event_id: registration.event_id.as_bytes().to_vec(),
            customer_id: registration.customer.id.as_bytes().to_vec(),
            notes: registration.notes.as_ref().map(|notes| notes.as_str().to_owned()),
            created_at: registration.created_at.as_millis(),
        }
    }
}

/// A registration beside its customer.
#[derive(Queryable, Selectable)]
struct PlaceRow {
    #[diesel(embed)]
    registration: RegistrationRow,
    #[diesel(embed)]
    customer: CustomerSummaryRow,
}

impl TryFrom<PlaceRow> for Registration {
    type Error = StoreError;

    fn try_from(
        PlaceRow {
            registration: row,
            customer,
        }: PlaceRow,
    ) -> Result<Self, StoreError> {
        let read = RowReader {
            table: "registrations",
            id: &row.id,
        };
        Ok(Self {
            id: read.id("id", &row.id, RegistrationId::new)?,
            event_id: read.id("event_id", &row.event_id, EventId::new)?,
            customer: customer.try_into()?,
            notes: read.optional("notes", row.notes, Notes::new)?,
            created_at: read.timestamp("created_at", row.created_at)?,
        })
    }
}

/// Counts a place taken (`1`) or freed (`-1`); the event's version moves on.
fn count_places(
    connection: &mut SqliteConnection,
    account: &[u8],
    event: &[u8],
    places: i64,
) -> Result<(), StoreError> {
    diesel::update(events::table.find((account, event)))
        .set((
            events::participants.eq(events::participants + places),
            events::version.eq(events::version + 1),
        ))
        .execute(connection)
        .map_err(store_error)?;
    Ok(())
}

#[async_trait]
impl RegistrationStore for SqliteStore {
    async fn register(&self, account: AccountId, registration: &Registration) -> Result<(), RegisterError> {
        let row = RegistrationRow::new(account, registration);
        self.write(move |connection| {
            let event: Option<EventRow> = events::table
                .find((&row.account_id, &row.event_id))
                .select(EventRow::as_select())
                .first(connection)
                .optional()
                .map_err(store_error)?;
            let event = Event::try_from(event.ok_or(RegisterError::EventNotFound)?)?;
            let admitted = event.admit();
            if admitted == Err(RegistrationRefused::NotActive) {
                return Err(RegistrationRefused::NotActive.into());
            }
            match diesel::insert_into(registrations::table)
                .values(&row)
                .execute(connection)
            {
                Err(error) if is_unique_violation(&error) => return Err(RegisterError::AlreadyRegistered),
                inserted => inserted.map_err(store_error)?,
            };
            admitted?;
            Ok(count_places(connection, &row.account_id, &row.event_id, 1)?)
        })
        .await
    }

    async fn list(
        &self,
        account: AccountId,
        event: EventId,
        request: PageRequest<RegistrationId>,
    ) -> Result<Page<Registration, RegistrationId>, StoreError> {
        self.read(move |connection| {
            let mut query = with_customer()
                .filter(registrations::account_id.eq(account.as_bytes().as_slice()))
                .filter(registrations::event_id.eq(event.as_bytes().as_slice()))
                .order(registrations::id)
                .limit(rows_for(&request))
                .select(PlaceRow::as_select())
                .into_boxed();
            if let Some(after) = &request.after {
                query = query.filter(registrations::id.gt(after.as_bytes().as_slice()));
            }
            page(
                query.load(connection).map_err(store_error)?,
                &request,
                |registration: &Registration| registration.id,
            )
        })
        .await
    }

    async fn unregister(
        &self,
        account: AccountId,
        event: EventId,
        id: RegistrationId,
    ) -> Result<bool, StoreError> {
        self.write(move |connection| {
            let (account, event) = (account.as_bytes().as_slice(), event.as_bytes().as_slice());
            let place = registrations::table
                .find((account, id.as_bytes().as_slice()))
                .filter(registrations::event_id.eq(event));
            let freed = diesel::delete(place).execute(connection).map_err(store_error)? == 1;
            if freed {
                count_places(connection, account, event, -1)?;
            }
            Ok(freed)
        })
        .await
    }
}

#[diesel::dsl::auto_type]
fn with_customer() -> _ {
    let same_customer = customers::account_id
        .eq(registrations::account_id)
        .and(customers::id.eq(registrations::customer_id));
    registrations::table.inner_join(customers::table.on(same_customer))
}
