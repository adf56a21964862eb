//! Instants with a precision of one millisecond, so that the API shows exactly what is stored.

use crate::{Invalid, text::not_blank};
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339, macros::datetime};

/// An instant in UTC, in whole milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(OffsetDateTime);

impl Timestamp {
    /// The last instant that a timestamp can hold.
    pub const MAX: Self = Self(datetime!(9999-12-31 23:59:59.999 UTC));

    /// The instant, truncated to whole milliseconds.
    #[must_use]
    pub fn new(instant: OffsetDateTime) -> Self {
        let instant = instant.to_offset(UtcOffset::UTC);
        Self(instant.truncate_to_millisecond())
    }

    /// The instant that many milliseconds after 1970-01-01T00:00Z. Returns `None` outside the years that the calendar
    /// covers.
    #[must_use]
    pub fn from_millis(millis: i64) -> Option<Self> {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000)
            .ok()
            .map(Self)
    }

    /// Parses an RFC 3339 instant with any offset.
    ///
    /// # Errors
    /// [`Invalid::Missing`] if the text is blank, or [`Invalid::Instant`] if it is not such an instant.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        not_blank(text)?;
        OffsetDateTime::parse(text, &Rfc3339)
            .ok()
            .and_then(|instant| instant.checked_to_offset(UtcOffset::UTC))
            .map(Self::new)
            .ok_or(Invalid::Instant)
    }

    /// Milliseconds since 1970-01-01T00:00Z.
    #[must_use]
    pub fn as_millis(self) -> i64 {
        self.0.unix_timestamp() * 1000 + i64::from(self.0.millisecond())
    }

    /// The instant that comes so many minutes later, or the last one.
    pub(crate) fn minutes_later(self, minutes: i64) -> Self {
        let later = self.as_millis().saturating_add(minutes * 60_000);
        Self::from_millis(later).unwrap_or(Self::MAX)
    }

    /// The instant in UTC.
    #[must_use]
    pub const fn to_utc(self) -> OffsetDateTime {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn instants_of_any_offset_are_read() {
        let noon = Timestamp::from_millis(1_763_899_200_000);
        for text in [
            "2025-11-23T12:00:00Z",
            "2025-11-23T14:00:00.000+02:00",
            "2025-11-23t12:00:00.0009z",
        ] {
            assert_eq!(Timestamp::parse(text).ok(), noon, "{text}");
        }
        assert_eq!(Timestamp::parse(" "), Err(Invalid::Missing));
        for text in [
            "2025-11-23",
            "2025-11-23T12:00:00",
            "2025-11-31T12:00:00Z",
            "2025-11-23T25:00:00Z",
            "1763899200",
            "9999-12-31T23:59:59-01:00",
        ] {
            assert_eq!(Timestamp::parse(text), Err(Invalid::Instant), "{text}");
        }
    }

    proptest! {
        #[test]
        fn milliseconds_round_trip(millis in -62_135_596_800_000_i64..253_402_300_800_000) {
            prop_assert_eq!(Timestamp::from_millis(millis).unwrap().as_millis(), millis);
        }

        #[test]
        fn finer_parts_are_dropped(nanos in 0_i128..2_000_000_000_000_000_000) {
            let exact = OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap();
            prop_assert_eq!(i128::from(Timestamp::new(exact).as_millis()), nanos / 1_000_000);
        }
    }
}
