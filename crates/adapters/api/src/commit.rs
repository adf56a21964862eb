//! Requests that change something: their key (`Idempotency-Key`), their precondition (`If-Match`), and their answers,
//! which are replayed if a request is repeated.

use crate::{
    Begun, Route, Settings,
    access::authentication::Authenticated,
    conditions::precondition,
    error::{ApiError, Problem},
    fingerprint::Fingerprint,
    responses::{Answer, Render},
};
use actix_web::{
    FromRequest, HttpMessage, HttpRequest, HttpResponse, Responder,
    body::BoxBody,
    dev::Payload,
    http::header::{self, HeaderValue},
    web::Data,
};
use chatgrow_application::{Caller, Effect, Outcome, Precondition, Repeatable, Request};
use chatgrow_domain::EmailAddress;
use chatgrow_ports::{IdempotencyKey, StoredAnswer};
use paperclip::{
    actix::OperationModifier,
    v2::{
        models::{
            DataType, DefaultOperationRaw, DefaultSchemaRaw, Either, Parameter, ParameterIn, SecurityScheme,
        },
        schema::Apiv2Schema,
    },
};
use percent_encoding::percent_decode_str;
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    future::{Ready, ready},
    marker::PhantomData,
    time::Duration,
};

/// The header with a request's idempotency key.
pub(crate) const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// The header that marks a replayed answer.
pub(crate) const IDEMPOTENT_REPLAYED: header::HeaderName =
    header::HeaderName::from_static("idempotent-replayed");

/// The most characters of a key.
pub(crate) const MAX_KEY_CHARS: usize = 255;

/// How long before the time-out of all requests a request stops waiting for another one with the same key. The error
/// for that says more than a time-out.
const MARGIN: Duration = Duration::from_millis(20);

/// A request that changes something. Its answer is an `R`.
pub(crate) struct Write<R> {
    request: HttpRequest,
    key: Option<String>,
    precondition: Precondition,
    answer: PhantomData<R>,
}

impl<R> FromRequest for Write<R> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let write = || {
            Ok(Self {
                request: request.clone(),
                key: key_of(request)?,
                precondition: precondition(request)?,
                answer: PhantomData,
            })
        };
        ready(write())
    }
}

/// The request's key. The quotes of a structured field's string are removed.
fn key_of(request: &HttpRequest) -> Result<Option<String>, ApiError> {
    let mut values = request.headers().get_all(IDEMPOTENCY_KEY);
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default().trim();
    let key = match text.strip_prefix('"') {
        Some(quoted) => quoted.strip_suffix('"').unwrap_or_default(),
        None if text.ends_with('"') => "",
        None => text,
    };
    let printable = key.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if values.next().is_some() || !printable || !(1..=MAX_KEY_CHARS).contains(&key.len()) {
        let message = format!(
            "must be one key of 1 to {MAX_KEY_CHARS} printable ASCII characters, with a quote at both ends or at neither"
        );
        return Err(ApiError::of_field(IDEMPOTENCY_KEY, message));
    }
    Ok(Some(key.to_owned()))
}

impl<R> Write<R> {
    /// Who makes the request.
    pub(crate) fn caller(&self) -> Result<Caller, ApiError> {
        let caller = self.request.extensions().get::<Authenticated>().cloned();
        Ok(caller.ok_or(Problem::Unauthenticated)?.0)
    }

    /// What the use case needs to know about the request, and what replies to it. The body must have been read, because
    /// its fingerprint is a part of the request.
    pub(crate) fn request<T>(self) -> Result<(Request<T>, Replies<T, R>), ApiError>
    where
        R: Render + for<'a> From<&'a Effect<T>>,
    {
        let caller = self.caller()?;
        let repeatable = self.key.as_deref().map(|key| self.repeatable(key)).transpose()?;
        let request = Request {
            caller,
            precondition: self.precondition,
            repeatable,
            answer: |effect| R::from(effect).answer().to_stored(),
        };
        Ok((request, Replies(|effect| R::from(effect))))
    }

    fn repeatable(&self, key: &str) -> Result<Repeatable, ApiError> {
        let settings = self.request.app_data::<Data<Settings>>();
        let extensions = self.request.extensions();
        let (Some(settings), Some(begun)) = (settings, extensions.get::<Begun>()) else {
            return Err(ApiError::from(Problem::Internal).because("a handler stands outside of the API"));
        };
        let nothing = Fingerprint([0; 32]);
        Ok(Repeatable {
            key: self.digest(key),
            fingerprint: extensions.get::<Fingerprint>().copied().unwrap_or(nothing).0,
            remembered: settings.idempotency_ttl,
            deadline: (begun.deadline.0 - MARGIN).into_std(),
        })
    }

    /// Identifies a request of the account by method, resource and key.
    fn digest(&self, key: &str) -> IdempotencyKey {
        let mut digest = Sha256::new();
        for part in [self.request.method().as_str(), &self.resource(), key] {
            digest.update(part);
            digest.update([0]);
        }
        IdempotencyKey(digest.finalize().into())
    }

    /// The path of the resource in its canonical spelling: without percent-encoding, and with an e-mail address in the
    /// form in which addresses are compared.
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

/// A new answer, or the stored one of an earlier request.
pub(crate) enum Reply<R> {
    Fresh(R),
    Replayed(Answer),
}

impl<R> Reply<R> {
    /// The reply with a change of the answer, if it is new. What is stored for a repetition doesn't have the change.
    pub(crate) fn once(self, change: impl FnOnce(R) -> R) -> Self {
        match self {
            Self::Fresh(answer) => Self::Fresh(change(answer)),
            replayed @ Self::Replayed(_) => replayed,
        }
    }
}

/// Replies to one request, with the rendering that is stored for its repetitions.
pub(crate) struct Replies<T, R>(fn(&Effect<T>) -> R);

impl<T, R> Replies<T, R> {
    /// The reply for a use case's outcome.
    pub(crate) fn to(self, outcome: Outcome<T>) -> Result<Reply<R>, ApiError> {
        match outcome {
            Outcome::Done(effect) => Ok(Reply::Fresh((self.0)(&effect))),
            Outcome::Replayed(stored) => replayed(&stored).map(Reply::Replayed),
            Outcome::KeyReused => Err(Problem::IdempotencyKeyReused.into()),
            Outcome::InProgress => Err(Problem::IdempotencyInProgress.into()),
        }
    }
}

/// Reads a stored answer. A server of another version may have stored it in a format that this one can't read. Even
/// then the request is not carried out again.
fn replayed(stored: &StoredAnswer) -> Result<Answer, ApiError> {
    Answer::from_stored(stored).ok_or_else(|| {
        tracing::warn!(format = stored.format, "a stored answer can't be read by this version");
        ApiError::from(Problem::IdempotencyInProgress).with_message(
            "The request with this Idempotency-Key was carried out, but its answer can't be read by this server",
        )
    })
}

impl<R: Responder<Body = BoxBody>> Responder for Reply<R> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let answer = match self {
            Self::Fresh(response) => return response.respond_to(request),
            Self::Replayed(answer) => answer,
        };
        let mut response = answer.respond();
        response
            .headers_mut()
            .insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
        response
    }
}

impl<R> Apiv2Schema for Write<R> {}

impl<R> OperationModifier for Write<R> {
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

    fn update_security(operation: &mut DefaultOperationRaw) {
        Authenticated::update_security(operation);
    }

    fn update_security_definitions(map: &mut BTreeMap<String, SecurityScheme>) {
        Authenticated::update_security_definitions(map);
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

    fn update_definitions(map: &mut BTreeMap<String, DefaultSchemaRaw>) {
        R::update_definitions(map);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::StatusCode;

    #[test]
    fn an_answer_that_this_version_cannot_read_is_a_conflict() {
        for (format, bytes) in [(2, "{}\n{}"), (1, "{}"), (1, "no head\n{}"), (1, "")] {
            let bytes = bytes.as_bytes().to_vec();
            let error = replayed(&StoredAnswer { format, bytes }).err().unwrap();
            assert_eq!(error.status(), StatusCode::CONFLICT);
            assert!(error.to_string().contains("was carried out"), "{error}");
        }
    }
}
