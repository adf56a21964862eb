//! Minutes of the wall clock and instants with their offset, as they are in JSON.

use crate::value::{
    Described, Input, Midnight, Output, Shown, show_ascii, write_number, write_to_the_minute,
};
use chatgrow_domain::{Invalid, LocalMinute, Zoned, parse_date, parse_time};
use paperclip::actix::Apiv2Schema;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use time::{Time, UtcOffset};

/// A minute of the wall clock. Clients may send a date alone, which is its midnight.
impl Described for LocalMinute {
    fn schema() -> Value {
        json!({
            "type": "string",
            "minLength": 10,
            "maxLength": 24,
            "example": "2027-01-31T14:30",
            "description": "Civil time without a zone.",
        })
    }
}

impl Input for LocalMinute {
    type Json = String;

    fn parse(text: String) -> Result<Self, Invalid> {
        let (date, time) = match text.split_once('T') {
            Some((date, time)) if time.len() == "HH:MM".len() => (date, Some(time)),
            _ => (text.as_str(), None),
        };
        let date = parse_date(date).map_err(|why| local(&text, why))?;
        let time = time.map_or(Ok(Time::MIDNIGHT), parse_time);
        let time = time.map_err(|_| Invalid::LocalMinute)?;
        Ok(Self::new(date, time))
    }
}

/// Only the whole text can be missing, not its date alone.
fn local(text: &str, why: Invalid) -> Invalid {
    match why {
        Invalid::Missing if !text.contains('T') => why,
        _ => Invalid::LocalMinute,
    }
}

impl Output for LocalMinute {
    fn show<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = *b"0000-00-00T00:00";
        let minute = self.to_date_time();
        write_to_the_minute(&mut text, minute.date(), minute.time());
        show_ascii(&text, serializer)
    }
}

/// An instant with the offset that the business's clock has then.
impl Described for Zoned {
    fn schema() -> Value {
        json!({ "type": "string", "format": "date-time", "example": "2027-01-31T14:30:00+02:00" })
    }
}

impl Output for Zoned {
    fn show<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // RFC 3339 has no seconds in offsets. Zones had them before they had standard time.
        let offset = UtcOffset::from_whole_seconds(self.offset / 60 * 60).unwrap_or(UtcOffset::UTC);
        let shown = self.instant.to_utc().checked_to_offset(offset);
        let shown = shown.unwrap_or_else(|| self.instant.to_utc());
        let mut text = *b"0000-00-00T00:00:00+00:00";
        write_to_the_minute(&mut text, shown.date(), shown.time());
        write_number(&mut text[17..19], shown.second().into());
        if shown.offset().is_negative() {
            text[19] = b'-';
        }
        let (hours, minutes, _) = shown.offset().as_hms();
        write_number(&mut text[20..22], hours.unsigned_abs().into());
        write_number(&mut text[23..], minutes.unsigned_abs().into());
        show_ascii(&text, serializer)
    }
}

/// A start, in two parts.
#[derive(Serialize, Apiv2Schema)]
pub(crate) struct Start {
    /// The civil date, at midnight UTC.
    date: Shown<Midnight>,
    /// The time of day, in the business's own time.
    time: Shown<Time>,
}

impl From<LocalMinute> for Start {
    fn from(start: LocalMinute) -> Self {
        let start = start.to_date_time();
        Self {
            date: Shown(Midnight(start.date())),
            time: Shown(start.time()),
        }
    }
}

/// The minute that many minutes later, if the calendar has it.
pub(crate) fn later(start: LocalMinute, minutes: i64) -> Option<LocalMinute> {
    LocalMinute::from_minutes(start.as_minutes().checked_add(minutes)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatgrow_domain::Timestamp;

    fn shown(value: impl Output) -> String {
        serde_json::to_string(&Shown(value)).unwrap()
    }

    #[test]
    fn a_minute_is_read_in_all_forms_and_shown_in_one() {
        for text in ["2030-07-01T00:00", "2030-07-01", "2030-07-01T00:00:00.000Z"] {
            let minute = LocalMinute::parse(text.to_owned()).unwrap();
            assert_eq!(shown(minute), r#""2030-07-01T00:00""#, "{text}");
        }
        for text in [
            "2030-07-01T24:00",
            "2030-07-01T12",
            "2030-13-01T12:00",
            "T12:00",
            "2030-07-01 12:00",
        ] {
            assert_eq!(
                LocalMinute::parse(text.to_owned()),
                Err(Invalid::LocalMinute),
                "{text}"
            );
        }
        assert_eq!(LocalMinute::parse(" ".to_owned()), Err(Invalid::Missing));
    }

    #[test]
    fn an_instant_is_shown_with_its_offset() {
        let instant = Timestamp::parse("2030-06-11T06:00:00Z").unwrap();
        for (offset, text) in [
            (10_800, "2030-06-11T09:00:00+03:00"),
            (0, "2030-06-11T06:00:00+00:00"),
            (-16_200, "2030-06-11T01:30:00-04:30"),
            (8_440, "2030-06-11T08:20:00+02:20"),
        ] {
            assert_eq!(shown(Zoned { instant, offset }), format!("{text:?}"));
        }
    }
}
