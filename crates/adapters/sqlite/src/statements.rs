//! Execution of statements that are prepared only once. Parsing an `INSERT` with `ON CONFLICT` takes longer than
//! executing it.
//!
//! Diesel's `execute` asks a reference to the statement whether it may be cached, and a reference doesn't know that it
//! is [`Prepared`]. `load` asks the statement itself. So every statement goes through `load`, even if it returns no
//! rows.

use chatgrow_sql::Prepared;
use diesel::{
    prelude::*,
    query_builder::{QueryFragment, QueryId},
    result::Error,
    sqlite::{Sqlite, SqliteConnection},
};

diesel::define_sql_function! {
    /// How many rows the last statement changed (<https://www.sqlite.org/lang_corefunc.html#changes>).
    fn changes() -> BigInt;
}

/// Executes a statement, and returns how many rows it changed.
pub(crate) fn execute(
    connection: &mut SqliteConnection,
    statement: impl QueryFragment<Sqlite> + QueryId,
) -> QueryResult<usize> {
    complete(connection, statement)?;
    let changed: i64 = diesel::select(changes()).get_result(connection)?;
    usize::try_from(changed).map_err(|error| Error::DeserializationError(error.into()))
}

/// Executes a statement that can't leave its rows unchanged without an error, or whose number of changed rows doesn't
/// matter.
pub(crate) fn complete(
    connection: &mut SqliteConnection,
    statement: impl QueryFragment<Sqlite> + QueryId,
) -> QueryResult<()> {
    Prepared(statement).load::<i64>(connection).map(drop)
}

/// Executes a statement of fixed text, as [`complete`] does.
pub(crate) fn run(connection: &mut SqliteConnection, statement: &'static str) -> QueryResult<()> {
    complete(connection, diesel::sql_query(statement))
}

/// Runs queries that see one snapshot. Diesel's own transactions would parse their `BEGIN` each time.
pub(crate) fn in_one_snapshot<T>(
    connection: &mut SqliteConnection,
    queries: impl FnOnce(&mut SqliteConnection) -> QueryResult<T>,
) -> QueryResult<T> {
    run(connection, "BEGIN")?;
    let read = queries(connection);
    // Nothing was written, so both ends are the same. After some errors, there is no transaction any more.
    let ended = run(connection, "COMMIT");
    let read = read?;
    ended.map(|()| read)
}

/// The number that a statement returns.
pub(crate) fn number(connection: &mut SqliteConnection, statement: &'static str) -> QueryResult<i64> {
    Prepared(diesel::sql_query(statement)).get_result(connection)
}

#[cfg(test)]
mod tests {
    use super::*;
    use diesel::{
        connection::{InstrumentationEvent, SimpleConnection},
        insert_into,
        query_dsl::methods::FilterDsl,
        update,
    };
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    diesel::table! {
        t (id) {
            id -> BigInt,
            n -> BigInt,
        }
    }

    #[test]
    fn what_diesel_would_parse_anew_each_time_is_prepared_once() {
        let mut connection = SqliteConnection::establish(":memory:").unwrap();
        connection
            .batch_execute("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER NOT NULL)")
            .unwrap();
        let prepared = Arc::new(AtomicUsize::default());
        let counter = prepared.clone();
        connection.set_instrumentation(move |event: InstrumentationEvent<'_>| {
            if let InstrumentationEvent::CacheQuery { .. } = event {
                counter.fetch_add(1, Ordering::Relaxed);
            }
        });
        for (round, changed) in [(1, 1), (2, 0), (3, 0)] {
            run(&mut connection, "SAVEPOINT s").unwrap();
            let insert = insert_into(t::table).values((t::id.eq(1), t::n.eq(round)));
            let upsert = insert.on_conflict(t::id).do_update().set(t::n.eq(round));
            let upsert = FilterDsl::filter(upsert, t::n.gt(round));
            assert_eq!(execute(&mut connection, upsert).unwrap(), changed);
            assert_eq!(
                execute(&mut connection, update(t::table).set(t::n.eq(round))).unwrap(),
                1
            );
            assert_eq!(number(&mut connection, "SELECT max(n) FROM t").unwrap(), round);
            run(&mut connection, "RELEASE s").unwrap();
        }
        // The five statements, and the query for the number of changed rows.
        assert_eq!(prepared.load(Ordering::Relaxed), 6);
    }
}
