//! Clients that send garbage get a 4xx in the error envelope, and the server keeps running.

use e2e::{Answer, TestApp, with};
use reqwest::{Method, header};
use serde_json::{Value, json};
use std::{future::Future, mem::discriminant, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

const LIMIT: usize = 262_144;

/// A server, and every operation that takes a body: its method, an existing path, and a valid body with all fields.
async fn start() -> (TestApp, Vec<(Method, String, Value)>) {
    let app = TestApp::start().await;
    app.customer("dana@example.com").await;
    let event = app.event(None).await;
    let customer =
        json!({ "name": "Dana", "email": "dana@example.com", "phone": "050-1234567", "notes": "x" });
    let slot = json!({ "date": "2025-12-25", "time": "10:00", "serviceType": "lesson", "duration": 60, "notes": "x" });
    let plain = with(&slot, "customerEmail", "dana@example.com");
    let yoga = json!({
        "title": "Yoga", "description": "x", "date": "2025-12-30", "time": "18:00", "location": "Hall",
        "maxParticipants": 20, "price": 150,
    });
    let terms = json!({ "amount": 250, "currency": "ILS" });
    let registration = json!({ "customerEmail": "dana@example.com", "notes": "x", "payment": terms });
    let booked = app.post("/appointments", plain.clone()).await;
    let appointment = format!(
        "/appointments/{}",
        booked.json["appointment"]["id"].as_str().unwrap()
    );
    let dana = "/customers/dana@example.com".to_owned();
    let therapist = json!({ "name": "Dana", "kind": "staff", "active": true });
    let created = app.post("/resources", therapist.clone()).await;
    let dana_id = created.json["resource"]["id"].as_str().unwrap();
    let resource = format!("/resources/{dana_id}");
    let weekly = json!([{ "day": "sunday", "opens": "09:00", "closes": "17:00", "validFrom": "2025-01-01" }]);
    let exceptions = json!([{ "date": "2025-12-25", "closed": true }]);
    let hours = json!({ "weekly": weekly, "exceptions": exceptions });
    let schedule = json!({
        "timeZone": "Asia/Jerusalem", "weekly": weekly, "exceptions": exceptions, "minNotice": 60, "horizon": 90,
        "slotStep": 15,
    });
    let massage = json!({
        "name": "Massage", "serviceType": "treatment", "duration": 60, "bufferBefore": 5, "bufferAfter": 10,
        "slotStep": 30, "price": 150, "currency": "ILS", "notes": "x", "active": true,
        "needs": [{ "resources": [dana_id], "count": 1 }],
    });
    let created = app.post("/services", massage.clone()).await;
    let service = format!("/services/{}", created.json["service"]["id"].as_str().unwrap());
    // All fields at once contradict each other, or name what isn't there: this body is refused.
    let booking = json!({
        "customerEmail": "dana@example.com", "customer": { "email": "dana@example.com" }, "holdId": dana_id,
        "date": "2025-12-25", "time": "10:00", "serviceId": dana_id, "serviceType": "lesson", "duration": 60,
        "resourceIds": [dana_id], "notes": "x", "payment": terms, "override": true,
    });
    let edit = json!({
        "date": "2025-12-25", "time": "10:00", "serviceType": "lesson", "duration": 60, "notes": "x",
        "resourceIds": [], "status": "confirmed", "override": false,
    });
    let hold = json!({
        "date": "2025-12-26", "time": "10:00", "serviceType": "lesson", "duration": 60, "serviceId": dana_id,
        "resourceIds": [dana_id], "minutes": 10, "override": true,
    });
    let block = json!({
        "resourceId": dana_id, "from": "2025-12-27", "until": "2025-12-28T12:00", "reason": "x",
    });
    let api_key = json!({
        "name": "site", "scopes": ["read"], "expiresAt": "2999-01-01T00:00:00Z", "allowedAddresses": ["10.0.0.1"], "rateLimit": 10,
    });
    let created = app.post("/api-keys", json!({ "name": "site" })).await;
    let key = format!("/api-keys/{}", created.json["apiKey"]["id"].as_str().unwrap());
    let hook = json!({
        "url": "https://example.com/hook", "types": ["*"], "description": "CRM", "active": false, "ordered": false,
    });
    let created = app.post("/webhook-endpoints", hook.clone()).await;
    let hook_id = created.json["webhookEndpoint"]["id"].as_str().unwrap();
    let endpoint = format!("/webhook-endpoints/{hook_id}");
    let told = json!({
        "kind": "payment", "provider": "cash", "externalId": "x", "paymentExternalId": "x", "appointmentId": dana_id,
        "registrationId": dana_id, "amount": 5, "currency": "ILS", "status": "succeeded", "occurredAt": "2020-01-01T00:00:00Z",
    });
    let cash = json!({ "provider": "cash", "externalId": "first", "amount": 5, "currency": "ILS" });
    let created = app.post("/payments", cash).await;
    let payment = format!("/payments/{}", created.json["payment"]["id"].as_str().unwrap());
    let source = json!({
        "kind": "hmac", "name": "Cards", "provider": "cards", "secret": "a secret", "hmac": {
            "header": "x", "encoding": "hex", "type": "/t", "succeeded": ["s"], "externalId": "/i", "amount": "/a",
            "unit": "minor", "currency": "ILS",
        },
    });
    let created = app.post("/payment-sources", source.clone()).await;
    let source_id = created.json["paymentSource"]["id"].as_str().unwrap();
    let source_path = format!("/payment-sources/{source_id}");
    let operations = vec![
        (Method::POST, "/customers".to_owned(), customer.clone()),
        (Method::PUT, dana.clone(), customer.clone()),
        (Method::PATCH, dana, customer),
        (Method::POST, "/appointments".to_owned(), booking),
        (Method::PATCH, appointment, edit),
        (Method::POST, "/holds".to_owned(), hold),
        (Method::POST, "/blocks".to_owned(), block),
        (Method::POST, "/events".to_owned(), yoga.clone()),
        (Method::PATCH, event.clone(), with(&yoga, "status", "active")),
        (Method::POST, format!("{event}/registrations"), registration),
        (Method::POST, "/resources".to_owned(), therapist.clone()),
        (Method::PATCH, resource.clone(), therapist),
        (Method::PUT, format!("{resource}/hours"), hours),
        (Method::PUT, "/schedule".to_owned(), schedule),
        (Method::POST, "/services".to_owned(), massage.clone()),
        (Method::PATCH, service, massage),
        (Method::POST, "/api-keys".to_owned(), api_key.clone()),
        (Method::PATCH, key.clone(), api_key),
        (
            Method::POST,
            format!("{key}/rotate"),
            json!({ "overlapHours": 1 }),
        ),
        (Method::POST, "/webhook-endpoints".to_owned(), hook.clone()),
        (Method::PATCH, endpoint.clone(), hook),
        (
            Method::POST,
            format!("{endpoint}/replay"),
            json!({ "since": "2020-01-01T00:00:00Z" }),
        ),
        (Method::POST, "/payments".to_owned(), told),
        (
            Method::PATCH,
            payment.clone(),
            json!({ "appointmentId": dana_id, "registrationId": dana_id, "needsAttention": false }),
        ),
        (
            Method::POST,
            format!("{payment}/refunds"),
            json!({
                "externalId": "x", "amount": 5, "status": "succeeded", "occurredAt": "2020-01-01T00:00:00Z",
            }),
        ),
        (
            Method::PATCH,
            source_path.clone(),
            json!({ "name": "Cards", "hmac": source["hmac"] }),
        ),
        (Method::POST, "/payment-sources".to_owned(), source),
        (
            Method::POST,
            format!("{source_path}/rotate-secret"),
            json!({ "secret": "a secret", "revokePrevious": false }),
        ),
    ];
    (app, operations)
}

/// Fails the test unless the server still answers a valid request with the data that was there.
async fn assert_alive(app: &TestApp) {
    let read = app.get("/customers/dana@example.com").await;
    assert_eq!(read.resource(200, "customer")["name"], "Dana");
    let written = app
        .put("/customers/honest@example.com", json!({ "name": "Honest" }))
        .await;
    assert_eq!(written.json["customer"]["name"], "Honest", "{written:?}");
    for (list, count) in [
        ("appointments", 1),
        ("events", 1),
        ("resources", 1),
        ("services", 1),
        ("holds", 0),
        ("blocks", 0),
        ("api-keys", 2),
        ("webhook-endpoints", 1),
        ("payments", 1),
        ("payment-sources", 1),
    ] {
        assert_eq!(
            app.get(&format!("/{list}")).await.json["count"],
            count,
            "garbage made {list}"
        );
    }
}

async fn send(app: &TestApp, method: &Method, path: &str, body: impl Into<reqwest::Body>) -> Answer {
    Answer::to(app.request(method.clone(), path).body(body)).await
}

/// Calls `check` for every field of every operation's body: with the operation, and the name of the field.
async fn for_every_field<F: Future<Output = ()>>(
    operations: &[(Method, String, Value)],
    check: impl Fn(Method, String, Value, String) -> F,
) {
    for (method, path, body) in operations {
        for field in body.as_object().unwrap().keys() {
            check(method.clone(), path.clone(), body.clone(), field.clone()).await;
        }
    }
}

#[tokio::test]
async fn every_operation_with_a_body_is_tested_here() {
    let (app, operations) = start().await;
    let document = Answer::to(app.client.get(format!("{}/api-docs/openapi.json", app.origin))).await;
    let schemas = &document.json["components"]["schemas"];
    let mut documented = Vec::new();
    for item in document.json["paths"].as_object().unwrap().values() {
        for (method, operation) in item.as_object().unwrap() {
            if let Some(body) = operation.get("requestBody") {
                let schema = body["content"]["application/json"]["schema"]["$ref"]
                    .as_str()
                    .unwrap();
                let fields = schemas[schema.rsplit('/').next().unwrap()]["properties"]
                    .as_object()
                    .unwrap();
                let mut fields: Vec<_> = fields.keys().cloned().collect();
                fields.sort();
                documented.push((method.to_uppercase(), fields));
            }
        }
    }
    let mut tested: Vec<_> = operations
        .iter()
        .map(|(method, _, body)| {
            let mut fields: Vec<_> = body.as_object().unwrap().keys().cloned().collect();
            fields.sort();
            (method.to_string(), fields)
        })
        .collect();
    documented.sort();
    tested.sort();
    assert_eq!(documented, tested);
}

#[tokio::test]
async fn what_is_no_json_object_is_refused() {
    let (app, operations) = start().await;
    for (method, path, body) in &operations {
        for garbage in [
            &b""[..],
            b" \r\n",
            b"{",
            b"{\"name\":",
            b"{\"name\"}",
            b"{name:\"x\"}",
            b"{'name':'x'}",
            b"{\"name\":\"x\",}",
            b"{\"name\":\"x}",
            b"{\"name\":undefined}",
            b"{\"name\":NaN}",
            b"{\"price\":0150}",
            b"{\"price\":+1}",
            b"{} {}",
            b"{}x",
            b"[]",
            b"[{}]",
            b"[\"Dana\",\"dana@example.com\"]",
            b"\"{}\"",
            b"1",
            b"1e400",
            b"null",
            b"true",
            b"name=Dana&email=dana@example.com",
            b"<name>Dana</name>",
            b"\0",
            b"{}\0",
            b"\xff\xfe{\0}\0",
            b"{\"\xc3\x28\":1}",
            b"{\"notes\":\"a\0b\"}",
            b"{\"notes\":\"a\nb\"}",
            b"{\"notes\":\"\\x41\"}",
            b"{\"notes\":\"\\u12\"}",
            b"\x1f\x8b\x08\x00",
        ] {
            let answer = send(&app, method, path, garbage).await;
            assert_eq!(answer.status, 400, "{method} {path} {garbage:?}: {answer:?}");
            answer.assert_invalid(&[]);
        }
        let mut cut = body.to_string();
        cut.pop();
        send(&app, method, path, cut).await.assert_invalid(&[]);
    }
    assert_alive(&app).await;
}

#[tokio::test]
async fn what_is_no_utf_8_is_refused() {
    let (app, operations) = start().await;
    for (method, path, body) in &operations {
        let fields = body.as_object().unwrap().keys().map(String::as_str);
        for field in fields.chain(["unknown"]) {
            for broken in [
                &b"\xff"[..],
                b"\xe9",
                b"\xed\xa0\x80",
                b"\xc0\x80",
                b"\xf0\x9f\x98",
            ] {
                let mut bytes = with(body, field, "").to_string().into_bytes();
                let value = format!("\"{field}\":\"");
                let at = bytes
                    .windows(value.len())
                    .position(|window| window == value.as_bytes())
                    .unwrap()
                    + value.len();
                bytes.splice(at..at, broken.iter().copied());
                let answer = send(&app, method, path, bytes).await;
                assert_eq!(
                    answer.status, 400,
                    "{method} {path} {field} {broken:?}: {answer:?}"
                );
            }
        }
    }
    assert_alive(&app).await;
}

#[tokio::test]
async fn a_wrong_json_type_names_its_field() {
    let (app, operations) = start().await;
    for_every_field(&operations, async |method, path, body, field| {
        let numbers = [json!(1), json!(1.5)];
        let texts = [json!("1"), json!("")];
        let wrong = if body[&field].is_string() { numbers } else { texts };
        let never = [
            json!(true),
            json!(false),
            json!([]),
            json!({}),
            json!([body[&field]]),
            json!({ "a": 1 }),
        ];
        let wrong = wrong.into_iter().chain(never);
        // An array in an array is a bad item, which has a name of its own.
        let of_another_type = wrong.filter(|wrong| discriminant(wrong) != discriminant(&body[&field]));
        app.assert_refused(method, &path, &body, &field, of_another_type)
            .await;
    })
    .await;
    assert_alive(&app).await;
}

#[tokio::test]
async fn every_field_of_a_wrong_type_is_told_at_once() {
    let (app, operations) = start().await;
    for (method, path, body) in operations {
        let fields = body.as_object().unwrap().keys();
        let wrong = |field: &String| {
            let array = body[field].is_array();
            (field.clone(), if array { json!({}) } else { json!([]) })
        };
        let wrong: serde_json::Map<_, _> = fields.clone().map(wrong).collect();
        let answer = Answer::to(app.request(method, &path).json(&wrong)).await;
        assert_eq!(answer.status, 400, "{answer:?}");
        let (mut told, mut fields): (Vec<_>, Vec<_>) = (answer.bad_fields(), fields.collect());
        told.sort_unstable();
        fields.sort_unstable();
        assert_eq!(told, fields);
    }
}

#[tokio::test]
async fn nul_characters_in_text_are_refused() {
    let (app, operations) = start().await;
    for_every_field(&operations, async |method, path, body, field| {
        if let Some(text) = body[&field].as_str() {
            let nuls = [format!("{text}\0"), format!("\0{text}"), "\0".to_owned()];
            app.assert_refused(method, &path, &body, &field, nuls.map(Value::from))
                .await;
        }
    })
    .await;
    assert_alive(&app).await;
}

#[tokio::test]
async fn control_characters_are_refused_in_lines_and_taken_in_notes() {
    let (app, operations) = start().await;
    for_every_field(&operations, async |method, path, body, field| {
        let controls = ["a1\nb", "a1\rb", "a1\tb", "a1\u{1b}[31m", "a1\u{7f}", "a1\u{85}"].map(Value::from);
        match field.as_str() {
            "name" | "phone" | "title" | "location" => {
                app.assert_refused(method, &path, &body, &field, controls).await;
            }
            "description" if path.starts_with("/webhook-endpoints") => {
                app.assert_refused(method, &path, &body, &field, controls).await;
            }
            "notes" | "description" if method == Method::PATCH => {
                for text in controls {
                    let answer = app.patch(&path, json!({ &field: text })).await;
                    let resource = answer
                        .json
                        .as_object()
                        .unwrap()
                        .values()
                        .find(|value| value.is_object());
                    assert_eq!(resource.unwrap()[&field], text, "{answer:?}");
                }
            }
            _ => {}
        }
    })
    .await;
}

#[tokio::test]
async fn lone_surrogates_are_refused() {
    let (app, operations) = start().await;
    for_every_field(&operations, async |method, path, body, field| {
        for lone in [
            "\\ud800",
            "x\\udc00",
            "\\ud83d x",
            "\\udc00\\ud83d",
            "\\ud83d\\u0041",
        ] {
            let body = with(&body, &field, "LONE").to_string().replace("LONE", lone);
            let answer = send(&app, &method, &path, body).await;
            answer.assert_error(400, "VALIDATION_ERROR", answer.json["message"].as_str().unwrap());
        }
    })
    .await;
    let pair = send(
        &app,
        &Method::PATCH,
        "/customers/dana@example.com",
        r#"{"notes":"\ud83d\ude00"}"#,
    )
    .await;
    assert_eq!(pair.resource(200, "customer")["notes"], "😀");
    assert_alive(&app).await;
}

#[tokio::test]
async fn ten_thousand_characters_are_too_long_for_every_text() {
    let (app, operations) = start().await;
    for_every_field(&operations, async |method, path, body, field| {
        if body[&field].is_string() {
            let long = [
                "1".repeat(10_000),
                "א".repeat(10_000),
                format!("{}@example.com", "x".repeat(10_000)),
            ];
            app.assert_refused(method, &path, &body, &field, long.map(Value::from))
                .await;
        }
    })
    .await;
    assert_alive(&app).await;
}

#[tokio::test]
async fn a_text_takes_its_maximum_of_characters_and_no_more() {
    let (app, operations) = start().await;
    let local = "x".repeat(64);
    let label = "y".repeat(63);
    let email = |last: usize| format!("{local}@{label}.{label}.{}", "z".repeat(last));
    for (path, field, filler, max) in [
        (&operations[2].1, "name", "א", 200),
        (&operations[2].1, "name", "😀", 200),
        (&operations[2].1, "phone", "1", 50),
        (&operations[2].1, "notes", "א", 5000),
        (&operations[4].1, "notes", "א", 5000),
        (&operations[8].1, "title", "א", 200),
        (&operations[8].1, "description", "\n😀"[1..].into(), 5000),
        (&operations[8].1, "location", "א", 500),
        (&operations[11].1, "name", "א", 200),
        (&operations[15].1, "name", "😀", 200),
        (&operations[15].1, "notes", "א", 5000),
        (&operations[17].1, "name", "א", 100),
    ] {
        let longest = filler.repeat(max);
        let answer = app.patch(path, json!({ field: longest })).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(app.get(path).await.text.contains(&longest));
        let answer = app.patch(path, json!({ field: filler.repeat(max + 1) })).await;
        answer.assert_invalid(&[field]);
        assert_eq!(
            answer.json["details"][0]["message"],
            format!("must be at most {max} characters long")
        );
    }
    assert_eq!(email(61).len(), 254);
    app.customer(&email(61)).await;
    let found = app.get(&format!("/customers/{}", email(61))).await;
    assert_eq!(found.resource(200, "customer")["email"], email(61));
    app.assert_refused(
        Method::POST,
        "/customers",
        &operations[0].2,
        "email",
        [email(62).into()],
    )
    .await;
    let registrations = &operations[9].1;
    let notes = |length| json!({ "customerEmail": "dana@example.com", "notes": "א".repeat(length) });
    app.post(registrations, notes(5001))
        .await
        .assert_invalid(&["notes"]);
    assert_eq!(app.post(registrations, notes(5000)).await.status, 201);
}

#[tokio::test]
async fn nesting_a_hundred_thousand_deep_harms_nobody() {
    let (app, operations) = start().await;
    let depth = 100_000;
    let arrays = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let objects = format!("{}1{}", "{\"a\":".repeat(40_000), "}".repeat(40_000));
    for (method, path, body) in &operations {
        let field = body.as_object().unwrap().keys().next().unwrap();
        for nested in [&arrays, &objects] {
            let value = format!("{{\"{field}\":{nested}}}");
            let answer = send(&app, method, path, value).await;
            answer.assert_error(400, "VALIDATION_ERROR", answer.json["message"].as_str().unwrap());
        }
        for bare in [
            arrays.clone(),
            "[".repeat(depth),
            format!("{{\"{field}\":{}", "[".repeat(depth)),
        ] {
            send(&app, method, path, bare).await.assert_invalid(&[]);
        }
        send(&app, method, path, "{\"a\":".repeat(depth / 2))
            .await
            .assert_invalid(&[]);
    }
    // In an unknown field it may be accepted, because unknown fields are ignored.
    let ignored = format!("{{\"unknown\":{arrays}}}");
    let answer = send(&app, &Method::PATCH, "/customers/dana@example.com", ignored).await;
    assert!([200, 400].contains(&answer.status), "{answer:?}");
    assert_alive(&app).await;
}

#[tokio::test]
async fn duplicate_keys_and_parameters_are_refused() {
    let (app, operations) = start().await;
    for_every_field(&operations, async |method, path, body, field| {
        let twice = body
            .to_string()
            .replacen('{', &format!("{{\"{field}\":{},", body[&field]), 1);
        send(&app, &method, &path, twice).await.assert_invalid(&[]);
    })
    .await;
    let registrations = &operations[9].1;
    for (path, parameters) in [
        ("/customers", &["limit=1", "cursor=x"][..]),
        (
            "/appointments",
            &[
                "limit=1",
                "cursor=x",
                "from=2025-01-01",
                "to=2025-01-01",
                "status=confirmed",
                "customerEmail=a@b.com",
            ],
        ),
        ("/events", &["limit=1", "cursor=x", "status=active"]),
        ("/resources", &["limit=1", "cursor=x", "kind=room", "active=true"]),
        ("/services", &["limit=1", "cursor=x", "active=true"]),
        (registrations.as_str(), &["limit=1", "cursor=x"]),
    ] {
        for parameter in parameters {
            let answer = app.get(&format!("{path}?{parameter}&{parameter}")).await;
            answer.assert_invalid(&[]);
        }
    }
    assert_alive(&app).await;
}

#[tokio::test]
async fn bad_limits_and_cursors_are_refused_by_every_list() {
    let (app, operations) = start().await;
    let registrations = &operations[9].1;
    let lists = [
        "/customers",
        "/appointments",
        "/events",
        registrations,
        "/resources",
        "/services",
    ];
    for (list, other) in lists.into_iter().zip([2, 0, 0, 2, 5, 4]) {
        for limit in ["1", "50", "500"] {
            assert_eq!(
                app.get(&format!("{list}?limit={limit}")).await.status,
                200,
                "{limit}"
            );
        }
        for limit in [
            "0",
            "501",
            "-1",
            "",
            "x",
            "1.5",
            "1e2",
            "0x10",
            "%20",
            "1%20",
            "5,",
            "null",
            "99999999999999999999",
            "%00",
            "%ff",
            "%",
            "%zz",
            "١",
        ] {
            app.get(&format!("{list}?limit={limit}"))
                .await
                .assert_invalid(&["limit"]);
        }
        let cursors = [
            "",
            "x",
            "0",
            "null",
            "-1",
            "%00",
            "%ff",
            "507f1f77bcf86cd79943901",
            "507F1F77BCF86CD799439011",
            "507f1f77bcf86cd7994390110",
        ];
        let long = "f".repeat(5000);
        for cursor in cursors.into_iter().chain([long.as_str(), &"z".repeat(40)]) {
            app.get(&format!("{list}?cursor={cursor}"))
                .await
                .assert_invalid(&["cursor"]);
        }
        app.get(&format!("{list}?limit=x&cursor=x"))
            .await
            .assert_invalid(&["limit", "cursor"]);
        // A valid cursor, but of a list with another order.
        app.post(
            "/events",
            json!({ "title": "x", "date": "2025-12-30", "time": "18:00" }),
        )
        .await;
        app.customer(&format!("{other}{}@example.com", list.len())).await;
        app.post("/resources", json!({ "name": "x" })).await;
        app.post("/services", json!({ "name": "x", "serviceType": "other" }))
            .await;
        let page = app.get(&format!("{}?limit=1", lists[other])).await;
        let cursor = page.json["nextCursor"].as_str().unwrap();
        app.get(&format!("{list}?cursor={cursor}"))
            .await
            .assert_invalid(&["cursor"]);
    }
}

#[tokio::test]
async fn broken_percent_encoding_in_queries_is_refused() {
    let (app, _) = start().await;
    for broken in ["%ff", "%", "%zz", "%c3%28", "%00", "%ed%a0%80", "%e2%80", "é"] {
        for (path, field) in [
            ("/events?status", "status"),
            ("/appointments?status", "status"),
            ("/appointments?from", "from"),
            ("/appointments?to", "to"),
            ("/appointments?customerEmail", "customerEmail"),
            ("/customers?cursor", "cursor"),
            ("/resources?kind", "kind"),
            ("/resources?active", "active"),
            ("/services?active", "active"),
            ("/blocks?from", "from"),
            ("/blocks?resourceId", "resourceId"),
            ("/holds?cursor", "cursor"),
            (
                "/availability?from=2030-06-11&to=2030-06-11&duration=60&explain",
                "explain",
            ),
            (
                "/availability?from=2030-06-11&to=2030-06-11&serviceId",
                "serviceId",
            ),
        ] {
            app.get(&format!("{path}={broken}"))
                .await
                .assert_invalid(&[field]);
        }
        let unknown = app.get(&format!("/customers?{broken}={broken}&&&=&a")).await;
        unknown.assert_error(400, "VALIDATION_ERROR", unknown.json["message"].as_str().unwrap());
    }
}

#[tokio::test]
async fn broken_percent_encoding_in_paths_names_nothing() {
    let (app, operations) = start().await;
    let of_event = |(_, path, _): &&(Method, String, Value)| path.ends_with("/registrations");
    let registrations = &operations.iter().find(of_event).unwrap().1;
    for broken in [
        "%ff",
        "%",
        "%zz",
        "%c3%28",
        "%00",
        "%ed%a0%80",
        "%0d%0aX-Injected:1",
        "%e2%80",
        "dana@example.com%00",
        "..%2f..%2fetc",
    ] {
        for (method, path) in [
            (Method::GET, format!("/customers/{broken}")),
            (Method::PATCH, format!("/customers/{broken}")),
            (Method::GET, format!("/appointments/{broken}")),
            (Method::DELETE, format!("/appointments/{broken}")),
            (Method::GET, format!("/events/{broken}")),
            (Method::GET, format!("/events/{broken}/registrations")),
            (Method::DELETE, format!("{registrations}/{broken}")),
            (Method::GET, format!("/resources/{broken}")),
            (Method::PATCH, format!("/resources/{broken}")),
            (Method::DELETE, format!("/resources/{broken}")),
            (Method::GET, format!("/resources/{broken}/hours")),
            (Method::PUT, format!("/resources/{broken}/hours")),
            (
                Method::GET,
                format!("/resources/{broken}/busy?from=2030-06-11&to=2030-06-11"),
            ),
            (Method::GET, format!("/holds/{broken}")),
            (Method::DELETE, format!("/holds/{broken}")),
            (Method::GET, format!("/blocks/{broken}")),
            (Method::DELETE, format!("/blocks/{broken}")),
            (Method::GET, format!("/services/{broken}")),
            (Method::DELETE, format!("/services/{broken}")),
            (Method::GET, format!("/payments/{broken}")),
            (Method::PATCH, format!("/payments/{broken}")),
            (Method::GET, format!("/{broken}")),
        ] {
            let answer = send(&app, &method, &path, "{}").await;
            answer.assert_error(404, "NOT_FOUND", answer.json["message"].as_str().unwrap());
        }
        let answer = send(
            &app,
            &Method::PUT,
            &format!("/customers/{broken}"),
            r#"{"name":"x"}"#,
        )
        .await;
        assert!([400, 404].contains(&answer.status), "{answer:?}");
        answer.assert_error(
            answer.status,
            answer.json["error"].as_str().unwrap(),
            answer.json["message"].as_str().unwrap(),
        );
    }
    assert_alive(&app).await;
}

#[tokio::test]
async fn only_json_in_utf_8_is_taken() {
    let (app, operations) = start().await;
    for (method, path, body) in &operations {
        for (name, value) in [
            (header::CONTENT_TYPE, "text/plain"),
            (header::CONTENT_TYPE, "text/json"),
            (header::CONTENT_TYPE, "application/x-www-form-urlencoded"),
            (header::CONTENT_TYPE, "multipart/form-data; boundary=x"),
            (header::CONTENT_TYPE, "application/jsonx"),
            (header::CONTENT_TYPE, "json"),
            (header::CONTENT_TYPE, ";"),
            (header::CONTENT_TYPE, ""),
            (header::CONTENT_TYPE, "application/json; charset=windows-1255"),
            (header::CONTENT_TYPE, "application/json;charset=\"iso-8859-8\""),
            (header::CONTENT_TYPE, "application/json; charset=utf-16"),
            (header::CONTENT_ENCODING, "gzip"),
            (header::CONTENT_ENCODING, "br"),
            (header::CONTENT_ENCODING, "identity, gzip"),
        ] {
            let request = app
                .request(method.clone(), path)
                .header(name, value)
                .body(body.to_string());
            Answer::to(request).await.assert_error(
                415,
                "UNSUPPORTED_MEDIA_TYPE",
                "The request body must be application/json in UTF-8",
            );
        }
    }
    assert_alive(&app).await;
    let put = |request: reqwest::RequestBuilder| Answer::to(request.body(r#"{"name":"Dana"}"#));
    let dana = || app.request(Method::PUT, "/customers/dana@example.com");
    assert_eq!(put(dana()).await.status, 200, "no content type at all");
    for content_type in [
        "application/json",
        "application/json; charset=utf-8",
        "APPLICATION/JSON;Charset=\"UTF-8\"",
        "application/json ; a=b ; charset = utf8",
        "application/merge-patch+json",
    ] {
        assert_eq!(
            put(dana().header(header::CONTENT_TYPE, content_type))
                .await
                .status,
            200,
            "{content_type}"
        );
    }
    assert_eq!(
        put(dana().header(header::CONTENT_ENCODING, "identity"))
            .await
            .status,
        200
    );
}

/// Writes the bytes to a new connection, and returns everything that the server sends until it closes it. `{key}` is
/// replaced by the key's header line.
async fn raw(app: &TestApp, head: &str, body: &[u8], hang_up: bool) -> String {
    let mut stream = TcpStream::connect(app.origin.strip_prefix("http://").unwrap())
        .await
        .unwrap();
    let head = head.replace(
        "{key}",
        &format!("Host: x\r\nX-API-Key: {}\r\nConnection: close", app.key),
    );
    let mut answer = Vec::new();
    let conversation = async {
        // The server may answer and close the connection before it has read everything.
        let _ = stream.write_all(head.as_bytes()).await;
        let _ = stream.write_all(body).await;
        if hang_up {
            let _ = stream.shutdown().await;
        }
        let _ = stream.read_to_end(&mut answer).await;
    };
    let ended = timeout(Duration::from_secs(5), conversation).await.is_ok();
    let answer = String::from_utf8(answer).unwrap();
    assert!(ended, "left open: {head:?} {answer:?}");
    answer
}

/// Fails the test unless the answer is empty, a bare 4xx of the HTTP layer, or a 4xx in the error envelope.
#[track_caller]
fn assert_refused(answer: &str, sent: &str) {
    if answer.is_empty() {
        return;
    }
    assert!(answer.starts_with("HTTP/1.1 4"), "{sent:?}: {answer}");
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(
        body.is_empty() || serde_json::from_str::<Value>(body).unwrap()["success"] == false,
        "{sent:?}: {answer}"
    );
}

#[track_caller]
fn assert_too_large(answer: &str) {
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer:?}");
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(
        (&body["error"], &body["message"]),
        (
            &"PAYLOAD_TOO_LARGE".into(),
            &"The request body is too large".into()
        )
    );
}

#[tokio::test]
async fn a_body_over_the_limit_is_too_large() {
    let (app, operations) = start().await;
    let padded = |body: &Value, length: usize| {
        let body = body.to_string();
        format!("{body}{}", " ".repeat(length - body.len()))
    };
    for (method, path, body) in &operations {
        let body = padded(body, LIMIT + 1);
        send(&app, method, path, body).await.assert_error(
            413,
            "PAYLOAD_TOO_LARGE",
            "The request body is too large",
        );
    }
    let largest = send(
        &app,
        &operations[2].0,
        &operations[2].1,
        padded(&operations[2].2, LIMIT),
    )
    .await;
    assert_eq!(largest.status, 200, "{largest:?}");
    assert_alive(&app).await;
}

#[tokio::test]
async fn a_chunked_body_over_the_limit_is_too_large() {
    let (app, _) = start().await;
    let head = "POST /api/webhooks/customers HTTP/1.1\r\n{key}\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunk = format!("1000\r\n{}\r\n", " ".repeat(0x1000));
    let body = format!("{}0\r\n\r\n", chunk.repeat(LIMIT / 0x1000 + 1));
    assert_too_large(&raw(&app, head, body.as_bytes(), false).await);

    let body = r#"{"name":"Chunked","email":"chunked@example.com"}"#;
    let good = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    assert!(
        raw(&app, head, good.as_bytes(), false)
            .await
            .starts_with("HTTP/1.1 201 ")
    );
    assert_alive(&app).await;
}

/// RFC 9112, section 9.6: a server that answers `Connection: close` closes the connection. Otherwise a client, even
/// without a key, could hold it for as long as it likes.
#[tokio::test]
async fn a_client_that_never_ends_its_body_is_answered_and_let_go() {
    let (app, _) = start().await;
    let chunk = format!("1000\r\n{}\r\n", " ".repeat(0x1000));
    for (key, chunks, status) in [
        ("{key}", 2 * LIMIT / 0x1000, "413"),
        ("Host: x\r\nConnection: close", 1, "401"),
    ] {
        let head =
            format!("POST /api/webhooks/customers HTTP/1.1\r\n{key}\r\nTransfer-Encoding: chunked\r\n\r\n");
        let answer = raw(&app, &head, chunk.repeat(chunks).as_bytes(), false).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    }
    assert_alive(&app).await;
}

#[tokio::test]
async fn a_content_length_over_the_limit_is_refused_before_the_body_comes() {
    let (app, _) = start().await;
    let told = async |length: &str| {
        let head =
            format!("POST /api/webhooks/customers HTTP/1.1\r\n{{key}}\r\nContent-Length: {length}\r\n\r\n");
        assert_too_large(&raw(&app, &head, b"{", false).await);
    };
    tokio::join!(told("262145"), told("1000000000000"));
    assert_alive(&app).await;
}

#[tokio::test]
async fn broken_and_truncated_bodies_are_refused() {
    let (app, _) = start().await;
    let chunked = "POST /api/webhooks/events HTTP/1.1\r\n{key}\r\nTransfer-Encoding: chunked\r\n\r\n";
    for body in [
        "ZZ\r\n{}\r\n0\r\n\r\n",
        "-2\r\n{}\r\n0\r\n\r\n",
        "2\r\n{}x\r\n0\r\n\r\n",
        "\r\n{}\r\n0\r\n\r\n",
        "ffffffffffffffffff\r\n{}\r\n",
        "2;\0\r\n{}\r\nG\r\n\r\n",
        "2\r\n{}",
        "2\r\n{}\r\n",
        "5\r\n{",
        "5",
        "",
    ] {
        assert_refused(&raw(&app, chunked, body.as_bytes(), true).await, body);
    }
    let sized = "POST /api/webhooks/events HTTP/1.1\r\n{key}\r\nContent-Length: 100\r\n\r\n";
    for body in [
        "",
        "{",
        "{\"title\":\"Yoga\",\"date\":\"2025-12-30\",\"time\":\"18:00\"}",
    ] {
        assert_refused(&raw(&app, sized, body.as_bytes(), true).await, body);
    }
    assert_alive(&app).await;
}

#[tokio::test]
async fn malformed_http_is_refused_or_closed() {
    let (app, _) = start().await;
    let long = "x".repeat(300_000);
    let post = "POST /api/webhooks/events HTTP/1.1\r\n{key}\r\n";
    for head in [
        "\r\n\r\n\r\n",
        "GET\r\n\r\n",
        "GET /api/webhooks/events\r\n\r\n",
        "GET /api/webhooks/events HTTP/9.9\r\n{key}\r\n\r\n",
        "GET /api/webhooks/events HTTP/1.1",
        "GET /api/webhooks/events HTTP/1.1\r\n{key}",
        "GET /api/webhooks/events HTTP/1.1\r\n{key}\r\nno colon\r\n\r\n",
        "GET /api/webhooks/events HTTP/1.1\r\n{key}\r\n: no name\r\n\r\n",
        "GET /api/webhooks/events HTTP/1.1\r\n{key}\r\nA: \0\r\n\r\n",
        "GET /api/webhooks/events HTTP/1.1\r\n{key}\r\nA\u{e9}: x\r\n\r\n",
        "GET /api/webhooks/ev ents HTTP/1.1\r\n{key}\r\n\r\n",
        "GET /api/webhooks/\0 HTTP/1.1\r\n{key}\r\n\r\n",
        "GET /api/webhooks/customers/dana\u{e9}@example.com HTTP/1.1\r\n{key}\r\n\r\n",
        "GET api/webhooks/events HTTP/1.1\r\n{key}\r\n\r\n",
        "GET /api/webhooks/../../../etc/passwd HTTP/1.1\r\n{key}\r\n\r\n",
        "GET //api/webhooks/events HTTP/1.1\r\n{key}\r\n\r\n",
        "CONNECT example.com:443 HTTP/1.1\r\n{key}\r\n\r\n",
        "G\u{e9}T /api/webhooks/events HTTP/1.1\r\n{key}\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "\u{16}\u{3}\u{1}\0\u{2e}\u{1}\0\0",
        &format!("{post}Content-Length: x\r\n\r\n{{}}"),
        &format!("{post}Content-Length: -1\r\n\r\n{{}}"),
        &format!("{post}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{{}}x"),
        &format!("{post}Content-Length: 99999999999999999999999\r\n\r\n{{}}"),
        &format!("{post}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{{}}"),
        &format!("{post}Transfer-Encoding: x\r\n\r\n{{}}"),
        &format!("{post}Transfer-Encoding: gzip, chunked\r\n\r\n{{}}"),
        &format!("{post}Transfer-Encoding: chunked, chunked\r\n\r\n{{}}"),
        &format!("GET /api/webhooks/customers/{long} HTTP/1.1\r\n{{key}}\r\n\r\n"),
        &format!("GET /api/webhooks/events HTTP/1.1\r\n{{key}}\r\nA: {long}\r\n\r\n"),
        &format!(
            "GET /api/webhooks/events HTTP/1.1\r\n{{key}}\r\n{}\r\n",
            "A: x\r\n".repeat(10_000)
        ),
        &long,
    ] {
        assert_refused(&raw(&app, head, b"", true).await, &head[..head.len().min(100)]);
    }
    assert_alive(&app).await;
}

#[tokio::test]
async fn very_long_paths_and_queries_are_answered() {
    let (app, _) = start().await;
    for length in [1000, 7_000] {
        let long = "x".repeat(length);
        for path in ["/customers", "/appointments", "/events"] {
            let answer = app.get(&format!("{path}/{long}")).await;
            answer.assert_error(404, "NOT_FOUND", answer.json["message"].as_str().unwrap());
            app.get(&format!("{path}?cursor={long}"))
                .await
                .assert_invalid(&["cursor"]);
        }
        app.get(&format!("/{long}"))
            .await
            .assert_error(404, "NOT_FOUND", "Path not found");
        let deep = "/x".repeat(length / 2);
        app.get(&deep)
            .await
            .assert_error(404, "NOT_FOUND", "Path not found");
        app.put(&format!("/customers/{long}@example.com"), json!({ "name": "x" }))
            .await
            .assert_invalid(&["email"]);
    }
    for length in [8_193, 10_000, 60_000] {
        let answer = app.get(&format!("/{}", "x".repeat(length))).await;
        answer.assert_error(414, "URI_TOO_LONG", "The path and the query string are too long");
    }
    assert_alive(&app).await;
}

/// Requests that follow a refused one on the same connection get their own answers.
#[tokio::test]
async fn a_refused_body_never_becomes_the_next_request() {
    let (app, _) = start().await;
    let smuggled = "GET /api/webhooks/customers HTTP/1.1\r\n\r\n";
    let first = format!(
        "POST /api/webhooks/customers HTTP/1.1\r\nHost: x\r\nX-API-Key: {}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{smuggled}",
        app.key,
        smuggled.len(),
    );
    let last = "GET /api/webhooks/customers/dana@example.com HTTP/1.1\r\n{key}\r\n\r\n";
    let answers = raw(&app, &format!("{first}{last}"), b"", false).await;
    let statuses: Vec<_> = answers
        .split("HTTP/1.1 ")
        .skip(1)
        .map(|answer| &answer[..3])
        .collect();
    assert!(statuses == ["415", "200"] || statuses == ["415"], "{answers}");
}

#[tokio::test]
async fn a_byte_order_mark_is_passed_over() {
    let app = TestApp::start().await;
    let put = app.request(Method::PUT, "/customers/dana@example.com");
    let answer = Answer::to(put.body("\u{feff}{\"name\":\"Dana\"}")).await;
    assert_eq!(answer.status, 201, "{answer:?}");
}
