//! What all answers have in common: request ids, headers, methods, paths, CORS, time-outs.

use e2e::{Answer, TestApp, binary::Connection, settings};
use reqwest::Method;
use serde_json::json;
use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

/// One answer of every kind that a short request can get: with and without a key, from the API and elsewhere.
async fn answers_of_every_kind(app: &TestApp) -> Vec<Answer> {
    let bare = |method: Method, path: &str| app.client.request(method, format!("{}{path}", app.origin));
    vec![
        app.get("/customers").await,
        app.post(
            "/customers",
            json!({ "name": "Dana", "email": "dana@example.com" }),
        )
        .await,
        app.post(
            "/customers",
            json!({ "name": "Dana", "email": "dana@example.com" }),
        )
        .await,
        app.post("/customers", json!({})).await,
        app.get("/customers/nobody@example.com").await,
        app.get("/nowhere").await,
        app.delete("/customers").await,
        Answer::to(
            app.request(Method::POST, "/customers")
                .header("content-type", "text/plain")
                .body("{}"),
        )
        .await,
        Answer::to(app.request(Method::POST, "/customers").body(" ".repeat(300_000))).await,
        Answer::to(bare(Method::GET, "/api/webhooks/customers")).await,
        Answer::to(bare(Method::OPTIONS, "/api/webhooks/customers")).await,
        Answer::to(bare(Method::GET, "/nowhere")).await,
        Answer::to(bare(Method::GET, "/health/live")).await,
        Answer::to(bare(Method::GET, "/health/ready")).await,
        Answer::to(bare(Method::POST, "/health/ready")).await,
        Answer::to(bare(Method::GET, "/api-docs/")).await,
        Answer::to(bare(Method::GET, "/api-docs/openapi.json")).await,
        Answer::to(bare(Method::GET, "/api-docs/nothing")).await,
    ]
}

fn is_sane(id: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte);
    (1..=128).contains(&id.len()) && id.bytes().all(allowed)
}

#[tokio::test]
async fn every_answer_has_a_request_id_of_its_own_and_errors_repeat_it() {
    let app = TestApp::start().await;
    let mut ids = BTreeSet::new();
    for answer in answers_of_every_kind(&app).await {
        let id = answer.header("x-request-id").unwrap();
        assert!(is_sane(id), "{answer:?}");
        assert!(ids.insert(id.to_owned()), "{answer:?}");
        if answer.status >= 400 && answer.status != 401 {
            assert_eq!(answer.json["requestId"], id, "{answer:?}");
        }
    }
}

#[tokio::test]
async fn a_sane_request_id_is_the_callers_own() {
    let app = TestApp::start().await;
    let longest = "x".repeat(128);
    for id in [
        "1",
        "4bf92f35-77b3-4da6-a3ce-929d0e0e4736",
        "A.b_c:d-9",
        longest.as_str(),
    ] {
        let answer = Answer::to(
            app.request(Method::GET, "/customers/nobody@example.com")
                .header("X-Request-Id", id),
        )
        .await;
        assert_eq!(answer.header("x-request-id"), Some(id));
        answer.assert_error(404, "NOT_FOUND", "Customer not found");
    }
}

#[tokio::test]
async fn another_request_id_is_replaced() {
    let app = TestApp::start().await;
    let too_long = "x".repeat(129);
    for id in [
        "",
        "two words",
        "a/b",
        "a,b",
        "<script>",
        "\"quoted\"",
        "שלום",
        "café",
        too_long.as_str(),
    ] {
        let request = app
            .request(Method::GET, "/nowhere")
            .header("X-Request-Id", id.as_bytes());
        let answer = Answer::to(request).await;
        let replaced = answer.header("x-request-id").unwrap();
        assert!(replaced != id && is_sane(replaced), "{id}: {answer:?}");
        answer.assert_error(404, "NOT_FOUND", "Path not found");
    }
    // Bytes that are not text.
    let mut connection = Connection::to(&app.origin).await;
    connection
        .send(b"GET /nowhere HTTP/1.1\r\nHost: x\r\nX-Request-Id: \xff\xfe\r\n\r\n")
        .await;
    let answer = connection.answer(true).await;
    answer.assert_error(404, "NOT_FOUND", "Path not found");
    assert!(is_sane(answer.header("x-request-id").unwrap()));
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let app = TestApp::start().await;
    for answer in answers_of_every_kind(&app).await {
        assert_eq!(
            answer.header("x-content-type-options"),
            Some("nosniff"),
            "{answer:?}"
        );
        assert_eq!(
            answer.header("referrer-policy"),
            Some("no-referrer"),
            "{answer:?}"
        );
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src '"), "{answer:?}");
        assert!(policy.contains("frame-ancestors 'none'"), "{answer:?}");
        assert!(!policy.contains("unsafe-eval"), "{answer:?}");
    }
}

#[tokio::test]
async fn answers_of_the_api_are_not_cached_and_run_nothing() {
    let app = TestApp::start().await;
    for path in ["/customers", "/customers/nobody@example.com", "/nowhere"] {
        let answer = app.get(path).await;
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(
            answer.header("content-security-policy"),
            Some("default-src 'none'; frame-ancestors 'none'")
        );
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
}

#[tokio::test]
async fn head_answers_like_get_without_the_body() {
    let app = TestApp::start().await;
    app.post(
        "/customers",
        json!({ "name": "Dana", "email": "dana@example.com" }),
    )
    .await;
    let mut connection = Connection::to(&app.origin).await;
    for path in [
        "/api/webhooks/customers",
        "/api/webhooks/customers/dana@example.com",
        "/api/webhooks/customers/nobody@example.com",
        "/api/webhooks/appointments",
        "/api/webhooks/events",
        "/api/webhooks/nowhere",
        "/health/live",
        "/health/ready",
        "/api-docs/",
        "/api-docs/openapi.json",
        "/api-docs",
    ] {
        let rest = format!(
            "{path} HTTP/1.1\r\nHost: x\r\nX-API-Key: {}\r\nX-Request-Id: same\r\n\r\n",
            app.key
        );
        connection.send(format!("GET {rest}")).await;
        let get = connection.answer(true).await;
        // On the same connection, so that a body after the head would be read as the next answer.
        connection.send(format!("HEAD {rest}")).await;
        let head = connection.answer(false).await;
        assert_eq!(head.status, get.status, "{path}");
        for (name, value) in &get.headers {
            if name != "date" {
                assert_eq!(head.headers.get(name), Some(value), "{path} {name}");
            }
        }
    }
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let app = TestApp::start().await;
    let id = "0123456789abcdef01234567";
    let registrations = format!("/api/webhooks/events/{id}/registrations");
    for (path, allowed) in [
        ("/api/webhooks/customers".to_owned(), "GET POST"),
        (
            "/api/webhooks/customers/dana@example.com".to_owned(),
            "GET PATCH PUT",
        ),
        ("/api/webhooks/appointments".to_owned(), "GET POST"),
        (format!("/api/webhooks/appointments/{id}"), "DELETE GET PATCH"),
        ("/api/webhooks/events".to_owned(), "GET POST"),
        (format!("/api/webhooks/events/{id}"), "GET PATCH"),
        (registrations.clone(), "GET POST"),
        (format!("{registrations}/{id}"), "DELETE GET"),
        ("/health/live".to_owned(), "GET"),
        ("/health/ready".to_owned(), "GET"),
        ("/api-docs/openapi.json".to_owned(), "GET"),
        ("/api-docs/index.html".to_owned(), "GET"),
    ] {
        let allowed: BTreeSet<_> = allowed.split(' ').collect();
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"] {
            if allowed.contains(method) {
                continue;
            }
            let request = app
                .client
                .request(method.parse().unwrap(), format!("{}{path}", app.origin))
                .header("X-API-Key", &app.key);
            let answer = Answer::to(request).await;
            answer.assert_error(405, "METHOD_NOT_ALLOWED", "Method not allowed");
            let told: BTreeSet<_> = answer.header("allow").unwrap().split(", ").collect();
            // HEAD is allowed wherever GET is.
            assert_eq!(&told - &BTreeSet::from(["HEAD"]), allowed, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn an_unknown_path_outside_the_api_is_404_without_a_key() {
    let app = TestApp::start().await;
    for path in [
        "/nowhere",
        "/api",
        "/api/",
        "/api/webhooksx",
        "/api/webhook/customers",
        "/health",
        "/health/",
        "/health/live/x",
        "/%ff",
        "/.env",
        "/chatgrow.db",
    ] {
        for method in [Method::GET, Method::POST, Method::DELETE] {
            let answer = Answer::to(app.client.request(method, format!("{}{path}", app.origin))).await;
            answer.assert_error(404, "NOT_FOUND", "Path not found");
        }
    }
}

#[tokio::test]
async fn an_unknown_path_of_the_api_is_404_with_a_key_and_401_without() {
    let app = TestApp::start().await;
    for path in [
        "",
        "/",
        "/nowhere",
        "/customers/",
        "/Customers",
        "/customers/a@example.com/x",
        "/events/1/registrations/2/3",
        "/%ff",
        "/customers/%ff",
    ] {
        for method in [Method::GET, Method::DELETE] {
            let answer = Answer::to(app.request(method.clone(), path)).await;
            if path == "/customers/%ff" && method == Method::DELETE {
                answer.assert_error(405, "METHOD_NOT_ALLOWED", "Method not allowed");
            } else {
                assert_eq!(answer.status, 404, "{method} {path}: {answer:?}");
                assert_eq!(answer.json["error"], "NOT_FOUND");
                assert_eq!(answer.json["requestId"], answer.header("x-request-id").unwrap());
            }

            let url = format!("{}/api/webhooks{path}", app.origin);
            let answer = Answer::to(app.client.request(method, url)).await;
            assert_eq!(answer.status, 401, "{path}: {answer:?}");
            assert_eq!(
                answer.json,
                json!({ "success": false, "message": "Invalid API Key", "error": "Authentication failed" })
            );
        }
    }
}

#[tokio::test]
async fn health_is_told_without_a_key() {
    let app = TestApp::start().await;
    for path in ["/health/live", "/health/ready"] {
        let answer = Answer::to(app.client.get(format!("{}{path}", app.origin))).await;
        assert_eq!(
            (answer.status, &answer.json["status"]),
            (200, &json!("ok")),
            "{path}"
        );
        // Readiness tells the version of the time zone database, such as 2025b.
        let version = answer.json["timeZones"].as_str().unwrap_or_default();
        let year = version.trim_end_matches(|letter: char| letter.is_ascii_lowercase());
        assert_eq!(year.parse::<u16>().is_ok(), path == "/health/ready", "{answer:?}");
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
}

async fn with_origins(origins: &[&str]) -> TestApp {
    let mut settings = settings();
    settings.cors_allowed_origins = origins.iter().map(|&origin| origin.to_owned()).collect();
    TestApp::start_with(settings).await
}

/// The answer to a page of that origin that reads the customers.
async fn read_from(app: &TestApp, origin: &str) -> Answer {
    Answer::to(app.request(Method::GET, "/customers").header("Origin", origin)).await
}

/// The answer to a preflight request for a page of that origin. It has no key, like those of browsers.
async fn preflight(app: &TestApp, origin: &str, method: &str) -> Answer {
    let url = format!("{}/api/webhooks/customers/dana@example.com", app.origin);
    let request = app
        .client
        .request(Method::OPTIONS, url)
        .header("Origin", origin)
        .header("Access-Control-Request-Method", method)
        .header("Access-Control-Request-Headers", "content-type,x-api-key");
    Answer::to(request).await
}

const CORS_FIELDS: [&str; 4] = [
    "access-control-allow-origin",
    "access-control-allow-methods",
    "access-control-allow-headers",
    "access-control-allow-credentials",
];

fn names(answer: &Answer, field: &str) -> BTreeSet<String> {
    let value = answer
        .header(field)
        .unwrap_or_else(|| panic!("no {field}: {answer:?}"));
    value
        .split(',')
        .map(|name| name.trim().to_ascii_lowercase())
        .collect()
}

#[tokio::test]
async fn no_other_origin_is_allowed_by_default() {
    let app = TestApp::start().await;
    let read = read_from(&app, "https://page.example").await;
    assert_eq!(read.status, 200);
    let preflight = preflight(&app, "https://page.example", "PATCH").await;
    assert_eq!(preflight.status, 401);
    for field in CORS_FIELDS {
        assert_eq!((read.header(field), preflight.header(field)), (None, None));
    }
}

#[tokio::test]
async fn a_page_of_an_allowed_origin_may_call() {
    let app = with_origins(&["https://page.example", "http://localhost:5173"]).await;
    for origin in ["https://page.example", "http://localhost:5173"] {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let preflight = preflight(&app, origin, method).await;
            assert_eq!(preflight.status, 200, "{preflight:?}");
            assert_eq!(preflight.header("access-control-allow-origin"), Some(origin));
            assert!(names(&preflight, "access-control-allow-methods").contains(&method.to_ascii_lowercase()));
            let headers = names(&preflight, "access-control-allow-headers");
            assert!(headers.contains("x-api-key") && headers.contains("content-type"));
            assert!(names(&preflight, "vary").contains("origin"));
        }
        let read = read_from(&app, origin).await;
        assert_eq!(read.status, 200);
        assert_eq!(read.header("access-control-allow-origin"), Some(origin));
        assert!(names(&read, "vary").contains("origin"));
        let exposed = names(&read, "access-control-expose-headers");
        for name in [
            "x-request-id",
            "ratelimit",
            "ratelimit-policy",
            "retry-after",
            "location",
        ] {
            assert!(exposed.contains(name), "{name}: {exposed:?}");
        }
    }
}

#[tokio::test]
async fn a_page_of_an_allowed_origin_may_read_errors_too() {
    let app = with_origins(&["https://page.example"]).await;
    let from_page = |request: reqwest::RequestBuilder| request.header("Origin", "https://page.example");
    for (status, request) in [
        (
            401,
            app.client.get(format!("{}/api/webhooks/customers", app.origin)),
        ),
        (404, app.request(Method::GET, "/customers/nobody@example.com")),
        (404, app.request(Method::GET, "/nowhere")),
        (405, app.request(Method::DELETE, "/customers")),
        (
            400,
            app.request(Method::POST, "/customers")
                .json(&json!({ "name": 1 })),
        ),
        (
            413,
            app.request(Method::POST, "/customers").body(" ".repeat(300_000)),
        ),
    ] {
        let answer = Answer::to(from_page(request)).await;
        assert_eq!(answer.status, status);
        assert_eq!(
            answer.header("access-control-allow-origin"),
            Some("https://page.example"),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn a_page_of_another_origin_may_not() {
    let app = with_origins(&["https://page.example"]).await;
    for origin in [
        "https://other.example",
        "http://page.example",
        "https://page.example:444",
        "https://page.example.evil.example",
        "null",
    ] {
        let read = read_from(&app, origin).await;
        let preflight = preflight(&app, origin, "GET").await;
        for answer in [read, preflight] {
            assert_eq!(
                answer.header("access-control-allow-origin"),
                None,
                "{origin}: {answer:?}"
            );
        }
    }
}

#[tokio::test]
async fn the_wildcard_allows_every_origin_without_credentials() {
    let app = with_origins(&["*"]).await;
    for answer in [
        read_from(&app, "https://anything.example").await,
        preflight(&app, "https://anything.example", "DELETE").await,
    ] {
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        assert_eq!(answer.header("access-control-allow-credentials"), None);
    }
}

#[tokio::test]
async fn a_body_that_never_ends_is_given_up_in_time() {
    let limit = Duration::from_secs(1);
    let mut settings = settings();
    settings.request_timeout = limit;
    let app = TestApp::start_with(settings).await;
    for body in [
        "Content-Length: 100\r\n\r\n{\"name\":",
        "Transfer-Encoding: chunked\r\n\r\n8\r\n{\"name\":\r\n",
        "Content-Length: 100\r\n\r\n",
    ] {
        let mut connection = Connection::to(&app.origin).await;
        let started = Instant::now();
        connection
            .send(format!(
                "POST /api/webhooks/customers HTTP/1.1\r\nHost: x\r\nX-API-Key: {}\r\nContent-Type: application/json\r\n{body}",
                app.key
            ))
            .await;
        let answer = connection.answer(true).await;
        assert!(started.elapsed() < limit, "{:?}", started.elapsed());
        answer.assert_error(408, "REQUEST_TIMEOUT", "The request body did not arrive in time");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
    assert_eq!(app.get("/customers").await.json["count"], 0);
}

/// A customer in exactly that many bytes.
fn customer_of(bytes: usize) -> String {
    let customer = r#"{"name":"Dana","email":"dana@example.com"}"#;
    format!("{customer}{}", " ".repeat(bytes - customer.len()))
}

#[tokio::test]
async fn a_body_may_be_as_large_as_set_and_no_larger() {
    let mut settings = settings();
    settings.max_body_bytes = 2000;
    let app = TestApp::start_with(settings).await;
    let head = format!(
        "PUT /api/webhooks/customers/dana@example.com HTTP/1.1\r\nHost: x\r\nX-API-Key: {}\r\n",
        app.key
    );
    for (bytes, status) in [(2000, 201), (2001, 413), (2000, 200), (20_000, 413)] {
        let body = customer_of(bytes);
        let mut connection = Connection::to(&app.origin).await;
        connection
            .send(format!("{head}Content-Length: {bytes}\r\n\r\n{body}"))
            .await;
        let announced = connection.answer(true).await;

        let mut connection = Connection::to(&app.origin).await;
        connection
            .send(format!(
                "{head}Transfer-Encoding: chunked\r\n\r\n{bytes:x}\r\n{body}\r\n0\r\n\r\n"
            ))
            .await;
        let chunked = connection.answer(true).await;

        if status == 413 {
            for answer in [announced, chunked] {
                answer.assert_error(413, "PAYLOAD_TOO_LARGE", "The request body is too large");
            }
        } else {
            assert_eq!((announced.status, chunked.status), (status, 200));
        }
    }
}

#[tokio::test]
async fn a_body_that_is_announced_too_large_is_refused_before_it_is_sent() {
    let app = TestApp::start().await;
    let mut connection = Connection::to(&app.origin).await;
    connection
        .send(format!(
            "POST /api/webhooks/customers HTTP/1.1\r\nHost: x\r\nX-API-Key: {}\r\nContent-Length: 999999999\r\n\r\n",
            app.key
        ))
        .await;
    let answer = connection.answer(true).await;
    answer.assert_error(413, "PAYLOAD_TOO_LARGE", "The request body is too large");
}

/// A page of the documentation. The path is sent as it is written here, because HTTP clients resolve dots themselves.
async fn page(app: &TestApp, path: &str) -> Answer {
    let mut connection = Connection::to(&app.origin).await;
    connection
        .send(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"))
        .await;
    connection.answer(true).await
}

#[tokio::test]
async fn the_documentation_is_swagger_ui_5_without_a_key() {
    let app = TestApp::start().await;
    let redirect = page(&app, "/api-docs").await;
    assert!(
        [301, 302, 303, 307, 308].contains(&redirect.status),
        "{redirect:?}"
    );
    assert_eq!(redirect.header("location"), Some("/api-docs/"));

    let index = page(&app, "/api-docs/").await;
    assert_eq!(index.status, 200);
    assert_eq!(page(&app, "/api-docs/index.html").await.text, index.text);
    // Everything that the page loads comes from the server.
    let mut loaded = Vec::new();
    for attribute in ["src=\"", "href=\""] {
        for rest in index.text.split(attribute).skip(1) {
            loaded.push(rest.split('"').next().unwrap().trim_start_matches("./"));
        }
    }
    for name in ["swagger-ui.css", "swagger-ui-bundle.js", "swagger-initializer.js"] {
        assert!(loaded.contains(&name), "{loaded:?}");
    }
    for name in loaded {
        assert!(!name.contains("//"), "{name}");
        let file = Answer::to(app.client.get(format!("{}/api-docs/{name}", app.origin))).await;
        assert_eq!(file.status, 200, "{name}");
        let content_type = match name.rsplit('.').next() {
            Some("css") => "text/css",
            Some("js") => "text/javascript",
            Some("svg") => "image/svg+xml",
            _ => "image/png",
        };
        assert!(
            file.header("content-type").unwrap().starts_with(content_type),
            "{name}"
        );
    }
    assert!(index.header("content-type").unwrap().starts_with("text/html"));
    let bundle = page(&app, "/api-docs/swagger-ui-bundle.js").await;
    assert!(bundle.text.contains("PACKAGE_VERSION:\"5."), "another version");
}

#[tokio::test]
async fn the_documentation_shows_this_api_and_no_other() {
    let app = TestApp::start().await;
    let initializer = page(&app, "/api-docs/swagger-initializer.js").await;
    assert_eq!(initializer.status, 200);
    assert!(
        initializer.text.contains(r#""url": "/api-docs/openapi.json""#),
        "{}",
        initializer.text
    );
    assert!(!initializer.text.contains("petstore"));
    // Swagger UI 5 reads ?url= and ?configUrl= only if it is configured to.
    assert!(!initializer.text.contains("queryConfigEnabled"));
    assert!(!initializer.text.contains("configUrl"));
    assert!(!initializer.text.contains("URLSearchParams"));
    for path in ["/api-docs/", "/api-docs/swagger-initializer.js"] {
        let asked = page(&app, &format!("{path}?url=https://evil.example/x.json")).await;
        assert_eq!(asked.text, page(&app, path).await.text);
    }

    let document = page(&app, "/api-docs/openapi.json").await;
    assert_eq!(document.status, 200);
    assert_eq!(document.header("content-type"), Some("application/json"));
    assert_eq!(document.json, chatgrow_api::document());
}

#[tokio::test]
async fn the_documentation_serves_no_other_file() {
    let app = TestApp::start().await;
    for path in [
        "/api-docs/nothing.js",
        "/api-docs/index.html/",
        "/api-docs/index.html/x",
        "/api-docs//index.html",
        "/api-docs/../../../../etc/passwd",
        "/api-docs/../Cargo.toml",
        "/api-docs/./index.html",
        "/api-docs/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/api-docs/..%2f..%2f..%2f..%2fetc%2fpasswd",
        "/api-docs/..%5c..%5cCargo.toml",
        "/api-docs/%2fetc%2fpasswd",
        "/api-docs//etc/passwd",
        "/api-docs/etc/passwd%00.html",
        "/api-docs/%ff",
        "/api-docsindex.html",
    ] {
        let answer = page(&app, path).await;
        assert_eq!(answer.status, 404, "{path}: {answer:?}");
        answer.assert_error(404, "NOT_FOUND", "Path not found");
    }
}
