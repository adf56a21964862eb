//! The use cases: each method is one thing that a caller can ask for. They know the rules (domain) and what the rules
//! need (ports), and nothing of HTTP or SQL.
//!
//! An edit reads, applies the rule, and writes "this new state, if the version is still N". Where somebody else was
//! faster the store says `Stale`, and the use case begins again with what is now true, [`ATTEMPTS`] times at most.

mod accounts;
mod api_keys;
mod appointments;
mod authentication;
mod customers;
mod events;
mod idempotency;
mod registrations;

pub use accounts::{Accounts, CreateAccountError};
pub use api_keys::{ApiKeys, CreateKeyError, ListedKey};
pub use appointments::{AppointmentError, Appointments};
pub use authentication::{Authentication, Caller, KeysMet, LookUp, Recalled};
pub use customers::{CustomerError, Customers, Put};
pub use events::{EventError, Events};
pub use idempotency::{Admits, Idempotency, RepeatError, Repeatable, With};
pub use registrations::{RegistrationError, Registrations};

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
    /// Who is calling.
    pub authentication: Authentication,
    /// Customers.
    pub customers: Customers,
    /// Appointments.
    pub appointments: Appointments,
    /// Events.
    pub events: Events,
    /// Registrations.
    pub registrations: Registrations,
    /// Requests that may be repeated.
    pub idempotency: Idempotency,
    /// For operators: accounts.
    pub accounts: Accounts,
    /// For operators: keys.
    pub api_keys: ApiKeys,
    stores: Stores,
}

impl Application {
    /// Wires the use cases.
    #[must_use]
    pub fn new(stores: Stores, system: &System) -> Self {
        Self {
            authentication: Authentication::new(stores.api_keys.clone(), system.clock.clone()),
            customers: Customers::new(&stores, system),
            appointments: Appointments::new(&stores, system),
            events: Events::new(&stores, system),
            registrations: Registrations::new(&stores, system),
            idempotency: Idempotency::new(&stores, system),
            accounts: Accounts::new(&stores, system),
            api_keys: ApiKeys::new(&stores, system),
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
