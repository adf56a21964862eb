//! Writes that take several statements.
//!
//! Writes that wait for each other can't form a circle, because all of them get their locks in one order: the customer,
//! the row of an update, the turn, the days, the rows that occupy something. (Nobody waits for an idempotency record.) A
//! write of one such row holds none yet when it waits for another. A move has the turn; a new row of several resources
//! shares it, and has its days (triggers take them); a batch shares both, and writes its rows in one order
//! ([`Batched`](crate::batch::Batched)).

use crate::{
    PostgresStore,
    error::refused,
    write::{accompanied, alone},
};
use chatgrow_ports::{Commit, Failure};
use chatgrow_sql::{
    Prepared, run_step,
    scheduling::occupancy::AppointmentRow,
    schema::appointments,
    steps::{Step, StepRefusal},
};
use diesel::{
    Insertable,
    pg::Pg,
    query_builder::{InsertStatement, QueryFragment, QueryId},
    result::QueryResult,
    upsert::on_constraint,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

impl PostgresStore {
    /// Carries out the steps with their commit as one write.
    pub(crate) async fn carry_out<R: StepRefusal>(
        &self,
        commit: Commit,
        mut steps: Vec<Step>,
    ) -> Result<(), Failure<R>> {
        if steps.len() == 1
            && let Some(step) = steps.pop()
        {
            return match step {
                Step::Insert(row) if row.fits_a_batch() && commit.notice.is_none() => {
                    self.insert(row, commit).await
                }
                step => {
                    self.on_a_connection(|connection| Box::pin(run_alone(connection, commit, step)))
                        .await
                }
            };
        }
        self.on_a_connection(|connection| {
            Box::pin(accompanied(connection, commit, |connection| {
                Box::pin(run_all(connection, steps))
            }))
        })
        .await
    }
}

async fn run_all<R: StepRefusal>(
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
        insert => unless_taken(insert),
        statement => Prepared(statement).execute(connection).await
    )
}

async fn run_alone<R: StepRefusal>(
    connection: &mut AsyncPgConnection,
    commit: Commit,
    step: Step,
) -> Result<(), Failure<R>> {
    let refusal = R::without_effect(&step);
    let rows: usize = run_step!(
        step,
        insert => unless_taken(insert),
        statement => alone::<Failure<R>>(connection, commit, statement).await?
    );
    if rows == 0 { Err(refusal.into()) } else { Ok(()) }
}

/// Inserts what occupies the schedule, or nothing if the slot is taken. Plain inserts that race for a slot would wait for
/// each other, and deadlock. With `ON CONFLICT` they don't.
pub(crate) fn unless_taken(
    insert: InsertStatement<appointments::table, <AppointmentRow as Insertable<appointments::table>>::Values>,
) -> impl QueryFragment<Pg> + QueryId + Send + Sync + 'static {
    insert
        .on_conflict(on_constraint("appointments_no_overlap"))
        .do_nothing()
}
