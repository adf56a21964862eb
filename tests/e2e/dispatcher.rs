//! Webhooks that the real binary sends.

use e2e::{
    ApiClient,
    binary::{Installation, Server, ended, eventually},
    race,
    receiver::{Hook, Reaction, Receiver},
};
use reqwest::{Method, RequestBuilder};
use rstest::rstest;
use serde_json::json;
use std::{collections::BTreeSet, fs, ops::Range};

/// What a server needs to send webhooks to receivers on this machine, whatever its database is.
pub(crate) const WEBHOOKS: [(&str, &str); 3] = [
    ("WEBHOOK_ALLOW_HTTP", "true"),
    ("WEBHOOK_ALLOW_CIDRS", "127.0.0.0/8"),
    ("SECRETS_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
];

fn installation() -> Installation {
    Installation::new(env!("CARGO_BIN_EXE_chatgrow-under-test"))
}

async fn start(installation: &Installation, url: &str) -> Server {
    let mut command = installation.command(&[]);
    command
        .envs([("DATABASE_URL", url), ("RATE_LIMIT_ENABLED", "false")])
        .envs(WEBHOOKS);
    installation.start_as(command).await
}

async fn subscribe(server: &ApiClient, receiver: &Receiver, path: &str) {
    let body = json!({ "url": receiver.url(path), "types": ["customer.created"] });
    let made = server.post("/webhook-endpoints", body).await;
    assert_eq!(made.status, 201, "{made:?}");
}

/// Requests that create customers.
fn creations(server: &ApiClient, numbers: Range<usize>) -> impl Iterator<Item = RequestBuilder> {
    numbers.map(|number| {
        let body = json!({ "name": "Dana", "email": format!("{number}@example.com") });
        server.request(Method::POST, "/customers").json(&body)
    })
}

/// Sends requests at once that each create something.
async fn create(requests: impl Iterator<Item = RequestBuilder>) {
    assert!(race(requests).await.iter().all(|answer| answer.status == 201));
}

async fn customers(server: &ApiClient, numbers: Range<usize>) {
    create(creations(server, numbers)).await;
}

/// Awaits so many different changes at a path.
async fn arrived(receiver: &Receiver, path: &str, count: usize) -> Vec<Hook> {
    eventually("everything has arrived", async || {
        let hooks = receiver.hooks(path);
        let ids: BTreeSet<_> = hooks.iter().map(|hook| &hook.id).collect();
        (ids.len() == count).then_some(hooks)
    })
    .await
}

#[rstest]
#[case::two(2)]
#[case::three(3)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_share_the_lanes_and_send_nothing_twice(#[case] count: usize) {
    let Some(url) = throwaway_postgres::new_database().await else {
        return;
    };
    let installation = installation();
    let mut servers = Vec::new();
    for _ in 0..count {
        servers.push(start(&installation, &url).await);
    }
    let receiver = Receiver::start();
    let paths = ["/one", "/two", "/three"];
    for path in paths {
        subscribe(&servers[0], &receiver, path).await;
    }
    for part in 0..5 {
        let of_each = servers.iter().enumerate().flat_map(|(which, server)| {
            let from = (part * count + which) * 20;
            creations(server, from..from + 20)
        });
        create(of_each).await;
    }
    for path in paths {
        let hooks = arrived(&receiver, path, 100 * count).await;
        assert_eq!(hooks.len(), 100 * count, "something came twice");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stops_loses_nothing_and_sends_nothing_twice() {
    let installation = installation();
    let receiver = Receiver::start();
    let url = "sqlite://chatgrow.db";
    let mut server = start(&installation, url).await;
    subscribe(&server, &receiver, "/hook").await;
    for part in 0..3 {
        customers(&server, part * 100..part * 100 + 100).await;
        let stopped = server.stop().await;
        assert_eq!(stopped.code, Some(0), "{stopped:?}");
        server = start(&installation, url).await;
    }
    assert_eq!(
        arrived(&receiver, "/hook", 300).await.len(),
        300,
        "something came twice"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_hangs_or_fails_delays_nobody() {
    let installation = installation();
    let receiver = Receiver::start();
    receiver.react("/hangs", Reaction::Hang);
    receiver.react("/fails", Reaction::Status(500));
    let server = start(&installation, "sqlite://chatgrow.db").await;
    for path in ["/hangs", "/fails", "/good"] {
        subscribe(&server, &receiver, path).await;
    }
    customers(&server, 0..200).await;
    assert_eq!(arrived(&receiver, "/good", 200).await.len(), 200);
    assert!(
        receiver.hooks("/hangs").len() <= 16,
        "one at a time, but for the first ones"
    );
    // A stop doesn't wait for who hangs longer than a time-out takes.
    server.signal("KILL");
}

/// The status of a reading of the feed, and the cursor behind it.
async fn read_after(server: &ApiClient, cursor: &str) -> (u16, String) {
    let page = server.get(&format!("/changes?after={cursor}")).await;
    let next = page.json["nextCursor"].as_str().unwrap_or_default();
    (page.status, next.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_restore_cursors_have_expired_and_webhooks_go_on() {
    let installation = installation();
    let receiver = Receiver::start();
    let url = "sqlite://chatgrow.db";
    let (database, backup) = (installation.path("chatgrow.db"), installation.path("backup.db"));
    let server = start(&installation, url).await;
    subscribe(&server, &receiver, "/hook").await;
    customers(&server, 0..10).await;
    arrived(&receiver, "/hook", 10).await;
    let (_, before) = read_after(&server, "now").await;
    assert_eq!(server.stop().await.code, Some(0));
    fs::copy(&database, &backup).unwrap();

    let server = start(&installation, url).await;
    customers(&server, 10..20).await;
    arrived(&receiver, "/hook", 20).await;
    let (read, lost) = read_after(&server, &before).await;
    assert_eq!(read, 200);
    assert_eq!(server.stop().await.code, Some(0));
    fs::copy(&backup, &database).unwrap();
    let mut command = installation.command(&["restored"]);
    command.env("DATABASE_URL", url);
    let restored = ended(command).await;
    assert_eq!(restored.code, Some(0), "{restored:?}");

    let server = start(&installation, url).await;
    for cursor in [before, lost] {
        assert_eq!(read_after(&server, &cursor).await.0, 410);
    }
    let (_, anew) = read_after(&server, "now").await;
    customers(&server, 20..30).await;
    assert_eq!(read_after(&server, &anew).await.0, 200);
    arrived(&receiver, "/hook", 30).await;
}

#[tokio::test]
async fn without_a_key_for_secrets_postgres_makes_no_endpoint() {
    let Some(url) = throwaway_postgres::new_database().await else {
        return;
    };
    let installation = installation();
    let mut command = installation.command(&[]);
    command.env("DATABASE_URL", url);
    let server = installation.start_as(command).await;
    let refused = server
        .post("/webhook-endpoints", json!({ "url": "https://example.com" }))
        .await;
    let why = "The server can't keep secrets: its operator must set SECRETS_KEY";
    refused.assert_error(503, "UNAVAILABLE", why);
}
