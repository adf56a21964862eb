//! What the tests of the schedule share: a business with staff and rooms.

use e2e::{Answer, ApiClient, Store, TestApp};
use serde_json::{Value, json};

/// A Tuesday, on which everything takes place unless said otherwise.
pub const DAY: &str = "2030-06-11";

/// A server with the customers Dana and Noa.
pub async fn start(store: Store) -> Option<TestApp> {
    let app = super::start(store).await?;
    app.customer("dana@example.com").await;
    app.customer("noa@example.com").await;
    Some(app)
}

/// The id of what was created.
#[track_caller]
pub fn id(answer: &Answer, name: &str) -> String {
    answer.resource(201, name)["id"].as_str().unwrap().to_owned()
}

/// Creates so many resources, and returns their ids.
pub async fn resources(app: &ApiClient, kind: &str, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for number in 0..count {
        let body = json!({ "name": format!("{kind} {number}"), "kind": kind });
        ids.push(id(&app.post("/resources", body).await, "resource"));
    }
    ids
}

/// A service of 50 minutes and a buffer of 10 after it, which takes one resource of each group.
pub async fn service(app: &ApiClient, groups: &[&[String]]) -> String {
    let needs: Vec<_> = groups
        .iter()
        .map(|group| json!({ "resources": group, "count": 1 }))
        .collect();
    let body = json!({
        "name": "Massage", "serviceType": "treatment", "duration": 50, "bufferAfter": 10, "needs": needs,
    });
    id(&app.post("/services", body).await, "service")
}

/// A massage, and those of whom it takes one each: so many members of the staff, and so many rooms.
pub async fn massage(app: &ApiClient, staff: usize, rooms: usize) -> (String, Vec<String>, Vec<String>) {
    let staff = resources(app, "staff", staff).await;
    let rooms = resources(app, "room", rooms).await;
    (service(app, &[&staff, &rooms]).await, staff, rooms)
}

/// When the resource is occupied on the day.
pub async fn busy_times(app: &ApiClient, resource: &str) -> Value {
    let path = format!("/resources/{resource}/busy?from={DAY}&to={DAY}");
    app.get(&path).await.json["busy"].clone()
}

/// A booking of the service by Dana.
pub fn of_service(service: &str, time: &str) -> Value {
    json!({ "customerEmail": "dana@example.com", "serviceId": service, "date": DAY, "time": time })
}

/// A plain booking of an hour by Dana.
pub fn lesson(time: &str) -> Value {
    json!({ "customerEmail": "dana@example.com", "date": DAY, "time": time, "serviceType": "lesson" })
}

/// Opens every day at these times, in that zone.
pub async fn opens(app: &ApiClient, zone: &str, opens: &str, closes: &str) {
    let days = [
        "sunday",
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
    ];
    let weekly: Vec<_> = days
        .iter()
        .map(|day| json!({ "day": day, "opens": opens, "closes": closes }))
        .collect();
    let schedule = app
        .put("/schedule", json!({ "timeZone": zone, "weekly": weekly }))
        .await;
    assert_eq!(schedule.status, 200, "{schedule:?}");
}

/// A page of the search.
#[track_caller]
pub fn slots(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{answer:?}");
    let slots = answer.json["slots"].as_array().unwrap();
    assert_eq!(answer.json["count"], slots.len(), "{answer:?}");
    slots
        .iter()
        .map(|slot| slot["time"].as_str().unwrap().to_owned())
        .collect()
}
