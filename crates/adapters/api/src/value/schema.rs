//! Schemas that several types have in common.

use serde_json::{Value, json};

/// An id.
pub(crate) fn id(example: &str) -> Value {
    json!({
        "type": "string",
        "minLength": 24,
        "maxLength": 24,
        "pattern": "^[0-9a-f]{24}$",
        "example": example,
    })
}

/// A text that must not be blank.
pub(crate) fn name(max: usize, example: &str) -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": max, "example": example })
}

/// A text that may be absent. A blank text counts as absent, so there is no minimum length.
pub(crate) fn text(max: usize, example: &str) -> Value {
    json!({ "type": "string", "maxLength": max, "example": example })
}

/// A whole number in a range.
pub(crate) fn integer(min: i64, max: i64, example: i64) -> Value {
    json!({ "type": "integer", "format": "int64", "minimum": min, "maximum": max, "example": example })
}

/// A [`choice`] that shares names with another one. In Go the members of all enums share one scope, so generated
/// clients call its members by a prefix and the name: `EVENT_CANCELLED`.
pub(crate) fn prefixed_choice(prefix: &str, title: &str, description: &str, names: &[&str]) -> Value {
    let mut schema = choice(title, description, names.iter().copied());
    let member = |name: &&str| format!("{prefix}_{}", name.to_uppercase());
    schema["x-enum-varnames"] = names.iter().map(member).collect();
    schema
}

/// An enumeration of names without a schema of its own, for a field that may be null: some generators of clients can't make
/// a named one nullable.
pub(crate) fn unnamed_choice<'a>(description: &str, names: impl Iterator<Item = &'a str>) -> Value {
    json!({ "type": "string", "enum": names.collect::<Vec<_>>(), "description": description })
}

/// An enumeration of names. It becomes one of the document's named schemas.
pub(crate) fn choice<'a>(title: &str, description: &str, names: impl Iterator<Item = &'a str>) -> Value {
    json!({ "title": title, "type": "string", "enum": names.collect::<Vec<_>>(), "description": description })
}
