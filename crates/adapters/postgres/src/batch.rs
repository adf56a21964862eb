//! Group commit: new rows of one table that wait at the same time are written by one statement.
//!
//! A commit waits for the disk, and a statement costs the server and the database more than a row. A write that finds a
//! batcher free is carried out at once, alone. The writes that come while all batchers are busy are the next batch. Each
//! thread has its own batchers, as it has its own connections.
//!
//! A batch either commits, or has written nothing. What it left out because something was in the way, and all of it if
//! the database refused it, is then written one by one, so that each write has its own outcome.

use crate::{
    PostgresStore, WAIT_TIMEOUT,
    error::{is_refusal, no_connection, store_error},
    in_time,
    pools::Connections,
    statements::Many,
    write::alone,
};
use chatgrow_ports::{Commit, StoreError};
use chatgrow_sql::{
    Guard, Guarded, Prepared, RowId,
    arrays::InColumns,
    crm::customer::CustomerRow,
    scheduling::occupancy::AppointmentRow,
    schema::{appointments, customers},
};
use diesel::{
    ExpressionMethods,
    pg::Pg,
    query_builder::{QueryFragment, QueryId},
    upsert::{DecoratableTarget, on_constraint},
};
use diesel_async::{
    AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection, pooled_connection::deadpool::Object,
};
use futures_util::FutureExt;
use prometheus_client::metrics::histogram::Histogram;
use std::{
    collections::{HashSet, VecDeque},
    iter,
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

/// A row that can be written in a batch.
pub(crate) trait Batched: InColumns + Clone + Send + Sync {
    /// The table.
    const TABLE: &'static str;
    /// The order in which rows are written. Of rows that could be in each other's way, every statement MUST write the same
    /// first, so that statements which have written one row and wait for another don't wait in a circle.
    const ORDER: &'static str;
    /// What to look at for something that is in the way: the target of `ON CONFLICT`.
    const CONFLICT: &'static str;
    /// The guard that refuses the row then.
    const GUARD: Guard;

    /// The row's account.
    fn account(&self) -> RowId;

    /// The locks that a statement which writes several rows of an account shares before it writes any: those which writes
    /// that don't keep to the order take alone (`migrations/postgres`). Every statement takes them in their own order.
    fn turns(&self) -> impl Iterator<Item = Turn>;

    /// The statement that writes this row alone, or nothing if something is in the way.
    fn insert(self) -> impl QueryFragment<Pg> + QueryId + Send + Sync + 'static;

    /// This thread's queue.
    fn queue(connections: &Connections) -> &Queue<Self>;
}

impl Batched for CustomerRow {
    const TABLE: &'static str = "customers";
    const ORDER: &'static str = "account_id, email_key";
    const CONFLICT: &'static str = "(account_id, email_key) WHERE email_key IS NOT NULL";
    const GUARD: Guard = Guard::CustomerEmail;

    fn account(&self) -> RowId {
        CustomerRow::account(self)
    }

    fn turns(&self) -> impl Iterator<Item = Turn> {
        iter::once(Turn::of_moves::<Self>(self.account()))
    }

    fn insert(self) -> impl QueryFragment<Pg> + QueryId + Send + Sync + 'static {
        diesel::insert_into(customers::table)
            .values(self)
            .on_conflict((customers::account_id, customers::email_key))
            .filter_target(customers::email_key.is_not_null())
            .do_nothing()
    }

    fn queue(connections: &Connections) -> &Queue<Self> {
        &connections.queues.customers
    }
}

impl Batched for AppointmentRow {
    const TABLE: &'static str = "appointments";
    const ORDER: &'static str = "account_id, resource_id, blocks_from";
    const CONFLICT: &'static str = "ON CONSTRAINT appointments_no_overlap";
    const GUARD: Guard = Guard::AppointmentSlot;

    fn account(&self) -> RowId {
        AppointmentRow::account(self)
    }

    fn turns(&self) -> impl Iterator<Item = Turn> {
        let days = self.days().map(|day| Turn {
            after_moves: true,
            name: format!("appointments_take_days{}", self.account()),
            seed: day,
        });
        iter::once(Turn::of_moves::<Self>(self.account())).chain(days)
    }

    fn insert(self) -> impl QueryFragment<Pg> + QueryId + Send + Sync + 'static {
        diesel::insert_into(appointments::table)
            .values(self)
            .on_conflict(on_constraint("appointments_no_overlap"))
            .do_nothing()
    }

    fn queue(connections: &Connections) -> &Queue<Self> {
        &connections.queues.occupancies
    }
}

/// An advisory lock, as the triggers name it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Turn {
    /// Whoever takes both kinds takes those of moves first.
    after_moves: bool,
    pub(crate) name: String,
    pub(crate) seed: i64,
}

impl Turn {
    fn of_moves<R: Batched>(account: RowId) -> Self {
        Self {
            after_moves: false,
            name: format!("{}{account}", R::TABLE),
            seed: 0,
        }
    }
}

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
                return write.carry_out(connection).await;
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
                let connections = connections.clone();
                tokio::spawn(async move {
                    match connections.exclusive().await {
                        Ok(connection) => write.carry_out(connection).await,
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
    /// Writes the row alone.
    async fn carry_out(self, connection: Object<AsyncPgConnection>) {
        let Self { row, commit, outcome } = self;
        let written = in_time(connection, |connection| {
            Box::pin(alone::<Refusal>(connection, commit, row.insert()))
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
