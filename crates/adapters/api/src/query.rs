//! The query string of a request, and the cursors in it.

use crate::{
    Route,
    error::{ApiError, FieldError},
    fields::Fields,
    openapi,
};
use actix_web::{
    FromRequest, HttpRequest,
    dev::{Payload, ServiceRequest},
};
use chatgrow_domain::{AppointmentId, CustomerId, EventId, LocalMinute, PageLimit, RegistrationId};
use chatgrow_ports::{PageRequest, StartPosition};
use paperclip::{
    actix::OperationModifier,
    v2::{
        models::{DefaultOperationRaw, DefaultSchemaRaw},
        schema::Apiv2Schema,
    },
};
use serde::de::DeserializeOwned;
use std::{
    collections::{BTreeMap, BTreeSet},
    future::{Ready, ready},
    sync::LazyLock,
};
use time::{Date, Time};

/// The most unknown names that one answer lists.
pub(crate) const MOST_UNKNOWN: usize = 20;

/// The parameters that the document has for each operation, which a method and a route name.
type Parameters = BTreeMap<(String, String), BTreeSet<String>>;

/// Refuses what the operation doesn't know: a filter that is ignored would answer with everything.
///
/// # Errors
/// Every parameter of the query string that the OpenAPI document doesn't have for the operation.
pub(crate) fn refuse_unknown(request: &ServiceRequest, route: Route) -> Result<(), ApiError> {
    static KNOWN: LazyLock<Parameters> = LazyLock::new(openapi::query_parameters);
    if request.query_string().is_empty() {
        return Ok(());
    }
    let Some(known) = KNOWN.get(&(request.method().as_str().to_lowercase(), route.0.to_owned())) else {
        // There is no such operation, which is answered elsewhere.
        return Ok(());
    };
    let given: Vec<(String, String)> = serde_urlencoded::from_str(request.query_string()).unwrap_or_default();
    let unknown: BTreeSet<_> = given
        .into_iter()
        .map(|(name, _)| name)
        .filter(|name| !known.contains(name))
        .collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let known: Vec<_> = known.iter().map(String::as_str).collect();
    let has = match known[..] {
        [] => "none".to_owned(),
        _ => known.join(", "),
    };
    let error = unknown_names(unknown, "is no parameter of this operation");
    let message = format!("{error}; those that it has: {has}");
    Err(error.with_message(message))
}

/// The error of names that mean nothing here, the first of them at least.
pub(crate) fn unknown_names(names: impl IntoIterator<Item = String>, message: &str) -> ApiError {
    let errors = names.into_iter().take(MOST_UNKNOWN).map(|mut name| {
        if let Some((longest, _)) = name.char_indices().nth(100) {
            name.truncate(longest);
        }
        if name.is_empty() {
            name.push_str("\"\"");
        }
        FieldError {
            field: name.into(),
            message: message.to_owned(),
        }
    });
    ApiError::of_fields(errors.collect())
}

/// The query string, read as a `T` of optional texts.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        // Any text is a text, so all that can go wrong is a parameter that is there twice.
        let query = serde_urlencoded::from_str(request.query_string());
        ready(
            query
                .map(Self)
                .map_err(|error| ApiError::validation(format!("The query string has a {error}"), Vec::new())),
        )
    }
}

impl<T: Apiv2Schema> Apiv2Schema for Query<T> {}

impl<T: Apiv2Schema> OperationModifier for Query<T> {
    fn update_parameter(operation: &mut DefaultOperationRaw) {
        actix_web::web::Query::<T>::update_parameter(operation);
    }

    fn update_definitions(_: &mut BTreeMap<String, DefaultSchemaRaw>) {}
}

/// A position in a list, as clients hold it: a letter for the list, so that another list's is refused, and the position.
pub(crate) trait Cursor: Sized {
    fn encode(&self) -> String;
    fn decode(text: &str) -> Option<Self>;
}

macro_rules! id_cursors {
    ($($letter:literal $id:ty),+) => {$(
        impl Cursor for $id {
            fn encode(&self) -> String {
                format!(concat!($letter, "{}"), self)
            }

            fn decode(text: &str) -> Option<Self> {
                text.strip_prefix($letter)?.parse().ok()
            }
        }
    )+};
}
id_cursors!("c" CustomerId, "r" RegistrationId);

macro_rules! start_cursors {
    ($($letter:literal $id:ty),+) => {$(
        impl Cursor for StartPosition<$id> {
            fn encode(&self) -> String {
                format!(concat!($letter, "{:016x}{}"), self.start.as_minutes(), self.id)
            }

            fn decode(text: &str) -> Option<Self> {
                let (start, id) = text.strip_prefix($letter)?.split_at_checked(16)?;
                let start = u64::from_str_radix(start, 16).ok()?.cast_signed();
                Some(Self { start: LocalMinute::from_minutes(start)?, id: id.parse().ok()? })
            }
        }
    )+};
}
start_cursors!("a" AppointmentId, "e" EventId);

/// The minutes from the first day's beginning until the last day's end.
pub(crate) fn days(from: Option<Date>, to: Option<Date>) -> (Option<LocalMinute>, Option<LocalMinute>) {
    let midnight = |date| LocalMinute::new(date, Time::MIDNIGHT);
    // The day after the last day of the calendar is no day: then nothing lies beyond.
    (from.map(midnight), to.and_then(Date::next_day).map(midnight))
}

impl Fields {
    /// The page that `limit` and `cursor` ask for.
    pub(crate) fn page<P: Cursor>(
        &mut self,
        limit: Option<&str>,
        cursor: Option<&str>,
    ) -> Option<PageRequest<P>> {
        let limit = self.parameter("limit", limit, |text| {
            PageLimit::new(text.parse().unwrap_or(i64::MIN))
        });
        let after = match cursor.map(P::decode) {
            Some(None) => self.refuse("cursor", "must be the nextCursor of an earlier answer"),
            position => Some(position.flatten()),
        };
        Some(PageRequest {
            limit: limit?.unwrap_or(PageLimit::DEFAULT),
            after: after?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatgrow_domain::ObjectId;

    #[test]
    fn cursors_are_read_back_and_nothing_else_is() {
        for minutes in [-1_035_593_280, -1, 0, 29_000_000, 4_223_371_679] {
            let start = LocalMinute::from_minutes(minutes).unwrap();
            let position = StartPosition {
                start,
                id: EventId::new(ObjectId::from_bytes([0xab; 12])),
            };
            assert_eq!(StartPosition::decode(&position.encode()), Some(position));
        }
        for text in [
            "",
            "x",
            "e",
            "e507f1f77bcf86cd799439011",
            "e0000000000000000507f1f77bcf86cd79943901",
            "effffffffffffffff0",
            "éé",
        ] {
            assert_eq!(StartPosition::<EventId>::decode(text), None, "{text}");
        }
        let of_appointments = "a0000000000000000507f1f77bcf86cd799439011";
        assert!(StartPosition::<AppointmentId>::decode(of_appointments).is_some());
        assert_eq!(StartPosition::<EventId>::decode(of_appointments), None);
        let beyond = format!("e{:016x}507f1f77bcf86cd799439011", i64::MAX);
        assert_eq!(StartPosition::<EventId>::decode(&beyond), None);
    }
}
