//! The `SQLite` adapter: the ports' suite, and what is SQLite's own.

use chatgrow_ports::{Stores, conformance_suite};
use chatgrow_sqlite::{Options, SqliteStore};
use std::sync::Arc;
use tempfile::TempDir;

async fn open() -> (Stores, TempDir) {
    let directory = TempDir::new().unwrap();
    let store = SqliteStore::open(&directory.path().join("test.db"), Options::default()).unwrap();
    (Stores::of(Arc::new(store)), directory)
}

mod conformance {
    use super::*;
    conformance_suite!(open);
}
