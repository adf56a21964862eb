//! What the SQL stores share: one schema, one set of rows and conversions, one set of queries, and the names of the
//! guards by which a database refuses a write.
//!
//! An adapter adds what is specific to its database: connections, transactions, classification of errors, migrations.
//! Nothing here executes a statement, so the same query serves a blocking connection and an async one.

#![expect(
    missing_docs,
    reason = "what `table!` and `auto_type` generate can't be documented"
)]
#![expect(
    clippy::must_use_candidate,
    reason = "nearly every function here only makes a query"
)]

pub mod access;
pub mod arrays;
pub mod billing;
pub mod columns;
pub mod commit;
pub mod copy;
pub mod crm;
pub mod delivery;
pub mod events;
pub mod guards;
pub mod migrations;
mod prepared;
#[cfg(feature = "testing")]
pub mod refused;
pub mod scheduling;
pub mod schema;
pub mod steps;
pub mod tables;
#[cfg(feature = "testing")]
pub mod upgrade;

pub use chatgrow_ports::Migrations;
pub use columns::{RowId, page};
pub use guards::{Guard, Guarded, Unwritten};
pub use migrations::{bring_up_to_date, expect_none_missing};
pub use prepared::{Prepared, PreparedQuery};

/// What the implementations of the ports are built from. This crate's macros `account_store!`, `customer_store!`, …
/// generate them. ADR 0009 explains why they are macros.
///
/// A store names those of its own methods that a macro calls, in the order that the macro expects, as in
/// `event_store! { Store { find, page, execute } }`. The store chooses their names. The methods do this:
///
/// - `find` reads the row of a query that returns at most one.
/// - `few` reads all rows of a query that returns at most some dozens, by their keys.
/// - `all` reads all rows of a query.
/// - `page` reads the page that a list's query asks for, if an index leads to its rows.
/// - `search` does the same if the query may take long.
/// - `execute` carries out a write of one statement with its commit. A [`Guard`] may refuse it. It returns how many
///   rows were changed. If there were none, it writes nothing, not even the commit.
/// - `insert` writes a new row of one table with its commit. The table's [`Guard`] may refuse it.
/// - `commit_alone` writes a commit without another write.
pub mod port {
    pub use async_trait::async_trait;
    pub use chatgrow_domain::*;
    pub use chatgrow_ports::*;
    pub use diesel::{self, ExpressionMethods, NullableExpressionMethods, QueryDsl};
}
