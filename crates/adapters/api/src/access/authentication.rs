//! Authentication. Under the API's paths, a request's key is checked before anything else in the request.
//!
//! [`authenticate`] guards these paths, including unknown ones, and leaves an [`Authenticated`] for the handlers. That
//! is also the OpenAPI security scheme: a handler that takes it is documented as needing a key, and fails if it is
//! outside the guard.

use crate::{
    Begun, Settings,
    access::rate_limits::{QuotaLeft, RateLimits, Refused},
    connection::{in_flight::InFlight, pieces::until_sent, turn::Connection},
    error::{ApiError, Problem},
};
use actix_web::{
    Error, FromRequest, HttpMessage, HttpRequest,
    body::{BodySize, BoxBody, MessageBody},
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::{Method, header::HeaderMap},
    middleware::Next,
    web::{Data, ReqData},
};
use chatgrow_application::{Access, Application, Caller, Known, Quotas, Recalled, RequestId};
use chatgrow_domain::AccountId;
use paperclip::actix::Apiv2Security;
use std::{
    future::{Ready, ready},
    net::IpAddr,
    sync::Arc,
};

/// The header that carries the key.
const X_API_KEY: &str = "x-api-key";

/// The caller of an authenticated request, which [`authenticate`] leaves for the handlers.
#[derive(Clone, Apiv2Security)]
#[openapi(
    apiKey,
    alias = "ApiKey",
    in = "header",
    name = "X-API-Key",
    description = "The account's API key, `cg_live_…`. The operator makes one with `chatgrow keys create`."
)]
pub(crate) struct Authenticated(pub(crate) Caller);

impl Authenticated {
    /// The account whose data the request may touch.
    pub(crate) fn account(&self) -> AccountId {
        self.0.account
    }
}

impl FromRequest for Authenticated {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(
            request
                .extensions()
                .get::<Self>()
                .cloned()
                .ok_or_else(|| Problem::Unauthenticated.into()),
        )
    }
}

/// The middleware.
pub(crate) async fn authenticate(
    application: Data<Application>,
    limits: Data<RateLimits>,
    in_flight: Data<InFlight>,
    settings: Data<Settings>,
    begun: ReqData<Begun>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let key = single(request.headers(), X_API_KEY).unwrap_or_default();
    let client = || settings.proxies.client(request.peer_addr(), request.headers());
    // A look-up may take longer than a client may take for its body, which is not read before.
    let connection = request.conn_data::<Arc<Connection>>().cloned();
    let postponed = connection.filter(|connection| connection.postpone_body());
    let identified = identify(&application, &limits, &begun, key, client).await;
    let admitted = match identified {
        Ok(known) => admit(&application.access.quotas, &limits, &request, known, client).await,
        Err(stopped) => Err(stopped),
    };
    if let Some(connection) = postponed {
        connection.begin(true);
    }
    let (mut response, quota) = match admitted {
        Ok((account, quota)) => {
            let read = request.method() == Method::GET;
            let response = next.call(request).await?.map_into_boxed_body();
            let response = if read {
                until_read(response, account, &in_flight)
            } else {
                response
            };
            (response, quota)
        }
        Err(Stopped { error, quota }) => (request.error_response(error), quota.map(|quota| *quota)),
    };
    if let Some(quota) = quota {
        quota.write_to(response.headers_mut());
    }
    Ok(response)
}

/// Why a request is rejected, and the rest of the quota that it counts against.
struct Stopped {
    error: ApiError,
    quota: Option<Box<QuotaLeft>>,
}

impl Stopped {
    fn unauthenticated(quota: Option<QuotaLeft>) -> Self {
        Self::because(Problem::Unauthenticated, quota)
    }

    fn because(problem: Problem, quota: Option<QuotaLeft>) -> Self {
        Self {
            error: problem.into(),
            quota: quota.map(Box::new),
        }
    }
}

impl<E: Into<ApiError>> From<E> for Stopped {
    fn from(error: E) -> Self {
        Self {
            error: error.into(),
            quota: None,
        }
    }
}

impl From<Refused> for Stopped {
    fn from(refused: Refused) -> Self {
        Self {
            error: ApiError::rate_limited(refused.retry_after),
            quota: Some(Box::new(refused.quota)),
        }
    }
}

/// The key of a request that lasts. It is checked again while the answer is being sent.
pub(crate) struct LastingKey {
    key: String,
    request: RequestId,
    client: IpAddr,
}

impl LastingKey {
    /// The key of that request.
    pub(crate) fn of(request: &HttpRequest, settings: &Settings, caller: &Authenticated) -> Self {
        Self {
            key: single(request.headers(), X_API_KEY)
                .unwrap_or_default()
                .to_owned(),
            request: caller.0.request_id.clone(),
            client: settings.proxies.client(request.peer_addr(), request.headers()),
        }
    }

    /// Whether it still gives access.
    pub(crate) async fn counts(&self, application: &Application) -> bool {
        let authentication = &application.access.authentication;
        let client = || self.client;
        match authentication.recall(&self.key, &self.request, client) {
            Recalled::Known(known) => known.admitted,
            Recalled::Nobody => false,
            Recalled::Stale(key) | Recalled::New(key) => {
                let found = authentication.look_up(key, &self.request, client).await;
                found.is_ok_and(|known| known.is_some_and(|known| known.admitted))
            }
        }
    }
}

/// Lets the key be used by its caller. Returns the account, and the rest of the key's quota.
async fn admit(
    quotas: &Quotas,
    limits: &RateLimits,
    request: &ServiceRequest,
    known: Known,
    client: impl Fn() -> IpAddr,
) -> Result<(AccountId, Option<QuotaLeft>), Stopped> {
    let account = known.caller.account;
    request.extensions_mut().insert(Authenticated(known.caller));
    if !known.admitted {
        let quota = limits.admit_failure(quotas, client()).await?;
        return Err(Stopped::because(Problem::AddressNotAllowed, quota));
    }
    Ok((account, limits.admit_request(quotas, &known.key).await?))
}

/// Finds the key, and the caller to whom it belongs.
async fn identify(
    application: &Application,
    limits: &RateLimits,
    Begun { id, deadline }: &Begun,
    key: &str,
    client: impl Fn() -> IpAddr,
) -> Result<Known, Stopped> {
    let Access {
        authentication,
        quotas,
        ..
    } = &application.access;
    match authentication.recall(key, id, &client) {
        Recalled::Known(known) => Ok(known),
        Recalled::Nobody => Err(Stopped::unauthenticated(
            limits.admit_failure(quotas, client()).await?,
        )),
        // The key was valid a moment ago, so it is looked up whatever other clients at its address do.
        Recalled::Stale(key) => match deadline
            .wait_for(authentication.look_up(key, id, &client))
            .await??
        {
            Some(known) => Ok(known),
            None => Err(Stopped::unauthenticated(
                limits.admit_failure(quotas, client()).await?,
            )),
        },
        // An address with too many failures gets no look-ups. A key that the server has not seen counts as a failure
        // first, even if it turns out to be valid.
        Recalled::New(key) => {
            let quota = limits.admit_failure(quotas, client()).await?;
            let found = deadline
                .wait_for(authentication.look_up(key, id, &client))
                .await??;
            found.ok_or_else(|| Stopped::unauthenticated(quota))
        }
    }
}

/// Counts the answer to a read for its account until it has been sent. If the account has too much in flight, returns
/// the refusal instead.
fn until_read(response: ServiceResponse, account: AccountId, in_flight: &InFlight) -> ServiceResponse {
    let BodySize::Sized(bytes) = response.response().body().size() else {
        return response;
    };
    match in_flight.hold(account, bytes) {
        Ok(None) => response,
        Ok(Some(held)) => until_sent(response, held).map_into_boxed_body(),
        Err(error) => ServiceResponse::from_err(error, response.into_parts().0),
    }
}

/// The value of the header, if it occurs exactly once and is text. Two keys count as none.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name);
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}
