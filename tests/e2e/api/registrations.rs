//! Registrations for events, as the contract's table defines them.

use super::each_store;
use e2e::{Answer, Store, TestApp};
use reqwest::Method;
use rstest_reuse::apply;
use serde_json::{Value, json};

/// A server with the customers Dana, Noa and Gal, and an event.
async fn start(store: Store, max_participants: Option<u32>) -> Option<(TestApp, String)> {
    let app = super::start(store).await?;
    for name in ["dana", "noa", "gal"] {
        app.customer(&format!("{name}@example.com")).await;
    }
    let event = app.event(max_participants).await;
    Some((app, event))
}

async fn register(app: &TestApp, event: &str, name: &str) -> Answer {
    let body = json!({ "customerEmail": format!("{name}@example.com") });
    app.post(&format!("{event}/registrations"), body).await
}

pub(super) fn path(event: &str, registered: &Answer) -> String {
    let registration = registered.resource(201, "registration");
    format!("{event}/registrations/{}", registration["id"].as_str().unwrap())
}

/// Fails the test unless the event's count, its list of registrations and `expected` agree.
async fn assert_participants(app: &TestApp, event: &str, expected: usize) {
    let shown = app.get(event).await;
    assert_eq!(shown.resource(200, "event")["currentParticipants"], expected);
    let listed = app
        .walk(&format!("{event}/registrations"), "registrations", 2)
        .await;
    assert_eq!(listed.len(), expected);
}

#[apply(each_store)]
async fn post_registers_and_answers_every_field(store: Store) {
    let Some((app, event)) = start(store, Some(20)).await else {
        return;
    };
    let body = json!({
        "customerEmail": "DANA@example.com", "notes": "צמחונית", "status": "x", "id": 1, "eventId": [], "customerId": null,
    });
    let answer = app.post(&format!("{event}/registrations"), body).await;
    let registration = answer.resource(201, "registration");
    let dana = app.get("/customers/dana@example.com").await.json["customer"].clone();
    assert_eq!(
        format!("/events/{}", registration["eventId"].as_str().unwrap()),
        event
    );
    assert_eq!(registration["customerId"], dana["id"]);
    assert_eq!(registration["customerName"], "Dana");
    assert_eq!(registration["customerEmail"], "dana@example.com");
    assert_eq!(registration["notes"], "צמחונית");
    assert_eq!(
        answer.header("location"),
        Some(format!("/api/webhooks{}", path(&event, &answer)).as_str())
    );
    let listed = app.get(&format!("{event}/registrations")).await;
    assert_eq!(listed.list("registrations"), std::slice::from_ref(registration));
    let read = app.get(&path(&event, &answer)).await;
    assert_eq!(read.resource(200, "registration"), registration);
    assert_eq!(read.header("etag"), answer.header("etag"));
    assert_participants(&app, &event, 1).await;

    let without = register(&app, &event, "noa").await;
    assert_eq!(without.resource(201, "registration")["notes"], Value::Null);
}

#[apply(each_store)]
async fn the_count_never_passes_the_maximum_and_a_freed_place_is_taken(store: Store) {
    let Some((app, event)) = start(store, Some(2)).await else {
        return;
    };
    let dana = path(&event, &register(&app, &event, "dana").await);
    assert_eq!(register(&app, &event, "noa").await.status, 201);
    for _ in 0..2 {
        register(&app, &event, "gal")
            .await
            .assert_error(409, "EVENT_FULL", "Event is full");
    }
    assert_participants(&app, &event, 2).await;

    app.delete(&dana)
        .await
        .assert_done("Registration cancelled successfully");
    app.delete(&dana)
        .await
        .assert_error(404, "NOT_FOUND", "Registration not found");
    assert_participants(&app, &event, 1).await;
    assert_eq!(register(&app, &event, "gal").await.status, 201);
    register(&app, &event, "dana")
        .await
        .assert_error(409, "EVENT_FULL", "Event is full");
    assert_participants(&app, &event, 2).await;
}

#[apply(each_store)]
async fn a_customer_registers_once(store: Store) {
    let Some((app, event)) = start(store, Some(1)).await else {
        return;
    };
    let first = path(&event, &register(&app, &event, "dana").await);
    for name in ["dana", "Dana"] {
        let twice = register(&app, &event, name).await;
        twice.assert_error(
            409,
            "ALREADY_REGISTERED",
            "Customer is already registered for this event",
        );
    }
    let other = app.event(None).await;
    assert_eq!(register(&app, &other, "dana").await.status, 201);
    app.delete(&first).await;
    assert_eq!(register(&app, &event, "dana").await.status, 201);
    assert_participants(&app, &event, 1).await;
}

#[apply(each_store)]
async fn only_an_active_event_takes_registrations(store: Store) {
    for status in ["completed", "cancelled"] {
        let Some((app, event)) = start(store, None).await else {
            return;
        };
        register(&app, &event, "dana").await;
        app.patch(&event, json!({ "status": status })).await;
        for name in ["dana", "noa"] {
            register(&app, &event, name)
                .await
                .assert_error(409, "EVENT_NOT_ACTIVE", "Event is not active");
        }
        assert_participants(&app, &event, 1).await;
    }
}

#[apply(each_store)]
async fn an_event_without_a_maximum_takes_everybody(store: Store) {
    let Some((app, event)) = start(store, None).await else {
        return;
    };
    for name in ["dana", "noa", "gal"] {
        assert_eq!(register(&app, &event, name).await.status, 201);
    }
    assert_participants(&app, &event, 3).await;
}

#[apply(each_store)]
async fn the_maximum_is_never_lowered_under_the_count(store: Store) {
    let Some((app, event)) = start(store, None).await else {
        return;
    };
    for name in ["dana", "noa"] {
        register(&app, &event, name).await;
    }
    let before = app.get(&event).await.json;
    let lowered = app
        .patch(&event, json!({ "maxParticipants": 1, "title": "x" }))
        .await;
    assert_eq!(
        (lowered.status, &lowered.json["error"]),
        (409, &"EVENT_FULL".into())
    );
    assert_eq!(app.get(&event).await.json, before);
    for max in [json!(2), json!(3), Value::Null, json!(2)] {
        let edited = app.patch(&event, json!({ "maxParticipants": max })).await;
        assert_eq!(edited.resource(200, "event")["maxParticipants"], max);
        assert_eq!(edited.json["event"]["currentParticipants"], 2);
    }
    register(&app, &event, "gal")
        .await
        .assert_error(409, "EVENT_FULL", "Event is full");
}

#[apply(each_store)]
async fn the_event_and_the_customer_must_exist(store: Store) {
    let Some((app, event)) = start(store, Some(1)).await else {
        return;
    };
    register(&app, &event, "nobody")
        .await
        .assert_error(404, "NOT_FOUND", "Customer not found");
    for (event, name) in [
        ("/events/507f1f77bcf86cd799439011", "dana"),
        ("/events/507f1f77bcf86cd799439011", "nobody"),
    ] {
        register(&app, event, name)
            .await
            .assert_error(404, "NOT_FOUND", "Event not found");
    }
    let registrations = format!("{event}/registrations");
    let body = json!({ "customerEmail": "dana@example.com", "notes": "x" });
    app.assert_required(
        Method::POST,
        &registrations,
        &body,
        &["customerEmail"],
        "customerEmail is required",
    )
    .await;
    app.post(&registrations, json!({ "customerEmail": "x", "notes": "\0" }))
        .await
        .assert_invalid(&["customerEmail", "notes"]);
    assert_participants(&app, &event, 0).await;
}

#[apply(each_store)]
async fn a_place_is_freed_at_its_own_event_only(store: Store) {
    let Some((app, event)) = start(store, None).await else {
        return;
    };
    let registered = register(&app, &event, "dana").await;
    let other = app.event(None).await;
    let own = path(&event, &registered);
    for path in [
        path(&other, &registered),
        own.to_uppercase()
            .replace("/EVENTS/", "/events/")
            .replace("/REGISTRATIONS/", "/registrations/"),
        format!("{own}0"),
        format!("{event}/registrations/x"),
        format!("{event}/registrations/507f1f77bcf86cd799439011"),
    ] {
        for answer in [app.get(&path).await, app.delete(&path).await] {
            assert_eq!(
                (answer.status, &answer.json["error"]),
                (404, &"NOT_FOUND".into()),
                "{path}"
            );
        }
    }
    app.delete(&path(&other, &registered))
        .await
        .assert_error(404, "NOT_FOUND", "Registration not found");
    assert_participants(&app, &event, 1).await;
    app.delete(&own)
        .await
        .assert_done("Registration cancelled successfully");
    assert_participants(&app, &event, 0).await;
    app.get(&own)
        .await
        .assert_error(404, "NOT_FOUND", "Registration not found");
}

#[apply(each_store)]
async fn the_customer_is_shown_as_it_is_now(store: Store) {
    let Some((app, event)) = start(store, None).await else {
        return;
    };
    register(&app, &event, "dana").await;
    let edit = json!({ "name": "Dana Cohen", "email": "cohen@example.com" });
    app.patch("/customers/dana@example.com", edit).await;
    let answer = app.get(&format!("{event}/registrations")).await;
    let shown = &answer.list("registrations")[0];
    assert_eq!(
        (&shown["customerName"], &shown["customerEmail"]),
        (&"Dana Cohen".into(), &"cohen@example.com".into())
    );
}

#[apply(each_store)]
async fn listed_in_the_order_in_which_they_came(store: Store) {
    let Some((app, event)) = start(store, None).await else {
        return;
    };
    let registrations = format!("{event}/registrations");
    let empty = json!({ "success": true, "count": 0, "registrations": [], "nextCursor": null });
    assert_eq!(app.get(&registrations).await.json, empty);

    let other = app.event(None).await;
    let mut registered = Vec::new();
    for name in ["noa", "gal", "dana"] {
        register(&app, &other, name).await;
        let answer = register(&app, &event, name).await;
        registered.push(answer.resource(201, "registration").clone());
    }
    for limit in 1..=4 {
        assert_eq!(app.walk(&registrations, "registrations", limit).await, registered);
    }
}

#[apply(each_store)]
async fn a_customers_registrations_are_listed_over_all_events(store: Store) {
    let Some((app, first)) = start(store, None).await else {
        return;
    };
    app.customer("nowhere@example.com").await;
    let mut registered = Vec::new();
    for event in [&first, &app.event(None).await, &app.event(None).await] {
        register(&app, event, "noa").await;
        registered.push(
            register(&app, event, "dana")
                .await
                .resource(201, "registration")
                .clone(),
        );
    }
    let list = "/customers/DANA%40example.com/registrations";
    for limit in 1..=4 {
        assert_eq!(app.walk(list, "registrations", limit).await, registered);
    }
    app.delete(&format!(
        "{first}/registrations/{}",
        registered[0]["id"].as_str().unwrap()
    ))
    .await
    .assert_done("Registration cancelled successfully");
    assert_eq!(app.get(list).await.list("registrations"), &registered[1..]);
    assert_eq!(
        app.get("/customers/nowhere@example.com/registrations").await.json["count"],
        0
    );
    for nobody in ["nobody@example.com", "nonsense"] {
        let answer = app.get(&format!("/customers/{nobody}/registrations")).await;
        answer.assert_error(404, "NOT_FOUND", "Customer not found");
        assert_eq!(answer.json["resource"], "customer");
    }
}

#[apply(each_store)]
async fn who_is_not_found_is_told(store: Store) {
    let Some((app, event)) = start(store, None).await else {
        return;
    };
    let id = "507f1f77bcf86cd799439011";
    for (path, resource) in [
        ("/customers/nobody@example.com".to_owned(), "customer"),
        (format!("/appointments/{id}"), "appointment"),
        (format!("/events/{id}"), "event"),
        (format!("{event}/registrations/{id}"), "registration"),
    ] {
        assert_eq!(app.get(&path).await.json["resource"], resource, "{path}");
    }
    let registrations = format!("{event}/registrations");
    let nobody = app
        .post(&registrations, json!({ "customerEmail": "nobody@example.com" }))
        .await;
    assert_eq!(
        (nobody.status, &nobody.json["resource"]),
        (404, &"customer".into())
    );
    assert_eq!(app.get("/nowhere").await.json.get("resource"), None);
}
