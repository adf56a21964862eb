//! The stores on an embedded `SQLite`.
//!
//! One writer thread owns the only write connection and commits many writes together ([`writer`]). Reads use read-only
//! connections. Thanks to the WAL they neither wait for writes nor block them. A write is answered only once it is
//! durable on disk.
//!
//! A read of a few rows runs on the calling thread, on that thread's own connection. With the pages cached, it takes
//! less time than handing it to another thread (ADR 0011). A read that may take long runs on a thread for blocking
//! work.

mod access;
mod connect;
mod copy;
mod delivery;
mod error;
mod migrate;
#[cfg(test)]
mod plans;
pub mod reserve;
mod scheduling;
mod statements;
mod steps;
mod writer;

use crate::{
    connect::{BUSY_TIMEOUT, Mode, Reader, Readers, connect_writer},
    error::{refused, store_error},
    migrate::{MIGRATIONS, migrate},
    writer::Writer,
};
use async_trait::async_trait;
use chatgrow_ports::{
    Closed, Commit, Listed, Mark, Page, PageRequest, StoreChanges, StoreError, StoreHealth,
};
use chatgrow_sql::{
    Guarded, Migrations, Unwritten, account_store, appointment_store, block_store,
    crm::customer::{CustomerRow, SearchDialect},
    customer_store,
    delivery::change::InsertChange,
    event_store, hold_store, idempotency_store, insert_notice, insert_record, page, payment_notice_store,
    payment_source_store, payment_store, registration_store, resource_store, schedule_store,
    schema::customers,
    service_store, session_store, user_store,
};
use diesel::{
    connection::SimpleConnection,
    prelude::*,
    query_builder::{QueryFragment, QueryId},
    query_dsl::LoadQuery,
    r2d2::Pool,
    sqlite::{Sqlite, SqliteConnection},
};
use prometheus_client::registry::Registry;
use std::{
    cell::RefCell,
    error::Error,
    future::{Ready, ready},
    path::{Path, PathBuf},
    sync::Arc,
};
use thread_local::ThreadLocal;
use tokio::sync::Semaphore;

/// The most rows of a page that is read on the calling thread.
const FEW_ROWS: u16 = 128;

/// How a part of a text is found.
const SEARCH: SearchDialect = SearchDialect {
    has_word: r"$column LIKE '%' || replace(replace(replace($word, '\', '\\'), '%', '\%'), '_', '\_') || '%' ESCAPE '\'",
    position: "instr",
};

/// The epoch of new changes.
const EPOCH: &str = "(SELECT epoch FROM feed)";

/// The options of the store. The defaults suit a small server.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The most writes, and the most long reads, that may wait. A further one is refused with
    /// [`StoreError::Unavailable`].
    pub queue: usize,
    /// How many long reads run at the same time.
    pub readers: u32,
    /// What to do if the schema is older than the program.
    pub migrations: Migrations,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            queue: 1024,
            readers: 4,
            migrations: Migrations::Run,
        }
    }
}

/// The database can't be opened.
#[derive(Debug, thiserror::Error)]
#[error("can't open the SQLite database {path}: {reason}", path = path.display())]
pub struct OpenError {
    path: PathBuf,
    #[source]
    reason: Box<dyn Error + Send + Sync>,
}

/// The stores of all ports, on one `SQLite` file.
pub struct SqliteStore {
    /// Each thread's own connection, for short reads.
    own_readers: ThreadLocal<RefCell<Reader>>,
    /// Opens these connections.
    open_readers: Readers,
    /// The connections for long reads.
    readers: Pool<Readers>,
    /// Bounds the number of long reads that wait.
    turns: Arc<Semaphore>,
    path: PathBuf,
    /// Each reader keeps the writer too.
    writer: Arc<Writer>,
}

impl SqliteStore {
    /// Opens the database, creates it if it doesn't exist, and migrates its schema. With [`Migrations::Expect`] it
    /// neither creates nor migrates.
    ///
    /// # Errors
    /// [`OpenError`] if the file can't be created or read, or is not a database; if a migration fails; if the schema is
    /// newer than this program, or from before the first release.
    pub fn open(path: &Path, options: Options) -> Result<Self, OpenError> {
        Self::try_open(path, options).map_err(|reason| OpenError {
            path: path.to_owned(),
            reason,
        })
    }

    fn try_open(path: &Path, options: Options) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let path = path.to_str().ok_or("the path is not UTF-8")?;
        let mode = match options.migrations {
            Migrations::Run => Mode::Create,
            Migrations::Expect => Mode::Open,
        };
        let mut connection = connect_writer(path, mode)?;
        migrate(&mut connection, MIGRATIONS, options.migrations)?;
        let writer = Arc::new(Writer::start(connection, path, options.queue)?);
        let open_readers = Readers::new(path, writer.clone());
        let readers = Pool::builder()
            .max_size(options.readers)
            .min_idle(Some(0))
            .test_on_check_out(false)
            .connection_timeout(BUSY_TIMEOUT)
            .build(open_readers.clone())?;
        Ok(Self {
            own_readers: ThreadLocal::new(),
            open_readers,
            readers,
            path: path.into(),
            turns: Arc::new(Semaphore::new(options.queue)),
            writer,
        })
    }

    /// Registers this store's metrics.
    pub fn register_metrics(&self, registry: &mut Registry) {
        self.writer.register(registry.sub_registry_with_prefix("sqlite"));
    }

    /// Runs long queries on a read-only connection, off the async threads. Each query sees its own snapshot.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut SqliteConnection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let turn = self
            .turns
            .clone()
            .try_acquire_owned()
            .map_err(|_| StoreError::unavailable("too many reads are waiting"))?;
        let readers = self.readers.clone();
        let read = tokio::task::spawn_blocking(move || {
            // The work continues if the caller's future is dropped, so the permit is held until the work ends.
            let _turn = turn;
            let mut reader = readers.get().map_err(StoreError::unavailable)?;
            work(&mut reader.connection)
        });
        read.await.map_err(StoreError::failed)?
    }

    /// Runs short queries on the calling thread.
    fn read_here<T>(
        &self,
        work: impl FnOnce(&mut SqliteConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let reader = self
            .own_readers
            .get_or_try(|| self.open_readers.for_short_reads().map(RefCell::new))?;
        work(&mut reader.borrow_mut().connection)
    }

    /// The row of a query that returns at most one.
    fn find<R, T>(
        &self,
        query: impl for<'q> LoadQuery<'q, SqliteConnection, R>,
    ) -> Ready<Result<Option<T>, StoreError>>
    where
        T: TryFrom<R, Error = StoreError>,
    {
        ready(self.read_here(|connection| {
            let row = query.get_result(connection).optional().map_err(store_error)?;
            row.map(T::try_from).transpose()
        }))
    }

    /// All rows of a query that returns at most some dozens, by their keys.
    fn few<R, T>(
        &self,
        query: impl for<'q> LoadQuery<'q, SqliteConnection, R>,
    ) -> Ready<Result<Vec<T>, StoreError>>
    where
        T: TryFrom<R, Error = StoreError>,
    {
        ready(self.read_here(|connection| {
            let rows = query.load(connection).map_err(store_error)?;
            rows.into_iter().map(T::try_from).collect()
        }))
    }

    /// All rows of a query.
    async fn all<R, T>(
        &self,
        query: impl for<'q> LoadQuery<'q, SqliteConnection, R> + Send + 'static,
    ) -> Result<Vec<T>, StoreError>
    where
        T: TryFrom<R, Error = StoreError> + Send + 'static,
    {
        self.read(move |connection| {
            let rows = query.load(connection).map_err(store_error)?;
            rows.into_iter().map(T::try_from).collect()
        })
        .await
    }

    /// The page that a list's query asks for, if an index leads to its rows.
    async fn page<R, T>(
        &self,
        query: impl for<'q> LoadQuery<'q, SqliteConnection, R> + Send + 'static,
        request: PageRequest<T::Position>,
    ) -> Result<Page<T, T::Position>, StoreError>
    where
        T: TryFrom<R, Error = StoreError> + Listed + Send + 'static,
        T::Position: Send + 'static,
    {
        if request.limit.get() > FEW_ROWS {
            return self.search(query, request).await;
        }
        self.read_here(|connection| page(query.load(connection).map_err(store_error)?, &request))
    }

    /// The page that a list's query asks for, if the query may read many rows that are not on the page.
    async fn search<R, T>(
        &self,
        query: impl for<'q> LoadQuery<'q, SqliteConnection, R> + Send + 'static,
        request: PageRequest<T::Position>,
    ) -> Result<Page<T, T::Position>, StoreError>
    where
        T: TryFrom<R, Error = StoreError> + Listed + Send + 'static,
        T::Position: Send + 'static,
    {
        self.read(move |connection| page(query.load(connection).map_err(store_error)?, &request))
            .await
    }

    /// Carries out a write of one statement with its commit, and returns how many rows it changed.
    async fn execute<E: Guarded + Send + 'static>(
        &self,
        commit: Commit,
        statement: impl QueryFragment<Sqlite> + QueryId + Send + 'static,
    ) -> Result<usize, E> {
        let written = self.write(commit, move |connection| {
            Unwritten::unless(statements::execute(connection, statement).map_err(refused))
        });
        Unwritten::rows(written.await)
    }

    /// Writes a new customer with its commit.
    async fn insert<E: Guarded + Send + 'static>(&self, row: CustomerRow, commit: Commit) -> Result<(), E> {
        let insert = diesel::insert_into(customers::table).values(row);
        self.execute(commit, insert).await.map(drop)
    }

    /// Writes a commit without another write.
    async fn commit_alone(&self, commit: Commit) -> Result<(), StoreError> {
        self.write(commit, |_| Ok(())).await
    }

    /// Carries out `work` and its commit as one atomic write, even if the caller's future is dropped. If it returns
    /// `Ok`, the write is durable. Every mutating method goes through here.
    async fn write<T, E>(
        &self,
        commit: Commit,
        work: impl FnOnce(&mut SqliteConnection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.writer
            .write(move |connection| {
                // The record and the notice come first, so that whoever repeats a request is told so, not that its own
                // first attempt is in the way.
                if let Some(record) = commit.record {
                    let insert = insert_record!(record.into());
                    if statements::execute(connection, insert).map_err(store_error)? == 0 {
                        return Err(StoreError::Repeated.into());
                    }
                }
                if let Some(notice) = commit.notice {
                    let insert = insert_notice!(notice);
                    if statements::execute(connection, insert).map_err(store_error)? == 0 {
                        return Err(StoreError::Repeated.into());
                    }
                }
                let done = work(connection)?;
                for change in commit.changes {
                    statements::complete(connection, InsertChange::new(change, EPOCH))
                        .map_err(store_error)?;
                }
                Ok(done)
            })
            .await
    }
}

account_store! { SqliteStore { find, all, execute } }
user_store! { SqliteStore { find, all, execute } }
session_store! { SqliteStore { find, all, execute } }
customer_store! { SqliteStore { find, page, search, insert, execute }, SEARCH }
appointment_store! { SqliteStore { find, all, page, search, carry_out } }
block_store! { SqliteStore { find, page, execute, carry_out } }
hold_store! { SqliteStore { find, all, page, execute, carry_out }, "" }
resource_store! { SqliteStore { find, few, page, search, execute } }
service_store! { SqliteStore { find, page, search, execute } }
schedule_store! { SqliteStore { find, execute } }
event_store! { SqliteStore { find, page, execute } }
registration_store! { SqliteStore { find, all, page, execute, carry_out } }
payment_store! { SqliteStore { find, few, page, search, carry_out } }
payment_source_store! { SqliteStore { find, page, execute } }
payment_notice_store! { SqliteStore { page, execute } }
idempotency_store! { SqliteStore { find, commit_alone, execute } }

#[async_trait]
impl StoreHealth for SqliteStore {
    async fn check(&self) -> Result<(), StoreError> {
        self.writer.check()?;
        // If the free space can't be determined, the disk may still be writable.
        if reserve::room(&self.path).is_ok_and(|room| room < reserve::LEAST_ROOM) {
            return Err(StoreError::unavailable("the disk is full"));
        }
        if self.writer.has_failed() {
            // Requests don't write until this server is ready again, so the check itself attempts a write.
            let same =
                "UPDATE accounts SET created_at = created_at WHERE id = (SELECT min(id) FROM accounts)";
            let probe =
                move |connection: &mut SqliteConnection| connection.batch_execute(same).map_err(store_error);
            self.write(Commit::default(), probe).await?;
        }
        self.read_here(|connection| connection.batch_execute("SELECT 1").map_err(store_error))
    }

    /// Until then, the WAL may not have been checkpointed.
    fn closed(&self) -> Closed {
        self.writer.closed()
    }
}

impl StoreChanges for SqliteStore {
    /// <https://www.sqlite.org/pragma.html#pragma_data_version>: the value changes with each commit of another
    /// connection, in any process. Read connections commit nothing.
    fn mark(&self) -> Option<Mark> {
        let version = self.read_here(|connection| {
            statements::number(connection, "PRAGMA data_version").map_err(store_error)
        });
        // If the version can't be read, the read itself will report why.
        version.ok().map(Mark)
    }
}
