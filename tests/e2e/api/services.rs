//! Services.

use super::each_store;
use e2e::{Store, TestApp, with};
use reqwest::Method;
use rstest_reuse::apply;
use serde_json::{Value, json};

/// A server with two resources.
async fn start(store: Store) -> Option<(TestApp, [String; 2])> {
    let app = super::start(store).await?;
    let mut ids = Vec::new();
    for name in ["Dana", "Noa"] {
        let answer = app.post("/resources", json!({ "name": name })).await;
        ids.push(
            answer.resource(201, "resource")["id"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
    }
    Some((app, ids.try_into().unwrap()))
}

fn massage() -> Value {
    json!({ "name": "Massage", "serviceType": "treatment" })
}

async fn create(app: &TestApp, body: Value) -> (String, Value) {
    let answer = app.post("/services", body).await;
    let service = answer.resource(201, "service").clone();
    (format!("/services/{}", service["id"].as_str().unwrap()), service)
}

#[apply(each_store)]
async fn post_creates_and_answers_every_field(store: Store) {
    let Some((app, [dana, noa])) = start(store).await else {
        return;
    };
    let full = json!({
        "name": "עיסוי", "serviceType": "treatment", "duration": 50, "bufferBefore": 5, "bufferAfter": 10, "slotStep": 30,
        "price": 249.9, "currency": "ILS", "notes": "bring a towel", "active": false,
        "needs": [{ "resources": [noa], "count": "all" }, { "resources": [dana], "count": 1 }],
    });
    let answer = app.post("/services", full.clone()).await;
    let service = answer.resource(201, "service").clone();
    for (field, value) in full.as_object().unwrap() {
        assert_eq!(service[field], *value, "{field}");
    }
    let path = format!("/services/{}", service["id"].as_str().unwrap());
    let location = format!("/api/webhooks{path}");
    assert_eq!(answer.header("location"), Some(location.as_str()));
    assert_eq!(*app.get(&path).await.resource(200, "service"), service);

    let (_, bare) = create(&app, massage()).await;
    let defaults = json!({
        "duration": 60, "bufferBefore": 0, "bufferAfter": 0, "slotStep": null, "price": null, "currency": null,
        "notes": null, "active": true, "needs": [],
    });
    for (field, value) in defaults.as_object().unwrap() {
        assert_eq!(bare[field], *value, "{field}");
    }
    assert_eq!(
        app.get("/services").await.list("services"),
        [service.clone(), bare.clone()]
    );
    assert_eq!(app.get("/services?active=true").await.list("services"), [bare]);
    assert_eq!(
        app.get("/services?active=false").await.list("services"),
        [service]
    );
    let sentence = "Name and serviceType are required";
    app.assert_required(
        Method::POST,
        "/services",
        &massage(),
        &["name", "serviceType"],
        sentence,
    )
    .await;
}

#[apply(each_store)]
async fn every_bad_field_is_named_at_once(store: Store) {
    let Some((app, [dana, noa])) = start(store).await else {
        return;
    };
    let body = json!({
        "name": 5, "serviceType": "party", "duration": 0, "bufferBefore": -1, "bufferAfter": 721, "slotStep": 0,
        "price": -1, "currency": "XYZ", "notes": [], "active": "yes",
        "needs": [{ "resources": ["x", null, 5], "count": 0 }, { "resources": "all", "count": "some" }, 7],
    });
    app.post("/services", body).await.assert_invalid(&[
        "name",
        "serviceType",
        "duration",
        "bufferBefore",
        "bufferAfter",
        "slotStep",
        "price",
        "currency",
        "notes",
        "active",
        "needs[0].resources[0]",
        "needs[0].resources[1]",
        "needs[0].resources[2]",
        "needs[0].count",
        "needs[1].resources",
        "needs[1].count",
        "needs[2]",
    ]);
    let needs = |needs: Value| with(&massage(), "needs", needs);
    let unknown = "507f1f77bcf86cd799439011";
    for (groups, fields) in [
        (json!([{}]), &["needs[0].resources"][..]),
        (json!([{ "resources": [] }]), &["needs[0].resources"]),
        (
            json!([{ "resources": [dana], "count": 2 }, { "resources": [noa, noa] }]),
            &["needs[0].count", "needs[1].resources"],
        ),
        (
            json!([{ "resources": [dana] }, { "resources": [noa, dana] }]),
            &["needs[1].resources"],
        ),
        (
            json!([{ "resources": [dana] }, { "resources": [noa, unknown] }]),
            &["needs[1].resources"],
        ),
    ] {
        app.post("/services", needs(groups)).await.assert_invalid(fields);
    }
    app.post("/services", with(&massage(), "currency", "ILS"))
        .await
        .assert_invalid(&["currency"]);
    assert_eq!(app.get("/services").await.json["count"], 0);
}

#[apply(each_store)]
async fn a_service_needs_active_resources_of_its_account(store: Store) {
    let Some((app, [dana, noa])) = start(store).await else {
        return;
    };
    let needs = json!([{ "resources": [dana] }]);
    let (path, service) = create(&app, with(&massage(), "needs", needs.clone())).await;
    assert_eq!(service["needs"], json!([{ "resources": [dana], "count": 1 }]));
    assert_eq!(app.delete(&format!("/resources/{dana}")).await.status, 200);
    let refused = app.patch(&path, json!({ "needs": needs })).await;
    refused.assert_invalid(&["needs[0].resources"]);
    assert_eq!(
        refused.json["details"][0]["message"],
        "must name active resources of this account"
    );
    // What isn't sent isn't checked.
    assert_eq!(app.patch(&path, json!({ "name": "Talk" })).await.status, 200);
    let stranger = app.with_key(app.new_account("stranger").await);
    stranger
        .post(
            "/services",
            with(&massage(), "needs", json!([{ "resources": [noa] }])),
        )
        .await
        .assert_invalid(&["needs[0].resources"]);
}

#[apply(each_store)]
async fn patch_changes_only_what_is_sent(store: Store) {
    let Some((app, [dana, _])) = start(store).await else {
        return;
    };
    let full = json!({
        "name": "Massage", "serviceType": "treatment", "price": 100, "currency": "ILS", "notes": "x", "slotStep": 20,
        "needs": [{ "resources": [dana] }],
    });
    let (path, service) = create(&app, full).await;
    assert_eq!(
        *app.patch(&path, json!({})).await.resource(200, "service"),
        service
    );
    let expect = async |body: Value, changes: Value| {
        let answer = app.patch(&path, body).await;
        let changed = answer.resource(200, "service");
        for (field, value) in changes.as_object().unwrap() {
            assert_eq!(changed[field], *value, "{field}");
        }
    };
    expect(
        json!({ "price": 120 }),
        json!({ "price": 120, "currency": "ILS" }),
    )
    .await;
    expect(
        json!({ "currency": null }),
        json!({ "price": 120, "currency": null }),
    )
    .await;
    expect(
        json!({ "currency": "EUR" }),
        json!({ "price": 120, "currency": "EUR" }),
    )
    .await;
    expect(
        json!({ "price": null }),
        json!({ "price": null, "currency": null }),
    )
    .await;
    app.patch(&path, json!({ "currency": "EUR" }))
        .await
        .assert_invalid(&["currency"]);
    let cleared = json!({ "notes": null, "slotStep": null, "needs": [] });
    expect(cleared.clone(), cleared).await;
    for field in [
        "name",
        "serviceType",
        "duration",
        "bufferBefore",
        "bufferAfter",
        "active",
        "needs",
    ] {
        app.patch(&path, json!({ field: null }))
            .await
            .assert_invalid(&[field]);
    }
}

#[apply(each_store)]
async fn delete_deactivates_and_is_safe_to_repeat(store: Store) {
    let Some((app, _)) = start(store).await else {
        return;
    };
    let (path, _) = create(&app, massage()).await;
    for _ in 0..2 {
        app.delete(&path)
            .await
            .assert_done("Service deactivated successfully");
    }
    assert_eq!(app.get(&path).await.resource(200, "service")["active"], false);
    for path in ["/services/x", "/services/507f1f77bcf86cd799439011"] {
        let answer = app.get(path).await;
        answer.assert_error(404, "NOT_FOUND", "Service not found");
        assert_eq!(answer.json["resource"], "service");
    }
}
