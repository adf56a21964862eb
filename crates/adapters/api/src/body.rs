//! The JSON body of a request.

use crate::{
    Settings,
    access::authentication::Authenticated,
    commit::IDEMPOTENCY_KEY,
    connection::in_flight::{Held, InFlight},
    connection::turn::Connection,
    error::{ApiError, Problem},
    fingerprint::Fingerprint,
    query::unknown_names,
};
use actix_web::{
    FromRequest, HttpMessage, HttpRequest,
    dev::Payload,
    error::PayloadError,
    http::header,
    web::{Bytes, Data},
};
use paperclip::{
    actix::OperationModifier,
    v2::{
        models::{DefaultOperationRaw, DefaultSchemaRaw},
        schema::Apiv2Schema,
    },
};
use serde::de::DeserializeOwned;
use std::{collections::BTreeMap, future::Future, pin::Pin, sync::Arc};

/// A JSON object, read as a `T`.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        if !is_json(request) {
            return Box::pin(async { Err(Problem::UnsupportedMediaType.into()) });
        }
        // Half of the request's time-out, so that a slow body is still answered.
        let patience = request
            .app_data::<Data<Settings>>()
            .map(|settings| settings.request_timeout / 2);
        let held = hold(request);
        let bytes = Bytes::from_request(request, payload);
        let request = request.clone();
        Box::pin(async move {
            let _held = held?;
            let bytes = match patience {
                Some(patience) => tokio::time::timeout(patience, bytes)
                    .await
                    .map_err(|_| Problem::RequestTimeout)?,
                None => bytes.await,
            };
            let bytes = bytes.map_err(|error| unreadable(&error))?;
            body_was_read(&request);
            let json = object(&bytes)?;
            let body = serde_json::from_str(json).map_err(|error| malformed(&error))?;
            if is_strict(&request) {
                refuse_unknown::<T>(json)?;
            }
            if request.headers().contains_key(IDEMPOTENCY_KEY) {
                request.extensions_mut().insert(Fingerprint::of(json));
            }
            Ok(Self(body))
        })
    }
}

/// Tells the connection that the body has been read, so that it waits for the server now, not for the client.
pub fn body_was_read(request: &HttpRequest) {
    if let Some(connection) = request.conn_data::<Arc<Connection>>() {
        connection.has_body();
    }
}

/// Counts the body for its account until it has been read. It counts the announced length or, if there is none, the
/// maximum.
fn hold(request: &HttpRequest) -> Result<Option<Held>, ApiError> {
    let in_flight = request.app_data::<Data<InFlight>>();
    let settings = request.app_data::<Data<Settings>>();
    let account = request
        .extensions()
        .get::<Authenticated>()
        .map(Authenticated::account);
    let (Some(in_flight), Some(settings), Some(account)) = (in_flight, settings, account) else {
        return Ok(None);
    };
    let length = request.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
    let most = settings.max_body_bytes;
    in_flight.hold(account, length.unwrap_or(most).min(most) as u64)
}

/// Whether the content type is JSON in UTF-8, or is absent.
fn is_json(request: &HttpRequest) -> bool {
    let headers = request.headers();
    let plain = |encoding: &header::HeaderValue| encoding.as_bytes().eq_ignore_ascii_case(b"identity");
    if !headers.get(header::CONTENT_ENCODING).is_none_or(plain) {
        return false;
    }
    headers
        .get(header::CONTENT_TYPE)
        .is_none_or(|value| value.to_str().is_ok_and(is_json_type))
}

fn is_json_type(content_type: &str) -> bool {
    let content_type = content_type.to_ascii_lowercase();
    let mut parts = content_type.split(';');
    let name = parts.next().unwrap_or_default().trim();
    let json = name == "application/json" || name.starts_with("application/") && name.ends_with("+json");
    let mut parameters = parts.filter_map(|parameter| parameter.split_once('='));
    let charset = parameters.find(|(name, _)| name.trim() == "charset");
    json && charset.is_none_or(|(_, charset)| matches!(charset.trim().trim_matches('"'), "utf-8" | "utf8"))
}

fn unreadable(error: &actix_web::Error) -> ApiError {
    match error.as_error::<PayloadError>() {
        Some(PayloadError::Overflow) => Problem::PayloadTooLarge.into(),
        _ => ApiError::validation("The request body could not be read", Vec::new()),
    }
}

/// Whether the client asks for unknown fields to be refused: `Prefer: handling=strict` (RFC 7240).
fn is_strict(request: &HttpRequest) -> bool {
    let values = request.headers().get_all("prefer");
    let mut preferences = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split([',', ';']));
    preferences.any(|preference| {
        let (name, value) = preference.split_once('=').unwrap_or_default();
        name.trim().eq_ignore_ascii_case("handling")
            && value.trim().trim_matches('"').eq_ignore_ascii_case("strict")
    })
}

/// Refuses an object with fields that `T` doesn't have.
fn refuse_unknown<T: DeserializeOwned>(json: &str) -> Result<(), ApiError> {
    let mut unknown = Vec::new();
    let mut reader = serde_json::Deserializer::from_str(json);
    let ignored = |path: serde_ignored::Path<'_>| unknown.push(spelled(&path));
    serde_ignored::deserialize::<_, _, T>(&mut reader, ignored).map_err(|error| malformed(&error))?;
    if unknown.is_empty() {
        Ok(())
    } else {
        Err(unknown_names(unknown, "is no field of this body"))
    }
}

/// The path of a field as errors name it, such as `weekly[2].closes`.
fn spelled(path: &serde_ignored::Path<'_>) -> String {
    use serde_ignored::Path;
    match path {
        Path::Root => String::new(),
        Path::Seq { parent, index } => format!("{}[{index}]", spelled(parent)),
        Path::Map { parent, key } => match spelled(parent) {
            parent if parent.is_empty() => key.clone(),
            parent => format!("{parent}.{key}"),
        },
        Path::Some { parent } | Path::NewtypeStruct { parent } | Path::NewtypeVariant { parent } => {
            spelled(parent)
        }
    }
}

/// The text of a body, if it starts like an object.
fn object(bytes: &[u8]) -> Result<&str, ApiError> {
    // serde_json doesn't check the UTF-8 of what it skips.
    let text = str::from_utf8(bytes)
        .map_err(|_| ApiError::validation("The request body is not UTF-8", Vec::new()))?;
    // Some Windows clients send a byte order mark. A parser may ignore it (RFC 8259, section 8.1).
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // serde would also read the fields from an array.
    if !text.trim_ascii_start().starts_with('{') {
        return Err(ApiError::validation(
            "The request body must be a JSON object",
            Vec::new(),
        ));
    }
    Ok(text)
}

/// serde's message may quote the body, so only the place of the error is returned.
fn malformed(error: &serde_json::Error) -> ApiError {
    let (line, column) = (error.line(), error.column());
    ApiError::validation(
        format!("The request body is not valid JSON at line {line}, column {column}"),
        Vec::new(),
    )
}

impl<T: Apiv2Schema> Apiv2Schema for Body<T> {
    fn name() -> Option<String> {
        T::name()
    }

    fn raw_schema() -> DefaultSchemaRaw {
        T::raw_schema()
    }
}

impl<T: Apiv2Schema> OperationModifier for Body<T> {
    fn update_parameter(operation: &mut DefaultOperationRaw) {
        actix_web::web::Json::<T>::update_parameter(operation);
    }

    fn update_definitions(map: &mut BTreeMap<String, DefaultSchemaRaw>) {
        actix_web::web::Json::<T>::update_definitions(map);
    }
}
