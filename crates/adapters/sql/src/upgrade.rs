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
use diesel::{
    backend::Backend,
    connection::SimpleConnection,
    migration::{Migration, MigrationSource},
};
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

/// The migrations in their order. The database has to be empty.
fn all_of<DB: Backend, C: MigrationHarness<DB>>(
    connection: &mut C,
    source: &impl MigrationSource<DB>,
) -> Vec<Box<dyn Migration<DB>>> {
    // This also creates Diesel's own table.
    assert!(connection.applied_migrations().unwrap().is_empty());
    let mut migrations = source.migrations().unwrap();
    migrations.sort_by_key(|migration| migration.name().version().as_owned());
    migrations
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
    let migrations = all_of(connection, source);
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

/// How many appointments [`many_appointments`] upgrades.
pub const MANY: usize = 100_000;

/// Upgrades a database that has [`MANY`] appointments of the first schema through all later migrations, and asserts that
/// each is as it was, and in the way of others.
///
/// `dialect` rewrites SQLite's statements. `numbers` is a table with the column `n` that counts from 0 to `MANY - 1`, and
/// `id` makes an id of `n`. `columns` reads these columns of all appointments as text, in the order of the ids.
pub fn many_appointments<DB, C>(
    connection: &mut C,
    source: &impl MigrationSource<DB>,
    dialect: impl Fn(&str) -> String,
    (numbers, id): (&str, &str),
    columns: impl Fn(&mut C, &str) -> Vec<String>,
) where
    DB: Backend,
    C: SimpleConnection + MigrationHarness<DB>,
{
    const COLUMNS: &str = "account_id, id, customer_id, starts_at, ends_at, service_type, notes, status, created_at, \
        updated_at, version";
    let migrations = all_of(connection, source);
    connection.run_migration(&migrations[0]).unwrap();
    let owner = "INSERT INTO accounts (id, slug, name, created_at) VALUES (x'010101010101010101010101', 'one', 'One', 0);
        INSERT INTO customers (account_id, id, name, email, email_key, created_at, updated_at, version) VALUES
            (x'010101010101010101010101', x'020202020202020202020202', 'Dana', 'd@example.com', 'd@example.com', 0, 0, 1)";
    connection.batch_execute(&dialect(owner)).unwrap();
    let fill = format!(
        "INSERT INTO appointments ({COLUMNS})
        SELECT account_id, {id}, customers.id, n * 60, n * 60 + 60, 'lesson',
            CASE WHEN n % 3 = 0 THEN 'bring a mat' END, CASE WHEN n % 10 = 9 THEN 'cancelled' ELSE 'confirmed' END,
            n, n * 2, n % 5 + 1
        FROM customers, {numbers}"
    );
    connection.batch_execute(&fill).unwrap();
    let before = columns(connection, COLUMNS);
    assert_eq!(before.len(), MANY);
    for migration in &migrations[1..] {
        connection.run_migration(migration).unwrap();
    }
    // A difference isn't printed: it may have megabytes.
    assert!(
        columns(connection, COLUMNS) == before,
        "each appointment is as it was"
    );
    let overlap = "INSERT INTO appointments
            (account_id, id, kind, customer_id, starts_at, ends_at, blocks_from, blocks_until, service_type, status,
                created_at, updated_at, version)
        VALUES (x'010101010101010101010101', x'030303030303030303030303', 'appointment', x'020202020202020202020202',
            3000059, 3000060, 3000059, 3000060, 'lesson', 'confirmed', 0, 0, 1)";
    let refused = connection
        .batch_execute(&dialect(overlap))
        .unwrap_err()
        .to_string();
    assert!(refused.contains("appointments_no_overlap"), "{refused}");
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
