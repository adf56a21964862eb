//! The values of customers, as they are in JSON.

use crate::value::{Described, Input, Output, Text, schema};
use chatgrow_domain::{CustomerId, CustomerName, EmailAddress, Invalid, Phone, SearchTerm};
use serde::Serializer;
use serde_json::{Value, json};

impl Described for CustomerId {
    fn schema() -> Value {
        schema::id("507f1f77bcf86cd799439011")
    }
}

impl Output for CustomerId {
    fn show<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What customers are searched for.
impl Described for SearchTerm {
    fn schema() -> Value {
        schema::name(Self::MAX_CHARS, "כהן 050")
    }
}

impl Input for SearchTerm {
    type Json = String;

    fn parse(text: String) -> Result<Self, Invalid> {
        Self::new(&text)
    }
}

impl Text for CustomerName {
    fn schema() -> Value {
        schema::name(Self::MAX_CHARS, "ישראל ישראלי")
    }

    fn read(text: String) -> Result<Self, Invalid> {
        Self::new(text)
    }

    fn text(&self) -> &str {
        self.as_str()
    }
}

impl Text for EmailAddress {
    fn schema() -> Value {
        json!({
            "type": "string",
            "format": "email",
            "maxLength": Self::MAX_CHARS,
            "example": "israel@example.com",
        })
    }

    fn read(text: String) -> Result<Self, Invalid> {
        Self::new(text)
    }

    fn text(&self) -> &str {
        self.as_str()
    }
}

impl Text for Phone {
    fn schema() -> Value {
        schema::text(Self::MAX_CHARS, "050-1234567")
    }

    fn read(text: String) -> Result<Self, Invalid> {
        Self::new(text)
    }

    fn text(&self) -> &str {
        self.as_str()
    }
}
