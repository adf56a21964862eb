//! The values of payment sources and of their notices, as they are in JSON.

use crate::{
    billing::inbound,
    query::Position,
    value::{Cursor, Described, Input, Output, Text, ids, schema},
};
use chatgrow_domain::{
    AmountUnit, CurrencyPlace, HeaderName, InboundToken, Invalid, JsonPointer, NoticeKey, NoticeKind,
    NoticeOutcome, NoticeProblem, NoticeReference, NoticeSecret, NoticeType, PaymentNoticeId,
    PaymentSourceId, SignatureEncoding, SourceName,
};
use serde::Serializer;
use serde_json::{Value, json};
use std::cmp::Reverse;

ids! { PaymentSourceId "507f1f77bcf86cd7994390bb" }
ids! { PaymentNoticeId "507f1f77bcf86cd7994390cc" }

impl Position for Reverse<PaymentNoticeId> {
    fn encode(&self) -> Cursor {
        Cursor(format!("n{}", self.0))
    }

    fn decode(Cursor(text): &Cursor) -> Option<Self> {
        text.strip_prefix('n')?.parse().ok().map(Self)
    }
}

/// Closed lists: the description of the schema, which is named after the type.
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
    NoticeKind "How a payment source signs its notices, and what is in them."
    SignatureEncoding "How a signature is written."
    AmountUnit "In what an amount is counted: shekels, or agorot."
    NoticeOutcome "What came of a notice: it told something new (`recorded`), or nothing new (`known`), or nothing of money (`ignored`); it \
                   contradicts what was told of the same payment before (`mismatch`); or it is signed well, but can't be read (`unreadable`)."
}

/// Texts: their schema, and how they are read.
macro_rules! texts {
    ($($type:ident $schema:expr, $read:expr;)+) => {$(
        impl Text for $type {
            fn schema() -> Value {
                $schema
            }

            fn read(text: String) -> Result<Self, Invalid> {
                $read(text)
            }

            fn text(&self) -> &str {
                self.as_str()
            }
        }
    )+};
}
texts! {
    SourceName schema::name(Self::MAX_CHARS, "Stripe"), Self::new;
    NoticeType schema::name(Self::MAX_CHARS, "charge.succeeded"), Self::new;
    NoticeKey schema::name(Self::MAX_CHARS, "evt_1NG8Du2eZvKYlo2CUI79vXWy"), Self::new;
    NoticeReference schema::name(Self::MAX_CHARS, "507f1f77bcf86cd799439022"), Self::new;
    NoticeProblem schema::name(Self::MAX_CHARS, "/data/amount is required"), Self::new;
    HeaderName json!({
        "type": "string", "minLength": 1, "maxLength": Self::MAX_CHARS,
        "pattern": "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$", "example": "x-signature",
    }), |text: String| Self::new(&text);
    JsonPointer json!({
        "type": "string", "minLength": 1, "maxLength": Self::MAX_CHARS, "pattern": "^(/([^~]|~[01])*)?$", "example": "/data/id",
    }), Self::new;
    CurrencyPlace json!({
        "type": "string", "minLength": 1, "maxLength": JsonPointer::MAX_CHARS, "example": "/data/currency",
    }), |text: String| Self::parse(&text);
}

/// The path to which a source sends its notices.
pub(crate) struct InboundPath(pub(crate) InboundToken);

impl Described for InboundPath {
    fn schema() -> Value {
        schema::name(inbound::PATH.len() + 43, "/api/inbound/…")
    }
}

impl Output for InboundPath {
    fn show<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&inbound::inbound_path(&self.0))
    }
}

/// A secret that a client sends. Whether it fits the source's kind is for the use case to decide.
pub(crate) struct SecretText(pub(crate) String);

impl Described for SecretText {
    fn schema() -> Value {
        json!({
            "type": "string",
            "minLength": NoticeSecret::MIN_CHARS,
            "maxLength": NoticeSecret::MAX_CHARS,
            "example": "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
        })
    }
}

impl Input for SecretText {
    type Json = String;

    fn parse(text: String) -> Result<Self, Invalid> {
        // What every kind asks of a secret. The use case knows the kind.
        NoticeSecret::parse(NoticeKind::Hmac, &text).map(|_| Self(text))
    }
}

/// A secret in plain text, which only the answer that makes it shows.
pub(crate) struct PlainSecret(pub(crate) NoticeSecret);

impl Described for PlainSecret {
    fn schema() -> Value {
        schema::text(NoticeSecret::MAX_CHARS, "whsec_…")
    }
}

impl Output for PlainSecret {
    fn show<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.reveal())
    }
}
