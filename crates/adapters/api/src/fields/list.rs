//! Arrays within a body, and the objects in them.
//!
//! They are read as they come, not as raw text, so that `Prefer: handling=strict` finds unknown fields in them too.

use super::{Field, Fields, Required};
use paperclip::v2::{models::DefaultSchemaRaw, schema::Apiv2Schema};
use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::{Value, json};
use std::{fmt, marker::PhantomData, mem};

/// A field with an array, which may be omitted. Null is the same as nothing.
#[derive(Default)]
pub(crate) enum List<T> {
    #[default]
    Absent,
    Null,
    Given(Vec<T>),
    /// The value is no array.
    Mistyped,
}

/// What a [`List`] holds.
pub(crate) trait Element {
    /// The most items of one array. The domain refuses more, so only one more than that is read.
    const MOST: usize;
    /// The fewest items, if there is an array. The domain refuses fewer.
    const LEAST: usize = 0;
}

/// What the document says of an array.
fn bounds<T: Element>() -> Value {
    let mut bounds = json!({ "maxItems": T::MOST });
    if T::LEAST > 0 {
        bounds["minItems"] = T::LEAST.into();
    }
    bounds
}

/// An object in an array; `None` if the item is none.
pub(crate) struct Object<T>(Option<T>);

/// A field with an object, which may be omitted. Null is the same as nothing.
#[derive(Deserialize)]
#[serde(transparent, bound(deserialize = "T: Deserialize<'de>"))]
pub(crate) struct Part<T>(Option<Object<T>>);

impl<T> Default for Part<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Apiv2Schema> Apiv2Schema for Part<T> {
    fn required() -> bool {
        false
    }

    fn raw_schema() -> DefaultSchemaRaw {
        DefaultSchemaRaw {
            example: Some(json!({ "title": T::name(), "description": T::description(), "nullable": true })),
            ..T::raw_schema()
        }
    }
}

/// The visitor of a value that should be an array (`List<T>`) or an object (`Object<T>`). What it is not expected to be
/// is skipped.
struct Reader<R>(PhantomData<R>);

/// Skips the values that are neither an array nor an object.
macro_rules! scalars {
    ($mistyped:expr) => {
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("any value")
        }

        fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
            Ok($mistyped)
        }

        fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
            Ok($mistyped)
        }

        fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
            Ok($mistyped)
        }

        fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
            Ok($mistyped)
        }

        fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
            Ok($mistyped)
        }
    };
}

impl<'de, T: Deserialize<'de> + Element> Visitor<'de> for Reader<List<T>> {
    type Value = List<T>;

    scalars!(List::Mistyped);

    fn visit_unit<E: Error>(self) -> Result<List<T>, E> {
        Ok(List::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<List<T>, A::Error> {
        let mut items = Vec::new();
        while items.len() <= T::MOST {
            match array.next_element()? {
                Some(item) => items.push(item),
                None => return Ok(List::Given(items)),
            }
        }
        // An item may be two bytes on the wire, and hundreds in memory.
        while array.next_element::<IgnoredAny>()?.is_some() {}
        Ok(List::Given(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<List<T>, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(List::Mistyped)
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<Object<T>> {
    type Value = Object<T>;

    scalars!(Object(None));

    fn visit_unit<E: Error>(self) -> Result<Object<T>, E> {
        Ok(Object(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Object<T>, A::Error> {
        while array.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Object(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Object<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(object)).map(|object| Object(Some(object)))
    }
}

impl<'de, T: Deserialize<'de> + Element> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader::<Self>(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader::<Self>(PhantomData))
    }
}

impl<T: Element + Apiv2Schema> Apiv2Schema for List<T> {
    fn required() -> bool {
        false
    }

    fn raw_schema() -> DefaultSchemaRaw {
        let mut nullable = bounds::<T>();
        nullable["nullable"] = true.into();
        DefaultSchemaRaw {
            example: Some(nullable),
            ..Vec::<T>::raw_schema()
        }
    }
}

/// In the document it has a schema of its own.
impl<T: Apiv2Schema> Apiv2Schema for Object<T> {
    fn raw_schema() -> DefaultSchemaRaw {
        DefaultSchemaRaw {
            example: Some(json!({ "title": T::name(), "description": T::description() })),
            ..T::raw_schema()
        }
    }
}

/// A field with an array that must have an item at least.
#[derive(Deserialize)]
#[serde(transparent, bound(deserialize = "T: Deserialize<'de> + Element"))]
pub(crate) struct RequiredList<T>(List<T>);

impl<T> Default for RequiredList<T> {
    fn default() -> Self {
        Self(List::Absent)
    }
}

impl<T: Element + Apiv2Schema> Apiv2Schema for RequiredList<T> {
    fn raw_schema() -> DefaultSchemaRaw {
        DefaultSchemaRaw {
            example: Some(json!({ "minItems": 1, "maxItems": T::MOST })),
            ..Vec::<T>::raw_schema()
        }
    }
}

/// A field with an array of an edit, which can be changed but not cleared.
#[derive(Deserialize)]
#[serde(transparent, bound(deserialize = "T: Deserialize<'de> + Element"))]
pub(crate) struct ChangeableList<T>(List<T>);

impl<T> Default for ChangeableList<T> {
    fn default() -> Self {
        Self(List::Absent)
    }
}

impl<T: Element + Apiv2Schema> Apiv2Schema for ChangeableList<T> {
    fn required() -> bool {
        false
    }

    fn raw_schema() -> DefaultSchemaRaw {
        DefaultSchemaRaw {
            example: Some(bounds::<T>()),
            ..Vec::<T>::raw_schema()
        }
    }
}

impl Fields {
    /// An array that may be absent or null. Then the value is `None`. `read` reads an item, whose errors name it by its
    /// position, as in `weekly[2].closes`.
    pub(crate) fn list<T, V>(
        &mut self,
        name: &'static str,
        list: List<T>,
        read: impl Fn(&mut Self, T) -> Option<V>,
    ) -> Option<Option<Vec<V>>> {
        match list {
            List::Absent | List::Null => Some(None),
            List::Mistyped => self.mistyped(name, "an array"),
            List::Given(items) => {
                let items = items.into_iter().enumerate().map(|(index, item)| {
                    let here = self.item(name, index);
                    let value = read(self, item);
                    self.path = here;
                    value
                });
                // Every item is read, even after a bad one.
                let values: Vec<_> = items.collect();
                values.into_iter().collect::<Option<Vec<_>>>().map(Some)
            }
        }
    }

    /// An array of an edit that can be changed but not be null. `Some(None)` leaves it unchanged.
    pub(crate) fn changeable_list<T, V>(
        &mut self,
        name: &'static str,
        ChangeableList(list): ChangeableList<T>,
        read: impl Fn(&mut Self, T) -> Option<V>,
    ) -> Option<Option<Vec<V>>> {
        match list {
            List::Null => self.refuse(name, "must not be null"),
            list => self.list(name, list, read),
        }
    }

    /// An array of an edit that null clears. `Some(None)` leaves it unchanged.
    pub(crate) fn clearable_list<T, V>(
        &mut self,
        name: &'static str,
        list: List<T>,
        read: impl Fn(&mut Self, T) -> Option<V>,
    ) -> Option<Option<Option<Vec<V>>>> {
        match list {
            List::Absent => Some(None),
            list => self.list(name, list, read).map(Some),
        }
    }

    /// An array that must have an item at least. If it has none, the value is empty, which the domain refuses.
    pub(crate) fn required_list<T, V>(
        &mut self,
        name: &'static str,
        RequiredList(list): RequiredList<T>,
        read: impl Fn(&mut Self, T) -> Option<V>,
    ) -> Option<Vec<V>> {
        self.list(name, list, read).map(Option::unwrap_or_default)
    }

    /// An object that may be absent or null. Then the value is `None`. The errors of its fields name it, as in
    /// `customer.email`.
    pub(crate) fn part<T, V>(
        &mut self,
        name: &'static str,
        Part(part): Part<T>,
        read: impl Fn(&mut Self, T) -> Option<V>,
    ) -> Option<Option<V>> {
        let Some(object) = part else { return Some(None) };
        let path = self.path_of(name).into_owned();
        let here = mem::replace(&mut self.path, path);
        let value = self.object(object).and_then(|object| read(self, object));
        self.path = here;
        value.map(Some)
    }

    /// The object that is an item of an array.
    pub(crate) fn object<T>(&mut self, Object(object): Object<T>) -> Option<T> {
        object.or_else(|| self.mistyped("", "an object"))
    }

    /// The value that is an item of an array.
    pub(crate) fn element<T>(&mut self, Required(item): Required<T>) -> Option<T> {
        match item {
            Field::Given(value) => Some(value),
            Field::Absent | Field::Null => self.refuse("", "must not be null"),
            Field::Invalid(why) => self.invalid("", why),
            Field::Mistyped(expected) => self.mistyped("", expected),
        }
    }

    /// Refuses an item of an array, or a field of it.
    pub(crate) fn refuse_in<V>(
        &mut self,
        name: &'static str,
        index: usize,
        field: &'static str,
        why: impl fmt::Display,
    ) -> Option<V> {
        let here = self.item(name, index);
        let refused = self.refuse(field, why);
        self.path = here;
        refused
    }

    /// Goes to an item of an array. Returns the path to come back to.
    fn item(&mut self, name: &'static str, index: usize) -> String {
        let path = format!("{}[{index}]", self.path_of(name));
        mem::replace(&mut self.path, path)
    }
}
