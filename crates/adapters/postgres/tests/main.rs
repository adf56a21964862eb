//! Runs the ports' suite against the PostgreSQL adapter, and tests what is specific to it.

#![expect(clippy::unwrap_used, reason = "test code: what goes wrong fails the test")]
#![expect(clippy::too_many_lines, reason = "a test tells its story in one piece")]

mod batches;
mod connections;
mod copy;
mod faults;
mod feed;
mod hosts;
mod migrations;
mod quotas;
mod raw_sql;
mod support;

use chatgrow_conformance::conformance_suite;
use chatgrow_ports::Stores;
use chatgrow_postgres::{Options, PostgresStore, PostgresUrl};
use std::sync::Arc;

async fn open() -> Option<(Stores, Stores, ())> {
    let url = throwaway_postgres::new_database().await?;
    let url = PostgresUrl::parse(&url).unwrap();
    let store = async || {
        let store = PostgresStore::open(&url, Options::default()).await.unwrap();
        Stores::of(Arc::new(store))
    };
    Some((store().await, store().await, ()))
}

mod conformance {
    use super::*;
    conformance_suite!(open);
}
