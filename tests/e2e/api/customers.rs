//! Customers, as the guide and the contract's table define them.

use super::each_store;
use e2e::{Store, TestApp, race, with};
use reqwest::Method;
use rstest_reuse::apply;
use serde_json::{Value, json};

const DANA: &str = "/customers/dana@example.com";

fn dana() -> Value {
    json!({ "name": "Dana", "email": "dana@example.com", "phone": "050-1234567", "notes": "VIP" })
}

/// A server with one customer, Dana.
async fn start(store: Store) -> Option<(TestApp, Value)> {
    let app = super::start(store).await?;
    let customer = app
        .post("/customers", dana())
        .await
        .resource(201, "customer")
        .clone();
    Some((app, customer))
}

#[apply(each_store)]
async fn post_creates_and_answers_every_field(store: Store) {
    let Some(app) = super::start(store).await else {
        return;
    };
    let body = json!({ "name": "ישראל ישראלי", "email": "israel@example.com", "phone": "050-1234567", "notes": "לקוח VIP" });
    let answer = app.post("/customers", body.clone()).await;
    let customer = answer.resource(201, "customer");
    for (field, value) in body.as_object().unwrap() {
        assert_eq!(customer[field], *value);
    }
    assert_eq!(customer["createdAt"], customer["updatedAt"]);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(
        answer.header("location"),
        Some("/api/webhooks/customers/israel@example.com")
    );
}

#[apply(each_store)]
async fn every_answer_shows_a_customer_in_the_same_way(store: Store) {
    let Some((app, customer)) = start(store).await else {
        return;
    };
    for answer in [
        app.get(DANA).await,
        app.put(DANA, dana()).await,
        app.patch(DANA, json!({})).await,
    ] {
        assert_eq!(*answer.resource(200, "customer"), customer);
    }
    assert_eq!(app.get("/customers").await.list("customers"), [customer]);
}

#[apply(each_store)]
async fn ids_are_ordered_by_time_and_begin_with_it(store: Store) {
    let Some(app) = super::start(store).await else {
        return;
    };
    let mut ids = Vec::new();
    for number in 0..20 {
        let customer = app.customer(&format!("{number}@example.com")).await;
        ids.push(customer["id"].as_str().unwrap().to_owned());
    }
    assert!(ids.is_sorted_by(|one, next| one < next), "{ids:?}");
    let seconds = |id: &String| u32::from_str_radix(&id[..8], 16).unwrap();
    assert!(seconds(&ids[0]) > 1_735_689_600, "after 2025 began: {}", ids[0]);
    assert!(seconds(&ids[19]) - seconds(&ids[0]) < 60);
}

#[apply(each_store)]
async fn optional_fields_without_a_value_are_null(store: Store) {
    let Some(app) = super::start(store).await else {
        return;
    };
    let absent = app.customer("absent@example.com").await;
    assert_eq!((&absent["phone"], &absent["notes"]), (&Value::Null, &Value::Null));
    for (number, nothing) in [Value::Null, "".into(), " \t".into()].into_iter().enumerate() {
        let body = json!({
            "name": "Dana", "email": format!("{number}@example.com"), "phone": nothing, "notes": nothing,
        });
        let answer = app.post("/customers", body).await;
        let customer = answer.resource(201, "customer");
        assert_eq!(
            (&customer["phone"], &customer["notes"]),
            (&Value::Null, &Value::Null)
        );
    }
}

#[apply(each_store)]
async fn unknown_fields_are_ignored(store: Store) {
    let Some((app, customer)) = start(store).await else {
        return;
    };
    let mut body = json!({
        "id": "507f1f77bcf86cd799439011", "createdAt": 5, "updatedAt": [], "accountId": {}, "success": false, "": null,
    });
    assert_eq!(
        *app.patch(DANA, body.clone()).await.resource(200, "customer"),
        customer
    );
    body["name"] = "Noa".into();
    body["email"] = "noa@example.com".into();
    let answer = app.post("/customers", body).await;
    assert_ne!(answer.resource(201, "customer")["id"], "507f1f77bcf86cd799439011");
}

#[apply(each_store)]
async fn text_comes_back_exactly_as_sent(store: Store) {
    let Some(app) = super::start(store).await else {
        return;
    };
    let body = json!({
        "name": "  Dana \u{200f}\"כהן\" \\ 👩‍👩‍👧 e\u{301} <b>&amp; ", "email": "Dana.O'Hara@Example.COM",
        "phone": " *6050 (שלוחה 3) ", "notes": "\n first\r\n\tsecond \u{1}\u{7f}\u{2028}\u{feff}'; DROP TABLE customers;-- ",
    });
    app.post("/customers", body.clone()).await;
    let answer = app.get("/customers/dana.o'hara@example.com").await;
    for (field, value) in body.as_object().unwrap() {
        assert_eq!(answer.resource(200, "customer")[field], *value);
    }
}

#[apply(each_store)]
async fn required_fields_are_named_in_one_sentence(store: Store) {
    let Some(app) = super::start(store).await else {
        return;
    };
    let sentence = "Name and email are required";
    app.assert_required(Method::POST, "/customers", &dana(), &["name", "email"], sentence)
        .await;
    app.assert_required(Method::PUT, DANA, &dana(), &["name"], sentence)
        .await;
    assert_eq!(app.get("/customers").await.json["count"], 0);
}

#[apply(each_store)]
async fn every_bad_field_is_told_at_once(store: Store) {
    let Some((app, customer)) = start(store).await else {
        return;
    };
    let bad = json!({ "name": "a\nb", "email": "no address", "phone": "none", "notes": "\0" });
    app.post("/customers", bad.clone())
        .await
        .assert_invalid(&["name", "email", "phone", "notes"]);
    app.patch(DANA, bad.clone())
        .await
        .assert_invalid(&["name", "email", "phone", "notes"]);
    let put = app.put(DANA, bad.clone()).await;
    put.assert_invalid(&["name", "phone", "notes", "email"]);

    let missing_too = app.post("/customers", with(&bad, "name", Value::Null)).await;
    missing_too.assert_error(400, "VALIDATION_ERROR", "Name and email are required");
    assert_eq!(missing_too.bad_fields(), ["name", "email", "phone", "notes"]);
    for detail in missing_too.json["details"].as_array().unwrap() {
        assert!(
            detail["message"]
                .as_str()
                .is_some_and(|message| !message.is_empty())
        );
    }
    assert_eq!(*app.get(DANA).await.resource(200, "customer"), customer);
}

#[apply(each_store)]
async fn what_is_no_email_address_is_refused(store: Store) {
    let Some(app) = super::start(store).await else {
        return;
    };
    let bad = [
        "x",
        "@",
        "x@",
        "@example.com",
        "a b@example.com",
        "a@b@example.com",
        " dana@example.com",
        "dana@example.com ",
        "dana@example.com\n",
        "Dana <dana@example.com>",
        "dana@-example.com",
        "dana@exam_ple.com",
        "dana@example..com",
        "דנה@example.com",
        "a,b@example.com",
    ];
    app.assert_refused(Method::POST, "/customers", &dana(), "email", bad.map(Value::from))
        .await;
}

#[apply(each_store)]
async fn an_email_address_is_unique_without_case_and_kept_as_written(store: Store) {
    let Some((app, _)) = start(store).await else {
        return;
    };
    for spelling in ["dana@example.com", "DANA@EXAMPLE.COM", "Dana@Example.Com"] {
        let again = app.post("/customers", with(&dana(), "email", spelling)).await;
        again.assert_error(409, "CUSTOMER_EXISTS", "Customer already exists");
        let found = app.get(&format!("/customers/{spelling}")).await;
        assert_eq!(found.resource(200, "customer")["email"], "dana@example.com");
    }
    let mixed = app.customer("Noa@MÜNCHEN.de").await;
    assert_eq!(mixed["email"], "Noa@MÜNCHEN.de");
    app.post("/customers", with(&dana(), "email", "nOA@münchen.DE"))
        .await
        .assert_error(409, "CUSTOMER_EXISTS", "Customer already exists");
    assert_eq!(app.get("/customers").await.json["count"], 2);
}

#[apply(each_store)]
async fn an_email_address_in_a_path_is_percent_decoded_once(store: Store) {
    let Some(app) = super::start(store).await else {
        return;
    };
    for (email, paths) in [
        (
            "dana+tag@example.com",
            ["dana+tag@example.com", "dana%2Btag%40example.com"],
        ),
        ("a/b@example.com", ["a%2Fb@example.com", "a%2fb%40example%2ecom"]),
        (
            "a%2Fb@example.com",
            ["a%252Fb@example.com", "%61%252Fb@example.com"],
        ),
        ("100%@example.com", ["100%25@example.com", "100%25%40example.com"]),
        (
            "dana@דוגמה.com",
            ["dana@דוגמה.com", "dana@%D7%93%D7%95%D7%92%D7%9E%D7%94.com"],
        ),
        (
            "who?#x@example.com",
            ["who%3F%23x@example.com", "who%3f%23X%40example.com"],
        ),
        (
            "o'hara@example.com",
            ["o'hara@example.com", "o%27hara@example.com"],
        ),
        (
            "a&b=c|{d}@example.com",
            ["a&b=c%7C%7Bd%7D@example.com", "a%26b%3Dc|{d}@example.com"],
        ),
    ] {
        let created = app
            .post("/customers", json!({ "name": "Dana", "email": email }))
            .await;
        let id = &created.resource(201, "customer")["id"];
        let location = created
            .header("location")
            .unwrap()
            .strip_prefix("/api/webhooks")
            .unwrap();
        let paths = paths.map(|path| format!("/customers/{path}"));
        for path in paths.iter().map(String::as_str).chain([location]) {
            for answer in [
                app.get(path).await,
                app.put(path, json!({ "name": "Dana", "email": email })).await,
                app.patch(path, json!({ "notes": path })).await,
            ] {
                let customer = answer.resource(200, "customer");
                assert_eq!(
                    (&customer["id"], &customer["email"]),
                    (id, &email.into()),
                    "{path}"
                );
            }
        }
    }
}

#[apply(each_store)]
async fn unknown_customers_are_not_found(store: Store) {
    let Some((app, _)) = start(store).await else {
        return;
    };
    for path in [
        "noa@example.com",
        "dana%2540example.com",
        "dana",
        "507f1f77bcf86cd799439011",
        "%20",
        "dana@example.com%20",
        "%D7%93",
    ] {
        let path = format!("/customers/{path}");
        app.get(&path)
            .await
            .assert_error(404, "NOT_FOUND", "Customer not found");
        app.patch(&path, json!({ "name": "Noa" }))
            .await
            .assert_error(404, "NOT_FOUND", "Customer not found");
    }
    app.put("/customers/dana", json!({ "name": "Noa" }))
        .await
        .assert_invalid(&["email"]);
}

#[apply(each_store)]
async fn patch_changes_only_what_is_sent(store: Store) {
    let Some((app, mut expected)) = start(store).await else {
        return;
    };
    for (field, sent, kept) in [
        ("name", json!("Noa"), json!("Noa")),
        ("phone", json!("*6050"), json!("*6050")),
        ("phone", Value::Null, Value::Null),
        ("notes", json!("none"), json!("none")),
        ("notes", json!(" "), Value::Null),
        ("notes", json!("again"), json!("again")),
        ("notes", Value::Null, Value::Null),
        ("email", json!("DANA@example.com"), json!("DANA@example.com")),
    ] {
        expected[field] = kept;
        let answer = app.patch(DANA, json!({ field: sent })).await;
        let customer = answer.resource(200, "customer");
        let instants = (
            customer["createdAt"].as_str().unwrap(),
            customer["updatedAt"].as_str().unwrap(),
        );
        assert!(instants.0 <= instants.1, "{customer}");
        expected["updatedAt"] = customer["updatedAt"].clone();
        assert_eq!(*customer, expected);
        assert_eq!(*app.get(DANA).await.resource(200, "customer"), expected);
    }
    for nothing in [Value::Null, "".into(), " ".into()] {
        app.assert_refused(Method::PATCH, DANA, &json!({}), "name", [nothing.clone()])
            .await;
        app.assert_refused(Method::PATCH, DANA, &json!({}), "email", [nothing])
            .await;
    }
}

#[apply(each_store)]
async fn what_was_read_can_be_sent_back(store: Store) {
    let Some((app, customer)) = start(store).await else {
        return;
    };
    assert_eq!(
        *app.patch(DANA, customer.clone()).await.resource(200, "customer"),
        customer
    );
    assert_eq!(
        *app.put(DANA, customer.clone()).await.resource(200, "customer"),
        customer
    );
}

#[apply(each_store)]
async fn patch_moves_a_customer_to_another_address(store: Store) {
    let Some((app, customer)) = start(store).await else {
        return;
    };
    app.customer("Noa@example.com").await;
    for taken in ["Noa@example.com", "NOA@EXAMPLE.COM"] {
        app.patch(DANA, json!({ "email": taken, "name": "x" }))
            .await
            .assert_error(409, "CUSTOMER_EXISTS", "Customer already exists");
    }
    assert_eq!(*app.get(DANA).await.resource(200, "customer"), customer);

    app.patch(DANA, json!({ "email": "dana@example.org" })).await;
    app.get(DANA)
        .await
        .assert_error(404, "NOT_FOUND", "Customer not found");
    let moved = app.get("/customers/dana@example.org").await;
    assert_eq!(moved.resource(200, "customer")["id"], customer["id"]);
    app.customer("dana@example.com").await;
}

#[apply(each_store)]
async fn put_creates_then_replaces_and_is_safe_to_repeat(store: Store) {
    let Some(app) = super::start(store).await else {
        return;
    };
    let created = app.put(DANA, dana()).await;
    let customer = created.resource(201, "customer");
    assert_eq!(
        created.header("location"),
        Some("/api/webhooks/customers/dana@example.com")
    );
    for _ in 0..2 {
        assert_eq!(app.put(DANA, dana()).await.resource(200, "customer"), customer);
    }

    let replaced = app.put(DANA, json!({ "name": "Noa" })).await;
    let replaced = replaced.resource(200, "customer");
    let mut expected = with(customer, "name", "Noa");
    expected["phone"] = Value::Null;
    expected["notes"] = Value::Null;
    expected["updatedAt"] = replaced["updatedAt"].clone();
    assert_eq!(*replaced, expected);
    assert_eq!(app.get("/customers").await.json["count"], 1);
}

#[apply(each_store)]
async fn put_takes_no_other_address_than_the_paths(store: Store) {
    let Some((app, customer)) = start(store).await else {
        return;
    };
    app.customer("noa@example.com").await;
    let others = ["noa@example.com", "dana@example.org", "dana", "d@na@example.com"];
    app.assert_refused(Method::PUT, DANA, &dana(), "email", others.map(Value::from))
        .await;
    app.put("/customers/new@example.com", dana())
        .await
        .assert_invalid(&["email"]);
    app.get("/customers/new@example.com")
        .await
        .assert_error(404, "NOT_FOUND", "Customer not found");
    assert_eq!(*app.get(DANA).await.resource(200, "customer"), customer);

    let spelt = app.put(DANA, with(&dana(), "email", "Dana@EXAMPLE.com")).await;
    assert_eq!(spelt.resource(200, "customer")["email"], "Dana@EXAMPLE.com");
    let unspelt = app
        .put("/customers/New@example.com", json!({ "name": "New" }))
        .await;
    assert_eq!(unspelt.resource(201, "customer")["email"], "New@example.com");
}

#[apply(each_store)]
async fn listed_in_order_of_creation_page_by_page(store: Store) {
    let Some(app) = super::start(store).await else {
        return;
    };
    let empty = json!({ "success": true, "count": 0, "customers": [], "nextCursor": null });
    assert_eq!(app.get("/customers").await.json, empty);

    let mut created = Vec::new();
    for name in ["m", "a", "z", "B", "k", "c"] {
        created.push(app.customer(&format!("{name}@example.com")).await);
    }
    // An edit doesn't change the position in the list.
    let edited = app
        .patch("/customers/a@example.com", json!({ "name": "Z" }))
        .await;
    created[1] = edited.resource(200, "customer").clone();
    for limit in 1..=7 {
        assert_eq!(app.walk("/customers", "customers", limit).await, created);
    }
}

#[apply(each_store)]
async fn found_by_address_and_by_last_change(store: Store) {
    let Some(app) = super::start(store).await else {
        return;
    };
    for name in ["noa", "gal", "dana"] {
        app.customer(&format!("{name}@example.com")).await;
    }
    let emails = async |query: &str| {
        let page = app.get(&format!("/customers?{query}")).await;
        let emails = page
            .list("customers")
            .iter()
            .map(|customer| customer["email"].as_str().unwrap());
        emails
            .map(|email| email.split('@').next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(emails("email=GAL%40example.com").await, ["gal"]);
    assert_eq!(emails("email=nobody@example.com").await, [""; 0]);
    assert_eq!(
        emails("updatedSince=2020-01-01T00:00:00Z").await,
        ["noa", "gal", "dana"]
    );
    assert_eq!(emails("updatedSince=9999-01-01T00:00:00Z").await, [""; 0]);
    assert_eq!(
        emails("updatedSince=2020-01-01T00:00:00Z&email=dana@example.com&limit=1").await,
        ["dana"]
    );
    assert_eq!(emails("search=EXAMPLE%20gal@").await, ["gal"]);
    assert_eq!(emails("search=nobody").await, [""; 0]);
    for bad in ["", "%20", "%00", &"x".repeat(101), &"x%20".repeat(11)] {
        let refused = app.get(&format!("/customers?search={bad}")).await;
        refused.assert_invalid(&["search"]);
    }
    app.get("/customers?email=x&updatedSince=2020-01-01&limit=0")
        .await
        .assert_invalid(&["email", "updatedSince", "limit"]);
}

#[apply(each_store)]
async fn fifty_are_listed_where_no_limit_is_given(store: Store) {
    let Some(app) = super::start(store).await else {
        return;
    };
    let body = |number| json!({ "name": "Dana", "email": format!("{number}@example.com") });
    race((0..51).map(|number| app.request(Method::POST, "/customers").json(&body(number)))).await;
    let first = app.get("/customers").await;
    assert_eq!(first.list("customers").len(), 50);
    assert!(first.json["nextCursor"].is_string());
    assert_eq!(app.get("/customers?limit=500").await.list("customers").len(), 51);
    assert_eq!(app.walk("/customers", "customers", 50).await.len(), 51);
}
