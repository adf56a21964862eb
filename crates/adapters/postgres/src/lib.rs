//! The stores on PostgreSQL, for any number of servers.
//!
//! The database itself enforces every guard, with constraints and triggers (`migrations/postgres`). So nothing depends
//! on there being only one server process, and most writes are a single statement. Connections are pooled. If the
//! database is unreachable, busy or slow, the result is [`StoreError::Unavailable`], and the next call starts afresh.

mod access;
mod batch;
mod connect;
mod copy;
mod delivery;
mod error;
mod health;
mod metrics;
mod migrate;
mod pools;
mod scheduling;
mod statements;
mod steps;
mod url;
mod write;

pub use url::PostgresUrl;

use crate::{
    access::quota::LEASES,
    connect::Connector,
    error::{no_connection, store_error},
    migrate::{Setting, migrate},
    pools::{Connections, Pools},
};
use chatgrow_ports::{Listed, Page, PageRequest, StoreError};
use chatgrow_sql::{
    Migrations, account_store, appointment_store, block_store, crm::customer::SearchDialect, customer_store,
    event_store, hold_store, idempotency_store, page, payment_notice_store, payment_source_store,
    payment_store, registration_store, resource_store, schedule_store, service_store, session_store,
    user_store,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl, methods::LoadQuery, pooled_connection::deadpool::Object};
use futures_util::future::BoxFuture;
use prometheus_client::registry::Registry;
use std::{error::Error, future, num::NonZeroU32, sync::Arc, time::Duration};
use tokio::{sync::Semaphore, time::timeout};

/// How long a call waits for a connection if all are in use.
const WAIT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the database may take for all statements of one call. It is longer than the database's own time-outs, and
/// applies if the database doesn't keep them.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(15);

/// How long the database may take for a look-up. Other look-ups on the same connection wait meanwhile.
const LOOK_UP_TIMEOUT: Duration = Duration::from_secs(5);

/// How a part of a text is found.
const SEARCH: SearchDialect = SearchDialect {
    has_word: "strpos(lower($column COLLATE \"C\"), $word) > 0",
    position: "strpos",
};

/// The epoch of new changes. (`migrations/postgres` says why.)
const EPOCH: &str = "(SELECT epoch FROM feed) + pg_current_xact_id()::text::bigint";

/// The options of the store.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The most connections that this process opens.
    pub connections: NonZeroU32,
    /// How many threads serve requests, not counting the one that opens the store. If there is more than one, and there
    /// are enough connections, each thread gets its own pool. Then count every thread that uses the store.
    pub threads: NonZeroU32,
    /// What to do if the schema is older than the program.
    pub migrations: Migrations,
}

const CONNECTIONS: NonZeroU32 = NonZeroU32::new(16).expect("not 0");

impl Default for Options {
    fn default() -> Self {
        Self {
            connections: CONNECTIONS,
            threads: NonZeroU32::MIN,
            migrations: Migrations::Run,
        }
    }
}

/// The database can't be opened.
#[derive(Debug, thiserror::Error)]
#[error("can't open the PostgreSQL database {url}: {reason}")]
pub struct OpenError {
    url: PostgresUrl,
    #[source]
    reason: Box<dyn Error + Send + Sync>,
}

/// The stores of all ports, on one PostgreSQL database.
pub struct PostgresStore {
    pools: Arc<Pools>,
    /// For operations that take longer than a request may.
    connector: Connector,
    /// Bounds how many leases of quotas are under way.
    leases: Semaphore,
}

impl PostgresStore {
    /// Connects, and migrates the schema.
    ///
    /// # Errors
    /// [`OpenError`] if the server can't be reached or rejects this program; if a migration fails; if the schema is
    /// newer than this program, or from before the first release.
    pub async fn open(url: &PostgresUrl, options: Options) -> Result<Self, OpenError> {
        Self::try_open(url, options).await.map_err(|reason| OpenError {
            url: url.clone(),
            reason,
        })
    }

    async fn try_open(url: &PostgresUrl, options: Options) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let connector = Connector::new(url)?;
        let mut connection = connector.connect_unlimited().await?;
        let Setting { value: encoding } =
            diesel::sql_query("SELECT current_setting('server_encoding') AS value")
                .get_result(&mut connection)
                .await?;
        if let Some(encoding) = encoding.filter(|encoding| encoding != "UTF8") {
            return Err(format!("its encoding is {encoding}: create it with ENCODING 'UTF8'").into());
        }
        // Diesel's migrations block, so they run on a thread of their own.
        tokio::task::spawn_blocking(move || migrate(connection, options.migrations)).await??;

        let pools = Arc::new(Pools::new(connector.clone(), options)?);
        Ok(Self {
            pools,
            connector,
            leases: Semaphore::new(LEASES),
        })
    }

    /// Registers this store's metrics.
    pub fn register_metrics(&self, registry: &mut Registry) {
        let registry = registry.sub_registry_with_prefix("postgres");
        registry.register_collector(Box::new(metrics::PoolUse(self.pools.clone())));
        registry.register(
            "batch_writes",
            "New rows in one statement",
            self.pools.batches.clone(),
        );
    }

    /// The row of a query that returns at most one and is quick, because the query shares a connection with others.
    async fn find<R, T>(
        &self,
        query: impl for<'c> LoadQuery<'static, &'c AsyncPgConnection, R> + Send + 'static,
    ) -> Result<Option<T>, StoreError>
    where
        R: Send + 'static,
        T: TryFrom<R, Error = StoreError>,
    {
        self.look_up(query).await?.pop().map(T::try_from).transpose()
    }

    /// All rows of a query that returns at most some dozens, by their keys. It shares a connection, as in
    /// [`find`](Self::find).
    async fn few<R, T>(
        &self,
        query: impl for<'c> LoadQuery<'static, &'c AsyncPgConnection, R> + Send + 'static,
    ) -> Result<Vec<T>, StoreError>
    where
        R: Send + 'static,
        T: TryFrom<R, Error = StoreError>,
    {
        self.look_up(query).await?.into_iter().map(T::try_from).collect()
    }

    /// All rows of a query.
    async fn all<R, T>(
        &self,
        query: impl LoadQuery<'static, AsyncPgConnection, R> + Send + 'static,
    ) -> Result<Vec<T>, StoreError>
    where
        R: Send + 'static,
        T: TryFrom<R, Error = StoreError>,
    {
        self.load(query).await?.into_iter().map(T::try_from).collect()
    }

    /// The page that a list's query asks for.
    fn page<R, T>(
        &self,
        query: impl LoadQuery<'static, AsyncPgConnection, R> + Send + 'static,
        request: PageRequest<T::Position>,
    ) -> impl Future<Output = Result<Page<T, T::Position>, StoreError>>
    where
        R: Send + 'static,
        T: TryFrom<R, Error = StoreError> + Listed,
    {
        let rows = self.load(query);
        async move { page(rows.await?, &request) }
    }

    /// The same as [`page`](Self::page): here a query that may take long needs no special treatment.
    fn search<R, T>(
        &self,
        query: impl LoadQuery<'static, AsyncPgConnection, R> + Send + 'static,
        request: PageRequest<T::Position>,
    ) -> impl Future<Output = Result<Page<T, T::Position>, StoreError>>
    where
        R: Send + 'static,
        T: TryFrom<R, Error = StoreError> + Listed,
    {
        self.page(query, request)
    }

    fn load<R: Send + 'static>(
        &self,
        query: impl LoadQuery<'static, AsyncPgConnection, R> + Send + 'static,
    ) -> BoxFuture<'static, Result<Vec<R>, StoreError>> {
        self.on_a_connection(|connection| {
            Box::pin(async move { query.load(connection).await.map_err(store_error) })
        })
    }

    fn look_up<R: Send + 'static>(
        &self,
        query: impl for<'c> LoadQuery<'static, &'c AsyncPgConnection, R> + Send + 'static,
    ) -> BoxFuture<'static, Result<Vec<R>, StoreError>> {
        self.on_connections(|connections| {
            Box::pin(async move {
                let reading = connections.reading().await.map_err(no_connection)?;
                let found = timeout(LOOK_UP_TIMEOUT, query.load(&mut &*reading.connection)).await;
                let found = found.map_or_else(
                    |_| Err(slow(&reading.connection)),
                    |rows| rows.map_err(store_error),
                );
                if found.is_err() {
                    reading.leave();
                }
                reading.end();
                found
            })
        })
    }

    /// Does the work on an exclusive connection.
    fn on_a_connection<T, E>(
        &self,
        work: impl for<'c> FnOnce(&'c mut AsyncPgConnection) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, E>>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.on_connections(|connections| {
            Box::pin(async move {
                let connection = connections.exclusive().await.map_err(no_connection)?;
                in_time(connection, work).await
            })
        })
    }

    /// Does the work in a task of its own. If the caller's future is dropped, no transaction stays open, and no
    /// connection is left in the middle of a statement. Boxed, because the compiler can't analyse a future that holds a
    /// query whose shape changes.
    fn on_connections<T, E>(
        &self,
        work: impl FnOnce(Connections) -> BoxFuture<'static, Result<T, E>>,
    ) -> BoxFuture<'static, Result<T, E>>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let connections = match self.pools.get() {
            Ok(connections) => connections,
            Err(error) => return Box::pin(future::ready(Err(StoreError::failed(error).into()))),
        };
        let done = tokio::spawn(work(connections));
        Box::pin(async { done.await.map_err(StoreError::failed)? })
    }
}

account_store! { PostgresStore { find, all, execute } }
user_store! { PostgresStore { find, all, execute } }
session_store! { PostgresStore { find, all, execute } }
resource_store! { PostgresStore { find, few, page, search, execute } }
service_store! { PostgresStore { find, page, search, execute } }
schedule_store! { PostgresStore { find, execute } }
customer_store! { PostgresStore { find, page, search, insert, execute }, SEARCH }
event_store! { PostgresStore { find, page, execute } }
registration_store! { PostgresStore { find, all, page, execute, carry_out } }
payment_store! { PostgresStore { find, few, page, search, carry_out } }
payment_source_store! { PostgresStore { find, page, execute } }
payment_notice_store! { PostgresStore { page, execute } }
idempotency_store! { PostgresStore { find, commit_alone, execute } }
appointment_store! { PostgresStore { find, all, page, search, carry_out } }
block_store! { PostgresStore { find, page, execute, carry_out } }
hold_store! { PostgresStore { find, all, page, execute, carry_out }, "FOR UPDATE SKIP LOCKED" }

/// Does the work, if the database answers in time.
async fn in_time<T, E: From<StoreError>>(
    mut connection: Object<AsyncPgConnection>,
    work: impl for<'c> FnOnce(&'c mut AsyncPgConnection) -> BoxFuture<'c, Result<T, E>>,
) -> Result<T, E> {
    if let Ok(outcome) = timeout(ANSWER_TIMEOUT, work(&mut connection)).await {
        return outcome;
    }
    let error = slow(&connection);
    // The connection is still busy, so it must not go back to the pool.
    drop(Object::take(connection));
    Err(error.into())
}

/// The database did not answer on this connection in time. Perhaps its server is gone without a word, so the idle
/// connections to it are dropped. Otherwise each would keep a caller waiting as long.
fn slow(connection: &Object<AsyncPgConnection>) -> StoreError {
    if let Some(pool) = Object::pool(connection) {
        pool.retain(|_, _| false);
    }
    StoreError::unavailable("the database did not answer in time")
}
