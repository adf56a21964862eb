//! Resources and their opening hours.

use super::each_store;
use e2e::{Answer, Store, TestApp};
use reqwest::Method;
use rstest_reuse::apply;
use serde_json::{Value, json};

/// A server with one resource, and its path.
async fn start(store: Store) -> Option<(TestApp, String, Value)> {
    let app = super::start(store).await?;
    let answer = app.post("/resources", json!({ "name": "Dana" })).await;
    let resource = answer.resource(201, "resource").clone();
    let path = format!("/resources/{}", resource["id"].as_str().unwrap());
    Some((app, path, resource))
}

#[apply(each_store)]
async fn post_creates_and_answers_every_field(store: Store) {
    let Some((app, path, dana)) = start(store).await else {
        return;
    };
    assert_eq!((&dana["kind"], &dana["active"]), (&json!("staff"), &json!(true)));
    assert_eq!(dana["createdAt"], dana["updatedAt"]);
    let body = json!({ "name": "חדר 7", "kind": "room", "active": false });
    let answer = app.post("/resources", body.clone()).await;
    let room = answer.resource(201, "resource");
    for (field, value) in body.as_object().unwrap() {
        assert_eq!(room[field], *value);
    }
    let id = room["id"].as_str().unwrap();
    assert_eq!(
        answer.header("location"),
        Some(format!("/api/webhooks/resources/{id}").as_str())
    );
    assert_eq!(*app.get(&path).await.resource(200, "resource"), dana);
    assert_eq!(
        app.get("/resources").await.list("resources"),
        [dana, room.clone()]
    );
    app.assert_required(Method::POST, "/resources", &body, &["name"], "Name is required")
        .await;
}

#[apply(each_store)]
async fn lists_are_filtered(store: Store) {
    let Some((app, _, _)) = start(store).await else {
        return;
    };
    for (name, kind, active) in [
        ("Noa", "staff", false),
        ("Hall", "room", true),
        ("Bike", "equipment", true),
    ] {
        let body = json!({ "name": name, "kind": kind, "active": active });
        assert_eq!(app.post("/resources", body).await.status, 201);
    }
    for (query, names) in [
        ("", &["Dana", "Noa", "Hall", "Bike"][..]),
        ("?kind=staff", &["Dana", "Noa"]),
        ("?active=true", &["Dana", "Hall", "Bike"]),
        ("?active=false", &["Noa"]),
        ("?kind=staff&active=true", &["Dana"]),
        ("?kind=room&active=false", &[]),
    ] {
        let answer = app.get(&format!("/resources{query}")).await;
        let found: Vec<_> = answer
            .list("resources")
            .iter()
            .map(|item| item["name"].clone())
            .collect();
        assert_eq!(found, names, "{query}");
    }
    let first = app.get("/resources?limit=3").await;
    let cursor = first.json["nextCursor"].as_str().unwrap();
    let last = app.get(&format!("/resources?limit=3&cursor={cursor}")).await;
    assert_eq!(
        (first.list("resources").len(), last.list("resources").len()),
        (3, 1)
    );
    for query in ["kind=person", "active=1", "active=", "active=yes", "kind="] {
        let field = query.split('=').next().unwrap();
        app.get(&format!("/resources?{query}"))
            .await
            .assert_invalid(&[field]);
    }
}

#[apply(each_store)]
async fn patch_changes_only_what_is_sent(store: Store) {
    let Some((app, path, dana)) = start(store).await else {
        return;
    };
    let unchanged = app.patch(&path, json!({})).await;
    assert_eq!(*unchanged.resource(200, "resource"), dana);
    let renamed = app
        .patch(&path, json!({ "name": "Noa", "kind": "equipment" }))
        .await;
    let noa = renamed.resource(200, "resource");
    assert_eq!(
        (&noa["name"], &noa["kind"], &noa["active"]),
        (&json!("Noa"), &json!("equipment"), &json!(true))
    );
    for (field, bad) in [
        ("name", json!(null)),
        ("name", json!(" ")),
        ("kind", json!("person")),
        ("kind", json!(null)),
        ("active", json!(null)),
        ("active", json!("true")),
    ] {
        app.patch(&path, json!({ field: bad }))
            .await
            .assert_invalid(&[field]);
    }
}

#[apply(each_store)]
async fn delete_deactivates_and_is_safe_to_repeat(store: Store) {
    let Some((app, path, _)) = start(store).await else {
        return;
    };
    for _ in 0..2 {
        app.delete(&path)
            .await
            .assert_done("Resource deactivated successfully");
    }
    let read = app.get(&path).await;
    assert_eq!(read.resource(200, "resource")["active"], false);
    let again = app.patch(&path, json!({ "active": true })).await;
    assert_eq!(again.resource(200, "resource")["active"], true);
    for path in ["/resources/x", "/resources/507f1f77bcf86cd799439011"] {
        let answer = app.delete(path).await;
        answer.assert_error(404, "NOT_FOUND", "Resource not found");
        assert_eq!(answer.json["resource"], "resource");
    }
}

#[apply(each_store)]
async fn hours_are_replaced_whole_and_what_was_read_can_be_sent_back(store: Store) {
    let Some((app, path, _)) = start(store).await else {
        return;
    };
    let hours = format!("{path}/hours");
    let none = json!({ "weekly": null, "exceptions": [] });
    assert_eq!(*app.get(&hours).await.resource(200, "hours"), none);
    let body = json!({
        "weekly": [
            { "day": "sunday", "opens": "09:00", "closes": "24:00", "validFrom": "2030-01-01" },
            { "day": "friday", "opens": "00:00", "closes": "48:00", "validUntil": "2030-12-31T00:00:00.000Z" },
        ],
        "exceptions": [
            { "date": "2030-06-06", "opens": "13:00", "closes": "14:00" },
            { "date": "2030-06-05", "closed": true },
            { "date": "2030-06-06", "opens": "10:00", "closes": "12:00" },
        ],
    });
    let shown = json!({
        "weekly": [
            {
                "day": "sunday", "opens": "09:00", "closes": "24:00", "validFrom": "2030-01-01T00:00:00.000Z",
                "validUntil": null,
            },
            {
                "day": "friday", "opens": "00:00", "closes": "48:00", "validFrom": null,
                "validUntil": "2030-12-31T00:00:00.000Z",
            },
        ],
        "exceptions": [
            { "date": "2030-06-05T00:00:00.000Z", "closed": true, "opens": null, "closes": null },
            { "date": "2030-06-06T00:00:00.000Z", "closed": false, "opens": "10:00", "closes": "12:00" },
            { "date": "2030-06-06T00:00:00.000Z", "closed": false, "opens": "13:00", "closes": "14:00" },
        ],
    });
    let put = app.put(&hours, body).await;
    assert_eq!(*put.resource(200, "hours"), shown);
    let read = app.get(&hours).await;
    assert_eq!(*read.resource(200, "hours"), shown);
    // The hours are a part of the resource, so they have its version.
    let tag = read.header("etag").unwrap();
    assert_eq!(app.get(&path).await.header("etag"), Some(tag));
    let again = app.put(&hours, shown.clone()).await;
    assert_eq!(
        (again.resource(200, "hours"), again.header("etag")),
        (&shown, Some(tag))
    );
    let stale = app.request(Method::PUT, &hours).header("If-Match", "\"x\"");
    Answer::to(stale.json(&none)).await.assert_error(
        412,
        "VERSION_MISMATCH",
        "The resource is not in the version of If-Match",
    );
    let closed = app.put(&hours, json!({ "weekly": [] })).await;
    assert_eq!(
        *closed.resource(200, "hours"),
        json!({ "weekly": [], "exceptions": [] })
    );
    assert_eq!(*app.put(&hours, json!({})).await.resource(200, "hours"), none);
    app.put("/resources/507f1f77bcf86cd799439011/hours", json!({}))
        .await
        .assert_error(404, "NOT_FOUND", "Resource not found");
}

#[apply(each_store)]
async fn every_bad_rule_is_named_at_once(store: Store) {
    let Some((app, path, _)) = start(store).await else {
        return;
    };
    let hours = format!("{path}/hours");
    let body = json!({
        "weekly": [
            { "day": "sunday", "opens": "09:00", "closes": "17:00" },
            { "day": "Sunday", "opens": "24:00", "closes": "48:01" },
            { "opens": "09:00", "closes": "09:00", "validFrom": "soon" },
            5,
            null,
            { "day": "monday", "opens": 9, "closes": "10:00" },
        ],
        "exceptions": [
            { "date": "2030-02-30", "closed": true },
            { "date": "2030-02-01" },
            { "date": "2030-02-01", "opens": "10:00" },
            { "date": "2030-02-01", "closed": true, "opens": "10:00", "closes": "11:00" },
            { "date": "2030-02-01", "closed": "yes" },
            { "closed": true },
            [],
        ],
    });
    app.put(&hours, body).await.assert_invalid(&[
        "weekly[1].day",
        "weekly[1].opens",
        "weekly[1].closes",
        "weekly[2].day",
        "weekly[2].validFrom",
        "weekly[2].closes",
        "weekly[3]",
        "weekly[4]",
        "weekly[5].opens",
        "exceptions[0].date",
        "exceptions[1].opens",
        "exceptions[1].closes",
        "exceptions[2].closes",
        "exceptions[3].closed",
        "exceptions[4].closed",
        "exceptions[5].date",
        "exceptions[6]",
    ]);
    let body = json!({
        "weekly": [
            { "day": "sunday", "opens": "09:00", "closes": "17:00" },
            { "day": "sunday", "opens": "16:59", "closes": "18:00" },
            { "day": "monday", "opens": "09:00", "closes": "17:00", "validFrom": "2030-01-02", "validUntil": "2030-01-01" },
        ],
        "exceptions": [
            { "date": "2030-02-01", "opens": "10:00", "closes": "12:00" },
            { "date": "2030-02-02", "closed": true },
            { "date": "2030-02-01", "opens": "11:59", "closes": "13:00" },
            { "date": "2030-02-01", "opens": "14:00", "closes": "15:00" },
            { "date": "2030-02-02", "opens": "11:00", "closes": "13:00" },
        ],
    });
    app.put(&hours, body).await.assert_invalid(&[
        "weekly[1]",
        "weekly[2].validUntil",
        "exceptions[4].date",
        "exceptions[2]",
    ]);
    for (field, wrong) in [
        ("weekly", json!("x")),
        ("weekly", json!({})),
        ("exceptions", json!(true)),
    ] {
        let answer = app.put(&hours, json!({ field: wrong })).await;
        answer.assert_invalid(&[field]);
        assert_eq!(answer.json["details"][0]["message"], "must be an array");
    }
    let many = vec![json!({ "date": "2030-02-01", "opens": "10:00", "closes": "12:00" }); 1001];
    let answer = app.put(&hours, json!({ "exceptions": many })).await;
    answer.assert_invalid(&["exceptions"]);
    // However many there are, the answer is short.
    for many in [
        json!({ "weekly": vec![5; 50_000] }),
        json!({ "exceptions": vec![json!({}); 50_000] }),
    ] {
        let answer = app.put(&hours, many).await;
        assert_eq!((answer.status, answer.bad_fields().len()), (400, 100));
        assert!(answer.text.len() < 20_000, "{} bytes", answer.text.len());
    }
    let none = json!({ "weekly": null, "exceptions": [] });
    assert_eq!(*app.get(&hours).await.resource(200, "hours"), none);
}

#[apply(each_store)]
async fn unknown_fields_are_ignored_within_too_unless_handling_is_strict(store: Store) {
    let Some((app, path, _)) = start(store).await else {
        return;
    };
    let hours = format!("{path}/hours");
    let body = json!({
        "weekly": [{ "day": "sunday", "opens": "09:00", "closes": "17:00", "label": "x" }],
        "exceptions": [{ "date": "2030-02-01", "closed": true }, { "date": "2030-02-02", "closed": true, "open": {} }],
        "timeZone": "Asia/Jerusalem",
    });
    let put = app
        .request(Method::PUT, &hours)
        .header("Prefer", "handling=strict");
    let mut answer = Answer::to(put.json(&body)).await;
    let details = answer.json["details"].as_array_mut().unwrap();
    details.sort_by_key(|detail| detail["field"].to_string());
    answer.assert_invalid(&["exceptions[1].open", "timeZone", "weekly[0].label"]);
    assert_eq!(app.put(&hours, body).await.status, 200);
}

#[apply(each_store)]
async fn a_repeated_request_is_carried_out_once(store: Store) {
    let Some((app, _, _)) = start(store).await else {
        return;
    };
    let post = || {
        let request = app.request(Method::POST, "/resources");
        Answer::to(
            request
                .header("Idempotency-Key", "k")
                .json(&json!({ "name": "Noa" })),
        )
    };
    let (first, second) = (post().await, post().await);
    assert_eq!((first.status, &first.json), (201, &second.json));
    assert_eq!(second.header("idempotent-replayed"), Some("true"));
    assert_eq!(app.get("/resources").await.json["count"], 2);
}
