//! Cases for registrations.

use crate::{
    RACERS, ROUNDS, at, at_once, drop_after, earliest,
    events::event::{new_event, with_status},
    first_page, fresh_id, latest, longest, new_account, new_customer, poll_counts, race, walk,
};
use chatgrow_domain::{
    AccountId, Capacity, Customer, Event, EventEdit, EventId, EventRefusal, EventStatus, Notes, PageLimit,
    Registration, RegistrationId, RegistrationRefusal,
};
use chatgrow_ports::{Commit, Failure, PageRequest, StoreError, Stores};

pub(crate) fn registration(event: EventId, customer: &Customer) -> Registration {
    let notes = Some(Notes::new("צמחוני\n🥗").unwrap());
    Registration::new(
        RegistrationId::new(fresh_id()),
        event,
        customer,
        notes,
        at(1_763_893_800_123),
    )
}

async fn register(
    stores: &Stores,
    account: AccountId,
    event: EventId,
) -> Result<Registration, Failure<RegistrationRefusal>> {
    let customer = new_customer(stores, account).await;
    let registration = registration(event, &customer);
    stores
        .events
        .registrations
        .register(account, &registration, Commit::default())
        .await
        .map(|()| registration)
}

async fn participants(stores: &Stores, account: AccountId, event: EventId) -> i64 {
    stores
        .events
        .events
        .by_id(account, event)
        .await
        .unwrap()
        .unwrap()
        .participants
}

async fn all(stores: &Stores, account: AccountId, event: EventId) -> Vec<Registration> {
    stores
        .events
        .registrations
        .list(account, event, first_page(500))
        .await
        .unwrap()
        .items
}

/// The event's registrations. Asserts that the event counts as many participants.
pub(crate) async fn counted(stores: &Stores, account: AccountId, event: EventId) -> Vec<Registration> {
    let registrations = all(stores, account, event).await;
    assert_eq!(
        participants(stores, account, event).await,
        i64::try_from(registrations.len()).unwrap()
    );
    registrations
}

/// A registration is listed unchanged, and counted.
pub async fn registration_round_trips(stores: &Stores) {
    let account = new_account(stores).await;
    let event = new_event(stores, account, None).await;
    let first = register(stores, account, event.id).await.unwrap();
    let mut expected = vec![first];
    for (notes, created_at) in [
        (None, earliest()),
        (Some(longest(Notes::MAX_CHARS)), latest()),
        (Some("\u{1}\t\r\n.".to_owned()), at(-1)),
    ] {
        let customer = new_customer(stores, account).await;
        let next = Registration {
            notes: notes.map(|notes| Notes::new(notes).unwrap()),
            created_at,
            ..registration(event.id, &customer)
        };
        stores
            .events
            .registrations
            .register(account, &next, Commit::default())
            .await
            .unwrap();
        expected.push(next);
    }
    let page = stores
        .events
        .registrations
        .list(account, event.id, first_page(4))
        .await
        .unwrap();
    assert_eq!(
        (page.items, page.next),
        (expected, None),
        "what was written is read back as it was, and what is not there is absent"
    );
    assert_eq!(
        participants(stores, account, event.id).await,
        4,
        "what was written is read back as it was, and what is not there is absent"
    );
    assert_eq!(
        stores
            .events
            .registrations
            .list(account, EventId::new(fresh_id()), first_page(50))
            .await
            .unwrap()
            .items,
        [],
        "what was written is read back as it was, and what is not there is absent"
    );
}

/// The first applicable refusal is returned: no such event, not active, already registered, full. A refused
/// registration is not counted.
pub async fn registration_refusals_come_in_order(stores: &Stores) {
    let account = new_account(stores).await;
    let nowhere = register(stores, account, EventId::new(fresh_id())).await;
    assert_refused!(
        nowhere,
        Failure::Refused(RegistrationRefusal::EventNotFound),
        "there is no such event"
    );

    let event = new_event(stores, account, Some(1)).await;
    let only = register(stores, account, event.id).await.unwrap();
    let again = Registration {
        id: RegistrationId::new(fresh_id()),
        ..only
    };
    let twice = stores
        .events
        .registrations
        .register(account, &again, Commit::default())
        .await;
    assert_refused!(
        twice,
        Failure::Refused(RegistrationRefusal::AlreadyRegistered),
        "the customer has a place, which is told before the event is full"
    );
    let full = register(stores, account, event.id).await;
    assert_refused!(
        full,
        Failure::Refused(RegistrationRefusal::Full),
        "every place is taken"
    );

    let current = stores
        .events
        .events
        .by_id(account, event.id)
        .await
        .unwrap()
        .unwrap();
    stores
        .events
        .events
        .update(
            account,
            &with_status(&current, EventStatus::Completed),
            Commit::default(),
        )
        .await
        .unwrap();
    let late = stores
        .events
        .registrations
        .register(account, &again, Commit::default())
        .await;
    assert_refused!(
        late,
        Failure::Refused(RegistrationRefusal::NotActive),
        "the event is over, which is told before the customer has a place, and before it is full"
    );
    assert_eq!(
        participants(stores, account, event.id).await,
        1,
        "what is refused is neither kept nor counted"
    );
    assert_eq!(
        stores
            .events
            .registrations
            .list(account, event.id, first_page(50))
            .await
            .unwrap()
            .items
            .len(),
        1,
        "what is refused is neither kept nor counted"
    );
}

/// If many customers want few places, exactly as many registrations succeed as there are places.
pub async fn registrations_race_for_the_last_places(servers: &[Stores]) {
    const PLACES: usize = 5;
    let stores = &servers[0];
    let account = new_account(stores).await;
    let event = new_event(stores, account, Some(5)).await;
    let customers = new_customers(stores, account).await;
    let outcomes = race(servers, |racer, stores| {
        let registration = registration(event.id, &customers[racer]);
        async move {
            stores
                .events
                .registrations
                .register(account, &registration, Commit::default())
                .await
        }
    })
    .await;
    assert_winners!(outcomes, PLACES, Failure::Refused(RegistrationRefusal::Full));
    assert_eq!(
        counted(stores, account, event.id).await.len(),
        PLACES,
        "the winner's state is kept, and nothing else"
    );
}

/// One customer per racer.
async fn new_customers(stores: &Stores, account: AccountId) -> Vec<Customer> {
    let mut customers = Vec::new();
    for _ in 0..RACERS {
        customers.push(new_customer(stores, account).await);
    }
    customers
}

/// A customer who registers many times at once gets one place.
pub async fn registration_of_one_customer_races_to_one_place(servers: &[Stores]) {
    let stores = &servers[0];
    let account = new_account(stores).await;
    let event = new_event(stores, account, None).await;
    let customer = new_customer(stores, account).await;
    let outcomes = race(servers, |_, stores| {
        let registration = registration(event.id, &customer);
        async move {
            stores
                .events
                .registrations
                .register(account, &registration, Commit::default())
                .await
        }
    })
    .await;
    assert_winners!(
        outcomes,
        1,
        Failure::Refused(RegistrationRefusal::AlreadyRegistered)
    );
    assert_eq!(
        counted(stores, account, event.id).await.len(),
        1,
        "the winner's state is kept, and nothing else"
    );
}

/// Of many concurrent calls that free one place exactly one succeeds. The place can then be taken again.
pub async fn registration_is_freed_once(servers: &[Stores]) {
    let stores = &servers[0];
    let account = new_account(stores).await;
    let event = new_event(stores, account, Some(1)).await;
    let registration = register(stores, account, event.id).await.unwrap();
    let outcomes = race(servers, |_, stores| {
        let registration = registration.clone();
        async move {
            stores
                .events
                .registrations
                .unregister(account, &registration, Commit::default())
                .await
                .unwrap()
        }
    })
    .await;
    assert_eq!(outcomes.iter().filter(|freed| **freed).count(), 1);
    assert_eq!(counted(stores, account, event.id).await, []);
    register(stores, account, event.id).await.unwrap();
}

/// A place is freed while its customer registers again. It is freed exactly once, and the customer is registered again
/// at most once.
pub async fn registration_is_freed_while_its_customer_comes_again(servers: &[Stores]) {
    let stores = &servers[0];
    let account = new_account(stores).await;
    let customer = new_customer(stores, account).await;
    for _ in 0..ROUNDS {
        let event = new_event(stores, account, Some(1)).await;
        let old = registration(event.id, &customer);
        stores
            .events
            .registrations
            .register(account, &old, Commit::default())
            .await
            .unwrap();
        let outcomes = race(servers, |racer, stores| {
            let (again, old) = (registration(event.id, &customer), old.clone());
            async move {
                // Both calls are made on each server.
                if racer % 4 < 2 {
                    let freed = stores
                        .events
                        .registrations
                        .unregister(account, &old, Commit::default())
                        .await;
                    (Some(freed), None)
                } else {
                    let outcome = stores
                        .events
                        .registrations
                        .register(account, &again, Commit::default())
                        .await;
                    (None, Some(outcome.map(|()| again)))
                }
            }
        })
        .await;
        let (freed, came): (Vec<_>, Vec<_>) = outcomes.into_iter().unzip();
        let freed: Result<Vec<_>, _> = freed.into_iter().flatten().collect();
        assert_eq!(freed.unwrap().into_iter().filter(|freed| *freed).count(), 1);
        let came: Vec<_> = came.into_iter().flatten().collect();
        let kept = counted(stores, account, event.id).await;
        assert_winners!(
            came,
            kept.len(),
            Failure::Refused(RegistrationRefusal::AlreadyRegistered)
        );
        assert_eq!(came.into_iter().filter_map(Result::ok).collect::<Vec<_>>(), kept);
    }
}

/// Half of the racers register, and half edit the event from its first version. An edit succeeds at most once, and only
/// if nobody registered before it. Returns the numbers of edits and registrations that succeeded.
async fn race_with_edits(
    servers: &[Stores],
    edit: EventEdit,
    refusal: RegistrationRefusal,
) -> (usize, usize) {
    let stores = &servers[0];
    let account = new_account(stores).await;
    let event = new_event(stores, account, None).await;
    let edited = event.edited(edit, at(1_763_893_900_000)).unwrap();
    let customers = new_customers(stores, account).await;
    let outcomes = race(servers, |racer, stores| {
        let (registration, edited) = (registration(event.id, &customers[racer]), edited.clone());
        async move {
            // Both calls are made on each server.
            if racer % 4 < 2 {
                (
                    Some(
                        stores
                            .events
                            .events
                            .update(account, &edited, Commit::default())
                            .await,
                    ),
                    None,
                )
            } else {
                let outcome = stores
                    .events
                    .registrations
                    .register(account, &registration, Commit::default())
                    .await;
                (None, Some(outcome))
            }
        }
    })
    .await;
    let (edits, places): (Vec<_>, Vec<_>) = outcomes.into_iter().unzip();
    let (edits, places): (Vec<_>, Vec<_>) = (
        edits.into_iter().flatten().collect(),
        places.into_iter().flatten().collect(),
    );
    let succeeded = edits.iter().filter(|outcome| outcome.is_ok()).count();
    assert!(succeeded <= 1);
    assert_winners!(edits, succeeded, Failure::Refused(EventRefusal::VersionMismatch));
    let registered = counted(stores, account, event.id).await.len();
    assert_winners!(
        places,
        registered,
        Failure::Refused(told) if *told == refusal
    );
    let read = stores
        .events
        .events
        .by_id(account, event.id)
        .await
        .unwrap()
        .unwrap();
    let expected = Event {
        participants: read.participants,
        version: read.version,
        ..if succeeded == 1 { edited } else { event }
    };
    assert_eq!(read, expected);
    (succeeded, registered)
}

/// The capacity can be lowered only while no more customers are registered than the new one allows.
pub async fn registrations_race_with_a_smaller_capacity(servers: &[Stores]) {
    let edit = EventEdit {
        capacity: Some(Some(Capacity::new(3).unwrap())),
        ..EventEdit::default()
    };
    for _ in 0..ROUNDS {
        let outcome = race_with_edits(servers, edit.clone(), RegistrationRefusal::Full).await;
        assert!([(0, RACERS / 2), (1, 3)].contains(&outcome), "{outcome:?}");
    }
}

/// A cancelled event takes no more registrations.
pub async fn registrations_race_with_the_end_of_the_event(servers: &[Stores]) {
    let edit = EventEdit {
        status: Some(EventStatus::Cancelled),
        ..EventEdit::default()
    };
    for _ in 0..ROUNDS {
        let outcome = race_with_edits(servers, edit.clone(), RegistrationRefusal::NotActive).await;
        assert!([(0, RACERS / 2), (1, 0)].contains(&outcome), "{outcome:?}");
    }
}

/// Registering and freeing a place increment the event's version, so an edit that did not see them is stale.
pub async fn registration_moves_the_version_on(stores: &Stores) {
    let account = new_account(stores).await;
    let event = new_event(stores, account, None).await;
    let registration = register(stores, account, event.id).await.unwrap();
    let registered = stores
        .events
        .events
        .by_id(account, event.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        registered.version,
        event.version.next(),
        "what was changed is read back as it is now"
    );
    assert!(
        stores
            .events
            .registrations
            .unregister(account, &registration, Commit::default())
            .await
            .unwrap(),
        "what was changed is read back as it is now"
    );
    let freed = stores
        .events
        .events
        .by_id(account, event.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        freed.version,
        registered.version.next(),
        "what was changed is read back as it is now"
    );
}

/// No method sees or changes another account's registrations, or a registration through another event. A customer of
/// another account gets no place.
pub async fn registrations_of_accounts_are_apart(stores: &Stores) {
    let (account, other) = (new_account(stores).await, new_account(stores).await);
    let (event, another) = (
        new_event(stores, account, Some(2)).await,
        new_event(stores, account, None).await,
    );
    let (customer, others_customer) = (
        new_customer(stores, account).await,
        new_customer(stores, other).await,
    );
    let mine = registration(event.id, &customer);
    stores
        .events
        .registrations
        .register(account, &mine, Commit::default())
        .await
        .unwrap();
    let registered = stores.events.events.by_id(account, event.id).await.unwrap();

    for customer in [&others_customer, &customer] {
        let foreign_event = registration(event.id, customer);
        let outcome = stores
            .events
            .registrations
            .register(other, &foreign_event, Commit::default())
            .await;
        assert_refused!(
            outcome,
            Failure::Refused(RegistrationRefusal::EventNotFound),
            "the account has no such event: it is another account's"
        );
    }
    let foreign_customer = registration(event.id, &others_customer);
    let outcome = stores
        .events
        .registrations
        .register(account, &foreign_customer, Commit::default())
        .await;
    assert_refused!(
        outcome,
        Failure::Store(StoreError::Failed(_)),
        "the customer is not one of the account, which is a defect of the caller"
    );
    for (account, event) in [(other, event.id), (account, another.id)] {
        let found = stores.events.registrations.by_id(account, event, mine.id).await;
        assert_eq!(
            found.unwrap(),
            None,
            "no account sees or changes what another one has"
        );
        let before_all = PageRequest {
            limit: PageLimit::DEFAULT,
            after: Some(RegistrationId::new("000000000000000000000000".parse().unwrap())),
        };
        for page in [first_page(50), before_all] {
            let page = stores
                .events
                .registrations
                .list(account, event, page)
                .await
                .unwrap();
            assert_eq!(
                (page.items, page.next),
                (vec![], None),
                "no account sees or changes what another one has"
            );
        }
    }
    let registrations = &stores.events.registrations;
    let stale = Registration {
        version: mine.version.next(),
        ..mine.clone()
    };
    for (account, theirs) in [(other, &mine), (account, &stale)] {
        let freed = registrations.unregister(account, theirs, Commit::default()).await;
        assert!(
            !freed.unwrap(),
            "no account changes what another one has, and no version another one"
        );
    }
    assert_eq!(registrations.anywhere(other, mine.id).await.unwrap(), None);
    assert_eq!(
        registrations.anywhere(account, mine.id).await.unwrap(),
        Some(mine.clone())
    );
    let found = registrations.by_id(account, event.id, mine.id).await;
    assert_eq!(
        found.unwrap(),
        Some(mine.clone()),
        "no account sees or changes what another one has"
    );
    assert_eq!(
        all(stores, account, event.id).await,
        [mine],
        "no account sees or changes what another one has"
    );
    assert_eq!(
        stores.events.events.by_id(account, event.id).await.unwrap(),
        registered,
        "nothing was counted"
    );
    register(stores, account, event.id).await.unwrap();
}

/// Registrations are listed in the order of their creation. Each that existed at the start is listed once, whatever is
/// added meanwhile.
pub async fn registration_pages_are_stable_under_inserts(stores: &Stores) {
    let account = new_account(stores).await;
    let event = new_event(stores, account, None).await;
    let mut expected = Vec::new();
    for _ in 0..5 {
        expected.push(register(stores, account, event.id).await.unwrap().id);
    }
    let seen = walk(
        2,
        |page| stores.events.registrations.list(account, event.id, page),
        async || {
            if participants(stores, account, event.id).await < 8 {
                register(stores, account, event.id).await.unwrap();
            }
        },
    )
    .await;
    let ids: Vec<_> = seen.iter().map(|registration| registration.id).collect();
    assert!(ids.is_sorted_by(|one, next| one < next));
    assert_eq!(ids[..5], expected);
}

/// A customer's registrations for all events are listed in the order of their creation, without those of other
/// customers.
pub async fn registrations_of_a_customer_are_listed(stores: &Stores) {
    let (account, other) = (new_account(stores).await, new_account(stores).await);
    let (dana, noa) = (
        new_customer(stores, account).await,
        new_customer(stores, account).await,
    );
    let mut expected = Vec::new();
    for _ in 0..5 {
        let event = new_event(stores, account, None).await;
        for customer in [&dana, &noa] {
            let place = registration(event.id, customer);
            let registered = stores
                .events
                .registrations
                .register(account, &place, Commit::default());
            registered.await.unwrap();
            if customer.id == dana.id {
                expected.push(place);
            }
        }
    }
    let gone = expected.remove(2);
    let freed = stores
        .events
        .registrations
        .unregister(account, &gone, Commit::default());
    assert!(freed.await.unwrap());
    let list = |page| stores.events.registrations.of_customer(account, dana.id, page);
    assert_eq!(walk(2, list, async || ()).await, expected);
    let full = list(first_page(4)).await.unwrap();
    assert_eq!(
        full.next, None,
        "a page that is full is still the last one if nothing follows"
    );
    let page = stores
        .events
        .registrations
        .of_customer(other, dana.id, first_page(50))
        .await;
    assert_eq!(page.unwrap().items, [], "another account's");
}

/// If clients disconnect at arbitrary moments, the count still equals the number of registrations.
pub async fn dropped_registrations_keep_the_count_right(stores: &Stores) {
    let account = new_account(stores).await;
    let event = new_event(stores, account, Some(20)).await;
    let mut customers = Vec::new();
    for _ in 0..RACERS {
        customers.push(new_customer(stores, account).await);
    }
    let tasks: Vec<_> = customers
        .into_iter()
        .map(|customer| {
            let (registrations, registration) = (
                stores.events.registrations.clone(),
                registration(event.id, &customer),
            );
            tokio::spawn(async move {
                registrations
                    .register(account, &registration, Commit::default())
                    .await
            })
        })
        .collect();
    for (index, task) in tasks.iter().enumerate() {
        if index % 2 == 0 {
            tokio::task::yield_now().await;
            task.abort();
        }
    }
    for task in tasks {
        // A call may have succeeded before it was aborted.
        let _ = task.await;
    }
    assert!(counted(stores, account, event.id).await.len() <= 20);
}

/// A registration whose call is dropped after any number of polls is either stored and counted or neither, and blocks
/// nobody.
pub async fn registration_dropped_after_any_poll_is_all_or_nothing(stores: &Stores) {
    let account = new_account(stores).await;
    let (customer, rival) = (
        new_customer(stores, account).await,
        new_customer(stores, account).await,
    );
    for polls in poll_counts() {
        let event = new_event(stores, account, Some(1)).await;
        let (dropped, rival) = (registration(event.id, &customer), registration(event.id, &rival));
        let outcome = drop_after(
            polls,
            stores
                .events
                .registrations
                .register(account, &dropped, Commit::default()),
        )
        .await;
        let taken = match at_once(
            stores
                .events
                .registrations
                .register(account, &rival, Commit::default()),
        )
        .await
        {
            Ok(()) => false,
            Err(Failure::Refused(RegistrationRefusal::Full)) => true,
            Err(error) => panic!("after {polls} polls: {error:?}"),
        };
        let kept = if taken { dropped } else { rival };
        assert_eq!(
            counted(stores, account, event.id).await,
            [kept],
            "after {polls} polls"
        );
        if let Some(outcome) = outcome {
            outcome.unwrap();
            assert!(taken);
            return;
        }
    }
}

/// A place whose freeing is dropped after any number of polls is either freed and subtracted from the count or neither,
/// and blocks nobody.
pub async fn unregistration_dropped_after_any_poll_is_all_or_nothing(stores: &Stores) {
    let account = new_account(stores).await;
    let rival = new_customer(stores, account).await;
    for polls in poll_counts() {
        let event = new_event(stores, account, Some(1)).await;
        let first = register(stores, account, event.id).await.unwrap();
        let free = || {
            stores
                .events
                .registrations
                .unregister(account, &first, Commit::default())
        };
        let rival = registration(event.id, &rival);
        let outcome = drop_after(polls, free()).await;
        let freed = match at_once(
            stores
                .events
                .registrations
                .register(account, &rival, Commit::default()),
        )
        .await
        {
            Ok(()) => true,
            Err(Failure::Refused(RegistrationRefusal::Full)) => false,
            Err(error) => panic!("after {polls} polls: {error:?}"),
        };
        // The dropped call may still be running. Once this one is answered, that no longer matters.
        let freed_now = at_once(free()).await.unwrap();
        assert!(!(freed && freed_now), "freed twice, after {polls} polls");
        if !freed {
            at_once(
                stores
                    .events
                    .registrations
                    .register(account, &rival, Commit::default()),
            )
            .await
            .unwrap();
        }
        assert_eq!(
            counted(stores, account, event.id).await,
            [rival],
            "after {polls} polls"
        );
        if let Some(outcome) = outcome {
            assert!(outcome.unwrap());
            assert!(freed);
            return;
        }
    }
}
