//! The values that several contexts share.

use crate::{
    fields::Number,
    value::{Described, Input, Output, Text, pack, schema},
};
use chatgrow_domain::{Currency, Invalid, Money, Notes, PageLimit, Timestamp, parse_date, parse_time};
use paperclip::v2::{models::DefaultSchemaRaw, schema::Apiv2Schema};
use serde::{Serialize, Serializer, ser::Error as _};
use serde_json::{Value, json, value::RawValue};
use std::fmt::Display;
use time::{Date, Time};

impl Text for Notes {
    fn schema() -> Value {
        schema::text(Self::MAX_CHARS, "לקוח VIP")
    }

    fn read(text: String) -> Result<Self, Invalid> {
        Self::new(text)
    }

    fn text(&self) -> &str {
        self.as_str()
    }
}

/// A civil date as clients send it. Answers show it as [`Midnight`].
impl Described for Date {
    fn schema() -> Value {
        json!({ "type": "string", "format": "date", "example": "2025-12-25" })
    }
}

impl Input for Date {
    type Json = String;

    fn parse(text: String) -> Result<Self, Invalid> {
        parse_date(&text)
    }
}

/// A civil date as answers show it: midnight UTC.
pub(crate) struct Midnight(pub(crate) Date);

impl Described for Midnight {
    fn schema() -> Value {
        json!({ "type": "string", "format": "date-time", "example": "2025-12-25T00:00:00.000Z" })
    }
}

impl Output for Midnight {
    fn show<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        show_ascii(&rfc3339(self.0, Time::MIDNIGHT), serializer)
    }
}

/// A time of day, in the business's own time.
impl Described for Time {
    fn schema() -> Value {
        json!({
            "type": "string",
            "minLength": 5,
            "maxLength": 5,
            "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$",
            "example": "14:30",
        })
    }
}

impl Input for Time {
    type Json = String;

    fn parse(text: String) -> Result<Self, Invalid> {
        parse_time(&text)
    }
}

impl Output for Time {
    fn show<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut time = *b"00:00";
        write_number(&mut time[..2], self.hour().into());
        write_number(&mut time[3..], self.minute().into());
        show_ascii(&time, serializer)
    }
}

/// An instant. Answers show it in UTC, with milliseconds and `Z`.
impl Described for Timestamp {
    fn schema() -> Value {
        json!({ "type": "string", "format": "date-time", "example": "2025-11-23T10:30:00.000Z" })
    }
}

impl Input for Timestamp {
    type Json = String;

    fn parse(text: String) -> Result<Self, Invalid> {
        Self::parse(&text)
    }
}

impl Output for Timestamp {
    fn show<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let instant = self.to_utc();
        show_ascii(&rfc3339(instant.date(), instant.time()), serializer)
    }
}

/// A list of 50 events contains 150 of these. With `time`'s own formatter they take a sixth of the request's time.
fn rfc3339(date: Date, time: Time) -> [u8; 24] {
    let mut instant = *b"0000-00-00T00:00:00.000Z";
    write_to_the_minute(&mut instant, date, time);
    write_number(&mut instant[17..19], time.second().into());
    write_number(&mut instant[20..23], time.millisecond().into());
    instant
}

/// Writes a date and a time over the first 16 bytes, which have the form `0000-00-00T00:00`.
pub(crate) fn write_to_the_minute(text: &mut [u8], date: Date, time: Time) {
    let (year, month, day) = date.to_calendar_date();
    // The API doesn't accept dates before the year 0.
    write_number(&mut text[..4], year.unsigned_abs());
    write_number(&mut text[5..7], u8::from(month).into());
    write_number(&mut text[8..10], day.into());
    write_number(&mut text[11..13], time.hour().into());
    write_number(&mut text[14..16], time.minute().into());
}

/// Writes the number in decimal, with leading zeros.
#[expect(clippy::expect_used, reason = "a digit is less than ten")]
pub(crate) fn write_number(place: &mut [u8], mut number: u32) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).expect("a digit");
        number /= 10;
    }
}

#[expect(clippy::expect_used, reason = "digits and separators are ASCII")]
pub(crate) fn show_ascii<S: Serializer>(text: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(str::from_utf8(text).expect("ASCII"))
}

/// An amount of money: an exact JSON number.
impl Described for Money {
    fn schema() -> Value {
        // A double, because without a format some clients use a 32-bit float, which can't represent 999999.99. The
        // limit to two decimals is not in the schema, because validators that divide refuse valid prices.
        json!({ "type": "number", "format": "double", "minimum": 0, "maximum": 999_999_999.99, "example": 149.9 })
    }
}

impl Input for Money {
    type Json = Number;

    fn parse(number: Number) -> Result<Self, Invalid> {
        Self::parse(number.as_str())
    }
}

impl Output for Money {
    fn show<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        show_number(self, serializer)
    }
}

/// Shows what displays as a JSON number with exactly these digits.
pub(crate) fn show_number<S: Serializer>(number: &impl Display, serializer: S) -> Result<S::Ok, S::Error> {
    RawValue::from_string(number.to_string())
        .map_err(S::Error::custom)?
        .serialize(serializer)
}

impl Text for Currency {
    fn schema() -> Value {
        json!({ "type": "string", "minLength": 3, "maxLength": 3, "pattern": "^[A-Z]{3}$", "example": "ILS" })
    }

    fn read(text: String) -> Result<Self, Invalid> {
        text.parse()
    }

    fn text(&self) -> &str {
        self.code()
    }
}

impl Described for bool {
    fn schema() -> Value {
        json!({ "type": "boolean", "example": true })
    }
}

impl Input for bool {
    type Json = Self;

    fn parse(json: Self) -> Result<Self, Invalid> {
        Ok(json)
    }
}

impl Output for bool {
    fn show<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(*self)
    }
}

/// A boolean in the query string, and therefore a text.
pub(crate) struct Flag(pub(crate) bool);

impl Described for Flag {
    fn schema() -> Value {
        bool::schema()
    }
}

impl Input for Flag {
    type Json = String;

    fn parse(text: String) -> Result<Self, Invalid> {
        let allowed = "true, false";
        text.parse().map(Self).map_err(|_| Invalid::NotOneOf { allowed })
    }
}

/// The `limit` of a list. It is only a parameter, and therefore a text.
impl Described for PageLimit {
    fn schema() -> Value {
        json!({
            "type": "integer",
            "minimum": Self::MIN,
            "maximum": Self::MAX,
            "default": Self::DEFAULT.get(),
            "example": 10,
        })
    }
}

impl Input for PageLimit {
    type Json = String;

    fn parse(text: String) -> Result<Self, Invalid> {
        // A text that is not a whole number counts as out of range.
        Self::new(text.parse().unwrap_or(i64::MIN))
    }
}

/// How many items an answer holds.
pub(crate) struct Count(pub(crate) usize);

impl Described for Count {
    fn schema() -> Value {
        schema::integer(0, PageLimit::MAX.into(), 1)
    }
}

impl Output for Count {
    fn show<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// The start of a page in a list, as a text that is opaque to clients.
pub(crate) struct Cursor(pub(crate) String);

impl Text for Cursor {
    fn schema() -> Value {
        json!({
            "type": "string",
            "minLength": 17,
            "maxLength": 41,
            "example": "c507f1f77bcf86cd799439011",
        })
    }

    fn read(text: String) -> Result<Self, Invalid> {
        Ok(Self(text))
    }

    fn text(&self) -> &str {
        &self.0
    }
}

/// The `true` in every answer that is not an error.
pub(crate) struct Success;

impl Serialize for Success {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(true)
    }
}

impl Apiv2Schema for Success {
    fn raw_schema() -> DefaultSchemaRaw {
        pack(json!({ "type": "boolean", "enum": [true], "example": true }))
    }
}

/// What was done, as a sentence for people.
pub(crate) struct Sentence(pub(crate) &'static str);

impl Described for Sentence {
    fn schema() -> Value {
        json!({ "type": "string", "minLength": 1, "example": "Appointment cancelled successfully" })
    }
}

impl Output for Sentence {
    fn show<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Shown;
    use time::macros::{date, time};

    fn shown(value: impl Output) -> String {
        serde_json::to_string(&Shown(value)).unwrap()
    }

    #[test]
    fn answers_fill_every_place_of_dates_and_times() {
        assert_eq!(
            shown(Midnight(date!(0987 - 06 - 05))),
            r#""0987-06-05T00:00:00.000Z""#
        );
        assert_eq!(shown(time!(09:05:59)), r#""09:05""#);
        let instant = Timestamp::from_millis(1_763_893_800_007).unwrap();
        assert_eq!(shown(instant), r#""2025-11-23T10:30:00.007Z""#);
    }

    #[test]
    fn answers_tell_money_exactly_and_nothing_as_null() {
        let most = Money::from_minor(Money::MAX_MINOR).unwrap();
        assert_eq!(shown(Some(most)), "999999999.99");
        assert_eq!(shown(None::<Money>), "null");
    }
}
