//! Bringing a schema up to date, and refusing one that is not this program's.

use chatgrow_ports::Migrations;
use diesel::{
    backend::Backend,
    migration::{MigrationSource, MigrationVersion},
};
use diesel_migrations::MigrationHarness;
use std::error::Error;

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
    let applied = connection.applied_migrations()?;
    match migrations {
        Migrations::Run => {
            missing(&source, &applied)?;
            connection.run_pending_migrations(source)?;
            Ok(())
        }
        Migrations::Expect => expect_none_missing(&source, &applied),
    }
}

/// Refuses a schema that is not exactly this program's.
///
/// # Errors
/// The schema is newer or older than this program.
pub fn expect_none_missing<DB: Backend>(
    source: &impl MigrationSource<DB>,
    applied: &[MigrationVersion<'_>],
) -> Result<(), Box<dyn Error + Send + Sync>> {
    match missing(source, applied)? {
        0 => Ok(()),
        missing => Err(format!(
            "its schema lacks {missing} of this program's migrations: run `chatgrow migrate` with its URL as DATABASE_URL"
        )
        .into()),
    }
}

/// How many migrations the database has not seen, if it has seen none but this program's.
fn missing<DB: Backend>(
    source: &impl MigrationSource<DB>,
    applied: &[MigrationVersion<'_>],
) -> Result<usize, Box<dyn Error + Send + Sync>> {
    let migrations = source.migrations()?;
    let known: Vec<_> = migrations
        .iter()
        .map(|migration| migration.name().version())
        .collect();
    match applied.iter().filter(|version| !known.contains(version)).max() {
        Some(newer) => Err(format!(
            "its schema is newer than this program (migration {newer}): start the version that made it, or a later one"
        )
        .into()),
        None => Ok(known.iter().filter(|version| !applied.contains(version)).count()),
    }
}
