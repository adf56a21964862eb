//! What the rules need from outside, as traits: stores, a clock, ids and randomness.
//!
//! A few rules hold for every store. The account is always the first argument, so a query without a tenant can't be
//! written (the exceptions, which find the account or serve the operator, say so). Absence is `None` or `false`, never
//! an error. **A mutating method is one atomic write**: what has to be checked and written together is one method, whose
//! doc says what an adapter MUST guarantee under concurrency, and a future dropped at any point leaves all of it or
//! nothing; its [`Companions`] commit with it.
//!
//! Some things are a defect of the caller, which no method has a name for: an account that isn't there, a customer whom the account
//! doesn't have, an insert with an id that is taken. They MUST fail with [`StoreError::Failed`] and change nothing; above all, **an
//! insert MUST NOT replace a row**. What the domain allows, on the other hand, MUST be kept and read back as it is: a store has no rule
//! of its own, neither a closed list nor a length.
//!
//! A list MUST have the order that its method names, whatever the order in which the rows came, and begin after the position that is
//! asked for. The `conformance` feature holds the suite that every adapter has to pass.

mod accounts;
mod api_keys;
mod appointments;
mod companions;
mod customers;
mod events;
mod page;
mod registrations;
mod store;
mod system;

#[cfg(feature = "conformance")]
pub mod conformance;

pub use accounts::{AccountStore, InsertAccountError};
pub use api_keys::{ApiKeyStore, KeyUse};
pub use appointments::{AppointmentFilter, AppointmentStore, BookError, UpdateAppointmentError};
pub use companions::{Answer, Companions, IdempotencyRecord, IdempotencyStore, RequestId};
pub use customers::{CustomerFilter, CustomerStore, InsertCustomerError, UpdateCustomerError};
pub use events::{EventFilter, EventStore, UpdateEventError};
pub use page::{Listed, Page, PageRequest, StartPosition};
pub use registrations::{RegisterError, RegistrationStore};
pub use store::{Mark, Migrations, StoreChanges, StoreError, StoreHealth, Stores};
pub use system::{Clock, IdSource, Randomness};

#[cfg(feature = "mocks")]
pub use {
    accounts::MockAccountStore, api_keys::MockApiKeyStore, appointments::MockAppointmentStore,
    companions::MockIdempotencyStore, customers::MockCustomerStore, events::MockEventStore,
    registrations::MockRegistrationStore, store::MockStoreChanges, store::MockStoreHealth, system::MockClock,
    system::MockIdSource, system::MockRandomness,
};
