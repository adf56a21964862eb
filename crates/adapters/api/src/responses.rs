//! Answers: their statuses and header fields.

use crate::{
    BASE_PATH,
    conditions::{etag, is_known},
    value::{Sentence, Shown, Success},
};
use actix_web::{
    HttpRequest, HttpResponse, Responder,
    body::BoxBody,
    http::{StatusCode, header},
};
use chatgrow_application::Effect;
use chatgrow_domain::Revised;
use chatgrow_ports::StoredAnswer;
use paperclip::{
    actix::OperationModifier,
    v2::{
        models::{DefaultOperationRaw, DefaultSchemaRaw, Either, Response},
        schema::Apiv2Schema,
    },
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An answer with status 200 and a body.
pub(crate) struct Done<T> {
    /// The entity tag of the resource in the body, if it has a version.
    etag: Option<String>,
    body: T,
}

impl<B> Done<B> {
    /// An answer whose body has no version.
    pub(crate) fn new(body: B) -> Self {
        Self { etag: None, body }
    }

    /// An answer with the current state of a resource.
    pub(crate) fn of<T: Revised + Into<B>>(resource: T) -> Self {
        Self {
            etag: Some(etag(&resource.revision())),
            body: resource.into(),
        }
    }
}

impl<B> Done<B> {
    /// The same answer with a change of its body.
    pub(crate) fn with(mut self, change: impl FnOnce(&mut B)) -> Self {
        change(&mut self.body);
        self
    }
}

/// An answer with status 201, a body, and the path of the created resource.
pub(crate) struct Created<B> {
    location: String,
    etag: String,
    body: B,
}

impl<B> Created<B> {
    /// The same answer with a change of its body.
    pub(crate) fn with(mut self, change: impl FnOnce(&mut B)) -> Self {
        change(&mut self.body);
        self
    }
}

/// Either of these answers.
pub(crate) enum CreatedOrDone<B> {
    Created(Created<B>),
    Done(Done<B>),
}

/// A resource that has its own path.
pub(crate) trait Located {
    /// The path, from the API's root.
    fn location(&self) -> String;
}

impl<T: Revised + Clone, B: From<T>> From<&Effect<T>> for Done<B> {
    fn from(effect: &Effect<T>) -> Self {
        Self::of(effect.resource().clone())
    }
}

impl<T: Revised + Located + Clone, B: From<T>> From<&Effect<T>> for Created<B> {
    fn from(effect: &Effect<T>) -> Self {
        let resource = effect.resource();
        Self {
            location: [BASE_PATH, &resource.location()].concat(),
            etag: etag(&resource.revision()),
            body: resource.clone().into(),
        }
    }
}

impl<T: Revised + Located + Clone, B: From<T>> From<&Effect<T>> for CreatedOrDone<B> {
    fn from(effect: &Effect<T>) -> Self {
        match effect {
            Effect::Created(_) => Self::Created(effect.into()),
            _ => Self::Done(effect.into()),
        }
    }
}

/// An answer as the client receives it.
pub(crate) struct Answer {
    status: StatusCode,
    location: Option<String>,
    etag: Option<String>,
    body: Vec<u8>,
}

/// The format version of stored answers: one line of JSON, which is a [`Head`], and then the body.
const FORMAT: u16 = 1;

/// The parts of an answer other than its body.
#[derive(Serialize, Deserialize)]
struct Head {
    status: u16,
    location: Option<String>,
    etag: Option<String>,
}

impl Answer {
    #[expect(
        clippy::expect_used,
        reason = "structs of strings and numbers always serialize; an empty body must not be recorded as an answer"
    )]
    fn new(status: StatusCode, location: Option<&str>, etag: Option<&str>, body: &impl Serialize) -> Self {
        Self {
            status,
            location: location.map(str::to_owned),
            etag: etag.map(str::to_owned),
            body: serde_json::to_vec(body).expect("the body serializes"),
        }
    }

    /// The answer in the format in which it is stored.
    #[expect(
        clippy::expect_used,
        reason = "structs of strings and numbers always serialize"
    )]
    pub(crate) fn to_stored(&self) -> StoredAnswer {
        let head = Head {
            status: self.status.as_u16(),
            location: self.location.clone(),
            etag: self.etag.clone(),
        };
        let mut bytes = serde_json::to_vec(&head).expect("the head serializes");
        bytes.push(b'\n');
        bytes.extend_from_slice(&self.body);
        StoredAnswer {
            format: FORMAT,
            bytes,
        }
    }

    /// Reads a stored answer. `None` if this server doesn't know its format.
    pub(crate) fn from_stored(stored: &StoredAnswer) -> Option<Self> {
        let end = stored.bytes.iter().position(|byte| *byte == b'\n')?;
        let (head, body) = (&stored.bytes[..end], &stored.bytes[end + 1..]);
        let head: Head = serde_json::from_slice(head)
            .ok()
            .filter(|_| stored.format == FORMAT)?;
        Some(Self {
            status: StatusCode::from_u16(head.status).ok()?,
            location: head.location,
            etag: head.etag,
            body: body.to_vec(),
        })
    }

    /// The answer as an actix response.
    pub(crate) fn respond(self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        for (name, value) in [(header::LOCATION, self.location), (header::ETAG, self.etag)] {
            if let Some(value) = value {
                response.insert_header((name, value));
            }
        }
        response.content_type("application/json").body(self.body)
    }
}

/// A type that can be answered, and stored as an answer.
pub(crate) trait Render {
    /// The answer.
    fn answer(&self) -> Answer;
}

impl<B: Serialize> Render for Done<B> {
    fn answer(&self) -> Answer {
        Answer::new(StatusCode::OK, None, self.etag.as_deref(), &self.body)
    }
}

impl<B: Serialize> Render for Created<B> {
    fn answer(&self) -> Answer {
        Answer::new(
            StatusCode::CREATED,
            Some(&self.location),
            Some(&self.etag),
            &self.body,
        )
    }
}

impl<B: Serialize> Render for CreatedOrDone<B> {
    fn answer(&self) -> Answer {
        match self {
            Self::Created(created) => created.answer(),
            Self::Done(done) => done.answer(),
        }
    }
}

macro_rules! respond {
    ($($name:ident),+) => {$(
        impl<B: Serialize> Responder for $name<B> {
            type Body = BoxBody;

            fn respond_to(self, request: &HttpRequest) -> HttpResponse {
                let answer = self.answer();
                match answer.etag {
                    Some(etag) if is_known(request, &etag) => {
                        HttpResponse::NotModified().insert_header((header::ETAG, etag)).finish()
                    }
                    _ => answer.respond(),
                }
            }
        }
    )+};
}
respond!(Done, Created, CreatedOrDone);

/// Documents a responder, with its body's schema for each of its statuses.
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
    success: Success,
    /// What was done, in words.
    message: Shown<Sentence>,
}

impl Confirmation {
    pub(crate) fn new(message: &'static str) -> Done<Self> {
        Done::new(Self {
            success: Success,
            message: Shown(Sentence(message)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_answer_is_read_as_it_was() {
        let body = "{\"name\":\"first\\nsecond\"}".as_bytes().to_vec();
        let answer = Answer {
            status: StatusCode::CREATED,
            location: Some("/api/webhooks/customers/דנה".to_owned()),
            etag: Some("\"507f1f77bcf86cd799439011.1\"".to_owned()),
            body,
        };
        let read = Answer::from_stored(&answer.to_stored()).unwrap();
        assert_eq!(
            (read.status, read.location, read.etag, read.body),
            (answer.status, answer.location, answer.etag, answer.body)
        );
    }
}
