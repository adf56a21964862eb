//! Answers: their statuses, and how single values look on the wire.

use actix_web::{
    HttpRequest, HttpResponse, Responder,
    body::BoxBody,
    http::{StatusCode, header},
};
use chatgrow_domain::{LocalMinute, Money, Timestamp};
use paperclip::{
    actix::OperationModifier,
    v2::{
        models::{DataType, DefaultOperationRaw, DefaultSchemaRaw, Either, Response},
        schema::Apiv2Schema,
    },
};
use serde::{Serialize, Serializer, ser::Error as _};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use time::{format_description::BorrowedFormatItem, macros::format_description};

/// 200 with a body.
pub(crate) struct Done<T>(pub(crate) T);

/// 201 with a body and the path of what was created.
pub(crate) struct Created<T> {
    pub(crate) location: String,
    pub(crate) body: T,
}

/// Either of them.
pub(crate) enum CreatedOrDone<T> {
    Created(Created<T>),
    Done(Done<T>),
}

fn json(status: StatusCode, body: &impl Serialize) -> HttpResponse {
    HttpResponse::build(status).json(body)
}

impl<T: Serialize> Responder for Done<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        json(StatusCode::OK, &self.0)
    }
}

impl<T: Serialize> Responder for Created<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let mut response = json(StatusCode::CREATED, &self.body);
        if let Ok(location) = header::HeaderValue::from_str(&self.location) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        response
    }
}

impl<T: Serialize> Responder for CreatedOrDone<T> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        match self {
            Self::Created(created) => created.respond_to(request),
            Self::Done(done) => done.respond_to(request),
        }
    }
}

/// Documents a responder: its body's schema under each of its statuses.
macro_rules! document {
    ($($name:ident: $($status:literal $description:literal),+;)+) => {$(
        impl<T: Apiv2Schema> Apiv2Schema for $name<T> {
            fn name() -> Option<String> {
                T::name()
            }

            fn raw_schema() -> DefaultSchemaRaw {
                T::raw_schema()
            }
        }

        impl<T: Apiv2Schema> OperationModifier for $name<T> {
            fn update_response(operation: &mut DefaultOperationRaw) {
                $(
                    let mut schema = T::schema_with_ref();
                    schema.retain_ref();
                    let response = Response { description: Some($description.into()), schema: Some(schema), ..Response::default() };
                    operation.responses.insert($status.into(), Either::Right(response));
                )+
            }

            fn update_definitions(map: &mut BTreeMap<String, DefaultSchemaRaw>) {
                actix_web::web::Json::<T>::update_definitions(map);
            }
        }
    )+};
}
document! {
    Done: "200" "Done";
    Created: "201" "Created";
    CreatedOrDone: "200" "Replaced", "201" "Created";
}

/// The answer to what returns nothing but its success.
#[derive(Serialize, paperclip::actix::Apiv2Schema)]
pub(crate) struct Confirmation {
    /// Always `true`.
    success: bool,
    /// What was done, in words.
    message: &'static str,
}

impl Confirmation {
    pub(crate) fn new(message: &'static str) -> Done<Self> {
        Done(Self {
            success: true,
            message,
        })
    }
}

const INSTANT: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// RFC 3339 in UTC, with milliseconds and `Z`.
pub(crate) fn instant(timestamp: Timestamp) -> String {
    // The calendar's four-digit years always fit the format.
    timestamp.to_utc().format(INSTANT).unwrap_or_default()
}

/// The civil date as midnight UTC, and the time of day as `HH:MM`.
pub(crate) fn date_and_time(minute: LocalMinute) -> (String, String) {
    let civil = minute.to_date_time();
    let date = civil
        .date()
        .format(format_description!("[year]-[month]-[day]T00:00:00.000Z"))
        .unwrap_or_default();
    (
        date,
        civil
            .time()
            .format(format_description!("[hour]:[minute]"))
            .unwrap_or_default(),
    )
}

/// An amount of money as an exact JSON number.
pub(crate) struct Price(pub(crate) Money);

impl Serialize for Price {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.0.to_string())
            .map_err(S::Error::custom)?
            .serialize(serializer)
    }
}

impl Apiv2Schema for Price {
    fn raw_schema() -> DefaultSchemaRaw {
        DefaultSchemaRaw {
            data_type: Some(DataType::Number),
            ..DefaultSchemaRaw::default()
        }
    }
}
