//! Inserts add; they never replace.

use super::{
    api_keys::key,
    appointments::{appointment, slot},
    at, customer_with_email,
    events::new_event,
    fresh_id, new_account, new_customer,
    registrations::registration,
};
use crate::{
    BookError, Companions, InsertAccountError, InsertCustomerError, RegisterError, StoreError, Stores,
};
use chatgrow_domain::{
    Account, AccountId, AccountName, AccountSlug, ApiKey, Appointment, Customer, Event, EventTitle,
    Registration,
};

/// An insert with the id of a row that is there is a defect of its caller: it fails, and the row stays as it was.
pub async fn an_insert_replaces_nothing(stores: &Stores) {
    let why = "the id is taken, and an insert replaces nothing";
    let studio = |slug: &str| Account {
        id: AccountId::new(fresh_id()),
        slug: AccountSlug::new(slug).unwrap(),
        name: AccountName::new("Studio").unwrap(),
        created_at: at(0),
    };
    let first = studio("first");
    stores.accounts.insert(&first).await.unwrap();
    let again = Account {
        id: first.id,
        ..studio("second")
    };
    let outcome = stores.accounts.insert(&again).await;
    assert_refused!(outcome, InsertAccountError::Store(StoreError::Failed(_)), "{why}");
    let accounts = stores.accounts.list().await.unwrap();
    assert_eq!(accounts, [first], "accounts: {why}");

    let account = new_account(stores).await;
    let kept = key(account, 1);
    stores.api_keys.insert(&kept).await.unwrap();
    let again = ApiKey {
        id: kept.id,
        ..key(account, 2)
    };
    let outcome = stores.api_keys.insert(&again).await;
    assert_refused!(outcome, StoreError::Failed(_), "{why}");
    let keys = stores.api_keys.list(account).await.unwrap();
    assert_eq!(keys, [kept], "API keys: {why}");

    let customer = new_customer(stores, account).await;
    let again = Customer {
        id: customer.id,
        ..customer_with_email("another@example.com")
    };
    let outcome = stores
        .customers
        .insert(account, &again, Companions::default())
        .await;
    assert_refused!(
        outcome,
        InsertCustomerError::Store(StoreError::Failed(_)),
        "{why}"
    );
    let read = stores
        .customers
        .by_email(account, &customer.email.key())
        .await
        .unwrap();
    assert_eq!(read.as_ref(), Some(&customer), "customers: {why}");

    let booked = appointment(&customer, slot(0, 60));
    let outcome = stores.appointments.book(account, &booked, Companions::default());
    outcome.await.unwrap();
    let again = Appointment {
        id: booked.id,
        ..appointment(&customer, slot(600, 60))
    };
    let outcome = stores
        .appointments
        .book(account, &again, Companions::default())
        .await;
    assert_refused!(outcome, BookError::Store(StoreError::Failed(_)), "{why}");
    let read = stores.appointments.by_id(account, booked.id).await.unwrap();
    assert_eq!(read, Some(booked), "appointments: {why}");

    let event = new_event(stores, account, None).await;
    let again = Event {
        title: EventTitle::new("Another").unwrap(),
        ..event.clone()
    };
    let outcome = stores.events.insert(account, &again, Companions::default()).await;
    assert_refused!(outcome, StoreError::Failed(_), "{why}");
    let read = stores.events.by_id(account, event.id).await.unwrap();
    assert_eq!(read.as_ref(), Some(&event), "events: {why}");

    let place = registration(event.id, &customer);
    let outcome = stores
        .registrations
        .register(account, &place, Companions::default());
    outcome.await.unwrap();
    let another = new_customer(stores, account).await;
    let again = Registration {
        id: place.id,
        ..registration(event.id, &another)
    };
    let outcome = stores
        .registrations
        .register(account, &again, Companions::default())
        .await;
    assert_refused!(outcome, RegisterError::Store(StoreError::Failed(_)), "{why}");
    let read = stores
        .registrations
        .by_id(account, event.id, place.id)
        .await
        .unwrap();
    assert_eq!(read, Some(place), "registrations: {why}");
    let event = stores.events.by_id(account, event.id).await.unwrap().unwrap();
    assert_eq!(event.participants, 1, "what was not registered is not counted");
}
