//! Webhooks: what is sent, signed, tried again and given up. The dispatcher's part is done by the tests themselves.

use super::{each_store, start};
use e2e::{
    ApiClient, Store, TestApp,
    binary::eventually,
    race,
    receiver::{Hook, Reaction, Receiver},
    with,
};
use reqwest::{
    Method,
    header::{HeaderMap, HeaderValue},
};
use rstest_reuse::apply;
use serde_json::{Value, json};
use standardwebhooks::Webhook;

/// An endpoint of a test.
struct Endpoint {
    path: String,
    secret: String,
}

async fn endpoint(app: &ApiClient, body: Value) -> Endpoint {
    let answer = app.post("/webhook-endpoints", body).await;
    let made = answer.resource(201, "webhookEndpoint");
    Endpoint {
        path: format!("/webhook-endpoints/{}", made["id"].as_str().unwrap()),
        secret: made["secret"].as_str().unwrap().to_owned(),
    }
}

/// Awaits so many webhooks at a path of the receiver.
async fn received(app: &TestApp, receiver: &Receiver, path: &str, count: usize) -> Vec<Hook> {
    let what = format!("{count} webhooks at {path}");
    let hooks = app
        .deliver_until(&what, || {
            Some(receiver.hooks(path)).filter(|hooks| hooks.len() >= count)
        })
        .await;
    let told: Vec<_> = hooks.iter().map(|hook| (hook.kind(), &hook.id)).collect();
    assert_eq!(told.len(), count, "{told:?}");
    hooks
}

/// The endpoint's deliveries, newest first: the status of each, and how often it was tried.
async fn deliveries(app: &ApiClient, endpoint: &Endpoint) -> Vec<(String, u64)> {
    let answer = app.get(&format!("{}/deliveries", endpoint.path)).await;
    let deliveries = answer.json["deliveries"].as_array().unwrap();
    deliveries
        .iter()
        .map(|delivery| {
            let attempts = delivery["attempts"].as_u64().unwrap();
            (delivery["status"].as_str().unwrap().to_owned(), attempts)
        })
        .collect()
}

/// Delivers until the endpoint's deliveries stand so.
async fn delivered(app: &TestApp, endpoint: &Endpoint, expected: &[(&str, u64)]) {
    let expected: Vec<_> = expected
        .iter()
        .map(|(status, attempts)| ((*status).to_owned(), *attempts))
        .collect();
    let mut last = Vec::new();
    for _ in 0..500 {
        app.deliver().await;
        last = deliveries(app, endpoint).await;
        if last == expected {
            return;
        }
    }
    panic!("{last:?} instead of {expected:?}");
}

fn verifies(hook: &Hook, secret: &str) -> bool {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("webhook-id", &hook.id),
        ("webhook-timestamp", &hook.timestamp),
        ("webhook-signature", &hook.signature),
    ] {
        headers.insert(name, HeaderValue::from_str(value).unwrap());
    }
    Webhook::new(secret).unwrap().verify(&hook.raw, &headers).is_ok()
}

#[apply(each_store)]
async fn a_change_is_sent_signed_and_noted(#[case] store: Store) {
    let Some(app) = start(store).await else { return };
    let receiver = Receiver::start();
    let hook = json!({ "url": receiver.url("/hook"), "types": ["customer.*"], "description": "CRM" });
    let made = endpoint(&app, hook).await;
    let shown = app.get(&made.path).await;
    let shown = shown.resource(200, "webhookEndpoint");
    assert_eq!(
        (
            &shown["secret"],
            &shown["description"],
            &shown["active"],
            &shown["ordered"]
        ),
        (&Value::Null, &"CRM".into(), &true.into(), &false.into())
    );

    let customer = app.customer("dana@example.com").await;
    app.event(None).await;
    let [hook] = &received(&app, &receiver, "/hook", 1).await[..] else {
        unreachable!()
    };
    assert!(verifies(hook, &made.secret), "{hook:?}");
    assert!(hook.id.starts_with("chg_"), "{hook:?}");
    assert_eq!(
        (hook.kind(), &hook.body["data"]["object"]),
        ("customer.created", &customer)
    );

    delivered(&app, &made, &[("succeeded", 1)]).await;
    let list = app.get(&format!("{}/deliveries", made.path)).await;
    let delivery = &list.json["deliveries"][0];
    assert_eq!(delivery["changeId"], *hook.id);
    assert_eq!(delivery["lastAttempt"]["status"], 204);
    // What a receiver inside of the operator's network answers is not kept.
    assert_eq!(delivery["lastAttempt"]["answer"], Value::Null);
}

#[apply(each_store)]
async fn for_a_day_two_secrets_count(#[case] store: Store) {
    let Some(app) = start(store).await else { return };
    let receiver = Receiver::start();
    let made = endpoint(
        &app,
        json!({ "url": receiver.url("/hook"), "types": ["customer.*"] }),
    )
    .await;
    let rotated = app.post(&format!("{}/rotate-secret", made.path), json!({})).await;
    let rotated = rotated.resource(200, "webhookEndpoint");
    let secret = rotated["secret"].as_str().unwrap();
    assert_ne!(secret, made.secret);
    assert!(rotated["previousSecretUntil"].is_string(), "{rotated}");

    app.customer("dana@example.com").await;
    let [hook] = &received(&app, &receiver, "/hook", 1).await[..] else {
        unreachable!()
    };
    assert!(verifies(hook, secret) && verifies(hook, &made.secret), "{hook:?}");
}

#[apply(each_store)]
async fn what_fails_is_tried_again_and_keeps_nothing_up(#[case] store: Store) {
    let Some(app) = start(store).await else { return };
    let receiver = Receiver::start();
    receiver.react("/hook", Reaction::Status(500));
    let made = endpoint(
        &app,
        json!({ "url": receiver.url("/hook"), "types": ["customer.created"] }),
    )
    .await;
    app.customer("one@example.com").await;
    delivered(&app, &made, &[("pending", 1)]).await;
    receiver.react("/hook", Reaction::Status(200));
    app.customer("two@example.com").await;
    delivered(&app, &made, &[("succeeded", 1), ("pending", 1)]).await;

    let list = app
        .get(&format!("{}/deliveries?status=pending&limit=1", made.path))
        .await;
    let [failed] = &list.json["deliveries"].as_array().unwrap()[..] else {
        panic!("{list:?}")
    };
    assert_eq!(
        (
            &failed["lastAttempt"]["status"],
            &failed["lastAttempt"]["succeeded"]
        ),
        (&500.into(), &false.into())
    );
    assert!(failed["nextAt"].is_string(), "{failed}");
    let change = failed["changeId"].as_str().unwrap();
    let retried = app
        .post(&format!("{}/deliveries/{change}/retry", made.path), json!({}))
        .await;
    assert_eq!(
        (retried.status, &retried.json["delivery"]["status"]),
        (200, &"pending".into())
    );
    delivered(&app, &made, &[("succeeded", 1), ("succeeded", 2)]).await;
    // All tries of one change have the same id, and signatures of their own time.
    let hooks = receiver.hooks("/hook");
    assert_eq!(hooks.len(), 3);
    assert_eq!((&hooks[0].id, &hooks[0].raw), (&hooks[2].id, &hooks[2].raw));
    assert!(hooks.iter().all(|hook| verifies(hook, &made.secret)));

    for unknown in ["chg_000000000000000000000000", "nonsense"] {
        let path = format!("{}/deliveries/{unknown}/retry", made.path);
        app.post(&path, json!({}))
            .await
            .assert_error(404, "NOT_FOUND", "Delivery not found");
    }
}

#[apply(each_store)]
async fn an_ordered_endpoint_waits_for_each_change(#[case] store: Store) {
    let Some(app) = start(store).await else { return };
    let receiver = Receiver::start();
    receiver.react("/hook", Reaction::Status(500));
    let hook = json!({ "url": receiver.url("/hook"), "types": ["customer.created"], "ordered": true });
    let made = endpoint(&app, hook).await;
    let skip = format!("{}/skip", made.path);
    let nothing = "The webhook endpoint waits for no change";
    app.post(&skip, json!({}))
        .await
        .assert_error(409, "NOTHING_TO_SKIP", nothing);
    for name in ["one", "two", "three"] {
        app.customer(&format!("{name}@example.com")).await;
    }
    delivered(&app, &made, &[("pending", 1)]).await;
    app.deliver().await;
    assert_eq!(receiver.hooks("/hook").len(), 1, "the second waits for the first");

    let skipped = app.post(&skip, json!({})).await;
    assert_eq!(
        (skipped.status, &skipped.json["delivery"]["status"]),
        (200, &"skipped".into())
    );
    delivered(&app, &made, &[("pending", 1), ("skipped", 1)]).await;
    receiver.react("/hook", Reaction::Status(200));
    let second = receiver.hooks("/hook")[1].id.clone();
    app.post(&format!("{}/deliveries/{second}/retry", made.path), json!({}))
        .await;
    delivered(&app, &made, &[("succeeded", 1), ("succeeded", 2), ("skipped", 1)]).await;
    let emails: Vec<_> = receiver
        .hooks("/hook")
        .iter()
        .map(|hook| hook.body["data"]["object"]["email"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        emails,
        ["one", "two", "two", "three"].map(|name| format!("{name}@example.com"))
    );
}

#[apply(each_store)]
async fn who_answers_410_is_called_no_more_until_its_owner_says_so(#[case] store: Store) {
    let Some(app) = start(store).await else { return };
    let receiver = Receiver::start();
    receiver.react("/gone", Reaction::Status(410));
    let made = endpoint(
        &app,
        json!({ "url": receiver.url("/gone"), "types": ["customer.created"] }),
    )
    .await;
    let watcher = json!({ "url": receiver.url("/watch"), "types": ["webhook_endpoint.disabled"] });
    endpoint(&app, watcher).await;
    app.customer("one@example.com").await;
    let [told] = &received(&app, &receiver, "/watch", 1).await[..] else {
        unreachable!()
    };
    assert_eq!(told.body["actor"]["type"], "system");
    let disabled = app.get(&made.path).await;
    let disabled = disabled.resource(200, "webhookEndpoint");
    assert_eq!(
        (&disabled["active"], &disabled["disabled"]),
        (&false.into(), &"gone".into())
    );
    app.customer("two@example.com").await;
    app.deliver().await;
    assert_eq!(receiver.hooks("/gone").len(), 1);

    receiver.react("/gone", Reaction::Status(200));
    let again = app.patch(&made.path, json!({ "active": true })).await;
    let again = again.resource(200, "webhookEndpoint");
    assert_eq!(
        (&again["disabled"], &again["continuesWith"]),
        (&Value::Null, &"where_it_stopped".into())
    );
    let unchanged = app.patch(&made.path, json!({ "active": true })).await;
    assert_eq!(
        unchanged.resource(200, "webhookEndpoint")["continuesWith"],
        Value::Null
    );
    let hooks = received(&app, &receiver, "/gone", 2).await;
    assert_eq!(
        hooks[1].body["data"]["object"]["email"], "two@example.com",
        "it goes on where it stopped"
    );
}

#[apply(each_store)]
async fn an_endpoint_that_slept_too_long_says_so(#[case] store: Store) {
    let Some(app) = start(store).await else { return };
    let receiver = Receiver::start();
    let hook = json!({ "url": receiver.url("/hook"), "types": ["customer.created"], "active": false });
    let made = endpoint(&app, hook).await;
    app.customer("swept@example.com").await;
    let told = async || app.get("/changes?types=customer.created").await.json["changes"] != json!([]);
    // On PostgreSQL, a transaction of another test holds the horizon back for a moment: a change is neither told nor swept before.
    eventually("the change is told", async || told().await.then_some(())).await;
    eventually("the change is swept", async || {
        app.application.delivery.feed.sweep(-60_000).await.unwrap();
        (!told().await).then_some(())
    })
    .await;
    app.customer("kept@example.com").await;
    let on = app.patch(&made.path, json!({ "active": true })).await;
    assert_eq!(
        on.resource(200, "webhookEndpoint")["continuesWith"],
        "oldest_kept"
    );
    let hooks = received(&app, &receiver, "/hook", 1).await;
    assert_eq!(hooks[0].body["data"]["object"]["email"], "kept@example.com");
}

#[apply(each_store)]
async fn changes_are_replayed(#[case] store: Store) {
    let Some(app) = start(store).await else { return };
    let receiver = Receiver::start();
    app.customer("before@example.com").await;
    let hook = json!({ "url": receiver.url("/hook"), "types": ["customer.created"] });
    let made = endpoint(&app, hook).await;
    app.customer("after@example.com").await;
    let ids_of = |email: &str| {
        let hooks = receiver.hooks("/hook").into_iter();
        let hooks = hooks.filter(|hook| hook.body["data"]["object"]["email"] == *email);
        hooks.map(|hook| hook.id).collect::<Vec<_>>()
    };
    let both = || Some(()).filter(|()| !ids_of("after@example.com").is_empty());
    app.deliver_until("what was made after the endpoint", both).await;

    let replay = format!("{}/replay", made.path);
    let replayed = app
        .post(&replay, json!({ "since": "2020-01-01T00:00:00Z" }))
        .await;
    replayed.assert_done("The changes are being sent again");
    let again = || Some(ids_of("after@example.com")).filter(|ids| ids.len() == 2);
    let ids = app.deliver_until("everything again", again).await;
    assert_eq!(ids[0], ids[1]);
    assert_ne!(ids_of("before@example.com"), Vec::<String>::new());
    app.post(&replay, json!({})).await.assert_invalid(&["since"]);
}

#[apply(each_store)]
async fn an_endpoint_is_told_what_its_creator_may_read(#[case] store: Store) {
    let Some(app) = start(store).await else { return };
    let receiver = Receiver::start();
    let key = json!({ "name": "events", "scopes": ["webhooks:write", "events:read"] });
    let key = app.post("/api-keys", key).await.json["apiKey"]["key"]
        .as_str()
        .unwrap()
        .to_owned();
    endpoint(
        &app.with_key(key),
        json!({ "url": receiver.url("/hook"), "types": ["customer.*", "event.*"] }),
    )
    .await;
    app.customer("dana@example.com").await;
    app.event(None).await;
    let hooks = received(&app, &receiver, "/hook", 1).await;
    assert_eq!(hooks[0].kind(), "event.created");
}

#[apply(each_store)]
async fn nobody_turns_the_webhooks_of_a_stronger_key_to_another_receiver(#[case] store: Store) {
    let Some(app) = start(store).await else { return };
    let made = endpoint(&app, json!({ "url": "https://example.com/hook" })).await;
    let key = json!({ "name": "events", "scopes": ["webhooks:write", "events:read"] });
    let key = app.post("/api-keys", key).await.json["apiKey"]["key"]
        .as_str()
        .unwrap()
        .to_owned();
    let weaker = app.with_key(key);
    let turned = json!({ "url": "https://example.org/hook" });
    let rotation = format!("{}/rotate-secret", made.path);
    for refused in [
        weaker.patch(&made.path, turned).await,
        weaker.post(&rotation, json!({})).await,
    ] {
        assert_eq!(
            (refused.status, &refused.json["error"]),
            (403, &"INSUFFICIENT_SCOPE".into()),
            "{refused:?}"
        );
    }
    let shown = weaker.get(&made.path).await;
    assert_eq!(
        shown.resource(200, "webhookEndpoint")["url"],
        "https://example.com/hook"
    );
}

#[apply(each_store)]
async fn an_account_has_fifty_endpoints(#[case] store: Store) {
    let Some(app) = start(store).await else { return };
    let body = json!({ "url": "https://example.com/hook" });
    let creations = (0..60).map(|_| app.request(Method::POST, "/webhook-endpoints").json(&body));
    let answers = race(creations).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 50);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        let message = "An account can have 50 webhook endpoints";
        answer.assert_error(409, "TOO_MANY_WEBHOOK_ENDPOINTS", message);
    }
    let list = app.get("/webhook-endpoints").await;
    assert_eq!((list.status, &list.json["count"]), (200, &50.into()));
    let id = list.json["webhookEndpoints"][7]["id"].as_str().unwrap();
    app.delete(&format!("/webhook-endpoints/{id}"))
        .await
        .assert_done("Webhook endpoint removed successfully");
    endpoint(&app, body).await;
}

#[apply(each_store)]
async fn bad_endpoints_are_refused(#[case] store: Store) {
    let Some(app) = start(store).await else { return };
    let good = json!({ "url": "https://example.com/hook", "types": ["*"] });
    let urls = [
        "",
        "example.com",
        "ftp://example.com",
        "https://",
        "https://user@example.com",
        "https://u:p@example.com",
        "https://example.com/#part",
        "https://10.0.0.1",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::a00:1]/",
        "https://0x0a000001/",
        "https://169.254.169.254/latest",
        "https://0/",
    ];
    let path = "/webhook-endpoints";
    app.assert_refused(Method::POST, path, &good, "url", urls.map(Value::from))
        .await;
    let types = [
        json!([]),
        json!(["nope"]),
        json!(["customer"]),
        json!(["customer.nope"]),
        json!("*"),
        json!([1]),
    ];
    for bad in types {
        let answer = app.post(path, with(&good, "types", bad)).await;
        assert_eq!(
            (answer.status, answer.bad_fields()[0].split('[').next()),
            (400, Some("types")),
            "{answer:?}"
        );
    }
    for (field, bad) in [
        ("active", json!(1)),
        ("ordered", json!("yes")),
        ("description", json!("x".repeat(201))),
    ] {
        app.post(path, with(&good, field, bad))
            .await
            .assert_invalid(&[field]);
    }
    let made = endpoint(&app, good).await;
    app.patch(&made.path, json!({ "url": "https://10.0.0.1" }))
        .await
        .assert_invalid(&["url"]);
    let other = app.with_key(app.new_account("other").await);
    for theirs in [other.get(&made.path).await, other.delete(&made.path).await] {
        theirs.assert_error(404, "NOT_FOUND", "Webhook endpoint not found");
    }
}

#[apply(each_store)]
async fn a_test_tells_what_came_of_it(#[case] store: Store) {
    let Some(app) = start(store).await else { return };
    let receiver = Receiver::start();
    receiver.react("/hook", Reaction::Status(302));
    let made = endpoint(&app, json!({ "url": receiver.url("/hook"), "active": false })).await;
    let test = format!("{}/test", made.path);
    let answer = app.post(&test, json!({})).await;
    let attempt = &answer.json["attempt"];
    assert_eq!(
        (answer.status, &attempt["succeeded"], &attempt["status"]),
        (200, &false.into(), &302.into())
    );
    let [hook] = &receiver.hooks("/hook")[..] else {
        panic!("it was not sent")
    };
    assert!(
        verifies(hook, &made.secret) && hook.kind() == "webhook_endpoint.test",
        "{hook:?}"
    );
    for _ in 0..5 {
        assert_eq!(app.post(&test, json!({})).await.status, 200);
    }
    let refused = app.post(&test, json!({})).await;
    assert_eq!(
        (refused.status, refused.header("retry-after")),
        (429, Some("60")),
        "{refused:?}"
    );
    assert_eq!(deliveries(&app, &made).await, []);
}
