//! Dates and times in words.

use crate::words::Words;
use chatgrow_application::WallClock;
use chatgrow_domain::{LocalMinute, Timestamp};
use time::{Date, Time, macros::format_description};

impl Words {
    /// `14 June 2026`.
    pub(crate) fn date(self, date: Date) -> String {
        self.with(
            "date",
            [
                ("day", date.day().to_string().into()),
                ("month", self.month(date).into()),
                ("year", date.year().to_string().into()),
            ],
        )
    }

    /// `14 June`, with the year if it is another one than today's.
    pub(crate) fn short_date(self, date: Date, today: Date) -> String {
        if date.year() != today.year() {
            return self.date(date);
        }
        self.with(
            "date-without-year",
            [
                ("day", date.day().to_string().into()),
                ("month", self.month(date).into()),
            ],
        )
    }

    /// `Sunday`.
    pub(crate) fn weekday(self, date: Date) -> String {
        self.weekday_number(date.weekday().number_days_from_sunday())
    }

    /// The day with that number; 0 is Sunday.
    pub(crate) fn weekday_number(self, number: u8) -> String {
        self.text(&format!("weekday-{number}"))
    }

    /// When something happened, as in "3 minutes ago".
    pub(crate) fn ago(self, clock: &WallClock, instant: Timestamp) -> String {
        let minutes = (clock.now.as_millis() - instant.as_millis()).div_euclid(60_000);
        match minutes {
            ..1 => self.text("ago-now"),
            1..60 => self.count("ago-minutes", minutes),
            60..1440 => self.count("ago-hours", minutes / 60),
            _ => self.short_date(clock.at(instant).to_date_time().date(), clock.today()),
        }
    }

    fn month(self, date: Date) -> String {
        self.text(&format!("month-{}", u8::from(date.month())))
    }

    /// `Sunday, 14 June`.
    pub(crate) fn day(self, date: Date, today: Date) -> String {
        self.with(
            "day-of",
            [
                ("weekday", self.weekday(date).into()),
                ("date", self.short_date(date, today).into()),
            ],
        )
    }

    /// `14–20 June 2026`, or the two dates if they are in different months.
    pub(crate) fn days(self, first: Date, last: Date, today: Date) -> String {
        if (first.year(), first.month()) != (last.year(), last.month()) {
            let (from, to) = (self.short_date(first, today), self.short_date(last, today));
            return self.with("week-of", [("from", from.into()), ("to", to.into())]);
        }
        self.with(
            "date",
            [
                ("day", format!("{}–{}", first.day(), last.day()).into()),
                ("month", self.month(first).into()),
                ("year", first.year().to_string().into()),
            ],
        )
    }

    /// `Sunday, 14 June, 12:15`, on the clock of the business.
    pub(crate) fn instant(self, clock: &WallClock, instant: Timestamp) -> String {
        self.moment(clock.at(instant), clock.today())
    }

    /// `Sunday, 14 June, 12:15`.
    pub(crate) fn moment(self, at: LocalMinute, today: Date) -> String {
        let at = at.to_date_time();
        self.with(
            "moment",
            [
                ("weekday", self.weekday(at.date()).into()),
                ("date", self.short_date(at.date(), today).into()),
                ("time", clock(at.time()).into()),
            ],
        )
    }
}

/// `09:15`.
pub(crate) fn clock(time: Time) -> String {
    let form = format_description!("[hour]:[minute]");
    time.format(form).unwrap_or_default()
}

/// The minutes of a day.
pub(crate) const DAY: i64 = 1440;

/// `09:15`, for minutes after midnight. The end of a day is `24:00`.
pub(crate) fn minutes(minutes: i64) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

/// `2026-06-14`, as a field of a form has it.
pub(crate) fn field_date(date: Date) -> String {
    let form = format_description!("[year]-[month]-[day]");
    date.format(form).unwrap_or_default()
}
