//! An upgrade of a filled database through every migration, for the adapters' tests.

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

/// What is in a database: of every table its rows, as texts, in some order that depends on nothing else.
pub type Contents = BTreeMap<String, Vec<String>>;

/// The statements that add rows once the migration with that name has run (`migrations/rows`), in SQLite's dialect.
#[must_use]
pub fn rows(migration: &str) -> Option<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../migrations/rows");
    fs::read_to_string(folder.join(migration).with_extension("sql")).ok()
}

/// Upgrades an empty database through every migration, and returns what is in it in the end. After each migration it adds the `rows` for
/// that one. Each migration but the first runs on the rows of all before it, is reverted, and runs again; it may lose none.
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
    // Makes Diesel's table, too.
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

/// Asserts that the tables are those of the one list, and that each holds a row: only then the upgrade shows something about it.
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

/// Asserts that the program can read all of that.
pub async fn assert_readable(store: &impl Copied, contents: &Contents) {
    // Room for everything, so that nobody has to take parts meanwhile.
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
