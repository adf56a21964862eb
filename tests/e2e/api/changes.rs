//! The feed of changes: what is recorded, and how it is read.

use super::{each_store, start};
use e2e::{Answer, ApiClient, Store, TestApp};
use reqwest::Method;
use rstest_reuse::apply;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Reads the feed. On PostgreSQL, a change is read once every transaction that was under way has ended, in whatever
/// database of the cluster. So each reading writes a change of its own, and reads on until that one comes.
pub(super) struct Reader<'a> {
    app: &'a ApiClient,
    after: String,
    marks: usize,
}

impl<'a> Reader<'a> {
    /// A reader of what happens from now on.
    pub(super) async fn new(app: &'a ApiClient) -> Self {
        let after = cursor(&app.get("/changes?after=now").await);
        let mut reader = Self { app, after, marks: 0 };
        reader.changes().await;
        reader
    }

    /// What has happened since the last reading.
    pub(super) async fn changes(&mut self) -> Vec<Value> {
        self.marks += 1;
        let mark = format!("mark-{}@example.com", self.marks);
        let marked = self
            .app
            .put(&format!("/customers/{mark}"), json!({ "name": self.after }))
            .await;
        assert!(marked.status < 300, "{marked:?}");
        let mut changes = Vec::new();
        loop {
            let page = self
                .app
                .get(&format!("/changes?after={}&limit=500&wait=5", self.after))
                .await;
            self.after = cursor(&page);
            for change in page.json["changes"].as_array().unwrap() {
                if change["data"]["object"]["email"] == *mark {
                    change["cursor"].as_str().unwrap().clone_into(&mut self.after);
                    return changes;
                }
                changes.push(change.clone());
            }
        }
    }
}

#[track_caller]
fn cursor(page: &Answer) -> String {
    assert_eq!(page.status, 200, "{page:?}");
    page.json["nextCursor"].as_str().unwrap().to_owned()
}

/// So many changes after a position, as soon as they can be read.
async fn await_changes(app: &ApiClient, query: &str, count: usize) -> Vec<Value> {
    loop {
        let page = app.get(&format!("/changes?{query}&limit=500")).await;
        cursor(&page);
        let changes = page.json["changes"].as_array().unwrap();
        assert!(changes.len() <= count, "{page:?}");
        if changes.len() == count {
            return changes.clone();
        }
    }
}

fn types(changes: &[Value]) -> Vec<&str> {
    changes
        .iter()
        .map(|change| change["type"].as_str().unwrap())
        .collect()
}

/// One operation of the document, and what it records.
struct Mutation {
    /// The method and the path, as the document has them.
    operation: &'static str,
    /// What stands for the parameters of the path.
    id: String,
    body: Value,
    types: &'static [&'static str],
}

/// Every operation that changes something, in an order in which each can be carried out, with what it records.
async fn mutations(app: &ApiClient) -> Vec<Mutation> {
    let mut mutations = Vec::new();
    let mut add = |operation, id: &str, body, types| {
        mutations.push(Mutation {
            operation,
            id: id.to_owned(),
            body,
            types,
        });
    };
    let made = async |path: &str, name: &str, body: Value| {
        let answer = app.post(path, body).await;
        answer.resource(201, name)["id"].as_str().unwrap().to_owned()
    };
    let slot = |time: &str| json!({ "customerEmail": "noa@example.com", "date": "2030-06-11", "time": time, "serviceType": "lesson" });
    made(
        "/customers",
        "customer",
        json!({ "name": "Noa", "email": "noa@example.com" }),
    )
    .await;
    add(
        "POST /customers",
        "",
        json!({ "name": "Dana", "email": "dana@example.com" }),
        &["customer.created"],
    );
    add(
        "PATCH /customers/{}",
        "dana@example.com",
        json!({ "notes": "VIP" }),
        &["customer.updated"],
    );
    add(
        "PUT /customers/{}",
        "tal@example.com",
        json!({ "name": "Tal" }),
        &["customer.created"],
    );
    let booked = made("/appointments", "appointment", slot("08:00")).await;
    add(
        "POST /appointments",
        "",
        json!({ "customer": { "email": "gal@example.com", "name": "Gal" }, "date": "2030-06-11", "time": "10:00", "serviceType": "lesson" }),
        &["customer.created", "appointment.created"],
    );
    add(
        "PATCH /appointments/{}",
        &booked,
        json!({ "time": "11:00" }),
        &["appointment.rescheduled"],
    );
    add(
        "DELETE /appointments/{}",
        &booked,
        Value::Null,
        &["appointment.cancelled"],
    );
    let hold = made(
        "/holds",
        "hold",
        json!({ "date": "2030-06-12", "time": "10:00", "serviceType": "lesson" }),
    )
    .await;
    add(
        "POST /holds",
        "",
        json!({ "date": "2030-06-12", "time": "12:00", "serviceType": "lesson" }),
        &["hold.created"],
    );
    add("DELETE /holds/{}", &hold, Value::Null, &["hold.released"]);
    let block = made(
        "/blocks",
        "block",
        json!({ "from": "2030-06-13", "until": "2030-06-14" }),
    )
    .await;
    add(
        "POST /blocks",
        "",
        json!({ "from": "2030-06-14", "until": "2030-06-15" }),
        &["block.created"],
    );
    add("DELETE /blocks/{}", &block, Value::Null, &["block.removed"]);
    let resource = made(
        "/resources",
        "resource",
        json!({ "name": "Dana", "kind": "staff" }),
    )
    .await;
    add(
        "POST /resources",
        "",
        json!({ "name": "Noa", "kind": "staff" }),
        &["resource.created"],
    );
    add(
        "PATCH /resources/{}",
        &resource,
        json!({ "name": "Tal" }),
        &["resource.updated"],
    );
    add(
        "PUT /resources/{}/hours",
        &resource,
        json!({ "exceptions": [{ "date": "2030-06-05", "closed": true }] }),
        &["resource.updated"],
    );
    add(
        "DELETE /resources/{}",
        &resource,
        Value::Null,
        &["resource.updated"],
    );
    let service = made(
        "/services",
        "service",
        json!({ "name": "Massage", "serviceType": "treatment" }),
    )
    .await;
    add(
        "POST /services",
        "",
        json!({ "name": "Talk", "serviceType": "consultation" }),
        &["service.created"],
    );
    add(
        "PATCH /services/{}",
        &service,
        json!({ "price": 100 }),
        &["service.updated"],
    );
    add("DELETE /services/{}", &service, Value::Null, &["service.updated"]);
    add(
        "PUT /schedule",
        "",
        json!({ "slotStep": 20 }),
        &["schedule.updated"],
    );
    let yoga = json!({ "title": "Yoga", "date": "2030-12-30", "time": "18:00" });
    let event = made("/events", "event", yoga.clone()).await;
    let registrations = format!("/events/{event}/registrations");
    let noa = json!({ "customerEmail": "noa@example.com" });
    let registration = made(&registrations, "registration", noa.clone()).await;
    add("POST /events", "", yoga, &["event.created"]);
    add(
        "DELETE /events/{}/registrations/{}",
        &format!("{event} {registration}"),
        Value::Null,
        &["registration.cancelled"],
    );
    add(
        "POST /events/{}/registrations",
        &event,
        noa,
        &["registration.created"],
    );
    add(
        "PATCH /events/{}",
        &event,
        json!({ "status": "cancelled" }),
        &["event.cancelled"],
    );
    let payment = json!({ "provider": "cash", "externalId": "1", "amount": 5, "currency": "ILS" });
    let paid = made("/payments", "payment", payment.clone()).await;
    let next = json!({ "provider": "cash", "externalId": "2", "amount": 5, "currency": "ILS" });
    add("POST /payments", "", next, &["payment.created"]);
    add(
        "POST /payments/{}/refunds",
        &paid,
        json!({ "externalId": "3", "amount": 5 }),
        &["payment.created", "payment.updated"],
    );
    add(
        "PATCH /payments/{}",
        &paid,
        json!({ "needsAttention": false }),
        &["payment.updated"],
    );
    let key = made("/api-keys", "apiKey", json!({ "name": "site" })).await;
    add(
        "POST /api-keys",
        "",
        json!({ "name": "form" }),
        &["api_key.created"],
    );
    add(
        "PATCH /api-keys/{}",
        &key,
        json!({ "name": "shop" }),
        &["api_key.updated"],
    );
    add(
        "POST /api-keys/{}/rotate",
        &key,
        json!({}),
        &["api_key.rotated", "api_key.created"],
    );
    add("DELETE /api-keys/{}", &key, Value::Null, &["api_key.revoked"]);
    let hook = json!({ "url": "https://example.com/hook", "active": false });
    let endpoint = made("/webhook-endpoints", "webhookEndpoint", hook.clone()).await;
    add("POST /webhook-endpoints", "", hook, &["webhook_endpoint.created"]);
    add(
        "PATCH /webhook-endpoints/{}",
        &endpoint,
        json!({ "ordered": true }),
        &["webhook_endpoint.updated"],
    );
    add(ROTATION, &endpoint, json!({}), &["webhook_endpoint.updated"]);
    add(
        "DELETE /webhook-endpoints/{}",
        &endpoint,
        Value::Null,
        &["webhook_endpoint.removed"],
    );
    let stripe = json!({ "kind": "stripe", "name": "Stripe" });
    let source = made("/payment-sources", "paymentSource", stripe.clone()).await;
    add("POST /payment-sources", "", stripe, &["payment_source.created"]);
    add(
        "PATCH /payment-sources/{}",
        &source,
        json!({ "name": "Shop" }),
        &["payment_source.updated"],
    );
    add(
        SOURCE_ROTATION,
        &source,
        json!({ "secret": "whsec_another" }),
        &["payment_source.updated"],
    );
    add(
        "DELETE /payment-sources/{}",
        &source,
        Value::Null,
        &["payment_source.removed"],
    );
    mutations
}

/// Each time, it makes another secret.
const ROTATION: &str = "POST /webhook-endpoints/{}/rotate-secret";
const SOURCE_ROTATION: &str = "POST /payment-sources/{}/rotate-secret";

/// They steer what is sent to an endpoint, or try a payment source, and change nothing that is told.
const UNRECORDED: [&str; 5] = [
    "POST /payment-sources/{}/test",
    "POST /webhook-endpoints/{}/deliveries/{}/retry",
    "POST /webhook-endpoints/{}/replay",
    "POST /webhook-endpoints/{}/skip",
    "POST /webhook-endpoints/{}/test",
];

/// Every operation of the document that may change something.
fn changing_operations() -> BTreeSet<String> {
    let document = chatgrow_api::document();
    let mut operations = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let path = path.strip_prefix(chatgrow_api::BASE_PATH).unwrap();
        let mut parts = path
            .split('/')
            .map(|part| if part.starts_with('{') { "{}" } else { part });
        let path = parts.by_ref().collect::<Vec<_>>().join("/");
        for method in item.as_object().unwrap().keys() {
            if ["post", "put", "patch", "delete"].contains(&method.as_str()) {
                operations.insert(format!("{} {path}", method.to_uppercase()));
            }
        }
    }
    for steering in UNRECORDED {
        assert!(operations.remove(steering), "{steering}");
    }
    operations
}

#[apply(each_store)]
async fn every_operation_records_what_it_changes_once(store: Store) {
    let Some(app) = start(store).await else { return };
    let mut tested = BTreeSet::new();
    let mutations = mutations(&app).await;
    let mut reader = Reader::new(&app).await;
    for (number, mutation) in mutations.into_iter().enumerate() {
        let operation = mutation.operation;
        let (method, path) = operation.split_once(' ').unwrap();
        let path = mutation
            .id
            .split(' ')
            .fold(path.to_owned(), |path, id| path.replacen("{}", id, 1));
        let method: Method = method.parse().unwrap();
        let call = async |key: String| {
            let request = app.request(method.clone(), &path).header("Idempotency-Key", key);
            Answer::to(match &mutation.body {
                Value::Null => request,
                body => request.json(body),
            })
            .await
        };
        let answer = call(format!("first {number}")).await;
        assert!(answer.status < 300, "{operation}: {answer:?}");
        let changes = reader.changes().await;
        assert_eq!(types(&changes), mutation.types, "{operation}");
        for change in &changes {
            assert_eq!(
                change["requestId"],
                answer.header("x-request-id").unwrap(),
                "{operation}"
            );
            assert_eq!(change["actor"]["type"], "api_key", "{operation}");
            assert_eq!(change["data"]["truncated"], false, "{operation}");
            let kind = change["type"].as_str().unwrap().split('.').next().unwrap();
            assert_eq!(change["subject"]["type"], kind, "{operation}");
        }

        let replayed = call(format!("first {number}")).await;
        assert_eq!(
            replayed.header("idempotent-replayed"),
            Some("true"),
            "{operation}"
        );
        // The second time it changes nothing or is refused, unless it makes another resource each time.
        let again = call(format!("again {number}")).await;
        let makes_another = again.status == 201 || [ROTATION, SOURCE_ROTATION].contains(&operation);
        assert_eq!(
            reader.changes().await.is_empty(),
            !makes_another,
            "{operation}: {again:?}"
        );
        tested.insert(operation.to_owned());
    }
    assert_eq!(tested, changing_operations(), "an operation has no case here");
}

#[apply(each_store)]
async fn the_feed_goes_on_where_it_stopped(store: Store) {
    let Some(app) = start(store).await else { return };
    let mut reader = Reader::new(&app).await;
    let start = reader.after.clone();
    for number in 0..7 {
        app.customer(&format!("{number}@example.com")).await;
    }
    let whole = reader.changes().await;
    assert_eq!(whole.len(), 7);
    let (mut read, mut after) = (Vec::new(), start);
    // The eighth is the reader's own.
    for count in [3, 3, 2] {
        let page = app.get(&format!("/changes?after={after}&limit=3")).await;
        after = cursor(&page);
        let changes = page.json["changes"].as_array().unwrap();
        assert_eq!(
            (changes.len(), &page.json["hasMore"]),
            (count, &json!(count == 3)),
            "{page:?}"
        );
        read.extend(changes.clone());
    }
    assert_eq!(read[..7], whole, "without gap or repeat");
    let third = whole[2]["cursor"].as_str().unwrap();
    let rest = app.get(&format!("/changes?after={third}&limit=4")).await;
    assert_eq!(
        rest.json["changes"].as_array().unwrap(),
        &whole[3..],
        "each change has a cursor, too"
    );
    let all = app.get("/changes?limit=500").await;
    let all = all.json["changes"].as_array().unwrap();
    assert_eq!(
        all[0]["type"], "api_key.created",
        "without a cursor, it begins with the oldest"
    );
    assert!(whole.iter().all(|change| all.contains(change)));
}

#[apply(each_store)]
async fn a_change_tells_what_was_done_and_by_whom(store: Store) {
    let Some(app) = start(store).await else { return };
    app.customer("dana@example.com").await;
    let mut reader = Reader::new(&app).await;
    let before = reader.after.clone();
    let after = app
        .patch("/customers/dana@example.com", json!({ "notes": "VIP" }))
        .await;
    let [change] = reader.changes().await.try_into().unwrap();
    let customer = after.resource(200, "customer");
    assert_eq!(change["data"]["object"], *customer, "as GET shows it");
    assert_eq!(change["data"]["previous"]["notes"], Value::Null);
    let previous = change["data"]["previous"].as_object().unwrap();
    assert_eq!(previous.keys().collect::<Vec<_>>(), ["notes", "updatedAt"]);
    assert_eq!(change["at"], customer["updatedAt"]);
    assert_eq!(
        change["subject"],
        json!({ "type": "customer", "id": customer["id"], "version": 2 })
    );
    assert_eq!(change["customerId"], customer["id"]);

    let id = customer["id"].as_str().unwrap();
    let key = change["actor"]["id"].as_str().unwrap();
    // The reader's own change is there, too.
    for (filter, found) in [
        (format!("subject={id}"), 1),
        ("subject=507f1f77bcf86cd799439011".to_owned(), 0),
        (format!("actor={key}"), 2),
        ("actor=system".to_owned(), 0),
        ("types=customer.*".to_owned(), 2),
        ("types=customer.updated,hold.*".to_owned(), 1),
        (format!("types=*&subject={id}&actor={key}"), 1),
    ] {
        let page = app.get(&format!("/changes?after={before}&{filter}")).await;
        assert_eq!(
            page.json["changes"].as_array().unwrap().len(),
            found,
            "{filter}: {page:?}"
        );
        // What doesn't match is passed over.
        let rest = app.get(&format!("/changes?after={}", cursor(&page))).await;
        assert_eq!(rest.json["changes"], json!([]), "{filter}");
    }
}

#[apply(each_store)]
async fn who_waits_is_answered_when_something_changes(store: Store) {
    let Some(app) = start(store).await else { return };
    let before = Reader::new(&app).await.after;
    let path = format!("/changes?after={before}&wait=25");
    let (page, _) = tokio::join!(app.get(&path), app.customer("dana@example.com"));
    assert_eq!(
        types(page.json["changes"].as_array().unwrap()),
        ["customer.created"]
    );
    let path = format!("/changes?after={}&wait=1", cursor(&page));
    let page = app.get(&path).await;
    assert_eq!((page.status, &page.json["changes"]), (200, &json!([])));
}

#[apply(each_store)]
async fn each_sees_the_changes_of_what_it_may_read(store: Store) {
    let Some(app) = start(store).await else { return };
    let mut reader = Reader::new(&app).await;
    let before = reader.after.clone();
    app.customer("dana@example.com").await;
    app.event(None).await;
    let scoped = async |scopes: &[&str]| {
        let body = json!({ "name": "scoped", "scopes": scopes });
        let key = app.post("/api-keys", body).await;
        app.with_key(key.json["apiKey"]["key"].as_str().unwrap().to_owned())
    };
    let events = scoped(&["changes:read", "events:read"]).await;
    let nothing = scoped(&["changes:read"]).await;
    // Everything so far can be read now.
    reader.changes().await;
    let after = format!("after={before}");
    assert_eq!(types(&await_changes(&events, &after, 1).await), ["event.created"]);
    assert_eq!(await_changes(&nothing, &after, 0).await, Vec::<Value>::new());
    let refused = scoped(&["events:read"]).await.get("/changes").await;
    refused.assert_error(
        403,
        "INSUFFICIENT_SCOPE",
        "The API key lacks the scope changes:read",
    );

    let other = app.with_key(app.new_account("other").await);
    let theirs = await_changes(&other, "types=*", 1).await;
    assert_eq!(types(&theirs), ["api_key.created"], "nothing of another account");
    let stolen = other.get(&format!("/changes?after={before}")).await;
    assert_eq!(stolen.status, 410, "{stolen:?}");
}

#[apply(each_store)]
async fn a_cursor_that_leads_nowhere_is_told(store: Store) {
    let Some(app) = start(store).await else { return };
    for bad in ["x", "now1", "%20", "AAAA", &"A".repeat(44)] {
        app.get(&format!("/changes?after={bad}"))
            .await
            .assert_invalid(&["after"]);
    }
    let expired = "The cursor has expired: take a new one with after=now, then read the resources anew";
    let foreign = app.get(&format!("/changes?after={}", "A".repeat(43))).await;
    foreign.assert_error(410, "CURSOR_EXPIRED", expired);
    for (bad, field) in [
        ("wait=26", "wait"),
        ("limit=501", "limit"),
        ("types=all", "types"),
        ("actor=me", "actor"),
    ] {
        app.get(&format!("/changes?{bad}")).await.assert_invalid(&[field]);
    }
    // What was swept is gone, and only who has not read it yet is told so.
    let mut reader = Reader::new(&app).await;
    let before = reader.after.clone();
    app.customer("dana@example.com").await;
    reader.changes().await;
    app.application.delivery.feed.sweep(-60_000).await.unwrap();
    let swept = app.get(&format!("/changes?after={before}")).await;
    swept.assert_error(410, "CURSOR_EXPIRED", expired);
    let rest = app.get(&format!("/changes?after={}", reader.after)).await;
    assert_eq!(
        (rest.status, &rest.json["changes"]),
        (200, &json!([])),
        "{rest:?}"
    );
    assert_eq!(app.get("/changes").await.json["changes"], json!([]));
}

/// Reads a stream until an event has come.
async fn next_event(stream: &mut reqwest::Response) -> String {
    let mut text = String::new();
    while !text.contains("\n\n") || text.trim_start().starts_with(':') {
        let chunk = stream.chunk().await.unwrap().unwrap();
        text.push_str(str::from_utf8(&chunk).unwrap());
    }
    text
}

fn field<'a>(event: &'a str, name: &str) -> &'a str {
    let mut lines = event.lines();
    lines
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
        .unwrap()
}

#[apply(each_store)]
async fn a_stream_ends_with_its_key(store: Store) {
    let Some(app) = start(store).await else { return };
    let made = app.post("/api-keys", json!({ "name": "reader" })).await;
    let made = made.resource(201, "apiKey");
    let (id, key) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());
    let reader = app.with_key(key.to_owned());
    let request = reader.request(Method::GET, "/changes/stream?types=customer.*");
    let mut stream = request.send().await.unwrap();
    app.customer("dana@example.com").await;
    next_event(&mut stream).await;
    assert_eq!(app.delete(&format!("/api-keys/{id}")).await.status, 200);
    while stream.chunk().await.unwrap().is_some() {}
}

#[apply(each_store)]
async fn a_stream_tells_changes_as_they_come_and_goes_on(store: Store) {
    let Some(app) = start(store).await else { return };
    let open = async |app: &TestApp, path: &str| app.request(Method::GET, path).send().await.unwrap();
    let mut stream = open(&app, "/changes/stream?types=customer.*").await;
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    app.event(None).await;
    app.customer("dana@example.com").await;
    let event = next_event(&mut stream).await;
    assert_eq!(field(&event, "event"), "customer.created");
    let change: Value = serde_json::from_str(field(&event, "data")).unwrap();
    let id = field(&event, "id").to_owned();
    assert_eq!(
        (change["type"].as_str(), change["cursor"].as_str()),
        (Some("customer.created"), Some(&*id))
    );
    drop(stream);
    app.customer("noa@example.com").await;
    let interrupted = app
        .request(Method::GET, "/changes/stream")
        .header("Last-Event-ID", &id);
    let mut stream = interrupted.send().await.unwrap();
    let event = next_event(&mut stream).await;
    assert!(field(&event, "data").contains("noa@example.com"), "{event}");

    let bad = app
        .request(Method::GET, "/changes/stream")
        .header("Last-Event-ID", "x");
    Answer::to(bad).await.assert_invalid(&["Last-Event-ID"]);
    let mut streams = vec![stream];
    while streams.len() < 10 {
        streams.push(open(&app, "/changes/stream").await);
    }
    let eleventh = app.get("/changes/stream").await;
    assert_eq!(eleventh.status, 429, "{eleventh:?}");
}
