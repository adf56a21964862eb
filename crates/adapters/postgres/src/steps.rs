//! Writes that take several statements.
//!
//! Writes of one account that wait for each other can't form a circle, because all of them get their locks in one
//! order: the idempotency record, the customer, the row of an update, the turn, the days, the rows that occupy
//! something. A write of one such row holds none yet when it waits for another. A move has the turn; a new row of
//! several resources shares it, and has its days. Triggers take them.

use crate::{
    PostgresStore,
    error::{Ended, refused},
    run, take_only,
};
use chatgrow_ports::{Commit, Failure};
use chatgrow_sql::{
    delivery::change::InsertChange,
    run_step,
    steps::{Step, StepRefusal},
};
use diesel::{result::QueryResult, upsert::on_constraint};
use diesel_async::{AsyncConnection, AsyncPgConnection};

impl PostgresStore {
    /// Carries out the steps with their commit as one write.
    pub(crate) async fn carry_out<R: StepRefusal>(
        &self,
        mut commit: Commit,
        steps: Vec<Step>,
    ) -> Result<(), Failure<R>> {
        let change = take_only(&mut commit.changes);
        // A write with something else to commit is in a transaction already, and a single statement needs none.
        let bare = commit == Commit::default() && steps.len() > 1;
        self.write(commit, move |connection| {
            Box::pin(async move {
                if !bare {
                    return run_all(connection, steps, change).await;
                }
                let transaction = connection.transaction(async move |connection| {
                    run_all(connection, steps, change).await.map_err(Ended)
                });
                transaction.await.map_err(|Ended(error)| error)
            })
        })
        .await
    }
}

async fn run_all<R: StepRefusal>(
    connection: &mut AsyncPgConnection,
    steps: Vec<Step>,
    mut change: Option<InsertChange>,
) -> Result<(), Failure<R>> {
    let last = steps.len() - 1;
    for (nth, step) in steps.into_iter().enumerate() {
        let refusal = R::without_effect(&step);
        let change = change.take_if(|_| nth == last);
        if run_one(connection, step, change)
            .await
            .map_err(refused::<Failure<R>>)?
            == 0
        {
            return Err(refusal.into());
        }
    }
    Ok(())
}

async fn run_one(
    connection: &mut AsyncPgConnection,
    step: Step,
    change: Option<InsertChange>,
) -> QueryResult<usize> {
    run_step!(
        step,
        // Plain inserts that race for a slot would wait for each other, and deadlock. With ON CONFLICT they don't.
        insert => insert.on_conflict(on_constraint("appointments_no_overlap")).do_nothing(),
        statement => run(connection, statement, change).await
    )
}
