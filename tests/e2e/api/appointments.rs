//! Appointments, as the guide and the contract's table define them.

use super::each_store;
use e2e::{Answer, Store, TestApp, binary::eventually, with};
use reqwest::Method;
use rstest_reuse::apply;
use serde_json::{Value, json};

/// A server with the customers Dana and Noa.
async fn start(store: Store) -> Option<TestApp> {
    let app = super::start(store).await?;
    app.customer("dana@example.com").await;
    app.customer("noa@example.com").await;
    Some(app)
}

/// One hour on 2025-12-25 at 10:00.
fn lesson() -> Value {
    json!({ "customerEmail": "dana@example.com", "date": "2025-12-25", "time": "10:00", "serviceType": "lesson" })
}

async fn book(app: &TestApp, date: &str, time: &str, duration: u32) -> Answer {
    let body = with(&with(&lesson(), "date", date), "time", time);
    app.post("/appointments", with(&body, "duration", duration)).await
}

fn path(answer: &Answer) -> String {
    let appointment = answer.resource(201, "appointment");
    format!("/appointments/{}", appointment["id"].as_str().unwrap())
}

#[track_caller]
fn assert_conflict(answer: &Answer) {
    answer.assert_error(409, "TIME_CONFLICT", "Time slot is already booked");
}

#[apply(each_store)]
async fn post_books_and_answers_every_field(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    let body = json!({
        "customerEmail": "DANA@example.com", "date": "2025-12-25", "time": "14:30", "serviceType": "consultation",
        "duration": 90, "notes": "תור ראשון",
    });
    let answer = app.post("/appointments", body.clone()).await;
    let appointment = answer.resource(201, "appointment");
    let dana = app.get("/customers/dana@example.com").await.json["customer"].clone();
    assert_eq!(appointment["customerId"], dana["id"]);
    assert_eq!(appointment["customerName"], "Dana");
    assert_eq!(appointment["customerEmail"], "dana@example.com");
    assert_eq!(appointment["date"], "2025-12-25T00:00:00.000Z");
    for field in ["time", "serviceType", "duration", "notes"] {
        assert_eq!(appointment[field], body[field]);
    }
    assert_eq!(appointment["status"], "confirmed");
    assert_eq!(appointment["createdAt"], appointment["updatedAt"]);
    assert_eq!(
        answer.header("location"),
        Some(format!("/api/webhooks{}", path(&answer)).as_str())
    );

    assert_eq!(
        app.get(&path(&answer)).await.resource(200, "appointment"),
        appointment
    );
    assert_eq!(
        app.patch(&path(&answer), json!({}))
            .await
            .resource(200, "appointment"),
        appointment
    );
    assert_eq!(
        app.get("/appointments").await.list("appointments"),
        std::slice::from_ref(appointment)
    );
}

#[apply(each_store)]
async fn unknown_fields_are_ignored_and_absent_notes_are_null(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    let body = with(&with(&lesson(), "status", "cancelled"), "customerId", json!([]));
    let answer = app.post("/appointments", body).await;
    let appointment = answer.resource(201, "appointment");
    assert_eq!(
        (&appointment["status"], &appointment["notes"]),
        (&"confirmed".into(), &Value::Null)
    );
}

#[apply(each_store)]
async fn every_service_type_is_taken_and_no_other(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    for (hour, service) in ["consultation", "treatment", "lesson", "workshop", "other"]
        .into_iter()
        .enumerate()
    {
        let body = with(
            &with(&lesson(), "serviceType", service),
            "time",
            format!("0{hour}:00"),
        );
        let answer = app.post("/appointments", body).await;
        assert_eq!(answer.resource(201, "appointment")["serviceType"], service);
    }
    let others = ["Lesson", "lesson ", "massage", "שיעור"];
    app.assert_refused(
        Method::POST,
        "/appointments",
        &lesson(),
        "serviceType",
        others.map(Value::from),
    )
    .await;
}

#[apply(each_store)]
async fn a_date_is_taken_in_both_forms_and_past_ones_too(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    for (sent, shown) in [
        ("2025-12-25", "2025-12-25"),
        ("2025-12-26T00:00:00.000Z", "2025-12-26"),
        ("2025-12-27T00:00:00Z", "2025-12-27"),
        ("2025-12-28T00:00:00+00:00", "2025-12-28"),
        ("1999-01-01", "1999-01-01"),
        ("2024-02-29", "2024-02-29"),
        ("0001-01-01", "0001-01-01"),
        ("9999-12-31", "9999-12-31"),
    ] {
        let answer = app.post("/appointments", with(&lesson(), "date", sent)).await;
        assert_eq!(
            answer.resource(201, "appointment")["date"],
            format!("{shown}T00:00:00.000Z")
        );
    }
    let bad = [
        "2025-02-29",
        "2025-13-01",
        "2025-00-10",
        "2025-1-1",
        "25-12-25",
        "25/12/2025",
        "20251225",
        "2025-12-25 ",
        " 2025-12-25",
        "2025-12-25T14:30:00.000Z",
        "2025-12-25T00:00:00",
        "2025-12-25T00:00",
        "2025-12-25T00:00:00+02:00",
        "2025-12-25T00:00:00.001Z",
        "0000-01-01",
        "-001-01-01",
        "10000-01-01",
        "+2025-12-25",
        "２０２５-12-25",
        "tomorrow",
    ];
    app.assert_refused(
        Method::POST,
        "/appointments",
        &lesson(),
        "date",
        bad.map(Value::from),
    )
    .await;
    assert_eq!(app.get("/appointments").await.json["count"], 8);
}

#[apply(each_store)]
async fn a_time_is_24_hour(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    for (day, time) in ["00:00", "23:59", "09:05"].into_iter().enumerate() {
        let answer = book(&app, &format!("2025-12-{:02}", 2 * day + 1), time, 60).await;
        assert_eq!(answer.resource(201, "appointment")["time"], time);
    }
    let bad = [
        "24:00",
        "09:60",
        "9:30",
        "09:5",
        "0930",
        "09:30:00",
        "09:30 ",
        "09.30",
        "9:30 PM",
        "-1:00",
        "+9:30",
        "０９:３０",
        "noon",
    ];
    app.assert_refused(
        Method::POST,
        "/appointments",
        &lesson(),
        "time",
        bad.map(Value::from),
    )
    .await;
}

#[apply(each_store)]
async fn a_duration_is_1_to_1440_whole_minutes_and_60_when_absent(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    let absent = app.post("/appointments", lesson()).await;
    assert_eq!(absent.resource(201, "appointment")["duration"], 60);
    for (day, sent, kept) in [(1, Value::Null, 60), (2, 1.into(), 1), (3, 1440.into(), 1440)] {
        let body = with(&lesson(), "date", format!("2026-01-0{day}"));
        let answer = app.post("/appointments", with(&body, "duration", sent)).await;
        assert_eq!(answer.resource(201, "appointment")["duration"], kept);
    }
    for (method, path) in [
        (Method::POST, "/appointments"),
        (Method::PATCH, path(&absent).as_str()),
    ] {
        let bad = [
            json!(0),
            json!(-60),
            json!(1441),
            json!(59.5),
            json!(u64::MAX),
            json!(1e300),
        ];
        app.assert_refused(method, path, &lesson(), "duration", bad).await;
    }
}

#[apply(each_store)]
async fn slots_conflict_where_they_share_a_minute(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    path(&app.post("/appointments", lesson()).await);
    for (time, duration, free) in [
        ("09:00", 60, true),
        ("11:00", 60, true),
        ("09:59", 1, true),
        ("10:00", 60, false),
        ("09:59", 2, false),
        ("10:59", 1, false),
        ("10:59", 60, false),
        ("10:20", 10, false),
        ("09:00", 61, false),
        ("09:00", 180, false),
        ("00:00", 1440, false),
    ] {
        let answer = book(&app, "2025-12-25", time, duration).await;
        if free {
            app.delete(&path(&answer)).await;
        } else {
            assert_conflict(&answer);
        }
    }
    let others = with(&lesson(), "customerEmail", "noa@example.com");
    assert_conflict(&app.post("/appointments", others).await);
    assert_eq!(app.get("/appointments?status=confirmed").await.json["count"], 1);
}

#[apply(each_store)]
async fn an_appointment_may_run_past_midnight_and_conflicts_there(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    path(&book(&app, "2024-12-31", "23:30", 120).await);
    path(&book(&app, "2024-02-28", "12:00", 1440).await);
    for (date, time, duration, free) in [
        ("2025-01-01", "01:30", 60, true),
        ("2025-01-01", "01:29", 1, false),
        ("2025-01-01", "00:00", 1, false),
        ("2024-12-31", "22:00", 90, true),
        ("2024-12-31", "22:00", 91, false),
        ("2024-12-30", "23:59", 1440, false),
        ("2024-02-29", "11:59", 1, false),
        ("2024-02-29", "12:00", 1440, true),
        ("2024-03-01", "12:00", 1, true),
    ] {
        let answer = book(&app, date, time, duration).await;
        assert_eq!(
            answer.status,
            if free { 201 } else { 409 },
            "{date} {time} {duration}"
        );
    }
}

#[apply(each_store)]
async fn cancelling_keeps_the_row_frees_the_slot_and_is_repeatable(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    let answer = app.post("/appointments", lesson()).await;
    let path = path(&answer);
    app.delete(&path)
        .await
        .assert_done("Appointment cancelled successfully");
    let cancelled = app.get(&path).await.resource(200, "appointment").clone();
    let mut expected = with(answer.resource(201, "appointment"), "status", "cancelled");
    expected["updatedAt"] = cancelled["updatedAt"].clone();
    assert_eq!(cancelled, expected);

    assert_eq!(app.post("/appointments", lesson()).await.status, 201);
    app.delete(&path)
        .await
        .assert_done("Appointment cancelled successfully");
    assert_eq!(*app.get(&path).await.resource(200, "appointment"), cancelled);
    assert_conflict(&app.post("/appointments", lesson()).await);
    assert_eq!(app.get("/appointments").await.json["count"], 2);
}

#[apply(each_store)]
async fn the_customer_must_exist(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    app.post(
        "/appointments",
        with(&lesson(), "customerEmail", "nobody@example.com"),
    )
    .await
    .assert_error(404, "NOT_FOUND", "Customer not found");
    assert_eq!(app.get("/appointments").await.json["count"], 0);
}

#[apply(each_store)]
async fn the_customer_is_shown_as_it_is_now(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    let path = path(&app.post("/appointments", lesson()).await);
    let edit = json!({ "name": "Dana Cohen", "email": "cohen@example.com" });
    app.patch("/customers/dana@example.com", edit).await;
    let shown = app.get(&path).await;
    let shown = shown.resource(200, "appointment");
    assert_eq!(
        (&shown["customerName"], &shown["customerEmail"]),
        (&"Dana Cohen".into(), &"cohen@example.com".into())
    );
}

#[apply(each_store)]
async fn required_fields_are_named_in_one_sentence(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    app.assert_required(
        Method::POST,
        "/appointments",
        &lesson(),
        &["customerEmail", "date", "time", "serviceType"],
        "customerEmail, date, time and serviceType are required",
    )
    .await;
    let path = path(&app.post("/appointments", lesson()).await);
    for field in ["date", "time", "serviceType", "duration"] {
        app.assert_refused(Method::PATCH, &path, &json!({}), field, [Value::Null])
            .await;
    }
}

#[apply(each_store)]
async fn every_bad_field_is_told_at_once(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    let path = path(&app.post("/appointments", lesson()).await);
    let bad = json!({
        "customerEmail": "x", "date": "x", "time": "x", "serviceType": "x", "duration": 0, "notes": "\0",
    });
    app.post("/appointments", bad.clone()).await.assert_invalid(&[
        "customerEmail",
        "notes",
        "date",
        "time",
        "serviceType",
        "duration",
    ]);
    app.patch(&path, bad)
        .await
        .assert_invalid(&["date", "time", "duration", "serviceType", "notes"]);
}

#[apply(each_store)]
async fn patch_moves_or_edits_only_what_is_sent(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    let answer = app.post("/appointments", with(&lesson(), "notes", "first")).await;
    let (path, mut expected) = (path(&answer), answer.resource(201, "appointment").clone());
    for (field, sent, shown) in [
        ("time", json!("10:30"), json!("10:30")),
        ("duration", json!(90), json!(90)),
        ("date", json!("2025-12-26"), json!("2025-12-26T00:00:00.000Z")),
        ("serviceType", json!("workshop"), json!("workshop")),
        ("notes", json!("second"), json!("second")),
        ("notes", json!(""), Value::Null),
        ("notes", json!("third"), json!("third")),
        ("notes", Value::Null, Value::Null),
        // A field that can't be edited counts as unknown.
        ("id", json!("x"), expected["id"].clone()),
        (
            "customerEmail",
            json!("noa@example.com"),
            json!("dana@example.com"),
        ),
    ] {
        expected[field] = shown;
        let edited = app.patch(&path, json!({ field: sent })).await;
        for derived in ["localStart", "localEnd"] {
            expected[derived] = edited.json["appointment"][derived].clone();
        }
        expected["updatedAt"] = edited.resource(200, "appointment")["updatedAt"].clone();
        assert_eq!(*edited.resource(200, "appointment"), expected);
        assert_eq!(*app.get(&path).await.resource(200, "appointment"), expected);
    }
    // A resource that was read can be sent back.
    assert_eq!(
        *app.patch(&path, expected.clone())
            .await
            .resource(200, "appointment"),
        expected
    );
}

#[apply(each_store)]
async fn a_move_conflicts_with_others_but_never_with_itself(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    path(&app.post("/appointments", lesson()).await);
    let answer = book(&app, "2025-12-25", "08:00", 60).await;
    let path = path(&answer);
    for (edit, free) in [
        (json!({ "time": "08:30" }), true),
        (json!({ "duration": 90 }), true),
        (json!({ "duration": 91 }), false),
        (json!({ "time": "08:31" }), false),
        (json!({ "time": "10:30", "notes": "x" }), false),
        (json!({ "time": "08:00", "duration": 121 }), false),
        (json!({ "time": "11:00" }), true),
        (
            json!({ "date": "2025-12-24", "time": "23:59", "duration": 601 }),
            true,
        ),
        (json!({ "duration": 602 }), false),
        (json!({ "serviceType": "other", "notes": "x" }), true),
    ] {
        let before = app.get(&path).await.json;
        let edited = app.patch(&path, edit).await;
        if free {
            assert_eq!(edited.status, 200, "{edited:?}");
        } else {
            assert_conflict(&edited);
            assert_eq!(app.get(&path).await.json, before);
        }
    }
    // The appointment now lasts until 10:00; then it leaves the slot.
    assert_conflict(&book(&app, "2025-12-25", "08:00", 60).await);
    app.patch(&path, json!({ "date": "2025-12-20" })).await;
    assert_eq!(book(&app, "2025-12-25", "08:00", 60).await.status, 201);
}

#[apply(each_store)]
async fn a_cancelled_one_is_edited_but_never_moved(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    let path = path(&app.post("/appointments", lesson()).await);
    app.delete(&path).await;
    let before = app.get(&path).await.json;
    for edit in [
        json!({ "date": "2025-12-26" }),
        json!({ "time": "11:00" }),
        json!({ "duration": 30, "notes": "x" }),
    ] {
        app.patch(&path, edit)
            .await
            .assert_error(409, "APPOINTMENT_CANCELLED", "Appointment is cancelled");
    }
    assert_eq!(app.get(&path).await.json, before);
    let edited = app.patch(&path, json!({ "notes": "no show" })).await;
    assert_eq!(edited.resource(200, "appointment")["status"], "cancelled");
    assert_eq!(edited.json["appointment"]["notes"], "no show");
}

#[apply(each_store)]
async fn listed_by_date_and_time_filtered_and_page_by_page(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    let mut booked = Vec::new();
    for (email, date, time) in [
        ("noa@example.com", "2025-12-25", "09:00"),
        ("dana@example.com", "2025-12-24", "23:59"),
        ("dana@example.com", "2025-12-26", "00:00"),
        ("noa@example.com", "2025-12-25", "08:00"),
        ("dana@example.com", "2025-12-25", "10:00"),
        ("dana@example.com", "2025-12-25", "12:00"),
    ] {
        let body = with(&with(&lesson(), "date", date), "time", time);
        let body = with(&with(&body, "duration", 1), "customerEmail", email);
        booked.push(path(&app.post("/appointments", body).await));
    }
    app.delete(&booked[4]).await;
    // Starts at the same minute as the cancelled appointment, so it is listed after it, by id.
    booked.push(path(&book(&app, "2025-12-25", "10:00", 1).await));

    for (filter, expected) in [
        ("", &[1, 3, 0, 4, 6, 5, 2][..]),
        ("from=2025-12-25", &[3, 0, 4, 6, 5, 2]),
        ("to=2025-12-25", &[1, 3, 0, 4, 6, 5]),
        ("from=2025-12-25&to=2025-12-25", &[3, 0, 4, 6, 5]),
        (
            "from=2025-12-25T00:00:00.000Z&to=2025-12-25T00:00:00.000Z",
            &[3, 0, 4, 6, 5],
        ),
        ("from=2025-12-26&to=2025-12-25", &[]),
        ("from=0001-01-01&to=9999-12-31", &[1, 3, 0, 4, 6, 5, 2]),
        ("status=confirmed", &[1, 3, 0, 6, 5, 2]),
        ("status=cancelled", &[4]),
        ("customerEmail=NOA%40example.com", &[3, 0]),
        ("customerEmail=nobody@example.com", &[]),
        (
            "customerEmail=dana@example.com&status=confirmed&from=2025-12-25&to=2025-12-25",
            &[6, 5],
        ),
        ("updatedSince=2020-01-01T00:00:00Z", &[1, 3, 0, 4, 6, 5, 2]),
        ("updatedSince=9999-01-01T00:00:00%2B02:00", &[]),
    ] {
        for limit in [1, 2, 3, 500] {
            let items = app
                .walk(&format!("/appointments?{filter}"), "appointments", limit)
                .await;
            let listed: Vec<_> = items
                .iter()
                .map(|item| format!("/appointments/{}", item["id"].as_str().unwrap()))
                .map(|path| booked.iter().position(|other| *other == path).unwrap())
                .collect();
            assert_eq!(listed, expected, "{filter} {limit}");
        }
    }
    app.get("/appointments?from=x&to=2025-02-30&status=active&customerEmail=x&updatedSince=today&limit=0&cursor=x")
        .await
        .assert_invalid(&["from", "to", "status", "customerEmail", "updatedSince", "limit", "cursor"]);
}

/// Finds what has changed since a poll. A resource's own `updatedAt` finds that resource too.
#[apply(each_store)]
async fn what_has_changed_since_is_found(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    let first = book(&app, "2025-12-25", "10:00", 30).await;
    let second = book(&app, "2025-12-25", "11:00", 30).await;
    let seen = second.json["appointment"]["updatedAt"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut number = 0;
    let changed = eventually("a later millisecond", async || {
        number += 1;
        let changed = app
            .patch(&path(&first), json!({ "notes": number.to_string() }))
            .await;
        let changed = changed.json["appointment"]["updatedAt"]
            .as_str()
            .unwrap()
            .to_owned();
        (changed > seen).then_some(changed)
    })
    .await;
    let listed = app.get(&format!("/appointments?updatedSince={changed}")).await;
    let ids: Vec<_> = listed
        .list("appointments")
        .iter()
        .map(|item| item["id"].clone())
        .collect();
    assert_eq!(ids, [first.json["appointment"]["id"].clone()]);
    assert_eq!(
        app.get(&format!("/appointments?updatedSince={seen}")).await.json["count"],
        2
    );
}

#[apply(each_store)]
async fn an_email_address_with_a_plus_can_be_asked_for(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    app.customer("dana+tag@example.com").await;
    let body = with(&lesson(), "customerEmail", "dana+tag@example.com");
    path(&app.post("/appointments", body).await);
    let answer = app
        .get("/appointments?customerEmail=dana%2Btag@example.com")
        .await;
    assert_eq!(answer.list("appointments").len(), 1);
}

#[apply(each_store)]
async fn unknown_and_malformed_ids_are_not_found(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    let known = path(&app.post("/appointments", lesson()).await);
    let id = known.strip_prefix("/appointments/").unwrap();
    let event = app.event(None).await;
    for id in [
        "507f1f77bcf86cd799439011",
        event.strip_prefix("/events/").unwrap(),
        &id.to_uppercase(),
        &id[1..],
        &format!("{id}0"),
        &format!("{id}%20"),
        &format!("{}g", &id[1..]),
        "x",
        "%20",
        "0",
        "00000000-0000-0000-0000-000000000000",
    ] {
        let path = format!("/appointments/{id}");
        for answer in [
            app.get(&path).await,
            app.patch(&path, json!({ "notes": "x" })).await,
            app.delete(&path).await,
        ] {
            answer.assert_error(404, "NOT_FOUND", "Appointment not found");
        }
    }
}
