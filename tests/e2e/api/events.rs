//! Events, as the guide and the contract's table define them.

use super::each_store;
use e2e::{Answer, Store, TestApp, race, with};
use reqwest::Method;
use rstest_reuse::apply;
use serde_json::{Value, json};

fn yoga() -> Value {
    json!({
        "title": "סדנת יוגה למתחילים", "description": "סדנה מקיפה\nליוגה למתחילים", "date": "2025-12-30", "time": "18:00",
        "location": "אולם הספורט, רחוב הרצל 123", "maxParticipants": 20, "price": 150,
    })
}

fn path(answer: &Answer) -> String {
    format!(
        "/events/{}",
        answer.resource(201, "event")["id"].as_str().unwrap()
    )
}

/// A server with the event of [`yoga`].
async fn start(store: Store) -> Option<(TestApp, String, Value)> {
    let app = super::start(store).await?;
    let answer = app.post("/events", yoga()).await;
    let event = answer.resource(201, "event").clone();
    Some((app, path(&answer), event))
}

#[apply(each_store)]
async fn post_publishes_and_answers_every_field(store: Store) {
    let Some((app, path, event)) = start(store).await else {
        return;
    };
    let expected = with(&yoga(), "date", "2025-12-30T00:00:00.000Z");
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(event[field], *value);
    }
    assert_eq!(
        (&event["status"], &event["currentParticipants"]),
        (&"active".into(), &0.into())
    );
    assert_eq!(event["createdAt"], event["updatedAt"]);

    let again = app.post("/events", yoga()).await;
    let location = format!(
        "/api/webhooks/events/{}",
        again.json["event"]["id"].as_str().unwrap()
    );
    assert_eq!(again.header("location"), Some(location.as_str()));

    assert_eq!(*app.get(&path).await.resource(200, "event"), event);
    assert_eq!(*app.patch(&path, json!({})).await.resource(200, "event"), event);
    assert_eq!(app.get("/events").await.list("events")[0], event);
}

#[apply(each_store)]
async fn optional_fields_without_a_value_are_null_and_unknown_ones_ignored(store: Store) {
    let Some(app) = super::start(store).await else {
        return;
    };
    let required = json!({
        "title": "Yoga", "date": "2025-12-30", "time": "18:00",
        "status": "completed", "currentParticipants": 7, "id": 1, "unknown": {},
    });
    let nulls = json!({ "description": null, "location": null, "maxParticipants": null, "price": null });
    let mut with_nulls = required.clone();
    with_nulls
        .as_object_mut()
        .unwrap()
        .extend(nulls.as_object().unwrap().clone());
    let blank = with(&with(&required, "description", " "), "location", "");
    for body in [required, with_nulls, blank] {
        let answer = app.post("/events", body).await;
        let event = answer.resource(201, "event");
        for field in nulls.as_object().unwrap().keys() {
            assert_eq!(event[field], Value::Null);
        }
        assert_eq!(
            (&event["status"], &event["currentParticipants"]),
            (&"active".into(), &0.into())
        );
    }
}

/// The price exactly as the answer's text has it.
fn price(answer: &Answer) -> &str {
    let (_, price) = answer.text.split_once("\"price\":").unwrap();
    &price[..price.find([',', '}']).unwrap()]
}

#[apply(each_store)]
async fn a_price_is_exact(store: Store) {
    let Some((app, path, _)) = start(store).await else {
        return;
    };
    for (sent, shown) in [
        ("150", "150"),
        ("149.9", "149.9"),
        ("149.90", "149.9"),
        ("0.05", "0.05"),
        ("0.1", "0.1"),
        ("1e2", "100"),
        ("1E+2", "100"),
        ("1.5e1", "15"),
        ("14990e-2", "149.9"),
        ("0", "0"),
        ("0.00", "0"),
        ("150.000", "150"),
        ("1.10", "1.1"),
        ("4.35", "4.35"),
        ("999999999.99", "999999999.99"),
        ("90071992.97", "90071992.97"),
        ("null", "null"),
    ] {
        let body = yoga().to_string().replace("150", sent);
        let created = Answer::to(app.request(Method::POST, "/events").body(body)).await;
        assert_eq!((created.status, price(&created)), (201, shown), "{sent}");
        let edit = app
            .request(Method::PATCH, &path)
            .body(format!("{{\"price\":{sent}}}"));
        assert_eq!(price(&Answer::to(edit).await), shown, "{sent}");
        assert_eq!(price(&app.get(&path).await), shown, "{sent}");
        assert_eq!(price(&app.get("/events?limit=1").await), shown, "{sent}");
    }
    for sent in [
        "0.001",
        "149.999",
        "-1",
        "-0.01",
        "1e-3",
        "1e400",
        "-1e400",
        "1e-400",
        "1e99999999999999999999",
        "1000000000",
        "999999999.995",
        "1e9",
        "100000000000000000000000000000000000000000",
        "150.0000000000000000000000000000000000000001",
        "1.500000000000000000000000000000000000000001e2",
        "\"150\"",
        "\"\"",
        "true",
        "[]",
        "[150]",
        "{}",
    ] {
        for (method, path) in [(Method::POST, "/events"), (Method::PATCH, path.as_str())] {
            let body = yoga().to_string().replace("150", sent);
            let refused = Answer::to(app.request(method, path).body(body)).await;
            assert_eq!(refused.status, 400, "{sent} {refused:?}");
            refused.assert_invalid(&["price"]);
        }
    }
    assert_eq!(price(&app.get(&path).await), "null", "the last that was accepted");
}

#[apply(each_store)]
async fn max_participants_is_1_to_1_000_000(store: Store) {
    let Some((app, path, _)) = start(store).await else {
        return;
    };
    for max in [json!(1), json!(1_000_000), Value::Null] {
        let created = app
            .post("/events", with(&yoga(), "maxParticipants", max.clone()))
            .await;
        assert_eq!(created.resource(201, "event")["maxParticipants"], max);
        let edited = app.patch(&path, json!({ "maxParticipants": max })).await;
        assert_eq!(edited.resource(200, "event")["maxParticipants"], max);
    }
    for (method, path) in [(Method::POST, "/events"), (Method::PATCH, path.as_str())] {
        let bad = [
            json!(0),
            json!(-1),
            json!(1_000_001),
            json!(19.5),
            json!(u64::MAX),
            json!(1e300),
        ];
        app.assert_refused(method, path, &yoga(), "maxParticipants", bad)
            .await;
    }
}

#[apply(each_store)]
async fn required_fields_are_named_in_one_sentence(store: Store) {
    let Some((app, path, event)) = start(store).await else {
        return;
    };
    let required = ["title", "date", "time"];
    app.assert_required(
        Method::POST,
        "/events",
        &yoga(),
        &required,
        "Title, date and time are required",
    )
    .await;
    for field in ["title", "date", "time", "status"] {
        app.assert_refused(Method::PATCH, &path, &json!({}), field, [Value::Null, " ".into()])
            .await;
    }
    assert_eq!(*app.get(&path).await.resource(200, "event"), event);
}

#[apply(each_store)]
async fn every_bad_field_is_told_at_once(store: Store) {
    let Some((app, path, event)) = start(store).await else {
        return;
    };
    let bad = json!({
        "title": "a\nb", "description": "\0", "date": "x", "time": "x", "location": "a\tb", "maxParticipants": 0,
        "price": -1, "status": "x",
    });
    let fields = [
        "title",
        "description",
        "date",
        "time",
        "location",
        "maxParticipants",
        "price",
        "status",
    ];
    app.post("/events", bad.clone())
        .await
        .assert_invalid(&fields[..7]);
    app.patch(&path, bad).await.assert_invalid(&fields);
    assert_eq!(*app.get(&path).await.resource(200, "event"), event);
}

#[apply(each_store)]
async fn patch_changes_only_what_is_sent(store: Store) {
    let Some((app, path, mut expected)) = start(store).await else {
        return;
    };
    for (field, sent, shown) in [
        ("title", json!(" Pilates "), json!(" Pilates ")),
        ("description", json!("a\r\nb"), json!("a\r\nb")),
        ("description", Value::Null, Value::Null),
        ("date", json!("1999-01-01"), json!("1999-01-01T00:00:00.000Z")),
        (
            "date",
            json!("2026-01-01T00:00:00.000Z"),
            json!("2026-01-01T00:00:00.000Z"),
        ),
        ("time", json!("00:00"), json!("00:00")),
        ("location", json!("Hall"), json!("Hall")),
        ("location", json!("  "), Value::Null),
        ("maxParticipants", json!(5), json!(5)),
        ("maxParticipants", Value::Null, Value::Null),
        ("price", Value::Null, Value::Null),
        ("price", json!(7), json!(7)),
        // A field that can't be edited counts as unknown.
        ("currentParticipants", json!(3), json!(0)),
        ("status", json!("active"), json!("active")),
        ("status", json!("completed"), json!("completed")),
    ] {
        expected[field] = shown;
        let edited = app.patch(&path, json!({ field: sent })).await;
        expected["updatedAt"] = edited.resource(200, "event")["updatedAt"].clone();
        assert_eq!(*edited.resource(200, "event"), expected);
        assert_eq!(*app.get(&path).await.resource(200, "event"), expected);
    }
    // A resource that was read can be sent back.
    assert_eq!(
        *app.patch(&path, expected.clone()).await.resource(200, "event"),
        expected
    );
}

#[apply(each_store)]
async fn a_status_leaves_active_once_and_never_comes_back(store: Store) {
    let Some(app) = super::start(store).await else {
        return;
    };
    for last in ["completed", "cancelled"] {
        let path = app.event(None).await;
        let left = app.patch(&path, json!({ "status": last })).await;
        let event = left.resource(200, "event");
        assert_eq!(event["status"], last);
        for status in ["active", "completed", "cancelled"] {
            let answer = app
                .patch(&path, json!({ "status": status, "title": "Yoga" }))
                .await;
            if status == last {
                assert_eq!(
                    answer.resource(200, "event"),
                    event,
                    "what holds already is no change"
                );
            } else {
                answer.assert_error(409, "INVALID_STATUS", "Event status cannot change this way");
                let both = app
                    .patch(&path, json!({ "status": status, "title": "Other" }))
                    .await;
                both.assert_error(409, "INVALID_STATUS", "Event status cannot change this way");
            }
        }
        let bad = ["Active", "confirmed", "active "].map(Value::from);
        app.assert_refused(Method::PATCH, &path, &json!({}), "status", bad)
            .await;
        assert_eq!(app.get(&path).await.resource(200, "event"), event);
    }
}

#[apply(each_store)]
async fn events_at_one_time_conflict_with_nothing(store: Store) {
    let Some((app, ..)) = start(store).await else {
        return;
    };
    app.customer("dana@example.com").await;
    assert_eq!(app.post("/events", yoga()).await.status, 201);
    let lesson = json!({
        "customerEmail": "dana@example.com", "date": "2025-12-30", "time": "18:00", "serviceType": "lesson",
    });
    assert_eq!(app.post("/appointments", lesson).await.status, 201);
}

#[apply(each_store)]
async fn listed_by_date_and_time_filtered_and_page_by_page(store: Store) {
    let Some(app) = super::start(store).await else {
        return;
    };
    let empty = json!({ "success": true, "count": 0, "events": [], "nextCursor": null });
    assert_eq!(app.get("/events").await.json, empty);

    let mut paths = Vec::new();
    for (date, time) in [
        ("2025-12-30", "18:00"),
        ("2025-12-30", "09:00"),
        ("2025-12-29", "20:00"),
        ("1960-01-01", "20:00"),
        ("2025-12-30", "18:00"),
        ("2026-01-01", "00:00"),
        ("2025-12-30", "18:00"),
    ] {
        paths.push(path(
            &app.post("/events", with(&with(&yoga(), "date", date), "time", time))
                .await,
        ));
    }
    app.patch(&paths[0], json!({ "status": "completed" })).await;
    app.patch(&paths[5], json!({ "status": "cancelled", "date": "2025-12-29" }))
        .await;
    for (filter, expected) in [
        ("", &[3, 5, 2, 1, 0, 4, 6][..]),
        ("status=active", &[3, 2, 1, 4, 6]),
        ("status=completed", &[0]),
        ("status=cancelled", &[5]),
        ("from=2025-12-30", &[1, 0, 4, 6]),
        ("to=2025-12-29", &[3, 5, 2]),
        ("from=2025-12-29&to=2025-12-29", &[5, 2]),
        (
            "from=2025-12-29T00:00:00.000Z&to=2025-12-30&status=active",
            &[2, 1, 4, 6],
        ),
        ("from=2025-12-31&to=2025-12-29", &[]),
        ("from=0001-01-01&to=9999-12-31", &[3, 5, 2, 1, 0, 4, 6]),
    ] {
        for limit in [1, 2, 3, 5, 50] {
            let items = app.walk(&format!("/events?{filter}"), "events", limit).await;
            let listed: Vec<_> = items
                .iter()
                .map(|item| format!("/events/{}", item["id"].as_str().unwrap()))
                .map(|path| paths.iter().position(|other| *other == path).unwrap())
                .collect();
            assert_eq!(listed, expected, "{filter} {limit}");
        }
    }
    app.get("/events?from=x&to=2025-02-30&status=x&limit=0&cursor=x")
        .await
        .assert_invalid(&["from", "to", "status", "limit", "cursor"]);
    for status in ["", "Active", "confirmed", "active,completed"] {
        app.get(&format!("/events?status={status}"))
            .await
            .assert_invalid(&["status"]);
    }
    app.get("/events?status=x&limit=0&cursor=x")
        .await
        .assert_invalid(&["status", "limit", "cursor"]);
}

#[apply(each_store)]
async fn fifty_are_listed_where_no_limit_is_given(store: Store) {
    let Some(app) = super::start(store).await else {
        return;
    };
    race((0..51).map(|_| app.request(Method::POST, "/events").json(&yoga()))).await;
    assert_eq!(app.get("/events").await.list("events").len(), 50);
    assert_eq!(
        app.get("/events?status=active&limit=50")
            .await
            .list("events")
            .len(),
        50
    );
    assert_eq!(app.walk("/events", "events", 50).await.len(), 51);
}

#[apply(each_store)]
async fn unknown_and_malformed_ids_are_not_found(store: Store) {
    let Some((app, path, _)) = start(store).await else {
        return;
    };
    for path in [
        "/events/507f1f77bcf86cd799439011".to_owned(),
        path.to_uppercase().replace("/EVENTS", "/events"),
        format!("{path}0"),
        format!("{path}%20"),
        path[..path.len() - 1].to_owned(),
        "/events/x".to_owned(),
        "/events/%20".to_owned(),
    ] {
        let registrations = format!("{path}/registrations");
        for answer in [
            app.get(&path).await,
            app.patch(&path, json!({ "title": "x" })).await,
            app.get(&registrations).await,
            app.post(&registrations, json!({ "customerEmail": "dana@example.com" }))
                .await,
            app.delete(&format!("{registrations}/507f1f77bcf86cd799439011"))
                .await,
        ] {
            answer.assert_error(404, "NOT_FOUND", "Event not found");
        }
    }
}

#[apply(each_store)]
async fn a_list_is_never_older_than_the_last_write(store: Store) {
    let Some((app, path, _)) = start(store).await else {
        return;
    };
    app.customer("dana@example.com").await;
    let stranger = app.with_key(app.new_account("stranger").await);
    let register = json!({ "customerEmail": "dana@example.com" });
    for number in 0..30 {
        let title = format!("title {number}");
        assert_eq!(app.patch(&path, json!({ "title": title })).await.status, 200);
        let (mut method, mut place) = (Method::POST, format!("{path}/registrations"));
        for participants in [1, 0] {
            let answer = Answer::to(app.request(method, &place).json(&register)).await;
            // On each thread of the server, twice.
            let reads = (0..6).map(|_| reqwest::Client::new());
            let reads = reads.map(|client| {
                let url = format!("{}/api/webhooks/events", app.origin);
                client.get(url).header("X-API-Key", &app.key)
            });
            for list in race(reads).await {
                let event = &list.list("events")[0];
                assert_eq!(event["title"], title);
                assert_eq!(event["currentParticipants"], participants, "{answer:?}");
            }
            let id = answer.json["registration"]["id"].as_str().unwrap_or_default();
            (method, place) = (Method::DELETE, format!("{path}/registrations/{id}"));
        }
        // The same target, requested by another account.
        assert!(stranger.get("/events").await.list("events").is_empty());
    }
}
