//! Resources: create, read, edit, list, set opening hours, deactivate.

use crate::{
    Caller, System,
    commit::{Commits, Effect, Outcome, Request},
    scheduling::planner::Planner,
};
use chatgrow_domain::{AccountId, Hours, NewResource, Resource, ResourceEdit, ResourceId, ResourceRefusal};
use chatgrow_ports::{
    Failure, OccupancyStore, Page, PageRequest, ResourceFilter, ResourceStore, StoreError, Stores,
};
use std::sync::Arc;

/// The use cases of resources.
pub struct Resources {
    resources: Arc<dyn ResourceStore>,
    occupancies: Arc<dyn OccupancyStore>,
    planner: Planner,
    system: System,
    commits: Commits,
}

impl Resources {
    pub(crate) fn new(stores: &Stores, planner: &Planner, system: &System, commits: &Commits) -> Self {
        Self {
            resources: stores.scheduling.resources.clone(),
            occupancies: stores.scheduling.occupancies.clone(),
            planner: planner.clone(),
            system: system.clone(),
            commits: commits.clone(),
        }
    }

    /// Creates a resource.
    ///
    /// # Errors
    /// [`Failure::Store`] if the store fails. The resource is never refused.
    pub async fn create(
        &self,
        request: &Request<Resource>,
        new: NewResource,
    ) -> Result<Outcome<Resource>, Failure<ResourceRefusal>> {
        let attempt = async || {
            let id = ResourceId::new(self.system.ids.next_id());
            let effect = Effect::Created(Resource::new(id, new.clone(), self.system.clock.now()));
            let commit = self.commits.of(request, &effect);
            self.resources
                .insert(request.caller.account, effect.resource(), commit)
                .await?;
            Ok(Some(effect))
        };
        self.commits.run(request, attempt).await
    }

    /// The resource with that id.
    ///
    /// # Errors
    /// [`ResourceRefusal::NotFound`], or [`Failure::Store`] if the store fails.
    pub async fn get(&self, caller: &Caller, id: ResourceId) -> Result<Resource, Failure<ResourceRefusal>> {
        let found = self.resources.by_id(caller.account, id).await?;
        Ok(found.ok_or(ResourceRefusal::NotFound)?)
    }

    /// The resources that match the filter, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub async fn list(
        &self,
        caller: &Caller,
        filter: ResourceFilter,
        page: PageRequest<ResourceId>,
    ) -> Result<Page<Resource, ResourceId>, StoreError> {
        self.resources.list(caller.account, filter, page).await
    }

    /// Changes the fields that `edit` sets. A resource that is booked in the future is only taken out of use by `force`,
    /// which leaves the bookings as they are.
    ///
    /// # Errors
    /// [`ResourceRefusal::NotFound`], [`ResourceRefusal::VersionMismatch`] if the precondition doesn't hold,
    /// [`ResourceRefusal::Booked`], or [`Failure::Store`] if the store fails.
    pub async fn edit(
        &self,
        request: &Request<Resource>,
        id: ResourceId,
        edit: ResourceEdit,
        force: bool,
    ) -> Result<Outcome<Resource>, Failure<ResourceRefusal>> {
        let attempt = async || {
            let before = self.get(&request.caller, id).await?;
            request.precondition.check::<ResourceRefusal>(Some(&before))?;
            let after = before.edited(edit.clone(), self.system.clock.now());
            if before.active && !after.active && !force {
                self.refuse_booked(request.caller.account, id).await?;
            }
            let write = async |after: &Resource, commit| {
                self.resources.update(request.caller.account, after, commit).await
            };
            self.commits.replace(request, before, after, write).await
        };
        self.commits.run(request, attempt).await
    }

    /// Replaces the resource's opening hours. Repeating it changes nothing.
    ///
    /// # Errors
    /// As in [`edit`](Self::edit).
    pub async fn set_hours(
        &self,
        request: &Request<Resource>,
        id: ResourceId,
        hours: Hours,
    ) -> Result<Outcome<Resource>, Failure<ResourceRefusal>> {
        let edit = ResourceEdit {
            hours: Some(hours),
            ..ResourceEdit::default()
        };
        self.edit(request, id, edit, false).await
    }

    /// Takes the resource out of use, so that nothing new can be booked on it. It is not deleted, because bookings
    /// refer to it. Repeating it changes nothing.
    ///
    /// # Errors
    /// As in [`edit`](Self::edit).
    pub async fn deactivate(
        &self,
        request: &Request<Resource>,
        id: ResourceId,
        force: bool,
    ) -> Result<Outcome<Resource>, Failure<ResourceRefusal>> {
        let edit = ResourceEdit {
            active: Some(false),
            ..ResourceEdit::default()
        };
        self.edit(request, id, edit, force).await
    }

    /// Refuses a resource that is booked in the future. This is not guarded: a booking that is made at the same time
    /// may still get the resource.
    async fn refuse_booked(
        &self,
        account: AccountId,
        id: ResourceId,
    ) -> Result<(), Failure<ResourceRefusal>> {
        let now = self.planner.clock(account).await?.local(self.system.clock.now());
        match self.occupancies.booked_after(account, id, now).await? {
            0 => Ok(()),
            booked => Err(ResourceRefusal::Booked(booked).into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{Mocks, account, at, request, request_for_another_state, resource};
    use chatgrow_domain::{DayException, ResourceName};
    use mockall::predicate::{always, eq};
    use time::macros::date;

    fn new_resource() -> NewResource {
        let resource = resource();
        NewResource {
            name: resource.name,
            kind: resource.kind,
            active: resource.active,
        }
    }

    fn closed_once() -> Hours {
        let exception = DayException {
            date: date!(2030 - 06 - 05),
            openings: Vec::new(),
        };
        Hours::new(None, vec![exception]).unwrap()
    }

    #[tokio::test]
    async fn creates_one() {
        let mut mocks = Mocks::at(1000);
        mocks
            .resources
            .expect_insert()
            .with(eq(account()), eq(resource()), always())
            .times(1)
            .returning(|_, _, _| Ok(()));
        let resources = mocks.build().scheduling.resources;
        let outcome = resources.create(&request(), new_resource()).await.unwrap();
        assert_eq!(outcome, Outcome::Done(Effect::Created(resource())));
    }

    #[tokio::test]
    async fn sets_its_hours() {
        let mut mocks = Mocks::at(2000);
        mocks
            .resources
            .expect_by_id()
            .returning(|_, _| Ok(Some(resource())));
        let after = Resource {
            hours: closed_once(),
            updated_at: at(2000),
            version: resource().version.next(),
            ..resource()
        };
        mocks
            .resources
            .expect_update()
            .with(eq(account()), eq(after.clone()), always())
            .times(1)
            .returning(|_, _, _| Ok(()));
        let resources = mocks.build().scheduling.resources;
        let outcome = resources
            .set_hours(&request(), resource().id, closed_once())
            .await;
        let before = resource();
        assert_eq!(outcome.unwrap(), Outcome::Done(Effect::Changed { before, after }));
    }

    #[tokio::test]
    async fn deactivating_again_writes_nothing() {
        let inactive = || Resource {
            active: false,
            ..resource()
        };
        let mut mocks = Mocks::at(2000);
        mocks
            .resources
            .expect_by_id()
            .returning(move |_, _| Ok(Some(inactive())));
        let resources = mocks.build().scheduling.resources;
        let outcome = resources.deactivate(&request(), resource().id).await.unwrap();
        assert_eq!(outcome, Outcome::Done(Effect::Unchanged(inactive())));
    }

    #[tokio::test]
    async fn an_edit_that_loses_a_race_starts_from_the_present_state() {
        let mut mocks = Mocks::at(2000);
        mocks
            .resources
            .expect_by_id()
            .times(1)
            .returning(|_, _| Ok(Some(resource())));
        mocks
            .resources
            .expect_update()
            .times(1)
            .returning(|_, _, _| Err(ResourceRefusal::VersionMismatch.into()));
        let renamed = Resource {
            name: ResourceName::new("Noa").unwrap(),
            version: resource().version.next(),
            ..resource()
        };
        let present = renamed.clone();
        mocks
            .resources
            .expect_by_id()
            .times(1)
            .returning(move |_, _| Ok(Some(present.clone())));
        let after = Resource {
            active: false,
            updated_at: at(2000),
            version: renamed.version.next(),
            ..renamed
        };
        mocks
            .resources
            .expect_update()
            .with(eq(account()), eq(after), always())
            .times(1)
            .returning(|_, _, _| Ok(()));
        let resources = mocks.build().scheduling.resources;
        resources.deactivate(&request(), resource().id).await.unwrap();
    }

    #[tokio::test]
    async fn what_the_caller_has_not_seen_is_not_changed() {
        let mut mocks = Mocks::at(2000);
        mocks
            .resources
            .expect_by_id()
            .returning(|_, _| Ok(Some(resource())));
        let resources = mocks.build().scheduling.resources;
        let outcome = resources
            .set_hours(&request_for_another_state(), resource().id, closed_once())
            .await;
        assert!(matches!(
            outcome,
            Err(Failure::Refused(ResourceRefusal::VersionMismatch))
        ));
    }

    #[tokio::test]
    async fn an_unknown_one_is_not_found() {
        let mut mocks = Mocks::at(2000);
        mocks.resources.expect_by_id().returning(|_, _| Ok(None));
        let resources = mocks.build().scheduling.resources;
        let outcome = resources.deactivate(&request(), resource().id).await;
        assert!(matches!(
            outcome,
            Err(Failure::Refused(ResourceRefusal::NotFound))
        ));
    }
}
