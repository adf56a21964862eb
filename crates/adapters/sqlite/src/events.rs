//! Events.

use crate::{
    SqliteStore,
    columns::{RowReader, page, rows_for, version_before},
    error::store_error,
    schema::events,
};
use async_trait::async_trait;
use chatgrow_domain::{
    AccountId, Capacity, Event, EventDescription, EventId, EventLocation, EventTitle, Money,
};
use chatgrow_ports::{
    EventFilter, EventStore, Page, PageRequest, StartPosition, StoreError, UpdateEventError,
};
use diesel::prelude::*;

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = events)]
#[diesel(primary_key(account_id, id))]
#[diesel(treat_none_as_default_value = false, treat_none_as_null = true)]
pub(crate) struct EventRow {
    account_id: Vec<u8>,
    id: Vec<u8>,
    title: String,
    description: Option<String>,
    starts_at: i64,
    location: Option<String>,
    capacity: Option<i64>,
    participants: i64,
    price_minor: Option<i64>,
    status: String,
    created_at: i64,
    updated_at: i64,
    version: i64,
}

impl EventRow {
    fn new(account: AccountId, event: &Event) -> Self {
        Self {
            account_id: account.as_bytes().to_vec(),
            id: event.id.as_bytes().to_vec(),
            title: event.title.as_str().to_owned(),
            description: event.description.as_ref().map(|text| text.as_str().to_owned()),
            starts_at: event.start.as_minutes(),
            location: event.location.as_ref().map(|text| text.as_str().to_owned()),
            capacity: event.capacity.map(Capacity::get),
            participants: event.participants,
            price_minor: event.price.map(Money::as_minor),
            status: event.status.as_str().to_owned(),
            created_at: event.created_at.as_millis(),
            updated_at: event.updated_at.as_millis(),
            version: event.version.get(),
        }
    }
}

impl TryFrom<EventRow> for Event {
    type Error = StoreError;

    fn try_from(row: EventRow) -> Result<Self, StoreError> {
        let read = RowReader {
            table: "events",
            id: &row.id,
        };
        Ok(Self {
            id: read.id("id", &row.id, EventId::new)?,
            title: read.get("title", EventTitle::new(row.title))?,
            description: read.optional("description", row.description, EventDescription::new)?,
            start: read.minute("starts_at", row.starts_at)?,
            location: read.optional("location", row.location, EventLocation::new)?,
            capacity: read.optional("capacity", row.capacity, Capacity::new)?,
            participants: read.get("participants", u32::try_from(row.participants).map(i64::from))?,
            price: read.optional("price_minor", row.price_minor, Money::from_minor)?,
            status: read.get("status", row.status.parse())?,
            created_at: read.timestamp("created_at", row.created_at)?,
            updated_at: read.timestamp("updated_at", row.updated_at)?,
            version: read.version(row.version)?,
        })
    }
}

#[async_trait]
impl EventStore for SqliteStore {
    async fn insert(&self, account: AccountId, event: &Event) -> Result<(), StoreError> {
        let row = EventRow::new(account, event);
        self.write(move |connection| {
            diesel::insert_into(events::table)
                .values(row)
                .execute(connection)
                .map_err(store_error)?;
            Ok(())
        })
        .await
    }

    async fn by_id(&self, account: AccountId, id: EventId) -> Result<Option<Event>, StoreError> {
        self.read(move |connection| {
            let key = (account.as_bytes().as_slice(), id.as_bytes().as_slice());
            let row = events::table
                .find(key)
                .select(EventRow::as_select())
                .first(connection);
            row.optional()
                .map_err(store_error)?
                .map(Event::try_from)
                .transpose()
        })
        .await
    }

    async fn list(
        &self,
        account: AccountId,
        filter: EventFilter,
        request: PageRequest<StartPosition<EventId>>,
    ) -> Result<Page<Event, StartPosition<EventId>>, StoreError> {
        self.read(move |connection| {
            let mut query = events::table
                .filter(events::account_id.eq(account.as_bytes().as_slice()))
                .order((events::starts_at, events::id))
                .limit(rows_for(&request))
                .select(EventRow::as_select())
                .into_boxed();
            if let Some(status) = filter.status {
                query = query.filter(events::status.eq(status.as_str()));
            }
            if let Some(StartPosition { start, id }) = &request.after {
                let start = start.as_minutes();
                let later = events::starts_at
                    .gt(start)
                    .or(events::id.gt(id.as_bytes().as_slice()));
                query = query.filter(events::starts_at.ge(start)).filter(later);
            }
            page(
                query.load(connection).map_err(store_error)?,
                &request,
                |event: &Event| StartPosition {
                    start: event.start,
                    id: event.id,
                },
            )
        })
        .await
    }

    async fn update(&self, account: AccountId, event: &Event) -> Result<(), UpdateEventError> {
        let row = EventRow::new(account, event);
        let before = version_before(event.version);
        self.write(move |connection| {
            let stored = events::table
                .find((&row.account_id, &row.id))
                .filter(events::version.eq(before));
            match diesel::update(stored)
                .set(&row)
                .execute(connection)
                .map_err(store_error)?
            {
                0 => Err(UpdateEventError::Stale),
                _ => Ok(()),
            }
        })
        .await
    }
}
