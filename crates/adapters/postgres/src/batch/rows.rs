//! The rows that are written in batches.

use super::Queue;
use crate::{pools::Connections, steps::unless_taken};
use chatgrow_sql::{
    Guard, RowId,
    arrays::InColumns,
    crm::customer::CustomerRow,
    scheduling::occupancy::AppointmentRow,
    schema::{appointments, customers},
};
use diesel::{
    ExpressionMethods,
    pg::Pg,
    query_builder::{QueryFragment, QueryId},
    upsert::DecoratableTarget,
};
use std::iter;

/// A row that can be written in a batch.
pub(crate) trait Batched: InColumns + Clone + Send + Sync {
    /// The table.
    const TABLE: &'static str;
    /// The order in which rows are written. Of rows that could be in each other's way, every statement MUST write the same
    /// first, so that statements which have written one row and wait for another don't wait in a circle.
    const ORDER: &'static str;
    /// What to look at for something that is in the way: the target of `ON CONFLICT`.
    const CONFLICT: &'static str;
    /// The guard that refuses the row then.
    const GUARD: Guard;

    /// The row's account.
    fn account(&self) -> RowId;

    /// The locks that a statement which writes several rows of an account shares before it writes any: those which writes
    /// that don't keep to the order take alone (`migrations/postgres`). Every statement takes them in their own order.
    fn turns(&self) -> impl Iterator<Item = Turn>;

    /// The statement that writes this row alone, or nothing if something is in the way.
    fn insert(self) -> impl QueryFragment<Pg> + QueryId + Send + Sync + 'static;

    /// This thread's queue.
    fn queue(connections: &Connections) -> &Queue<Self>;
}

impl Batched for CustomerRow {
    const TABLE: &'static str = "customers";
    const ORDER: &'static str = "account_id, email_key";
    const CONFLICT: &'static str = "(account_id, email_key) WHERE email_key IS NOT NULL";
    const GUARD: Guard = Guard::CustomerEmail;

    fn account(&self) -> RowId {
        CustomerRow::account(self)
    }

    fn turns(&self) -> impl Iterator<Item = Turn> {
        iter::once(Turn::of_moves::<Self>(self.account()))
    }

    fn insert(self) -> impl QueryFragment<Pg> + QueryId + Send + Sync + 'static {
        diesel::insert_into(customers::table)
            .values(self)
            .on_conflict((customers::account_id, customers::email_key))
            .filter_target(customers::email_key.is_not_null())
            .do_nothing()
    }

    fn queue(connections: &Connections) -> &Queue<Self> {
        &connections.queues.customers
    }
}

impl Batched for AppointmentRow {
    const TABLE: &'static str = "appointments";
    const ORDER: &'static str = "account_id, resource_id, blocks_from";
    const CONFLICT: &'static str = "ON CONSTRAINT appointments_no_overlap";
    const GUARD: Guard = Guard::AppointmentSlot;

    fn account(&self) -> RowId {
        AppointmentRow::account(self)
    }

    fn turns(&self) -> impl Iterator<Item = Turn> {
        let days = self.days().map(|day| Turn {
            after_moves: true,
            name: format!("appointments_take_days{}", self.account()),
            seed: day,
        });
        iter::once(Turn::of_moves::<Self>(self.account())).chain(days)
    }

    fn insert(self) -> impl QueryFragment<Pg> + QueryId + Send + Sync + 'static {
        unless_taken(diesel::insert_into(appointments::table).values(self))
    }

    fn queue(connections: &Connections) -> &Queue<Self> {
        &connections.queues.occupancies
    }
}

/// An advisory lock, as the triggers name it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Turn {
    /// Whoever takes both kinds takes those of moves first.
    after_moves: bool,
    pub(crate) name: String,
    pub(crate) seed: i64,
}

impl Turn {
    fn of_moves<R: Batched>(account: RowId) -> Self {
        Self {
            after_moves: false,
            name: format!("{}{account}", R::TABLE),
            seed: 0,
        }
    }
}
