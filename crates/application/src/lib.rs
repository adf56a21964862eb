//! The use cases: each method is one thing that a caller can ask for. They know the rules (domain) and what the rules
//! need (ports), and nothing of HTTP or SQL.
//!
//! A method that takes a [`Caller`], or a [`Request`] with one, first asks it for the scope that it needs. If the
//! caller lacks the scope, the result is [`Failure::NotAllowed`](chatgrow_ports::Failure::NotAllowed).
//!
//! A change reads the resource, applies the rule, and writes "this new state, if the version is still N". If another
//! change was faster, the use case starts again from the present state ([`commit`]).

mod access;
mod billing;
mod commit;
mod crm;
mod delivery;
mod events;
mod scheduling;

pub use access::*;
pub use billing::*;
pub use commit::{Commits, Effect, Outcome, Precondition, Repeatable, Request};
pub use crm::*;
pub use delivery::*;
pub use events::*;
pub use scheduling::*;

use chatgrow_domain::TimeZoneName;
use chatgrow_ports::{
    Bell, Clock, Closed, IdSource, Mark, NoticeReader, Passwords, Randomness, Seal, SecretBox, StoreError,
    Stores, Turns, WebhookSender, Zones,
};
use std::sync::Arc;

/// What use cases need besides the stores.
#[derive(Clone)]
pub struct System {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes ids.
    pub ids: Arc<dyn IdSource>,
    /// Makes secrets.
    pub randomness: Arc<dyn Randomness>,
    /// Hashes passwords.
    pub passwords: Arc<dyn Passwords>,
    /// Makes repetitions of a request wait for each other.
    pub turns: Arc<dyn Turns>,
    /// Knows the time zones.
    pub zones: Arc<dyn Zones>,
    /// Renders what changes show.
    pub representation: Arc<dyn Representation>,
    /// Seals positions in the log of changes.
    pub seal: Arc<dyn Seal>,
    /// Tells of new changes.
    pub bell: Arc<dyn Bell>,
    /// Encrypts secrets.
    pub secrets: Arc<dyn SecretBox>,
    /// Sends webhooks.
    pub sender: Arc<dyn WebhookSender>,
    /// Reads what payment systems send.
    pub notices: Arc<dyn NoticeReader>,
    /// To which receivers webhooks may go.
    pub receivers: ReceiverRules,
}

/// Every use case, wired to one store.
pub struct Application {
    /// Accounts, their API keys, and authentication.
    pub access: Access,
    /// Customers.
    pub crm: Crm,
    /// Appointments, resources, services, schedules.
    pub scheduling: Scheduling,
    /// Events and registrations.
    pub events: EventsContext,
    /// Payments and refunds.
    pub billing: Billing,
    /// The feed of changes.
    pub delivery: Delivery,
    /// The records of requests.
    pub idempotency: Commits,
    stores: Stores,
    zones: Arc<dyn Zones>,
}

impl Application {
    /// Wires the use cases to a store.
    #[must_use]
    pub fn new(stores: Stores, system: &System) -> Self {
        let commits = Commits::new(&stores, system);
        Self {
            access: Access::new(&stores, system, &commits),
            crm: Crm::new(&stores, system, &commits),
            scheduling: Scheduling::new(&stores, system, &commits),
            events: EventsContext::new(&stores, system, &commits),
            billing: Billing::new(&stores, system, &commits),
            delivery: Delivery::new(&stores, system, &commits),
            idempotency: commits,
            stores,
            zones: system.zones.clone(),
        }
    }

    /// Checks that requests can be served.
    ///
    /// # Errors
    /// [`StoreError`] if the store doesn't work.
    pub async fn check(&self) -> Result<(), StoreError> {
        self.stores.health.check().await
    }

    /// The names of all time zones, in alphabetical order.
    #[must_use]
    pub fn time_zone_names(&self) -> Vec<TimeZoneName> {
        self.zones.names()
    }

    /// The version of the time zone database.
    #[must_use]
    pub fn time_zones(&self) -> &str {
        self.zones.version()
    }

    /// Completes when the store has closed. Closing starts when the last owner of the use cases drops them.
    #[must_use]
    pub fn closed(&self) -> Closed {
        self.stores.health.closed()
    }

    /// A mark of everything that reads can find; see [`StoreChanges::mark`](chatgrow_ports::StoreChanges::mark).
    #[must_use]
    pub fn mark(&self) -> Option<Mark> {
        self.stores.changes.mark()
    }
}

#[cfg(test)]
mod fixtures;
