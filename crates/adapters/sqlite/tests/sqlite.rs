//! The `SQLite` adapter: the ports' suite, and what is its own.

#![expect(clippy::unwrap_used, reason = "test code: what goes wrong fails the test")]

use chatgrow_ports::{Stores, conformance_suite};
use chatgrow_sqlite::{Options, SqliteStore};
use std::sync::Arc;
use tempfile::TempDir;

#[expect(clippy::unused_async, reason = "the suite awaits it")]
async fn open() -> (Stores, TempDir) {
    let directory = TempDir::new().unwrap();
    let store = SqliteStore::open(&directory.path().join("test.db"), Options::default()).unwrap();
    (Stores::of(Arc::new(store)), directory)
}

mod conformance {
    use super::*;
    conformance_suite!(open);
}
