//! The values of changes, as they are in JSON.

use crate::value::{Described, Input, Output, ids, schema};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chatgrow_application::FeedStart;
use chatgrow_domain::{
    ChangeId, ChangeType, ChangeTypes, Invalid, ObjectId, SubjectKind, Version, WebhookEndpointId,
};
use chatgrow_ports::ActedBy;
use serde::{Serialize, Serializer};
use serde_json::{Value, json, value::RawValue};

impl Described for ChangeId {
    fn schema() -> Value {
        json!({ "type": "string", "minLength": 28, "maxLength": 28, "example": "chg_507f1f77bcf86cd799439011" })
    }
}

impl Output for ChangeId {
    fn show<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The type of a change. More types will come, so the schema has no closed list.
impl Described for ChangeType {
    fn schema() -> Value {
        json!({ "type": "string", "minLength": 1, "example": "appointment.rescheduled" })
    }
}

impl Output for ChangeType {
    fn show<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Described for SubjectKind {
    fn schema() -> Value {
        json!({ "type": "string", "minLength": 1, "example": "appointment" })
    }
}

impl Output for SubjectKind {
    fn show<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// The types that a reader wants.
impl Described for ChangeTypes {
    fn schema() -> Value {
        json!({ "type": "string", "minLength": 1, "maxLength": 1000, "example": "appointment.*,customer.created" })
    }
}

impl Input for ChangeTypes {
    type Json = String;

    fn parse(text: String) -> Result<Self, Invalid> {
        Self::parse(&text)
    }
}

/// The id of a resource of any kind.
impl Described for ObjectId {
    fn schema() -> Value {
        schema::id("507f1f77bcf86cd799439012")
    }
}

impl Input for ObjectId {
    type Json = String;

    fn parse(text: String) -> Result<Self, Invalid> {
        text.parse().map_err(|_| Invalid::Id)
    }
}

impl Output for ObjectId {
    fn show<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Described for Version {
    fn schema() -> Value {
        schema::integer(1, i64::MAX, 2)
    }
}

impl Output for Version {
    fn show<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.get())
    }
}

/// By whom a reader wants the changes: an id, or `system`.
impl Described for ActedBy {
    fn schema() -> Value {
        json!({ "type": "string", "pattern": "^([0-9a-f]{24}|system)$", "example": "507f1f77bcf86cd799439012" })
    }
}

impl Input for ActedBy {
    type Json = String;

    fn parse(text: String) -> Result<Self, Invalid> {
        match text.as_str() {
            "system" => Ok(Self::System),
            id => id.parse().map(Self::Id).map_err(|_| Invalid::Actor),
        }
    }
}

/// The kind of actor.
pub(crate) struct ActorKind(pub(crate) &'static str);

impl Described for ActorKind {
    fn schema() -> Value {
        schema::choice(
            "ActorType",
            "Who has made a change: the holder of an API key, a user of the console, or nobody who made a request.",
            ["api_key", "user", "system"].into_iter(),
        )
    }
}

impl Output for ActorKind {
    fn show<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

/// The id of a request.
pub(crate) struct RequestIdText(pub(crate) String);

impl Described for RequestIdText {
    fn schema() -> Value {
        json!({ "type": "string", "minLength": 1, "example": "0f3c5d7e9a1b2c3d-42" })
    }
}

impl Output for RequestIdText {
    fn show<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// A JSON object that was rendered before.
pub(crate) struct Rendered(pub(crate) String);

impl Described for Rendered {
    fn schema() -> Value {
        json!({ "type": "object", "additionalProperties": true, "example": { "status": "confirmed" } })
    }
}

impl Output for Rendered {
    fn show<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_json::from_str::<&RawValue>(&self.0)
            .map_err(serde::ser::Error::custom)?
            .serialize(serializer)
    }
}

/// A position in the feed, as a text that is opaque to clients.
pub(crate) struct FeedCursor(pub(crate) Vec<u8>);

impl FeedCursor {
    pub(crate) fn text(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(&self.0)
    }
}

impl Described for FeedCursor {
    fn schema() -> Value {
        json!({ "type": "string", "minLength": 43, "maxLength": 43, "example": "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA" })
    }
}

impl Output for FeedCursor {
    fn show<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text())
    }
}

/// Where a reader begins: `now`, or a cursor.
impl Described for FeedStart {
    fn schema() -> Value {
        json!({ "type": "string", "minLength": 3, "maxLength": 43, "example": "now" })
    }
}

impl Input for FeedStart {
    type Json = String;

    fn parse(text: String) -> Result<Self, Invalid> {
        if text == "now" {
            return Ok(Self::Now);
        }
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text);
        bytes.map(Self::After).map_err(|_| Invalid::FeedCursor)
    }
}

/// How long an answer may wait for changes, in seconds.
#[derive(Clone, Copy)]
pub(crate) struct Wait(pub(crate) u8);

impl Wait {
    const MAX: u8 = 25;
}

impl Described for Wait {
    fn schema() -> Value {
        json!({ "type": "integer", "minimum": 0, "maximum": Self::MAX, "default": 0, "example": 20 })
    }
}

impl Input for Wait {
    type Json = String;

    fn parse(text: String) -> Result<Self, Invalid> {
        let seconds = text.parse().ok().filter(|seconds| *seconds <= Self::MAX);
        seconds.map(Self).ok_or(Invalid::OutOfRange {
            min: 0,
            max: Self::MAX.into(),
        })
    }
}

ids! {
    WebhookEndpointId "507f1f77bcf86cd799439088"
}
