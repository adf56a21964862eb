//! Opening hours: weekly rules, and exceptions for single dates.

use crate::Invalid;
use std::sync::Arc;
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

    /// Whether two windows of one day share a minute.
    #[must_use]
    pub const fn overlaps(self, other: Self) -> bool {
        self.opens < other.closes && other.opens < self.closes
    }
}

/// Parses the time at which a window closes, `HH:MM`, from 00:00 to 48:00, into minutes. Times after 24:00 are on the
/// next day.
///
/// # Errors
/// [`Invalid::Missing`] if the text is blank, or [`Invalid::Closing`] if it is not such a time.
pub fn parse_closing(text: &str) -> Result<i64, Invalid> {
    crate::text::not_blank(text)?;
    let two_digits = |part: &str| {
        let digits = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| part.parse::<i64>().ok()).flatten()
    };
    let (hours, minutes) = text.split_once(':').ok_or(Invalid::Closing)?;
    let minutes = two_digits(minutes).filter(|minutes| *minutes < 60);
    let total = two_digits(hours)
        .zip(minutes)
        .map(|(hours, minutes)| hours * 60 + minutes);
    total
        .filter(|total| *total <= Opening::LAST)
        .ok_or(Invalid::Closing)
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
    /// Whether there is a date to which both apply.
    fn applies_with(&self, other: &Self) -> bool {
        let first = self.valid_from.max(other.valid_from).unwrap_or(Date::MIN);
        let lasts = [self.valid_until, other.valid_until];
        let last = lasts.into_iter().flatten().min().unwrap_or(Date::MAX);
        let days = i64::from(last.to_julian_day()) - i64::from(first.to_julian_day());
        let until_weekday = 7 + i64::from(self.day.number_days_from_monday())
            - i64::from(first.weekday().number_days_from_monday());
        self.day == other.day && until_weekday % 7 <= days
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

/// Opening hours. Without any rule they say nothing: then the account's hours hold, or everything is open. They may have
/// many rules, and each search and each booking takes those of all its resources; so a clone shares them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Hours {
    weekly: Option<Arc<[WeeklyOpening]>>,
    exceptions: Arc<[DayException]>,
}

impl Hours {
    /// The most windows of a week. Of exceptions too: each closed date and each window counts.
    pub const MAX_RULES: usize = 1000;

    /// Checks the rules. `None` for the week is no rule; an empty week is closed every day.
    ///
    /// # Errors
    /// Everything that is wrong, and with which rule.
    pub fn new(
        weekly: Option<Vec<WeeklyOpening>>,
        mut exceptions: Vec<DayException>,
    ) -> Result<Self, Vec<InvalidHours>> {
        let mut errors = check_week(weekly.as_deref().unwrap_or_default());
        exceptions.sort_by_key(|exception| exception.date);
        for exception in &mut exceptions {
            exception.openings.sort_unstable();
        }
        errors.extend(check_exceptions(&exceptions));
        if errors.is_empty() {
            Ok(Self {
                weekly: weekly.map(Arc::from),
                exceptions: exceptions.into(),
            })
        } else {
            Err(errors)
        }
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

fn check_week(rules: &[WeeklyOpening]) -> Vec<InvalidHours> {
    if rules.len() > Hours::MAX_RULES {
        return vec![InvalidHours::WeekTooLong];
    }
    let mut errors = Vec::new();
    for (index, rule) in rules.iter().enumerate() {
        let clashes =
            |earlier: &WeeklyOpening| earlier.applies_with(rule) && earlier.opening.overlaps(rule.opening);
        if matches!((rule.valid_from, rule.valid_until), (Some(from), Some(until)) if from > until) {
            errors.push(InvalidHours::Validity(index));
        } else if rules[..index].iter().any(clashes) {
            errors.push(InvalidHours::WeeklyOverlap(index));
        }
    }
    errors
}

/// Checks exceptions that are sorted, as their windows are.
fn check_exceptions(exceptions: &[DayException]) -> Vec<InvalidHours> {
    let rules = exceptions.iter().map(|exception| exception.openings.len().max(1));
    if rules.sum::<usize>() > Hours::MAX_RULES {
        return vec![InvalidHours::TooManyExceptions];
    }
    let twice = exceptions.windows(2).filter(|pair| pair[0].date == pair[1].date);
    let mut errors: Vec<_> = twice.map(|pair| InvalidHours::DateTwice(pair[0].date)).collect();
    errors.dedup();
    for exception in exceptions {
        if !exception.openings.is_sorted_by(|one, next| !one.overlaps(*next)) {
            errors.push(InvalidHours::ExceptionOverlap(exception.date));
        }
    }
    errors
}

/// Why opening hours are not valid. It displays as the predicate of a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHours {
    /// The week has too many windows.
    #[error("must have at most {max} windows", max = Hours::MAX_RULES)]
    WeekTooLong,
    /// There are too many exceptions.
    #[error("must have at most {max} entries", max = Hours::MAX_RULES)]
    TooManyExceptions,
    /// The weekly window at that position ends to be valid before it begins.
    #[error("must not be before validFrom")]
    Validity(usize),
    /// The weekly window at that position overlaps an earlier one of the same day.
    #[error("must not overlap another window of the same day")]
    WeeklyOverlap(usize),
    /// Two windows of that date overlap.
    #[error("must not overlap another window of the same date")]
    ExceptionOverlap(Date),
    /// That date has two exceptions.
    #[error("must have no other entry if the date is closed")]
    DateTwice(Date),
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    fn opening(opens: i64, closes: i64) -> Opening {
        Opening::new(opens, closes).unwrap()
    }

    fn monday(opens: i64, closes: i64) -> WeeklyOpening {
        WeeklyOpening {
            day: Weekday::Monday,
            opening: opening(opens, closes),
            valid_from: None,
            valid_until: None,
        }
    }

    fn on(date: Date, openings: Vec<Opening>) -> DayException {
        DayException { date, openings }
    }

    #[test]
    fn a_window_opens_within_its_day_and_closes_by_the_end_of_the_next() {
        for (opens, closes) in [(0, 1), (1439, 2880), (0, 2880)] {
            assert!(Opening::new(opens, closes).is_ok(), "{opens} {closes}");
        }
        for (opens, closes) in [(-1, 60), (1440, 1500), (60, 60), (60, 59), (0, 2881)] {
            assert_eq!(
                Opening::new(opens, closes),
                Err(Invalid::Opening),
                "{opens} {closes}"
            );
        }
    }

    #[test]
    fn a_closing_time_may_be_on_the_next_day() {
        for (text, minutes) in [
            ("00:00", 0),
            ("09:30", 570),
            ("24:00", 1440),
            ("47:59", 2879),
            ("48:00", 2880),
        ] {
            assert_eq!(parse_closing(text), Ok(minutes), "{text}");
        }
        for text in [
            "48:01",
            "9:30",
            "09:60",
            "0930",
            "+9:30",
            "09:30:00",
            "99:00",
            "٠٩:٣٠",
            "::",
        ] {
            assert_eq!(parse_closing(text), Err(Invalid::Closing), "{text}");
        }
        assert_eq!(parse_closing(" "), Err(Invalid::Missing));
    }

    #[test]
    fn every_error_is_told() {
        let june = date!(2030 - 06 - 05);
        let backwards = WeeklyOpening {
            valid_from: Some(june),
            valid_until: june.previous_day(),
            ..monday(0, 60)
        };
        let week = vec![
            monday(540, 720),
            backwards,
            monday(719, 800),
            monday(720, 721),
            monday(800, 900),
        ];
        let exceptions = vec![
            on(june, vec![opening(600, 700), opening(0, 601)]),
            on(date!(2030 - 06 - 06), vec![]),
            on(date!(2030 - 06 - 06), vec![opening(0, 60)]),
            on(date!(2030 - 06 - 06), vec![]),
        ];
        assert_eq!(
            Hours::new(Some(week), exceptions),
            Err(vec![
                InvalidHours::Validity(1),
                InvalidHours::WeeklyOverlap(2),
                InvalidHours::WeeklyOverlap(3),
                InvalidHours::DateTwice(date!(2030 - 06 - 06)),
                InvalidHours::ExceptionOverlap(june),
            ])
        );
    }

    #[test]
    fn windows_of_one_day_may_overlap_if_they_never_apply_together() {
        let until = WeeklyOpening {
            valid_until: Some(date!(2030 - 05 - 31)),
            ..monday(540, 720)
        };
        let from = WeeklyOpening {
            valid_from: Some(date!(2030 - 06 - 01)),
            ..monday(600, 720)
        };
        let hours = Hours::new(Some(vec![until, from]), vec![]).unwrap();
        assert_eq!(hours.weekly().unwrap().len(), 2);

        // 2030-06-03 is a Monday.
        let until = |date| WeeklyOpening {
            valid_until: Some(date),
            ..monday(540, 720)
        };
        let clash = Err(vec![InvalidHours::WeeklyOverlap(1)]);
        assert!(Hours::new(Some(vec![until(date!(2030 - 06 - 02)), from]), vec![]).is_ok());
        assert_eq!(
            Hours::new(Some(vec![until(date!(2030 - 06 - 03)), from]), vec![]),
            clash
        );
    }

    #[test]
    fn exceptions_are_sorted() {
        let (first, second) = (date!(2030 - 06 - 05), date!(2030 - 06 - 06));
        let exceptions = vec![
            on(second, vec![opening(600, 700), opening(0, 60)]),
            on(first, vec![]),
        ];
        let hours = Hours::new(None, exceptions).unwrap();
        let sorted = [
            on(first, vec![]),
            on(second, vec![opening(0, 60), opening(600, 700)]),
        ];
        assert_eq!(hours.exceptions(), sorted);
        assert!(!hours.is_empty() && Hours::default().is_empty());
    }

    #[test]
    fn rules_are_bounded() {
        let closed = |days: i64| {
            let date = |day| date!(2030 - 01 - 01) + time::Duration::days(day);
            Hours::new(None, (0..days).map(|day| on(date(day), vec![])).collect())
        };
        assert!(closed(1000).is_ok());
        assert_eq!(closed(1001), Err(vec![InvalidHours::TooManyExceptions]));
        let windows = (0..1001).map(|minute| opening(minute, minute + 1)).collect();
        let of_one_date = Hours::new(None, vec![on(date!(2030 - 01 - 01), windows)]);
        assert_eq!(of_one_date, Err(vec![InvalidHours::TooManyExceptions]));
    }
}
