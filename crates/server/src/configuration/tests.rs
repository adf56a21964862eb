use super::*;

fn read(variables: &[(&str, &str)]) -> Result<Configuration, String> {
    let find = |name: &str| {
        variables
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| Ok((*value).to_owned()))
    };
    Configuration::from_variables(find).map_err(|error| error.to_string())
}

/// Every variable of `env.example`, commented out as it is there, with its default.
fn examples() -> Vec<(&'static str, &'static str)> {
    let lines = include_str!("../../../../env.example").lines();
    lines
        .filter_map(|line| line.strip_prefix('#').unwrap_or(line).split_once('='))
        .filter(|(name, _)| !name.contains(' '))
        .collect()
}

#[test]
fn the_example_lists_the_defaults() {
    let examples = examples();
    assert_eq!(examples.len(), 31, "{examples:?}");
    let (example, default) = (read(&examples).unwrap(), read(&[]).unwrap());
    assert_eq!(format!("{example:?}"), format!("{default:?}"));
}

#[test]
fn a_bad_value_is_told_by_name() {
    for (name, value) in [
        ("PORT", "http"),
        ("PORT", "65536"),
        ("DATABASE_URL", "chatgrow.db"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "sqlite:///tmp/"),
        ("DATABASE_URL", "postgress://localhost/chatgrow"),
        ("LOG_FORMAT", "xml"),
        ("LOG_LEVEL", "chatgrow=loud"),
        ("LOG_LEVEL", "warning"),
        ("CORS_ALLOWED_ORIGINS", "*,https://example.com"),
        ("CORS_ALLOWED_ORIGINS", "https://Example.com"),
        ("DATABASE_URL", "sqlite://:memory:"),
        ("DATABASE_URL", "postgres://"),
        ("DATABASE_URL", "postgres://host:port/chatgrow"),
        ("DATABASE_URL", "postgres://host/chatgrow?sslmode=on"),
        ("DATABASE_URL", "postgres://host/chatgrow?no_such_option=1"),
        ("DATABASE_CONNECTIONS", "0"),
        ("AUTO_MIGRATE", "maybe"),
        ("CHANGES_TTL_DAYS", "0"),
        ("IDEMPOTENCY_TTL_HOURS", "23"),
        ("RATE_LIMIT_ENABLED", "maybe"),
        ("RATE_LIMIT_SHARED", "maybe"),
        ("RATE_LIMIT_WINDOW_MS", "0"),
        ("RATE_LIMIT_MAX_REQUESTS", "-1"),
        ("RATE_LIMIT_AUTH_FAILURES_MAX", "many"),
        ("REQUEST_TIMEOUT_MS", "1s"),
        ("SHUTDOWN_TIMEOUT_MS", "soon"),
        ("MAX_BODY_BYTES", "10"),
        ("MAX_CONNECTIONS", "0"),
        ("MAX_CONNECTIONS_PER_ADDRESS", "-1"),
        ("METRICS_PUBLIC", "yes"),
        ("API_DOCS", "off"),
        ("TRUSTED_PROXIES", "10.0.0.0/33"),
        ("TRUSTED_PROXIES", "proxy.internal"),
        ("FORWARDED_HEADER", "two words"),
        ("METRICS_ADDR", "9464"),
        ("METRICS_ADDR", "localhost:9464"),
        ("CORS_ALLOWED_ORIGINS", "example.com"),
        ("CONSOLE", "on"),
        ("CONSOLE_URL", "console.example.com"),
        ("CONSOLE_URL", "https://example.com/console"),
        ("CONSOLE_URL", "https://user@example.com"),
        ("CORS_ALLOWED_ORIGINS", "https://example.com/page"),
    ] {
        let error = read(&[(name, value)]).unwrap_err();
        assert!(
            error.contains(&format!("\n  {name} must be ")),
            "{name}={value}: {error}"
        );
    }
}

#[test]
fn all_bad_values_are_told_at_once() {
    let error = read(&[("PORT", "x"), ("LOG_FORMAT", "y")]).unwrap_err();
    assert!(error.contains("PORT") && error.contains("LOG_FORMAT"), "{error}");
}

#[test]
fn values_are_honoured() {
    let read = read(&[
        ("PORT", " 8080 "),
        ("DATABASE_URL", "sqlite:///var/lib/a b.db"),
        ("RATE_LIMIT_ENABLED", "false"),
        ("CORS_ALLOWED_ORIGINS", "https://a.example, http://localhost:5173"),
        ("LOG_FORMAT", ""),
        ("TRUSTED_PROXIES", "10.0.0.0/8, ::1"),
        ("FORWARDED_HEADER", "X-Real-IP"),
        ("METRICS_PUBLIC", "true"),
    ])
    .unwrap();
    assert_eq!(read.port, 8080);
    assert_eq!(read.database.url, DatabaseUrl::Sqlite("/var/lib/a b.db".into()));
    assert!(read.http.rate_limits.is_none());
    assert_eq!(
        read.http.cors_allowed_origins,
        ["https://a.example", "http://localhost:5173"]
    );
    assert_eq!(read.log_format, LogFormat::Text);
    let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
    assert_eq!(read.http.proxies.trusted, trusted);
    assert_eq!(read.http.proxies.header, "x-real-ip");
    assert_eq!(read.http.metrics, MetricsAccess::Everybody);
}
