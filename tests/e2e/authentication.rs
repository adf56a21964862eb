//! API keys and accounts: every operation without a key, and with another account's key.
//!
//! The operations come from the served OpenAPI document. So these tests fail for an operation that has no case in
//! [`World::case`].

use chatgrow_domain::{AccountSlug, ApiKeyName, ApiKeyTerms, PlainApiKey, Timestamp};
use e2e::{Answer, TestApp};
use reqwest::{Method, RequestBuilder, header::HeaderValue};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::time::sleep;

const BASE: &str = "/api/webhooks";

/// The message that another account gets for a path; `None` if the path doesn't name anything of the first account.
type NotFound = Option<&'static str>;

/// A server, and an account with one resource of every kind.
struct World {
    app: TestApp,
    appointment: String,
    event: String,
    registration: String,
    resource: String,
    service: String,
    hold: String,
    block: String,
    api_key: String,
    webhook_endpoint: String,
    source: String,
    payment: String,
}

fn therapist() -> Value {
    json!({ "name": "Dana", "kind": "staff" })
}

fn massage() -> Value {
    json!({ "name": "Massage", "serviceType": "treatment", "notes": "secret" })
}

fn hold() -> Value {
    json!({ "date": "2030-06-11", "time": "10:00", "serviceType": "lesson" })
}

fn block() -> Value {
    json!({ "from": "2030-06-12", "until": "2030-06-13T12:00", "reason": "secret" })
}

fn hours() -> Value {
    json!({ "exceptions": [{ "date": "2030-06-05", "closed": true }] })
}

fn customer() -> Value {
    json!({ "name": "Dana", "email": "dana@example.com", "phone": "050-1234567", "notes": "secret" })
}

fn booking() -> Value {
    json!({ "customerEmail": "dana@example.com", "date": "2025-12-25", "time": "10:00", "serviceType": "lesson" })
}

fn yoga() -> Value {
    json!({ "title": "Yoga", "date": "2025-12-30", "time": "18:00", "maxParticipants": 5 })
}

fn registration() -> Value {
    json!({ "customerEmail": "dana@example.com" })
}

fn payment() -> Value {
    json!({ "provider": "cash", "externalId": "receipt 17", "amount": 5, "currency": "ILS" })
}

fn hook() -> Value {
    json!({ "url": "https://example.com/hook", "active": false })
}

fn source() -> Value {
    json!({ "kind": "stripe", "name": "Stripe" })
}

impl World {
    async fn start() -> Self {
        let app = TestApp::start().await;
        let id = |answer: &Answer, name: &str| answer.resource(201, name)["id"].as_str().unwrap().to_owned();
        id(&app.post("/customers", customer()).await, "customer");
        let appointment = id(&app.post("/appointments", booking()).await, "appointment");
        let event = id(&app.post("/events", yoga()).await, "event");
        let path = format!("/events/{event}/registrations");
        let registration = id(&app.post(&path, registration()).await, "registration");
        let resource = id(&app.post("/resources", therapist()).await, "resource");
        let service = id(&app.post("/services", massage()).await, "service");
        let hold = id(&app.post("/holds", hold()).await, "hold");
        let block = id(&app.post("/blocks", block()).await, "block");
        let api_key = id(&app.post("/api-keys", json!({ "name": "site" })).await, "apiKey");
        let hook = app.post("/webhook-endpoints", hook()).await;
        let webhook_endpoint = id(&hook, "webhookEndpoint");
        let source = id(&app.post("/payment-sources", source()).await, "paymentSource");
        let payment = id(&app.post("/payments", payment()).await, "payment");
        let schedule = app.put("/schedule", json!({ "slotStep": 20 })).await;
        assert_eq!(schedule.status, 200, "{schedule:?}");
        Self {
            app,
            appointment,
            event,
            registration,
            resource,
            service,
            hold,
            block,
            api_key,
            webhook_endpoint,
            source,
            payment,
        }
    }

    /// Every operation of the document: its method and path.
    async fn operations(&self) -> Vec<(Method, String)> {
        let document = Answer::to(
            self.app
                .client
                .get(format!("{}/api-docs/openapi.json", self.app.origin)),
        )
        .await;
        let mut operations = Vec::new();
        for (path, item) in document.json["paths"].as_object().unwrap() {
            let path = path.strip_prefix(BASE).unwrap();
            if path == "/changes/stream" {
                // It has no end. `api/changes.rs` tests who may read it.
                continue;
            }
            for (method, _) in item
                .as_object()
                .unwrap()
                .iter()
                .filter(|(_, operation)| operation.is_object())
            {
                operations.push((method.to_uppercase().parse().unwrap(), path.to_owned()));
            }
        }
        assert!(operations.len() >= 66, "{operations:?}");
        operations
    }

    /// The operation's path with the ids of existing resources, a valid body, and the message that another account
    /// gets.
    fn case(&self, method: &Method, path: &str) -> (String, Value, NotFound) {
        const CUSTOMER: NotFound = Some("Customer not found");
        const APPOINTMENT: NotFound = Some("Appointment not found");
        const EVENT: NotFound = Some("Event not found");
        const RESOURCE: NotFound = Some("Resource not found");
        const SERVICE: NotFound = Some("Service not found");
        const WEBHOOK_ENDPOINT: NotFound = Some("Webhook endpoint not found");
        const SOURCE: NotFound = Some("Payment source not found");
        let (body, not_found) = match format!("{method} {path}").as_str() {
            "PUT /schedule" => (hours(), None),
            "POST /resources" => (therapist(), None),
            "GET /resources/{id}" | "DELETE /resources/{id}" | "GET /resources/{id}/hours" => {
                (Value::Null, RESOURCE)
            }
            "PATCH /resources/{id}" => (json!({ "name": "Stolen" }), RESOURCE),
            "PUT /resources/{id}/hours" => (hours(), RESOURCE),
            "POST /services" => (massage(), None),
            "GET /services/{id}" | "DELETE /services/{id}" => (Value::Null, SERVICE),
            "PATCH /services/{id}" => (json!({ "name": "Stolen", "price": 1 }), SERVICE),
            "POST /customers" => (customer(), None),
            "GET /customers/{email}" | "GET /customers/{email}/registrations" => (Value::Null, CUSTOMER),
            // It creates a customer of the caller's own.
            "PUT /customers/{email}" => (json!({ "name": "Stolen" }), None),
            "PATCH /customers/{email}" => (json!({ "name": "Stolen", "notes": null }), CUSTOMER),
            "POST /appointments" => (booking(), None),
            "GET /appointments/{id}" | "DELETE /appointments/{id}" => (Value::Null, APPOINTMENT),
            "PATCH /appointments/{id}" => (json!({ "time": "11:00", "notes": "stolen" }), APPOINTMENT),
            // Every account has a schedule of its own.
            "GET /changes"
            | "GET /webhook-endpoints"
            | "GET /api-keys"
            | "GET /customers"
            | "GET /appointments"
            | "GET /events"
            | "GET /resources"
            | "GET /services"
            | "GET /schedule"
            | "GET /holds"
            | "GET /blocks"
            | "GET /payment-sources"
            | "GET /payments" => (Value::Null, None),
            "POST /api-keys" => (json!({ "name": "site" }), None),
            "GET /api-keys/{id}" | "DELETE /api-keys/{id}" => (Value::Null, Some("API key not found")),
            "PATCH /api-keys/{id}" => (json!({ "name": "Stolen" }), Some("API key not found")),
            "POST /api-keys/{id}/rotate" => (json!({}), Some("API key not found")),
            "POST /webhook-endpoints" => (hook(), None),
            "GET /webhook-endpoints/{id}"
            | "DELETE /webhook-endpoints/{id}"
            | "POST /webhook-endpoints/{id}/rotate-secret"
            | "POST /webhook-endpoints/{id}/test"
            | "POST /webhook-endpoints/{id}/skip"
            | "GET /webhook-endpoints/{id}/deliveries"
            | "POST /webhook-endpoints/{id}/deliveries/{changeId}/retry" => (Value::Null, WEBHOOK_ENDPOINT),
            "PATCH /webhook-endpoints/{id}" => {
                (json!({ "url": "https://example.com/stolen" }), WEBHOOK_ENDPOINT)
            }
            "POST /webhook-endpoints/{id}/replay" => {
                (json!({ "since": "2020-01-01T00:00:00Z" }), WEBHOOK_ENDPOINT)
            }
            "POST /payment-sources" => (source(), None),
            "GET /payment-sources/{id}"
            | "DELETE /payment-sources/{id}"
            | "POST /payment-sources/{id}/test"
            | "GET /payment-sources/{id}/notices" => (Value::Null, SOURCE),
            "PATCH /payment-sources/{id}" => (json!({ "name": "Stolen" }), SOURCE),
            "POST /payment-sources/{id}/rotate-secret" => (json!({ "secret": "whsec_stolen" }), SOURCE),
            "POST /payments" => (payment(), None),
            "GET /payments/{id}" => (Value::Null, Some("Payment not found")),
            "PATCH /payments/{id}" => (json!({ "needsAttention": false }), Some("Payment not found")),
            "POST /payments/{id}/refunds" => (
                json!({ "externalId": "stolen", "amount": 1 }),
                Some("Payment not found"),
            ),
            "POST /holds" => (hold(), None),
            "GET /holds/{id}" | "DELETE /holds/{id}" => (Value::Null, Some("Hold not found")),
            "POST /blocks" => (block(), None),
            "GET /blocks/{id}" | "DELETE /blocks/{id}" => (Value::Null, Some("Block not found")),
            // Every account has slots of its own schedule.
            "GET /availability" | "GET /resources/{id}/busy" => {
                let of_resource = path.ends_with("busy").then_some("Resource not found");
                (Value::Null, of_resource)
            }
            "POST /events" => (yoga(), None),
            "GET /events/{id}"
            | "GET /events/{id}/registrations"
            | "GET /events/{id}/registrations/{registrationId}"
            | "DELETE /events/{id}/registrations/{registrationId}" => (Value::Null, EVENT),
            "PATCH /events/{id}" => (json!({ "status": "cancelled" }), EVENT),
            "POST /events/{id}/registrations" => (registration(), EVENT),
            operation => panic!("{operation} has no authorisation case"),
        };
        let id = match path.split('/').nth(1) {
            Some("events") => &self.event,
            Some("resources") => &self.resource,
            Some("services") => &self.service,
            Some("holds") => &self.hold,
            Some("blocks") => &self.block,
            Some("api-keys") => &self.api_key,
            Some("webhook-endpoints") => &self.webhook_endpoint,
            Some("payment-sources") => &self.source,
            Some("payments") => &self.payment,
            _ => &self.appointment,
        };
        let path = path
            .replace("{email}", "dana@example.com")
            .replace("{registrationId}", &self.registration)
            .replace("{changeId}", "chg_000000000000000000000000")
            .replace("{id}", id);
        let path = match path.as_str() {
            "/availability" => "/availability?from=2030-06-11&to=2030-06-12&duration=60".to_owned(),
            busy if busy.ends_with("/busy") => format!("{busy}?from=2030-06-11&to=2030-06-12"),
            _ => path,
        };
        assert!(!path.contains('{'), "{path} has a parameter without a value");
        (path, body, not_found)
    }

    /// Everything that the account holds, read through every operation that reads.
    async fn everything(&self) -> Vec<Value> {
        let mut all = Vec::new();
        for (method, path) in self.operations().await {
            if method == Method::GET {
                let answer = self.app.get(&self.case(&method, &path).0).await;
                assert_eq!(answer.status, 200, "{answer:?}");
                let mut json = answer.json;
                if path == "/changes" {
                    // The position moves on with the changes of all accounts.
                    json["nextCursor"].take();
                }
                all.push(json);
            }
        }
        all
    }
}

async fn call(app: &TestApp, method: &Method, path: &str, body: &Value) -> Answer {
    let request = app.request(method.clone(), path);
    Answer::to(if body.is_null() {
        request
    } else {
        request.json(body)
    })
    .await
}

/// Fails the test unless the answer is exactly the one in the guide.
#[track_caller]
fn assert_unauthenticated(answer: &Answer, what: &str) {
    let body = json!({ "success": false, "message": "Invalid API Key", "error": "Authentication failed" });
    assert_eq!((answer.status, &answer.json), (401, &body), "{what}: {answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/json"), "{what}");
    assert!(answer.header("x-request-id").is_some(), "{what}");
}

/// The default account's key with that name, as operators see it.
async fn listed(app: &TestApp, name: &str) -> chatgrow_domain::ApiKey {
    let keys = app.application.access.api_keys.list_all().await.unwrap();
    keys.into_iter()
        .find(|listed| listed.key.terms.name.as_str() == name)
        .unwrap()
        .key
}

async fn new_key(app: &TestApp, name: &str, expires_at: Option<Timestamp>) -> String {
    let terms = ApiKeyTerms {
        expires_at,
        ..ApiKeyTerms::full(ApiKeyName::new(name).unwrap())
    };
    let keys = &app.application.access.api_keys;
    let key = keys.create_for(&AccountSlug::default(), terms).await;
    key.unwrap().reveal().to_owned()
}

/// Calls until the key is refused. Fails the test if that takes longer than `patience`.
async fn assert_refused_within(app: &TestApp, key: &str, patience: Duration) {
    let app = app.with_key(key.to_owned());
    let started = Instant::now();
    loop {
        let answer = app.get("/customers").await;
        if answer.status == 401 {
            break;
        }
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(started.elapsed() < patience, "it still opens the account");
        sleep(Duration::from_millis(5)).await;
    }
}

/// What a caller without a valid key may send: a name for the case, and the header's values.
async fn bad_credentials(app: &TestApp) -> Vec<(&'static str, Vec<HeaderValue>)> {
    let key = app.key.as_str();
    let revoked = new_key(app, "revoked", None).await;
    let keys = &app.application.access.api_keys;
    keys.revoke_any(listed(app, "revoked").await.id).await.unwrap();
    // It expires in a second. Until then it is accepted.
    let now = listed(app, "revoked").await.created_at.as_millis();
    let expired = new_key(app, "expired", Timestamp::from_millis(now + 1000)).await;
    assert_eq!(app.with_key(expired.clone()).get("/customers").await.status, 200);
    assert_refused_within(app, &expired, Duration::from_secs(5)).await;

    let (head, last) = key.split_at(key.len() - 1);
    let wrong_checksum = format!("{head}{}", if last == "0" { '1' } else { '0' });
    let unknown = PlainApiKey::from_random([7; 32]).reveal().to_owned();
    let lowercase = key.to_lowercase();
    let bearer = format!("Bearer {key}");
    let (longer, spaced, both) = (
        format!("{key}0"),
        format!("{head} {last}"),
        format!("{key}, {key}"),
    );
    let text = |value: &str| HeaderValue::from_str(value).unwrap();
    let mut credentials = vec![
        ("no key", vec![]),
        ("two keys", vec![text(key), text(key)]),
        ("a key and garbage", vec![text(key), text("x")]),
        ("garbage and a key", vec![text(""), text(key)]),
        ("no text", vec![HeaderValue::from_bytes(b"cg_live_\xff").unwrap()]),
    ];
    for (name, value) in [
        ("revoked", &revoked[..]),
        ("expired", &expired),
        ("wrong checksum", &wrong_checksum),
        ("unknown", &unknown),
        ("empty", ""),
        ("the guide's", "your-api-key-here"),
        ("prefix only", "cg_live_"),
        ("too short", head),
        ("too long", &longer),
        ("lowercase", &lowercase),
        ("another scheme", &bearer),
        ("a space in it", &spaced),
        ("two in one", &both),
        ("an injection", "' OR '1'='1"),
    ] {
        credentials.push((name, vec![text(value)]));
    }
    credentials
}

fn with_credentials(app: &TestApp, method: &Method, path: &str, keys: &[HeaderValue]) -> RequestBuilder {
    let request = app
        .client
        .request(method.clone(), format!("{}{BASE}{path}", app.origin));
    keys.iter()
        .fold(request, |request, key| request.header("X-API-Key", key))
}

#[tokio::test]
async fn every_operation_needs_a_valid_key() {
    let world = World::start().await;
    let credentials = bad_credentials(&world.app).await;
    let before = world.everything().await;
    for (method, path) in world.operations().await {
        let (path, body, _) = world.case(&method, &path);
        for (name, keys) in &credentials {
            let request = with_credentials(&world.app, &method, &path, keys).json(&body);
            assert_unauthenticated(&Answer::to(request).await, &format!("{method} {path}, {name}"));
        }
    }
    assert_eq!(world.everything().await, before);
}

#[tokio::test]
async fn a_key_in_another_place_is_no_key() {
    let app = TestApp::start().await;
    for (name, value) in [
        ("Authorization", format!("Bearer {}", app.key)),
        ("Api-Key", app.key.clone()),
        ("Cookie", format!("X-API-Key={}", app.key)),
    ] {
        let request = with_credentials(&app, &Method::GET, "/customers", &[]).header(name, value);
        assert_unauthenticated(&Answer::to(request).await, name);
    }
    for name in ["api_key", "X-API-Key", "key"] {
        let path = format!("/customers?{name}={}", app.key);
        let request = with_credentials(&app, &Method::GET, &path, &[]);
        assert_unauthenticated(&Answer::to(request).await, name);
    }
}

#[tokio::test]
async fn the_key_is_looked_at_before_anything_else() {
    let app = TestApp::start().await;
    let unknown = HeaderValue::from_str(PlainApiKey::from_random([7; 32]).reveal()).unwrap();
    for keys in [vec![], vec![unknown]] {
        for path in [
            "",
            "/",
            "/nothing",
            "/customers/",
            "/customers/%ff",
            "/customers/dana@example.com/nothing",
            "/appointments/x",
            "/events?limit=x&limit=y",
            "/events/x/registrations/x",
        ] {
            for method in [
                "GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW",
            ] {
                let request = with_credentials(&app, &method.parse().unwrap(), path, &keys)
                    .header("Content-Type", "text/plain; charset=windows-1255")
                    .header("Content-Encoding", "gzip")
                    .body("{garbage");
                assert_unauthenticated(&Answer::to(request).await, &format!("{method} {path}"));
            }
            let head = Answer::to(with_credentials(&app, &Method::HEAD, path, &keys)).await;
            assert_eq!((head.status, head.text.as_str()), (401, ""), "HEAD {path}");
        }
    }
    // Paths outside the API need no key.
    let outside = Answer::to(app.client.get(format!("{}/nothing", app.origin))).await;
    outside.assert_error(404, "NOT_FOUND", "Path not found");
    assert_eq!(
        Answer::to(app.client.get(format!("{}/health/live", app.origin)))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn another_accounts_key_sees_and_changes_nothing() {
    let world = World::start().await;
    let before = world.everything().await;
    let stranger = world.app.with_key(world.app.new_account("stranger").await);
    let operations = world.operations().await;

    // While the other account is empty, its lists are empty and everything else is not found.
    for (method, path) in &operations {
        let (real, body, not_found) = world.case(method, path);
        if let Some(message) = not_found {
            let answer = call(&stranger, method, &real, &body).await;
            answer.assert_error(404, "NOT_FOUND", message);
        } else if path == "/schedule" {
            let own = stranger.get(&real).await;
            assert_ne!(own.json["schedule"]["slotStep"], 20, "{own:?}");
        } else if path == "/availability" {
            // All of two days, every quarter of an hour: nobody else's bookings or step count.
            assert_eq!(
                stranger.get(&format!("{real}&limit=500")).await.json["count"],
                192
            );
        } else if path == "/api-keys" {
            // It has one key: that with which it calls.
            let own = stranger.get(&real).await;
            assert_eq!(own.list("apiKeys").len(), 1, "{own:?}");
        } else if path == "/webhook-endpoints" || path == "/payment-sources" {
            let own = stranger.get(&real).await;
            assert_eq!(own.json["count"], 0, "{own:?}");
        } else if path == "/changes" {
            // What was done in it: the key was made.
            let own = stranger.get(&real).await;
            let changes = own.json["changes"].as_array().unwrap();
            assert!(
                changes.iter().all(|change| change["type"] == "api_key.created"),
                "{own:?}"
            );
        } else if *method == Method::GET {
            let list = path.trim_start_matches('/');
            assert!(stranger.get(&real).await.list(list).is_empty(), "{path}");
        }
    }

    // Then it has a customer with the same address, a booking of the same slot, an event and a registration.
    for (path, body, name) in [
        ("/customers", customer(), "customer"),
        ("/appointments", booking(), "appointment"),
        ("/events", yoga(), "event"),
        ("/resources", therapist(), "resource"),
        ("/services", massage(), "service"),
        ("/holds", hold(), "hold"),
        ("/blocks", block(), "block"),
    ] {
        let own = stranger.post(path, body).await.resource(201, name).clone();
        let listed = stranger.get(path).await;
        assert_eq!(listed.list(path.trim_start_matches('/')), [own]);
    }
    let own_event = format!(
        "/events/{}",
        stranger.get("/events").await.json["events"][0]["id"]
            .as_str()
            .unwrap()
    );
    let foreign = format!("{own_event}/registrations/{}", world.registration);
    stranger
        .delete(&foreign)
        .await
        .assert_error(404, "NOT_FOUND", "Registration not found");
    for (method, path) in &operations {
        let (real, body, not_found) = world.case(method, path);
        if path.contains("{id}") {
            let answer = call(&stranger, method, &real, &body).await;
            answer.assert_error(404, "NOT_FOUND", not_found.unwrap());
        } else if path == "/schedule" {
            let own = call(&stranger, method, &real, &body).await;
            assert_ne!(own.resource(200, "schedule")["slotStep"], 20, "{own:?}");
        } else if path.ends_with("/registrations") {
            let own = call(&stranger, method, &real, &body).await;
            assert!(own.list("registrations").is_empty(), "{own:?}");
        } else if path.contains("{email}") {
            let own = call(&stranger, method, &real, &body).await;
            let own = own.resource(200, "customer");
            assert!(
                before.iter().all(|answer| answer["customer"]["id"] != own["id"]),
                "{own}"
            );
        }
    }
    assert_eq!(world.everything().await, before);
}

#[tokio::test]
async fn another_accounts_customers_and_cursors_are_of_no_use() {
    let world = World::start().await;
    let app = &world.app;
    let stranger = app.with_key(app.new_account("stranger").await);
    let event = stranger.event(None).await;
    stranger
        .post(&format!("{event}/registrations"), registration())
        .await
        .assert_error(404, "NOT_FOUND", "Customer not found");
    stranger
        .post("/appointments", booking())
        .await
        .assert_error(404, "NOT_FOUND", "Customer not found");
    let bookings = stranger.get("/appointments?customerEmail=dana@example.com").await;
    assert!(bookings.list("appointments").is_empty());

    app.customer("noa@example.com").await;
    let page = app.get("/customers?limit=1").await;
    let cursor = page.json["nextCursor"].as_str().unwrap();
    let continued = stranger.get(&format!("/customers?cursor={cursor}")).await;
    assert!(continued.list("customers").is_empty());
    // An address in another account is not in the way either.
    assert_eq!(
        stranger
            .put("/customers/dana@example.com", json!({ "name": "Other" }))
            .await
            .status,
        201
    );
    assert_eq!(
        app.get("/customers/dana@example.com").await.json["customer"]["name"],
        "Dana"
    );
}

#[tokio::test]
async fn keys_of_one_account_see_the_same_data() {
    let world = World::start().await;
    let other = world.app.with_key(new_key(&world.app, "second", None).await);
    for path in ["/customers", "/appointments", "/events"] {
        assert_eq!(other.get(path).await.json, world.app.get(path).await.json);
    }
}

#[tokio::test]
async fn a_revoked_key_stops_within_a_second_and_for_good() {
    let app = TestApp::start().await;
    let key = new_key(&app, "revoked", None).await;
    let id = listed(&app, "revoked").await.id;
    for _ in 0..3 {
        assert_eq!(app.with_key(key.clone()).get("/customers").await.status, 200);
    }
    let keys = &app.application.access.api_keys;
    keys.revoke_any(id).await.unwrap();
    assert_refused_within(&app, &key, Duration::from_secs(1)).await;
    for _ in 0..20 {
        assert_unauthenticated(&app.with_key(key.clone()).get("/customers").await, "again");
    }
    keys.revoke_any(id).await.expect("it can be repeated");
    assert!(listed(&app, "revoked").await.revoked_at.is_some());
    assert_eq!(app.get("/customers").await.status, 200, "the account's other key");
}

#[tokio::test]
async fn the_last_use_of_a_key_is_noted() {
    let app = TestApp::start().await;
    let used = app.with_key(new_key(&app, "used", None).await);
    new_key(&app, "unused", None).await;
    assert_eq!(listed(&app, "used").await.last_used_at, None);

    assert_eq!(used.get("/nothing").await.status, 404);
    app.application
        .access
        .authentication
        .flush_key_uses()
        .await
        .unwrap();
    let key = listed(&app, "used").await;
    let first = key.last_used_at.unwrap();
    assert!(first >= key.created_at);
    assert_eq!(listed(&app, "unused").await.last_used_at, None);

    app.application
        .access
        .authentication
        .flush_key_uses()
        .await
        .unwrap();
    assert_eq!(
        listed(&app, "used").await.last_used_at,
        Some(first),
        "reading the list is no use"
    );
    used.get("/customers").await;
    app.application
        .access
        .authentication
        .flush_key_uses()
        .await
        .unwrap();
    assert!(listed(&app, "used").await.last_used_at >= Some(first));
}
