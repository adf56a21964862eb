//! What is common to all stores.

use crate::{
    AccessStores, AccountStore, ApiKeyStore, AppointmentStore, CrmStores, CustomerStore, EventStore,
    EventsStores, IdempotencyStore, RegistrationStore, SchedulingStores,
};
use async_trait::async_trait;
use chatgrow_domain::Refusal;
use std::{error::Error, future::ready, pin::Pin, sync::Arc};

/// A store could not do what it was asked. A write has happened whole or not at all, but which of the two may be open: a
/// commit can reach the disk and its answer get lost.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Not now: the store is overloaded, unreachable or can't write. The same call may succeed later.
    #[error("the store is unavailable: {0}")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// A stored value breaks a rule of the domain: somebody else wrote to the store.
    #[error("the stored value {table}.{column} of {id} is not valid")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row's id, in hex.
        id: String,
    },
    /// The request of the write's commit was carried out before; nothing was written now.
    #[error("the request was carried out before")]
    Repeated,
    /// The request of the write's commit is being carried out by somebody else; nothing was written now.
    #[error("the request is being carried out")]
    InProgress,
    /// Anything else: a defect, here or in the store.
    #[error("the store failed: {0}")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
}

impl StoreError {
    /// An [`Unavailable`](Self::Unavailable) for a reason.
    pub fn unavailable(reason: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unavailable(reason.into())
    }

    /// A [`Failed`](Self::Failed) for a reason.
    pub fn failed(reason: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Failed(reason.into())
    }
}

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum Failure<R: Refusal> {
    /// A rule, or the guard that keeps it, refused it.
    #[error(transparent)]
    Refused(R),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl<R: Refusal> From<R> for Failure<R> {
    fn from(refusal: R) -> Self {
        Self::Refused(refusal)
    }
}

/// What to do when a store is opened whose schema is older than the program. A store without a schema has nothing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Migrations {
    /// Bring it up to date.
    Run,
    /// Refuse to start: somebody else will run them (`chatgrow migrate`).
    Expect,
}

/// Tells whether the store answers.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait StoreHealth: Send + Sync {
    /// MUST ask the store itself, not a cache, and MUST fail if a write would find nobody to do it. If the store works, it MUST succeed.
    async fn check(&self) -> Result<(), StoreError>;

    /// MUST complete once the store is closed: its last owner is gone, all that was under way has ended, and nothing is left to do before
    /// the process may end. The future MUST NOT keep the store open itself. A store that leaves nothing behind is always as good as closed.
    fn closed(&self) -> Closed {
        Box::pin(ready(()))
    }
}

/// Completes once a store is closed.
pub type Closed = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What a store held at some time, for the thread that was told: equal marks, equal contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark(pub i64);

/// Tells whether anything was written meanwhile.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait StoreChanges: Send + Sync {
    /// The present mark; `None` if it would cost as much as a read. As long as one thread gets the same mark, its reads MUST find
    /// the same, whoever else may write, in whichever process: every write of every method MUST move it. So what was read after a mark
    /// was taken holds while the mark does.
    fn mark(&self) -> Option<Mark>;
}

/// One store, seen through each of its ports.
#[derive(Clone)]
pub struct Stores {
    /// Accounts and their API keys.
    pub access: AccessStores,
    /// Customers.
    pub crm: CrmStores,
    /// Appointments.
    pub scheduling: SchedulingStores,
    /// Events and registrations.
    pub events: EventsStores,
    /// Records of requests.
    pub idempotency: Arc<dyn IdempotencyStore>,
    /// Whether it answers.
    pub health: Arc<dyn StoreHealth>,
    /// Whether anything was written.
    pub changes: Arc<dyn StoreChanges>,
}

impl Stores {
    /// The ports of a store that honours all of them.
    pub fn of<S>(store: Arc<S>) -> Self
    where
        S: AccountStore
            + ApiKeyStore
            + CustomerStore
            + AppointmentStore
            + EventStore
            + RegistrationStore
            + IdempotencyStore
            + StoreHealth
            + StoreChanges
            + 'static,
    {
        Self {
            access: AccessStores::of(&store),
            crm: CrmStores::of(&store),
            scheduling: SchedulingStores::of(&store),
            events: EventsStores::of(&store),
            idempotency: store.clone(),
            health: store.clone(),
            changes: store,
        }
    }
}
