//! Answers: their statuses, and how single values look on the wire.

use crate::{
    commit::respond,
    conditions::{ETag, is_known},
};
use actix_web::{
    HttpRequest, HttpResponse, Responder,
    body::BoxBody,
    http::{StatusCode, header},
};
use chatgrow_domain::{LocalMinute, Money, Timestamp};
use chatgrow_ports::Answer;
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
use time::{Date, Time};

/// 200 with a body.
pub(crate) struct Done<T> {
    /// The version of what the body shows, where it has one.
    pub(crate) etag: Option<ETag>,
    pub(crate) body: T,
}

impl<T> Done<T> {
    /// What has no version.
    pub(crate) fn new(body: T) -> Self {
        Self { etag: None, body }
    }
}

/// 201 with a body and the path of what was created.
pub(crate) struct Created<T> {
    pub(crate) location: String,
    /// The version of what the body shows, where it has one.
    pub(crate) etag: Option<ETag>,
    pub(crate) body: T,
}

/// Either of them.
pub(crate) enum CreatedOrDone<T> {
    Created(Created<T>),
    Done(Done<T>),
}

/// What can be answered, and kept to be answered again.
pub(crate) trait Render {
    /// The answer.
    fn answer(&self) -> Answer;
}

fn json(status: StatusCode, location: Option<&str>, etag: Option<&ETag>, body: &impl Serialize) -> Answer {
    Answer {
        status: status.as_u16(),
        location: location.map(str::to_owned),
        etag: etag.map(|etag| etag.0.clone()),
        // Structs of strings and numbers always serialize.
        body: serde_json::to_vec(body).unwrap_or_default(),
    }
}

impl<T: Serialize> Render for Done<T> {
    fn answer(&self) -> Answer {
        json(StatusCode::OK, None, self.etag.as_ref(), &self.body)
    }
}

impl<T: Serialize> Render for Created<T> {
    fn answer(&self) -> Answer {
        json(
            StatusCode::CREATED,
            Some(&self.location),
            self.etag.as_ref(),
            &self.body,
        )
    }
}

impl<T: Serialize> Render for CreatedOrDone<T> {
    fn answer(&self) -> Answer {
        match self {
            Self::Created(created) => created.answer(),
            Self::Done(done) => done.answer(),
        }
    }
}

macro_rules! respond {
    ($($name:ident),+) => {$(
        impl<T: Serialize> Responder for $name<T> {
            type Body = BoxBody;

            fn respond_to(self, request: &HttpRequest) -> HttpResponse {
                let answer = self.answer();
                match answer.etag {
                    Some(etag) if is_known(request, &etag) => {
                        HttpResponse::NotModified().insert_header((header::ETAG, etag)).finish()
                    }
                    _ => respond(answer),
                }
            }
        }
    )+};
}
respond!(Done, Created, CreatedOrDone);

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
        Done::new(Self {
            success: true,
            message,
        })
    }
}

/// RFC 3339 in UTC, with milliseconds and `Z`.
pub(crate) fn instant(timestamp: Timestamp) -> String {
    let instant = timestamp.to_utc();
    rfc3339(instant.date(), instant.time())
}

/// The civil date as midnight UTC, and the time of day as `HH:MM`.
pub(crate) fn date_and_time(minute: LocalMinute) -> (String, String) {
    let civil = minute.to_date_time();
    let midnight = rfc3339(civil.date(), Time::MIDNIGHT);
    let mut time = *b"00:00";
    write_number(&mut time[..2], civil.hour().into());
    write_number(&mut time[3..], civil.minute().into());
    (midnight, text(&time))
}

/// A list of 50 events holds 150 of these: by `time`'s own formatter they take a sixth of the request.
fn rfc3339(date: Date, time: Time) -> String {
    let mut instant = *b"0000-00-00T00:00:00.000Z";
    let (year, month, day) = date.to_calendar_date();
    // Years before 0 are none of the API's: it takes no such dates.
    write_number(&mut instant[..4], year.unsigned_abs());
    write_number(&mut instant[5..7], u8::from(month).into());
    write_number(&mut instant[8..10], day.into());
    write_number(&mut instant[11..13], time.hour().into());
    write_number(&mut instant[14..16], time.minute().into());
    write_number(&mut instant[17..19], time.second().into());
    write_number(&mut instant[20..23], time.millisecond().into());
    text(&instant)
}

/// Writes the number in decimal, filling the place.
fn write_number(place: &mut [u8], mut number: u32) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
}

fn text(ascii: &[u8]) -> String {
    String::from_utf8(ascii.to_vec()).unwrap_or_default()
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
