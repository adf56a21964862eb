//! Events. [`RegistrationStore`](crate::RegistrationStore) counts their participants and increments their version as it
//! does so. So an edit can't miss a registration.

use crate::{Commit, Failure, Listed, Page, PageRequest, StartPosition, StoreError};
use async_trait::async_trait;
use chatgrow_domain::{AccountId, Event, EventId, EventRefusal, EventStatus, LocalMinute};

/// Which events to list. A field that is `None` matches all of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Events that start at this minute or later.
    pub from: Option<LocalMinute>,
    /// Events that start before this minute.
    pub before: Option<LocalMinute>,
    /// Events in this status.
    pub status: Option<EventStatus>,
}

impl Listed for Event {
    type Position = StartPosition<EventId>;

    fn position(&self) -> StartPosition<EventId> {
        StartPosition {
            start: self.start,
            id: self.id,
        }
    }
}

/// Stores events.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait EventStore: Send + Sync {
    /// Adds an event.
    async fn insert(&self, account: AccountId, event: &Event, commit: Commit) -> Result<(), StoreError>;

    /// The event with that id.
    async fn by_id(&self, account: AccountId, id: EventId) -> Result<Option<Event>, StoreError>;

    /// The events that match the filter, ordered by start, then by id.
    async fn list(
        &self,
        account: AccountId,
        filter: EventFilter,
        page: PageRequest<StartPosition<EventId>>,
    ) -> Result<Page<Event, StartPosition<EventId>>, StoreError>;

    /// Replaces the event with this id by this state, if the stored version is the one before `event.version`.
    /// Otherwise it MUST return [`EventRefusal::VersionMismatch`], also if there is no such event. Registrations
    /// increment the version too. Of any number of concurrent updates of one version, and registrations, one MUST
    /// succeed.
    async fn update(
        &self,
        account: AccountId,
        event: &Event,
        commit: Commit,
    ) -> Result<(), Failure<EventRefusal>>;
}
