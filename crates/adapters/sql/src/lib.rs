//! What the SQL stores share: one schema, one set of rows and conversions, one set of queries, and the names of the
//! guards by which a database refuses what must not be.
//!
//! An adapter adds what is really its own: connections, transactions, how it tells errors apart, migrations. Nothing here
//! runs a statement, so the same query serves a blocking connection and an async one.

#![expect(
    missing_docs,
    reason = "what `table!` and `auto_type` generate can't be documented"
)]

pub mod accounts;
pub mod api_keys;
pub mod appointments;
pub mod columns;
pub mod copy;
pub mod customers;
pub mod events;
pub mod guards;
pub mod migrations;
#[cfg(feature = "testing")]
pub mod refused;
pub mod registrations;
pub mod schema;

pub use columns::{Listed, RowId, page};
pub use guards::{Guard, Refusal};
pub use migrations::{Migrations, bring_up_to_date, expect_none_missing};
