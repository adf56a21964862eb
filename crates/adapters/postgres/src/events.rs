//! Events.

use crate::PostgresStore;
use async_trait::async_trait;
use chatgrow_domain::{AccountId, Event, EventId};
use chatgrow_ports::{
    EventFilter, EventStore, Page, PageRequest, StartPosition, StoreError, UpdateEventError,
};
use chatgrow_sql::{
    events::{self, EventRow},
    schema::events::{dsl, table},
};
use diesel::prelude::*;

#[async_trait]
impl EventStore for PostgresStore {
    async fn insert(&self, account: AccountId, event: &Event) -> Result<(), StoreError> {
        let insert = diesel::insert_into(table).values(EventRow::new(account, event));
        self.execute(insert).await.map(|_| ())
    }

    async fn by_id(&self, account: AccountId, id: EventId) -> Result<Option<Event>, StoreError> {
        self.find::<EventRow, _>(events::by_id(account.as_bytes().into(), id.as_bytes().into()))
            .await
    }

    async fn list(
        &self,
        account: AccountId,
        filter: EventFilter,
        request: PageRequest<StartPosition<EventId>>,
    ) -> Result<Page<Event, StartPosition<EventId>>, StoreError> {
        let mut query = events::list(account, &request).into_boxed();
        if let Some(status) = filter.status {
            query = query.filter(dsl::status.eq(status.as_str()));
        }
        self.page::<EventRow, _>(query, request).await
    }

    async fn update(&self, account: AccountId, event: &Event) -> Result<(), UpdateEventError> {
        let update = diesel::update(events::before(account, event)).set(EventRow::new(account, event));
        match self.execute::<UpdateEventError>(update).await? {
            0 => Err(UpdateEventError::Stale),
            _ => Ok(()),
        }
    }
}
