//! The schedule of the account.

use super::each_store;
use e2e::{Answer, Store};
use reqwest::Method;
use rstest_reuse::apply;
use serde_json::{Value, json};

fn untouched() -> Value {
    json!({
        "timeZone": null, "weekly": null, "exceptions": [], "minNotice": null, "horizon": null, "slotStep": 15,
        "updatedAt": null,
    })
}

#[apply(each_store)]
async fn every_account_has_one(store: Store) {
    let Some(app) = super::start(store).await else {
        return;
    };
    let answer = app.get("/schedule").await;
    assert_eq!(*answer.resource(200, "schedule"), untouched());
    assert!(answer.header("etag").is_some());
    // What is so already is no change.
    let same = app.put("/schedule", json!({})).await;
    assert_eq!(*same.resource(200, "schedule"), untouched());
    assert_eq!(same.header("etag"), answer.header("etag"));
}

#[apply(each_store)]
async fn put_replaces_the_whole(store: Store) {
    let Some(app) = super::start(store).await else {
        return;
    };
    let body = json!({
        "timeZone": "Asia/Jerusalem", "weekly": [{ "day": "sunday", "opens": "09:00", "closes": "17:00" }],
        "exceptions": [{ "date": "2030-06-05", "closed": true }], "minNotice": 120, "horizon": 90, "slotStep": 30,
    });
    let answer = app.put("/schedule", body.clone()).await;
    let schedule = answer.resource(200, "schedule").clone();
    for field in ["timeZone", "minNotice", "horizon", "slotStep"] {
        assert_eq!(schedule[field], body[field]);
    }
    assert_eq!(schedule["weekly"][0]["closes"], "17:00");
    assert_eq!(schedule["exceptions"][0]["closed"], true);
    assert_eq!(*app.get("/schedule").await.resource(200, "schedule"), schedule);
    // What was read can be sent back.
    let again = app.put("/schedule", schedule.clone()).await;
    assert_eq!(*again.resource(200, "schedule"), schedule);
    assert_eq!(again.header("etag"), answer.header("etag"));

    let emptied = app.put("/schedule", json!({ "minNotice": null })).await;
    let mut emptied = emptied.resource(200, "schedule").clone();
    assert!(emptied["updatedAt"].is_string());
    emptied["updatedAt"] = Value::Null;
    assert_eq!(emptied, untouched());
}

#[apply(each_store)]
async fn every_bad_field_is_named_at_once(store: Store) {
    let Some(app) = super::start(store).await else {
        return;
    };
    let body = json!({
        "timeZone": "not a zone", "weekly": [{ "day": "sunday", "opens": "09:00", "closes": "08:00" }],
        "exceptions": [{ "date": "x", "closed": true }], "minNotice": -1, "horizon": 0, "slotStep": 1441,
    });
    app.put("/schedule", body).await.assert_invalid(&[
        "timeZone",
        "weekly[0].closes",
        "exceptions[0].date",
        "minNotice",
        "horizon",
        "slotStep",
    ]);
    for (field, value) in [("minNotice", 0), ("horizon", 3650)] {
        let answer = app.put("/schedule", json!({ field: value })).await;
        answer.assert_invalid(&["timeZone"]);
        let with_zone = json!({ field: value, "timeZone": "Asia/Jerusalem" });
        assert_eq!(app.put("/schedule", with_zone).await.status, 200);
    }
}

#[apply(each_store)]
async fn a_change_is_made_to_what_was_seen_only(store: Store) {
    let Some(app) = super::start(store).await else {
        return;
    };
    let mut seen = app.get("/schedule").await.header("etag").unwrap().to_owned();
    for step in [10, 20] {
        let put = |tag: &str| {
            let request = app.request(Method::PUT, "/schedule").header("If-Match", tag);
            Answer::to(request.json(&json!({ "slotStep": step })))
        };
        let changed = put(&seen).await;
        assert_eq!(changed.resource(200, "schedule")["slotStep"], step);
        put(&seen).await.assert_error(
            412,
            "VERSION_MISMATCH",
            "The resource is not in the version of If-Match",
        );
        seen = changed.header("etag").unwrap().to_owned();
        let known = app
            .request(Method::GET, "/schedule")
            .header("If-None-Match", &seen);
        assert_eq!(Answer::to(known).await.status, 304);
    }
}
