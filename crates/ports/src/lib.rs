//! What the rules need from the outside world, as traits: stores, a clock, ids, randomness, and what calls out.
//!
//! These rules hold for every store:
//!
//! - The account is always the first argument, so a query without a tenant can't be written. The exceptions, which find
//!   the account or serve the operator, say so.
//! - Absence is `None` or `false`, never an error.
//! - **A mutating method is one atomic write.** What has to be checked and written together is one method, whose
//!   documentation says what an adapter MUST guarantee under concurrency. If its future is dropped, at whatever point,
//!   either everything is written or nothing. Its [`Commit`] is part of the write.
//! - Some defects of the caller have no refusal of their own: an account that doesn't exist, a customer whom the
//!   account doesn't have, an insert with an id that is taken. They MUST fail with [`StoreError::Failed`] and change
//!   nothing. Above all, **an insert MUST NOT replace a row**.
//! - What the domain allows MUST be stored and read back unchanged. A store has no rules of its own: neither closed
//!   lists nor lengths.
//! - A list MUST have the order that its method names, in whatever order the rows were written, and begin after the
//!   position that is asked for.
//!
//! `chatgrow-conformance` is the test suite that every adapter has to pass.

mod access;
mod billing;
mod commit;
mod crm;
mod delivery;
mod events;
mod page;
mod scheduling;
mod store;
mod system;

pub use access::*;
pub use billing::*;
pub use commit::{Commit, IdempotencyKey, IdempotencyRecord, IdempotencyStore, StoredAnswer};
pub use crm::*;
pub use delivery::*;
pub use events::*;
pub use page::{Listed, Page, PageRequest, StartPosition};
pub use scheduling::*;
pub use store::{Closed, Failure, Mark, Migrations, StoreChanges, StoreError, StoreHealth, Stores};
pub use system::{Bell, Clock, IdSource, Passwords, Randomness, Seal, SecretBox, Turn, Turns, Zones};

#[cfg(feature = "mocks")]
pub use {
    commit::MockIdempotencyStore, store::MockStoreChanges, store::MockStoreHealth, system::MockBell,
    system::MockClock, system::MockIdSource, system::MockPasswords, system::MockRandomness, system::MockSeal,
    system::MockSecretBox, system::MockTurns, system::MockZones,
};
