//! The query string of a request, and the cursors in it.

use crate::{
    Route,
    error::{ApiError, FieldError},
    fields::Fields,
    openapi,
    value::{Cursor, Described, Input, pack, pack_parameters},
};
use actix_web::{
    FromRequest, HttpRequest,
    dev::{Payload, ServiceRequest},
};
use chatgrow_domain::{
    ApiKeyId, AppointmentId, BlockId, CustomerId, EventId, HoldId, Invalid, LocalMinute, PageLimit,
    PaymentId, PaymentSourceId, RegistrationId, ResourceId, ServiceId,
};
use chatgrow_ports::{PageRequest, StartPosition};
use paperclip::{
    actix::OperationModifier,
    v2::{
        models::{DefaultOperationRaw, DefaultSchemaRaw},
        schema::Apiv2Schema,
    },
};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use std::{
    collections::{BTreeMap, BTreeSet},
    future::{Ready, ready},
    sync::LazyLock,
};
use time::{Date, Time};

/// The most unknown names that an answer lists.
pub(crate) const MOST_UNKNOWN: usize = 20;

/// The documented parameters of each operation, by method and route.
type Parameters = BTreeMap<(String, String), BTreeSet<String>>;

/// Refuses unknown parameters. If a misspelt filter were ignored, the answer would contain everything.
///
/// # Errors
/// Lists every parameter of the query string that the OpenAPI document doesn't have for the operation.
pub(crate) fn refuse_unknown(request: &ServiceRequest, route: Route) -> Result<(), ApiError> {
    static KNOWN: LazyLock<Parameters> = LazyLock::new(openapi::query_parameters);
    if request.query_string().is_empty() {
        return Ok(());
    }
    let Some(known) = KNOWN.get(&(request.method().as_str().to_lowercase(), route.0.to_owned())) else {
        // There is no such operation, which is reported elsewhere.
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

/// The error of unknown names. It lists only the first of them if there are many.
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

/// The query string, read as a `T` of [`Parameter`]s.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        // Any text is valid, so this can only fail if a parameter occurs twice.
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
        pack_parameters(T::raw_schema(), operation);
    }

    fn update_definitions(_: &mut BTreeMap<String, DefaultSchemaRaw>) {}
}

/// A parameter, which may be absent.
pub(crate) struct Parameter<T>(pub(crate) Option<Result<T, Invalid>>);

impl<T> Default for Parameter<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: Input<Json = String>> Deserialize<'de> for Parameter<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Some(T::parse(text))))
    }
}

impl<T: Described> Apiv2Schema for Parameter<T> {
    fn required() -> bool {
        false
    }

    fn raw_schema() -> DefaultSchemaRaw {
        pack(T::schema())
    }
}

/// A position in a list that can be written as a [`Cursor`]: a letter for the list, so that a cursor of another list is
/// refused, and the position.
pub(crate) trait Position: Sized {
    fn encode(&self) -> Cursor;
    fn decode(cursor: &Cursor) -> Option<Self>;
}

macro_rules! id_cursors {
    ($($letter:literal $id:ty),+) => {$(
        impl Position for $id {
            fn encode(&self) -> Cursor {
                Cursor(format!(concat!($letter, "{}"), self))
            }

            fn decode(Cursor(text): &Cursor) -> Option<Self> {
                text.strip_prefix($letter)?.parse().ok()
            }
        }
    )+};
}
id_cursors!("c" CustomerId, "p" PaymentId, "r" RegistrationId, "s" ServiceId, "x" ResourceId, "k" ApiKeyId, "q" PaymentSourceId);

macro_rules! start_cursors {
    ($($letter:literal $id:ty),+) => {$(
        impl Position for StartPosition<$id> {
            fn encode(&self) -> Cursor {
                Cursor(format!(concat!($letter, "{:016x}{}"), self.start.as_minutes(), self.id))
            }

            fn decode(Cursor(text): &Cursor) -> Option<Self> {
                let (start, id) = text.strip_prefix($letter)?.split_at_checked(16)?;
                let start = u64::from_str_radix(start, 16).ok()?.cast_signed();
                Some(Self { start: LocalMinute::from_minutes(start)?, id: id.parse().ok()? })
            }
        }
    )+};
}
start_cursors!("a" AppointmentId, "b" BlockId, "e" EventId, "h" HoldId);

/// The cursor of the search is a start.
impl Position for LocalMinute {
    fn encode(&self) -> Cursor {
        Cursor(format!("t{:016x}", self.as_minutes()))
    }

    fn decode(Cursor(text): &Cursor) -> Option<Self> {
        let start = text.strip_prefix('t').filter(|start| start.len() == 16)?;
        Self::from_minutes(u64::from_str_radix(start, 16).ok()?.cast_signed())
    }
}

/// The minutes from the start of the first day to the end of the last day.
pub(crate) fn days(from: Option<Date>, to: Option<Date>) -> (Option<LocalMinute>, Option<LocalMinute>) {
    let midnight = |date| LocalMinute::new(date, Time::MIDNIGHT);
    // The last day of the calendar has no next day. Then there is no upper bound.
    (from.map(midnight), to.and_then(Date::next_day).map(midnight))
}

impl Fields {
    /// The page that `limit` and `cursor` request.
    pub(crate) fn page<P: Position>(
        &mut self,
        limit: Parameter<PageLimit>,
        cursor: Parameter<Cursor>,
    ) -> Option<PageRequest<P>> {
        let limit = self.parameter("limit", limit);
        let after = match self.parameter("cursor", cursor)?.as_ref().map(P::decode) {
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

    fn decode<Id>(text: &str) -> Option<StartPosition<Id>>
    where
        StartPosition<Id>: Position,
    {
        StartPosition::decode(&Cursor(text.to_owned()))
    }

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
            assert_eq!(decode::<EventId>(text), None, "{text}");
        }
        let of_appointments = "a0000000000000000507f1f77bcf86cd799439011";
        assert!(decode::<AppointmentId>(of_appointments).is_some());
        assert_eq!(decode::<EventId>(of_appointments), None);
        let beyond = format!("e{:016x}507f1f77bcf86cd799439011", i64::MAX);
        assert_eq!(decode::<EventId>(&beyond), None);
    }
}
