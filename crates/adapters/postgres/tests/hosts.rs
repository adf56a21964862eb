//! URLs with several hosts, and a pooler between the store and the database.

use crate::support::{account, count, customer, insert_account, open};
use chatgrow_ports::{Commit, CustomerStore, Failure, StoreError, StoreHealth};
use futures_util::future::join_all;
use std::{
    env, fs,
    io::Write as _,
    net::TcpListener,
    os::unix::{fs::MetadataExt, process::CommandExt},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use throwaway_postgres::{PASSWORD, Server, connect, free_port};
use tokio::time::sleep;

const DEADLINE: Duration = Duration::from_secs(30);

/// Creates the database `chatgrow`. Its name is the same on each host of a URL.
async fn create_database(server: &Server) {
    let create = "CREATE DATABASE chatgrow TEMPLATE template0 ENCODING 'UTF8'";
    let admin = connect(&server.url("postgres")).await;
    admin.batch_execute(create).await.unwrap();
}

/// Whether transactions on the server may write, as on a primary.
async fn set_writable(server: &Server, writable: bool) {
    let value = if writable { "off" } else { "on" };
    let admin = connect(&server.url("postgres")).await;
    let set = format!("ALTER SYSTEM SET default_transaction_read_only = {value}");
    for statement in [&set, "SELECT pg_reload_conf()"] {
        admin.batch_execute(statement).await.unwrap();
    }
    let started = Instant::now();
    loop {
        let fresh = connect(&server.url("postgres")).await;
        let row = fresh.query_one("SHOW transaction_read_only", &[]).await.unwrap();
        if row.get::<_, String>(0) == value {
            return;
        }
        assert!(started.elapsed() < DEADLINE);
        sleep(Duration::from_millis(5)).await;
    }
}

/// The store writes on the host that takes writes, and finds the next one when that host is gone.
#[tokio::test]
async fn the_host_that_takes_writes_is_found() {
    let Some(first) = Server::start("") else {
        return;
    };
    let second = Server::start("").unwrap();
    for server in [&first, &second] {
        create_database(server).await;
        insert_account(&open(&server.url("chatgrow")).await.unwrap()).await;
    }
    set_writable(&first, false).await;
    let url = format!(
        "postgres://postgres:{PASSWORD}@127.0.0.1:{},127.0.0.1:{}/chatgrow?target_session_attrs=read-write",
        first.port(),
        second.port()
    );
    let store = open(&url).await.unwrap();
    CustomerStore::insert(&store, account(), &customer(1), Commit::default())
        .await
        .unwrap();
    let there = async |server: &Server| -> i64 {
        let client = connect(&server.url("chatgrow")).await;
        count(&client, "SELECT count(*) FROM customers").await
    };
    assert_eq!((there(&first).await, there(&second).await), (0, 1));

    set_writable(&first, true).await;
    second.crash();
    let started = Instant::now();
    loop {
        match CustomerStore::insert(&store, account(), &customer(2), Commit::default()).await {
            Ok(()) => break,
            Err(Failure::Store(StoreError::Unavailable(_))) => assert!(started.elapsed() < DEADLINE),
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!(there(&first).await, 1);
}

/// A host that takes connections and says nothing delays only the first connection.
#[tokio::test]
async fn a_host_that_hangs_is_waited_for_once() {
    let Some(server) = Server::start("") else {
        return;
    };
    create_database(&server).await;
    let frozen = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!(
        "postgres://postgres:{PASSWORD}@127.0.0.1:{},127.0.0.1:{}/chatgrow?target_session_attrs=read-write&connect_timeout=1",
        frozen.local_addr().unwrap().port(),
        server.port()
    );
    let (store, started) = (open(&url).await.unwrap(), Instant::now());
    insert_account(&store).await;
    // One time-out, of three seconds, would be too much.
    assert!(started.elapsed() < Duration::from_secs(3));
}

/// If a connection hangs, the other idle ones are not used either: each would keep a caller waiting as long.
#[tokio::test]
async fn connections_that_hang_are_left_together() {
    let Some(server) = Server::start("") else {
        return;
    };
    create_database(&server).await;
    let store = open(&server.url("chatgrow")).await.unwrap();
    insert_account(&store).await;
    CustomerStore::insert(&store, account(), &customer(0), Commit::default())
        .await
        .unwrap();
    let checks = join_all((0..4).map(|_| store.check())).await;
    assert!(checks.iter().all(Result::is_ok), "{checks:?}");
    let admin = connect(&server.url("postgres")).await;
    let all = "SELECT pid FROM pg_stat_activity WHERE datname = 'chatgrow'";
    let sessions = admin.query(all, &[]).await.unwrap();
    assert!(sessions.len() > 1);
    let signal = |signal: &str| {
        for session in &sessions {
            let id = session.get::<_, i32>(0).to_string();
            assert!(
                Command::new("kill")
                    .args([signal, &id])
                    .status()
                    .unwrap()
                    .success()
            );
        }
    };
    signal("-STOP");
    let found = CustomerStore::by_id(&store, account(), customer(0).id).await;
    let started = Instant::now();
    let next = CustomerStore::by_id(&store, account(), customer(0).id).await;
    let waited = started.elapsed();
    signal("-CONT");
    assert!(matches!(found, Err(StoreError::Unavailable(_))), "{found:?}");
    assert_eq!(next.unwrap(), Some(customer(0)));
    assert!(waited < Duration::from_secs(3), "{waited:?}");
}

/// `PgBouncer`, which ends with the test.
struct PgBouncer(Child);

impl Drop for PgBouncer {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// Starts `PgBouncer` in session mode before the server. Returns its port too, or `None` if it is not installed.
fn pgbouncer(server: &Server) -> Option<(PgBouncer, u16)> {
    let port = free_port();
    let (settings, users) = (server.file("pgbouncer.ini"), server.file("users.txt"));
    let text = format!(
        "[databases]\n* = host=127.0.0.1 port={}\n[pgbouncer]\npool_mode = session\nlisten_addr = 127.0.0.1\n\
        listen_port = {port}\nunix_socket_dir =\nauth_type = scram-sha-256\nauth_file = {}\n",
        server.port(),
        users.display()
    );
    fs::write(&settings, text).unwrap();
    fs::write(&users, format!("\"postgres\" \"{PASSWORD}\"\n")).unwrap();
    server.own(&settings);
    server.own(&users);
    // It refuses to run as root, as PostgreSQL does.
    let owner = fs::metadata(&settings).unwrap();
    let mut command = Command::new("pgbouncer");
    if owner.uid() != fs::metadata("/proc/self").unwrap().uid() {
        command.uid(owner.uid()).gid(owner.gid());
    }
    let process = command
        .arg("--quiet")
        .arg(&settings)
        .stderr(Stdio::null())
        .spawn();
    Some((PgBouncer(process.ok()?), port))
}

#[tokio::test]
async fn a_pooler_may_lend_whole_sessions() {
    let Some(server) = Server::start("") else {
        return;
    };
    let Some((_pgbouncer, port)) = pgbouncer(&server) else {
        assert!(env::var_os("CI").is_none(), "PgBouncer is not installed");
        let _ = writeln!(std::io::stderr(), "SKIPPED: PgBouncer is not installed");
        return;
    };
    create_database(&server).await;
    let url = format!("postgres://postgres:{PASSWORD}@127.0.0.1:{port}/chatgrow");
    let started = Instant::now();
    let store = loop {
        match open(&url).await {
            Ok(store) => break store,
            Err(error) => assert!(started.elapsed() < DEADLINE, "{error}"),
        }
    };
    insert_account(&store).await;
    let inserted = (0..200).map(|number| {
        let store = &store;
        async move { CustomerStore::insert(store, account(), &customer(number), Commit::default()).await }
    });
    for inserted in join_all(inserted).await {
        inserted.unwrap();
    }
    for number in 0..200 {
        let found = CustomerStore::by_id(&store, account(), customer(number).id).await;
        assert_eq!(found.unwrap(), Some(customer(number)));
    }
}
