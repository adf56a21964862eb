//! Several servers on one PostgreSQL, faults of the database, and moves between databases, with the real binary.

use diesel::{Connection as _, SqliteConnection, connection::SimpleConnection};
use e2e::{
    Answer, ApiClient,
    binary::{Installation, Server, eventually},
    race,
};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use throwaway_postgres::connect;
use tokio::task::JoinHandle;

fn installation() -> Installation {
    Installation::new(env!("CARGO_BIN_EXE_chatgrow-under-test"))
}

/// The environment of a server on that database, without rate limits.
fn on(url: &str) -> [(&'static str, &str); 2] {
    [("DATABASE_URL", url), ("RATE_LIMIT_ENABLED", "false")]
}

async fn start(installation: &Installation, url: &str) -> Server {
    let mut command = installation.command(&[]);
    command.envs(on(url));
    installation.start_as(command).await
}

fn customer(number: usize) -> Value {
    json!({ "name": "Dana", "email": format!("{number}@example.com") })
}

/// A slot of one hour that starts seven minutes after the previous number's, so neighbours overlap. The numbers last
/// for years.
fn slot(number: usize) -> Value {
    let (day, minute) = (number / 200, number % 200 * 7);
    let (year, month, day) = (2027 + day / 336, 1 + day / 28 % 12, 1 + day % 28);
    json!({
        "customerEmail": "0@example.com", "date": format!("{year}-{month:02}-{day:02}"),
        "time": format!("{:02}:{:02}", minute / 60, minute % 60), "serviceType": "lesson",
    })
}

/// Sends the same requests to each of the servers, all at once.
async fn race_on(servers: &[Server], count: usize, path: &str, body: impl Fn(usize) -> Value) -> Vec<Answer> {
    let requests = (0..count).flat_map(|number| {
        let body = &body;
        servers
            .iter()
            .map(move |server| server.request(Method::POST, path).json(&body(number)))
    });
    race(requests.collect::<Vec<RequestBuilder>>()).await
}

fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

#[tokio::test]
async fn two_servers_on_one_database_book_each_slot_once() {
    let Some(url) = throwaway_postgres::new_database().await else {
        return;
    };
    let installation = installation();
    let servers = [start(&installation, &url).await, start(&installation, &url).await];
    let [one, other] = &servers;

    let customers = race_on(&servers, 20, "/customers", customer).await;
    assert_eq!(
        (count(&customers, 201), count(&customers, 409)),
        (20, 20),
        "{customers:?}"
    );

    // First many bookings of one slot, then bookings seven minutes apart.
    let answers = race_on(&servers, 32, "/appointments", |_| slot(190)).await;
    assert_eq!(
        (count(&answers, 201), count(&answers, 409)),
        (1, 63),
        "{answers:?}"
    );
    let answers = race_on(&servers, 60, "/appointments", slot).await;
    assert_eq!(count(&answers, 201) + count(&answers, 409), 120, "{answers:?}");
    let booked = one.walk("/appointments", "appointments", 50).await;
    assert_eq!(booked.len(), 1 + count(&answers, 201));
    let starts: Vec<_> = booked
        .iter()
        .map(|booked| booked["time"].as_str().unwrap())
        .collect();
    for pair in starts.windows(2) {
        let minutes = |time: &str| {
            let (hours, minutes) = time.split_once(':').unwrap();
            hours.parse::<i32>().unwrap() * 60 + minutes.parse::<i32>().unwrap()
        };
        assert!(minutes(pair[1]) - minutes(pair[0]) >= 60, "{starts:?}");
    }
    assert_eq!(other.walk("/appointments", "appointments", 500).await, booked);

    let event = one.event(Some(5)).await;
    let places = format!("{event}/registrations");
    let answers = race_on(
        &servers,
        20,
        &places,
        |number| json!({ "customerEmail": format!("{number}@example.com") }),
    )
    .await;
    assert_eq!(
        (count(&answers, 201), count(&answers, 409)),
        (5, 35),
        "{answers:?}"
    );
    assert_eq!(
        other.get(&event).await.resource(200, "event")["currentParticipants"],
        5
    );

    // What one server has written, the other reads at once. A revoked key is refused by both within a second.
    let moved = one
        .patch("/customers/7@example.com", json!({ "name": "Noa" }))
        .await;
    assert_eq!(other.get("/customers/7@example.com").await.json, moved.json);
    let run = async |arguments: &[&str]| {
        let mut command = installation.command(arguments);
        command.envs(on(&url));
        e2e::binary::ended(command).await
    };
    let key = run(&["keys", "create", "--name", "web"])
        .await
        .stdout
        .trim()
        .to_owned();
    for server in &servers {
        assert_eq!(server.get_as(&key, "/customers").await.status, 200);
    }
    let listed = run(&["keys", "list"]).await.stdout;
    let id = listed.lines().find(|line| line.contains("web")).unwrap();
    let id = id
        .split_whitespace()
        .find(|word| word.len() == 24 && !word.contains('T'))
        .unwrap();
    assert_eq!(run(&["keys", "revoke", id]).await.code, Some(0));
    tokio::time::sleep(Duration::from_secs(1)).await;
    for server in &servers {
        assert_eq!(server.get_as(&key, "/customers").await.status, 401);
    }
    for server in servers {
        assert_eq!(server.stop().await.code, Some(0));
    }
}

#[tokio::test]
async fn a_double_click_on_two_servers_has_one_effect_and_two_equal_answers() {
    let Some(url) = throwaway_postgres::new_database().await else {
        return;
    };
    let installation = installation();
    let servers = [start(&installation, &url).await, start(&installation, &url).await];
    servers[0].customer("0@example.com").await;
    let mut replayed = 0;
    for round in 0..1000 {
        let click = |server: &Server| {
            let request = server
                .request(Method::POST, "/appointments")
                .json(&slot(round * 9));
            request.header("Idempotency-Key", format!("click {round}"))
        };
        let answers = race(servers.each_ref().map(click)).await;
        for answer in &answers {
            assert_eq!(
                (answer.status, &answer.text),
                (201, &answers[0].text),
                "{answers:?}"
            );
            replayed += usize::from(answer.header("idempotent-replayed").is_some());
        }
    }
    assert_eq!(replayed, 1000);
    assert_eq!(
        servers[1].walk("/appointments", "appointments", 500).await.len(),
        1000
    );
}

#[tokio::test]
async fn servers_that_start_at_once_share_one_first_key() {
    let Some(url) = throwaway_postgres::new_database().await else {
        return;
    };
    let installation = installation();
    let start = || start(&installation, &url);
    let (one, two, three, four) = tokio::join!(start(), start(), start(), start());
    let mut keys = 0;
    for server in [one, two, three, four] {
        assert_eq!(server.get("/customers").await.status, 200);
        keys += server.stop().await.stdout.matches("cg_live_").count();
    }
    assert_eq!(keys, 1);
}

/// Clients of several servers that book without pause.
struct Load {
    stop: Arc<AtomicBool>,
    booked: Arc<AtomicUsize>,
    clients: Vec<JoinHandle<(Vec<Value>, usize)>>,
}

impl Load {
    fn start(servers: &[ApiClient]) -> Self {
        let (stop, booked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let next = Arc::new(AtomicUsize::new(0));
        let client = |server: &ApiClient| {
            let (server, stop, booked, next) = (server.clone(), stop.clone(), booked.clone(), next.clone());
            tokio::spawn(async move {
                let (mut acknowledged, mut unavailable) = (Vec::new(), 0);
                while !stop.load(Ordering::Relaxed) {
                    // Bookings are 28 minutes apart, so each overlaps the next two.
                    let number = next.fetch_add(4, Ordering::Relaxed);
                    let started = Instant::now();
                    let answer = server.post("/appointments", slot(number)).await;
                    assert!(
                        started.elapsed() < Duration::from_secs(12),
                        "{:?}: {answer:?}",
                        started.elapsed()
                    );
                    match answer.status {
                        201 => {
                            acknowledged.push(answer.json["appointment"].clone());
                            booked.fetch_add(1, Ordering::Relaxed);
                        }
                        409 => assert_eq!(answer.json["error"], "TIME_CONFLICT", "{answer:?}"),
                        503 => {
                            assert!(answer.header("retry-after").is_some(), "{answer:?}");
                            unavailable += 1;
                        }
                        _ => panic!("{answer:?}"),
                    }
                }
                (acknowledged, unavailable)
            })
        };
        let clients = servers.iter().cycle().take(24).map(client).collect();
        Self {
            stop,
            booked,
            clients,
        }
    }

    /// Waits until that many more slots are booked.
    async fn more(&self, count: usize) {
        let wanted = self.booked.load(Ordering::Relaxed) + count;
        eventually("the servers book again", async || {
            (self.booked.load(Ordering::Relaxed) >= wanted).then_some(())
        })
        .await;
    }

    /// Stops the clients. Returns what was booked, and how many requests found the service unavailable.
    async fn end(self) -> (Vec<Value>, usize) {
        self.stop.store(true, Ordering::Relaxed);
        let (mut acknowledged, mut unavailable) = (Vec::new(), 0);
        for client in self.clients {
            let (booked, refused) = client.await.unwrap();
            acknowledged.extend(booked);
            unavailable += refused;
        }
        (acknowledged, unavailable)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_crashes_or_throws_clients_out_costs_no_booking() {
    let Some(database) = throwaway_postgres::Server::start("") else {
        return;
    };
    let url = database.new_database().await;
    let installation = installation();
    let servers = [start(&installation, &url).await, start(&installation, &url).await];
    servers[0].customer("0@example.com").await;
    // The answer of a health check is reused for a second.
    let health = async |server: &Server, status: u16| {
        let url = format!("{}/health/ready", server.origin);
        eventually("the server knows how ready it is", async || {
            let answer = server.client.get(&url).send().await.unwrap();
            (answer.status().as_u16() == status).then_some(())
        })
        .await;
    };
    let load = Load::start(&servers.each_ref().map(|server| (**server).clone()));

    load.more(50).await;
    database.crash();
    for server in &servers {
        health(server, 503).await;
    }
    database.restart();
    load.more(50).await;
    for server in &servers {
        health(server, 200).await;
    }
    let admin = connect(&url).await;
    for _ in 0..5 {
        load.more(20).await;
        let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE pid <> pg_backend_pid() AND datname = current_database()";
        admin.batch_execute(others).await.unwrap();
    }
    load.more(50).await;

    let (acknowledged, unavailable) = load.end().await;
    assert!(unavailable > 0);
    let there = servers[0].walk("/appointments", "appointments", 500).await;
    assert!(
        acknowledged.iter().all(|booked| there.contains(booked)),
        "acknowledged and lost"
    );
    let overlaps = "SELECT count(*) FROM appointments a JOIN appointments b
        ON a.id < b.id AND a.starts_at < b.ends_at AND b.starts_at < a.ends_at";
    assert_eq!(admin.query_one(overlaps, &[]).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_not_waited_for() {
    let Some(url) = throwaway_postgres::new_database().await else {
        return;
    };
    let installation = installation();
    let mut command = installation.command(&[]);
    command.envs(on(&url)).envs([("REQUEST_TIMEOUT_MS", "500")]);
    let server = installation.start_as(command).await;
    let somebody = connect(&url).await;
    somebody
        .batch_execute("BEGIN; LOCK TABLE customers, api_keys")
        .await
        .unwrap();
    let started = Instant::now();
    let requests = (0..40).map(|number| server.request(Method::POST, "/customers").json(&customer(number)));
    for answer in race(requests.collect::<Vec<_>>()).await {
        answer.assert_error(503, "UNAVAILABLE", "The service is temporarily unavailable");
    }
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "{:?}",
        started.elapsed()
    );
    somebody.batch_execute("COMMIT").await.unwrap();
    eventually("the server recovers", async || {
        let answer = server
            .put("/customers/dana@example.com", json!({ "name": "Dana" }))
            .await;
        [200, 201].contains(&answer.status).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_server_that_stops_finishes_what_it_has_accepted() {
    let Some(url) = throwaway_postgres::new_database().await else {
        return;
    };
    let installation = installation();
    let admin = connect(&url).await;
    for round in 0..3 {
        let server = start(&installation, &url).await;
        // Some of the workers are idle when the signal comes, and end at once.
        let somebody = connect(&url).await;
        somebody
            .batch_execute("BEGIN; LOCK TABLE customers")
            .await
            .unwrap();
        let writes: Vec<_> = (0..6)
            .map(|number| {
                let request = server
                    .request(Method::POST, "/customers")
                    .json(&customer(round * 100 + number));
                tokio::spawn(Answer::to(request))
            })
            .collect();
        let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
        eventually("the writes wait", async || {
            let waiting: i64 = admin.query_one(waiting, &[]).await.unwrap().get(0);
            (waiting == 6).then_some(())
        })
        .await;
        server.signal("TERM");
        eventually("the server stops listening", async || {
            tokio::net::TcpStream::connect(server.origin.trim_start_matches("http://"))
                .await
                .is_err()
                .then_some(())
        })
        .await;
        somebody.batch_execute("COMMIT").await.unwrap();
        for write in writes {
            let answer = write.await.unwrap();
            assert_eq!(answer.status, 201, "{answer:?}");
        }
        assert_eq!(server.ended().await.code, Some(0));
    }
}

/// Everything that a key can read.
async fn everything(server: &Server) -> Vec<Vec<Value>> {
    let mut all = vec![
        server.walk("/customers", "customers", 500).await,
        server.walk("/appointments", "appointments", 500).await,
    ];
    let events = server.walk("/events", "events", 500).await;
    for event in &events {
        let places = format!("/events/{}/registrations", event["id"].as_str().unwrap());
        all.push(server.walk(&places, "registrations", 500).await);
    }
    all.push(events);
    all
}

#[tokio::test]
async fn a_store_is_copied_there_and_back() {
    let Some(postgres) = throwaway_postgres::new_database().await else {
        return;
    };
    let installation = installation();
    let sqlite = |file: &str| format!("sqlite://{}", installation.path(file).display());
    let server = start(&installation, &sqlite("one.db")).await;
    // In two parts: one client may have 1000 connections, and on a slow machine each request of a part takes one.
    for numbers in [0..550, 550..1100] {
        race(numbers.map(|number| server.request(Method::POST, "/customers").json(&customer(number)))).await;
    }
    race((0..40).map(|number| server.request(Method::POST, "/appointments").json(&slot(number)))).await;
    let booked = server.get("/appointments").await.json["appointments"][0]["id"].clone();
    server
        .delete(&format!("/appointments/{}", booked.as_str().unwrap()))
        .await;
    for status in ["active", "completed", "cancelled"] {
        let event = server.event(Some(3)).await;
        for number in 0..3 {
            let body = json!({ "customerEmail": format!("{number}@example.com"), "notes": "צמחוני" });
            server.post(&format!("{event}/registrations"), body).await;
        }
        server
            .patch(&event, json!({ "status": status, "title": status }))
            .await;
    }
    let before = everything(&server).await;
    server.stop().await;

    let copy = async |from: &str, to: &str| installation.run(&["copy", "--from", from, "--to", to]).await;
    let there = copy(&sqlite("one.db"), &postgres).await;
    assert_eq!(there.code, Some(0), "{there:?}");
    assert!(
        there.stdout.contains("customers") && there.stdout.contains("1100"),
        "{there:?}"
    );
    // A target that isn't empty is left unchanged.
    let again = copy(&sqlite("one.db"), &postgres).await;
    assert_eq!(again.code, Some(1), "{again:?}");
    assert!(again.stderr.contains("the target is not empty"), "{again:?}");
    let back = copy(&postgres, &sqlite("two.db")).await;
    assert_eq!(back.code, Some(0), "{back:?}");
    // The feed's epoch is raised, so that cursors of the source are good in the target.
    let rows = |told: &str| {
        let (_, rows) = told.split_once('\n').unwrap();
        let rows = rows.lines().filter(|row| !row.trim_start().starts_with("feed "));
        rows.collect::<Vec<_>>().join("\n")
    };
    assert_eq!(rows(&there.stdout), rows(&back.stdout));
    // A source that doesn't exist is not created.
    let nothing = copy(&sqlite("three.db"), &sqlite("four.db")).await;
    assert_eq!(nothing.code, Some(1), "{nothing:?}");
    assert!(nothing.stderr.contains("three.db"), "{nothing:?}");
    assert!(!installation.files().contains(&"three.db".to_owned()));

    // The same key gives access to the same data in each database, and the guards are there.
    for url in [&postgres, &sqlite("two.db")] {
        let server = start(&installation, url).await;
        assert_eq!(everything(&server).await, before);
        let event = before
            .last()
            .unwrap()
            .iter()
            .find(|event| event["status"] == "active")
            .unwrap();
        let places = format!("/events/{}/registrations", event["id"].as_str().unwrap());
        let full = server
            .post(&places, json!({ "customerEmail": "9@example.com" }))
            .await;
        assert_eq!(full.json["error"], "EVENT_FULL", "{full:?}");
        let taken = server.post("/appointments", slot(30)).await;
        assert_eq!(taken.json["error"], "TIME_CONFLICT", "{taken:?}");
        server.stop().await;
    }
}

#[tokio::test]
async fn migrations_run_alone_and_a_newer_schema_is_refused() {
    let installation = installation();
    let database = format!("sqlite://{}", installation.path("new.db").display());
    let postgres = throwaway_postgres::new_database().await;
    for url in postgres.iter().chain([&database]) {
        let run = async |arguments: &[&str]| {
            let mut command = installation.command(arguments);
            command.envs(on(url)).env("AUTO_MIGRATE", "false");
            e2e::binary::ended(command).await
        };
        let early = run(&["serve"]).await;
        assert_eq!(early.code, Some(1), "{early:?}");
        let migrated = run(&["migrate"]).await;
        assert_eq!(
            (migrated.code, migrated.stderr.as_str()),
            (Some(0), ""),
            "{migrated:?}"
        );
        // A command that only reads creates nothing.
        let listed = run(&["accounts", "list"]).await;
        assert_eq!(
            (listed.code, listed.stdout.lines().count()),
            (Some(0), 1),
            "{listed:?}"
        );
        let made = run(&["keys", "create", "--name", "web"]).await;
        assert!(made.stdout.starts_with("cg_live_"), "{made:?}");
    }

    let later = "INSERT INTO __diesel_schema_migrations VALUES ('99991231000000', CURRENT_TIMESTAMP)";
    SqliteConnection::establish(installation.path("new.db").to_str().unwrap())
        .unwrap()
        .batch_execute(later)
        .unwrap();
    if let Some(url) = &postgres {
        connect(url).await.batch_execute(later).await.unwrap();
    }
    for url in postgres.iter().chain([&database]) {
        for arguments in [["serve"], ["migrate"]] {
            let mut command = installation.command(&arguments);
            command.envs(on(url));
            let refused = e2e::binary::ended(command).await;
            assert_eq!(refused.code, Some(1), "{refused:?}");
            assert!(refused.stderr.contains("newer than this program"), "{refused:?}");
            assert_eq!(refused.stderr.lines().count(), 1, "{refused:?}");
        }
    }
}
