//! From the fields of a request to values of the domain, in one pass that collects every field's error.

use crate::error::{ApiError, FieldError};
use chatgrow_domain::Invalid;
use paperclip::v2::{models::DefaultSchemaRaw, schema::Apiv2Schema};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::fmt::Display;

/// What a JSON value must be.
pub(crate) trait FromJson: Sized {
    /// As in "must be …".
    const EXPECTED: &'static str;

    /// Reads valid JSON text; `None` where it is of another type.
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

    /// `20.0` is the whole number 20, as in JSON Schema; what doesn't fit is as near as it gets, and so out of every range.
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

/// Whether valid JSON text is a number.
fn is_number(json: &str) -> bool {
    json.starts_with(|first: char| first == '-' || first.is_ascii_digit())
}

/// A JSON number in its own digits.
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

impl Apiv2Schema for Number {
    fn raw_schema() -> DefaultSchemaRaw {
        // The schema of any number; its bounds are in `openapi`.
        DefaultSchemaRaw {
            data_type: Some(paperclip::v2::models::DataType::Number),
            ..DefaultSchemaRaw::default()
        }
    }
}

/// A field that may be left out.
#[derive(Default)]
pub(crate) enum Field<T> {
    #[default]
    Absent,
    Null,
    Given(T),
    /// It is of another JSON type.
    Mistyped,
}

impl<'de, T: FromJson> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = <&'de RawValue>::deserialize(deserializer)?.get();
        Ok(if json == "null" {
            Self::Null
        } else {
            T::from_json(json).map_or(Self::Mistyped, Self::Given)
        })
    }
}

impl<T: Apiv2Schema> Apiv2Schema for Field<T> {
    fn required() -> bool {
        false
    }

    fn raw_schema() -> DefaultSchemaRaw {
        T::raw_schema()
    }
}

/// A field that has to be there.
#[derive(Deserialize)]
#[serde(transparent, bound(deserialize = "T: FromJson"))]
pub(crate) struct Required<T>(Field<T>);

impl<T> Default for Required<T> {
    fn default() -> Self {
        Self(Field::Absent)
    }
}

impl<T: Apiv2Schema> Apiv2Schema for Required<T> {
    fn raw_schema() -> DefaultSchemaRaw {
        T::raw_schema()
    }
}

/// A field of an edit that can be changed but not cleared.
#[derive(Deserialize)]
#[serde(transparent, bound(deserialize = "T: FromJson"))]
pub(crate) struct Changeable<T>(Field<T>);

/// How the schema of a [`Changeable`] tells [`openapi`](crate::openapi) that the field takes no null.
pub(crate) const CHANGEABLE: &str = "changeable";

impl<T> Default for Changeable<T> {
    fn default() -> Self {
        Self(Field::Absent)
    }
}

impl<T: Apiv2Schema> Apiv2Schema for Changeable<T> {
    fn required() -> bool {
        false
    }

    fn raw_schema() -> DefaultSchemaRaw {
        DefaultSchemaRaw {
            title: Some(CHANGEABLE.to_owned()),
            ..T::raw_schema()
        }
    }
}

/// Collects errors. A method returns `None` where it has noted one.
#[derive(Default)]
pub(crate) struct Fields {
    errors: Vec<FieldError>,
    missing: bool,
}

impl Fields {
    /// A field that has to be there and not be blank.
    pub(crate) fn required<T: FromJson, V>(
        &mut self,
        name: &'static str,
        Required(field): Required<T>,
        parse: impl FnOnce(T) -> Result<V, Invalid>,
    ) -> Option<V> {
        match field {
            Field::Absent | Field::Null => self.missing(name),
            Field::Given(value) => match parse(value) {
                Err(Invalid::Missing) => self.missing(name),
                value => self.check(name, value),
            },
            Field::Mistyped => self.mistyped::<T, _>(name),
        }
    }

    /// A field that may be left out, null or blank: then the value is `None`.
    pub(crate) fn optional<T: FromJson, V>(
        &mut self,
        name: &'static str,
        field: Field<T>,
        parse: impl FnOnce(T) -> Result<V, Invalid>,
    ) -> Option<Option<V>> {
        self.clearable(name, field, parse).map(Option::flatten)
    }

    /// A field of an edit that can be changed but not cleared. `Some(None)` leaves it as it is.
    pub(crate) fn changeable<T: FromJson, V>(
        &mut self,
        name: &'static str,
        Changeable(field): Changeable<T>,
        parse: impl FnOnce(T) -> Result<V, Invalid>,
    ) -> Option<Option<V>> {
        match field {
            Field::Absent => Some(None),
            Field::Null => self.refuse(name, "must not be null"),
            Field::Given(value) => self.not_blank(name, parse(value)).map(Some),
            Field::Mistyped => self.mistyped::<T, _>(name),
        }
    }

    /// A field of an edit that null or a blank text clears. `Some(None)` leaves it as it is.
    pub(crate) fn clearable<T: FromJson, V>(
        &mut self,
        name: &'static str,
        field: Field<T>,
        parse: impl FnOnce(T) -> Result<V, Invalid>,
    ) -> Option<Option<Option<V>>> {
        match field {
            Field::Absent => Some(None),
            Field::Null => Some(Some(None)),
            Field::Given(value) => match parse(value) {
                Err(Invalid::Missing) => Some(Some(None)),
                value => self.check(name, value).map(|value| Some(Some(value))),
            },
            Field::Mistyped => self.mistyped::<T, _>(name),
        }
    }

    /// A parameter of the query string; blank is refused.
    pub(crate) fn parameter<V>(
        &mut self,
        name: &'static str,
        text: Option<&str>,
        parse: impl FnOnce(&str) -> Result<V, Invalid>,
    ) -> Option<Option<V>> {
        match text {
            None => Some(None),
            Some(text) => self.not_blank(name, parse(text)).map(Some),
        }
    }

    /// Notes why a field is refused.
    pub(crate) fn refuse<V>(&mut self, field: &'static str, why: impl Display) -> Option<V> {
        self.errors.push(FieldError {
            field: field.into(),
            message: why.to_string(),
        });
        None
    }

    fn missing<V>(&mut self, name: &'static str) -> Option<V> {
        self.missing = true;
        self.refuse(name, Invalid::Missing)
    }

    fn check<V>(&mut self, name: &'static str, value: Result<V, Invalid>) -> Option<V> {
        value.map_or_else(|why| self.refuse(name, why), Some)
    }

    fn not_blank<V>(&mut self, name: &'static str, value: Result<V, Invalid>) -> Option<V> {
        match value {
            Err(Invalid::Missing) => self.refuse(name, "must not be blank"),
            value => self.check(name, value),
        }
    }

    fn mistyped<T: FromJson, V>(&mut self, name: &'static str) -> Option<V> {
        self.refuse(name, format_args!("must be {}", T::EXPECTED))
    }

    /// The error of everything that was noted. Where a required field is missing, its message is the sentence that names
    /// all the required fields of the body.
    pub(crate) fn into_error_requiring(self, sentence: &str) -> ApiError {
        if self.missing {
            ApiError::validation(sentence, self.errors)
        } else {
            self.into_error()
        }
    }

    /// The error of everything that was noted.
    pub(crate) fn into_error(self) -> ApiError {
        ApiError::of_fields(self.errors)
    }
}
