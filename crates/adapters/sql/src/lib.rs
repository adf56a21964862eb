//! What the SQL stores share: one schema, one set of rows and conversions, one set of queries, and the names of the
//! guards by which a database refuses what must not be.
//!
//! An adapter adds what is really its own: connections, transactions, how it tells errors apart, migrations. Nothing here
//! runs a statement, so the same query serves a blocking connection and an async one.

#![expect(
    missing_docs,
    reason = "what `table!` and `auto_type` generate can't be documented"
)]
#![expect(
    clippy::must_use_candidate,
    reason = "nearly every function here only makes a query"
)]

pub mod access;
pub mod columns;
pub mod commit;
pub mod copy;
pub mod crm;
pub mod events;
pub mod guards;
pub mod migrations;
mod prepared;
#[cfg(feature = "testing")]
pub mod refused;
pub mod scheduling;
pub mod schema;
pub mod tables;
#[cfg(feature = "testing")]
pub mod upgrade;

pub use chatgrow_ports::Migrations;
pub use columns::{RowId, page};
pub use guards::{Guard, Guarded, Unwritten};
pub use migrations::{bring_up_to_date, expect_none_missing};
pub use prepared::Prepared;

/// What the ports' implementations are made of: the macros `account_store!`, `customer_store!`, … of this crate. They are
/// macros, for whether a query can run depends on the connection, and a generic function would have to repeat each query in its
/// bounds.
///
/// A store has six methods: `find` (the row of a query that has one at most), `all` (all rows), `page` (the page that a list's
/// query asks for, where an index leads to its rows), `search` (the same, where it may take long), `execute` (a write of one statement and its commit, refused by a [`Guard`] or not; how many rows it changed:
/// where it is none, nothing was written) and `commit_alone` (a commit without a write).
pub mod port {
    pub use async_trait::async_trait;
    pub use chatgrow_domain::*;
    pub use chatgrow_ports::*;
    pub use diesel::{self, ExpressionMethods, NullableExpressionMethods, QueryDsl};
}
