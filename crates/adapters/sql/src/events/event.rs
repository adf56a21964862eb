//! Events.

use crate::{
    RowId,
    columns::{RowReader, Window, rows_for, versioned},
    guards::{Guard, GuardedRefusal},
    schema::events::{self, dsl},
};
use chatgrow_domain::{
    AccountId, Capacity, Event, EventDescription, EventId, EventLocation, EventRefusal, EventTitle, Money,
};
use chatgrow_ports::{EventFilter, PageRequest, StartPosition, StoreError};
use diesel::{
    backend::Backend,
    dsl::{AsSelect, auto_type},
    prelude::*,
};

/// An event as it is stored.
#[derive(Debug, Clone, Hash, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = events)]
#[diesel(primary_key(account_id, id))]
#[diesel(treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct EventRow {
    account_id: RowId,
    id: RowId,
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
    /// The row of an account's event.
    #[must_use]
    pub fn new(account: AccountId, event: &Event) -> Self {
        Self {
            account_id: account.as_bytes().into(),
            id: event.id.as_bytes().into(),
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
            id: row.id,
        };
        Ok(Self {
            id: EventId::new(row.id.object_id()),
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

/// The event with that id.
#[auto_type]
pub fn by_id<DB: Backend>(account: RowId, id: RowId) -> _ {
    let row: AsSelect<EventRow, DB> = EventRow::as_select();
    events::table
        .filter(dsl::account_id.eq(account))
        .filter(dsl::id.eq(id))
        .select(row)
}

/// A page of the events in the filter's period, ordered by start, then by id. The implementation of the port adds the
/// status, because a query whose shape changes has to name its backend.
pub fn list<DB: Backend>(
    account: AccountId,
    filter: EventFilter,
    page: &PageRequest<StartPosition<EventId>>,
) -> list_after<DB> {
    let Window {
        from,
        before,
        start,
        id,
    } = Window::new(filter.from, filter.before, page.after.as_ref(), EventId::as_bytes);
    list_after(account.as_bytes().into(), from, before, start, id, rows_for(page))
}

#[auto_type]
fn list_after<DB: Backend>(account: RowId, from: i64, before: i64, start: i64, id: RowId, rows: i64) -> _ {
    let row: AsSelect<EventRow, DB> = EventRow::as_select();
    events::table
        .filter(dsl::account_id.eq(account))
        .filter(dsl::starts_at.ge(from))
        .filter(dsl::starts_at.lt(before))
        .filter(dsl::starts_at.gt(start).or(dsl::id.gt(id)))
        .order((dsl::starts_at, dsl::id))
        .limit(rows)
        .select(row)
}

versioned!(before: events, Event);

impl GuardedRefusal for EventRefusal {
    /// The domain checked the capacity against the count of the version that was read. So if the guard still refuses,
    /// the event has changed since.
    fn of(guard: Guard) -> Option<Self> {
        (guard == Guard::EventCapacity).then_some(Self::VersionMismatch)
    }
}

/// Implements [`EventStore`](chatgrow_ports::EventStore) with methods of the store, named in this order.
/// [`port`](crate::port) says what they do.
#[macro_export]
macro_rules! event_store {
    ($store:ty { $find:ident, $page:ident, $execute:ident }) => {
        const _: () = {
            use $crate::{
                events::event::{self, EventRow},
                port::*,
                schema::events::{dsl, table},
            };

            #[async_trait]
            impl EventStore for $store {
                async fn insert(
                    &self,
                    account: AccountId,
                    event: &Event,
                    commit: Commit,
                ) -> Result<(), StoreError> {
                    let insert = diesel::insert_into(table).values(EventRow::new(account, event));
                    self.$execute(commit, insert).await.map(|_| ())
                }

                async fn by_id(&self, account: AccountId, id: EventId) -> Result<Option<Event>, StoreError> {
                    self.$find::<EventRow, _>(event::by_id(
                        account.as_bytes().into(),
                        id.as_bytes().into(),
                    ))
                    .await
                }

                async fn list(
                    &self,
                    account: AccountId,
                    filter: EventFilter,
                    request: PageRequest<StartPosition<EventId>>,
                ) -> Result<Page<Event, StartPosition<EventId>>, StoreError> {
                    let mut query = event::list(account, filter, &request).into_boxed();
                    if let Some(status) = filter.status {
                        query = query.filter(dsl::status.eq(status.as_str()));
                    }
                    self.$page::<EventRow, _>(query, request).await
                }

                async fn update(
                    &self,
                    account: AccountId,
                    event: &Event,
                    commit: Commit,
                ) -> Result<(), Failure<EventRefusal>> {
                    let update =
                        diesel::update(event::before(account, event)).set(EventRow::new(account, event));
                    match self
                        .$execute::<Failure<EventRefusal>>(commit, update)
                        .await?
                    {
                        0 => Err(Failure::Refused(EventRefusal::VersionMismatch)),
                        _ => Ok(()),
                    }
                }
            }
        };
    };
}
