//! Services: create, read, edit, list, deactivate.

use crate::{
    Caller, System,
    commit::{Commits, Effect, Outcome, Request},
};
use chatgrow_domain::{
    AccountId, InvalidNeed, InvalidNeeds, Needs, Scope, Service, ServiceEdit, ServiceId, ServiceRefusal,
    ServiceTerms,
};
use chatgrow_ports::{Failure, Page, PageRequest, ResourceStore, ServiceFilter, ServiceStore, Stores};
use std::{collections::HashSet, sync::Arc};

/// The use cases of services.
pub struct Services {
    services: Arc<dyn ServiceStore>,
    resources: Arc<dyn ResourceStore>,
    system: System,
    commits: Commits,
}

impl Services {
    pub(crate) fn new(stores: &Stores, system: &System, commits: &Commits) -> Self {
        Self {
            services: stores.scheduling.services.clone(),
            resources: stores.scheduling.resources.clone(),
            system: system.clone(),
            commits: commits.clone(),
        }
    }

    /// Creates a service.
    ///
    /// # Errors
    /// [`ServiceRefusal::Needs`] if it needs a resource that the account doesn't have or that is not active, or
    /// [`Failure::Store`] if the store fails.
    pub async fn create(
        &self,
        request: &Request<Service>,
        terms: ServiceTerms,
    ) -> Result<Outcome<Service>, Failure<ServiceRefusal>> {
        request.caller.require(Scope::ScheduleWrite)?;
        let attempt = async || {
            self.check_needs(request.caller.account, &terms.needs).await?;
            let id = ServiceId::new(self.system.ids.next_id());
            let effect = Effect::Created(Service::new(id, terms.clone(), self.system.clock.now()));
            let commit = self.commits.of(request, &effect);
            self.services
                .insert(request.caller.account, effect.resource(), commit)
                .await?;
            Ok(Some(effect))
        };
        self.commits.run(request, attempt).await
    }

    /// The service with that id.
    ///
    /// # Errors
    /// [`ServiceRefusal::NotFound`], or [`Failure::Store`] if the store fails.
    pub async fn get(&self, caller: &Caller, id: ServiceId) -> Result<Service, Failure<ServiceRefusal>> {
        caller.require(Scope::ScheduleRead)?;
        let found = self.services.by_id(caller.account, id).await?;
        Ok(found.ok_or(ServiceRefusal::NotFound)?)
    }

    /// The services that match the filter, oldest first.
    ///
    /// # Errors
    /// [`Failure::Store`] if the store fails.
    pub async fn list(
        &self,
        caller: &Caller,
        filter: ServiceFilter,
        page: PageRequest<ServiceId>,
    ) -> Result<Page<Service, ServiceId>, Failure<ServiceRefusal>> {
        caller.require(Scope::ScheduleRead)?;
        Ok(self.services.list(caller.account, filter, page).await?)
    }

    /// Changes the fields that `edit` sets. What is booked stays as it was booked.
    ///
    /// # Errors
    /// [`ServiceRefusal::NotFound`], [`ServiceRefusal::VersionMismatch`] if the precondition doesn't hold,
    /// [`ServiceRefusal::CurrencyWithoutPrice`], [`ServiceRefusal::Needs`] as in [`create`](Self::create) if the edit
    /// sets the needs, or [`Failure::Store`] if the store fails.
    pub async fn edit(
        &self,
        request: &Request<Service>,
        id: ServiceId,
        edit: ServiceEdit,
    ) -> Result<Outcome<Service>, Failure<ServiceRefusal>> {
        request.caller.require(Scope::ScheduleWrite)?;
        let attempt = async || {
            let before = self.get(&request.caller, id).await?;
            request.precondition.check::<ServiceRefusal>(Some(&before))?;
            if let Some(needs) = &edit.needs {
                self.check_needs(request.caller.account, needs).await?;
            }
            let after = before.edited(edit.clone(), self.system.clock.now())?;
            let write = async |after: &Service, commit| {
                self.services.update(request.caller.account, after, commit).await
            };
            self.commits.replace(request, before, after, write).await
        };
        self.commits.run(request, attempt).await
    }

    /// Takes the service off the list of what can be booked. It is not deleted, because bookings refer to it. Repeating
    /// it changes nothing.
    ///
    /// # Errors
    /// As in [`edit`](Self::edit).
    pub async fn deactivate(
        &self,
        request: &Request<Service>,
        id: ServiceId,
    ) -> Result<Outcome<Service>, Failure<ServiceRefusal>> {
        let edit = ServiceEdit {
            active: Some(false),
            ..ServiceEdit::default()
        };
        self.edit(request, id, edit).await
    }

    /// Refuses the first group with a resource that the account doesn't have, or that is not active. No guard repeats
    /// this: a resource may be deactivated a moment later, as it may be at any other time.
    async fn check_needs(&self, account: AccountId, needs: &Needs) -> Result<(), Failure<ServiceRefusal>> {
        let ids: Vec<_> = needs.resources().collect();
        if ids.is_empty() {
            return Ok(());
        }
        let found = self.resources.by_ids(account, &ids).await?.into_iter();
        let active: HashSet<_> = found
            .filter(|resource| resource.active)
            .map(|resource| resource.id)
            .collect();
        let mut groups = needs.groups().iter();
        match groups.position(|need| need.resources.iter().any(|id| !active.contains(id))) {
            None => Ok(()),
            Some(group) => Err(Failure::Refused(ServiceRefusal::Needs(InvalidNeeds {
                group,
                why: InvalidNeed::Unknown,
            }))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{Mocks, account, at, id, request, resource, service};
    use chatgrow_domain::{Count, Need, Resource, ResourceId};
    use mockall::predicate::{always, eq};

    /// The first group is the known resource, the second another one.
    fn two_groups() -> Needs {
        let need = |id| Need {
            resources: vec![id],
            count: Count::All,
        };
        Needs::new(vec![need(resource().id), need(ResourceId::new(id(2)))]).unwrap()
    }

    async fn created(mocks: Mocks, needs: Needs) -> Result<Outcome<Service>, Failure<ServiceRefusal>> {
        let terms = ServiceTerms {
            needs,
            ..service().terms
        };
        mocks.build().scheduling.services.create(&request(), terms).await
    }

    fn assert_second_group_unknown(outcome: &Result<Outcome<Service>, Failure<ServiceRefusal>>) {
        let unknown = InvalidNeeds {
            group: 1,
            why: InvalidNeed::Unknown,
        };
        assert!(
            matches!(outcome, Err(Failure::Refused(ServiceRefusal::Needs(why))) if *why == unknown),
            "{outcome:?}"
        );
    }

    #[tokio::test]
    async fn creates_one_that_needs_nothing() {
        let mut mocks = Mocks::at(1000);
        mocks
            .services
            .expect_insert()
            .with(eq(account()), eq(service()), always())
            .times(1)
            .returning(|_, _, _| Ok(()));
        let outcome = created(mocks, Needs::default()).await.unwrap();
        assert_eq!(outcome, Outcome::Done(Effect::Created(service())));
    }

    #[tokio::test]
    async fn creates_one_whose_resources_are_there() {
        let mut mocks = Mocks::at(1000);
        mocks
            .resources
            .expect_by_ids()
            .withf(|of, ids| *of == account() && *ids == [resource().id, ResourceId::new(id(2))])
            .times(1)
            .returning(|_, ids| {
                // In any order.
                let found = ids.iter().rev().map(|id| Resource {
                    id: *id,
                    ..resource()
                });
                Ok(found.collect())
            });
        mocks
            .services
            .expect_insert()
            .times(1)
            .returning(|_, _, _| Ok(()));
        created(mocks, two_groups()).await.unwrap();
    }

    #[tokio::test]
    async fn needs_no_resource_that_is_not_there() {
        let mut mocks = Mocks::at(1000);
        mocks
            .resources
            .expect_by_ids()
            .returning(|_, _| Ok(vec![resource()]));
        assert_second_group_unknown(&created(mocks, two_groups()).await);
    }

    #[tokio::test]
    async fn needs_no_resource_that_is_not_active() {
        let mut mocks = Mocks::at(1000);
        mocks.resources.expect_by_ids().returning(|_, ids| {
            let found = ids.iter().map(|id| Resource {
                id: *id,
                active: *id == resource().id,
                ..resource()
            });
            Ok(found.collect())
        });
        assert_second_group_unknown(&created(mocks, two_groups()).await);
    }

    #[tokio::test]
    async fn an_edit_checks_needs_only_if_it_sets_them() {
        let needing = || {
            let mut service = service();
            service.terms.needs = two_groups();
            service
        };
        let mut mocks = Mocks::at(2000);
        mocks
            .services
            .expect_by_id()
            .returning(move |_, _| Ok(Some(needing())));
        mocks
            .services
            .expect_update()
            .times(1)
            .returning(|_, _, _| Ok(()));
        let services = mocks.build().scheduling.services;
        let outcome = services.deactivate(&request(), service().id).await.unwrap();
        let mut after = Service {
            updated_at: at(2000),
            version: service().version.next(),
            ..needing()
        };
        after.terms.active = false;
        let before = needing();
        assert_eq!(outcome, Outcome::Done(Effect::Changed { before, after }));

        let mut mocks = Mocks::at(2000);
        mocks
            .services
            .expect_by_id()
            .returning(move |_, _| Ok(Some(needing())));
        mocks
            .resources
            .expect_by_ids()
            .returning(|_, _| Ok(vec![resource()]));
        let edit = ServiceEdit {
            needs: Some(two_groups()),
            ..ServiceEdit::default()
        };
        let services = mocks.build().scheduling.services;
        assert_second_group_unknown(&services.edit(&request(), service().id, edit).await);
    }

    #[tokio::test]
    async fn an_unknown_one_is_not_found() {
        let mut mocks = Mocks::at(2000);
        mocks.services.expect_by_id().returning(|_, _| Ok(None));
        let services = mocks.build().scheduling.services;
        let outcome = services.deactivate(&request(), service().id).await;
        assert!(matches!(outcome, Err(Failure::Refused(ServiceRefusal::NotFound))));
    }
}
