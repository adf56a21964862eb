//! Compares the OpenAPI document with the code.

use chatgrow_domain::{AccountSlug, ApiKeyName, ApiKeyTerms, Scope, Scopes};
use e2e::{Answer, TestApp};
use serde_json::Value;
use std::{collections::HashSet, env, fs, path::Path};

const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.json");

#[tokio::test]
async fn the_committed_document_is_the_served_one() {
    let app = TestApp::start().await;
    let answer = Answer::to(app.client.get(format!("{}/api-docs/openapi.json", app.origin))).await;
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, Some("application/json"))
    );
    let served = format!("{:#}\n", answer.json);
    if env::var_os("UPDATE_OPENAPI").is_some() {
        fs::write(COMMITTED, &served).unwrap();
    }
    let committed = fs::read_to_string(COMMITTED).unwrap_or_default();
    assert!(
        committed == served,
        "the API has changed: adopt it with `UPDATE_OPENAPI=1 cargo test -p e2e openapi`, and read the difference in {}",
        Path::new(COMMITTED).display(),
    );
}

/// Compares the answers of a small tour with their schemas: every required field is there, and no undocumented one.
#[tokio::test]
async fn answers_hold_exactly_the_documented_fields() {
    let app = TestApp::start().await;
    let schemas = chatgrow_api::document()["components"]["schemas"].clone();
    let customer = serde_json::json!({ "name": "Dana", "email": "dana@example.com" });
    let appointment = serde_json::json!({
        "customerEmail": "dana@example.com", "date": "2025-12-25", "time": "14:30", "serviceType": "lesson",
    });
    let event = serde_json::json!({ "title": "Yoga", "date": "2025-12-30", "time": "18:00" });
    let registration = serde_json::json!({ "customerEmail": "dana@example.com" });
    let resource = serde_json::json!({ "name": "Dana" });
    let api_key = serde_json::json!({ "name": "site" });
    let service = serde_json::json!({ "name": "Massage", "serviceType": "treatment" });

    for (path, body, schema) in [
        ("/customers", customer, "Customer"),
        ("/appointments", appointment, "Appointment"),
        ("/events", event, "Event"),
        ("/resources", resource, "Resource"),
        ("/api-keys", api_key, "ApiKey"),
        ("/services", service, "Service"),
    ] {
        assert_fields(&schemas, schema, &app.post(path, body).await);
        assert_fields(&schemas, &format!("{schema}List"), &app.get(path).await);
    }
    let events = app.get("/events").await;
    let path = format!(
        "/events/{}/registrations",
        events.json["events"][0]["id"].as_str().unwrap()
    );
    assert_fields(&schemas, "Registration", &app.post(&path, registration).await);
    assert_fields(&schemas, "RegistrationList", &app.get(&path).await);
    let resources = app.get("/resources").await;
    let id = resources.json["resources"][0]["id"].as_str().unwrap();
    assert_fields(
        &schemas,
        "Hours",
        &app.get(&format!("/resources/{id}/hours")).await,
    );
    assert_fields(&schemas, "Schedule", &app.get("/schedule").await);
}

fn assert_fields(schemas: &Value, schema: &str, answer: &Answer) {
    let resource = answer
        .json
        .as_object()
        .unwrap()
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(schema));
    let object = resource.map_or(&answer.json, |(_, resource)| resource);
    let fields: Vec<_> = object.as_object().unwrap().keys().map(String::as_str).collect();
    let documented: Vec<_> = schemas[schema]["properties"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let required: Vec<String> = serde_json::from_value(schemas[schema]["required"].clone()).unwrap();
    assert_eq!(fields, documented, "{schema}: {answer:?}");
    assert_eq!(required, documented, "{schema}");
}

/// Calls every operation with a key that has every scope but the one that the document names, and with a key that has
/// only that one.
#[tokio::test]
async fn every_operation_needs_its_scope() {
    let app = TestApp::start().await;
    let document = chatgrow_api::document();
    let mut needed = HashSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item
            .as_object()
            .unwrap()
            .iter()
            .filter(|(_, value)| value.is_object())
        {
            let scope: Scope = operation["x-required-scope"].as_str().unwrap().parse().unwrap();
            needed.insert(scope);
            let name = format!("{method} {path}");
            let alone = Scopes::new([scope]).unwrap();
            let others = Scope::ALL.iter().copied();
            let others =
                Scopes::new(others.filter(|other| !Scopes::new([*other]).unwrap().permit(scope))).unwrap();
            let lacks = format!("The API key lacks the scope {}", scope.as_str());
            let refused = call(&app, others, method, path, operation, &document).await;
            refused.assert_error(403, "INSUFFICIENT_SCOPE", &lacks);
            let allowed = call(&app, alone, method, path, operation, &document).await;
            // A key that may only manage keys can't make one that may do more.
            let message = allowed.json["message"].as_str().unwrap_or_default();
            assert!(!message.contains("lacks the scope"), "{name}: {allowed:?}");
            assert!(
                operation["description"]
                    .as_str()
                    .unwrap()
                    .contains(&format!("`{}`", scope.as_str())),
                "{name}"
            );
        }
    }
    assert!(needed.len() >= 9, "{needed:?}");
}

/// Calls an operation with a new key, and with what the document gives as examples.
async fn call(
    app: &TestApp,
    scopes: Scopes,
    method: &str,
    path: &str,
    operation: &Value,
    document: &Value,
) -> Answer {
    let terms = ApiKeyTerms {
        scopes,
        ..ApiKeyTerms::full(ApiKeyName::new("scoped").unwrap())
    };
    let keys = &app.application.access.api_keys;
    let key = keys.create_for(&AccountSlug::default(), terms).await.unwrap();
    let app = app.with_key(key.reveal().to_owned());
    let mut path = path.replace(chatgrow_api::BASE_PATH, "");
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        if parameter["in"] == "path" {
            let example = parameter["schema"]["example"].as_str().unwrap();
            path = path.replace(&format!("{{{}}}", parameter["name"].as_str().unwrap()), example);
        }
    }
    match path.rsplit('/').next() {
        Some("availability") => path.push_str("?from=2030-01-01&to=2030-01-02&duration=30"),
        // Refused, because a stream has no end.
        Some("stream") => path.push_str("?after=gone"),
        Some("busy") => path.push_str("?from=2030-01-01&to=2030-01-02"),
        _ => {}
    }
    let request = app.request(method.to_uppercase().parse().unwrap(), &path);
    let body = operation.pointer("/requestBody/content/application~1json/schema");
    Answer::to(match body {
        Some(schema) => request.json(&example(schema, document)),
        None => request,
    })
    .await
}

/// A value that the schema allows: its example, or what it requires.
fn example(schema: &Value, document: &Value) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        return example(
            document.pointer(reference.trim_start_matches('#')).unwrap(),
            document,
        );
    }
    if let Some(given) = schema.get("example").or_else(|| schema.pointer("/enum/0")) {
        return given.clone();
    }
    if schema["type"] == "array" {
        return Value::Array(vec![example(&schema["items"], document)]);
    }
    let required = schema["required"].as_array().into_iter().flatten();
    let names = required.map(|name| name.as_str().unwrap());
    names
        .map(|name| (name.to_owned(), example(&schema["properties"][name], document)))
        .collect()
}
