//! Values of webhook endpoints and deliveries.

use crate::value::{Described, Input, Output, Text, schema};
use chatgrow_domain::{
    ChangeTypes, Continuation, DeliveryStatus, Disabling, Invalid, ReceiverUrl, SendFailure,
    WebhookDescription, WebhookSecret,
};
use serde::Serializer;
use serde_json::{Value, json};

/// A type of changes, or a pattern of types.
pub(crate) struct Pattern(pub(crate) String);

impl Text for Pattern {
    fn schema() -> Value {
        json!({ "type": "string", "minLength": 1, "maxLength": 63, "example": "appointment.*" })
    }

    fn read(text: String) -> Result<Self, Invalid> {
        ChangeTypes::matching(&text)?;
        Ok(Self(text))
    }

    fn text(&self) -> &str {
        &self.0
    }
}

/// A URL that a client sends. Whether it may be called is for the use case to decide.
pub(crate) struct UrlText(pub(crate) String);

impl Described for UrlText {
    fn schema() -> Value {
        ReceiverUrl::schema()
    }
}

impl Input for UrlText {
    type Json = String;

    fn parse(text: String) -> Result<Self, Invalid> {
        if text.trim().is_empty() {
            return Err(Invalid::Missing);
        }
        Ok(Self(text))
    }
}

impl Described for ReceiverUrl {
    fn schema() -> Value {
        json!({
            "type": "string",
            "format": "uri",
            "maxLength": Self::MAX_CHARS,
            "example": "https://crm.example.com/webhooks/chatgrow",
        })
    }
}

impl Output for ReceiverUrl {
    fn show<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Text for WebhookDescription {
    fn schema() -> Value {
        schema::text(Self::MAX_CHARS, "CRM")
    }

    fn read(text: String) -> Result<Self, Invalid> {
        Self::new(text)
    }

    fn text(&self) -> &str {
        self.as_str()
    }
}

/// A secret in plain text, which only the answer that makes it shows.
impl Described for WebhookSecret {
    fn schema() -> Value {
        schema::text(94, "whsec_…")
    }
}

impl Output for WebhookSecret {
    fn show<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.reveal())
    }
}

impl Described for Disabling {
    fn schema() -> Value {
        schema::unnamed_choice(
            "Why the server has stopped sending: the receiver answered 410 (`gone`), or everything has failed for five days.",
            Self::ALL.iter().map(|why| why.as_str()),
        )
    }
}

impl Output for Disabling {
    fn show<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Described for Continuation {
    fn schema() -> Value {
        schema::unnamed_choice(
            "With which change an endpoint goes on: the first that it has not tried (`where_it_stopped`), or, because some changes \
             since then are not kept any more, of whatever type, the oldest that is (`oldest_kept`).",
            Self::ALL.iter().map(|how| how.as_str()),
        )
    }
}

impl Output for Continuation {
    fn show<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Described for DeliveryStatus {
    fn schema() -> Value {
        let names: Vec<_> = Self::ALL.iter().map(|status| status.as_str()).collect();
        let description = "How a delivery stands: it is tried again (`pending`), it has arrived, all tries have failed, or it was given up.";
        schema::prefixed_choice("DELIVERY", "DeliveryStatus", description, &names)
    }
}

impl Input for DeliveryStatus {
    type Json = String;

    fn parse(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl Output for DeliveryStatus {
    fn show<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Described for SendFailure {
    fn schema() -> Value {
        json!({ "type": "string", "minLength": 1, "example": "timed_out" })
    }
}

impl Output for SendFailure {
    fn show<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// A status of HTTP.
pub(crate) struct Status(pub(crate) u16);

impl Described for Status {
    fn schema() -> Value {
        schema::integer(100, 999, 200)
    }
}

impl Output for Status {
    fn show<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u16(self.0)
    }
}

/// The beginning of an answer.
pub(crate) struct Answer(pub(crate) String);

impl Described for Answer {
    fn schema() -> Value {
        schema::text(1024, "ok")
    }
}

impl Output for Answer {
    fn show<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// A number of milliseconds.
pub(crate) struct Millis(pub(crate) i64);

impl Described for Millis {
    fn schema() -> Value {
        schema::integer(0, 60_000, 120)
    }
}

impl Output for Millis {
    fn show<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0)
    }
}

/// A number of tries.
pub(crate) struct Attempts(pub(crate) u32);

impl Described for Attempts {
    fn schema() -> Value {
        schema::integer(1, i64::from(u32::MAX), 1)
    }
}

impl Output for Attempts {
    fn show<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.0)
    }
}
