//! The OpenAPI 3.0 document.
//!
//! Paperclip generates it from the handlers' own types: paths, parameters, schemas, required fields, descriptions and
//! the security scheme. The schemas of values come from their types ([`value`](crate::value)). The parameters in a path
//! and the errors of an operation come from the contexts' lists of paths ([`routes`](mod@crate::routes)). What is
//! common to all operations is here.

mod operations;
mod problems;

use crate::{routes::Context, value::unpack};
use actix_web::App;
use paperclip::{
    actix::OpenApiExt,
    v2::models::{Contact, DefaultApiRaw, Info, License},
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const DESCRIPTION: &str = "\
Customers, appointments that never double-book, and events that people register for.\n\n\
Every request needs an API key in `X-API-Key`: press **Authorize** and paste it. Every answer is JSON in one envelope: \
`success`, and either the result or `message` and `error`. `date` and `time` are the business's own wall-clock time; \
instants (`createdAt`, …) are UTC. Unknown fields of a body are ignored, or refused with `Prefer: handling=strict`; unknown \
query parameters are refused.\n\n\
Every answer, an error too, has `X-Request-Id`, and with a key `RateLimit` and `RateLimit-Policy`.";

/// The OpenAPI 3.0 document of the API.
#[must_use]
pub fn document() -> Value {
    let mut document = generated();
    document["servers"] = json!([{ "url": "/", "description": "This server" }]);
    let mut schemas = problems::schemas();
    if let Value::Object(packed) = document["components"]["schemas"].take() {
        for (name, mut schema) in packed {
            unpack(&mut schema, &mut schemas);
            schemas.insert(name, schema);
        }
    }
    for (body, example) in examples() {
        schemas[body]["example"] = example;
    }
    let mut tags = Vec::new();
    for Context { tags: own, endpoints } in crate::contexts() {
        let own = own.into_iter();
        tags.extend(own.map(|(name, description)| json!({ "name": name, "description": description })));
        for endpoint in endpoints {
            operations::describe(&mut document["paths"][endpoint.path], &endpoint, &mut schemas);
        }
    }
    document["tags"] = tags.into();
    document["components"]["schemas"] = schemas.into();
    document["components"]["headers"] = headers();
    document["components"]["responses"] = problems::responses(&document.to_string());
    document
}

/// Bodies that a new account can send. A body of all properties would name a service that it doesn't have, or end before
/// it begins.
fn examples() -> [(&'static str, Value); 3] {
    let slot = json!({ "date": "2025-12-25", "time": "14:30", "serviceType": "consultation" });
    let mut booking = slot.clone();
    booking["customerEmail"] = "israel@example.com".into();
    let block = json!({ "from": "2030-07-01", "until": "2030-07-15T12:00" });
    [
        ("BookAppointment", booking),
        ("HoldSlot", slot),
        ("CreateBlock", block),
    ]
}

/// The names of each operation's query parameters, by its method (in lowercase) and its path.
pub(crate) fn query_parameters() -> BTreeMap<(String, String), BTreeSet<String>> {
    let document = generated();
    let mut known = BTreeMap::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let names = parameters
                .filter(|parameter| parameter["in"] == "query")
                .filter_map(|parameter| parameter["name"].as_str().map(str::to_owned));
            known.insert((method.clone(), path.clone()), names.collect());
        }
    }
    known
}

/// The part that paperclip generates.
fn generated() -> Value {
    let info = Info {
        title: "ChatGrow API".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        description: Some(DESCRIPTION.to_owned()),
        contact: Some(Contact {
            name: Some("ChatGrow".to_owned()),
            ..Contact::default()
        }),
        license: Some(License {
            name: Some("MIT OR Apache-2.0".to_owned()),
            url: Some("https://spdx.org/licenses/MIT.html".to_owned()),
        }),
        ..Info::default()
    };
    let mut document = Value::Null;
    let take = |app, generated| {
        document = generated;
        app
    };
    let _ = App::new()
        .wrap_api_with_spec(DefaultApiRaw {
            info,
            ..DefaultApiRaw::default()
        })
        .configure(crate::routes)
        .with_raw_json_spec_v3(take);
    document
}

fn headers() -> Value {
    let text = |description: &str, example: &str| json!({ "description": description, "schema": { "type": "string" }, "example": example });
    json!({
        "X-Request-Id": text("Names this request in the server's log; the caller's own if it sent one.", "5f3a9c1d2e4b6a70-1"),
        "RateLimit-Policy": text("The quota: `q` requests in `w` seconds (draft-ietf-httpapi-ratelimit-headers). Absent if limits are off.", "\"default\";q=600;w=60"),
        "RateLimit": text("What is left: `r` requests; after `t` seconds the quota is whole again.", "\"default\";r=599;t=1"),
        "Location": text("The path of what was created.", "/api/webhooks/events/507f1f77bcf86cd799439033"),
        "ETag": text("The version of what the body shows: send it back in `If-Match` or `If-None-Match`.", "\"507f1f77bcf86cd799439033.3\""),
        "Idempotent-Replayed": text("`true` if this is the answer to an earlier request with the same `Idempotency-Key`.", "true"),
        "Retry-After": { "description": "After how many seconds to come back.", "schema": { "type": "integer", "minimum": 1 }, "example": 1 },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Problem;

    fn operations(document: &Value) -> Vec<(String, &Value)> {
        let paths = document["paths"].as_object().unwrap();
        let all = paths.iter().flat_map(|(path, item)| {
            item.as_object()
                .unwrap()
                .iter()
                .map(move |(method, operation)| (format!("{method} {path}"), operation))
        });
        all.filter(|(_, operation)| operation.is_object()).collect()
    }

    #[test]
    fn every_operation_is_described_whole() {
        let document = document();
        let operations = operations(&document);
        for (name, operation) in operations {
            assert!(name.contains(crate::BASE_PATH), "{name}");
            assert!(operation["operationId"].is_string(), "{name} has no id");
            assert!(operation["summary"].is_string(), "{name} has no summary");
            assert_eq!(
                operation["security"],
                json!([{ "ApiKey": [] }]),
                "{name} takes neither an Authenticated nor a Write"
            );
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                assert!(parameter["description"].is_string(), "{name}: {parameter}");
            }
        }
    }

    #[test]
    fn every_field_is_described_and_bounded() {
        let document = document();
        for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
            assert!(schema["description"].is_string(), "{name}");
            for (property, schema) in schema["properties"].as_object().into_iter().flatten() {
                let reference = schema.get("$ref").is_some();
                assert!(
                    reference || schema["description"].is_string(),
                    "{name}.{property} has no description"
                );
                let bounded = [
                    "maxLength",
                    "minLength",
                    "enum",
                    "pattern",
                    "format",
                    "$ref",
                    "allOf",
                    "items",
                    "minimum",
                    "additionalProperties",
                ];
                assert!(
                    schema["type"] == "boolean" || bounded.iter().any(|facet| schema.get(facet).is_some()),
                    "{name}.{property} has no bounds"
                );
            }
        }
    }

    /// Many regular expression engines read the document's patterns, so the patterns use only what these have in
    /// common.
    #[test]
    fn patterns_are_portable_and_answers_have_none() {
        fn patterns(value: &Value, found: &mut Vec<String>) {
            match value {
                Value::Object(fields) => {
                    found.extend(fields.get("pattern").and_then(Value::as_str).map(str::to_owned));
                    fields.values().for_each(|value| patterns(value, found));
                }
                Value::Array(items) => items.iter().for_each(|value| patterns(value, found)),
                _ => {}
            }
        }
        let document = document();
        let mut found = Vec::new();
        patterns(&document, &mut found);
        for pattern in &found {
            assert!(pattern.is_ascii() && !pattern.contains('\\'), "{pattern}");
        }
        for resource in [
            "Customer",
            "Appointment",
            "Event",
            "Registration",
            "Resource",
            "Hours",
            "WeeklyOpening",
            "HoursException",
            "Schedule",
            "Service",
            "Need",
            "ErrorResponse",
            "FieldError",
        ] {
            let mut found = Vec::new();
            patterns(&document["components"]["schemas"][resource], &mut found);
            assert_eq!(found, [""; 0], "{resource}");
        }
    }

    /// Checks the schema of money. Without a format, some generators use a 32-bit float. With a `multipleOf` of 0.01,
    /// validators that divide refuse 149.9.
    #[test]
    fn prices_are_doubles() {
        for owner in [
            "Event",
            "CreateEvent",
            "EditEvent",
            "Service",
            "CreateService",
            "EditService",
        ] {
            let document = document();
            let price = &document["components"]["schemas"][owner]["properties"]["price"];
            assert_eq!(
                (&price["type"], &price["format"]),
                (&json!("number"), &json!("double")),
                "{owner}"
            );
            assert!(price.get("multipleOf").is_none(), "{owner}");
        }
    }

    #[test]
    fn every_problem_of_an_operation_is_documented_somewhere() {
        let document = document().to_string();
        for problem in Problem::ALL {
            // These belong to no operation. They are about paths and methods that don't exist, and about the paths of payment
            // sources, which are outside of the API.
            let outside = [
                Problem::PathNotFound,
                Problem::MethodNotAllowed,
                Problem::NoticeUnverified,
            ];
            if outside.contains(problem) {
                continue;
            }
            assert!(document.contains(problem.describe().2), "{problem:?}");
        }
    }
}
