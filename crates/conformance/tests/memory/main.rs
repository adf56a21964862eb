//! The suite's own tests: a correct store in memory passes all cases, and the same store with any one defect fails.

#![expect(clippy::unwrap_used, reason = "test code: what goes wrong fails the test")]

mod defects;
mod mutants;
mod store;

use chatgrow_conformance::conformance_suite;
use chatgrow_ports::Stores;
use store::two_stores;

#[expect(clippy::unused_async, reason = "the suite awaits it")]
async fn open() -> Option<(Stores, Stores, ())> {
    let [one, other] = two_stores(None);
    Some((one, other, ()))
}

mod conformance {
    use super::*;
    conformance_suite!(open);
}
