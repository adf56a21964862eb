//! The values of payments, as they are in JSON.

use crate::{
    fields::Number,
    value::{Described, Input, Output, Text, ids, integers, schema, show_number},
};
use chatgrow_domain::{
    Amount, Attention, ExternalId, Invalid, Money, PaymentId, PaymentKind, PaymentStanding, PaymentStatus,
    PaymentTime, Provider,
};
use serde::Serializer;
use serde_json::{Value, json};

ids! { PaymentId "507f1f77bcf86cd7994390aa" }

integers! {
    PaymentTime { Self::MIN_MINUTES, Self::MAX_MINUTES, Self::DEFAULT.as_minutes(), from_minutes, as_minutes }
}

/// Closed lists: the name and the description of the schema.
macro_rules! choices {
    ($($type:ident $description:literal)+) => {$(
        impl Text for $type {
            fn schema() -> Value {
                schema::choice(stringify!($type), $description, Self::ALL.iter().map(|one| one.as_str()))
            }

            fn read(text: String) -> Result<Self, Invalid> {
                text.parse()
            }

            fn text(&self) -> &str {
                self.as_str()
            }
        }
    )+};
}
choices! {
    PaymentKind "Which way the money goes."
    PaymentStanding "How far a booking is paid."
}

impl Described for Attention {
    fn schema() -> Value {
        let names = Self::ALL.iter().map(|why| why.as_str());
        schema::unnamed_choice("Why somebody has to look at a payment.", names)
    }
}

impl Output for Attention {
    fn show<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Text for PaymentStatus {
    fn schema() -> Value {
        let names: Vec<_> = Self::ALL.iter().map(|status| status.as_str()).collect();
        let description = "How far a payment got. It only advances.";
        schema::prefixed_choice("PAYMENT", "PaymentStatus", description, &names)
    }

    fn read(text: String) -> Result<Self, Invalid> {
        text.parse()
    }

    fn text(&self) -> &str {
        self.as_str()
    }
}

impl Text for Provider {
    fn schema() -> Value {
        json!({
            "type": "string",
            "minLength": 1,
            "maxLength": Self::MAX_CHARS,
            "pattern": "^[a-z0-9_-]*$",
            "example": "stripe",
        })
    }

    fn read(text: String) -> Result<Self, Invalid> {
        Self::new(text)
    }

    fn text(&self) -> &str {
        self.as_str()
    }
}

impl Text for ExternalId {
    fn schema() -> Value {
        schema::name(Self::MAX_CHARS, "pi_3MtwBwLkdIwHu7ix28a3tqPa")
    }

    fn read(text: String) -> Result<Self, Invalid> {
        Self::new(text)
    }

    fn text(&self) -> &str {
        self.as_str()
    }
}

/// An amount of money in a currency that is another field. Which amounts there are depends on the currency.
pub(crate) struct AmountText(Number);

impl AmountText {
    pub(crate) fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// What the schemas of amounts have in common. (`Money` says why it is a double.)
fn amount() -> Value {
    json!({ "type": "number", "format": "double", "minimum": 0, "maximum": Money::MAX_MINOR, "example": 250 })
}

impl Described for AmountText {
    fn schema() -> Value {
        amount()
    }
}

impl Input for AmountText {
    type Json = Number;

    fn parse(number: Number) -> Result<Self, Invalid> {
        Ok(Self(number))
    }
}

/// An amount of money in an answer: an exact JSON number of major units.
impl Described for Amount {
    fn schema() -> Value {
        let mut schema = amount();
        // A sum may be more than one amount can be.
        if let Some(schema) = schema.as_object_mut() {
            schema.remove("maximum");
        }
        schema
    }
}

impl Output for Amount {
    fn show<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        show_number(self, serializer)
    }
}
