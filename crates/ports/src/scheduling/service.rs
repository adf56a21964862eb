//! Services: what customers book. The resources that a service needs are not guarded: a resource is never deleted, and
//! one that is no longer active may still be named.

use crate::{Commit, Failure, Listed, Page, PageRequest, StoreError};
use async_trait::async_trait;
use chatgrow_domain::{AccountId, Service, ServiceId, ServiceRefusal};

/// Which services to list. A field that is `None` matches all of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ServiceFilter {
    /// Services that can be booked, or those that can't.
    pub active: Option<bool>,
}

impl Listed for Service {
    type Position = ServiceId;

    fn position(&self) -> ServiceId {
        self.id
    }
}

/// Stores services.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ServiceStore: Send + Sync {
    /// Adds a service.
    async fn insert(&self, account: AccountId, service: &Service, commit: Commit) -> Result<(), StoreError>;

    /// The service with that id.
    async fn by_id(&self, account: AccountId, id: ServiceId) -> Result<Option<Service>, StoreError>;

    /// The services that match the filter, ordered by id, which is the order of their creation.
    async fn list(
        &self,
        account: AccountId,
        filter: ServiceFilter,
        page: PageRequest<ServiceId>,
    ) -> Result<Page<Service, ServiceId>, StoreError>;

    /// Replaces the service with this id by this state, if the stored version is the one before `service.version`.
    /// Otherwise it MUST return [`ServiceRefusal::VersionMismatch`], also if there is no such service. Of any number of
    /// concurrent updates of one version one MUST succeed.
    async fn update(
        &self,
        account: AccountId,
        service: &Service,
        commit: Commit,
    ) -> Result<(), Failure<ServiceRefusal>>;
}
