//! Bringing a schema up to date, and refusing one that is not this program's.

use diesel::{
    backend::Backend,
    migration::{Migration, MigrationSource, MigrationVersion},
};
use diesel_migrations::MigrationHarness;
use std::error::Error;

/// What to do where the schema is older than the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Migrations {
    /// Bring it up to date.
    Run,
    /// Refuse to start: somebody else will run them (`chatgrow migrate`).
    Expect,
}

/// Runs the migrations that the database has not seen, or refuses. The caller holds a lock against others who start at
/// the same time, and a transaction.
///
/// # Errors
/// A migration fails; or the schema is newer than this program, or older where the migrations are
/// [expected](Migrations::Expect) to have run.
pub fn bring_up_to_date<DB: Backend>(
    connection: &mut impl MigrationHarness<DB>,
    source: impl MigrationSource<DB>,
    migrations: Migrations,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let known: Vec<MigrationVersion<'static>> = source
        .migrations()?
        .iter()
        .map(|migration| migration.name().version().as_owned())
        .collect();
    let applied = connection.applied_migrations()?;
    if let Some(newer) = applied.iter().filter(|version| !known.contains(version)).max() {
        return Err(format!(
            "its schema is newer than this program (migration {newer}): start the version that made it, or a later one"
        )
        .into());
    }
    let missing = known.iter().filter(|version| !applied.contains(version)).count();
    match migrations {
        Migrations::Run => {
            connection.run_pending_migrations(source)?;
        }
        Migrations::Expect if missing > 0 => {
            return Err(format!(
                "its schema lacks {missing} migration(s) and AUTO_MIGRATE is false: run `chatgrow migrate`"
            )
            .into());
        }
        Migrations::Expect => {}
    }
    Ok(())
}
