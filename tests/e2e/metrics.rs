//! What operators monitor: metrics, and the trace context in the log.

use e2e::{
    Answer, TestApp,
    binary::{Installation, Server, eventually},
    settings,
};
use reqwest::Method;
use serde_json::{Value, json};

/// The text of the metrics page.
pub(crate) async fn metrics(app: &e2e::ApiClient) -> String {
    let answer = Answer::to(app.client.get(format!("{}/metrics", app.origin))).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let kind = answer.header("content-type").unwrap();
    assert_eq!(kind, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert!(answer.text.ends_with("# EOF\n"), "{answer:?}");
    answer.text
}

/// The value of a series, which must exist.
#[track_caller]
pub(crate) fn value(metrics: &str, series: &str) -> f64 {
    let line = metrics
        .lines()
        .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    let value = line.unwrap_or_else(|| panic!("no {series} in {metrics}"));
    value.parse().unwrap()
}

fn requests(method: &str, route: &str, status: u16) -> String {
    format!(
        "http_server_request_duration_seconds_count{{http_request_method=\"{method}\",http_route=\"{route}\",http_response_status_code=\"{status}\"}}"
    )
}

#[tokio::test]
async fn requests_errors_replays_and_batches_are_counted() {
    let app = TestApp::start().await;
    let dana = json!({ "name": "Dana", "email": "dana@example.com" });
    for _ in 0..3 {
        let request = app.request(Method::POST, "/customers").json(&dana);
        let answer = Answer::to(request.header("Idempotency-Key", "one")).await;
        assert_eq!(answer.status, 201, "{answer:?}");
    }
    assert_eq!(app.post("/customers", dana).await.status, 409);
    let slot = json!({
        "customerEmail": "dana@example.com", "date": "2030-01-01", "time": "10:00", "serviceType": "lesson",
    });
    assert_eq!(app.post("/appointments", slot.clone()).await.status, 201);
    assert_eq!(app.post("/appointments", slot).await.status, 409);
    app.get("/customers/dana@example.com").await;
    app.get("/customers/nobody@example.com").await;
    app.with_key("nonsense".to_owned()).get("/customers").await;

    let metrics = metrics(&app).await;
    for (series, expected) in [
        (requests("POST", "/api/webhooks/customers", 201), 3.0),
        (requests("POST", "/api/webhooks/customers", 409), 1.0),
        (requests("GET", "/api/webhooks/customers/{email}", 200), 1.0),
        (requests("GET", "/api/webhooks/customers/{email}", 404), 1.0),
        ("chatgrow_idempotent_replays_total".to_owned(), 2.0),
        ("chatgrow_errors_total{code=\"CUSTOMER_EXISTS\"}".to_owned(), 1.0),
        ("chatgrow_errors_total{code=\"TIME_CONFLICT\"}".to_owned(), 1.0),
        ("chatgrow_errors_total{code=\"NOT_FOUND\"}".to_owned(), 1.0),
        (
            "chatgrow_errors_total{code=\"Authentication failed\"}".to_owned(),
            1.0,
        ),
        ("chatgrow_sqlite_write_queue_depth".to_owned(), 0.0),
    ] {
        assert!(
            (value(&metrics, &series) - expected).abs() < 0.1,
            "{series}: {metrics}"
        );
    }
    // Keys are remembered for half a second, so a slow machine may look them up more than once.
    let (hits, misses) = (
        value(&metrics, "chatgrow_api_key_cache_total{result=\"hit\"}"),
        value(&metrics, "chatgrow_api_key_cache_total{result=\"miss\"}"),
    );
    assert!(misses >= 1.0 && (hits + misses - 8.0).abs() < 0.1, "{metrics}");
    assert!(
        value(&metrics, "chatgrow_sqlite_batch_writes_sum") >= 4.0,
        "{metrics}"
    );
    assert!(value(&metrics, "chatgrow_sqlite_batch_duration_seconds_count") >= 1.0);
    assert!(
        !metrics.contains("example.com") && !metrics.contains(&app.key),
        "{metrics}"
    );
}

#[tokio::test]
async fn what_clients_make_up_makes_no_series() {
    let app = TestApp::start().await;
    let series = async || metrics(&app).await.lines().count();
    for (method, path) in [("PROPFIND", "/nowhere"), ("GET", "/nowhere")] {
        let url = format!("{}{path}", app.origin);
        Answer::to(app.client.request(method.parse().unwrap(), url)).await;
    }
    metrics(&app).await;
    let before = series().await;
    for number in 0..20 {
        let method: Method = format!("METHOD{number}").parse().unwrap();
        let url = format!("{}/nowhere{number}", app.origin);
        Answer::to(app.client.request(method, &url)).await;
        Answer::to(app.client.get(&url)).await;
    }
    assert_eq!(series().await, before);
}

#[tokio::test]
async fn rate_limited_requests_are_counted() {
    let mut settings = settings();
    settings.rate_limits = Some(chatgrow_api::RateLimitSettings {
        window: std::time::Duration::from_secs(3600),
        max_requests: std::num::NonZeroU32::MIN,
        max_auth_failures: std::num::NonZeroU32::MIN,
    });
    let app = TestApp::start_with(settings).await;
    for _ in 0..3 {
        app.get("/customers").await;
    }
    let metrics = metrics(&app).await;
    assert!((value(&metrics, "chatgrow_errors_total{code=\"RATE_LIMITED\"}") - 2.0).abs() < 0.1);
}

fn installation() -> Installation {
    Installation::new(env!("CARGO_BIN_EXE_chatgrow-under-test"))
}

async fn start(installation: &Installation, variables: &[(&str, &str)]) -> Server {
    let mut command = installation.command(&[]);
    command.envs(variables.iter().copied());
    installation.start_as(command).await
}

#[tokio::test]
async fn metrics_on_their_own_address_are_not_beside_the_api() {
    let installation = installation();
    let mut server = start(&installation, &[("METRICS_ADDR", "127.0.0.1:0")]).await;
    let beside = Answer::to(server.client.get(format!("{}/metrics", server.origin))).await;
    beside.assert_error(404, "NOT_FOUND", "Path not found");
    assert_eq!(server.get("/customers").await.status, 200);

    let log = server.log();
    let (_, address) = log
        .split_once("metrics addresses=[")
        .unwrap_or_else(|| panic!("{log}"));
    let (address, _) = address.split_once(']').unwrap();
    let mut own = e2e::ApiClient::clone(&server);
    own.origin = format!("http://{address}");
    let told = metrics(&own).await;
    assert!(value(&told, &requests("GET", "/api/webhooks/customers", 200)) > 0.9);
    assert!(value(&told, "chatgrow_panics_total").abs() < 0.1);
    assert_eq!(own.get("/customers").await.status, 404, "the API is not there");
    server = {
        assert_eq!(server.stop().await.code, Some(0));
        start(&installation, &[]).await
    };
    metrics(&server).await;
}

#[tokio::test]
async fn background_tasks_are_told_from_the_start() {
    let server = start(&installation(), &[]).await;
    let told = metrics(&server).await;
    for task in [
        "flush_key_uses",
        "forget_idle_clients",
        "keep_reserve",
        "sweep_idempotency_records",
    ] {
        for outcome in ["failed", "panicked"] {
            let series = format!("chatgrow_task_runs_total{{task=\"{task}\",outcome=\"{outcome}\"}}");
            assert!(value(&told, &series).abs() < 0.1, "{told}");
        }
        // Whether the task has run yet is left open.
        value(
            &told,
            &format!("chatgrow_task_runs_total{{task=\"{task}\",outcome=\"succeeded\"}}"),
        );
        value(
            &told,
            &format!("chatgrow_task_duration_seconds_count{{task=\"{task}\"}}"),
        );
    }
}

#[tokio::test]
async fn the_documentation_lists_every_metric() {
    let documentation = include_str!("../../docs/operations.md");
    let server = start(&installation(), &[]).await;
    let told = metrics(&server).await;
    let types = told.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let metrics: Vec<_> = types.filter_map(|line| line.split_once(' ')).collect();
    assert!(!metrics.is_empty(), "{told}");
    for (metric, kind) in metrics {
        let suffix = if kind == "counter" { "_total" } else { "" };
        let listed = ["`", "{"].map(|end| format!("`{metric}{suffix}{end}"));
        assert!(
            listed.iter().any(|listed| documentation.contains(listed)),
            "{metric}"
        );
    }
}

#[tokio::test]
async fn the_pool_of_postgres_is_told() {
    let Some(url) = throwaway_postgres::new_database().await else {
        return;
    };
    let variables = [("DATABASE_URL", url.as_str()), ("DATABASE_CONNECTIONS", "3")];
    let installation = installation();
    let server = start(&installation, &variables).await;
    let customer = json!({ "name": "Dana", "email": "dana@example.com" });
    assert_eq!(server.post("/customers", customer).await.status, 201);
    let told = metrics(&server).await;
    // One per thread that has needed one.
    assert!((1.0..=3.0).contains(&value(&told, "chatgrow_postgres_connections_max")));
    assert!((1.0..=3.0).contains(&value(&told, "chatgrow_postgres_connections")));
    assert!(value(&told, "chatgrow_postgres_connections_waited_for").abs() < 0.1);
    assert!(value(&told, "chatgrow_postgres_batch_writes_sum") >= 1.0);
}

#[tokio::test]
async fn a_trace_is_told_in_the_log() {
    let installation = installation();
    let server = start(&installation, &[("LOG_FORMAT", "json")]).await;
    let (trace, parent) = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331");
    let told = [
        format!("00-{trace}-{parent}-01"),
        // A later version may have more parts.
        format!("cc-{trace}-{parent}-01-what-comes-later"),
    ];
    let not_understood = [
        String::new(),
        "00".to_owned(),
        format!("00-{trace}-{parent}"),
        format!("00-{trace}-{parent}-01-more"),
        format!("ff-{trace}-{parent}-01"),
        format!("00-{}-{parent}-01", trace.to_uppercase()),
        format!("00-{}-{parent}-01", "0".repeat(32)),
        format!("00-{trace}-{}-01", "0".repeat(16)),
        format!("00-{trace}x-{parent}-01"),
        format!("00-\"{}-{parent}-01", &trace[1..]),
    ];
    for (number, header) in told.iter().chain(&not_understood).enumerate() {
        let request = server
            .request(Method::GET, "/customers")
            .header("traceparent", header);
        let id = format!("request-{number}");
        let answer = Answer::to(request.header("X-Request-Id", &id)).await;
        assert_eq!(answer.status, 200);
        let line: Value = eventually("the request is in the log", async || {
            let log = server.log();
            let line = log.lines().find(|line| line.contains(&format!("\"{id}\"")))?;
            serde_json::from_str(line).ok()
        })
        .await;
        let expected = told.contains(header).then_some((trace, parent));
        let found = line["trace_id"].as_str().zip(line["parent_id"].as_str());
        assert_eq!(found, expected, "{header}: {line}");
    }
}
