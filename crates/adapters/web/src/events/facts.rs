//! What the pages tell of an event.

use crate::{money::amount, words::Words};
use chatgrow_domain::{Event, EventId, EventStatus, RegistrationRefusal};
use time::Date;

/// An event in words.
pub(super) struct Facts {
    pub(super) id: EventId,
    pub(super) title: String,
    pub(super) when: String,
    pub(super) location: Option<String>,
    pub(super) price: Option<String>,
    /// How many places are taken.
    pub(super) places: String,
    pub(super) description: Option<String>,
    /// The status of an event that is not active.
    pub(super) closed: Option<String>,
    pub(super) full: bool,
}

impl Facts {
    pub(super) fn of(t: Words, event: &Event, today: Date) -> Self {
        Self {
            id: event.id,
            title: event.title.as_str().to_owned(),
            when: t.moment(event.start, today),
            location: event
                .location
                .as_ref()
                .map(|location| location.as_str().to_owned()),
            price: event.price.map(amount),
            places: match event.capacity {
                Some(capacity) => t.with(
                    "event-places",
                    [
                        ("taken", event.participants.to_string().into()),
                        ("capacity", capacity.get().to_string().into()),
                    ],
                ),
                None => t.count("event-registered", event.participants),
            },
            description: event.description.as_ref().map(|text| text.as_str().to_owned()),
            closed: match event.status {
                EventStatus::Active => None,
                EventStatus::Completed => Some(t.text("event-completed")),
                EventStatus::Cancelled => Some(t.text("event-cancelled")),
            },
            full: event.admit() == Err(RegistrationRefusal::Full),
        }
    }
}
