//! Answers that are broken, or mean no good.

use super::support::{
    Fake, PUBLIC, Request, answer, answering, environment, listen, sender_to, sent_to, settings, webhook,
};
use crate::Webhooks;
use chatgrow_domain::SendFailure;
use chatgrow_ports::{SentWebhook, WebhookSender};
use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::mpsc,
    time::{sleep, timeout},
};

/// More than the sender may ever take of an answer, with all buffers of the system in between.
const FAR_TOO_MUCH: usize = 32 * 1024 * 1024;

/// What an endless receiver could write until the connection was closed.
type Written = mpsc::UnboundedReceiver<usize>;

/// A receiver that begins with `head`, and then repeats `tail` until the connection is closed.
async fn endless(head: &'static str, tail: String, pause: Duration) -> (SocketAddr, Written) {
    let (tell, told) = mpsc::unbounded_channel();
    let receiver = listen(move |mut stream| {
        let (tell, tail) = (tell.clone(), tail.clone());
        async move {
            let _ = Request::read(&mut stream).await;
            let _ = stream.write_all(head.as_bytes()).await;
            let mut written = 0;
            while written < FAR_TOO_MUCH && stream.write_all(tail.as_bytes()).await.is_ok() {
                written += tail.len();
                sleep(pause).await;
            }
            tell.send(written).unwrap();
        }
    })
    .await;
    (receiver, told)
}

/// Expects that the connection is closed before the receiver could write far too much.
async fn is_soon_closed(mut written: Written) {
    let written = timeout(Duration::from_secs(5), written.recv()).await;
    assert!(written.unwrap().unwrap() < FAR_TOO_MUCH);
}

/// What comes of sending with little time.
async fn sent_in_a_hurry(receiver: SocketAddr) -> SentWebhook {
    let mut environment = environment(Fake::new(receiver, &[PUBLIC], &[]));
    environment.exchange_timeout = Duration::from_millis(200);
    let sender = Webhooks::within(settings(""), environment);
    sender.send(webhook("http://receiver.example/")).await
}

#[tokio::test]
async fn an_endless_body_is_read_in_part() {
    for head in [
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 999999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfffffffff\r\n",
    ] {
        let (receiver, written) = endless(head, "א".repeat(4096), Duration::ZERO).await;
        let sent = sent_to(receiver).await;
        assert_eq!(sent.outcome, Ok(200), "{head}");
        assert_eq!(sent.answer, Some("א".repeat(512)), "{head}");
        is_soon_closed(written).await;
    }
}

#[tokio::test]
async fn endless_heads_fail() {
    for (head, tail) in [
        ("HTTP/1.1 200 OK\r\nx: ", "a".repeat(4096)),
        ("HTTP/1.1 200 ", "a".repeat(4096)),
        ("HTTP/1.1 200 OK\r\n", "x: y\r\n".repeat(1000)),
        // Of chunks and trailers.
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;",
            "a".repeat(4096),
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n",
            "x: y\r\n".repeat(1000),
        ),
    ] {
        let (receiver, written) = endless(head, tail, Duration::ZERO).await;
        assert_eq!(
            sent_to(receiver).await.outcome,
            Err(SendFailure::BrokenAnswer),
            "{head}"
        );
        is_soon_closed(written).await;
    }
}

#[tokio::test]
async fn huge_heads_fail() {
    for fields in [
        format!("x: {}\r\n", "a".repeat(1024 * 1024)),
        "x: y\r\n".repeat(101),
    ] {
        let (receiver, _) = answering(format!("HTTP/1.1 200 OK\r\n{fields}content-length: 0\r\n\r\n")).await;
        assert_eq!(sent_to(receiver).await.outcome, Err(SendFailure::BrokenAnswer));
    }
    let fields = format!("x: {}\r\n", "a".repeat(150)).repeat(99);
    let (receiver, _) = answering(format!("HTTP/1.1 200 OK\r\n{fields}content-length: 0\r\n\r\n")).await;
    assert_eq!(sent_to(receiver).await.outcome, Ok(200));
}

#[tokio::test]
async fn a_slow_answer_fails_in_time() {
    let drip = Duration::from_millis(5);
    for (head, tail) in [
        // Nothing but informational answers.
        ("", "HTTP/1.1 100 Continue\r\n\r\n"),
        ("HTTP/1.1 200 OK\r\nx: ", "a"),
        ("HTTP/1.1 200 OK\r\n\r\n", "a"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n", "a"),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            "1\r\na\r\n",
        ),
        ("", ""),
    ] {
        let (receiver, written) = endless(head, tail.to_owned(), drip).await;
        let sent = sent_in_a_hurry(receiver).await;
        assert_eq!(
            (sent.outcome, sent.answer),
            (Err(SendFailure::TimedOut), None),
            "{head}{tail}"
        );
        assert!(sent.took >= Duration::from_millis(200) && sent.took < Duration::from_secs(2));
        if !tail.is_empty() {
            is_soon_closed(written).await;
        }
    }
}

#[tokio::test]
async fn a_broken_answer_is_told() {
    for answer in [
        "",
        "HTTP/1.1 200 OK\r\ncontent-le",
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "SSH-2.0-OpenSSH_9.9\r\n",
        "<html>hello</html>\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let receiver = listen(move |mut stream| async move {
            let _ = Request::read(&mut stream).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        })
        .await;
        let sent = sent_to(receiver).await;
        assert_eq!(sent.outcome, Err(SendFailure::BrokenAnswer), "{answer}");
        assert_eq!((sent.answer, sent.retry_after), (None, None));
    }
    // Closed at once, with a reset.
    let receiver = listen(|stream: TcpStream| async move { drop(stream) }).await;
    assert_eq!(sent_to(receiver).await.outcome, Err(SendFailure::BrokenAnswer));
    // Nobody listens.
    let receiver = SocketAddr::from(([127, 0, 0, 1], 1));
    assert_eq!(sent_to(receiver).await.outcome, Err(SendFailure::CannotConnect));
}

#[tokio::test]
async fn a_body_until_the_end_of_the_connection_is_whole() {
    let receiver = listen(|mut stream| async move {
        let _ = Request::read(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.0 204 No Content\r\n\r\n").await;
    })
    .await;
    assert_eq!(sent_to(receiver).await.outcome, Ok(204));
    let receiver = listen(|mut stream| async move {
        let _ = Request::read(&mut stream).await;
        let _ = stream
            .write_all(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 500 Oh\r\n\r\nno\0")
            .await;
    })
    .await;
    let sent = sent_to(receiver).await;
    assert_eq!(
        (sent.outcome, sent.answer.as_deref()),
        (Ok(500), Some("no\u{FFFD}"))
    );
}

#[tokio::test]
async fn an_answer_before_the_end_of_the_request_counts() {
    let receiver = listen(|mut stream| async move {
        let _ = stream.read_exact(&mut [0; 1000]).await;
        let _ = stream.write_all(&answer("401 Unauthorized", b"who?")).await;
        let _ = stream.read_to_end(&mut Vec::new()).await;
    })
    .await;
    let mut webhook = webhook("http://receiver.example/");
    webhook.body = vec![b' '; 8 * 1024 * 1024];
    let sent = sender_to(receiver).0.send(webhook).await;
    assert_eq!((sent.outcome, sent.answer.as_deref()), (Ok(401), Some("who?")));
}

#[tokio::test]
async fn the_receiver_says_when_to_come_back() {
    let asking = webhook("http://receiver.example/");
    let then = httpdate::fmt_http_date(
        (std::time::UNIX_EPOCH + Duration::from_millis(u64::try_from(asking.sent_at.as_millis()).unwrap()))
            + Duration::from_secs(3600),
    );
    for (status, value, about) in [
        ("429 Too Many", "120", Some(120)),
        ("503 Busy", "7", Some(7)),
        ("429 Too Many", then.as_str(), Some(3600)),
        ("503 Busy", then.as_str(), Some(3600)),
        ("503 Busy", "later", None),
        ("500 Oh", "120", None),
        ("200 OK", "120", None),
        ("301 Moved", "120", None),
    ] {
        let (receiver, _) = answering(format!(
            "HTTP/1.1 {status}\r\nretry-after: {value}\r\ncontent-length: 0\r\n\r\n"
        ))
        .await;
        let (sender, _) = sender_to(receiver);
        let sent = sender.send(asking.clone()).await;
        assert_eq!(sent.outcome, Ok(status[..3].parse().unwrap()));
        let about = about.map(Duration::from_secs);
        let close =
            |after: Duration| about.is_some_and(|about| after.abs_diff(about) < Duration::from_secs(3));
        assert!(
            sent.retry_after.map_or(about.is_none(), close),
            "{status} {value}: {sent:?}"
        );
    }
}
