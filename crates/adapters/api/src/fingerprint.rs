//! The fingerprint of a body. It distinguishes a repeated request from a different request with the same key.

use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Down to this depth, the order of fields and white space are ignored. Deeper values are compared as they were
/// written, because normalising each of a hundred thousand nested brackets would read the body as many times.
const LEVELS: usize = 16;

/// The digest of a request's body. [`Body`](crate::body::Body) leaves it if the request has an idempotency key.
#[derive(Clone, Copy)]
pub(crate) struct Fingerprint(pub(crate) [u8; 32]);

impl Fingerprint {
    /// Computes the fingerprint. White space, the order of fields and the spelling of strings are ignored. Any JSON has
    /// a fingerprint, even a number that fits no number type.
    pub(crate) fn of(json: &str) -> Self {
        let mut canonical = String::with_capacity(json.len());
        write(json.trim_ascii(), LEVELS, &mut canonical);
        Self(Sha256::digest(canonical).into())
    }
}

/// Writes valid JSON without white space, and with its fields sorted.
fn write(json: &str, levels: usize, into: &mut String) {
    match json.as_bytes().first() {
        Some(b'{') if levels > 0 => {
            let Ok(fields) = serde_json::from_str::<BTreeMap<String, &RawValue>>(json) else {
                return into.push_str(json);
            };
            let mut separator = '{';
            for (name, value) in fields {
                into.push(separator);
                write_text(&name, into);
                into.push(':');
                write(value.get(), levels - 1, into);
                separator = ',';
            }
            into.push_str(if separator == '{' { "{}" } else { "}" });
        }
        Some(b'[') if levels > 0 => {
            let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(json) else {
                return into.push_str(json);
            };
            let mut separator = '[';
            for item in items {
                into.push(separator);
                write(item.get(), levels - 1, into);
                separator = ',';
            }
            into.push_str(if separator == '[' { "[]" } else { "]" });
        }
        Some(b'"') => match serde_json::from_str::<String>(json) {
            Ok(text) => write_text(&text, into),
            Err(_) => into.push_str(json),
        },
        _ => into.push_str(json),
    }
}

fn write_text(text: &str, into: &mut String) {
    match serde_json::to_string(text) {
        Ok(json) => into.push_str(&json),
        Err(_) => into.push_str(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(one: &str, other: &str) -> bool {
        Fingerprint::of(one).0 == Fingerprint::of(other).0
    }

    #[test]
    fn spelling_does_not_count_and_content_does() {
        let body = r#"{"a": "\u05d3x", "b": [1, {"c": null, "d": {}}], "e": []}"#;
        assert!(same(body, r#" {"e":[],"b":[1,{"d":{},"c":null}],"a":"דx"} "#));
        for other in [
            r#"{"a": "y", "b": [1, {"c": null, "d": {}}], "e": []}"#,
            r#"{"a": "\u05d3x", "b": [{"c": null, "d": {}}, 1], "e": []}"#,
            r#"{"a": "\u05d3x", "b": [1, {"c": null, "d": {}}], "e": {}}"#,
            r#"{"a": "\u05d3x", "b": [1, {"c": null, "d": {}}]}"#,
        ] {
            assert!(!same(body, other), "{other}");
        }
        assert!(!same(r#"{"a":"b,c"}"#, r#"{"a":"b","c":""}"#));
    }

    #[test]
    fn order_counts_only_beyond_sixteen_levels() {
        for (levels, expected) in [(1, true), (LEVELS - 1, true), (LEVELS, false)] {
            let nested = |fields: &str| format!("{}{fields}{}", "[".repeat(levels), "]".repeat(levels));
            let orders = [r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1}"#].map(nested);
            assert_eq!(same(&orders[0], &orders[1]), expected, "{levels}");
        }
    }

    /// The digest must not change, so that records of earlier versions still match.
    #[test]
    fn an_ordinary_body_has_the_digest_of_its_compact_form() {
        let body = r#"{"name": "Dana", "email": "d@x.example", "n": [1, true]}"#;
        let value: serde_json::Value = serde_json::from_str(body).unwrap();
        let digest: [u8; 32] = Sha256::digest(value.to_string()).into();
        assert_eq!(Fingerprint::of(body).0, digest);
    }

    #[test]
    fn whatever_is_json_has_a_fingerprint() {
        let deep = format!("{{\"x\": {}1e400{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(same(&deep, &deep.clone()));
        assert!(!same(r#"{"x": 1e400}"#, r#"{"x": 1e401}"#));
        assert!(same(r#"{"x": "\ud800"}"#, r#"{"x":"\ud800"}"#));
    }
}
