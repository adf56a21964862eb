//! The writer: one thread, one connection, group commit.
//!
//! A durable commit waits for the disk, whether it holds one write or a hundred. So writes are queued. The thread takes
//! all writes that are waiting (up to [`BATCH`]), runs each in its own savepoint, and commits them together. A write
//! that is refused rolls back only to its own savepoint. No write is answered before the commit. That includes a
//! refusal, because it may depend on another write of the same batch.

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

/// The most writes in one commit. A larger batch would only make its first write wait longer.
const BATCH: usize = 128;

/// The writer's metrics.
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

/// The sending side of the queue. Dropping it waits until the queue is empty and the connection is closed.
pub(crate) struct Writer {
    /// `None` only during the drop.
    queue: Option<Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
    metrics: Metrics,
    /// Whether the last batch was lost.
    failed: Arc<AtomicBool>,
    /// Never sends anything. It is dropped after the thread has ended, which shows that the connection is closed.
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
            // Dropping the sender makes this an error.
            while open.changed().await.is_ok() {}
        })
    }

    /// Fails if the writer thread has ended.
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
            // If the thread panicked, the panic hook has reported it.
            let _ = thread.join();
        }
    }
}

/// One write of the batch.
trait Job: Send {
    /// Does the work. `false` requests a rollback to the savepoint.
    fn run(&mut self, connection: &mut SqliteConnection) -> bool;
    /// Sends the outcome of `run`, or the reason why the whole batch was lost.
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
        // The caller no longer waits: the client disconnected before the write's turn. Skipping the write is cheaper,
        // and still "all or nothing".
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
            // The client may have disconnected.
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
                // The connection is in an unknown state, so the next batch opens a new one.
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
        // Fails if SQLite has rolled back the whole transaction by itself, as it does on a full disk. Then the batch is
        // lost.
        run_statement(connection, "RELEASE one_write")?;
    }
    AnsiTransactionManager::commit_transaction(connection)
}

#[cfg(test)]
mod tests;
