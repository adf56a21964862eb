//! Values as they are in JSON. A value's type defines how the value is read, how it is shown, and its schema. A field
//! names the type, and the OpenAPI document follows from it.
//!
//! The types of one context are described in its folder, those that several contexts share in [`shared`].

mod macros;
mod packed;
pub(crate) mod schema;
mod shared;

pub(crate) use macros::{ids, integers};
pub(crate) use packed::{pack, pack_parameters, unpack, unpack_parameter};
pub(crate) use shared::{
    Count, Cursor, Flag, Midnight, Sentence, Success, show_ascii, show_number, write_number,
    write_to_the_minute,
};

use crate::fields::FromJson;
use chatgrow_domain::Invalid;
use paperclip::v2::{models::DefaultSchemaRaw, schema::Apiv2Schema};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

/// A type that has a JSON schema.
pub(crate) trait Described {
    /// The schema, as in OpenAPI 3.0, with an example. If it has a `title`, it becomes one of the document's named
    /// schemas, and every field refers to it.
    ///
    /// Only input values have a pattern, and only if all readers of the document agree on its meaning (ECMA-262, PCRE2,
    /// RE2, Python, Java). So free text has none.
    fn schema() -> Value;
}

/// A value that a client may send.
pub(crate) trait Input: Described + Sized {
    /// The JSON type that the client sends.
    type Json: FromJson;

    /// Parses the value.
    ///
    /// # Errors
    /// The rule that the value breaks, or [`Invalid::Missing`] if it is blank.
    fn parse(json: Self::Json) -> Result<Self, Invalid>;
}

/// A value that an answer may show.
pub(crate) trait Output: Described {
    /// Writes the value.
    fn show<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;
}

/// A value that is the same text in requests, in answers and in the domain.
pub(crate) trait Text: Sized {
    /// See [`Described::schema`].
    fn schema() -> Value;

    /// See [`Input::parse`].
    fn read(text: String) -> Result<Self, Invalid>;

    /// The text.
    fn text(&self) -> &str;
}

impl<T: Text> Described for T {
    fn schema() -> Value {
        <T as Text>::schema()
    }
}

impl<T: Text> Input for T {
    type Json = String;

    fn parse(text: String) -> Result<Self, Invalid> {
        T::read(text)
    }
}

impl<T: Text> Output for T {
    fn show<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.text())
    }
}

/// A value that may be null.
impl<T: Described> Described for Option<T> {
    fn schema() -> Value {
        let mut schema = T::schema();
        schema["nullable"] = true.into();
        // OpenAPI 3.0.3: an enumeration that may be null lists it. A named schema stays as it is.
        if schema.get("title").is_none()
            && let Some(members) = schema.get_mut("enum").and_then(Value::as_array_mut)
        {
            members.push(Value::Null);
        }
        schema
    }
}

impl<T: Output> Output for Option<T> {
    fn show<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Some(value) => value.show(serializer),
            None => serializer.serialize_none(),
        }
    }
}

/// A field of an answer. It is always present.
pub(crate) struct Shown<T>(pub(crate) T);

impl<T: Output> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.show(serializer)
    }
}

impl<T: Described> Apiv2Schema for Shown<T> {
    fn raw_schema() -> DefaultSchemaRaw {
        let mut schema = T::schema();
        if let Some(schema) = schema.as_object_mut() {
            schema.remove("pattern");
        }
        pack(schema)
    }
}

/// A resource in an answer. In the document it has a schema of its own.
#[derive(Serialize)]
#[serde(transparent)]
pub(crate) struct Resource<T>(pub(crate) T);

impl<T: Apiv2Schema> Apiv2Schema for Resource<T> {
    fn raw_schema() -> DefaultSchemaRaw {
        DefaultSchemaRaw {
            example: Some(json!({ "title": T::name(), "description": T::description() })),
            ..T::raw_schema()
        }
    }
}

/// A resource in an answer; null if there is none.
#[derive(Serialize)]
#[serde(transparent)]
pub(crate) struct Optional<T>(pub(crate) Option<T>);

impl<T: Apiv2Schema> Apiv2Schema for Optional<T> {
    fn raw_schema() -> DefaultSchemaRaw {
        DefaultSchemaRaw {
            example: Some(json!({ "title": T::name(), "description": T::description(), "nullable": true })),
            ..T::raw_schema()
        }
    }
}

/// An array in an answer; null if there is none.
#[derive(Serialize)]
#[serde(transparent)]
pub(crate) struct Several<T>(pub(crate) Option<Vec<T>>);

impl<T: Apiv2Schema> Apiv2Schema for Several<T> {
    fn raw_schema() -> DefaultSchemaRaw {
        DefaultSchemaRaw {
            example: Some(json!({ "nullable": true })),
            ..Vec::<T>::raw_schema()
        }
    }
}
