//! The sender against receivers on this machine.

mod addresses;
mod answers;
mod connections;
mod support;
mod tls;

use self::support::{Request, answer, answering, secret, sender_to, webhook};
use chatgrow_domain::{ReceiverUrl, SendFailure};
use chatgrow_ports::WebhookSender;
use hyper::HeaderMap;
use proptest::prelude::*;
use standardwebhooks::Webhook;

/// Verifies a request with the published library, as a receiver does.
fn verified(request: &Request, secret: &chatgrow_domain::WebhookSecret) -> bool {
    let fields = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    let fields: HeaderMap = fields
        .into_iter()
        .map(|name| {
            (
                name.parse().unwrap(),
                request.field(name).unwrap().parse().unwrap(),
            )
        })
        .collect();
    let verifier = Webhook::new(&secret.reveal()).unwrap();
    verifier.verify(&request.body, &fields).is_ok()
}

#[tokio::test]
async fn a_webhook_is_sent_as_the_standard_says() {
    let (receiver, requests) = answering(answer("201 Created", b"thanks")).await;
    let (sender, _) = sender_to(receiver);
    let webhook = webhook("http://receiver.example:8080/hooks/a%20b?c=d");
    let sent = sender.send(webhook.clone()).await;
    assert_eq!(sent.outcome, Ok(201));
    assert_eq!(sent.answer.as_deref(), Some("thanks"));
    assert_eq!(sent.retry_after, None);

    let requests = requests.lock().unwrap();
    let [request] = requests.as_slice() else {
        panic!("{requests:?}")
    };
    assert!(
        request.head.starts_with("POST /hooks/a%20b?c=d HTTP/1.1\r\n"),
        "{}",
        request.head
    );
    let timestamp = (webhook.sent_at.as_millis() / 1000).to_string();
    for (name, value) in [
        ("host", "receiver.example:8080"),
        ("content-type", "application/json"),
        ("user-agent", concat!("ChatGrow/", env!("CARGO_PKG_VERSION"))),
        ("webhook-id", webhook.id.as_str()),
        ("webhook-timestamp", timestamp.as_str()),
    ] {
        assert_eq!(request.field(name), Some(value), "{name}");
    }
    for name in [
        "accept-encoding",
        "authorization",
        "cookie",
        "referer",
        "transfer-encoding",
    ] {
        assert_eq!(request.field(name), None, "{name}");
    }
    assert_eq!(request.body, webhook.body);
    assert!(verified(request, &secret(1)));
    assert!(!verified(request, &secret(2)));
}

#[tokio::test]
async fn during_a_rotation_each_secret_verifies() {
    let (receiver, requests) = answering(answer("200 OK", b"")).await;
    let (sender, _) = sender_to(receiver);
    let mut webhook = webhook("http://receiver.example/");
    webhook.secrets = vec![secret(2), secret(1)];
    assert_eq!(sender.send(webhook.clone()).await.outcome, Ok(200));
    webhook.secrets = vec![secret(2)];
    assert_eq!(sender.send(webhook).await.outcome, Ok(200));

    let requests = requests.lock().unwrap();
    let verified = |request: usize| [1, 2].map(|byte| verified(&requests[request], &secret(byte)));
    assert_eq!(verified(0), [true, true]);
    assert_eq!(verified(1), [false, true]);
    // The newest comes first, for receivers that look at one only.
    let signatures = requests[0].field("webhook-signature").unwrap();
    let newest = requests[1].field("webhook-signature").unwrap();
    assert!(!newest.contains(' '));
    assert_eq!(signatures.split(' ').count(), 2);
}

#[tokio::test]
async fn an_id_that_could_break_the_request_is_refused() {
    let (receiver, requests) = answering(answer("200 OK", b"")).await;
    let (sender, fake) = sender_to(receiver);
    for id in ["", "a.b", "a b", "a\r\nx: y", "א"] {
        let mut webhook = webhook("http://receiver.example/");
        webhook.id = id.to_owned();
        let sent = sender.send(webhook).await;
        assert_eq!(sent.outcome, Err(SendFailure::InvalidRequest), "{id}");
    }
    assert_eq!(fake.connected(), "");
    assert!(requests.lock().unwrap().is_empty());
}

proptest! {
    /// HTTP knows every URL that the domain accepts.
    #[test]
    fn every_url_can_be_called(text in "https?://[a-z0-9.\\-\\[\\]:%_{}'\"]{1,20}[/?]\\PC{0,20}") {
        if let Ok(url) = ReceiverUrl::stored(&text) {
            let mut webhook = webhook("https://example.com/");
            webhook.url = url.clone();
            let request = crate::request(webhook);
            let uri = request.map(|request| request.uri().clone());
            let host = uri.as_ref().ok().and_then(hyper::Uri::host);
            let host = host.map(|host| host.trim_matches(['[', ']']));
            prop_assert!(host.is_some(), "{}", url.as_str());
            // The client sees the same address as the domain did.
            prop_assert_eq!(host.unwrap().parse().ok(), url.host_address());
        }
    }
}
