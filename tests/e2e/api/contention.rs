//! Races for resources, between bookings, holds, blocks and confirmations.

use super::{
    each_store,
    salon::{DAY, busy_times, id, lesson, massage, of_service, resources, service, start},
};
use e2e::{Answer, Store, TestApp, race, with};
use reqwest::{Method, RequestBuilder};
use rstest_reuse::apply;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const CLIENTS: usize = 64;

fn posts(app: &TestApp, path: &str, body: impl Fn(usize) -> Value) -> Vec<RequestBuilder> {
    (0..CLIENTS)
        .map(|number| app.request(Method::POST, path).json(&body(number)))
        .collect()
}

/// Those that were done. All others must have been refused as a conflict.
#[track_caller]
fn done(answers: &[Answer]) -> Vec<&Answer> {
    for answer in answers {
        let conflict = answer.status == 409 && answer.json["error"] == "TIME_CONFLICT";
        assert!(answer.status == 201 || conflict, "{answer:?}");
        if conflict {
            assert!(answer.json.get("nextFree").is_some(), "{answer:?}");
        }
    }
    answers.iter().filter(|answer| answer.status == 201).collect()
}

/// The resources that the answers took. Fails the test if one was taken twice.
#[track_caller]
fn taken(answers: &[&Answer]) -> BTreeSet<String> {
    let mut taken = BTreeSet::new();
    for answer in answers {
        let of = ["appointment", "hold"]
            .into_iter()
            .find(|name| answer.json.get(name).is_some());
        for resource in answer.json[of.unwrap()]["resourceIds"].as_array().unwrap() {
            assert!(
                taken.insert(resource.as_str().unwrap().to_owned()),
                "twice: {resource}"
            );
        }
    }
    taken
}

#[apply(each_store)]
async fn one_resource_is_booked_once(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    let staff = resources(&app, "staff", 1).await;
    let order = |number: usize| {
        // They overlap in part.
        let order = with(
            &lesson(&format!("10:{:02}", number % 30)),
            "resourceIds",
            json!(staff),
        );
        with(&order, "duration", 30)
    };
    let answers = race(posts(&app, "/appointments", order)).await;
    assert_eq!(done(&answers).len(), 1);
    assert_eq!(app.get("/appointments").await.json["count"], 1);
}

#[apply(each_store)]
async fn of_five_each_is_booked_once(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    let bikes = resources(&app, "equipment", 5).await;
    let ride = service(&app, &[&bikes]).await;
    let answers = race(posts(&app, "/appointments", |_| of_service(&ride, "10:00"))).await;
    let done = done(&answers);
    assert_eq!(done.len(), 5);
    assert_eq!(taken(&done), bikes.iter().cloned().collect());
    assert_eq!(app.get("/appointments").await.json["count"], 5);
}

#[apply(each_store)]
async fn staff_and_room_are_booked_together_or_not_at_all(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    let (massage, staff, rooms) = massage(&app, 4, 3).await;
    // The same resources, the other way round.
    let reverse = service(&app, &[&rooms, &staff]).await;
    let order = |number: usize| {
        of_service(
            if number.is_multiple_of(2) {
                &massage
            } else {
                &reverse
            },
            "10:00",
        )
    };
    let answers = race(posts(&app, "/appointments", order)).await;
    let done = done(&answers);
    assert_eq!(done.len(), 3);
    let taken = taken(&done);
    assert_eq!(taken.len(), 6);
    assert!(rooms.iter().all(|room| taken.contains(room)));
    for resource in staff.iter().chain(&rooms) {
        let busy = busy_times(&app, resource).await;
        let expected = usize::from(taken.contains(resource));
        assert_eq!(busy.as_array().unwrap().len(), expected, "{busy:?}");
    }
}

#[apply(each_store)]
async fn bookings_holds_and_blocks_never_share_a_resource(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    let staff = resources(&app, "staff", 5).await;
    let massage = service(&app, &[&staff]).await;
    let mut requests = Vec::new();
    for number in 0..CLIENTS {
        let (path, body) = match number % 3 {
            0 => ("/appointments", of_service(&massage, "10:00")),
            1 => (
                "/holds",
                json!({ "serviceId": massage, "date": DAY, "time": "10:00" }),
            ),
            _ => {
                let resource = &staff[number / 3 % 5];
                let (from, until) = ("2030-06-11T10:30", "2030-06-20");
                (
                    "/blocks",
                    json!({ "resourceId": resource, "from": from, "until": until }),
                )
            }
        };
        requests.push(app.request(Method::POST, path).json(&body));
    }
    let answers = race(requests).await;
    let done = done(&answers);
    assert_eq!(done.len(), 5);
    let mut blocked = BTreeSet::new();
    let booked: Vec<_> = done
        .into_iter()
        .filter(|answer| match answer.json["block"]["resourceId"].as_str() {
            Some(resource) => !blocked.insert(resource.to_owned()),
            None => true,
        })
        .collect();
    let booked = taken(&booked);
    assert_eq!(booked.len() + blocked.len(), 5);
    assert!(booked.is_disjoint(&blocked));
}

#[apply(each_store)]
async fn a_hold_becomes_one_appointment(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    let (massage, _, _) = massage(&app, 1, 1).await;
    let held = app
        .post(
            "/holds",
            json!({ "serviceId": massage, "date": DAY, "time": "10:00" }),
        )
        .await;
    let held = id(&held, "hold");
    let mut requests = Vec::new();
    for number in 0..CLIENTS {
        requests.push(match number % 4 {
            0 => app
                .request(Method::POST, "/appointments")
                .json(&of_service(&massage, "10:30")),
            1 => app.request(Method::GET, &format!("/holds/{held}")),
            _ => {
                let confirmation = json!({ "holdId": held, "customerEmail": "noa@example.com" });
                app.request(Method::POST, "/appointments").json(&confirmation)
            }
        });
    }
    let answers = race(requests).await;
    let won: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert_eq!(won.len(), 1, "{answers:?}");
    assert_eq!(won[0].json["appointment"]["id"], held);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        assert!([200, 404, 409].contains(&answer.status), "{answer:?}");
    }
    assert_eq!(app.get("/appointments").await.json["count"], 1);
    assert_eq!(app.get("/holds").await.json["count"], 0);
}

#[apply(each_store)]
async fn a_hold_is_confirmed_or_released_but_not_both(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    for round in 0..8 {
        let time = format!("{:02}:00", 8 + round);
        let hold = json!({ "date": DAY, "time": time, "serviceType": "lesson" });
        let held = id(&app.post("/holds", hold).await, "hold");
        let confirmation = json!({ "holdId": held, "customerEmail": "noa@example.com" });
        let answers = race((0..8).map(|number| {
            if number % 2 == 0 {
                app.request(Method::DELETE, &format!("/holds/{held}"))
            } else {
                app.request(Method::POST, "/appointments").json(&confirmation)
            }
        }))
        .await;
        let count = |status| answers.iter().filter(|answer| answer.status == status).count();
        assert_eq!((count(200) + count(201), count(404)), (1, 7), "{answers:?}");
        let booked = app.get(&format!("/appointments/{held}")).await.status;
        assert_eq!(booked == 200, count(201) == 1);
    }
}

#[apply(each_store)]
async fn moves_onto_each_others_resources_neither_overlap_nor_deadlock(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    let staff = resources(&app, "staff", 2).await;
    let order = |time: &str, first: usize| {
        let both = json!([staff[first], staff[1 - first]]);
        with(&with(&lesson(time), "duration", 30), "resourceIds", both)
    };
    let mut paths = Vec::new();
    for (number, time) in ["10:00", "10:30", "11:00", "11:30"].into_iter().enumerate() {
        let booked = app.post("/appointments", order(time, number % 2)).await;
        paths.push(format!("/appointments/{}", id(&booked, "appointment")));
    }
    let answers = race((0..CLIENTS).map(|number| {
        let time = format!("{:02}:{:02}", 10 + number / 16 % 3, number * 7 % 4 * 15);
        let edit = json!({ "time": time, "resourceIds": [staff[number % 2], staff[1 - number % 2]] });
        app.request(Method::PATCH, &paths[number % 4]).json(&edit)
    }))
    .await;
    for answer in &answers {
        assert!([200, 409].contains(&answer.status), "{answer:?}");
    }
    let listed = app.get("/appointments").await;
    let mut starts: Vec<_> = listed
        .list("appointments")
        .iter()
        .map(|appointment| {
            let (hour, minute) = appointment["time"].as_str().unwrap().split_once(':').unwrap();
            hour.parse::<u32>().unwrap() * 60 + minute.parse::<u32>().unwrap()
        })
        .collect();
    starts.sort_unstable();
    assert!(
        starts.windows(2).all(|pair| pair[1] - pair[0] >= 30),
        "{starts:?}"
    );
    assert_eq!(starts.len(), 4);
}
