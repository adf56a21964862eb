//! The schedule of an account: its time zone, its opening hours, and how early and how late customers may book.

use crate::{
    AccountId, ChangeRefusal, Duration, Hours, Invalid, Refusal, Revised, Revision, Timestamp, Version,
    minutes::minutes_type,
};

/// The name of a time zone in the IANA database, such as `Asia/Jerusalem`, in its canonical spelling.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TimeZoneName(String);

impl TimeZoneName {
    /// The most characters of a name.
    pub const MAX_CHARS: usize = 64;

    /// A name. Whether there is such a zone, the time zone database knows.
    ///
    /// # Errors
    /// [`Invalid::Missing`] if it is blank, or [`Invalid::TimeZone`] if no zone can have this name.
    pub fn new(name: impl Into<String>) -> Result<Self, Invalid> {
        let name = name.into();
        crate::text::not_blank(&name)?;
        let known = |byte: u8| byte.is_ascii_alphanumeric() || b"/_+-".contains(&byte);
        if name.len() <= Self::MAX_CHARS && name.bytes().all(known) {
            Ok(Self(name))
        } else {
            Err(Invalid::TimeZone)
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

minutes_type! {
    /// How long before its start a booking must be made at the latest: 0 minutes to one year.
    Notice, 0 to 525_600
}

/// How far ahead customers may book: 1 to 3650 days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Horizon(i64);

impl Horizon {
    /// The farthest horizon, in days.
    pub const MAX_DAYS: i64 = 3650;

    /// A horizon in whole days.
    ///
    /// # Errors
    /// [`Invalid::OutOfRange`] unless it is from 1 to 3650.
    pub fn from_days(days: i64) -> Result<Self, Invalid> {
        let (min, max) = (1, Self::MAX_DAYS);
        if (min..=max).contains(&days) {
            Ok(Self(days))
        } else {
            Err(Invalid::OutOfRange { min, max })
        }
    }

    /// The horizon in days of 24 hours.
    #[must_use]
    pub const fn as_days(self) -> i64 {
        self.0
    }
}

/// The schedule of an account. Every account has one; until it is changed for the first time, it has no rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// The account.
    pub account: AccountId,
    /// The rules.
    pub rules: ScheduleRules,
    /// When it last changed; `None` if it never did.
    pub updated_at: Option<Timestamp>,
    /// Incremented by every change.
    pub version: Version,
}

/// The rules of a schedule, which a caller provides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleRules {
    /// The zone of the account's wall clock.
    pub time_zone: Option<TimeZoneName>,
    /// When the business is open.
    pub hours: Hours,
    /// How long before its start a booking must be made at the latest. `None` allows the past.
    pub min_notice: Option<Notice>,
    /// How far ahead a booking may be made.
    pub horizon: Option<Horizon>,
    /// The distance between two starts that are offered.
    pub slot_step: Duration,
}

impl Default for ScheduleRules {
    fn default() -> Self {
        Self {
            time_zone: None,
            hours: Hours::default(),
            min_notice: None,
            horizon: None,
            slot_step: Self::DEFAULT_STEP,
        }
    }
}

impl ScheduleRules {
    /// The distance between two starts if nothing else is said: a quarter of an hour.
    pub const DEFAULT_STEP: Duration = Duration::QUARTER;
}

impl Revised for Schedule {
    fn revision(&self) -> Revision {
        Revision::of(self.account, [self.version])
    }
}

/// Why a schedule can't be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleRefusal {
    /// The time zone database has no such zone.
    #[error("there is no such time zone")]
    UnknownTimeZone,
    /// A notice or a horizon compares instants, so it needs a time zone.
    #[error("a notice or a horizon needs a time zone")]
    TimeZoneNeeded,
    /// The schedule is no longer in the version that the change is based on, or doesn't satisfy the precondition.
    #[error("it has changed")]
    VersionMismatch,
}

impl Refusal for ScheduleRefusal {}

impl ChangeRefusal for ScheduleRefusal {
    const VERSION_MISMATCH: Self = Self::VersionMismatch;
}

impl Schedule {
    /// The schedule of an account that has never changed it.
    #[must_use]
    pub fn untouched(account: AccountId) -> Self {
        Self {
            account,
            rules: ScheduleRules::default(),
            updated_at: None,
            version: Version::FIRST,
        }
    }

    /// The state with other rules. If nothing changes, the result equals `self`, version included.
    ///
    /// # Errors
    /// [`ScheduleRefusal::TimeZoneNeeded`] if the rules have a notice or a horizon, but no zone.
    pub fn replaced(&self, rules: ScheduleRules, now: Timestamp) -> Result<Self, ScheduleRefusal> {
        if rules.time_zone.is_none() && (rules.min_notice.is_some() || rules.horizon.is_some()) {
            return Err(ScheduleRefusal::TimeZoneNeeded);
        }
        if rules == self.rules {
            return Ok(self.clone());
        }
        Ok(Self {
            account: self.account,
            rules,
            updated_at: Some(now),
            version: self.version.next(),
        })
    }
}
