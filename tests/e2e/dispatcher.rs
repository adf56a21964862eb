//! Webhooks that the real binary sends.

use e2e::{
    ApiClient,
    binary::{Installation, Server, eventually},
    race,
    receiver::{Hook, Reaction, Receiver},
};
use reqwest::Method;
use serde_json::json;
use std::collections::BTreeSet;

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

async fn customers(server: &ApiClient, numbers: std::ops::Range<usize>) {
    let created = numbers.map(|number| {
        let body = json!({ "name": "Dana", "email": format!("{number}@example.com") });
        server.request(Method::POST, "/customers").json(&body)
    });
    assert!(race(created).await.iter().all(|answer| answer.status == 201));
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_share_the_lanes_and_send_nothing_twice() {
    let Some(url) = throwaway_postgres::new_database().await else {
        return;
    };
    let installation = installation();
    let servers = [start(&installation, &url).await, start(&installation, &url).await];
    let receiver = Receiver::start();
    let paths = ["/one", "/two", "/three"];
    for path in paths {
        subscribe(&servers[0], &receiver, path).await;
    }
    for part in 0..5 {
        let (from, middle) = (part * 40, part * 40 + 20);
        tokio::join!(
            customers(&servers[0], from..middle),
            customers(&servers[1], middle..middle + 20)
        );
    }
    for path in paths {
        assert_eq!(
            arrived(&receiver, path, 200).await.len(),
            200,
            "something came twice"
        );
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
        let ended = server.stop().await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
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
