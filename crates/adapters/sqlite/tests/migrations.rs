//! Databases of other versions: which are upgraded, and which are refused.

use chatgrow_sql::{
    Migrations,
    upgrade::{
        Contents, MANY, assert_all_filled, assert_readable, many_appointments, rows, through_every_migration,
    },
};
use chatgrow_sqlite::{Options, SqliteStore};
use diesel::{
    Connection, QueryableByName, RunQueryDsl, SqliteConnection,
    connection::SimpleConnection,
    sql_types::{Nullable, Text},
};
use diesel_migrations::{EmbeddedMigrations, FileBasedMigrations, embed_migrations};
use std::{fs, path::Path};
use tempfile::TempDir;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../../migrations/sqlite");

#[derive(QueryableByName)]
struct Value {
    #[diesel(sql_type = Nullable<Text>)]
    value: Option<String>,
}

fn values(connection: &mut SqliteConnection, query: &str) -> Vec<String> {
    let rows = diesel::sql_query(query).load::<Value>(connection).unwrap();
    rows.into_iter().filter_map(|row| row.value).collect()
}

/// The contents of the database, after checks of its integrity.
fn contents(connection: &mut SqliteConnection) -> Contents {
    let broken = values(
        connection,
        "SELECT \"table\" AS value FROM pragma_foreign_key_check",
    );
    assert_eq!(broken, [""; 0], "rows of these tables refer to what is not there");
    let integrity = "SELECT integrity_check AS value FROM pragma_integrity_check";
    assert_eq!(values(connection, integrity), ["ok"]);
    // places_counted holds a row only while a trigger runs. SQLite's own tables stay once they are there.
    let tables = "SELECT name AS value FROM sqlite_schema WHERE type = 'table'
        AND name NOT IN ('__diesel_schema_migrations', 'places_counted') AND name NOT LIKE 'sqlite_%'";
    let tables = values(connection, tables).into_iter();
    let with_rows = tables.map(|table| {
        let columns = format!("SELECT 'quote(' || name || ')' AS value FROM pragma_table_info('{table}')");
        let columns = values(connection, &columns).join(" || ',' || ");
        let rows = format!("SELECT {columns} AS value FROM {table} ORDER BY value");
        let rows = values(connection, &rows);
        (table, rows)
    });
    with_rows.collect()
}

fn connect(path: &Path) -> SqliteConnection {
    // Foreign keys are off, as in the store's own migration; `contents` checks them.
    let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    connection.batch_execute("PRAGMA foreign_keys = OFF").unwrap();
    connection
}

#[tokio::test]
async fn a_filled_database_is_upgraded_through_every_migration() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("test.db");
    let upgraded = through_every_migration(&mut connect(&path), &MIGRATIONS, rows, contents);
    assert_all_filled(&upgraded);
    let options = Options {
        migrations: Migrations::Expect,
        ..Options::default()
    };
    let store = SqliteStore::open(&path, options).unwrap();
    assert_readable(&store, &upgraded).await;
}

#[test]
fn many_appointments_are_upgraded() {
    let folder = TempDir::new().unwrap();
    let mut connection = connect(&folder.path().join("test.db"));
    let numbers = format!(
        "(WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < {MANY})
        SELECT n FROM numbers)"
    );
    let columns = |connection: &mut SqliteConnection, columns: &str| {
        let quoted: Vec<_> = columns
            .split(", ")
            .map(|column| format!("quote({column})"))
            .collect();
        let row = quoted.join(" || ',' || ");
        values(
            connection,
            &format!("SELECT {row} AS value FROM appointments ORDER BY id"),
        )
    };
    let series = (numbers.as_str(), "unhex(printf('%024x', n))");
    many_appointments(&mut connection, &MIGRATIONS, str::to_owned, series, columns);
}

/// Upgrades a database through the existing migrations and one more.
fn upgrade_with(up: &str, down: &str) -> Contents {
    let folder = TempDir::new().unwrap();
    let there = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../migrations/sqlite");
    for migration in fs::read_dir(there).unwrap() {
        let migration = migration.unwrap();
        let copy = folder.path().join(migration.file_name());
        fs::create_dir(&copy).unwrap();
        for file in fs::read_dir(migration.path()).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), copy.join(file.file_name())).unwrap();
        }
    }
    let one_more = folder.path().join("2999-01-01-000000_one_more");
    fs::create_dir(&one_more).unwrap();
    fs::write(one_more.join("up.sql"), up).unwrap();
    fs::write(one_more.join("down.sql"), down).unwrap();
    let migrations = FileBasedMigrations::from_path(folder.path()).unwrap();
    let mut connection = connect(&folder.path().join("test.db"));
    through_every_migration(&mut connection, &migrations, rows, contents)
}

#[test]
fn a_migration_that_adds_passes() {
    let upgraded = upgrade_with(
        "ALTER TABLE customers ADD COLUMN language TEXT CHECK (length(language) = 2);
        CREATE INDEX customers_by_language ON customers (account_id, language, id);",
        "DROP INDEX customers_by_language; ALTER TABLE customers DROP COLUMN language;",
    );
    assert_all_filled(&upgraded);
    assert!(upgraded["customers"].iter().all(|row| row.ends_with(",NULL")));
}

#[test]
#[should_panic(expected = "one_more loses rows of api_keys")]
fn a_migration_that_loses_rows_is_told() {
    upgrade_with("DELETE FROM api_keys WHERE revoked_at IS NOT NULL", "SELECT 1");
}

#[test]
#[should_panic(expected = "down.sql of 2999-01-01-000000_one_more undoes up.sql")]
fn a_migration_that_is_not_undone_is_told() {
    upgrade_with(
        "ALTER TABLE customers ADD COLUMN language TEXT",
        "ALTER TABLE customers DROP COLUMN language; UPDATE customers SET notes = NULL",
    );
}

/// Makes a database whose table of migrations lists these versions, and returns why each way of opening it is refused.
fn refusals(versions: &[&str]) -> [String; 2] {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("test.db");
    let mut connection = connect(&path);
    connection
        .batch_execute(
            "CREATE TABLE __diesel_schema_migrations (
                version VARCHAR(50) PRIMARY KEY NOT NULL,
                run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
            )",
        )
        .unwrap();
    for version in versions {
        let insert = format!("INSERT INTO __diesel_schema_migrations (version) VALUES ('{version}')");
        connection.batch_execute(&insert).unwrap();
    }
    let refusals = [Migrations::Run, Migrations::Expect].map(|migrations| {
        let options = Options {
            migrations,
            ..Options::default()
        };
        SqliteStore::open(&path, options).err().unwrap().to_string()
    });
    assert!(contents(&mut connection).is_empty(), "a refusal changes nothing");
    refusals
}

#[test]
fn a_database_from_before_the_first_release_is_refused() {
    for refusal in refusals(&["20261122000000", "20261125000000"]) {
        assert!(
            refusal.ends_with(
                "a version before the first release made its schema (migration 20261125000000), \
                which can't be upgraded: start with an empty database"
            ),
            "{refusal}"
        );
    }
}

#[test]
fn a_newer_schema_is_refused() {
    for refusal in refusals(&["20261127000000", "99991231000000"]) {
        assert!(
            refusal.contains("newer than this program (migration 99991231000000)"),
            "{refusal}"
        );
    }
}
