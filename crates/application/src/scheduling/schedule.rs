//! Schedules: read and replace that of the account.

use crate::{
    Caller, System,
    commit::{Commits, Outcome, Request},
};
use chatgrow_domain::{LocalMinute, Schedule, ScheduleRefusal, ScheduleRules, Scope, Timestamp, Zone};
use chatgrow_ports::{Failure, ScheduleStore, StoreError, Stores};
use std::sync::Arc;
use time::Date;

/// The present time on the wall clock of a business.
#[derive(Debug, Clone)]
pub struct WallClock {
    zone: Option<Arc<dyn Zone>>,
    /// The present instant.
    pub now: Timestamp,
}

impl WallClock {
    /// What the clock shows at an instant. Without a zone, it is UTC.
    #[must_use]
    pub fn at(&self, instant: Timestamp) -> LocalMinute {
        let local = self.zone.as_ref().and_then(|zone| zone.local(instant));
        let utc = instant.to_utc();
        local.unwrap_or_else(|| LocalMinute::new(utc.date(), utc.time()))
    }

    /// The present minute.
    #[must_use]
    pub fn minute(&self) -> LocalMinute {
        self.at(self.now)
    }

    /// The present day.
    #[must_use]
    pub fn today(&self) -> Date {
        self.minute().to_date_time().date()
    }

    /// The instant at which a minute of the clock begins. Without a zone, the clock shows UTC.
    #[must_use]
    pub fn instant(&self, minute: LocalMinute) -> Timestamp {
        let utc = || Timestamp::from_millis(minute.as_minutes() * 60_000).unwrap_or(Timestamp::MAX);
        self.zone
            .as_ref()
            .map_or_else(utc, |zone| zone.meaning(minute).instant().instant)
    }
}

/// The use cases of schedules.
pub struct Schedules {
    schedules: Arc<dyn ScheduleStore>,
    system: System,
    commits: Commits,
}

impl Schedules {
    pub(crate) fn new(stores: &Stores, system: &System, commits: &Commits) -> Self {
        Self {
            schedules: stores.scheduling.schedules.clone(),
            system: system.clone(),
            commits: commits.clone(),
        }
    }

    /// The account's schedule. Every account has one.
    ///
    /// # Errors
    /// [`Failure::Store`] if the store fails.
    pub async fn get(&self, caller: &Caller) -> Result<Schedule, Failure<ScheduleRefusal>> {
        caller.require(Scope::ScheduleRead)?;
        Ok(self.schedules.of(caller.account).await?)
    }

    /// The wall clock of the caller's business.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub async fn wall_clock(&self, caller: &Caller) -> Result<WallClock, StoreError> {
        let zone = self.schedules.of(caller.account).await?.rules.time_zone;
        Ok(WallClock {
            zone: zone.and_then(|zone| self.system.zones.find(&zone)),
            now: self.system.clock.now(),
        })
    }

    /// Replaces the rules of the account's schedule. Repeating it changes nothing.
    ///
    /// # Errors
    /// [`ScheduleRefusal::VersionMismatch`] if the precondition doesn't hold, [`ScheduleRefusal::UnknownTimeZone`],
    /// [`ScheduleRefusal::TimeZoneNeeded`], or [`Failure::Store`] if the store fails.
    pub async fn put(
        &self,
        request: &Request<Schedule>,
        rules: ScheduleRules,
    ) -> Result<Outcome<Schedule>, Failure<ScheduleRefusal>> {
        request.caller.require(Scope::ScheduleWrite)?;
        let account = request.caller.account;
        let attempt = async || {
            let before = self.schedules.of(account).await?;
            request.precondition.check::<ScheduleRefusal>(Some(&before))?;
            let mut rules = rules.clone();
            if let Some(zone) = &rules.time_zone {
                let known = self
                    .system
                    .zones
                    .find(zone)
                    .ok_or(ScheduleRefusal::UnknownTimeZone)?;
                rules.time_zone = Some(known.name().clone());
            }
            let after = before.replaced(rules, self.system.clock.now())?;
            let write = async |after: &Schedule, commit| self.schedules.replace(account, after, commit).await;
            self.commits.replace(request, before, after, write).await
        };
        self.commits.run(request, attempt).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        commit::Effect,
        fixtures::{Mocks, account, request, request_for_another_state},
    };
    use chatgrow_domain::{Notice, TimeZoneName, Version};
    use mockall::predicate::{always, eq};

    fn in_jerusalem() -> ScheduleRules {
        ScheduleRules {
            time_zone: Some(TimeZoneName::new("Asia/Jerusalem").unwrap()),
            min_notice: Some(Notice::from_minutes(120).unwrap()),
            ..ScheduleRules::default()
        }
    }

    fn untouched() -> Mocks {
        let mut mocks = Mocks::at(2000);
        mocks
            .schedules
            .expect_of()
            .returning(|account| Ok(Schedule::untouched(account)));
        mocks
    }

    #[tokio::test]
    async fn the_first_change_makes_the_second_version() {
        let mut mocks = untouched();
        let before = Schedule::untouched(account());
        let after = before
            .replaced(in_jerusalem(), crate::fixtures::at(2000))
            .unwrap();
        assert_eq!(after.version, Version::FIRST.next());
        mocks
            .schedules
            .expect_replace()
            .with(eq(account()), eq(after.clone()), always())
            .times(1)
            .returning(|_, _, _| Ok(()));
        let schedules = mocks.build().scheduling.schedules;
        let outcome = schedules.put(&request(), in_jerusalem()).await.unwrap();
        assert_eq!(outcome, Outcome::Done(Effect::Changed { before, after }));
    }

    #[tokio::test]
    async fn what_is_so_already_is_not_written() {
        let schedules = untouched().build().scheduling.schedules;
        let outcome = schedules.put(&request(), ScheduleRules::default()).await.unwrap();
        let unchanged = Effect::Unchanged(Schedule::untouched(account()));
        assert_eq!(outcome, Outcome::Done(unchanged));
    }

    #[tokio::test]
    async fn a_notice_needs_a_zone() {
        let rules = ScheduleRules {
            time_zone: None,
            ..in_jerusalem()
        };
        let schedules = untouched().build().scheduling.schedules;
        let outcome = schedules.put(&request(), rules).await;
        assert!(matches!(
            outcome,
            Err(Failure::Refused(ScheduleRefusal::TimeZoneNeeded))
        ));
    }

    #[tokio::test]
    async fn a_zone_that_nobody_knows_is_refused() {
        let rules = ScheduleRules {
            time_zone: Some(TimeZoneName::new("Asia/Atlantis").unwrap()),
            ..in_jerusalem()
        };
        let schedules = untouched().build().scheduling.schedules;
        let outcome = schedules.put(&request(), rules).await;
        assert!(matches!(
            outcome,
            Err(Failure::Refused(ScheduleRefusal::UnknownTimeZone))
        ));
    }

    #[tokio::test]
    async fn what_the_caller_has_not_seen_is_not_changed() {
        let schedules = untouched().build().scheduling.schedules;
        let outcome = schedules.put(&request_for_another_state(), in_jerusalem()).await;
        assert!(matches!(
            outcome,
            Err(Failure::Refused(ScheduleRefusal::VersionMismatch))
        ));
    }
}
