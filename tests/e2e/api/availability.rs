//! The search: what is offered can be booked, and the reverse.

use super::{
    each_store,
    salon::{DAY, lesson, massage, of_service, opens, slots, start},
};
use e2e::{ApiClient, Store, with};
use rstest_reuse::apply;
use serde_json::{Value, json};

/// Reads all pages of the search for that day.
async fn offered(app: &ApiClient, query: &str, limit: usize) -> Vec<Value> {
    let first = format!("/availability?from={DAY}&to={DAY}&{query}&limit={limit}");
    let (mut slots, mut cursor): (Vec<Value>, _) = (Vec::new(), String::new());
    loop {
        let page = app.get(&format!("{first}{cursor}")).await;
        assert_eq!(page.status, 200, "{page:?}");
        slots.extend_from_slice(page.json["slots"].as_array().unwrap());
        match page.json["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return slots,
        }
    }
}

/// Every slot that is offered is booked, one after the other, until none is left. Then each start is refused by the
/// search and by a booking, for the same reason.
#[apply(each_store)]
async fn what_is_offered_can_be_booked_and_the_reverse(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    opens(&app, "Asia/Jerusalem", "09:00", "13:00").await;
    let (massage, _, rooms) = massage(&app, 3, 2).await;
    let busy = json!({ "resourceId": rooms[0], "from": "2030-06-11T10:10", "until": "2030-06-11T10:20" });
    assert_eq!(app.post("/blocks", busy).await.status, 201);
    let query = format!("serviceId={massage}");
    let mut booked = 0;
    loop {
        let slots = offered(&app, &query, 3).await;
        assert_eq!(slots, offered(&app, &query, 500).await);
        // The last is booked first, so that gaps are left.
        let Some(slot) = slots.last() else { break };
        let answer = app
            .post(
                "/appointments",
                of_service(&massage, slot["time"].as_str().unwrap()),
            )
            .await;
        let appointment = answer.resource(201, "appointment");
        for field in ["date", "time", "startsAt", "endsAt", "resourceIds"] {
            assert_eq!(appointment[field], slot[field], "{field}");
        }
        booked += 1;
    }
    assert_eq!(booked, 7);
    let explained = app
        .get(&format!(
            "/availability?from={DAY}&to={DAY}&{query}&explain=true&limit=500"
        ))
        .await;
    let refused = explained.json["refused"].as_array().unwrap();
    assert!(refused.len() >= 16, "{explained:?}");
    for start in refused {
        let code = match start["reason"].as_str().unwrap() {
            "busy" => "TIME_CONFLICT",
            "closed" => "OUTSIDE_HOURS",
            other => panic!("{other}"),
        };
        let order = of_service(&massage, start["time"].as_str().unwrap());
        let answer = app.post("/appointments", order).await;
        assert_eq!(
            (answer.status, answer.json["error"].as_str()),
            (409, Some(code)),
            "{start}"
        );
    }
}

#[apply(each_store)]
async fn the_grid_is_anchored_at_the_opening_and_pages_follow_it(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    opens(&app, "Asia/Jerusalem", "09:10", "11:40").await;
    let query = |more: &str| format!("/availability?from={DAY}&to={DAY}&duration=60{more}");
    let all = ["09:10", "09:25", "09:40", "09:55", "10:10", "10:25", "10:40"];
    let whole = app.get(&query("")).await;
    assert_eq!(slots(&whole), all);
    assert_eq!(whole.json["refused"], Value::Null);
    // A booking off the grid doesn't move it.
    assert_eq!(
        app.post("/appointments", with(&lesson("09:12"), "duration", 5))
            .await
            .status,
        201
    );
    assert_eq!(slots(&app.get(&query("")).await), all[1..]);
    let page = app.get(&query("&limit=2")).await;
    assert_eq!(slots(&page), all[1..3]);
    let cursor = page.json["nextCursor"].as_str().unwrap();
    assert_eq!(
        slots(&app.get(&query(&format!("&cursor={cursor}"))).await),
        all[3..]
    );
    let explained = app.get(&query("&explain=true")).await;
    let reasons: Vec<_> = explained.json["refused"]
        .as_array()
        .unwrap()
        .iter()
        .map(|start| (start["time"].as_str().unwrap(), start["reason"].as_str().unwrap()))
        .collect();
    assert_eq!(
        reasons,
        [
            ("09:10", "busy"),
            ("10:55", "closed"),
            ("11:10", "closed"),
            ("11:25", "closed")
        ]
    );
}

#[apply(each_store)]
async fn hours_follow_the_wall_clock_when_the_clocks_change(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    opens(&app, "Asia/Jerusalem", "13:00", "14:00").await;
    let search = |date: &str| format!("/availability?from={date}&to={date}&duration=60");
    for (date, offset) in [
        ("2030-03-28", "+02:00"),
        ("2030-03-29", "+03:00"),
        ("2030-10-26", "+03:00"),
        ("2030-10-27", "+02:00"),
    ] {
        let found = app.get(&search(date)).await;
        assert_eq!(slots(&found), ["13:00"]);
        assert_eq!(
            found.json["slots"][0]["startsAt"],
            format!("{date}T13:00:00{offset}")
        );
    }

    // From two to three o'clock there is nothing.
    opens(&app, "Asia/Jerusalem", "01:00", "04:00").await;
    let found = app.get(&format!("{}&explain=true", search("2030-03-29"))).await;
    assert_eq!(slots(&found), ["01:00", "01:15", "01:30", "01:45", "03:00"]);
    // A slot may span the gap.
    assert_eq!(found.json["slots"][3]["startsAt"], "2030-03-29T01:45:00+02:00");
    assert_eq!(found.json["slots"][3]["endsAt"], "2030-03-29T03:00:00+03:00");
    let refused: Vec<_> = found.json["refused"].as_array().unwrap().iter().collect();
    assert!(
        refused.iter().all(|start| start["reason"] == "closed"),
        "{refused:?}"
    );
    let gap = with(&lesson("02:30"), "date", "2030-03-29");
    for order in [gap.clone(), with(&gap, "override", true)] {
        let refused = app.post("/appointments", order).await;
        refused.assert_invalid(&["time"]);
        let message = refused.json["message"].as_str().unwrap();
        assert!(
            message.contains("01:59") && message.contains("03:00"),
            "{message}"
        );
    }
    let mut of_hold = gap.clone();
    of_hold.as_object_mut().unwrap().remove("customerEmail");
    app.post("/holds", of_hold).await.assert_invalid(&["time"]);
    // The repeated hour can be booked once, and means the earlier instant.
    let fold = with(&lesson("01:30"), "date", "2030-10-27");
    let booked = app.post("/appointments", with(&fold, "override", true)).await;
    assert_eq!(
        booked.resource(201, "appointment")["startsAt"],
        "2030-10-27T01:30:00+03:00"
    );
    assert_eq!(app.post("/appointments", fold).await.status, 409);
}

#[apply(each_store)]
async fn a_day_may_lack_its_midnight_and_ends_at_the_next(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    for (zone, date) in [("Africa/Cairo", "2030-04-26"), ("Asia/Beirut", "2030-03-31")] {
        opens(&app, zone, "00:00", "24:00").await;
        let found = app
            .get(&format!(
                "/availability?from={date}&to={date}&duration=60&limit=500"
            ))
            .await;
        let found = slots(&found);
        assert_eq!(found.first().map(String::as_str), Some("01:00"), "{zone}");
        // Windows of two days merge, so the last start of the day is there.
        assert_eq!(found.last().map(String::as_str), Some("23:45"), "{zone}");
        assert_eq!(found.len(), 92, "{zone}");
    }
}

#[apply(each_store)]
async fn bad_searches_are_refused(store: Store) {
    let Some(app) = start(store).await else {
        return;
    };
    for (query, fields) in [
        ("", &["from", "to", "serviceId"][..]),
        ("from=2030-06-11&to=2030-06-10&duration=60", &["to"]),
        ("from=2030-06-11&to=2030-08-12&duration=60", &["to"]),
        ("from=2030-06-11&to=2030-06-11", &["serviceId"]),
        ("from=2030-06-11&to=2030-06-11&duration=0", &["duration"]),
        ("from=2030-06-11&to=2030-06-11&duration=x", &["duration"]),
        (
            "from=2030-06-11&to=2030-06-11&duration=60&serviceId=507f1f77bcf86cd799439011",
            &["duration"],
        ),
        (
            "from=2030-06-11&to=2030-06-11&duration=60&explain=1",
            &["explain"],
        ),
        ("from=2030-06-11&to=2030-06-11&duration=60&limit=501", &["limit"]),
        ("from=2030-06-11&to=2030-06-11&duration=60&cursor=x", &["cursor"]),
        (
            "from=2030-06-11&to=2030-06-11&duration=60&resourceId=507f1f77bcf86cd799439011",
            &["resourceId"],
        ),
    ] {
        app.get(&format!("/availability?{query}"))
            .await
            .assert_invalid(fields);
    }
    let longest = app
        .get("/availability?from=2030-06-11&to=2030-08-11&duration=1440")
        .await;
    assert_eq!(longest.status, 200, "{longest:?}");
    let last = app
        .get("/availability?from=9999-12-01&to=9999-12-31&duration=60&limit=500")
        .await;
    assert_eq!(last.status, 200, "{last:?}");
    let unknown = "/availability?from=2030-06-11&to=2030-06-11&serviceId=507f1f77bcf86cd799439011";
    app.get(unknown)
        .await
        .assert_error(404, "NOT_FOUND", "Service not found");
    app.get("/resources/507f1f77bcf86cd799439011/busy?from=2030-06-11&to=2030-06-11")
        .await
        .assert_error(404, "NOT_FOUND", "Resource not found");
}
