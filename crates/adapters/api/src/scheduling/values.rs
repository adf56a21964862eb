//! The values of appointments, resources, services and schedules, as they are in JSON.

use crate::{
    fields::FromJson,
    value::{Described, Input, Output, Text, ids, integers, schema},
};
use chatgrow_domain::{
    AppointmentId, AppointmentStatus, BlockId, Buffer, Count, Duration, HoldId, HoldTime, Horizon, Invalid,
    Needs, Notice, ResourceId, ResourceKind, ResourceName, ServiceId, ServiceName, ServiceType, TimeZoneName,
};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

ids! {
    AppointmentId "507f1f77bcf86cd799439022"
    ResourceId "507f1f77bcf86cd799439055"
    ServiceId "507f1f77bcf86cd799439066"
    HoldId "507f1f77bcf86cd799439077"
    BlockId "507f1f77bcf86cd799439088"
}

impl Text for ServiceType {
    fn schema() -> Value {
        let names = Self::ALL.iter().map(|kind| kind.as_str());
        schema::choice("ServiceType", "What an appointment is for.", names)
    }

    fn read(text: String) -> Result<Self, Invalid> {
        text.parse()
    }

    fn text(&self) -> &str {
        self.as_str()
    }
}

impl Text for AppointmentStatus {
    fn schema() -> Value {
        let names = Self::ALL.iter().map(|status| status.as_str());
        schema::choice(
            "AppointmentStatus",
            "Whether an appointment occupies its slot.",
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

impl Text for ResourceName {
    fn schema() -> Value {
        schema::name(Self::MAX_CHARS, "דנה")
    }

    fn read(text: String) -> Result<Self, Invalid> {
        Self::new(text)
    }

    fn text(&self) -> &str {
        self.as_str()
    }
}

impl Text for ResourceKind {
    fn schema() -> Value {
        let names = Self::ALL.iter().map(|kind| kind.as_str());
        schema::choice("ResourceKind", "What a resource is.", names)
    }

    fn read(text: String) -> Result<Self, Invalid> {
        text.parse()
    }

    fn text(&self) -> &str {
        self.as_str()
    }
}

impl Text for ServiceName {
    fn schema() -> Value {
        schema::name(Self::MAX_CHARS, "עיסוי")
    }

    fn read(text: String) -> Result<Self, Invalid> {
        Self::new(text)
    }

    fn text(&self) -> &str {
        self.as_str()
    }
}

impl Text for TimeZoneName {
    fn schema() -> Value {
        schema::text(Self::MAX_CHARS, "Asia/Jerusalem")
    }

    fn read(text: String) -> Result<Self, Invalid> {
        Self::new(text)
    }

    fn text(&self) -> &str {
        self.as_str()
    }
}

integers! {
    Duration { Self::MIN_MINUTES, Self::MAX_MINUTES, Self::DEFAULT.as_minutes(), from_minutes, as_minutes }
    HoldTime { Self::MIN_MINUTES, Self::MAX_MINUTES, Self::DEFAULT.as_minutes(), from_minutes, as_minutes }
    Buffer { Self::MIN_MINUTES, Self::MAX_MINUTES, 10, from_minutes, as_minutes }
    Notice { Self::MIN_MINUTES, Self::MAX_MINUTES, 120, from_minutes, as_minutes }
    Horizon { 1, Self::MAX_DAYS, 90, from_days, as_days }
}

/// A number of resources, or the text `all`.
impl Described for Count {
    fn schema() -> Value {
        json!({
            "title": "NeedCount",
            "description": "How many resources of a group a booking takes, or `all`.",
            "anyOf": [
                { "type": "integer", "format": "int64", "minimum": 1, "maximum": Needs::MAX_RESOURCES },
                { "type": "string", "enum": ["all"] },
            ],
            "example": 1,
        })
    }
}

/// A [`Count`] as clients send it.
pub(crate) enum JsonCount {
    Number(i64),
    All,
}

impl FromJson for JsonCount {
    const EXPECTED: &'static str = "a whole number or \"all\"";

    fn from_json(json: &str) -> Option<Self> {
        match i64::from_json(json) {
            Some(number) => Some(Self::Number(number)),
            None => String::from_json(json)
                .filter(|text| text == "all")
                .map(|_| Self::All),
        }
    }
}

impl Input for Count {
    type Json = JsonCount;

    fn parse(json: JsonCount) -> Result<Self, Invalid> {
        match json {
            JsonCount::All => Ok(Self::All),
            // That there are no more than the group has, is a rule of the group.
            JsonCount::Number(number) => match usize::try_from(number) {
                Ok(number @ 1..=Needs::MAX_RESOURCES) => Ok(Self::Exactly(number)),
                _ => Err(Invalid::OutOfRange {
                    min: 1,
                    max: i64::try_from(Needs::MAX_RESOURCES).unwrap_or(i64::MAX),
                }),
            },
        }
    }
}

impl Output for Count {
    fn show<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Exactly(count) => count.serialize(serializer),
            Self::All => serializer.serialize_str("all"),
        }
    }
}
