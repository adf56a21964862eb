//! Random hours, bookings, zones and demands.

use crate::{DayException, Hours, Opening, WeeklyOpening};
use proptest::{collection::vec, option, prelude::*};
use time::{Date, macros::date};

/// The first day of the range: a Monday. The starts are searched on the days from 2 to 5 of it.
const MONDAY: Date = date!(2030 - 03 - 04);

/// How many days have bookings, exceptions and changes of the clock.
pub const DAYS: i64 = 9;

/// What is drawn at random.
#[derive(Debug, Clone)]
pub struct World {
    pub account: RawHours,
    pub resources: Vec<RawResource>,
    pub own_busy: Vec<(i64, i64)>,
    /// Sizes of the groups, how many of each are taken (0 is all) and how many are named.
    pub groups: Vec<(usize, usize, usize)>,
    pub duration: i64,
    pub buffers: (i64, i64),
    pub step: i64,
    /// Changes of the offset: UTC minutes after the base, and the offset from then on, in minutes.
    pub zone: Option<Vec<(i64, i64)>>,
    pub notice: Option<i64>,
    pub horizon: Option<i64>,
    pub now: i64,
    pub starts: (i64, i64),
    pub cursor: Option<i64>,
}

/// A weekly window: day, opens, length, first and last valid day.
type RawWindow = (u8, i64, i64, Option<i64>, Option<i64>);

/// Weekly windows, and exceptions (day, windows).
#[derive(Debug, Clone)]
pub struct RawHours {
    pub weekly: Option<Vec<RawWindow>>,
    pub exceptions: Vec<(i64, Vec<(i64, i64)>)>,
}

#[derive(Debug, Clone)]
pub struct RawResource {
    pub active: bool,
    pub hours: RawHours,
    pub busy: Vec<(i64, i64)>,
}

pub fn on(day: i64) -> Date {
    MONDAY + time::Duration::days(day)
}

impl RawHours {
    /// The rules that are valid, each only if it overlaps none before it.
    pub fn build(&self) -> Hours {
        let mut weekly = self.weekly.as_ref().map(|_| Vec::new());
        let mut exceptions = Vec::new();
        for &(day, opens, length, from, until) in self.weekly.iter().flatten() {
            let Ok(opening) = Opening::new(opens, opens + length) else {
                continue;
            };
            let rule = WeeklyOpening {
                day: on(day.into()).weekday(),
                opening,
                valid_from: from.map(on),
                valid_until: until.map(on),
            };
            let more: Vec<_> = weekly.iter().flatten().copied().chain([rule]).collect();
            if Hours::new(Some(more.clone()), Vec::new()).is_ok() {
                weekly = Some(more);
            }
        }
        for (day, windows) in &self.exceptions {
            let windows = windows.iter();
            let openings = windows.filter_map(|(opens, length)| Opening::new(*opens, opens + length).ok());
            let exception = DayException {
                date: on(*day),
                openings: openings.collect(),
            };
            let more: Vec<_> = exceptions.iter().cloned().chain([exception]).collect();
            if Hours::new(None, more.clone()).is_ok() {
                exceptions = more;
            }
        }
        Hours::new(weekly, exceptions).unwrap()
    }
}

fn hours() -> impl Strategy<Value = RawHours> {
    let twenties = |range: std::ops::Range<i64>| range.prop_map(|twenties| twenties * 20);
    let valid = || option::weighted(0.3, 0..DAYS);
    // Long windows, and many that run past midnight.
    let rule = (0_u8..7, twenties(0..72), twenties(3..80), valid(), valid());
    let exception = (1..DAYS - 1, vec((twenties(0..72), twenties(3..100)), 0..3));
    let weekly = option::weighted(0.7, vec(rule, 0..14));
    (weekly, vec(exception, 0..3)).prop_map(|(weekly, exceptions)| RawHours { weekly, exceptions })
}

fn busy() -> impl Strategy<Value = Vec<(i64, i64)>> {
    let length = prop_oneof![9 => 1_i64..60, 1 => 1_i64..600];
    vec((0..DAYS * 288, length), 0..25).prop_map(|busy| {
        let minutes = |(from, length)| (from * 5, length * 5);
        busy.into_iter().map(minutes).collect()
    })
}

pub fn worlds() -> impl Strategy<Value = World> {
    let resource = (prop::bool::weighted(0.9), hours(), busy())
        .prop_map(|(active, hours, busy)| RawResource { active, hours, busy });
    let things = (
        hours(),
        vec(resource, 0..6),
        busy(),
        vec((1_usize..4, 0_usize..3, 0_usize..3), 0..3),
    );
    let lengths = (
        prop_oneof![9 => 1_i64..37, 1 => 37_i64..289],
        prop_oneof![Just((0, 0)), (0_i64..20, 0_i64..20)],
        prop::sample::select(vec![7_i64, 15, 20, 45, 60, 100]),
    );
    let change = (
        96..5 * 96_i64,
        prop::sample::select(vec![-60_i64, 0, 30, 60, 120]),
    );
    let zone = option::weighted(
        0.7,
        vec(change, 0..6).prop_map(|changes| {
            let minutes = |(quarter, offset)| (quarter * 15, offset);
            changes.into_iter().map(minutes).collect()
        }),
    );
    let moments = (
        option::of((0_i64..66).prop_map(|hours| hours * 60)),
        option::of(1_i64..4),
        (0_i64..4 * 96).prop_map(|quarters| quarters * 15),
    );
    let range = (
        2 * 288_i64..4 * 288,
        prop_oneof![0_i64..6, 0_i64..3 * 288],
        option::weighted(0.3, 2 * 288_i64..5 * 288),
    );
    (things, lengths, zone, moments, range).prop_map(|(things, lengths, zone, moments, range)| World {
        account: things.0,
        resources: things.1,
        own_busy: things.2,
        groups: things.3,
        duration: lengths.0 * 5,
        buffers: (lengths.1.0 * 7, lengths.1.1 * 7),
        step: lengths.2,
        notice: moments.0.filter(|_| zone.is_some()),
        horizon: moments.1.filter(|_| zone.is_some()),
        zone,
        now: moments.2,
        starts: (range.0 * 5, (range.0 + range.1).min(6 * 288) * 5),
        cursor: range.2.map(|cursor| cursor * 5),
    })
}
