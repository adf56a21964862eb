//! What depends on the store: every test runs once for each of them.

mod appointments;
mod conditions;
mod customers;
mod events;
mod idempotency;
mod races;
mod registrations;

use e2e::{Store, TestApp};
use rstest_reuse::template;

/// One test for each store: `…::case_1_sqlite` and `…::case_2_postgres`.
#[template]
#[rstest::rstest]
#[case::sqlite(Store::Sqlite)]
#[case::postgres(Store::Postgres)]
#[tokio::test]
async fn each_store(#[case] store: Store) {}

/// Starts a server on that store; `None` if this machine doesn't have the store: then the test is skipped, as was told.
async fn start(store: Store) -> Option<TestApp> {
    TestApp::start_on(store).await
}
