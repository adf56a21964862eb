//! Events: something with a date that customers register for. The number of participants never exceeds the capacity. A
//! status only ever changes from `active` to another one.

use crate::{
    ChangeRefusal, Invalid, LocalMinute, Money, Refusal, RegistrationRefusal, Revised, Revision, Timestamp,
    Version, choice::choice, ids::id_type, text::text_type,
};
use time::{Date, Time};

id_type! {
    /// The id of an [`Event`].
    EventId
}

text_type! {
    /// An event's title.
    EventTitle, 200, single line
}
text_type! {
    /// A description of an event; it may have several lines.
    EventDescription, 5000, multi line
}
text_type! {
    /// The place of an event.
    EventLocation, 500, single line
}

choice! {
    /// An event's status. Only an active event takes registrations.
    EventStatus {
        /// The event is planned.
        Active = "active",
        /// The event has taken place.
        Completed = "completed",
        /// The event will not take place.
        Cancelled = "cancelled",
    }
}

impl EventStatus {
    /// Whether an event in this status takes registrations, provided that a place is free. The stores' guards enforce
    /// the same rule.
    #[must_use]
    pub const fn takes_registrations(self) -> bool {
        match self {
            Self::Active => true,
            Self::Completed | Self::Cancelled => false,
        }
    }
}

/// The number of people who may take part: 1 to 1 000 000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Capacity(i64);

impl Capacity {
    /// The smallest capacity.
    pub const MIN: i64 = 1;
    /// The largest capacity.
    pub const MAX: i64 = 1_000_000;

    /// A capacity of that many people.
    ///
    /// # Errors
    /// [`Invalid::OutOfRange`] unless it is from 1 to 1 000 000.
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
    /// The event's id.
    pub id: EventId,
    /// The title.
    pub title: EventTitle,
    /// The description.
    pub description: Option<EventDescription>,
    /// When the event starts.
    pub start: LocalMinute,
    /// The place.
    pub location: Option<EventLocation>,
    /// How many people may take part; `None` means no limit.
    pub capacity: Option<Capacity>,
    /// How many customers are registered.
    pub participants: i64,
    /// The price of taking part.
    pub price: Option<Money>,
    /// The status.
    pub status: EventStatus,
    /// When it was created.
    pub created_at: Timestamp,
    /// When the event's fields last changed. Registrations don't affect it.
    pub updated_at: Timestamp,
    /// Incremented by every change, including one of `participants` alone.
    pub version: Version,
}

/// The fields of an event that a caller provides.
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

/// A change of some fields. The outer `None` leaves a field unchanged; `Some(None)` clears it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventEdit {
    /// A new title.
    pub title: Option<EventTitle>,
    /// A new description, or `Some(None)` to clear it.
    pub description: Option<Option<EventDescription>>,
    /// A new date.
    pub date: Option<Date>,
    /// A new time of day.
    pub time: Option<Time>,
    /// A new place, or `Some(None)` to clear it.
    pub location: Option<Option<EventLocation>>,
    /// A new capacity, or `Some(None)` for no limit.
    pub capacity: Option<Option<Capacity>>,
    /// A new price, or `Some(None)` to clear it.
    pub price: Option<Option<Money>>,
    /// A new status.
    pub status: Option<EventStatus>,
}

impl Revised for Event {
    fn revision(&self) -> Revision {
        Revision::of(self.id, [self.version])
    }
}

/// Why an event can't be found or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EventRefusal {
    /// The account has no such event.
    #[error("there is no such event")]
    NotFound,
    /// The event is completed or cancelled, so its status can't change.
    #[error("the event's status can't change so")]
    InvalidStatus,
    /// The new capacity is less than the number of participants.
    #[error("more are registered than the new capacity")]
    CapacityTooSmall,
    /// The event is no longer in the version that the change is based on, or doesn't satisfy the precondition.
    #[error("it has changed")]
    VersionMismatch,
}

impl Refusal for EventRefusal {}

impl ChangeRefusal for EventRefusal {
    const VERSION_MISMATCH: Self = Self::VersionMismatch;
}

impl Event {
    /// A new event: active, without participants, in its first version.
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

    /// The state after `edit`. If nothing changes, the result equals `self`, version included.
    ///
    /// # Errors
    /// [`EventRefusal::InvalidStatus`] if the status would change and is not `active`, or
    /// [`EventRefusal::CapacityTooSmall`] if the capacity would be less than the number of participants.
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

    /// Checks that one more customer may register.
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
