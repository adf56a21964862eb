//! Receivers on this machine, and a network whose names lead where a test wants.

use crate::{Environment, Settings, Webhooks, outside::Outside};
use async_trait::async_trait;
use chatgrow_domain::{Reachable, ReceiverUrl, Timestamp, WebhookSecret};
use chatgrow_ports::{OutgoingWebhook, SentWebhook, WebhookSender};
use rustls::RootCertStore;
use std::{
    collections::VecDeque,
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};
use time::OffsetDateTime;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// A public address. Nothing in these tests really calls it.
pub(super) const PUBLIC: &str = "8.8.8.8";

/// What a receiver got.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

impl Request {
    /// Reads one request, or `None` at the end of the connection.
    pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Self> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.ok()?);
        }
        let head = String::from_utf8(head).unwrap();
        let mut request = Self {
            head,
            body: Vec::new(),
        };
        request.body = vec![0; request.field("content-length")?.parse().unwrap()];
        stream.read_exact(&mut request.body).await.ok()?;
        Some(request)
    }

    pub(super) fn field(&self, name: &str) -> Option<&str> {
        let fields = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut found = fields.filter(|(field, _)| field.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value)
    }
}

/// Listens on this machine, and gives each connection to `serve`.
pub(super) async fn listen<F: Future<Output = ()> + Send + 'static>(
    serve: impl Fn(TcpStream) -> F + Send + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    address
}

/// Answers every request of a connection with the same bytes.
pub(super) async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: &[u8]) -> Vec<Request> {
    let mut requests = Vec::new();
    while let Some(request) = Request::read(&mut stream).await {
        requests.push(request);
        if stream.write_all(answer).await.is_err() {
            break;
        }
    }
    requests
}

/// A receiver that gives each request the same answer, and remembers the requests.
pub(super) async fn answering(answer: impl Into<Vec<u8>>) -> (SocketAddr, Arc<Mutex<Vec<Request>>>) {
    let answer: Arc<[u8]> = answer.into().into();
    let requests = Arc::new(Mutex::new(Vec::new()));
    let got = requests.clone();
    let address = listen(move |mut stream| {
        let (answer, got) = (answer.clone(), got.clone());
        async move {
            while let Some(request) = Request::read(&mut stream).await {
                got.lock().unwrap().push(request);
                if stream.write_all(&answer).await.is_err() {
                    break;
                }
            }
        }
    })
    .await;
    (address, requests)
}

/// An answer with a body.
pub(super) fn answer(status: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// A network in which names lead to scripted addresses, and addresses to one receiver.
pub(super) struct Fake {
    receiver: SocketAddr,
    answers: Mutex<VecDeque<Vec<IpAddr>>>,
    asked: Mutex<Vec<String>>,
    /// The addresses that were connected to.
    connected: Mutex<Vec<SocketAddr>>,
    /// These addresses never answer.
    silent: Vec<IpAddr>,
}

impl Fake {
    /// Each text has the addresses of one answer of the name service, with spaces between them. The last answer is
    /// repeated.
    pub(super) fn new(receiver: SocketAddr, answers: &[&str], silent: &[&str]) -> Arc<Self> {
        let parse = |text: &str| -> Vec<IpAddr> {
            text.split_whitespace()
                .map(|address| address.parse().unwrap())
                .collect()
        };
        Arc::new(Self {
            receiver,
            answers: Mutex::new(answers.iter().map(|answer| parse(answer)).collect()),
            asked: Mutex::default(),
            connected: Mutex::default(),
            silent: silent.iter().map(|address| address.parse().unwrap()).collect(),
        })
    }

    /// The names that were asked for, with spaces between them.
    pub(super) fn asked(&self) -> String {
        self.asked.lock().unwrap().join(" ")
    }

    /// The addresses that were connected to, with spaces between them.
    pub(super) fn connected(&self) -> String {
        let connected = self.connected.lock().unwrap();
        let texts: Vec<String> = connected.iter().map(ToString::to_string).collect();
        texts.join(" ")
    }
}

#[async_trait]
impl Outside for Fake {
    async fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        self.asked.lock().unwrap().push(name.to_owned());
        let mut answers = self.answers.lock().unwrap();
        let answer = match answers.len() {
            0 => None,
            1 => answers.front().cloned(),
            _ => answers.pop_front(),
        };
        answer.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    async fn connect(&self, address: SocketAddr) -> io::Result<TcpStream> {
        self.connected.lock().unwrap().push(address);
        if self.silent.contains(&address.ip()) {
            std::future::pending::<()>().await;
        }
        TcpStream::connect(self.receiver).await
    }
}

/// What a test's sender has: `http` is allowed, and so are these networks.
pub(super) fn settings(networks: &str) -> Settings {
    Settings {
        allow_http: true,
        reachable: Reachable::parse(networks).unwrap(),
    }
}

/// Time-outs that are shorter than a test's patience.
pub(super) fn environment(outside: Arc<dyn Outside>) -> Environment {
    Environment {
        outside,
        roots: RootCertStore::empty(),
        connect_timeout: Duration::from_secs(2),
        exchange_timeout: Duration::from_secs(4),
        most_kept: 64,
    }
}

/// A sender whose every name leads to the public address, and from there to the receiver.
pub(super) fn sender_to(receiver: SocketAddr) -> (Webhooks, Arc<Fake>) {
    let fake = Fake::new(receiver, &[PUBLIC], &[]);
    (Webhooks::within(settings(""), environment(fake.clone())), fake)
}

/// The first secret of the tests' endpoint.
pub(super) fn secret(byte: u8) -> WebhookSecret {
    WebhookSecret::from_random([byte; 32])
}

/// A webhook for a URL, signed now.
#[expect(
    clippy::disallowed_methods,
    reason = "the published library compares with the real time"
)]
pub(super) fn webhook(url: &str) -> OutgoingWebhook {
    OutgoingWebhook {
        url: ReceiverUrl::stored(url).unwrap(),
        id: "chg_507f1f77bcf86cd799439011".to_owned(),
        sent_at: Timestamp::new(OffsetDateTime::now_utc()),
        secrets: vec![secret(1)],
        body: br#"{"type":"appointment.created"}"#.to_vec(),
    }
}

/// What comes of sending to a receiver that a name of the public address leads to.
pub(super) async fn sent_to(receiver: SocketAddr) -> SentWebhook {
    sender_to(receiver)
        .0
        .send(webhook("http://receiver.example/"))
        .await
}
