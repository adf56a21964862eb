//! Writes. Each is one statement with what commits with it, or a transaction.

use crate::{
    EPOCH, PostgresStore,
    error::{Ended, is_refusal, refused},
    statements::{Changes, Companions, One, Record},
};
use chatgrow_ports::{Commit, StoreError};
use chatgrow_sql::{
    Guarded, Prepared, Unwritten, delivery::change::InsertChange, insert_notice, insert_record,
};
use diesel::{
    pg::Pg,
    query_builder::{QueryFragment, QueryId},
    result::QueryResult,
};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use futures_util::future::BoxFuture;

impl PostgresStore {
    /// Carries out a write of one statement with its commit, and returns how many rows it changed.
    pub(crate) async fn execute<E: Guarded + Send + 'static>(
        &self,
        commit: Commit,
        statement: impl QueryFragment<Pg> + QueryId + Send + Sync + 'static,
    ) -> Result<usize, E> {
        self.on_a_connection(|connection| Box::pin(alone(connection, commit, statement)))
            .await
    }

    /// Writes a commit without another write.
    pub(crate) async fn commit_alone(&self, commit: Commit) -> Result<(), StoreError> {
        self.write(commit, |_| Box::pin(async { Ok(()) })).await
    }

    /// Carries out `work` and its commit as one atomic write. Every mutating method goes through here, through
    /// [`execute`](Self::execute) or through [`insert`](Self::insert).
    pub(crate) async fn write<T, E>(
        &self,
        commit: Commit,
        work: impl for<'c> FnOnce(&'c mut AsyncPgConnection) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        if commit == Commit::default() {
            return self.on_a_connection(work).await;
        }
        self.on_a_connection(|connection| Box::pin(accompanied(connection, commit, work)))
            .await
    }
}

/// Carries out one statement with its commit, and returns how many rows it changed. With a commit, it MUST NOT change
/// several.
pub(crate) async fn alone<E: Guarded + Send + 'static>(
    connection: &mut AsyncPgConnection,
    commit: Commit,
    statement: impl QueryFragment<Pg> + QueryId + Send + Sync + 'static,
) -> Result<usize, E> {
    let keyed = commit.record.clone().map(Record::new);
    let change = match commit.changes.as_slice() {
        [only] => Some(InsertChange::new(only.clone(), EPOCH)),
        _ => None,
    };
    let written = match (keyed, change) {
        _ if commit.notice.is_some() || commit.changes.len() > 1 => None,
        (None, None) => return Prepared(statement).execute(connection).await.map_err(refused),
        (None, Some(change)) => return one(connection, &statement, change).await.map_err(refused),
        (Some(record), None) => Some(one(connection, &statement, record).await),
        (Some(record), Some(change)) => Some(one(connection, &statement, (record, change)).await),
    };
    match written {
        Some(Ok(rows @ 1..)) => Ok(rows),
        Some(Err(error)) if !is_refusal(&error) => Err(refused(error)),
        // A record that is in the way comes before anything else that is, so the transaction has to look for one.
        _ => in_transaction(connection, commit, statement).await,
    }
}

async fn one<S, C>(connection: &mut AsyncPgConnection, statement: &S, companions: C) -> QueryResult<usize>
where
    S: QueryFragment<Pg> + QueryId + Send + Sync,
    C: Companions + Send,
{
    Prepared(One {
        statement,
        companions,
    })
    .execute(connection)
    .await
}

/// Does the same in a transaction, which tells exactly what was in the way.
pub(crate) async fn in_transaction<E: Guarded + Send + 'static>(
    connection: &mut AsyncPgConnection,
    commit: Commit,
    statement: impl QueryFragment<Pg> + QueryId + Send + 'static,
) -> Result<usize, E> {
    let written = accompanied(connection, commit, |connection| {
        Box::pin(
            async move { Unwritten::unless(Prepared(statement).execute(connection).await.map_err(refused)) },
        )
    });
    Unwritten::rows(written.await)
}

/// Does the work in a transaction that also writes what is committed with it.
pub(crate) async fn accompanied<T, E>(
    connection: &mut AsyncPgConnection,
    commit: Commit,
    work: impl for<'c> FnOnce(&'c mut AsyncPgConnection) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    let transaction = connection.transaction(async move |connection| {
        // The record and the notice come first, so that whoever repeats a request is told so, not that its own first
        // attempt is in the way.
        if let Some(record) = commit.record {
            match Prepared(insert_record!(record.into())).execute(connection).await {
                Ok(0) => return Err(Ended(StoreError::Repeated.into())),
                Ok(_) => {}
                Err(error) => return Err(Ended(refused::<StoreError>(error).into())),
            }
        }
        if let Some(notice) = commit.notice
            && Prepared(insert_notice!(notice)).execute(connection).await? == 0
        {
            return Err(Ended(StoreError::Repeated.into()));
        }
        let done = work(connection).await.map_err(Ended)?;
        if !commit.changes.is_empty() {
            Prepared(Changes::new(commit.changes)).execute(connection).await?;
        }
        Ok(done)
    });
    transaction.await.map_err(|Ended(error)| error)
}
