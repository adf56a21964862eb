//! Clients with a key: one that asks for a lot doesn't block others, and no resource is mistaken for another.

use crate::strangers::{installation, scale, slowest_honest, start};
use e2e::{Answer, TestApp, binary::Connection};
use reqwest::Method;
use serde_json::{Value, json};
use std::{net::Ipv4Addr, time::Duration};

/// Notes that take six bytes per character on the wire.
fn heavy() -> String {
    "\u{1}".repeat(5000)
}

async fn fill(api: &e2e::ApiClient, count: usize) {
    for number in 0..count {
        let path = format!("/customers/c{number:03}@example.com");
        let put = api.put(&path, json!({ "name": "Heavy", "notes": heavy() })).await;
        assert_eq!(put.status, 201, "{put:?}");
    }
}

#[tokio::test]
async fn a_page_is_bounded_in_bytes_and_the_next_one_goes_on() {
    const CUSTOMERS: usize = 130;
    let app = TestApp::start().await;
    fill(&app, CUSTOMERS).await;
    let (mut seen, mut pages, mut cursor) = (Vec::new(), 0, String::new());
    loop {
        let page = app.get(&format!("/customers?limit=500{cursor}")).await;
        assert!(page.text.len() < (1 << 20) + 1000, "{} bytes", page.text.len());
        pages += 1;
        for customer in page.list("customers") {
            assert_eq!(customer["notes"], heavy());
            seen.push(customer["email"].as_str().unwrap().to_owned());
        }
        match &page.json["nextCursor"] {
            Value::String(next) => cursor = format!("&cursor={next}"),
            end => {
                assert_eq!(*end, Value::Null);
                break;
            }
        }
    }
    let expected: Vec<_> = (0..CUSTOMERS)
        .map(|number| format!("c{number:03}@example.com"))
        .collect();
    assert_eq!(seen, expected);
    assert!(pages > 1);
}

/// A key whose clients read nothing is told to come back, and the clients of another key don't notice.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_reads_nothing_holds_up_no_other() {
    let installation = installation();
    let server = start(&installation, &[]).await;
    // The rate limits are the defaults, so the customers are created with a key of their own.
    let made = installation
        .run(&["accounts", "create", "other", "--name", "Other"])
        .await;
    assert_eq!(made.code, Some(0), "{made:?}");
    let key = async |name: &str, account: &str| {
        let made = installation
            .run(&["keys", "create", "--name", name, "--account", account])
            .await;
        made.stdout.trim().to_owned()
    };
    let mut filling = e2e::ApiClient::clone(&server);
    filling.key = key("fill", "default").await;
    fill(&filling, scale(100, 500)).await;
    let (greedy, other) = (key("greedy", "default").await, key("other", "other").await);
    let before = server.memory();

    let mut unread = Vec::new();
    let head =
        format!("GET /api/webhooks/customers?limit=500 HTTP/1.1\r\nHost: x\r\nX-API-Key: {greedy}\r\n\r\n");
    for _ in 0..scale(60, 550) {
        let mut connection = Connection::with_room(4096, Ipv4Addr::LOCALHOST.into(), &server.origin).await;
        connection.send(&head).await;
        unread.push(connection);
    }
    let slowest = slowest_honest(&server, &other).await;
    let (mut sent, mut refused) = (0, 0);
    for connection in &mut unread {
        let status = connection.read_until("\r\n").await;
        match status.split(' ').nth(1) {
            Some("200") => sent += 1,
            Some("429") => refused += 1,
            _ => panic!("{status}"),
        }
    }
    let grown = server.memory().saturating_sub(before);
    assert!(sent <= 16 && refused > 0, "{sent} sent, {refused} refused");
    assert!(grown < 200 << 20, "{} MB", grown >> 20);
    // A build without optimizations on a busy machine is slow.
    let patience = if cfg!(debug_assertions) { 3000 } else { 250 };
    assert!(slowest < Duration::from_millis(patience), "{slowest:?}");
    drop(unread);
    eprintln!(
        "one key, {} large pages unread: {sent} sent, {refused} refused; memory grew by {} MB; another key's slowest of 100 requests took {slowest:?}",
        sent + refused,
        grown >> 20
    );
}

#[tokio::test]
async fn the_entity_tag_of_one_customer_opens_no_other() {
    let app = TestApp::start().await;
    app.customer("dana@example.com").await;
    let path = "/customers/dana@example.com";
    let tag = app.get(path).await.header("etag").unwrap().to_owned();
    let moved = app.patch(path, json!({ "email": "noa@example.com" })).await;
    assert_eq!(moved.status, 200);
    // Another customer has the address now, in the same version.
    app.customer("dana@example.com").await;
    let read = app.request(Method::GET, path).header("If-None-Match", &tag);
    assert_eq!(Answer::to(read).await.status, 200);
    let write = app.request(Method::PATCH, path).header("If-Match", &tag);
    let answer = Answer::to(write.json(&json!({ "name": "Overwritten" }))).await;
    answer.assert_error(
        412,
        "VERSION_MISMATCH",
        "The resource is not in the version of If-Match",
    );
    assert_eq!(app.get(path).await.json["customer"]["name"], "Dana");
}

/// All spellings of a path name one resource.
#[tokio::test]
async fn a_key_belongs_to_the_resource_not_to_a_spelling() {
    let app = TestApp::start().await;
    let send = async |method: &str, path: &str, key: &str, body: &Value| {
        let mut connection = Connection::to(&app.origin).await;
        let body = body.to_string();
        let head = format!(
            "{method} /api/webhooks{path} HTTP/1.1\r\nHost: x\r\nX-API-Key: {}\r\nIdempotency-Key: {key}\r\nContent-Length: {}\r\n\r\n{body}",
            app.key,
            body.len()
        );
        connection.send(head).await;
        connection.answer(true).await
    };
    let event = json!({ "title": "Yoga", "date": "2025-12-30", "time": "18:00" });
    let first = send("POST", "/events", "a", &event).await;
    assert_eq!(first.status, 201, "{first:?}");
    for path in ["/%65vents", "/event%73"] {
        let again = send("POST", path, "a", &event).await;
        assert_eq!(
            again.header("idempotent-replayed"),
            Some("true"),
            "{path}: {again:?}"
        );
        assert_eq!(again.text, first.text);
    }
    assert_eq!(app.get("/events").await.json["count"], 1);

    let dana = json!({ "name": "Dana" });
    let first = send("PUT", "/customers/dana@example.com", "b", &dana).await;
    assert_eq!(first.status, 201, "{first:?}");
    for path in [
        "/customers/dana%40example.com",
        "/customers/%64ana@EXAMPLE.com",
        "/customers/Dana@example.com",
    ] {
        let again = send("PUT", path, "b", &dana).await;
        assert_eq!(
            (again.status, again.header("idempotent-replayed")),
            (201, Some("true")),
            "{path}: {again:?}"
        );
    }
    // A request to another resource is another request.
    assert_eq!(
        send("PUT", "/customers/noa@example.com", "b", &dana).await.status,
        201
    );
}

/// Whether a body is accepted doesn't depend on an `Idempotency-Key`.
#[tokio::test]
async fn unknown_fields_are_the_same_with_a_key_and_without() {
    let app = TestApp::start().await;
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    for (number, unknown) in ["1e400", "-1e-400", &deep, "\"\\ud800\""].into_iter().enumerate() {
        for (name, key) in [("without", None), ("with", Some(format!("k{number}")))] {
            let body = format!(r#"{{"name":"Dana","email":"{name}{number}@example.com","x":{unknown}}}"#);
            let send = || {
                let request = app.request(Method::POST, "/customers").body(body.clone());
                Answer::to(match &key {
                    Some(key) => request.header("Idempotency-Key", key),
                    None => request,
                })
            };
            assert_eq!(
                send().await.status,
                201,
                "{name}: {}",
                &unknown[..unknown.len().min(20)]
            );
            let again = send().await;
            assert_eq!(again.status, if key.is_some() { 201 } else { 409 }, "{again:?}");
        }
    }
}

/// RFC 7240: `Prefer: handling=strict`.
#[tokio::test]
async fn who_wants_strictness_is_told_of_unknown_fields() {
    let app = TestApp::start().await;
    let body = json!({ "name": "Dana", "email": "dana@example.com", "fone": "1", "x": { "y": [1] } });
    let post = |prefer: &'static str| {
        Answer::to(
            app.request(Method::POST, "/customers")
                .header("Prefer", prefer)
                .json(&body),
        )
    };
    for strict in [
        "handling=strict",
        "respond-async, Handling = \"strict\"",
        "wait=10; x, handling=strict",
    ] {
        post(strict).await.assert_invalid(&["fone", "x"]);
    }
    assert_eq!(post("handling=lenient").await.status, 201);
    let good = app
        .request(Method::PUT, "/customers/dana@example.com")
        .header("Prefer", "handling=strict");
    let good = Answer::to(
        good.json(&json!({ "name": "Dana", "phone": null, "notes": "x", "email": "dana@example.com" })),
    )
    .await;
    assert_eq!(good.status, 200, "{good:?}");
}

/// If an unknown parameter were ignored, the answer would be unfiltered.
#[tokio::test]
async fn unknown_parameters_are_refused_by_name() {
    let app = TestApp::start().await;
    let event = app.event(None).await;
    for (method, path, unknown) in [
        (
            Method::GET,
            "/customers?e-mail=x&limit=5".to_owned(),
            vec!["e-mail"],
        ),
        (
            Method::GET,
            "/customers/dana@example.com?a=1&b=2&a=3".to_owned(),
            vec!["a", "b"],
        ),
        (Method::POST, "/customers?dryRun=true".to_owned(), vec!["dryRun"]),
        (Method::GET, format!("{event}?fields=id"), vec!["fields"]),
        (
            Method::GET,
            format!("{event}/registrations?status=x"),
            vec!["status"],
        ),
        (
            Method::DELETE,
            format!("/appointments/{}?force=1", "0".repeat(24)),
            vec!["force"],
        ),
    ] {
        let request = app
            .request(method, &path)
            .json(&json!({ "name": "Dana", "email": "dana@example.com" }));
        Answer::to(request).await.assert_invalid(&unknown);
    }
    assert_eq!(app.get("/customers").await.json["count"], 0, "nothing was done");
    let many: Vec<_> = (0..1000).map(|number| format!("p{number}=1")).collect();
    let answer = app.get(&format!("/events?{}", many.join("&"))).await;
    assert_eq!(answer.bad_fields().len(), 20, "enough to see what is meant");
}

/// No account can use or infer another's resources, services, holds, blocks, hours or slots.
#[tokio::test]
async fn the_schedule_of_one_account_is_nothing_to_another() {
    let app = TestApp::start().await;
    app.customer("dana@example.com").await;
    let stranger = app.with_key(app.new_account("stranger").await);
    stranger.customer("dana@example.com").await;
    let id = |answer: &Answer, name: &str| answer.resource(201, name)["id"].as_str().unwrap().to_owned();
    let staff = id(
        &app.post("/resources", json!({ "name": "Dana" })).await,
        "resource",
    );
    let needs = json!([{ "resources": [staff], "count": 1 }]);
    let massage = json!({ "name": "Massage", "serviceType": "treatment", "needs": needs });
    let service = id(&app.post("/services", massage.clone()).await, "service");
    let slot = json!({ "date": "2030-06-11", "time": "10:00", "serviceType": "lesson" });
    let held = id(&app.post("/holds", slot.clone()).await, "hold");
    let off = json!({ "from": "2030-06-12", "until": "2030-06-13", "resourceId": staff });
    assert_eq!(app.post("/blocks", off.clone()).await.status, 201);
    let closed = json!({ "timeZone": "Asia/Jerusalem", "weekly": [], "horizon": 1 });
    assert_eq!(app.put("/schedule", closed).await.status, 200);

    stranger
        .post("/services", massage)
        .await
        .assert_invalid(&["needs[0].resources"]);
    let refused = stranger.post("/blocks", off).await;
    refused.assert_error(404, "NOT_FOUND", "Resource not found");
    let of_dana = |mut order: Value| {
        order["customerEmail"] = "dana@example.com".into();
        order
    };
    let confirmation = of_dana(json!({ "holdId": held }));
    for path in ["/appointments", "/appointments?dryRun=true"] {
        let refused = stranger.post(path, confirmation.clone()).await;
        refused.assert_error(404, "NOT_FOUND", "Hold not found");
        let mut order = of_dana(slot.clone());
        order["resourceIds"] = json!([staff]);
        stranger
            .post(path, order.clone())
            .await
            .assert_invalid(&["resourceIds"]);
        order["serviceId"] = service.clone().into();
        let refused = stranger.post(path, order).await;
        refused.assert_error(404, "NOT_FOUND", "Service not found");
    }
    let mut of_staff = slot.clone();
    of_staff["resourceIds"] = json!([staff]);
    stranger
        .post("/holds", of_staff.clone())
        .await
        .assert_invalid(&["resourceIds"]);
    let search = |what: &str| format!("/availability?from=2030-06-11&to=2030-06-11&{what}");
    let refused = stranger.get(&search(&format!("serviceId={service}"))).await;
    refused.assert_error(404, "NOT_FOUND", "Service not found");
    stranger
        .get(&search(&format!("duration=60&resourceId={staff}")))
        .await
        .assert_invalid(&["resourceId"]);
    assert_eq!(
        stranger.get(&format!("/blocks?resourceId={staff}")).await.json["count"],
        0
    );
    // The other's hours, horizon and holds are not its own: the slot is free.
    let booked = stranger.post("/appointments", of_dana(slot.clone())).await;
    assert_eq!(booked.resource(201, "appointment")["startsAt"], Value::Null);
    let path = format!("/appointments/{}", id(&booked, "appointment"));
    let moved = stranger.patch(&path, json!({ "resourceIds": [staff] })).await;
    moved.assert_invalid(&["resourceIds"]);
    // A foreign resource and one that isn't anybody's look the same.
    of_staff["resourceIds"] = json!(["507f1f77bcf86cd799439011"]);
    let nobodys = stranger.post("/holds", of_staff.clone()).await.json["message"].clone();
    of_staff["resourceIds"] = json!([staff]);
    assert_eq!(stranger.post("/holds", of_staff).await.json["message"], nobodys);
}
