//! Clients that try to block the server: heads that are too large or never end, and answers that nobody reads.

use e2e::{
    Answer, TestApp,
    binary::{Connection, Installation, eventually},
};
use reqwest::Method;
use std::{
    io::ErrorKind,
    time::{Duration, Instant},
};
use tokio::{io::AsyncWriteExt, net::TcpStream, time::timeout};

fn installation() -> Installation {
    Installation::new(env!("CARGO_BIN_EXE_chatgrow-under-test"))
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let app = TestApp::start().await;
    let query = |length: usize| format!("/customers/{}@example.com", "a".repeat(length));
    let answer = Answer::to(app.request(Method::GET, &query(9000))).await;
    answer.assert_error(414, "URI_TOO_LONG", "The path and the query string are too long");
    assert_eq!(
        Answer::to(app.request(Method::GET, &query(4000))).await.status,
        404
    );

    let with_fields = |length: usize| {
        let field = "x".repeat(length);
        app.request(Method::GET, "/customers")
            .header("X-First", &field)
            .header("X-Second", field)
    };
    let answer = Answer::to(with_fields(17_000)).await;
    answer.assert_error(431, "HEADER_FIELDS_TOO_LARGE", "The header fields are too large");
    assert_eq!(Answer::to(with_fields(8000)).await.status, 200);
}

/// If a head doesn't end, the connection is closed before the head fills the memory.
#[tokio::test]
async fn a_head_without_an_end_is_cut_off() {
    let app = TestApp::start().await;
    let address = app.origin.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nX: ").await.unwrap();
    let flood = async {
        let mut sent = 0;
        while stream.write_all(&[b'x'; 8192]).await.is_ok() {
            sent += 8192;
        }
        sent
    };
    let sent = timeout(Duration::from_secs(10), flood)
        .await
        .expect("the server hangs up");
    // On top of what the server reads comes what fits into the buffers of both sockets.
    assert!(sent < 32 << 20, "{sent} bytes");
    assert_eq!(app.get("/customers").await.status, 200);
}

/// Slowloris: 2 000 connections with half a request each. A well-behaved client is still served, and the connections
/// are closed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_open_connections_hold_nobody_up() {
    let files = rlimit::increase_nofile_limit(8192).unwrap();
    let count = usize::try_from(files.saturating_sub(512)).unwrap().min(2000);
    let installation = installation();
    let mut command = installation.command(&[]);
    command.env("MAX_CONNECTIONS_PER_ADDRESS", "10000");
    let server = installation.start_as(command).await;
    let mut half_open = Vec::new();
    for _ in 0..count {
        let mut connection = Connection::to(&server.origin).await;
        connection
            .send("POST /api/webhooks/customers HTTP/1.1\r\nHost: x\r\nX-Slow: ")
            .await;
        half_open.push(connection);
    }
    let mut slowest = Duration::ZERO;
    for _ in 0..100 {
        let started = Instant::now();
        // Each request has its own connection, which the server must accept.
        let honest = reqwest::Client::new();
        let request = honest.get(format!("{}/api/webhooks/customers", server.origin));
        assert_eq!(
            Answer::to(request.header("X-API-Key", &server.key)).await.status,
            200
        );
        slowest = slowest.max(started.elapsed());
    }
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    for connection in &mut half_open {
        let told = connection.read_until("\r\n").await;
        assert!(told.starts_with("HTTP/1.1 408 "), "{told}");
    }
    eprintln!("{count} half-open connections: the slowest of 100 honest requests took {slowest:?}");
}

/// A client that requests a lot and reads nothing loses its connection.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_client_that_never_reads_is_cut_off() {
    let installation = installation();
    let mut command = installation.command(&[]);
    command.env("REQUEST_TIMEOUT_MS", "1000");
    let server = installation.start_as(command).await;
    let stream = TcpStream::connect(server.origin.trim_start_matches("http://"))
        .await
        .unwrap();
    eventually("the server hangs up", async || {
        let asked =
            stream.try_write(&b"GET /api-docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n".repeat(20));
        asked.err().filter(|error| error.kind() != ErrorKind::WouldBlock)
    })
    .await;
}
