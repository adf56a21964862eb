//! The harness of the end-to-end tests. Every test has its own server, on a port that the system chooses, with a
//! database in a temporary folder.

#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "test code: what goes wrong fails the test"
)]

pub mod binary;
pub mod receiver;

use chatgrow::{Database, DatabaseUrl, WebhookSettings};
use chatgrow_api::{Api, BASE_PATH, Listen, Settings};
use chatgrow_application::{Application, ReceiverRules};
use chatgrow_domain::{AccountName, AccountSlug, ApiKeyName, ApiKeyTerms, PlainApiKey, Reachable};
use chatgrow_web::Console;
use reqwest::{Client, Method, RequestBuilder, header::HeaderMap};
use serde_json::{Value, json};
use std::{num::NonZeroUsize, ops::Deref, sync::Arc, time::Duration};
use tempfile::TempDir;

/// The stores that the server supports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// The embedded store.
    Sqlite,
    /// The store for several servers.
    Postgres,
}

/// A server that runs in the test's process.
#[derive(Clone)]
pub struct TestApp {
    api: ApiClient,
    /// The use cases behind it, for what only operators can do.
    pub application: Arc<Application>,
    _folder: Arc<TempDir>,
}

impl Deref for TestApp {
    type Target = ApiClient;

    fn deref(&self) -> &ApiClient {
        &self.api
    }
}

/// A client of a server.
#[derive(Clone)]
pub struct ApiClient {
    /// The server's origin, `http://127.0.0.1:…`.
    pub origin: String,
    /// The key to call with. Unless set otherwise, it is one of the account `default`.
    pub key: String,
    /// The HTTP client, for other kinds of requests.
    pub client: Client,
}

/// An answer, including its whole body.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The header fields.
    pub headers: HeaderMap,
    /// The body as text.
    pub text: String,
    /// The body as JSON; `null` if it isn't JSON.
    pub json: Value,
}

impl Answer {
    /// Sends a request and reads its answer.
    pub async fn to(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        let json = serde_json::from_str(&text).unwrap_or_default();
        Self {
            status,
            headers,
            text,
            json,
        }
    }

    /// The header field's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Fails the test unless the answer is an error in the contract's envelope with that status, code and message.
    pub fn assert_error(&self, status: u16, code: &str, message: &str) {
        assert_eq!(
            (self.status, self.json["error"].as_str()),
            (status, Some(code)),
            "{self:?}"
        );
        assert_eq!(self.json["message"], message, "{self:?}");
        assert_eq!(self.json["success"], false, "{self:?}");
        assert_eq!(
            self.json["requestId"].as_str(),
            self.header("x-request-id"),
            "{self:?}"
        );
        assert_eq!(self.header("content-type"), Some("application/json"), "{self:?}");
    }

    /// Fails the test unless the answer is a validation error for exactly these fields.
    #[track_caller]
    pub fn assert_invalid(&self, fields: &[&str]) {
        let message = self.json["message"].as_str().unwrap_or_default();
        assert!(!message.is_empty(), "{self:?}");
        self.assert_error(400, "VALIDATION_ERROR", message);
        if fields.is_empty() {
            assert_eq!(self.json.get("details"), None, "{self:?}");
        } else {
            assert_eq!(self.bad_fields(), fields, "{self:?}");
        }
    }

    /// The resource in the answer. Fails the test unless the answer has that status, and the resource has exactly its
    /// documented fields in their formats.
    #[track_caller]
    #[must_use]
    pub fn resource(&self, status: u16, name: &str) -> &Value {
        assert_eq!(
            (self.status, &self.json["success"]),
            (status, &true.into()),
            "{self:?}"
        );
        assert_eq!(
            self.json.as_object().map(serde_json::Map::len),
            Some(2),
            "{self:?}"
        );
        assert_resource(name, &self.json[name]);
        &self.json[name]
    }

    /// The resources in the answer of a list. Each is checked like in [`resource`](Self::resource).
    #[track_caller]
    #[must_use]
    pub fn list(&self, name: &str) -> &[Value] {
        assert_eq!(
            (self.status, &self.json["success"]),
            (200, &true.into()),
            "{self:?}"
        );
        assert_eq!(
            self.json.as_object().map(serde_json::Map::len),
            Some(4),
            "{self:?}"
        );
        let items = self.json[name].as_array().unwrap();
        assert_eq!(self.json["count"], items.len(), "{self:?}");
        assert!(self.json.get("nextCursor").is_some(), "{self:?}");
        for item in items {
            assert_resource(&name[..name.len() - 1], item);
        }
        items
    }

    /// Fails the test unless the answer is a confirmation with that message.
    #[track_caller]
    pub fn assert_done(&self, message: &str) {
        let expected = json!({ "success": true, "message": message });
        assert_eq!((self.status, &self.json), (200, &expected), "{self:?}");
    }

    /// The names of the invalid fields in a validation error.
    #[must_use]
    pub fn bad_fields(&self) -> Vec<&str> {
        self.json["details"]
            .as_array()
            .unwrap()
            .iter()
            .map(|detail| detail["field"].as_str().unwrap())
            .collect()
    }
}

/// The names of each resource's fields, sorted.
const RESOURCES: [(&str, &str); 16] = [
    (
        "apiKey",
        "allowedAddresses createdAt expiresAt id key lastUsedAt name rateLimit revokedAt scopes successorId updatedAt",
    ),
    (
        "appointment",
        "createdAt customerEmail customerId customerName date duration endsAt id localEnd localStart notes payment \
         resourceIds serviceId serviceType startsAt status time updatedAt",
    ),
    ("block", "createdAt from id reason resourceId until"),
    ("customer", "createdAt email id name notes phone updatedAt"),
    (
        "event",
        "createdAt currentParticipants date description id location maxParticipants price status time title updatedAt",
    ),
    (
        "hold",
        "createdAt date duration endsAt heldUntil id localEnd localStart resourceIds serviceId serviceType startsAt time",
    ),
    ("hours", "exceptions weekly"),
    (
        "payment",
        "amount appointmentId attention createdAt currency externalId id kind occurredAt paymentExternalId paymentId provider \
         refunded registrationId status updatedAt",
    ),
    (
        "notice",
        "amount currency externalId id outcome paymentId problem receivedAt reference type",
    ),
    (
        "paymentSource",
        "createdAt hmac id kind name path previousSecretUntil provider secret updatedAt",
    ),
    (
        "registration",
        "createdAt customerEmail customerId customerName eventId id notes payment status",
    ),
    ("resource", "active createdAt id kind name updatedAt"),
    (
        "schedule",
        "exceptions horizon minNotice slotStep timeZone updatedAt weekly",
    ),
    (
        "service",
        "active bufferAfter bufferBefore createdAt currency duration id name needs notes price serviceType slotStep updatedAt",
    ),
    ("slot", "date endsAt resourceIds startsAt time"),
    (
        "webhookEndpoint",
        "active continuesWith createdAt description disabled id ordered previousSecretUntil secret types updatedAt url",
    ),
];

#[track_caller]
fn assert_resource(name: &str, resource: &Value) {
    let (_, fields) = RESOURCES.iter().find(|(known, _)| *known == name).unwrap();
    let mut given: Vec<_> = resource.as_object().unwrap().keys().map(String::as_str).collect();
    given.sort_unstable();
    assert_eq!(given.join(" "), *fields, "{resource}");
    let hexadecimal = |id: &str| id.len() == 24 && id.chars().all(|digit| "0123456789abcdef".contains(digit));
    for (field, value) in resource.as_object().unwrap() {
        let digits_as_0 = || {
            value
                .as_str()
                .unwrap()
                .replace(|digit: char| digit.is_ascii_digit(), "0")
        };
        match field.as_str() {
            "id" | "customerId" | "eventId" => assert!(hexadecimal(value.as_str().unwrap()), "{resource}"),
            "updatedAt" if name == "schedule" && value.is_null() => {}
            "createdAt" | "updatedAt" | "heldUntil" => assert_eq!(digits_as_0(), "0000-00-00T00:00:00.000Z"),
            "localStart" | "localEnd" | "from" | "until" => assert_eq!(digits_as_0(), "0000-00-00T00:00"),
            "startsAt" | "endsAt" if !value.is_null() => {
                let (instant, offset) = value.as_str().unwrap().split_at(19);
                assert_eq!(instant.len() + offset.len(), 25, "{resource}");
            }
            "resourceIds" => {
                let mut ids = value.as_array().unwrap().iter();
                assert!(ids.all(|id| hexadecimal(id.as_str().unwrap())), "{resource}");
            }
            "date" => {
                assert_eq!(digits_as_0(), "0000-00-00T00:00:00.000Z");
                assert!(value.as_str().unwrap().ends_with("T00:00:00.000Z"), "{resource}");
            }
            "time" => assert_eq!(digits_as_0(), "00:00"),
            _ => {}
        }
    }
}

/// Sends all the requests at once, and returns their answers in the same order.
pub async fn race(requests: impl IntoIterator<Item = RequestBuilder>) -> Vec<Answer> {
    let sent: Vec<_> = requests
        .into_iter()
        .map(|request| tokio::spawn(Answer::to(request)))
        .collect();
    let mut answers = Vec::with_capacity(sent.len());
    for answer in sent {
        answers.push(answer.await.unwrap());
    }
    answers
}

/// A client that leaves a connection before the server closes it, idle for five seconds. Otherwise a request may meet the end
/// of its connection, and get no answer.
pub(crate) fn http_client() -> Client {
    let client = Client::builder().pool_idle_timeout(Duration::from_secs(2));
    client.build().unwrap()
}

/// A copy of the body with another value in one field.
#[must_use]
pub fn with(body: &Value, field: &str, value: impl Into<Value>) -> Value {
    let mut body = body.clone();
    body[field] = value.into();
    body
}

/// Settings that don't affect tests: no rate limits, no CORS.
#[must_use]
pub fn settings() -> Settings {
    Settings {
        rate_limits: None,
        ..Settings::default()
    }
}

/// Webhooks may go to receivers on this machine.
#[must_use]
pub fn webhooks() -> WebhookSettings {
    WebhookSettings {
        receivers: ReceiverRules {
            allow_http: true,
            reachable: Reachable::parse("127.0.0.0/8").unwrap(),
        },
        secrets_key: Some("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".parse().unwrap()),
        ..WebhookSettings::default()
    }
}

impl TestApp {
    /// Starts a server on SQLite.
    pub async fn start() -> Self {
        Self::start_with(settings()).await
    }

    /// Starts a server on SQLite with other settings.
    pub async fn start_with(settings: Settings) -> Self {
        let folder = TempDir::new().unwrap();
        let database = DatabaseUrl::Sqlite(folder.path().join("test.db"));
        Self::start_in(folder, database, settings).await
    }

    /// Starts a server on that store. Returns `None` if this machine doesn't have the store, and reports on standard
    /// error that the test is skipped.
    ///
    /// # Panics
    /// If the store is missing and `CI` is set.
    pub async fn start_on(store: Store) -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let database = match store {
            Store::Sqlite => DatabaseUrl::Sqlite(folder.path().join("test.db")),
            Store::Postgres => throwaway_postgres::new_database().await?.parse().unwrap(),
        };
        Some(Self::start_in(folder, database, settings()).await)
    }

    /// Starts a server on that database. The folder is deleted with the server.
    async fn start_in(folder: TempDir, database: DatabaseUrl, settings: Settings) -> Self {
        let (application, metrics) = chatgrow::application(&Database::at(database), &webhooks())
            .await
            .unwrap();
        application
            .access
            .accounts
            .ensure_default(AccountName::new("Default").unwrap())
            .await
            .unwrap();
        let key = new_key(&application, &AccountSlug::default()).await;

        let console = Console::new(application.clone(), None);
        let api = Api::new(application.clone(), metrics, settings).with_pages(console.pages());
        let listen = Listen {
            workers: NonZeroUsize::new(2).unwrap(),
            shutdown_timeout: Duration::from_secs(30),
        };
        let server = api.bind(("127.0.0.1", 0), listen).unwrap();
        let origin = format!("http://{}", server.addresses()[0]);
        tokio::spawn(server.run());
        let key = key.reveal().to_owned();
        Self {
            api: ApiClient {
                origin,
                key,
                client: http_client(),
            },
            application,
            _folder: Arc::new(folder),
        }
    }

    /// Sends the webhooks that are due, as the dispatcher of a server does.
    pub async fn deliver(&self) {
        let lanes = &self.application.delivery.lanes;
        for lane in lanes.due().await.unwrap() {
            lanes.pass(lane).await.unwrap();
        }
    }

    /// Delivers until `done` returns something.
    pub async fn deliver_until<T>(&self, what: &str, mut done: impl FnMut() -> Option<T>) -> T {
        binary::eventually(what, async || {
            self.deliver().await;
            done()
        })
        .await
    }

    /// A client of the same server with another key.
    #[must_use]
    pub fn with_key(&self, key: String) -> Self {
        Self {
            api: ApiClient {
                key,
                ..self.api.clone()
            },
            ..self.clone()
        }
    }

    /// Creates another account and returns a key of it.
    pub async fn new_account(&self, slug: &str) -> String {
        let slug = AccountSlug::new(slug).unwrap();
        let account = self
            .application
            .access
            .accounts
            .create(slug, AccountName::new("Another").unwrap())
            .await
            .unwrap();
        new_key(&self.application, &account.slug)
            .await
            .reveal()
            .to_owned()
    }
}

impl ApiClient {
    /// A request with the key to a path of the API.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("{}{BASE_PATH}{path}", self.origin))
            .header("X-API-Key", &self.key)
    }

    /// Sends a GET.
    pub async fn get(&self, path: &str) -> Answer {
        Answer::to(self.request(Method::GET, path)).await
    }

    /// Sends a POST.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        Answer::to(self.request(Method::POST, path).json(&body)).await
    }

    /// Sends a PUT.
    pub async fn put(&self, path: &str, body: Value) -> Answer {
        Answer::to(self.request(Method::PUT, path).json(&body)).await
    }

    /// Sends a PATCH.
    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        Answer::to(self.request(Method::PATCH, path).json(&body)).await
    }

    /// Sends a DELETE.
    pub async fn delete(&self, path: &str) -> Answer {
        Answer::to(self.request(Method::DELETE, path)).await
    }

    /// Creates a customer with that address.
    pub async fn customer(&self, email: &str) -> Value {
        let body = json!({ "name": "Dana", "email": email });
        self.post("/customers", body)
            .await
            .resource(201, "customer")
            .clone()
    }

    /// Creates an event with that capacity, and returns its path.
    pub async fn event(&self, max_participants: Option<u32>) -> String {
        let body = json!({
            "title": "Yoga", "date": "2025-12-30", "time": "18:00", "maxParticipants": max_participants,
        });
        let answer = self.post("/events", body).await;
        let id = answer.resource(201, "event")["id"].as_str().unwrap();
        format!("/events/{id}")
    }

    /// All items of a list, read in pages of `limit`. Fails the test unless all pages but the last are full and no item
    /// is repeated.
    pub async fn walk(&self, path: &str, name: &str, limit: usize) -> Vec<Value> {
        let join = if path.contains('?') { '&' } else { '?' };
        let first = format!("{path}{join}limit={limit}");
        let mut items: Vec<Value> = Vec::new();
        let mut page = self.get(&first).await;
        loop {
            for item in page.list(name) {
                assert!(
                    items.iter().all(|other| other["id"] != item["id"]),
                    "twice: {item}"
                );
                items.push(item.clone());
            }
            let Some(cursor) = page.json["nextCursor"].as_str() else {
                return items;
            };
            assert_eq!(page.json["count"], limit, "{page:?}");
            page = self.get(&format!("{first}&cursor={cursor}")).await;
            assert_ne!(page.json["count"], 0, "a cursor that leads nowhere: {page:?}");
        }
    }

    /// Fails the test unless each of these values of the field is refused, and only that field is blamed.
    pub async fn assert_refused(
        &self,
        method: Method,
        path: &str,
        body: &Value,
        field: &str,
        values: impl IntoIterator<Item = Value>,
    ) {
        for value in values {
            let request = self.request(method.clone(), path);
            Answer::to(request.json(&with(body, field, value)))
                .await
                .assert_invalid(&[field]);
        }
    }

    /// Fails the test unless each of these fields is reported as required if it is missing, null or blank; and all of
    /// them at once.
    pub async fn assert_required(
        &self,
        method: Method,
        path: &str,
        body: &Value,
        fields: &[&str],
        sentence: &str,
    ) {
        let refused = |body: Value, fields: Vec<&str>| {
            let request = self.request(method.clone(), path).json(&body);
            let fields: Vec<_> = fields.into_iter().map(str::to_owned).collect();
            async move {
                let answer = Answer::to(request).await;
                answer.assert_error(400, "VALIDATION_ERROR", sentence);
                assert_eq!(answer.bad_fields(), fields, "{answer:?}");
            }
        };
        refused(json!({}), fields.to_vec()).await;
        for field in fields {
            let mut without = body.clone();
            without.as_object_mut().unwrap().remove(*field);
            refused(without, vec![field]).await;
            for nothing in [Value::Null, "".into(), " \t\u{3000}".into()] {
                refused(with(body, field, nothing), vec![field]).await;
            }
        }
    }
}

async fn new_key(application: &Application, account: &AccountSlug) -> PlainApiKey {
    application
        .access
        .api_keys
        .create_for(account, ApiKeyTerms::full(ApiKeyName::new("test").unwrap()))
        .await
        .unwrap()
}
