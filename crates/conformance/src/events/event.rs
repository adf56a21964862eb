//! Cases for events.

use crate::{at, earliest, ends_of_the_calendar, fresh_id, latest, longest, new_account, race, walk};
use chatgrow_domain::{
    AccountId, Capacity, Event, EventDescription, EventEdit, EventId, EventLocation, EventRefusal,
    EventStatus, EventTitle, LocalMinute, Money, NewEvent, PageLimit, Version,
};
use chatgrow_ports::{Commit, EventFilter, Failure, PageRequest, StartPosition, StoreError, Stores};

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

pub(crate) async fn new_event(stores: &Stores, account: AccountId, capacity: Option<i64>) -> Event {
    let event = event(0, capacity);
    stores
        .events
        .events
        .insert(account, &event, Commit::default())
        .await
        .unwrap();
    event
}

pub(crate) fn with_status(event: &Event, status: EventStatus) -> Event {
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

fn of_status(status: Option<EventStatus>) -> EventFilter {
    EventFilter {
        status,
        ..EventFilter::default()
    }
}

async fn list(
    stores: &Stores,
    account: AccountId,
    status: Option<EventStatus>,
    after: Option<&Event>,
) -> Vec<Event> {
    let page = PageRequest {
        limit: PageLimit::new(500).unwrap(),
        after: after.map(|event| StartPosition {
            start: event.start,
            id: event.id,
        }),
    };
    stores
        .events
        .events
        .list(account, of_status(status), page)
        .await
        .unwrap()
        .items
}

/// Every field is read back unchanged, with extreme values.
pub async fn event_round_trips(stores: &Stores) {
    let account = new_account(stores).await;
    let (first, last) = ends_of_the_calendar();
    let full = Event {
        title: EventTitle::new(longest(EventTitle::MAX_CHARS)).unwrap(),
        description: Some(EventDescription::new(longest(EventDescription::MAX_CHARS)).unwrap()),
        start: last,
        location: Some(EventLocation::new(longest(EventLocation::MAX_CHARS)).unwrap()),
        price: Some(Money::from_minor(Money::MAX_MINOR).unwrap()),
        created_at: earliest(),
        updated_at: latest(),
        version: Version::new(i64::MAX - 1).unwrap(),
        ..event(0, Some(Capacity::MAX))
    };
    let free = Event {
        description: Some(EventDescription::new("\u{1}\t\r\n.").unwrap()),
        start: first,
        price: Some(Money::from_minor(0).unwrap()),
        created_at: latest(),
        updated_at: earliest(),
        ..event(0, Some(Capacity::MIN))
    };
    let mut expected = Vec::new();
    for event in [free, event(-1, None), event(0, None), full] {
        stores
            .events
            .events
            .insert(account, &event, Commit::default())
            .await
            .unwrap();
        assert_eq!(
            stores.events.events.by_id(account, event.id).await.unwrap(),
            Some(event.clone()),
            "what was written is read back as it was, and what is not there is absent"
        );
        expected.push(event);
    }
    assert_eq!(
        list(stores, account, None, None).await,
        expected,
        "what was written is read back as it was, and what is not there is absent"
    );
    // Every field that can change is set and cleared again.
    let (bare, full) = (&expected[2], &expected[3]);
    let edit = |from: &Event| EventEdit {
        title: Some(from.title.clone()),
        description: Some(from.description.clone()),
        date: Some(from.start.to_date_time().date()),
        time: Some(from.start.to_date_time().time()),
        location: Some(from.location.clone()),
        capacity: Some(from.capacity),
        price: Some(from.price),
        status: Some(EventStatus::Completed),
    };
    for (one, other) in [(bare, full), (full, bare)] {
        let edited = one.edited(edit(other), latest()).unwrap();
        stores
            .events
            .events
            .update(account, &edited, Commit::default())
            .await
            .unwrap();
        assert_eq!(
            stores.events.events.by_id(account, edited.id).await.unwrap(),
            Some(edited),
            "what was written is read back as it was, and what is not there is absent"
        );
    }
    assert_eq!(
        stores
            .events
            .events
            .by_id(account, EventId::new(fresh_id()))
            .await
            .unwrap(),
        None,
        "what was written is read back as it was, and what is not there is absent"
    );
}

/// An update replaces only the version before it.
pub async fn event_is_updated_from_the_version_before_only(stores: &Stores) {
    let account = new_account(stores).await;
    let first = new_event(stores, account, Some(5)).await;
    let second = with_status(&first, EventStatus::Completed);
    stores
        .events
        .events
        .update(account, &second, Commit::default())
        .await
        .unwrap();
    for stale in [
        with_status(&first, EventStatus::Cancelled),
        second.clone(),
        event(0, None),
    ] {
        let outcome = stores
            .events
            .events
            .update(account, &stale, Commit::default())
            .await;
        assert_refused!(
            outcome,
            Failure::Refused(EventRefusal::VersionMismatch),
            "it is not the version after the stored one"
        );
    }
    assert_eq!(
        stores.events.events.by_id(account, first.id).await.unwrap(),
        Some(second),
        "an update replaces the version before it and no other, and a refused one changes nothing"
    );
}

/// Of many concurrent updates of one version exactly one succeeds.
pub async fn event_updates_race_to_one_winner(servers: &[Stores]) {
    let stores = &servers[0];
    let account = new_account(stores).await;
    let event = new_event(stores, account, None).await;
    let outcomes = race(servers, |racer, stores| {
        let capacity = Capacity::new(i64::try_from(racer).unwrap() + 1).unwrap();
        let edit = EventEdit {
            capacity: Some(Some(capacity)),
            ..EventEdit::default()
        };
        let next = event.edited(edit, at(1_763_893_900_000)).unwrap();
        async move {
            stores
                .events
                .events
                .update(account, &next, Commit::default())
                .await
                .map(|()| next)
        }
    })
    .await;
    assert_winners!(outcomes, 1, Failure::Refused(EventRefusal::VersionMismatch));
    let winner = outcomes.into_iter().find_map(Result::ok).unwrap();
    assert_eq!(
        list(stores, account, None, None).await,
        [winner],
        "the winner's state is kept, and nothing else"
    );
}

/// No method sees or changes another account's events.
pub async fn events_of_accounts_are_apart(stores: &Stores) {
    let (account, other) = (new_account(stores).await, new_account(stores).await);
    let (mine, theirs) = (
        new_event(stores, account, None).await,
        new_event(stores, other, None).await,
    );
    assert_eq!(
        stores.events.events.by_id(other, mine.id).await.unwrap(),
        None,
        "no account sees or changes what another one has"
    );
    for foreign in [
        with_status(&mine, EventStatus::Cancelled),
        mine.edited(
            EventEdit {
                capacity: Some(Some(Capacity::new(1).unwrap())),
                ..EventEdit::default()
            },
            at(5),
        )
        .unwrap(),
    ] {
        let outcome = stores
            .events
            .events
            .update(other, &foreign, Commit::default())
            .await;
        assert_refused!(
            outcome,
            Failure::Refused(EventRefusal::VersionMismatch),
            "the account has no such event: it is another account's"
        );
    }
    let nobody = AccountId::new(fresh_id());
    let outcome = stores
        .events
        .events
        .insert(nobody, &event(0, None), Commit::default())
        .await;
    assert_refused!(
        outcome,
        StoreError::Failed(_),
        "there is no such account, which is a defect of the caller"
    );

    assert_eq!(
        list(stores, nobody, None, None).await,
        [],
        "no account sees or changes what another one has"
    );
    for (account, kept) in [(account, &mine), (other, &theirs)] {
        for status in [None, Some(EventStatus::Active)] {
            assert_eq!(
                list(stores, account, status, None).await,
                std::slice::from_ref(kept),
                "no account sees or changes what another one has"
            );
            assert_eq!(
                list(stores, account, status, Some(kept)).await,
                [],
                "no account sees or changes what another one has"
            );
        }
        assert_eq!(
            list(stores, account, Some(EventStatus::Cancelled), None).await,
            [],
            "no account sees or changes what another one has"
        );
    }
    // A position is only a place in the order; it may belong to any account.
    assert_eq!(
        list(stores, account, None, Some(&theirs)).await,
        [],
        "no account sees or changes what another one has"
    );
    assert_eq!(
        list(stores, other, None, Some(&mine)).await,
        [theirs],
        "no account sees or changes what another one has"
    );
}

/// Events are listed by start, then by id. A filter selects the events in its status.
pub async fn events_are_listed_by_start_and_filtered(stores: &Stores) {
    let account = new_account(stores).await;
    let mut events = Vec::new();
    for start in [50, 10, 50, 30, 10, 40, 50] {
        let event = event(start, None);
        stores
            .events
            .events
            .insert(account, &event, Commit::default())
            .await
            .unwrap();
        events.push(event);
    }
    for (index, status) in [(3, EventStatus::Cancelled), (5, EventStatus::Completed)] {
        events[index] = with_status(&events[index], status);
        stores
            .events
            .events
            .update(account, &events[index], Commit::default())
            .await
            .unwrap();
    }
    events.sort_by_key(|event| (event.start, event.id));
    assert_eq!(list(stores, account, None, None).await, events);
    for status in EventStatus::ALL {
        let expected: Vec<_> = events
            .iter()
            .filter(|event| event.status == *status)
            .cloned()
            .collect();
        assert_eq!(list(stores, account, Some(*status), None).await, expected);
        let after_the_first = list(stores, account, Some(*status), expected.first()).await;
        assert_eq!(after_the_first, expected[1..]);
    }
    // Filters by start, alone and combined, with a status, and in pages.
    let minute = |minutes| Some(LocalMinute::from_minutes(minutes).unwrap());
    for (from, before, status) in [
        (minute(30), None, None),
        (None, minute(50), None),
        (minute(10), minute(11), None),
        (minute(11), minute(30), None),
        (minute(30), minute(51), Some(EventStatus::Active)),
        (minute(40), None, Some(EventStatus::Completed)),
    ] {
        let filter = EventFilter { from, before, status };
        let expected: Vec<_> = events
            .iter()
            .filter(|event| from.is_none_or(|from| event.start >= from))
            .filter(|event| before.is_none_or(|before| event.start < before))
            .filter(|event| status.is_none_or(|status| event.status == status))
            .cloned()
            .collect();
        let pages = |page| stores.events.events.list(account, filter, page);
        assert_eq!(walk(2, pages, async || ()).await, expected, "{filter:?}");
    }
}

/// Every event that existed at the start is listed once and in order, also by status. Meanwhile events are inserted
/// before it, after it and at the same minute.
pub async fn event_pages_are_stable_under_inserts(stores: &Stores) {
    let account = new_account(stores).await;
    let mut before = Vec::new();
    for start in [50, 10, 50, 30, 10, 40, 50, 30] {
        let event = event(start, None);
        stores
            .events
            .events
            .insert(account, &event, Commit::default())
            .await
            .unwrap();
        before.push(event);
    }
    for event in &mut before[..2] {
        *event = with_status(event, EventStatus::Cancelled);
        stores
            .events
            .events
            .update(account, event, Commit::default())
            .await
            .unwrap();
    }
    for status in [None, Some(EventStatus::Active)] {
        let pages = |page| stores.events.events.list(account, of_status(status), page);
        let had = list(stores, account, status, None).await;
        let whole = walk(had.len().try_into().unwrap(), pages, async || {
            panic!("a full last page is the last")
        })
        .await;
        assert_eq!(whole, had);
        let most = had.len() + 12;
        let seen = walk(2, pages, async || {
            if list(stores, account, status, None).await.len() < most {
                for start in [10, 45, 50] {
                    stores
                        .events
                        .events
                        .insert(account, &event(start, None), Commit::default())
                        .await
                        .unwrap();
                }
            }
        })
        .await;
        let positions: Vec<_> = seen.iter().map(|event| (event.start, event.id)).collect();
        assert!(positions.is_sorted_by(|one, next| one < next), "{positions:?}");
        assert!(seen.len() > had.len(), "some of the new ones are behind");
        assert!(had.iter().all(|event| seen.contains(event)));
    }
}
