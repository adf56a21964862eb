//! Compares the OpenAPI document with the code.

use e2e::{Answer, TestApp};
use serde_json::Value;
use std::{env, fs, path::Path};

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
    let service = serde_json::json!({ "name": "Massage", "serviceType": "treatment" });

    for (path, body, schema) in [
        ("/customers", customer, "Customer"),
        ("/appointments", appointment, "Appointment"),
        ("/events", event, "Event"),
        ("/resources", resource, "Resource"),
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
