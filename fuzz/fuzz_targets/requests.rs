//! Any request gets an answer that the API documents: never a panic, never a 5xx, and errors always in their envelope.
//!
//! The whole application answers, including routing, extractors and SQLite; only the socket is left out. The database
//! is kept from one request to the next, as in production.

#![no_main]

use actix_web::{
    body::to_bytes,
    dev::Service,
    http::{
        Method, Uri,
        header::{HeaderName, HeaderValue},
    },
    rt::{System, SystemRunner},
    test::{TestRequest, init_service},
};
use chatgrow::{Database, DatabaseUrl, WebhookSettings};
use chatgrow_domain::{AccountName, AccountSlug, ApiKeyName, ApiKeyTerms};
use chatgrow_api::{Api, BASE_PATH, Settings};
use libfuzzer_sys::{
    arbitrary::{self, Arbitrary},
    fuzz_target,
};
use serde_json::{Map, Value};
use std::{cell::RefCell, future::Future, mem::ManuallyDrop, pin::Pin, rc::Rc};
use tempfile::TempDir;

const METHODS: [&str; 8] = [
    "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "PROPFIND",
];

/// Paths, with a placeholder for a text of the request or of an earlier answer.
const PATHS: [&str; 26] = [
    "/customers",
    "/customers/{}",
    "/customers/{}/registrations",
    "/appointments",
    "/appointments/{}",
    "/holds",
    "/holds/{}",
    "/blocks",
    "/blocks/{}",
    "/availability",
    "/resources/{}/busy",
    "/resources",
    "/resources/{}",
    "/resources/{}/hours",
    "/services",
    "/services/{}",
    "/schedule",
    "/events",
    "/events/{}",
    "/events/{}/registrations",
    "/events/{}/registrations/{}",
    "/payments",
    "/payments/{}",
    "/payments/{}/refunds",
    "/{}",
    "",
];

const HEADERS: [&str; 8] = [
    "idempotency-key",
    "if-match",
    "if-none-match",
    "content-type",
    "content-encoding",
    "x-request-id",
    "traceparent",
    "x-api-key",
];

const QUERIES: [&str; 16] = [
    "limit",
    "cursor",
    "from",
    "to",
    "status",
    "customerEmail",
    "email",
    "kind",
    "active",
    "serviceId",
    "resourceId",
    "duration",
    "explain",
    "dryRun",
    "force",
    "x",
];

const FIELDS: [&str; 55] = [
    "name",
    "email",
    "phone",
    "notes",
    "customerEmail",
    "date",
    "time",
    "serviceType",
    "duration",
    "title",
    "description",
    "location",
    "maxParticipants",
    "price",
    "status",
    "kind",
    "active",
    "weekly",
    "exceptions",
    "day",
    "opens",
    "closes",
    "closed",
    "validFrom",
    "validUntil",
    "timeZone",
    "minNotice",
    "horizon",
    "slotStep",
    "bufferBefore",
    "bufferAfter",
    "currency",
    "needs",
    "resources",
    "count",
    "customer",
    "serviceId",
    "resourceId",
    "resourceIds",
    "holdId",
    "minutes",
    "override",
    "from",
    "until",
    "reason",
    "payment",
    "amount",
    "deposit",
    "holdMinutes",
    "provider",
    "externalId",
    "paymentExternalId",
    "appointmentId",
    "needsAttention",
    "x",
];

/// Texts that are valid in some field or parameter.
const GOOD: [&str; 16] = [
    "Dana",
    "dana@example.com",
    "בוקר@דוגמה.co.il",
    "050-1234567",
    "2030-02-28",
    "2030-02-28T10:00:00.000Z",
    "09:30",
    "23:59",
    "lesson",
    "other",
    "active",
    "completed",
    "cancelled",
    "confirmed",
    "\"1\"",
    "*",
];

#[derive(Arbitrary, Debug)]
enum Text {
    Good(u8),
    /// An id or a cursor of an earlier answer.
    Met(u8),
    Any(String),
}

#[derive(Arbitrary, Debug)]
enum Json {
    Null,
    Yes(bool),
    Whole(i32),
    Real(f64),
    Huge(u128),
    Text(Text),
    List(Vec<Json>),
    Object(Vec<(u8, Json)>),
}

#[derive(Arbitrary, Debug)]
enum Body {
    None,
    Bytes(Vec<u8>),
    Object(Vec<(u8, Json)>),
}

#[derive(Arbitrary, Debug)]
struct Request {
    method: u8,
    path: u8,
    segments: [Text; 2],
    query: Vec<(u8, Text)>,
    raw_query: Option<String>,
    headers: Vec<(u8, Vec<u8>)>,
    body: Body,
}

fn pick<'a>(choices: &[&'a str], number: u8) -> &'a str {
    choices[usize::from(number) % choices.len()]
}

/// Status, content type, body.
type Answer = (u16, Option<String>, Vec<u8>);

/// The application, and the ids and cursors that it has returned so far.
struct Running {
    system: SystemRunner,
    answer: Box<dyn Fn(TestRequest) -> LocalBoxFuture<Answer>>,
    key: String,
    met: RefCell<Vec<String>>,
    _folder: TempDir,
}

type LocalBoxFuture<T> = Pin<Box<dyn Future<Output = T>>>;

impl Running {
    fn start() -> Self {
        let (system, folder) = (System::new(), TempDir::new().unwrap());
        let url = DatabaseUrl::Sqlite(folder.path().join("fuzz.db"));
        let (answer, key) = system.block_on(async {
            let (application, metrics) = chatgrow::application(&Database::at(url), &WebhookSettings::default())
                .await
                .unwrap();
            application
                .access
                .accounts
                .ensure_default(AccountName::new("Default").unwrap())
                .await
                .unwrap();
            let name = ApiKeyName::new("fuzz").unwrap();
            let key = application
                .access
                .api_keys
                .create_for(&AccountSlug::default(), ApiKeyTerms::full(name))
                .await
                .unwrap();
            let settings = Settings {
                rate_limits: None,
                max_body_bytes: 65_536,
                cors_allowed_origins: vec!["https://example.com".to_owned()],
                ..Settings::default()
            };
            let app = Api::new(application, metrics, settings).app();
            let service = Rc::new(init_service(app).await);
            let answer = move |request: TestRequest| -> LocalBoxFuture<Answer> {
                let service = service.clone();
                Box::pin(async move {
                    let response = service
                        .call(request.to_request())
                        .await
                        .expect("errors are answers");
                    let status = response.status().as_u16();
                    let kind = response.headers().get("content-type");
                    let kind = kind.map(|kind| kind.to_str().unwrap().to_owned());
                    let body = to_bytes(response.into_body()).await.unwrap_or_default();
                    (status, kind, body.to_vec())
                })
            };
            (answer, key.reveal().to_owned())
        });
        Self {
            system,
            answer: Box::new(answer),
            key,
            met: RefCell::default(),
            _folder: folder,
        }
    }

    fn text(&self, text: &Text) -> String {
        match text {
            Text::Good(number) => pick(&GOOD, *number).to_owned(),
            Text::Met(number) => {
                let met = self.met.borrow();
                let count = met.len().max(1);
                met.get(usize::from(*number) % count).cloned().unwrap_or_default()
            }
            Text::Any(text) => text.clone(),
        }
    }

    fn json(&self, json: &Json) -> Value {
        match json {
            Json::Null => Value::Null,
            Json::Yes(yes) => (*yes).into(),
            Json::Whole(number) => (*number).into(),
            Json::Real(number) => (*number).into(),
            // Numbers beyond those that serde_json holds by default.
            Json::Huge(number) => serde_json::from_str(&number.to_string()).unwrap_or_default(),
            Json::Text(text) => self.text(text).into(),
            Json::List(list) => list.iter().map(|json| self.json(json)).collect(),
            Json::Object(fields) => self.object(fields),
        }
    }

    fn object(&self, fields: &[(u8, Json)]) -> Value {
        let field = |(name, json): &(u8, Json)| (pick(&FIELDS, *name).to_owned(), self.json(json));
        fields.iter().map(field).collect::<Map<_, _>>().into()
    }

    fn request(&self, request: &Request) -> Option<TestRequest> {
        let encoded = |text: &Text| {
            let bytes = self.text(text).into_bytes();
            let encode = |byte: &u8| match byte {
                b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'@' | b'.' | b'-' => char::from(*byte).to_string(),
                byte => format!("%{byte:02x}"),
            };
            bytes.iter().map(encode).collect::<String>()
        };
        let mut uri = format!("{BASE_PATH}{}", pick(&PATHS, request.path));
        for segment in &request.segments {
            uri = uri.replacen("{}", &encoded(segment), 1);
        }
        for (at, (name, value)) in request.query.iter().enumerate() {
            let separator = if at == 0 { '?' } else { '&' };
            uri = format!("{uri}{separator}{}={}", pick(&QUERIES, *name), encoded(value));
        }
        if let Some(raw) = &request.raw_query {
            uri = format!("{uri}?{raw}");
        }
        let uri: Uri = uri.parse().ok()?;
        let method = Method::from_bytes(pick(&METHODS, request.method).as_bytes()).ok()?;
        let mut sent = TestRequest::default().method(method).uri(&uri.to_string());
        sent = sent.insert_header(("x-api-key", self.key.as_str()));
        sent = match &request.body {
            Body::None => sent,
            Body::Bytes(bytes) => sent.set_payload(bytes.clone()),
            Body::Object(fields) => sent.set_payload(self.object(fields).to_string()),
        };
        for (name, value) in &request.headers {
            let name = HeaderName::from_static(pick(&HEADERS, *name));
            // A value that no header can have doesn't come through a socket either.
            let value = HeaderValue::from_bytes(value).ok()?;
            sent = sent.append_header((name, value));
        }
        Some(sent)
    }

    /// Remembers ids and cursors for later requests.
    fn meet(&self, value: &Value) {
        let mut met = self.met.borrow_mut();
        for (name, value) in value.as_object().into_iter().flatten() {
            let found = if name.ends_with("Cursor") {
                value.as_str()
            } else {
                value["id"].as_str()
            };
            if let Some(found) = found.filter(|_| met.len() < 256) {
                met.push(found.to_owned());
            }
        }
    }
}

thread_local! {
    // Never dropped: at the end of the thread, the runtime's own thread-locals are gone already.
    static RUNNING: ManuallyDrop<Running> = ManuallyDrop::new(Running::start());
}

fuzz_target!(|request: Request| {
    RUNNING.with(|running| {
        let Some(sent) = running.request(&request) else {
            return;
        };
        let (status, kind, body) = running.system.block_on((running.answer)(sent));
        let told = String::from_utf8_lossy(&body);
        assert!(status < 500, "{status} {told}: {request:?}");
        if status >= 400 && pick(&METHODS, request.method) != "HEAD" {
            assert_eq!(kind.as_deref(), Some("application/json"), "{status} {told}");
            let error: Value = serde_json::from_slice(&body).expect("an error is JSON");
            let telling = error["message"]
                .as_str()
                .is_some_and(|message| !message.is_empty());
            assert!(
                error["success"] == false && error["error"].is_string() && telling,
                "{error}"
            );
        }
        if let Ok(value) = serde_json::from_slice(&body) {
            running.meet(&value);
        }
    });
});
