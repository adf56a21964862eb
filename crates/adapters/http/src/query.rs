//! The query string of a request, and the cursors in it.

use crate::{error::ApiError, fields::Fields};
use actix_web::{FromRequest, HttpRequest, dev::Payload};
use chatgrow_domain::{AppointmentId, CustomerId, EventId, LocalMinute, PageLimit, RegistrationId};
use chatgrow_ports::{Page, PageRequest, StartPosition};
use paperclip::{
    actix::OperationModifier,
    v2::{
        models::{DefaultOperationRaw, DefaultSchemaRaw},
        schema::Apiv2Schema,
    },
};
use serde::de::DeserializeOwned;
use std::{
    collections::BTreeMap,
    future::{Ready, ready},
};

/// The query string, read as a `T` of optional texts. Unknown parameters are ignored.
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

/// A page as an answer shows it: the items, and where the next page begins.
pub(crate) fn shown<T, P: Cursor, W: From<T>>(page: Page<T, P>) -> (Vec<W>, Option<String>) {
    (
        page.items.into_iter().map(W::from).collect(),
        page.next.as_ref().map(Cursor::encode),
    )
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
