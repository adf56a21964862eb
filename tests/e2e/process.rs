//! The process of the real binary: start-up, configuration, signals, logs, disk faults.

use diesel::{Connection as _, SqliteConnection, connection::SimpleConnection};
use e2e::{
    Answer,
    binary::{Connection, Ended, Installation, Server, ended, eventually},
};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    ffi::OsStr,
    fs,
    net::TcpListener,
    os::unix::ffi::OsStrExt,
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

fn installation() -> Installation {
    Installation::new(env!("CARGO_BIN_EXE_chatgrow-under-test"))
}

fn customer(name: &str) -> Value {
    json!({ "name": name, "email": format!("{name}@example.com") })
}

/// Starts a server that can't start, and returns the reason. There must be one line per fault, and no panic.
async fn refusal(installation: &Installation, variables: &[(&str, &OsStr)]) -> String {
    let mut command = installation.command(&[]);
    command.envs(variables.iter().copied());
    let started = Instant::now();
    let Ended { code, stdout, stderr } = ended(command).await;
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "{:?}",
        started.elapsed()
    );
    assert_eq!(code, Some(1), "{variables:?}: {stderr}");
    assert_eq!(stdout, "", "{variables:?}");
    assert!(!stderr.contains("panicked"), "{stderr}");
    let told = stderr.find("chatgrow: ");
    stderr[told.unwrap_or_else(|| panic!("{stderr}"))..].to_owned()
}

#[tokio::test]
async fn the_first_start_prints_a_working_key_and_later_ones_none() {
    let installation = installation();
    let server = installation.start().await;
    assert!(installation.files().contains(&"chatgrow.db".to_owned()));
    assert_eq!(server.post("/customers", customer("dana")).await.status, 201);
    let (origin, key) = (server.origin.clone(), server.key.clone());
    let first = server.stop().await;
    assert_eq!(first.code, Some(0), "{first:?}");
    // The database is a single file.
    assert_eq!(installation.files(), ["chatgrow.db", "chatgrow.db-reserve"]);
    assert_eq!(first.stdout.matches("cg_live_").count(), 1);
    assert!(first.stdout.contains(&format!("{origin}/api/webhooks\n")));
    assert!(first.stdout.contains(&format!("{origin}/api-docs\n")));
    assert!(!first.stderr.contains(&key), "the key is not for the log");

    let server = installation.start_as(installation.command(&["serve"])).await;
    assert_eq!(server.get("/customers/dana@example.com").await.status, 200);
    let second = server.stop().await;
    assert_eq!(second.code, Some(0), "{second:?}");
    assert!(!second.stdout.contains("cg_live_"), "{second:?}");
    assert!(!second.stdout.contains("key"), "{second:?}");
}

#[tokio::test]
async fn a_first_start_that_fails_does_not_cost_the_key() {
    let installation = installation();
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    refusal(&installation, &[("PORT", port.as_ref())]).await;
    drop(taken);

    let server = installation.start_as(installation.command(&[])).await;
    assert_eq!(server.get("/customers").await.status, 200);
}

#[tokio::test]
async fn bad_values_stop_the_start_by_name_and_create_nothing() {
    let installation = installation();
    for (name, value) in [
        ("PORT", "http"),
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("DATABASE_URL", "chatgrow.db"),
        ("DATABASE_URL", "sqlite:chatgrow.db"),
        ("DATABASE_URL", "sqlite:/chatgrow.db"),
        ("DATABASE_URL", "sqlite//chatgrow.db"),
        ("DATABASE_URL", "sqlit://chatgrow.db"),
        ("DATABASE_URL", "SQLITE//:chatgrow.db"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "sqlite://folder/"),
        ("DATABASE_URL", "sqlite://chatgrow.db?mode=rwc"),
        ("DATABASE_URL", "postgress://localhost/chatgrow"),
        ("DATABASE_URL", "mysql://localhost/chatgrow"),
        ("LOG_FORMAT", "xml"),
        ("LOG_FORMAT", "JSON"),
        ("LOG_LEVEL", "chatgrow=loud"),
        ("CORS_ALLOWED_ORIGINS", "example.com"),
        ("CORS_ALLOWED_ORIGINS", "https://example.com/"),
        ("CORS_ALLOWED_ORIGINS", "https://a.example https://b.example"),
        ("RATE_LIMIT_ENABLED", "maybe"),
        ("RATE_LIMIT_WINDOW_MS", "0"),
        ("RATE_LIMIT_WINDOW_MS", "1m"),
        ("RATE_LIMIT_MAX_REQUESTS", "-1"),
        ("RATE_LIMIT_MAX_REQUESTS", "1e3"),
        ("RATE_LIMIT_AUTH_FAILURES_MAX", "many"),
        ("REQUEST_TIMEOUT_MS", "30s"),
        ("REQUEST_TIMEOUT_MS", "99999999999"),
        ("MAX_BODY_BYTES", "10"),
        ("MAX_BODY_BYTES", "256K"),
        ("SHUTDOWN_TIMEOUT_MS", "soon"),
        ("SHUTDOWN_TIMEOUT_MS", "0.5"),
    ] {
        let told = refusal(&installation, &[(name, value.as_ref())]).await;
        assert!(
            told.contains(&format!("{name} must be ")),
            "{name}={value}: {told}"
        );
        assert_eq!(installation.files(), [""; 0], "{name}={value}");
    }
}

#[tokio::test]
async fn all_bad_values_are_told_at_once_also_those_that_are_no_text() {
    let installation = installation();
    let no_text = OsStr::from_bytes(b"\xff\xfe");
    let variables = [
        ("PORT", "x".as_ref()),
        ("LOG_FORMAT", "y".as_ref()),
        ("HOST", no_text),
    ];
    let told = refusal(&installation, &variables).await;
    for (name, _) in variables {
        assert!(told.contains(&format!("{name} must be ")), "{told}");
    }
    assert_eq!(installation.files(), [""; 0]);
}

#[tokio::test]
async fn dot_env_is_honoured_and_real_variables_win() {
    let installation = installation();
    let lines = "# a comment\nDATABASE_URL=sqlite://from-file.db\n\nRATE_LIMIT_MAX_REQUESTS=7\nRATE_LIMIT_WINDOW_MS=\"50000\"\n";
    fs::write(installation.path(".env"), lines).unwrap();
    let policy = async |server: &Server| {
        let answer = server.get("/customers").await;
        answer.header("ratelimit-policy").unwrap().to_owned()
    };

    let server = installation.start().await;
    assert_eq!(policy(&server).await, "\"default\";q=7;w=50");
    assert!(installation.path("from-file.db").exists());
    server.stop().await;

    let mut command = installation.command(&[]);
    command.env("RATE_LIMIT_MAX_REQUESTS", "9");
    let server = installation.start_as(command).await;
    assert_eq!(policy(&server).await, "\"default\";q=9;w=50");
    server.stop().await;

    fs::write(installation.path(".env"), "LOG_FORMAT=xml\n").unwrap();
    let told = refusal(&installation, &[]).await;
    assert!(told.contains("LOG_FORMAT must be "), "{told}");
    assert!(!installation.path("chatgrow.db").exists());
}

#[tokio::test]
async fn a_dot_env_that_can_not_be_read_stops_the_start() {
    let installation = installation();
    fs::write(
        installation.path(".env"),
        "DATABASE_URL=sqlite://x.db\nDATABASE_URL=postgres://me:hush-hush@host/x and more\n",
    )
    .unwrap();
    let told = refusal(&installation, &[]).await;
    assert!(told.contains(".env: line 2 is not NAME=value"), "{told}");
    assert!(!told.contains("hush"), "{told}");
    assert_eq!(installation.files(), [".env"]);
}

#[tokio::test]
async fn the_example_is_a_working_dot_env() {
    let installation = installation();
    let example = include_str!("../../env.example");
    let lines = example.lines().map(|line| match line.strip_prefix('#') {
        Some(variable) if !variable.starts_with(' ') => variable,
        _ => line,
    });
    fs::write(installation.path(".env"), lines.collect::<Vec<_>>().join("\n")).unwrap();
    let server = installation.start().await;
    let answer = server.get("/customers").await;
    assert_eq!(answer.header("ratelimit-policy"), Some("\"default\";q=600;w=60"));
    assert!(installation.path("chatgrow.db").exists());
}

#[tokio::test]
async fn an_address_that_can_not_be_had_is_told() {
    let installation = installation();
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let told = refusal(&installation, &[("PORT", port.as_ref())]).await;
    assert!(told.contains(&format!("127.0.0.1:{port}")), "{told}");
    assert!(told.contains("in use") && told.contains("PORT"), "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");

    // 192.0.2.0/24 belongs to nobody (RFC 5737).
    let told = refusal(&installation, &[("HOST", "192.0.2.1".as_ref())]).await;
    assert!(told.contains("192.0.2.1") && told.contains("HOST"), "{told}");
}

#[tokio::test]
async fn a_database_that_can_not_be_opened_is_told() {
    let installation = installation();
    fs::create_dir(installation.path("folder")).unwrap();
    let text = "Neither a database nor empty, and longer than a database's header is. ".repeat(20);
    fs::write(installation.path("text.txt"), &text).unwrap();
    let before = installation.files();
    for path in [
        "no/such/folder/chatgrow.db",
        "folder",
        "text.txt",
        "text.txt/chatgrow.db",
        // Nobody may write there, including root.
        "/proc/chatgrow.db",
    ] {
        let url = format!("sqlite://{path}");
        let told = refusal(&installation, &[("DATABASE_URL", url.as_ref())]).await;
        assert!(told.contains(path), "{told}");
        assert_eq!(told.lines().count(), 1, "{told}");
    }
    assert_eq!(installation.files(), before);
    assert_eq!(fs::read_to_string(installation.path("text.txt")).unwrap(), text);
}

#[tokio::test]
async fn help_and_version_are_told_without_a_database() {
    let installation = installation();
    for argument in ["--help", "-h", "help"] {
        let help = installation.run(&[argument]).await;
        assert_eq!(help.code, Some(0), "{help:?}");
        for word in ["serve", "accounts", "keys", "env.example"] {
            assert!(help.stdout.contains(word), "{word}: {help:?}");
        }
    }
    let version = installation.run(&["--version"]).await;
    assert_eq!(version.code, Some(0));
    assert_eq!(
        version.stdout,
        concat!("chatgrow ", env!("CARGO_PKG_VERSION"), "\n")
    );
    assert_eq!(installation.files(), [""; 0]);

    let unknown = installation.run(&["server"]).await;
    assert_eq!((unknown.code, unknown.stdout.as_str()), (Some(2), ""));
    assert!(unknown.stderr.contains("server"), "{unknown:?}");
    assert_eq!(installation.files(), [""; 0]);
}

/// Sends half a request, and returns once the server waits for the other half.
async fn begin(server: &Server, body: &str) -> Connection {
    let mut connection = Connection::to(&server.origin).await;
    connection
        .send(format!(
            "POST /api/webhooks/customers HTTP/1.1\r\nHost: x\r\nX-API-Key: {}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nExpect: 100-continue\r\n\r\n",
            server.key,
            body.len()
        ))
        .await;
    connection.read_until("HTTP/1.1 100 Continue\r\n\r\n").await;
    connection.send(&body[..body.len() / 2]).await;
    connection
}

async fn assert_finishes_what_was_accepted(signal: &str) {
    let installation = installation();
    let server = installation.start().await;
    // A client that keeps its connection open doesn't delay the stop.
    assert_eq!(server.get("/customers").await.status, 200);
    let bodies: Vec<_> = (0..8)
        .map(|number| customer(&format!("c{number}")).to_string())
        .collect();
    let mut begun = Vec::new();
    for body in &bodies {
        begun.push((begin(&server, body).await, &body[body.len() / 2..]));
    }

    server.signal(signal);
    let origin = server.origin.clone();
    let address = origin.trim_start_matches("http://").to_owned();
    eventually("new connections are refused", async || {
        tokio::net::TcpStream::connect(&address).await.err()
    })
    .await;
    for (connection, rest) in &mut begun {
        connection.send(rest).await;
        let answer = connection.answer(true).await;
        assert_eq!(answer.status, 201, "{answer:?}");
    }
    let answered = Instant::now();
    let ended = server.ended().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(
        answered.elapsed() < Duration::from_secs(3),
        "{:?}",
        answered.elapsed()
    );
    assert!(ended.stderr.contains("stopped"), "{ended:?}");

    let server = installation.start().await;
    let customers = server.get("/customers").await;
    assert_eq!(customers.json["count"], 8, "{customers:?}");
}

#[tokio::test]
async fn sigterm_finishes_what_was_accepted() {
    assert_finishes_what_was_accepted("TERM").await;
}

#[tokio::test]
async fn sigint_finishes_what_was_accepted() {
    assert_finishes_what_was_accepted("INT").await;
}

#[tokio::test]
async fn a_request_that_never_ends_does_not_hold_up_the_stop_for_ever() {
    let installation = installation();
    let mut command = installation.command(&[]);
    command.env("SHUTDOWN_TIMEOUT_MS", "1000");
    let server = installation.start_as(command).await;
    let _connection = begin(&server, &customer("dana").to_string()).await;
    let signalled = Instant::now();
    let ended = server.stop().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(
        signalled.elapsed() < Duration::from_secs(4),
        "{:?}",
        signalled.elapsed()
    );
}

/// What the server acknowledged, by path.
type Acknowledged = Arc<Mutex<HashMap<String, Value>>>;

/// Creates customers and appointments that don't conflict, until the server is gone.
async fn write_until_the_end(requests: impl Fn(&str) -> RequestBuilder, writer: String, done: Acknowledged) {
    let create = async |path: &str, body: Value| {
        let response = requests(path).json(&body).send().await.ok()?;
        let status = response.status().as_u16();
        let answer: Value = response.json().await.ok()?;
        assert_eq!(status, 201, "{answer}");
        Some(answer)
    };
    for minute in 0..24 * 60 {
        let name = format!("{writer}-{minute}");
        let Some(answer) = create("/customers", customer(&name)).await else {
            return;
        };
        let path = format!("/customers/{name}@example.com");
        done.lock().unwrap().insert(path, answer["customer"].clone());

        let body = json!({
            "customerEmail": format!("{name}@example.com"),
            "date": day_of(&writer),
            "time": format!("{:02}:{:02}", minute / 60, minute % 60),
            "duration": 1,
            "serviceType": "lesson",
        });
        let Some(answer) = create("/appointments", body).await else {
            return;
        };
        let appointment = &answer["appointment"];
        let path = format!("/appointments/{}", appointment["id"].as_str().unwrap());
        done.lock().unwrap().insert(path, appointment.clone());
    }
}

/// A day for each writer alone: `r1w7` has 7 January 2001.
fn day_of(writer: &str) -> String {
    let (round, writer) = writer[1..].split_once('w').unwrap();
    format!("200{round}-01-{:02}", 1 + writer.parse::<u32>().unwrap())
}

/// All resources of a kind, by path.
async fn everything(server: &Server, kind: &str, name: impl Fn(&Value) -> &Value) -> HashMap<String, Value> {
    let mut all = HashMap::new();
    let mut cursor = String::new();
    loop {
        let page = server.get(&format!("/{kind}?limit=500{cursor}")).await;
        assert_eq!(page.status, 200, "{page:?}");
        for resource in page.json[kind].as_array().unwrap() {
            let path = format!("/{kind}/{}", name(resource).as_str().unwrap());
            all.insert(path, resource.clone());
        }
        match page.json["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

async fn assert_all_there(server: &Server, acknowledged: &HashMap<String, Value>) {
    let mut all = everything(server, "customers", |customer| &customer["email"]).await;
    all.extend(everything(server, "appointments", |appointment| &appointment["id"]).await);
    for (path, resource) in acknowledged {
        assert_eq!(all.get(path), Some(resource), "{path} was acknowledged");
    }
}

#[tokio::test]
async fn what_was_acknowledged_outlives_a_kill() {
    let installation = installation();
    let acknowledged = Acknowledged::default();
    let mut expected = 0;
    for (round, writes) in [(1, 3), (2, 40), (3, 150)] {
        let mut command = installation.command(&[]);
        command.env("RATE_LIMIT_ENABLED", "false");
        let server = Arc::new(installation.start_as(command).await);
        let writers: Vec<_> = (0..8)
            .map(|writer| {
                let sender = server.clone();
                let requests = move |path: &str| sender.request(Method::POST, path);
                let name = format!("r{round}w{writer}");
                tokio::spawn(write_until_the_end(requests, name, acknowledged.clone()))
            })
            .collect();
        expected += writes;
        eventually("enough writes", async || {
            (acknowledged.lock().unwrap().len() >= expected).then_some(())
        })
        .await;
        server.signal("KILL");
        for writer in writers {
            writer.await.unwrap();
        }
        let ended = Arc::into_inner(server).unwrap().ended().await;
        assert_eq!(ended.code, None, "{ended:?}");
        expected = acknowledged.lock().unwrap().len();

        let server = installation.start().await;
        let acknowledged = acknowledged.lock().unwrap().clone();
        assert_all_there(&server, &acknowledged).await;
        server.signal("KILL");
        server.ended().await;
    }
}

#[tokio::test]
async fn customers_stay_in_the_order_of_their_creation_across_restarts() {
    let installation = installation();
    let names = ["a", "b", "c", "d", "e", "f"];
    for name in names {
        // The server starts several times a second.
        let server = installation.start().await;
        assert_eq!(server.post("/customers", customer(name)).await.status, 201);
        assert_eq!(server.stop().await.code, Some(0));
    }
    let customers = installation.start().await.get("/customers").await;
    let listed: Vec<_> = customers.json["customers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|customer| customer["name"].as_str().unwrap())
        .collect();
    assert_eq!(listed, names);
}

#[tokio::test]
async fn a_full_disk_refuses_writes_and_loses_nothing() {
    let installation = installation();
    // Limits files to 1 MiB (POSIX counts in blocks of 512 bytes). Without the trap, the signal would kill the server.
    let server = installation
        .start_as(installation.shell("trap '' XFSZ; ulimit -f 2048; exec \"$0\""))
        .await;
    let mut acknowledged = HashMap::new();
    let refused = 'refused: {
        for number in 0..2000 {
            let mut body = customer(&format!("c{number}"));
            body["notes"] = json!("n".repeat(5000));
            let answer = server.post("/customers", body).await;
            if answer.status != 201 {
                break 'refused answer;
            }
            acknowledged.insert(
                format!("/customers/c{number}@example.com"),
                answer.json["customer"].clone(),
            );
        }
        panic!("a megabyte holds no 2000 customers of 5 kB");
    };
    assert_unavailable(&refused);
    assert!(acknowledged.len() > 5, "{}", acknowledged.len());

    // Reads still work. Other writes are refused in the same way, even many at once.
    assert_all_there(&server, &acknowledged).await;
    let writes: Vec<_> = (0..8)
        .map(|number| {
            let mut body = customer(&format!("d{number}"));
            body["notes"] = json!("n".repeat(5000));
            tokio::spawn(Answer::to(server.request(Method::POST, "/customers").json(&body)))
        })
        .collect();
    for write in writes {
        assert_unavailable(&write.await.unwrap());
    }
    assert_all_there(&server, &acknowledged).await;

    // The log tells the cause.
    let id = refused.header("x-request-id").unwrap();
    let log = server.log();
    let line = log.lines().find(|line| line.contains(id)).unwrap();
    assert!(line.contains("ERROR"), "{line}");
    assert!(
        line.contains("disk I/O error") || line.contains("disk is full"),
        "{line}"
    );

    server.signal("KILL");
    server.ended().await;
    let server = installation.start().await;
    assert_all_there(&server, &acknowledged).await;
    assert_eq!(server.post("/customers", customer("dana")).await.status, 201);
}

/// Asserts that the answer blames a busy or faulty disk and invites a retry.
fn assert_unavailable(answer: &Answer) {
    answer.assert_error(503, "UNAVAILABLE", "The service is temporarily unavailable");
    let seconds: u32 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!(seconds > 0);
    // Like every answer.
    let mut missing = vec![
        "ratelimit",
        "ratelimit-policy",
        "x-content-type-options",
        "referrer-policy",
        "content-security-policy",
        "cache-control",
    ];
    missing.retain(|&name| answer.header(name).is_none());
    assert_eq!(missing, [""; 0], "{answer:?}");
}

#[tokio::test]
async fn a_start_on_a_full_disk_is_told() {
    let installation = installation();
    let started = ended(installation.shell("trap '' XFSZ; ulimit -f 16; exec \"$0\"")).await;
    assert_eq!(
        (started.code, started.stdout.as_str()),
        (Some(1), ""),
        "{started:?}"
    );
    assert!(started.stderr.contains("chatgrow.db"), "{started:?}");
    assert!(!started.stderr.contains("panicked"), "{started:?}");

    // Once there is space, the server makes a normal first start.
    let server = installation.start().await;
    assert_eq!(server.get("/customers").await.status, 200);
}

/// A connection of another process to the database. It waits for locks, because the server also writes at its own
/// times, for example the last uses of keys.
fn another_process(database: &Path) -> SqliteConnection {
    let mut connection = SqliteConnection::establish(database.to_str().unwrap()).unwrap();
    connection.batch_execute("PRAGMA busy_timeout = 30000").unwrap();
    connection
}

/// A write transaction of another process, such as a back-up or an operator.
struct WriteLock(SqliteConnection);

impl WriteLock {
    fn on(database: &Path) -> Self {
        let mut connection = another_process(database);
        connection.batch_execute("BEGIN IMMEDIATE").unwrap();
        Self(connection)
    }

    fn release(mut self) {
        self.0.batch_execute("ROLLBACK").unwrap();
    }
}

#[tokio::test]
async fn a_short_lock_of_another_process_is_waited_out() {
    let installation = installation();
    let server = installation.start().await;
    let lock = WriteLock::on(&installation.path("chatgrow.db"));
    let request = server.request(Method::POST, "/customers").json(&customer("dana"));
    let write = tokio::spawn(Answer::to(request));
    // Reads still work.
    for _ in 0..20 {
        assert_eq!(server.get("/customers").await.json["count"], 0);
    }
    assert!(!write.is_finished());
    lock.release();
    assert_eq!(write.await.unwrap().status, 201);
}

#[tokio::test]
async fn a_long_lock_of_another_process_refuses_writes_but_not_repetitions() {
    let installation = installation();
    let server = installation.start().await;
    let noa = || {
        let request = server.request(Method::POST, "/customers").json(&customer("noa"));
        Answer::to(request.header("Idempotency-Key", "noa"))
    };
    let first = noa().await;
    assert_eq!(first.status, 201);
    let lock = WriteLock::on(&installation.path("chatgrow.db"));
    let (refused, again) = tokio::join!(server.post("/customers", customer("dana")), noa());
    assert_unavailable(&refused);
    assert_eq!((again.status, again.text), (201, first.text));
    assert_eq!(server.get("/customers").await.json["count"], 1);
    let log = server.log();
    let id = refused.header("x-request-id").unwrap();
    let line = log.lines().find(|line| line.contains(id)).unwrap();
    assert!(line.contains("database is locked"), "{line}");
    lock.release();
    assert_eq!(server.post("/customers", customer("dana")).await.status, 201);
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_given_up() {
    let installation = installation();
    let mut command = installation.command(&[]);
    command.envs([("REQUEST_TIMEOUT_MS", "400"), ("CORS_ALLOWED_ORIGINS", "*")]);
    let server = installation.start_as(command).await;
    let lock = WriteLock::on(&installation.path("chatgrow.db"));
    let started = Instant::now();
    let post = server.request(Method::POST, "/customers").json(&customer("dana"));
    let refused = Answer::to(post.header("Origin", "https://page.example")).await;
    assert!(
        (400..5000).contains(&started.elapsed().as_millis()),
        "{:?}",
        started.elapsed()
    );
    lock.release();
    let id = refused.header("x-request-id").unwrap();
    let log = eventually("the request is logged", async || {
        Some(server.log()).filter(|log| log.contains(id))
    })
    .await;
    let line = log.lines().find(|line| line.contains(id)).unwrap();
    for part in [
        "timed out",
        "method=POST",
        "status=503",
        "route=\"/api/webhooks/customers\"",
        "account=",
    ] {
        assert!(line.contains(part), "no {part}: {line}");
    }
    // A retry succeeds, whatever became of the first request.
    let put = server.request(Method::PUT, "/customers/dana@example.com");
    let answer = Answer::to(put.json(&customer("dana"))).await;
    assert!([200, 201].contains(&answer.status), "{answer:?}");
    assert_eq!(
        refused.header("access-control-allow-origin"),
        Some("*"),
        "{refused:?}"
    );
    assert_unavailable(&refused);
}

/// Requests with data that must not appear in the log, with the status of their answers and the route that the log
/// shows.
fn telling_requests(server: &Server) -> [(u16, Option<&'static str>, RequestBuilder); 11] {
    let url = |path: &str| format!("{}{path}", server.origin);
    let body = json!({ "name": "Zebulun Secretive", "email": "zebulun@example.com", "phone": "050-7654321", "notes": "hush-hush" });
    [
        (
            201,
            Some("/api/webhooks/customers"),
            server.request(Method::POST, "/customers").json(&body),
        ),
        (
            409,
            Some("/api/webhooks/customers"),
            server.request(Method::POST, "/customers").json(&body),
        ),
        (
            400,
            Some("/api/webhooks/customers"),
            server
                .request(Method::POST, "/customers")
                .body("{\"name\": hush-hush"),
        ),
        (
            400,
            Some("/api/webhooks/customers"),
            server.request(Method::GET, "/customers?limit=hush-hush"),
        ),
        (
            200,
            Some("/api/webhooks/customers/{email}"),
            server.request(Method::GET, "/customers/zebulun@example.com"),
        ),
        (
            200,
            Some("/api/webhooks/customers/{email}"),
            server.request(Method::GET, "/customers/zebulun%40example.com"),
        ),
        (
            200,
            Some("/api/webhooks/appointments"),
            server.request(Method::GET, "/appointments?customerEmail=zebulun@example.com"),
        ),
        (
            404,
            Some("/api/webhooks"),
            server.request(Method::GET, "/nowhere/zebulun@example.com?x=hush-hush"),
        ),
        (
            401,
            Some("/api/webhooks"),
            server
                .client
                .get(url("/api/webhooks/customers"))
                .header("X-API-Key", "cg_live_hush-hush"),
        ),
        (200, Some("/health/live"), server.client.get(url("/health/live"))),
        (404, None, server.client.get(url("/hush-hush"))),
    ]
}

#[tokio::test]
async fn the_json_log_has_a_line_a_request_and_no_secret() {
    let installation = installation();
    let mut command = installation.command(&[]);
    // Logs as much as possible.
    command.envs([("LOG_FORMAT", "json"), ("LOG_LEVEL", "trace")]);
    let server = installation.start_as(command).await;
    let mut expected = Vec::new();
    for (status, route, request) in telling_requests(&server) {
        let answer = Answer::to(request).await;
        assert_eq!(answer.status, status, "{answer:?}");
        expected.push((answer, route));
    }
    let key = server.key.clone();
    let ended = server.stop().await;

    let lines: Vec<Value> = ended
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    let logged: Vec<_> = lines.iter().filter(|line| line["message"] == "request").collect();
    assert_eq!(logged.len(), expected.len(), "{logged:?}");
    let account = &logged[0]["account"];
    assert_eq!(account.as_str().unwrap().len(), 24);
    for (line, (answer, route)) in logged.iter().zip(expected) {
        assert_eq!(
            line["request_id"],
            answer.header("x-request-id").unwrap(),
            "{line}"
        );
        assert_eq!(line["status"], answer.status, "{line}");
        assert_eq!(line["route"].as_str(), route, "{line}");
        assert!(
            ["GET", "POST"].contains(&line["method"].as_str().unwrap()),
            "{line}"
        );
        assert!(
            line["latency_ms"].as_f64().is_some_and(|latency| latency > 0.0),
            "{line}"
        );
        assert!(
            line["timestamp"].is_string() && line["level"].is_string(),
            "{line}"
        );
        let authenticated = answer.headers["content-type"] == "application/json"
            && answer
                .header("ratelimit-policy")
                .is_some_and(|policy| policy.contains("default"));
        assert_eq!(line.get("account"), authenticated.then_some(account), "{line}");
    }
    for secret in [
        &key[8..],
        "cg_live_",
        "zebulun",
        "Zebulun",
        "Secretive",
        "@example.com",
        "%40",
        "7654321",
        "hush",
        "limit=",
        "customerEmail",
        "nowhere",
    ] {
        let leak = ended.stderr.lines().find(|line| line.contains(secret));
        assert_eq!(leak, None, "{secret}");
    }
}

#[tokio::test]
async fn what_another_process_writes_is_seen_at_once() {
    let installation = installation();
    let server = installation.start().await;
    let event = server.event(None).await;
    let mut other = another_process(&installation.path("chatgrow.db"));
    for number in 0..20 {
        let update = format!("UPDATE events SET title = 'title {number}', version = version + 1");
        other.batch_execute(&update).unwrap();
        // On each of the server's threads.
        for _ in 0..4 {
            let stranger = reqwest::Client::new();
            for path in ["/events", &event] {
                let request = stranger.get(format!("{}/api/webhooks{path}", server.origin));
                let answer = Answer::to(request.header("X-API-Key", &server.key)).await;
                assert!(answer.text.contains(&format!("title {number}")), "{answer:?}");
            }
        }
    }
}
