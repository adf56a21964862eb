//! Payments: the terms of bookings, the ledger, and what follows from it. What happens when time runs out is tested
//! below the API, where the clock can be set.

use super::each_store;
use e2e::{Answer, Store, TestApp, race, with};
use reqwest::Method;
use rstest_reuse::apply;
use serde_json::{Value, json};

/// A server with the customer Dana, and an appointment of hers that costs 250 shekels, of which 50 confirm.
async fn start(store: Store) -> Option<(TestApp, String)> {
    let app = super::start(store).await?;
    app.customer("dana@example.com").await;
    let booked = app.post("/appointments", order("10:00")).await;
    let id = booked.resource(201, "appointment")["id"]
        .as_str()
        .unwrap()
        .to_owned();
    Some((app, id))
}

fn order(time: &str) -> Value {
    json!({
        "customerEmail": "dana@example.com", "date": "2030-12-25", "time": time, "serviceType": "treatment",
        "payment": { "amount": 250, "currency": "ILS", "deposit": 50, "holdMinutes": 30 },
    })
}

fn paid(appointment: &str, external_id: &str, amount: impl Into<Value>) -> Value {
    json!({
        "appointmentId": appointment, "provider": "stripe", "externalId": external_id, "amount": amount.into(),
        "currency": "ILS",
    })
}

async fn appointment(app: &TestApp, id: &str) -> Value {
    let read = app.get(&format!("/appointments/{id}")).await;
    read.resource(200, "appointment").clone()
}

/// The status of an appointment, how it is paid, what is due, what was paid, and what was given back.
async fn standing(app: &TestApp, id: &str) -> Value {
    let shown = appointment(app, id).await;
    let payment = &shown["payment"];
    json!([
        shown["status"],
        payment["status"],
        payment["due"],
        payment["paid"],
        payment["refunded"]
    ])
}

fn id(answer: &Answer) -> String {
    answer.json["payment"]["id"].as_str().unwrap().to_owned()
}

#[apply(each_store)]
async fn a_booking_waits_for_its_deposit_and_is_paid_and_refunded(store: Store) {
    let Some((app, booked)) = start(store).await else {
        return;
    };
    let pending = appointment(&app, &booked).await;
    let payment = &pending["payment"];
    assert_eq!(
        (&payment["amount"], &payment["deposit"], &payment["currency"]),
        (&json!(250), &json!(50), &json!("ILS"))
    );
    assert!(payment["heldUntil"].is_string(), "{payment}");
    assert_eq!(
        standing(&app, &booked).await,
        json!(["pending", "unpaid", 250, 0, 0])
    );
    let taken = app.post("/appointments", order("10:30")).await;
    taken.assert_error(409, "TIME_CONFLICT", "Time slot is already booked");

    let first = app.post("/payments", paid(&booked, "pi_1", 49.99)).await;
    let entry = first.resource(201, "payment");
    assert_eq!(
        first.header("location"),
        Some(&*format!("/api/webhooks/payments/{}", id(&first)))
    );
    assert_eq!(
        (&entry["status"], &entry["attention"]),
        (&json!("succeeded"), &Value::Null)
    );
    assert_eq!(
        standing(&app, &booked).await,
        json!(["pending", "unpaid", 200.01, 49.99, 0])
    );
    let second = app.post("/payments", paid(&booked, "pi_2", 0.01)).await;
    assert_eq!(second.status, 201, "{second:?}");
    assert_eq!(
        standing(&app, &booked).await,
        json!(["confirmed", "deposit_paid", 200, 50, 0])
    );
    assert_eq!(
        appointment(&app, &booked).await["payment"]["heldUntil"],
        Value::Null
    );
    let third = app.post("/payments", paid(&booked, "pi_3", 210)).await;
    assert_eq!(
        standing(&app, &booked).await,
        json!(["confirmed", "overpaid", 0, 260, 0])
    );

    let refunds = format!("/payments/{}/refunds", id(&third));
    let refund = app
        .post(&refunds, json!({ "externalId": "re_1", "amount": 10 }))
        .await;
    let entry = refund.resource(201, "payment");
    assert_eq!(
        (&entry["kind"], &entry["paymentExternalId"]),
        (&json!("refund"), &json!("pi_3"))
    );
    assert_eq!(
        (&entry["paymentId"], &entry["appointmentId"]),
        (&json!(id(&third)), &json!(booked))
    );
    assert_eq!(
        standing(&app, &booked).await,
        json!(["confirmed", "paid", 0, 260, 10])
    );
    let too_much = app
        .post(&refunds, json!({ "externalId": "re_2", "amount": 200.01 }))
        .await;
    too_much.assert_error(
        409,
        "REFUND_TOO_LARGE",
        "The refund is more than is left of the payment",
    );
    let of_refund = format!("/payments/{}/refunds", id(&refund));
    let nothing = app
        .post(&of_refund, json!({ "externalId": "re_3", "amount": 1 }))
        .await;
    nothing.assert_error(404, "NOT_FOUND", "Payment not found");

    let cancelled = app.delete(&format!("/appointments/{booked}")).await;
    assert_eq!(cancelled.status, 200, "{cancelled:?}");
    assert_eq!(cancelled.json["payment"]["paid"], 260);
    assert_eq!(
        standing(&app, &booked).await,
        json!(["cancelled", "paid", 0, 260, 10])
    );
    let rest = [("pi_1", 49.99), ("pi_2", 0.01), ("pi_3", 200.0)];
    for (payment, amount) in rest {
        let refund = json!({
            "kind": "refund", "provider": "stripe", "externalId": format!("re_{payment}"), "paymentExternalId": payment,
            "amount": amount, "currency": "ILS",
        });
        let refund = app.post("/payments", refund).await;
        assert_eq!(refund.status, 201, "{refund:?}");
    }
    assert_eq!(
        standing(&app, &booked).await,
        json!(["cancelled", "refunded", 250, 260, 260])
    );
    let late = app.post("/payments", paid(&booked, "pi_4", 5)).await;
    assert_eq!(late.resource(201, "payment")["attention"], "late");
}

#[apply(each_store)]
async fn what_is_told_twice_is_recorded_once(store: Store) {
    let Some((app, booked)) = start(store).await else {
        return;
    };
    let body = with(&paid(&booked, "pi_1", 100), "status", "failed");
    let first = app.post("/payments", body.clone()).await;
    assert_eq!(first.resource(201, "payment")["status"], "failed");
    assert_eq!(
        standing(&app, &booked).await,
        json!(["pending", "unpaid", 250, 0, 0])
    );
    let succeeded = app.post("/payments", paid(&booked, "pi_1", 100)).await;
    assert_eq!(succeeded.resource(200, "payment")["status"], "succeeded");
    assert_eq!(
        standing(&app, &booked).await,
        json!(["confirmed", "deposit_paid", 150, 100, 0])
    );
    for again in [
        body.clone(),
        paid(&booked, "pi_1", 100),
        with(&body, "appointmentId", Value::Null),
    ] {
        let answer = app.post("/payments", again).await;
        assert_eq!(answer.resource(200, "payment"), &succeeded.json["payment"]);
    }
    let message = "This payment is known with another amount, currency or booking";
    for other in [
        paid(&booked, "pi_1", 101),
        with(&paid(&booked, "pi_1", 100), "currency", "USD"),
    ] {
        app.post("/payments", other)
            .await
            .assert_error(409, "PAYMENT_MISMATCH", message);
    }
    let dollars = with(&paid(&booked, "pi_2", 100), "currency", "USD");
    let message = "The currency is not that of the booking or of the payment";
    app.post("/payments", dollars)
        .await
        .assert_error(409, "CURRENCY_MISMATCH", message);
    let unknown = paid("507f1f77bcf86cd799439011", "pi_2", 100);
    app.post("/payments", unknown)
        .await
        .assert_error(404, "NOT_FOUND", "Appointment not found");
    let listed = app.get(&format!("/payments?appointmentId={booked}")).await;
    assert_eq!(
        listed.list("payments"),
        std::slice::from_ref(&succeeded.json["payment"])
    );
}

#[apply(each_store)]
async fn identical_notices_race_to_one_payment(store: Store) {
    let Some((app, booked)) = start(store).await else {
        return;
    };
    let notices = (0..32).map(|_| {
        app.request(Method::POST, "/payments")
            .json(&paid(&booked, "pi_1", 100))
    });
    let answers = race(notices).await;
    let created = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(created, 1);
    assert!(
        answers
            .iter()
            .all(|answer| answer.json["payment"] == answers[0].json["payment"])
    );
    let different = (0..16).map(|nth| {
        let body = paid(&booked, &format!("pi_2{nth}"), 10);
        app.request(Method::POST, "/payments").json(&body)
    });
    assert!(race(different).await.iter().all(|answer| answer.status == 201));
    assert_eq!(
        standing(&app, &booked).await,
        json!(["confirmed", "overpaid", 0, 260, 0])
    );
}

#[apply(each_store)]
async fn a_refund_may_come_before_its_payment(store: Store) {
    let Some((app, booked)) = start(store).await else {
        return;
    };
    let refund = json!({
        "kind": "refund", "provider": "stripe", "externalId": "re_1", "paymentExternalId": "pi_1", "amount": 30,
        "currency": "ILS",
    });
    let early = app.post("/payments", refund.clone()).await;
    let entry = early.resource(201, "payment");
    assert_eq!(
        (&entry["paymentId"], &entry["attention"]),
        (&Value::Null, &json!("unmatched"))
    );
    let payment = app.post("/payments", paid(&booked, "pi_1", 100)).await;
    assert_eq!(payment.resource(201, "payment")["refunded"], 30);
    let joined = app.get(&format!("/payments/{}", id(&early))).await;
    let entry = joined.resource(200, "payment");
    assert_eq!(
        (&entry["paymentId"], &entry["attention"]),
        (&json!(id(&payment)), &Value::Null)
    );
    assert_eq!(
        standing(&app, &booked).await,
        json!(["confirmed", "partially_refunded", 180, 100, 30])
    );
    assert_eq!(
        app.post("/payments", refund).await.resource(200, "payment"),
        entry
    );
}

#[apply(each_store)]
async fn a_registration_waits_for_its_payment_too(store: Store) {
    let Some((app, _)) = start(store).await else {
        return;
    };
    app.customer("noa@example.com").await;
    let event = app.event(Some(1)).await;
    let body = json!({
        "customerEmail": "dana@example.com", "payment": { "amount": 3000, "currency": "JPY" },
    });
    let registered = app.post(&format!("{event}/registrations"), body).await;
    let place = registered.resource(201, "registration");
    assert_eq!(
        (&place["status"], &place["payment"]["due"]),
        (&json!("pending"), &json!(3000))
    );
    let place = place["id"].as_str().unwrap().to_owned();
    let full = app
        .post(
            &format!("{event}/registrations"),
            json!({ "customerEmail": "noa@example.com" }),
        )
        .await;
    full.assert_error(409, "EVENT_FULL", "Event is full");
    let payment = json!({
        "registrationId": place, "provider": "cash", "externalId": "receipt 17", "amount": 3000, "currency": "JPY",
    });
    let half = with(&payment, "amount", 0.5);
    assert_eq!(app.post("/payments", half).await.bad_fields(), ["amount"]);
    let cash = app.post("/payments", payment).await;
    assert_eq!(cash.resource(201, "payment")["registrationId"], json!(place));
    let path = format!("{event}/registrations/{place}");
    let read = app.get(&path).await;
    let shown = read.resource(200, "registration");
    assert_eq!(
        (&shown["status"], &shown["payment"]["status"]),
        (&json!("confirmed"), &json!("paid"))
    );

    let cancelled = app.delete(&path).await;
    assert_eq!(cancelled.json["payment"]["paid"], 3000);
    assert_eq!(
        app.get(&path).await.resource(200, "registration")["status"],
        "cancelled"
    );
    let freed = app.get(&event).await;
    assert_eq!(freed.resource(200, "event")["currentParticipants"], 0);
    assert_eq!(app.delete(&path).await.status, 200, "it can be repeated");
    let noa = json!({ "customerEmail": "noa@example.com" });
    let next = app.post(&format!("{event}/registrations"), noa).await;
    assert_eq!(next.status, 201, "{next:?}");
}

#[apply(each_store)]
async fn an_unmatched_payment_is_matched_or_settled(store: Store) {
    let Some((app, booked)) = start(store).await else {
        return;
    };
    let unmatched = with(&paid(&booked, "pi_1", 250), "appointmentId", Value::Null);
    let payment = app.post("/payments", unmatched.clone()).await;
    assert_eq!(payment.resource(201, "payment")["attention"], "unmatched");
    let other = app
        .post("/payments", with(&unmatched, "externalId", "pi_2"))
        .await;
    assert_eq!(app.get("/payments?needsAttention=true").await.json["count"], 2);
    let path = format!("/payments/{}", id(&payment));
    let matched = app.patch(&path, json!({ "appointmentId": booked })).await;
    let entry = matched.resource(200, "payment");
    assert_eq!(
        (&entry["attention"], &entry["appointmentId"]),
        (&Value::Null, &json!(booked))
    );
    assert_eq!(
        standing(&app, &booked).await,
        json!(["confirmed", "paid", 0, 250, 0])
    );
    let elsewhere = app.patch(&path, json!({ "registrationId": booked })).await;
    assert_eq!(
        (elsewhere.status, elsewhere.json["error"].as_str()),
        (409, Some("PAYMENT_MISMATCH"))
    );
    let stale = app
        .request(Method::PATCH, &path)
        .header("if-match", payment.header("etag").unwrap())
        .json(&json!({ "needsAttention": false }));
    assert_eq!(Answer::to(stale).await.status, 412);
    let settled = app
        .patch(
            &format!("/payments/{}", id(&other)),
            json!({ "needsAttention": false }),
        )
        .await;
    assert_eq!(settled.resource(200, "payment")["attention"], Value::Null);
    assert_eq!(app.get("/payments?needsAttention=true").await.json["count"], 0);
    assert_eq!(app.get("/payments?needsAttention=false").await.json["count"], 2);
    assert_eq!(
        app.get("/payments?status=succeeded&limit=1").await.json["count"],
        1
    );
    let walked = app
        .walk("/payments?from=2020-01-01T00:00:00Z", "payments", 1)
        .await;
    assert_eq!(walked.len(), 2);
    assert_eq!(
        app.get("/payments?to=2020-01-01T00:00:00Z").await.json["count"],
        0
    );
}

#[apply(each_store)]
async fn bad_terms_and_bad_payments_name_their_fields(store: Store) {
    let Some((app, booked)) = start(store).await else {
        return;
    };
    for (terms, bad) in [
        (json!({ "amount": 1.005, "currency": "ILS" }), "payment.amount"),
        (json!({ "amount": 0.5, "currency": "JPY" }), "payment.amount"),
        (json!({ "amount": 0, "currency": "ILS" }), "payment.amount"),
        (json!({ "amount": "5", "currency": "ILS" }), "payment.amount"),
        (json!({ "currency": "ILS" }), "payment.amount"),
        (json!({ "amount": 5 }), "payment.currency"),
        (json!({ "amount": 5, "currency": "EURO" }), "payment.currency"),
        (
            json!({ "amount": 5, "currency": "ILS", "deposit": 6 }),
            "payment.deposit",
        ),
        (
            json!({ "amount": 5, "currency": "ILS", "deposit": 0 }),
            "payment.deposit",
        ),
        (
            json!({ "amount": 5, "currency": "ILS", "holdMinutes": 1441 }),
            "payment.holdMinutes",
        ),
        (
            json!({ "amount": 5, "currency": "ILS", "holdMinutes": 0 }),
            "payment.holdMinutes",
        ),
        (json!(5), "payment"),
    ] {
        let answer = app
            .post("/appointments", with(&order("12:00"), "payment", terms.clone()))
            .await;
        assert_eq!((answer.status, answer.bad_fields()), (400, vec![bad]), "{terms}");
    }
    let good = paid(&booked, "pi_1", 5);
    for (field, value) in [
        ("amount", json!(0)),
        ("amount", json!(-1)),
        ("amount", json!(0.001)),
        ("currency", json!("XX")),
        ("provider", json!("Stripe Inc")),
        ("externalId", json!("")),
        ("status", json!("done")),
        ("kind", json!("gift")),
        ("occurredAt", json!("yesterday")),
        ("appointmentId", json!("x")),
        ("registrationId", json!(booked)),
        ("paymentExternalId", json!("pi_0")),
    ] {
        let answer = app.post("/payments", with(&good, field, value.clone())).await;
        assert_eq!(
            (answer.status, answer.bad_fields()),
            (400, vec![field]),
            "{field} {value}"
        );
    }
    let refund = with(&good, "kind", "refund");
    assert_eq!(
        app.post("/payments", refund).await.bad_fields(),
        ["paymentExternalId"]
    );
    let needed = json!({ "needsAttention": true });
    let payment = app.post("/payments", good).await;
    let answer = app.patch(&format!("/payments/{}", id(&payment)), needed).await;
    assert_eq!(answer.bad_fields(), ["needsAttention"]);
    assert_eq!(
        app.get("/payments").await.json["count"],
        1,
        "nothing was half done"
    );
}
