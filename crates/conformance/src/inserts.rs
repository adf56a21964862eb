//! Inserts add rows; they never replace one.

use crate::{
    access::{
        api_key::key,
        session::session,
        user::{put, user},
    },
    at,
    billing::{
        payment::{entry, paid, record},
        sources::{new_source, source},
    },
    customer_with_email,
    delivery::webhook_endpoint::{claimed, endpoint, place, put as put_endpoint},
    events::event::new_event,
    events::registration::registration,
    fresh_id, new_account, new_customer,
    scheduling::{
        appointment::{appointment, slot},
        occupancy::{block_of, booking, hold_of},
        resource::{new_resource, renamed_resource},
        service::{new_service, renamed_service},
    },
};
use chatgrow_domain::{
    Account, AccountId, AccountName, AccountSlug, ApiKey, Appointment, Block, Customer, Event, EventTitle,
    Hold, Payment, PaymentSource, Registration, Session, User, WebhookEndpoint,
};
use chatgrow_ports::{Commit, Failure, StoreError, Stores};

/// An insert with the id of an existing row is a defect of its caller. It fails, and the row stays unchanged.
pub async fn an_insert_replaces_nothing(stores: &Stores) {
    let why = "the id is taken, and an insert replaces nothing";
    let studio = |slug: &str| Account {
        id: AccountId::new(fresh_id()),
        slug: AccountSlug::new(slug).unwrap(),
        name: AccountName::new("Studio").unwrap(),
        created_at: at(0),
    };
    let first = studio("first");
    stores.access.accounts.insert(&first).await.unwrap();
    let again = Account {
        id: first.id,
        ..studio("second")
    };
    let outcome = stores.access.accounts.insert(&again).await;
    assert_refused!(outcome, Failure::Store(StoreError::Failed(_)), "{why}");
    let accounts = stores.access.accounts.list().await.unwrap();
    assert_eq!(accounts, [first], "accounts: {why}");

    let account = new_account(stores).await;
    let kept = key(account, 1);
    stores
        .access
        .api_keys
        .insert(&kept, Commit::default())
        .await
        .unwrap();
    let again = ApiKey {
        id: kept.id,
        ..key(account, 2)
    };
    let outcome = stores.access.api_keys.insert(&again, Commit::default()).await;
    assert_refused!(outcome, StoreError::Failed(_), "{why}");
    let keys = stores.access.api_keys.all(account).await.unwrap();
    assert_eq!(keys, [kept], "API keys: {why}");

    let kept = put(stores, user(account, "dana@example.com")).await;
    let again = User {
        id: kept.id,
        ..user(account, "noa@example.com")
    };
    let outcome = stores.access.users.insert(&again, Commit::default()).await;
    assert_refused!(outcome, Failure::Store(StoreError::Failed(_)), "{why}");
    let users = stores.access.users.all(account).await.unwrap();
    assert_eq!(users, std::slice::from_ref(&kept), "users: {why}");
    let (one, other) = (session(&kept), session(&kept));
    stores.access.sessions.insert(&one).await.unwrap();
    let again = Session { id: one.id, ..other };
    let outcome = stores.access.sessions.insert(&again).await;
    assert_refused!(outcome, StoreError::Failed(_), "{why}");
    let sessions = stores.access.sessions.of_user(account, kept.id).await.unwrap();
    assert_eq!(sessions, [one], "sessions: {why}");

    let customer = new_customer(stores, account).await;
    let again = Customer {
        id: customer.id,
        ..customer_with_email("another@example.com")
    };
    let outcome = stores
        .crm
        .customers
        .insert(account, &again, Commit::default())
        .await;
    assert_refused!(outcome, Failure::Store(StoreError::Failed(_)), "{why}");
    let read = stores
        .crm
        .customers
        .by_email(account, &customer.email.key())
        .await
        .unwrap();
    assert_eq!(read.as_ref(), Some(&customer), "customers: {why}");

    let booked = appointment(&customer, slot(0, 60));
    let outcome = stores
        .scheduling
        .appointments
        .book(account, &booked, None, Commit::default());
    outcome.await.unwrap();
    let again = Appointment {
        id: booked.id,
        ..appointment(&customer, slot(600, 60))
    };
    let outcome = stores
        .scheduling
        .appointments
        .book(account, &again, None, Commit::default())
        .await;
    assert_refused!(outcome, Failure::Store(StoreError::Failed(_)), "{why}");
    let read = stores
        .scheduling
        .appointments
        .by_id(account, booked.id)
        .await
        .unwrap();
    assert_eq!(read, Some(booked), "appointments: {why}");

    let kept = new_resource(stores, account).await;
    let resources = &stores.scheduling.resources;
    let again = renamed_resource(&kept, "Another");
    let outcome = resources.insert(account, &again, Commit::default()).await;
    assert_refused!(outcome, StoreError::Failed(_), "{why}");
    let read = resources.by_id(account, kept.id).await.unwrap();
    assert_eq!(read, Some(kept), "resources: {why}");

    let scheduling = &stores.scheduling;
    let kept = hold_of(booking(slot(100, 60), (0, 0), &[]));
    let outcome = scheduling.holds.hold(account, &kept, Commit::default());
    outcome.await.unwrap();
    let again = Hold {
        id: kept.id,
        ..hold_of(booking(slot(700, 60), (0, 0), &[]))
    };
    let outcome = scheduling.holds.hold(account, &again, Commit::default()).await;
    assert_refused!(outcome, Failure::Store(StoreError::Failed(_)), "{why}");
    let read = scheduling.holds.by_id(account, kept.id).await.unwrap();
    assert_eq!(read, Some(kept), "holds: {why}");

    let kept = block_of(None, 200, 260);
    let outcome = scheduling.blocks.block(account, &kept, Commit::default());
    outcome.await.unwrap();
    let again = Block {
        id: kept.id,
        ..block_of(None, 900, 960)
    };
    let outcome = scheduling.blocks.block(account, &again, Commit::default()).await;
    assert_refused!(outcome, Failure::Store(StoreError::Failed(_)), "{why}");
    let read = scheduling.blocks.by_id(account, kept.id).await.unwrap();
    assert_eq!(read, Some(kept), "blocks: {why}");

    let kept = new_service(stores, account).await;
    let services = &stores.scheduling.services;
    let again = renamed_service(&kept, "Another");
    let outcome = services.insert(account, &again, Commit::default()).await;
    assert_refused!(outcome, StoreError::Failed(_), "{why}");
    let read = services.by_id(account, kept.id).await.unwrap();
    assert_eq!(read, Some(kept), "services: {why}");

    let event = new_event(stores, account, None).await;
    let again = Event {
        title: EventTitle::new("Another").unwrap(),
        ..event.clone()
    };
    let outcome = stores
        .events
        .events
        .insert(account, &again, Commit::default())
        .await;
    assert_refused!(outcome, StoreError::Failed(_), "{why}");
    let read = stores.events.events.by_id(account, event.id).await.unwrap();
    assert_eq!(read.as_ref(), Some(&event), "events: {why}");

    let kept = endpoint(account, 1);
    let lane = put_endpoint(stores, &kept, place(1)).await;
    let again = WebhookEndpoint {
        id: kept.id,
        ..endpoint(account, 2)
    };
    let endpoints = &stores.delivery.webhook_endpoints;
    let outcome = endpoints.insert(&again, place(2), Commit::default()).await;
    assert_refused!(outcome, Failure::Store(StoreError::Failed(_)), "{why}");
    let read = endpoints.all(account).await.unwrap();
    assert_eq!(read, [kept], "webhook endpoints: {why}");
    assert_eq!(claimed(stores, lane).await.position, place(1), "lanes: {why}");

    let place = registration(event.id, &customer);
    let outcome = stores
        .events
        .registrations
        .register(account, &place, Commit::default());
    outcome.await.unwrap();
    let another = new_customer(stores, account).await;
    let again = Registration {
        id: place.id,
        ..registration(event.id, &another)
    };
    let outcome = stores
        .events
        .registrations
        .register(account, &again, Commit::default())
        .await;
    assert_refused!(outcome, Failure::Store(StoreError::Failed(_)), "{why}");
    let read = stores
        .events
        .registrations
        .by_id(account, event.id, place.id)
        .await
        .unwrap();
    assert_eq!(read, Some(place), "registrations: {why}");
    let event = stores
        .events
        .events
        .by_id(account, event.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(event.participants, 1, "what was not registered is not counted");

    let payment = paid(None, 5);
    record(stores, account, &[&payment], None).await.unwrap();
    let again = Payment {
        id: payment.id,
        ..paid(None, 6)
    };
    let outcome = record(stores, account, &[&again], None).await;
    assert_refused!(outcome, Failure::Store(StoreError::Failed(_)), "{why}");
    let read = entry(stores, account, payment.id).await;
    assert_eq!(read, Some(payment), "payments: {why}");

    let kept = new_source(stores, account).await;
    let again = PaymentSource {
        id: kept.id,
        ..source(account)
    };
    let sources = &stores.billing.sources;
    let outcome = sources.insert(&again, Commit::default()).await;
    assert_refused!(outcome, StoreError::Failed(_), "{why}");
    let read = sources.by_id(account, kept.id).await.unwrap();
    assert_eq!(read, Some(kept), "payment sources: {why}");
}
