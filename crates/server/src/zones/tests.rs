use super::*;
use chatgrow_domain::{
    Agenda, Calendar, DayException, Demand, Duration, Hours, Opening, Policies, ScheduleRules, parse_date,
    parse_time,
};
use proptest::prelude::*;

fn find(name: &str) -> Option<Arc<dyn Zone>> {
    BundledZones::default().find(&TimeZoneName::new(name).unwrap())
}

fn zone(name: &str) -> Arc<dyn Zone> {
    find(name).unwrap()
}

/// The minute of a text such as `2030-03-29 02:30`.
fn at(text: &str) -> LocalMinute {
    let (date, time) = text.split_once(' ').unwrap();
    LocalMinute::new(parse_date(date).unwrap(), parse_time(time).unwrap())
}

fn utc(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn assert_gap(name: &str, inside: &str, before: &str, after: &str, change: &str, hours: i32) {
    let gap = Meaning::Gap {
        before: at(before),
        after: at(after),
        change: Zoned {
            instant: utc(change),
            offset: hours * 3600,
        },
    };
    assert_eq!(zone(name).meaning(at(inside)), gap, "{name} {inside}");
    for outside in [before, after] {
        let meaning = zone(name).meaning(at(outside));
        assert!(matches!(meaning, Meaning::At(_)), "{name} {outside}");
    }
    assert_eq!(zone(name).local(utc(change)), Some(at(after)), "{name}");
}

fn assert_at(name: &str, local: &str, instant: &str, hours: i32) {
    let zoned = Zoned {
        instant: utc(instant),
        offset: hours * 3600,
    };
    assert_eq!(
        zone(name).meaning(at(local)),
        Meaning::At(zoned),
        "{name} {local}"
    );
}

#[test]
fn clocks_go_forward() {
    let jerusalem = ["2025-03-28 01:59", "2025-03-28 03:00", "2025-03-28T00:00:00Z"];
    let berlin = ["2025-03-30 01:59", "2025-03-30 03:00", "2025-03-30T01:00:00Z"];
    let new_york = ["2025-03-09 01:59", "2025-03-09 03:00", "2025-03-09T07:00:00Z"];
    for (name, [before, after, change], hours) in [
        ("Asia/Jerusalem", jerusalem, 3),
        ("Europe/Berlin", berlin, 2),
        ("America/New_York", new_york, -4),
    ] {
        let date = &before[..10];
        for minute in ["02:00", "02:30", "02:59"] {
            assert_gap(name, &format!("{date} {minute}"), before, after, change, hours);
        }
    }
}

#[test]
fn clocks_go_back_and_the_earlier_instant_counts() {
    assert_at("Asia/Jerusalem", "2025-10-26 01:30", "2025-10-25T22:30:00Z", 3);
    assert_at("Asia/Jerusalem", "2025-10-26 02:00", "2025-10-26T00:00:00Z", 2);
    assert_at("Europe/Berlin", "2025-10-26 02:30", "2025-10-26T00:30:00Z", 2);
    assert_at("Europe/Berlin", "2025-10-26 03:00", "2025-10-26T02:00:00Z", 1);
    assert_at("America/New_York", "2025-11-02 01:30", "2025-11-02T05:30:00Z", -4);
    assert_at("America/New_York", "2025-11-02 02:00", "2025-11-02T07:00:00Z", -5);
    // The clock shows the repeated hour twice.
    for instant in ["2025-10-26T00:30:00Z", "2025-10-26T01:30:59.999Z"] {
        assert_eq!(
            zone("Europe/Berlin").local(utc(instant)),
            Some(at("2025-10-26 02:30"))
        );
    }
}

#[test]
fn some_days_have_no_midnight() {
    for (name, change, hours, before, after) in [
        (
            "Africa/Cairo",
            "2025-04-24T22:00:00Z",
            3,
            "2025-04-24 23:59",
            "2025-04-25 01:00",
        ),
        (
            "Asia/Beirut",
            "2025-03-29T22:00:00Z",
            3,
            "2025-03-29 23:59",
            "2025-03-30 01:00",
        ),
    ] {
        let date = &after[..10];
        for minute in ["00:00", "00:59"] {
            assert_gap(name, &format!("{date} {minute}"), before, after, change, hours);
        }
    }
}

#[test]
fn a_gap_may_be_half_an_hour_or_a_whole_day() {
    let gap = Meaning::Gap {
        before: at("2025-10-05 01:59"),
        after: at("2025-10-05 02:30"),
        change: Zoned {
            instant: utc("2025-10-04T15:30:00Z"),
            offset: 11 * 3600,
        },
    };
    assert_eq!(zone("Australia/Lord_Howe").meaning(at("2025-10-05 02:15")), gap);
    let noon = "2011-12-30 12:00";
    assert_gap(
        "Pacific/Apia",
        noon,
        "2011-12-29 23:59",
        "2011-12-31 00:00",
        "2011-12-30T10:00:00Z",
        14,
    );
}

#[test]
fn offsets_of_old_have_seconds() {
    // Until 1880 the clocks of Jerusalem showed the sun's time: 2:20:54 ahead of UTC, then 2:20:40.
    let solar = zone("Asia/Jerusalem").meaning(at("1879-01-01 12:00")).instant();
    assert_eq!((solar.offset, solar.instant), (8454, utc("1879-01-01T09:39:06Z")));
    // In 1906 the clocks of Kolkata went from 00:00:00 to 00:08:50, so the gap ends within a minute.
    let gap = zone("Asia/Kolkata").meaning(at("1906-01-01 00:08"));
    let Meaning::Gap {
        before,
        after,
        change,
    } = gap
    else {
        panic!("{gap:?}")
    };
    assert_eq!((before, after), (at("1905-12-31 23:59"), at("1906-01-01 00:09")));
    assert_eq!(change.instant, utc("1905-12-31T18:38:50Z"));
}

#[test]
fn names_are_found_in_any_case_and_told_in_the_canonical_spelling() {
    assert_eq!(zone("asia/JERUSALEM").name().as_str(), "Asia/Jerusalem");
    assert_eq!(zone("utc").name().as_str(), "UTC");
    assert_eq!(
        zone("europe/kiev").name().as_str(),
        "Europe/Kiev",
        "an old name stays"
    );
    for unknown in [
        "Asia/Atlantis",
        "Etc/Unknown",
        "EST5EDT,M3.2.0,M11.1.0",
        "+02",
        "Local",
        "posix/UTC",
        "../UTC",
    ] {
        let Ok(name) = TimeZoneName::new(unknown) else {
            continue;
        };
        assert!(BundledZones::default().find(&name).is_none(), "{unknown}");
    }
}

#[test]
fn the_version_is_told() {
    let zones = BundledZones::default();
    let (year, letters) = zones.version().split_at(4);
    assert!(
        year.parse::<u16>().is_ok() && !letters.is_empty(),
        "{year}{letters}"
    );
}

#[test]
fn the_ends_of_the_calendar_have_a_meaning() {
    let (first, last) = (-1_035_593_280, 4_223_371_679);
    for name in ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Berlin"] {
        let zone = zone(name);
        for minutes in [first, last] {
            let minute = LocalMinute::from_minutes(minutes).unwrap();
            let Meaning::At(zoned) = zone.meaning(minute) else {
                panic!("a gap in {name}")
            };
            let utc = minutes * 60 - i64::from(zoned.offset);
            let held = utc.min(Timestamp::MAX.as_millis() / 1000);
            assert_eq!(zoned.instant.as_millis().div_euclid(1000), held, "{name}");
        }
        assert!(
            zone.local(Timestamp::MAX)
                .is_none_or(|minute| minute.as_minutes() > last - 1440)
        );
    }
}

fn calendar(zone: &str, rules: ScheduleRules, now: &str) -> Calendar {
    Calendar::new(rules, find(zone), utc(now)).with(None, Agenda::own(Vec::new()))
}

fn offered(calendar: &Calendar, date: &str, minutes: i64) -> Vec<String> {
    let midnight = at(&format!("{date} 00:00"));
    let next = LocalMinute::from_minutes(midnight.as_minutes() + 1440).unwrap();
    let demand = Demand::own(Duration::from_minutes(minutes).unwrap());
    let starts = calendar.search(&demand, midnight..next, Duration::from_minutes(30).unwrap(), None);
    let free = starts.filter(|(_, verdict)| verdict.is_ok());
    free.map(|(start, _)| {
        start.to_date_time().time().to_string()[..5]
            .trim_end_matches(':')
            .to_owned()
    })
    .collect()
}

#[test]
fn a_day_without_midnight_is_searched_from_its_first_minute() {
    for (name, date) in [("Africa/Cairo", "2025-04-25"), ("Asia/Beirut", "2025-03-30")] {
        let calendar = calendar(name, ScheduleRules::default(), "2025-01-01T00:00:00Z");
        let starts = offered(&calendar, date, 60);
        assert_eq!((starts.len(), starts[0].as_str()), (46, "1:00"), "{name}");
        // A slot of the evening before may span the gap.
        let evening = at(&format!("{date} 00:00")).as_minutes() - 30;
        let demand = Demand::own(Duration::DEFAULT);
        let evening = LocalMinute::from_minutes(evening).unwrap();
        assert_eq!(
            calendar.decide(&demand, evening, Policies::Kept),
            Ok(Vec::new()),
            "{name}"
        );
    }
}

#[test]
fn hours_from_13_are_hours_from_13_on_the_days_the_clocks_change() {
    for (name, date) in [
        ("Asia/Jerusalem", "2025-03-28"),
        ("Asia/Jerusalem", "2025-10-26"),
        ("Europe/Berlin", "2025-03-30"),
        ("America/New_York", "2025-11-02"),
    ] {
        let openings = vec![Opening::new(13 * 60, 15 * 60).unwrap()];
        let date_of = parse_date(date).unwrap();
        let day = DayException {
            date: date_of,
            openings,
        };
        let rules = ScheduleRules {
            hours: Hours::new(None, vec![day]).unwrap(),
            ..ScheduleRules::default()
        };
        let starts = offered(&calendar(name, rules, "2025-01-01T00:00:00Z"), date, 60);
        assert_eq!(starts, ["13:00", "13:30", "14:00"], "{name}");
    }
}

const NAMES: [&str; 10] = [
    "Asia/Jerusalem",
    "Europe/Berlin",
    "America/New_York",
    "Africa/Cairo",
    "Asia/Beirut",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Asia/Kathmandu",
    "America/St_Johns",
    "UTC",
];

proptest! {
    #[test]
    fn local_time_round_trips(name in prop::sample::select(&NAMES[..]), minutes in -1_000_000_000_i64..4_200_000_000) {
        round_trip(&zone(name), LocalMinute::from_minutes(minutes).unwrap())?;
    }

    #[test]
    fn local_time_round_trips_in_these_years(name in prop::sample::select(&NAMES[..]), minutes in 26_000_000_i64..47_000_000) {
        let minute = LocalMinute::from_minutes(minutes).unwrap();
        round_trip(&zone(name), minute)?;
        // Every change of the clock: look at the days around it by steps.
        for step in 0..96 {
            round_trip(&zone(name), LocalMinute::from_minutes(minutes + step * 30).unwrap())?;
        }
    }
}

fn round_trip(zone: &Arc<dyn Zone>, minute: LocalMinute) -> Result<(), TestCaseError> {
    match zone.meaning(minute) {
        Meaning::At(zoned) => {
            prop_assert_eq!(zone.local(zoned.instant), Some(minute));
            // No earlier instant of the last day shows the same minute.
            for earlier in 1..48 {
                let earlier =
                    Timestamp::from_millis(zoned.instant.as_millis() - earlier * 1_800_000).unwrap();
                prop_assert_ne!(zone.local(earlier), Some(minute));
            }
        }
        Meaning::Gap {
            before,
            after,
            change,
        } => {
            prop_assert!(before < minute && minute < after);
            prop_assert_eq!(zone.local(change.instant), Some(after));
            let last = Timestamp::from_millis(change.instant.as_millis() - 1).unwrap();
            prop_assert_eq!(zone.local(last), Some(before));
        }
    }
    Ok(())
}
