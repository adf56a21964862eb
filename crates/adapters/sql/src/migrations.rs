//! Migrating a schema, and refusing one that this program doesn't know.

use chatgrow_ports::Migrations;
use diesel::{
    backend::Backend,
    migration::{MigrationSource, MigrationVersion},
};
use diesel_migrations::MigrationHarness;
use std::error::Error;

/// Runs the migrations that the database has not seen, and returns how many it has run. The caller holds a transaction,
/// and a lock against other servers that start at the same time.
///
/// # Errors
/// A migration fails, the schema is newer than this program, or it is from before the first release. It is also an
/// error if the schema is older and the migrations are [expected](Migrations::Expect) to have run.
pub fn bring_up_to_date<DB: Backend>(
    connection: &mut impl MigrationHarness<DB>,
    source: impl MigrationSource<DB>,
    migrations: Migrations,
) -> Result<usize, Box<dyn Error + Send + Sync>> {
    let applied = connection.applied_migrations()?;
    match migrations {
        Migrations::Run => {
            missing(&source, &applied)?;
            Ok(connection.run_pending_migrations(source)?.len())
        }
        Migrations::Expect => expect_none_missing(&source, &applied).map(|()| 0),
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

/// How many migrations the database has not seen. Fails if it has seen one that this program doesn't know.
fn missing<DB: Backend>(
    source: &impl MigrationSource<DB>,
    applied: &[MigrationVersion<'_>],
) -> Result<usize, Box<dyn Error + Send + Sync>> {
    let migrations = source.migrations()?;
    let known: Vec<_> = migrations
        .iter()
        .map(|migration| migration.name().version())
        .collect();
    let first = known.iter().min();
    match applied.iter().filter(|version| !known.contains(version)).max() {
        // The migrations from before the first release were squashed into the first one, whose version is later than
        // theirs.
        Some(older) if Some(older) < first => Err(format!(
            "a version before the first release made its schema (migration {older}), which can't be upgraded: start with an empty database"
        )
        .into()),
        Some(newer) => Err(format!(
            "its schema is newer than this program (migration {newer}): start the version that made it, or a later one"
        )
        .into()),
        None => Ok(known.iter().filter(|version| !applied.contains(version)).count()),
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};
    use std::{
        fs,
        path::{Path, PathBuf},
    };

    /// The paths in a folder.
    fn entries(folder: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    #[test]
    fn migrations_are_append_only() {
        let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../migrations");
        // Each store has a folder here. The rows for the upgrade test have one too.
        let stores = entries(&migrations).into_iter();
        let files = stores
            .filter(|folder| folder.is_dir() && !folder.ends_with("rows"))
            .flat_map(|store| entries(&store))
            .flat_map(|migration| entries(&migration));
        let mut found: Vec<_> = files
            .map(|file| {
                let digest = Sha256::digest(fs::read(&file).unwrap());
                let digest = digest
                    .iter()
                    .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
                let path = file.strip_prefix(&migrations).unwrap();
                format!("{digest}  {}", path.display())
            })
            .collect();
        let kept = fs::read_to_string(migrations.join("SHA256SUMS")).unwrap();
        let mut kept: Vec<_> = kept.lines().map(str::to_owned).collect();
        found.sort();
        kept.sort();
        assert_eq!(
            found, kept,
            "a migration never changes once it is there; migrations/README.md says how another one is added"
        );
    }
}
