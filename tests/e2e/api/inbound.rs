//! What payment systems send by themselves: notices to the paths of payment sources. Stripe's own libraries sign some of
//! them in `tests/payments`; here they are signed by hand.

use super::{changes::Reader, each_store, start};
use e2e::{Answer, ApiClient, Store, TestApp, race, with};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Method, RequestBuilder};
use rstest_reuse::apply;
use serde_json::{Value, json};
use sha2::Sha256;
use std::time::{SystemTime, UNIX_EPOCH};

const SECRET: &str = "whsec_a secret of Stripe";

#[expect(clippy::disallowed_methods, reason = "the server asks the same clock")]
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn signature(secret: &str, parts: &[&[u8]]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    for part in parts {
        mac.update(part);
    }
    base16ct::lower::encode_string(&mac.finalize().into_bytes())
}

/// A source at Stripe.
struct Source {
    id: String,
    url: String,
}

impl Source {
    async fn stripe(app: &TestApp) -> Self {
        Self::new(
            app,
            json!({ "kind": "stripe", "name": "Stripe", "secret": SECRET }),
        )
        .await
    }

    async fn new(app: &TestApp, body: Value) -> Self {
        Self::of(
            app,
            app.post("/payment-sources", body)
                .await
                .resource(201, "paymentSource"),
        )
    }

    fn of(app: &ApiClient, made: &Value) -> Self {
        Self {
            id: made["id"].as_str().unwrap().to_owned(),
            url: format!("{}{}", app.origin, made["path"].as_str().unwrap()),
        }
    }

    /// An event, signed with that secret at that time.
    fn signed(&self, app: &ApiClient, secret: &str, seconds: u64, event: &Value) -> RequestBuilder {
        let body = event.to_string();
        let time = seconds.to_string();
        let signature = signature(secret, &[time.as_bytes(), b".", body.as_bytes()]);
        app.client
            .post(&self.url)
            .header("Stripe-Signature", format!("t={time},v1={signature}"))
            .body(body)
    }

    async fn send(&self, app: &TestApp, event: &Value) -> Answer {
        Answer::to(self.signed(app, SECRET, now(), event)).await
    }

    /// Sends an event, and asserts what came of it.
    async fn tell(&self, app: &TestApp, event: &Value, outcome: &str) {
        let answer = self.send(app, event).await;
        assert_eq!(
            (answer.status, &answer.json["outcome"]),
            (200, &json!(outcome)),
            "{answer:?}"
        );
    }

    /// The outcomes in its log, oldest first, with the types.
    async fn log(&self, app: &TestApp) -> Vec<(String, String)> {
        let answer = app.get(&format!("/payment-sources/{}/notices", self.id)).await;
        let text = |notice: &Value, name: &str| notice[name].as_str().unwrap_or_default().to_owned();
        let mut log: Vec<_> = answer
            .list("notices")
            .iter()
            .map(|notice| (text(notice, "type"), text(notice, "outcome")))
            .collect();
        log.reverse();
        log
    }
}

fn event(id: &str, kind: &str, object: &Value) -> Value {
    json!({ "id": id, "object": "event", "type": kind, "created": 1_900_000_000, "data": { "object": object } })
}

/// What Stripe tells of a payment intent of 50 shekels: as the session that took it, as itself, and once it was refunded.
fn session(intent: &str, reference: &str) -> Value {
    let object = json!({
        "id": "cs_1", "object": "checkout.session", "payment_status": "paid", "payment_intent": intent,
        "amount_total": 5000, "currency": "ils", "client_reference_id": reference,
    });
    event(
        &format!("evt_session_{intent}"),
        "checkout.session.completed",
        &object,
    )
}

fn succeeded(intent: &str) -> Value {
    let object =
        json!({ "id": intent, "amount": 5000, "amount_received": 5000, "currency": "ils", "metadata": {} });
    event(
        &format!("evt_intent_{intent}"),
        "payment_intent.succeeded",
        &object,
    )
}

fn refunded(intent: &str, total: u32) -> Value {
    let object = json!({
        "id": "ch_1", "payment_intent": intent, "amount": 5000, "amount_captured": 5000, "amount_refunded": total,
        "captured": true, "currency": "ils", "metadata": {},
    });
    event(
        &format!("evt_charge_{intent}_{total}"),
        "charge.refunded",
        &object,
    )
}

async fn book(app: &TestApp, time: &str) -> String {
    let order = json!({
        "customerEmail": "dana@example.com", "date": "2030-12-25", "time": time, "serviceType": "treatment",
        "duration": 5, "payment": { "amount": 250, "currency": "ILS", "deposit": 50 },
    });
    let booked = app.post("/appointments", order).await;
    booked.resource(201, "appointment")["id"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// The status of an appointment, how it is paid, what was paid, and what was given back.
async fn standing(app: &TestApp, id: &str) -> Value {
    let read = app.get(&format!("/appointments/{id}")).await;
    let shown = read.resource(200, "appointment");
    let payment = &shown["payment"];
    json!([
        shown["status"],
        payment["status"],
        payment["paid"],
        payment["refunded"]
    ])
}

/// The changes of what has that kind.
fn of_kind(changes: &[Value], kind: &str) -> Vec<Value> {
    let of = changes
        .iter()
        .filter(|change| change["type"].as_str().unwrap().starts_with(kind));
    of.cloned().collect()
}

/// What the ledger says of every entry, apart from ids and times of our own.
async fn ledger(app: &TestApp) -> Vec<Value> {
    let answer = app.get("/payments").await;
    let entries = answer.list("payments").iter().map(|entry| {
        let mut entry = entry.clone();
        for own in ["id", "paymentId", "appointmentId", "createdAt", "updatedAt"] {
            entry.as_object_mut().unwrap().remove(own);
        }
        entry
    });
    entries.collect()
}

#[apply(each_store)]
async fn a_checkout_confirms_its_booking(store: Store) {
    let Some(app) = start(store).await else { return };
    app.customer("dana@example.com").await;
    let (source, booked) = (Source::stripe(&app).await, book(&app, "10:00").await);
    assert_eq!(standing(&app, &booked).await, json!(["pending", "unpaid", 0, 0]));
    let mut reader = Reader::new(&app).await;
    // The intent doesn't know the booking, and the session names it later.
    source.tell(&app, &succeeded("pi_1"), "taken").await;
    let unmatched = app.get("/payments?needsAttention=true").await;
    assert_eq!(unmatched.list("payments")[0]["attention"], "unmatched");
    source.tell(&app, &session("pi_1", &booked), "taken").await;
    assert_eq!(
        standing(&app, &booked).await,
        json!(["confirmed", "deposit_paid", 50, 0])
    );
    assert!(
        app.get("/payments?needsAttention=true")
            .await
            .list("payments")
            .is_empty()
    );
    source.tell(&app, &session("pi_1", &booked), "repeated").await;
    source
        .tell(
            &app,
            &event("evt_other", "customer.created", &json!({})),
            "ignored",
        )
        .await;
    source.tell(&app, &refunded("pi_1", 2000), "taken").await;
    assert_eq!(
        standing(&app, &booked).await,
        json!(["confirmed", "partially_refunded", 50, 20])
    );
    // A refund that the total includes, and then one that it doesn't.
    for (id, amount, given_back) in [("re_1", 2000, 20), ("re_2", 3000, 50)] {
        let refund = json!({
            "id": id, "payment_intent": "pi_1", "amount": amount, "currency": "ils", "status": "succeeded",
        });
        source
            .tell(
                &app,
                &event(&format!("evt_{id}"), "refund.created", &refund),
                "taken",
            )
            .await;
        let now = standing(&app, &booked).await;
        assert_eq!((&now[2], &now[3]), (&json!(50), &json!(given_back)), "{id}");
    }
    source.tell(&app, &refunded("pi_1", 5000), "taken").await;
    assert_eq!(
        standing(&app, &booked).await,
        json!(["confirmed", "refunded", 50, 50])
    );
    let log = source.log(&app).await;
    let outcomes: Vec<_> = log.iter().map(|(_, outcome)| outcome.as_str()).collect();
    assert_eq!(
        outcomes,
        [
            "recorded", "recorded", "ignored", "recorded", "recorded", "recorded", "recorded"
        ]
    );
    let change = &of_kind(&reader.changes().await, "payment.created")[0];
    assert_eq!(change["actor"]["type"], "system");
    assert!(change["requestId"].is_string(), "{change}");
}

#[apply(each_store)]
async fn events_in_any_order_give_the_same_ledger(store: Store) {
    let Some(app) = start(store).await else { return };
    app.customer("dana@example.com").await;
    let source = Source::stripe(&app).await;
    let mut ledgers = Vec::new();
    for (nth, order) in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]
        .into_iter()
        .enumerate()
    {
        let booked = book(&app, &format!("11:{:02}", nth * 5)).await;
        let intent = format!("pi_{nth}");
        let events = [
            session(&intent, &booked),
            succeeded(&intent),
            refunded(&intent, 5000),
        ];
        for next in order {
            source.tell(&app, &events[next], "taken").await;
        }
        for again in &events {
            source.tell(&app, again, "repeated").await;
        }
        let shown = standing(&app, &booked).await;
        assert_eq!(
            (&shown[1], &shown[2], &shown[3]),
            (&json!("refunded"), &json!(50), &json!(50))
        );
        let mut entry = ledger(&app).await.pop().unwrap();
        entry["externalId"] = "pi".into();
        ledgers.push(entry);
    }
    assert!(ledgers.windows(2).all(|pair| pair[0] == pair[1]), "{ledgers:#?}");
    assert_eq!(
        (&ledgers[0]["refunded"], &ledgers[0]["attention"]),
        (&json!(50), &Value::Null)
    );
}

#[apply(each_store)]
async fn of_many_identical_notices_one_is_taken(store: Store) {
    let Some(app) = start(store).await else { return };
    app.customer("dana@example.com").await;
    let (source, booked) = (Source::stripe(&app).await, book(&app, "10:00").await);
    let event = session("pi_1", &booked);
    let answers = race((0..64).map(|_| source.signed(&app, SECRET, now(), &event))).await;
    let taken = answers.iter().filter(|answer| answer.json["outcome"] == "taken");
    assert_eq!(taken.count(), 1, "{answers:?}");
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    assert_eq!(ledger(&app).await.len(), 1);
    assert_eq!(standing(&app, &booked).await[0], "confirmed");
    assert_eq!(source.log(&app).await.len(), 1);
}

#[apply(each_store)]
async fn a_week_that_is_sent_again_changes_nothing(store: Store) {
    let Some(app) = start(store).await else { return };
    app.customer("dana@example.com").await;
    let source = Source::stripe(&app).await;
    let mut week = Vec::new();
    for nth in 0..20 {
        let booked = book(&app, &format!("{:02}:{:02}", 8 + nth / 10, nth % 10 * 5)).await;
        let intent = format!("pi_{nth}");
        week.extend([
            session(&intent, &booked),
            succeeded(&intent),
            refunded(&intent, 100 * nth + 100),
        ]);
    }
    for event in &week {
        source.tell(&app, event, "taken").await;
    }
    let (before, log) = (ledger(&app).await, source.log(&app).await);
    let mut reader = Reader::new(&app).await;
    // What was overheard is too old, and what Stripe sends again is signed anew.
    for event in &week {
        let overheard = Answer::to(source.signed(&app, SECRET, now() - 7 * 86_400, event)).await;
        overheard.assert_error(
            400,
            "INVALID_SIGNATURE",
            "The signature is missing, wrong or too old",
        );
        source.tell(&app, event, "repeated").await;
    }
    // Also under new ids, as if the log had been swept.
    for (nth, event) in week.iter().enumerate() {
        source
            .tell(&app, &with(event, "id", format!("evt_again_{nth}")), "taken")
            .await;
    }
    assert_eq!(ledger(&app).await, before);
    let changes = of_kind(&reader.changes().await, "payment");
    assert!(changes.is_empty(), "{changes:?}");
    let known = source.log(&app).await.split_off(log.len());
    assert!(known.iter().all(|(_, outcome)| outcome == "known"), "{known:?}");
}

#[apply(each_store)]
async fn what_is_not_signed_is_refused_without_detail(store: Store) {
    let Some(app) = start(store).await else { return };
    let source = Source::stripe(&app).await;
    let event = succeeded("pi_1");
    let refused = async |request: RequestBuilder| {
        let answer = Answer::to(request).await;
        answer.assert_error(
            400,
            "INVALID_SIGNATURE",
            "The signature is missing, wrong or too old",
        );
    };
    refused(app.client.post(&source.url).body(event.to_string())).await;
    refused(
        app.client
            .post(&source.url)
            .header("Stripe-Signature", "t=,v1=")
            .body(""),
    )
    .await;
    refused(source.signed(&app, "whsec_another", now(), &event)).await;
    for seconds in [now() - 310, now() + 310] {
        refused(source.signed(&app, SECRET, seconds, &event)).await;
    }
    // A secret that was replaced counts for a day, and one that was revoked doesn't.
    let rotate = format!("/payment-sources/{}/rotate-secret", source.id);
    let second = json!({ "secret": "whsec_second" });
    assert_eq!(app.post(&rotate, second).await.status, 200);
    for (nth, secret) in [SECRET, "whsec_second"].into_iter().enumerate() {
        let event = succeeded(&format!("pi_{nth}"));
        let answer = Answer::to(source.signed(&app, secret, now(), &event)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    let third = json!({ "secret": "whsec_third!", "revokePrevious": true });
    let shown = app.post(&rotate, third).await;
    assert_eq!(
        shown.resource(200, "paymentSource")["previousSecretUntil"],
        Value::Null
    );
    refused(source.signed(&app, SECRET, now(), &event)).await;
    refused(source.signed(&app, "whsec_second", now(), &event)).await;

    let length = source.url.len();
    for url in [
        &source.url[..length - 1],
        &format!("{}x", source.url),
        &app.origin.clone(),
    ] {
        let url = if url == app.origin {
            format!("{url}/api/inbound/x")
        } else {
            url.to_owned()
        };
        let answer = Answer::to(app.client.post(url).body("{}")).await;
        answer.assert_error(404, "NOT_FOUND", "Path not found");
    }
    let got = Answer::to(app.client.get(&source.url)).await;
    assert_eq!(got.status, 405, "{got:?}");
    assert_eq!(ledger(&app).await.len(), 2);
}

#[apply(each_store)]
async fn a_notice_has_at_most_256_kib(store: Store) {
    let Some(app) = start(store).await else { return };
    let source = Source::stripe(&app).await;
    let padded = |length: usize| {
        let event = event("evt_long", "customer.created", &json!({ "x": "" }));
        let missing = length - event.to_string().len();
        self::event(
            "evt_long",
            "customer.created",
            &json!({ "x": "x".repeat(missing) }),
        )
    };
    let answer = source.send(&app, &padded(256 * 1024 + 1)).await;
    answer.assert_error(413, "PAYLOAD_TOO_LARGE", "The request body is too large");
    source.tell(&app, &padded(256 * 1024), "ignored").await;
}

#[apply(each_store)]
async fn what_can_not_be_counted_is_kept_and_needs_attention(store: Store) {
    let Some(app) = start(store).await else { return };
    app.customer("dana@example.com").await;
    let (source, booked) = (Source::stripe(&app).await, book(&app, "10:00").await);
    let dollars = |id: &str, amount: u32| {
        let object = json!({
            "id": id, "amount_received": amount, "currency": "usd", "metadata": { "chatgrow_id": booked },
        });
        event(&format!("evt_{id}_{amount}"), "payment_intent.succeeded", &object)
    };
    let refund = |id: &str, amount: u32| {
        let object = json!({
            "id": id, "payment_intent": "pi_1", "amount": amount, "currency": "ils", "status": "succeeded",
        });
        event(&format!("evt_{id}"), "refund.created", &object)
    };
    for told in [
        succeeded("pi_1"),
        dollars("pi_2", 100),
        refund("re_1", 5001),
        dollars("pi_2", 101),
        session("pi_3", "order 17"),
        session("pi_4", "507f1f77bcf86cd799439011"),
    ] {
        source.tell(&app, &told, "taken").await;
    }
    let entries = ledger(&app).await;
    let shown = |entry: &Value| json!([entry["externalId"], entry["amount"], entry["attention"]]);
    assert_eq!(
        entries.iter().map(shown).collect::<Vec<_>>(),
        [
            json!(["pi_1", 50, "unmatched"]),
            json!(["pi_2", 1, "mismatch"]),
            json!(["re_1", 50.01, "excess"]),
            json!(["pi_3", 50, "unmatched"]),
            json!(["pi_4", 50, "unmatched"]),
        ]
    );
    assert_eq!(standing(&app, &booked).await, json!(["pending", "unpaid", 0, 0]));
    // A person matches one, and settles the others.
    let all = app.get("/payments?needsAttention=true").await;
    let id = |nth: usize| all.list("payments")[nth]["id"].as_str().unwrap().to_owned();
    let matched = app
        .patch(
            &format!("/payments/{}", id(0)),
            json!({ "appointmentId": booked }),
        )
        .await;
    assert_eq!(matched.status, 200, "{matched:?}");
    assert_eq!(standing(&app, &booked).await[0], "confirmed");
    for nth in [1, 2] {
        let settled = app
            .patch(
                &format!("/payments/{}", id(nth)),
                json!({ "needsAttention": false }),
            )
            .await;
        assert_eq!(settled.resource(200, "payment")["attention"], Value::Null);
    }
    let log = source.log(&app).await;
    let outcomes: Vec<_> = log.iter().map(|(_, outcome)| outcome.as_str()).collect();
    assert_eq!(
        outcomes,
        [
            "recorded", "recorded", "recorded", "mismatch", "recorded", "recorded"
        ]
    );
}

#[apply(each_store)]
async fn what_can_not_be_read_is_told_and_may_come_again(store: Store) {
    let Some(app) = start(store).await else { return };
    let format = |amount: &str| {
        json!({
            "header": "X-Hash", "encoding": "hex", "eventId": "/id", "type": "/type", "succeeded": ["paid"],
            "externalId": "/payment", "amount": amount, "unit": "major", "currency": "ILS",
        })
    };
    let source = json!({
        "kind": "hmac", "name": "Cards", "provider": "cards", "secret": SECRET, "hmac": format("/total"),
    });
    let source = Source::new(&app, source).await;
    let send = async |body: Value| {
        let body = body.to_string();
        let signature = signature(SECRET, &[body.as_bytes()]);
        Answer::to(
            app.client
                .post(&source.url)
                .header("x-hash", signature)
                .body(body),
        )
        .await
    };
    let notice = |amount: Value| json!({ "id": 1, "type": "paid", "payment": "p1", "amount": amount });
    let missing = send(notice(json!(5))).await;
    missing.assert_error(400, "VALIDATION_ERROR", "/total is required");
    let edit = json!({ "hmac": format("/amount") });
    let edited = app.patch(&format!("/payment-sources/{}", source.id), edit).await;
    assert_eq!(edited.status, 200, "{edited:?}");
    let decimals = send(notice(json!(5.001))).await;
    decimals.assert_error(
        400,
        "VALIDATION_ERROR",
        "/amount must be a number from 0 to 999999999.99 with at most 2 decimals",
    );
    assert_eq!(
        source.log(&app).await,
        [("paid".to_owned(), "unreadable".to_owned())]
    );
    assert!(ledger(&app).await.is_empty());
    assert_eq!(send(notice(json!("5.00"))).await.json["outcome"], "taken");
    assert_eq!(
        source.log(&app).await,
        [("paid".to_owned(), "recorded".to_owned())]
    );
    assert_eq!(ledger(&app).await[0]["provider"], "cards");
}

#[apply(each_store)]
async fn a_bridge_signs_as_standard_webhooks_says(store: Store) {
    let Some(app) = start(store).await else { return };
    app.customer("dana@example.com").await;
    let event = app.event(Some(1)).await;
    let registration = json!({
        "customerEmail": "dana@example.com", "payment": { "amount": 30, "currency": "ILS" },
    });
    let path = format!("{event}/registrations");
    let answer = app.post(&path, registration).await;
    let place = answer.resource(201, "registration")["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let body = json!({ "kind": "standard-webhooks", "name": "Bridge", "provider": "grow" });
    let made = app.post("/payment-sources", body).await;
    let made = made.resource(201, "paymentSource");
    let source = Source::of(&app, made);
    let library = standardwebhooks::Webhook::new(made["secret"].as_str().unwrap()).unwrap();
    let send = async |id: &str, kind: &str, amount: f64| {
        let data = json!({ "reference": place, "externalId": "t1", "amount": amount, "currency": "ILS" });
        let body = json!({ "type": kind, "data": data }).to_string();
        let seconds = i64::try_from(now()).unwrap();
        let signature = library.sign(id, seconds, body.as_bytes()).unwrap();
        let request = app.client.post(&source.url).header("webhook-id", id);
        let request = request
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", signature);
        Answer::to(request.body(body)).await.json["outcome"].clone()
    };
    assert_eq!(send("m1", "payment.failed", 30.0).await, "taken");
    assert_eq!(send("m2", "payment.succeeded", 30.0).await, "taken");
    assert_eq!(send("m2", "payment.succeeded", 30.0).await, "repeated");
    assert_eq!(send("m3", "payment.refunded", 12.5).await, "taken");
    let read = app.get(&format!("{path}/{place}")).await;
    let shown = read.resource(200, "registration");
    assert_eq!(
        (
            &shown["status"],
            &shown["payment"]["status"],
            &shown["payment"]["refunded"]
        ),
        (&json!("confirmed"), &json!("partially_refunded"), &json!(12.5))
    );
}

#[apply(each_store)]
async fn sources_are_kept_and_their_secrets_shown_once(store: Store) {
    let Some(app) = start(store).await else { return };
    let mut reader = Reader::new(&app).await;
    let body = json!({ "kind": "stripe", "name": "Stripe" });
    let request = || {
        let request = app.request(Method::POST, "/payment-sources").json(&body);
        request.header("Idempotency-Key", "source-1")
    };
    let made = Answer::to(request()).await;
    let shown = made.resource(201, "paymentSource").clone();
    assert!(shown["secret"].as_str().unwrap().starts_with("whsec_"), "{shown}");
    assert_eq!(
        (&shown["provider"], &shown["hmac"]),
        (&json!("stripe"), &Value::Null)
    );
    let again = Answer::to(request()).await;
    assert_eq!(
        again.resource(201, "paymentSource"),
        &with(&shown, "secret", Value::Null)
    );
    let path = format!("/payment-sources/{}", shown["id"].as_str().unwrap());
    assert_eq!(
        app.get(&path).await.resource(200, "paymentSource")["path"],
        shown["path"]
    );
    assert_eq!(app.get("/payment-sources").await.list("paymentSources").len(), 1);
    let given = json!({ "kind": "stripe", "name": "Second", "secret": "whsec_given" });
    let given = app.post("/payment-sources", given).await;
    assert_eq!(given.resource(201, "paymentSource")["secret"], Value::Null);

    let named = app.patch(&path, json!({ "name": "Cards" })).await;
    assert_eq!(named.resource(200, "paymentSource")["name"], "Cards");
    app.post(&format!("{path}/test"), json!({}))
        .await
        .assert_done("The test notice was taken");
    let log = app.get(&format!("{path}/notices")).await;
    assert_eq!(log.list("notices")[0]["type"], "chatgrow.test");

    let other = app.with_key(app.new_account("other").await);
    for method in [Method::GET, Method::DELETE] {
        let answer = Answer::to(other.request(method, &path)).await;
        answer.assert_error(404, "NOT_FOUND", "Payment source not found");
    }
    let foreign = other.get(&format!("{path}/notices")).await;
    foreign.assert_error(404, "NOT_FOUND", "Payment source not found");

    let url = Source::of(&app, &shown).url;
    app.delete(&path)
        .await
        .assert_done("Payment source removed successfully");
    app.get(&path)
        .await
        .assert_error(404, "NOT_FOUND", "Payment source not found");
    let gone = Answer::to(app.client.post(url).body("{}")).await;
    gone.assert_error(404, "NOT_FOUND", "Path not found");
    let changes = of_kind(&reader.changes().await, "payment_source");
    let kinds: Vec<_> = changes.iter().map(|change| &change["type"]).collect();
    assert_eq!(
        kinds,
        [
            "payment_source.created",
            "payment_source.created",
            "payment_source.updated",
            "payment_source.removed"
        ]
    );
    assert!(
        !json!(changes).to_string().contains("whsec_"),
        "no secret is told"
    );
}

#[apply(each_store)]
async fn the_attempt_that_succeeds_counts(store: Store) {
    let Some(app) = start(store).await else { return };
    app.customer("dana@example.com").await;
    let source = Source::stripe(&app).await;
    let intent = |kind: &str, id: &str, booked: &str, amount: i64| {
        let intent = json!({
            "id": id, "amount": amount, "amount_received": amount, "currency": "ils", "metadata": { "chatgrow_id": booked },
        });
        event(
            &format!("evt_{id}_{kind}"),
            &format!("payment_intent.{kind}"),
            &intent,
        )
    };
    for (nth, order) in [[0, 1], [1, 0]].into_iter().enumerate() {
        let [first, second] = [
            book(&app, &format!("1{nth}:00")).await,
            book(&app, &format!("1{nth}:30")).await,
        ];
        let id = format!("pi_{nth}");
        let events = [
            intent("payment_failed", &id, &first, 4000),
            intent("succeeded", &id, &second, 5000),
        ];
        for next in order {
            source.tell(&app, &events[next], "taken").await;
        }
        assert_eq!(standing(&app, &first).await, json!(["pending", "unpaid", 0, 0]));
        assert_eq!(
            standing(&app, &second).await,
            json!(["confirmed", "deposit_paid", 50, 0])
        );
    }
    let attention = app.get("/payments?needsAttention=true").await;
    assert!(attention.list("payments").is_empty(), "{attention:?}");
}

#[apply(each_store)]
async fn what_was_ignored_is_read_anew(store: Store) {
    let Some(app) = start(store).await else { return };
    let mut format = json!({
        "header": "X-Hash", "encoding": "hex", "eventId": "/id", "type": "/type", "succeeded": ["paid"], "externalId": "/id",
        "amount": "/amount", "unit": "minor", "currency": "ILS",
    });
    let secret = "a secret of the payment system";
    let body = json!({ "kind": "hmac", "name": "P", "provider": "p", "secret": secret, "hmac": format });
    let source = Source::new(&app, body).await;
    let body = json!({ "id": "n1", "type": "settled", "amount": 5000 }).to_string();
    let hash = signature(secret, &[body.as_bytes()]);
    let tell = async |outcome: &str| {
        let request = app
            .client
            .post(&source.url)
            .header("X-Hash", &hash)
            .body(body.clone());
        let answer = Answer::to(request).await;
        assert_eq!(
            (answer.status, &answer.json["outcome"]),
            (200, &json!(outcome)),
            "{answer:?}"
        );
    };
    tell("ignored").await;
    tell("ignored").await;
    assert!(ledger(&app).await.is_empty());
    format["succeeded"] = json!(["paid", "settled"]);
    let path = format!("/payment-sources/{}", source.id);
    let patched = app.patch(&path, json!({ "hmac": format })).await;
    assert_eq!(patched.status, 200, "{patched:?}");
    tell("taken").await;
    tell("repeated").await;
    assert_eq!(ledger(&app).await[0]["amount"], 50);
    assert_eq!(source.log(&app).await.len(), 1);
}

#[apply(each_store)]
async fn a_source_is_refused_field_by_field(store: Store) {
    let Some(app) = start(store).await else { return };
    for (body, fields) in [
        (json!({}), &["kind", "name", "provider"][..]),
        (
            json!({ "kind": "paypal", "name": "P", "provider": "p" }),
            &["kind"],
        ),
        (json!({ "kind": "hmac", "name": "P", "provider": "p" }), &["hmac"]),
        (
            json!({ "kind": "stripe", "name": "P", "secret": "short" }),
            &["secret"],
        ),
        (
            json!({ "kind": "standard-webhooks", "name": "P", "provider": "p", "secret": "not of that kind" }),
            &["secret"],
        ),
        (
            json!({ "kind": "hmac", "name": "P", "provider": "p", "hmac": { "header": "a b", "amount": "total" } }),
            &[
                "hmac.header",
                "hmac.encoding",
                "hmac.type",
                "hmac.succeeded",
                "hmac.externalId",
                "hmac.amount",
                "hmac.unit",
                "hmac.currency",
            ],
        ),
    ] {
        app.post("/payment-sources", body).await.assert_invalid(fields);
    }
    let format = json!({
        "header": "X-Hash", "encoding": "hex", "type": "/type", "succeeded": ["paid"], "externalId": "/id",
        "amount": "/amount", "unit": "minor", "currency": "/currency",
    });
    for (list, types) in [
        ("succeeded", json!([])),
        ("failed", json!(["refused", "paid"])),
        ("refunded", json!(vec!["returned"; 21])),
    ] {
        let mut format = format.clone();
        format[list] = types;
        let body = json!({ "kind": "hmac", "name": "P", "provider": "p", "hmac": format });
        let refused = app.post("/payment-sources", body).await;
        refused.assert_invalid(&[&format!("hmac.{list}")]);
    }
    let stripe = Source::stripe(&app).await;
    let edit = app
        .patch(
            &format!("/payment-sources/{}", stripe.id),
            json!({ "hmac": format }),
        )
        .await;
    edit.assert_invalid(&["hmac"]);
}
