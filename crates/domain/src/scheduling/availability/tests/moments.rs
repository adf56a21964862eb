//! A zone whose clocks change, and the rules that depend on the instant.

use super::*;

/// A zone whose offset changes at given instants. All is in whole minutes.
#[derive(Debug)]
pub(super) struct TestZone {
    name: TimeZoneName,
    /// Instants in order, with the offset from then on. Before the first it is 0.
    changes: Vec<(i64, i64)>,
}

impl TestZone {
    pub(super) fn new(mut changes: Vec<(i64, i64)>) -> Self {
        changes.sort_unstable();
        Self {
            name: TimeZoneName::new("Test/Zone").unwrap(),
            changes,
        }
    }

    pub(super) fn offset_at(&self, instant: i64) -> i64 {
        let before = self.changes.iter().rev().find(|(at, _)| *at <= instant);
        before.map_or(0, |(_, offset)| *offset)
    }

    fn zoned(&self, instant: i64) -> Zoned {
        Zoned {
            instant: Timestamp::from_millis(instant * 60_000).unwrap(),
            offset: i32::try_from(self.offset_at(instant) * 60).unwrap(),
        }
    }

    /// The first instant at which the clock shows that minute.
    fn first_instant(&self, local: i64) -> Option<i64> {
        let offsets = self.changes.iter().map(|(_, offset)| *offset).chain([0]);
        let instants = offsets.map(|offset| local - offset);
        instants
            .filter(|instant| instant + self.offset_at(*instant) == local)
            .min()
    }
}

impl Zone for TestZone {
    fn name(&self) -> &TimeZoneName {
        &self.name
    }

    fn meaning(&self, local: LocalMinute) -> Meaning {
        let wanted = local.as_minutes();
        if let Some(instant) = self.first_instant(wanted) {
            return Meaning::At(self.zoned(instant));
        }
        let shown = |minute: &i64| self.first_instant(*minute).is_some();
        let before = (0..wanted).rev().find(shown).unwrap();
        let after = (wanted..wanted + 1440).find(shown).unwrap();
        Meaning::Gap {
            before: minute(before),
            after: minute(after),
            change: self.zoned(self.first_instant(after).unwrap()),
        }
    }

    fn local(&self, instant: Timestamp) -> Option<LocalMinute> {
        let instant = instant.as_millis().div_euclid(60_000);
        LocalMinute::from_minutes(instant + self.offset_at(instant))
    }
}

/// Clocks go forward on Sunday from 02:00 to 03:00, and back a day later from 02:00 to 01:00.
pub(super) fn changing() -> TestZone {
    TestZone::new(vec![(SUNDAY + 120, 60), (SUNDAY + 1440 + 60, 0)])
}

#[test]
fn hours_keep_their_time_on_the_days_the_clocks_change() {
    let calendar = calendar(rules(week(&[("13:00", "15:00")])), Some(changing()), Vec::new());
    for day in [SUNDAY - 1440, SUNDAY, SUNDAY + 1440] {
        let starts = offered(&calendar, &Demand::own(length(60)), day, 30);
        assert_eq!(starts, ["13:00", "13:30", "14:00"]);
    }
}

#[test]
fn a_start_in_a_gap_is_not_offered_but_a_slot_that_spans_it_is() {
    let calendar = calendar(rules(week(&[("01:00", "05:00")])), Some(changing()), Vec::new());
    let demand = Demand::own(length(90));
    let starts = offered(&calendar, &demand, SUNDAY, 30);
    assert_eq!(starts, ["01:00", "01:30", "03:00", "03:30"]);
    let gap = Obstacle::Gap {
        before: minute(SUNDAY + 119),
        after: minute(SUNDAY + 180),
    };
    let decided = calendar.decide(&demand, minute(SUNDAY + 150), Policies::Overridden);
    assert_eq!(decided, Err(gap));
    // The hour that comes twice is offered once.
    let starts = offered(&calendar, &demand, SUNDAY + 1440, 30);
    assert_eq!(starts, ["01:00", "01:30", "02:00", "02:30", "03:00", "03:30"]);
}

#[test]
fn notice_and_horizon_compare_instants_and_a_fold_means_the_earlier_one() {
    let mut calendar = calendar(ScheduleRules::default(), Some(changing()), Vec::new());
    let demand = Demand::own(length(15));
    let decide = |calendar: &Calendar, start| calendar.decide(&demand, minute(start), Policies::Kept);
    // 01:30 comes twice on the day after Sunday. It means the first time: 00:30 UTC.
    let monday = SUNDAY + 1440;
    calendar.rules.min_notice = Some(Notice::from_minutes(0).unwrap());
    calendar.now = Timestamp::from_millis((monday + 30) * 60_000).unwrap();
    assert_eq!(decide(&calendar, monday + 90), Ok(Vec::new()), "now");
    assert_eq!(decide(&calendar, monday + 89), Err(Obstacle::TooSoon));
    calendar.now = Timestamp::from_millis((monday + 30) * 60_000 + 1).unwrap();
    assert_eq!(decide(&calendar, monday + 90), Err(Obstacle::TooSoon));
    // From 02:00 on, the clock shows UTC again.
    assert_eq!(decide(&calendar, monday + 120), Ok(Vec::new()));
    // A day of the horizon has 24 hours: here it ends an hour later on the clock.
    calendar.now = Timestamp::from_millis((SUNDAY - 600) * 60_000).unwrap();
    calendar.rules.horizon = Some(Horizon::from_days(1).unwrap());
    assert_eq!(decide(&calendar, SUNDAY + 1440 - 600 + 59), Ok(Vec::new()));
    let too_far = SUNDAY + 1440 - 600 + 60;
    assert_eq!(decide(&calendar, too_far), Err(Obstacle::TooFar));
    let overridden = calendar.decide(&demand, minute(too_far), Policies::Overridden);
    assert_eq!(overridden, Ok(Vec::new()));
}
