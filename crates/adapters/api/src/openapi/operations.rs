//! The part of the document that is common to all operations, and the conversion of what each operation declares.

use crate::{
    commit::MAX_KEY_CHARS,
    error::Problem,
    openapi::problems,
    routes::{Endpoint, PathParameter},
    value::unpack_parameter,
};
use actix_web::http::Method;
use chatgrow_domain::Scope;
use serde_json::{Map, Value, json};

/// The pattern of a well-formed `Idempotency-Key`: printable ASCII that neither starts nor ends with a blank or a
/// quote.
const KEY_PATTERN: &str = "^[!#-~]([ -~]*[!#-~])?$";

/// Completes the operations of a path.
pub(super) fn describe(path: &mut Value, endpoint: &Endpoint, schemas: &mut Map<String, Value>) {
    for (method, errors) in &endpoint.errors {
        let operation = &mut path[method.as_str().to_lowercase()];
        require(operation, endpoint.scope(method));
        let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
        for parameter in parameters.into_iter().flatten() {
            describe_parameter(parameter, &endpoint.parameters, schemas);
        }
        let versioned = answers_whole(operation, schemas);
        describe_operation(operation, method, errors, versioned);
    }
}

/// Tells which scope an operation needs: for programs, and in words.
fn require(operation: &mut Value, scope: Scope) {
    let description = operation["description"].as_str().unwrap_or_default().trim_end();
    let space = if description.is_empty() { "" } else { "\n\n" };
    operation["description"] = format!("{description}{space}Needs the scope `{}`.", scope.as_str()).into();
    operation["x-required-scope"] = scope.as_str().into();
}

fn describe_parameter(parameter: &mut Value, named: &[PathParameter], schemas: &mut Map<String, Value>) {
    match parameter["in"].as_str() {
        Some("query") => unpack_parameter(&mut parameter["schema"], schemas),
        Some("path") => {
            if let Some(named) = named.iter().find(|named| parameter["name"] == named.name) {
                parameter["description"] = named.description.into();
                parameter["example"] = named.schema["example"].clone();
                parameter["schema"] = named.schema.clone();
            }
        }
        // The `Idempotency-Key`.
        _ => {
            parameter["schema"] = json!({
                "type": "string",
                "minLength": 1,
                "maxLength": MAX_KEY_CHARS,
                "pattern": KEY_PATTERN,
            });
        }
    }
}

/// Whether the answer of an operation is a whole resource, and so carries its version. A list doesn't, nor does a mere
/// confirmation.
fn answers_whole(operation: &Value, schemas: &Map<String, Value>) -> bool {
    let responses = operation["responses"].as_object();
    responses.into_iter().flat_map(Map::values).any(|response| {
        let reference = response["content"]["application/json"]["schema"]["$ref"].as_str();
        let name = reference.and_then(|reference| reference.rsplit('/').next());
        let schema = name.and_then(|name| schemas.get(name));
        let properties = schema.and_then(|schema| schema["properties"].as_object());
        properties
            .is_some_and(|properties| properties.values().any(|property| property.get("$ref").is_some()))
    })
}

fn describe_operation(operation: &mut Value, method: &Method, errors: &[Problem], versioned: bool) {
    let parameters = operation["parameters"].as_array();
    let has_key = parameters.is_some_and(|all| all.iter().any(|parameter| parameter["in"] == "header"));
    let has_body = operation.get("requestBody").is_some();
    for (status, response) in operation["responses"].as_object_mut().into_iter().flatten() {
        // A dry run changes nothing, so it has no version, and is never replayed.
        let dry = response["content"]["application/json"]["schema"]["$ref"]
            .as_str()
            .is_some_and(|schema| schema.ends_with("/DryRunResponse"));
        if dry {
            response["description"] = "What would be booked, if `dryRun` is `true`".into();
        }
        let more = [
            ("Location", status == "201"),
            ("ETag", versioned && !dry),
            ("Idempotent-Replayed", has_key && !dry),
        ];
        let more = more.into_iter().filter_map(|(name, given)| given.then_some(name));
        response["headers"] = header_references(more);
    }
    if errors.contains(&Problem::VersionMismatch) {
        let description = "Changes nothing (412) unless what is there now bears one of these entity tags.";
        add_header(operation, "If-Match", description);
    } else if versioned && *method == Method::GET {
        operation["responses"]["304"] = json!({
            "description": "The client has it already.",
            "headers": header_references(["ETag"]),
        });
        let description = "Answers 304, without a body, if what is there now bears one of these entity tags.";
        add_header(operation, "If-None-Match", description);
    }
    let errors = all_errors(errors, has_body, has_key);
    problems::add(&mut operation["responses"], &errors);
}

/// Adds a header field that the operation accepts.
fn add_header(operation: &mut Value, name: &str, description: &str) {
    let header =
        json!({ "name": name, "in": "header", "description": description, "schema": { "type": "string" } });
    if let Some(parameters) = operation.get_mut("parameters").and_then(Value::as_array_mut) {
        parameters.push(header);
    }
}

/// Every error that an operation can answer with.
fn all_errors(own: &[Problem], has_body: bool, has_key: bool) -> Vec<Problem> {
    let mut errors = vec![
        // Every operation refuses unknown parameters.
        Problem::Validation,
        Problem::Unauthenticated,
        Problem::InsufficientScope,
        Problem::AddressNotAllowed,
        Problem::TargetTooLong,
        Problem::RateLimited,
        Problem::HeaderFieldsTooLarge,
        Problem::Internal,
        Problem::Unavailable,
    ];
    errors.extend(own);
    if has_key {
        errors.extend([Problem::IdempotencyInProgress, Problem::IdempotencyKeyReused]);
    }
    if has_body {
        errors.extend([
            Problem::RequestTimeout,
            Problem::PayloadTooLarge,
            Problem::UnsupportedMediaType,
        ]);
    }
    errors
}

/// The header fields of every answer, and those in `more`.
fn header_references(more: impl IntoIterator<Item = &'static str>) -> Value {
    let names = ["X-Request-Id", "RateLimit", "RateLimit-Policy"]
        .into_iter()
        .chain(more);
    names
        .map(|name| (name, json!({ "$ref": format!("#/components/headers/{name}") })))
        .collect()
}
