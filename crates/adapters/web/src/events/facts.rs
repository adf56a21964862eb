//! What the pages tell of an event.

use crate::words::Words;
use chatgrow_domain::{Event, EventId, EventStatus, Money, RegistrationRefusal};
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

/// An amount as people write it: `150`, `149.90`.
pub(super) fn amount(money: Money) -> String {
    let shortest = money.to_string();
    match shortest.split_once('.') {
        Some((_, decimals)) if decimals.len() == 1 => format!("{shortest}0"),
        _ => shortest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_has_two_decimals_or_none() {
        for (minor, written) in [(15000, "150"), (14990, "149.90"), (5, "0.05"), (0, "0")] {
            assert_eq!(amount(Money::from_minor(minor).unwrap()), written);
        }
    }
}
