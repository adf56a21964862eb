//! Values in a JSON text, by JSON pointer (RFC 6901). The digits of a number stay as they were written, so that money is
//! never a binary float.

use chatgrow_domain::{Currency, ExternalId, Invalid, Money, NoticeProblem, NoticeReference};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::{collections::BTreeMap, fmt::Display};

/// Some JSON.
#[derive(Clone, Copy)]
pub(crate) struct Json<'a>(&'a RawValue);

/// What is wrong with a notice.
#[derive(Debug)]
pub(crate) struct Problem(String);

impl Problem {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// A value that is missing or wrong. The pointer names it.
    pub(crate) fn of(pointer: &str, why: impl Display) -> Self {
        Self(format!("{pointer} {why}"))
    }
}

impl From<Problem> for NoticeProblem {
    fn from(Problem(text): Problem) -> Self {
        // A pointer of an owner's may be as long as a problem.
        let short: String = text
            .chars()
            .filter(|char| !char.is_control())
            .take(Self::MAX_CHARS)
            .collect();
        #[expect(
            clippy::expect_used,
            reason = "it has a few characters, and none of them is forbidden"
        )]
        Self::new(short).expect("a text")
    }
}

impl<'a> Json<'a> {
    /// Reads a body. `None` if it is not JSON.
    pub(crate) fn parse(body: &'a [u8]) -> Option<Self> {
        // serde_json doesn't check the UTF-8 of what it skips.
        let text = str::from_utf8(body).ok()?;
        serde_json::from_str(text).ok().map(Self)
    }

    /// The value at a pointer. `null` counts as absent.
    pub(crate) fn at(self, pointer: &str) -> Option<Self> {
        let mut here = self.0;
        for segment in pointer.split('/').skip(1) {
            let segment = segment.replace("~1", "/").replace("~0", "~");
            here = match here.get().as_bytes().first()? {
                b'{' => BTreeMap::<String, &RawValue>::deserialize(here)
                    .ok()?
                    .remove(&segment)?,
                b'[' => {
                    let index: usize = segment.parse().ok()?;
                    Vec::<&RawValue>::deserialize(here).ok()?.get(index).copied()?
                }
                _ => return None,
            };
        }
        (here.get() != "null").then_some(Self(here))
    }

    /// The text at a pointer: that of a string, or the digits of a number. An empty one counts as absent.
    pub(crate) fn text(self, pointer: &str) -> Option<String> {
        let value = self.at(pointer)?.0.get();
        let text = match value.as_bytes().first()? {
            b'"' => serde_json::from_str(value).ok()?,
            b'{' | b'[' => return None,
            _ => value.to_owned(),
        };
        (!text.is_empty()).then_some(text)
    }

    /// The text at a pointer, as a `T`.
    pub(crate) fn get<T>(
        self,
        pointer: &str,
        parse: impl FnOnce(String) -> Result<T, Invalid>,
    ) -> Result<T, Problem> {
        let text = self
            .text(pointer)
            .ok_or_else(|| Problem::of(pointer, Invalid::Missing))?;
        parse(text).map_err(|why| Problem::of(pointer, why))
    }

    pub(crate) fn external_id(self, pointer: &str) -> Result<ExternalId, Problem> {
        self.get(pointer, ExternalId::new)
    }

    /// A currency, in whatever case its letters are.
    pub(crate) fn currency(self, pointer: &str) -> Result<Currency, Problem> {
        self.get(pointer, |code| code.to_ascii_uppercase().parse())
    }

    /// An amount in major units that is more than 0.
    pub(crate) fn major(self, pointer: &str, currency: Currency) -> Result<Money, Problem> {
        self.get(pointer, |number| Money::parse_paid(currency, &number))
    }

    /// A whole number from 0 to the largest amount.
    pub(crate) fn whole(self, pointer: &str) -> Result<i64, Problem> {
        let out_of_range = Invalid::OutOfRange {
            min: 0,
            max: Money::MAX_MINOR,
        };
        self.get(pointer, |number| match number.parse() {
            Ok(whole) if (0..=Money::MAX_MINOR).contains(&whole) => Ok(whole),
            _ => Err(out_of_range),
        })
    }

    /// What is named as paid for. What can't be a reference names nothing.
    pub(crate) fn reference(self, pointer: &str) -> Option<NoticeReference> {
        NoticeReference::new(self.text(pointer)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_value_is_found_as_it_was_written() {
        let text = r#"{"a":{"b/c":[1,{"~":"x\u0041"}],"n":149.90,"e":"","z":null,"":7},"a2":true}"#;
        let json = Json::parse(text.as_bytes()).unwrap();
        for (pointer, found) in [
            ("/a/b~1c/0", Some("1")),
            ("/a/b~1c/1/~0", Some("xA")),
            ("/a/n", Some("149.90")),
            ("/a/", Some("7")),
            ("/a2", Some("true")),
            ("/a/e", None),
            ("/a/z", None),
            ("/a/z/y", None),
            ("/a/b~1c/2", None),
            ("/a/b~1c/x", None),
            ("/a/n/x", None),
            ("/a", None),
            ("/b", None),
        ] {
            assert_eq!(json.text(pointer).as_deref(), found, "{pointer}");
        }
        assert!(Json::parse(b"{\"a\":\"\xff\"}").is_none());
        assert!(Json::parse(b"{").is_none());
    }

    #[test]
    fn what_is_wrong_is_named() {
        let json = Json::parse(br#"{"amount":1.005,"whole":-1,"currency":"shekel"}"#).unwrap();
        let text = |problem: Problem| NoticeProblem::from(problem).as_str().to_owned();
        assert_eq!(text(json.currency("/c").unwrap_err()), "/c is required");
        assert_eq!(
            text(json.currency("/currency").unwrap_err()),
            "/currency must be a currency of ISO 4217, such as ILS"
        );
        assert_eq!(
            text(json.major("/amount", "ILS".parse().unwrap()).unwrap_err()),
            "/amount must be a number from 0 to 999999999.99 with at most 2 decimals"
        );
        assert_eq!(
            text(json.whole("/whole").unwrap_err()),
            "/whole must be a whole number from 0 to 99999999999"
        );
        let long = NoticeProblem::from(Problem::of(&"\n/é".repeat(200), "is required"));
        assert_eq!(long.as_str().chars().count(), NoticeProblem::MAX_CHARS);
    }

    proptest! {
        #[test]
        fn never_panics(body in any::<Vec<u8>>(), pointer in any::<String>()) {
            if let Some(json) = Json::parse(&body) {
                let _ = json.text(&pointer);
            }
        }

        #[test]
        fn a_string_is_found(text in "[a-zA-Z0-9 ~/\"\\\\é]{1,20}", key in "[a-z~/\"]{0,5}") {
            let body = serde_json::json!({ key.clone(): [text.clone()] }).to_string();
            let pointer = format!("/{}/0", key.replace('~', "~0").replace('/', "~1"));
            prop_assert_eq!(Json::parse(body.as_bytes()).unwrap().text(&pointer), Some(text));
        }
    }
}
