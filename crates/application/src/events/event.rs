//! Events: publish, read, edit, list.

use crate::{
    ATTEMPTS, System,
    commit::{Admits, With, unchanged},
    contended,
};
use chatgrow_domain::{AccountId, Event, EventEdit, EventEditError, EventId, NewEvent};
use chatgrow_ports::{
    EventFilter, EventStore, IdempotencyStore, Page, PageRequest, StartPosition, StoreError, Stores,
    UpdateEventError,
};
use std::sync::Arc;

/// Why an event's use case failed.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// The account has no such event.
    #[error("there is no such event")]
    NotFound,
    /// The event can't be edited so.
    #[error(transparent)]
    Refused(#[from] EventEditError),
    /// What is there now is not what the caller would change.
    #[error("it has changed")]
    VersionMismatch,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Use cases of events.
pub struct Events {
    events: Arc<dyn EventStore>,
    idempotency: Arc<dyn IdempotencyStore>,
    system: System,
}

impl Events {
    pub(crate) fn new(stores: &Stores, system: &System) -> Self {
        Self {
            events: stores.events.events.clone(),
            idempotency: stores.idempotency.clone(),
            system: system.clone(),
        }
    }

    /// Publishes an event.
    ///
    /// # Errors
    /// The store fails.
    pub async fn create(
        &self,
        account: AccountId,
        new: NewEvent,
        with: With<'_, Event>,
    ) -> Result<Event, EventError> {
        let event = Event::new(
            EventId::new(self.system.ids.next_id()),
            new,
            self.system.clock.now(),
        );
        self.events.insert(account, &event, with(&event)).await?;
        Ok(event)
    }

    /// The event with that id.
    ///
    /// # Errors
    /// [`EventError::NotFound`], or the store fails.
    pub async fn get(&self, account: AccountId, id: EventId) -> Result<Event, EventError> {
        self.events.by_id(account, id).await?.ok_or(EventError::NotFound)
    }

    /// The events that pass the filter, by start, then id.
    ///
    /// # Errors
    /// The store fails.
    pub async fn list(
        &self,
        account: AccountId,
        filter: EventFilter,
        page: PageRequest<StartPosition<EventId>>,
    ) -> Result<Page<Event, StartPosition<EventId>>, EventError> {
        Ok(self.events.list(account, filter, page).await?)
    }

    /// Changes the fields that `edit` names.
    ///
    /// # Errors
    /// [`EventError::NotFound`], [`EventError::Refused`], or the store fails.
    pub async fn edit(
        &self,
        account: AccountId,
        id: EventId,
        edit: EventEdit,
        admits: Admits<'_, Event>,
        with: With<'_, Event>,
    ) -> Result<Event, EventError> {
        for _ in 0..ATTEMPTS {
            let current = self.get(account, id).await?;
            if !admits(Some(&current)) {
                return Err(EventError::VersionMismatch);
            }
            let next = current.edited(edit.clone(), self.system.clock.now())?;
            let companions = with(&next);
            if next == current {
                unchanged(&*self.idempotency, companions).await?;
                return Ok(next);
            }
            match self.events.update(account, &next, companions).await {
                Ok(()) => return Ok(next),
                Err(UpdateEventError::Stale) => {}
                Err(UpdateEventError::Store(error)) => return Err(error.into()),
            }
        }
        Err(contended().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{Mocks, account, alone, anything, event};
    use chatgrow_domain::{Capacity, EventStatus};

    fn capacity(people: i64) -> EventEdit {
        EventEdit {
            capacity: Some(Some(Capacity::new(people).unwrap())),
            ..EventEdit::default()
        }
    }

    #[tokio::test]
    async fn a_registration_that_comes_between_is_seen() {
        let mut mocks = Mocks::at(2000);
        let registered = Event {
            participants: 2,
            version: event().version.next(),
            ..event()
        };
        mocks
            .events
            .expect_by_id()
            .times(1)
            .returning(|_, _| Ok(Some(event())));
        mocks
            .events
            .expect_update()
            .times(1)
            .returning(|_, _, _| Err(UpdateEventError::Stale));
        mocks
            .events
            .expect_by_id()
            .times(1)
            .returning(move |_, _| Ok(Some(registered.clone())));
        let outcome = mocks
            .build()
            .events
            .events
            .edit(account(), event().id, capacity(1), &anything, &alone)
            .await;
        assert!(matches!(outcome, Err(EventError::Refused(EventEditError::Full))));
    }

    #[tokio::test]
    async fn a_status_never_goes_back() {
        let mut mocks = Mocks::at(2000);
        let completed = Event {
            status: EventStatus::Completed,
            ..event()
        };
        mocks
            .events
            .expect_by_id()
            .returning(move |_, _| Ok(Some(completed.clone())));
        let reopen = EventEdit {
            status: Some(EventStatus::Active),
            ..EventEdit::default()
        };
        let outcome = mocks
            .build()
            .events
            .events
            .edit(account(), event().id, reopen, &anything, &alone)
            .await;
        assert!(matches!(
            outcome,
            Err(EventError::Refused(EventEditError::InvalidStatus))
        ));
    }

    #[tokio::test]
    async fn an_unknown_one_is_not_found() {
        let mut mocks = Mocks::at(2000);
        mocks.events.expect_by_id().returning(|_, _| Ok(None));
        let outcome = mocks
            .build()
            .events
            .events
            .edit(account(), event().id, capacity(1), &anything, &alone)
            .await;
        assert!(matches!(outcome, Err(EventError::NotFound)));
    }
}
