//! Notices that are signed with an HMAC of the body, and where in their JSON everything is.

use crate::{Currency, Invalid, NoticeType, choice::choice, text::check};

choice! {
    /// How a signature is written.
    SignatureEncoding {
        /// In hex digits.
        Hex = "hex",
        /// In base64.
        Base64 = "base64",
    }
}

choice! {
    /// In what an amount is counted.
    AmountUnit {
        /// In the currency's major unit, such as shekels.
        Major = "major",
        /// In its minor unit, such as agorot.
        Minor = "minor",
    }
}

/// The name of a header field (RFC 9110, section 5.1), in lowercase.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HeaderName(String);

impl HeaderName {
    /// The maximum length.
    pub const MAX_CHARS: usize = 100;

    /// Accepts a name, in any case.
    ///
    /// # Errors
    /// [`Invalid::Missing`], [`Invalid::TooLong`], or [`Invalid::HeaderName`].
    pub fn new(name: &str) -> Result<Self, Invalid> {
        check(name, Self::MAX_CHARS)?;
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.bytes().all(is_token) {
            Ok(Self(name.to_ascii_lowercase()))
        } else {
            Err(Invalid::HeaderName)
        }
    }

    /// The name in lowercase.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A place in a JSON text (RFC 6901), such as `/data/id`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct JsonPointer(String);

impl JsonPointer {
    /// The maximum length.
    pub const MAX_CHARS: usize = 200;

    /// Accepts a pointer. It doesn't point to the whole text.
    ///
    /// # Errors
    /// [`Invalid::Missing`], [`Invalid::TooLong`], or [`Invalid::JsonPointer`].
    pub fn new(text: impl Into<String>) -> Result<Self, Invalid> {
        let text = text.into();
        check(&text, Self::MAX_CHARS)?;
        let mut parts = text.split('~');
        let begins = parts.next().is_some_and(|first| first.starts_with('/'));
        let escaped = parts.all(|part| part.starts_with(['0', '1']));
        if begins && escaped && !text.chars().any(char::is_control) {
            Ok(Self(text))
        } else {
            Err(Invalid::JsonPointer)
        }
    }

    /// The pointer.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Which currency amounts are in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CurrencyPlace {
    /// The one that is named there.
    At(JsonPointer),
    /// Always this one.
    Always(Currency),
}

impl CurrencyPlace {
    /// Parses a pointer, or the code of a currency.
    ///
    /// # Errors
    /// As in [`JsonPointer::new`], or [`Invalid::Currency`].
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if text.starts_with('/') {
            JsonPointer::new(text).map(Self::At)
        } else {
            text.parse().map(Self::Always)
        }
    }

    /// As [`parse`](Self::parse) reads it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::At(pointer) => pointer.as_str(),
            Self::Always(currency) => currency.code(),
        }
    }
}

/// How notices are read that are signed with an HMAC-SHA256 of their body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HmacFormat {
    /// The header field with the signature.
    pub header: HeaderName,
    /// How the signature is written.
    pub encoding: SignatureEncoding,
    /// Where the notice's id is. Without it, notices with equal bodies are the same notice.
    pub event_id: Option<JsonPointer>,
    /// Where the type is.
    pub kind: JsonPointer,
    /// Which types tell of what.
    pub types: HmacTypes,
    /// Where the id of the booking is.
    pub reference: Option<JsonPointer>,
    /// Where the payment's id is.
    pub external_id: JsonPointer,
    /// Where a refund's own id is. Without it, the notice's id stands for it.
    pub refund_id: Option<JsonPointer>,
    /// Where the amount is.
    pub amount: JsonPointer,
    /// In what the amount is counted.
    pub unit: AmountUnit,
    /// The currency of the amount.
    pub currency: CurrencyPlace,
}

/// Which types of notices tell of what. No type is in two of the lists. All others tell nothing of money.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HmacTypes {
    /// A payment has succeeded.
    pub succeeded: Vec<NoticeType>,
    /// A payment has failed.
    pub failed: Vec<NoticeType>,
    /// A payment was given back, or a part of it.
    pub refunded: Vec<NoticeType>,
}

impl HmacTypes {
    /// The most types of each list.
    pub const MAX: usize = 20;

    /// Types that tell one thing each.
    ///
    /// # Errors
    /// The list, and why it is refused: `succeeded` if it is empty, a list if it is too long or has a type that a list
    /// before it has.
    pub fn new(
        succeeded: Vec<NoticeType>,
        failed: Vec<NoticeType>,
        refunded: Vec<NoticeType>,
    ) -> Result<Self, (&'static str, Invalid)> {
        let lists = [
            ("succeeded", &succeeded),
            ("failed", &failed),
            ("refunded", &refunded),
        ];
        if succeeded.is_empty() {
            return Err(("succeeded", Invalid::Missing));
        }
        for (at, (name, list)) in lists.iter().enumerate() {
            if list.len() > Self::MAX {
                return Err((name, Invalid::TooMany { max: Self::MAX }));
            }
            for (field, before) in &lists[..at] {
                if list.iter().any(|kind| before.contains(kind)) {
                    return Err((name, Invalid::AlsoIn { field }));
                }
            }
        }
        Ok(Self {
            succeeded,
            failed,
            refunded,
        })
    }
}

#[cfg(test)]
impl HmacFormat {
    /// A format with everything in it.
    pub(crate) fn example() -> Self {
        let pointer = |text| JsonPointer::new(text).unwrap();
        let types = |text| vec![NoticeType::new(text).unwrap()];
        Self {
            header: HeaderName::new("X-Signature").unwrap(),
            encoding: SignatureEncoding::Hex,
            event_id: Some(pointer("/id")),
            kind: pointer("/type"),
            types: HmacTypes {
                succeeded: types("charge.ok"),
                failed: types("charge.failed"),
                refunded: types("charge.refund"),
            },
            reference: Some(pointer("/order/reference")),
            external_id: pointer("/charge/id"),
            refund_id: Some(pointer("/refund/id")),
            amount: pointer("/charge/amount"),
            unit: AmountUnit::Major,
            currency: CurrencyPlace::At(pointer("/charge/currency")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_name_is_a_token_in_lowercase() {
        assert_eq!(HeaderName::new("X-Signature").unwrap().as_str(), "x-signature");
        for name in ["a b", "a:", "é", "a\n"] {
            assert_eq!(HeaderName::new(name), Err(Invalid::HeaderName), "{name:?}");
        }
        assert_eq!(HeaderName::new(""), Err(Invalid::Missing));
    }

    #[test]
    fn a_pointer_is_one_of_rfc_6901() {
        for text in ["/a", "/", "/a/0/b", "/a~0b/c~1d", "/é"] {
            assert_eq!(JsonPointer::new(text).unwrap().as_str(), text);
        }
        for text in ["a", "a/b", "/a~", "/a~2", "/a\n", "#/a"] {
            assert_eq!(JsonPointer::new(text), Err(Invalid::JsonPointer), "{text:?}");
        }
        assert_eq!(JsonPointer::new(""), Err(Invalid::Missing));
    }

    #[test]
    fn a_type_tells_one_thing() {
        let types = |names: &[&str]| names.iter().map(|name| NoticeType::new(*name).unwrap()).collect();
        let lists =
            |succeeded, failed, refunded| HmacTypes::new(types(succeeded), types(failed), types(refunded));
        assert!(lists(&["paid", "settled"], &["failed"], &["refunded"]).is_ok());
        assert!(lists(&["paid"], &[], &[]).is_ok());
        let missing = Err(("succeeded", Invalid::Missing));
        assert_eq!(lists(&[], &["failed"], &[]), missing);
        let also_in = |list, field| Err((list, Invalid::AlsoIn { field }));
        assert_eq!(lists(&["a", "b"], &["b"], &[]), also_in("failed", "succeeded"));
        assert_eq!(lists(&["a"], &[], &["c", "a"]), also_in("refunded", "succeeded"));
        assert_eq!(lists(&["a"], &["b"], &["b"]), also_in("refunded", "failed"));
        let too_many = Err(("failed", Invalid::TooMany { max: HmacTypes::MAX }));
        assert_eq!(lists(&["a"], &["b"; HmacTypes::MAX + 1], &[]), too_many);
    }

    #[test]
    fn a_currency_is_pointed_to_or_named() {
        for text in ["/currency", "ILS"] {
            assert_eq!(CurrencyPlace::parse(text).unwrap().as_str(), text);
        }
        assert_eq!(CurrencyPlace::parse("shekel"), Err(Invalid::Currency));
        assert_eq!(CurrencyPlace::parse("/a~"), Err(Invalid::JsonPointer));
    }
}
