//! Events: create, read, edit, list.

use crate::{
    Caller, System,
    commit::{Commits, Effect, Outcome, Request},
};
use chatgrow_domain::{Event, EventEdit, EventId, EventRefusal, NewEvent, Scope};
use chatgrow_ports::{EventFilter, EventStore, Failure, Page, PageRequest, StartPosition, Stores};
use std::sync::Arc;

/// The use cases of events.
pub struct Events {
    events: Arc<dyn EventStore>,
    system: System,
    commits: Commits,
}

impl Events {
    pub(crate) fn new(stores: &Stores, system: &System, commits: &Commits) -> Self {
        Self {
            events: stores.events.events.clone(),
            system: system.clone(),
            commits: commits.clone(),
        }
    }

    /// Creates an event.
    ///
    /// # Errors
    /// [`Failure::Store`] if the store fails. The event is never refused.
    pub async fn create(
        &self,
        request: &Request<Event>,
        new: NewEvent,
    ) -> Result<Outcome<Event>, Failure<EventRefusal>> {
        request.caller.require(Scope::EventsWrite)?;
        let attempt = async || {
            let id = EventId::new(self.system.ids.next_id());
            let effect = Effect::Created(Event::new(id, new.clone(), self.system.clock.now()));
            let commit = self.commits.of(request, &effect);
            self.events
                .insert(request.caller.account, effect.resource(), commit)
                .await?;
            Ok(Some(effect))
        };
        self.commits.run(request, attempt).await
    }

    /// The event with that id.
    ///
    /// # Errors
    /// [`EventRefusal::NotFound`], or [`Failure::Store`] if the store fails.
    pub async fn get(&self, caller: &Caller, id: EventId) -> Result<Event, Failure<EventRefusal>> {
        caller.require(Scope::EventsRead)?;
        let found = self.events.by_id(caller.account, id).await?;
        Ok(found.ok_or(EventRefusal::NotFound)?)
    }

    /// The events that match the filter, ordered by start, then by id.
    ///
    /// # Errors
    /// [`Failure::Store`] if the store fails.
    pub async fn list(
        &self,
        caller: &Caller,
        filter: EventFilter,
        page: PageRequest<StartPosition<EventId>>,
    ) -> Result<Page<Event, StartPosition<EventId>>, Failure<EventRefusal>> {
        caller.require(Scope::EventsRead)?;
        Ok(self.events.list(caller.account, filter, page).await?)
    }

    /// Changes the fields that `edit` sets.
    ///
    /// # Errors
    /// [`EventRefusal::NotFound`], [`EventRefusal::VersionMismatch`] if the precondition doesn't hold,
    /// [`EventRefusal::InvalidStatus`], [`EventRefusal::CapacityTooSmall`], or [`Failure::Store`] if the store fails.
    pub async fn edit(
        &self,
        request: &Request<Event>,
        id: EventId,
        edit: EventEdit,
    ) -> Result<Outcome<Event>, Failure<EventRefusal>> {
        request.caller.require(Scope::EventsWrite)?;
        let attempt = async || {
            let before = self.get(&request.caller, id).await?;
            request.precondition.check::<EventRefusal>(Some(&before))?;
            let after = before.edited(edit.clone(), self.system.clock.now())?;
            let write =
                async |after: &Event, commit| self.events.update(request.caller.account, after, commit).await;
            self.commits.replace(request, before, after, write).await
        };
        self.commits.run(request, attempt).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{Mocks, event, request};
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
            .returning(|_, _, _| Err(EventRefusal::VersionMismatch.into()));
        mocks
            .events
            .expect_by_id()
            .times(1)
            .returning(move |_, _| Ok(Some(registered.clone())));
        let outcome = mocks
            .build()
            .events
            .events
            .edit(&request(), event().id, capacity(1))
            .await;
        assert!(matches!(
            outcome,
            Err(Failure::Refused(EventRefusal::CapacityTooSmall))
        ));
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
            .edit(&request(), event().id, reopen)
            .await;
        assert!(matches!(
            outcome,
            Err(Failure::Refused(EventRefusal::InvalidStatus))
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
            .edit(&request(), event().id, capacity(1))
            .await;
        assert!(matches!(outcome, Err(Failure::Refused(EventRefusal::NotFound))));
    }
}
