//! The writer: one thread, one connection, group commit.
//!
//! A durable commit costs a wait for the disk, whether it holds one write or a hundred. So writes queue up, and the
//! thread takes all that wait (up to [`BATCH`]), each in a savepoint of its own, and commits them together. A write that
//! is refused undoes its own savepoint only. Nobody is answered before the commit: not even a refusal, for what it rests
//! on may be a write of the same batch.

use crate::{
    connect::{Mode, connect_writer},
    statements::run as run_statement,
};
use chatgrow_ports::{Closed, StoreError};
use diesel::{
    connection::{AnsiTransactionManager, TransactionManager},
    result::QueryResult,
    sqlite::SqliteConnection,
};
use prometheus_client::{
    metrics::{
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};
use std::{
    error::Error,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Instant,
};
use tokio::sync::{
    mpsc::{Receiver, Sender, channel, error::TrySendError},
    oneshot, watch,
};

/// The most writes in one commit. More would only make the first of them wait longer.
const BATCH: usize = 128;

/// What the writer tells operators.
#[derive(Clone)]
struct Metrics {
    waiting: Gauge,
    batch: Histogram,
    commit: Histogram,
}

impl Metrics {
    fn new() -> Self {
        Self {
            waiting: Gauge::default(),
            batch: Histogram::new(exponential_buckets(1.0, 2.0, 8)),
            commit: Histogram::new(exponential_buckets(0.000_25, 2.0, 15)),
        }
    }
}

/// The sending side. Dropping it waits until the queue is empty and the connection closed.
pub(crate) struct Writer {
    /// `None` only while it is dropped.
    queue: Option<Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
    metrics: Metrics,
    /// Whether the last batch was lost.
    failed: Arc<AtomicBool>,
    /// Never sends anything: its drop, after the thread's end, tells that the connection is closed.
    open: watch::Sender<()>,
}

impl Writer {
    pub(crate) fn start(connection: SqliteConnection, path: &str, queue: usize) -> std::io::Result<Self> {
        let (sender, jobs) = channel(queue);
        let (path, metrics) = (path.to_owned(), Metrics::new());
        let (told, failed) = (metrics.clone(), Arc::new(AtomicBool::default()));
        let failing = failed.clone();
        let thread = std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || run(&path, connection, jobs, &told, &failing))?;
        Ok(Self {
            queue: Some(sender),
            thread: Some(thread),
            metrics,
            failed,
            open: watch::Sender::default(),
        })
    }

    pub(crate) fn register(&self, registry: &mut Registry) {
        let Metrics {
            waiting,
            batch,
            commit,
        } = self.metrics.clone();
        registry.register("write_queue_depth", "Writes that wait for their turn", waiting);
        registry.register("batch_writes", "Writes in one commit", batch);
        registry.register(
            "batch_duration_seconds",
            "How long a batch of writes takes, its commit included",
            commit,
        );
    }

    /// Whether the last batch was lost.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    /// Completes once the connection is closed.
    pub(crate) fn closed(&self) -> Closed {
        let mut open = self.open.subscribe();
        Box::pin(async move {
            // An error is the end.
            while open.changed().await.is_ok() {}
        })
    }

    /// Whether there is somebody to write.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        self.queue
            .as_ref()
            .filter(|queue| !queue.is_closed())
            .map(|_| ())
            .ok_or_else(stopped)
    }

    /// See [`SqliteStore::write`](crate::SqliteStore::write).
    pub(crate) async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&mut SqliteConnection) -> Result<T, E> + Send + 'static,
    {
        let queue = self.queue.as_ref().ok_or_else(stopped)?;
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Write {
            work: Some(work),
            outcome: None,
            reply,
        });
        self.metrics.waiting.inc();
        queue.try_send(job).map_err(|error| {
            self.metrics.waiting.dec();
            match error {
                TrySendError::Full(_) => StoreError::unavailable("too many writes are waiting"),
                TrySendError::Closed(_) => stopped(),
            }
        })?;
        answer
            .await
            .unwrap_or_else(|_| Err(StoreError::failed("the write was abandoned").into()))
    }
}

fn stopped() -> StoreError {
    StoreError::failed("the writer has stopped")
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been reported by its own hook.
            let _ = thread.join();
        }
    }
}

/// One write of the batch.
trait Job: Send {
    /// Does the work. `false` asks for it to be undone.
    fn run(&mut self, connection: &mut SqliteConnection) -> bool;
    /// Answers with the outcome of `run`, or with the reason why the whole batch was lost.
    fn answer(self: Box<Self>, lost: Option<&str>);
}

struct Write<F, T, E> {
    work: Option<F>,
    outcome: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> Job for Write<F, T, E>
where
    F: FnOnce(&mut SqliteConnection) -> Result<T, E> + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn run(&mut self, connection: &mut SqliteConnection) -> bool {
        // Nobody waits any more (the client hung up before it was its turn): doing nothing is the cheaper half of
        // "all or nothing".
        if self.reply.is_closed() {
            return false;
        }
        let Some(work) = self.work.take() else {
            return false;
        };
        let outcome = catch_unwind(AssertUnwindSafe(|| work(connection)))
            .unwrap_or_else(|_| Err(StoreError::failed("the write panicked").into()));
        self.outcome.insert(outcome).is_ok()
    }

    fn answer(self: Box<Self>, lost: Option<&str>) {
        let outcome = match lost {
            Some(reason) => Some(Err(StoreError::unavailable(reason).into())),
            None => self.outcome,
        };
        if let Some(outcome) = outcome {
            // The client may have hung up.
            let _ = self.reply.send(outcome);
        }
    }
}

/// Commits batches until every sender is gone and the queue is empty.
fn run(
    path: &str,
    connection: SqliteConnection,
    mut jobs: Receiver<Box<dyn Job>>,
    metrics: &Metrics,
    failed: &AtomicBool,
) {
    let mut connection = Some(connection);
    while let Some(first) = jobs.blocking_recv() {
        let mut batch = vec![first];
        while batch.len() < BATCH
            && let Ok(job) = jobs.try_recv()
        {
            batch.push(job);
        }
        let writes = u32::try_from(batch.len()).unwrap_or(u32::MAX);
        metrics.waiting.dec_by(writes.into());
        metrics.batch.observe(writes.into());
        let started = Instant::now();
        let lost = match commit(path, &mut connection, &mut batch) {
            Ok(()) => None,
            Err(error) => {
                // What state the connection is in is anybody's guess: the next batch begins with a new one.
                connection = None;
                tracing::error!(writes = batch.len(), %error, "a batch of writes was lost; their callers are told");
                Some(error.to_string())
            }
        };
        metrics.commit.observe(started.elapsed().as_secs_f64());
        failed.store(lost.is_some(), Ordering::Relaxed);
        for job in batch {
            job.answer(lost.as_deref());
        }
    }
}

fn commit(
    path: &str,
    connection: &mut Option<SqliteConnection>,
    batch: &mut [Box<dyn Job>],
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let connection = match connection {
        Some(connection) => connection,
        None => connection.insert(connect_writer(path, Mode::Open)?),
    };
    Ok(transact(connection, batch)?)
}

fn transact(connection: &mut SqliteConnection, batch: &mut [Box<dyn Job>]) -> QueryResult<()> {
    AnsiTransactionManager::begin_transaction_sql(connection, "BEGIN IMMEDIATE")?;
    for job in batch {
        run_statement(connection, "SAVEPOINT one_write")?;
        if !job.run(connection) {
            run_statement(connection, "ROLLBACK TO one_write")?;
        }
        // Fails where SQLite has undone the whole transaction by itself, as it does on a full disk: then all is lost.
        run_statement(connection, "RELEASE one_write")?;
    }
    AnsiTransactionManager::commit_transaction(connection)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::store_error;
    use diesel::{connection::SimpleConnection, prelude::*, sql_types::BigInt};
    use std::sync::mpsc;
    use tempfile::TempDir;

    /// A writer on a new database with an empty table `t`.
    fn writer(queue: usize) -> (Arc<Writer>, TempDir) {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("test.db").to_str().unwrap().to_owned();
        let mut connection = connect_writer(&path, Mode::Create).unwrap();
        connection.batch_execute("CREATE TABLE t (x BLOB)").unwrap();
        (Arc::new(Writer::start(connection, &path, queue).unwrap()), folder)
    }

    fn execute(sql: &'static str) -> impl FnOnce(&mut SqliteConnection) -> Result<(), StoreError> + Send {
        move |connection| connection.batch_execute(sql).map_err(store_error)
    }

    async fn rows(writer: &Writer) -> i64 {
        let count = |connection: &mut SqliteConnection| {
            diesel::select(diesel::dsl::sql::<BigInt>("(SELECT count(*) FROM t)"))
                .get_result(connection)
                .map_err(store_error)
        };
        writer.write(count).await.unwrap()
    }

    /// Holds the writer up until the returned sender is dropped, so that what follows is one batch.
    async fn hold(writer: &Arc<Writer>) -> mpsc::Sender<()> {
        let (release, released) = mpsc::channel();
        let (started, start) = oneshot::channel();
        let writer = writer.clone();
        tokio::spawn(async move {
            let wait = move |_: &mut SqliteConnection| {
                let _ = started.send(());
                // An error is the release.
                let _ = released.recv();
                Ok::<_, StoreError>(())
            };
            writer.write(wait).await
        });
        start.await.unwrap();
        release
    }

    /// Queues the write and returns what waits for its answer.
    async fn queue<F>(writer: &Arc<Writer>, work: F) -> tokio::task::JoinHandle<Result<(), StoreError>>
    where
        F: FnOnce(&mut SqliteConnection) -> Result<(), StoreError> + Send + 'static,
    {
        let (before, writer) = (writer.free_places(), writer.clone());
        let task = tokio::spawn({
            let writer = writer.clone();
            async move { writer.write(work).await }
        });
        while writer.free_places() == before && !task.is_finished() {
            tokio::task::yield_now().await;
        }
        task
    }

    impl Writer {
        fn free_places(&self) -> usize {
            self.queue.as_ref().unwrap().capacity()
        }
    }

    #[tokio::test]
    async fn a_full_queue_refuses_and_recovers() {
        let (writer, _folder) = writer(2);
        let release = hold(&writer).await;
        let first = queue(&writer, execute("INSERT INTO t VALUES (1)")).await;
        let second = queue(&writer, execute("INSERT INTO t VALUES (2)")).await;
        let third = queue(&writer, execute("INSERT INTO t VALUES (3)"))
            .await
            .await
            .unwrap();
        assert!(matches!(third, Err(StoreError::Unavailable(_))), "{third:?}");
        drop(release);
        first.await.unwrap().unwrap();
        second.await.unwrap().unwrap();
        assert_eq!(rows(&writer).await, 2);
    }

    #[tokio::test]
    async fn a_write_that_fails_or_panics_undoes_only_itself() {
        let (writer, _folder) = writer(8);
        let release = hold(&writer).await;
        let good = queue(&writer, execute("INSERT INTO t VALUES (1)")).await;
        let bad = queue(
            &writer,
            execute("INSERT INTO t VALUES (2); INSERT INTO nowhere VALUES (1)"),
        )
        .await;
        let panics = |connection: &mut SqliteConnection| {
            connection.batch_execute("INSERT INTO t VALUES (3)").unwrap();
            panic!("a defect in a write")
        };
        let panicked = queue(&writer, panics).await;
        let last = queue(&writer, execute("INSERT INTO t VALUES (4)")).await;
        drop(release);
        good.await.unwrap().unwrap();
        assert!(matches!(bad.await.unwrap(), Err(StoreError::Failed(_))));
        assert!(matches!(panicked.await.unwrap(), Err(StoreError::Failed(_))));
        last.await.unwrap().unwrap();
        assert_eq!(rows(&writer).await, 2);
    }

    #[tokio::test]
    async fn a_full_disk_loses_the_batch_and_says_so_and_the_next_one_works() {
        let (writer, _folder) = writer(8);
        writer.write(execute("PRAGMA max_page_count = 3")).await.unwrap();
        let release = hold(&writer).await;
        let small = queue(&writer, execute("INSERT INTO t VALUES (1)")).await;
        let large = queue(&writer, execute("INSERT INTO t VALUES (zeroblob(100000))")).await;
        drop(release);
        let (small, large) = (small.await.unwrap(), large.await.unwrap());
        assert!(matches!(large, Err(StoreError::Unavailable(_))), "{large:?}");
        // Whether SQLite undid the one statement or the whole transaction: what was answered is what is there.
        assert_eq!(rows(&writer).await, i64::from(small.is_ok()), "{small:?}");
        writer
            .write(execute("PRAGMA max_page_count = 1000000"))
            .await
            .unwrap();
        writer
            .write(execute("INSERT INTO t VALUES (zeroblob(100000))"))
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn a_batch_that_can_not_be_committed_is_refused_whole() {
        let (writer, _folder) = writer(8);
        let release = hold(&writer).await;
        let first = queue(&writer, execute("INSERT INTO t VALUES (1)")).await;
        // A write that ends the transaction under the batch stands for whatever else may.
        let second = queue(&writer, execute("ROLLBACK")).await;
        let third = queue(&writer, execute("INSERT INTO t VALUES (3)")).await;
        drop(release);
        for lost in [first, second, third] {
            let outcome = lost.await.unwrap();
            assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
        }
        writer.write(execute("INSERT INTO t VALUES (4)")).await.unwrap();
        assert_eq!(rows(&writer).await, 1);
    }

    #[tokio::test]
    async fn a_client_that_is_gone_before_its_turn_writes_nothing() {
        let (writer, _folder) = writer(8);
        let release = hold(&writer).await;
        let gone = queue(&writer, execute("INSERT INTO t VALUES (1)")).await;
        gone.abort();
        assert!(gone.await.unwrap_err().is_cancelled());
        drop(release);
        assert_eq!(rows(&writer).await, 0);
    }

    #[tokio::test]
    async fn dropping_the_writer_finishes_what_was_queued() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("test.db").to_str().unwrap().to_owned();
        let mut connection = connect_writer(&path, Mode::Create).unwrap();
        connection.batch_execute("CREATE TABLE t (x BLOB)").unwrap();
        let writer = Writer::start(connection, &path, 8).unwrap();
        let (release, released) = mpsc::channel::<()>();
        let (reply, _answer) = oneshot::channel();
        let wait_and_write = move |connection: &mut SqliteConnection| {
            // An error is the release.
            let _ = released.recv();
            execute("INSERT INTO t VALUES (1)")(connection)
        };
        let job = Box::new(Write {
            work: Some(wait_and_write),
            outcome: None,
            reply,
        });
        writer.queue.as_ref().unwrap().try_send(job).ok().unwrap();
        let dropped = std::thread::spawn(move || drop(writer));
        drop(release);
        dropped.join().unwrap();
        let mut connection = connect_writer(&path, Mode::Open).unwrap();
        let count = diesel::dsl::sql::<BigInt>("(SELECT count(*) FROM t)");
        assert_eq!(diesel::select(count).get_result::<i64>(&mut connection), Ok(1));
    }
}
