//! Cases for what is committed with a write: the records of requests.

use crate::{
    RACERS,
    access::{
        api_key::{key, new_key, renamed_key, rotated_key},
        session::link,
        user::{in_language, owner, put, user},
    },
    at,
    billing::sources::{new_source, source, with_secret},
    customer_with_email,
    delivery::{
        assert_same, changes, read_on,
        webhook_endpoint::{called, endpoint, put as put_endpoint},
    },
    events::event::new_event,
    events::registration::registration,
    fresh_id, new_account, new_customer, race,
    scheduling::{
        appointment::{appointment, slot},
        occupancy::{DUE, MADE, block_of, booking, hold_of},
        resource::{new_resource, renamed_resource, resource},
        schedule::in_zone,
        service::{new_service, renamed_service, service},
    },
};
use chatgrow_domain::{
    AccountId, AccountName, Appointment, AppointmentRefusal, BlockRefusal, Customer, CustomerEdit,
    CustomerName, CustomerRefusal, EventEdit, EventTitle, HoldRefusal, Language, PageLimit,
    RegistrationRefusal, Schedule, ScheduleRefusal, WebhookRefusal,
};
use chatgrow_ports::{
    ChangePosition, Commit, CustomerFilter, CustomerWrite, Failure, IdempotencyKey, IdempotencyRecord,
    PageRequest, StoreError, StoredAnswer, Stores,
};

const DAY: i64 = 86_400_000;

pub(crate) fn fresh_request() -> IdempotencyKey {
    let mut bytes = [7; 32];
    bytes[..12].copy_from_slice(fresh_id().as_bytes());
    IdempotencyKey(bytes)
}

/// A record that was made at 5 and expires a day later.
pub(crate) fn record(account: AccountId, key: IdempotencyKey) -> IdempotencyRecord {
    IdempotencyRecord {
        account,
        key,
        fingerprint: [9; 32],
        answer: StoredAnswer {
            format: 1,
            bytes: vec![0, 255, b'{'],
        },
        created_at: at(5),
        expires_at: at(5 + DAY),
    }
}

pub(crate) fn with(record: &IdempotencyRecord) -> Commit {
    Commit {
        record: Some(record.clone()),
        changes: Vec::new(),
        notice: None,
    }
}

async fn customers(stores: &Stores, account: AccountId) -> Vec<Customer> {
    let limit = PageLimit::new(500).unwrap();
    let page = stores
        .crm
        .customers
        .list(
            account,
            &CustomerFilter::default(),
            PageRequest { limit, after: None },
        )
        .await;
    page.unwrap().items
}

/// A record is read back unchanged, and only by its own account.
pub async fn record_round_trips(stores: &Stores) {
    let (account, other) = (new_account(stores).await, new_account(stores).await);
    let written = record(account, fresh_request());
    stores.idempotency.write(with(&written)).await.unwrap();
    let second = IdempotencyRecord {
        answer: StoredAnswer {
            format: u16::MAX,
            bytes: Vec::new(),
        },
        ..record(account, fresh_request())
    };
    stores.idempotency.write(with(&second)).await.unwrap();
    for written in [written, second] {
        let found = stores.idempotency.find(account, written.key).await.unwrap();
        assert_eq!(
            found,
            Some(written.clone()),
            "what was written is read back as it was, and what is not there is absent"
        );
        assert_eq!(
            stores.idempotency.find(other, written.key).await.unwrap(),
            None,
            "what was written is read back as it was, and what is not there is absent"
        );
    }
    assert_eq!(
        stores.idempotency.find(account, fresh_request()).await.unwrap(),
        None,
        "what was written is read back as it was, and what is not there is absent"
    );
    stores.idempotency.write(Commit::default()).await.unwrap();
}

/// Every method that takes a commit writes its record. If there is a record already, no method writes anything, not
/// even a change, and each returns `Repeated` even if it would refuse the write for another reason.
pub async fn a_repeated_request_writes_nothing(stores: &Stores) {
    let account = new_account(stores).await;
    let customer = new_customer(stores, account).await;
    let event = new_event(stores, account, Some(1)).await;
    let (booked, place) = (
        appointment(&customer, slot(0, 60)),
        registration(event.id, &customer),
    );
    let renamed = customer.edited(
        CustomerEdit {
            name: Some(CustomerName::new("Noa").unwrap()),
            ..CustomerEdit::default()
        },
        at(5),
    );
    let newcomer = customer_with_email("new@example.com");
    let another_event = chatgrow_domain::Event {
        id: chatgrow_domain::EventId::new(fresh_id()),
        ..event.clone()
    };
    let cancelled = booked.cancelled(at(6)).unwrap();
    let name = AccountName::new("Another studio").unwrap();
    // An account without a key and without a user.
    let new = new_account(stores).await;
    let first_key = key(new, 5);
    let (set_up, owner) = (link(new, None), owner(new, "owner@example.com"));
    stores.access.links.insert(&set_up).await.unwrap();
    let (another_key, successor) = (key(account, 1), key(account, 2));
    let renamed_key = renamed_key(&new_key(stores, account, 3).await, "Noa");
    let rotated_key = rotated_key(&new_key(stores, account, 4).await, &successor);
    let another_user = user(account, "new@example.com");
    let stored_user = put(stores, user(account, "dana@example.com")).await;
    let edited_user = in_language(&stored_user, Language::Hebrew);
    let (another_resource, another_service) = (resource(), service());
    let renamed_resource = renamed_resource(&new_resource(stores, account).await, "Noa");
    let renamed_service = renamed_service(&new_service(stores, account).await, "Talk");
    let schedule = in_zone(&Schedule::untouched(account), "Asia/Jerusalem", 10);
    let later_schedule = in_zone(&schedule, "Europe/Paris", 20);

    let new_hold = |start| hold_of(booking(slot(start, 60), (0, 0), &[]));
    let (hold, removed, block) = (new_hold(1000), new_hold(2000), block_of(None, 3000, 3060));
    let expired = new_hold(5000);
    let released = expired.released(at(DUE));
    let confirmed = Appointment::of_hold(&hold, &customer, None, at(MADE));
    let brought = customer_with_email("brought@example.com");
    let with_customer = appointment(&brought, slot(4000, 60));

    let (another_endpoint, stored_endpoint) = (endpoint(account, 1), endpoint(account, 2));
    put_endpoint(stores, &stored_endpoint, ChangePosition::START).await;
    let edited_endpoint = called(&stored_endpoint, "another");
    let removed_endpoint = endpoint(account, 3);
    put_endpoint(stores, &removed_endpoint, ChangePosition::START).await;

    let (another_source, removed_source) = (source(account), new_source(stores, account).await);
    let rotated_source = with_secret(&new_source(stores, account).await, 2);

    let mut written = Vec::new();
    // In the second run, each call would also be refused for another reason.
    for repeated in [false, true] {
        macro_rules! check {
            ($account:ident, $id:expr, $call:expr, $repeated:pat) => {{
                let account = $account;
                let mut bytes = [$id; 32];
                bytes[..12].copy_from_slice(account.as_bytes());
                let record = record(account, IdempotencyKey(bytes));
                let changes = changes(account, 1 + usize::from($id % 2_u8));
                if !repeated {
                    written.extend(changes.clone());
                }
                let commit = Commit {
                    changes,
                    ..with(&record)
                };
                let outcome = $call(commit).await;
                if repeated {
                    assert_refused!(
                        outcome,
                        $repeated,
                        "request {} was carried out, which is told first",
                        $id
                    );
                } else {
                    outcome.unwrap();
                }
                assert!(
                    stores
                        .idempotency
                        .find(account, record.key)
                        .await
                        .unwrap()
                        .is_some(),
                    "{}",
                    $id
                );
            }};
            ($id:expr, $call:expr, $repeated:pat) => {
                check!(account, $id, $call, $repeated)
            };
        }
        use StoreError::Repeated;
        check!(
            1,
            |c| stores.crm.customers.insert(account, &newcomer, c),
            Failure::Store(Repeated)
        );
        check!(
            2,
            |c| stores.crm.customers.update(account, &renamed, c),
            Failure::Store(Repeated)
        );
        check!(
            3,
            |c| stores.scheduling.appointments.book(account, &booked, None, c),
            Failure::Store(Repeated)
        );
        check!(
            4,
            |c| stores.scheduling.appointments.update(account, &cancelled, c),
            Failure::Store(Repeated)
        );
        check!(
            5,
            |c| stores.events.events.insert(account, &another_event, c),
            Repeated
        );
        check!(
            6,
            |c| stores.events.registrations.register(account, &place, c),
            Failure::Store(Repeated)
        );
        check!(
            7,
            |c| stores.events.registrations.unregister(account, &place, c),
            Repeated
        );
        let present = stores
            .events
            .events
            .by_id(account, event.id)
            .await
            .unwrap()
            .unwrap();
        let title = Some(EventTitle::new("Pilates").unwrap());
        let edit = EventEdit {
            title,
            ..EventEdit::default()
        };
        let edited = present.edited(edit, at(7)).unwrap();
        check!(
            8,
            |c| stores.events.events.update(account, &edited, c),
            Failure::Store(Repeated)
        );
        check!(9, |c| stores.idempotency.write(c), Repeated);
        check!(
            10,
            |c| stores.scheduling.resources.insert(account, &another_resource, c),
            Repeated
        );
        check!(
            11,
            |c| stores.scheduling.resources.update(account, &renamed_resource, c),
            Failure::Store(Repeated)
        );
        check!(
            12,
            |c| stores.scheduling.services.insert(account, &another_service, c),
            Repeated
        );
        check!(
            13,
            |c| stores.scheduling.services.update(account, &renamed_service, c),
            Failure::Store(Repeated)
        );
        let keys = &stores.access.api_keys;
        check!(23, |c| keys.insert(&another_key, c), Repeated);
        check!(24, |c| keys.update(&renamed_key, c), Failure::Store(Repeated));
        check!(
            25,
            |c| keys.rotate(&rotated_key, &successor, c),
            Failure::Store(Repeated)
        );
        check!(new, 28, |c| keys.insert_first(&first_key, c), Repeated);
        check!(29, |c| stores.access.accounts.rename(account, &name, c), Repeated);
        check!(
            new,
            30,
            |c| stores.access.links.follow(&set_up, &owner, at(1000), c),
            Failure::Store(Repeated)
        );
        let users = &stores.access.users;
        check!(26, |c| users.insert(&another_user, c), Failure::Store(Repeated));
        check!(27, |c| users.update(&edited_user, c), Failure::Store(Repeated));
        let scheduling = &stores.scheduling;
        for (id, hold) in [(16_u8, &hold), (17, &removed), (32, &expired)] {
            check!(
                id,
                |c| scheduling.holds.hold(account, hold, c),
                Failure::Store(Repeated)
            );
        }
        check!(
            18,
            |c| scheduling.appointments.confirm(account, &confirmed, None, c),
            Failure::Store(Repeated)
        );
        check!(19, |c| scheduling.holds.remove(account, removed.id, c), Repeated);
        check!(31, |c| scheduling.holds.release(account, &released, c), Repeated);
        check!(
            20,
            |c| scheduling.blocks.block(account, &block, c),
            Failure::Store(Repeated)
        );
        check!(21, |c| scheduling.blocks.remove(account, block.id, c), Repeated);
        check!(
            22,
            |c| {
                let write = Some(CustomerWrite::Insert(brought.clone()));
                scheduling.appointments.book(account, &with_customer, write, c)
            },
            Failure::Store(Repeated)
        );
        let endpoints = &stores.delivery.webhook_endpoints;
        check!(
            33,
            |c| endpoints.insert(&another_endpoint, ChangePosition::START, c),
            Failure::Store(Repeated)
        );
        check!(
            34,
            |c| endpoints.update(&edited_endpoint, c),
            Failure::Store(Repeated)
        );
        check!(
            35,
            |c| endpoints.remove(account, removed_endpoint.id, c),
            Repeated
        );
        let sources = &stores.billing.sources;
        check!(36, |c| sources.insert(&another_source, c), Repeated);
        check!(
            37,
            |c| sources.update(&rotated_source, c),
            Failure::Store(Repeated)
        );
        check!(38, |c| sources.remove(account, removed_source.id, c), Repeated);
        for (id, schedule) in [(14_u8, &schedule), (15, &later_schedule)] {
            check!(
                id,
                |c| stores.scheduling.schedules.replace(account, schedule, c),
                Failure::Store(Repeated)
            );
        }
    }
    let read = stores
        .scheduling
        .appointments
        .by_id(account, booked.id)
        .await
        .unwrap();
    assert_eq!(read.map(|read| read.status), Some(cancelled.status));
    assert_eq!(customers(stores, account).await.len(), 3);
    for account in [account, new] {
        let found = read_on(stores, account, &mut ChangePosition::START.clone()).await;
        let mut written = written.clone();
        written.retain(|change| change.account == account);
        assert_same(&found, &written, "a repeated request leaves no change");
    }
}

/// A refused request leaves no record, so it may be tried again.
pub async fn a_refused_request_leaves_no_record(stores: &Stores) {
    let account = new_account(stores).await;
    let customer = new_customer(stores, account).await;
    let event = new_event(stores, account, Some(1)).await;
    let booked = appointment(&customer, slot(0, 60));
    stores
        .scheduling
        .appointments
        .book(account, &booked, None, Commit::default())
        .await
        .unwrap();
    let record = record(account, fresh_request());

    let twice = Customer {
        id: chatgrow_domain::CustomerId::new(fresh_id()),
        ..customer.clone()
    };
    let refused = stores.crm.customers.insert(account, &twice, with(&record)).await;
    assert_refused!(
        refused,
        Failure::Refused(CustomerRefusal::EmailTaken),
        "the address is taken"
    );
    let overlapping = appointment(&customer, slot(30, 60));
    let refused = stores
        .scheduling
        .appointments
        .book(account, &overlapping, None, with(&record))
        .await;
    assert_refused!(
        refused,
        Failure::Refused(AppointmentRefusal::SlotTaken),
        "the slot is taken"
    );
    let stale = booked.cancelled(at(5)).unwrap().cancelled(at(6)).unwrap();
    let stale = chatgrow_domain::Appointment {
        version: stale.version.next(),
        ..stale
    };
    let refused = stores
        .scheduling
        .appointments
        .update(account, &stale, with(&record))
        .await;
    assert_refused!(
        refused,
        Failure::Refused(AppointmentRefusal::VersionMismatch),
        "it is not the version after the stored one"
    );
    let freed = stores
        .events
        .registrations
        .unregister(account, &registration(event.id, &customer), with(&record))
        .await;
    assert!(
        !freed.unwrap(),
        "what is refused leaves no record, and may be tried again"
    );
    let schedule = in_zone(&Schedule::untouched(account), "Asia/Jerusalem", 10);
    let schedules = &stores.scheduling.schedules;
    schedules
        .replace(account, &schedule, Commit::default())
        .await
        .unwrap();
    for stale in [
        &schedule,
        &in_zone(&in_zone(&schedule, "Europe/Paris", 20), "Europe/Rome", 30),
    ] {
        let refused = schedules.replace(account, stale, with(&record)).await;
        assert_refused!(
            refused,
            Failure::Refused(ScheduleRefusal::VersionMismatch),
            "it is not the version after the stored one"
        );
    }
    let scheduling = &stores.scheduling;
    let hold = hold_of(overlapping.booking.clone());
    let refused = scheduling.holds.hold(account, &hold, with(&record)).await;
    assert_refused!(
        refused,
        Failure::Refused(HoldRefusal::SlotTaken),
        "the slot is taken"
    );
    let block = block_of(None, -5000, 1);
    let refused = scheduling.blocks.block(account, &block, with(&record)).await;
    assert_refused!(
        refused,
        Failure::Refused(BlockRefusal::TimeTaken(None)),
        "the time is taken"
    );
    let confirmed = Appointment::of_hold(&hold, &customer, None, at(MADE));
    let refused = scheduling
        .appointments
        .confirm(account, &confirmed, None, with(&record))
        .await;
    assert_refused!(
        refused,
        Failure::Refused(AppointmentRefusal::HoldGone),
        "there is no such hold"
    );
    let brought = customer_with_email("brought@example.com");
    let write = Some(CustomerWrite::Insert(brought));
    let refused = scheduling
        .appointments
        .book(account, &overlapping, write, with(&record))
        .await;
    assert_refused!(
        refused,
        Failure::Refused(AppointmentRefusal::SlotTaken),
        "the slot is taken"
    );
    let removed = scheduling.holds.remove(account, hold.id, with(&record)).await;
    assert!(!removed.unwrap(), "there is no such hold");
    let removed = scheduling.blocks.remove(account, block.id, with(&record)).await;
    assert!(!removed.unwrap(), "there is no such block");
    let endpoints = &stores.delivery.webhook_endpoints;
    let kept = endpoint(account, 1);
    put_endpoint(stores, &kept, ChangePosition::START).await;
    let rival = endpoint(account, 1);
    let refused = endpoints
        .insert(&rival, ChangePosition::START, with(&record))
        .await;
    assert_refused!(
        refused,
        Failure::Refused(WebhookRefusal::PlaceTaken),
        "the place is taken"
    );
    let stale = called(&called(&kept, "a"), "b");
    let refused = endpoints.update(&stale, with(&record)).await;
    assert_refused!(
        refused,
        Failure::Refused(WebhookRefusal::VersionMismatch),
        "it is not the version after the stored one"
    );
    let removed = endpoints.remove(account, rival.id, with(&record)).await;
    assert!(!removed.unwrap(), "there is no such endpoint");

    let nowhere = registration(chatgrow_domain::EventId::new(fresh_id()), &customer);
    let refused = stores
        .events
        .registrations
        .register(account, &nowhere, with(&record))
        .await;
    assert_refused!(
        refused,
        Failure::Refused(RegistrationRefusal::EventNotFound),
        "there is no such event"
    );

    assert_eq!(
        stores.idempotency.find(account, record.key).await.unwrap(),
        None,
        "what is refused leaves no record, and may be tried again"
    );
    let free = appointment(&customer, slot(60, 60));
    stores
        .scheduling
        .appointments
        .book(account, &free, None, with(&record))
        .await
        .unwrap();
    assert_eq!(
        stores.idempotency.find(account, record.key).await.unwrap(),
        Some(record),
        "what is refused leaves no record, and may be tried again"
    );
}

/// A record that has expired can be replaced and is swept. Other records stay.
pub async fn records_expire(stores: &Stores) {
    let account = new_account(stores).await;
    let (old, kept) = (record(account, fresh_request()), record(account, fresh_request()));
    stores.idempotency.write(with(&old)).await.unwrap();
    let again = IdempotencyRecord {
        created_at: old.expires_at,
        expires_at: at(5 + 2 * DAY),
        fingerprint: [1; 32],
        ..old.clone()
    };
    let early = IdempotencyRecord {
        created_at: at(4 + DAY),
        ..again.clone()
    };
    let repeated = stores.idempotency.write(with(&early)).await;
    assert_refused!(
        repeated,
        StoreError::Repeated,
        "the record has not expired at the instant at which the new one was made"
    );
    stores.idempotency.write(with(&again)).await.unwrap();
    assert_eq!(
        stores.idempotency.find(account, old.key).await.unwrap(),
        Some(again.clone()),
        "a record makes way from the instant on at which it expires, and not earlier; a sweep forgets those and no more than asked"
    );

    let kept = IdempotencyRecord {
        expires_at: at(5 + 3 * DAY),
        ..kept
    };
    stores.idempotency.write(with(&kept)).await.unwrap();
    for _ in 0..5 {
        let expiring = record(account, fresh_request());
        stores.idempotency.write(with(&expiring)).await.unwrap();
    }
    let now = at(5 + 2 * DAY);
    assert_eq!(
        stores.idempotency.sweep(now, 4).await.unwrap(),
        4,
        "a record makes way from the instant on at which it expires, and not earlier; a sweep forgets those and no more than asked"
    );
    assert_eq!(
        stores.idempotency.sweep(now, 4).await.unwrap(),
        2,
        "a record makes way from the instant on at which it expires, and not earlier; a sweep forgets those and no more than asked"
    );
    assert_eq!(
        stores.idempotency.sweep(now, 4).await.unwrap(),
        0,
        "a record makes way from the instant on at which it expires, and not earlier; a sweep forgets those and no more than asked"
    );
    assert_eq!(
        stores.idempotency.find(account, old.key).await.unwrap(),
        None,
        "a record makes way from the instant on at which it expires, and not earlier; a sweep forgets those and no more than asked"
    );
    assert_eq!(
        stores.idempotency.find(account, kept.key).await.unwrap(),
        Some(kept),
        "a record makes way from the instant on at which it expires, and not earlier; a sweep forgets those and no more than asked"
    );
}

/// If many accounts send requests with one key at once, each has its effect: a key means nothing beyond its account.
pub async fn accounts_share_no_keys_under_a_race(servers: &[Stores]) {
    let key = fresh_request();
    let mut accounts = Vec::new();
    for _ in 0..RACERS {
        accounts.push(new_account(&servers[0]).await);
    }
    let outcomes = race(servers, |racer, stores| {
        let account = accounts[racer];
        let customer = customer_with_email("dana@example.com");
        async move {
            let commit = with(&record(account, key));
            stores.crm.customers.insert(account, &customer, commit).await
        }
    })
    .await;
    for outcome in outcomes {
        assert!(
            outcome.is_ok(),
            "nobody else of the account uses the key, but: {outcome:?}"
        );
    }
}

/// If many calls carry out one request at once, exactly one succeeds. The others are told that the request was, or is
/// being, carried out.
pub async fn a_request_races_to_one_effect(servers: &[Stores]) {
    let account = new_account(&servers[0]).await;
    let record = record(account, fresh_request());
    let outcomes = race(servers, |racer, stores| {
        let (record, customer) = (
            record.clone(),
            customer_with_email(&format!("{racer}@example.com")),
        );
        async move {
            stores
                .crm
                .customers
                .insert(account, &customer, with(&record))
                .await
        }
    })
    .await;
    assert_eq!(
        outcomes.iter().filter(|outcome| outcome.is_ok()).count(),
        1,
        "{outcomes:?}"
    );
    let told = |outcome: &&Result<(), Failure<CustomerRefusal>>| {
        matches!(
            outcome,
            Err(Failure::Store(StoreError::Repeated | StoreError::InProgress))
        )
    };
    assert_eq!(outcomes.iter().filter(told).count(), RACERS - 1, "{outcomes:?}");
    assert_eq!(
        customers(&servers[0], account).await.len(),
        1,
        "the winner's state is kept, and nothing else"
    );
}
