//! Sends webhooks, as Standard Webhooks says. Every URL that an account names is called through this crate, and the crate
//! refuses the addresses that may not be called.
//!
//! The client has nothing ambient: no proxy, no redirects, no cookies, no compression. There is one place that connects
//! (`connect.rs`), and it checks every address, whether it comes from the URL or from the name service.

mod answer;
mod connect;
mod failure;
mod outside;
mod tls;

#[cfg(test)]
mod tests;

use crate::{
    answer::Answer,
    connect::{Connector, Peer},
    failure::failure,
    outside::{Outside, System},
};
use async_trait::async_trait;
use chatgrow_domain::{Reachable, SendFailure};
use chatgrow_ports::{OutgoingWebhook, SentWebhook, WebhookSender};
use http_body_util::Full;
use hyper::{Request, body::Bytes, header};
use hyper_util::{
    client::legacy::Client,
    rt::{TokioExecutor, TokioTimer},
};
use rustls::RootCertStore;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::time::timeout;

/// How long a connection may take: resolving the name, TCP and TLS.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long everything may take, the answer's body included.
const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(15);

/// How long an unused connection is kept.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// How many unused connections to one receiver are kept.
const MOST_IDLE_PER_HOST: usize = 16;

/// If so many connections are open, a further one is closed after its webhook. Otherwise, many receivers could take up
/// the files and the memory of the process with connections that nobody uses.
const MOST_KEPT: usize = 512;

/// The largest head of an answer. It has at most 100 fields, which is hyper's default.
const MOST_HEAD: usize = 32 * 1024;

/// What the operator allows.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Whether a receiver may have `http` (`WEBHOOK_ALLOW_HTTP`).
    pub allow_http: bool,
    /// The addresses that may be called: the public ones, and those of `WEBHOOK_ALLOW_CIDRS`.
    pub reachable: Reachable,
}

/// What the sender finds on its machine, and its bounds. Tests bring their own.
struct Environment {
    outside: Arc<dyn Outside>,
    roots: RootCertStore,
    connect_timeout: Duration,
    exchange_timeout: Duration,
    most_kept: usize,
}

impl Environment {
    fn of_the_system() -> Self {
        Self {
            outside: Arc::new(System::new()),
            roots: tls::system_roots(),
            connect_timeout: CONNECT_TIMEOUT,
            exchange_timeout: EXCHANGE_TIMEOUT,
            most_kept: MOST_KEPT,
        }
    }
}

/// Sends webhooks over HTTP/1.1, and keeps connections to busy receivers. One is enough for a server, and it must be
/// used within a tokio runtime that lives as long.
pub struct Webhooks {
    client: Client<Connector, Full<Bytes>>,
    allow_http: bool,
    exchange_timeout: Duration,
}

impl Webhooks {
    /// Trusts the system's certificate authorities, which are read now, and resolves names as the system does. If there
    /// are no authorities, a warning is logged.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self::within(settings, Environment::of_the_system())
    }

    fn within(settings: Settings, environment: Environment) -> Self {
        let connector = Connector::new(
            settings.reachable,
            environment.outside,
            tls::client_config(environment.roots),
            environment.connect_timeout,
            environment.most_kept,
        );
        // A request is tried again only if no byte of it was sent, which is the default.
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(MOST_IDLE_PER_HOST)
            .http1_max_buf_size(MOST_HEAD)
            .build(connector);
        Self {
            client,
            allow_http: settings.allow_http,
            exchange_timeout: environment.exchange_timeout,
        }
    }

    async fn exchange(&self, webhook: OutgoingWebhook) -> Result<Answer, SendFailure> {
        if !webhook.url.is_https() && !self.allow_http {
            return Err(SendFailure::ForbiddenHttp);
        }
        let response = self.client.request(request(webhook)?).await;
        let (head, body) = response.map_err(|error| failure(&error))?.into_parts();
        let body = answer::read(body).await.map_err(|error| failure(&error))?;
        Ok(Answer {
            status: head.status,
            retry_after: head.headers.get(header::RETRY_AFTER).cloned(),
            // Nothing is kept if it isn't known who answered.
            is_kept: head
                .extensions
                .get()
                .is_some_and(|peer: &Peer| !peer.is_exception),
            body,
        })
    }
}

/// The request that carries a webhook, signed with each of its secrets.
fn request(webhook: OutgoingWebhook) -> Result<Request<Full<Bytes>>, SendFailure> {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if webhook.id.is_empty() || !webhook.id.bytes().all(is_letter) {
        return Err(SendFailure::InvalidRequest);
    }
    let timestamp = webhook.sent_at.as_millis().div_euclid(1000);
    let signatures = webhook.secrets.iter();
    let signatures = signatures.map(|secret| secret.sign(&webhook.id, timestamp, &webhook.body));
    Request::post(webhook.url.as_str())
        .header(header::CONTENT_TYPE, "application/json")
        .header(
            header::USER_AGENT,
            concat!("ChatGrow/", env!("CARGO_PKG_VERSION")),
        )
        .header(header::ACCEPT, "*/*")
        .header("webhook-id", &webhook.id)
        .header("webhook-timestamp", timestamp)
        .header("webhook-signature", signatures.collect::<Vec<_>>().join(" "))
        .body(webhook.body.into())
        .map_err(|_| SendFailure::InvalidRequest)
}

#[async_trait]
impl WebhookSender for Webhooks {
    async fn send(&self, webhook: OutgoingWebhook) -> SentWebhook {
        let (sent_at, began) = (webhook.sent_at, Instant::now());
        let answer = timeout(self.exchange_timeout, self.exchange(webhook)).await;
        let took = began.elapsed();
        match answer.unwrap_or(Err(SendFailure::TimedOut)) {
            Ok(answer) => SentWebhook {
                outcome: Ok(answer.status.as_u16()),
                retry_after: answer.retry_after(sent_at, took),
                answer: answer.is_kept.then(|| answer.text()),
                took,
            },
            Err(failure) => SentWebhook {
                outcome: Err(failure),
                retry_after: None,
                answer: None,
                took,
            },
        }
    }
}
