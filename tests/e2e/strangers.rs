//! Clients without a key: they block nobody, fill neither memory nor log, and see nothing.
//!
//! With `ATTACK=full` the attacks have realistic sizes (`just attack`). They run against whichever binary is under
//! test.

use e2e::{
    Answer, TestApp,
    binary::{Connection, Installation, Server, eventually},
    settings,
};
use reqwest::{Client, Method};
use serde_json::json;
use std::{
    env,
    net::{IpAddr, Ipv4Addr},
    time::{Duration, Instant},
};

pub(crate) fn installation() -> Installation {
    Installation::new(env!("CARGO_BIN_EXE_chatgrow-under-test"))
}

pub(crate) async fn start(installation: &Installation, variables: &[(&str, &str)]) -> Server {
    let mut command = installation.command(&[]);
    command.envs(variables.iter().copied());
    installation.start_as(command).await
}

/// The size of an attack: `small` in `cargo test`, `full` in `just attack`.
pub(crate) fn scale(small: usize, full: usize) -> usize {
    match env::var("ATTACK").as_deref() {
        Ok("full") => full,
        _ => small,
    }
}

/// The time of the slowest of a hundred well-behaved requests. Each has its own connection, which the server must
/// accept.
pub(crate) async fn slowest_honest(server: &Server, key: &str) -> Duration {
    let mut slowest = Duration::ZERO;
    for _ in 0..100 {
        let started = Instant::now();
        let request = Client::new().get(format!("{}/api/webhooks/customers", server.origin));
        let answer = Answer::to(request.header("X-API-Key", key)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        slowest = slowest.max(started.elapsed());
    }
    slowest
}

/// The largest answer that a client can get without a key.
const SCRIPT: &str = "/api-docs/swagger-ui-bundle.js";
const GET_SCRIPT: &str = "GET /api-docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n";

/// Raises the limit on open files for the test's own sockets.
fn allow_files(count: usize) {
    let files = rlimit::increase_nofile_limit(count as u64 + 512).unwrap();
    assert!(files >= count as u64 + 512, "ulimit -n is {files}");
}

/// A connection on which one request was answered and a second one has begun, for which actix itself has no time-out.
/// Returns `None` if the server refuses the connection.
async fn second_head(from: IpAddr, origin: &str) -> Option<Connection> {
    let mut connection = Connection::from(from, origin).await;
    let sent = connection
        .try_send("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\nG")
        .await;
    let told = connection.try_read_until("ok\"}").await;
    (sent && told.is_some()).then_some(connection)
}

fn address(number: usize) -> IpAddr {
    Ipv4Addr::new(127, 0, 1, u8::try_from(number).unwrap()).into()
}

#[tokio::test]
async fn the_second_head_of_a_connection_has_its_deadline() {
    let app = TestApp::start().await;
    let began = Instant::now();
    let mut connection = second_head(Ipv4Addr::LOCALHOST.into(), &app.origin)
        .await
        .unwrap();
    while !connection.is_closed().await {
        assert!(began.elapsed() < Duration::from_secs(15), "it stays open");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(
        began.elapsed() > Duration::from_secs(5),
        "a slow client has some seconds"
    );
}

/// Half heads from one address only use up that address's share of the connections. From many addresses, they give way
/// to clients that send a request.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_say_nothing_make_room() {
    let (count, addresses) = (scale(600, 10_000), 20);
    allow_files(count);
    let installation = installation();
    // In the small form the limits are small too.
    let (all, per_client) = (scale(500, 10_000).to_string(), scale(50, 1000).to_string());
    let limits = [
        ("MAX_CONNECTIONS", all.as_str()),
        ("MAX_CONNECTIONS_PER_ADDRESS", per_client.as_str()),
        ("RATE_LIMIT_ENABLED", "false"),
    ];
    let server = start(&installation, &limits).await;
    let before = server.memory();

    let mut of_one = Vec::new();
    for _ in 0..count {
        of_one.extend(second_head(address(1), &server.origin).await);
    }
    // A burst is accepted. After a second the oldest connections are closed.
    let standing = eventually("one address has its limit", async || {
        let mut standing = 0;
        for connection in &mut of_one {
            standing += usize::from(!connection.is_closed().await);
        }
        (standing <= per_client.parse::<usize>().unwrap()).then_some(standing)
    })
    .await;
    let beside_one = slowest_honest(&server, &server.key).await;
    drop(of_one);

    let mut of_many = Vec::new();
    for number in 0..count {
        of_many.extend(second_head(address(1 + number % addresses), &server.origin).await);
    }
    // From an address of its own, and from one that the attackers use too.
    let beside_many = slowest_honest(&server, &server.key).await;
    let mut neighbour = Connection::from(address(1), &server.origin).await;
    let began = Instant::now();
    neighbour
        .send("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
        .await;
    assert_eq!(neighbour.answer(true).await.status, 200);
    let slowest = beside_one.max(beside_many).max(began.elapsed());
    assert!(slowest < Duration::from_secs(5), "{slowest:?}");
    eprintln!(
        "{count} half heads from one address: {standing} stand, the slowest of 100 honest requests took {beside_one:?}; from {addresses}: {} let in, {beside_many:?}; memory grew by {} MB",
        of_many.len(),
        server.memory().saturating_sub(before) >> 20
    );
}

/// Requests that are sent ahead while nobody reads the answer are not read. They would take more memory than the
/// answer, and all the time of a processor.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_that_are_sent_ahead_wait_outside() {
    let count = scale(100, 1000);
    allow_files(count);
    let installation = installation();
    let server = start(&installation, &[]).await;
    assert_eq!(
        Answer::to(server.client.get(format!("{}{SCRIPT}", server.origin)))
            .await
            .status,
        200
    );
    // What the server takes for the first requests of any kind doesn't count.
    slowest_honest(&server, &server.key).await;
    let (memory, time) = (server.memory(), server.processor_time());
    let ahead = "A / HTTP/1.1\r\nHost: x\r\n\r\n".repeat(5000);
    let mut unread = Vec::new();
    for _ in 0..count {
        let mut connection = Connection::with_room(4096, address(1), &server.origin).await;
        connection.send(GET_SCRIPT).await;
        connection.read_until("\r\n\r\n").await;
        // The server may read only a part of it.
        let _ = tokio::time::timeout(Duration::from_millis(20), connection.try_send(&ahead)).await;
        unread.push(connection);
    }
    let slowest = slowest_honest(&server, &server.key).await;
    let (memory, time) = (
        server.memory().saturating_sub(memory),
        server.processor_time().saturating_sub(time),
    );
    assert!(
        memory < 200 * 1024 * 1024 * count as u64 / 3000,
        "{} kB each",
        memory / 1024 / count as u64
    );
    assert!(time < Duration::from_millis(1000 + 2 * count as u64), "{time:?}");
    eprintln!(
        "{count} connections with 5 000 requests each behind an unread answer: memory grew by {} MB, {time:?} of a processor; the slowest of 100 honest requests took {slowest:?}",
        memory >> 20
    );
}

/// Connections whose clients have closed their side, and read the answer as slowly as they can, give way too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_closed_downloads_make_room() {
    let installation = installation();
    let limits = [("MAX_CONNECTIONS", "100"), ("MAX_CONNECTIONS_PER_ADDRESS", "20")];
    let server = start(&installation, &limits).await;
    let mut unread = Vec::new();
    for _ in 0..130 {
        let mut connection = Connection::with_room(4096, address(1), &server.origin).await;
        if connection.try_send(GET_SCRIPT).await {
            connection.end().await;
        }
        unread.push(connection);
    }
    let slowest = slowest_honest(&server, &server.key).await;
    assert!(slowest < Duration::from_secs(5), "{slowest:?}");
}

/// The server doesn't close a connection that makes progress: a download goes on while other connections stall.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_honest_download_is_not_the_one_to_go() {
    let installation = installation();
    let limits = [("MAX_CONNECTIONS", "60"), ("MAX_CONNECTIONS_PER_ADDRESS", "20")];
    let server = start(&installation, &limits).await;
    let mut download = Connection::with_room(65_536, Ipv4Addr::LOCALHOST.into(), &server.origin).await;
    download.send(GET_SCRIPT).await;
    let head = download.read_until("\r\n\r\n").await;
    let length: usize = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok())
        .unwrap();
    let downloading = tokio::spawn(async move {
        let mut received = 0;
        while received < length {
            received += download.read_some().await;
            // A few hundred kilobytes per second.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        received
    });
    let (mut standing, began) = (Vec::new(), Instant::now());
    for number in 0.. {
        if began.elapsed() > Duration::from_secs(4) || downloading.is_finished() {
            break;
        }
        standing.extend(second_head(address(1 + number % 20), &server.origin).await);
    }
    assert_eq!(downloading.await.unwrap(), length);
}

/// Bodies that are served to everybody are shared, so an answer that nobody reads takes only a few pages of memory.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_nobody_reads_take_little_memory() {
    let count = scale(300, 3000);
    allow_files(count);
    let installation = installation();
    let server = start(&installation, &[("MAX_CONNECTIONS_PER_ADDRESS", "10000")]).await;
    assert_eq!(
        Answer::to(server.client.get(format!("{}{SCRIPT}", server.origin)))
            .await
            .status,
        200
    );
    let before = server.memory();
    let mut unread = Vec::new();
    for _ in 0..count {
        let mut connection = Connection::with_room(4096, address(1), &server.origin).await;
        connection.send(GET_SCRIPT).await;
        // The head has arrived, so the body is on its way.
        connection.read_until("\r\n\r\n").await;
        unread.push(connection);
    }
    let slowest = slowest_honest(&server, &server.key).await;
    let grown = server.memory().saturating_sub(before);
    assert!(
        grown < 200 * 1024 * 1024 * count as u64 / 3000,
        "{} kB each",
        grown / 1024 / count as u64
    );
    eprintln!(
        "{count} unread answers of 1.5 MB: memory grew by {} MB; the slowest of 100 honest requests took {slowest:?}",
        grown >> 20
    );
}

/// A proxy that restricts a path goes by its spelling, so no other spelling may reach the same page.
#[tokio::test]
async fn a_path_outside_of_the_api_is_not_found_in_disguise() {
    let app = TestApp::start().await;
    for path in [
        "/%6detrics",
        "/%6Detrics",
        "/health/%6cive",
        "/%61pi-docs/",
        "/api-docs/%69ndex.html",
        "/%61pi/webhooks/customers",
    ] {
        let mut connection = Connection::to(&app.origin).await;
        let head = format!("GET {path} HTTP/1.1\r\nHost: x\r\nX-API-Key: {}\r\n\r\n", app.key);
        connection.send(head).await;
        let answer = connection.answer(true).await;
        answer.assert_error(404, "NOT_FOUND", "Path not found");
    }
}

#[tokio::test]
async fn metrics_are_for_this_machine_only_unless_they_are_public() {
    let installation = installation();
    let server = start(&installation, &[]).await;
    let ask = |server: &Server| server.client.get(format!("{}/metrics", server.origin));
    assert_eq!(Answer::to(ask(&server)).await.status, 200);
    for (name, value) in [
        ("X-Forwarded-For", "192.0.2.1"),
        ("Forwarded", "for=192.0.2.1"),
        ("X-Real-IP", "127.0.0.1"),
        ("Via", "1.1 proxy"),
    ] {
        let answer = Answer::to(ask(&server).header(name, value)).await;
        answer.assert_error(404, "NOT_FOUND", "Path not found");
    }
    server.stop().await;
    let server = start(&installation, &[("METRICS_PUBLIC", "true")]).await;
    assert_eq!(
        Answer::to(ask(&server).header("Via", "1.1 proxy")).await.status,
        200
    );
}

/// Probes have their own address.
#[tokio::test]
async fn health_is_told_where_the_metrics_are() {
    let installation = installation();
    let server = start(&installation, &[("METRICS_ADDR", "127.0.0.1:0")]).await;
    let log = server.log();
    let (_, address) = log.split_once("metrics addresses=[").unwrap();
    let (address, _) = address.split_once(']').unwrap();
    for path in ["/health/live", "/health/ready", "/metrics"] {
        let answer = Answer::to(server.client.get(format!("http://{address}{path}"))).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
    }
    let docs = Answer::to(server.client.get(format!("http://{address}/api-docs/"))).await;
    docs.assert_error(404, "NOT_FOUND", "Path not found");
    // A probe that keeps its connection open is not disconnected.
    let mut probe = Connection::to(&format!("http://{address}")).await;
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(12) {
        probe.send("HEAD /health/live HTTP/1.1\r\nHost: x\r\n\r\n").await;
        assert_eq!(probe.answer(false).await.status, 200);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

#[tokio::test]
async fn no_stranger_makes_a_line_of_the_log_long() {
    let installation = installation();
    let server = start(&installation, &[("LOG_LEVEL", "trace")]).await;
    let many = "X".repeat(40_000);
    let mut connection = Connection::to(&server.origin).await;
    connection
        .send(format!("{many} /nowhere HTTP/1.1\r\nHost: x\r\n\r\n"))
        .await;
    connection.read_until("\r\n").await;
    for (name, length) in [
        ("X-Request-Id", 8000),
        ("traceparent", 8000),
        ("User-Agent", 8000),
        ("X-API-Key", 8000),
    ] {
        let request = server
            .client
            .get(format!("{}/api/webhooks/{}", server.origin, &many[..4000]));
        let status = Answer::to(request.header(name, &many[..length])).await.status;
        assert!([401, 431].contains(&status), "{status}");
    }
    let log = eventually("the requests are logged", async || {
        Some(server.log()).filter(|log| log.matches(" request ").count() >= 5)
    })
    .await;
    let longest = log.lines().map(str::len).max();
    assert!(longest < Some(1000), "{longest:?}");
}

/// The client's address is taken from the configured header of the trusted proxy, and from nobody else.
#[tokio::test]
async fn failures_count_for_the_client_behind_a_trusted_proxy() {
    let installation = installation();
    let variables = [
        ("TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8"),
        ("RATE_LIMIT_AUTH_FAILURES_MAX", "2"),
    ];
    let server = start(&installation, &variables).await;
    let guess = async |forwarded: &str| {
        let request = server
            .client
            .get(format!("{}/api/webhooks/customers", server.origin));
        Answer::to(
            request
                .header("X-API-Key", "guess")
                .header("X-Forwarded-For", forwarded),
        )
        .await
        .status
    };
    for (forwarded, status) in [
        ("192.0.2.1", 401),
        ("198.51.100.9, 192.0.2.1", 401),
        ("192.0.2.1, 10.1.2.3", 429),
        ("192.0.2.2", 401),
    ] {
        assert_eq!(guess(forwarded).await, status, "{forwarded}");
    }
    let line = eventually("the request is logged", async || {
        let log = server.log();
        log.lines()
            .find(|line| line.contains("client=192.0.2.2"))
            .map(str::to_owned)
    })
    .await;
    assert!(line.contains("status=401"), "{line}");
}

#[tokio::test]
async fn the_documentation_can_be_switched_off_and_keeps_no_key() {
    let mut without = settings();
    without.api_docs = false;
    let app = TestApp::start_with(without).await;
    for path in [
        "/api-docs",
        "/api-docs/",
        "/api-docs/openapi.json",
        "/api-docs/swagger-ui-bundle.js",
    ] {
        let answer = Answer::to(app.client.get(format!("{}{path}", app.origin))).await;
        answer.assert_error(404, "NOT_FOUND", "Path not found");
    }
    assert_eq!(app.get("/customers").await.status, 200);

    let app = TestApp::start().await;
    let initializer = app
        .client
        .get(format!("{}/api-docs/swagger-initializer.js", app.origin));
    let initializer = Answer::to(initializer).await.text;
    assert!(
        initializer.contains("\"persistAuthorization\": false"),
        "{initializer}"
    );
}

#[tokio::test]
async fn a_condition_or_a_key_without_its_quotes_is_refused() {
    let app = TestApp::start().await;
    app.customer("dana@example.com").await;
    let patch = |name: &'static str, value: &'static str| {
        let request = app.request(Method::PATCH, "/customers/dana@example.com");
        Answer::to(request.header(name, value).json(&json!({ "phone": "1" })))
    };
    for value in ["1", "\"", "\"a", "'a'", "\"a\" \"b\""] {
        patch("If-Match", value).await.assert_invalid(&["If-Match"]);
    }
    for value in ["\"", "\"a", "\"\"", ""] {
        patch("Idempotency-Key", value)
            .await
            .assert_invalid(&["Idempotency-Key"]);
    }
    assert_eq!(patch("Idempotency-Key", "\"a\"").await.status, 200);
    assert_eq!(patch("If-Match", "\"7\"").await.status, 412);
}
