//! Copying the whole store.

use crate::{
    PostgresStore,
    error::{Ended, store_error},
};
use async_trait::async_trait;
use chatgrow_ports::StoreError;
use chatgrow_sql::{
    copy::{BATCH, Batch, COUNT, Copied, Count, FILLED, Filled, ImportError, Part, Summary, Tally},
    for_each_table, schema, tables,
};
use diesel::{
    QueryDsl, SelectableHelper, Table,
    result::{Error, QueryResult},
    sql_types::BigInt,
};
use diesel_async::{
    AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection, methods::LoadQuery,
};
use futures_util::{StreamExt, TryStreamExt};
use std::pin::pin;
use tokio::sync::mpsc::{Receiver, Sender};

/// Disables triggers. What they would write is copied as well: the legs of appointments, the counts of participants. Each new idempotency record takes an advisory
/// lock, of which one transaction can't take many. The lock keeps servers from creating the first account meanwhile.
const BEGIN: &str = "LOCK TABLE accounts IN EXCLUSIVE MODE; SET CONSTRAINTS ALL DEFERRED;
    ALTER TABLE appointments DISABLE TRIGGER USER; ALTER TABLE events DISABLE TRIGGER USER; ALTER TABLE registrations DISABLE TRIGGER USER;
    ALTER TABLE idempotency_records DISABLE TRIGGER USER; DELETE FROM feed";
const END: &str = "SELECT setval(pg_get_serial_sequence('changes', 'number'), greatest(1, (SELECT max(number) FROM changes)));
    SET CONSTRAINTS ALL IMMEDIATE;
    ALTER TABLE appointments ENABLE TRIGGER USER; ALTER TABLE events ENABLE TRIGGER USER; ALTER TABLE registrations ENABLE TRIGGER USER;
    ALTER TABLE idempotency_records ENABLE TRIGGER USER";

/// The epoch after all that readers of the feed have seen.
const NEXT_EPOCH: &str =
    "SELECT epoch + pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS count FROM feed";

/// Raises the feed's epoch, so that new changes have the epoch `$1` or a later one.
const RAISE_EPOCH: &str =
    "UPDATE feed SET epoch = $1 - pg_snapshot_xmin(pg_current_snapshot())::text::bigint";

#[async_trait]
impl Copied for PostgresStore {
    async fn export(&self, parts: Sender<Part>) -> Result<(), StoreError> {
        let mut connection = self
            .connector
            .connect_unlimited()
            .await
            .map_err(StoreError::unavailable)?;
        let mut snapshot = connection.build_transaction().repeatable_read().read_only();
        let sent = snapshot.run(async move |connection| {
            let Count { count } = diesel::sql_query(COUNT).get_result(connection).await?;
            let Count { count: next_epoch } = diesel::sql_query(NEXT_EPOCH).get_result(connection).await?;
            let begin = Part::Begin {
                rows: count,
                next_epoch,
            };
            send(&parts, begin).await?;
            let tally = read(connection, Some(&parts)).await?;
            send(&parts, Part::End(tally.summary())).await
        });
        sent.await.map_err(store_error)
    }

    async fn import(&self, mut parts: Receiver<Part>) -> Result<Summary, ImportError> {
        let mut connection = self
            .connector
            .connect_unlimited()
            .await
            .map_err(StoreError::unavailable)?;
        let taken = connection.transaction(async move |connection| {
            connection.batch_execute(BEGIN).await?;
            let Filled { filled } = diesel::sql_query(FILLED).get_result(connection).await?;
            if filled {
                return Err(Ended(ImportError::NotEmpty));
            }
            let mut epoch = 0;
            let sent = loop {
                match parts.recv().await.ok_or(Ended(ImportError::Interrupted))? {
                    Part::Begin { next_epoch, .. } => epoch = next_epoch,
                    Part::Batch(batch) => insert(connection, batch).await?,
                    Part::End(summary) => break summary,
                }
            };
            connection.batch_execute(END).await?;
            let copy = read(connection, None).await?;
            let summary = sent.confirmed_by(copy.summary()).map_err(Ended)?;
            let raise = diesel::sql_query(RAISE_EPOCH).bind::<BigInt, _>(epoch);
            raise.execute(connection).await?;
            Ok(summary)
        });
        taken.await.map_err(|Ended(error)| error)
    }
}

async fn send(parts: &Sender<Part>, part: Part) -> QueryResult<()> {
    parts.send(part).await.map_err(|_| Error::RollbackTransaction)
}

/// Reads every table, and sends its rows if there is a receiver.
async fn read(connection: &mut AsyncPgConnection, parts: Option<&Sender<Part>>) -> QueryResult<Tally> {
    let mut tally = Tally::default();
    macro_rules! read_all {
        ($($table:ident: $Row:ident,)+) => {$(
            let rows = schema::$table::table.order(schema::$table::table.primary_key());
            table(connection, rows.select(tables::$Row::as_select()), &mut tally, parts).await?;
        )+};
    }
    for_each_table!(read_all);
    Ok(tally)
}

async fn table<R: Send + 'static>(
    connection: &mut AsyncPgConnection,
    query: impl LoadQuery<'static, AsyncPgConnection, R> + Send + 'static,
    tally: &mut Tally,
    parts: Option<&Sender<Part>>,
) -> QueryResult<()>
where
    Vec<R>: Into<Batch>,
{
    let mut batches = pin!(query.load_stream::<R>(connection).await?.try_chunks(BATCH));
    while let Some(rows) = batches.next().await {
        let batch = rows.map_err(|error| error.1)?.into();
        tally.add(&batch);
        if let Some(parts) = parts {
            send(parts, Part::Batch(batch)).await?;
        }
    }
    Ok(())
}

async fn insert(connection: &mut AsyncPgConnection, batch: Batch) -> QueryResult<()> {
    macro_rules! into_its_table {
        ($($table:ident: $Row:ident,)+) => {
            match batch {
                $(Batch::$Row(rows) => {
                    diesel::insert_into(schema::$table::table)
                        .values(rows)
                        .execute(connection)
                        .await?
                })+
            }
        };
    }
    for_each_table!(into_its_table);
    Ok(())
}
