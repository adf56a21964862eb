//! Moving house.

use crate::{SqliteStore, error::store_error};
use async_trait::async_trait;
use chatgrow_ports::{Commit, StoreError};
use chatgrow_sql::{
    access::{account, api_key},
    commit,
    copy::{BATCH, Batch, COUNT, Copied, Count, ImportError, Part, Summary, Tally},
    crm::customer,
    events::{event, registration},
    scheduling::appointment,
    schema,
};
use diesel::{
    connection::{DefaultLoadingMode, SimpleConnection},
    dsl::exists,
    prelude::*,
    query_dsl::LoadQuery,
    result::Error,
    sql_types::Text,
};
use tokio::sync::mpsc::{Receiver, Sender};

/// The triggers that count: what is copied is counted already.
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
                    send(Part::Rows(count))?;
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
            if diesel::select(exists(account::everything())).get_result(connection).map_err(store_error)? {
                return Err(ImportError::NotEmpty);
            }
            let triggers: Vec<Trigger> = diesel::sql_query(
                "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name IN ('events', 'registrations')",
            )
            .load(connection)
            .map_err(store_error)?;
            for Trigger { name, .. } in &triggers {
                connection.batch_execute(&format!("DROP TRIGGER {name}")).map_err(store_error)?;
            }
            let sent = loop {
                match parts.blocking_recv().ok_or(ImportError::Interrupted)? {
                    Part::Rows(_) => {}
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
            sent.confirmed_by(tally.summary())
        })
        .await
    }
}

/// Reads every table.
fn each(
    connection: &mut SqliteConnection,
    mut take: impl FnMut(Batch) -> QueryResult<()>,
) -> QueryResult<()> {
    table(connection, account::everything(), &mut take)?;
    table(connection, api_key::everything(), &mut take)?;
    table(connection, customer::everything(), &mut take)?;
    table(connection, appointment::everything(), &mut take)?;
    table(connection, event::everything(), &mut take)?;
    table(connection, registration::everything(), &mut take)?;
    table(connection, commit::everything(), &mut take)
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
    // Fused: a statement of SQLite that is asked again after its last row begins anew.
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
    use schema::{accounts, api_keys, appointments, customers, events, idempotency_records, registrations};
    match batch {
        Batch::Accounts(rows) => diesel::insert_into(accounts::table)
            .values(rows)
            .execute(connection),
        Batch::ApiKeys(rows) => diesel::insert_into(api_keys::table)
            .values(rows)
            .execute(connection),
        Batch::Customers(rows) => diesel::insert_into(customers::table)
            .values(rows)
            .execute(connection),
        Batch::Appointments(rows) => diesel::insert_into(appointments::table)
            .values(rows)
            .execute(connection),
        Batch::Events(rows) => diesel::insert_into(events::table)
            .values(rows)
            .execute(connection),
        Batch::Registrations(rows) => diesel::insert_into(registrations::table)
            .values(rows)
            .execute(connection),
        Batch::IdempotencyRecords(rows) => diesel::insert_into(idempotency_records::table)
            .values(rows)
            .execute(connection),
    }
    .map(|_| ())
}
