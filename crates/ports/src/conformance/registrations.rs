use super::{
    RACERS, at,
    events::{new_event, with_status},
    first_page, fresh_id, new_account, new_customer, race, walk,
};
use crate::{RegisterError, Stores};
use chatgrow_domain::{
    AccountId, Customer, EventId, EventStatus, Notes, Registration, RegistrationId, RegistrationRefused,
};

fn registration(event: EventId, customer: &Customer) -> Registration {
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
) -> Result<Registration, RegisterError> {
    let customer = new_customer(stores, account).await;
    let registration = registration(event, &customer);
    stores
        .registrations
        .register(account, &registration)
        .await
        .map(|()| registration)
}

async fn participants(stores: &Stores, account: AccountId, event: EventId) -> i64 {
    stores
        .events
        .by_id(account, event)
        .await
        .unwrap()
        .unwrap()
        .participants
}

/// A registration is listed as it went in, and counted.
pub async fn registration_round_trips(stores: &Stores) {
    let account = new_account(stores).await;
    let event = new_event(stores, account, None).await;
    let first = register(stores, account, event.id).await.unwrap();
    let customer = new_customer(stores, account).await;
    let second = Registration {
        notes: None,
        ..registration(event.id, &customer)
    };
    stores.registrations.register(account, &second).await.unwrap();
    let page = stores
        .registrations
        .list(account, event.id, first_page(50))
        .await
        .unwrap();
    assert_eq!((page.items, page.next), (vec![first, second], None));
    assert_eq!(participants(stores, account, event.id).await, 2);
    assert_eq!(
        stores
            .registrations
            .list(account, EventId::new(fresh_id()), first_page(50))
            .await
            .unwrap()
            .items,
        []
    );
}

/// No such event, not active, already registered, full: the first that holds is told, and nothing is counted.
pub async fn registration_refusals_come_in_order(stores: &Stores) {
    let account = new_account(stores).await;
    let nowhere = register(stores, account, EventId::new(fresh_id())).await;
    assert!(
        matches!(nowhere, Err(RegisterError::EventNotFound)),
        "{nowhere:?}"
    );

    let event = new_event(stores, account, Some(1)).await;
    let only = register(stores, account, event.id).await.unwrap();
    let again = Registration {
        id: RegistrationId::new(fresh_id()),
        ..only
    };
    let twice = stores.registrations.register(account, &again).await;
    assert!(
        matches!(twice, Err(RegisterError::AlreadyRegistered)),
        "{twice:?}"
    );
    let full = register(stores, account, event.id).await;
    assert!(
        matches!(full, Err(RegisterError::Refused(RegistrationRefused::Full))),
        "{full:?}"
    );

    let current = stores.events.by_id(account, event.id).await.unwrap().unwrap();
    stores
        .events
        .update(account, &with_status(&current, EventStatus::Completed))
        .await
        .unwrap();
    let late = stores.registrations.register(account, &again).await;
    assert!(
        matches!(late, Err(RegisterError::Refused(RegistrationRefused::NotActive))),
        "{late:?}"
    );
    assert_eq!(participants(stores, account, event.id).await, 1);
    assert_eq!(
        stores
            .registrations
            .list(account, event.id, first_page(50))
            .await
            .unwrap()
            .items
            .len(),
        1
    );
}

/// Many customers, few places: exactly as many get one.
pub async fn registrations_race_for_the_last_places(stores: &Stores) {
    const PLACES: i64 = 5;
    let account = new_account(stores).await;
    let event = new_event(stores, account, Some(PLACES)).await;
    let outcomes = race((0..RACERS).map(|_| {
        let stores = stores.clone();
        async move { register(&stores, account, event.id).await }
    }))
    .await;
    let places = usize::try_from(PLACES).unwrap();
    let full =
        |outcome: &&Result<_, _>| matches!(outcome, Err(RegisterError::Refused(RegistrationRefused::Full)));
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), places);
    assert_eq!(outcomes.iter().filter(full).count(), RACERS - places);
    assert_eq!(participants(stores, account, event.id).await, PLACES);
    assert_eq!(
        stores
            .registrations
            .list(account, event.id, first_page(500))
            .await
            .unwrap()
            .items
            .len(),
        places
    );
}

/// One customer who asks many times at once gets one place.
pub async fn registration_of_one_customer_races_to_one_place(stores: &Stores) {
    let account = new_account(stores).await;
    let event = new_event(stores, account, None).await;
    let customer = new_customer(stores, account).await;
    let outcomes = race((0..RACERS).map(|_| {
        let (registrations, registration) = (stores.registrations.clone(), registration(event.id, &customer));
        async move { registrations.register(account, &registration).await }
    }))
    .await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert_eq!(
        outcomes
            .iter()
            .filter(|o| matches!(o, Err(RegisterError::AlreadyRegistered)))
            .count(),
        RACERS - 1
    );
    assert_eq!(participants(stores, account, event.id).await, 1);
}

/// Of many calls that free one place exactly one does, and the place can be taken again.
pub async fn registration_is_freed_once(stores: &Stores) {
    let account = new_account(stores).await;
    let event = new_event(stores, account, Some(1)).await;
    let registration = register(stores, account, event.id).await.unwrap();
    let outcomes = race((0..RACERS).map(|_| {
        let registrations = stores.registrations.clone();
        async move {
            registrations
                .unregister(account, event.id, registration.id)
                .await
                .unwrap()
        }
    }))
    .await;
    assert_eq!(outcomes.iter().filter(|freed| **freed).count(), 1);
    assert_eq!(participants(stores, account, event.id).await, 0);
    register(stores, account, event.id).await.unwrap();
}

/// Registering and freeing are states of the event too: an edit that did not see them is stale.
pub async fn registration_moves_the_version_on(stores: &Stores) {
    let account = new_account(stores).await;
    let event = new_event(stores, account, None).await;
    let registration = register(stores, account, event.id).await.unwrap();
    let registered = stores.events.by_id(account, event.id).await.unwrap().unwrap();
    assert_eq!(registered.version, event.version.next());
    assert!(
        stores
            .registrations
            .unregister(account, event.id, registration.id)
            .await
            .unwrap()
    );
    let freed = stores.events.by_id(account, event.id).await.unwrap().unwrap();
    assert_eq!(freed.version, registered.version.next());
}

/// No method sees or changes another account's registrations, nor through another event.
pub async fn registrations_of_accounts_are_apart(stores: &Stores) {
    let (account, other) = (new_account(stores).await, new_account(stores).await);
    let (event, another) = (
        new_event(stores, account, None).await,
        new_event(stores, account, None).await,
    );
    let registration = register(stores, account, event.id).await.unwrap();
    let foreign_event = register(stores, other, event.id).await;
    assert!(
        matches!(foreign_event, Err(RegisterError::EventNotFound)),
        "{foreign_event:?}"
    );
    assert_eq!(
        stores
            .registrations
            .list(other, event.id, first_page(50))
            .await
            .unwrap()
            .items,
        []
    );
    assert!(
        !stores
            .registrations
            .unregister(other, event.id, registration.id)
            .await
            .unwrap()
    );
    assert!(
        !stores
            .registrations
            .unregister(account, another.id, registration.id)
            .await
            .unwrap()
    );
    assert_eq!(participants(stores, account, event.id).await, 1);
}

/// In the order in which they came; each that was there comes once, whatever comes meanwhile.
pub async fn registration_pages_are_stable_under_inserts(stores: &Stores) {
    let account = new_account(stores).await;
    let event = new_event(stores, account, None).await;
    let mut expected = Vec::new();
    for _ in 0..5 {
        expected.push(register(stores, account, event.id).await.unwrap().id);
    }
    let seen = walk(
        2,
        |page| stores.registrations.list(account, event.id, page),
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

/// Clients that hang up at any moment leave the count equal to the registrations.
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
            let (registrations, registration) =
                (stores.registrations.clone(), registration(event.id, &customer));
            tokio::spawn(async move { registrations.register(account, &registration).await })
        })
        .collect();
    for (index, task) in tasks.iter().enumerate() {
        if index % 2 == 0 {
            tokio::task::yield_now().await;
            task.abort();
        }
    }
    for task in tasks {
        // Aborted ones may have come through all the same.
        let _ = task.await;
    }
    let registered = stores
        .registrations
        .list(account, event.id, first_page(500))
        .await
        .unwrap()
        .items
        .len();
    let counted = participants(stores, account, event.id).await;
    assert_eq!(i64::try_from(registered).unwrap(), counted);
    assert!(counted <= 20);
}
