//! The outermost layer: request id, one log line per request, metrics, headers of every answer, the envelope around
//! errors, and the limits of a request's head.
//!
//! The log contains method, route, status, latency, client, key, account and trace. It never contains a key's secret, a
//! body, a path with an address in it, or a query string, nor any text whose length a client controls.

use crate::{
    BASE_PATH, Begun, Deadline, Route, Settings,
    access::authentication::Authenticated,
    commit::IDEMPOTENT_REPLAYED,
    connection::pieces::{Pieces, until_sent},
    connection::turn::{Connection, Sending},
    error::{ApiError, Problem},
    metrics::{self, Metrics},
    swagger,
};
use actix_web::{
    Error, HttpMessage, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method, StatusCode,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
    middleware::Next,
    web::Data,
};
use chatgrow_application::{Caller, RequestId};
use chatgrow_domain::Actor;
use std::{
    borrow::Cow,
    hash::{BuildHasher, RandomState},
    net::IpAddr,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest target of a request, in bytes. It has room for every filter and a cursor, percent-encoded.
const MAX_TARGET: usize = 8 * 1024;

/// The most characters of an error's cause that are logged.
const MAX_CAUSE: usize = 500;

/// The most bytes of a request's header fields, names and values together.
const MAX_HEADER_FIELDS: usize = 32 * 1024;

/// The caller's own id of the request, if it is a sane one, or else a fresh one.
fn id_of(request: &ServiceRequest) -> RequestId {
    let sane = |id: &&str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte);
        (1..=128).contains(&id.len()) && id.bytes().all(allowed)
    };
    let sent = request.headers().get(X_REQUEST_ID);
    let sent = sent.and_then(|id| id.to_str().ok()).filter(sane);
    sent.map_or_else(fresh_id, RequestId::new)
}

fn fresh_id() -> RequestId {
    static PROCESS: LazyLock<String> =
        LazyLock::new(|| format!("{:016x}-", RandomState::new().hash_one(std::process::id())));
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    RequestId::new(&[PROCESS.as_str(), itoa::Buffer::new().format(number)].concat())
}

/// The position of a request in its sender's trace (W3C Trace Context, `traceparent`).
struct Trace {
    trace_id: String,
    parent_id: String,
}

impl Trace {
    /// Parses the caller's `traceparent`. `None` if it is absent or not valid.
    fn of(request: &ServiceRequest) -> Option<Self> {
        let hex = |part: &str, length| {
            let digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
            part.len() == length && part.bytes().all(digit)
        };
        let id = |part: &str, length| hex(part, length) && part.bytes().any(|byte| byte != b'0');
        let mut parts = request.headers().get("traceparent")?.to_str().ok()?.split('-');
        let (version, trace, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        // A later version may have more parts. In version 00 they are an error.
        let understood = hex(version, 2) && version != "ff" && (version != "00" || parts.next().is_none());
        (understood && id(trace, 32) && id(parent, 16) && hex(flags, 2)).then(|| Self {
            trace_id: trace.to_owned(),
            parent_id: parent.to_owned(),
        })
    }
}

/// Why a request is refused because of its head. actix has already refused a head of 128 KiB.
fn refused(request: &ServiceRequest) -> Option<Problem> {
    let target = request
        .uri()
        .path_and_query()
        .map_or(0, |target| target.as_str().len());
    let fields: usize = request
        .headers()
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    if target > MAX_TARGET {
        Some(Problem::TargetTooLong)
    } else if fields > MAX_HEADER_FIELDS {
        Some(Problem::HeaderFieldsTooLarge)
    } else if is_disguised(request.uri().path()) {
        Some(Problem::PathNotFound)
    } else {
        None
    }
}

/// Whether a path outside of the API is percent-encoded. No such path needs encoding, and a proxy in front of this
/// server may decide by how a path is written.
fn is_disguised(path: &str) -> bool {
    path.contains('%') && !path.starts_with(BASE_PATH)
}

/// Whether a body follows the head.
fn has_body(request: &ServiceRequest) -> bool {
    let headers = request.headers();
    let length = headers.get(header::CONTENT_LENGTH);
    headers.contains_key(header::TRANSFER_ENCODING) || length.is_some_and(|length| length != "0")
}

/// The middleware.
pub(crate) async fn observe(
    metrics: Data<Metrics>,
    settings: Data<Settings>,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<Pieces<Option<Sending>>>, Error> {
    let started = Instant::now();
    let id = id_of(&request);
    request.extensions_mut().insert(Begun {
        id: id.clone(),
        deadline: Deadline::after(started, settings.request_timeout),
    });
    let connection = request.conn_data::<Arc<Connection>>().cloned();
    if let Some(connection) = &connection {
        connection.begin(has_body(&request));
    }
    let method = request.method().clone();
    if method == Method::HEAD {
        // A HEAD is a GET without the body in its answer (RFC 9110, section 9.3.2). The HTTP layer below omits it.
        request.head_mut().method = Method::GET;
    }
    let trace = Trace::of(&request);
    let response = match refused(&request) {
        Some(problem) => request.error_response(ApiError::from(problem)),
        None => next.call(request).await?.map_into_boxed_body(),
    };
    let mut response = with_envelope(response, &id);
    let api_page = !response.request().path().starts_with(swagger::PATH);
    add_headers(response.headers_mut(), &id, api_page);
    let request = response.request();
    let client = settings.proxies.client(request.peer_addr(), request.headers());
    let answered = Instant::now();
    let latency = answered.saturating_duration_since(started);
    tell(&response, &id, client, trace.as_ref(), &method, latency, &metrics);
    let sending = connection.map(|connection| connection.answer(answered));
    Ok(until_sent(response, sending))
}

/// Wraps errors in the envelope with the request's id, including those that actix answers without a body.
fn with_envelope(response: ServiceResponse, id: &RequestId) -> ServiceResponse {
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let body = match response
        .response()
        .error()
        .map(|error| error.as_error::<ApiError>())
    {
        Some(Some(error)) => error.body(id.as_str()),
        // An answer that a handler has made itself, such as readiness.
        None if response.headers().contains_key(header::CONTENT_TYPE) => return response,
        _ => ApiError::from(bare(status)).body(id.as_str()),
    };
    let (request, response) = response.into_parts();
    let mut response: HttpResponse = response.set_body(BoxBody::new(body));
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    ServiceResponse::new(request, response)
}

/// The problem that a bare status from actix stands for.
fn bare(status: StatusCode) -> Problem {
    match status {
        StatusCode::NOT_FOUND => Problem::PathNotFound,
        StatusCode::METHOD_NOT_ALLOWED => Problem::MethodNotAllowed,
        StatusCode::PAYLOAD_TOO_LARGE => Problem::PayloadTooLarge,
        status if status.is_client_error() => Problem::Validation,
        _ => Problem::Internal,
    }
}

fn add_headers(headers: &mut HeaderMap, id: &RequestId, api_page: bool) {
    if let Ok(id) = HeaderValue::from_str(id.as_str()) {
        headers.insert(X_REQUEST_ID, id);
    }
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    if headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        // A page of the console, which has its own policies.
        return;
    }
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    let policy = if api_page {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        "default-src 'none'; frame-ancestors 'none'"
    } else {
        // Swagger UI uses inline styles, and loads its icons from data: URLs.
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"
    };
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
}

/// Logs the answer, and counts it in the metrics.
fn tell(
    response: &ServiceResponse,
    id: &RequestId,
    client: IpAddr,
    trace: Option<&Trace>,
    method: &Method,
    latency: Duration,
    metrics: &Metrics,
) {
    let request = response.request();
    let known = request.app_data::<Route>().map(|route| Cow::Borrowed(route.0));
    let route = known.or_else(|| request.match_pattern().map(Cow::Owned));
    let error = response
        .response()
        .error()
        .and_then(|error| error.as_error::<ApiError>());
    if let Some(error) = error {
        metrics.failed(error.problem);
    }
    if response.headers().contains_key(IDEMPOTENT_REPLAYED) {
        metrics.replayed();
    }

    let extensions = request.extensions();
    let authenticated = extensions.get::<Authenticated>().map(|caller| &caller.0);
    let caller = authenticated.or_else(|| extensions.get::<Caller>());
    let account = caller.map(|caller| tracing::field::display(caller.account));
    let (key, user) = match caller.map(|caller| caller.actor) {
        Some(Actor::ApiKey(key)) => (Some(tracing::field::display(key)), None),
        Some(Actor::User(user)) => (None, Some(tracing::field::display(user))),
        Some(Actor::System) | None => (None, None),
    };
    let known_method = metrics::known(method);
    let (request_id, route) = (id.as_str(), route.as_deref());
    let (status, latency_ms) = (response.status().as_u16(), latency.as_secs_f64() * 1000.0);
    let trace_id = trace.map(|trace| trace.trace_id.as_str());
    let parent_id = trace.map(|trace| trace.parent_id.as_str());
    if status >= 500 {
        let cause = error.and_then(|error| error.cause.as_deref());
        let cause = cause.map(|cause| {
            cause
                .char_indices()
                .nth(MAX_CAUSE)
                .map_or(cause, |(end, _)| &cause[..end])
        });
        tracing::error!(request_id, trace_id, parent_id, method = %known_method, route, status, latency_ms, %client, account, key, user, cause, "request");
    } else {
        tracing::info!(request_id, trace_id, parent_id, method = %known_method, route, status, latency_ms, %client, account, key, user, "request");
    }
    metrics.answered(method, route, response.status(), latency);
}
