//! The stores on PostgreSQL, for any number of servers.
//!
//! Every guard is the database's own (constraints and triggers: `migrations/postgres`), so nothing depends on being the only
//! server process, and most writes are one statement. A pool keeps the connections; what fails because the database is away, busy
//! or slow is [`StoreError::Unavailable`], and the next call begins anew.

mod access;
mod connect;
mod copy;
mod error;
mod metrics;
mod pools;

pub use connect::PostgresUrl;

use crate::{
    connect::Connector,
    error::{Ended, no_connection, refused, store_error},
    pools::{Connections, Pools},
};
use async_trait::async_trait;
use chatgrow_ports::{
    Commit, IdempotencyRecord, Listed, Mark, Page, PageRequest, StoreChanges, StoreError, StoreHealth,
};
use chatgrow_sql::{
    Guarded, Migrations, Prepared, Unwritten, account_store, appointment_store, bring_up_to_date,
    customer_store, event_store, expect_none_missing, idempotency_store, insert_record, page,
    registration_store,
};
use diesel::{
    connection::Connection,
    migration::MigrationVersion,
    pg::Pg,
    prelude::QueryableByName,
    query_builder::{QueryFragment, QueryId},
    result::QueryResult,
    sql_types::{BigInt, Bool, Nullable, Text},
    upsert::on_constraint,
};
use diesel_async::{
    AsyncConnection, AsyncPgConnection, RunQueryDsl, async_connection_wrapper::AsyncConnectionWrapper,
    methods::LoadQuery, pooled_connection::deadpool::Object,
};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use futures_util::future::BoxFuture;
use prometheus_client::registry::Registry;
use std::{error::Error, future, num::NonZeroU32, sync::Arc, time::Duration};
use tokio::time::timeout;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../../migrations/postgres");

/// What servers that start at once agree on: only one at a time looks at the schema and changes it. (`chatgrow` in ASCII.)
const MIGRATION_LOCK: i64 = 0x6368_6174_6772_6f77;

/// How long a call waits for a connection when all are in use.
const WAIT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the database may take over one call, all its statements together: longer than its own time-outs, for when it doesn't
/// keep them.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(15);

/// How long the database may take over a look-up. The others on the same connection wait with it.
const LOOK_UP_TIMEOUT: Duration = Duration::from_secs(5);

/// What may be set.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The most connections that this process uses.
    pub connections: NonZeroU32,
    /// How many threads serve requests, beside the one that opens the store. Where there is more than one, and connections for each,
    /// each gets its own: then every thread that uses the store counts.
    pub threads: NonZeroU32,
    /// What to do where the schema is older than the program.
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

/// Every port's store on one PostgreSQL database.
pub struct PostgresStore {
    pools: Arc<Pools>,
    /// For what takes longer than a request may.
    connector: Connector,
}

impl PostgresStore {
    /// Connects, and brings the schema up to date.
    ///
    /// # Errors
    /// [`OpenError`] if the server can't be reached or doesn't let this program in; if a migration fails; if the schema is newer than
    /// this program, or from before the first release.
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
        // Diesel's migrations block, so they have a thread of their own.
        tokio::task::spawn_blocking(move || migrate(connection, options.migrations)).await??;

        let pools = Arc::new(Pools::new(connector.clone(), options)?);
        Ok(Self { pools, connector })
    }

    /// Adds what operators watch of this store.
    pub fn register_metrics(&self, registry: &mut Registry) {
        let collector = metrics::PoolUse(self.pools.clone());
        registry
            .sub_registry_with_prefix("postgres")
            .register_collector(Box::new(collector));
    }

    /// The row of a query that has one at most, and soon: it shares a connection with others.
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

    /// The same, which is none of this store's concern: that it may take long.
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
                let found = found.map_or_else(|_| Err(slow()), |rows| rows.map_err(store_error));
                if found.is_err() {
                    reading.leave();
                }
                reading.end();
                found
            })
        })
    }

    /// A write of one statement; returns how many rows it changed.
    async fn execute<E: Guarded + Send + 'static>(
        &self,
        commit: Commit,
        statement: impl QueryFragment<Pg> + QueryId + Send + 'static,
    ) -> Result<usize, E> {
        let written = self.write(commit, |connection| {
            Box::pin(async move {
                Unwritten::unless(Prepared(statement).execute(connection).await.map_err(refused))
            })
        });
        Unwritten::rows(written.await)
    }

    /// A commit without a write.
    async fn commit_alone(&self, commit: Commit) -> Result<(), StoreError> {
        self.write(commit, |_| Box::pin(async { Ok(()) })).await
    }

    /// The one place through which every mutating method goes: `work` and its commit are one atomic write.
    async fn write<T, E>(
        &self,
        commit: Commit,
        work: impl for<'c> FnOnce(&'c mut AsyncPgConnection) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match commit.record {
            None => self.on_a_connection(work).await,
            Some(record) => {
                self.on_a_connection(|connection| Box::pin(accompanied(connection, record, work)))
                    .await
            }
        }
    }

    /// Does the work on a connection that nobody else uses.
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
                let mut connection = connections.exclusive().await.map_err(no_connection)?;
                if let Ok(outcome) = timeout(ANSWER_TIMEOUT, work(&mut connection)).await {
                    outcome
                } else {
                    // Nobody else shall wait for it.
                    drop(Object::take(connection));
                    Err(slow().into())
                }
            })
        })
    }

    /// Does the work as a task of its own: a caller whose future is dropped leaves neither a transaction open nor a connection in the
    /// middle of something. Boxed, for the compiler can't see through a future that holds a query of changing shape.
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

/// Does the work in a transaction with a record.
async fn accompanied<T, E>(
    connection: &mut AsyncPgConnection,
    record: IdempotencyRecord,
    work: impl for<'c> FnOnce(&'c mut AsyncPgConnection) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    let insert = Prepared(insert_record!(record.into()));
    let transaction = connection.transaction(async move |connection| {
        // First, so that who repeats a request is told that, and not what its own first try is in the way of.
        match insert.execute(connection).await {
            Ok(0) => Err(Ended(StoreError::Repeated.into())),
            Ok(_) => work(connection).await.map_err(Ended),
            Err(error) => Err(Ended(refused::<StoreError>(error).into())),
        }
    });
    transaction.await.map_err(|Ended(error)| error)
}

account_store! { PostgresStore { find, all, execute } }
customer_store! { PostgresStore { find, page, search, execute } }
event_store! { PostgresStore { find, page, execute } }
registration_store! { PostgresStore { find, page, execute } }
idempotency_store! { PostgresStore { find, commit_alone, execute } }
// Plain inserts that race for a slot would wait for each other, a deadlock; with ON CONFLICT they don't.
appointment_store! {
    PostgresStore { find, page, search, execute },
    insert => insert.on_conflict(on_constraint("appointments_no_overlap")).do_nothing()
}

fn slow() -> StoreError {
    StoreError::unavailable("the database did not answer in time")
}

/// Brings the schema up to date, in one transaction, one server at a time. Where it is so, nothing is written: that needs no right
/// to, and no lock.
fn migrate(connection: AsyncPgConnection, mode: Migrations) -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut connection = AsyncConnectionWrapper::<AsyncPgConnection>::from(connection);
    let as_it_is = expect_none_missing::<Pg>(&MIGRATIONS, &applied(&mut connection)?);
    if mode == Migrations::Expect || as_it_is.is_ok() {
        return as_it_is;
    }
    Connection::transaction(&mut connection, |connection| {
        let lock = diesel::sql_query("SELECT pg_advisory_xact_lock($1)").bind::<BigInt, _>(MIGRATION_LOCK);
        diesel::RunQueryDsl::execute(lock, connection)?;
        bring_up_to_date(connection, MIGRATIONS, mode).map(|_| ())
    })
}

/// The migrations that have run. (Diesel would create its table for the answer.)
fn applied(
    connection: &mut AsyncConnectionWrapper<AsyncPgConnection>,
) -> QueryResult<Vec<MigrationVersion<'static>>> {
    let table = diesel::sql_query("SELECT to_regclass('__diesel_schema_migrations')::text AS value");
    let Setting { value: Some(table) } = diesel::RunQueryDsl::get_result(table, connection)? else {
        return Ok(Vec::new());
    };
    let versions = diesel::sql_query(format!("SELECT version::text AS value FROM {table}"));
    let versions = diesel::RunQueryDsl::load(versions, connection)?.into_iter();
    Ok(versions
        .filter_map(|Setting { value }| value.map(MigrationVersion::from))
        .collect())
}

#[derive(QueryableByName)]
struct Setting {
    #[diesel(sql_type = Nullable<Text>)]
    value: Option<String>,
}

#[derive(QueryableByName)]
struct Writable {
    #[diesel(sql_type = Bool)]
    writable: bool,
}

#[async_trait]
impl StoreHealth for PostgresStore {
    async fn check(&self) -> Result<(), StoreError> {
        let query =
            "SELECT NOT pg_is_in_recovery() AND current_setting('transaction_read_only') = 'off' AS writable";
        match self.load(diesel::sql_query(query)).await?.as_slice() {
            [Writable { writable: true }] => Ok(()),
            _ => Err(StoreError::unavailable("the database takes no writes")),
        }
    }
}

impl StoreChanges for PostgresStore {
    /// It would take a round trip, as a read does.
    fn mark(&self) -> Option<Mark> {
        None
    }
}
