//! The schedules of accounts.

use super::{MemoryStore, Tables};
use crate::defects::{Defect, Method};
use async_trait::async_trait;
use chatgrow_domain::{AccountId, Customer, EmailKey, Schedule, ScheduleRefusal, Version};
use chatgrow_ports::{Commit, Failure, ScheduleStore, StoreError};

impl Tables {
    fn schedule(&self, account: AccountId) -> Schedule {
        let replaced = self.schedules.get(&account).cloned();
        replaced.unwrap_or_else(|| Schedule::untouched(account))
    }
}

#[async_trait]
impl ScheduleStore for MemoryStore {
    async fn of(&self, account: AccountId) -> Result<Schedule, StoreError> {
        self.read(|tables| Ok(tables.schedule(account))).await
    }

    async fn with_customer(
        &self,
        account: AccountId,
        email: &EmailKey,
    ) -> Result<(Schedule, Option<Customer>), StoreError> {
        let named = |customer: &&Customer| customer.email.key() == *email;
        self.read(|tables| {
            let customer = if self.has(Defect::CustomerServedAnywhere) {
                tables.customers.all().map(|(_, customer)| customer).find(named)
            } else {
                tables.customers.of(account).find(named)
            };
            let schedule = match customer {
                None if self.has(Defect::NoScheduleForStrangers) => Schedule::untouched(account),
                _ => tables.schedule(account),
            };
            Ok((schedule, customer.cloned()))
        })
        .await
    }

    async fn replace(
        &self,
        account: AccountId,
        schedule: &Schedule,
        commit: Commit,
    ) -> Result<(), Failure<ScheduleRefusal>> {
        let method = Method::ReplaceSchedule;
        let check = |tables: &Tables| {
            self.account(tables, account)?;
            let stored = tables.schedules.get(&account);
            let before = stored.map_or(Version::FIRST, |stored| stored.version);
            let starts_anywhere = stored.is_none() && self.has(Defect::ScheduleStartsAnywhere);
            if !starts_anywhere && !self.follows(method, Some(before), schedule.version) {
                return Err(Failure::Refused(ScheduleRefusal::VersionMismatch));
            }
            let mut kept = schedule.clone();
            kept.rules.hours = self.hours(&schedule.rules.hours);
            Ok(Some(kept))
        };
        let change = |tables: &mut Tables, schedule: Schedule| {
            tables.schedules.insert(account, schedule);
        };
        self.write(method, commit, check, change).await.map(drop)
    }
}
