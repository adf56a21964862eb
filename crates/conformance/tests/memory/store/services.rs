//! Services.

use super::{MemoryStore, Tables};
use crate::defects::{Defect, List, Method};
use async_trait::async_trait;
use chatgrow_domain::{AccountId, Count, Need, Needs, Service, ServiceId, ServiceRefusal};
use chatgrow_ports::{Commit, Failure, Page, PageRequest, ServiceFilter, ServiceStore, StoreError};

impl MemoryStore {
    /// The service as it is kept.
    fn service(&self, service: &Service) -> Service {
        let mut kept = service.clone();
        if self.has(Defect::CountsAll) {
            let counted = |need: &Need| Need {
                count: match need.count {
                    Count::All => Count::Exactly(need.resources.len()),
                    count @ Count::Exactly(_) => count,
                },
                ..need.clone()
            };
            let needs = kept.terms.needs.groups().iter().map(counted).collect();
            kept.terms.needs = Needs::new(needs).unwrap_or_default();
        }
        kept
    }
}

#[async_trait]
impl ServiceStore for MemoryStore {
    async fn insert(&self, account: AccountId, service: &Service, commit: Commit) -> Result<(), StoreError> {
        let method = Method::InsertService;
        let check = |tables: &Tables| {
            self.account(tables, account)?;
            self.vacant(method, tables.services.get(account, service.id).is_some())?;
            Ok::<_, StoreError>(Some(self.service(service)))
        };
        let change = |tables: &mut Tables, service: Service| {
            tables.services.put(account, service.id, service);
        };
        self.write(method, commit, check, change).await.map(drop)
    }

    async fn by_id(&self, account: AccountId, id: ServiceId) -> Result<Option<Service>, StoreError> {
        self.read(|tables| Ok(tables.services.get(account, id).cloned()))
            .await
    }

    async fn list(
        &self,
        account: AccountId,
        filter: ServiceFilter,
        page: PageRequest<ServiceId>,
    ) -> Result<Page<Service, ServiceId>, StoreError> {
        let list = List::Services;
        self.read(|tables| {
            let services = self.listed(list, &tables.services, account).into_iter();
            let active = filter.active.filter(|_| !self.has(Defect::IgnoresActive(list)));
            let passing = services
                .map(|(_, service)| service)
                .filter(|service| active.is_none_or(|active| service.terms.active == active));
            Ok(self.page(list, passing.cloned(), &page))
        })
        .await
    }

    async fn update(
        &self,
        account: AccountId,
        service: &Service,
        commit: Commit,
    ) -> Result<(), Failure<ServiceRefusal>> {
        let method = Method::UpdateService;
        let check = |tables: &Tables| {
            let before = tables.services.get(account, service.id);
            if !self.follows(method, before.map(|before| before.version), service.version) {
                return Err(Failure::Refused(ServiceRefusal::VersionMismatch));
            }
            Ok(Some(self.service(service)))
        };
        let change = |tables: &mut Tables, service: Service| {
            tables.services.put(account, service.id, service);
        };
        self.write(method, commit, check, change).await.map(drop)
    }
}
