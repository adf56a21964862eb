//! Civil time and slots.
//!
//! Times are those of the business's wall clock, without a time zone or daylight saving. A slot is half-open,
//! `[start, end)`, and never empty. So two slots that only touch do not overlap.

use crate::{Invalid, minutes::minutes_type, text::not_blank};
use time::{
    Date, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset,
    format_description::well_known::Rfc3339,
    macros::{date, format_description},
};

/// Parses a date in the years 1 to 9999: `YYYY-MM-DD`, or an RFC 3339 instant that is midnight UTC, which is how the
/// API writes dates.
///
/// # Errors
/// [`Invalid::Missing`] if the text is blank, or [`Invalid::Date`] if it is not such a date.
pub fn parse_date(text: &str) -> Result<Date, Invalid> {
    not_blank(text)?;
    let date = if text.len() == "YYYY-MM-DD".len() {
        Date::parse(text, format_description!("[year]-[month]-[day]")).ok()
    } else {
        OffsetDateTime::parse(text, &Rfc3339)
            .ok()
            .and_then(|instant| instant.checked_to_offset(UtcOffset::UTC))
            .filter(|instant| instant.time() == Time::MIDNIGHT)
            .map(OffsetDateTime::date)
    };
    date.filter(|date| (1..=9999).contains(&date.year()))
        .ok_or(Invalid::Date)
}

/// Parses a time of day, `HH:MM`, from 00:00 to 23:59.
///
/// # Errors
/// [`Invalid::Missing`] if the text is blank, or [`Invalid::Time`] if it is not such a time.
pub fn parse_time(text: &str) -> Result<Time, Invalid> {
    not_blank(text)?;
    Time::parse(text, format_description!("[hour]:[minute]"))
        .ok()
        .filter(|_| text.len() == "HH:MM".len())
        .ok_or(Invalid::Time)
}

/// A minute of the business's wall clock, in the years 1 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalMinute(i64);

impl LocalMinute {
    const EPOCH: Date = date!(1970 - 01 - 01);

    /// The minute of a date and a time of day. Seconds are dropped.
    #[must_use]
    pub fn new(date: Date, time: Time) -> Self {
        let days = (date - Self::EPOCH).whole_days();
        Self(days * 1440 + i64::from(time.hour()) * 60 + i64::from(time.minute()))
    }

    /// A stored minute, counted from 1970-01-01 00:00 on the same wall clock. Returns `None` outside the years 1 to
    /// 9999.
    #[must_use]
    pub fn from_minutes(minutes: i64) -> Option<Self> {
        let days = i32::try_from(minutes.div_euclid(1440)).ok()?;
        let date = Date::from_julian_day(Self::EPOCH.to_julian_day().checked_add(days)?).ok()?;
        (1..=9999).contains(&date.year()).then_some(Self(minutes))
    }

    /// The number of minutes since 1970-01-01 00:00 on the same wall clock.
    #[must_use]
    pub const fn as_minutes(self) -> i64 {
        self.0
    }

    /// The date and the time of day.
    #[must_use]
    pub fn to_date_time(self) -> PrimitiveDateTime {
        PrimitiveDateTime::new(Self::EPOCH, Time::MIDNIGHT) + time::Duration::minutes(self.0)
    }
}

minutes_type! {
    /// The length of an appointment: 1 minute to one day.
    Duration, 1 to 1440
}

impl Duration {
    /// The length of an appointment if the caller names none: one hour.
    pub const DEFAULT: Self = Self(60);
    /// A quarter of an hour.
    pub const QUARTER: Self = Self(15);
}

/// A half-open interval of wall-clock time, `[start, end)`. It is never empty, and may run past midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TimeSlot {
    /// The first minute of the slot.
    pub start: LocalMinute,
    /// The length of the slot.
    pub duration: Duration,
}

impl TimeSlot {
    /// The first minute after the slot, in minutes since 1970-01-01 00:00. It may lie past the last day of the
    /// calendar.
    #[must_use]
    pub const fn end_minutes(&self) -> i64 {
        self.start.0 + self.duration.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_dates_in_both_forms() {
        for text in [
            "2025-12-25",
            "2025-12-25T00:00:00.000Z",
            "2025-12-25T00:00:00Z",
            "2025-12-25T02:00:00+02:00",
        ] {
            assert_eq!(parse_date(text), Ok(date!(2025 - 12 - 25)), "{text}");
        }
        assert_eq!(parse_date("2024-02-29"), Ok(date!(2024 - 02 - 29)));
    }

    #[test]
    fn refuses_other_dates_and_times() {
        assert_eq!(
            (parse_date(" "), parse_time("")),
            (Err(Invalid::Missing), Err(Invalid::Missing))
        );
        for text in [
            "2025-2-25",
            "2025-02-29",
            "25-12-2025",
            "2025/12/25",
            "+025-12-25",
            "-025-12-25",
            "0000-01-01",
            "2025-12-25T10:30:00Z",
            "2025-12-25T00:00:00",
            "2025-12-25 ",
            "+12025-12-25",
            "0001-01-01T00:00:00+23:59",
            "２０２５-12",
        ] {
            assert_eq!(parse_date(text), Err(Invalid::Date), "{text}");
        }
        for text in [
            "9:30",
            "24:00",
            "12:60",
            "12:30:00",
            "12.30",
            "-1:30",
            "+9:30",
            " 9:30",
            "٠٩:٣٠",
        ] {
            assert_eq!(parse_time(text), Err(Invalid::Time), "{text}");
        }
    }

    #[test]
    fn the_calendar_ends_with_the_years_1_and_9999() {
        for minutes in [i64::MIN, -1_035_593_281, 4_223_371_680, i64::MAX] {
            assert_eq!(LocalMinute::from_minutes(minutes), None);
        }
    }

    proptest! {
        #[test]
        fn minutes_round_trip(minutes in -1_035_593_280_i64..4_223_371_680) {
            let minute = LocalMinute::from_minutes(minutes).unwrap();
            let civil = minute.to_date_time();
            prop_assert_eq!(LocalMinute::new(civil.date(), civil.time()), minute);
        }

        #[test]
        fn parsing_never_panics(text in any::<String>()) {
            let _ = (parse_date(&text), parse_time(&text));
        }
    }
}
