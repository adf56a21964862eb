//! The use cases: each method is one thing that a caller can ask for. They know the rules (domain) and what the rules
//! need (ports), and nothing of HTTP or SQL.
//!
//! An edit reads, applies the rule, and writes "this new state, if the version is still N". Where somebody else was
//! faster the store says `Stale`, and the use case begins again with what is now true, [`ATTEMPTS`] times at most.

mod access;
mod commit;
mod crm;
mod events;
mod scheduling;

pub use access::*;
pub use commit::{Admits, Idempotency, RepeatError, Repeatable, With};
pub use crm::*;
pub use events::*;
pub use scheduling::*;

use chatgrow_ports::{Clock, IdSource, Mark, Randomness, StoreError, Stores};
use std::sync::Arc;

/// How often an edit is tried before the caller is told to come back: each lost race means that another edit of the same
/// resource has succeeded meanwhile.
const ATTEMPTS: usize = 64;

/// An edit lost [`ATTEMPTS`] races in a row.
fn contended() -> StoreError {
    StoreError::unavailable("too many concurrent edits of one resource")
}

/// What use cases need beside stores.
#[derive(Clone)]
pub struct System {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub ids: Arc<dyn IdSource>,
    /// Secrets.
    pub randomness: Arc<dyn Randomness>,
}

/// Every use case, wired to one store.
pub struct Application {
    /// Accounts, their API keys, and who is calling.
    pub access: Access,
    /// Customers.
    pub crm: Crm,
    /// Appointments.
    pub scheduling: Scheduling,
    /// Events and registrations.
    pub events: EventsContext,
    /// Requests that may be repeated.
    pub idempotency: Idempotency,
    stores: Stores,
}

impl Application {
    /// Wires the use cases.
    #[must_use]
    pub fn new(stores: Stores, system: &System) -> Self {
        Self {
            access: Access::new(&stores, system),
            crm: Crm::new(&stores, system),
            scheduling: Scheduling::new(&stores, system),
            events: EventsContext::new(&stores, system),
            idempotency: Idempotency::new(&stores, system),
            stores,
        }
    }

    /// Whether requests can be served.
    ///
    /// # Errors
    /// [`StoreError`] where the store doesn't answer.
    pub async fn check(&self) -> Result<(), StoreError> {
        self.stores.health.check().await
    }

    /// A mark of all that reads can find; see [`StoreChanges::mark`](chatgrow_ports::StoreChanges::mark).
    #[must_use]
    pub fn mark(&self) -> Option<Mark> {
        self.stores.changes.mark()
    }
}

#[cfg(test)]
mod fixtures;
