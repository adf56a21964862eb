//! The schedules of accounts. Each account has one, whether or not it was ever changed.

use crate::{Commit, Failure, StoreError};
use async_trait::async_trait;
use chatgrow_domain::{AccountId, Customer, EmailKey, Schedule, ScheduleRefusal};

/// Stores the schedules of accounts.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ScheduleStore: Send + Sync {
    /// The account's schedule. If it was never replaced, or if there is no such account, it is
    /// [`Schedule::untouched`].
    async fn of(&self, account: AccountId) -> Result<Schedule, StoreError>;

    /// The account's schedule, as [`of`](Self::of) has it, and its customer with that address. Both MUST be of one
    /// state of the store, and be read in one round trip, because each booking needs them.
    async fn with_customer(
        &self,
        account: AccountId,
        email: &EmailKey,
    ) -> Result<(Schedule, Option<Customer>), StoreError>;

    /// Replaces the account's schedule by this state, if the stored version is the one before `schedule.version`. A
    /// schedule that was never replaced is in the [first version](chatgrow_domain::Version::FIRST). Otherwise it MUST
    /// return [`ScheduleRefusal::VersionMismatch`]. Of any number of concurrent replacements of one version, the first
    /// too, one MUST succeed. `schedule.account` is `account`.
    async fn replace(
        &self,
        account: AccountId,
        schedule: &Schedule,
        commit: Commit,
    ) -> Result<(), Failure<ScheduleRefusal>>;
}
