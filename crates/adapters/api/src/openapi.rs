//! The OpenAPI 3.0 document.
//!
//! Paperclip makes it from the handlers' own types: paths, parameters, schemas, required fields, descriptions, the
//! security scheme. What its types can't say is added here, once, by the field's name: lengths, patterns, bounds, examples,
//! nullability; and, by operation, the errors. Tests fail where a field or an operation is missing from these tables.

use crate::{
    commit::MAX_KEY_CHARS,
    error::{ApiError, FieldError, Problem},
    fields::CHANGEABLE,
};
use actix_web::App;
use chatgrow_domain::{
    AppointmentStatus, Capacity, CustomerName, Duration, EmailAddress, EventDescription, EventLocation,
    EventStatus, EventTitle, Notes, PageLimit, Phone, ServiceType,
};
use paperclip::{
    actix::OpenApiExt,
    v2::models::{Contact, DefaultApiRaw, Info, License},
};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

const DESCRIPTION: &str = "\
Customers, appointments that never double-book, and events that people register for.\n\n\
Every request needs an API key in `X-API-Key`: press **Authorize** and paste it. Every answer is JSON in one envelope: \
`success`, and either the result or `message` and `error`. `date` and `time` are the business's own wall-clock time; \
instants (`createdAt`, …) are UTC. Unknown fields of a body are ignored, or refused with `Prefer: handling=strict`; unknown \
query parameters are refused.\n\n\
Every answer, an error too, has `X-Request-Id`, and with a key `RateLimit` and `RateLimit-Policy`.";

/// The problems that an operation can meet beside those of all operations, of all that take a body, and of all that take a
/// query.
const PROBLEMS: [(&str, &[Problem]); 19] = [
    ("createCustomer", &[Problem::CustomerExists]),
    ("listCustomers", &[]),
    ("getCustomer", &[Problem::CustomerNotFound]),
    ("putCustomer", &[Problem::VersionMismatch]),
    (
        "updateCustomer",
        &[
            Problem::CustomerNotFound,
            Problem::CustomerExists,
            Problem::VersionMismatch,
        ],
    ),
    (
        "bookAppointment",
        &[Problem::CustomerNotFound, Problem::TimeConflict],
    ),
    ("listAppointments", &[]),
    ("getAppointment", &[Problem::AppointmentNotFound]),
    (
        "updateAppointment",
        &[
            Problem::AppointmentNotFound,
            Problem::TimeConflict,
            Problem::AppointmentCancelled,
            Problem::VersionMismatch,
        ],
    ),
    (
        "cancelAppointment",
        &[Problem::AppointmentNotFound, Problem::VersionMismatch],
    ),
    ("createEvent", &[]),
    ("listEvents", &[]),
    ("getEvent", &[Problem::EventNotFound]),
    (
        "updateEvent",
        &[
            Problem::EventNotFound,
            Problem::InvalidStatus,
            Problem::CapacityTooSmall,
            Problem::VersionMismatch,
        ],
    ),
    (
        "registerForEvent",
        &[
            Problem::EventNotFound,
            Problem::CustomerNotFound,
            Problem::EventNotActive,
            Problem::AlreadyRegistered,
            Problem::EventFull,
        ],
    ),
    ("listRegistrations", &[Problem::EventNotFound]),
    ("listCustomerRegistrations", &[Problem::CustomerNotFound]),
    (
        "getRegistration",
        &[Problem::EventNotFound, Problem::RegistrationNotFound],
    ),
    (
        "cancelRegistration",
        &[
            Problem::EventNotFound,
            Problem::RegistrationNotFound,
            Problem::VersionMismatch,
        ],
    ),
];

/// An `Idempotency-Key` as we would have it: printable ASCII, neither begun nor ended by a blank or a quote.
const KEY_PATTERN: &str = "^[!#-~]([ -~]*[!#-~])?$";

/// The OpenAPI 3.0 document of the API.
#[must_use]
pub fn document() -> Value {
    let mut document = generated();
    document["servers"] = json!([{ "url": "/", "description": "This server" }]);
    document["tags"] = json!([
        { "name": "Customers", "description": "The people an account serves; an e-mail address names one." },
        { "name": "Appointments", "description": "A customer's slot in the account's schedule; confirmed ones never overlap." },
        { "name": "Events", "description": "Something with a date that customers register for." },
        { "name": "Registrations", "description": "A customer's place at an event; the count never passes the maximum." },
    ]);
    lift_resources(&mut document);
    let requests = describe_operations(&mut document);
    let Some(schemas) = document["components"]["schemas"].as_object_mut() else {
        return document;
    };
    for (name, schema) in schemas.iter_mut() {
        describe_schema(name, schema, requests.contains(name));
    }
    schemas.extend(shared_schemas());
    document["components"]["headers"] = headers();
    let used = document.to_string();
    let problems = Problem::ALL
        .iter()
        .filter(|problem| used.contains(&format!("/responses/{problem:?}\"")));
    document["components"]["responses"] = problems
        .map(|problem| (format!("{problem:?}"), problem_response(&[*problem])))
        .collect();
    document
}

/// The names of the query parameters that each operation has, by its method (in lowercase) and its path.
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

/// What paperclip knows.
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

/// Paperclip writes a resource out wherever an answer holds one; each becomes a schema of its own.
fn lift_resources(document: &mut Value) {
    let mut lifted = Map::new();
    let Some(schemas) = document["components"]["schemas"].as_object_mut() else {
        return;
    };
    for schema in schemas.values_mut() {
        let Some(properties) = schema["properties"].as_object_mut() else {
            continue;
        };
        for (property, resource) in [
            ("customer", "Customer"),
            ("appointment", "Appointment"),
            ("event", "Event"),
            ("registration", "Registration"),
        ] {
            let reference = json!({ "$ref": format!("#/components/schemas/{resource}") });
            if let Some(one) = properties.get_mut(property).filter(|one| one["type"] == "object") {
                *one = reference.clone();
            }
            if let Some(many) = properties.get_mut(&format!("{property}s")) {
                lifted.insert(
                    resource.to_owned(),
                    std::mem::replace(&mut many["items"], reference),
                );
            }
        }
    }
    schemas.extend(lifted);
}

/// Completes every operation; returns the names of the schemas of request bodies.
fn describe_operations(document: &mut Value) -> BTreeSet<String> {
    let mut requests = BTreeSet::new();
    let paths = document["paths"]
        .as_object_mut()
        .into_iter()
        .flat_map(Map::values_mut);
    for operation in paths.filter_map(Value::as_object_mut).flat_map(Map::values_mut) {
        let tag = operation["tags"][0].as_str().unwrap_or_default().to_owned();
        let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
        let mut has_key = false;
        for parameter in parameters.into_iter().flatten() {
            if parameter["in"] == "header" {
                has_key = true;
                merge(
                    &mut parameter["schema"],
                    json!({ "minLength": 1, "maxLength": MAX_KEY_CHARS, "pattern": KEY_PATTERN }),
                );
                continue;
            }
            let name = parameter["name"].as_str().unwrap_or_default().to_owned();
            let mut facets = facets(&tag, &name, true);
            if let Some(shared) = shared(&tag, &name) {
                parameter["schema"] = shared;
                continue;
            }
            if parameter["in"] == "query" {
                // Swagger UI would fill an example in, and then ask for less than everything.
                facets.as_object_mut().map(|facets| facets.remove("example"));
            } else {
                parameter["description"] = path_parameter(&name).into();
                parameter["example"] = facets["example"].clone();
            }
            merge(&mut parameter["schema"], facets);
        }
        let body = operation
            .get("requestBody")
            .map(|body| &body["content"]["application/json"]["schema"]["$ref"]);
        let body = body
            .and_then(Value::as_str)
            .and_then(|reference| reference.rsplit('/').next())
            .map(str::to_owned);
        let id = operation["operationId"].as_str().unwrap_or_default().to_owned();
        let problems = problems(&id, body.is_some(), has_key);
        // What has a version, whole: not a list, and not what only confirms.
        let versioned = !id.starts_with("list") && !id.starts_with("cancel");
        for (status, response) in operation["responses"].as_object_mut().into_iter().flatten() {
            let more = [
                ("Location", status == "201"),
                ("ETag", versioned),
                ("Idempotent-Replayed", has_key),
            ];
            let more = more.into_iter().filter_map(|(name, given)| given.then_some(name));
            response["headers"] = header_references(more);
        }
        let condition = if problems.contains(&Problem::VersionMismatch) {
            Some((
                "If-Match",
                "Changes nothing (412) unless what is there now bears one of these entity tags.",
            ))
        } else if versioned && id.starts_with("get") {
            operation["responses"]["304"] = json!({
                "description": "The client has it already.",
                "headers": header_references(["ETag"]),
            });
            Some((
                "If-None-Match",
                "Answers 304, without a body, where what is there now bears one of these entity tags.",
            ))
        } else {
            None
        };
        if let (Some((name, description)), Some(parameters)) = (
            condition,
            operation.get_mut("parameters").and_then(Value::as_array_mut),
        ) {
            let schema = json!({ "type": "string" });
            parameters
                .push(json!({ "name": name, "in": "header", "description": description, "schema": schema }));
        }
        add_problems(&mut operation["responses"], &problems);
        requests.extend(body);
    }
    requests
}

/// Every problem that an operation can meet.
fn problems(operation: &str, has_body: bool, has_key: bool) -> Vec<Problem> {
    let own = PROBLEMS
        .iter()
        .find(|(name, _)| *name == operation)
        .map_or(&[][..], |(_, problems)| problems);
    let mut problems = vec![
        // Every operation refuses parameters that it doesn't have.
        Problem::Validation,
        Problem::Unauthenticated,
        Problem::TargetTooLong,
        Problem::RateLimited,
        Problem::HeaderFieldsTooLarge,
        Problem::Internal,
        Problem::Unavailable,
    ];
    problems.extend(own);
    if has_key {
        problems.extend([Problem::IdempotencyInProgress, Problem::IdempotencyKeyReused]);
    }
    if has_body {
        problems.extend([
            Problem::RequestTimeout,
            Problem::PayloadTooLarge,
            Problem::UnsupportedMediaType,
        ]);
    }
    problems
}

/// A status with one problem refers to the problem's own response; one with several tells them apart.
fn add_problems(responses: &mut Value, problems: &[Problem]) {
    let mut by_status = BTreeMap::<_, Vec<_>>::new();
    for problem in problems {
        by_status
            .entry(problem.describe().0.as_u16())
            .or_default()
            .push(*problem);
    }
    for (status, problems) in by_status {
        responses[status.to_string()] = match problems[..] {
            [problem] => json!({ "$ref": format!("#/components/responses/{problem:?}") }),
            _ => problem_response(&problems),
        };
    }
}

fn problem_response(problems: &[Problem]) -> Value {
    let (mut descriptions, mut examples, mut comes_back) = (Vec::new(), Map::new(), false);
    for problem in problems {
        let (_, code, message) = problem.describe();
        let error = match problem {
            Problem::Validation => {
                let message = "must be a valid e-mail address".to_owned();
                ApiError::validation(
                    format!("email {message}"),
                    vec![FieldError {
                        field: "email".into(),
                        message,
                    }],
                )
            }
            problem => (*problem).into(),
        };
        let example: Value = serde_json::from_str(&error.body("5f3a9c1d2e4b6a70-1")).unwrap_or_default();
        descriptions.push(format!("`{code}`: {message}"));
        examples.insert(message.to_owned(), json!({ "value": example }));
        comes_back |= matches!(problem, Problem::RateLimited | Problem::Unavailable);
    }
    let mut response = json!({
        "description": descriptions.join(", or "),
        "content": {
            "application/json": { "schema": { "$ref": "#/components/schemas/ErrorResponse" }, "examples": examples },
        },
    });
    // The header fields of every answer are described once: with those of each error, an operation would fill seven screens.
    if comes_back {
        response["headers"] = json!({ "Retry-After": { "$ref": "#/components/headers/Retry-After" } });
    }
    response
}

/// The header fields of every answer, and one more.
fn header_references(more: impl IntoIterator<Item = &'static str>) -> Value {
    let names = ["X-Request-Id", "RateLimit", "RateLimit-Policy"]
        .into_iter()
        .chain(more);
    names
        .map(|name| (name, json!({ "$ref": format!("#/components/headers/{name}") })))
        .collect()
}

/// What several schemas refer to.
fn shared_schemas() -> Map<String, Value> {
    let codes: BTreeSet<_> = Problem::ALL.iter().map(|problem| problem.describe().1).collect();
    let members = |names: &[&str], description: &str| json!({ "type": "string", "enum": names, "description": description });
    let service_types: Vec<_> = ServiceType::ALL.iter().map(|kind| kind.as_str()).collect();
    let appointment_statuses: Vec<_> = AppointmentStatus::ALL
        .iter()
        .map(|status| status.as_str())
        .collect();
    let event_statuses: Vec<_> = EventStatus::ALL.iter().map(|status| status.as_str()).collect();
    let mut event_status = members(&event_statuses, "Where an event stands.");
    // In Go the members of all enums share one scope, and an appointment can be cancelled too.
    event_status["x-enum-varnames"] = event_statuses
        .iter()
        .map(|status| format!("EVENT_{}", status.to_uppercase()))
        .collect();
    let error_response = json!({
        "type": "object",
        "description": "What every error looks like.",
        "required": ["success", "message", "error"],
        "properties": {
            "success": { "type": "boolean", "enum": [false], "description": "Always `false`." },
            "message": { "type": "string", "minLength": 1, "description": "What is wrong, for people." },
            "error": { "$ref": "#/components/schemas/ErrorCode" },
            "resource": {
                "type": "string",
                "minLength": 1,
                "description": "What was not found: `customer`, `appointment`, `event` or `registration`; only with `NOT_FOUND`.",
            },
            "details": {
                "type": "array",
                "description": "Every bad field, if the request has any.",
                "items": { "$ref": "#/components/schemas/FieldError" },
            },
            "requestId": {
                "type": "string",
                "minLength": 1,
                "maxLength": 128,
                "description": "The `X-Request-Id` of this answer; a 401 has it in the header only.",
            },
        },
    });
    let field_error = json!({
        "type": "object",
        "description": "A bad field.",
        "required": ["field", "message"],
        "properties": {
            "field": { "type": "string", "minLength": 1, "description": "The name of the field, parameter or header." },
            "message": { "type": "string", "minLength": 1, "description": "What it must be." },
        },
    });
    [
        (
            "ServiceType",
            members(&service_types, "What an appointment is for."),
        ),
        (
            "AppointmentStatus",
            members(&appointment_statuses, "Whether an appointment occupies its slot."),
        ),
        ("EventStatus", event_status),
        (
            "ErrorCode",
            json!({ "type": "string", "enum": codes, "description": "What is wrong, for programs." }),
        ),
        ("FieldError", field_error),
        ("ErrorResponse", error_response),
    ]
    .map(|(name, schema)| (name.to_owned(), schema))
    .into_iter()
    .collect()
}

/// The shared schema of a field; `owner` is as in [`facets`].
fn shared(owner: &str, field: &str) -> Option<Value> {
    let name = match field {
        "serviceType" => "ServiceType",
        "status" if owner.contains("Appointment") => "AppointmentStatus",
        "status" if owner.contains("Event") => "EventStatus",
        _ => return None,
    };
    Some(json!({ "$ref": format!("#/components/schemas/{name}") }))
}

fn headers() -> Value {
    let text = |description: &str, example: &str| json!({ "description": description, "schema": { "type": "string" }, "example": example });
    json!({
        "X-Request-Id": text("Names this request in the server's log; the caller's own where it sent one.", "5f3a9c1d2e4b6a70-1"),
        "RateLimit-Policy": text("The quota: `q` requests in `w` seconds (draft-ietf-httpapi-ratelimit-headers). Absent where limits are off.", "\"default\";q=600;w=60"),
        "RateLimit": text("What is left: `r` requests; after `t` seconds the quota is whole again.", "\"default\";r=599;t=1"),
        "Location": text("The path of what was created.", "/api/webhooks/events/507f1f77bcf86cd799439033"),
        "ETag": text("The version of what the body shows: send it back in `If-Match` or `If-None-Match`.", "\"507f1f77bcf86cd799439033.3\""),
        "Idempotent-Replayed": text("`true` where this is the answer to an earlier request with the same `Idempotency-Key`.", "true"),
        "Retry-After": { "description": "After how many seconds to come back.", "schema": { "type": "integer", "minimum": 1 }, "example": 1 },
    })
}

/// Adds the facets of every property, and says which are always there and which may be null.
fn describe_schema(name: &str, schema: &mut Value, request: bool) {
    let required: BTreeSet<String> = serde_json::from_value(schema["required"].clone()).unwrap_or_default();
    let Some(properties) = schema["properties"].as_object_mut() else {
        return;
    };
    for (property, schema) in properties.iter_mut() {
        if let Some(shared) = shared(name, property) {
            *schema = shared;
            continue;
        }
        merge(schema, facets(name, property, request));
        let marked = schema.as_object_mut().and_then(|schema| schema.remove("title"));
        if !required.contains(property) && marked != Some(CHANGEABLE.into()) {
            schema["nullable"] = true.into();
        }
    }
    if !request {
        // An answer always holds every field.
        schema["required"] = properties.keys().cloned().collect();
    }
}

fn merge(schema: &mut Value, facets: Value) {
    if let (Some(schema), Value::Object(facets)) = (schema.as_object_mut(), facets) {
        schema.extend(facets);
    }
}

/// A path parameter, in words. Paperclip has none for it.
fn path_parameter(name: &str) -> &'static str {
    match name {
        "email" => "The customer's e-mail address, percent-encoded; compared without case.",
        "registrationId" => "The registration's id.",
        _ => "The resource's id.",
    }
}

/// What a field's type can't say: one vocabulary for the whole API, so that a name means the same everywhere. `owner` is
/// the schema or the tag that the field belongs to.
///
/// A pattern is for what a client sends, and only where all that read the document agree on what it means (ECMA-262, PCRE2, RE2, Python,
/// Java): so free texts have none.
fn facets(owner: &str, field: &str, request: bool) -> Value {
    const ID: &str = "^[0-9a-f]{24}$";
    const TIME: &str = "^([01][0-9]|2[0-3]):[0-5][0-9]$";

    let written = |pattern: &str, length: usize, example: &str| {
        let mut facets =
            json!({ "type": "string", "minLength": length, "maxLength": length, "example": example });
        if request {
            facets["pattern"] = pattern.into();
        }
        facets
    };
    let id = |example: &str| written(ID, 24, example);
    let text = |max: usize, example: &str| json!({ "maxLength": max, "example": example });
    let name = |max: usize, example: &str| json!({ "minLength": 1, "maxLength": max, "example": example });
    let instant = json!({ "format": "date-time", "example": "2025-11-23T10:30:00.000Z" });
    match field {
        "id" if owner.contains("Appointment") => id("507f1f77bcf86cd799439022"),
        "id" if owner.contains("Customer") => id("507f1f77bcf86cd799439011"),
        "id" if owner == "Registration" => id("507f1f77bcf86cd799439044"),
        "id" | "eventId" => id("507f1f77bcf86cd799439033"),
        "customerId" => id("507f1f77bcf86cd799439011"),
        "registrationId" => id("507f1f77bcf86cd799439044"),
        "name" | "customerName" => name(CustomerName::MAX_CHARS, "ישראל ישראלי"),
        "email" | "customerEmail" => {
            json!({ "format": "email", "maxLength": EmailAddress::MAX_CHARS, "example": "israel@example.com" })
        }
        "phone" => text(Phone::MAX_CHARS, "050-1234567"),
        "notes" => text(Notes::MAX_CHARS, "לקוח VIP"),
        "title" => name(EventTitle::MAX_CHARS, "סדנת יוגה למתחילים"),
        "description" => text(EventDescription::MAX_CHARS, "סדנה מקיפה ליוגה למתחילים"),
        "location" => text(EventLocation::MAX_CHARS, "אולם הספורט, רחוב הרצל 123"),
        "date" if !request => json!({ "format": "date-time", "example": "2025-12-25T00:00:00.000Z" }),
        "date" | "from" | "to" => json!({ "format": "date", "example": "2025-12-25" }),
        "time" => written(TIME, 5, "14:30"),
        "createdAt" | "updatedAt" | "updatedSince" => instant,
        "duration" => json!({
            "minimum": Duration::MIN_MINUTES,
            "maximum": Duration::MAX_MINUTES,
            "example": Duration::DEFAULT.as_minutes(),
        }),
        "maxParticipants" => json!({ "minimum": Capacity::MIN, "maximum": Capacity::MAX, "example": 20 }),
        "currentParticipants" => json!({ "minimum": 0, "example": 5 }),
        // A double, for without a word some clients take a float of 32 bits, which holds no 999999.99. Two decimals can't be said: validators
        // that divide refuse good prices.
        "price" => json!({ "format": "double", "minimum": 0, "maximum": 999_999_999.99, "example": 149.9 }),
        "limit" => json!({
            "type": "integer",
            "minimum": PageLimit::MIN,
            "maximum": PageLimit::MAX,
            "default": PageLimit::DEFAULT.get(),
            "example": 10,
        }),
        "cursor" | "nextCursor" => {
            json!({ "minLength": 25, "maxLength": 41, "example": "c507f1f77bcf86cd799439011" })
        }
        "count" => json!({ "minimum": 0, "maximum": PageLimit::MAX, "example": 1 }),
        "success" => json!({ "enum": [true], "example": true }),
        "message" => json!({ "minLength": 1, "example": "Appointment cancelled successfully" }),
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let mut ids: Vec<_> = operations
            .iter()
            .map(|(_, operation)| operation["operationId"].as_str().unwrap())
            .collect();
        ids.sort_unstable();
        let mut table: Vec<_> = PROBLEMS.iter().map(|(name, _)| *name).collect();
        table.sort_unstable();
        assert_eq!(ids, table);
        for (name, operation) in operations {
            assert!(name.contains(crate::BASE_PATH), "{name}");
            assert!(operation["summary"].is_string(), "{name} has no summary");
            assert_eq!(
                operation["security"],
                json!([{ "ApiKey": [] }]),
                "{name} does not take a Caller"
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
                    "items",
                    "minimum",
                ];
                assert!(
                    bounded.iter().any(|facet| schema.get(facet).is_some()),
                    "{name}.{property} has no bounds"
                );
            }
        }
    }

    /// What a document says of patterns is read by many engines; these are written in what they have in common.
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
            "ErrorResponse",
            "FieldError",
        ] {
            let mut found = Vec::new();
            patterns(&document["components"]["schemas"][resource], &mut found);
            assert_eq!(found, [""; 0], "{resource}");
        }
    }

    /// Money. Without a format, some generators use a 32-bit float. With a `multipleOf` of 0.01, validators that divide refuse 149.9.
    #[test]
    fn prices_are_doubles() {
        for owner in ["Event", "CreateEvent", "EditEvent"] {
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
            // These belong to no operation: they are about paths and methods that it does not have.
            if matches!(problem, Problem::PathNotFound | Problem::MethodNotAllowed) {
                continue;
            }
            assert!(document.contains(problem.describe().2), "{problem:?}");
        }
    }
}
