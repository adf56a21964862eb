use super::{at, first_page, fresh_id, new_account, walk};
use crate::{EventFilter, PageRequest, StartPosition, Stores, UpdateEventError};
use chatgrow_domain::{
    AccountId, Capacity, Event, EventDescription, EventEdit, EventId, EventLocation, EventStatus, EventTitle,
    LocalMinute, Money, NewEvent,
};
use std::collections::HashSet;

fn event(start: i64, capacity: Option<i64>) -> Event {
    let new = NewEvent {
        title: EventTitle::new("סדנת יוגה").unwrap(),
        description: None,
        start: LocalMinute::from_minutes(start).unwrap(),
        location: None,
        capacity: capacity.map(|people| Capacity::new(people).unwrap()),
        price: None,
    };
    Event::new(EventId::new(fresh_id()), new, at(1_763_893_800_123))
}

pub(super) async fn new_event(stores: &Stores, account: AccountId, capacity: Option<i64>) -> Event {
    let event = event(0, capacity);
    stores.events.insert(account, &event).await.unwrap();
    event
}

pub(super) fn with_status(event: &Event, status: EventStatus) -> Event {
    event
        .edited(
            EventEdit {
                status: Some(status),
                ..EventEdit::default()
            },
            at(1_763_893_900_000),
        )
        .unwrap()
}

/// Every field comes back as it went in, the extremes included.
pub async fn event_round_trips(stores: &Stores) {
    let account = new_account(stores).await;
    let full = Event {
        description: Some(EventDescription::new("שורה\nעוד שורה".repeat(300)).unwrap()),
        location: Some(EventLocation::new("אולם הספורט, רחוב הרצל 123").unwrap()),
        price: Some(Money::from_minor(Money::MAX_MINOR).unwrap()),
        ..event(29_000_000, Some(Capacity::MAX))
    };
    let free = Event {
        price: Some(Money::from_minor(0).unwrap()),
        ..event(-1, Some(1))
    };
    for event in [full, free, event(0, None)] {
        stores.events.insert(account, &event).await.unwrap();
        assert_eq!(stores.events.by_id(account, event.id).await.unwrap(), Some(event));
    }
    assert_eq!(
        stores
            .events
            .by_id(account, EventId::new(fresh_id()))
            .await
            .unwrap(),
        None
    );
}

/// An update replaces exactly the version before it.
pub async fn event_is_updated_from_the_version_before_only(stores: &Stores) {
    let account = new_account(stores).await;
    let first = new_event(stores, account, Some(5)).await;
    let second = with_status(&first, EventStatus::Completed);
    stores.events.update(account, &second).await.unwrap();
    for stale in [
        with_status(&first, EventStatus::Cancelled),
        second.clone(),
        event(0, None),
    ] {
        let outcome = stores.events.update(account, &stale).await;
        assert!(matches!(outcome, Err(UpdateEventError::Stale)), "{outcome:?}");
    }
    assert_eq!(
        stores.events.by_id(account, first.id).await.unwrap(),
        Some(second)
    );
}

/// No method sees or changes another account's events.
pub async fn events_of_accounts_are_apart(stores: &Stores) {
    let (account, other) = (new_account(stores).await, new_account(stores).await);
    let event = new_event(stores, account, None).await;
    assert_eq!(stores.events.by_id(other, event.id).await.unwrap(), None);
    assert_eq!(
        stores
            .events
            .list(other, EventFilter::default(), first_page(50))
            .await
            .unwrap()
            .items,
        []
    );
    let outcome = stores
        .events
        .update(other, &with_status(&event, EventStatus::Cancelled))
        .await;
    assert!(matches!(outcome, Err(UpdateEventError::Stale)), "{outcome:?}");
    assert_eq!(stores.events.by_id(account, event.id).await.unwrap(), Some(event));
}

/// By start, then id; a status keeps its own; every event that was there comes once, whatever is inserted meanwhile.
pub async fn events_are_listed_by_start_and_filtered(stores: &Stores) {
    let account = new_account(stores).await;
    let mut events = Vec::new();
    for start in [50, 10, 50, 30, 10, 40, 50] {
        let event = event(start, None);
        stores.events.insert(account, &event).await.unwrap();
        events.push(event);
    }
    let cancelled = with_status(&events[3], EventStatus::Cancelled);
    stores.events.update(account, &cancelled).await.unwrap();
    events.sort_by_key(|event| (event.start, event.id));

    let filter = EventFilter {
        status: Some(EventStatus::Cancelled),
    };
    assert_eq!(
        stores
            .events
            .list(account, filter, first_page(50))
            .await
            .unwrap()
            .items,
        [cancelled]
    );

    let list =
        |page: PageRequest<StartPosition<EventId>>| stores.events.list(account, EventFilter::default(), page);
    let seen = walk(2, list, async || {
        if stores
            .events
            .list(account, EventFilter::default(), first_page(500))
            .await
            .unwrap()
            .items
            .len()
            < 11
        {
            stores.events.insert(account, &event(10, None)).await.unwrap();
            stores.events.insert(account, &event(45, None)).await.unwrap();
        }
    })
    .await;
    let positions: Vec<_> = seen.iter().map(|event| (event.start, event.id)).collect();
    assert!(positions.is_sorted());
    assert_eq!(positions.iter().collect::<HashSet<_>>().len(), positions.len());
    assert!(
        events
            .iter()
            .all(|event| positions.contains(&(event.start, event.id)))
    );
}
