//! Instants, to the millisecond: what the API shows is exactly what is stored.

use time::{OffsetDateTime, UtcOffset};

/// An instant in UTC, in whole milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(OffsetDateTime);

impl Timestamp {
    /// Drops what is finer than a millisecond.
    #[must_use]
    pub fn new(instant: OffsetDateTime) -> Self {
        let instant = instant.to_offset(UtcOffset::UTC);
        Self(instant.truncate_to_millisecond())
    }

    /// Milliseconds since 1970-01-01T00:00Z; `None` beyond the calendar's years.
    #[must_use]
    pub fn from_millis(millis: i64) -> Option<Self> {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000)
            .ok()
            .map(Self)
    }

    /// Milliseconds since 1970-01-01T00:00Z.
    #[must_use]
    pub fn as_millis(self) -> i64 {
        self.0.unix_timestamp() * 1000 + i64::from(self.0.millisecond())
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
