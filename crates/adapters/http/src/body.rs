//! The JSON body of a request.

use crate::{
    Settings,
    error::{ApiError, Problem},
    once::{Fingerprint, IDEMPOTENCY_KEY},
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
use std::{collections::BTreeMap, future::Future, pin::Pin};

/// A JSON object, read as a `T`.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        if !is_json(request) {
            return Box::pin(async { Err(Problem::UnsupportedMediaType.into()) });
        }
        // Half of the request's own time, so that there is an answer to a body that dawdles.
        let patience = request
            .app_data::<Data<Settings>>()
            .map(|settings| settings.request_timeout / 2);
        let bytes = Bytes::from_request(request, payload);
        let request = request.clone();
        Box::pin(async move {
            let bytes = match patience {
                Some(patience) => tokio::time::timeout(patience, bytes)
                    .await
                    .map_err(|_| Problem::RequestTimeout)?,
                None => bytes.await,
            };
            let bytes = bytes.map_err(|error| unreadable(&error))?;
            let body = parse(&bytes)?;
            if request.headers().contains_key(IDEMPOTENCY_KEY) {
                let fingerprint = Fingerprint::of(&parse(&bytes)?);
                request.extensions_mut().insert(fingerprint);
            }
            Ok(Self(body))
        })
    }
}

/// Whether the body says that it is JSON in UTF-8, or says nothing.
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

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    // serde_json doesn't look into what it skips.
    let text = str::from_utf8(bytes)
        .map_err(|_| ApiError::validation("The request body is not UTF-8", Vec::new()))?;
    // Some Windows clients begin with a byte order mark; a parser may pass over it (RFC 8259, section 8.1).
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // A sequence would do for serde, field by field.
    if !text.trim_ascii_start().starts_with('{') {
        return Err(ApiError::validation(
            "The request body must be a JSON object",
            Vec::new(),
        ));
    }
    serde_json::from_str(text).map_err(|error| {
        // serde's own words may quote the body; where the fault lies is enough.
        let (line, column) = (error.line(), error.column());
        ApiError::validation(
            format!("The request body is not valid JSON at line {line}, column {column}"),
            Vec::new(),
        )
    })
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
