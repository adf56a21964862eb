//! What the rules need from outside, as traits: stores, a clock, ids and randomness.
//!
//! A few rules hold for every store. The account is always the first argument, so a query without a tenant can't be
//! written (the exceptions, which find the account or serve the operator, say so). Absence is `None` or `false`, never
//! an error. **A mutating method is one atomic write**: what has to be checked and written together is one method, whose
//! doc says what an adapter MUST guarantee under concurrency, and a future dropped at any point leaves all of it or
//! nothing; its [`Commit`] commits with it.
//!
//! Some things are a defect of the caller, which no method has a name for: an account that isn't there, a customer whom the account
//! doesn't have, an insert with an id that is taken. They MUST fail with [`StoreError::Failed`] and change nothing; above all, **an
//! insert MUST NOT replace a row**. What the domain allows, on the other hand, MUST be kept and read back as it is: a store has no rule
//! of its own, neither a closed list nor a length.
//!
//! A list MUST have the order that its method names, whatever the order in which the rows came, and begin after the position that is
//! asked for. `chatgrow-conformance` is the suite that every adapter has to pass.

mod access;
mod commit;
mod crm;
mod events;
mod page;
mod scheduling;
mod store;
mod system;

pub use access::*;
pub use commit::{Commit, IdempotencyKey, IdempotencyRecord, IdempotencyStore, StoredAnswer};
pub use crm::*;
pub use events::*;
pub use page::{Listed, Page, PageRequest, StartPosition};
pub use scheduling::*;
pub use store::{Closed, Failure, Mark, Migrations, StoreChanges, StoreError, StoreHealth, Stores};
pub use system::{Clock, IdSource, Randomness, Turn, Turns};

#[cfg(feature = "mocks")]
pub use {
    commit::MockIdempotencyStore, store::MockStoreChanges, store::MockStoreHealth, system::MockClock,
    system::MockIdSource, system::MockRandomness, system::MockTurns,
};
