//! The metrics, in the text format of Prometheus, at [`PATH`].
//!
//! The labels are bounded: routes, known methods, statuses and error codes, and nothing that a client can make up. No
//! value reveals anything about a person or an account.

use crate::{
    Settings,
    error::{ApiError, Problem},
};
use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, StatusCode, header},
    web::{self, Data, ServiceConfig},
};
use chatgrow_application::{Application, KeysMet};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric, text},
    metrics::{
        MetricType, counter::ConstCounter, counter::Counter, family::Family, gauge::ConstGauge,
        histogram::Histogram,
    },
    registry::{Registry, Unit},
};
use std::{fmt, sync::Arc, time::Duration};

/// The path of the metrics.
pub(crate) const PATH: &str = "/metrics";

/// Upper bounds of the latency buckets, in seconds: from a cached read to the longest time-out.
const LATENCIES: [f64; 15] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];

/// The names are those of OpenTelemetry's semantic conventions.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    http_request_method: &'static str,
    http_route: String,
    http_response_status_code: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Failed {
    code: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Noticed {
    kind: &'static str,
    outcome: &'static str,
}

/// The metrics of one server process.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Request, Histogram, fn() -> Histogram>,
    errors: Family<Failed, Counter>,
    replays: Counter,
    notices: Family<Noticed, Counter>,
}

impl Metrics {
    /// Registers the metrics of HTTP and of the use cases.
    pub(crate) fn new(mut registry: Registry, application: Arc<Application>) -> Self {
        let histogram = || Histogram::new(LATENCIES);
        let requests = Family::new_with_constructor(histogram as fn() -> Histogram);
        let (errors, replays) = (Family::default(), Counter::default());
        let notices = Family::default();
        registry.register(
            "http_server_request_duration_seconds",
            "From a request's head to its answer's",
            requests.clone(),
        );
        let own = registry.sub_registry_with_prefix("chatgrow");
        own.register(
            "errors",
            "Requests that were refused or failed, by the error's code",
            errors.clone(),
        );
        own.register(
            "idempotent_replays",
            "Requests that were answered by the record of an earlier one",
            replays.clone(),
        );
        own.register(
            "payment_notices",
            "Notices of payment systems, by the kind of the source and by what came of them",
            notices.clone(),
        );
        own.register_collector(Box::new(KeyLookUps(application.clone())));
        own.register_collector(Box::new(SharedLimits(application.clone())));
        own.register_collector(Box::new(Deliveries(application)));
        Self {
            registry,
            requests,
            errors,
            replays,
            notices,
        }
    }

    pub(crate) fn answered(&self, method: &Method, route: Option<&str>, status: StatusCode, took: Duration) {
        let request = Request {
            http_request_method: known(method),
            http_route: route.unwrap_or_default().to_owned(),
            http_response_status_code: status.as_u16(),
        };
        self.requests.get_or_create(&request).observe(took.as_secs_f64());
    }

    pub(crate) fn failed(&self, problem: Problem) {
        let (_, code, _) = problem.describe();
        self.errors.get_or_create(&Failed { code }).inc();
    }

    pub(crate) fn noticed(&self, kind: &'static str, outcome: &'static str) {
        self.notices.get_or_create(&Noticed { kind, outcome }).inc();
    }

    pub(crate) fn replayed(&self) {
        self.replays.inc();
    }
}

/// The name of the method, if the API uses it, and one common name for all others.
pub(crate) fn known(method: &Method) -> &'static str {
    let known = ["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS"];
    known
        .into_iter()
        .find(|known| method.as_str() == *known)
        .unwrap_or("_OTHER")
}

/// The counters of key look-ups, read when the metrics are scraped.
struct KeyLookUps(Arc<Application>);

impl fmt::Debug for KeyLookUps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KeyLookUps")
            .field(&self.0.access.authentication.keys_met())
            .finish()
    }
}

impl Collector for KeyLookUps {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let KeysMet { recalled, looked_up } = self.0.access.authentication.keys_met();
        let help = "Well-formed keys, by whether they were in the memory";
        let mut encoder = encoder.encode_descriptor("api_key_cache", help, None, MetricType::Counter)?;
        for (result, count) in [("hit", recalled), ("miss", looked_up)] {
            ConstCounter::new(count).encode(encoder.encode_family(&[("result", result)])?)?;
        }
        Ok(())
    }
}

/// How limits are shared between servers, read when the metrics are scraped.
struct SharedLimits(Arc<Application>);

impl fmt::Debug for SharedLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SharedLimits")
            .field(&self.0.access.quotas.used())
            .finish()
    }
}

impl Collector for SharedLimits {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let Some(used) = self.0.access.quotas.used() else {
            return Ok(());
        };
        let help = "How often the database was asked for permits";
        let leases = encoder.encode_descriptor("rate_limit_leases", help, None, MetricType::Counter)?;
        ConstCounter::new(used.leases).encode(leases)?;
        let help = "Requests that this server admitted or refused alone, because the database was away";
        let alone = encoder.encode_descriptor("rate_limit_alone", help, None, MetricType::Counter)?;
        ConstCounter::new(used.alone).encode(alone)?;
        let help = "Servers that share the limits";
        let servers = encoder.encode_descriptor("rate_limit_servers", help, None, MetricType::Gauge)?;
        ConstGauge::new(used.servers).encode(servers)
    }
}

/// What the use cases of delivery know of themselves, read when the metrics are scraped.
struct Deliveries(Arc<Application>);

impl fmt::Debug for Deliveries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lanes = &self.0.delivery.lanes;
        f.debug_tuple("Deliveries")
            .field(&lanes.counted())
            .field(&lanes.lag())
            .finish()
    }
}

impl Collector for Deliveries {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let lanes = &self.0.delivery.lanes;
        let counted = lanes.counted();
        let help = "Tries to send a webhook, by what came of them";
        let mut attempts = encoder.encode_descriptor("webhook_attempts", help, None, MetricType::Counter)?;
        for (outcome, count) in [("succeeded", counted.succeeded), ("failed", counted.failed)] {
            ConstCounter::new(count).encode(attempts.encode_family(&[("outcome", outcome)])?)?;
        }
        let help = "Webhook endpoints that this server has disabled";
        let disabled =
            encoder.encode_descriptor("webhook_endpoints_disabled", help, None, MetricType::Counter)?;
        ConstCounter::new(counted.disabled).encode(disabled)?;
        let lag = lanes.lag();
        let help = "Age of the oldest change that can't be read yet, and of the oldest that is to be sent";
        let unit = Unit::Seconds;
        let mut lags = encoder.encode_descriptor("changes_lag", help, Some(&unit), MetricType::Gauge)?;
        for (of, lag) in [("feed", lag.feed), ("webhooks", lag.webhooks)] {
            ConstGauge::new(lag.as_secs_f64()).encode(lags.encode_family(&[("of", of)])?)?;
        }
        Ok(())
    }
}

/// Who may read the metrics on the API's own address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricsAccess {
    /// Nobody, because they are served elsewhere.
    Nobody,
    /// Programs on the same machine that don't forward for somebody else. For others the path is unknown.
    Local,
    /// Any client that can reach the API.
    Everybody,
}

impl MetricsAccess {
    /// Adds the path, if anybody may read the metrics.
    pub(crate) fn routes(self, config: &mut ServiceConfig) {
        let resource = web::resource(PATH);
        match self {
            Self::Nobody => return,
            Self::Local => config.service(resource.route(web::get().to(show_locally))),
            Self::Everybody => config.service(resource.route(web::get().to(show))),
        };
    }
}

async fn show_locally(
    request: HttpRequest,
    settings: Data<Settings>,
    metrics: Data<Metrics>,
) -> Result<HttpResponse, ApiError> {
    if settings.proxies.is_local(request.peer_addr(), request.headers()) {
        Ok(show(metrics).await)
    } else {
        Err(Problem::PathNotFound.into())
    }
}

async fn show(metrics: Data<Metrics>) -> HttpResponse {
    let mut text = String::new();
    if text::encode(&mut text, &metrics.registry).is_err() {
        return HttpResponse::InternalServerError().finish();
    }
    HttpResponse::Ok()
        .insert_header((
            header::CONTENT_TYPE,
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
        ))
        .body(text)
}
