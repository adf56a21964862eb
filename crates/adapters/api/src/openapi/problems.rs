//! The errors in the OpenAPI document.

use crate::error::{ApiError, FieldError, Problem};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The response of each problem that the document refers to.
pub(super) fn responses(document: &str) -> Value {
    let used = |problem: &&Problem| document.contains(&format!("/responses/{problem:?}\""));
    Problem::ALL
        .iter()
        .filter(used)
        .map(|problem| (format!("{problem:?}"), response(&[*problem])))
        .collect()
}

/// Adds the responses of these problems. A status with one problem refers to that problem's response. A status with
/// several lists them.
pub(super) fn add(responses: &mut Value, problems: &[Problem]) {
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
            _ => response(&problems),
        };
    }
}

#[expect(clippy::expect_used, reason = "the body of an error is JSON")]
fn response(problems: &[Problem]) -> Value {
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
        let example: Value = serde_json::from_str(&error.body("5f3a9c1d2e4b6a70-1")).expect("JSON");
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
    // The header fields of every answer are described only once. Repeated for each error, they would make an operation
    // seven screens long.
    if comes_back {
        response["headers"] = json!({ "Retry-After": { "$ref": "#/components/headers/Retry-After" } });
    }
    response
}

/// The schemas of errors.
pub(super) fn schemas() -> Map<String, Value> {
    let codes: BTreeSet<_> = Problem::ALL.iter().map(|problem| problem.describe().1).collect();
    let error_code =
        json!({ "type": "string", "enum": codes, "description": "What is wrong, for programs." });
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
                "description": format!("What was not found: {}; only with `NOT_FOUND`.", resources()),
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
        ("ErrorCode", error_code),
        ("FieldError", field_error),
        ("ErrorResponse", error_response),
    ]
    .map(|(name, schema)| (name.to_owned(), schema))
    .into_iter()
    .collect()
}

/// The resources that may not be found: "`a`, `b` or `c`".
fn resources() -> String {
    let mut names: Vec<_> = Problem::ALL
        .iter()
        .filter_map(|problem| problem.resource())
        .map(|name| format!("`{name}`"))
        .collect();
    let last = names.pop().unwrap_or_default();
    format!("{} or {last}", names.join(", "))
}
