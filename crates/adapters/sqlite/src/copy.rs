//! Copying the whole store.

use crate::{SqliteStore, error::store_error, statements::number};
use async_trait::async_trait;
use chatgrow_ports::{Commit, StoreError};
use chatgrow_sql::{
    copy::{BATCH, Batch, COUNT, Copied, Count, FILLED, Filled, ImportError, Part, Summary, Tally},
    for_each_table, schema, tables,
};
use diesel::{
    connection::{DefaultLoadingMode, SimpleConnection},
    prelude::*,
    query_dsl::LoadQuery,
    result::Error,
    sql_types::Text,
};
use tokio::sync::mpsc::{Receiver, Sender};

/// A trigger that writes what is copied as well: the legs of appointments, the counts of participants.
#[derive(QueryableByName)]
struct Trigger {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    sql: String,
}

#[async_trait]
impl Copied for SqliteStore {
    async fn export(&self, parts: Sender<Part>) -> Result<(), StoreError> {
        self.read(move |connection| {
            connection
                .transaction(|connection| {
                    let send = |part| parts.blocking_send(part).map_err(|_| Error::RollbackTransaction);
                    let Count { count } = diesel::sql_query(COUNT).get_result(connection)?;
                    let next_epoch = number(connection, "SELECT epoch + 1 FROM feed")?;
                    send(Part::Begin {
                        rows: count,
                        next_epoch,
                    })?;
                    let mut tally = Tally::default();
                    each(connection, |batch| {
                        tally.add(&batch);
                        send(Part::Batch(batch))
                    })?;
                    send(Part::End(tally.summary()))
                })
                .map_err(store_error)
        })
        .await
    }

    async fn import(&self, mut parts: Receiver<Part>) -> Result<Summary, ImportError> {
        self.write(Commit::default(), move |connection| {
            let Filled { filled } = diesel::sql_query(FILLED).get_result(connection).map_err(store_error)?;
            if filled {
                return Err(ImportError::NotEmpty);
            }
            let triggers: Vec<Trigger> = diesel::sql_query(
                "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name IN ('appointments', 'events', 'registrations')",
            )
            .load(connection)
            .map_err(store_error)?;
            for Trigger { name, .. } in &triggers {
                connection.batch_execute(&format!("DROP TRIGGER {name}")).map_err(store_error)?;
            }
            // A leg may come before its lead.
            connection.batch_execute("PRAGMA defer_foreign_keys = ON").map_err(store_error)?;
            // The feed that the migrations made. The source's takes its place.
            connection.batch_execute("DELETE FROM feed").map_err(store_error)?;
            let mut epoch = 0;
            let sent = loop {
                match parts.blocking_recv().ok_or(ImportError::Interrupted)? {
                    Part::Begin { next_epoch, .. } => epoch = next_epoch,
                    Part::Batch(batch) => insert(connection, batch).map_err(store_error)?,
                    Part::End(summary) => break summary,
                }
            };
            for Trigger { sql, .. } in &triggers {
                connection.batch_execute(sql).map_err(store_error)?;
            }
            let mut tally = Tally::default();
            each(connection, |batch| {
                tally.add(&batch);
                Ok(())
            })
            .map_err(store_error)?;
            let summary = sent.confirmed_by(tally.summary())?;
            let raise = diesel::update(schema::feed::table).set(schema::feed::epoch.eq(epoch));
            raise.execute(connection).map_err(store_error)?;
            Ok(summary)
        })
        .await
    }
}

/// Reads every table.
fn each(
    connection: &mut SqliteConnection,
    mut take: impl FnMut(Batch) -> QueryResult<()>,
) -> QueryResult<()> {
    macro_rules! read_all {
        ($($table:ident: $Row:ident,)+) => {$(
            let rows = schema::$table::table.order(schema::$table::table.primary_key());
            table(connection, rows.select(tables::$Row::as_select()), &mut take)?;
        )+};
    }
    for_each_table!(read_all);
    Ok(())
}

fn table<'q, R, Q>(
    connection: &mut SqliteConnection,
    query: Q,
    take: &mut impl FnMut(Batch) -> QueryResult<()>,
) -> QueryResult<()>
where
    Q: LoadQuery<'q, SqliteConnection, R> + 'q,
    Vec<R>: Into<Batch>,
{
    // Fused, because stepping a SQLite statement again after its last row restarts it.
    let mut rows = query.load_iter::<R, DefaultLoadingMode>(connection)?.fuse();
    loop {
        let batch = rows.by_ref().take(BATCH).collect::<QueryResult<Vec<R>>>()?;
        if batch.is_empty() {
            return Ok(());
        }
        take(batch.into())?;
    }
}

fn insert(connection: &mut SqliteConnection, batch: Batch) -> QueryResult<()> {
    macro_rules! into_its_table {
        ($($table:ident: $Row:ident,)+) => {
            match batch {
                $(Batch::$Row(rows) => diesel::insert_into(schema::$table::table)
                    .values(rows)
                    .execute(connection)?,)+
            }
        };
    }
    for_each_table!(into_its_table);
    Ok(())
}
