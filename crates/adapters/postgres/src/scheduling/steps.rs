//! Writes that take several statements.
//!
//! Writes of one account that wait for each other can't form a circle, because all of them get their locks in one order:
//! the idempotency record, the customer, the row of an update, the turn, the days, the rows that occupy something. A
//! write of one such row holds none yet when it waits for another. A move has the turn; a new row of several resources
//! shares it, and has its days. Triggers take them.

use crate::{
    PostgresStore,
    error::{Ended, refused},
};
use chatgrow_ports::{Commit, Failure};
use chatgrow_sql::{
    Prepared, run_step,
    scheduling::steps::{OccupancyRefusal, Step},
};
use diesel::{result::QueryResult, upsert::on_constraint};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};

impl PostgresStore {
    /// Carries out the steps with their commit as one write.
    pub(crate) async fn carry_out<R: OccupancyRefusal>(
        &self,
        commit: Commit,
        steps: Vec<Step>,
    ) -> Result<(), Failure<R>> {
        // A write with a record is in a transaction already, and a single statement needs none.
        let bare = commit.record.is_none() && steps.len() > 1;
        self.write(commit, move |connection| {
            Box::pin(async move {
                if !bare {
                    return run_all(connection, steps).await;
                }
                let transaction = connection
                    .transaction(async move |connection| run_all(connection, steps).await.map_err(Ended));
                transaction.await.map_err(|Ended(error)| error)
            })
        })
        .await
    }
}

async fn run_all<R: OccupancyRefusal>(
    connection: &mut AsyncPgConnection,
    steps: Vec<Step>,
) -> Result<(), Failure<R>> {
    for step in steps {
        let refusal = R::without_effect(&step);
        if run(connection, step).await.map_err(refused::<Failure<R>>)? == 0 {
            return Err(refusal.into());
        }
    }
    Ok(())
}

async fn run(connection: &mut AsyncPgConnection, step: Step) -> QueryResult<usize> {
    run_step!(
        step,
        // Plain inserts that race for a slot would wait for each other, and deadlock. With ON CONFLICT they don't.
        insert => insert.on_conflict(on_constraint("appointments_no_overlap")).do_nothing(),
        statement => Prepared(statement).execute(connection).await
    )
}
