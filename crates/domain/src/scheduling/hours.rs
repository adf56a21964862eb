//! Opening hours: weekly rules, and exceptions for single dates.

use crate::Invalid;
use time::{Date, Weekday};

/// When a window of a day opens and closes, in minutes after that day's midnight. It may close on the next day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Opening {
    opens: i64,
    closes: i64,
}

impl Opening {
    /// The last minute at which a window can close: the end of the next day.
    pub const LAST: i64 = 2880;

    /// A window of the day.
    ///
    /// # Errors
    /// [`Invalid::Opening`] unless it opens within the day, closes after it opens, and closes by the end of the next
    /// day.
    pub const fn new(opens: i64, closes: i64) -> Result<Self, Invalid> {
        if 0 <= opens && opens < 1440 && opens < closes && closes <= Self::LAST {
            Ok(Self { opens, closes })
        } else {
            Err(Invalid::Opening)
        }
    }

    /// The first minute of the window.
    #[must_use]
    pub const fn opens(self) -> i64 {
        self.opens
    }

    /// The first minute after the window.
    #[must_use]
    pub const fn closes(self) -> i64 {
        self.closes
    }

    const fn overlaps(self, other: Self) -> bool {
        self.opens < other.closes && other.opens < self.closes
    }
}

/// A window of each week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WeeklyOpening {
    /// The day on which the window opens.
    pub day: Weekday,
    /// When it opens and closes.
    pub opening: Opening,
    /// The first date to which it applies; `None` is no limit.
    pub valid_from: Option<Date>,
    /// The last date to which it applies; `None` is no limit.
    pub valid_until: Option<Date>,
}

impl WeeklyOpening {
    fn applies_with(&self, other: &Self) -> bool {
        let begins_by = |from: Option<Date>, until: Option<Date>| match (from, until) {
            (Some(from), Some(until)) => from <= until,
            _ => true,
        };
        self.day == other.day
            && begins_by(self.valid_from, other.valid_until)
            && begins_by(other.valid_from, self.valid_until)
    }
}

/// The windows of one date, instead of those of the week.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DayException {
    /// The date on which the windows open.
    pub date: Date,
    /// The windows; none if the date is closed.
    pub openings: Vec<Opening>,
}

/// Opening hours. Without any rule they say nothing: then the account's hours hold, or everything is open.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Hours {
    weekly: Option<Vec<WeeklyOpening>>,
    exceptions: Vec<DayException>,
}

impl Hours {
    /// The most windows of a week, and the most exceptions.
    pub const MAX_RULES: usize = 1000;

    /// Checks the rules. `None` for the week is no rule; an empty week is closed every day.
    ///
    /// # Errors
    /// What is wrong, and with which rule.
    pub fn new(
        weekly: Option<Vec<WeeklyOpening>>,
        mut exceptions: Vec<DayException>,
    ) -> Result<Self, InvalidHours> {
        let rules = weekly.as_deref().unwrap_or_default();
        if rules.len() > Self::MAX_RULES {
            return Err(InvalidHours::TooMany);
        }
        for (index, rule) in rules.iter().enumerate() {
            if matches!((rule.valid_from, rule.valid_until), (Some(from), Some(until)) if from > until) {
                return Err(InvalidHours::Validity(index));
            }
            let clashes = |earlier: &WeeklyOpening| {
                earlier.applies_with(rule) && earlier.opening.overlaps(rule.opening)
            };
            if rules[..index].iter().any(clashes) {
                return Err(InvalidHours::WeeklyOverlap(index));
            }
        }
        exceptions.sort_by_key(|exception| exception.date);
        if exceptions.len() > Self::MAX_RULES {
            return Err(InvalidHours::TooMany);
        }
        for exception in &mut exceptions {
            exception.openings.sort_unstable();
            if exception.openings.is_sorted_by(|one, next| !one.overlaps(*next)) {
                continue;
            }
            return Err(InvalidHours::ExceptionOverlap(exception.date));
        }
        if let Some(twice) = exceptions.windows(2).find(|pair| pair[0].date == pair[1].date) {
            return Err(InvalidHours::DateTwice(twice[0].date));
        }
        Ok(Self { weekly, exceptions })
    }

    /// The windows of each week. `None` is no rule.
    #[must_use]
    pub fn weekly(&self) -> Option<&[WeeklyOpening]> {
        self.weekly.as_deref()
    }

    /// The exceptions, by date.
    #[must_use]
    pub fn exceptions(&self) -> &[DayException] {
        &self.exceptions
    }

    /// Whether there is no rule at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.weekly.is_none() && self.exceptions.is_empty()
    }
}

/// Why opening hours are not valid. It displays as the predicate of a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHours {
    /// There are too many rules.
    #[error("must have at most {max} rules", max = Hours::MAX_RULES)]
    TooMany,
    /// The weekly window at that position ends to be valid before it begins.
    #[error("must not have validUntil before validFrom")]
    Validity(usize),
    /// The weekly window at that position overlaps an earlier one of the same day.
    #[error("must not overlap another window of the same day")]
    WeeklyOverlap(usize),
    /// Two windows of that date overlap.
    #[error("must not have windows that overlap on {0}")]
    ExceptionOverlap(Date),
    /// That date has two exceptions.
    #[error("must not have two exceptions for {0}")]
    DateTwice(Date),
}
