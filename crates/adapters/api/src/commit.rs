//! `Idempotency-Key`: a request that names itself is carried out once, however often it comes
//! (draft-ietf-httpapi-idempotency-key-header).
//!
//! The answer is made before the write and commits with it. A repetition that comes later is answered by the record; one that comes
//! at the same time waits, and the store's own unique key has the last word, whichever server it reaches. What is refused leaves no
//! record: a corrected world may answer anew.

use crate::{
    Deadline, Route, Settings,
    access::authentication::Caller,
    conditions::{ETag, Tags},
    error::{ApiError, Problem},
    fingerprint::Fingerprint,
    responses::Render,
};
use actix_web::{
    FromRequest, HttpMessage, HttpRequest, HttpResponse, Responder,
    body::BoxBody,
    dev::Payload,
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
    web::Data,
};
use chatgrow_application::{Application, RepeatError, Repeatable, With};
use chatgrow_domain::{AccountId, EmailAddress};
use chatgrow_ports::{Answer, Companions, RequestId};
use paperclip::{
    actix::OperationModifier,
    v2::{
        models::{DataType, DefaultOperationRaw, DefaultSchemaRaw, Either, Parameter, ParameterIn},
        schema::Apiv2Schema,
    },
};
use percent_encoding::percent_decode_str;
use sha2::{Digest, Sha256};
use std::{
    collections::HashSet,
    future::{Ready, ready},
    pin::pin,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{sync::Notify, time::sleep};

/// The header that names a request.
pub(crate) const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// The header that tells a replayed answer.
pub(crate) const IDEMPOTENT_REPLAYED: header::HeaderName =
    header::HeaderName::from_static("idempotent-replayed");

/// The most characters of a key.
pub(crate) const MAX_KEY_CHARS: usize = 255;

/// How long to wait before asking again whether a request on another server has ended.
const ASK_AGAIN: Duration = Duration::from_millis(20);

/// A request that may name itself, and what it may change.
pub(crate) struct Once {
    request: HttpRequest,
    key: Option<String>,
    if_match: Option<Tags>,
}

impl FromRequest for Once {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let once = || {
            Ok(Self {
                request: request.clone(),
                key: key_of(request)?,
                if_match: Tags::if_match(request)?,
            })
        };
        ready(once())
    }
}

/// A defect.
fn outside() -> ApiError {
    ApiError::from(Problem::Internal).because("a handler stands outside of the API")
}

/// The request's key, without the quotes of a structured field's string.
fn key_of(request: &HttpRequest) -> Result<Option<String>, ApiError> {
    let mut values = request.headers().get_all(IDEMPOTENCY_KEY);
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default().trim();
    let key = match text.strip_prefix('"') {
        Some(quoted) => quoted.strip_suffix('"').unwrap_or_default(),
        None => text,
    };
    let printable = key.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if values.next().is_some() || !printable || !(1..=MAX_KEY_CHARS).contains(&key.len()) {
        let message = format!(
            "must be one key of 1 to {MAX_KEY_CHARS} printable ASCII characters, with a quote at both ends or at neither"
        );
        return Err(ApiError::of_header(IDEMPOTENCY_KEY, message));
    }
    Ok(Some(key.to_owned()))
}

/// An answer, or the one of before.
pub(crate) enum Reply<R> {
    Fresh(R),
    Replayed(Answer),
}

impl Once {
    /// Whether the request may change what is there now: its `If-Match`.
    pub(crate) fn admits<T>(
        &self,
        tag: impl Fn(&T) -> ETag + Send + Sync,
    ) -> impl Fn(Option<&T>) -> bool + Send + Sync {
        let tags = self.if_match.as_ref();
        move |current| match (tags, current) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(tags), Some(current)) => tags.admit(&tag(current)),
        }
    }

    /// Carries the request out, unless it was before. `work` gets what has to commit with its write; it may be called again where it
    /// failed.
    pub(crate) async fn run<T, E, R>(
        &self,
        render: impl Fn(&T) -> R + Send + Sync,
        work: impl AsyncFn(With<'_, T>) -> Result<T, E>,
    ) -> Result<Reply<R>, ApiError>
    where
        R: Render,
        ApiError: From<E>,
    {
        let Some(key) = &self.key else {
            let outcome = work(&|_| Companions::default()).await?;
            return Ok(Reply::Fresh(render(&outcome)));
        };
        let (application, settings) = (self.data::<Application>()?, self.data::<Settings>()?);
        let running = self.data::<Running>()?;
        let repeatable = self.repeatable(key)?;
        let with = |outcome: &T| {
            let answer = render(outcome).answer();
            application
                .idempotency
                .companions(&repeatable, answer, settings.idempotency_ttl)
        };
        // A moment before the time-out of all requests, which would tell less.
        let deadline = self.request.extensions().get::<Deadline>().copied();
        let deadline = deadline.ok_or_else(outside)?.earlier_by(ASK_AGAIN);
        let _turn = deadline
            .wait_for(running.enter((repeatable.account, repeatable.id)))
            .await
            .map_err(|_| Problem::IdempotencyInProgress)?;
        loop {
            let error = match work(&with).await {
                Ok(outcome) => return Ok(Reply::Fresh(render(&outcome))),
                Err(error) => ApiError::from(error),
            };
            // It may have been carried out before, and what is in its way be its own effect; or the store may take no writes now.
            match application.idempotency.answer(&repeatable).await {
                Ok(Some(answer)) => return Ok(Reply::Replayed(answer)),
                Err(other) if error.status().is_client_error() => return Err(other.into()),
                _ if error.problem != Problem::IdempotencyInProgress => return Err(error),
                _ => deadline.wait_for(sleep(ASK_AGAIN)).await.map_err(|_| error)?,
            }
        }
    }

    fn data<D: 'static>(&self) -> Result<Data<D>, ApiError> {
        self.request.app_data::<Data<D>>().cloned().ok_or_else(outside)
    }

    /// Account, method, resource and key say which request it is.
    fn repeatable(&self, key: &str) -> Result<Repeatable, ApiError> {
        let extensions = self.request.extensions();
        let caller = extensions.get::<Caller>().ok_or(Problem::Unauthenticated)?;
        let mut id = Sha256::new();
        for part in [self.request.method().as_str(), &self.resource(), key] {
            id.update(part);
            id.update([0]);
        }
        let nothing = Fingerprint([0; 32]);
        Ok(Repeatable {
            account: caller.account(),
            id: RequestId(id.finalize().into()),
            fingerprint: extensions.get::<Fingerprint>().copied().unwrap_or(nothing).0,
        })
    }

    /// The path of the resource in one spelling: no percent-encoding, and an e-mail address as addresses are compared.
    fn resource(&self) -> String {
        let route = self.request.app_data::<Route>().map_or("", |route| route.0);
        let mut path = route.to_owned();
        for (name, value) in self.request.match_info().iter() {
            let value = percent_decode_str(value).decode_utf8_lossy().into_owned();
            let value = match name {
                "email" => {
                    EmailAddress::new(value.as_str()).map_or(value, |email| email.key().as_str().to_owned())
                }
                _ => value,
            };
            path = path.replace(&format!("{{{name}}}"), &value);
        }
        path
    }
}

impl<R: Responder<Body = BoxBody>> Responder for Reply<R> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let answer = match self {
            Self::Fresh(response) => return response.respond_to(request),
            Self::Replayed(answer) => answer,
        };
        let mut response = respond(answer);
        response
            .headers_mut()
            .insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
        response
    }
}

/// The answer as a response.
pub(crate) fn respond(answer: Answer) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = HttpResponse::build(status);
    let headers = [(header::LOCATION, answer.location), (header::ETAG, answer.etag)];
    for (name, value) in headers {
        if let Some(value) = value {
            response.insert_header((name, value));
        }
    }
    response.content_type("application/json").body(answer.body)
}

/// The requests with a key that this server is carrying out.
#[derive(Default)]
pub(crate) struct Running {
    requests: Mutex<HashSet<(AccountId, RequestId)>>,
    ended: Notify,
}

impl Running {
    fn requests(&self) -> MutexGuard<'_, HashSet<(AccountId, RequestId)>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until no other request with that id is carried out here.
    async fn enter(&self, request: (AccountId, RequestId)) -> Turn<'_> {
        loop {
            let mut ended = pin!(self.ended.notified());
            // Before the look, so that an end right after it is not missed.
            ended.as_mut().enable();
            let entered = self.requests().insert(request);
            if entered {
                return Turn {
                    running: self,
                    request,
                };
            }
            ended.await;
        }
    }
}

/// A request that is being carried out; it ends when this is dropped.
struct Turn<'a> {
    running: &'a Running,
    request: (AccountId, RequestId),
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.running.requests().remove(&self.request);
        self.running.ended.notify_waiters();
    }
}

impl From<RepeatError> for ApiError {
    fn from(error: RepeatError) -> Self {
        match error {
            RepeatError::KeyReused => Problem::IdempotencyKeyReused.into(),
            RepeatError::Store(error) => error.into(),
        }
    }
}

impl Apiv2Schema for Once {}

impl OperationModifier for Once {
    fn update_parameter(operation: &mut DefaultOperationRaw) {
        operation.parameters.push(Either::Right(Parameter {
            name: IDEMPOTENCY_KEY.to_owned(),
            in_: ParameterIn::Header,
            description: Some(
                "Names this request: repeated with the same key and body, it is answered as it was the first time.".to_owned(),
            ),
            data_type: Some(DataType::String),
            ..Parameter::default()
        }));
    }
}

impl<R: Apiv2Schema> Apiv2Schema for Reply<R> {
    fn name() -> Option<String> {
        R::name()
    }

    fn raw_schema() -> DefaultSchemaRaw {
        R::raw_schema()
    }
}

impl<R: OperationModifier> OperationModifier for Reply<R> {
    fn update_response(operation: &mut DefaultOperationRaw) {
        R::update_response(operation);
    }

    fn update_definitions(map: &mut std::collections::BTreeMap<String, DefaultSchemaRaw>) {
        R::update_definitions(map);
    }
}
