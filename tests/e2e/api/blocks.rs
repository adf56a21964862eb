//! Blocks: time off.

use super::{
    each_store,
    salon::{id, lesson, resources, start},
};
use e2e::{Store, with};
use reqwest::Method;
use rstest_reuse::apply;
use serde_json::{Value, json};

#[apply(each_store)]
async fn time_off_of_any_length_keeps_bookings_off(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    let staff = resources(&app, "staff", 1).await;
    let holiday = json!({ "resourceId": staff[0], "from": "2030-06-01", "until": "2030-07-15T12:00", "reason": "holiday" });
    let answer = app.post("/blocks", holiday).await;
    let block = answer.resource(201, "block").clone();
    assert_eq!(
        (&block["from"], &block["until"]),
        (&json!("2030-06-01T00:00"), &json!("2030-07-15T12:00"))
    );
    let path = format!("/blocks/{}", id(&answer, "block"));
    assert_eq!(*app.get(&path).await.resource(200, "block"), block);
    assert_eq!(
        app.get("/blocks").await.list("blocks"),
        std::slice::from_ref(&block)
    );
    for (query, count) in [
        (format!("resourceId={}", staff[0]), 1),
        ("resourceId=507f1f77bcf86cd799439011".to_owned(), 0),
        ("from=2030-06-02".to_owned(), 0),
        ("to=2030-06-01".to_owned(), 1),
    ] {
        assert_eq!(
            app.get(&format!("/blocks?{query}")).await.json["count"],
            count,
            "{query}"
        );
    }

    let of_staff = with(&lesson("10:00"), "resourceIds", json!(staff));
    let refused = app.post("/appointments", of_staff.clone()).await;
    refused.assert_error(409, "TIME_CONFLICT", "Time slot is already booked");
    let conflict = json!({
        "date": "2030-06-01T00:00:00.000Z", "time": "00:00", "until": "2030-07-15T12:00", "kind": "block", "id": null,
    });
    assert_eq!(refused.json["conflict"], conflict);
    // The account's own schedule is another one.
    assert_eq!(app.post("/appointments", lesson("10:00")).await.status, 201);
    app.delete(&path).await.assert_done("Block removed successfully");
    app.delete(&path)
        .await
        .assert_error(404, "NOT_FOUND", "Block not found");
    assert_eq!(app.post("/appointments", of_staff).await.status, 201);
}

#[apply(each_store)]
async fn what_is_booked_is_in_the_way_of_time_off(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    let booked = id(&app.post("/appointments", lesson("10:00")).await, "appointment");
    let off = json!({ "from": "2030-06-01", "until": "2030-07-01" });
    let refused = app.post("/blocks", off.clone()).await;
    refused.assert_error(409, "TIME_CONFLICT", "Time slot is already booked");
    assert_eq!(refused.json["conflict"]["id"], booked);
    assert_eq!(refused.json["nextFree"], json!([]));
    assert_eq!(app.delete(&format!("/appointments/{booked}")).await.status, 200);
    assert_eq!(app.post("/blocks", off).await.status, 201);
    let refused = app.post("/appointments", lesson("10:00")).await;
    assert_eq!(refused.json["conflict"]["kind"], "block", "{refused:?}");
    assert_eq!(refused.json["conflict"]["id"], Value::Null);
}

#[apply(each_store)]
async fn bad_blocks_are_refused(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    let block = json!({ "from": "2030-07-01", "until": "2030-07-02", "reason": "x" });
    app.assert_required(
        Method::POST,
        "/blocks",
        &block,
        &["from", "until"],
        "from and until are required",
    )
    .await;
    let until = [
        "2030-07-01",
        "2030-06-30T23:59",
        "x",
        "2030-07-02T24:00",
        "2030-02-30",
    ]
    .map(Value::from);
    app.assert_refused(Method::POST, "/blocks", &block, "until", until)
        .await;
    app.assert_refused(Method::POST, "/blocks", &block, "reason", [json!("\0"), json!(1)])
        .await;
    let of_nobody = with(&block, "resourceId", "507f1f77bcf86cd799439011");
    let refused = app.post("/blocks", of_nobody).await;
    refused.assert_error(404, "NOT_FOUND", "Resource not found");
    app.post("/blocks", with(&block, "resourceId", "x"))
        .await
        .assert_invalid(&["resourceId"]);
    assert_eq!(app.get("/blocks").await.json["count"], 0);
}
