//! Starts on schemas of all kinds: an empty one, this program's, and those of other versions.

use crate::support::{open, open_with};
use chatgrow_ports::StoreHealth;
use chatgrow_postgres::Options;
use chatgrow_sql::{
    Migrations,
    upgrade::{
        Contents, MANY, assert_all_filled, assert_readable, many_appointments, rows, through_every_migration,
    },
};
use diesel::{QueryableByName, RunQueryDsl, pg::Pg, sql_types::Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, async_connection_wrapper::AsyncConnectionWrapper};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use throwaway_postgres::{PASSWORD, connect};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../../migrations/postgres");

/// A blocking connection, for Diesel's migrations.
type Blocking = AsyncConnectionWrapper<AsyncPgConnection>;

#[derive(QueryableByName)]
struct Value {
    #[diesel(sql_type = Text)]
    value: String,
}

fn values(connection: &mut Blocking, query: &str) -> Vec<String> {
    let rows = diesel::sql_query(query).load::<Value>(connection).unwrap();
    rows.into_iter().map(|row| row.value).collect()
}

fn contents(connection: &mut Blocking) -> Contents {
    // Unlogged tables hold nothing that has to be kept.
    let tables = "SELECT relname::text AS value FROM pg_class
        WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND relpersistence = 'p'
            AND relname <> '__diesel_schema_migrations'";
    let tables = values(connection, tables).into_iter();
    let with_rows = tables.map(|table| {
        let rows = format!("SELECT row::text AS value FROM {table} AS row ORDER BY value");
        let rows = values(connection, &rows);
        (table, rows)
    });
    with_rows.collect()
}

/// Rewrites statements that are in SQLite's dialect.
fn of_sqlite(sql: &str) -> String {
    sql.replace("x'", "'\\x")
}

#[tokio::test]
async fn a_filled_database_is_upgraded_through_every_migration() {
    let Some(url) = throwaway_postgres::new_database().await else {
        return;
    };
    let connection = AsyncPgConnection::establish(&url).await.unwrap();
    let upgrade = move || {
        let rows = |migration: &str| rows(migration).map(|sql| of_sqlite(&sql));
        through_every_migration::<Pg, _>(&mut Blocking::from(connection), &MIGRATIONS, rows, contents)
    };
    let upgraded = tokio::task::spawn_blocking(upgrade).await.unwrap();
    assert_all_filled(&upgraded);
    let expected = Options {
        migrations: Migrations::Expect,
        ..Options::default()
    };
    let store = open_with(&url, expected).await.unwrap();
    assert_readable(&store, &upgraded).await;
}

#[tokio::test]
async fn many_appointments_are_upgraded() {
    let Some(url) = throwaway_postgres::new_database().await else {
        return;
    };
    let connection = AsyncPgConnection::establish(&url).await.unwrap();
    let upgrade = move || {
        let numbers = format!("generate_series(0, {MANY} - 1) AS numbers (n)");
        let columns = |connection: &mut Blocking, columns: &str| {
            let rows = format!("SELECT ROW({columns})::text AS value FROM appointments ORDER BY id");
            values(connection, &rows)
        };
        let series = (numbers.as_str(), "decode(lpad(to_hex(n), 24, '0'), 'hex')");
        let mut connection = Blocking::from(connection);
        many_appointments::<Pg, _>(&mut connection, &MIGRATIONS, of_sqlite, series, columns);
    };
    tokio::task::spawn_blocking(upgrade).await.unwrap();
}

#[tokio::test]
async fn servers_that_start_at_once_find_one_schema() {
    let Some(url) = throwaway_postgres::new_database().await else {
        return;
    };
    // A server that has waited for the lock must see what was committed meanwhile, whatever the default isolation level
    // is.
    let database = url.rsplit_once('/').unwrap().1;
    let stricter = format!("ALTER DATABASE {database} SET default_transaction_isolation = 'repeatable read'");
    connect(&url).await.batch_execute(&stricter).await.unwrap();
    let starts: Vec<_> = (0..10)
        .map(|_| {
            let url = url.clone();
            tokio::spawn(async move { open(&url).await })
        })
        .collect();
    for start in starts {
        start.await.unwrap().unwrap().check().await.unwrap();
    }
}

#[tokio::test]
async fn a_schema_is_expected_where_others_migrate() {
    let Some(url) = throwaway_postgres::new_database().await else {
        return;
    };
    let expected = Options {
        migrations: Migrations::Expect,
        ..Options::default()
    };
    let refusal = open_with(&url, expected).await.err().unwrap().to_string();
    assert!(refusal.contains("chatgrow migrate"), "{refusal}");
    drop(open(&url).await.unwrap());

    // A server that expects the migrations done needs no right to change the schema.
    let admin = connect(&url).await;
    let role = format!("reader_{}", url.rsplit_once('/').unwrap().1);
    admin
        .batch_execute(&format!(
            "CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}"
        ))
        .await
        .unwrap();
    let (scheme, rest) = url.split_once("://").unwrap();
    let (_, address) = rest.split_once('@').unwrap();
    let as_role = format!("{scheme}://{role}:{PASSWORD}@{address}");
    let store = open_with(&as_role, expected).await.unwrap();
    crate::support::insert_account(&store).await;
    // Nor does one that would run them, if the schema is up to date.
    drop(open(&as_role).await.unwrap());
}

#[tokio::test]
async fn a_schema_of_another_version_is_refused() {
    for (version, told) in [
        (
            "20261125000001",
            "a version before the first release made its schema (migration 20261125000001), \
            which can't be upgraded: start with an empty database",
        ),
        (
            "99991231000000",
            "its schema is newer than this program (migration 99991231000000): \
            start the version that made it, or a later one",
        ),
    ] {
        let Some(url) = throwaway_postgres::new_database().await else {
            return;
        };
        drop(open(&url).await.unwrap());
        let insert = format!("INSERT INTO __diesel_schema_migrations VALUES ('{version}', now())");
        connect(&url).await.batch_execute(&insert).await.unwrap();
        for migrations in [Migrations::Run, Migrations::Expect] {
            let options = Options {
                migrations,
                ..Options::default()
            };
            let refusal = open_with(&url, options).await.err().unwrap().to_string();
            assert!(refusal.ends_with(told), "{refusal}");
        }
    }
}
