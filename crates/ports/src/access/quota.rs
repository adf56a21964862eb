//! Quotas that servers share.

use crate::StoreError;
use async_trait::async_trait;
use chatgrow_domain::{ApiKeyId, ObjectId};
use std::{fmt, net::IpAddr, num::NonZeroU32, time::Duration};

/// Whose requests are counted, and by which limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum QuotaOf {
    /// Requests with a key, by the server's limit.
    Key(ApiKeyId),
    /// Requests with a key, by the key's own limit.
    KeyItself(ApiKeyId),
    /// Failed authentications from an address.
    Address(IpAddr),
}

/// A unique name.
impl fmt::Display for QuotaOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => write!(f, "key {key}"),
            Self::KeyItself(key) => write!(f, "own {key}"),
            Self::Address(address) => write!(f, "from {address}"),
        }
    }
}

/// How much is allowed: `max` at once. What was used comes back evenly, all of it within `window`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Quota {
    /// How many permits there are.
    pub max: NonZeroU32,
    /// How long it takes until an exhausted quota is whole again.
    pub window: Duration,
}

/// The answer to a server that asked for permits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// How many it may use. 0 means that the quota is used up.
    pub permits: u32,
    /// How many more are left in the quota.
    pub remaining: u32,
    /// When there will be a permit again, if there is none.
    pub wait: Duration,
}

/// Keeps the quotas that servers share (GCRA, the generic cell rate algorithm).
///
/// Servers take permits *before* they use them. So all of them together never admit more than the quota, whichever of them
/// dies. Permits that a server doesn't use are lost.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait QuotaStore: Send + Sync {
    /// Takes permits: one, if there is any; more, up to `wanted`, if there are many. Several permits count as used at the
    /// end of `lifetime`, so that they may be used at any moment until then. A single one has to be used at once.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] soon, because a request waits for the permit.
    async fn lease(
        &self,
        of: QuotaOf,
        quota: Quota,
        wanted: NonZeroU32,
        lifetime: Duration,
    ) -> Result<Lease, StoreError>;

    /// Deletes quotas that are whole, notes that this server is there, and returns how many servers did so within the last
    /// `lately`, this one included.
    async fn meet(&self, server: ObjectId, lately: Duration) -> Result<NonZeroU32, StoreError>;
}
