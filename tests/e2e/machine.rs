//! The machine that a server runs on: who else can read its files, what its messages reveal, and a full disk.

use crate::strangers::{installation, start};
use e2e::{
    Answer,
    binary::{ended, eventually},
};
use serde_json::json;
use std::{
    fs,
    io::{Write, stderr},
    process::Command,
};

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_may_read_the_database() {
    use std::os::unix::fs::PermissionsExt;
    let installation = installation();
    let server = installation
        .start_as(installation.shell("umask 0; exec \"$0\""))
        .await;
    server.customer("dana@example.com").await;
    let reserve = "chatgrow.db-reserve".to_owned();
    eventually("the reserve is there", async || {
        installation.files().contains(&reserve).then_some(())
    })
    .await;
    assert_eq!(
        installation.files(),
        [
            "chatgrow.db",
            "chatgrow.db-reserve",
            "chatgrow.db-shm",
            "chatgrow.db-wal"
        ]
    );
    for file in installation.files() {
        let mode = fs::metadata(installation.path(&file))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

/// A file in a parent folder may belong to anyone.
#[tokio::test]
async fn a_dot_env_of_a_folder_above_is_not_read() {
    let installation = installation();
    fs::write(installation.path(".env"), "LOG_FORMAT=xml\n").unwrap();
    fs::create_dir(installation.path("below")).unwrap();
    let listed = ended(installation.shell("cd below && exec \"$0\" accounts list")).await;
    assert_eq!(listed.code, Some(0), "{listed:?}");
    let refused = installation.run(&["accounts", "list"]).await;
    assert!(refused.stderr.contains("LOG_FORMAT must be"), "{refused:?}");
}

#[tokio::test]
async fn no_message_tells_a_password() {
    let installation = installation();
    for url in [
        "postgres://me:hush@hush@host:hush/x",
        "postgres://me:hu?hush@host/x",
        "postgres://me:hush@host:99999/x",
        "postgres://me:hush@host/x?sslmode=hush",
        "postgresql:/me:hush@host/x",
        "mysql://me:hush@host/x",
        "postgres://me:hush@127.0.0.1:1/x",
    ] {
        for arguments in [
            ["copy", "--from", url, "--to", "sqlite://x.db"],
            ["copy", "--from", "sqlite://y.db", "--to", url],
        ] {
            let refused = installation.run(&arguments).await;
            assert_eq!(refused.code, Some(1), "{refused:?}");
            let told = format!("{}{}", refused.stdout, refused.stderr);
            assert!(!told.is_empty() && !told.contains("hush"), "{url}: {told}");
        }
        let mut command = installation.command(&[]);
        command.env("DATABASE_URL", url);
        let refused = ended(command).await;
        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert!(
            !refused.stderr.is_empty() && !refused.stderr.contains("hush"),
            "{url}: {refused:?}"
        );
    }
    // Unknown arguments are not quoted either.
    for arguments in [
        &["copy", "postgres://me:hush@host/x"][..],
        &["postgres://me:hush@host/x"],
        &["keys", "revoke", "sqlite://hush"],
    ] {
        let refused = installation.run(arguments).await;
        assert_eq!(refused.code, Some(2), "{refused:?}");
        assert!(
            refused.stderr.contains("(a URL)") && !refused.stderr.contains("hush"),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn a_connection_that_may_be_read_on_the_way_is_warned_of_once() {
    let installation = installation();
    // A documentation address (RFC 5737), at which nothing answers.
    let warnings = async |url: &str| {
        let mut command = installation.command(&[]);
        command.env("DATABASE_URL", url);
        let ended = ended(command).await;
        assert_eq!(ended.code, Some(1), "{ended:?}");
        ended.stderr.matches("may be unencrypted").count()
    };
    let url = |host: &str, mode: &str| format!("postgres://me:x@{host}:1/x?connect_timeout=1{mode}");
    assert_eq!(warnings(&url("192.0.2.1", "")).await, 1, "prefer is the default");
    assert_eq!(warnings(&url("192.0.2.1", "&sslmode=allow")).await, 1);
    assert_eq!(warnings(&url("192.0.2.1", "&sslmode=require")).await, 0);
    assert_eq!(warnings(&url("127.0.0.1", "")).await, 0, "nobody is on the way");
}

/// A small disk of the test's own, which only root may create.
struct Disk(std::path::PathBuf);

impl Disk {
    fn mounted_at(path: std::path::PathBuf) -> Option<Self> {
        fs::create_dir(&path).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=80m", "tmpfs"])
            .arg(&path)
            .status();
        mounted.is_ok_and(|status| status.success()).then_some(Self(path))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[tokio::test]
async fn on_a_full_disk_a_key_can_be_revoked_and_ready_tells_the_truth() {
    let installation = installation();
    let Some(disk) = Disk::mounted_at(installation.path("disk")) else {
        // Past the harness, which hides what a test prints that passes.
        let _ = writeln!(stderr(), "SKIPPED: a full disk needs the right to mount one");
        return;
    };
    let url = format!("sqlite://{}", disk.0.join("chatgrow.db").display());
    let server = start(&installation, &[("DATABASE_URL", &url)]).await;
    eventually("the reserve is there", async || {
        disk.0.join("chatgrow.db-reserve").exists().then_some(())
    })
    .await;
    let ready = async || {
        let request = server.client.get(format!("{}/health/ready", server.origin));
        Answer::to(request).await.status
    };
    assert_eq!(ready().await, 200);
    // Another program fills the remaining space.
    let mut filler = fs::File::create(disk.0.join("filler")).unwrap();
    let copied = std::io::copy(&mut std::io::repeat(7), &mut filler);
    assert!(copied.is_err(), "the disk has an end");
    let body = json!({ "name": "Dana", "email": "dana@example.com", "notes": "n".repeat(5000) });
    let mut refused = false;
    for number in 0..2000 {
        let mut body = body.clone();
        body["email"] = format!("c{number}@example.com").into();
        let answer = server.post("/customers", body).await;
        if answer.status == 503 {
            refused = true;
            break;
        }
        assert!([201, 429].contains(&answer.status), "{answer:?}");
    }
    eventually("ready tells the truth", async || {
        (ready().await == 503).then_some(())
    })
    .await;
    assert_eq!(server.get("/customers?limit=1").await.status, 200, "reads work");

    let key = |arguments: &[&str]| {
        let mut command = installation.command(arguments);
        command.env("DATABASE_URL", &url);
        ended(command)
    };
    let listed = key(&["keys", "list"]).await;
    let id = listed
        .stdout
        .lines()
        .nth(1)
        .unwrap()
        .split(' ')
        .next()
        .unwrap()
        .to_owned();
    let revoked = key(&["keys", "revoke", &id]).await;
    assert_eq!(revoked.code, Some(0), "refused before: {refused}; {revoked:?}");
    eventually("the key is refused", async || {
        (server.get("/customers").await.status == 401).then_some(())
    })
    .await;

    // Once there is space, the server becomes ready by itself and keeps a reserve again.
    drop(filler);
    fs::remove_file(disk.0.join("filler")).unwrap();
    eventually("the server is ready", async || {
        (ready().await == 200).then_some(())
    })
    .await;
}
