//! Writes as single statements: what commits with a write is a part of the statement that makes it. A statement needs no
//! transaction, so a write takes one round trip, and many writes together take one.
//!
//! The parts of a statement see the database as it was before it, and none of them can be undone alone. So a record is
//! not written first, as in a transaction ([`accompanied`](crate::write::accompanied)), but last, and a conflict undoes
//! the statement. The transaction then tells what was in the way.

use crate::{EPOCH, batch::Batched};
use chatgrow_domain::Change;
use chatgrow_ports::{Commit, IdempotencyRecord};
use chatgrow_sql::{
    arrays::{ColumnArray, InColumns, array_of},
    commit::IdempotencyRow,
    delivery::change::{ChangeRow, InsertChange},
};
use diesel::{
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    result::QueryResult,
    sql_types::{BigInt, Text},
};
use std::{
    collections::{BTreeSet, HashMap},
    iter,
    marker::PhantomData,
};

/// What commits with one statement.
pub(crate) trait Companions: 'static {
    /// Writes the rest of a statement that begins `WITH written AS (…)`. It inserts one row for each row of `written`.
    fn walk<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()>;
}

impl Companions for InsertChange {
    fn walk<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.walk_ast(out.reborrow())?;
        out.push_sql(" FROM written");
        Ok(())
    }
}

/// The record of the request.
pub(crate) struct Record(Vec<ColumnArray>);

impl Record {
    pub(crate) fn new(record: IdempotencyRecord) -> Self {
        Self(IdempotencyRow::arrays(vec![record.into()]))
    }
}

impl Companions for Record {
    fn walk<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        push_insert::<IdempotencyRow>(&mut out, "idempotency_records");
        out.push_sql(" FROM ");
        walk_unnest::<IdempotencyRow>(&mut out, &self.0, "")?;
        out.push_sql(" CROSS JOIN written");
        Ok(())
    }
}

impl Companions for (Record, InsertChange) {
    fn walk<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(", recorded AS (");
        self.0.walk(out.reborrow())?;
        out.push_sql(") ");
        self.1.walk(out)
    }
}

/// One statement that changes at most one row, with what commits with it. It tells how many rows were written.
pub(crate) struct One<'s, S, C> {
    pub(crate) statement: &'s S,
    pub(crate) companions: C,
}

impl<S: QueryId, C: 'static> QueryId for One<'_, S, C> {
    type QueryId = One<'static, S::QueryId, C>;

    const HAS_STATIC_QUERY_ID: bool = S::HAS_STATIC_QUERY_ID;
}

impl<S: QueryFragment<Pg>, C: Companions> QueryFragment<Pg> for One<'_, S, C> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("WITH written AS (");
        self.statement.walk_ast(out.reborrow())?;
        out.push_sql(" RETURNING 1)");
        self.companions.walk(out)
    }
}

/// Writes changes, in their order.
pub(crate) struct Changes(Vec<ColumnArray>);

impl Changes {
    pub(crate) fn new(changes: Vec<Change>) -> Self {
        Self(ChangeRow::arrays(
            changes.into_iter().map(ChangeRow::from).collect(),
        ))
    }
}

impl QueryId for Changes {
    type QueryId = Self;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl QueryFragment<Pg> for Changes {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        push_insert_changes(&mut out);
        out.push_sql(" FROM ");
        walk_unnest::<ChangeRow>(&mut out, &self.0, "")?;
        out.push_sql(" ORDER BY nth");
        Ok(())
    }
}

/// New rows of one table, each a write of its own: the writes 1, 2, … It returns the numbers of those that were written.
/// Those that the table's [guard](Batched::GUARD) refused, and those whose key has a record, were not.
pub(crate) struct Many<R> {
    rows: Vec<ColumnArray>,
    records: Vec<ColumnArray>,
    changes: Vec<ColumnArray>,
    turns: [ColumnArray; 2],
    row: PhantomData<fn() -> R>,
}

impl<R: Batched> Many<R> {
    pub(crate) fn new<'w>(writes: impl Iterator<Item = (&'w R, &'w Commit)>) -> Self {
        let mut rows = Vec::new();
        let (mut records, mut changes) = (Numbered::default(), Numbered::default());
        for (number, (row, commit)) in (1..).zip(writes) {
            rows.push(row.clone());
            records.extend(number, commit.record.clone().map(IdempotencyRow::from));
            changes.extend(number, commit.changes.iter().cloned().map(ChangeRow::from));
        }
        let mut in_account = HashMap::new();
        for row in &rows {
            *in_account.entry(row.account()).or_insert(0) += 1;
        }
        let several = rows.iter().filter(|row| in_account[&row.account()] > 1);
        let turns: BTreeSet<_> = several.flat_map(Batched::turns).collect();
        let (names, seeds) = turns.into_iter().map(|turn| (turn.name, turn.seed)).unzip();
        Self {
            rows: R::arrays(rows),
            records: records.arrays(),
            changes: changes.arrays(),
            turns: [array_of::<Text, String>(names), array_of::<BigInt, i64>(seeds)],
            row: PhantomData,
        }
    }
}

/// Rows, each with the number of its write.
struct Numbered<R> {
    rows: Vec<R>,
    of: Vec<i64>,
}

impl<R> Default for Numbered<R> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            of: Vec::new(),
        }
    }
}

impl<R: InColumns> Numbered<R> {
    fn extend(&mut self, number: i64, rows: impl IntoIterator<Item = R>) {
        self.rows.extend(rows);
        self.of.resize(self.rows.len(), number);
    }

    fn arrays(self) -> Vec<ColumnArray> {
        let mut arrays = R::arrays(self.rows);
        arrays.insert(0, array_of::<BigInt, _>(self.of));
        arrays
    }
}

impl<R: Batched> QueryId for Many<R> {
    type QueryId = Self;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<R> Query for Many<R> {
    type SqlType = BigInt;
}

impl<R: Batched> QueryFragment<Pg> for Many<R> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("WITH input AS MATERIALIZED (SELECT * FROM ");
        walk_unnest::<R>(&mut out, &self.rows, "")?;
        out.push_sql("), record AS MATERIALIZED (SELECT * FROM ");
        walk_unnest::<IdempotencyRow>(&mut out, &self.records, "of, ")?;
        out.push_sql("), written AS (");
        push_insert::<R>(&mut out, R::TABLE);
        out.push_sql(
            " FROM input WHERE (
                SELECT count(pg_advisory_xact_lock_shared(hashtextextended(name, seed))) FROM unnest(",
        );
        walk_list(&mut out, &self.turns)?;
        // A subquery that returns a value looks each key up in the index, whatever the planner thinks of the table.
        out.push_sql(
            ") AS turn (name, seed)
            ) >= 0 AND nth NOT IN (
                SELECT record.of FROM record WHERE (
                    SELECT true FROM idempotency_records AS known
                    WHERE known.account_id = record.account_id AND known.key = record.key
                )
            ) ORDER BY ",
        );
        out.push_sql(R::ORDER);
        out.push_sql(" ON CONFLICT ");
        out.push_sql(R::CONFLICT);
        out.push_sql(
            " DO NOTHING RETURNING account_id, id
            ), done AS MATERIALIZED (
                SELECT nth AS number FROM input JOIN written USING (account_id, id)
            ), recorded AS (",
        );
        push_insert::<IdempotencyRow>(&mut out, "idempotency_records");
        out.push_sql(" FROM record WHERE of IN (SELECT number FROM done)), told AS (");
        push_insert_changes(&mut out);
        out.push_sql(" FROM ");
        walk_unnest::<ChangeRow>(&mut out, &self.changes, "of, ")?;
        out.push_sql(" WHERE of IN (SELECT number FROM done) ORDER BY nth) SELECT number FROM done");
        Ok(())
    }
}

/// A table of bound rows. Its column `nth` numbers them from 1.
fn walk_unnest<'b, R: InColumns>(
    out: &mut AstPass<'_, 'b, Pg>,
    arrays: &'b [ColumnArray],
    before: &str,
) -> QueryResult<()> {
    out.push_sql("unnest(");
    walk_list(out, arrays)?;
    out.push_sql(") WITH ORDINALITY AS bound (");
    out.push_sql(before);
    push_columns::<R>(out);
    out.push_sql(", nth)");
    Ok(())
}

fn walk_list<'b>(out: &mut AstPass<'_, 'b, Pg>, arrays: &'b [ColumnArray]) -> QueryResult<()> {
    for (separator, array) in separated(arrays) {
        out.push_sql(separator);
        array.walk_ast(out.reborrow())?;
    }
    Ok(())
}

/// Inserts the columns of the table that follows.
fn push_insert<R: InColumns>(out: &mut AstPass<'_, '_, Pg>, table: &str) {
    out.push_sql("INSERT INTO ");
    out.push_sql(table);
    out.push_sql(" (");
    push_columns::<R>(out);
    out.push_sql(") SELECT ");
    push_columns::<R>(out);
}

fn push_insert_changes(out: &mut AstPass<'_, '_, Pg>) {
    out.push_sql("INSERT INTO changes (");
    push_columns::<ChangeRow>(out);
    out.push_sql(", epoch) SELECT ");
    push_columns::<ChangeRow>(out);
    out.push_sql(", ");
    out.push_sql(EPOCH);
}

fn push_columns<R: InColumns>(out: &mut AstPass<'_, '_, Pg>) {
    for (separator, column) in separated(R::COLUMNS) {
        out.push_sql(separator);
        out.push_sql(column);
    }
}

fn separated<T>(items: &[T]) -> impl Iterator<Item = (&'static str, &T)> {
    iter::once("").chain(iter::repeat(", ")).zip(items)
}
