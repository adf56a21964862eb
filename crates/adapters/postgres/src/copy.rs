//! Moving house.

use crate::{
    PostgresStore,
    error::{Ended, store_error},
};
use async_trait::async_trait;
use chatgrow_ports::StoreError;
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
    dsl::exists,
    result::{Error, QueryResult},
};
use diesel_async::{
    AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection, methods::LoadQuery,
};
use futures_util::{StreamExt, TryStreamExt};
use std::pin::pin;
use tokio::sync::mpsc::{Receiver, Sender};

/// What is copied is counted already; and nobody creates the first account meanwhile.
const BEGIN: &str = "LOCK TABLE accounts IN EXCLUSIVE MODE;
    ALTER TABLE events DISABLE TRIGGER USER; ALTER TABLE registrations DISABLE TRIGGER USER";
const END: &str = "ALTER TABLE events ENABLE TRIGGER USER; ALTER TABLE registrations ENABLE TRIGGER USER";

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
            send(&parts, Part::Rows(count)).await?;
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
            let any = diesel::select(exists(account::everything()));
            if any.get_result(connection).await? {
                return Err(Ended(ImportError::NotEmpty));
            }
            let sent = loop {
                match parts.recv().await.ok_or(Ended(ImportError::Interrupted))? {
                    Part::Rows(_) => {}
                    Part::Batch(batch) => insert(connection, batch).await?,
                    Part::End(summary) => break summary,
                }
            };
            connection.batch_execute(END).await?;
            let copy = read(connection, None).await?;
            sent.confirmed_by(copy.summary()).map_err(Ended)
        });
        taken.await.map_err(|Ended(error)| error)
    }
}

async fn send(parts: &Sender<Part>, part: Part) -> QueryResult<()> {
    parts.send(part).await.map_err(|_| Error::RollbackTransaction)
}

/// Reads every table, and sends its rows where somebody wants them.
async fn read(connection: &mut AsyncPgConnection, parts: Option<&Sender<Part>>) -> QueryResult<Tally> {
    let mut tally = Tally::default();
    table(connection, account::everything(), &mut tally, parts).await?;
    table(connection, api_key::everything(), &mut tally, parts).await?;
    table(connection, customer::everything(), &mut tally, parts).await?;
    table(connection, appointment::everything(), &mut tally, parts).await?;
    table(connection, event::everything(), &mut tally, parts).await?;
    table(connection, registration::everything(), &mut tally, parts).await?;
    table(connection, commit::everything(), &mut tally, parts).await?;
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
    use schema::{accounts, api_keys, appointments, customers, events, idempotency_records, registrations};
    match batch {
        Batch::Accounts(rows) => {
            diesel::insert_into(accounts::table)
                .values(rows)
                .execute(connection)
                .await
        }
        Batch::ApiKeys(rows) => {
            diesel::insert_into(api_keys::table)
                .values(rows)
                .execute(connection)
                .await
        }
        Batch::Customers(rows) => {
            diesel::insert_into(customers::table)
                .values(rows)
                .execute(connection)
                .await
        }
        Batch::Appointments(rows) => {
            diesel::insert_into(appointments::table)
                .values(rows)
                .execute(connection)
                .await
        }
        Batch::Events(rows) => {
            diesel::insert_into(events::table)
                .values(rows)
                .execute(connection)
                .await
        }
        Batch::Registrations(rows) => {
            diesel::insert_into(registrations::table)
                .values(rows)
                .execute(connection)
                .await
        }
        Batch::IdempotencyRecords(rows) => {
            diesel::insert_into(idempotency_records::table)
                .values(rows)
                .execute(connection)
                .await
        }
    }
    .map(|_| ())
}
