//! Registrations that were not paid in time expire.

use crate::{
    Effect, System,
    commit::{Commits, RELEASE, SWEEP},
};
use chatgrow_domain::{AccountId, Actor, Timestamp};
use chatgrow_ports::{Failure, RegistrationStore, StoreError, Stores, UnpaidRegistration};
use std::sync::Arc;

/// Frees the places of registrations that were not paid in time.
#[derive(Clone)]
pub(crate) struct UnpaidPlaces {
    registrations: Arc<dyn RegistrationStore>,
    system: System,
    commits: Commits,
}

impl UnpaidPlaces {
    pub(crate) fn new(stores: &Stores, system: &System, commits: &Commits) -> Self {
        Self {
            registrations: stores.events.registrations.clone(),
            system: system.clone(),
            commits: commits.clone(),
        }
    }

    /// Lets the account's unpaid registrations expire, because one of them may have the place that is wanted. Returns
    /// whether there were any.
    pub(crate) async fn make_room(&self, account: AccountId) -> Result<bool, StoreError> {
        let now = self.system.clock.now();
        let unpaid = self.registrations.unpaid(Some(account), now, RELEASE).await?;
        self.expire(&unpaid, now).await?;
        Ok(!unpaid.is_empty())
    }

    /// Lets every account's unpaid registrations expire, in small batches.
    pub(crate) async fn expire_all(&self) -> Result<(), StoreError> {
        let now = self.system.clock.now();
        loop {
            let unpaid = self.registrations.unpaid(None, now, SWEEP).await?;
            self.expire(&unpaid, now).await?;
            if unpaid.len() < SWEEP as usize {
                return Ok(());
            }
        }
    }

    /// Lets registrations expire that were not paid by `now`. One that is paid or cancelled meanwhile is left alone.
    async fn expire(&self, unpaid: &[UnpaidRegistration], now: Timestamp) -> Result<(), StoreError> {
        for UnpaidRegistration {
            account,
            registration,
        } in unpaid
        {
            let Some(after) = registration.expired(now) else {
                continue;
            };
            let effect = Effect::Changed {
                before: registration.clone(),
                after,
            };
            let commit = self.commits.without_request(*account, Actor::System, &effect);
            let expired = effect.resource();
            if let Err(Failure::Store(error)) = self.registrations.update(*account, expired, commit).await {
                return Err(error);
            }
        }
        if !unpaid.is_empty() {
            self.commits.announce();
        }
        Ok(())
    }
}
