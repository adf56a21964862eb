//! Resources: who or what a booking takes.

use crate::{Commit, Failure, Listed, Page, PageRequest, StoreError};
use async_trait::async_trait;
use chatgrow_domain::{AccountId, Resource, ResourceId, ResourceKind, ResourceRefusal};

/// Which resources to list. A field that is `None` matches all of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ResourceFilter {
    /// Resources of this kind.
    pub kind: Option<ResourceKind>,
    /// Resources that can be booked, or those that can't.
    pub active: Option<bool>,
}

impl Listed for Resource {
    type Position = ResourceId;

    fn position(&self) -> ResourceId {
        self.id
    }
}

/// Stores resources.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ResourceStore: Send + Sync {
    /// Adds a resource.
    async fn insert(&self, account: AccountId, resource: &Resource, commit: Commit)
    -> Result<(), StoreError>;

    /// The resource with that id.
    async fn by_id(&self, account: AccountId, id: ResourceId) -> Result<Option<Resource>, StoreError>;

    /// The account's resources with these ids, in any order, each once. Ids that the account doesn't have MUST be left
    /// out. There are at most [`Needs::MAX_RESOURCES`](chatgrow_domain::Needs::MAX_RESOURCES) ids, perhaps none.
    async fn by_ids(&self, account: AccountId, ids: &[ResourceId]) -> Result<Vec<Resource>, StoreError>;

    /// The resources that match the filter, ordered by id, which is the order of their creation.
    async fn list(
        &self,
        account: AccountId,
        filter: ResourceFilter,
        page: PageRequest<ResourceId>,
    ) -> Result<Page<Resource, ResourceId>, StoreError>;

    /// Replaces the resource with this id by this state, if the stored version is the one before `resource.version`.
    /// Otherwise it MUST return [`ResourceRefusal::VersionMismatch`], also if there is no such resource. Of any number
    /// of concurrent updates of one version one MUST succeed.
    async fn update(
        &self,
        account: AccountId,
        resource: &Resource,
        commit: Commit,
    ) -> Result<(), Failure<ResourceRefusal>>;
}
