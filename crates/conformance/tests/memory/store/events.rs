//! Events.

use super::{MemoryStore, Tables};
use crate::defects::{Defect, List, Method};
use async_trait::async_trait;
use chatgrow_domain::{AccountId, Event, EventId, EventRefusal, EventStatus, Money};
use chatgrow_ports::{
    Commit, EventFilter, EventStore, Failure, Page, PageRequest, StartPosition, StoreError,
};

impl MemoryStore {
    fn keeps_event(&self, event: &Event) -> Result<(), StoreError> {
        let dear = event
            .price
            .is_some_and(|price| price.as_minor() == Money::MAX_MINOR);
        if self.has(Defect::NeverCompleted) && event.status == EventStatus::Completed
            || self.has(Defect::Cheap) && dear
        {
            return Err(StoreError::failed("CHECK"));
        }
        Ok(())
    }
}

#[async_trait]
impl EventStore for MemoryStore {
    async fn insert(&self, account: AccountId, event: &Event, commit: Commit) -> Result<(), StoreError> {
        let method = Method::InsertEvent;
        let check = |tables: &Tables| {
            self.account(tables, account)?;
            self.vacant(method, tables.events.get(account, event.id).is_some())?;
            self.keeps_event(event)?;
            Ok(Some(event.clone()))
        };
        let change = |tables: &mut Tables, event: Event| {
            tables.events.put(account, event.id, event);
        };
        self.write(method, commit, check, change).await.map(drop)
    }

    async fn by_id(&self, account: AccountId, id: EventId) -> Result<Option<Event>, StoreError> {
        self.read(|tables| Ok(tables.events.get(account, id).cloned()))
            .await
    }

    async fn list(
        &self,
        account: AccountId,
        filter: EventFilter,
        page: PageRequest<StartPosition<EventId>>,
    ) -> Result<Page<Event, StartPosition<EventId>>, StoreError> {
        let list = List::Events;
        let from = filter.from.filter(|_| !self.has(Defect::IgnoresEventFrom));
        let before = filter.before.filter(|_| !self.has(Defect::IgnoresEventBefore));
        let status = filter.status.filter(|_| !self.has(Defect::IgnoresEventStatus));
        self.read(|tables| {
            let events = self.listed(list, &tables.events, account).into_iter();
            let passing = events.map(|(_, event)| event).filter(|event| {
                from.is_none_or(|from| event.start >= from)
                    && before.is_none_or(|before| event.start < before)
                    && status.is_none_or(|status| event.status == status)
            });
            Ok(self.page(list, passing.cloned(), &page))
        })
        .await
    }

    async fn update(
        &self,
        account: AccountId,
        event: &Event,
        commit: Commit,
    ) -> Result<(), Failure<EventRefusal>> {
        let method = Method::UpdateEvent;
        let check = |tables: &Tables| {
            let before = tables.events.get(account, event.id).map(|before| before.version);
            if !self.follows(method, before, event.version) {
                return Err(Failure::Refused(EventRefusal::VersionMismatch));
            }
            self.keeps_event(event)?;
            Ok(Some(event.clone()))
        };
        let change = |tables: &mut Tables, event: Event| {
            tables.events.put(account, event.id, event);
        };
        self.write(method, commit, check, change).await.map(drop)
    }
}
