//! `ETag`, `If-Match`, `If-None-Match`: no client overwrites a change that it has not seen.

use super::each_store;
use e2e::{Answer, Store, TestApp};
use reqwest::Method;
use rstest_reuse::apply;
use serde_json::{Value, json};

async fn start(store: Store) -> Option<(TestApp, String, String)> {
    let app = super::start(store).await?;
    app.customer("dana@example.com").await;
    let event = app.event(None).await;
    let body = json!({
        "customerEmail": "dana@example.com", "date": "2025-12-25", "time": "10:00", "serviceType": "lesson",
    });
    let booked = app.post("/appointments", body).await;
    let id = booked.resource(201, "appointment")["id"].as_str().unwrap();
    let appointment = format!("/appointments/{id}");
    Some((app, appointment, event))
}

/// The paths of a new resource and of a new service.
async fn resource_and_service(app: &TestApp) -> [String; 2] {
    let resource = app.post("/resources", json!({ "name": "Dana" })).await;
    let massage = json!({ "name": "Massage", "serviceType": "treatment" });
    let service = app.post("/services", massage).await;
    let id = |created: &Answer, name: &str| created.resource(201, name)["id"].as_str().unwrap().to_owned();
    [
        format!("/resources/{}", id(&resource, "resource")),
        format!("/services/{}", id(&service, "service")),
    ]
}

async fn send(app: &TestApp, method: Method, path: &str, condition: (&str, &str), body: Value) -> Answer {
    let request = app.request(method, path).header(condition.0, condition.1);
    Answer::to(if body.is_null() {
        request
    } else {
        request.json(&body)
    })
    .await
}

fn tag(answer: &Answer) -> String {
    answer
        .header("etag")
        .unwrap_or_else(|| panic!("{answer:?}"))
        .to_owned()
}

#[apply(each_store)]
async fn a_change_is_made_to_what_was_seen_only(store: Store) {
    let Some((app, appointment, event)) = start(store).await else {
        return;
    };
    let [resource, service] = resource_and_service(&app).await;
    for (path, first, second) in [
        (
            resource.as_str(),
            json!({ "name": "One" }),
            json!({ "name": "Two" }),
        ),
        (&service, json!({ "duration": 1 }), json!({ "duration": 2 })),
        (
            "/customers/dana@example.com",
            json!({ "phone": "1" }),
            json!({ "phone": "2" }),
        ),
        (
            &appointment,
            json!({ "time": "11:00" }),
            json!({ "time": "12:00" }),
        ),
        (&event, json!({ "title": "One" }), json!({ "title": "Two" })),
    ] {
        let seen = tag(&app.get(path).await);
        let changed = send(&app, Method::PATCH, path, ("If-Match", &seen), first).await;
        assert_eq!(changed.status, 200, "{changed:?}");
        let now = tag(&changed);
        assert_ne!(now, seen);
        let late = send(&app, Method::PATCH, path, ("If-Match", &seen), second.clone()).await;
        late.assert_error(
            412,
            "VERSION_MISMATCH",
            "The resource is not in the version of If-Match",
        );
        assert_eq!(tag(&app.get(path).await), now);
        for matching in [format!("\"0\", {now}"), "*".to_owned()] {
            let answer = send(&app, Method::PATCH, path, ("If-Match", &matching), second.clone()).await;
            assert_eq!(answer.status, if matching == "*" { 200 } else { answer.status });
            assert_eq!(answer.status, 200, "{answer:?}");
        }
        // A weak tag doesn't identify a version.
        let weak = format!("W/{}", tag(&app.get(path).await));
        assert_eq!(
            send(&app, Method::PATCH, path, ("If-Match", &weak), second)
                .await
                .status,
            412
        );
    }
}

#[apply(each_store)]
async fn what_is_known_is_not_sent_again(store: Store) {
    let Some((app, appointment, event)) = start(store).await else {
        return;
    };
    let [resource, service] = resource_and_service(&app).await;
    let hours = format!("{resource}/hours");
    for path in [
        "/customers/dana@example.com",
        &appointment,
        &event,
        &resource,
        &hours,
        &service,
    ] {
        let read = app.get(path).await;
        let seen = tag(&read);
        for known in [seen.clone(), format!("\"x\", W/{seen}"), "*".to_owned()] {
            let answer = send(&app, Method::GET, path, ("If-None-Match", &known), Value::Null).await;
            assert_eq!((answer.status, answer.text.as_str()), (304, ""), "{answer:?}");
            assert_eq!(tag(&answer), seen);
        }
        let other = send(&app, Method::GET, path, ("If-None-Match", "\"0\""), Value::Null).await;
        assert_eq!((other.status, other.text), (200, read.text));
    }
    // The tag also covers what an appointment shows of its customer, and the participants of an event.
    let (booked, before) = (tag(&app.get(&appointment).await), tag(&app.get(&event).await));
    app.patch("/customers/dana@example.com", json!({ "name": "Noa" }))
        .await;
    assert_ne!(tag(&app.get(&appointment).await), booked);
    app.post(
        &format!("{event}/registrations"),
        json!({ "customerEmail": "dana@example.com" }),
    )
    .await;
    assert_ne!(tag(&app.get(&event).await), before);
}

#[apply(each_store)]
async fn cancelling_and_replacing_take_conditions_too(store: Store) {
    let Some((app, appointment, event)) = start(store).await else {
        return;
    };
    let stale = send(
        &app,
        Method::DELETE,
        &appointment,
        ("If-Match", "\"9.9\""),
        Value::Null,
    )
    .await;
    assert_eq!(stale.status, 412, "{stale:?}");
    let seen = tag(&app.get(&appointment).await);
    let cancelled = send(
        &app,
        Method::DELETE,
        &appointment,
        ("If-Match", &seen),
        Value::Null,
    )
    .await;
    assert_eq!(cancelled.status, 200, "{cancelled:?}");

    let registered = app
        .post(
            &format!("{event}/registrations"),
            json!({ "customerEmail": "dana@example.com" }),
        )
        .await;
    let registration = super::registrations::path(&event, &registered);
    for (condition, status) in [
        ("\"7\"", 412),
        (tag(&registered).as_str(), 200),
        ("*", 404),
        ("\"7\"", 404),
    ] {
        let answer = send(
            &app,
            Method::DELETE,
            &registration,
            ("If-Match", condition),
            Value::Null,
        )
        .await;
        assert_eq!(answer.status, status, "{condition} {answer:?}");
    }

    let put = |email: &'static str, tag: &str| {
        let (app, tag) = (app.clone(), tag.to_owned());
        async move {
            let path = format!("/customers/{email}");
            send(
                &app,
                Method::PUT,
                &path,
                ("If-Match", &tag),
                json!({ "name": "Tal" }),
            )
            .await
            .status
        }
    };
    // Nothing exists that could match.
    assert_eq!(put("new@example.com", "*").await, 412);
    assert_eq!(put("dana@example.com", "\"7\"").await, 412);
    let seen = tag(&app.get("/customers/dana@example.com").await);
    assert_eq!(put("dana@example.com", &seen).await, 200);
    assert_eq!(put("dana@example.com", &seen).await, 412);
}

#[apply(each_store)]
async fn a_repeated_conditional_change_is_answered_as_the_first_time(store: Store) {
    let Some((app, _, event)) = start(store).await else {
        return;
    };
    let seen = tag(&app.get(&event).await);
    let change = || {
        let request = app
            .request(Method::PATCH, &event)
            .json(&json!({ "title": "One" }));
        Answer::to(request.header("If-Match", &seen).header("Idempotency-Key", "k"))
    };
    let (first, again) = (change().await, change().await);
    assert_eq!((first.status, again.status), (200, 200), "{again:?}");
    assert_eq!(
        (again.header("idempotent-replayed"), tag(&again)),
        (Some("true"), tag(&first))
    );
}

/// With a zone, an answer shows instants. If the zone changes, it is another answer.
#[apply(each_store)]
async fn a_new_zone_is_a_new_version_of_what_is_shown(store: Store) {
    let Some((app, appointment, _)) = start(store).await else {
        return;
    };
    let hold = json!({ "date": "2025-12-26", "time": "10:00", "serviceType": "lesson" });
    let held = app.post("/holds", hold).await;
    let hold = format!("/holds/{}", held.resource(201, "hold")["id"].as_str().unwrap());
    let zone = async |zone: &str| {
        let set = app.put("/schedule", json!({ "timeZone": zone })).await;
        assert_eq!(set.status, 200, "{set:?}");
    };
    for path in [&appointment, &hold] {
        let mut seen = vec![tag(&app.get(path).await)];
        for name in ["Asia/Jerusalem", "Europe/Berlin"] {
            zone(name).await;
            for old in &seen {
                let read = send(&app, Method::GET, path, ("If-None-Match", old), Value::Null).await;
                assert_eq!(read.status, 200, "{read:?}");
            }
            let now = tag(&app.get(path).await);
            let known = send(&app, Method::GET, path, ("If-None-Match", &now), Value::Null).await;
            assert_eq!(known.status, 304, "{known:?}");
            seen.push(now);
        }
        app.put("/schedule", json!({})).await;
    }
    zone("Asia/Jerusalem").await;
    let seen = tag(&app.get(&appointment).await);
    zone("Europe/Berlin").await;
    let edit = json!({ "notes": "x" });
    let stale = send(
        &app,
        Method::PATCH,
        &appointment,
        ("If-Match", &seen),
        edit.clone(),
    )
    .await;
    assert_eq!(stale.status, 412, "{stale:?}");
    let seen = tag(&app.get(&appointment).await);
    let fresh = send(&app, Method::PATCH, &appointment, ("If-Match", &seen), edit).await;
    assert_eq!(
        fresh.resource(200, "appointment")["startsAt"],
        "2025-12-25T10:00:00+01:00"
    );
}

/// A hold and a block are removed only if they are what the client has seen.
#[apply(each_store)]
async fn what_was_not_seen_is_not_removed(store: Store) {
    let Some(app) = super::start(store).await else {
        return;
    };
    let slot = json!({ "serviceType": "lesson", "date": "2030-06-11", "time": "10:00" });
    let block = json!({ "from": "2030-07-01", "until": "2030-07-02" });
    for (list, noun, body) in [("/holds", "hold", slot), ("/blocks", "block", block)] {
        let made = app.post(list, body).await;
        let path = format!("{list}/{}", made.json[noun]["id"].as_str().unwrap());
        let seen = app.get(&path).await.header("etag").unwrap().to_owned();
        let remove = async |tag: &str| {
            let request = app.request(Method::DELETE, &path).header("If-Match", tag);
            Answer::to(request).await
        };
        remove("\"x\"").await.assert_error(
            412,
            "VERSION_MISMATCH",
            "The resource is not in the version of If-Match",
        );
        assert_eq!(app.get(&path).await.status, 200, "it is still there: {path}");
        assert_eq!(remove(&seen).await.status, 200, "{path}");
    }
}
