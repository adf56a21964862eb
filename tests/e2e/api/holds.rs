//! Holds, and the appointments that they become. What happens when one expires is tested below the API, where the clock
//! can be set.

use super::{
    each_store,
    salon::{DAY, busy_times, id, lesson, massage, of_service, opens, resources, service, start},
};
use e2e::{Answer, Store, with};
use reqwest::Method;
use rstest_reuse::apply;
use serde_json::{Value, json};

fn hold(time: &str) -> Value {
    json!({ "date": DAY, "time": time, "serviceType": "lesson" })
}

/// The confirmation of a hold by Dana.
fn confirm(hold: &str) -> Value {
    json!({ "holdId": hold, "customerEmail": "dana@example.com" })
}

#[apply(each_store)]
async fn a_hold_keeps_others_off_and_becomes_an_appointment(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    let answer = app.post("/holds", hold("10:00")).await;
    let held = answer.resource(201, "hold").clone();
    let path = format!("/holds/{}", held["id"].as_str().unwrap());
    assert_eq!(
        answer.header("location"),
        Some(format!("/api/webhooks{path}").as_str())
    );
    assert_eq!(*app.get(&path).await.resource(200, "hold"), held);
    assert_eq!(app.get("/holds").await.list("holds"), std::slice::from_ref(&held));
    assert_eq!(app.get("/appointments").await.json["count"], 0);

    let refused = app.post("/appointments", lesson("10:30")).await;
    refused.assert_error(409, "TIME_CONFLICT", "Time slot is already booked");
    let conflict = &refused.json["conflict"];
    assert_eq!(
        (&conflict["kind"], &conflict["id"]),
        (&json!("hold"), &Value::Null)
    );
    assert_eq!(app.post("/holds", hold("10:30")).await.status, 409);

    let confirmation = confirm(held["id"].as_str().unwrap());
    let booked = app
        .post("/appointments", with(&confirmation, "notes", "first"))
        .await;
    let booked = booked.resource(201, "appointment");
    for field in ["id", "date", "time", "duration", "serviceType", "resourceIds"] {
        assert_eq!(booked[field], held[field], "{field}");
    }
    assert_eq!(booked["notes"], "first");
    // It is used up.
    let again = app.post("/appointments", confirmation).await;
    again.assert_error(404, "NOT_FOUND", "Hold not found");
    assert_eq!(again.json["resource"], "hold");
    assert_eq!(app.get(&path).await.status, 404);
    assert_eq!(app.delete(&path).await.status, 404);
    assert_eq!(app.get("/holds").await.json["count"], 0);
    assert_eq!(app.post("/appointments", lesson("10:30")).await.status, 409);
}

#[apply(each_store)]
async fn releasing_a_hold_frees_its_slot_at_once(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    let path = format!("/holds/{}", id(&app.post("/holds", hold("10:00")).await, "hold"));
    app.delete(&path).await.assert_done("Hold released successfully");
    app.delete(&path)
        .await
        .assert_error(404, "NOT_FOUND", "Hold not found");
    assert_eq!(app.post("/appointments", lesson("10:00")).await.status, 201);
}

#[apply(each_store)]
async fn a_hold_of_a_service_takes_all_that_it_needs(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    let (massage, staff, rooms) = massage(&app, 1, 1).await;
    let order = json!({ "serviceId": massage, "date": DAY, "time": "10:00", "minutes": 5 });
    let answer = app.post("/holds", order).await;
    let held = answer.resource(201, "hold");
    assert_eq!(held["resourceIds"], json!([staff[0], rooms[0]]));
    let refused = app.post("/appointments", of_service(&massage, "10:50")).await;
    refused.assert_error(409, "TIME_CONFLICT", "Time slot is already booked");
    let confirmation = confirm(held["id"].as_str().unwrap());
    let confirmation = with(&confirmation, "resourceIds", json!([rooms[0], staff[0]]));
    let booked = app.post("/appointments", confirmation).await;
    assert_eq!(
        booked.resource(201, "appointment")["resourceIds"],
        json!([staff[0], rooms[0]])
    );
    let busy = busy_times(&app, &rooms[0]).await;
    assert_eq!(busy.as_array().unwrap().len(), 1);
}

#[apply(each_store)]
async fn what_is_said_of_a_hold_and_differs_is_refused(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    let held = id(&app.post("/holds", hold("10:00")).await, "hold");
    for (field, value) in [
        ("date", json!("2030-06-12")),
        ("time", json!("10:01")),
        ("duration", json!(61)),
        ("serviceType", json!("other")),
        ("serviceId", json!("507f1f77bcf86cd799439011")),
        ("resourceIds", json!(["507f1f77bcf86cd799439011"])),
    ] {
        let refused = app
            .post("/appointments", with(&confirm(&held), field, value))
            .await;
        refused.assert_invalid(&[field]);
    }
    for unknown in ["507f1f77bcf86cd799439011", DAY] {
        let refused = app.post("/appointments", confirm(unknown)).await;
        assert!([400, 404].contains(&refused.status), "{refused:?}");
    }
    let stranger = with(&confirm(&held), "customerEmail", "gal@example.com");
    let refused = app.post("/appointments", stranger).await;
    refused.assert_error(404, "NOT_FOUND", "Customer not found");
    let mut order = confirm(&held);
    order.as_object_mut().unwrap().remove("customerEmail");
    let order = with(
        &order,
        "customer",
        json!({ "name": "Gal", "email": "gal@example.com" }),
    );
    let same = with(&with(&order, "date", DAY), "time", "10:00");
    let dry = app.post("/appointments?dryRun=true", same.clone()).await;
    assert_eq!(dry.status, 200, "{dry:?}");
    assert_eq!(app.get("/customers/gal@example.com").await.status, 404);
    let booked = app.post("/appointments", same).await;
    assert_eq!(booked.resource(201, "appointment")["customerName"], "Gal");
}

#[apply(each_store)]
async fn bad_holds_are_refused_and_nothing_is_held(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    app.assert_required(
        Method::POST,
        "/holds",
        &hold("10:00"),
        &["date", "time", "serviceType"],
        "date, time and serviceType are required",
    )
    .await;
    let minutes = [json!(0), json!(61), json!(1.5), json!("5"), json!(-1)];
    app.assert_refused(Method::POST, "/holds", &hold("10:00"), "minutes", minutes)
        .await;
    app.assert_refused(
        Method::POST,
        "/holds",
        &hold("10:00"),
        "override",
        [json!("x"), json!(1)],
    )
    .await;
    opens(&app, "Asia/Jerusalem", "09:00", "17:00").await;
    let refused = app.post("/holds", hold("08:00")).await;
    refused.assert_error(409, "OUTSIDE_HOURS", "The slot is outside of the opening hours");
    assert_eq!(app.get("/holds").await.json["count"], 0);
    // What is held is confirmed whatever the hours are.
    let held = id(
        &app.post("/holds", with(&hold("08:00"), "override", true)).await,
        "hold",
    );
    assert_eq!(app.post("/appointments", confirm(&held)).await.status, 201);
}

#[apply(each_store)]
async fn repeated_holds_and_confirmations_are_answered_as_the_first_time(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    let staff = resources(&app, "staff", 3).await;
    let massage = service(&app, &[&staff]).await;
    let post = |path: &str, key: &str, body: &Value| {
        let request = app.request(Method::POST, path).json(body);
        Answer::to(request.header("Idempotency-Key", key.to_owned()))
    };
    let order = json!({ "serviceId": massage, "date": DAY, "time": "10:00" });
    let first = post("/holds", "hold", &order).await;
    let held = id(&first, "hold");
    let booking = of_service(&massage, "10:00");
    let booked = post("/appointments", "booking", &booking).await;
    let confirmed = post("/appointments", "confirmation", &confirm(&held)).await;
    let block = json!({ "from": "2030-07-01", "until": "2030-07-02" });
    let blocked = post("/blocks", "block", &block).await;
    for (path, key, body, answer) in [
        ("/holds", "hold", &order, &first),
        ("/appointments", "booking", &booking, &booked),
        ("/appointments", "confirmation", &confirm(&held), &confirmed),
        ("/blocks", "block", &block, &blocked),
    ] {
        assert_eq!(answer.status, 201, "{answer:?}");
        let again = post(path, key, body).await;
        assert_eq!((again.status, &again.text), (201, &answer.text));
        assert_eq!(again.header("etag"), answer.header("etag"));
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        let mut other = body.clone();
        other["notes"] = "other".into();
        other["reason"] = "other".into();
        other["minutes"] = 7.into();
        let reused = post(path, key, &other).await;
        assert_eq!(
            (reused.status, &reused.json["error"]),
            (422, &json!("IDEMPOTENCY_KEY_REUSED"))
        );
    }
    assert_eq!(app.get("/appointments").await.json["count"], 2);
    assert_eq!(app.get("/holds").await.json["count"], 0);
    assert_eq!(app.get("/blocks").await.json["count"], 1);
}
