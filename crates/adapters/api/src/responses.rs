//! Answers: their statuses and header fields.

use crate::{
    commit::respond,
    conditions::{ETag, is_known},
    value::{Sentence, Shown, Success},
};
use actix_web::{
    HttpRequest, HttpResponse, Responder,
    body::BoxBody,
    http::{StatusCode, header},
};
use chatgrow_ports::Answer;
use paperclip::{
    actix::OperationModifier,
    v2::{
        models::{DefaultOperationRaw, DefaultSchemaRaw, Either, Response},
        schema::Apiv2Schema,
    },
};
use serde::Serialize;
use std::collections::BTreeMap;

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
