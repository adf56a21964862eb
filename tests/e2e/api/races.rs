//! Races between many clients.

use super::each_store;
use e2e::{Answer, Store, TestApp, race, with};
use reqwest::{Method, RequestBuilder};
use rstest_reuse::apply;
use serde_json::{Value, json};

const CLIENTS: usize = 48;

/// One request per client to one path, each with its own body.
fn clients(app: &TestApp, method: &Method, path: &str, body: impl Fn(usize) -> Value) -> Vec<RequestBuilder> {
    (0..CLIENTS)
        .map(|number| app.request(method.clone(), path).json(&body(number)))
        .collect()
}

/// Creates one customer per client: `0@example.com`, `1@example.com` and so on.
async fn customers(app: &TestApp) {
    let body = |number| json!({ "name": "Dana", "email": format!("{number}@example.com") });
    let answers = race(clients(app, &Method::POST, "/customers", body)).await;
    assert_eq!(count(&answers, 201, ""), CLIENTS, "{answers:?}");
}

/// The number of answers that have that status and, if they are errors, that code.
fn count(answers: &[Answer], status: u16, code: &str) -> usize {
    answers
        .iter()
        .filter(|answer| answer.status == status && answer.json["error"].as_str().unwrap_or_default() == code)
        .count()
}

/// Fails the test unless exactly one client got that status, and all others got 409 and that code.
#[track_caller]
fn assert_one_winner(answers: &[Answer], status: u16, code: &str) {
    assert_eq!(
        (count(answers, status, ""), count(answers, 409, code)),
        (1, answers.len() - 1),
        "{answers:?}"
    );
}

fn slot(time: &str) -> Value {
    json!({ "customerEmail": "dana@example.com", "date": "2025-12-25", "time": time, "serviceType": "lesson" })
}

/// A server with the customer Dana.
async fn start(store: Store) -> Option<TestApp> {
    let app = super::start(store).await?;
    app.customer("dana@example.com").await;
    Some(app)
}

#[apply(each_store)]
async fn one_slot_is_booked_once(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    let answers = race(clients(&app, &Method::POST, "/appointments", |_| slot("10:00"))).await;
    assert_one_winner(&answers, 201, "TIME_CONFLICT");
    assert_eq!(app.get("/appointments").await.list("appointments").len(), 1);
}

/// The slots last an hour and start seven minutes apart.
#[apply(each_store)]
async fn overlapping_slots_never_stand_together(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    let body = |number| slot(&format!("{:02}:{:02}", 8 + number * 7 / 60, number * 7 % 60));
    let answers = race(clients(&app, &Method::POST, "/appointments", body)).await;
    let won = count(&answers, 201, "");
    assert_eq!(
        won + count(&answers, 409, "TIME_CONFLICT"),
        CLIENTS,
        "{answers:?}"
    );
    let booked = app.walk("/appointments", "appointments", 500).await;
    assert_eq!(booked.len(), won);
    let starts: Vec<u32> = booked
        .iter()
        .map(|appointment| {
            let (hour, minute) = appointment["time"].as_str().unwrap().split_once(':').unwrap();
            hour.parse::<u32>().unwrap() * 60 + minute.parse::<u32>().unwrap()
        })
        .collect();
    assert!(
        starts.windows(2).all(|pair| pair[1] - pair[0] >= 60),
        "{starts:?}"
    );
    assert!(
        starts.len() >= 3,
        "329 minutes of starts hold at least three: {starts:?}"
    );
}

#[apply(each_store)]
async fn a_freed_slot_is_booked_once(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    let booked = app.post("/appointments", slot("10:00")).await;
    let path = format!(
        "/appointments/{}",
        booked.json["appointment"]["id"].as_str().unwrap()
    );
    let mut requests = clients(&app, &Method::POST, "/appointments", |_| slot("10:30"));
    requests.extend((0..8).map(|_| app.request(Method::DELETE, &path)));
    let answers = race(requests).await;
    assert_eq!(count(&answers, 200, ""), 8, "{answers:?}");
    let won = count(&answers, 201, "");
    assert!(won <= 1, "{answers:?}");
    assert_eq!(
        count(&answers, 409, "TIME_CONFLICT"),
        CLIENTS - won,
        "{answers:?}"
    );
    assert_eq!(app.get("/appointments?status=confirmed").await.json["count"], won);
    assert_eq!(app.get(&path).await.json["appointment"]["status"], "cancelled");
}

#[apply(each_store)]
async fn one_slot_is_moved_onto_once(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    let mut paths = Vec::new();
    let body = |number| {
        with(
            &slot("10:00"),
            "date",
            format!("2026-{:02}-{:02}", 1 + number / 24, 1 + number % 24),
        )
    };
    for answer in race(clients(&app, &Method::POST, "/appointments", body)).await {
        let appointment = answer.resource(201, "appointment");
        paths.push((
            format!("/appointments/{}", appointment["id"].as_str().unwrap()),
            appointment.clone(),
        ));
    }
    let answers = race(paths.iter().enumerate().map(|(number, (path, _))| {
        let edit = json!({ "date": "2025-12-25", "time": format!("10:{number:02}") });
        app.request(Method::PATCH, path).json(&edit)
    }))
    .await;
    assert_one_winner(&answers, 200, "TIME_CONFLICT");
    for ((path, before), answer) in paths.iter().zip(&answers) {
        let now = app.get(path).await;
        let expected = if answer.status == 200 {
            &answer.json["appointment"]
        } else {
            before
        };
        assert_eq!(now.resource(200, "appointment"), expected);
    }
}

#[apply(each_store)]
async fn one_email_address_is_taken_once(store: Store) {
    let Some(app) = super::start(store).await else {
        return;
    };
    let emails = ["dana@example.com", "Dana@example.com", "DANA@EXAMPLE.COM"];
    let body = |number| json!({ "name": format!("{number}"), "email": emails[number % 3] });
    let answers = race(clients(&app, &Method::POST, "/customers", body)).await;
    assert_one_winner(&answers, 201, "CUSTOMER_EXISTS");
    let winner = answers.iter().find(|answer| answer.status == 201).unwrap();
    assert_eq!(
        app.get("/customers").await.list("customers"),
        [winner.resource(201, "customer").clone()]
    );
}

#[apply(each_store)]
async fn one_email_address_is_renamed_to_once(store: Store) {
    let Some(app) = super::start(store).await else {
        return;
    };
    customers(&app).await;
    let answers = race((0..CLIENTS).map(|number| {
        app.request(Method::PATCH, &format!("/customers/{number}@example.com"))
            .json(&json!({ "email": "dana@example.com" }))
    }))
    .await;
    assert_one_winner(&answers, 200, "CUSTOMER_EXISTS");
    let all = app.walk("/customers", "customers", 500).await;
    assert_eq!(all.len(), CLIENTS);
    assert_eq!(
        all.iter()
            .filter(|customer| customer["email"] == "dana@example.com")
            .count(),
        1
    );
}

#[apply(each_store)]
async fn put_creates_once_and_every_client_succeeds(store: Store) {
    let Some(app) = super::start(store).await else {
        return;
    };
    let dana = "/customers/dana@example.com";
    let body = |number| json!({ "name": format!("Dana {number}"), "notes": format!("{number}") });
    let answers = race(clients(&app, &Method::PUT, dana, body)).await;
    assert_eq!(
        (count(&answers, 201, ""), count(&answers, 200, "")),
        (1, CLIENTS - 1),
        "{answers:?}"
    );
    let all = app.get("/customers").await;
    let [last] = all.list("customers") else {
        panic!("{all:?}");
    };
    for (number, answer) in answers.iter().enumerate() {
        let customer = answer.resource(answer.status, "customer");
        assert_eq!(customer["id"], last["id"]);
        assert_eq!(customer["createdAt"], last["createdAt"]);
        assert_eq!(customer["name"], format!("Dana {number}"), "each sees its own");
    }
    assert_eq!(
        last["name"],
        format!("Dana {}", last["notes"].as_str().unwrap()),
        "all of one client"
    );
}

#[apply(each_store)]
async fn patches_of_one_customer_all_succeed_and_none_undoes_another_field(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    let dana = "/customers/dana@example.com";
    let fields = ["name", "phone", "notes"];
    let answers = race(clients(
        &app,
        &Method::PATCH,
        dana,
        |number| json!({ fields[number % 3]: format!("{number}") }),
    ))
    .await;
    for (number, answer) in answers.iter().enumerate() {
        assert_eq!(
            answer.resource(200, "customer")[fields[number % 3]],
            format!("{number}")
        );
    }
    let last = app.get(dana).await;
    for (remainder, field) in fields.iter().enumerate() {
        let number: usize = last.resource(200, "customer")[field]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        assert_eq!(number % 3, remainder, "{field} is what somebody sent");
    }
}

#[apply(each_store)]
async fn the_last_places_go_to_as_many_as_there_are(store: Store) {
    let Some(app) = super::start(store).await else {
        return;
    };
    customers(&app).await;
    for places in [1, 5] {
        let event = app.event(Some(places)).await;
        let registrations = format!("{event}/registrations");
        let body = |number| json!({ "customerEmail": format!("{number}@example.com") });
        let answers = race(clients(&app, &Method::POST, &registrations, body)).await;
        let places = usize::try_from(places).unwrap();
        assert_eq!(
            (count(&answers, 201, ""), count(&answers, 409, "EVENT_FULL")),
            (places, CLIENTS - places),
            "{answers:?}"
        );
        assert_participants(&app, &event, places).await;
    }
}

/// Fails the test unless the event's count, its list of registrations and `expected` agree and don't exceed the
/// maximum.
async fn assert_participants(app: &TestApp, event: &str, expected: usize) {
    let shown = app.get(event).await;
    let shown = shown.resource(200, "event");
    assert_eq!(shown["currentParticipants"], expected);
    assert!(
        shown["maxParticipants"]
            .as_u64()
            .is_none_or(|max| max >= expected as u64),
        "{shown}"
    );
    let listed = app
        .walk(&format!("{event}/registrations"), "registrations", 500)
        .await;
    assert_eq!(listed.len(), expected);
    for (at, registration) in listed.iter().enumerate() {
        let twice = listed[..at]
            .iter()
            .any(|other| other["customerId"] == registration["customerId"]);
        assert!(!twice, "{registration}");
    }
}

#[apply(each_store)]
async fn one_customer_gets_one_place_and_frees_it_once(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    let event = app.event(None).await;
    let registrations = format!("{event}/registrations");
    let body = |_| json!({ "customerEmail": "dana@example.com" });
    let answers = race(clients(&app, &Method::POST, &registrations, body)).await;
    assert_one_winner(&answers, 201, "ALREADY_REGISTERED");
    assert_participants(&app, &event, 1).await;

    let winner = answers.iter().find(|answer| answer.status == 201).unwrap();
    let path = format!(
        "{registrations}/{}",
        winner.json["registration"]["id"].as_str().unwrap()
    );
    let answers = race((0..CLIENTS).map(|_| app.request(Method::DELETE, &path))).await;
    assert_eq!(
        (count(&answers, 200, ""), count(&answers, 404, "NOT_FOUND")),
        (1, CLIENTS - 1),
        "{answers:?}"
    );
    assert_participants(&app, &event, 0).await;
}

#[apply(each_store)]
async fn places_taken_and_freed_at_once_are_counted_right(store: Store) {
    let Some(app) = super::start(store).await else {
        return;
    };
    customers(&app).await;
    let event = app.event(Some(10)).await;
    let registrations = format!("{event}/registrations");
    let register = |number: usize| {
        let body = json!({ "customerEmail": format!("{number}@example.com") });
        app.request(Method::POST, &registrations).json(&body)
    };
    let first = race((0..10).map(register)).await;
    assert_eq!(count(&first, 201, ""), 10, "{first:?}");
    let free = first.iter().map(|answer| {
        let id = answer.json["registration"]["id"].as_str().unwrap();
        app.request(Method::DELETE, &format!("{registrations}/{id}"))
    });
    let answers = race((10..CLIENTS).map(register).chain(free)).await;
    let taken = count(&answers, 201, "");
    assert_eq!(count(&answers, 200, ""), 10, "{answers:?}");
    assert_eq!(
        taken + count(&answers, 409, "EVENT_FULL"),
        CLIENTS - 10,
        "{answers:?}"
    );
    assert_participants(&app, &event, taken).await;
}

#[apply(each_store)]
async fn a_maximum_lowered_meanwhile_is_never_passed(store: Store) {
    let Some(app) = super::start(store).await else {
        return;
    };
    customers(&app).await;
    let event = app.event(Some(40)).await;
    let registrations = format!("{event}/registrations");
    let requests = (0..CLIENTS).flat_map(|number| {
        let body = json!({ "customerEmail": format!("{number}@example.com") });
        let register = app.request(Method::POST, &registrations).json(&body);
        let lower = app
            .request(Method::PATCH, &event)
            .json(&json!({ "maxParticipants": 5 + number % 24 }));
        [Some(register), (number % 2 == 0).then_some(lower)]
            .into_iter()
            .flatten()
    });
    let answers = race(requests).await;
    let (registered, lowered) = (count(&answers, 201, ""), count(&answers, 200, ""));
    assert_eq!(
        registered + lowered + count(&answers, 409, "EVENT_FULL"),
        CLIENTS * 3 / 2,
        "{answers:?}"
    );
    for answer in answers.iter().filter(|answer| answer.status == 200) {
        let event = answer.resource(200, "event");
        assert!(
            event["currentParticipants"].as_u64() <= event["maxParticipants"].as_u64(),
            "{event}"
        );
    }
    assert_participants(&app, &event, registered).await;
}

#[apply(each_store)]
async fn an_event_takes_one_last_status(store: Store) {
    let Some(app) = super::start(store).await else {
        return;
    };
    let event = app.event(None).await;
    let statuses = ["completed", "cancelled"];
    let answers = race(clients(
        &app,
        &Method::PATCH,
        &event,
        |number| json!({ "status": statuses[number % 2] }),
    ))
    .await;
    let last = app.get(&event).await;
    let last = &last.resource(200, "event")["status"];
    for (number, answer) in answers.iter().enumerate() {
        if *last == statuses[number % 2] {
            assert_eq!(answer.resource(200, "event")["status"], *last);
        } else {
            answer.assert_error(409, "INVALID_STATUS", "Event status cannot change this way");
        }
    }
}

#[apply(each_store)]
async fn an_event_that_is_cancelled_meanwhile_counts_right(store: Store) {
    let Some(app) = super::start(store).await else {
        return;
    };
    customers(&app).await;
    let event = app.event(None).await;
    let body = |number| json!({ "customerEmail": format!("{number}@example.com") });
    let mut requests = clients(&app, &Method::POST, &format!("{event}/registrations"), body);
    requests.insert(
        CLIENTS / 2,
        app.request(Method::PATCH, &event)
            .json(&json!({ "status": "cancelled" })),
    );
    let answers = race(requests).await;
    let registered = count(&answers, 201, "");
    assert_eq!(
        registered + count(&answers, 409, "EVENT_NOT_ACTIVE"),
        CLIENTS,
        "{answers:?}"
    );
    assert_eq!(
        count(&answers, 200, ""),
        1,
        "the edit begins again until it holds"
    );
    assert_participants(&app, &event, registered).await;
}
