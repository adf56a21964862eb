//! Configuration from the environment and `.env`. Every variable has a default. A bad value prevents the start, and the
//! error names its variable.

use crate::{
    WebhookSettings,
    database::{Database, DatabaseUrl},
};
use chatgrow_api::{ConnectionLimits, MetricsAccess, Proxies, RateLimitSettings, Settings};
use chatgrow_application::ReceiverRules;
use chatgrow_domain::Reachable;
use chatgrow_sql::Migrations;
use chatgrow_web::Address;
use ipnet::IpNet;
use std::{
    env, fmt,
    net::{IpAddr, SocketAddr},
    num::NonZeroU32,
    str::FromStr,
    time::Duration,
};
use tracing_subscriber::{EnvFilter, filter::LevelFilter};

/// How the server runs. `env.example` describes the variables and their defaults.
#[derive(Debug, Clone)]
pub struct Configuration {
    /// `HOST`: a name or an address to listen on. If it is a name, the server listens on all of its addresses.
    pub host: String,
    /// `PORT`. 0 means any free port.
    pub port: u16,
    /// `METRICS_ADDR`: where the metrics are served, separately from the API.
    pub metrics_addr: Option<SocketAddr>,
    /// `DATABASE_URL`, `DATABASE_CONNECTIONS`, `AUTO_MIGRATE`.
    pub database: Database,
    /// `LOG_FORMAT`.
    pub log_format: LogFormat,
    /// `LOG_LEVEL`, in the syntax of `tracing_subscriber::EnvFilter`.
    pub log_level: String,
    /// `SHUTDOWN_TIMEOUT_MS`: how long accepted requests may take after a signal to stop.
    pub shutdown_timeout: Duration,
    /// `CONSOLE`: whether the console is served.
    pub console: bool,
    /// `CONSOLE_URL`: the console's public address, if it is not that of the server.
    pub console_url: Option<Address>,
    /// `WEBHOOK_ALLOW_HTTP`, `WEBHOOK_ALLOW_CIDRS`, `SECRETS_KEY`, `SECRETS_KEY_PREVIOUS`.
    pub webhooks: WebhookSettings,
    /// `CHANGES_TTL_DAYS`: for how long changes are kept.
    pub changes_ttl: Duration,
    /// The settings of HTTP: `API_DOCS`, `CORS_ALLOWED_ORIGINS`, `FORWARDED_HEADER`, `IDEMPOTENCY_TTL_HOURS`,
    /// `MAX_BODY_BYTES`, `MAX_CONNECTIONS`, `MAX_CONNECTIONS_PER_ADDRESS`, `METRICS_PUBLIC`, `RATE_LIMIT_*`,
    /// `REQUEST_TIMEOUT_MS`, `TRUSTED_PROXIES`.
    pub http: Settings,
}

/// The format of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

/// Every bad variable, and what is allowed in it.
#[derive(Debug, thiserror::Error)]
#[error("the configuration is not valid:\n  {}", .0.join("\n  "))]
pub struct ConfigurationError(Vec<String>);

impl FromStr for LogFormat {
    type Err = &'static str;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err("must be text or json"),
        }
    }
}

impl Configuration {
    /// Reads the environment of the process, which includes the variables of `.env`.
    ///
    /// # Errors
    /// [`ConfigurationError`] with every bad variable.
    pub fn from_env() -> Result<Self, ConfigurationError> {
        Self::from_variables(|name| match env::var(name) {
            Ok(value) => Some(Ok(value)),
            Err(env::VarError::NotPresent) => None,
            Err(env::VarError::NotUnicode(_)) => Some(Err("must be UTF-8")),
        })
    }

    /// Reads the variables through a function. An empty variable counts as unset.
    ///
    /// # Errors
    /// [`ConfigurationError`] with every bad variable.
    pub fn from_variables(
        variable: impl Fn(&str) -> Option<Result<String, &'static str>>,
    ) -> Result<Self, ConfigurationError> {
        let mut reader = Reader {
            variable,
            errors: Vec::new(),
        };
        let metrics_addr = reader.read("METRICS_ADDR", None, |text| {
            text.parse()
                .map(Some)
                .map_err(|_| "must be an address and a port, such as 127.0.0.1:9464")
        });
        let configuration = Self {
            host: reader.read("HOST", "localhost".to_owned(), |text| {
                Ok::<_, &str>(text.to_owned())
            }),
            port: reader.read("PORT", 3000, |text| {
                text.parse().map_err(|_| "must be a port number from 0 to 65535")
            }),
            metrics_addr,
            database: reader.database(),
            log_format: reader.read("LOG_FORMAT", LogFormat::Text, str::parse),
            log_level: reader.read("LOG_LEVEL", "info".to_owned(), log_level),
            shutdown_timeout: reader.milliseconds("SHUTDOWN_TIMEOUT_MS", Duration::from_secs(30)),
            console: reader.switch("CONSOLE", true),
            console_url: reader.read("CONSOLE_URL", None, |text| text.parse().map(Some)),
            webhooks: reader.webhooks(),
            changes_ttl: reader.read("CHANGES_TTL_DAYS", DAY * 30, days),
            http: reader.http(metrics_addr.is_some()),
        };
        if reader.errors.is_empty() {
            Ok(configuration)
        } else {
            Err(ConfigurationError(reader.errors))
        }
    }
}

/// A level, or a tracing filter.
fn log_level(text: &str) -> Result<String, &'static str> {
    // The filter takes a bare word that is not a level for the name of a module.
    let level = |part: &str| part.contains('=') || part.trim().parse::<LevelFilter>().is_ok();
    let filter = EnvFilter::builder()
        .parse(text)
        .ok()
        .filter(|_| text.split(',').all(level));
    filter
        .map(|_| text.to_owned())
        .ok_or("must be error, warn, info, debug or trace, or a tracing filter")
}

fn body_bytes(text: &str) -> Result<usize, &'static str> {
    let bytes = text
        .parse()
        .ok()
        .filter(|bytes| (1024..=16_777_216).contains(bytes));
    bytes.ok_or("must be a whole number from 1024 to 16777216")
}

const DAY: Duration = Duration::from_secs(86_400);

fn days(text: &str) -> Result<Duration, &'static str> {
    let days = text.parse().ok().filter(|days| (1..=3650).contains(days));
    days.map(|days: u32| DAY * days)
        .ok_or("must be a whole number from 1 to 3650")
}

fn hours(text: &str) -> Result<Duration, &'static str> {
    let hours = text.parse().ok().filter(|hours| (24..=8760).contains(hours));
    hours
        .map(|hours: u64| Duration::from_secs(hours * 3600))
        .ok_or("must be a whole number from 24 to 8760")
}

/// `*`, or origins as browsers send them (RFC 6454, section 6.2), separated by commas.
fn origins(text: &str) -> Result<Vec<String>, &'static str> {
    let origin = |origin: &str| {
        let host = origin
            .strip_prefix("https://")
            .or_else(|| origin.strip_prefix("http://"))?;
        let allowed =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.:[]".contains(&byte);
        (!host.is_empty() && host.bytes().all(allowed)).then(|| origin.to_owned())
    };
    if text == "*" {
        return Ok(vec![text.to_owned()]);
    }
    let origins: Option<Vec<_>> = text.split(',').map(|text| origin(text.trim())).collect();
    origins.ok_or("must be * alone, or origins in lowercase such as https://example.com, separated by commas")
}

/// Networks in CIDR notation, or single addresses, separated by commas.
fn networks(text: &str) -> Result<Vec<IpNet>, &'static str> {
    let network = |text: &str| {
        let address = || text.parse().map(|address: IpAddr| address.into());
        text.parse().or_else(|_| address())
    };
    let networks: Result<_, _> = text.split(',').map(|text| network(text.trim())).collect();
    networks.map_err(|_| "must be networks such as 10.0.0.0/8 or addresses, separated by commas")
}

struct Reader<F> {
    variable: F,
    errors: Vec<String>,
}

impl<F: Fn(&str) -> Option<Result<String, &'static str>>> Reader<F> {
    fn database(&mut self) -> Database {
        let url = DatabaseUrl::Sqlite("chatgrow.db".into());
        let connections = chatgrow_postgres::Options::default().connections;
        Database {
            url: self.read("DATABASE_URL", url, str::parse),
            connections: self.count("DATABASE_CONNECTIONS", connections),
            migrations: if self.switch("AUTO_MIGRATE", true) {
                Migrations::Run
            } else {
                Migrations::Expect
            },
            shared_limits: self.switch("RATE_LIMIT_SHARED", true),
        }
    }

    fn webhooks(&mut self) -> WebhookSettings {
        WebhookSettings {
            receivers: ReceiverRules {
                allow_http: self.switch("WEBHOOK_ALLOW_HTTP", false),
                reachable: self.read("WEBHOOK_ALLOW_CIDRS", Reachable::default(), Reachable::parse),
            },
            secrets_key: self.read("SECRETS_KEY", None, |text| text.parse().map(Some)),
            previous_secrets_key: self.read("SECRETS_KEY_PREVIOUS", None, |text| text.parse().map(Some)),
        }
    }

    fn http(&mut self, metrics_apart: bool) -> Settings {
        let default = Settings::default();
        Settings {
            rate_limits: self.rate_limits(default.rate_limits.is_some()),
            max_body_bytes: self.read("MAX_BODY_BYTES", default.max_body_bytes, body_bytes),
            request_timeout: self.milliseconds("REQUEST_TIMEOUT_MS", default.request_timeout),
            idempotency_ttl: self.read("IDEMPOTENCY_TTL_HOURS", default.idempotency_ttl, hours),
            cors_allowed_origins: self.read("CORS_ALLOWED_ORIGINS", default.cors_allowed_origins, origins),
            connections: ConnectionLimits {
                all: self.size("MAX_CONNECTIONS", default.connections.all),
                per_client: self.size("MAX_CONNECTIONS_PER_ADDRESS", default.connections.per_client),
            },
            proxies: Proxies {
                trusted: self.read("TRUSTED_PROXIES", default.proxies.trusted, networks),
                header: self.read("FORWARDED_HEADER", default.proxies.header, |text| {
                    text.parse().map_err(|_| "must be the name of a header")
                }),
            },
            metrics: match (metrics_apart, self.switch("METRICS_PUBLIC", false)) {
                (true, _) => MetricsAccess::Nobody,
                (false, false) => MetricsAccess::Local,
                (false, true) => MetricsAccess::Everybody,
            },
            api_docs: self.switch("API_DOCS", default.api_docs),
        }
    }

    fn rate_limits(&mut self, enabled: bool) -> Option<RateLimitSettings> {
        let default = RateLimitSettings::default();
        let enabled = self.switch("RATE_LIMIT_ENABLED", enabled);
        let limits = RateLimitSettings {
            window: self.milliseconds("RATE_LIMIT_WINDOW_MS", default.window),
            max_requests: self.count("RATE_LIMIT_MAX_REQUESTS", default.max_requests),
            max_auth_failures: self.count("RATE_LIMIT_AUTH_FAILURES_MAX", default.max_auth_failures),
        };
        enabled.then_some(limits)
    }

    fn read<T, E: fmt::Display>(
        &mut self,
        name: &str,
        default: T,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> T {
        let parsed = match (self.variable)(name) {
            None => return default,
            Some(Ok(text)) if text.trim().is_empty() => return default,
            Some(Ok(text)) => parse(text.trim()).map_err(|why| why.to_string()),
            Some(Err(why)) => Err(why.to_owned()),
        };
        parsed.unwrap_or_else(|why| {
            self.errors.push(format!("{name} {why}"));
            default
        })
    }

    fn switch(&mut self, name: &str, default: bool) -> bool {
        self.read(name, default, |text| match text {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            _ => Err("must be true or false"),
        })
    }

    fn milliseconds(&mut self, name: &str, default: Duration) -> Duration {
        let default = usize::try_from(default.as_millis()).unwrap_or(usize::MAX);
        Duration::from_millis(self.size(name, default) as u64)
    }

    fn size(&mut self, name: &str, default: usize) -> usize {
        let default = u32::try_from(default).ok().and_then(NonZeroU32::new);
        let read = self.count(name, default.unwrap_or(NonZeroU32::MAX));
        usize::try_from(read.get()).unwrap_or(usize::MAX)
    }

    fn count(&mut self, name: &str, default: NonZeroU32) -> NonZeroU32 {
        self.read(name, default, |text| {
            text.parse()
                .map_err(|_| "must be a whole number from 1 to 4294967295")
        })
    }
}

#[cfg(test)]
mod tests;
