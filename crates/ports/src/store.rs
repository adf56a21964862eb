//! What all stores have in common.

use crate::{
    AccessPorts, AccessStores, BillingPorts, BillingStores, CrmPorts, CrmStores, DeliveryPorts,
    DeliveryStores, EventsPorts, EventsStores, IdempotencyStore, SchedulingPorts, SchedulingStores,
};
use async_trait::async_trait;
use chatgrow_domain::{Refusal, Scope};
use std::{error::Error, future::ready, pin::Pin, sync::Arc};

/// The error of a store that could not do what it was asked. A write has happened completely or not at all. Which of
/// the two may be unknown: the commit may have reached the disk although its acknowledgement was lost.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store is overloaded, unreachable or unable to write at the moment. The same call may succeed later.
    #[error("the store is unavailable: {0}")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// A stored value breaks a rule of the domain, so something other than this program wrote it.
    #[error("the stored value {table}.{column} of {id} is not valid")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row's id, in hex.
        id: String,
    },
    /// The request, or the notice, in the write's commit was carried out before. Nothing was written now.
    #[error("the request was carried out before")]
    Repeated,
    /// The request in the write's commit is being carried out by another write. Nothing was written now.
    #[error("the request is being carried out")]
    InProgress,
    /// Any other failure: a defect, here or in the store.
    #[error("the store failed: {0}")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
}

impl StoreError {
    /// An [`Unavailable`](Self::Unavailable) with that reason.
    pub fn unavailable(reason: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unavailable(reason.into())
    }

    /// A [`Failed`](Self::Failed) with that reason.
    pub fn failed(reason: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Failed(reason.into())
    }
}

/// Why an operation was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum Failure<R: Refusal> {
    /// A rule, or the store's guard of a rule, refused it.
    #[error(transparent)]
    Refused(R),
    /// The caller lacks the scope that this needs. Use cases tell so; a store MUST NOT.
    #[error("the scope {scope} is needed", scope = .0.as_str())]
    NotAllowed(Scope),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl<R: Refusal> From<R> for Failure<R> {
    fn from(refusal: R) -> Self {
        Self::Refused(refusal)
    }
}

impl<R: Refusal> Failure<R> {
    /// The same failure of an operation that this one was a part of.
    pub fn widen<W: Refusal + From<R>>(self) -> Failure<W> {
        match self {
            Self::Refused(refusal) => Failure::Refused(refusal.into()),
            Self::NotAllowed(scope) => Failure::NotAllowed(scope),
            Self::Store(error) => Failure::Store(error),
        }
    }
}

/// What to do on opening a store whose schema is older than the program. A store that has no schema ignores it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Migrations {
    /// Migrate the schema to the present version.
    Run,
    /// Refuse to start, because migrations are run separately (`chatgrow migrate`).
    Expect,
}

/// Tells whether the store works.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait StoreHealth: Send + Sync {
    /// Checks that the store can read and write. It MUST ask the store itself, not a cache. It MUST fail if nothing
    /// would carry out a write. If the store works, it MUST succeed.
    async fn check(&self) -> Result<(), StoreError>;

    /// Completes when the store has closed: its last owner has dropped it, everything that was under way has ended, and
    /// nothing is left to do before the process may end. The future MUST NOT keep the store open itself.
    ///
    /// The default completes at once, for stores that have nothing to close.
    fn closed(&self) -> Closed {
        Box::pin(ready(()))
    }
}

/// A future that completes when a store has closed.
pub type Closed = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Stands for the contents of a store at some time, as the thread that took it sees them: equal marks mean equal
/// contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark(pub i64);

/// Tells whether anything was written since a mark was taken.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait StoreChanges: Send + Sync {
    /// The current mark, or `None` if taking one would cost as much as a read.
    ///
    /// As long as a thread gets the same mark, its reads MUST return the same results, no matter who else writes, in
    /// this process or another: every write by every method MUST change the mark. So a result that was read after a
    /// mark was taken is valid until the mark changes.
    fn mark(&self) -> Option<Mark>;
}

/// One store, viewed through each of its ports.
#[derive(Clone)]
pub struct Stores {
    /// Accounts and their API keys.
    pub access: AccessStores,
    /// Customers.
    pub crm: CrmStores,
    /// Appointments, resources, services, schedules.
    pub scheduling: SchedulingStores,
    /// Events and registrations.
    pub events: EventsStores,
    /// Payments and refunds.
    pub billing: BillingStores,
    /// The log of changes.
    pub delivery: DeliveryStores,
    /// The records of requests.
    pub idempotency: Arc<dyn IdempotencyStore>,
    /// Tells whether the store works.
    pub health: Arc<dyn StoreHealth>,
    /// Tells whether anything was written.
    pub changes: Arc<dyn StoreChanges>,
}

impl Stores {
    /// Views one store through each of its ports.
    pub fn of<S>(store: Arc<S>) -> Self
    where
        S: AccessPorts + CrmPorts + SchedulingPorts + EventsPorts + BillingPorts + DeliveryPorts,
        S: IdempotencyStore + StoreHealth + StoreChanges,
    {
        Self {
            access: AccessStores::of(&store),
            crm: CrmStores::of(&store),
            scheduling: SchedulingStores::of(&store),
            events: EventsStores::of(&store),
            billing: BillingStores::of(&store),
            delivery: DeliveryStores::of(&store),
            idempotency: store.clone(),
            health: store.clone(),
            changes: store,
        }
    }
}
