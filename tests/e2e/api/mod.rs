//! What depends on the store: compiled once for each of them, and run on it.

mod appointments;
mod conditions;
mod customers;
mod events;
mod idempotency;
mod races;
mod registrations;

use e2e::{Store, TestApp};

/// Starts a server on the store that this copy of the module is named after.
async fn start() -> TestApp {
    TestApp::start_on(Store::named_in(module_path!())).await
}
