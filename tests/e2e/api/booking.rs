//! Bookings by service, with a customer, with overrides, and dry; and refusals that help.

use super::{
    each_store,
    salon::{DAY, busy_times, id, lesson, massage, of_service, opens, resources, service, start},
};
use e2e::{Store, with};
use reqwest::Method;
use rstest_reuse::apply;
use serde_json::{Value, json};

const MIDNIGHT: &str = "2030-06-11T00:00:00.000Z";

#[apply(each_store)]
async fn a_service_takes_one_of_each_group_with_its_buffers(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    let (massage, staff, rooms) = massage(&app, 2, 2).await;
    let booked = app.post("/appointments", of_service(&massage, "10:00")).await;
    let booked = booked.resource(201, "appointment");
    assert_eq!(booked["serviceId"], massage);
    assert_eq!(booked["resourceIds"], json!([staff[0], rooms[0]]));
    assert_eq!(
        (&booked["duration"], &booked["serviceType"]),
        (&json!(50), &json!("treatment"))
    );
    assert_eq!(booked["localEnd"], "2030-06-11T10:50");

    // The buffer after the first is within the second: the others are taken.
    let second = app.post("/appointments", of_service(&massage, "10:55")).await;
    let second = second.resource(201, "appointment")["resourceIds"].clone();
    assert_eq!(second, json!([staff[1], rooms[1]]));
    // The buffers touch.
    let third = app.post("/appointments", of_service(&massage, "11:00")).await;
    assert_eq!(
        third.resource(201, "appointment")["resourceIds"],
        json!([staff[0], rooms[0]])
    );
    let none = app.post("/appointments", of_service(&massage, "10:30")).await;
    none.assert_error(409, "TIME_CONFLICT", "Time slot is already booked");
    // No leg was taken by half.
    let busy = busy_times(&app, &rooms[1]).await;
    assert_eq!(
        busy,
        json!([{ "from": "2030-06-11T10:55", "until": "2030-06-11T11:55" }])
    );
    // Legs are nowhere to be seen.
    assert_eq!(app.get("/appointments").await.list("appointments").len(), 3);
}

#[apply(each_store)]
async fn named_resources_are_taken_and_bad_ones_are_named(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    let (staff, rooms) = (
        resources(&app, "staff", 2).await,
        resources(&app, "room", 1).await,
    );
    let massage = service(&app, &[&staff]).await;
    let order = of_service(&massage, "10:00");
    let booked = app
        .post("/appointments", with(&order, "resourceIds", json!([staff[1]])))
        .await;
    assert_eq!(
        booked.resource(201, "appointment")["resourceIds"],
        json!([staff[1]])
    );
    let later = of_service(&massage, "12:00");
    let many: Vec<_> = (0..51).map(|number| format!("{number:024x}")).collect();
    for resources in [
        json!([staff[0], staff[0]]),
        json!([staff[0], staff[1]]),
        json!([rooms[0]]),
        json!(["507f1f77bcf86cd799439011"]),
        json!(many),
    ] {
        let refused = app
            .post("/appointments", with(&later, "resourceIds", resources))
            .await;
        refused.assert_invalid(&["resourceIds"]);
    }
    for resources in [
        json!(["507f1f77bcf86cd799439011"]),
        json!([rooms[0], rooms[0]]),
        json!(many),
    ] {
        let refused = app
            .post("/appointments", with(&lesson("12:00"), "resourceIds", resources))
            .await;
        refused.assert_invalid(&["resourceIds"]);
    }
    app.post("/appointments", with(&later, "duration", 60))
        .await
        .assert_invalid(&["duration"]);
    app.post(
        "/appointments",
        with(&later, "serviceId", "507f1f77bcf86cd799439011"),
    )
    .await
    .assert_error(404, "NOT_FOUND", "Service not found");
    assert_eq!(app.delete(&format!("/services/{massage}")).await.status, 200);
    app.post("/appointments", later)
        .await
        .assert_invalid(&["serviceId"]);
    assert_eq!(app.get("/appointments").await.json["count"], 1);
}

#[apply(each_store)]
async fn a_conflict_tells_what_is_in_the_way_and_what_is_free(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    let first = id(&app.post("/appointments", lesson("10:00")).await, "appointment");
    // One that is strictly inside another is seen as well.
    for (time, duration) in [("10:20", 10), ("09:30", 240), ("10:59", 60)] {
        let order = with(&lesson(time), "duration", duration);
        let refused = app.post("/appointments", order).await;
        refused.assert_error(409, "TIME_CONFLICT", "Time slot is already booked");
        let conflict = json!({
            "date": MIDNIGHT, "time": "10:00", "until": "2030-06-11T11:00", "kind": "appointment", "id": first,
        });
        assert_eq!(refused.json["conflict"], conflict);
        assert_eq!(refused.json["nextFree"].as_array().unwrap().len(), 3);
        assert!(!refused.text.contains("dana"), "{refused:?}");
    }
    let refused = app.post("/appointments", lesson("10:00")).await;
    let start = |time: &str| json!({ "date": MIDNIGHT, "time": time });
    assert_eq!(
        refused.json["nextFree"],
        json!([start("11:00"), start("11:15"), start("11:30")])
    );
    assert_eq!(refused.json["previousFree"], start("09:00"));
    // What is suggested can be booked.
    for time in ["11:00", "09:00"] {
        assert_eq!(app.post("/appointments", lesson(time)).await.status, 201);
    }
    // An appointment that moves is not in its own way. The slot that it has now is suggested, too.
    let path = format!("/appointments/{first}");
    let moved = app.patch(&path, json!({ "time": "10:30" })).await;
    assert_eq!(moved.json["conflict"]["time"], "11:00", "{moved:?}");
    assert_eq!(moved.json["previousFree"], start("10:00"));
    let longer = app.patch(&path, json!({ "time": "09:30", "duration": 30 })).await;
    assert_eq!(longer.json["conflict"]["time"], "09:00", "{longer:?}");
    assert_eq!(
        app.patch(&path, json!({ "time": "10:15", "duration": 45 }))
            .await
            .status,
        200
    );
}

#[apply(each_store)]
async fn policies_can_be_overridden_and_what_is_taken_can_not(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    opens(&app, "Asia/Jerusalem", "09:00", "17:00").await;
    let early = lesson("07:00");
    let refused = app.post("/appointments", early.clone()).await;
    refused.assert_error(409, "OUTSIDE_HOURS", "The slot is outside of the opening hours");
    assert_eq!(refused.json["conflict"], Value::Null);
    assert_eq!(refused.json["nextFree"][0]["time"], "09:00");
    assert_eq!(refused.json["previousFree"]["time"], "16:00");
    let booked = app.post("/appointments", with(&early, "override", true)).await;
    let path = format!("/appointments/{}", id(&booked, "appointment"));
    let again = app.post("/appointments", with(&early, "override", true)).await;
    again.assert_error(409, "TIME_CONFLICT", "Time slot is already booked");
    // A status and a note need no hours; a move does.
    assert_eq!(
        app.patch(&path, json!({ "notes": "x", "time": "07:00" }))
            .await
            .status,
        200
    );
    let moved = app.patch(&path, json!({ "time": "06:00" })).await;
    moved.assert_error(409, "OUTSIDE_HOURS", "The slot is outside of the opening hours");
    assert_eq!(
        app.patch(&path, json!({ "time": "06:00", "override": true }))
            .await
            .status,
        200
    );
    assert_eq!(
        app.patch(&path, json!({ "status": "completed" })).await.status,
        200
    );

    let schedule = json!({ "timeZone": "Asia/Jerusalem", "minNotice": 0, "horizon": 3650 });
    assert_eq!(app.put("/schedule", schedule).await.status, 200);
    let past = with(&lesson("10:00"), "date", "2020-01-01");
    let refused = app.post("/appointments", past.clone()).await;
    refused.assert_error(409, "TOO_SOON", "The slot is too soon to be booked");
    let far = with(&lesson("10:00"), "date", "2090-01-01");
    let refused = app.post("/appointments", far.clone()).await;
    refused.assert_error(409, "TOO_FAR", "The slot is too far ahead to be booked");
    for order in [past, far] {
        assert_eq!(
            app.post("/appointments", with(&order, "override", true))
                .await
                .status,
            201
        );
    }
}

#[apply(each_store)]
async fn a_customer_is_written_in_the_same_step_or_not_at_all(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    let mut order = lesson("10:00");
    order.as_object_mut().unwrap().remove("customerEmail");
    let customer = |customer: Value| with(&order, "customer", customer);
    let tal = json!({ "name": "Tal", "email": "tal@example.com", "phone": "050-7654321" });
    let booked = app.post("/appointments", customer(tal.clone())).await;
    let booked = booked.resource(201, "appointment");
    assert_eq!(
        (&booked["customerName"], &booked["customerEmail"]),
        (&tal["name"], &tal["email"])
    );
    let stored = app.get("/customers/tal@example.com").await;
    assert_eq!(stored.resource(200, "customer")["phone"], "050-7654321");
    assert_eq!(stored.json["customer"]["id"], booked["customerId"]);

    // Refused: the customer stays as it was, or isn't there.
    let renamed = json!({ "name": "Tal Levi", "email": "TAL@example.com", "notes": "x" });
    let refused = app.post("/appointments", customer(renamed.clone())).await;
    refused.assert_error(409, "TIME_CONFLICT", "Time slot is already booked");
    assert_eq!(app.get("/customers/tal@example.com").await.json, stored.json);
    let stranger = json!({ "name": "Gal", "email": "gal@example.com" });
    assert_eq!(
        app.post("/appointments", customer(stranger.clone())).await.status,
        409
    );
    assert_eq!(app.get("/customers/gal@example.com").await.status, 404);
    let nameless = app
        .post("/appointments", customer(json!({ "email": "gal@example.com" })))
        .await;
    nameless.assert_invalid(&["customer.name"]);

    for name in [Value::Null, json!(" ")] {
        let cleared = customer(json!({ "name": name, "email": "tal@example.com" }));
        app.post("/appointments", cleared)
            .await
            .assert_invalid(&["customer.name"]);
    }

    // Only the given fields are updated.
    let later = with(&customer(renamed), "time", "12:00");
    let booked = app.post("/appointments", later).await;
    assert_eq!(booked.resource(201, "appointment")["customerName"], "Tal Levi");
    let now = app.get("/customers/tal@example.com").await.json["customer"].clone();
    assert_eq!(now["phone"], "050-7654321");
    assert_eq!(
        (&now["notes"], &now["email"]),
        (&json!("x"), &json!("tal@example.com"))
    );

    let both = with(&customer(tal), "customerEmail", "noa@example.com");
    app.post("/appointments", both)
        .await
        .assert_invalid(&["customerEmail"]);
    app.post(
        "/appointments",
        customer(json!({ "name": "x", "email": "x", "phone": "\0" })),
    )
    .await
    .assert_invalid(&["customer.email", "customer.phone"]);
    let nobody = app.post("/appointments", order).await;
    nobody.assert_error(
        400,
        "VALIDATION_ERROR",
        "customerEmail, date, time and serviceType are required",
    );
}

#[apply(each_store)]
async fn a_dry_run_tells_what_would_be_booked_and_writes_nothing(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    let staff = resources(&app, "staff", 1).await;
    let massage = service(&app, &[&staff]).await;
    let mut order = of_service(&massage, "10:00");
    order.as_object_mut().unwrap().remove("customerEmail");
    let order = with(
        &order,
        "customer",
        json!({ "name": "Gal", "email": "gal@example.com" }),
    );
    let dry = || {
        let request = app
            .request(Method::POST, "/appointments?dryRun=true")
            .json(&order);
        e2e::Answer::to(request.header("Idempotency-Key", "dry"))
    };
    for _ in 0..2 {
        let tried = dry().await;
        assert_eq!(
            (tried.status, &tried.json["dryRun"]),
            (200, &json!(true)),
            "{tried:?}"
        );
        let tried_out = &tried.json["appointment"];
        assert_eq!(tried_out["resourceIds"], json!(staff));
        assert_eq!(tried_out["customerName"], "Gal");
        assert!(
            tried_out.get("id").is_none() && tried_out.get("customerId").is_none(),
            "{tried:?}"
        );
        for header in ["etag", "location", "idempotent-replayed"] {
            assert_eq!(tried.header(header), None);
        }
    }
    assert_eq!(app.get("/appointments").await.json["count"], 0);
    assert_eq!(app.get("/customers/gal@example.com").await.status, 404);
    // The key was not used up.
    let booked = e2e::Answer::to(
        app.request(Method::POST, "/appointments")
            .header("Idempotency-Key", "dry")
            .json(&order),
    )
    .await;
    assert_eq!(booked.status, 201, "{booked:?}");
    let refused = dry().await;
    refused.assert_error(409, "TIME_CONFLICT", "Time slot is already booked");
    assert_eq!(refused.json["conflict"]["id"], booked.json["appointment"]["id"]);
}

#[apply(each_store)]
async fn statuses_have_no_way_back_and_only_cancelled_frees_the_slot(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    for (time, status) in [
        ("10:00", "completed"),
        ("12:00", "no_show"),
        ("14:00", "cancelled"),
    ] {
        let booked = app.post("/appointments", lesson(time)).await;
        let path = format!("/appointments/{}", id(&booked, "appointment"));
        let edited = app.patch(&path, json!({ "status": status })).await;
        assert_eq!(edited.resource(200, "appointment")["status"], status);
        assert_eq!(app.patch(&path, json!({ "status": status })).await.status, 200);
        app.patch(&path, json!({ "status": "confirmed" }))
            .await
            .assert_error(409, "INVALID_STATUS", "Appointment status cannot change this way");
        let expected = if status == "cancelled" { 200 } else { 409 };
        assert_eq!(app.delete(&path).await.status, expected);
        let again = app.post("/appointments", lesson(time)).await.status;
        assert_eq!(again, if status == "cancelled" { 201 } else { 409 });
        let filtered = app.get(&format!("/appointments?status={status}")).await;
        assert_eq!(filtered.list("appointments").len(), 1);
    }
}

#[apply(each_store)]
async fn a_moved_booking_keeps_resources_and_buffers(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    let (massage, staff, rooms) = massage(&app, 2, 2).await;
    let booked = app.post("/appointments", of_service(&massage, "10:00")).await;
    let path = format!("/appointments/{}", id(&booked, "appointment"));
    // Onto its own slot, and its own legs.
    let moved = app.patch(&path, json!({ "time": "10:30" })).await;
    assert_eq!(
        moved.resource(200, "appointment")["resourceIds"],
        json!([staff[0], rooms[0]])
    );
    // An edit of the service moves nothing.
    let edit = json!({ "duration": 20, "bufferAfter": 0 });
    assert_eq!(app.patch(&format!("/services/{massage}"), edit).await.status, 200);
    let busy = busy_times(&app, &staff[0]).await;
    assert_eq!(
        busy,
        json!([{ "from": "2030-06-11T10:30", "until": "2030-06-11T11:30" }])
    );
    for bad in [
        json!([staff[1]]),
        json!([]),
        json!([staff[0], staff[1]]),
        json!([staff[1], "507f1f77bcf86cd799439011"]),
        json!([staff[1], staff[1]]),
    ] {
        let refused = app.patch(&path, json!({ "resourceIds": bad })).await;
        refused.assert_invalid(&["resourceIds"]);
    }
    let other = app
        .patch(&path, json!({ "resourceIds": [rooms[1], staff[1]] }))
        .await;
    assert_eq!(
        other.resource(200, "appointment")["resourceIds"],
        json!([rooms[1], staff[1]])
    );
    for freed in [&staff[0], &rooms[0]] {
        let busy = busy_times(&app, freed).await;
        assert_eq!(busy, json!([]));
    }
}

#[apply(each_store)]
async fn a_resource_with_future_bookings_is_only_deactivated_by_force(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    let staff = resources(&app, "staff", 1).await;
    let path = format!("/resources/{}", staff[0]);
    for (date, time) in [(DAY, "10:00"), (DAY, "12:00"), ("2020-01-01", "10:00")] {
        let order = with(&with(&lesson(time), "date", date), "resourceIds", json!(staff));
        assert_eq!(app.post("/appointments", order).await.status, 201);
    }
    for refused in [
        app.delete(&path).await,
        app.patch(&path, json!({ "active": false })).await,
    ] {
        assert_eq!(
            (refused.status, &refused.json["error"]),
            (409, &json!("RESOURCE_BOOKED"))
        );
        let message = refused.json["message"].as_str().unwrap();
        assert!(message.contains('2'), "{message}");
    }
    assert_eq!(app.get(&path).await.json["resource"]["active"], true);
    assert_eq!(app.delete(&format!("{path}?force=true")).await.status, 200);
    assert_eq!(app.get("/appointments").await.json["count"], 3);
    let order = with(&lesson("15:00"), "resourceIds", json!(staff));
    app.post("/appointments", order)
        .await
        .assert_invalid(&["resourceIds"]);
}

/// The bodies of the contract's guide: whoever sends nothing new gets the old answer, with more fields.
#[apply(each_store)]
async fn old_requests_get_the_old_answers_with_more_fields(store: Store) {
    let Some(app) = super::start(store).await else {
        return;
    };
    let customer = json!({ "name": "ישראל ישראלי", "email": "israel@example.com", "phone": "050-1234567" });
    let customer = app
        .post("/customers", customer)
        .await
        .resource(201, "customer")
        .clone();
    let order = json!({
        "customerEmail": "israel@example.com", "date": "2025-12-25", "time": "14:30",
        "serviceType": "consultation", "duration": 60, "notes": "פגישת ייעוץ ראשונית",
    });
    let booked = app.post("/appointments", order.clone()).await;
    let appointment = booked.resource(201, "appointment");
    let old = json!({
        "id": appointment["id"], "customerId": customer["id"], "customerName": "ישראל ישראלי",
        "customerEmail": "israel@example.com", "date": "2025-12-25T00:00:00.000Z", "time": "14:30",
        "serviceType": "consultation", "duration": 60, "notes": "פגישת ייעוץ ראשונית", "status": "confirmed",
        "createdAt": appointment["createdAt"], "updatedAt": appointment["createdAt"],
    });
    for (field, value) in old.as_object().unwrap() {
        assert_eq!(appointment[field], *value, "{field}");
    }
    let new = json!({
        "localStart": "2025-12-25T14:30", "localEnd": "2025-12-25T15:30", "startsAt": null, "endsAt": null,
        "serviceId": null, "resourceIds": [],
    });
    for (field, value) in new.as_object().unwrap() {
        assert_eq!(appointment[field], *value, "{field}");
    }
    let refused = app.post("/appointments", order).await;
    refused.assert_error(409, "TIME_CONFLICT", "Time slot is already booked");
    let nobody = json!({ "customerEmail": "x@example.com", "date": "2025-12-25", "time": "14:30", "serviceType": "other" });
    let nobody = app.post("/appointments", nobody).await;
    nobody.assert_error(404, "NOT_FOUND", "Customer not found");
    app.post("/appointments", json!({})).await.assert_error(
        400,
        "VALIDATION_ERROR",
        "customerEmail, date, time and serviceType are required",
    );
    let path = format!("/appointments/{}", appointment["id"].as_str().unwrap());
    app.delete(&path)
        .await
        .assert_done("Appointment cancelled successfully");
    app.delete(&path)
        .await
        .assert_done("Appointment cancelled successfully");
}
