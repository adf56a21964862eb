//! The command line of the real binary.

use e2e::binary::{Ended, Installation, eventually};
use serde_json::json;
use std::time::{Duration, Instant};

fn installation() -> Installation {
    Installation::new(env!("CARGO_BIN_EXE_chatgrow-under-test"))
}

/// Runs a command that must succeed, and returns its output.
async fn printed(installation: &Installation, arguments: &[&str]) -> String {
    let ended = installation.run(arguments).await;
    assert_eq!(ended.code, Some(0), "{arguments:?}: {ended:?}");
    ended.stdout
}

/// Runs a command that must be refused, with an empty standard output and the reason on standard error.
async fn assert_refused(installation: &Installation, arguments: &[&str], reason: &str) {
    let ended = installation.run(arguments).await;
    assert!(
        ended.code.is_some_and(|code| code != 0),
        "{arguments:?}: {ended:?}"
    );
    assert_eq!(ended.stdout, "", "{arguments:?}");
    assert!(ended.stderr.contains(reason), "{arguments:?}: {ended:?}");
    assert!(!ended.stderr.contains("panicked"), "{arguments:?}: {ended:?}");
}

/// A row of `keys list`.
#[derive(Debug)]
struct Row {
    id: String,
    account: String,
    created: String,
    expires: String,
    last_used: String,
    revoked: String,
    scopes: String,
    name: String,
}

async fn keys(installation: &Installation) -> Vec<Row> {
    let table = printed(installation, &["keys", "list"]).await;
    let mut lines = table.lines();
    let header: Vec<_> = lines.next().unwrap().split_whitespace().collect();
    assert_eq!(
        header.join(" "),
        "ID ACCOUNT CREATED EXPIRES LAST USED REVOKED SCOPES NAME"
    );
    lines
        .map(|line| {
            let mut columns = line.split_whitespace().map(str::to_owned);
            let mut next = || columns.next().unwrap();
            Row {
                id: next(),
                account: next(),
                created: next(),
                expires: next(),
                last_used: next(),
                revoked: next(),
                scopes: next(),
                name: columns.collect::<Vec<_>>().join(" "),
            }
        })
        .collect()
}

/// The slugs and names in `accounts list`.
async fn accounts(installation: &Installation) -> Vec<String> {
    let table = printed(installation, &["accounts", "list"]).await;
    let mut lines = table.lines();
    let header: Vec<_> = lines.next().unwrap().split_whitespace().collect();
    assert_eq!(header, ["CREATED", "SLUG", "NAME"]);
    lines
        .map(|line| {
            let mut columns = line.split_whitespace();
            instant(columns.next().unwrap());
            columns.collect::<Vec<_>>().join(" ")
        })
        .collect()
}

async fn key_named(installation: &Installation, name: &str) -> Row {
    let mut rows = keys(installation).await.into_iter();
    rows.find(|row| row.name == name).unwrap()
}

/// A listed instant in a form that compares as text. The list leaves out trailing zeros of the fraction.
fn instant(listed: &str) -> String {
    let (seconds, fraction) = listed.split_at("2026-01-01T00:00:00".len());
    let fraction = fraction.strip_suffix('Z').unwrap().trim_start_matches('.');
    assert!(fraction.bytes().all(|byte| byte.is_ascii_digit()), "{listed}");
    format!("{seconds}.{fraction:0<9}")
}

#[tokio::test]
async fn a_created_key_is_printed_alone_and_works_at_once() {
    let installation = installation();
    let server = installation.start().await;
    let printed = printed(&installation, &["keys", "create", "--name", "Web site"]).await;
    let key = printed.strip_suffix('\n').unwrap();
    assert!(
        key.len() == 57
            && key.starts_with("cg_live_")
            && key[8..].bytes().all(|byte| byte.is_ascii_alphanumeric()),
        "{key:?}"
    );
    assert_eq!(server.get_as(key, "/customers").await.status, 200);

    // The key belongs to the same account as the first key.
    let body = json!({ "name": "Dana", "email": "dana@example.com" });
    assert_eq!(server.post("/customers", body).await.status, 201);
    assert_eq!(server.get_as(key, "/customers").await.json["count"], 1);
}

#[tokio::test]
async fn the_terms_of_a_key_are_changed() {
    let installation = installation();
    let server = installation.start().await;
    let key = printed(
        &installation,
        &["keys", "create", "--name", "Site", "--expires", "2099-01-01"],
    )
    .await;
    let row = key_named(&installation, "Site").await;
    let edit = [
        "keys",
        "edit",
        &row.id,
        "--name",
        "Reports",
        "--scopes",
        "read",
        "--expires",
        "never",
    ];
    assert_eq!(printed(&installation, &edit).await, "");
    let row = key_named(&installation, "Reports").await;
    assert_eq!((row.scopes.as_str(), row.expires.as_str()), ("read", "-"));
    let customer = || json!({ "name": "Dana", "email": "dana@example.com" });
    let api = e2e::ApiClient {
        key: key.trim().to_owned(),
        ..(*server).clone()
    };
    assert_eq!(api.post("/customers", customer()).await.status, 403);
    let everywhere = [
        "keys",
        "edit",
        &row.id,
        "--allow",
        "everywhere",
        "--rate-limit",
        "none",
    ];
    assert_eq!(printed(&installation, &everywhere).await, "");
    assert_refused(
        &installation,
        &["keys", "edit", &row.id, "--allow", "here"],
        "or everywhere",
    )
    .await;
    let nobody = ["keys", "edit", "507f1f77bcf86cd799439011", "--name", "x"];
    assert_refused(&installation, &nobody, "no key with that id").await;
}

#[tokio::test]
async fn a_key_is_made_with_its_terms_and_rotated() {
    let installation = installation();
    let server = installation.start().await;
    let create = [
        "keys",
        "create",
        "--name",
        "reports",
        "--scopes",
        "events:read keys:manage",
    ];
    let terms = [
        "--allow",
        "127.0.0.1,10.0.0.0/8",
        "--rate-limit",
        "9",
        "--expires",
        "2999-01-01",
    ];
    let key = printed(&installation, &[&create[..], &terms].concat()).await;
    let (key, row) = (key.trim(), key_named(&installation, "reports").await);
    assert_eq!(row.scopes, "events:read,keys:manage");
    assert_eq!(server.get_as(key, "/events").await.status, 200);
    assert_eq!(server.get_as(key, "/customers").await.status, 403);
    let shown = server.get_as(key, &format!("/api-keys/{}", row.id)).await;
    let shown = shown.resource(200, "apiKey");
    assert_eq!(shown["allowedAddresses"], json!(["127.0.0.1/32", "10.0.0.0/8"]));
    assert_eq!(shown["rateLimit"], 9);

    let rotate = ["keys", "rotate", &row.id, "--overlap", "1"];
    let successor = printed(&installation, &rotate).await;
    for key in [key, successor.trim()] {
        assert_eq!(server.get_as(key, "/events").await.status, 200);
    }
    let rows = keys(&installation).await;
    let (old, new) = (&rows[rows.len() - 2], &rows[rows.len() - 1]);
    assert_eq!((&old.name, &old.scopes), (&new.name, &new.scopes));
    assert!(instant(&old.expires) < instant(&new.expires), "{old:?} {new:?}");
    assert_refused(&installation, &rotate, &format!("its successor is {}", new.id)).await;
}

#[tokio::test]
async fn commands_work_on_a_new_database_too() {
    let installation = installation();
    let key = printed(&installation, &["keys", "create", "--name", "First"]).await;
    let rows = keys(&installation).await;
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!(
        (rows[0].account.as_str(), rows[0].name.as_str()),
        ("default", "First")
    );
    assert!(key.starts_with("cg_live_"));
}

#[tokio::test]
async fn processes_that_start_at_once_on_a_new_database_all_start() {
    for _ in 0..3 {
        let installation = installation();
        let create = ["keys", "create", "--name", "web"];
        let (a, b, c, d) = tokio::join!(
            installation.run(&create),
            installation.run(&create),
            installation.run(&create),
            installation.run(&create),
        );
        for ended in [a, b, c, d] {
            assert_eq!(ended.code, Some(0), "{ended:?}");
        }
        assert_eq!(accounts(&installation).await, ["default Default account"]);
    }
}

#[tokio::test]
async fn another_account_has_its_own_data() {
    let installation = installation();
    let server = installation.start().await;
    let created = printed(
        &installation,
        &["accounts", "create", "studio-7", "--name", "סטודיו שבע"],
    )
    .await;
    assert_eq!(created, "studio-7\n");
    let mut accounts = accounts(&installation).await;
    accounts.sort();
    assert_eq!(accounts, ["default Default account", "studio-7 סטודיו שבע"]);

    let arguments = ["keys", "create", "--account", "studio-7", "--name", "Site"];
    let key = printed(&installation, &arguments).await;
    let body = json!({ "name": "Dana", "email": "dana@example.com" });
    assert_eq!(server.post("/customers", body).await.status, 201);
    let customers = server.get_as(key.trim_end(), "/customers").await;
    assert_eq!((customers.status, &customers.json["count"]), (200, &json!(0)));
    assert_eq!(key_named(&installation, "Site").await.account, "studio-7");
}

#[tokio::test]
async fn lists_begin_with_the_oldest() {
    let installation = installation();
    // Each is created by its own process, most within one second.
    for number in 0..6 {
        let (slug, name) = (format!("a{number}"), number.to_string());
        printed(&installation, &["accounts", "create", &slug, "--name", "x"]).await;
        printed(&installation, &["keys", "create", "--name", &name]).await;
    }
    let keys: Vec<_> = keys(&installation)
        .await
        .into_iter()
        .map(|row| row.name)
        .collect();
    let accounts = accounts(&installation).await;
    assert_eq!(
        accounts,
        [
            "default Default account",
            "a0 x",
            "a1 x",
            "a2 x",
            "a3 x",
            "a4 x",
            "a5 x"
        ]
    );
    assert_eq!(keys, ["0", "1", "2", "3", "4", "5"]);
}

#[tokio::test]
async fn a_revoked_key_stops_working_within_a_second() {
    let installation = installation();
    let server = installation.start().await;
    let key = printed(&installation, &["keys", "create", "--name", "Lost"]).await;
    let key = key.trim_end();
    let id = key_named(&installation, "Lost").await.id;
    assert_eq!(key_named(&installation, "Lost").await.revoked, "-");
    // The server has the key in memory, and would keep it.
    assert_eq!(server.get_as(key, "/customers").await.status, 200);

    assert_eq!(printed(&installation, &["keys", "revoke", &id]).await, "");
    let revoked = Instant::now();
    let answer = eventually("the key is refused", async || {
        let answer = server.get_as(key, "/customers").await;
        (answer.status != 200).then_some(answer)
    })
    .await;
    assert!(
        revoked.elapsed() < Duration::from_secs(1),
        "{:?}",
        revoked.elapsed()
    );
    assert_eq!(answer.status, 401);
    assert_eq!(
        answer.text,
        r#"{"success":false,"message":"Invalid API Key","error":"Authentication failed"}"#
    );

    // The other keys still work, and the list shows the revocation.
    assert_eq!(server.get("/customers").await.status, 200);
    let row = key_named(&installation, "Lost").await;
    assert!(instant(&row.revoked) >= instant(&row.created), "{row:?}");
    assert_eq!(key_named(&installation, "First key").await.revoked, "-");

    // Revoking it again changes nothing.
    printed(&installation, &["keys", "revoke", &id]).await;
    assert_eq!(key_named(&installation, "Lost").await.revoked, row.revoked);
}

#[tokio::test]
async fn an_expiry_is_in_the_future_and_listed() {
    let installation = installation();
    let server = installation.start().await;
    let create = |expires| ["keys", "create", "--name", "Season", "--expires", expires];
    for past in ["2020-01-01", "1970-01-01", "0001-01-01"] {
        assert_refused(&installation, &create(past), "the expiry must be in the future").await;
    }
    for no_date in ["tomorrow", "2099-02-30", "31.12.2099", "2099-12-31T12:00:00Z", ""] {
        assert_refused(&installation, &create(no_date), "--expires").await;
    }
    assert_eq!(keys(&installation).await.len(), 1, "only the first key");

    let key = printed(&installation, &create("2099-12-31")).await;
    assert_eq!(server.get_as(key.trim_end(), "/customers").await.status, 200);
    assert_eq!(
        key_named(&installation, "Season").await.expires,
        "2099-12-31T00:00:00.000Z"
    );
    assert_eq!(key_named(&installation, "First key").await.expires, "-");
}

#[tokio::test]
async fn the_last_use_of_a_key_is_listed() {
    let installation = installation();
    let server = installation.start().await;
    printed(&installation, &["keys", "create", "--name", "Idle"]).await;
    let key = printed(&installation, &["keys", "create", "--name", "Busy"]).await;
    assert_eq!(key_named(&installation, "Busy").await.last_used, "-");
    assert_eq!(server.get_as(key.trim_end(), "/customers").await.status, 200);
    assert_eq!(server.get_as("guess", "/customers").await.status, 401);
    assert_eq!(server.stop().await.code, Some(0));

    let row = key_named(&installation, "Busy").await;
    assert!(instant(&row.last_used) >= instant(&row.created), "{row:?}");
    assert_eq!(key_named(&installation, "Idle").await.last_used, "-");
}

#[tokio::test]
async fn a_list_of_keys_shows_no_secret() {
    let installation = installation();
    let mut secrets = vec![installation.start().await.key.clone()];
    let created = printed(&installation, &["keys", "create", "--name", "Site"]).await;
    secrets.push(created.trim_end().to_owned());
    let id = key_named(&installation, "Site").await.id;
    printed(&installation, &["keys", "revoke", &id]).await;

    let Ended { stdout, stderr, .. } = installation.run(&["keys", "list"]).await;
    let shown = stdout + &stderr;
    for secret in secrets {
        assert!(!shown.contains(&secret[8..24]), "{shown}");
        assert!(!shown.contains(&secret[secret.len() - 10..]), "{shown}");
    }
    // A digest is longer than an instant in any notation.
    for word in shown.split_whitespace() {
        assert!(word.len() <= "2026-01-01T00:00:00.000000000Z".len(), "{word}");
    }
    assert!(!shown.contains("cg_live_"), "{shown}");
}

#[tokio::test]
async fn mistakes_are_told() {
    let installation = installation();
    printed(
        &installation,
        &["accounts", "create", "studio", "--name", "Studio"],
    )
    .await;
    let unknown = "0123456789abcdef01234567";
    let long_slug = "a".repeat(64);
    let long_name = "a".repeat(201);
    let cases: [(&[&str], &str); 25] = [
        (
            &["accounts", "create", "studio", "--name", "Another"],
            "there is an account with that slug already",
        ),
        (&["accounts", "create", "Studio", "--name", "x"], "<SLUG>"),
        (&["accounts", "create", "a b", "--name", "x"], "<SLUG>"),
        (&["accounts", "create", "a_b", "--name", "x"], "<SLUG>"),
        (&["accounts", "create", "סטודיו", "--name", "x"], "<SLUG>"),
        (&["accounts", "create", "", "--name", "x"], "<SLUG>"),
        (&["accounts", "create", &long_slug, "--name", "x"], "<SLUG>"),
        (&["accounts", "create", "b", "--name", " "], "--name"),
        (&["accounts", "create", "b", "--name", &long_name], "--name"),
        (&["accounts", "create", "b"], "--name"),
        (
            &["keys", "create", "--name", "x", "--account", "nobody"],
            "there is no account nobody",
        ),
        (
            &["keys", "create", "--name", "x", "--account", "No Body"],
            "--account",
        ),
        (&["keys", "create", "--name", ""], "--name"),
        (&["keys", "create"], "--name"),
        (
            &["keys", "create", "--name", "x", "--scopes", "customers"],
            "--scopes",
        ),
        (
            &["keys", "create", "--name", "x", "--allow", "localhost"],
            "--allow",
        ),
        (
            &["keys", "create", "--name", "x", "--rate-limit", "0"],
            "--rate-limit",
        ),
        (&["keys", "rotate", unknown], "there is no key with that id"),
        (&["keys", "rotate", unknown, "--overlap", "721"], "--overlap"),
        (&["keys", "rotate"], "ID"),
        (&["keys", "revoke", unknown], "there is no key with that id"),
        (&["keys", "revoke", "nonsense"], "nonsense"),
        (&["keys", "revoke", ""], "ID"),
        (&["keys", "revoke"], "ID"),
        (&["key", "list"], "keys"),
    ];
    for (arguments, reason) in cases {
        assert_refused(&installation, arguments, reason).await;
    }
    assert_eq!(accounts(&installation).await.len(), 2);
    assert_eq!(keys(&installation).await.len(), 0);
}

#[tokio::test]
async fn commands_tell_of_a_bad_configuration_and_a_bad_database() {
    let installation = installation();
    let with = async |name, value| {
        let mut command = installation.command(&["keys", "list"]);
        command.env(name, value);
        let ended = e2e::binary::ended(command).await;
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{ended:?}");
        ended.stderr
    };
    assert!(with("DATABASE_URL", "chatgrow.db").await.contains("DATABASE_URL"));
    assert!(
        with("DATABASE_URL", "sqlite://no/such/folder/x.db")
            .await
            .contains("no/such/folder/x.db")
    );
    assert!(installation.files().is_empty(), "{:?}", installation.files());
}
