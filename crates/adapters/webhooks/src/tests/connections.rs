//! Which connections are kept for further webhooks, and how many.

use super::support::{
    Fake, PUBLIC, Request, answer, answering, environment, listen, sender_to, settings, webhook,
};
use crate::{MOST_IDLE_PER_HOST, Webhooks};
use chatgrow_ports::WebhookSender;
use futures_util::future::join_all;
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::AsyncWriteExt,
    sync::Barrier,
    time::{sleep, timeout},
};

/// A receiver that answers once so many requests wait, and counts its open connections.
async fn gathering(crowd: usize) -> (SocketAddr, Arc<AtomicUsize>) {
    let open = Arc::new(AtomicUsize::new(0));
    let (count, barrier) = (open.clone(), Arc::new(Barrier::new(crowd)));
    let receiver = listen(move |mut stream| {
        let (count, barrier) = (count.clone(), barrier.clone());
        async move {
            count.fetch_add(1, Ordering::Relaxed);
            while Request::read(&mut stream).await.is_some() {
                barrier.wait().await;
                stream.write_all(&answer("200 OK", b"ok")).await.unwrap();
            }
            count.fetch_sub(1, Ordering::Relaxed);
        }
    })
    .await;
    (receiver, open)
}

/// Sends a crowd of webhooks at once, and expects that so many of the connections stay open.
async fn leaves_open(crowd: usize, most_kept: usize, expected: usize) {
    let (receiver, open) = gathering(crowd).await;
    let mut environment = environment(Fake::new(receiver, &[PUBLIC], &[]));
    environment.most_kept = most_kept;
    let sender = Webhooks::within(settings(""), environment);
    let all = (0..crowd).map(|_| sender.send(webhook("http://receiver.example/")));
    for sent in join_all(all).await {
        assert_eq!(sent.outcome, Ok(200));
    }
    let closed = async {
        while open.load(Ordering::Relaxed) > expected {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(5), closed)
        .await
        .expect("connections are closed");
    sleep(Duration::from_millis(50)).await;
    assert_eq!(open.load(Ordering::Relaxed), expected);
}

#[tokio::test]
async fn few_idle_connections_are_kept() {
    leaves_open(40, 512, MOST_IDLE_PER_HOST).await;
    leaves_open(12, 512, 12).await;
    leaves_open(12, 5, 5).await;
    leaves_open(12, 0, 0).await;
}

#[tokio::test]
async fn a_connection_serves_many_webhooks() {
    let (receiver, requests) = answering(answer("200 OK", b"ok")).await;
    let (sender, fake) = sender_to(receiver);
    for _ in 0..5 {
        let sent = sender.send(webhook("http://receiver.example/")).await;
        assert_eq!((sent.outcome, sent.answer.as_deref()), (Ok(200), Some("ok")));
    }
    assert_eq!(
        (fake.asked().as_str(), fake.connected().as_str()),
        ("receiver.example", "8.8.8.8:80")
    );
    assert_eq!(requests.lock().unwrap().len(), 5);
}

#[tokio::test]
async fn a_connection_with_an_unread_answer_is_not_used_again() {
    let (receiver, _) = answering(answer("200 OK", &vec![b'a'; 1024 * 1024])).await;
    let (sender, fake) = sender_to(receiver);
    for _ in 0..3 {
        let sent = sender.send(webhook("http://receiver.example/")).await;
        assert_eq!(sent.outcome, Ok(200));
    }
    assert_eq!(fake.connected().split(' ').count(), 3);
}

#[tokio::test]
async fn a_connection_that_the_receiver_closed_is_replaced() {
    let receiver = listen(|mut stream| async move {
        let _ = Request::read(&mut stream).await;
        let _ = stream.write_all(&answer("200 OK", b"")).await;
    })
    .await;
    let (sender, fake) = sender_to(receiver);
    for _ in 0..3 {
        let sent = sender.send(webhook("http://receiver.example/")).await;
        assert_eq!(sent.outcome, Ok(200));
        sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(fake.connected().split(' ').count(), 3);
}

#[tokio::test]
async fn a_dropped_call_closes_its_connection() {
    let (receiver, open) = gathering(usize::MAX).await;
    let (sender, fake) = sender_to(receiver);
    let call = sender.send(webhook("http://receiver.example/"));
    assert!(timeout(Duration::from_millis(300), call).await.is_err());
    assert_eq!(fake.connected(), "8.8.8.8:80");
    // A further webhook doesn't wait behind the dropped one.
    assert_eq!(open.load(Ordering::Relaxed), 1);
    let call = sender.send(webhook("http://receiver.example/"));
    assert!(timeout(Duration::from_millis(300), call).await.is_err());
    assert_eq!(fake.connected(), "8.8.8.8:80 8.8.8.8:80");
}
