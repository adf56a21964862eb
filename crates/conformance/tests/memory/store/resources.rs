//! Resources.

use super::{MemoryStore, Tables};
use crate::defects::{Defect, List, Method};
use async_trait::async_trait;
use chatgrow_domain::{AccountId, Hours, Resource, ResourceId, ResourceRefusal};
use chatgrow_ports::{Commit, Failure, Page, PageRequest, ResourceFilter, ResourceStore, StoreError};

impl MemoryStore {
    /// The resource as it is kept.
    fn resource(&self, resource: &Resource) -> Resource {
        Resource {
            hours: self.hours(&resource.hours),
            ..resource.clone()
        }
    }

    /// The hours as they are kept.
    pub(super) fn hours(&self, hours: &Hours) -> Hours {
        // A store that takes a week without windows for no rule opens what is closed.
        if self.has(Defect::ForgetsClosedWeeks) && hours.weekly().is_some_and(<[_]>::is_empty) {
            return Hours::default();
        }
        hours.clone()
    }
}

#[async_trait]
impl ResourceStore for MemoryStore {
    async fn insert(
        &self,
        account: AccountId,
        resource: &Resource,
        commit: Commit,
    ) -> Result<(), StoreError> {
        let method = Method::InsertResource;
        let check = |tables: &Tables| {
            self.account(tables, account)?;
            self.vacant(method, tables.resources.get(account, resource.id).is_some())?;
            Ok::<_, StoreError>(Some(self.resource(resource)))
        };
        let change = |tables: &mut Tables, resource: Resource| {
            tables.resources.put(account, resource.id, resource);
        };
        self.write(method, commit, check, change).await.map(drop)
    }

    async fn by_id(&self, account: AccountId, id: ResourceId) -> Result<Option<Resource>, StoreError> {
        self.read(|tables| Ok(tables.resources.get(account, id).cloned()))
            .await
    }

    async fn by_ids(&self, account: AccountId, ids: &[ResourceId]) -> Result<Vec<Resource>, StoreError> {
        self.read(|tables| {
            let wanted = |resource: &&Resource| ids.contains(&resource.id);
            Ok(if self.has(Defect::ResourcesFoundAnywhere) {
                let all = tables.resources.all().map(|(_, resource)| resource);
                all.filter(wanted).cloned().collect()
            } else {
                tables.resources.of(account).filter(wanted).cloned().collect()
            })
        })
        .await
    }

    async fn list(
        &self,
        account: AccountId,
        filter: ResourceFilter,
        page: PageRequest<ResourceId>,
    ) -> Result<Page<Resource, ResourceId>, StoreError> {
        let list = List::Resources;
        self.read(|tables| {
            let resources = self.listed(list, &tables.resources, account).into_iter();
            let kind = filter.kind.filter(|_| !self.has(Defect::IgnoresKind));
            let active = filter.active.filter(|_| !self.has(Defect::IgnoresActive(list)));
            let passing = resources.map(|(_, resource)| resource).filter(|resource| {
                kind.is_none_or(|kind| resource.kind == kind)
                    && active.is_none_or(|active| resource.active == active)
            });
            Ok(self.page(list, passing.cloned(), &page))
        })
        .await
    }

    async fn update(
        &self,
        account: AccountId,
        resource: &Resource,
        commit: Commit,
    ) -> Result<(), Failure<ResourceRefusal>> {
        let method = Method::UpdateResource;
        let check = |tables: &Tables| {
            let before = tables.resources.get(account, resource.id);
            if !self.follows(method, before.map(|before| before.version), resource.version) {
                return Err(Failure::Refused(ResourceRefusal::VersionMismatch));
            }
            Ok(Some(self.resource(resource)))
        };
        let change = |tables: &mut Tables, resource: Resource| {
            tables.resources.put(account, resource.id, resource);
        };
        self.write(method, commit, check, change).await.map(drop)
    }
}
