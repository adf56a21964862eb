//! The API over HTTP, on actix-web.
//!
//! A handler parses, calls one use case and renders. It contains neither business rules nor SQL. What is common to all
//! requests is middleware, from the outside in: request id, log and headers ([`observe`]); CORS; and, for the API's own
//! paths, authentication and rate limits ([`access::authentication`]), and the time-out.

mod access;
mod begun;
mod billing;
mod body;
mod commit;
mod conditions;
mod connection;
mod crm;
mod delivery;
mod error;
mod events;
mod fields;
mod fingerprint;
mod health;
mod kept;
mod metrics;
mod observe;
mod openapi;
mod pages;
mod query;
mod responses;
mod routes;
mod scheduling;
mod swagger;
mod value;

pub use access::rate_limits::RateLimitSettings;
pub use begun::{Begun, Deadline};
pub use billing::inbound::inbound_path;
pub use body::body_was_read;
pub use connection::{
    client::{Proxies, network},
    connections::ConnectionLimits,
    listen::{Bound, Listen},
};
pub use delivery::ApiRepresentation;
pub use error::Problem;
pub use metrics::MetricsAccess;
pub use openapi::document;
pub use routes::BASE_PATH;

use crate::{
    access::rate_limits::RateLimits,
    connection::{connections::Connections, in_flight::InFlight, listen},
    delivery::stream::Streams,
    error::ApiError,
    health::Readiness,
    kept::{Kept, ReadScope},
    metrics::Metrics,
    routes::Context,
};
use actix_cors::Cors;
use actix_web::{
    App, Error, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceFactory, ServiceRequest, ServiceResponse},
    http::{Method, header::X_FORWARDED_FOR},
    middleware::{Condition, Next, from_fn},
    web::{Data, PathConfig, PayloadConfig, ReqData},
};
use chatgrow_application::Application;
use futures_util::FutureExt;
use paperclip::actix::{OpenApiExt, web};
use prometheus_client::registry::Registry;
use std::{cell::RefCell, io, net::ToSocketAddrs, panic::AssertUnwindSafe, sync::Arc, time::Duration};

/// The pattern of the path that a request was routed by. actix can return it too, but matches the path again for that.
#[derive(Clone, Copy)]
struct Route(&'static str);

/// The settings of the HTTP side.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The rate limits. `None` means no limits.
    pub rate_limits: Option<RateLimitSettings>,
    /// The limits on the number of connections.
    pub connections: ConnectionLimits,
    /// The proxies that are trusted to say for whom they forward.
    pub proxies: Proxies,
    /// The largest request body, in bytes.
    pub max_body_bytes: usize,
    /// The longest time that a request may take, including the reading of its body.
    pub request_timeout: Duration,
    /// How long the answer to a request with an `Idempotency-Key` is stored.
    pub idempotency_ttl: Duration,
    /// The origins whose pages may call the API from a browser. `*` allows every origin. If the list is empty, there is
    /// no CORS.
    pub cors_allowed_origins: Vec<String>,
    /// Who may read `/metrics` on the API's own address.
    pub metrics: MetricsAccess,
    /// Whether Swagger UI and the OpenAPI document are served at `/api-docs`.
    pub api_docs: bool,
}

/// The settings that apply if operators set nothing.
impl Default for Settings {
    fn default() -> Self {
        Self {
            rate_limits: Some(RateLimitSettings::default()),
            connections: ConnectionLimits {
                all: 10_000,
                per_client: 1000,
            },
            proxies: Proxies {
                trusted: Vec::new(),
                header: X_FORWARDED_FOR,
            },
            max_body_bytes: 262_144,
            request_timeout: Duration::from_secs(30),
            idempotency_ttl: Duration::from_secs(24 * 3600),
            cors_allowed_origins: Vec::new(),
            metrics: MetricsAccess::Local,
            api_docs: true,
        }
    }
}

/// Adds the paths of another adapter to the application of a worker.
pub type Pages = Arc<dyn Fn(&mut actix_web::web::ServiceConfig) + Send + Sync>;

/// The API, ready to be served by any number of workers.
#[derive(Clone)]
pub struct Api {
    pages: Option<Pages>,
    application: Data<Application>,
    limits: Data<RateLimits>,
    in_flight: Data<InFlight>,
    readiness: Data<Readiness>,
    streams: Data<Streams>,
    metrics: Data<Metrics>,
    connections: Arc<Connections>,
    settings: Data<Settings>,
}

impl Api {
    /// Builds the API on the use cases, and registers its metrics.
    #[must_use]
    pub fn new(application: Arc<Application>, mut metrics: Registry, settings: Settings) -> Self {
        let own = metrics.sub_registry_with_prefix("chatgrow");
        Self {
            pages: None,
            connections: Connections::new(settings.connections, settings.proxies.clone(), own),
            metrics: Data::new(Metrics::new(metrics, application.clone())),
            application: Data::from(application),
            limits: Data::new(RateLimits::new(settings.rate_limits)),
            in_flight: Data::default(),
            readiness: Data::default(),
            streams: Data::default(),
            settings: Data::new(settings),
        }
    }

    /// Serves pages of another adapter at its side: the console. They get a [`Begun`] and the [`Settings`], and leave
    /// the [`Caller`](chatgrow_application::Caller), for the log.
    #[must_use]
    pub fn with_pages(self, pages: Pages) -> Self {
        Self {
            pages: Some(pages),
            ..self
        }
    }

    /// Frees the memory of clients that have been idle for a while. Call it regularly.
    pub fn forget_idle_clients(&self) {
        self.limits.forget_idle();
        self.in_flight.forget_idle();
    }

    /// Ends the streams of changes, because the server is about to stop.
    pub fn end_streams(&self) {
        self.streams.stop();
    }

    /// Binds a server of the API.
    ///
    /// # Errors
    /// None of the addresses can be bound.
    pub fn bind(&self, addresses: impl ToSocketAddrs, listen: Listen) -> io::Result<Bound> {
        let (api, timeout) = (self.clone(), self.settings.request_timeout);
        listen::bind(move || api.app(), addresses, listen, &self.connections, timeout)
    }

    /// Binds a server for operators only, with the metrics and health.
    ///
    /// # Errors
    /// None of the addresses can be bound.
    pub fn bind_metrics(&self, addresses: impl ToSocketAddrs, listen: Listen) -> io::Result<Bound> {
        let (api, timeout) = (self.clone(), self.settings.request_timeout);
        // This server has its own limits, so a probe is admitted however many clients are connected to the API.
        let few = ConnectionLimits {
            all: 100,
            per_client: 100,
        };
        let proxies = self.settings.proxies.clone();
        let connections = Connections::new(few, proxies, &mut Registry::default());
        let app = move || api.metrics_app();
        listen::bind(app, addresses, listen, &connections, timeout)
    }

    /// The actix application of one worker. It needs neither a socket nor a database.
    #[must_use]
    pub fn app(
        &self,
    ) -> App<
        impl ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<impl MessageBody + use<>>,
            Error = Error,
            InitError = (),
        > + use<>,
    > {
        let origins = &self.settings.cors_allowed_origins;
        let (metrics, api_docs) = (self.settings.metrics, self.settings.api_docs);
        App::new()
            .app_data(self.application.clone())
            .app_data(self.limits.clone())
            .app_data(self.in_flight.clone())
            .app_data(self.readiness.clone())
            .app_data(self.streams.clone())
            .app_data(self.metrics.clone())
            .app_data(Data::new(RefCell::new(Kept::default())))
            .app_data(self.settings.clone())
            .app_data(PayloadConfig::new(self.settings.max_body_bytes))
            // A path that can't be decoded names nothing.
            .app_data(
                PathConfig::default().error_handler(|_, _| ApiError::from(Problem::PathNotFound).into()),
            )
            .wrap(Condition::new(!origins.is_empty(), cors(origins)))
            .wrap(from_fn(observe::observe))
            .configure(health::routes)
            .configure(|config| metrics.routes(config))
            .configure(billing::inbound::routes)
            .configure(|config| {
                if api_docs {
                    swagger::routes(config);
                }
            })
            .configure(|config| {
                if let Some(pages) = &self.pages {
                    pages(config);
                }
            })
            .wrap_api()
            .configure(routes)
            .build()
            .default_service(actix_web::web::to(not_found))
    }

    fn metrics_app(
        &self,
    ) -> App<
        impl ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<impl MessageBody + use<>>,
            Error = Error,
            InitError = (),
        > + use<>,
    > {
        App::new()
            .app_data(self.application.clone())
            .app_data(self.readiness.clone())
            .app_data(self.metrics.clone())
            .app_data(self.settings.clone())
            .wrap(from_fn(observe::observe))
            .configure(health::routes)
            .configure(|config| MetricsAccess::Everybody.routes(config))
            .default_service(actix_web::web::to(not_found))
    }
}

/// The contexts, each with its paths. [`openapi::document`] describes them.
fn contexts() -> [Context; 6] {
    [
        crm::routes(),
        scheduling::routes(),
        events::routes(),
        billing::routes(),
        delivery::routes(),
        access::routes(),
    ]
}

/// The API's own paths.
fn routes(config: &mut web::ServiceConfig) {
    let mut endpoints: Vec<_> = contexts()
        .into_iter()
        .flat_map(|context| context.endpoints)
        .collect();
    // actix tries paths in this order. Plain paths come first, because each of the others takes a regular expression.
    endpoints.sort_by_key(|endpoint| !endpoint.parameters.is_empty());
    let api = web::scope(BASE_PATH).app_data(Route(BASE_PATH));
    let api = endpoints.into_iter().fold(api, |api, endpoint| {
        if endpoint.kept {
            let scope = ReadScope(endpoint.scope(&Method::GET));
            let resource = endpoint.resource.app_data(scope).wrap(from_fn(kept::keep));
            api.service(resource.wrap(from_fn(handle)))
        } else {
            api.service(endpoint.resource.wrap(from_fn(handle)))
        }
    });
    let api = api.default_service(actix_web::web::to(not_found));
    config.service(api.wrap(from_fn(access::authentication::authenticate)));
}

async fn not_found() -> Result<HttpResponse, ApiError> {
    Err(Problem::PathNotFound.into())
}

fn cors(origins: &[String]) -> Cors {
    let exposed = [
        "X-Request-Id",
        "RateLimit",
        "RateLimit-Policy",
        "Retry-After",
        "Location",
        "ETag",
        "Idempotent-Replayed",
    ];
    let methods = [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
    ];
    let cors = Cors::default()
        .allowed_methods(methods)
        .allow_any_header()
        .expose_headers(exposed)
        .max_age(3600);
    let allow = |cors: Cors, origin: &String| match origin.as_str() {
        "*" => cors.allow_any_origin().send_wildcard(),
        origin => cors.allowed_origin(origin),
    };
    origins.iter().fold(cors, allow)
}

/// Refuses parameters that the operation doesn't have, and gives up on a request whose handler takes too long,
/// including the reading of its body. A write in progress is then completed or rolled back as a whole. So its caller
/// has to check the result before repeating it, or repeat it with its `Idempotency-Key`. A handler that panics, which
/// is a defect, fails only its own request, and is answered like every other defect.
///
/// It wraps resources, not the application, because actix routes a request only while nothing else holds a reference to
/// it.
async fn handle(
    begun: ReqData<Begun>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let given_up = request.request().clone();
    let route = request.app_data::<Route>().copied();
    if let Some(Err(error)) = route.map(|route| query::refuse_unknown(&request, route)) {
        return Ok(request.error_response(error));
    }
    let answered = begun.deadline.wait_for(next.call(request));
    // Unwind safety: whatever state the handler leaves behind belongs to its own request.
    let error = match AssertUnwindSafe(answered).catch_unwind().await {
        Ok(Ok(response)) => return response.map(ServiceResponse::map_into_boxed_body),
        Ok(Err(error)) => error,
        Err(_) => ApiError::from(Problem::Internal).because("the handler panicked"),
    };
    Ok(ServiceResponse::from_err(error, given_up))
}

#[cfg(test)]
mod tests;
