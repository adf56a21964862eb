//! Rate limits.

use chatgrow_api::RateLimitSettings;
use chatgrow_domain::{AccountSlug, ApiKeyName, ApiKeyTerms, PlainApiKey};
use e2e::{Answer, TestApp, binary::eventually, settings};
use reqwest::Method;
use serde_json::json;
use std::{num::NonZeroU32, time::Duration};

const HOUR: Duration = Duration::from_secs(3600);

async fn limited(window: Duration, max_requests: u32, max_auth_failures: u32) -> TestApp {
    let mut settings = settings();
    settings.rate_limits = Some(RateLimitSettings {
        window,
        max_requests: NonZeroU32::new(max_requests).unwrap(),
        max_auth_failures: NonZeroU32::new(max_auth_failures).unwrap(),
    });
    TestApp::start_with(settings).await
}

async fn get_as(app: &TestApp, key: &str) -> Answer {
    let url = format!("{}/api/webhooks/customers", app.origin);
    Answer::to(app.client.get(url).header("X-API-Key", key)).await
}

/// The contents of the `RateLimit` field: the policy, the requests left, and the seconds until the quota is full again.
fn left(answer: &Answer) -> (String, u64, u64) {
    let field = answer.header("ratelimit").unwrap();
    let mut parts = field.split(';');
    let name = parts.next().unwrap().trim_matches('"').to_owned();
    let mut number = |prefix: &str| {
        let text = parts.next().unwrap().strip_prefix(prefix).unwrap();
        text.parse().unwrap()
    };
    (name, number("r="), number("t="))
}

fn retry_after(answer: &Answer) -> u64 {
    answer.header("retry-after").unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_key_has_its_quota_at_once_and_no_more() {
    let app = limited(HOUR, 3, 100).await;
    for remaining in [2, 1, 0] {
        let answer = app.get("/customers").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("ratelimit-policy"), Some("\"default\";q=3;w=3600"));
        let (name, left, until_whole) = left(&answer);
        assert_eq!((name.as_str(), left), ("default", remaining));
        assert_eq!(until_whole, 1200 * (3 - remaining));
    }
    for _ in 0..2 {
        let answer = app.get("/customers").await;
        answer.assert_error(429, "RATE_LIMITED", "Too many requests");
        assert!((1190..=1200).contains(&retry_after(&answer)), "{answer:?}");
        assert_eq!(answer.header("ratelimit-policy"), Some("\"default\";q=3;w=3600"));
        assert_eq!(left(&answer), ("default".to_owned(), 0, 3600));
    }
}

#[tokio::test]
async fn of_many_requests_at_once_exactly_the_quota_passes() {
    let app = limited(HOUR, 20, 100).await;
    let requests: Vec<_> = (0..50)
        .map(|_| tokio::spawn(Answer::to(app.request(Method::GET, "/customers"))))
        .collect();
    let mut statuses = Vec::new();
    for request in requests {
        statuses.push(request.await.unwrap().status);
    }
    let count = |status| statuses.iter().filter(|&&other| other == status).count();
    assert_eq!((count(200), count(429)), (20, 30));
}

#[tokio::test]
async fn a_refused_request_does_nothing() {
    let app = limited(HOUR, 1, 100).await;
    let body = json!({ "name": "Dana", "email": "dana@example.com" });
    assert_eq!(app.get("/customers").await.status, 200);
    app.post("/customers", body)
        .await
        .assert_error(429, "RATE_LIMITED", "Too many requests");
    let another_key = another_key(&app).await;
    assert_eq!(get_as(&app, &another_key).await.json["count"], 0);
}

async fn another_key(app: &TestApp) -> String {
    let keys = &app.application.access.api_keys;
    let terms = ApiKeyTerms::full(ApiKeyName::new("another").unwrap());
    let key = keys.create_for(&AccountSlug::default(), terms).await;
    key.unwrap().reveal().to_owned()
}

#[tokio::test]
async fn every_key_has_a_quota_of_its_own() {
    let app = limited(HOUR, 2, 100).await;
    let keys = [another_key(&app).await, app.new_account("another").await];
    for status in [200, 200, 429] {
        assert_eq!(app.get("/customers").await.status, status);
    }
    for key in keys {
        for (status, remaining) in [(200, 1), (200, 0), (429, 0)] {
            let answer = get_as(&app, &key).await;
            assert_eq!((answer.status, left(&answer).1), (status, remaining));
        }
    }
    assert_eq!(app.get("/customers").await.status, 429);
}

#[tokio::test]
async fn a_key_may_have_a_limit_of_its_own() {
    let app = limited(HOUR, 100, 100).await;
    let mut keys = Vec::new();
    for name in ["one", "other"] {
        let made = app
            .post("/api-keys", json!({ "name": name, "rateLimit": 2 }))
            .await;
        keys.push(made.resource(201, "apiKey")["key"].as_str().unwrap().to_owned());
    }
    for key in keys {
        for (status, remaining) in [(200, 1), (200, 0), (429, 0)] {
            let answer = get_as(&app, &key).await;
            assert_eq!((answer.status, left(&answer).1), (status, remaining));
            assert_eq!(answer.header("ratelimit-policy"), Some("\"default\";q=2;w=3600"));
        }
    }
    assert_eq!(
        left(&app.get("/customers").await).1,
        97,
        "the others have the server's"
    );
    let made = app
        .post("/api-keys", json!({ "name": "more", "rateLimit": 1000 }))
        .await;
    let more = made.resource(201, "apiKey")["key"].as_str().unwrap().to_owned();
    assert_eq!(
        left(&get_as(&app, &more).await).1,
        99,
        "a key can't lift the server's"
    );
}

/// Whoever uses a stolen key from elsewhere can't use up its owner's quota.
#[tokio::test]
async fn a_wrong_address_counts_as_a_failed_authentication() {
    // The first use of each of the two keys counts as a failure by itself.
    let app = limited(HOUR, 100, 4).await;
    let body = json!({ "name": "elsewhere", "allowedAddresses": ["192.0.2.1"] });
    let made = app.post("/api-keys", body).await;
    let key = made.resource(201, "apiKey")["key"].as_str().unwrap();
    for status in [403, 403, 429] {
        let answer = get_as(&app, key).await;
        assert_eq!(
            (answer.status, left(&answer).0.as_str()),
            (status, "authentication-failures")
        );
    }
    assert_eq!(app.get("/customers").await.status, 200);
}

#[tokio::test]
async fn every_answer_tells_what_is_left() {
    let app = limited(HOUR, 100, 100).await;
    let customer = json!({ "name": "Dana", "email": "dana@example.com" });
    let request = |method, path: &str| app.request(method, path);
    let requests = [
        (201, request(Method::POST, "/customers").json(&customer)),
        (409, request(Method::POST, "/customers").json(&customer)),
        (400, request(Method::POST, "/customers").json(&json!({}))),
        (400, request(Method::POST, "/customers").body("{")),
        (
            415,
            request(Method::POST, "/customers").header("content-type", "text/plain"),
        ),
        (413, request(Method::POST, "/customers").body(" ".repeat(300_000))),
        (404, request(Method::GET, "/customers/nobody@example.com")),
        (404, request(Method::GET, "/nowhere")),
        (405, request(Method::DELETE, "/customers")),
        (405, request(Method::OPTIONS, "/customers")),
        (200, request(Method::HEAD, "/customers")),
    ];
    for (remaining, (status, request)) in (0..100).rev().zip(requests) {
        let answer = Answer::to(request).await;
        assert_eq!(answer.status, status, "{answer:?}");
        assert_eq!(
            answer.header("ratelimit-policy"),
            Some("\"default\";q=100;w=3600")
        );
        assert_eq!(left(&answer).1, remaining, "{answer:?}");
    }
}

#[tokio::test]
async fn what_needs_no_key_is_not_limited() {
    let app = limited(HOUR, 1, 1).await;
    for _ in 0..3 {
        for path in ["/health/live", "/health/ready", "/api-docs/", "/nowhere"] {
            let answer = Answer::to(app.client.get(format!("{}{path}", app.origin))).await;
            assert!([200, 404].contains(&answer.status), "{answer:?}");
            assert_eq!(answer.header("ratelimit"), None);
        }
    }
    assert_eq!(app.get("/customers").await.status, 200);
}

#[tokio::test]
async fn waiting_gives_the_quota_back() {
    let app = limited(Duration::from_millis(800), 2, 100).await;
    eventually("the quota is used up", async || {
        let answer = app.get("/customers").await;
        (answer.status == 429).then(|| assert_eq!(retry_after(&answer), 1))
    })
    .await;
    eventually("a request comes back", async || {
        (app.get("/customers").await.status == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn who_waits_as_long_as_told_is_let_in() {
    let app = limited(Duration::from_secs(4), 1, 100).await;
    assert_eq!(app.get("/customers").await.status, 200);
    let refused = app.get("/customers").await;
    refused.assert_error(429, "RATE_LIMITED", "Too many requests");
    // This wait can't be polled: the test is about not asking earlier.
    tokio::time::sleep(Duration::from_secs(retry_after(&refused))).await;
    assert_eq!(app.get("/customers").await.status, 200);
}

#[tokio::test]
async fn failed_authentications_are_limited_by_address() {
    let app = limited(HOUR, 100, 4).await;
    // The first use of a key counts too, because the server can't know that it is valid before the look-up.
    assert_eq!(app.get("/customers").await.status, 200);
    let policy = Some("\"authentication-failures\";q=4;w=3600");
    // Missing, malformed and unknown keys all count.
    let unknown = PlainApiKey::from_random([7; 32]);
    let unknown = unknown.reveal();
    for (key, remaining) in [("", 2), ("guess", 1), (unknown, 0)] {
        let answer = get_as(&app, key).await;
        assert_eq!(answer.status, 401);
        assert_eq!(
            answer.text,
            r#"{"success":false,"message":"Invalid API Key","error":"Authentication failed"}"#
        );
        assert_eq!(answer.header("ratelimit-policy"), policy);
        let (name, left, _) = left(&answer);
        assert_eq!((name.as_str(), left), ("authentication-failures", remaining));
    }
    for key in ["", "guess", unknown] {
        let answer = get_as(&app, key).await;
        answer.assert_error(429, "RATE_LIMITED", "Too many requests");
        assert!((890..=900).contains(&retry_after(&answer)), "{answer:?}");
        assert_eq!(answer.header("ratelimit-policy"), policy);
        assert_eq!(left(&answer).1, 0);
    }
    // A valid key from the same address is not delayed, and has its own quota.
    let answer = app.get("/customers").await;
    assert_eq!(answer.status, 200);
    assert_eq!(left(&answer), ("default".to_owned(), 98, 72));
}

/// Beyond the limit, only keys that the server knows already are looked up, so that guesses don't keep the store busy.
#[tokio::test]
async fn beyond_the_limit_of_failures_nothing_is_looked_up() {
    let app = limited(HOUR, 100, 3).await;
    assert_eq!(app.get("/customers").await.status, 200);
    let guess = |number: u8| PlainApiKey::from_random([number; 32]);
    for (number, status) in [(1, 401), (2, 401), (3, 429)] {
        assert_eq!(get_as(&app, guess(number).reveal()).await.status, status);
    }
    let looked_up = || app.application.access.authentication.keys_met().looked_up;
    let before = looked_up();
    for number in 4..100 {
        assert_eq!(get_as(&app, guess(number).reveal()).await.status, 429);
    }
    assert_eq!(looked_up(), before);
    // A valid key that is new to the server is told to come back too; a known key is served.
    let new = another_key(&app).await;
    assert_eq!(get_as(&app, &new).await.status, 429);
    assert_eq!(app.get("/customers").await.status, 200);
}

/// A key that was valid a moment ago is looked up again, whatever other clients at its address do.
#[tokio::test]
async fn beyond_the_limit_of_failures_a_known_key_is_looked_up_again() {
    let app = limited(HOUR, 100_000, 1).await;
    assert_eq!(app.get("/customers").await.status, 200);
    assert_eq!(get_as(&app, "guess").await.status, 429);
    let looked_up = || app.application.access.authentication.keys_met().looked_up;
    let before = looked_up();
    eventually("the key is looked up again", async || {
        assert_eq!(app.get("/customers").await.status, 200);
        (looked_up() > before).then_some(())
    })
    .await;
}

#[tokio::test]
async fn requests_of_a_valid_key_are_no_failures() {
    // The first use of a key counts, because the server can't know that it is valid before the look-up.
    let app = limited(HOUR, 100, 2).await;
    for _ in 0..5 {
        assert_eq!(app.get("/customers").await.status, 200);
        assert_eq!(app.get("/nowhere").await.status, 404);
    }
    let key = "guess";
    assert_eq!(get_as(&app, key).await.status, 401);
    assert_eq!(get_as(&app, key).await.status, 429);
}

#[tokio::test]
async fn a_forwarded_address_changes_nothing() {
    let app = limited(HOUR, 100, 1).await;
    for (address, status) in [("192.0.2.1", 401), ("192.0.2.2", 429), ("192.0.2.3", 429)] {
        let request = app
            .client
            .get(format!("{}/api/webhooks/customers", app.origin))
            .header("X-Forwarded-For", address)
            .header("Forwarded", format!("for={address}"));
        assert_eq!(Answer::to(request).await.status, status);
    }
}

#[tokio::test]
async fn switched_off_there_are_no_limits_and_no_fields() {
    let app = TestApp::start().await;
    for _ in 0..20 {
        let answers = [
            app.get("/customers").await,
            app.get("/nowhere").await,
            get_as(&app, "guess").await,
        ];
        for (answer, status) in answers.iter().zip([200, 404, 401]) {
            assert_eq!(answer.status, status);
            for field in ["ratelimit", "ratelimit-policy", "retry-after"] {
                assert_eq!(answer.header(field), None);
            }
        }
    }
}
