//! Crash proof: clients write with idempotency keys; `kill -9` at an arbitrary moment; restart; each unanswered request
//! is sent once more. Then everything that was acknowledged is there exactly once, and nothing that must not be.
//! A reader of the feed meets each change exactly once, and a receiver of webhooks at least once. A power cut also undoes
//! what the disk has not synced.
//!
//! `PROOF_ROUNDS` sets the number of rounds (`just prove` runs more). Each round prints a line with its numbers.

use crate::{dispatcher::WEBHOOKS, power_cut::Disk};
use e2e::{
    ApiClient,
    binary::{Installation, Server},
    receiver::Receiver,
};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    env,
    io::Write as _,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{process::Command, time::sleep};

pub(crate) const CLIENTS: usize = 16;
const CAPACITY: u32 = 40;
/// A server answers within `REQUEST_TIMEOUT_MS`, 30 seconds, or it is dead.
const PATIENCE: Duration = Duration::from_secs(40);
/// How many appointments the payments are for.
const PAID: usize = 8;

/// The number of rounds.
pub(crate) fn rounds() -> u64 {
    let rounds = env::var("PROOF_ROUNDS")
        .ok()
        .and_then(|rounds| rounds.parse().ok());
    rounds.unwrap_or(2)
}

/// The days on which services are booked. As many can be asked for busy times at once.
const FIRST_DAY: time::Date = time::macros::date!(2031 - 01 - 01);
const DAYS: usize = 62;

/// What there is to book.
pub(crate) struct Business {
    event: String,
    resources: Vec<String>,
    service: String,
    /// The holds that were acknowledged and that nobody has confirmed yet.
    held: Mutex<Vec<String>>,
    /// Appointments that are paid for in many payments.
    paid: Vec<String>,
    /// The path and the secret of a payment source.
    source: (String, String),
}

impl Business {
    /// Customers, an event, and a service of half an hour and ten minutes that takes one of two people and one of two rooms.
    pub(crate) async fn new(server: &ApiClient) -> Self {
        server.customer("dana@example.com").await;
        for guest in 0..100 {
            server.customer(&format!("guest{guest}@example.com")).await;
        }
        let mut resources = Vec::new();
        for name in ["Dana", "Noa", "Left", "Right"] {
            let created = server.post("/resources", json!({ "name": name })).await;
            resources.push(
                created.resource(201, "resource")["id"]
                    .as_str()
                    .unwrap()
                    .to_owned(),
            );
        }
        let group = |ids: &[String]| json!({ "resources": ids, "count": 1 });
        let massage = json!({
            "name": "Massage", "serviceType": "treatment", "duration": 30, "bufferAfter": 10,
            "needs": [group(&resources[..2]), group(&resources[2..])],
        });
        let service = server.post("/services", massage).await;
        let mut paid = Vec::new();
        for day in 1..=PAID {
            let booked = json!({
                "customerEmail": "dana@example.com", "date": format!("2099-01-{day:02}"), "time": "10:00",
                "serviceType": "lesson",
                "payment": { "amount": 1_000_000, "currency": "ILS", "deposit": 1, "holdMinutes": 1440 },
            });
            let booked = server.post("/appointments", booked).await;
            let id = &booked.resource(201, "appointment")["id"];
            paid.push(id.as_str().unwrap().to_owned());
        }
        let source = json!({ "kind": "standard-webhooks", "name": "Proof", "provider": "proof" });
        let source = server.post("/payment-sources", source).await;
        let source = source.resource(201, "paymentSource");
        let of_source = |field: &str| source[field].as_str().unwrap().to_owned();
        Self {
            paid,
            source: (of_source("path"), of_source("secret")),
            event: server.event(Some(CAPACITY)).await,
            service: service.resource(201, "service")["id"]
                .as_str()
                .unwrap()
                .to_owned(),
            resources,
            held: Mutex::default(),
        }
    }
}

/// A write with an idempotency key. The notes of what it creates contain the key; those of a hold can't.
#[derive(Clone)]
pub(crate) struct Write {
    key: String,
    path: String,
    body: Value,
}

impl Write {
    /// Alternates between customers, overlapping bookings, registrations beyond the capacity, bookings of several
    /// resources, holds with their confirmations, and payments with their refunds.
    pub(crate) fn number(number: usize, business: &Business) -> Self {
        if number % 6 == 5 {
            return Self::payment(number / 6, business);
        }
        let (kind, number) = (number % 6, number / 6 * 3);
        let of_service = |offset: usize| {
            // Each slot is tried four times, by bookings and holds, and there is room for two of them.
            let slot = number / 3 / 2 + offset;
            let (day, minute) = (slot / 72 % DAYS, slot % 72 * 20);
            let date = FIRST_DAY + time::Duration::days(day.try_into().unwrap());
            let time = format!("{:02}:{:02}", minute / 60, minute % 60);
            json!({ "serviceId": business.service, "date": date.to_string(), "time": time })
        };
        let number = number + kind.min(2);
        let key = format!("write {kind} {number}");
        if kind == 3 {
            let mut body = of_service(0);
            body["customerEmail"] = "dana@example.com".into();
            body["notes"] = key.clone().into();
            let path = "/appointments".to_owned();
            return Self { key, path, body };
        }
        if kind == 4 {
            let unconfirmed = business.held.lock().unwrap().pop();
            let (key, path, body) = if let Some(hold) = unconfirmed {
                let body = json!({ "holdId": hold, "customerEmail": "dana@example.com", "notes": key });
                (key, "/appointments", body)
            } else {
                let mut body = of_service(1);
                body["minutes"] = 60.into();
                (format!("hold {number}"), "/holds", body)
            };
            let path = path.to_owned();
            return Self { key, path, body };
        }
        let event = &business.event;
        let (path, body) = match kind {
            0 => (
                "/customers".to_owned(),
                json!({ "name": "Dana", "email": format!("{number}@example.com") }),
            ),
            1 => {
                let (day, minute) = (number / 3 / 60, number / 3 % 60 * 20);
                let date = format!(
                    "20{}-{:02}-{:02}",
                    30 + day / 336,
                    1 + day / 28 % 12,
                    1 + day % 28
                );
                let time = format!("{:02}:{:02}", minute / 60, minute % 60);
                let customer = "dana@example.com";
                (
                    "/appointments".to_owned(),
                    json!({ "customerEmail": customer, "date": date, "time": time, "serviceType": "lesson", "duration": 30 }),
                )
            }
            _ => {
                let customer = format!("guest{}@example.com", number / 3 % 100);
                (
                    format!("{event}/registrations"),
                    json!({ "customerEmail": customer }),
                )
            }
        };
        let mut body = body;
        body["notes"] = key.clone().into();
        Self { key, path, body }
    }

    /// Of three entries, the first is told by a notice, and the third gives back the second, which may not be there yet.
    fn payment(number: usize, business: &Business) -> Self {
        let key = format!("pay {number}");
        if number.is_multiple_of(3) {
            let data = json!({
                "reference": business.paid[number % PAID], "externalId": key, "amount": 1, "currency": "ILS",
            });
            let body = json!({ "type": "payment.succeeded", "data": data });
            let (path, _) = business.source.clone();
            return Self { key, path, body };
        }
        let mut body = json!({ "provider": "proof", "externalId": key, "amount": 1, "currency": "ILS" });
        if number % 3 == 2 {
            body["kind"] = "refund".into();
            body["paymentExternalId"] = format!("pay {}", number - 1).into();
        } else {
            body["appointmentId"] = business.paid[number % PAID].clone().into();
        }
        let path = "/payments".to_owned();
        Self { key, path, body }
    }

    fn request(&self, server: &ApiClient, business: &Business) -> RequestBuilder {
        let (path, secret) = &business.source;
        if self.path == *path {
            return self.notice(server, secret).timeout(PATIENCE);
        }
        let request = server.request(Method::POST, &self.path).json(&self.body);
        request.header("Idempotency-Key", &self.key).timeout(PATIENCE)
    }
}

impl Write {
    /// The write as a notice, signed now.
    #[expect(clippy::disallowed_methods, reason = "the server asks the same clock")]
    fn notice(&self, server: &ApiClient, secret: &str) -> RequestBuilder {
        let (id, now) = (
            self.key.replace(' ', "_"),
            time::OffsetDateTime::now_utc().unix_timestamp(),
        );
        let body = self.body.to_string();
        let library = standardwebhooks::Webhook::new(secret).unwrap();
        let signature = library.sign(&id, now, body.as_bytes()).unwrap();
        let request = server.client.post(format!("{}{}", server.origin, self.path));
        let request = request.header("webhook-id", id).header("webhook-timestamp", now);
        request.header("webhook-signature", signature).body(body)
    }
}

/// The outcomes of the writes: the status of each answered one and, if it created something, the id.
#[derive(Default)]
pub(crate) struct History {
    pub(crate) answered: HashMap<String, (u16, Option<String>)>,
    pub(crate) replayed: usize,
    /// How often the answer was 503.
    pub(crate) unavailable: usize,
    /// Why there was no answer, each time.
    pub(crate) unanswered: Vec<String>,
}

impl History {
    /// Sends a write. Returns `false` if there is no answer, or one that doesn't tell what happened.
    pub(crate) async fn send(&mut self, server: &ApiClient, business: &Business, write: &Write) -> bool {
        let response = match write.request(server, business).send().await {
            Ok(response) => response,
            Err(error) => {
                self.unanswered.push(format!("{error:?}"));
                return false;
            }
        };
        let status = response.status().as_u16();
        let headers = response.headers();
        let (replayed, retry) = ["idempotent-replayed", "retry-after"]
            .map(|name| headers.contains_key(name))
            .into();
        let Ok(body) = response.json::<Value>().await else {
            self.unanswered.push("a part of an answer".to_owned());
            return false;
        };
        if status >= 500 {
            assert!(status == 503 && retry, "{status} {body}");
            self.unavailable += 1;
            return false;
        }
        if body["error"] == "IDEMPOTENCY_IN_PROGRESS" {
            // The first try may be waiting still, on a database that nobody reaches.
            return false;
        }
        let made = ["customer", "appointment", "registration", "hold", "payment"]
            .into_iter()
            .find_map(|name| body[name]["id"].as_str());
        if let (201, Some(hold)) = (status, body["hold"]["id"].as_str()) {
            business.held.lock().unwrap().push(hold.to_owned());
        }
        if let Some(hold) = write.body["holdId"].as_str() {
            // Nobody else confirms it, and it lasts for an hour.
            assert_eq!((status, made), (201, Some(hold)), "{body}");
        }
        self.answered
            .insert(write.key.clone(), (status, made.map(str::to_owned)));
        self.replayed += usize::from(replayed);
        true
    }

    /// What was made, except holds and payments.
    fn made(&self) -> BTreeMap<&str, &str> {
        let made = self
            .answered
            .iter()
            .filter(|(key, _)| key.starts_with("write"))
            .filter_map(|(key, (_, id))| Some((key.as_str(), id.as_deref()?)));
        made.collect()
    }

    /// What payments and refunds are called in their payment system.
    fn paid(&self) -> BTreeSet<&str> {
        let paid = self.answered.iter().filter(|(key, _)| key.starts_with("pay"));
        paid.map(|(key, (status, _))| {
            assert!(*status < 300, "{key} is refused: {status}");
            key.as_str()
        })
        .collect()
    }

    /// The holds that were made.
    fn of(&self, kind: &str) -> BTreeSet<&str> {
        let made = self.answered.iter().filter(|(key, _)| key.starts_with(kind));
        made.filter_map(|(_, (_, id))| id.as_deref()).collect()
    }
}

/// Reads the feed, over all crashes.
#[derive(Default)]
pub(crate) struct Feed {
    /// Where the next page begins. At first, it is the oldest change.
    after: Option<String>,
    /// The changes, by id.
    changes: BTreeMap<String, Value>,
    /// The last version of each resource.
    versions: HashMap<String, u64>,
}

impl Feed {
    /// Reads one page. Returns its changes, or `None` if there is no answer.
    pub(crate) async fn page(&mut self, server: &ApiClient) -> Option<Vec<Value>> {
        let after = self
            .after
            .as_ref()
            .map(|after| format!("&after={after}"))
            .unwrap_or_default();
        let request = server.request(Method::GET, &format!("/changes?limit=200&wait=1{after}"));
        let response = request.timeout(PATIENCE).send().await.ok()?;
        let status = response.status().as_u16();
        let mut body: Value = response.json().await.ok()?;
        if status >= 500 {
            return None;
        }
        assert_eq!(status, 200, "{body}");
        let changes = body["changes"].take();
        let changes = changes.as_array().unwrap().clone();
        for change in &changes {
            let id = change["id"].as_str().unwrap().to_owned();
            let subject = format!("{}", change["subject"]["id"]);
            if let Some(version) = change["subject"]["version"].as_u64() {
                // A hold and the appointment that it becomes are one after the other.
                let before = self
                    .versions
                    .insert(format!("{} {subject}", change["subject"]["type"]), version);
                assert!(before < Some(version), "out of order: {change}");
            }
            assert_eq!(self.changes.insert(id, change.clone()), None, "twice: {change}");
        }
        self.after = Some(body["nextCursor"].as_str().unwrap().to_owned());
        Some(changes)
    }

    /// Reads until there is no answer.
    async fn read_on(mut self, server: ApiClient) -> Self {
        while self.page(&server).await.is_some() {}
        self
    }

    /// Reads up to a change that is made now, so that everything before it is read.
    pub(crate) async fn catch_up(&mut self, server: &ApiClient, mark: u64) {
        let email = format!("mark{mark}@example.com");
        server.customer(&email).await;
        let marked = |change: &Value| change["data"]["object"]["email"] == *email;
        let started = Instant::now();
        while !self
            .page(server)
            .await
            .is_some_and(|page| page.iter().any(marked))
        {
            assert!(
                started.elapsed() < Duration::from_secs(20),
                "the feed stands still"
            );
        }
    }

    /// The resources that it says were created.
    fn created(&self, kind: &str) -> BTreeSet<&str> {
        let mut ids = BTreeSet::new();
        for change in self.changes.values().filter(|change| change["type"] == kind) {
            let id = change["subject"]["id"].as_str().unwrap();
            assert!(ids.insert(id), "created twice: {change}");
        }
        ids
    }

    /// The payments and refunds that it says were recorded.
    fn paid(&self) -> BTreeSet<&str> {
        let changes = self.changes.values();
        let paid = changes.filter(|change| change["type"] == "payment.created");
        paid.map(|change| change["data"]["object"]["externalId"].as_str().unwrap())
            .collect()
    }

    /// Fails the test unless it tells of exactly what was acknowledged.
    pub(crate) fn verify(&self, history: &History, business: &Business) {
        let made = |kinds: &[&str]| -> BTreeSet<&str> {
            let made = history.made().into_iter();
            made.filter(|(key, _)| kinds.iter().any(|kind| key.starts_with(kind)))
                .map(|(_, id)| id)
                .collect()
        };
        let mut appointments = made(&["write 1", "write 3", "write 4"]);
        appointments.extend(business.paid.iter().map(String::as_str));
        assert_eq!(self.created("appointment.created"), appointments);
        assert_eq!(self.created("registration.created"), made(&["write 2"]));
        assert_eq!(self.created("hold.created"), history.of("hold"));
        let payments = self.created("payment.created").len();
        assert_eq!((self.paid(), payments), (history.paid(), history.paid().len()));
        assert!(made(&["write 0"]).is_subset(&self.created("customer.created")));
    }
}

/// Lets the receiver have all changes that follow.
pub(crate) async fn subscribe(server: &ApiClient, receiver: &Receiver) {
    // It begins with the first change that the feed tells of: that which makes it.
    let hook = json!({ "url": receiver.url("/proof") });
    let hook = server.post("/webhook-endpoints", hook).await;
    assert_eq!(hook.status, 201, "{hook:?}");
}

/// Fails the test unless the receiver gets every change of these, and nothing else.
pub(crate) async fn verify_webhooks(receiver: &Receiver, mut feed: Feed) {
    // The default account's first key was made before there was an endpoint.
    feed.changes
        .retain(|_, change| change["type"] != "api_key.created");
    // A server that was killed holds its lanes until the lease is over.
    let (started, patience) = (Instant::now(), Duration::from_secs(60));
    loop {
        let ids: BTreeSet<_> = receiver.hooks("/proof").into_iter().map(|hook| hook.id).collect();
        let unknown = ids.iter().find(|id| !feed.changes.contains_key(*id));
        assert_eq!(unknown, None, "sent, and not committed");
        if feed.changes.keys().all(|id| ids.contains(id)) {
            return;
        }
        let missing = feed.changes.keys().filter(|id| !ids.contains(*id)).count();
        assert!(started.elapsed() < patience, "{missing} changes were not sent");
        sleep(Duration::from_millis(50)).await;
    }
}

/// Clients write until `moment` completes. Returns what was answered and what was not.
async fn write_until(
    server: &Server,
    next: &Arc<AtomicUsize>,
    business: &Arc<Business>,
    moment: impl Future<Output = ()>,
) -> (Vec<History>, Vec<Write>) {
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (server, next, business) = ((**server).clone(), next.clone(), business.clone());
            tokio::spawn(async move {
                let mut history = History::default();
                loop {
                    let write = Write::number(next.fetch_add(1, Ordering::Relaxed), &business);
                    if !history.send(&server, &business, &write).await {
                        return (history, write);
                    }
                }
            })
        })
        .collect();
    moment.await;
    let (mut histories, mut open) = (Vec::new(), Vec::new());
    for client in clients {
        let (history, write) = client.await.unwrap();
        histories.push(history);
        open.push(write);
    }
    (histories, open)
}

/// Fails the test unless everything is stored as it was answered.
pub(crate) async fn verify(server: &ApiClient, history: &History, business: &Business) {
    let event = &business.event;
    let mut there: BTreeMap<String, String> = BTreeMap::new();
    let places = format!("{event}/registrations");
    let appointments = server.walk("/appointments", "appointments", 500).await;
    let registrations = server.walk(&places, "registrations", 500).await;
    let customers = server.walk("/customers", "customers", 500).await;
    for resource in customers.iter().chain(&appointments).chain(&registrations) {
        if let Some(key) = resource["notes"].as_str() {
            let id = resource["id"].as_str().unwrap().to_owned();
            assert_eq!(there.insert(key.to_owned(), id), None, "doubled: {resource}");
        }
    }
    let there: BTreeMap<_, _> = there
        .iter()
        .map(|(key, id)| (key.as_str(), id.as_str()))
        .collect();
    assert_eq!(there, history.made(), "lost, or there without an acknowledgement");

    let minutes = |appointment: &Value| {
        let (date, time) = (
            appointment["date"].as_str().unwrap(),
            appointment["time"].as_str().unwrap(),
        );
        let (hours, minutes) = time.split_once(':').unwrap();
        (
            date.to_owned(),
            hours.parse::<i32>().unwrap() * 60 + minutes.parse::<i32>().unwrap(),
        )
    };
    let own: Vec<_> = appointments
        .iter()
        .filter(|one| one["serviceId"].is_null())
        .collect();
    for pair in own.windows(2) {
        let ((one, first), (other, second)) = (minutes(pair[0]), minutes(pair[1]));
        assert!(one != other || second - first >= 30, "{pair:?}");
    }
    verify_resources(server, history, business, &appointments).await;
    verify_payments(server, history, &appointments).await;
    let event = server.get(event).await;
    let counted = event.resource(200, "event")["currentParticipants"]
        .as_u64()
        .unwrap();
    assert_eq!(counted, registrations.len() as u64);
    assert!(counted <= u64::from(CAPACITY));
}

/// Fails the test unless each acknowledged hold is there, as a hold or as an appointment, and each resource is occupied
/// exactly as these say: nothing overlaps, no leg is missing, and none is left over.
async fn verify_resources(
    server: &ApiClient,
    history: &History,
    business: &Business,
    appointments: &[Value],
) {
    let holds = server.walk("/holds", "holds", 500).await;
    let of_service: Vec<_> = appointments
        .iter()
        .filter(|appointment| !appointment["serviceId"].is_null())
        .chain(&holds)
        .collect();
    let mut ids = BTreeSet::new();
    for booking in &of_service {
        let id = booking["id"].as_str().unwrap();
        assert!(ids.insert(id), "a hold, and an appointment as well: {booking}");
        assert_eq!(booking["resourceIds"].as_array().unwrap().len(), 2, "{booking}");
    }
    let confirmed = history
        .answered
        .keys()
        .filter(|key| key.starts_with("write 4"))
        .count();
    let held = history.of("hold");
    assert!(held.is_subset(&ids), "a hold is lost");
    assert_eq!(
        held.len(),
        holds.len() + confirmed,
        "a hold that nobody asked for"
    );
    let last = FIRST_DAY + time::Duration::days(61);
    for resource in &business.resources {
        let of_resource = of_service.iter().filter(|booking| {
            booking["resourceIds"]
                .as_array()
                .unwrap()
                .contains(&json!(resource))
        });
        let mut taken: Vec<_> = of_resource
            .map(|booking| {
                let start = minute(&booking["localStart"]);
                (start, start + time::Duration::minutes(40))
            })
            .collect();
        taken.sort_unstable();
        assert!(
            taken.windows(2).all(|pair| pair[0].1 <= pair[1].0),
            "{resource}: {taken:?}"
        );
        taken.dedup_by(|next, before| {
            let touch = before.1 == next.0;
            before.1 = if touch { next.1 } else { before.1 };
            touch
        });
        let busy = server
            .get(&format!("/resources/{resource}/busy?from={FIRST_DAY}&to={last}"))
            .await;
        let busy: Vec<_> = busy.json["busy"]
            .as_array()
            .unwrap()
            .iter()
            .map(|busy| (minute(&busy["from"]), minute(&busy["until"])))
            .collect();
        assert_eq!(busy, taken, "{resource}");
    }
}

/// Fails the test unless the ledger has exactly the entries that were acknowledged, each refund is joined to its payment if
/// that is there, and the payments and the appointments say what the ledger says.
async fn verify_payments(server: &ApiClient, history: &History, appointments: &[Value]) {
    let ledger = server.walk("/payments", "payments", 500).await;
    let known = ledger.iter().map(|entry| entry["externalId"].as_str().unwrap());
    assert_eq!(
        (known.collect::<BTreeSet<_>>(), ledger.len()),
        (history.paid(), history.paid().len()),
        "lost, doubled, or there without an acknowledgement"
    );
    let refunds = |payment: &Value| {
        let refunds = ledger.iter().filter(|entry| entry["paymentId"] == payment["id"]);
        refunds.count()
    };
    for entry in &ledger {
        if entry["kind"] == "payment" {
            assert_eq!(entry["refunded"], refunds(entry), "{entry}");
            continue;
        }
        let is_payment = |other: &&Value| other["externalId"] == entry["paymentExternalId"];
        let payment = ledger.iter().find(is_payment);
        assert_eq!(
            payment.map_or(&Value::Null, |payment| &payment["id"]),
            &entry["paymentId"],
            "{entry}"
        );
    }
    for appointment in appointments
        .iter()
        .filter(|one| !one["payment"]["amount"].is_null())
    {
        let of = |kind: &str| {
            let entries = ledger
                .iter()
                .filter(|entry| entry["kind"] == kind && entry["appointmentId"] == appointment["id"]);
            entries.count()
        };
        let payment = &appointment["payment"];
        assert_eq!(payment["paid"], of("payment"), "{appointment}");
        assert_eq!(payment["refunded"], of("refund"), "{appointment}");
        if of("payment") > of("refund") {
            assert_eq!(appointment["status"], "confirmed", "{appointment}");
        }
    }
}

fn minute(local: &Value) -> time::PrimitiveDateTime {
    let form = time::macros::format_description!("[year]-[month]-[day]T[hour]:[minute]");
    time::PrimitiveDateTime::parse(local.as_str().unwrap(), form).unwrap()
}

/// What each round kills.
enum Victim<'a> {
    Server,
    /// The server, and then what its disk has not synced.
    Power,
    Database(&'a throwaway_postgres::Server),
}

/// A command that starts a server on that database, with webhooks and without rate limits and a log.
pub(crate) fn command(installation: &Installation, url: &str) -> Command {
    let mut command = installation.command(&[]);
    command.envs([
        ("DATABASE_URL", url),
        ("RATE_LIMIT_ENABLED", "false"),
        ("LOG_LEVEL", "off"),
    ]);
    command.envs(WEBHOOKS);
    command
}

async fn prove(name: &str, url: &str, victim: Victim<'_>) {
    let installation = Installation::new(env!("CARGO_BIN_EXE_chatgrow-under-test"));
    let disk = matches!(victim, Victim::Power).then(|| Disk::new(&installation));
    let command = || {
        let mut command = command(&installation, url);
        command.envs(disk.iter().flat_map(Disk::environment));
        command
    };
    let start = async || installation.start_as(command()).await;
    let mut server = start().await;
    let receiver = Receiver::start();
    subscribe(&server, &receiver).await;
    let mut feed = Feed::default();
    let business = Arc::new(Business::new(&server).await);
    let (next, mut all) = (Arc::new(AtomicUsize::new(0)), History::default());
    for round in 0..rounds() {
        // Any moment will do, as long as each round has a different one.
        let moment = Duration::from_millis(60 + round * 7919 % 400);
        let reading = tokio::spawn(feed.read_on((*server).clone()));
        let (histories, open) = write_until(&server, &next, &business, async {
            if let Some(disk) = &disk {
                return disk.kill(&server, round, moment).await;
            }
            sleep(moment).await;
            match &victim {
                Victim::Server | Victim::Power => server.signal("KILL"),
                Victim::Database(database) => database.crash(),
            }
        })
        .await;
        let mut cuts = String::new();
        match &victim {
            Victim::Server | Victim::Power => {
                server.ended().await;
                if let Some(disk) = &disk {
                    cuts = format!("; {}", disk.cut_anywhere(round, command()).await);
                }
                server = start().await;
            }
            Victim::Database(database) => database.restart(),
        }
        feed = reading.await.unwrap();
        let answered: usize = histories.iter().map(|history| history.answered.len()).sum();
        for history in histories {
            all.answered.extend(history.answered);
        }
        let replayed = all.replayed;
        for write in &open {
            let started = Instant::now();
            while !all.send(&server, &business, write).await {
                assert!(
                    started.elapsed() < Duration::from_secs(20),
                    "no answer to {}",
                    write.key
                );
            }
        }
        verify(&server, &all, &business).await;
        feed.catch_up(&server, round).await;
        feed.verify(&all, &business);
        let replayed = all.replayed - replayed;
        // Not with `eprintln!`, whose output is hidden if the test passes.
        let _ = writeln!(
            std::io::stderr(),
            "proof {name} {:>3}: killed after {:>3} ms, {answered:>5} answered, {:>2} open, {replayed:>2} of them done before; {:>6} in all, nothing lost or doubled{cuts}",
            round + 1,
            moment.as_millis(),
            open.len(),
            all.answered.len(),
        );
    }
    verify_webhooks(&receiver, feed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_survives_its_server() {
    prove("sqlite, server", "sqlite://chatgrow.db", Victim::Server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[cfg_attr(not(target_os = "linux"), ignore = "the layer is for Linux")]
async fn sqlite_survives_power_cuts() {
    prove("sqlite, power", "sqlite://chatgrow.db", Victim::Power).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_survives_its_server() {
    let Some(url) = throwaway_postgres::new_database().await else {
        return;
    };
    prove("postgres, server", &url, Victim::Server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_survive_their_postgres() {
    let Some(database) = throwaway_postgres::Server::start("") else {
        return;
    };
    let url = database.new_database().await;
    prove("postgres, database", &url, Victim::Database(&database)).await;
}
