//! The values of appointments, as they are in JSON.

use crate::value::{Described, Input, Output, Text, schema};
use chatgrow_domain::{AppointmentId, AppointmentStatus, Duration, Invalid, ServiceType};
use serde::{Serialize, Serializer};
use serde_json::Value;

impl Described for AppointmentId {
    fn schema() -> Value {
        schema::id("507f1f77bcf86cd799439022")
    }
}

impl Output for AppointmentId {
    fn show<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// In minutes.
impl Described for Duration {
    fn schema() -> Value {
        schema::integer(Self::MIN_MINUTES, Self::MAX_MINUTES, Self::DEFAULT.as_minutes())
    }
}

impl Input for Duration {
    type Json = i64;

    fn parse(minutes: i64) -> Result<Self, Invalid> {
        Self::from_minutes(minutes)
    }
}

impl Output for Duration {
    fn show<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_minutes().serialize(serializer)
    }
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
