//! Everything that depends on the store. Every test runs once per store.

mod appointments;
mod availability;
mod blocks;
mod booking;
mod changes;
mod conditions;
mod contention;
mod customers;
mod events;
mod holds;
mod idempotency;
mod inbound;
mod keys;
mod payments;
mod races;
mod registrations;
mod resources;
mod salon;
mod schedules;
mod services;
mod webhooks;

use e2e::{Store, TestApp};
use rstest_reuse::template;

/// Makes one test per store: `…::case_1_sqlite` and `…::case_2_postgres`.
#[template]
#[rstest::rstest]
#[case::sqlite(Store::Sqlite)]
#[case::postgres(Store::Postgres)]
#[tokio::test]
async fn each_store(#[case] store: Store) {}

/// Starts a server on that store. Returns `None` if this machine doesn't have the store; the test is then skipped,
/// which has been reported.
async fn start(store: Store) -> Option<TestApp> {
    TestApp::start_on(store).await
}
