//! To which addresses the sender connects.

use super::support::{Fake, PUBLIC, answer, answering, environment, sender_to, settings, webhook};
use crate::Webhooks;
use chatgrow_domain::SendFailure;
use chatgrow_ports::WebhookSender;
use std::time::{Duration, Instant};

/// An answer after which the connection is of no more use.
const LAST: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn a_name_that_moves_inside_is_refused() {
    let (receiver, requests) = answering(LAST).await;
    let fake = Fake::new(receiver, &[PUBLIC, "127.0.0.1"], &[]);
    let sender = Webhooks::within(settings(""), environment(fake.clone()));
    let send = async || sender.send(webhook("http://receiver.example:81/")).await.outcome;
    assert_eq!(send().await, Ok(200));
    // The name was resolved once, and the connection went to what was checked.
    assert_eq!(
        (fake.asked().as_str(), fake.connected().as_str()),
        ("receiver.example", "8.8.8.8:81")
    );
    assert_eq!(send().await, Err(SendFailure::ForbiddenAddress));
    assert_eq!(fake.asked(), "receiver.example receiver.example");
    assert_eq!(fake.connected(), "8.8.8.8:81");
    assert_eq!(requests.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn one_forbidden_address_is_enough() {
    let (receiver, requests) = answering(LAST).await;
    for addresses in [
        "8.8.8.8 127.0.0.1",
        "127.0.0.1 8.8.8.8",
        "8.8.8.8 8.8.4.4 1.1.1.1 9.9.9.9 8.8.8.8 8.8.4.4 1.1.1.1 9.9.9.9 10.0.0.1",
        "2606:4700::1111 ::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "169.254.169.254",
        "fd00:ec2::254",
        "0.0.0.0",
        "::",
    ] {
        let fake = Fake::new(receiver, &[addresses], &[]);
        let sender = Webhooks::within(settings("10.1.0.0/16"), environment(fake.clone()));
        let sent = sender.send(webhook("http://receiver.example/")).await;
        assert_eq!(sent.outcome, Err(SendFailure::ForbiddenAddress), "{addresses}");
        assert_eq!(fake.connected(), "", "{addresses}");
    }
    assert!(requests.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_name_without_addresses_is_not_resolved() {
    let (receiver, _) = answering(LAST).await;
    for answers in [[""].as_slice(), &[]] {
        let fake = Fake::new(receiver, answers, &[]);
        let sender = Webhooks::within(settings(""), environment(fake.clone()));
        let sent = sender.send(webhook("http://receiver.example/")).await;
        assert_eq!(sent.outcome, Err(SendFailure::NameNotResolved));
        assert_eq!(fake.connected(), "");
    }
}

#[tokio::test]
async fn an_address_in_the_url_is_judged_as_well() {
    let (receiver, requests) = answering(LAST).await;
    let (sender, fake) = sender_to(receiver);
    for host in [
        "127.0.0.1",
        "127.0.0.1.",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0X7F.1",
        "0177.0.0.1",
        "017700000001",
        "0x7f.0.0.01",
        "%31%32%37.0.0.1",
        "１２７.0.0.1",
        "127。0。0。1",
        "0",
        "0.0.0.0",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::]",
        "[::127.0.0.1]",
        "[::ffff:127.0.0.1]",
        "[::FFFF:7f00:1]",
        "[64:ff9b::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fe80::1]",
        "[fd00::1]",
        "169.254.169.254",
        "0xa9fea9fe",
    ] {
        for scheme in ["http", "https"] {
            let sent = sender
                .send(webhook(&format!("{scheme}://{host}:{}/", receiver.port())))
                .await;
            assert_eq!(
                sent.outcome,
                Err(SendFailure::ForbiddenAddress),
                "{scheme} {host}"
            );
        }
    }
    assert_eq!((fake.asked(), fake.connected()), (String::new(), String::new()));
    assert!(requests.lock().unwrap().is_empty());

    let sent = sender.send(webhook("http://0x08080808/")).await;
    assert_eq!(sent.outcome, Ok(200));
    assert_eq!(
        (fake.asked().as_str(), fake.connected().as_str()),
        ("", "8.8.8.8:80")
    );
    let sent = sender.send(webhook("http://[2606:4700::1111]/")).await;
    assert_eq!(sent.outcome, Ok(200));
    assert_eq!(fake.connected(), "8.8.8.8:80 [2606:4700::1111]:80");
}

#[tokio::test]
async fn http_needs_permission_at_every_try() {
    let (receiver, _) = answering(LAST).await;
    let fake = Fake::new(receiver, &[PUBLIC], &[]);
    let mut only_https = settings("");
    only_https.allow_http = false;
    let sender = Webhooks::within(only_https, environment(fake.clone()));
    let sent = sender.send(webhook("http://receiver.example/")).await;
    assert_eq!(sent.outcome, Err(SendFailure::ForbiddenHttp));
    assert_eq!((fake.asked(), fake.connected()), (String::new(), String::new()));
}

#[tokio::test]
async fn of_receivers_in_the_operators_networks_no_answer_is_kept() {
    let (receiver, requests) = answering(answer("200 OK", b"internal")).await;
    let fake = Fake::new(receiver, &["127.0.0.1"], &[]);
    let sender = Webhooks::within(settings("127.0.0.0/8"), environment(fake));
    // The second one uses the same connection.
    for host in ["inside.example", "inside.example", "127.0.0.1"] {
        let sent = sender
            .send(webhook(&format!("http://{host}:{}/", receiver.port())))
            .await;
        assert_eq!((sent.outcome, sent.answer), (Ok(200), None), "{host}");
    }
    assert_eq!(requests.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let (inside, requests) = answering(answer("200 OK", b"")).await;
    for status in [
        "301 Moved",
        "302 Found",
        "303 See Other",
        "307 Temporary",
        "308 Permanent",
    ] {
        let redirect =
            format!("HTTP/1.1 {status}\r\nlocation: http://{inside}/secrets\r\ncontent-length: 0\r\n\r\n");
        let (receiver, _) = answering(redirect).await;
        let (sender, fake) = sender_to(receiver);
        let sent = sender.send(webhook("http://receiver.example/")).await;
        assert_eq!(sent.outcome, Ok(status[..3].parse().unwrap()));
        assert_eq!(fake.connected(), "8.8.8.8:80");
    }
    assert!(requests.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_next_address_is_tried_besides_a_silent_one() {
    let (receiver, _) = answering(LAST).await;
    let fake = Fake::new(
        receiver,
        &["2606:4700::1111 8.8.8.8 8.8.4.4"],
        &["2606:4700::1111"],
    );
    let sender = Webhooks::within(settings(""), environment(fake.clone()));
    let sent = sender.send(webhook("http://receiver.example/")).await;
    assert_eq!(sent.outcome, Ok(200));
    assert_eq!(fake.connected(), "[2606:4700::1111]:80 8.8.8.8:80");
}

#[tokio::test]
async fn few_of_many_addresses_are_tried() {
    let many = "8.8.8.8 ".repeat(100);
    // Nobody listens there.
    let nobody = "127.0.0.1:1".parse().unwrap();
    let fake = Fake::new(nobody, &[&many], &[]);
    let sender = Webhooks::within(settings(""), environment(fake.clone()));
    let sent = sender.send(webhook("http://receiver.example/")).await;
    assert_eq!(sent.outcome, Err(SendFailure::CannotConnect));
    assert_eq!(fake.connected().split(' ').count(), 8);
}

#[tokio::test]
async fn a_connection_has_a_time_out_of_its_own() {
    let (receiver, _) = answering(LAST).await;
    let fake = Fake::new(receiver, &[PUBLIC], &[PUBLIC]);
    let mut environment = environment(fake);
    environment.connect_timeout = Duration::from_millis(100);
    let sender = Webhooks::within(settings(""), environment);
    let began = Instant::now();
    let sent = sender.send(webhook("http://receiver.example/")).await;
    assert_eq!(sent.outcome, Err(SendFailure::TimedOut));
    assert!(began.elapsed() < Duration::from_secs(2) && sent.took >= Duration::from_millis(100));
}
