//! Webhooks and activity in the console.

use super::{Browser, location, owner, owner_of, staff};
use crate::api::each_store;
use e2e::{
    Answer, Store, TestApp,
    receiver::{Reaction, Receiver},
};
use reqwest::Url;
use rstest_reuse::apply;
use serde_json::json;

const WEBHOOKS: &str = "/console/settings/webhooks";
const ACTIVITY: &str = "/console/settings/activity";

/// A form that makes an endpoint.
fn new_form(url: &str, more: &str) -> String {
    format!("url={}{more}", encoded(url))
}

/// As browsers encode a value.
fn encoded(value: &str) -> String {
    let mut url = Url::parse("http://localhost/").unwrap();
    url.query_pairs_mut().append_pair("", value);
    url.query().unwrap().trim_start_matches('=').to_owned()
}

/// The value of the first input with that name or id.
fn value_of(answer: &Answer, name: &str) -> String {
    let marks = [format!("name=\"{name}\""), format!("id=\"{name}\"")];
    let start = marks.iter().filter_map(|mark| answer.text.find(mark)).min();
    let rest = &answer.text[start.unwrap_or_else(|| panic!("no {name} in {answer:?}"))..];
    let (_, value) = rest.split_once("value=\"").unwrap();
    value.split('"').next().unwrap().to_owned()
}

/// The path of an endpoint, by the page that shows its secret.
fn path_of(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(value_of(answer, "secret").starts_with("whsec_"), "{answer:?}");
    let (_, rest) = answer
        .text
        .split_once("action=\"/console/settings/webhooks/")
        .unwrap();
    format!("{WEBHOOKS}/{}", rest.split('"').next().unwrap())
}

/// The paths of the deliveries on the page of an endpoint, newest first.
fn deliveries(page: &Answer) -> Vec<String> {
    let links = page.text.split("<a href=\"").skip(1);
    links
        .filter_map(|rest| rest.split('"').next())
        .filter(|link| link.contains("/deliveries/"))
        .map(str::to_owned)
        .collect()
}

#[track_caller]
fn assert_says(answer: &Answer, texts: &[&str]) {
    for text in texts {
        assert!(answer.text.contains(text), "no {text}: {answer:?}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_webhook_is_said() {
    let app = TestApp::start().await;
    let mut owner = owner(&app).await;
    let everything = "&preset=all&active=1";
    for (url, more, said) in [
        ("", everything, "Please fill this in"),
        ("example.com/hook", everything, "Enter a whole address"),
        (
            "ftp://example.com/",
            everything,
            "must begin with https:// or http://",
        ),
        ("https://dana@example.com/", everything, "Leave the user name"),
        ("https://example.com/#a", everything, "from # on"),
        ("https://10.0.0.1/", everything, "This address is not public"),
        ("https://example.com/", "&preset=custom", "Choose at least one"),
        (
            "https://example.com/",
            "&preset=custom&type=nothing.*",
            "Choose one of the list",
        ),
    ] {
        let refused = owner.post(WEBHOOKS, &new_form(url, more)).await;
        assert_eq!(refused.status, 422, "{url}");
        assert_says(&refused, &[said]);
        assert_eq!(value_of(&refused, "url"), url);
    }
    assert_says(&owner.get(WEBHOOKS).await, &["Nobody is told yet"]);
    for path in [
        "/507f1f77bcf86cd799439011",
        "/x",
        "/x/edit",
        "/x/secret",
        "/x/replay",
        "/x/remove",
    ] {
        assert_eq!(
            owner.get(&format!("{WEBHOOKS}{path}")).await.status,
            404,
            "{path}"
        );
    }
}

#[apply(each_store)]
async fn a_webhook_is_made_tested_changed_and_removed(store: Store) {
    let Some(app) = TestApp::start_on(store).await else {
        return;
    };
    let mut owner = owner(&app).await;
    let receiver = Receiver::start();
    let form = new_form(
        &receiver.url("/hook"),
        "&form=page-1&description=CRM&preset=custom&type=customer.*&type=customer.created&type=event.created&active=1",
    );
    let made = owner.post(WEBHOOKS, &form).await;
    let path = path_of(&made);
    let secret = value_of(&made, "secret");
    // The same form again: a double click, or a page that is loaded again.
    let again = owner.post(WEBHOOKS, &form).await;
    assert!(again.status == 200 && !again.text.contains("whsec_"), "{again:?}");
    assert_says(&again, &["sent twice"]);
    let list = owner.get(WEBHOOKS).await;
    assert_eq!(list.text.matches(&receiver.url("/hook")).count(), 1, "{list:?}");
    assert_says(&list, &["CRM", "Customers, Event published", "Up to date"]);
    assert!(!list.text.contains("whsec_"), "{list:?}");

    let tested = owner.post(&path, "").await;
    assert_says(&tested, &["The test has arrived", "204"]);
    assert_eq!(receiver.hooks("/hook")[0].kind(), "webhook_endpoint.test");
    receiver.react("/hook", Reaction::Status(500));
    assert_says(&owner.post(&path, "").await, &["The test has not arrived", "500"]);
    for _ in 0..4 {
        owner.post(&path, "").await;
    }
    let refused = owner.post(&path, "").await;
    assert_eq!(refused.status, 422);
    assert_says(&refused, &["Six tests a minute"]);

    let edit = format!("{path}/edit");
    let shown = owner.get(&edit).await;
    let stale = value_of(&shown, "revision");
    let to = |revision: &str, url: &str, more: &str| new_form(url, &format!("&revision={revision}{more}"));
    let all = to(&stale, &receiver.url("/hook"), "&preset=all&active=1&ordered=1");
    assert_eq!(location(&owner.post(&edit, &all).await), format!("{path}?saved"));
    let page = owner.get(&format!("{path}?saved")).await;
    assert_says(&page, &["Saved", "Everything", "One after the other"]);
    let other = to(&stale, &receiver.url("/other"), "&preset=all");
    let refused = owner.post(&edit, &other).await;
    assert_eq!(refused.status, 422);
    assert_says(&refused, &["nothing was saved", &receiver.url("/other")]);
    // The form that is shown again may be sent again.
    let other = to(
        &value_of(&refused, "revision"),
        &receiver.url("/other"),
        "&preset=all",
    );
    assert_eq!(owner.post(&edit, &other).await.status, 303);
    assert_says(&owner.get(WEBHOOKS).await, &["Off", &receiver.url("/other")]);
    let revision = value_of(&owner.get(&edit).await, "revision");
    let on = to(&revision, &receiver.url("/other"), "&preset=all&active=1");
    let told = format!("{path}?where_it_stopped");
    assert_eq!(location(&owner.post(&edit, &on).await), told);
    assert_says(&owner.get(&told).await, &["Sending goes on where it stopped"]);
    let oldest = owner.get(&format!("{path}?oldest_kept")).await;
    assert_says(&oldest, &["with the oldest one that is"]);

    let rotate = format!("{path}/secret");
    assert_says(&owner.get(&rotate).await, &["24 hours"]);
    let rotated = owner.post(&rotate, "form=page-2").await;
    assert_eq!(path_of(&rotated), path);
    assert_ne!(value_of(&rotated, "secret"), secret);
    assert_says(&rotated, &["Also signs until"]);
    let again = owner.post(&rotate, "form=page-2").await;
    assert!(again.status == 200 && !again.text.contains("whsec_"), "{again:?}");

    let remove = format!("{path}/remove");
    assert_says(&owner.get(&remove).await, &["for good"]);
    assert_eq!(location(&owner.post(&remove, "").await), WEBHOOKS);
    assert_eq!(owner.get(&path).await.status, 404);
    assert_eq!(owner.post(&remove, "").await.status, 404);
}

#[apply(each_store)]
async fn deliveries_show_what_was_sent_and_answered(store: Store) {
    let Some(app) = TestApp::start_on(store).await else {
        return;
    };
    let mut owner = owner(&app).await;
    let receiver = Receiver::start();
    let form = new_form(
        &receiver.url("/hook"),
        "&preset=custom&type=customer.*&active=1&ordered=1",
    );
    let path = path_of(&owner.post(WEBHOOKS, &form).await);
    app.customer("dana@example.com").await;
    assert_says(&owner.get(&path).await, &["Behind, with changes since"]);
    app.deliver_until("the first", || receiver.hooks("/hook").pop())
        .await;
    let page = owner.get(&path).await;
    assert_says(
        &page,
        &[
            "Customer added",
            "Arrived",
            "Status \u{2068}204\u{2069}",
            "Up to date",
        ],
    );
    let [first] = &deliveries(&page)[..] else {
        panic!("{page:?}")
    };
    let hook = &receiver.hooks("/hook")[0];
    let shown = owner.get(first).await;
    assert_says(
        &shown,
        &["dana@example.com", &hook.id, "Send again", "/console/customers/"],
    );
    assert!(!shown.text.contains("value=\"skip\""), "{shown:?}");

    // The second fails, and the third waits for it.
    receiver.react("/hook", Reaction::Status(500));
    app.customer("noa@example.com").await;
    app.customer("ann@example.com").await;
    app.deliver_until("the second", || receiver.hooks("/hook").into_iter().nth(1))
        .await;
    let page = owner.get(&path).await;
    assert_says(&page, &["Failing since", "Waits for a change", "Behind"]);
    let second = &deliveries(&page)[0];
    assert_eq!(
        deliveries(&owner.get(&format!("{path}?status=pending")).await).len(),
        1
    );
    let shown = owner.get(second).await;
    assert_says(
        &shown,
        &[
            "noa@example.com",
            "500",
            "Will be retried",
            "Next try",
            "value=\"skip\"",
        ],
    );
    assert_eq!(
        location(&owner.post(second, "do=retry").await),
        format!("{second}?retried")
    );
    app.deliver_until("the retry", || receiver.hooks("/hook").into_iter().nth(2))
        .await;
    // Only the change for which the endpoint waits can be skipped.
    assert_eq!(owner.post(first, "do=skip").await.status, 409);
    assert_eq!(location(&owner.post(second, "do=skip").await), second);
    assert_says(&owner.get(second).await, &["Skipped"]);
    assert_eq!(owner.post(second, "do=skip").await.status, 409);
    receiver.react("/hook", Reaction::Status(204));
    app.deliver_until("the third", || receiver.hooks("/hook").into_iter().nth(3))
        .await;
    assert_says(&owner.get(&path).await, &["Up to date"]);

    // What has arrived is sent again if somebody wants it, and holds up nothing.
    assert_eq!(owner.post(first, "do=retry").await.status, 303);
    app.deliver_until("the first again", || receiver.hooks("/hook").into_iter().nth(4))
        .await;
    assert_eq!(receiver.hooks("/hook")[4].id, receiver.hooks("/hook")[0].id);

    let replay = format!("{path}/replay");
    assert_eq!(
        owner.post(&replay, "date=2030-02-30&time=10:00").await.status,
        422
    );
    // Nothing was made since then, and nothing is left out.
    app.customer("eve@example.com").await;
    let replayed = owner.post(&replay, "date=2100-01-01&time=00:00").await;
    assert_eq!(location(&replayed), format!("{path}?replayed"));
    app.deliver_until("the fourth", || receiver.hooks("/hook").into_iter().nth(5))
        .await;
    owner.post(&replay, "date=2020-01-01&time=00:00").await;
    app.deliver_until("all again", || receiver.hooks("/hook").into_iter().nth(9))
        .await;
    assert_eq!(owner.post(first, "do=nonsense").await.status, 400);

    let mut theirs = {
        app.new_account("other").await;
        owner_of(&app, "other", "owner@example.com").await
    };
    assert_eq!(theirs.get(&path).await.status, 404);
    assert_eq!(theirs.get(first).await.status, 404);
    assert_eq!(theirs.post(first, "do=retry").await.status, 404);
    assert_eq!(theirs.post(&format!("{path}/remove"), "").await.status, 404);
}

#[apply(each_store)]
async fn activity_shows_who_did_what(store: Store) {
    let Some(app) = TestApp::start_on(store).await else {
        return;
    };
    let mut owner = owner(&app).await;
    let customer = app.customer("dana@example.com").await;
    let id = customer["id"].as_str().unwrap();
    let form = "name=Dana+Secret&email=dana2@example.com&phone=0505550142";
    let made = owner.post("/console/customers", form).await;
    let other = location(&made).rsplit('/').next().unwrap().to_owned();
    let block = app
        .post(
            "/blocks",
            json!({ "from": "2030-06-11T09:00", "until": "2030-06-11T12:00" }),
        )
        .await;
    let block = block.resource(201, "block")["id"].as_str().unwrap().to_owned();
    assert_eq!(app.delete(&format!("/blocks/{block}")).await.status, 200);

    let page = owner.get(ACTIVITY).await;
    assert_eq!(page.status, 200, "{page:?}");
    let link = |id: &str| format!("href=\"/console/customers/{id}\">Customer added");
    assert_says(
        &page,
        &[
            &link(id),
            &link(&other),
            "owner@example.com",
            "Key “",
            "Time off removed",
        ],
    );
    for personal in ["Dana Secret", "dana2@", "0505550142", "dana@"] {
        assert!(!page.text.contains(personal), "{personal}: {page:?}");
    }
    assert!(
        !page.text.contains("/console/blocks/"),
        "it has no page any more: {page:?}"
    );
    let later = page.text.find(&link(&other)).unwrap();
    assert!(later < page.text.find(&link(id)).unwrap(), "newest first");

    let history = owner.get(&format!("{ACTIVITY}?id={id}")).await;
    assert!(
        history.text.contains(&link(id)) && !history.text.contains(&link(&other)),
        "{history:?}"
    );
    let kind = owner.get(&format!("{ACTIVITY}?kind=customer")).await;
    assert!(
        kind.text.contains(&link(id)) && !kind.text.contains("Time off removed"),
        "{kind:?}"
    );
    let option = |name: &str| {
        let (before, _) = page.text.split_once(&format!(">{name}</option>")).unwrap();
        let (_, value) = before.rsplit_once("value=\"").unwrap();
        value.trim_end_matches('"').to_owned()
    };
    let own = owner
        .get(&format!("{ACTIVITY}?who={}", option("owner@example.com")))
        .await;
    assert!(
        own.text.contains(&link(&other)) && !own.text.contains(&link(id)),
        "{own:?}"
    );
    let system = owner.get(&format!("{ACTIVITY}?who=system&kind=customer")).await;
    assert_says(&system, &["Nothing was done"]);
    let odd = owner.get(&format!("{ACTIVITY}?id=dana")).await;
    assert_eq!(odd.status, 200);
    assert_says(&odd, &["An id has 24 characters"]);
    for before in ["x", "AAAA"] {
        assert_eq!(
            owner.get(&format!("{ACTIVITY}?before={before}")).await.status,
            404
        );
    }
}

#[tokio::test]
async fn older_activity_is_a_page_away() {
    let app = TestApp::start().await;
    let owner = owner(&app).await;
    for number in 0..60 {
        app.customer(&format!("{number}@example.com")).await;
    }
    let (mut path, mut seen, mut pages) = (format!("{ACTIVITY}?kind=customer"), 0, 0);
    loop {
        let page = owner.get(&path).await;
        assert_eq!(page.status, 200, "{path}: {page:?}");
        seen += page.text.matches("Customer added").count();
        pages += 1;
        let Some((before, _)) = page.text.split_once("\">Older</a>") else {
            break;
        };
        let (_, link) = before.rsplit_once("href=\"").unwrap();
        path = link.replace("&amp;", "&").replace("&#38;", "&");
        assert!(path.contains("kind=customer"), "{path}");
    }
    assert_eq!(seen, 60);
    assert!((2..=3).contains(&pages), "{pages}");
    assert_says(&owner.get(&path).await, &["Newest"]);
}

#[tokio::test]
async fn webhooks_and_activity_are_for_owners() {
    let app = TestApp::start().await;
    let mut owner = owner(&app).await;
    let made = owner
        .post(WEBHOOKS, &new_form("https://example.com/hook", "&preset=all"))
        .await;
    let path = path_of(&made);
    let mut staff: Browser = staff(&mut owner).await;
    for page in [ACTIVITY, WEBHOOKS, &format!("{WEBHOOKS}/new"), &path] {
        assert_eq!(staff.get(page).await.status, 403, "{page}");
    }
    for part in ["edit", "secret", "replay", "remove"] {
        let path = format!("{path}/{part}");
        assert_eq!(staff.get(&path).await.status, 403, "{path}");
        assert_eq!(staff.post(&path, "").await.status, 403, "{path}");
    }
    let form = new_form("https://example.com/hook", "&preset=all");
    assert_eq!(staff.post(WEBHOOKS, &form).await.status, 403);
    assert_eq!(staff.post(&path, "").await.status, 403);
    let calendar = staff.get("/console/calendar").await;
    assert!(!calendar.text.contains("/console/settings"), "{calendar:?}");
    let settings = owner.get("/console/settings/people").await;
    assert_says(&settings, &[WEBHOOKS, ACTIVITY]);
}
