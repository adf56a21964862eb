//! Passing a type's schema through paperclip.
//!
//! Paperclip collects the schemas of handlers as OpenAPI 2 and writes them as OpenAPI 3.0. On the way it drops lengths,
//! bounds and patterns. But it keeps an example as it is and, for a parameter, which has no example, the members of an
//! enumeration. So a schema is passed on whole, as its own example or as its own only member, and is put in place when
//! the document is made.

use paperclip::v2::models::{
    DataType, DefaultOperationRaw, DefaultSchemaRaw, Either, Parameter, ParameterIn,
};
use serde_json::{Map, Value, json};

/// The schema in the form in which paperclip passes it on.
pub(crate) fn pack(schema: Value) -> DefaultSchemaRaw {
    DefaultSchemaRaw {
        data_type: Some(DataType::String),
        example: Some(schema),
        ..DefaultSchemaRaw::default()
    }
}

/// Adds the fields of a query to the parameters of an operation.
pub(crate) fn pack_parameters(query: DefaultSchemaRaw, operation: &mut DefaultOperationRaw) {
    for (name, schema) in query.properties {
        operation.parameters.push(Either::Right(Parameter {
            in_: ParameterIn::Query,
            required: query.required.contains(&name),
            description: schema.description,
            data_type: Some(DataType::String),
            enum_: schema
                .example
                .into_iter()
                .map(|schema| schema.to_string().into())
                .collect(),
            name,
            ..Parameter::default()
        }));
    }
}

/// Puts what [`pack`] packed in place, here and in everything within the schema. A schema with a title moves to
/// `named`, and is replaced by a reference.
pub(crate) fn unpack(schema: &mut Value, named: &mut Map<String, Value>) {
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    for property in properties.into_iter().flat_map(Map::values_mut) {
        unpack(property, named);
    }
    if let Some(items) = schema.get_mut("items") {
        unpack(items, named);
    }
    if let Some(Value::Object(packed)) = schema.as_object_mut().and_then(|schema| schema.remove("example")) {
        place(schema, packed, named);
    }
}

/// Puts what [`pack_parameters`] packed in place, except for the example. Swagger UI would fill in the example, and
/// then request less than everything.
pub(crate) fn unpack_parameter(schema: &mut Value, named: &mut Map<String, Value>) {
    let packed = schema.as_object_mut().and_then(|schema| schema.remove("enum"));
    let packed = packed.and_then(|packed| serde_json::from_str::<Map<_, _>>(packed[0].as_str()?).ok());
    let Some(mut packed) = packed else {
        return;
    };
    packed.remove("example");
    place(schema, packed, named);
}

fn place(schema: &mut Value, packed: Map<String, Value>, named: &mut Map<String, Value>) {
    let Some(facts) = schema.as_object_mut() else {
        return;
    };
    let own_description = facts.get("description").cloned();
    if packed.contains_key("anyOf") {
        // What `pack` says it is.
        facts.remove("type");
    }
    facts.extend(packed);
    let Some(Value::String(title)) = facts.remove("title") else {
        return;
    };
    let nullable = facts.remove("nullable").is_some();
    let mut reference = json!({ "$ref": format!("#/components/schemas/{title}") });
    // `nullable` counts only beside a type, so a value of several types is never told to be nullable. Other members
    // beside a reference are ignored, but not beside `allOf`.
    if let Some(kind) = facts.get("type").filter(|_| nullable) {
        reference = json!({ "type": kind, "nullable": true, "allOf": [reference] });
        if let Some(own) = own_description {
            reference["description"] = own;
        }
    }
    named.insert(title, std::mem::replace(schema, reference));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_schema_stands_by_itself_and_only_the_reference_is_nullable() {
        let color = json!({ "title": "Color", "type": "string", "enum": ["red"] });
        let mut nullable = color.clone();
        nullable["nullable"] = true.into();
        let mut schema = json!({
            "properties": {
                "color": { "type": "string", "description": "Its color.", "example": color },
                "other": { "type": "string", "description": "Another.", "example": nullable },
                "size": { "type": "string", "description": "Its size.", "example": { "type": "integer", "example": 3 } },
            },
        });
        let mut named = Map::new();
        unpack(&mut schema, &mut named);
        let reference = json!({ "$ref": "#/components/schemas/Color" });
        assert_eq!(schema["properties"]["color"], reference);
        assert_eq!(
            schema["properties"]["other"],
            json!({ "type": "string", "description": "Another.", "nullable": true, "allOf": [reference] })
        );
        assert_eq!(
            schema["properties"]["size"],
            json!({ "type": "integer", "description": "Its size.", "example": 3 })
        );
        assert!(named["Color"].get("nullable").is_none());
    }
}
