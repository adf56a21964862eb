//! The paths to which payment systems send their notices. They are outside of the API: the caller has no key, but signs.
//!
//! The path is looked up before the body is read, so that nobody who guesses paths can make the server hold a body. An
//! answer tells a caller who has not signed nothing but that.

use crate::{
    Begun, Route,
    body::body_was_read,
    error::{ApiError, Problem},
    handle,
    metrics::Metrics,
};
use actix_web::{
    HttpRequest, HttpResponse,
    http::Method,
    middleware::from_fn,
    web::{self, Data, Path, Payload, ReqData, ServiceConfig},
};
use chatgrow_application::{Application, Reception};
use chatgrow_domain::{InboundToken, NoticeRefusal, PaymentSource};
use chatgrow_ports::{Failure, Message};
use serde_json::json;

/// What comes before a source's token.
pub(crate) const PATH: &str = "/api/inbound/";

/// The path to which the source with that token sends its notices.
#[must_use]
pub fn inbound_path(token: &InboundToken) -> String {
    format!("{PATH}{}", token.reveal())
}

const ROUTE: &str = "/api/inbound/{token}";

/// The largest body of a notice, in bytes.
const MAX_BODY: usize = 256 * 1024;

pub(crate) fn routes(config: &mut ServiceConfig) {
    let resource = web::resource(ROUTE)
        .app_data(Route(ROUTE))
        .route(web::method(Method::POST).to(receive))
        .wrap(from_fn(handle));
    config.service(resource);
}

/// Takes a notice. The answer is 200 once everything that follows from it is durable, so a payment system that gets no
/// answer sends it again.
async fn receive(
    application: Data<Application>,
    metrics: Data<Metrics>,
    begun: ReqData<Begun>,
    token: Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let notices = &application.billing.notices;
    let Some(source) = notices.source(&token).await? else {
        metrics.noticed("", "unknown_path");
        return Err(Problem::PathNotFound.into());
    };
    let kind = source.format.kind().as_str();
    let message = Message {
        headers: headers(&request),
        body: body(&request, payload).await?,
    };
    let outcome = match notices.receive(&source, &message, &begun.id).await {
        Ok(Reception::Taken) => "taken",
        Ok(Reception::Ignored) => "ignored",
        Ok(Reception::Repeated) => "repeated",
        Err(failure) => {
            metrics.noticed(kind, refused(&source, &failure));
            return Err(failure.into());
        }
    };
    metrics.noticed(kind, outcome);
    Ok(HttpResponse::Ok().json(json!({ "success": true, "outcome": outcome })))
}

fn headers(request: &HttpRequest) -> Vec<(String, String)> {
    let text = |(name, value): (
        &actix_web::http::header::HeaderName,
        &actix_web::http::header::HeaderValue,
    )| { Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())) };
    request.headers().iter().filter_map(text).collect()
}

async fn body(request: &HttpRequest, payload: Payload) -> Result<Vec<u8>, ApiError> {
    let body = match payload.to_bytes_limited(MAX_BODY).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => {
            return Err(ApiError::validation(
                "The request body could not be read",
                Vec::new(),
            ));
        }
        Err(_) => return Err(Problem::PayloadTooLarge.into()),
    };
    body_was_read(request);
    Ok(body.to_vec())
}

/// Tells the operator why a notice was refused, because its sender is not told. The name of the outcome, for the metrics.
fn refused(source: &PaymentSource, failure: &Failure<NoticeRefusal>) -> &'static str {
    let outcome = match failure {
        Failure::Refused(NoticeRefusal::Unverified(_)) => "unverified",
        Failure::Refused(NoticeRefusal::Unreadable(_)) => "unreadable",
        Failure::NotAllowed(_) | Failure::Store(_) => return "failed",
    };
    tracing::warn!(
        account = %source.account_id, payment_source = %source.id, why = %failure, "a payment notice was refused"
    );
    outcome
}

impl From<NoticeRefusal> for ApiError {
    fn from(refusal: NoticeRefusal) -> Self {
        match refusal {
            NoticeRefusal::Unverified(_) => Problem::NoticeUnverified.into(),
            NoticeRefusal::Unreadable(problem) => Self::validation(problem.as_str().to_owned(), Vec::new()),
        }
    }
}
