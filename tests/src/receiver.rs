//! A receiver of webhooks.

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    http::StatusCode,
    web::{self, Bytes, Data},
};
use serde_json::Value;
use std::{
    collections::HashMap,
    future,
    sync::{Arc, Mutex},
};

/// What a receiver does with a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reaction {
    /// It answers with that status and the text `answer`.
    Status(u16),
    /// It never answers.
    Hang,
}

/// A webhook that came in.
#[derive(Debug, Clone)]
pub struct Hook {
    /// The path, which tells for whom it was.
    pub path: String,
    /// `webhook-id`.
    pub id: String,
    /// `webhook-timestamp`.
    pub timestamp: String,
    /// `webhook-signature`.
    pub signature: String,
    /// The body as it came.
    pub raw: Vec<u8>,
    /// The body as JSON.
    pub body: Value,
}

impl Hook {
    /// The change's type.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.body["type"].as_str().unwrap()
    }
}

#[derive(Default)]
struct Inbox {
    hooks: Mutex<Vec<Hook>>,
    reactions: Mutex<HashMap<String, Reaction>>,
}

/// A receiver on this machine, which answers 204 unless it is told otherwise.
pub struct Receiver {
    origin: String,
    inbox: Arc<Inbox>,
}

impl Receiver {
    /// Starts a receiver.
    #[must_use]
    pub fn start() -> Self {
        let inbox = Arc::<Inbox>::default();
        let data = Data::from(inbox.clone());
        let server = HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .default_service(web::to(receive))
        });
        let server = server
            .workers(1)
            .disable_signals()
            .bind(("127.0.0.1", 0))
            .unwrap();
        let origin = format!("http://{}", server.addrs()[0]);
        tokio::spawn(server.run());
        Self { origin, inbox }
    }

    /// The URL of that path.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// From now on, webhooks to that path are treated so.
    pub fn react(&self, path: &str, reaction: Reaction) {
        self.inbox
            .reactions
            .lock()
            .unwrap()
            .insert(path.to_owned(), reaction);
    }

    /// What has come in at that path, in order.
    #[must_use]
    pub fn hooks(&self, path: &str) -> Vec<Hook> {
        let hooks = self.inbox.hooks.lock().unwrap();
        hooks.iter().filter(|hook| hook.path == path).cloned().collect()
    }
}

async fn receive(request: HttpRequest, body: Bytes, inbox: Data<Inbox>) -> HttpResponse {
    let header = |name: &str| {
        let value = request.headers().get(name);
        value
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned()
    };
    let path = request.path().to_owned();
    inbox.hooks.lock().unwrap().push(Hook {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signature: header("webhook-signature"),
        body: serde_json::from_slice(&body).unwrap_or_default(),
        raw: body.to_vec(),
        path: path.clone(),
    });
    let reaction = inbox.reactions.lock().unwrap().get(&path).copied();
    match reaction.unwrap_or(Reaction::Status(204)) {
        Reaction::Status(status) => HttpResponse::build(StatusCode::from_u16(status).unwrap()).body("answer"),
        Reaction::Hang => future::pending().await,
    }
}
