//! Events: something with a date that customers register for. The count of participants never passes the capacity,
//! and a status only ever leaves `active`.

use crate::{
    ChangeRefusal, EventId, Invalid, LocalMinute, Money, Refusal, RegistrationRefusal, Revised, Revision,
    Timestamp, Version, choice::choice, text::text_type,
};
use time::{Date, Time};

text_type! {
    /// What the event is called.
    EventTitle, 200, single line
}
text_type! {
    /// What the event is about; line breaks are welcome.
    EventDescription, 5000, multi line
}
text_type! {
    /// Where the event is.
    EventLocation, 500, single line
}

choice! {
    /// Where the event stands. Only an active one takes registrations.
    EventStatus {
        /// It is going to be.
        Active = "active",
        /// It has been.
        Completed = "completed",
        /// It will not be.
        Cancelled = "cancelled",
    }
}

impl EventStatus {
    /// Whether an event in this status takes registrations, if it has a free place. The stores' guards say the same.
    #[must_use]
    pub const fn takes_registrations(self) -> bool {
        match self {
            Self::Active => true,
            Self::Completed | Self::Cancelled => false,
        }
    }
}

/// How many may take part: 1 to 1 000 000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Capacity(i64);

impl Capacity {
    /// The smallest capacity.
    pub const MIN: i64 = 1;
    /// The largest capacity.
    pub const MAX: i64 = 1_000_000;

    /// Takes a number of people.
    ///
    /// # Errors
    /// [`Invalid::OutOfRange`] outside 1 to 1 000 000.
    pub fn new(people: i64) -> Result<Self, Invalid> {
        let (min, max) = (Self::MIN, Self::MAX);
        if (min..=max).contains(&people) {
            Ok(Self(people))
        } else {
            Err(Invalid::OutOfRange { min, max })
        }
    }

    /// The number of people.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }
}

/// Something with a date that customers register for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// What it is called.
    pub title: EventTitle,
    /// What it is about.
    pub description: Option<EventDescription>,
    /// When it begins.
    pub start: LocalMinute,
    /// Where it is.
    pub location: Option<EventLocation>,
    /// How many may take part; `None` is any number.
    pub capacity: Option<Capacity>,
    /// How many are registered.
    pub participants: i64,
    /// What it costs.
    pub price: Option<Money>,
    /// Where it stands.
    pub status: EventStatus,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its fields last changed; registrations don't count.
    pub updated_at: Timestamp,
    /// Counts its states, those that differ only in participants included.
    pub version: Version,
}

/// What a caller says of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// See [`Event::title`].
    pub title: EventTitle,
    /// See [`Event::description`].
    pub description: Option<EventDescription>,
    /// See [`Event::start`].
    pub start: LocalMinute,
    /// See [`Event::location`].
    pub location: Option<EventLocation>,
    /// See [`Event::capacity`].
    pub capacity: Option<Capacity>,
    /// See [`Event::price`].
    pub price: Option<Money>,
}

/// A change of some fields: the outer `None` leaves a field as it is, `Some(None)` clears it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventEdit {
    /// Another title.
    pub title: Option<EventTitle>,
    /// Another description, or none.
    pub description: Option<Option<EventDescription>>,
    /// Another day.
    pub date: Option<Date>,
    /// Another time of day.
    pub time: Option<Time>,
    /// Another place, or none.
    pub location: Option<Option<EventLocation>>,
    /// Another capacity, or none.
    pub capacity: Option<Option<Capacity>>,
    /// Another price, or none.
    pub price: Option<Option<Money>>,
    /// A step to another status.
    pub status: Option<EventStatus>,
}

impl Revised for Event {
    fn revision(&self) -> Revision {
        Revision::of(self.id, [self.version])
    }
}

/// Why an event is not found or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EventRefusal {
    /// The account has no such event.
    #[error("there is no such event")]
    NotFound,
    /// A completed or cancelled event keeps its status.
    #[error("the event's status can't change so")]
    InvalidStatus,
    /// More people are registered than the new capacity.
    #[error("more are registered than the new capacity")]
    CapacityTooSmall,
    /// The event is not in the version that was to be changed.
    #[error("it has changed")]
    VersionMismatch,
}

impl Refusal for EventRefusal {}

impl ChangeRefusal for EventRefusal {
    const VERSION_MISMATCH: Self = Self::VersionMismatch;
}

impl Event {
    /// An active event without participants that did not exist before.
    #[must_use]
    pub fn new(id: EventId, new: NewEvent, now: Timestamp) -> Self {
        let NewEvent {
            title,
            description,
            start,
            location,
            capacity,
            price,
        } = new;
        Self {
            id,
            title,
            description,
            start,
            location,
            capacity,
            participants: 0,
            price,
            status: EventStatus::Active,
            created_at: now,
            updated_at: now,
            version: Version::FIRST,
        }
    }

    /// The state after `edit`; the same state where nothing changes.
    ///
    /// # Errors
    /// [`EventRefusal::InvalidStatus`] if the status would go back, [`EventRefusal::CapacityTooSmall`] if the capacity would be under the
    /// count of participants.
    pub fn edited(&self, edit: EventEdit, now: Timestamp) -> Result<Self, EventRefusal> {
        let start = self.start.to_date_time();
        let mut next = self.clone();
        next.start = LocalMinute::new(
            edit.date.unwrap_or(start.date()),
            edit.time.unwrap_or(start.time()),
        );
        if let Some(title) = edit.title {
            next.title = title;
        }
        if let Some(description) = edit.description {
            next.description = description;
        }
        if let Some(location) = edit.location {
            next.location = location;
        }
        if let Some(price) = edit.price {
            next.price = price;
        }
        if let Some(capacity) = edit.capacity {
            next.capacity = capacity;
        }
        if let Some(status) = edit.status {
            next.status = status;
        }
        if next.status != self.status && self.status != EventStatus::Active {
            return Err(EventRefusal::InvalidStatus);
        }
        if next
            .capacity
            .is_some_and(|capacity| capacity.get() < self.participants)
        {
            return Err(EventRefusal::CapacityTooSmall);
        }
        if next != *self {
            next.updated_at = now;
            next.version = self.version.next();
        }
        Ok(next)
    }

    /// Whether one more may register.
    ///
    /// # Errors
    /// [`RegistrationRefusal::NotActive`] or [`RegistrationRefusal::Full`].
    pub fn admit(&self) -> Result<(), RegistrationRefusal> {
        if !self.status.takes_registrations() {
            Err(RegistrationRefusal::NotActive)
        } else if self
            .capacity
            .is_some_and(|capacity| capacity.get() <= self.participants)
        {
            Err(RegistrationRefusal::Full)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ObjectId;
    use proptest::prelude::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis).unwrap()
    }

    fn event(capacity: Option<i64>, participants: i64, status: EventStatus) -> Event {
        let new = NewEvent {
            title: EventTitle::new("סדנת יוגה").unwrap(),
            description: None,
            start: LocalMinute::from_minutes(0).unwrap(),
            location: None,
            capacity: capacity.map(|people| Capacity::new(people).unwrap()),
            price: None,
        };
        Event {
            participants,
            status,
            ..Event::new(EventId::new(ObjectId::from_bytes([1; 12])), new, at(1))
        }
    }

    #[test]
    fn a_status_only_leaves_active() {
        for from in EventStatus::ALL {
            for to in EventStatus::ALL {
                let edit = EventEdit {
                    status: Some(*to),
                    ..EventEdit::default()
                };
                let allowed = from == to || *from == EventStatus::Active;
                assert_eq!(
                    event(None, 0, *from).edited(edit, at(2)).is_ok(),
                    allowed,
                    "{from:?} to {to:?}"
                );
            }
        }
    }

    #[test]
    fn only_an_active_event_with_a_free_place_admits() {
        assert_eq!(event(None, 1_000_000, EventStatus::Active).admit(), Ok(()));
        assert_eq!(event(Some(2), 1, EventStatus::Active).admit(), Ok(()));
        assert_eq!(
            event(Some(2), 2, EventStatus::Active).admit(),
            Err(RegistrationRefusal::Full)
        );
        assert_eq!(
            event(Some(2), 2, EventStatus::Completed).admit(),
            Err(RegistrationRefusal::NotActive)
        );
        assert_eq!(
            event(None, 0, EventStatus::Cancelled).admit(),
            Err(RegistrationRefusal::NotActive)
        );
    }

    proptest! {
        #[test]
        fn the_capacity_never_falls_under_the_count(participants in 0_i64..50, capacity in 1_i64..50) {
            let edit = EventEdit { capacity: Some(Some(Capacity::new(capacity).unwrap())), ..EventEdit::default() };
            let edited = event(None, participants, EventStatus::Active).edited(edit, at(2));
            prop_assert_eq!(edited.is_ok(), capacity >= participants);
        }
    }
}
