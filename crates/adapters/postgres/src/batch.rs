//! Group commit: new rows of one table that wait at the same time are written by one statement.
//!
//! A commit waits for the disk, and a statement costs the server and the database more than a row. A write that finds a
//! batcher free is carried out at once, alone. The writes that come while all batchers are busy are the next batch. Each
//! thread has its own batchers, as it has its own connections.
//!
//! A batch either commits, or has written nothing. What it left out because something was in the way, and all of it if
//! the database refused it, is then written one by one, so that each write has its own outcome.

mod rows;

pub(crate) use rows::Batched;

use crate::{
    PostgresStore, WAIT_TIMEOUT,
    error::{is_refusal, no_connection, store_error},
    in_time,
    pools::Connections,
    statements::Many,
    write::{alone, in_transaction},
};
use chatgrow_ports::{Commit, StoreError};
use chatgrow_sql::{
    Guard, Guarded, Prepared, crm::customer::CustomerRow, scheduling::occupancy::AppointmentRow,
};
use diesel_async::{
    AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection, pooled_connection::deadpool::Object,
};
use futures_util::FutureExt;
use prometheus_client::metrics::histogram::Histogram;
use std::{
    collections::{HashSet, VecDeque},
    panic::AssertUnwindSafe,
    sync::{Mutex, PoisonError},
};
use tokio::{sync::oneshot, time::timeout};

/// The most writes in one statement. A larger batch would only make its first write wait longer.
const BATCH: usize = 64;

/// How many batches of one table a thread has under way at the same time.
const BATCHERS: u32 = 2;

/// The most writes that may wait for a batch of one table and thread.
const QUEUE: usize = 1024;

/// The queues of one thread.
pub(crate) struct Queues {
    customers: Queue<CustomerRow>,
    occupancies: Queue<AppointmentRow>,
    /// How many writes each batch holds.
    sizes: Histogram,
}

impl Queues {
    pub(crate) fn new(sizes: Histogram) -> Self {
        Self {
            customers: Queue::default(),
            occupancies: Queue::default(),
            sizes,
        }
    }
}

/// The writes that wait for a batch.
pub(crate) struct Queue<R>(Mutex<Waiting<R>>);

struct Waiting<R> {
    writes: VecDeque<Write<R>>,
    batchers: u32,
}

struct Write<R> {
    row: R,
    commit: Commit,
    /// Tells the caller that its write is under way, and where the outcome comes.
    begun: oneshot::Sender<oneshot::Receiver<Result<(), Refusal>>>,
}

/// A write that is under way.
struct Begun<R> {
    row: R,
    commit: Commit,
    outcome: oneshot::Sender<Result<(), Refusal>>,
}

/// Why a row was not written.
enum Refusal {
    Guard(Guard),
    Store(StoreError),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Guarded for Refusal {
    fn refused_by(guard: Guard) -> Option<Self> {
        Some(Self::Guard(guard))
    }
}

impl Refusal {
    fn told<E: Guarded>(self) -> E {
        match self {
            Self::Store(error) => error.into(),
            Self::Guard(guard) => E::refused_by(guard)
                .unwrap_or_else(|| StoreError::failed(format!("{guard:?} refused the row")).into()),
        }
    }
}

impl<R> Default for Queue<R> {
    fn default() -> Self {
        Self(Mutex::new(Waiting {
            writes: VecDeque::new(),
            batchers: 0,
        }))
    }
}

impl<R> Queue<R> {
    /// Adds a write. Returns whether it needs another batcher.
    fn add(&self, write: Write<R>) -> Result<bool, StoreError> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.writes.len() == QUEUE {
            return Err(StoreError::unavailable("too many writes are waiting"));
        }
        waiting.writes.push_back(write);
        let another = waiting.batchers < BATCHERS;
        waiting.batchers += u32::from(another);
        Ok(another)
    }

    /// Whether any write waits. If none does, the batcher has ended.
    fn goes_on(&self) -> bool {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let goes_on = !waiting.writes.is_empty();
        waiting.batchers -= u32::from(!goes_on);
        goes_on
    }

    /// The next batch. It is empty if another batcher was faster, or if nobody waits for an answer any more.
    fn next(&self) -> Vec<Begun<R>> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = waiting.writes.len().min(BATCH);
        let writes = waiting.writes.drain(..count);
        writes.filter_map(Write::begin).collect()
    }
}

impl<R> Write<R> {
    /// `None` if the caller no longer waits.
    fn begin(self) -> Option<Begun<R>> {
        let (outcome, receiver) = oneshot::channel();
        self.begun.send(receiver).ok()?;
        Some(Begun {
            row: self.row,
            commit: self.commit,
            outcome,
        })
    }
}

impl PostgresStore {
    /// Writes a new row with its commit, perhaps together with others.
    pub(crate) async fn insert<R: Batched, E: Guarded>(&self, row: R, commit: Commit) -> Result<(), E> {
        let connections = self.pools.get().map_err(StoreError::failed)?;
        let (begun, begins) = oneshot::channel();
        if R::queue(&connections).add(Write { row, commit, begun })? {
            tokio::spawn(batches::<R>(connections));
        }
        let Ok(Ok(outcome)) = timeout(WAIT_TIMEOUT, begins).await else {
            return Err(StoreError::unavailable("all connections are in use").into());
        };
        let outcome = outcome
            .await
            .unwrap_or_else(|_| Err(StoreError::unavailable("the write was abandoned").into()));
        outcome.map_err(Refusal::told)
    }
}

/// Carries out batches until no write waits.
async fn batches<R: Batched>(connections: Connections) {
    let queue = R::queue(&connections);
    while queue.goes_on() {
        // Those that come while it waits for a connection are in the batch, too.
        let connection = connections.exclusive().await.map_err(no_connection);
        let writes = queue.next();
        if writes.is_empty() {
            continue;
        }
        let size = u32::try_from(writes.len()).unwrap_or(u32::MAX);
        connections.queues.sizes.observe(size.into());
        // A panic must not end the batcher. It ends the batch, whose callers see that.
        let _ = AssertUnwindSafe(batch(&connections, connection, writes))
            .catch_unwind()
            .await;
    }
}

async fn batch<R: Batched>(
    connections: &Connections,
    connection: Result<Object<AsyncPgConnection>, StoreError>,
    mut writes: Vec<Begun<R>>,
) {
    let written = match connection {
        Err(error) => Err(error),
        Ok(connection) => {
            if writes.len() == 1
                && let Some(write) = writes.pop()
            {
                return write.carry_out(connection, false).await;
            }
            together(connection, &writes).await
        }
    };
    let written = match written {
        Ok(written) => written,
        Err(error) => {
            let error = error.to_string();
            for write in writes {
                write.end(Err(StoreError::unavailable(error.clone()).into()));
            }
            return;
        }
    };
    for (number, write) in (1..).zip(writes) {
        match &written {
            Some(written) if written.contains(&number) => write.end(Ok(())),
            Some(_) if write.commit.record.is_none() => write.end(Err(Refusal::Guard(R::GUARD))),
            _ => {
                let (connections, left_out) = (connections.clone(), written.is_some());
                tokio::spawn(async move {
                    match connections.exclusive().await {
                        Ok(connection) => write.carry_out(connection, left_out).await,
                        Err(error) => write.end(Err(no_connection(error).into())),
                    }
                });
            }
        }
    }
}

/// Writes the rows with their commits. Returns the numbers of those that were written, from 1, or `None` if the database
/// refused the statement.
async fn together<R: Batched>(
    connection: Object<AsyncPgConnection>,
    writes: &[Begun<R>],
) -> Result<Option<HashSet<i64>>, StoreError> {
    let many = Prepared(Many::new(writes.iter().map(|write| (&write.row, &write.commit))));
    in_time(connection, |connection| {
        Box::pin(async move {
            match many.load::<i64>(connection).await {
                Ok(numbers) => Ok(Some(numbers.into_iter().collect())),
                Err(error) if is_refusal(&error) => {
                    // The database tells the error before it releases the statement's locks, and then takes the next
                    // statement. Whoever tries again before that would meet the locks of its own first attempt.
                    connection.batch_execute("").await.map_err(store_error)?;
                    Ok(None)
                }
                Err(error) => Err(store_error(error)),
            }
        })
    })
    .await
}

impl<R: Batched> Begun<R> {
    /// Writes the row alone. If a batch left it out, only a transaction can tell why.
    async fn carry_out(self, connection: Object<AsyncPgConnection>, left_out: bool) {
        let Self { row, commit, outcome } = self;
        let written = in_time(connection, |connection| {
            Box::pin(async move {
                if left_out {
                    in_transaction::<Refusal>(connection, commit, row.insert()).await
                } else {
                    alone(connection, commit, row.insert()).await
                }
            })
        });
        let written = match written.await {
            Ok(0) => Err(Refusal::Guard(R::GUARD)),
            written => written.map(drop),
        };
        // The caller may be gone.
        let _ = outcome.send(written);
    }

    fn end(self, outcome: Result<(), Refusal>) {
        let _ = self.outcome.send(outcome);
    }
}
