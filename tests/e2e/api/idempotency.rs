//! `Idempotency-Key`: a request is carried out once, however often it is sent.

use super::each_store;
use e2e::{Answer, Store, TestApp, race, with};
use reqwest::{Method, RequestBuilder};
use rstest_reuse::apply;
use serde_json::{Value, json};

/// A request with an idempotency key.
fn keyed(app: &TestApp, method: Method, path: &str, key: &str, body: &Value) -> RequestBuilder {
    let request = app.request(method, path).header("Idempotency-Key", key);
    if body.is_null() {
        request
    } else {
        request.json(body)
    }
}

async fn send(app: &TestApp, method: Method, path: &str, key: &str, body: &Value) -> Answer {
    Answer::to(keyed(app, method, path, key, body)).await
}

fn slot(time: &str) -> Value {
    json!({ "customerEmail": "dana@example.com", "date": "2025-12-25", "time": time, "serviceType": "lesson" })
}

async fn start(store: Store) -> Option<TestApp> {
    let app = super::start(store).await?;
    app.customer("dana@example.com").await;
    Some(app)
}

#[track_caller]
fn assert_replayed(first: &Answer, again: &Answer) {
    assert_eq!(first.header("idempotent-replayed"), None, "{first:?}");
    assert_eq!(again.header("idempotent-replayed"), Some("true"), "{again:?}");
    assert_eq!((first.status, &first.text), (again.status, &again.text));
    for header in ["location", "content-type"] {
        assert_eq!(first.header(header), again.header(header), "{again:?}");
    }
}

#[apply(each_store)]
async fn every_write_is_answered_as_it_was_the_first_time(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    let event = app.event(Some(1)).await;
    let booked = app.post("/appointments", slot("08:00")).await;
    let booked = format!(
        "/appointments/{}",
        booked.resource(201, "appointment")["id"].as_str().unwrap()
    );
    let dana = json!({ "customerEmail": "dana@example.com" });
    let places = format!("{event}/registrations");
    let place = app.event(None).await;
    let place = format!("{place}/registrations");
    let registered = app.post(&place, dana.clone()).await;
    let place = format!(
        "{place}/{}",
        registered.resource(201, "registration")["id"].as_str().unwrap()
    );
    let writes = [
        (
            Method::POST,
            "/customers",
            json!({ "name": "Noa", "email": "noa@example.com" }),
        ),
        (
            Method::PUT,
            "/customers/tal@example.com",
            json!({ "name": "Tal" }),
        ),
        (
            Method::PATCH,
            "/customers/dana@example.com",
            json!({ "name": "Dana", "phone": "1" }),
        ),
        (Method::POST, "/appointments", slot("10:00")),
        (Method::PATCH, &booked, json!({ "time": "12:00" })),
        (Method::DELETE, &booked, Value::Null),
        (
            Method::POST,
            "/events",
            json!({ "title": "Yoga", "date": "2025-12-30", "time": "18:00", "price": 149.9 }),
        ),
        (Method::PATCH, &event, json!({ "price": 10 })),
        (Method::POST, &places, dana.clone()),
        (Method::DELETE, &place, Value::Null),
    ];
    let mut first = Vec::new();
    for (method, path, body) in &writes {
        let answer = send(&app, method.clone(), path, "a key", body).await;
        assert!([200, 201].contains(&answer.status), "{method} {path}: {answer:?}");
        first.push(answer);
    }
    // Other requests change the data meanwhile.
    app.patch("/customers/dana@example.com", json!({ "name": "Another" }))
        .await;
    app.patch(&event, json!({ "status": "completed" })).await;
    let before = app.get("/appointments").await.json;
    for ((method, path, body), first) in writes.iter().zip(&first) {
        assert_replayed(first, &send(&app, method.clone(), path, "a key", body).await);
    }
    assert_eq!(app.get("/appointments").await.json, before);
    assert_eq!(app.get("/customers").await.json["count"], 3);
}

#[apply(each_store)]
async fn a_repeated_booking_does_not_conflict_with_itself(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    let first = send(&app, Method::POST, "/appointments", "k", &slot("10:00")).await;
    let again = send(&app, Method::POST, "/appointments", "k", &slot("10:00")).await;
    assert_replayed(&first, &again);
    // With another key it is another request.
    let other = send(&app, Method::POST, "/appointments", "other", &slot("10:00")).await;
    other.assert_error(409, "TIME_CONFLICT", "Time slot is already booked");
}

#[apply(each_store)]
async fn a_key_names_one_request_of_one_account(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    let body = json!({ "name": "Noa", "email": "noa@example.com" });
    let first = send(&app, Method::POST, "/customers", "k", &body).await;
    assert_eq!(first.status, 201, "{first:?}");
    let changed = send(&app, Method::POST, "/customers", "k", &with(&body, "name", "Tal")).await;
    changed.assert_error(
        422,
        "IDEMPOTENCY_KEY_REUSED",
        "This Idempotency-Key was used for another request",
    );
    // White space and the order of members make no difference, nor do the quotes of a structured field.
    let spelt = app
        .request(Method::POST, "/customers")
        .header("Idempotency-Key", "\"k\"")
        .header("Content-Type", "application/json")
        .body("{ \"email\": \"noa@example.com\",\n \"name\":\"Noa\" }");
    assert_replayed(&first, &Answer::to(spelt).await);
    // A request to another path, with another method or from another account is a different request.
    let put = send(
        &app,
        Method::PUT,
        "/customers/noa@example.com",
        "k",
        &json!({ "name": "Noa" }),
    )
    .await;
    assert_eq!((put.status, put.header("idempotent-replayed")), (200, None));
    let another = app.with_key(app.new_account("another").await);
    let foreign = send(&another, Method::POST, "/customers", "k", &body).await;
    assert_eq!(
        (foreign.status, foreign.header("idempotent-replayed")),
        (201, None)
    );
    assert_ne!(foreign.json["customer"]["id"], first.json["customer"]["id"]);
}

#[apply(each_store)]
async fn a_refusal_is_not_remembered(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    let taken = app.post("/appointments", slot("10:00")).await;
    let id = taken.resource(201, "appointment")["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let wanted = with(&slot("10:30"), "customerEmail", "noa@example.com");
    for (status, code) in [(404, "NOT_FOUND"), (409, "TIME_CONFLICT")] {
        let refused = send(&app, Method::POST, "/appointments", "k", &wanted).await;
        assert_eq!(
            (refused.status, refused.json["error"].as_str()),
            (status, Some(code)),
            "{refused:?}"
        );
        app.put("/customers/noa@example.com", json!({ "name": "Noa" }))
            .await;
    }
    let invalid = send(
        &app,
        Method::POST,
        "/appointments",
        "k",
        &with(&wanted, "time", "25:00"),
    )
    .await;
    invalid.assert_invalid(&["time"]);
    app.delete(&format!("/appointments/{id}")).await;
    let booked = send(&app, Method::POST, "/appointments", "k", &wanted).await;
    assert_eq!(
        (booked.status, booked.header("idempotent-replayed")),
        (201, None),
        "{booked:?}"
    );
}

#[apply(each_store)]
async fn a_write_that_changes_nothing_is_remembered_too(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    let same = json!({ "name": "Dana" });
    let first = send(&app, Method::PATCH, "/customers/dana@example.com", "k", &same).await;
    app.patch("/customers/dana@example.com", json!({ "name": "Noa" }))
        .await;
    let again = send(&app, Method::PATCH, "/customers/dana@example.com", "k", &same).await;
    assert_replayed(&first, &again);
    assert_eq!(
        app.get("/customers/dana@example.com").await.json["customer"]["name"],
        "Noa"
    );
}

#[apply(each_store)]
async fn a_key_is_1_to_255_printable_characters(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    let body = json!({ "name": "Noa", "email": "noa@example.com" });
    for bad in ["", "\"\"", "\"k", "k\"", "tab\there", &"k".repeat(256)] {
        let answer = send(&app, Method::POST, "/customers", bad, &body).await;
        answer.assert_invalid(&["Idempotency-Key"]);
    }
    let twice = keyed(&app, Method::POST, "/customers", "one", &body).header("Idempotency-Key", "two");
    Answer::to(twice).await.assert_invalid(&["Idempotency-Key"]);
    let longest = send(&app, Method::POST, "/customers", &"k".repeat(255), &body).await;
    assert_eq!(longest.status, 201, "{longest:?}");
    // A GET doesn't need the header and ignores it.
    let read = app
        .request(Method::GET, "/customers")
        .header("Idempotency-Key", "");
    assert_eq!(Answer::to(read).await.status, 200);
}

#[apply(each_store)]
async fn a_double_click_has_one_effect_and_two_equal_answers(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    for round in 0..1000 {
        let date = format!("20{:02}-{:02}-01", round % 100, 1 + round / 100);
        let body = with(&slot("10:00"), "date", date);
        let click = || {
            keyed(
                &app,
                Method::POST,
                "/appointments",
                &format!("click {round}"),
                &body,
            )
        };
        let answers = race([click(), click()]).await;
        for answer in &answers {
            assert_eq!(
                (answer.status, &answer.text),
                (201, &answers[0].text),
                "{answers:?}"
            );
        }
        let replayed = answers
            .iter()
            .filter(|answer| answer.header("idempotent-replayed").is_some());
        assert_eq!(replayed.count(), 1);
    }
    assert_eq!(app.walk("/appointments", "appointments", 500).await.len(), 1000);
}
