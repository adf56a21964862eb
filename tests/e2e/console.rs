//! The console over HTTP: who gets in, and what protects its pages. What a browser shows is tested in tests/browser.

mod delivery;

use crate::api::each_store;
use chatgrow_api::Settings;
use chatgrow_domain::{AccountSlug, Role};
use e2e::{
    Answer, ApiClient, Store, TestApp,
    binary::{Ended, Installation},
    settings,
};
use reqwest::{Client, Method, RequestBuilder, redirect::Policy};
use rstest_reuse::apply;
use serde_json::json;

const PASSWORD: &str = "correct+horse+battery";

/// A browser: it keeps the cookie of a session, and follows no redirect.
#[derive(Clone)]
struct Browser {
    origin: String,
    client: Client,
    cookie: Option<String>,
    forwarded_https: bool,
}

impl Browser {
    fn new(api: &ApiClient) -> Self {
        Self {
            origin: api.origin.clone(),
            client: Client::builder().redirect(Policy::none()).build().unwrap(),
            cookie: None,
            forwarded_https: false,
        }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let mut request = self.client.request(method, format!("{}{path}", self.origin));
        if let Some(cookie) = &self.cookie {
            request = request.header("Cookie", cookie);
        }
        if self.forwarded_https {
            request = request.header("X-Forwarded-Proto", "https");
        }
        request
    }

    async fn get(&self, path: &str) -> Answer {
        Answer::to(self.request(Method::GET, path)).await
    }

    /// Sends a form, as a page of the console does. Keeps the session that the answer begins.
    async fn post(&mut self, path: &str, form: &str) -> Answer {
        let request = self
            .request(Method::POST, path)
            .header("Sec-Fetch-Site", "same-origin");
        let answer = Answer::to(request.body(form.to_owned())).await;
        if let Some(cookie) = answer.header("set-cookie") {
            self.cookie = cookie.split(';').next().map(str::to_owned);
        }
        answer
    }

    /// The first input with that value attribute's start, in a page.
    fn link_of(answer: &Answer) -> String {
        let (_, rest) = answer.text.split_once("/console/password#").unwrap();
        rest.split('"').next().unwrap().to_owned()
    }
}

fn location(answer: &Answer) -> &str {
    assert_eq!(answer.status, 303, "{answer:?}");
    answer.header("location").unwrap()
}

/// The first owner of an account, signed in.
async fn owner_of(app: &TestApp, slug: &str, email: &str) -> Browser {
    let users = &app.application.access.users;
    let token = users
        .set_up_link(&AccountSlug::new(slug).unwrap())
        .await
        .unwrap()
        .unwrap();
    let mut browser = Browser::new(app);
    let form = format!(
        "code={}&email={email}&password={PASSWORD}&business=Studio+{slug}&language=en&zone=Asia/Jerusalem",
        token.reveal()
    );
    assert_eq!(location(&browser.post("/console/setup", &form).await), "/console");
    browser
}

async fn owner(app: &TestApp) -> Browser {
    owner_of(app, "default", "owner@example.com").await
}

/// A member of staff, invited by the owner.
async fn staff(owner: &mut Browser) -> Browser {
    let invited = owner
        .post("/console/settings/people", "email=staff@example.com&role=staff")
        .await;
    let mut staff = Browser {
        cookie: None,
        ..owner.clone()
    };
    let form = format!("code={}&password={PASSWORD}", Browser::link_of(&invited));
    assert_eq!(
        location(&staff.post("/console/password", &form).await),
        "/console"
    );
    staff
}

#[apply(each_store)]
async fn an_account_is_set_up_once(store: Store) {
    let Some(app) = TestApp::start_on(store).await else {
        return;
    };
    let users = &app.application.access.users;
    let link = async || users.set_up_link(&AccountSlug::default()).await.unwrap();
    let (one, other) = (link().await.unwrap(), link().await.unwrap());
    let mut browser = Browser::new(&app);
    let form = |code: &str, password: &str| {
        format!(
            "code={code}&email=dana@example.com&password={password}&business=Studio&language=he&zone=asia/jerusalem"
        )
    };
    let short = browser.post("/console/setup", &form(one.reveal(), "short")).await;
    assert_eq!(short.status, 422, "{short:?}");
    assert!(
        short.text.contains(one.reveal()),
        "what was typed is kept, but for the password"
    );
    assert!(!short.text.contains("\"short\""), "{short:?}");

    let done = browser
        .post("/console/setup", &form(one.reveal(), PASSWORD))
        .await;
    assert_eq!(location(&done), "/console");
    let cookie = done.header("set-cookie").unwrap();
    for part in ["chatgrow=", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(
        !cookie.contains("Secure"),
        "a browser on a LAN would not send it back: {cookie}"
    );
    let page = browser.get("/console/me").await;
    assert!(
        page.text.contains("dana@example.com") && page.text.contains("lang=\"he\""),
        "{page:?}"
    );

    for used in [one, other] {
        let gone = Browser::new(&app)
            .post("/console/setup", &form(used.reveal(), PASSWORD))
            .await;
        assert_eq!(gone.status, 422, "one use ends all links: {gone:?}");
    }
    assert!(link().await.is_none(), "an account with an owner is set up");
}

#[tokio::test]
async fn pages_are_protected() {
    let app = TestApp::start().await;
    let owner = owner(&app).await;
    let stranger = Browser::new(&app);
    assert_eq!(location(&stranger.get("/").await), "/console");
    assert_eq!(
        location(&stranger.get("/console/settings/people?x=1").await),
        "/console/login?next=%2Fconsole%2Fsettings%2Fpeople%3Fx%3D1"
    );
    for (browser, path, status) in [
        (&stranger, "/console/login", 200),
        (&stranger, "/console/nowhere", 404),
        (&stranger, "/console/calendar", 303),
        (&owner, "/console/calendar", 200),
        (&owner, "/console/settings/api-keys", 200),
        (&owner, "/console/appointments/507f1f77bcf86cd799439011", 404),
    ] {
        let page = browser.get(path).await;
        assert_eq!(page.status, status, "{path}: {page:?}");
        assert_eq!(page.header("cache-control"), Some("no-store"), "{path}");
        assert_eq!(page.header("referrer-policy"), Some("same-origin"), "{path}");
        assert_eq!(page.header("x-content-type-options"), Some("nosniff"), "{path}");
        let policy = page.header("content-security-policy").unwrap();
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "frame-ancestors 'none'",
            "form-action 'self'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        for inline in ["<style", " style=", "<script>", "onclick="] {
            assert!(!page.text.contains(inline), "{path}: {inline}");
        }
        // The size on the wire, behind a proxy that compresses, is smaller still.
        assert!(page.text.len() < 60_000, "{path}: {} bytes", page.text.len());
    }
    let login = stranger.get("/console/login").await;
    let (_, style) = login.text.split_once("stylesheet\" href=\"").unwrap();
    let style = stranger.get(style.split('"').next().unwrap()).await;
    assert_eq!(style.header("content-type"), Some("text/css; charset=utf-8"));
    assert_eq!(
        style.header("cache-control"),
        Some("public, max-age=31536000, immutable")
    );
}

#[tokio::test]
async fn forms_of_other_sites_are_refused() {
    let app = TestApp::start().await;
    let owner = owner(&app).await;
    let host = owner.origin.strip_prefix("http://").unwrap().to_owned();
    let own = format!("http://{host}");
    for (site, origin, admitted) in [
        (Some("same-origin"), None, true),
        (Some("same-origin"), Some("https://example.com"), true),
        (Some("cross-site"), Some(own.as_str()), false),
        (Some("same-site"), None, false),
        (Some("none"), None, false),
        (None, Some(own.as_str()), true),
        (None, Some("https://example.com"), false),
        (None, Some("null"), false),
        (None, None, false),
    ] {
        let mut request = owner
            .request(Method::POST, "/console/me/language")
            .body("language=he");
        if let Some(site) = site {
            request = request.header("Sec-Fetch-Site", site);
        }
        if let Some(origin) = origin {
            request = request.header("Origin", origin);
        }
        let answer = Answer::to(request).await;
        let status = if admitted { 303 } else { 403 };
        assert_eq!(answer.status, status, "{site:?} {origin:?}: {answer:?}");
    }
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_look_alike() {
    let app = TestApp::start().await;
    owner(&app).await;
    let mut browser = Browser::new(&app);
    let mut attempt = async |email: &str, password: &str| {
        let form = format!("email={email}&password={password}&next=//example.com");
        browser.post("/console/login", &form).await
    };
    let wrong = attempt("owner@example.com", "a+wrong+password").await;
    let unknown = attempt("nobody@example.com", "a+wrong+password").await;
    assert_eq!((wrong.status, unknown.status), (422, 422));
    assert_eq!(wrong.text.replace("owner@", "nobody@"), unknown.text);
    let right = attempt("OWNER@example.com", PASSWORD).await;
    assert_eq!(location(&right), "/console", "no link leads elsewhere");
    // Ten for a user at once.
    for _ in 0..8 {
        assert_eq!(attempt("owner@example.com", "a+wrong+password").await.status, 422);
    }
    assert_eq!(attempt("owner@example.com", PASSWORD).await.status, 429);
    assert_eq!(attempt("nobody@example.com", PASSWORD).await.status, 422);
}

#[apply(each_store)]
async fn who_is_disabled_is_out_at_once(store: Store) {
    let Some(app) = TestApp::start_on(store).await else {
        return;
    };
    let mut owner = owner(&app).await;
    let staff = staff(&mut owner).await;
    assert_eq!(staff.get("/console/calendar").await.status, 200);
    let users = &app.application.access.users;
    let listed = users.list_all().await.unwrap();
    let [boss, member] = [Role::Owner, Role::Staff].map(|role| {
        listed
            .iter()
            .find(|listed| listed.user.role == role)
            .unwrap()
            .user
            .id
    });
    let last = owner
        .post(&format!("/console/settings/people/{boss}"), "do=disable")
        .await;
    assert_eq!(last.status, 422, "the last owner stays: {last:?}");
    let path = format!("/console/settings/people/{member}");
    assert_eq!(owner.post(&path, "do=disable").await.status, 303);
    assert!(location(&staff.get("/console/calendar").await).starts_with("/console/login"));
    assert_eq!(owner.post(&path, "do=enable").await.status, 303);
    assert_eq!(
        staff.get("/console/calendar").await.status,
        303,
        "a session from before stays ended"
    );
    let mut again = Browser::new(&app);
    let form = format!("email=staff@example.com&password={PASSWORD}");
    assert_eq!(again.post("/console/login", &form).await.status, 303);
}

#[apply(each_store)]
async fn another_password_ends_other_sessions(store: Store) {
    let Some(app) = TestApp::start_on(store).await else {
        return;
    };
    let mut here = owner(&app).await;
    let mut there = Browser::new(&app);
    let form = format!("email=owner@example.com&password={PASSWORD}");
    assert_eq!(there.post("/console/login", &form).await.status, 303);
    let wrong = here
        .post(
            "/console/me/password",
            "old=not+this+one&password=another+password",
        )
        .await;
    assert_eq!(wrong.status, 422);
    assert_eq!(there.get("/console/me").await.status, 200);
    let form = format!("old={PASSWORD}&password=another+password");
    assert_eq!(
        location(&here.post("/console/me/password", &form).await),
        "/console/me"
    );
    assert_eq!(here.get("/console/me").await.status, 200);
    assert_eq!(there.get("/console/me").await.status, 303);

    // A link from before resets nothing any more.
    let users = &app.application.access.users;
    let id = users.list_all().await.unwrap()[0].user.id;
    let link = users.reset_any(id).await.unwrap();
    let form = "old=another+password&password=yet+another+one";
    assert_eq!(here.post("/console/me/password", form).await.status, 303);
    let form = format!("code={}&password={PASSWORD}", link.reveal());
    assert_eq!(
        Browser::new(&app).post("/console/password", &form).await.status,
        422
    );

    let before = here.clone();
    assert_eq!(
        location(&here.post("/console/logout", "").await),
        "/console/login"
    );
    assert_eq!(
        before.get("/console/me").await.status,
        303,
        "a stolen cookie is of no use after signing out"
    );
}

#[apply(each_store)]
async fn staff_does_the_daily_work_only(store: Store) {
    let Some(app) = TestApp::start_on(store).await else {
        return;
    };
    let mut owner = owner(&app).await;
    let mut staff = staff(&mut owner).await;
    for path in [
        "/console/settings/api-keys",
        "/console/settings/people",
        "/console/blocks/new",
    ] {
        assert_eq!(staff.get(path).await.status, 403, "{path}");
        assert_eq!(owner.get(path).await.status, 200, "{path}");
    }
    let form = "name=site&preset=full";
    assert_eq!(staff.post("/console/settings/api-keys", form).await.status, 403);
    let booking = "email=noa@example.com&name=Noa&date=2030-06-11&time=10:00&type=lesson&duration=30";
    let booked = staff.post("/console/appointments", booking).await;
    assert!(location(&booked).starts_with("/console/appointments/"));
    let once = "form=page-8&email=noa@example.com&date=2030-06-12&time=10:00&type=lesson&duration=30";
    assert!(location(&staff.post("/console/appointments", once).await).starts_with("/console/appointments/"));
    let again = staff.post("/console/appointments", once).await;
    assert_eq!(
        location(&again),
        "/console/calendar",
        "it does not conflict with itself"
    );
    let taken = staff.post("/console/appointments", booking).await;
    assert_eq!(taken.status, 422);
    assert!(
        taken.text.contains("name=\"start\" value=\"2030-06-11T10:30\""),
        "{taken:?}"
    );
    let offered = format!("{booking}&start=2030-06-11T10:30");
    assert_eq!(staff.post("/console/appointments", &offered).await.status, 303);
}

#[tokio::test]
async fn a_key_is_shown_once_and_works() {
    let app = TestApp::start().await;
    let mut owner = owner(&app).await;
    let form = "name=Website&preset=custom&scope=customers:read&scope=events:read&allowed=127.0.0.0/8";
    let made = owner.post("/console/settings/api-keys", form).await;
    assert_eq!(made.status, 200, "{made:?}");
    let (_, rest) = made.text.split_once("value=\"cg_live_").unwrap();
    let key = format!("cg_live_{}", rest.split('"').next().unwrap());
    let with_key = app.with_key(key.clone());
    assert_eq!(with_key.get("/customers").await.status, 200);
    assert_eq!(with_key.get("/appointments").await.status, 403);
    let list = owner.get("/console/settings/api-keys").await;
    assert!(
        list.text.contains("Website") && !list.text.contains(&key),
        "{list:?}"
    );

    // The same form again: a double click, or a page that is loaded again.
    let twice = "form=page-7&name=Twice&preset=read";
    assert_eq!(owner.post("/console/settings/api-keys", twice).await.status, 200);
    let again = owner.post("/console/settings/api-keys", twice).await;
    assert!(
        again.status == 200 && !again.text.contains("cg_live_"),
        "{again:?}"
    );
    let keys = app.application.access.api_keys.list_all().await.unwrap();
    let named = keys
        .iter()
        .filter(|listed| listed.key.terms.name.as_str() == "Twice");
    assert_eq!(named.count(), 1);

    let made = keys
        .iter()
        .find(|listed| listed.key.terms.name.as_str() == "Website")
        .unwrap();
    let path = format!("/console/settings/api-keys/{}", made.key.id);
    assert_eq!(
        owner.post(&path, "do=revoke&name=another").await.status,
        422,
        "not confirmed"
    );
    assert_eq!(with_key.get("/customers").await.status, 200);
    assert_eq!(
        location(&owner.post(&path, "do=revoke&name=Website").await),
        "/console/settings/api-keys"
    );
}

#[tokio::test]
async fn accounts_are_apart() {
    let app = TestApp::start().await;
    let other = app.with_key(app.new_account("other").await);
    let mine = owner(&app).await;
    let mut theirs = owner_of(&app, "other", "owner@example.com").await;
    let booking = json!({
        "customer": { "email": "noa@example.com", "name": "Noa Secret" },
        "date": "2030-06-11", "time": "10:00", "serviceType": "lesson",
    });
    let booked = app.post("/appointments", booking).await;
    let id = booked.json["appointment"]["id"].as_str().unwrap();
    assert_eq!(mine.get(&format!("/console/appointments/{id}")).await.status, 200);
    for path in ["", "/move", "/cancel"] {
        let path = format!("/console/appointments/{id}{path}");
        assert_eq!(theirs.get(&path).await.status, 404, "{path}");
    }
    assert_eq!(
        theirs
            .post(&format!("/console/appointments/{id}"), "do=cancelled")
            .await
            .status,
        404
    );
    let calendar = "/console/calendar?date=2030-06-11";
    assert!(mine.get(calendar).await.text.contains("Noa Secret"));
    assert!(!theirs.get(calendar).await.text.contains("Noa Secret"));
    assert_eq!(other.get("/appointments").await.list("appointments").len(), 0);

    // Both accounts know the address and the password, so the business is asked for.
    let mut browser = Browser::new(&app);
    let form = format!("email=owner@example.com&password={PASSWORD}");
    let asked = browser.post("/console/login", &form).await;
    assert!(
        asked.status == 200 && asked.text.contains("value=\"other\""),
        "{asked:?}"
    );
    let form = format!("{form}&business=other");
    assert_eq!(location(&browser.post("/console/login", &form).await), "/console");
    assert!(browser.get("/console/me").await.text.contains("Studio other"));
}

#[tokio::test]
async fn neither_side_takes_what_opens_the_other() {
    let app = TestApp::start().await;
    let owner = owner(&app).await;
    let path = "/api/webhooks/customers";
    assert_eq!(owner.get(path).await.status, 401, "the API takes no cookie");
    let request = Browser::new(&app).request(Method::GET, "/console/calendar");
    let answer = Answer::to(request.header("X-API-Key", &app.key)).await;
    assert_eq!(answer.status, 303, "the console takes no key");
}

#[tokio::test]
async fn over_https_the_cookie_is_for_this_host_alone() {
    let mut with_proxy: Settings = settings();
    with_proxy.proxies.trusted = vec!["127.0.0.0/8".parse().unwrap()];
    let app = TestApp::start_with(with_proxy).await;
    let mut plain = owner(&app).await;
    assert!(plain.cookie.clone().unwrap().starts_with("chatgrow="));
    let mut secure = Browser {
        cookie: None,
        forwarded_https: true,
        ..plain.clone()
    };
    let form = format!("email=owner@example.com&password={PASSWORD}");
    let signed_in = secure.post("/console/login", &form).await;
    let cookie = signed_in.header("set-cookie").unwrap();
    assert!(
        cookie.starts_with("__Host-chatgrow=") && cookie.contains("Secure"),
        "{cookie}"
    );
    let page = secure.get("/console/me").await;
    assert_eq!(page.status, 200);
    assert!(page.header("strict-transport-security").is_some());
    plain.forwarded_https = true;
    assert_eq!(
        plain.get("/console/me").await.status,
        303,
        "over HTTPS no other cookie is accepted"
    );
}

#[tokio::test]
async fn what_others_have_changed_is_not_overwritten() {
    let app = TestApp::start().await;
    let mut owner = owner(&app).await;
    let booking = json!({
        "customer": { "email": "noa@example.com", "name": "Noa" },
        "date": "2030-06-11", "time": "10:00", "serviceType": "lesson",
    });
    let booked = app.post("/appointments", booking).await;
    let id = booked.json["appointment"]["id"].as_str().unwrap();
    let path = format!("/console/appointments/{id}");
    let revision = |page: &Answer| {
        let (_, rest) = page.text.split_once("name=\"revision\" value=\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    let (shown, moving) = (
        revision(&owner.get(&path).await),
        revision(&owner.get(&format!("{path}/move")).await),
    );
    let other = app
        .patch(&format!("/appointments/{id}"), json!({ "notes": "By the API" }))
        .await;
    assert_eq!(other.status, 200);
    let form = |revision: &str| format!("do=notes&revision={revision}&notes=By+the+owner");
    let refused = owner.post(&path, &form(&shown)).await;
    assert!(
        refused.status == 422 && refused.text.contains("By the owner"),
        "{refused:?}"
    );
    // The form that is shown again may be sent again.
    assert_eq!(owner.post(&path, &form(&revision(&refused))).await.status, 303);
    let to = |revision: &str| format!("revision={revision}&date=2030-06-12&time=11:00&duration=60");
    let move_path = format!("{path}/move");
    let refused = owner.post(&move_path, &to(&moving)).await;
    assert!(
        refused.status == 422 && refused.text.contains("11:00"),
        "{refused:?}"
    );
    assert_eq!(owner.post(&move_path, &to(&revision(&refused))).await.status, 303);
}

#[tokio::test]
async fn odd_requests_get_pages_too() {
    let app = TestApp::start().await;
    let mut owner = owner(&app).await;
    let mut stranger = Browser::new(&app);
    let long = |letters: usize| format!("email=dana@example.com&password={}", "x".repeat(letters));
    assert_eq!(stranger.post("/console/login", &long(5_000)).await.status, 413);
    assert_eq!(owner.post("/console/me/password", &long(5_000)).await.status, 422);
    assert_eq!(
        owner.post("/console/me/password", &long(66_000)).await.status,
        413
    );
    assert_eq!(
        owner.post("/console/me/language", "language=%ff").await.status,
        400
    );
    let no_page = owner.get("/console/blocks").await;
    assert!(
        no_page.status == 405 && no_page.text.contains("<h1>"),
        "{no_page:?}"
    );
    assert_eq!(location(&owner.get("/console/").await), "/console/welcome");
    let preset = owner
        .post("/console/settings/api-keys", "name=Site&preset=bogus")
        .await;
    assert_eq!(preset.status, 422, "no key is made by mistake");
    for date in ["0001-01-01", "9999-12-31", "nonsense"] {
        for view in ["day", "week"] {
            let path = format!("/console/calendar?view={view}&date={date}&resource=x");
            assert_eq!(owner.get(&path).await.status, 200, "{path}");
        }
    }
    // Time off that is years long is shown on each of its days.
    let form =
        "from-date=2030-01-01&from-time=09:00&until-date=2033-01-01&until-time=09:00&reason=Sabbatical";
    assert_eq!(owner.post("/console/blocks", form).await.status, 303);
    let day = owner.get("/console/calendar?view=day&date=2032-06-01").await;
    assert!(
        day.text.contains("Sabbatical") && day.text.contains("00:00<span>–24:00"),
        "{day:?}"
    );
}

fn installation() -> Installation {
    Installation::new(env!("CARGO_BIN_EXE_chatgrow-under-test"))
}

async fn printed(installation: &Installation, arguments: &[&str]) -> String {
    let ended = installation.run(arguments).await;
    assert_eq!(ended.code, Some(0), "{arguments:?}: {ended:?}");
    ended.stdout
}

#[tokio::test]
async fn the_operator_opens_the_way_in() {
    let installation = installation();
    let server = installation.start().await;
    let mut browser = Browser::new(&server);
    let link = printed(&installation, &["setup-link"]).await;
    let (address, token) = link.trim().split_once('#').unwrap();
    assert!(address.ends_with("/console/setup"), "{link}");
    let form = format!(
        "code={token}&email=dana@example.com&password={PASSWORD}&business=Studio&language=en&zone=UTC"
    );
    assert_eq!(browser.post("/console/setup", &form).await.status, 303);

    let refused = installation.run(&["setup-link"]).await;
    assert!(
        refused.code != Some(0) && refused.stderr.contains("is set up"),
        "{refused:?}"
    );
    let table = printed(&installation, &["users", "list"]).await;
    let row: Vec<_> = table.lines().nth(1).unwrap().split_whitespace().collect();
    assert!(
        row.contains(&"owner") && row.contains(&"dana@example.com"),
        "{table}"
    );
    let last = installation.run(&["users", "disable", row[0]]).await;
    assert!(last.stderr.contains("last owner"), "{last:?}");

    let reset = printed(&installation, &["users", "reset", row[0]]).await;
    let (_, token) = reset.trim().split_once('#').unwrap();
    let mut again = Browser::new(&server);
    let form = format!("code={token}&password=another+password");
    assert_eq!(again.post("/console/password", &form).await.status, 303);
    assert_eq!(
        browser.get("/console/me").await.status,
        303,
        "a new password ends all sessions"
    );

    let Ended { stdout, stderr, .. } = server.stop().await;
    assert!(stdout.contains("/console/setup#"), "{stdout}");
    for secret in ["dana@", PASSWORD, token] {
        assert!(!stderr.contains(secret), "{secret} is in the log: {stderr}");
    }
    assert!(stderr.contains("an account was set up"), "{stderr}");
    let server = installation.start().await;
    let Ended { stdout, .. } = server.stop().await;
    assert!(!stdout.contains("/console/setup"), "{stdout}");
}

#[tokio::test]
async fn the_console_can_be_switched_off() {
    let installation = installation();
    let mut command = installation.command(&[]);
    command.env("CONSOLE", "false");
    let server = installation.start_as(command).await;
    let browser = Browser::new(&server);
    for path in ["/", "/console", "/console/login"] {
        let answer = browser.get(path).await;
        answer.assert_error(404, "NOT_FOUND", "Path not found");
    }
    let Ended { stdout, .. } = server.stop().await;
    assert!(!stdout.contains("onsole"), "{stdout}");
}
