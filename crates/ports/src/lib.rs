//! What the rules need from outside, as traits: stores, a clock, ids and randomness.
//!
//! Three rules hold for every store. The account is always the first argument, so a query without a tenant can't be
//! written (the exceptions, which find the account or serve the operator, say so). Absence is `None` or `false`, never
//! an error. **A mutating method is one atomic write**: what has to be checked and written together is one method, whose
//! doc says what an adapter MUST guarantee under concurrency, and a future dropped at any point leaves all of it or
//! nothing; its [`Companions`] commit with it. The `conformance` feature holds the suite that every adapter has to pass.

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
pub use store::{Mark, StoreChanges, StoreError, StoreHealth, Stores};
pub use system::{Clock, IdSource, Randomness};

#[cfg(feature = "mocks")]
pub use {
    accounts::MockAccountStore, api_keys::MockApiKeyStore, appointments::MockAppointmentStore,
    companions::MockIdempotencyStore, customers::MockCustomerStore, events::MockEventStore,
    registrations::MockRegistrationStore, store::MockStoreChanges, store::MockStoreHealth, system::MockClock,
    system::MockIdSource, system::MockRandomness,
};
