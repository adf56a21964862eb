//! Measures single steps of a request: the check of the key, the conflict rule, and the whole HTTP side (routing,
//! authentication, limits, parsing, rendering) on stores that answer at once. `just bench-micro` times them.
//! `bench/instructions` counts their instructions, for machines on which times are too noisy to compare.

use actix_web::{
    dev::Service,
    http::{Method, StatusCode},
    rt::System,
    test::{TestRequest, init_service},
};
use chatgrow_api::{Api, ApiRepresentation, BASE_PATH, RateLimitSettings, Settings};
use chatgrow_application::{Application, ReceiverRules, System as Ports};
use chatgrow_domain::{
    AccountId, ApiKey, ApiKeyId, ApiKeyName, ApiKeyTerms, Capacity, Customer, CustomerId, CustomerName,
    EmailAddress, Event, EventDescription, EventId, EventLocation, EventTitle, Interval, LocalMinute, Money,
    NewCustomer, NewEvent, ObjectId, Occupancy, Phone, PlainApiKey, Schedule, Timestamp, conflict,
};
use chatgrow_ports::{
    AccessStores, BillingStores, CrmStores, DeliveryStores, EventsStores, MockAccountStore, MockApiKeyStore,
    MockAppointmentStore, MockBell, MockBlockStore, MockChangeStore, MockClock, MockCustomerStore,
    MockEventStore, MockHoldStore, MockIdSource, MockIdempotencyStore, MockLaneStore, MockLinkStore,
    MockNoticeReader, MockOccupancyStore, MockPasswords, MockPaymentNoticeStore, MockPaymentSourceStore,
    MockPaymentStore, MockRandomness, MockRegistrationStore, MockResourceStore, MockScheduleStore, MockSeal,
    MockSecretBox, MockServiceStore, MockSessionStore, MockStoreChanges, MockStoreHealth, MockTurns,
    MockUserStore, MockWebhookEndpointStore, MockWebhookSender, MockZones, Page, SchedulingStores, Stores,
};
use divan::Bencher;
use prometheus_client::registry::Registry;
use std::{env, error::Error, hint::black_box, num::NonZeroU32, sync::Arc};

type Made<T> = Result<T, Box<dyn Error>>;
type Step = Box<dyn FnMut() -> Made<()>>;

const STEPS: [&str; 6] = [
    "key_check",
    "conflict_rule",
    "get_customer",
    "list_events",
    "book_appointment",
    "refuse_key",
];

const BOOKING: &str = r#"{"customerEmail":"customer7@example.com","date":"2027-01-31","time":"14:30","serviceType":"consultation","duration":5}"#;

/// `hot_path --count STEP TIMES` runs one step that many times. Otherwise divan runs the benchmarks.
fn main() -> Made<()> {
    let arguments: Vec<_> = env::args().collect();
    let [_, count, name, times] = arguments.as_slice() else {
        divan::main();
        return Ok(());
    };
    if count != "--count" {
        divan::main();
        return Ok(());
    }
    let mut step = step(name)?;
    (0..times.parse()?).try_for_each(|_: u32| step())
}

#[divan::bench(args = STEPS)]
fn hot_path(bencher: Bencher, name: &str) {
    match step(name) {
        Ok(mut step) => bencher.bench_local(move || step().is_ok()),
        Err(error) => eprintln!("{name}: {error}"),
    }
}

fn step(name: &str) -> Made<Step> {
    match name {
        "key_check" => Ok(key_check()),
        "conflict_rule" => Ok(conflict_rule()),
        "get_customer" => request(
            Method::GET,
            "/customers/customer7@example.com",
            "",
            StatusCode::OK,
        ),
        "list_events" => request(Method::GET, "/events", "", StatusCode::OK),
        "book_appointment" => request(Method::POST, "/appointments", BOOKING, StatusCode::CREATED),
        "refuse_key" => request(Method::GET, "/customers", "", StatusCode::UNAUTHORIZED),
        _ => Err(format!("there is no step {name}").into()),
    }
}

/// The first step of each request: the key's format, checksum and digest.
fn key_check() -> Step {
    let key = PlainApiKey::from_random([7; 32]);
    Box::new(move || {
        let digest = PlainApiKey::parse(black_box(key.reveal())).map(|key| key.digest());
        black_box(digest).map(|_| ()).ok_or_else(|| "no key".into())
    })
}

/// The conflict rule over a busy day's appointments. The stores have the rule in SQL; this is its cost outside them.
fn conflict_rule() -> Step {
    let slot = |from: i64| Occupancy {
        interval: Interval {
            from,
            until: from + 30,
        },
        resources: Vec::new(),
    };
    let day: Vec<_> = (0..24).map(|hour| (hour, slot(hour * 60))).collect();
    let wanted = slot(23 * 60 + 30);
    Box::new(
        move || match conflict(&24, black_box(&wanted), black_box(&day).iter().cloned()) {
            None => Ok(()),
            Some(_) => Err("a conflict".into()),
        },
    )
}

/// One request to the API, without a socket. The step includes making the request.
fn request(method: Method, path: &str, body: &'static str, expected: StatusCode) -> Made<Step> {
    let key = match expected {
        StatusCode::UNAUTHORIZED => PlainApiKey::from_random([8; 32]),
        _ => PlainApiKey::from_random([7; 32]),
    };
    let limit = NonZeroU32::MAX;
    let settings = Settings {
        rate_limits: Some(RateLimitSettings {
            max_requests: limit,
            max_auth_failures: limit,
            ..RateLimitSettings::default()
        }),
        ..Settings::default()
    };
    let api = Api::new(Arc::new(application()?), Registry::default(), settings);
    let system = System::new();
    let app = system.block_on(init_service(api.app()));
    let uri = format!("{BASE_PATH}{path}");
    Ok(Box::new(move || {
        let request = TestRequest::with_uri(&uri)
            .method(method.clone())
            .insert_header(("X-API-Key", key.reveal()))
            .insert_header(("Content-Type", "application/json"))
            .peer_addr(([127, 0, 0, 1], 40000).into())
            .set_payload(body)
            .to_request();
        let status = system.block_on(app.call(request))?.status();
        if status == expected {
            Ok(())
        } else {
            Err(format!("{status} instead of {expected}").into())
        }
    }))
}

/// The use cases, on stores that know one key, one customer and fifty events.
fn application() -> Made<Application> {
    let now = now()?;
    let (key, account) = (ApiKeyId::new(id(1)), AccountId::new(id(2)));
    let digest = PlainApiKey::from_random([7; 32]).digest();
    let key = ApiKey::new(
        key,
        account,
        ApiKeyTerms::full(ApiKeyName::new("site")?),
        digest,
        now,
    )?;
    let customer = NewCustomer {
        name: CustomerName::new("Customer 7")?,
        email: EmailAddress::new("customer7@example.com")?,
        phone: Some(Phone::new("050-1234567")?),
        notes: None,
    };
    let customer = Customer::new(CustomerId::new(id(3)), customer, now);
    let events = (0..50).map(event).collect::<Made<Vec<_>>>()?;

    let mut api_keys = MockApiKeyStore::new();
    api_keys
        .expect_by_digest()
        .returning(move |digest| Ok(Some(key.clone()).filter(|key| key.digest == *digest)));
    let booked_by = customer.clone();
    let mut customers = MockCustomerStore::new();
    customers
        .expect_by_email()
        .returning(move |_, _| Ok(Some(customer.clone())));
    let mut event_store = MockEventStore::new();
    event_store.expect_list().returning(move |_, _, _| {
        Ok(Page {
            items: events.clone(),
            next: None,
        })
    });
    let mut changes = MockStoreChanges::new();
    changes.expect_mark().returning(|| None);
    let stores = Stores {
        access: AccessStores {
            accounts: Arc::new(MockAccountStore::new()),
            api_keys: Arc::new(api_keys),
            users: Arc::new(MockUserStore::new()),
            sessions: Arc::new(MockSessionStore::new()),
            links: Arc::new(MockLinkStore::new()),
            quotas: None,
        },
        crm: CrmStores {
            customers: Arc::new(customers),
        },
        scheduling: scheduling(booked_by),
        events: EventsStores {
            events: Arc::new(event_store),
            registrations: Arc::new(MockRegistrationStore::new()),
        },
        billing: billing(),
        delivery: delivery(),
        idempotency: Arc::new(MockIdempotencyStore::new()),
        health: Arc::new(MockStoreHealth::new()),
        changes: Arc::new(changes),
    };
    Ok(Application::new(stores, &system(now)))
}

/// A schedule without rules, in which every booking succeeds.
fn scheduling(customer: Customer) -> SchedulingStores {
    let mut appointments = MockAppointmentStore::new();
    appointments.expect_book().returning(|_, _, _, _| Ok(()));
    let mut schedules = MockScheduleStore::new();
    schedules
        .expect_with_customer()
        .returning(move |account, _| Ok((Schedule::untouched(account), Some(customer.clone()))));
    SchedulingStores {
        appointments: Arc::new(appointments),
        holds: Arc::new(MockHoldStore::new()),
        blocks: Arc::new(MockBlockStore::new()),
        occupancies: Arc::new(MockOccupancyStore::new()),
        resources: Arc::new(MockResourceStore::new()),
        services: Arc::new(MockServiceStore::new()),
        schedules: Arc::new(schedules),
    }
}

fn billing() -> BillingStores {
    BillingStores {
        payments: Arc::new(MockPaymentStore::new()),
        sources: Arc::new(MockPaymentSourceStore::new()),
        notices: Arc::new(MockPaymentNoticeStore::new()),
    }
}

fn delivery() -> DeliveryStores {
    DeliveryStores {
        changes: Arc::new(MockChangeStore::new()),
        webhook_endpoints: Arc::new(MockWebhookEndpointStore::new()),
        lanes: Arc::new(MockLaneStore::new()),
    }
}

fn system(now: Timestamp) -> Ports {
    let mut clock = MockClock::new();
    clock.expect_now().return_const(now);
    let mut bell = MockBell::new();
    bell.expect_ring().return_const(());
    let mut ids = MockIdSource::new();
    ids.expect_next_id().return_const(id(9));
    Ports {
        clock: Arc::new(clock),
        ids: Arc::new(ids),
        randomness: Arc::new(MockRandomness::new()),
        passwords: Arc::new(MockPasswords::new()),
        turns: Arc::new(MockTurns::new()),
        zones: Arc::new(MockZones::new()),
        representation: Arc::new(ApiRepresentation),
        seal: Arc::new(MockSeal::new()),
        bell: Arc::new(bell),
        secrets: Arc::new(MockSecretBox::new()),
        sender: Arc::new(MockWebhookSender::new()),
        notices: Arc::new(MockNoticeReader::new()),
        receivers: ReceiverRules::default(),
    }
}

fn id(number: u8) -> ObjectId {
    ObjectId::from_bytes([number; 12])
}

fn now() -> Made<Timestamp> {
    Ok(Timestamp::from_millis(1_700_000_000_000).ok_or("no instant")?)
}

fn event(number: u8) -> Made<Event> {
    let new = NewEvent {
        title: EventTitle::new(format!("Yoga in the park, {number}"))?,
        description: Some(EventDescription::new(
            "Bring a mat, water and a friend. In the rain we meet under the roof.",
        )?),
        start: LocalMinute::from_minutes(30_000_000 + i64::from(number) * 1440).ok_or("no minute")?,
        location: Some(EventLocation::new("Main park, east gate")?),
        capacity: Some(Capacity::new(20)?),
        price: Some(Money::from_minor(4990)?),
    };
    Ok(Event::new(EventId::new(id(number)), new, now()?))
}
