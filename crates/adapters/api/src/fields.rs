//! Converts the fields of a request to values of the domain, in one pass that collects the errors of all fields.

mod list;

pub(crate) use list::{ChangeableList, Element, List, Object, Part, RequiredList};

use crate::{
    error::{ApiError, FieldError},
    query::Parameter,
    value::{Described, Flag, Input, pack},
};
use chatgrow_domain::Invalid;
use paperclip::v2::{models::DefaultSchemaRaw, schema::Apiv2Schema};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::{borrow::Cow, fmt::Display};

/// A type that a JSON value can have.
pub(crate) trait FromJson: Sized {
    /// The description of the type in "must be …".
    const EXPECTED: &'static str;

    /// Reads valid JSON text. `None` if it is of another type.
    fn from_json(json: &str) -> Option<Self>;
}

impl FromJson for String {
    const EXPECTED: &'static str = "a string";

    fn from_json(json: &str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }
}

impl FromJson for i64 {
    const EXPECTED: &'static str = "a whole number";

    /// `20.0` is the whole number 20, as in JSON Schema. A number that doesn't fit becomes the nearest one that does,
    /// which is outside of every permitted range.
    fn from_json(json: &str) -> Option<Self> {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "it saturates, and the ranges are far smaller"
        )]
        let rounded = |number: f64| (number.fract() == 0.0).then_some(number as Self);
        json.parse()
            .ok()
            .or_else(|| json.parse().ok().filter(|_| is_number(json)).and_then(rounded))
    }
}

impl FromJson for bool {
    const EXPECTED: &'static str = "true or false";

    fn from_json(json: &str) -> Option<Self> {
        json.parse().ok()
    }
}

/// Whether valid JSON text is a number.
fn is_number(json: &str) -> bool {
    json.starts_with(|first: char| first == '-' || first.is_ascii_digit())
}

/// A JSON number with its original digits.
pub(crate) struct Number(String);

impl Number {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromJson for Number {
    const EXPECTED: &'static str = "a number";

    fn from_json(json: &str) -> Option<Self> {
        is_number(json).then(|| Self(json.to_owned()))
    }
}

/// A field that may be omitted.
#[derive(Default)]
pub(crate) enum Field<T> {
    #[default]
    Absent,
    Null,
    Given(T),
    /// The value breaks a rule.
    Invalid(Invalid),
    /// The value is not of this JSON type.
    Mistyped(&'static str),
}

impl<'de, T: Input> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = <&'de RawValue>::deserialize(deserializer)?.get();
        if json == "null" {
            return Ok(Self::Null);
        }
        Ok(match T::Json::from_json(json).map(T::parse) {
            None => Self::Mistyped(T::Json::EXPECTED),
            Some(Ok(value)) => Self::Given(value),
            Some(Err(why)) => Self::Invalid(why),
        })
    }
}

impl<T: Described> Apiv2Schema for Field<T> {
    fn required() -> bool {
        false
    }

    fn raw_schema() -> DefaultSchemaRaw {
        let mut schema = Option::<T>::schema();
        // A blank text is as if it were absent.
        if schema["minLength"] == 1
            && let Some(facts) = schema.as_object_mut()
        {
            facts.remove("minLength");
        }
        pack(schema)
    }
}

/// A field that must be present.
#[derive(Deserialize)]
#[serde(transparent, bound(deserialize = "T: Input"))]
pub(crate) struct Required<T>(Field<T>);

impl<T> Default for Required<T> {
    fn default() -> Self {
        Self(Field::Absent)
    }
}

impl<T: Described> Apiv2Schema for Required<T> {
    fn raw_schema() -> DefaultSchemaRaw {
        pack(T::schema())
    }
}

/// A field of an edit that can be changed but not cleared.
#[derive(Deserialize)]
#[serde(transparent, bound(deserialize = "T: Input"))]
pub(crate) struct Changeable<T>(Field<T>);

impl<T> Default for Changeable<T> {
    fn default() -> Self {
        Self(Field::Absent)
    }
}

impl<T: Described> Apiv2Schema for Changeable<T> {
    fn required() -> bool {
        false
    }

    fn raw_schema() -> DefaultSchemaRaw {
        pack(T::schema())
    }
}

/// The most errors that an answer tells. A body may have an array with as many bad items as it has bytes.
const MOST_ERRORS: usize = 100;

/// Collects errors. A method returns `None` if it has recorded one.
#[derive(Default)]
pub(crate) struct Fields {
    /// Where the fields are that are read: empty in the body itself, `weekly[2]` in an item of a list.
    path: String,
    errors: Vec<FieldError>,
    /// Whether a required field of the body itself is missing.
    missing: bool,
}

impl Fields {
    /// A field that must be present and not blank.
    pub(crate) fn required<T>(&mut self, name: &'static str, Required(field): Required<T>) -> Option<T> {
        match field {
            Field::Given(value) => Some(value),
            Field::Absent | Field::Null | Field::Invalid(Invalid::Missing) => {
                self.missing |= self.path.is_empty();
                self.refuse(name, Invalid::Missing)
            }
            Field::Invalid(why) => self.refuse(name, why),
            Field::Mistyped(expected) => self.mistyped(name, expected),
        }
    }

    /// A field that must be present and not blank, unless something else stands for it. `Some(None)` is absent.
    pub(crate) fn required_unless<T>(
        &mut self,
        otherwise: bool,
        name: &'static str,
        field: Field<T>,
    ) -> Option<Option<T>> {
        if otherwise {
            self.optional(name, field)
        } else {
            self.required(name, Required(field)).map(Some)
        }
    }

    /// A field that may be absent, null or blank. Then the value is `None`.
    pub(crate) fn optional<T>(&mut self, name: &'static str, field: Field<T>) -> Option<Option<T>> {
        self.clearable(name, field).map(Option::flatten)
    }

    /// A field of an edit that can be changed but not cleared. `Some(None)` leaves it unchanged.
    pub(crate) fn changeable<T>(
        &mut self,
        name: &'static str,
        Changeable(field): Changeable<T>,
    ) -> Option<Option<T>> {
        match field {
            Field::Absent => Some(None),
            Field::Null => self.refuse(name, "must not be null"),
            Field::Given(value) => Some(Some(value)),
            Field::Invalid(why) => self.invalid(name, why),
            Field::Mistyped(expected) => self.mistyped(name, expected),
        }
    }

    /// A field of an edit that null or a blank text clears. `Some(None)` leaves it unchanged.
    pub(crate) fn clearable<T>(&mut self, name: &'static str, field: Field<T>) -> Option<Option<Option<T>>> {
        match field {
            Field::Absent => Some(None),
            Field::Null | Field::Invalid(Invalid::Missing) => Some(Some(None)),
            Field::Given(value) => Some(Some(Some(value))),
            Field::Invalid(why) => self.refuse(name, why),
            Field::Mistyped(expected) => self.mistyped(name, expected),
        }
    }

    /// A parameter of the query string. A blank one is refused.
    pub(crate) fn parameter<T>(
        &mut self,
        name: &'static str,
        Parameter(value): Parameter<T>,
    ) -> Option<Option<T>> {
        match value {
            None => Some(None),
            Some(Ok(value)) => Some(Some(value)),
            Some(Err(why)) => self.invalid(name, why),
        }
    }

    /// A boolean of the query string.
    pub(crate) fn flag(&mut self, name: &'static str, flag: Parameter<Flag>) -> Option<Option<bool>> {
        let flag = self.parameter(name, flag)?;
        Some(flag.map(|Flag(flag)| flag))
    }

    /// A parameter of the query string that must be present.
    pub(crate) fn required_parameter<T>(&mut self, name: &'static str, parameter: Parameter<T>) -> Option<T> {
        let value = self.parameter(name, parameter)?;
        value.or_else(|| {
            self.missing = true;
            self.refuse(name, Invalid::Missing)
        })
    }

    /// Records why a field is refused. Without a name, it is the item that is being read itself.
    pub(crate) fn refuse<V>(&mut self, field: &'static str, why: impl Display) -> Option<V> {
        if self.errors.len() < MOST_ERRORS {
            self.errors.push(FieldError {
                field: self.path_of(field),
                message: why.to_string(),
            });
        }
        None
    }

    fn path_of(&self, field: &'static str) -> Cow<'static, str> {
        match (self.path.as_str(), field) {
            ("", field) => field.into(),
            (path, "") => path.to_owned().into(),
            (path, field) => format!("{path}.{field}").into(),
        }
    }

    /// Records the error of a field that may be absent but not blank.
    fn invalid<V>(&mut self, name: &'static str, why: Invalid) -> Option<V> {
        match why {
            Invalid::Missing => self.refuse(name, "must not be blank"),
            why => self.refuse(name, why),
        }
    }

    fn mistyped<V>(&mut self, name: &'static str, expected: &'static str) -> Option<V> {
        self.refuse(name, format_args!("must be {expected}"))
    }

    /// The error of all recorded fields. If a required field is missing, the message is `sentence`, which names all
    /// required fields of the body.
    pub(crate) fn into_error_requiring(self, sentence: &str) -> ApiError {
        if self.missing {
            ApiError::validation(sentence, self.errors)
        } else {
            self.into_error()
        }
    }

    /// The error of all recorded fields.
    pub(crate) fn into_error(self) -> ApiError {
        ApiError::of_fields(self.errors)
    }
}
