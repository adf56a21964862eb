//! API keys: what they may do, and who may make them.

use super::{each_store, start};
use e2e::{Store, TestApp, with};
use reqwest::Method;
use rstest_reuse::apply;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// A key of the default account with these settings, and the client that calls with it.
async fn made(app: &TestApp, settings: Value) -> (Value, TestApp) {
    let answer = app.post("/api-keys", with(&settings, "name", "made")).await;
    let key = answer.resource(201, "apiKey").clone();
    let client = app.with_key(key["key"].as_str().unwrap().to_owned());
    (key, client)
}

fn path(key: &Value) -> String {
    format!("/api-keys/{}", key["id"].as_str().unwrap())
}

/// Calls until the key is answered with that status: servers remember a key for half a second.
async fn assert_becomes(client: &TestApp, status: u16) {
    let started = Instant::now();
    while client.get("/customers").await.status != status {
        assert!(started.elapsed() < Duration::from_secs(1), "not within a second");
        sleep(Duration::from_millis(5)).await;
    }
}

#[apply(each_store)]
async fn a_key_is_shown_once(store: Store) {
    let Some(app) = start(store).await else { return };
    let body = json!({
        "name": "אתר", "scopes": ["read", "appointments:write"], "expiresAt": "2999-01-01T00:00:00.000Z",
        "allowedAddresses": ["127.0.0.1", "10.1.2.3/8"], "rateLimit": 100,
    });
    let answer = app.post("/api-keys", body.clone()).await;
    let key = answer.resource(201, "apiKey").clone();
    assert!(key["key"].as_str().unwrap().starts_with("cg_live_"));
    for field in ["name", "scopes", "expiresAt", "rateLimit"] {
        assert_eq!(key[field], body[field]);
    }
    assert_eq!(key["allowedAddresses"], json!(["127.0.0.1/32", "10.0.0.0/8"]));
    assert_eq!(
        (&key["lastUsedAt"], &key["revokedAt"], &key["successorId"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    assert_eq!(
        answer.header("location"),
        Some(format!("/api/webhooks{}", path(&key)).as_str())
    );

    let stored = with(&key, "key", Value::Null);
    assert_eq!(*app.get(&path(&key)).await.resource(200, "apiKey"), stored);
    let listed = app.get("/api-keys?limit=500").await;
    assert_eq!(listed.list("apiKeys").last(), Some(&stored));
    assert!(!listed.text.contains("cg_live_"), "{listed:?}");

    let (plain, _) = made(&app, json!({})).await;
    assert_eq!(plain["scopes"], json!(["full"]));
    for field in ["expiresAt", "allowedAddresses", "rateLimit"] {
        assert_eq!(plain[field], Value::Null);
    }
    app.assert_required(Method::POST, "/api-keys", &body, &["name"], "Name is required")
        .await;
}

#[apply(each_store)]
async fn a_repeated_request_makes_one_key_and_does_not_show_it_again(store: Store) {
    let Some(app) = start(store).await else { return };
    let (key, _) = made(&app, json!({})).await;
    for (target, body) in [
        ("/api-keys".to_owned(), json!({ "name": "site" })),
        (format!("{}/rotate", path(&key)), json!({ "overlapHours": 0 })),
    ] {
        let before = app.get("/api-keys").await.list("apiKeys").len();
        let post = || {
            app.request(Method::POST, &target)
                .header("Idempotency-Key", "once")
                .json(&body)
        };
        let first = e2e::Answer::to(post()).await;
        let second = e2e::Answer::to(post()).await;
        assert_eq!(second.header("idempotent-replayed"), Some("true"));
        let made = first.resource(201, "apiKey");
        assert_eq!(*second.resource(201, "apiKey"), with(made, "key", Value::Null));
        assert_eq!(app.get("/api-keys").await.list("apiKeys").len(), before + 1);
    }
}

#[apply(each_store)]
async fn bad_settings_are_told_at_once(store: Store) {
    let Some(app) = start(store).await else { return };
    let bad = json!({
        "name": "x\n", "scopes": ["full", "customers"], "expiresAt": "soon", "allowedAddresses": ["10.0.0.0/33", 7],
        "rateLimit": 0,
    });
    let fields = [
        "name",
        "scopes[1]",
        "expiresAt",
        "allowedAddresses[0]",
        "allowedAddresses[1]",
        "rateLimit",
    ];
    app.post("/api-keys", bad.clone()).await.assert_invalid(&fields);
    let (key, _) = made(&app, json!({})).await;
    app.patch(&path(&key), bad).await.assert_invalid(&fields);
    for (field, value) in [
        ("scopes", json!([])),
        ("allowedAddresses", json!([])),
        ("scopes", Value::Null),
        ("expiresAt", json!("")),
        ("expiresAt", json!("2020-01-01T00:00:00Z")),
    ] {
        app.post("/api-keys", json!({ "name": "x", field: value }))
            .await
            .assert_invalid(&[field]);
        app.patch(&path(&key), json!({ field: value }))
            .await
            .assert_invalid(&[field]);
    }
    app.patch(&path(&key), json!({ "name": null, "scopes": null }))
        .await
        .assert_invalid(&["name", "scopes"]);
    app.post(&format!("{}/rotate", path(&key)), json!({ "overlapHours": 721 }))
        .await
        .assert_invalid(&["overlapHours"]);
    for unknown in ["/api-keys/507f1f77bcf86cd799439099", "/api-keys/x"] {
        let missing = app.get(unknown).await;
        missing.assert_error(404, "NOT_FOUND", "API key not found");
        assert_eq!(missing.json["resource"], "apiKey");
        assert_eq!(app.patch(unknown, json!({})).await.status, 404);
        assert_eq!(app.delete(unknown).await.status, 404);
        assert_eq!(
            app.post(&format!("{unknown}/rotate"), json!({})).await.status,
            404
        );
    }
}

#[apply(each_store)]
async fn a_change_applies_within_a_second(store: Store) {
    let Some(app) = start(store).await else { return };
    let (key, client) = made(&app, json!({ "scopes": ["events:read"] })).await;
    client.get("/customers").await.assert_error(
        403,
        "INSUFFICIENT_SCOPE",
        "The API key lacks the scope customers:read",
    );
    let edited = app
        .patch(&path(&key), json!({ "scopes": ["customers:write"] }))
        .await;
    assert_eq!(
        edited.resource(200, "apiKey")["scopes"],
        json!(["customers:write"])
    );
    assert_becomes(&client, 200).await;

    let stale = app
        .request(Method::PATCH, &path(&key))
        .header("If-Match", format!("\"{}.1\"", key["id"].as_str().unwrap()))
        .json(&json!({ "name": "stale" }));
    assert_eq!(e2e::Answer::to(stale).await.status, 412);

    app.patch(&path(&key), json!({ "allowedAddresses": ["192.0.2.1"] }))
        .await;
    assert_becomes(&client, 403).await;
    client.get("/customers").await.assert_error(
        403,
        "ADDRESS_NOT_ALLOWED",
        "The API key can't be used from this address",
    );
    app.patch(&path(&key), json!({ "allowedAddresses": null })).await;
    assert_becomes(&client, 200).await;

    app.delete(&path(&key))
        .await
        .assert_done("API key revoked successfully");
    assert_becomes(&client, 401).await;
    app.delete(&path(&key))
        .await
        .assert_done("API key revoked successfully");
    app.patch(&path(&key), json!({ "name": "x" })).await.assert_error(
        409,
        "KEY_REVOKED",
        "The API key is revoked",
    );
    let read = app.get(&path(&key)).await;
    assert!(read.resource(200, "apiKey")["revokedAt"].is_string());
}

#[apply(each_store)]
async fn a_rotated_key_works_until_the_overlap_ends(store: Store) {
    let Some(app) = start(store).await else { return };
    let (key, client) = made(&app, json!({ "scopes": ["read"], "rateLimit": 7 })).await;
    let rotate = format!("{}/rotate", path(&key));
    let answer = app.post(&rotate, json!({ "overlapHours": 2 })).await;
    let successor = answer.resource(201, "apiKey").clone();
    for field in ["name", "scopes", "expiresAt", "allowedAddresses", "rateLimit"] {
        assert_eq!(successor[field], key[field], "{field}");
    }
    assert_ne!(successor["key"], key["key"]);
    let new = app.with_key(successor["key"].as_str().unwrap().to_owned());
    for client in [&client, &new] {
        assert_eq!(client.get("/customers").await.status, 200);
    }
    let old = app.get(&path(&key)).await;
    let old = old.resource(200, "apiKey");
    assert_eq!(old["successorId"], successor["id"]);
    assert!(old["expiresAt"].is_string());
    let again = app.post(&rotate, json!({})).await;
    let for_ever = app.patch(&path(&key), json!({ "expiresAt": null })).await;
    let message = format!(
        "The API key was rotated already; its successor is {}",
        successor["id"].as_str().unwrap()
    );
    for refused in [again, for_ever] {
        refused.assert_error(409, "KEY_ROTATED", &message);
    }

    let rotate = format!("{}/rotate", path(&successor));
    assert_eq!(app.post(&rotate, json!({ "overlapHours": 0 })).await.status, 201);
    assert_becomes(&new, 401).await;
}

#[apply(each_store)]
async fn a_key_makes_no_stronger_key(store: Store) {
    let Some(app) = start(store).await else { return };
    let limits = json!({
        "scopes": ["read", "keys:manage"], "expiresAt": "2999-01-01T00:00:00Z", "allowedAddresses": ["127.0.0.0/8"],
    });
    let (own, client) = made(&app, limits.clone()).await;
    let (strong, _) = made(&app, json!({})).await;
    let exceeds = "The key could do more than the one that the request came with";
    let (weaker, _) = made(&client, with(&limits, "scopes", json!(["events:read"]))).await;
    for (field, value) in [
        ("scopes", json!(["customers:write"])),
        ("expiresAt", Value::Null),
        ("allowedAddresses", Value::Null),
        ("allowedAddresses", json!(["127.0.0.1", "10.0.0.0/8"])),
    ] {
        let body = with(&with(&limits, "name", "x"), field, value.clone());
        client
            .post("/api-keys", body)
            .await
            .assert_error(403, "INSUFFICIENT_SCOPE", exceeds);
        for key in [&weaker, &own] {
            client
                .patch(&path(key), json!({ field: value }))
                .await
                .assert_error(403, "INSUFFICIENT_SCOPE", exceeds);
        }
    }
    for refused in [
        client.patch(&path(&strong), json!({ "name": "mine" })).await,
        client.post(&format!("{}/rotate", path(&strong)), json!({})).await,
    ] {
        refused.assert_error(403, "INSUFFICIENT_SCOPE", exceeds);
    }
    let stranger = app.with_key(app.new_account("other").await);
    assert_eq!(stranger.get(&path(&strong)).await.status, 404);
    assert_eq!(stranger.delete(&path(&strong)).await.status, 404);
}

/// The answer to a request is not repeated for a key that may not make the request.
#[apply(each_store)]
async fn a_replay_needs_the_scope(store: Store) {
    let Some(app) = start(store).await else { return };
    let (_, client) = made(&app, json!({ "scopes": ["customers:read"] })).await;
    let (key, _) = made(&app, json!({})).await;
    for (method, path, body) in [
        (Method::POST, "/api-keys".to_owned(), json!({ "name": "site" })),
        (Method::PATCH, path(&key), json!({ "name": "n" })),
        (Method::POST, format!("{}/rotate", path(&key)), json!({})),
        (Method::DELETE, path(&key), json!({})),
        (
            Method::POST,
            "/customers".to_owned(),
            json!({ "name": "Dana", "email": "dana@example.com" }),
        ),
    ] {
        let send = |app: &TestApp| {
            let request = app
                .request(method.clone(), &path)
                .header("Idempotency-Key", "once");
            e2e::Answer::to(request.json(&body))
        };
        assert!(send(&app).await.status < 300, "{method} {path}");
        assert_eq!(send(&app).await.header("idempotent-replayed"), Some("true"));
        assert_eq!(send(&client).await.status, 403, "{method} {path}");
    }
}

/// A key that was revoked a moment ago makes no key that would outlive it.
#[apply(each_store)]
async fn a_revoked_key_makes_no_other(store: Store) {
    let Some(app) = start(store).await else { return };
    let (key, client) = made(&app, json!({})).await;
    assert_eq!(client.get("/customers").await.status, 200);
    assert_eq!(app.delete(&path(&key)).await.status, 200);
    let before = app.get("/api-keys").await.list("apiKeys").len();
    while client.get("/customers").await.status == 200 {
        let made = client.post("/api-keys", json!({ "name": "later" })).await;
        assert!(matches!(made.status, 401 | 403), "{made:?}");
    }
    assert_eq!(app.get("/api-keys").await.list("apiKeys").len(), before);
}

/// A list that the server still knows from another key's request needs the scope, too.
#[apply(each_store)]
async fn a_kept_list_needs_its_scope(store: Store) {
    let Some(app) = start(store).await else { return };
    let (_, client) = made(&app, json!({ "scopes": ["customers:read"] })).await;
    for path in ["/events", "/appointments"] {
        for _ in 0..10 {
            assert_eq!(app.get(path).await.status, 200);
            assert_eq!(client.get(path).await.status, 403);
        }
    }
}

/// Booking a customer that is brought along, and overriding the policies, need scopes of their own.
#[apply(each_store)]
async fn a_booking_needs_what_it_does(store: Store) {
    let Some(app) = start(store).await else { return };
    let customer = json!({ "name": "Dana", "email": "dana@example.com" });
    assert_eq!(app.post("/customers", customer.clone()).await.status, 201);
    let (_, client) = made(&app, json!({ "scopes": ["appointments:write"] })).await;
    let plain = json!({
        "customerEmail": "dana@example.com", "date": "2030-01-31", "time": "14:30", "serviceType": "lesson",
    });
    let lacks = |scope: &str| format!("The API key lacks the scope {scope}");
    for path in ["/appointments", "/appointments?dryRun=true"] {
        client
            .post(path, with(&plain, "customer", customer.clone()))
            .await
            .assert_error(403, "INSUFFICIENT_SCOPE", &lacks("customers:write"));
        client
            .post(path, with(&plain, "override", true))
            .await
            .assert_error(403, "INSUFFICIENT_SCOPE", &lacks("policies:override"));
    }
    let booked = client.post("/appointments", plain).await;
    let booked = booked.resource(201, "appointment");
    let path = format!("/appointments/{}", booked["id"].as_str().unwrap());
    client
        .patch(&path, json!({ "time": "15:30", "override": true }))
        .await
        .assert_error(403, "INSUFFICIENT_SCOPE", &lacks("policies:override"));
    let hold = json!({ "date": "2030-02-01", "time": "09:00", "serviceType": "lesson", "override": true });
    client
        .post("/holds", hold)
        .await
        .assert_error(403, "INSUFFICIENT_SCOPE", &lacks("policies:override"));
    assert_eq!(client.patch(&path, json!({ "time": "15:30" })).await.status, 200);
}
