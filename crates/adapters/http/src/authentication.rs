//! Authentication: before anything else about a request under the API's paths is looked at, its key is.
//!
//! [`authenticate`] guards the paths, unknown ones included. [`Caller`] is what it leaves for the handlers, and is itself
//! the OpenAPI security scheme: a handler that takes it is documented as needing a key, and one that would stand outside
//! the guard fails.

use crate::{
    Deadline, Settings,
    error::{ApiError, Problem},
    rate_limits::RateLimits,
};
use actix_web::{
    Error, FromRequest, HttpMessage, HttpRequest,
    body::{BoxBody, MessageBody},
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::header::HeaderMap,
    middleware::Next,
    web::Data,
};
use chatgrow_application::Application;
use chatgrow_domain::AccountId;
use paperclip::actix::Apiv2Security;
use std::{
    future::{Ready, ready},
    net::{IpAddr, Ipv4Addr},
};

/// The header that brings the key.
const X_API_KEY: &str = "x-api-key";

/// Whom the request comes from.
#[derive(Clone, Copy, Apiv2Security)]
#[openapi(
    apiKey,
    alias = "ApiKey",
    in = "header",
    name = "X-API-Key",
    description = "The account's API key, `cg_live_…`. The operator makes one with `chatgrow keys create`."
)]
pub(crate) struct Caller(pub(crate) chatgrow_application::Caller);

impl Caller {
    /// The account whose data the request may touch.
    pub(crate) fn account(self) -> AccountId {
        self.0.account
    }
}

impl FromRequest for Caller {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(
            request
                .extensions()
                .get::<Self>()
                .copied()
                .ok_or_else(|| Problem::Unauthenticated.into()),
        )
    }
}

/// The middleware.
pub(crate) async fn authenticate(
    application: Data<Application>,
    limits: Data<RateLimits>,
    settings: Data<Settings>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let deadline = Deadline::after(settings.request_timeout);
    request.extensions_mut().insert(deadline);
    let key = single(request.headers(), X_API_KEY).unwrap_or_default();
    let authenticated = deadline
        .wait_for(application.authentication.authenticate(key))
        .await;
    let caller = match authenticated.and_then(|known| known.map_err(ApiError::from)) {
        Ok(caller) => caller,
        Err(error) => return Ok(request.error_response(error)),
    };
    let admission = if let Some(caller) = caller {
        request.extensions_mut().insert(Caller(caller));
        limits.admit_request(caller.key)
    } else {
        let address = request
            .peer_addr()
            .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |address| address.ip());
        limits.admit_failure(address)
    };
    let (mut response, quota) = match (admission, caller) {
        (Err(refused), _) => (
            request.error_response(ApiError::rate_limited(refused.retry_after)),
            Some(refused.quota),
        ),
        (Ok(quota), None) => (
            request.error_response(ApiError::from(Problem::Unauthenticated)),
            quota,
        ),
        (Ok(quota), Some(_)) => (next.call(request).await?.map_into_boxed_body(), quota),
    };
    if let Some(quota) = quota {
        quota.write_to(response.headers_mut());
    }
    Ok(response)
}

/// The header's value, where it is there once and is text: two keys are none.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name);
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}
