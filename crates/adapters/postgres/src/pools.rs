//! The pools of connections, and which thread uses which.
//!
//! A connection is driven by a task on the runtime that opened it. If another thread uses it, each statement needs two
//! wake-ups across threads, which cost more than the statement. So each thread of a server has its own connections, if
//! there are enough of them (ADR 0011 has the measurements).
//!
//! Look-ups of a single row share a connection while any is in progress. They are pipelined: each is sent without
//! waiting for the answers to earlier ones (<https://www.postgresql.org/docs/current/libpq-pipeline-mode.html>). So a
//! burst of them wakes up one process of PostgreSQL, once.

use crate::{ANSWER_TIMEOUT, Options, WAIT_TIMEOUT, batch::Queues, connect::Connector};
use deadpool::{Runtime, Status, managed::TimeoutType};
use diesel::result::ConnectionError;
use diesel_async::{
    AsyncPgConnection,
    pooled_connection::{
        AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
        deadpool::{BuildError, Object, Pool, PoolError},
    },
};
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread::{self, ThreadId},
};
use thread_local::ThreadLocal;
use tokio::{runtime::Handle, sync::Mutex, time::timeout};

/// How many look-ups may start on a shared connection before it goes back to the pool, so that an endless stream of
/// them doesn't starve a write.
const TURN: u32 = 256;

/// The connections of one store. There are at most [`Options::connections`].
pub(crate) struct Pools {
    connector: Connector,
    /// The thread that opened the store. It drives the connections that all threads share.
    opener: ThreadId,
    shared: Connections,
    own: ThreadLocal<Connections>,
    /// How many connections each other thread has, or `None` if all threads share the same.
    of_each: Option<u32>,
    /// How many writes each batch holds.
    pub(crate) batches: Histogram,
}

impl Pools {
    /// Call this on the thread whose runtime lives as long as the store.
    pub(crate) fn new(connector: Connector, options: Options) -> Result<Self, BuildError> {
        let (connections, threads) = (options.connections.get(), options.threads.get());
        // The opening thread only does maintenance, one operation at a time.
        let of_each = (threads > 1 && connections > threads).then(|| (connections - 1) / threads);
        let batches = Histogram::new(exponential_buckets(1.0, 2.0, 7));
        let shared = if of_each.is_some() { 1 } else { connections };
        Ok(Self {
            opener: thread::current().id(),
            shared: Connections::new(&connector, shared, &batches)?,
            own: ThreadLocal::new(),
            of_each,
            batches,
            connector,
        })
    }

    /// The connections of this thread.
    pub(crate) fn get(&self) -> Result<Connections, BuildError> {
        match self.of_each {
            Some(size) if thread::current().id() != self.opener => self
                .own
                .get_or_try(|| Connections::new(&self.connector, size, &self.batches))
                .cloned(),
            _ => Ok(self.shared.clone()),
        }
    }

    /// The status of every pool.
    pub(crate) fn statuses(&self) -> impl Iterator<Item = Status> {
        let all = self.own.iter().chain([&self.shared]);
        all.map(|connections| connections.pool.status())
    }
}

/// The connections of one thread, or of all threads.
#[derive(Clone)]
pub(crate) struct Connections {
    pool: Pool<AsyncPgConnection>,
    reading: Arc<Mutex<Weak<Reading>>>,
    pub(crate) queues: Arc<Queues>,
}

impl Connections {
    fn new(connector: &Connector, size: u32, batches: &Histogram) -> Result<Self, BuildError> {
        Ok(Self {
            pool: pool(connector, size)?,
            reading: Arc::default(),
            queues: Arc::new(Queues::new(batches.clone())),
        })
    }

    /// A connection for one caller alone.
    pub(crate) async fn exclusive(&self) -> Result<Object<AsyncPgConnection>, PoolError> {
        self.pool.get().await
    }

    /// The connection that look-ups share. The last of them returns it to the pool.
    pub(crate) async fn reading(&self) -> Result<Arc<Reading>, PoolError> {
        // Locked until there is a connection, so that all look-ups together wait only once for the pool.
        let Ok(mut reading) = timeout(WAIT_TIMEOUT, self.reading.lock()).await else {
            return Err(PoolError::Timeout(TimeoutType::Wait));
        };
        if let Some(shared) = reading.upgrade().filter(|shared| shared.takes_another()) {
            return Ok(shared);
        }
        let shared = Arc::new(Reading {
            connection: self.pool.get().await?,
            begun: AtomicU32::new(1),
            left: AtomicBool::new(false),
        });
        *reading = Arc::downgrade(&shared);
        Ok(shared)
    }
}

/// A connection for look-ups only. Any number of them may use it at the same time.
pub(crate) struct Reading {
    pub(crate) connection: Object<AsyncPgConnection>,
    begun: AtomicU32,
    left: AtomicBool,
}

impl Reading {
    fn takes_another(&self) -> bool {
        !self.left.load(Ordering::Relaxed) && self.begun.fetch_add(1, Ordering::Relaxed) < TURN
    }

    /// Marks the connection as broken. No further look-up starts on it, and it doesn't go back to the pool.
    pub(crate) fn leave(&self) {
        self.left.store(true, Ordering::Relaxed);
    }

    /// Ends a look-up.
    pub(crate) fn end(self: Arc<Self>) {
        if let Some(last) = Arc::into_inner(self)
            && last.left.into_inner()
        {
            drop(Object::take(last.connection));
        }
    }
}

/// Creates a pool whose connections live on the current runtime. Otherwise they would live on that of the worker that
/// first needs one, which may end earlier.
fn pool(connector: &Connector, size: u32) -> Result<Pool<AsyncPgConnection>, BuildError> {
    let mut manager = ManagerConfig::default();
    // A broken connection is detected without a query.
    manager.recycling_method = RecyclingMethod::Fast;
    let (runtime, connector) = (Handle::current(), connector.clone());
    manager.custom_setup = Box::new(move |_| {
        let connector = connector.clone();
        let connection = runtime.spawn(async move { connector.connect().await });
        Box::pin(async {
            connection
                .await
                .map_err(|error| ConnectionError::BadConnection(error.to_string()))?
        })
    });
    let manager = AsyncDieselConnectionManager::new_with_config("", manager);
    Pool::builder(manager)
        .max_size(usize::try_from(size).unwrap_or(usize::MAX))
        .wait_timeout(Some(WAIT_TIMEOUT))
        .create_timeout(Some(ANSWER_TIMEOUT))
        .runtime(Runtime::Tokio1)
        .build()
}
