//! Opening hours as they are stored: JSON in one column, `NULL` if there is no rule.
//!
//! ```json
//! {
//!   "weekly": [{ "day": 1, "opens": 540, "closes": 1020, "from": "2030-01-01", "until": "2030-12-31" }],
//!   "dates": [{ "date": "2030-06-05" }, { "date": "2030-06-06", "openings": [[600, 720]] }]
//! }
//! ```
//!
//! `day` counts from Monday, 1, to Sunday, 7. `opens` and `closes` are minutes after that day's midnight. What has no
//! value is omitted: without `weekly` there is no rule for the week, and a date without `openings` is closed. Fields
//! that are not known here are ignored, so a later version may add some.

use chatgrow_domain::{DayException, Hours, Opening, WeeklyOpening};
use serde::{Deserialize, Serialize};
use std::iter::successors;
use time::{
    Date, Weekday,
    format_description::{BorrowedFormatItem, StaticFormatDescription},
    macros::format_description,
};

#[derive(Serialize, Deserialize)]
struct StoredHours {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    weekly: Option<Vec<StoredOpening>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    dates: Vec<StoredDate>,
}

#[derive(Serialize, Deserialize)]
struct StoredOpening {
    day: u8,
    opens: i64,
    closes: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct StoredDate {
    date: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    openings: Vec<(i64, i64)>,
}

const DATE: StaticFormatDescription = DATE_ITEMS;
const DATE_ITEMS: &[BorrowedFormatItem<'static>] = format_description!("[year]-[month]-[day]");

/// The text of the date. That of a date on the calendar can't fail.
fn write_date(date: Date) -> String {
    date.format(DATE).unwrap_or_default()
}

fn read_date(text: &str) -> Option<Date> {
    Date::parse(text, DATE).ok()
}

fn read_optional_date(text: Option<&str>) -> Option<Option<Date>> {
    match text {
        None => Some(None),
        Some(text) => read_date(text).map(Some),
    }
}

fn read_day(number: u8) -> Option<Weekday> {
    let mut week = successors(Some(Weekday::Monday), |day| Some(day.next())).take(7);
    week.find(|day| day.number_from_monday() == number)
}

/// The column's value.
pub(super) fn write(hours: &Hours) -> Option<String> {
    let weekly = |rule: &WeeklyOpening| StoredOpening {
        day: rule.day.number_from_monday(),
        opens: rule.opening.opens(),
        closes: rule.opening.closes(),
        from: rule.valid_from.map(write_date),
        until: rule.valid_until.map(write_date),
    };
    let date = |exception: &DayException| StoredDate {
        date: write_date(exception.date),
        openings: exception
            .openings
            .iter()
            .map(|opening| (opening.opens(), opening.closes()))
            .collect(),
    };
    let stored = StoredHours {
        weekly: hours.weekly().map(|rules| rules.iter().map(weekly).collect()),
        dates: hours.exceptions().iter().map(date).collect(),
    };
    // Structs of strings and numbers always serialize.
    (!hours.is_empty()).then(|| serde_json::to_string(&stored).unwrap_or_default())
}

/// The hours of a column. `None` if the value is not valid.
pub(super) fn read(column: Option<&str>) -> Option<Hours> {
    let Some(json) = column else {
        return Some(Hours::default());
    };
    let stored: StoredHours = serde_json::from_str(json).ok()?;
    let weekly = |rule: StoredOpening| {
        Some(WeeklyOpening {
            day: read_day(rule.day)?,
            opening: Opening::new(rule.opens, rule.closes).ok()?,
            valid_from: read_optional_date(rule.from.as_deref())?,
            valid_until: read_optional_date(rule.until.as_deref())?,
        })
    };
    let date = |stored: StoredDate| {
        let openings = stored.openings.into_iter();
        let openings = openings.map(|(opens, closes)| Opening::new(opens, closes).ok());
        Some(DayException {
            date: read_date(&stored.date)?,
            openings: openings.collect::<Option<_>>()?,
        })
    };
    let rules = match stored.weekly {
        None => None,
        Some(rules) => Some(rules.into_iter().map(weekly).collect::<Option<Vec<_>>>()?),
    };
    let dates = stored.dates.into_iter().map(date).collect::<Option<Vec<_>>>()?;
    Hours::new(rules, dates).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_rule_is_null_and_an_empty_week_is_not() {
        assert_eq!(write(&Hours::default()), None);
        assert_eq!(read(None), Some(Hours::default()));
        let closed = Hours::new(Some(Vec::new()), Vec::new()).unwrap();
        assert_eq!(write(&closed).as_deref(), Some(r#"{"weekly":[]}"#));
        assert_eq!(read(Some(r#"{"weekly":[]}"#)), Some(closed));
    }

    #[test]
    fn every_date_and_day_is_read_back() {
        for date in [Date::MIN, Date::MAX, Date::from_ordinal_date(0, 1).unwrap()] {
            assert_eq!(read_date(&write_date(date)), Some(date), "{date}");
        }
        for number in 1..=7 {
            assert_eq!(read_day(number).unwrap().number_from_monday(), number);
        }
        assert_eq!((read_day(0), read_day(8)), (None, None));
    }

    #[test]
    fn the_form_is_as_documented_and_unknown_fields_are_ignored() {
        let json = r#"{"weekly":[{"day":7,"opens":540,"closes":1500,"from":"2030-01-01","until":"2030-12-31"}],"dates":[{"date":"2030-06-05"},{"date":"2030-06-06","openings":[[600,720]]}]}"#;
        let hours = read(Some(json)).unwrap();
        assert_eq!(write(&hours).as_deref(), Some(json));
        let later = r#"{"weekly":[{"day":7,"opens":540,"closes":1500,"label":"late"}],"version":2}"#;
        assert_eq!(read(Some(later)).unwrap().weekly().unwrap().len(), 1);
    }

    #[test]
    fn what_is_not_valid_is_not_read() {
        for json in [
            "",
            "[]x",
            "5",
            r#"{"weekly":[{"day":8,"opens":0,"closes":1}]}"#,
            r#"{"weekly":[{"day":1,"opens":60,"closes":1}]}"#,
            r#"{"weekly":[{"day":1,"opens":0,"closes":1,"from":"soon"}]}"#,
            r#"{"dates":[{"date":"2030-02-30"}]}"#,
            r#"{"dates":[{"date":"2030-02-01","openings":[[0,60],[30,90]]}]}"#,
        ] {
            assert_eq!(read(Some(json)), None, "{json}");
        }
    }
}
