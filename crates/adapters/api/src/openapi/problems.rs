//! The errors in the OpenAPI document.

use crate::error::{ApiError, FieldError, Help, Problem};
use chatgrow_domain::{LocalMinute, ObjectId, Obstruction, OccupancyKind, Suggestions};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use time::{Time, macros::date};

/// The codes whose answers help to find another slot.
const HELPED: &str = "`TIME_CONFLICT`, `OUTSIDE_HOURS`, `TOO_SOON` and `TOO_FAR`";

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
            Problem::TimeConflict => ApiError::from(*problem).with_help(help(true)),
            Problem::OutsideHours | Problem::TooSoon | Problem::TooFar => {
                ApiError::from(*problem).with_help(help(false))
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

/// An example of what helps to find another slot.
fn help(busy: bool) -> Help {
    let day = LocalMinute::new(date!(2027 - 01 - 31), Time::MIDNIGHT).as_minutes();
    let minute = |hour: i64| LocalMinute::from_minutes(day + hour * 60);
    let obstruction = minute(14).map(|start| Obstruction {
        resource: None,
        kind: OccupancyKind::Appointment,
        id: ObjectId::from_bytes([
            0x67, 0x9c, 0x0f, 0x00, 0x5a, 0x3e, 0x1b, 0x00, 0x11, 0xf1, 0xc0, 0xde,
        ]),
        start,
        minutes: 60,
    });
    let suggestions = Suggestions {
        next_free: [15, 16, 17].into_iter().filter_map(minute).collect(),
        previous_free: minute(13),
    };
    Help::new(obstruction.filter(|_| busy), suggestions)
}

/// The schemas of what helps to find another slot: of a start, and of what is in the way.
fn schemas_of_help() -> [(&'static str, Value); 2] {
    let date = json!({
        "type": "string",
        "format": "date-time",
        "description": "The civil date, at midnight UTC.",
    });
    let time = json!({
        "type": "string",
        "minLength": 5,
        "maxLength": 5,
        "description": "The time of day, in the business's own time.",
    });
    let start = json!({
        "type": "object",
        "description": "A start that can be booked.",
        "required": ["date", "time"],
        "properties": { "date": date, "time": time },
    });
    let kinds: Vec<_> = OccupancyKind::ALL.iter().map(|kind| kind.as_str()).collect();
    let conflict = json!({
        "type": "object",
        // A null that only the reference allows, validators refuse.
        "nullable": true,
        "description": "What is in the way of a booking. It tells nothing of a customer.",
        "required": ["date", "time", "until", "kind", "id"],
        "properties": {
            "date": date,
            "time": time,
            "until": {
                "type": "string",
                "minLength": 16,
                "maxLength": 16,
                "nullable": true,
                "description": "When it ends, in civil time; `null` after the year 9999.",
            },
            "kind": { "type": "string", "enum": kinds, "description": "What it is." },
            "id": {
                "type": "string",
                "nullable": true,
                "minLength": 24,
                "maxLength": 24,
                "description": "The id of an appointment; `null` for anything else.",
            },
        },
    });
    [("FreeStart", start), ("Conflict", conflict)]
}

/// The schemas of errors.
pub(super) fn schemas() -> Map<String, Value> {
    let codes: BTreeSet<_> = Problem::ALL.iter().map(|problem| problem.describe().1).collect();
    let error_code =
        json!({ "type": "string", "enum": codes, "description": "What is wrong, for programs." });
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
        ("ErrorResponse", error_response()),
    ]
    .into_iter()
    .chain(schemas_of_help())
    .map(|(name, schema)| (name.to_owned(), schema))
    .collect()
}

/// The schema of every error.
fn error_response() -> Value {
    json!({
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
            "conflict": {
                "type": "object",
                "nullable": true,
                "allOf": [{ "$ref": "#/components/schemas/Conflict" }],
                "description": format!(
                    "What is in the way; `null` if nothing is, or not any more. Only with {HELPED}.",
                ),
            },
            "nextFree": {
                "type": "array",
                "maxItems": 3,
                "description": format!(
                    "Up to three later starts that can be booked, within two weeks. Only with {HELPED}.",
                ),
                "items": { "$ref": "#/components/schemas/FreeStart" },
            },
            "previousFree": {
                "type": "object",
                "nullable": true,
                "allOf": [{ "$ref": "#/components/schemas/FreeStart" }],
                "description": format!(
                    "The last earlier start that can be booked, since the day before. Only with {HELPED}.",
                ),
            },
            "requestId": {
                "type": "string",
                "minLength": 1,
                "maxLength": 128,
                "description": "The `X-Request-Id` of this answer; a 401 has it in the header only.",
            },
        },
    })
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
