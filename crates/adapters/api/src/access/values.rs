//! The values of API keys, as they are in JSON.

use crate::value::{Described, Input, Output, Text, ids, integers, schema};
use chatgrow_domain::{ApiKeyId, ApiKeyName, Invalid, KeyRateLimit, Network, Overlap, PlainApiKey, Scope};
use serde::Serializer;
use serde_json::{Value, json};

ids! {
    ApiKeyId "507f1f77bcf86cd799439099"
}

integers! {
    KeyRateLimit { *Self::RANGE.start(), *Self::RANGE.end(), 100, new, get }
    Overlap { *Self::HOURS.start(), *Self::HOURS.end(), Self::DEFAULT.as_hours(), from_hours, as_hours }
}

impl Text for ApiKeyName {
    fn schema() -> Value {
        schema::name(Self::MAX_CHARS, "אתר ההזמנות")
    }

    fn read(text: String) -> Result<Self, Invalid> {
        Self::new(text)
    }

    fn text(&self) -> &str {
        self.as_str()
    }
}

impl Text for Scope {
    fn schema() -> Value {
        let names = Self::ALL.iter().map(|scope| scope.as_str());
        schema::choice(
            "Scope",
            "What a key may do. `full` is everything, `read` everything that only reads; to write includes to read.",
            names,
        )
    }

    fn read(text: String) -> Result<Self, Invalid> {
        text.parse()
    }

    fn text(&self) -> &str {
        self.as_str()
    }
}

/// A network in CIDR notation, or an address.
impl Described for Network {
    fn schema() -> Value {
        json!({ "type": "string", "minLength": 2, "maxLength": 49, "example": "192.0.2.0/24" })
    }
}

impl Input for Network {
    type Json = String;

    fn parse(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl Output for Network {
    fn show<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A key in plain text, which only the answer that makes it shows.
impl Described for PlainApiKey {
    fn schema() -> Value {
        schema::text(57, "cg_live_…")
    }
}

impl Output for PlainApiKey {
    fn show<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.reveal())
    }
}
