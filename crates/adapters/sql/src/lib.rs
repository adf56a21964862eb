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

/// What the ports' implementations are made of. The macros `account_store!`, `customer_store!`, … of this crate write them. ADR 0009 tells
/// why they are macros.
///
/// A store names the methods of its own that a macro calls, in the order that the macro asks for, as in
/// `customer_store! { Store { find, page, search, execute } }`. The names are the store's choice; this is what the methods do:
///
/// - `find` reads the row of a query that has one at most.
/// - `all` reads all rows of a query.
/// - `page` reads the page that a list's query asks for, if an index leads to its rows.
/// - `search` does the same if that may take long.
/// - `execute` carries out a write of one statement with its commit, which a [`Guard`] may refuse. It returns how many rows were changed; if
///   there were none, nothing is written, the commit neither.
/// - `commit_alone` carries out a commit without a write.
pub mod port {
    pub use async_trait::async_trait;
    pub use chatgrow_domain::*;
    pub use chatgrow_ports::*;
    pub use diesel::{self, ExpressionMethods, NullableExpressionMethods, QueryDsl};
}
