//! Holds that have expired are released, and appointments that were not paid in time expire.

use crate::{
    Effect,
    commit::{RELEASE, SWEEP},
    scheduling::planner::Planner,
};
use chatgrow_domain::{AccountId, Actor, Timestamp};
use chatgrow_ports::{ExpiredHold, Failure, StoreError, UnpaidAppointment};

impl Planner {
    /// Releases the account's holds that have expired, and lets unpaid appointments expire, because one of them may be
    /// in the way. Returns whether there were any.
    pub(crate) async fn make_room(&self, account: AccountId) -> Result<bool, StoreError> {
        let now = self.system.clock.now();
        let expired = self.holds.expired(Some(account), now, RELEASE).await?;
        self.release(&expired, now).await?;
        let unpaid = self.appointments.unpaid(Some(account), now, RELEASE).await?;
        self.expire(&unpaid, now).await?;
        Ok(!expired.is_empty() || !unpaid.is_empty())
    }

    /// Releases holds that have expired at `now`. One that is changed meanwhile is left alone.
    pub(crate) async fn release(&self, expired: &[ExpiredHold], now: Timestamp) -> Result<(), StoreError> {
        for ExpiredHold { account, hold } in expired {
            let clock = self.clock(*account).await?;
            let effect = Effect::Changed {
                before: clock.dated(hold.clone()),
                after: clock.dated(hold.released(now)),
            };
            let commit = self.commits.without_request(*account, Actor::System, &effect);
            self.holds
                .release(*account, &effect.resource().value, commit)
                .await?;
        }
        if !expired.is_empty() {
            self.commits.announce();
        }
        Ok(())
    }

    /// Lets every account's unpaid appointments expire, in small batches.
    pub(crate) async fn expire_all(&self) -> Result<(), StoreError> {
        let now = self.system.clock.now();
        loop {
            let unpaid = self.appointments.unpaid(None, now, SWEEP).await?;
            self.expire(&unpaid, now).await?;
            if unpaid.len() < SWEEP as usize {
                return Ok(());
            }
        }
    }

    /// Lets appointments expire that were not paid by `now`. One that is paid or changed meanwhile is left alone.
    async fn expire(&self, unpaid: &[UnpaidAppointment], now: Timestamp) -> Result<(), StoreError> {
        for UnpaidAppointment { account, appointment } in unpaid {
            let Some(expired) = appointment.expired(now) else {
                continue;
            };
            let clock = self.clock(*account).await?;
            let effect = Effect::Changed {
                before: clock.dated(appointment.clone()),
                after: clock.dated(expired),
            };
            let commit = self.commits.without_request(*account, Actor::System, &effect);
            let expired = &effect.resource().value;
            if let Err(Failure::Store(error)) = self.appointments.update(*account, expired, commit).await {
                return Err(error);
            }
        }
        if !unpaid.is_empty() {
            self.commits.announce();
        }
        Ok(())
    }
}
