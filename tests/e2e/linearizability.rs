//! Linearizability: what clients see of each other's appointments is as if each request had happened at one instant
//! between its invocation and its answer, by the domain's own rules. That also holds if the server is killed meanwhile
//! and the request is repeated.
//!
//! Each history is small and has a day of its own: some clients book, hold, confirm, move, cancel and read a few
//! overlapping slots of the account's own schedule and of two resources, as fast as they can. The checker is the algorithm of Wing and Gong with Lowe's extensions. `PROOF_ROUNDS` sets the
//! number of histories.

use crate::proof::rounds;
use chatgrow_domain::{
    Appointment, AppointmentEdit, AppointmentId, AppointmentStatus, Booking, Customer, CustomerId,
    CustomerName, EmailAddress, LocalMinute, NewAppointment, NewCustomer, ObjectId, ResourceId, ServiceType,
    TimeSlot, Timestamp, conflict,
};
use e2e::{
    ApiClient,
    binary::{Installation, Server},
};
use reqwest::Method;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{Hash, Hasher},
    io::Write as _,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use time::{
    Date, Time,
    macros::{date, format_description, time},
};
use todc_utils::{
    linearizability::{
        WGLChecker,
        history::{Action, History},
    },
    specifications::Specification,
};
use tokio::{sync::Notify, time::sleep};

const CLIENTS: usize = 5;
const OPERATIONS: usize = 8;
/// The number of histories per round without a crash. They are cheap, so there are more of them.
const HISTORIES: u64 = 10;

/// What a booking takes: nothing is the account's own schedule.
type Place = &'static [usize];

const PLACES: [Place; 5] = [&[], &[], &[0], &[1], &[1, 0]];

/// A client's request. An appointment or a hold is named by the number of its booking in the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Request {
    Book(usize, Time, Place),
    Hold(usize, Time, Place),
    Confirm(usize),
    Move(usize, Time),
    Cancel(usize),
    Read(usize),
}

/// The answer to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Answer {
    /// The appointment's start, status and version.
    Is(Time, AppointmentStatus, i64),
    /// The appointment is cancelled; the answer says no more.
    Cancelled,
    /// The request is refused, with the error's code.
    Refused(String),
}

impl Answer {
    fn of(appointment: &Appointment) -> Self {
        let start = appointment.booking.slot.start.to_date_time().time();
        Self::Is(start, appointment.status, appointment.version.get())
    }

    fn refused(code: &str) -> Self {
        Self::Refused(code.to_owned())
    }
}

/// A request and its answer.
#[derive(Debug, Clone)]
struct Operation(Request, Answer);

/// The state of the day, by the domain's rules.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Day {
    /// The appointments and the holds.
    booked: BTreeMap<usize, Appointment>,
    /// The numbers of the holds.
    held: BTreeSet<usize>,
}

impl Hash for Day {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.held.hash(state);
        for (number, appointment) in &self.booked {
            (number, appointment.booking.slot, appointment.version.get()).hash(state);
        }
    }
}

impl Day {
    /// Carries out a request. If it is refused, the state doesn't change.
    fn apply(&mut self, request: Request) -> Answer {
        let now = Timestamp::from_millis(0).unwrap();
        match request {
            Request::Read(number) => Answer::of(&self.booked[&number]),
            Request::Book(number, time, place) => self.put(number, booked(number, time, place)),
            Request::Hold(number, time, place) => {
                let answer = self.put(number, booked(number, time, place));
                if matches!(answer, Answer::Is(..)) {
                    self.held.insert(number);
                }
                answer
            }
            Request::Confirm(number) => {
                if !self.held.remove(&number) {
                    return Answer::refused("NOT_FOUND");
                }
                let before = &self.booked[&number];
                let next = Appointment {
                    version: before.version.next(),
                    ..before.clone()
                };
                self.put(number, next)
            }
            Request::Cancel(number) => {
                self.put(number, self.booked[&number].cancelled(now).unwrap());
                Answer::Cancelled
            }
            Request::Move(number, time) => {
                let edit = AppointmentEdit {
                    time: Some(time),
                    ..AppointmentEdit::default()
                };
                match self.booked[&number].edited(edit, now) {
                    Ok(next) => self.put(number, next),
                    Err(_) => Answer::refused("APPOINTMENT_CANCELLED"),
                }
            }
        }
    }

    fn put(&mut self, number: usize, next: Appointment) -> Answer {
        let occupying = |appointment: &&Appointment| appointment.status.occupies();
        let taken = self
            .booked
            .values()
            .filter(occupying)
            .map(|other| (other.id, other.booking.occupancy()));
        if occupying(&&next) && conflict(&next.id, &next.booking.occupancy(), taken).is_some() {
            return Answer::refused("TIME_CONFLICT");
        }
        let answer = Answer::of(&next);
        self.booked.insert(number, next);
        answer
    }
}

/// An appointment of half an hour. The day and the customer don't matter to the rules.
fn booked(number: usize, time: Time, place: Place) -> Appointment {
    let now = Timestamp::from_millis(0).unwrap();
    let dana = NewCustomer {
        name: CustomerName::new("Dana").unwrap(),
        email: EmailAddress::new("dana@example.com").unwrap(),
        phone: None,
        notes: None,
    };
    let customer = Customer::new(CustomerId::new(ObjectId::from_bytes([0; 12])), dana, now);
    let mut id = [0; 12];
    id[4..].copy_from_slice(&(number as u64).to_be_bytes());
    let slot = TimeSlot {
        start: LocalMinute::new(date!(2030 - 01 - 01), time),
        duration: chatgrow_domain::Duration::from_minutes(30).unwrap(),
    };
    let resource =
        |number: &usize| ResourceId::new(ObjectId::from_bytes([u8::try_from(*number).unwrap(); 12]));
    let new = NewAppointment {
        booking: Booking {
            resources: place.iter().map(resource).collect(),
            ..Booking::plain(slot, ServiceType::Lesson)
        },
        notes: None,
    };
    Appointment::new(AppointmentId::new(ObjectId::from_bytes(id)), &customer, new, now)
}

struct Rules;

impl Specification for Rules {
    type State = Day;
    type Operation = Operation;

    fn init() -> Day {
        Day::default()
    }

    fn apply(Operation(request, told): &Operation, day: &Day) -> (bool, Day) {
        let mut day = day.clone();
        // The appointment or the hold doesn't exist yet, but the client knows its id. Or it is still a hold, but the
        // client knows an appointment. So the requests can't have happened in this order.
        let known = match *request {
            Request::Book(..) | Request::Hold(..) => true,
            Request::Confirm(number) => day.booked.contains_key(&number),
            Request::Move(number, _) | Request::Cancel(number) | Request::Read(number) => {
                day.booked.contains_key(&number) && !day.held.contains(&number)
            }
        };
        (known && day.apply(*request) == *told, day)
    }
}

/// A client, and the invocation of its next request (`None`) or the completed operation.
type Event = (usize, Option<Operation>);

/// The events of a history, in order.
#[derive(Debug, Default)]
struct Recorded(Vec<Event>);

impl Recorded {
    fn is_linearizable(&self) -> bool {
        WGLChecker::<Rules>::is_linearizable(History::from_actions(self.actions()))
    }

    /// The events as the checker needs them. An invocation carries the operation that its client's next answer
    /// completes.
    fn actions(&self) -> Vec<(usize, Action<Operation>)> {
        let action = |(at, (client, event)): (usize, &Event)| {
            if let Some(operation) = event {
                return (*client, Action::Response(operation.clone()));
            }
            let mut later = self.0[at..].iter();
            let answer = later.find_map(|(other, event)| event.as_ref().filter(|_| other == client));
            (*client, Action::Call(answer.unwrap().clone()))
        };
        self.0.iter().enumerate().map(action).collect()
    }

    fn refusals(&self) -> usize {
        let refused = |event: &&Event| matches!(event.1, Some(Operation(_, Answer::Refused(_))));
        self.0.iter().filter(refused).count()
    }
}

/// What the clients of a day share.
struct Shared {
    date: Date,
    recorded: Mutex<Recorded>,
    /// The ids of the appointments, by the number of the booking.
    booked: Mutex<Vec<(usize, String)>>,
    /// The ids of the holds, confirmed or not.
    held: Mutex<Vec<(usize, String)>>,
    resources: Vec<String>,
    answered: Notify,
}

/// Pseudo-random numbers (`SplitMix64`), which depend only on the seed.
pub(crate) struct Choices(pub(crate) u64);

impl Choices {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % limit as u64).unwrap()
    }
}

impl Shared {
    fn on(day: u64, resources: &[String]) -> Arc<Self> {
        let date = date!(2030 - 01 - 01) + time::Duration::days(day.try_into().unwrap());
        Arc::new(Self {
            date,
            recorded: Mutex::default(),
            booked: Mutex::default(),
            held: Mutex::default(),
            resources: resources.to_vec(),
            answered: Notify::new(),
        })
    }

    async fn client(self: Arc<Self>, client: usize, server: ApiClient, mut choices: Choices) {
        for number in 0..OPERATIONS {
            let number = client * OPERATIONS + number;
            let (request, id) = self.choose(number, &mut choices);
            self.recorded.lock().unwrap().0.push((client, None));
            let started = Instant::now();
            let (answer, made) = loop {
                if let Some(answered) = self.send(&server, number, request, &id).await {
                    break answered;
                }
                assert!(
                    started.elapsed() < Duration::from_secs(20),
                    "no answer to {request:?}"
                );
                sleep(Duration::from_millis(5)).await;
            };
            self.recorded
                .lock()
                .unwrap()
                .0
                .push((client, Some(Operation(request, answer))));
            if let Some(id) = made {
                let (list, number) = match request {
                    Request::Hold(..) => (&self.held, number),
                    Request::Confirm(hold) => (&self.booked, hold),
                    _ => (&self.booked, number),
                };
                list.lock().unwrap().push((number, id));
            }
            self.answered.notify_one();
        }
    }

    /// The next request, and the id of its appointment.
    fn choose(&self, number: usize, choices: &mut Choices) -> (Request, String) {
        let time = Time::from_hms(10, u8::try_from(choices.below(6) * 10).unwrap(), 0).unwrap();
        let place = PLACES[choices.below(PLACES.len())];
        let (booked, held) = (self.booked.lock().unwrap(), self.held.lock().unwrap());
        if !held.is_empty() && choices.below(4) == 0 {
            let (number, id) = held[choices.below(held.len())].clone();
            return (Request::Confirm(number), id);
        }
        if booked.is_empty() || choices.below(3) == 0 {
            let holds = choices.below(3) == 0;
            let request = if holds { Request::Hold } else { Request::Book };
            return (request(number, time, place), String::new());
        }
        let (appointment, id) = booked[choices.below(booked.len())].clone();
        let request = match choices.below(4) {
            0 => Request::Cancel(appointment),
            1 => Request::Read(appointment),
            _ => Request::Move(appointment, time),
        };
        (request, id)
    }

    /// Sends a request. Returns the answer and the id of the appointment; `None` if it is unknown what happened.
    async fn send(
        &self,
        server: &ApiClient,
        number: usize,
        request: Request,
        id: &str,
    ) -> Option<(Answer, Option<String>)> {
        let at = |time: Time| format!("{:02}:{:02}", time.hour(), time.minute());
        let path = format!("/appointments/{id}");
        let (method, path, body) = match request {
            Request::Book(_, time, place) | Request::Hold(_, time, place) => {
                let resources: Vec<_> = place.iter().map(|number| &self.resources[*number]).collect();
                let mut body = json!({
                    "date": self.date.to_string(), "time": at(time), "serviceType": "lesson", "duration": 30,
                    "resourceIds": resources,
                });
                if matches!(request, Request::Hold(..)) {
                    (Method::POST, "/holds", body)
                } else {
                    body["customerEmail"] = "dana@example.com".into();
                    (Method::POST, "/appointments", body)
                }
            }
            Request::Confirm(_) => {
                let body = json!({ "holdId": id, "customerEmail": "dana@example.com" });
                (Method::POST, "/appointments", body)
            }
            Request::Move(_, time) => (Method::PATCH, path.as_str(), json!({ "time": at(time) })),
            Request::Cancel(_) => (Method::DELETE, path.as_str(), Value::Null),
            Request::Read(_) => (Method::GET, path.as_str(), Value::Null),
        };
        let mut sent = server.request(method, path);
        if !body.is_null() {
            sent = sent.json(&body);
        }
        if !matches!(request, Request::Read(_)) {
            sent = sent.header("Idempotency-Key", format!("{} {number}", self.date));
        }
        let response = sent.send().await.ok()?;
        let (status, tag) = (
            response.status().as_u16(),
            response.headers().get("etag").cloned(),
        );
        let body = response.json::<Value>().await.ok()?;
        match (status, body["error"].as_str()) {
            (200 | 201, _) => {}
            (404, Some(code)) if matches!(request, Request::Confirm(_)) => {
                return Some((Answer::refused(code), None));
            }
            (409, Some(code)) if code != "IDEMPOTENCY_IN_PROGRESS" => {
                return Some((Answer::refused(code), None));
            }
            (503, _) => return None,
            other => panic!("{other:?}: {request:?}"),
        }
        let made = ["appointment", "hold"]
            .into_iter()
            .find_map(|name| body.get(name));
        let Some(appointment) = made else {
            return Some((Answer::Cancelled, None));
        };
        let text = |field: &str| appointment[field].as_str().unwrap().to_owned();
        let time = Time::parse(&text("time"), format_description!("[hour]:[minute]")).unwrap();
        let tag = tag.unwrap().to_str().unwrap().to_owned();
        let version = tag.trim_matches('"').split('.').nth(1).unwrap();
        let standing = appointment["status"].as_str().unwrap_or("confirmed");
        let answer = Answer::Is(time, standing.parse().unwrap(), version.parse().unwrap());
        Some((answer, (status == 201).then(|| text("id"))))
    }
}

/// Checks histories on one installation, whose servers all use one database. If `kill` is set, the first server is
/// killed in each history.
async fn prove(name: &str, url: &str, count: usize, kill: bool) {
    let installation = Installation::new(env!("CARGO_BIN_EXE_chatgrow-under-test"));
    let start = async |port: &str| {
        let mut command = installation.command(&[]);
        command.envs([
            ("DATABASE_URL", url),
            ("RATE_LIMIT_ENABLED", "false"),
            ("LOG_LEVEL", "off"),
            ("PORT", port),
        ]);
        installation.start_as(command).await
    };
    let mut servers: Vec<Server> = Vec::new();
    for _ in 0..count {
        servers.push(start("0").await);
    }
    servers[0].customer("dana@example.com").await;
    let mut resources = Vec::new();
    for name in ["Dana", "Noa"] {
        let created = servers[0].post("/resources", json!({ "name": name })).await;
        resources.push(
            created.resource(201, "resource")["id"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
    }
    let histories = if kill { rounds() } else { rounds() * HISTORIES };
    let (mut operations, mut refusals) = (0, 0);
    for round in 0..histories {
        let day = Shared::on(round, &resources);
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let server = ApiClient::clone(&servers[client % count]);
                let choices = Choices(round * 1000 + client as u64);
                tokio::spawn(day.clone().client(client, server, choices))
            })
            .collect();
        if kill {
            // After a different number of answers each time.
            for _ in 0..=Choices(round).below(CLIENTS * OPERATIONS / 2) {
                day.answered.notified().await;
            }
            let killed = servers.remove(0);
            let port = killed.origin.rsplit(':').next().unwrap().to_owned();
            killed.signal("KILL");
            killed.ended().await;
            // On the same port, so that its clients find it.
            servers.insert(0, start(&port).await);
        }
        for client in clients {
            client.await.unwrap();
        }
        let recorded = day.recorded.lock().unwrap();
        assert!(
            recorded.is_linearizable(),
            "{name}, history {round}: {recorded:#?}"
        );
        operations += recorded.0.len() / 2;
        refusals += recorded.refusals();
    }
    let kills = if kill { histories } else { 0 };
    // Not with `eprintln!`, whose output is hidden if the test passes.
    let _ = writeln!(
        std::io::stderr(),
        "linearizability {name}: {histories:>3} histories, {operations:>5} operations, {refusals:>4} of them refused, {kills:>2} kills, all linearizable",
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_is_linearizable() {
    prove("sqlite", "sqlite://chatgrow.db", 1, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_is_linearizable_across_crashes() {
    prove("sqlite, server killed", "sqlite://chatgrow.db", 1, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_on_postgres_are_linearizable() {
    if let Some(url) = throwaway_postgres::new_database().await {
        prove("postgres, two servers", &url, 2, false).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_on_postgres_are_linearizable_across_crashes() {
    if let Some(url) = throwaway_postgres::new_database().await {
        prove("postgres, two servers, one killed", &url, 2, true).await;
    }
}

/// Whether the checker accepts these invocations and answers. Each client has at most one request in flight.
fn verdict(events: &[Event]) -> bool {
    Recorded(events.to_vec()).is_linearizable()
}

fn asks(client: usize) -> Event {
    (client, None)
}

fn told(client: usize, operation: Operation) -> Event {
    (client, Some(operation))
}

const TEN: Time = time!(10:00);
const HALF_PAST: Time = time!(10:30);

fn booked_at(number: usize, time: Time) -> Operation {
    Operation(
        Request::Book(number, time, &[]),
        Answer::Is(time, AppointmentStatus::Confirmed, 1),
    )
}

fn refused_at(number: usize, time: Time) -> Operation {
    Operation(Request::Book(number, time, &[]), Answer::refused("TIME_CONFLICT"))
}

fn cancelled(number: usize) -> Operation {
    Operation(Request::Cancel(number), Answer::Cancelled)
}

fn read(number: usize, status: AppointmentStatus, version: i64) -> Operation {
    Operation(Request::Read(number), Answer::Is(TEN, status, version))
}

#[test]
fn the_checker_accepts_what_may_be() {
    // One after the other.
    assert!(verdict(&[
        asks(0),
        told(0, booked_at(1, TEN)),
        asks(1),
        told(1, refused_at(2, TEN))
    ]));
    assert!(verdict(&[
        asks(0),
        told(0, booked_at(1, TEN)),
        asks(1),
        told(1, booked_at(2, HALF_PAST))
    ]));
    // The refused booking came later, although it was answered first.
    assert!(verdict(&[
        asks(0),
        asks(1),
        told(1, refused_at(2, TEN)),
        told(0, booked_at(1, TEN))
    ]));
    // A concurrent read and cancellation may happen in either order.
    for (status, version) in [
        (AppointmentStatus::Confirmed, 1),
        (AppointmentStatus::Cancelled, 2),
    ] {
        assert!(verdict(&[
            asks(0),
            told(0, booked_at(1, TEN)),
            asks(0),
            asks(1),
            told(1, read(1, status, version)),
            told(0, cancelled(1)),
        ]));
    }
}

#[test]
fn the_checker_refuses_what_must_not_be() {
    let booked_twice = [
        asks(0),
        asks(1),
        told(0, booked_at(1, TEN)),
        told(1, booked_at(2, TEN)),
    ];
    let refused_for_nothing = [asks(0), told(0, refused_at(1, TEN))];
    let refused_before_there_was_another = [
        asks(1),
        told(1, refused_at(2, TEN)),
        asks(0),
        told(0, booked_at(1, TEN)),
    ];
    let stale_read = [
        asks(0),
        told(0, booked_at(1, TEN)),
        asks(0),
        told(0, cancelled(1)),
        asks(1),
        told(1, read(1, AppointmentStatus::Confirmed, 1)),
    ];
    let slot_kept_after_a_cancellation = [
        asks(0),
        told(0, booked_at(1, TEN)),
        asks(0),
        told(0, cancelled(1)),
        asks(1),
        told(1, refused_at(2, TEN)),
    ];
    let held_at_ten = Operation(
        Request::Hold(1, TEN, &[0]),
        Answer::Is(TEN, AppointmentStatus::Confirmed, 1),
    );
    let confirmed = Operation(
        Request::Confirm(1),
        Answer::Is(TEN, AppointmentStatus::Confirmed, 2),
    );
    let confirmed_twice = [
        asks(0),
        told(0, held_at_ten.clone()),
        asks(0),
        asks(1),
        told(0, confirmed.clone()),
        told(1, confirmed),
    ];
    let booked_while_held = [
        asks(0),
        told(0, held_at_ten),
        asks(1),
        told(
            1,
            Operation(
                Request::Book(2, HALF_PAST.replace_minute(20).unwrap(), &[1, 0]),
                Answer::Is(
                    HALF_PAST.replace_minute(20).unwrap(),
                    AppointmentStatus::Confirmed,
                    1,
                ),
            ),
        ),
    ];
    let changed_twice_by_one_request = [
        asks(0),
        told(0, booked_at(1, TEN)),
        asks(0),
        told(0, cancelled(1)),
        asks(1),
        told(1, read(1, AppointmentStatus::Cancelled, 3)),
    ];
    for history in [
        &booked_twice[..],
        &refused_for_nothing,
        &refused_before_there_was_another,
        &stale_read,
        &slot_kept_after_a_cancellation,
        &changed_twice_by_one_request,
        &confirmed_twice,
        &booked_while_held,
    ] {
        assert!(!verdict(history), "{history:?}");
    }
}
