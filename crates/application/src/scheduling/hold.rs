//! Holds: reserve a slot for a while, read, list, let go, sweep.

use crate::{
    Caller, System,
    commit::{Commits, Effect, Outcome, Request, SWEEP},
    scheduling::{clock::Dated, order::Wish, planner::Planner},
};
use chatgrow_domain::{Hold, HoldId, HoldRefusal, HoldTime, Scope, Timestamp};
use chatgrow_ports::{Failure, HoldStore, Page, PageRequest, StartPosition, StoreError, Stores};
use std::sync::Arc;

/// How long a hold that has expired is remembered, so that whoever comes too late is told so: one day.
const REMEMBERED_MILLIS: i64 = 24 * 60 * 60 * 1000;

/// The use cases of holds.
pub struct Holds {
    holds: Arc<dyn HoldStore>,
    planner: Planner,
    system: System,
    commits: Commits,
}

impl Holds {
    pub(crate) fn new(stores: &Stores, planner: &Planner, system: &System, commits: &Commits) -> Self {
        Self {
            holds: stores.scheduling.holds.clone(),
            planner: planner.clone(),
            system: system.clone(),
            commits: commits.clone(),
        }
    }

    /// Holds a slot for that time.
    ///
    /// # Errors
    /// [`HoldRefusal::Unbookable`], or [`Failure::Store`] if the store fails.
    pub async fn hold(
        &self,
        request: &Request<Dated<Hold>>,
        wish: Wish,
        time: HoldTime,
    ) -> Result<Outcome<Dated<Hold>>, Failure<HoldRefusal>> {
        request.caller.require(Scope::AppointmentsWrite)?;
        request.caller.require_for(wish.policies)?;
        let account = request.caller.account;
        let attempt = async || {
            let clock = self.planner.clock(account).await?;
            let plan = self.planner.plan(account, &wish).await.map_err(Failure::widen)?;
            let booking = self
                .planner
                .choose(account, &clock, &plan, false)
                .await
                .map_err(Failure::widen)?;
            let id = HoldId::new(self.system.ids.next_id());
            let hold = Hold::new(id, booking, time, self.system.clock.now());
            let effect = Effect::Created(clock.dated(hold));
            let commit = self.commits.of(request, &effect);
            match self.holds.hold(account, &effect.resource().value, commit).await {
                Err(Failure::Refused(HoldRefusal::SlotTaken)) => {
                    self.planner
                        .lost(account, &clock, &plan)
                        .await
                        .map_err(Failure::widen)?;
                    Ok(None)
                }
                written => written.map(|()| Some(effect)),
            }
        };
        self.commits.run(request, attempt).await
    }

    /// The hold with that id, expired or not.
    ///
    /// # Errors
    /// [`HoldRefusal::NotFound`], also if it became an appointment, or [`Failure::Store`] if the store fails.
    pub async fn get(&self, caller: &Caller, id: HoldId) -> Result<Dated<Hold>, Failure<HoldRefusal>> {
        caller.require(Scope::AppointmentsRead)?;
        let found = self.holds.by_id(caller.account, id).await?;
        let hold = found.ok_or(HoldRefusal::NotFound)?;
        Ok(self.planner.clock(caller.account).await?.dated(hold))
    }

    /// The holds that have not expired, ordered by start, then by id.
    ///
    /// # Errors
    /// [`Failure::Store`] if the store fails.
    pub async fn list(
        &self,
        caller: &Caller,
        page: PageRequest<StartPosition<HoldId>>,
    ) -> Result<Page<Dated<Hold>, StartPosition<HoldId>>, Failure<HoldRefusal>> {
        caller.require(Scope::AppointmentsRead)?;
        let clock = self.planner.clock(caller.account).await?;
        let now = self.system.clock.now();
        let page = self.holds.list(caller.account, now, page).await?;
        Ok(clock.dated_page(page))
    }

    /// Lets go of a hold, which frees its slot at once.
    ///
    /// # Errors
    /// [`HoldRefusal::NotFound`], [`HoldRefusal::VersionMismatch`] if the precondition doesn't hold, or
    /// [`Failure::Store`] if the store fails.
    pub async fn remove(
        &self,
        request: &Request<Dated<Hold>>,
        id: HoldId,
    ) -> Result<Outcome<Dated<Hold>>, Failure<HoldRefusal>> {
        request.caller.require(Scope::AppointmentsWrite)?;
        let account = request.caller.account;
        let attempt = async || {
            let hold = self.get(&request.caller, id).await?;
            request.precondition.check::<HoldRefusal>(Some(&hold))?;
            let effect = Effect::Removed(hold);
            let commit = self.commits.of(request, &effect);
            if self.holds.remove(account, id, commit).await? {
                Ok(Some(effect))
            } else {
                Err(HoldRefusal::NotFound.into())
            }
        };
        self.commits.run(request, attempt).await
    }

    /// Releases the holds that have expired, and deletes those that expired a day ago, in small batches.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub async fn sweep(&self) -> Result<(), StoreError> {
        let now = self.system.clock.now();
        loop {
            let expired = self.holds.expired(None, now, SWEEP).await?;
            self.planner.release(&expired, now).await?;
            if expired.len() < SWEEP as usize {
                break;
            }
        }
        let long_ago = now.as_millis().saturating_sub(REMEMBERED_MILLIS);
        let Some(long_ago) = Timestamp::from_millis(long_ago) else {
            return Ok(());
        };
        while self.holds.forget(long_ago, SWEEP).await? == SWEEP as usize {}
        Ok(())
    }
}

#[cfg(test)]
mod tests;
