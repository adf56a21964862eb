//! Opening connections.

use crate::{error::store_error, reserve};
use chatgrow_ports::StoreError;
use diesel::{connection::SimpleConnection, prelude::*, r2d2::CustomizeConnection, sqlite::SqliteConnection};
use std::{
    error::Error,
    io::ErrorKind,
    thread,
    time::{Duration, Instant},
};

/// How long a connection waits for a lock that another process holds.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The busy time-out of a connection on a thread that serves requests. A reader finds the database locked only while
/// somebody repairs or replaces it.
const SHORT_BUSY_TIMEOUT: Duration = Duration::from_millis(50);

/// The size of the page cache of each thread's read connection: 24 MB. The default, 2 MB, is too small for the e-mail
/// index of ten thousand customers and the rows that it leads to. This is enough for a hundred thousand.
const READER_CACHE: &str = "PRAGMA cache_size = -24576;";

/// The size of the writer's page cache: 8 MB. It holds the upper pages of the indexes of a million appointments, and
/// the leaves of a busy period.
const WRITER_CACHE: &str = "PRAGMA cache_size = -8192;";

/// The number of pages in the WAL after which SQLite checkpoints it. At the default, 1000, the WAL is soon full of
/// pages with one new row each. With more pages, each collects several rows and is written once (ADR 0011). The WAL
/// takes 16 MB of disk.
const LOG: &str = "PRAGMA wal_autocheckpoint = 4000;";

/// The `file:` URI of a path (<https://www.sqlite.org/uri.html>).
pub(crate) fn file_uri(path: &str) -> String {
    format!(
        "file:{}",
        path.replace('%', "%25").replace('?', "%3f").replace('#', "%23")
    )
}

/// What to do if the file doesn't exist.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Mode {
    /// Create one.
    Create,
    /// Fail. The database existed before, and an empty one would not replace it.
    Open,
}

/// Opens the write connection.
pub(crate) fn connect_writer(
    path: &str,
    mode: Mode,
) -> Result<SqliteConnection, Box<dyn Error + Send + Sync>> {
    let mode = match mode {
        Mode::Create => {
            // SQLite would create a file that every user of the machine can read. The WAL and its index get the mode of
            // the database. A file that exists is not opened here, because closing it would drop this process's locks
            // on it.
            match reserve::private().create_new(true).open(path) {
                Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error.into()),
                _ => "rwc",
            }
        }
        Mode::Open => "rw",
    };
    let mut connection = SqliteConnection::establish(&format!("{}?mode={mode}", file_uri(path)))?;
    let timeout = BUSY_TIMEOUT.as_millis();
    connection.batch_execute(&format!(
        "PRAGMA busy_timeout = {timeout}; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; {WRITER_CACHE} {LOG}"
    ))?;
    // If several processes switch a new file to WAL at once, SQLite doesn't wait for the lock.
    let started = Instant::now();
    loop {
        let switched =
            diesel::sql_query("PRAGMA journal_mode = WAL").get_result::<JournalMode>(&mut connection);
        match switched.map_err(store_error) {
            Ok(JournalMode { journal_mode }) if journal_mode == "wal" => return Ok(connection),
            Ok(JournalMode { journal_mode }) => {
                return Err(format!(
                    "the file system allows no write-ahead log (journal mode {journal_mode})"
                )
                .into());
            }
            Err(StoreError::Unavailable(_)) if started.elapsed() < BUSY_TIMEOUT => {
                thread::sleep(Duration::from_millis(5));
            }
            Err(error) => return Err(error.into()),
        }
    }
}

#[derive(QueryableByName)]
struct JournalMode {
    #[diesel(sql_type = diesel::sql_types::Text)]
    journal_mode: String,
}

/// Opens a connection for short reads, on a thread that serves requests.
pub(crate) fn connect_reader(uri: &str) -> Result<SqliteConnection, StoreError> {
    let mut connection = SqliteConnection::establish(uri).map_err(StoreError::unavailable)?;
    set_busy_timeout(&mut connection, SHORT_BUSY_TIMEOUT).map_err(store_error)?;
    connection.batch_execute(READER_CACHE).map_err(store_error)?;
    Ok(connection)
}

/// Sets up a connection of the pool for long reads.
#[derive(Debug)]
pub(crate) struct ReaderSetup;

impl CustomizeConnection<SqliteConnection, diesel::r2d2::Error> for ReaderSetup {
    fn on_acquire(&self, connection: &mut SqliteConnection) -> Result<(), diesel::r2d2::Error> {
        set_busy_timeout(connection, BUSY_TIMEOUT).map_err(diesel::r2d2::Error::QueryError)
    }
}

fn set_busy_timeout(connection: &mut SqliteConnection, timeout: Duration) -> QueryResult<()> {
    connection.batch_execute(&format!("PRAGMA busy_timeout = {}", timeout.as_millis()))
}
