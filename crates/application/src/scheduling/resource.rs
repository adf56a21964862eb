//! Resources: create, read, edit, list, set opening hours, deactivate.

use crate::{
    Caller, System,
    commit::{Commits, Effect, Outcome, Request},
    scheduling::planner::Planner,
};
use chatgrow_domain::{
    AccountId, Hours, NewResource, Resource, ResourceEdit, ResourceId, ResourceRefusal, Scope,
};
use chatgrow_ports::{Failure, OccupancyStore, Page, PageRequest, ResourceFilter, ResourceStore, Stores};
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
        request.caller.require(Scope::ScheduleWrite)?;
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
        caller.require(Scope::ScheduleRead)?;
        let found = self.resources.by_id(caller.account, id).await?;
        Ok(found.ok_or(ResourceRefusal::NotFound)?)
    }

    /// The resources that match the filter, oldest first.
    ///
    /// # Errors
    /// [`Failure::Store`] if the store fails.
    pub async fn list(
        &self,
        caller: &Caller,
        filter: ResourceFilter,
        page: PageRequest<ResourceId>,
    ) -> Result<Page<Resource, ResourceId>, Failure<ResourceRefusal>> {
        caller.require(Scope::ScheduleRead)?;
        Ok(self.resources.list(caller.account, filter, page).await?)
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
        request.caller.require(Scope::ScheduleWrite)?;
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
mod tests;
