//! Opening connections.

use crate::{error::store_error, reserve, writer::Writer};
use chatgrow_ports::StoreError;
use diesel::{
    connection::SimpleConnection,
    prelude::*,
    r2d2::{self, ManageConnection, R2D2Connection},
    sqlite::SqliteConnection,
};
use std::{
    error::Error,
    fs,
    io::ErrorKind,
    sync::Arc,
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

/// The size of the writer's page cache in KiB, for a database of so many bytes. It holds the upper pages of the indexes
/// and the leaves of a busy period. More is no faster, and too little costs each booking half as many reads again
/// (docs/scaling.md).
fn writer_cache(database: u64) -> u64 {
    (database / 64 / 1024).clamp(8 * 1024, 64 * 1024)
}

/// The number of pages in the WAL after which SQLite checkpoints it. At the default, 1000, the WAL is soon full of
/// pages with one new row each. With more pages, each collects several rows and is written once (ADR 0011). The WAL
/// takes 16 MB of disk.
const LOG: &str = "PRAGMA wal_autocheckpoint = 4000;";

/// The `file:` URI of a path (<https://www.sqlite.org/uri.html>).
fn file_uri(path: &str) -> String {
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
    sync_wal(path)?;
    let mut connection = SqliteConnection::establish(&format!("{}?mode={mode}", file_uri(path)))?;
    let timeout = BUSY_TIMEOUT.as_millis();
    let cache = writer_cache(fs::metadata(path).map_or(0, |file| file.len()));
    connection.batch_execute(&format!(
        "PRAGMA busy_timeout = {timeout}; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -{cache}; {LOG}"
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

/// Syncs the WAL that is there, and its name. If a process was killed between writing a commit and syncing it, SQLite
/// recovers the commit from the page cache and shows it, but doesn't sync it before the next commit. Until then a power
/// cut would undo what others had been told of: that a repeated request was done before.
fn sync_wal(path: &str) -> Result<(), String> {
    // The WAL lies beside the file itself, not beside a link to it. A database that is not there has none.
    let Ok(database) = fs::canonicalize(path) else {
        return Ok(());
    };
    let mut wal = database.clone().into_os_string();
    wal.push("-wal");
    // SQLite has no locks on the WAL that closing it could drop.
    let synced = match fs::OpenOptions::new().write(true).open(&wal) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        opened => opened.and_then(|wal| wal.sync_data()),
    };
    synced.map_err(|error| format!("{} can't be synced: {error}", wal.display()))?;
    // As in SQLite, a file system that can't sync a folder is no reason to stop.
    #[cfg(unix)]
    let _ = fs::File::open(reserve::folder_of(&database)).and_then(|folder| folder.sync_all());
    Ok(())
}

#[derive(QueryableByName)]
struct JournalMode {
    #[diesel(sql_type = diesel::sql_types::Text)]
    journal_mode: String,
}

/// A read connection.
pub(crate) struct Reader {
    pub(crate) connection: SqliteConnection,
    // Dropped after the connection. The last connection to be closed checkpoints the WAL only if it is writable. A
    // reader can outlive its store, because a long read continues or a thread of the pool is slow. So each reader
    // keeps the writer.
    _writer: Arc<Writer>,
}

/// Opens read connections.
#[derive(Clone)]
pub(crate) struct Readers {
    uri: String,
    writer: Arc<Writer>,
}

impl Readers {
    pub(crate) fn new(path: &str, writer: Arc<Writer>) -> Self {
        let uri = format!("{}?mode=ro", file_uri(path));
        Self { uri, writer }
    }

    /// Opens a connection for short reads, on a thread that serves requests.
    pub(crate) fn for_short_reads(&self) -> Result<Reader, StoreError> {
        let mut connection = SqliteConnection::establish(&self.uri).map_err(StoreError::unavailable)?;
        set_busy_timeout(&mut connection, SHORT_BUSY_TIMEOUT).map_err(store_error)?;
        connection.batch_execute(READER_CACHE).map_err(store_error)?;
        Ok(self.reader(connection))
    }

    fn reader(&self, connection: SqliteConnection) -> Reader {
        Reader {
            connection,
            _writer: self.writer.clone(),
        }
    }
}

/// Opens the pool's connections, which are for long reads.
impl ManageConnection for Readers {
    type Connection = Reader;
    type Error = r2d2::Error;

    fn connect(&self) -> Result<Reader, r2d2::Error> {
        let mut connection = SqliteConnection::establish(&self.uri).map_err(r2d2::Error::ConnectionError)?;
        set_busy_timeout(&mut connection, BUSY_TIMEOUT).map_err(r2d2::Error::QueryError)?;
        Ok(self.reader(connection))
    }

    fn is_valid(&self, reader: &mut Reader) -> Result<(), r2d2::Error> {
        reader.connection.ping().map_err(r2d2::Error::QueryError)
    }

    fn has_broken(&self, reader: &mut Reader) -> bool {
        thread::panicking() || reader.connection.is_broken()
    }
}

fn set_busy_timeout(connection: &mut SqliteConnection, timeout: Duration) -> QueryResult<()> {
    connection.batch_execute(&format!("PRAGMA busy_timeout = {}", timeout.as_millis()))
}
