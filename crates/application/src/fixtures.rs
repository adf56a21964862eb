//! Shared by the tests of the use cases: one example of each resource, and an application on mocks.

mod zone;

pub use zone::{FixedZone, zones};

use crate::{
    Application, Caller, Precondition, Request, RequestId, System,
    commit::Commits,
    delivery::{MockRepresentation, ReceiverRules},
};
use chatgrow_domain::{
    Account, AccountId, AccountName, AccountSlug, Actor, ApiKeyId, Appointment, AppointmentId, Booking,
    Buffer, ChangeData, Customer, CustomerId, CustomerName, Duration, EmailAddress, Event, EventId,
    EventTitle, Hold, HoldId, HoldTime, LocalMinute, Needs, NewAppointment, NewCustomer, NewEvent,
    NewResource, ObjectId, Phone, Reachable, ReceiverUrl, Resource, ResourceId, ResourceKind, ResourceName,
    Revision, Scopes, SealedSecret, Service, ServiceId, ServiceName, ServiceTerms, ServiceType, TimeSlot,
    Timestamp, TypePatterns, Version, WebhookEndpoint, WebhookEndpointId, WebhookTerms,
};
use chatgrow_ports::{
    AccessStores, BillingStores, CrmStores, DeliveryStores, EventsStores, ExpiredHold, MockAccountStore,
    MockApiKeyStore, MockAppointmentStore, MockBell, MockBlockStore, MockChangeStore, MockClock,
    MockCustomerStore, MockEventStore, MockHoldStore, MockIdSource, MockIdempotencyStore, MockLaneStore,
    MockLinkStore, MockNoticeReader, MockOccupancyStore, MockPasswords, MockPaymentNoticeStore,
    MockPaymentSourceStore, MockPaymentStore, MockRandomness, MockRegistrationStore, MockResourceStore,
    MockScheduleStore, MockSeal, MockSecretBox, MockServiceStore, MockSessionStore, MockStoreChanges,
    MockStoreHealth, MockTurns, MockUserStore, MockWebhookEndpointStore, MockWebhookSender, MockZones,
    SchedulingStores, StoredAnswer, Stores,
};
use std::sync::Arc;
use time::macros::{date, time};

pub fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).unwrap()
}

pub fn id(byte: u8) -> ObjectId {
    ObjectId::from_bytes([byte; 12])
}

pub fn account() -> AccountId {
    AccountId::new(id(100))
}

pub fn default_account() -> Account {
    let name = AccountName::new("Default account").unwrap();
    Account {
        id: account(),
        slug: AccountSlug::default(),
        name,
        created_at: at(0),
    }
}

pub fn new_customer() -> NewCustomer {
    NewCustomer {
        name: CustomerName::new("Dana").unwrap(),
        email: EmailAddress::new("Dana@example.com").unwrap(),
        phone: Some(Phone::new("050-1234567").unwrap()),
        notes: None,
    }
}

/// Created at 1000 with the first id.
pub fn customer() -> Customer {
    Customer::new(CustomerId::new(id(1)), new_customer(), at(1000))
}

pub fn new_appointment() -> NewAppointment {
    let start = LocalMinute::new(date!(2025 - 12 - 25), time!(14:30));
    let slot = TimeSlot {
        start,
        duration: Duration::DEFAULT,
    };
    NewAppointment {
        booking: Booking::plain(slot, ServiceType::Consultation),
        notes: None,
    }
}

/// Booked at 1000 with the first id.
pub fn appointment() -> Appointment {
    Appointment::new(
        AppointmentId::new(id(1)),
        &customer(),
        new_appointment(),
        at(1000),
    )
}

/// Created at 1000 with the first id.
pub fn resource() -> Resource {
    let new = NewResource {
        name: ResourceName::new("Dana").unwrap(),
        kind: ResourceKind::Staff,
        active: true,
    };
    Resource::new(ResourceId::new(id(1)), new, at(1000))
}

/// Created at 1000 with the first id. It needs nothing.
pub fn service() -> Service {
    let terms = ServiceTerms {
        name: ServiceName::new("Massage").unwrap(),
        service_type: ServiceType::Treatment,
        duration: Duration::DEFAULT,
        buffer_before: Buffer::default(),
        buffer_after: Buffer::default(),
        slot_step: None,
        price: None,
        notes: None,
        active: true,
        needs: Needs::default(),
    };
    Service::new(ServiceId::new(id(1)), terms, at(1000))
}

/// Created at 1000 with the first id.
pub fn event() -> Event {
    let new = NewEvent {
        title: EventTitle::new("Yoga").unwrap(),
        description: None,
        start: LocalMinute::new(date!(2025 - 12 - 30), time!(18:00)),
        location: None,
        capacity: None,
        price: None,
    };
    Event::new(EventId::new(id(1)), new, at(1000))
}

/// Held at 1000 with the first id, and expired a minute later.
pub fn expired_hold() -> ExpiredHold {
    let booking = new_appointment().booking;
    let time = HoldTime::from_minutes(1).unwrap();
    ExpiredHold {
        account: account(),
        hold: Hold::new(HoldId::new(id(1)), booking, time, at(1000)),
    }
}

pub fn caller() -> Caller {
    Caller {
        account: account(),
        actor: Actor::ApiKey(ApiKeyId::new(id(9))),
        scopes: Scopes::FULL,
        request_id: RequestId::new("request"),
    }
}

/// A request without precondition and idempotency key.
pub fn request<T>() -> Request<T> {
    Request {
        caller: caller(),
        precondition: Precondition::Unconditional,
        repeatable: None,
        answer: |_| answer(),
    }
}

/// A request with a precondition that no state satisfies.
pub fn request_for_another_state<T>() -> Request<T> {
    Request {
        precondition: Precondition::OneOf(vec![Revision::claimed("another")]),
        ..request()
    }
}

/// Created at 1000, for all changes.
pub fn webhook_endpoint() -> WebhookEndpoint {
    WebhookEndpoint {
        id: WebhookEndpointId::new(id(40)),
        account_id: account(),
        place: 1,
        terms: WebhookTerms {
            url: ReceiverUrl::parse("https://example.com/hook", false, &Reachable::default()).unwrap(),
            types: TypePatterns::new(vec!["*".to_owned()]).unwrap(),
            description: None,
            active: true,
            ordered: false,
        },
        scopes: Scopes::FULL,
        secret: SealedSecret::new(vec![8; 32]),
        previous_secret: None,
        disabled: None,
        created_at: at(1000),
        updated_at: at(1000),
        version: Version::FIRST,
    }
}

pub fn answer() -> StoredAnswer {
    StoredAnswer {
        format: 1,
        bytes: b"{}".to_vec(),
    }
}

/// Mocks of all ports. A test fails on a call that it doesn't expect.
pub struct Mocks {
    pub accounts: Box<MockAccountStore>,
    pub api_keys: Box<MockApiKeyStore>,
    pub users: Box<MockUserStore>,
    pub sessions: Box<MockSessionStore>,
    pub links: Box<MockLinkStore>,
    pub customers: Box<MockCustomerStore>,
    pub appointments: Box<MockAppointmentStore>,
    pub holds: Box<MockHoldStore>,
    pub blocks: Box<MockBlockStore>,
    pub occupancies: Box<MockOccupancyStore>,
    pub resources: Box<MockResourceStore>,
    pub services: Box<MockServiceStore>,
    pub schedules: Box<MockScheduleStore>,
    pub events: Box<MockEventStore>,
    pub registrations: Box<MockRegistrationStore>,
    pub payments: Box<MockPaymentStore>,
    pub sources: Box<MockPaymentSourceStore>,
    pub notices: Box<MockPaymentNoticeStore>,
    pub reader: Box<MockNoticeReader>,
    pub changes: Box<MockChangeStore>,
    pub webhook_endpoints: Box<MockWebhookEndpointStore>,
    pub lanes: Box<MockLaneStore>,
    pub idempotency: Box<MockIdempotencyStore>,
    pub seal: Box<MockSeal>,
    pub sender: Box<MockWebhookSender>,
    pub passwords: Box<MockPasswords>,
    pub turns: MockTurns,
    pub zones: MockZones,
    clock: MockClock,
}

impl Mocks {
    /// Mocks whose clock stands still at an instant.
    pub fn at(millis: i64) -> Self {
        let mut clock = MockClock::new();
        clock.expect_now().returning(move || at(millis));
        // Nothing waits for its payment.
        let mut appointments = MockAppointmentStore::new();
        appointments.expect_unpaid().returning(|_, _, _| Ok(Vec::new()));
        let mut registrations = MockRegistrationStore::new();
        registrations.expect_unpaid().returning(|_, _, _| Ok(Vec::new()));
        Self {
            accounts: Box::new(MockAccountStore::new()),
            api_keys: Box::new(MockApiKeyStore::new()),
            users: Box::new(MockUserStore::new()),
            sessions: Box::new(MockSessionStore::new()),
            links: Box::new(MockLinkStore::new()),
            customers: Box::new(MockCustomerStore::new()),
            appointments: Box::new(appointments),
            holds: Box::new(MockHoldStore::new()),
            blocks: Box::new(MockBlockStore::new()),
            occupancies: Box::new(MockOccupancyStore::new()),
            resources: Box::new(MockResourceStore::new()),
            services: Box::new(MockServiceStore::new()),
            schedules: Box::new(MockScheduleStore::new()),
            events: Box::new(MockEventStore::new()),
            registrations: Box::new(registrations),
            payments: Box::new(MockPaymentStore::new()),
            sources: Box::new(MockPaymentSourceStore::new()),
            notices: Box::new(MockPaymentNoticeStore::new()),
            reader: Box::new(MockNoticeReader::new()),
            changes: Box::new(MockChangeStore::new()),
            webhook_endpoints: Box::new(MockWebhookEndpointStore::new()),
            lanes: Box::new(MockLaneStore::new()),
            idempotency: Box::new(MockIdempotencyStore::new()),
            seal: Box::new(MockSeal::new()),
            sender: Box::new(MockWebhookSender::new()),
            passwords: Box::new(MockPasswords::new()),
            turns: MockTurns::new(),
            zones: zones(FixedZone::new("Asia/Jerusalem", 2)),
            clock,
        }
    }

    /// Moves the clock to another instant.
    pub fn passes_to(&mut self, millis: i64) {
        self.clock = MockClock::new();
        self.clock.expect_now().returning(move || at(millis));
    }

    /// Boxed, because tests hold it in futures, which would be too large.
    pub fn build(self) -> Box<Application> {
        let (stores, system) = self.parts();
        Box::new(Application::new(stores, &system))
    }

    pub fn build_commits(self) -> Commits {
        let (stores, system) = self.parts();
        Commits::new(&stores, &system)
    }

    fn parts(self) -> (Stores, System) {
        let (mut ids, mut randomness) = (MockIdSource::new(), MockRandomness::new());
        ids.expect_next_id().returning(|| id(1));
        randomness.expect_secret().returning(|| [7; 32]);
        let mut bell = MockBell::new();
        bell.expect_ring().return_const(());
        let stores = Stores {
            access: AccessStores {
                accounts: Arc::new(*self.accounts),
                api_keys: Arc::new(*self.api_keys),
                users: Arc::new(*self.users),
                sessions: Arc::new(*self.sessions),
                links: Arc::new(*self.links),
                quotas: None,
            },
            crm: CrmStores {
                customers: Arc::new(*self.customers),
            },
            scheduling: SchedulingStores {
                appointments: Arc::new(*self.appointments),
                holds: Arc::new(*self.holds),
                blocks: Arc::new(*self.blocks),
                occupancies: Arc::new(*self.occupancies),
                resources: Arc::new(*self.resources),
                services: Arc::new(*self.services),
                schedules: Arc::new(*self.schedules),
            },
            events: EventsStores {
                events: Arc::new(*self.events),
                registrations: Arc::new(*self.registrations),
            },
            billing: BillingStores {
                payments: Arc::new(*self.payments),
                sources: Arc::new(*self.sources),
                notices: Arc::new(*self.notices),
            },
            delivery: DeliveryStores {
                changes: Arc::new(*self.changes),
                webhook_endpoints: Arc::new(*self.webhook_endpoints),
                lanes: Arc::new(*self.lanes),
            },
            idempotency: Arc::new(*self.idempotency),
            health: Arc::new(MockStoreHealth::new()),
            changes: Arc::new(MockStoreChanges::new()),
        };
        let system = System {
            clock: Arc::new(self.clock),
            ids: Arc::new(ids),
            randomness: Arc::new(randomness),
            passwords: Arc::new(*self.passwords),
            turns: Arc::new(self.turns),
            zones: Arc::new(self.zones),
            representation: Arc::new(representation()),
            seal: Arc::new(*self.seal),
            bell: Arc::new(bell),
            secrets: Arc::new(secret_box()),
            sender: Arc::new(*self.sender),
            notices: Arc::new(*self.reader),
            receivers: ReceiverRules::default(),
        };
        (stores, system)
    }
}

/// It tells nothing of a resource. A webhook's body is the change's id.
fn representation() -> MockRepresentation {
    let mut representation = MockRepresentation::new();
    representation.expect_data().returning(|before, _| ChangeData {
        object: Some("{}".to_owned()),
        previous: before.map(|_| "{}".to_owned()),
    });
    representation
        .expect_webhook()
        .returning(|change| change.id.to_string().into_bytes());
    representation
}

/// What is encrypted is the secret itself.
fn secret_box() -> MockSecretBox {
    let mut secrets = MockSecretBox::new();
    secrets
        .expect_close()
        .returning(|_, secret| Ok(Some(secret.to_vec())));
    secrets.expect_read().returning(|_, sealed| Some(sealed.to_vec()));
    secrets
}
