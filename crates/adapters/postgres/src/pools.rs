//! Connections, and who uses which.
//!
//! A connection is driven by a task of the runtime that it was opened on. Where that is another thread's, each statement wakes it up and
//! is woken up in turn, which costs more than the statement. So, where there are enough of them, each of a server's threads has
//! connections of its own (ADR 0011 has the measured gain).
//!
//! Look-ups of a single row share a connection while any is under way: each is sent without waiting for the answers to those before it
//! (<https://www.postgresql.org/docs/current/libpq-pipeline-mode.html>), so a burst of them wakes up one process of PostgreSQL, once.

use crate::{ANSWER_TIMEOUT, Options, WAIT_TIMEOUT, connect::Connector};
use deadpool::{Runtime, Status, managed::TimeoutType};
use diesel::result::ConnectionError;
use diesel_async::{
    AsyncPgConnection,
    pooled_connection::{
        AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
        deadpool::{BuildError, Object, Pool, PoolError},
    },
};
use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread::{self, ThreadId},
};
use thread_local::ThreadLocal;
use tokio::{runtime::Handle, sync::Mutex, time::timeout};

/// How many look-ups may begin on a connection that they share until it goes back to the pool: a stream of them without end keeps no
/// write from it.
const TURN: u32 = 256;

/// The connections of one store: as many as [`Options::connections`] says, or fewer.
pub(crate) struct Pools {
    connector: Connector,
    /// The thread that has opened the store, and drives the connections that all share.
    opener: ThreadId,
    shared: Connections,
    own: ThreadLocal<Connections>,
    /// How many connections each other thread has; `None` where all share.
    of_each: Option<u32>,
}

impl Pools {
    /// To be called on the thread whose runtime lasts as long as the store.
    pub(crate) fn new(connector: Connector, options: Options) -> Result<Self, BuildError> {
        let (connections, threads) = (options.connections.get(), options.threads.get());
        // The opener does chores only, one at a time.
        let of_each = (threads > 1 && connections > threads).then(|| (connections - 1) / threads);
        let shared = if of_each.is_some() { 1 } else { connections };
        Ok(Self {
            opener: thread::current().id(),
            shared: Connections::new(&connector, shared)?,
            own: ThreadLocal::new(),
            of_each,
            connector,
        })
    }

    /// Those of this thread.
    pub(crate) fn get(&self) -> Result<Connections, BuildError> {
        match self.of_each {
            Some(size) if thread::current().id() != self.opener => self
                .own
                .get_or_try(|| Connections::new(&self.connector, size))
                .cloned(),
            _ => Ok(self.shared.clone()),
        }
    }

    /// What is in use, of each pool that there is.
    pub(crate) fn statuses(&self) -> impl Iterator<Item = Status> {
        let all = self.own.iter().chain([&self.shared]);
        all.map(|connections| connections.pool.status())
    }
}

/// The connections of one thread, or of all.
#[derive(Clone)]
pub(crate) struct Connections {
    pool: Pool<AsyncPgConnection>,
    reading: Arc<Mutex<Weak<Reading>>>,
}

impl Connections {
    fn new(connector: &Connector, size: u32) -> Result<Self, BuildError> {
        Ok(Self {
            pool: pool(connector, size)?,
            reading: Arc::default(),
        })
    }

    /// A connection that nobody else uses.
    pub(crate) async fn exclusive(&self) -> Result<Object<AsyncPgConnection>, PoolError> {
        self.pool.get().await
    }

    /// The connection that look-ups share. The last of them gives it back.
    pub(crate) async fn reading(&self) -> Result<Arc<Reading>, PoolError> {
        // Locked until there is one: so all look-ups together wait once for the pool.
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

/// A connection for look-ups only, which any number of them may use at once.
pub(crate) struct Reading {
    pub(crate) connection: Object<AsyncPgConnection>,
    begun: AtomicU32,
    left: AtomicBool,
}

impl Reading {
    fn takes_another(&self) -> bool {
        !self.left.load(Ordering::Relaxed) && self.begun.fetch_add(1, Ordering::Relaxed) < TURN
    }

    /// Something is wrong with it: no look-up begins on it any more, nor gets it from the pool.
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

/// A pool whose connections live on the runtime that this is called on, and not on that of whichever worker first needs one and may
/// end first.
fn pool(connector: &Connector, size: u32) -> Result<Pool<AsyncPgConnection>, BuildError> {
    let mut manager = ManagerConfig::default();
    // A connection that broke is told apart without asking the server.
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
