//! Holds that have expired are released.

use crate::{Effect, scheduling::planner::Planner};
use chatgrow_domain::{AccountId, Actor, Timestamp};
use chatgrow_ports::{ExpiredHold, StoreError};

/// How many expired holds a refused write releases at most.
const RELEASE: u32 = 100;

impl Planner {
    /// Releases the account's holds that have expired, because one of them may be in the way. Returns whether there
    /// were any.
    pub(crate) async fn make_room(&self, account: AccountId) -> Result<bool, StoreError> {
        let now = self.system.clock.now();
        let expired = self.holds.expired(Some(account), now, RELEASE).await?;
        self.release(&expired, now).await?;
        Ok(!expired.is_empty())
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
}
