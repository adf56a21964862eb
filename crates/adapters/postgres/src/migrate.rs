//! Migration of the schema.

use chatgrow_sql::{Migrations, bring_up_to_date, expect_none_missing};
use diesel::{
    connection::Connection,
    migration::MigrationVersion,
    pg::Pg,
    prelude::QueryableByName,
    result::QueryResult,
    sql_types::{BigInt, Nullable, Text},
};
use diesel_async::{AsyncPgConnection, async_connection_wrapper::AsyncConnectionWrapper};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use std::error::Error;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../../migrations/postgres");

/// The advisory lock that serialises migrations of servers that start at once (`chatgrow` in ASCII).
const MIGRATION_LOCK: i64 = 0x6368_6174_6772_6f77;

/// Migrates the schema in one transaction, one server at a time. If the schema is up to date, it writes nothing, so it
/// needs neither the right to write nor a lock.
pub(crate) fn migrate(
    connection: AsyncPgConnection,
    mode: Migrations,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut connection = AsyncConnectionWrapper::<AsyncPgConnection>::from(connection);
    let as_it_is = expect_none_missing::<Pg>(&MIGRATIONS, &applied(&mut connection)?);
    if mode == Migrations::Expect || as_it_is.is_ok() {
        return as_it_is;
    }
    Connection::transaction(&mut connection, |connection| {
        let lock = diesel::sql_query("SELECT pg_advisory_xact_lock($1)").bind::<BigInt, _>(MIGRATION_LOCK);
        diesel::RunQueryDsl::execute(lock, connection)?;
        bring_up_to_date(connection, MIGRATIONS, mode).map(|_| ())
    })
}

/// The migrations that have run. Diesel's own query would create its table first.
fn applied(
    connection: &mut AsyncConnectionWrapper<AsyncPgConnection>,
) -> QueryResult<Vec<MigrationVersion<'static>>> {
    let table = diesel::sql_query("SELECT to_regclass('__diesel_schema_migrations')::text AS value");
    let Setting { value: Some(table) } = diesel::RunQueryDsl::get_result(table, connection)? else {
        return Ok(Vec::new());
    };
    let versions = diesel::sql_query(format!("SELECT version::text AS value FROM {table}"));
    let versions = diesel::RunQueryDsl::load(versions, connection)?.into_iter();
    Ok(versions
        .filter_map(|Setting { value }| value.map(MigrationVersion::from))
        .collect())
}

/// A text that the database tells.
#[derive(QueryableByName)]
pub(crate) struct Setting {
    #[diesel(sql_type = Nullable<Text>)]
    pub(crate) value: Option<String>,
}
