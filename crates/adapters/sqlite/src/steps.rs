//! Writes that take several statements.

use crate::{SqliteStore, error::refused, statements};
use chatgrow_ports::{Commit, Failure};
use chatgrow_sql::{
    run_step,
    steps::{Step, StepRefusal},
};
use diesel::{result::QueryResult, sqlite::SqliteConnection};

impl SqliteStore {
    /// Carries out the steps with their commit as one write.
    pub(crate) async fn carry_out<R: StepRefusal>(
        &self,
        commit: Commit,
        steps: Vec<Step>,
    ) -> Result<(), Failure<R>> {
        self.write(commit, move |connection| {
            for step in steps {
                let refusal = R::without_effect(&step);
                if run(connection, step).map_err(refused::<Failure<R>>)? == 0 {
                    return Err(refusal.into());
                }
            }
            Ok(())
        })
        .await
    }
}

fn run(connection: &mut SqliteConnection, step: Step) -> QueryResult<usize> {
    run_step!(
        step,
        insert => insert,
        statement => statements::execute(connection, statement)
    )
}
