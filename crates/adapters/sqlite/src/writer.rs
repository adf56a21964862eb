//! The writer: one thread, one connection, group commit.
//!
//! A durable commit costs a wait for the disk, whether it holds one write or a hundred. So writes queue up, and the
//! thread takes all that wait (up to [`BATCH`]), each in a savepoint of its own, and commits them together. A write that
//! is refused undoes its own savepoint only. Nobody is answered before the commit: not even a refusal, for what it rests
//! on may be a write of the same batch.

use crate::{connect_writer, error::store_error};
use chatgrow_ports::StoreError;
use diesel::{
    connection::{AnsiTransactionManager, TransactionManager},
    result::QueryResult,
    sqlite::SqliteConnection,
};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    thread::JoinHandle,
};
use tokio::sync::{
    mpsc::{Receiver, Sender, channel, error::TrySendError},
    oneshot,
};

/// The most writes in one commit. More would only make the first of them wait longer.
const BATCH: usize = 128;

/// The sending side. Dropping it waits until the queue is empty and the connection closed.
pub(crate) struct Writer {
    /// `None` only while it is dropped.
    queue: Option<Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(crate) fn start(connection: SqliteConnection, path: &str, queue: usize) -> std::io::Result<Self> {
        let (sender, jobs) = channel(queue);
        let path = path.to_owned();
        let thread = std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || run(&path, connection, jobs))?;
        Ok(Self {
            queue: Some(sender),
            thread: Some(thread),
        })
    }

    /// Whether there is somebody to write.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        match &self.queue {
            Some(queue) if !queue.is_closed() => Ok(()),
            _ => Err(StoreError::failed("the writer has stopped")),
        }
    }

    /// See [`SqliteStore::write`](crate::SqliteStore::write).
    pub(crate) async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&mut SqliteConnection) -> Result<T, E> + Send + 'static,
    {
        self.check()?;
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Write {
            work: Some(work),
            outcome: None,
            reply,
        });
        if let Some(queue) = &self.queue {
            queue.try_send(job).map_err(|error| match error {
                TrySendError::Full(_) => StoreError::unavailable("too many writes are waiting"),
                TrySendError::Closed(_) => StoreError::failed("the writer has stopped"),
            })?;
        }
        answer
            .await
            .unwrap_or_else(|_| Err(StoreError::failed("the write was abandoned").into()))
    }
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
fn run(path: &str, connection: SqliteConnection, mut jobs: Receiver<Box<dyn Job>>) {
    let mut connection = Some(connection);
    while let Some(first) = jobs.blocking_recv() {
        let mut batch = vec![first];
        while batch.len() < BATCH
            && let Ok(job) = jobs.try_recv()
        {
            batch.push(job);
        }
        let lost = match commit(path, &mut connection, &mut batch) {
            Ok(()) => None,
            Err(error) => {
                // What state the connection is in is anybody's guess: the next batch begins with a new one.
                connection = None;
                tracing::error!(writes = batch.len(), %error, "a batch of writes was lost; their callers are told");
                Some(error.to_string())
            }
        };
        for job in batch {
            job.answer(lost.as_deref());
        }
    }
}

fn commit(
    path: &str,
    connection: &mut Option<SqliteConnection>,
    batch: &mut [Box<dyn Job>],
) -> Result<(), StoreError> {
    let connection = match connection {
        Some(connection) => connection,
        None => connection.insert(connect_writer(path).map_err(StoreError::unavailable)?),
    };
    transact(connection, batch).map_err(store_error)
}

fn transact(connection: &mut SqliteConnection, batch: &mut [Box<dyn Job>]) -> QueryResult<()> {
    AnsiTransactionManager::begin_transaction_sql(connection, "BEGIN IMMEDIATE")?;
    for job in batch {
        AnsiTransactionManager::begin_transaction(connection)?;
        if job.run(connection) {
            AnsiTransactionManager::commit_transaction(connection)?;
        } else {
            // Fails where SQLite has undone the whole transaction by itself, as it does on a full disk: then all is lost.
            AnsiTransactionManager::rollback_transaction(connection)?;
        }
    }
    AnsiTransactionManager::commit_transaction(connection)
}
