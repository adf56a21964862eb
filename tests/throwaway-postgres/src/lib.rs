//! A PostgreSQL server for tests. It is made with the installed programs in a temporary folder, on a free port, and
//! ends with the process that started it, however that ends. `TEST_POSTGRES_PROGRAMS` names the folder of the programs, if
//! others than the installed ones are wanted. Alternatively, `TEST_POSTGRES_URL` names an existing server.

#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "test code: what goes wrong fails the test"
)]

pub mod cluster;

use std::{
    env, fs,
    io::Write as _,
    net::TcpListener,
    os::unix::{
        fs::{MetadataExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    thread,
};
use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};

/// The superuser's password over TCP. The socket needs none.
pub const PASSWORD: &str = "throwaway";

/// Fast settings for tests. If the server is killed, it still has what was committed; after a power failure it would
/// not.
const SETTINGS: &str = "fsync = off
full_page_writes = off
shared_buffers = 32MB
max_connections = 300
max_wal_senders = 0
wal_level = minimal
autovacuum = off
log_min_messages = fatal
";

const MISSING: &str =
    "there is no PostgreSQL: neither its programs (initdb, postgres) nor TEST_POSTGRES_URL are there";

/// A new database on a server that all tests of this process share. Returns `None`, and reports it on standard error,
/// if there is neither `TEST_POSTGRES_URL` nor an installed PostgreSQL.
///
/// # Panics
/// If the server doesn't start; or if there is none and `CI` is set.
pub async fn new_database() -> Option<String> {
    enum Place {
        Started(Server),
        Given(String),
    }
    static SHARED: OnceLock<Option<Place>> = OnceLock::new();
    let place = SHARED.get_or_init(|| match env::var("TEST_POSTGRES_URL") {
        Ok(url) => Some(Place::Given(url)),
        Err(_) => programs().map(|programs| Place::Started(Server::started(programs, ""))),
    });
    match place {
        Some(Place::Started(server)) => Some(server.new_database().await),
        Some(Place::Given(url)) => Some(create_database(url).await),
        None => skip(MISSING),
    }
}

/// Reports that the test on this thread is skipped.
fn skip<T>(missing: &str) -> Option<T> {
    assert!(env::var_os("CI").is_none(), "{missing}");
    // The test harness names a thread after its test.
    let thread = thread::current();
    let test = thread.name().unwrap_or("a test");
    // Not with `eprintln!`, whose output is hidden if the test passes.
    let _ = writeln!(std::io::stderr(), "SKIPPED: {test}: {missing}");
    None
}

/// A PostgreSQL server that this process has started.
pub struct Server {
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
    /// The user and group that the programs run as, because PostgreSQL refuses to run as root.
    user: Option<(u32, u32)>,
    /// Stops the server when its standard input ends, that is, when this is dropped or the process has ended.
    _guardian: Child,
}

impl Server {
    /// Starts a server with these settings (lines of `postgresql.conf`) in addition to those for tests. Returns `None`,
    /// and reports it on standard error, if PostgreSQL is not installed.
    ///
    /// # Panics
    /// If the server doesn't start; or if PostgreSQL is not installed and `CI` is set.
    #[must_use]
    pub fn start(settings: &str) -> Option<Self> {
        match programs() {
            Some(programs) => Some(Self::started(programs, settings)),
            None => skip(MISSING),
        }
    }

    fn started(programs: PathBuf, settings: &str) -> Self {
        let (folder, user) = new_folder();
        let guardian = run_as(user, "/bin/sh")
            .args([
                "-c",
                "trap '' INT; cat >/dev/null; \"$0\" -D \"$1/data\" -m immediate stop; rm -rf \"$1\"",
            ])
            .arg(programs.join("pg_ctl"))
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut server = Self {
            programs,
            folder,
            port: 0,
            user,
            _guardian: guardian,
        };
        let password = server.file("password");
        fs::write(&password, PASSWORD).unwrap();
        server.own(&password);
        let made = server
            .program("initdb")
            .args([
                "--username=postgres",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
            ])
            .args(["--auth-local=trust", "--auth-host=scram-sha-256", "--pwfile"])
            .arg(&password)
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let mut file = fs::File::options()
            .append(true)
            .open(server.file("data/postgresql.conf"))
            .unwrap();
        let sockets = format!("unix_socket_directories = '{}'\n", server.folder.display());
        file.write_all(format!("{SETTINGS}{sockets}{settings}").as_bytes())
            .unwrap();
        // Another process may take a port that was free a moment ago.
        for _ in 0..20 {
            server.port = free_port();
            if server.try_start() {
                return server;
            }
        }
        panic!("{}", fs::read_to_string(server.file("log")).unwrap());
    }

    /// The path of a file in the server's folder. The data are in `data`.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Gives a file that a test has written to the server's user, so that only that user can read it.
    pub fn own(&self, file: &Path) {
        if let Some((user, group)) = self.user {
            chown(file, Some(user), Some(group)).unwrap();
        }
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        fs::set_permissions(file, private).unwrap();
    }

    /// The port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The URL of a database over the socket.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        let folder = self.folder.to_str().unwrap().replace('/', "%2F");
        format!("postgres://postgres@{folder}:{}/{database}", self.port)
    }

    /// The URL of a database over TCP.
    #[must_use]
    pub fn tcp_url(&self, database: &str) -> String {
        format!(
            "postgres://postgres:{PASSWORD}@127.0.0.1:{}/{database}",
            self.port
        )
    }

    /// Creates a database, and returns its URL.
    pub async fn new_database(&self) -> String {
        create_database(&self.url("postgres")).await
    }

    /// Stops the server immediately, as if it had crashed.
    ///
    /// # Panics
    /// If it doesn't stop.
    pub fn crash(&self) {
        let stopped = self.program("pg_ctl").args(["-m", "immediate", "stop"]).output();
        let stopped = stopped.unwrap();
        assert!(stopped.status.success(), "{stopped:?}");
    }

    /// Starts the server again on the same port.
    ///
    /// # Panics
    /// If it doesn't start.
    pub fn restart(&self) {
        assert!(
            self.try_start(),
            "{}",
            fs::read_to_string(self.file("log")).unwrap()
        );
    }

    fn try_start(&self) -> bool {
        let options = format!("-p {} -c listen_addresses=127.0.0.1", self.port);
        let started = self
            .program("pg_ctl")
            .args(["--wait", "--silent", "start", "--options", &options, "--log"])
            .arg(self.file("log"))
            .stdout(Stdio::null())
            .status();
        started.unwrap().success()
    }

    /// A command that runs a program of PostgreSQL on this server's data.
    fn program(&self, name: &str) -> Command {
        let mut command = run_as(self.user, self.programs.join(name));
        command.arg("-D").arg(self.file("data")).stdin(Stdio::null());
        command
    }
}

/// A direct connection to a database, for what a test does without the program's knowledge.
pub async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn create_database(url: &str) -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("test_{}_{number}", std::process::id());
    let client = connect(url).await;
    client
        .batch_execute(&format!(
            "CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"
        ))
        .await
        .unwrap();
    let (server, query) = url
        .split_once('?')
        .map_or((url, String::new()), |(url, query)| (url, format!("?{query}")));
    let (server, _) = server.rsplit_once('/').unwrap();
    format!("{server}/{name}{query}")
}

/// The folder with PostgreSQL's programs. On Debian they are not on the path.
///
/// # Panics
/// If `TEST_POSTGRES_PROGRAMS` names a folder without them, because the tests would silently run on another version.
fn programs() -> Option<PathBuf> {
    if let Some(chosen) = env::var_os("TEST_POSTGRES_PROGRAMS").map(PathBuf::from) {
        assert!(
            holds_programs(&chosen),
            "there is no PostgreSQL in {}",
            chosen.display()
        );
        return Some(chosen);
    }
    let mut folders: Vec<_> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .map(|version| version.unwrap().path().join("bin"))
        .collect();
    folders.sort();
    folders.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    folders.into_iter().find(|folder| holds_programs(folder))
}

fn holds_programs(folder: &Path) -> bool {
    let programs = ["initdb", "pg_ctl", "postgres"];
    programs.iter().all(|name| folder.join(name).exists())
}

/// A port on 127.0.0.1. Another process may take it meanwhile.
#[must_use]
pub fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// A temporary folder, and the user and group that own it and run the programs, because PostgreSQL refuses to run as root.
fn new_folder() -> (PathBuf, Option<(u32, u32)>) {
    let folder = TempDir::new().unwrap().keep();
    let user = (fs::metadata(&folder).unwrap().uid() == 0).then(postgres_user);
    if let Some((user, group)) = user {
        chown(&folder, Some(user), Some(group)).unwrap();
    }
    (folder, user)
}

/// The ids of the user and group `postgres`, which the installation of PostgreSQL creates.
fn postgres_user() -> (u32, u32) {
    let id = |which| {
        let told = Command::new("id").args([which, "postgres"]).output().unwrap();
        let told = String::from_utf8(told.stdout).unwrap();
        told.trim().parse().unwrap()
    };
    (id("-u"), id("-g"))
}

fn run_as(user: Option<(u32, u32)>, program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir("/")
        .env_remove("PGDATA")
        .env_remove("PGPORT")
        .env("LC_ALL", "C");
    if let Some((user, group)) = user {
        command.uid(user).gid(group);
    }
    command
}
