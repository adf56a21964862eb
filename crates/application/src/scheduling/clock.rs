//! The account's clock: its schedule with its time zone, and what is shown in it.

use chatgrow_domain::{
    Appointment, Hold, LocalMinute, Revised, Revision, Schedule, ScheduleRules, TimeSlot, Timestamp, Version,
    Zone, Zoned,
};
use chatgrow_ports::{Listed, Page, StoreError, Zones};
use std::{ops::Range, sync::Arc};

/// Other starts are suggested from this many minutes before the wanted one, …
const SUGGESTED_BEFORE: i64 = 1440;

/// … to this many after it. Past the horizon it is the other way round.
const SUGGESTED_AFTER: i64 = 14 * 1440;

/// The rules of an account's schedule, with its time zone.
#[derive(Debug, Clone)]
pub(crate) struct AccountClock {
    pub(crate) rules: ScheduleRules,
    pub(crate) zone: Option<Arc<dyn Zone>>,
    version: Version,
}

impl AccountClock {
    /// The clock of a schedule. It fails if this program's time zone database doesn't have the zone that another one
    /// had.
    pub(crate) fn new(schedule: Schedule, zones: &dyn Zones) -> Result<Self, StoreError> {
        let find = |name| {
            zones
                .find(name)
                .ok_or("the time zone database lacks the account's zone")
        };
        let zone = schedule.rules.time_zone.as_ref().map(find).transpose();
        Ok(Self {
            zone: zone.map_err(StoreError::failed)?,
            rules: schedule.rules,
            version: schedule.version,
        })
    }

    /// Whether nothing is forbidden, and every start exists.
    pub(crate) fn permits_everything(&self) -> bool {
        self.zone.is_none() && self.rules.hours.is_empty()
    }

    /// When a slot starts and ends. `None` without a zone, or if it ends after the last day of the calendar.
    pub(crate) fn times(&self, slot: TimeSlot) -> Option<Times> {
        let zone = self.zone.as_ref()?;
        let end = LocalMinute::from_minutes(slot.end_minutes())?;
        Some(Times {
            starts: zone.meaning(slot.start).instant(),
            ends: zone.meaning(end).instant(),
            schedule: self.version,
        })
    }

    /// What the clock shows at an instant. Without a zone, it is UTC.
    pub(crate) fn local(&self, instant: Timestamp) -> LocalMinute {
        let local = self.zone.as_ref().and_then(|zone| zone.local(instant));
        let utc = instant.to_utc();
        local.unwrap_or_else(|| LocalMinute::new(utc.date(), utc.time()))
    }

    /// The starts among which others are suggested: those around the start that notice and horizon permit and that is
    /// the nearest to the wanted one.
    pub(crate) fn suggested(&self, wanted: LocalMinute, now: Timestamp) -> Range<LocalMinute> {
        let in_minutes = |minutes: i64| {
            let later = Timestamp::from_millis(now.as_millis() + minutes * 60_000);
            later.map_or(wanted, |later| self.local(later))
        };
        let (notice, horizon) = (self.rules.min_notice, self.rules.horizon);
        let first = notice.map(|notice| in_minutes(notice.as_minutes()));
        let last = horizon.map(|horizon| in_minutes(horizon.as_days() * 1440));
        let not_too_soon = first.map_or(wanted, |first| first.max(wanted));
        let permitted = last.map_or(not_too_soon, |last| last.min(not_too_soon));
        let (before, after) = if permitted < wanted {
            (SUGGESTED_AFTER, SUGGESTED_BEFORE)
        } else {
            (SUGGESTED_BEFORE, SUGGESTED_AFTER)
        };
        let midnight = permitted.as_minutes().div_euclid(1440) * 1440;
        let minute = |minutes| LocalMinute::from_minutes(minutes).unwrap_or(permitted);
        minute(midnight - before)..minute(midnight + after)
    }

    /// What is shown of something that takes a slot.
    pub(crate) fn dated<T: TakesSlot>(&self, value: T) -> Dated<T> {
        Dated {
            times: self.times(value.slot()),
            value,
        }
    }

    /// What is shown of a page of them.
    pub(crate) fn dated_page<T: TakesSlot, P>(&self, page: Page<T, P>) -> Page<Dated<T>, P> {
        Page {
            items: page.items.into_iter().map(|value| self.dated(value)).collect(),
            next: page.next,
        }
    }
}

/// What takes a slot.
pub(crate) trait TakesSlot {
    /// The slot.
    fn slot(&self) -> TimeSlot;
}

impl TakesSlot for Appointment {
    fn slot(&self) -> TimeSlot {
        self.booking.slot
    }
}

impl TakesSlot for Hold {
    fn slot(&self) -> TimeSlot {
        self.booking.slot
    }
}

/// Something that takes a slot, with the instants of the slot if the account has a time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dated<T> {
    /// What takes the slot.
    pub value: T,
    /// When the slot starts and ends.
    pub times: Option<Times>,
}

/// When a slot starts and ends, as instants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// When it starts. A start that never comes is shown as the moment of the change.
    pub starts: Zoned,
    /// When it ends, likewise.
    pub ends: Zoned,
    /// The version of the schedule that says so.
    schedule: Version,
}

impl<T: Listed> Listed for Dated<T> {
    type Position = T::Position;

    fn position(&self) -> T::Position {
        self.value.position()
    }
}

/// What is shown changes with the zone, so the revision has the schedule's version too.
impl<T: Revised> Revised for Dated<T> {
    fn revision(&self) -> Revision {
        let revision = self.value.revision();
        match &self.times {
            Some(times) => revision.and(times.schedule),
            None => revision,
        }
    }
}
