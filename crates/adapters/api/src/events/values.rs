//! The values of events and registrations, as they are in JSON.

use crate::value::{Described, Input, Output, Text, ids, schema};
use chatgrow_domain::{
    Capacity, EventDescription, EventId, EventLocation, EventStatus, EventTitle, Invalid, RegistrationId,
    RegistrationStatus,
};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

impl Described for EventId {
    fn schema() -> Value {
        schema::id("507f1f77bcf86cd799439033")
    }
}

impl Output for EventId {
    fn show<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

ids! { RegistrationId "507f1f77bcf86cd799439044" }

impl Text for RegistrationStatus {
    fn schema() -> Value {
        let names: Vec<_> = Self::ALL.iter().map(|status| status.as_str()).collect();
        let description = "Whether a registration takes a place.";
        schema::prefixed_choice("REGISTRATION", "RegistrationStatus", description, &names)
    }

    fn read(text: String) -> Result<Self, Invalid> {
        text.parse()
    }

    fn text(&self) -> &str {
        self.as_str()
    }
}

impl Text for EventTitle {
    fn schema() -> Value {
        schema::name(Self::MAX_CHARS, "סדנת יוגה למתחילים")
    }

    fn read(text: String) -> Result<Self, Invalid> {
        Self::new(text)
    }

    fn text(&self) -> &str {
        self.as_str()
    }
}

impl Text for EventDescription {
    fn schema() -> Value {
        schema::text(Self::MAX_CHARS, "סדנה מקיפה ליוגה למתחילים")
    }

    fn read(text: String) -> Result<Self, Invalid> {
        Self::new(text)
    }

    fn text(&self) -> &str {
        self.as_str()
    }
}

impl Text for EventLocation {
    fn schema() -> Value {
        schema::text(Self::MAX_CHARS, "אולם הספורט, רחוב הרצל 123")
    }

    fn read(text: String) -> Result<Self, Invalid> {
        Self::new(text)
    }

    fn text(&self) -> &str {
        self.as_str()
    }
}

impl Described for Capacity {
    fn schema() -> Value {
        schema::integer(Self::MIN, Self::MAX, 20)
    }
}

impl Input for Capacity {
    type Json = i64;

    fn parse(people: i64) -> Result<Self, Invalid> {
        Self::new(people)
    }
}

impl Output for Capacity {
    fn show<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.get().serialize(serializer)
    }
}

/// How many customers are registered for an event.
pub(crate) struct Participants(pub(crate) i64);

impl Described for Participants {
    fn schema() -> Value {
        json!({ "type": "integer", "format": "int64", "minimum": 0, "example": 5 })
    }
}

impl Output for Participants {
    fn show<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl Text for EventStatus {
    fn schema() -> Value {
        let names: Vec<_> = Self::ALL.iter().map(|status| status.as_str()).collect();
        schema::prefixed_choice("EVENT", "EventStatus", "Where an event stands.", &names)
    }

    fn read(text: String) -> Result<Self, Invalid> {
        text.parse()
    }

    fn text(&self) -> &str {
        self.as_str()
    }
}
