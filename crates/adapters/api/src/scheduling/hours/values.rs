//! The values of opening hours, as they are in JSON.

use crate::value::{Described, Input, Output, Text, schema};
use chatgrow_domain::{Invalid, Opening, parse_closing, parse_time};
use serde::Serializer;
use serde_json::{Value, json};
use time::Weekday;

/// A day of the week.
impl Text for Weekday {
    fn schema() -> Value {
        schema::choice("Day", "A day of the week.", DAYS.iter().map(|(_, name)| *name))
    }

    fn read(text: String) -> Result<Self, Invalid> {
        if text.trim().is_empty() {
            return Err(Invalid::Missing);
        }
        let allowed = "sunday, monday, tuesday, wednesday, thursday, friday, saturday";
        let mut days = DAYS.iter();
        let day = days.find(|(_, name)| *name == text);
        day.map(|(day, _)| *day).ok_or(Invalid::NotOneOf { allowed })
    }

    fn text(&self) -> &str {
        let (_, name) = DAYS[usize::from(self.number_days_from_sunday())];
        name
    }
}

const DAYS: [(Weekday, &str); 7] = [
    (Weekday::Sunday, "sunday"),
    (Weekday::Monday, "monday"),
    (Weekday::Tuesday, "tuesday"),
    (Weekday::Wednesday, "wednesday"),
    (Weekday::Thursday, "thursday"),
    (Weekday::Friday, "friday"),
    (Weekday::Saturday, "saturday"),
];

/// When a window opens, in minutes after midnight: a time of day.
#[derive(Clone, Copy)]
pub(crate) struct Opens(pub(crate) i64);

impl Described for Opens {
    fn schema() -> Value {
        hour_and_minute("^([01][0-9]|2[0-3]):[0-5][0-9]$", "09:00")
    }
}

impl Input for Opens {
    type Json = String;

    fn parse(text: String) -> Result<Self, Invalid> {
        let time = parse_time(&text)?;
        Ok(Self(i64::from(time.hour()) * 60 + i64::from(time.minute())))
    }
}

impl Output for Opens {
    fn show<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        show_hour_and_minute(self.0, serializer)
    }
}

/// When a window closes, in minutes after the midnight at which its day began. It may be on the next day.
#[derive(Clone, Copy)]
pub(crate) struct Closes(pub(crate) i64);

impl Described for Closes {
    fn schema() -> Value {
        hour_and_minute("^(([0-3][0-9]|4[0-7]):[0-5][0-9]|48:00)$", "17:00")
    }
}

impl Input for Closes {
    type Json = String;

    fn parse(text: String) -> Result<Self, Invalid> {
        parse_closing(&text).map(Self)
    }
}

impl Output for Closes {
    fn show<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        show_hour_and_minute(self.0, serializer)
    }
}

impl Opens {
    /// When a window opens.
    pub(crate) fn of(opening: Opening) -> Self {
        Self(opening.opens())
    }
}

impl Closes {
    /// When a window closes.
    pub(crate) fn of(opening: Opening) -> Self {
        Self(opening.closes())
    }
}

fn hour_and_minute(pattern: &str, example: &str) -> Value {
    json!({ "type": "string", "minLength": 5, "maxLength": 5, "pattern": pattern, "example": example })
}

fn show_hour_and_minute<S: Serializer>(minutes: i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{:02}:{:02}", minutes / 60, minutes % 60))
}
