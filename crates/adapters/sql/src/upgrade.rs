//! Upgrades a database with rows through every migration, for the adapters' tests.

#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "test code: what goes wrong fails the test"
)]

use crate::{
    copy::{Copied, Part},
    tables::TABLES,
};
use diesel::{backend::Backend, connection::SimpleConnection, migration::MigrationSource};
use diesel_migrations::MigrationHarness;
use std::{collections::BTreeMap, fs, path::Path};
use tokio::sync::mpsc::channel;

/// The contents of a database: the rows of every table as text, in a deterministic order.
pub type Contents = BTreeMap<String, Vec<String>>;

/// The statements in `migrations/rows` that add rows after the migration with that name has run. They are in SQLite's
/// dialect.
#[must_use]
pub fn rows(migration: &str) -> Option<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../migrations/rows");
    fs::read_to_string(folder.join(migration).with_extension("sql")).ok()
}

/// Upgrades an empty database through every migration, and returns its contents at the end. After each migration it
/// adds the `rows` for that one. Each migration but the first runs on the rows of all earlier ones, is reverted, and
/// runs again. It must not lose a row.
pub fn through_every_migration<DB, C>(
    connection: &mut C,
    source: &impl MigrationSource<DB>,
    rows: impl Fn(&str) -> Option<String>,
    contents: impl Fn(&mut C) -> Contents,
) -> Contents
where
    DB: Backend,
    C: SimpleConnection + MigrationHarness<DB>,
{
    // This also creates Diesel's own table.
    assert!(connection.applied_migrations().unwrap().is_empty());
    let mut migrations = source.migrations().unwrap();
    migrations.sort_by_key(|migration| migration.name().version().as_owned());
    for (index, migration) in migrations.iter().enumerate() {
        let name = migration.name().to_string();
        let before = contents(connection);
        connection.run_migration(migration).unwrap();
        if index > 0 {
            let upgraded = contents(connection);
            for (table, rows) in &before {
                let left = upgraded.get(table).map(Vec::len);
                assert_eq!(left, Some(rows.len()), "{name} loses rows of {table}");
            }
            connection.revert_migration(migration).unwrap();
            assert_eq!(contents(connection), before, "down.sql of {name} undoes up.sql");
            connection.run_migration(migration).unwrap();
            assert_eq!(
                contents(connection),
                upgraded,
                "{name} does the same a second time"
            );
        }
        if let Some(rows) = rows(&name) {
            connection.batch_execute(&rows).unwrap();
        }
    }
    contents(connection)
}

/// Asserts that the tables are exactly the listed ones, and that each has a row. The upgrade doesn't test a table
/// without rows.
pub fn assert_all_filled(contents: &Contents) {
    let mut listed = TABLES.to_vec();
    listed.sort_unstable();
    let there: Vec<_> = contents.keys().collect();
    assert_eq!(
        there, listed,
        "the tables of the migrations are those of `for_each_table!`"
    );
    for (table, rows) in contents {
        assert!(!rows.is_empty(), "a file in migrations/rows has to fill {table}");
    }
}

/// Asserts that the store can read all of the contents.
pub async fn assert_readable(store: &impl Copied, contents: &Contents) {
    // Enough capacity for all parts, so that nothing needs to receive them meanwhile.
    let (sender, mut parts) = channel(1000);
    store.export(sender).await.unwrap();
    let mut read = 0;
    while let Some(part) = parts.recv().await {
        if let Part::Batch(batch) = part {
            read += batch.rows();
        }
    }
    assert_eq!(read, contents.values().map(Vec::len).sum::<usize>());
}
