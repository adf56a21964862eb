mod hours;
mod moments;
mod oracle;
mod worlds;

use super::*;
use crate::{
    Buffer, Buffers, Count, DayException, Hours, Interval, Need, Needs, NewResource, ObjectId, Opening,
    Resource, ResourceKind, ResourceName, Service, ServiceId, ServiceName, ServiceTerms, ServiceType,
    TimeZoneName, WeeklyOpening, Zoned,
};
use moments::{TestZone, changing};
use std::sync::atomic::{AtomicUsize, Ordering};
use time::Weekday;

impl Calendar {
    /// The calendar with those busy times only that overlap a stretch.
    fn only(&self, stretch: Interval) -> Self {
        let mut only = self.clone();
        for agenda in only.agendas.values_mut() {
            *agenda = agenda.only(stretch);
        }
        only
    }
}

fn minute(minutes: i64) -> LocalMinute {
    LocalMinute::from_minutes(minutes).unwrap()
}

fn id(number: usize) -> ResourceId {
    ResourceId::new(ObjectId::from_bytes([u8::try_from(number).unwrap(); 12]))
}

fn resource(id: ResourceId, active: bool, hours: Hours) -> Resource {
    let new = NewResource {
        name: ResourceName::new("Resource").unwrap(),
        kind: ResourceKind::Staff,
        active,
    };
    let mut resource = Resource::new(id, new, Timestamp::from_millis(0).unwrap());
    resource.hours = hours;
    resource
}

fn service(minutes: i64, needs: Vec<Need>) -> Service {
    let terms = ServiceTerms {
        name: ServiceName::new("Massage").unwrap(),
        service_type: ServiceType::Treatment,
        duration: Duration::from_minutes(minutes).unwrap(),
        buffer_before: Buffer::NONE,
        buffer_after: Buffer::NONE,
        slot_step: None,
        price: None,
        notes: None,
        active: true,
        needs: Needs::new(needs).unwrap(),
    };
    let id = ServiceId::new(ObjectId::from_bytes([200; 12]));
    Service::new(id, terms, Timestamp::from_millis(0).unwrap())
}

// The examples below play in the week of Monday, 2030-03-04. The clocks go forward on Sunday the 10th.

const MONDAY: i64 = 21_977 * 1440;
const SUNDAY: i64 = MONDAY + 6 * 1440;

/// Minutes of `HH:MM`, which may be past 24:00.
fn hhmm(text: &str) -> i64 {
    let (hours, minutes) = text.split_once(':').unwrap();
    hours.parse::<i64>().unwrap() * 60 + minutes.parse::<i64>().unwrap()
}

fn opening(from: &str, until: &str) -> Opening {
    Opening::new(hhmm(from), hhmm(until)).unwrap()
}

/// The same windows on every day.
fn daily(windows: &[(&str, &str)]) -> Vec<WeeklyOpening> {
    let day = |day| {
        let rule = move |(from, until): &(&str, &str)| WeeklyOpening {
            day,
            opening: opening(from, until),
            valid_from: None,
            valid_until: None,
        };
        windows.iter().map(rule)
    };
    (0..7)
        .flat_map(|offset| day(Weekday::Monday.nth_next(offset)))
        .collect()
}

fn week(windows: &[(&str, &str)]) -> Hours {
    Hours::new(Some(daily(windows)), Vec::new()).unwrap()
}

/// An exception for a day of the example's week.
fn exception(day: i64, windows: &[(&str, &str)]) -> DayException {
    DayException {
        date: minute(day).to_date_time().date(),
        openings: windows.iter().map(|(from, until)| opening(from, until)).collect(),
    }
}

fn busy(from: i64, until: i64) -> Interval {
    Interval { from, until }
}

fn rules(hours: Hours) -> ScheduleRules {
    ScheduleRules {
        hours,
        ..ScheduleRules::default()
    }
}

/// A calendar of resources, numbered from 1, with the account's hours.
fn calendar(rules: ScheduleRules, zone: Option<TestZone>, agendas: Vec<Vec<Interval>>) -> Calendar {
    let zone = zone.map(|zone| Arc::new(zone) as Arc<dyn Zone>);
    let now = Timestamp::from_millis(MONDAY * 60_000).unwrap();
    let calendar = Calendar::new(rules, zone, now).with(None, Agenda::own(Vec::new()));
    let add = |calendar: Calendar, (number, busy)| {
        let resource = resource(id(number), true, Hours::default());
        calendar.with(Some(id(number)), Agenda::of(&resource, busy))
    };
    (1..).zip(agendas).fold(calendar, add)
}

fn need(resources: &[usize], count: usize) -> Need {
    Need {
        resources: resources.iter().map(|number| id(*number)).collect(),
        count: Count::Exactly(count),
    }
}

fn length(minutes: i64) -> Duration {
    Duration::from_minutes(minutes).unwrap()
}

fn buffers(before: i64, after: i64) -> Buffers {
    Buffers {
        before: buffer(before),
        after: buffer(after),
    }
}

fn buffer(minutes: i64) -> Buffer {
    Buffer::from_minutes(minutes).unwrap()
}

/// The starts of a day that are offered, as `HH:MM`.
fn offered(calendar: &Calendar, demand: &Demand, day: i64, step: i64) -> Vec<String> {
    let found = calendar.search(demand, minute(day)..minute(day + 1440), length(step), None);
    let free = found.filter_map(|(start, verdict)| verdict.is_ok().then_some(start.as_minutes() - day));
    free.map(|start| format!("{:02}:{:02}", start / 60, start % 60))
        .collect()
}

/// Why starts of a day are refused, each reason once.
fn reasons(calendar: &Calendar, demand: &Demand, day: i64) -> Vec<Obstacle> {
    let found = calendar.search(demand, minute(day)..minute(day + 1440), length(60), None);
    let mut reasons: Vec<_> = found.filter_map(|(_, verdict)| verdict.err()).collect();
    reasons.dedup();
    reasons
}

#[test]
fn an_account_without_rules_takes_everything_that_is_free() {
    let calendar = calendar(ScheduleRules::default(), None, Vec::new());
    let demand = Demand::own(Duration::DEFAULT);
    let last = minute(4_223_371_679);
    for start in [minute(MONDAY + 1439), minute(0), minute(-1_035_593_280), last] {
        assert_eq!(calendar.decide(&demand, start, Policies::Kept), Ok(Vec::new()));
    }
    let everything = offered(&calendar, &demand, MONDAY, 15);
    assert_eq!(
        (everything.len(), everything[95].as_str()),
        (96, "23:45"),
        "past midnight too"
    );
    let calendar = calendar.with(None, Agenda::own(vec![busy(MONDAY + 60, MONDAY + 61)]));
    let refused = calendar.decide(&demand, minute(MONDAY + 30), Policies::Overridden);
    let taken = Taken {
        resource: None,
        busy: busy(MONDAY + 60, MONDAY + 61),
    };
    assert_eq!(refused, Err(Obstacle::Busy(Some(taken))));
}

#[test]
fn buffers_count_on_both_sides_and_may_lie_outside_of_the_hours() {
    let demand = Demand::of_resources(length(60), &[id(1)]).unwrap();
    let demand = demand.with_buffers(buffers(30, 15));
    let taken = vec![busy(MONDAY + hhmm("11:00"), MONDAY + hhmm("12:00"))];
    let calendar = calendar(rules(week(&[("09:00", "14:00")])), None, vec![taken]);
    let starts = offered(&calendar, &demand, MONDAY, 15);
    assert_eq!(
        starts,
        ["09:00", "09:15", "09:30", "09:45", "12:30", "12:45", "13:00"]
    );
}

#[test]
fn a_buffer_outside_of_the_range_is_read() {
    // The search begins at midnight, but a booking of the day before ends in the buffer.
    let demand = Demand::own(length(60)).with_buffers(buffers(45, 20));
    let starts = minute(MONDAY)..minute(MONDAY + 1440);
    let stretch = demand.stretch(&starts);
    assert_eq!(stretch, busy(MONDAY - 45, MONDAY + 1439 + 60 + 20));
    let before = busy(MONDAY - 120, MONDAY - 30);
    let after = busy(MONDAY + 1440 + 60, MONDAY + 1440 + 90);
    let agenda = Agenda::own(vec![after, before]);
    let calendar = calendar(ScheduleRules::default(), None, Vec::new()).with(None, agenda);
    let read = calendar.only(stretch);
    let starts = offered(&read, &demand, MONDAY, 15);
    assert_eq!(
        (starts.first().unwrap().as_str(), starts.last().unwrap().as_str()),
        ("00:15", "23:30")
    );
    let one = minute(MONDAY + 600)..minute(MONDAY + 601);
    let day = busy(MONDAY, MONDAY + 1440);
    assert_eq!(
        demand.stretch(&one),
        day,
        "the choice depends on the whole day of the start"
    );
}

#[test]
fn a_host_must_be_free_for_the_whole_time() {
    let half = |from: &str, until: &str| vec![busy(MONDAY + hhmm(from), MONDAY + hhmm(until))];
    let agendas = vec![half("10:30", "11:00"), half("10:00", "10:15")];
    let calendar = calendar(rules(Hours::default()), None, agendas);
    let demand = Demand::of_service(&service(60, vec![need(&[1, 2], 1)]), &[]).unwrap();
    let decide = |time| calendar.decide(&demand, minute(MONDAY + hhmm(time)), Policies::Kept);
    assert!(matches!(decide("10:00"), Err(Obstacle::Busy(Some(taken))) if taken.resource == Some(id(1))));
    assert_eq!(decide("10:15"), Ok(vec![id(2)]));
    assert_eq!(decide("09:00"), Ok(vec![id(2)]), "it has fewer minutes that day");
}

#[test]
fn a_booking_strictly_inside_is_seen() {
    let inside = busy(MONDAY + hhmm("10:20"), MONDAY + hhmm("10:25"));
    let calendar = calendar(ScheduleRules::default(), None, vec![vec![inside]]);
    let demand = Demand::of_resources(length(60), &[id(1)]).unwrap();
    let decided = calendar.decide(&demand, minute(MONDAY + 600), Policies::Overridden);
    let taken = Taken {
        resource: Some(id(1)),
        busy: inside,
    };
    assert_eq!(decided, Err(Obstacle::Busy(Some(taken))));
}

#[test]
fn a_group_takes_as_many_as_it_needs_and_prefers_those_with_little_to_do() {
    let morning = |length: i64| vec![busy(MONDAY + 60, MONDAY + 60 + length)];
    let yesterday = vec![busy(MONDAY - 600, MONDAY)];
    let agendas = vec![morning(90), morning(30), yesterday, morning(60), morning(90)];
    let mut calendar = calendar(ScheduleRules::default(), None, agendas);
    let noon = minute(MONDAY + 720);
    let decide = |calendar: &Calendar, needs: Vec<Need>, named: &[ResourceId]| {
        let demand = Demand::of_service(&service(60, needs), named).unwrap();
        calendar.decide(&demand, noon, Policies::Kept)
    };
    let of = |numbers: &[usize]| Ok(numbers.iter().map(|number| id(*number)).collect::<Vec<_>>());
    let both = || vec![need(&[5, 1], 1), need(&[4, 2, 3], 2)];
    assert_eq!(decide(&calendar, both(), &[]), of(&[1, 3, 2]));
    assert_eq!(decide(&calendar, both(), &[id(4), id(5)]), of(&[5, 4, 3]));
    let all = |resources: &[usize]| {
        let count = Count::All;
        vec![Need {
            count,
            ..need(resources, 1)
        }]
    };
    assert_eq!(decide(&calendar, all(&[2, 1]), &[]), of(&[2, 1]));
    // Those that aren't active don't count among all, but one at least must be there.
    let retired = resource(id(2), false, Hours::default());
    calendar = calendar.with(Some(id(2)), Agenda::of(&retired, Vec::new()));
    assert_eq!(decide(&calendar, all(&[2, 1]), &[]), of(&[1]));
    assert_eq!(decide(&calendar, all(&[2]), &[]), Err(Obstacle::Busy(None)));
    assert_eq!(
        decide(&calendar, all(&[2, 1]), &[id(2)]),
        Err(Obstacle::Busy(None))
    );
    assert_eq!(
        decide(&calendar, vec![need(&[1, 2], 2)], &[]),
        Err(Obstacle::Busy(None))
    );
    assert_eq!(
        decide(&calendar, vec![need(&[9], 1)], &[]),
        Err(Obstacle::Busy(None)),
        "no agenda"
    );
    // Once the first is taken, the next one is chosen.
    let at_noon = vec![busy(noon.as_minutes(), noon.as_minutes() + 60)];
    let first = resource(id(1), true, Hours::default());
    calendar = calendar.with(Some(id(1)), Agenda::of(&first, at_noon));
    assert_eq!(decide(&calendar, both(), &[]).unwrap()[0], id(5));
    let Err(Obstacle::Busy(Some(taken))) = decide(&calendar, all(&[2, 1]), &[]) else {
        panic!("1 is taken")
    };
    assert_eq!(taken.resource, Some(id(1)));
}

#[test]
fn an_overridden_booking_still_prefers_those_that_are_open() {
    let closed = resource(id(1), true, week(&[]));
    let taken = vec![busy(MONDAY, MONDAY + 60)];
    let calendar = calendar(ScheduleRules::default(), None, vec![Vec::new(), taken])
        .with(Some(id(1)), Agenda::of(&closed, Vec::new()));
    let demand = Demand::of_service(&service(60, vec![need(&[1, 2], 1)]), &[]).unwrap();
    let decide = |hour: i64, policies| calendar.decide(&demand, minute(MONDAY + hour * 60), policies);
    assert_eq!(decide(12, Policies::Overridden), Ok(vec![id(2)]));
    assert_eq!(decide(0, Policies::Overridden), Ok(vec![id(1)]));
    assert!(
        matches!(decide(0, Policies::Kept), Err(Obstacle::Busy(Some(_)))),
        "one was open but busy"
    );
    let only = Demand::of_resources(length(60), &[id(1)]).unwrap();
    let decided = calendar.decide(&only, minute(MONDAY), Policies::Kept);
    assert_eq!(decided, Err(Obstacle::Closed));
}

#[test]
fn a_demand_names_only_what_its_service_takes() {
    let service = service(60, vec![need(&[1, 2, 3], 2), need(&[4, 5], 1)]);
    let of = |named: &[usize]| {
        let named: Vec<_> = named.iter().map(|number| id(*number)).collect();
        Demand::of_service(&service, &named)
    };
    assert_eq!(of(&[6]), Err(InvalidDemand::NotNeeded(id(6))));
    assert_eq!(of(&[4, 4]), Err(InvalidDemand::Twice(id(4))));
    assert_eq!(of(&[2, 4, 5]), Err(InvalidDemand::TooMany(id(5))));
    assert_eq!(of(&[3, 2, 1]), Err(InvalidDemand::TooMany(id(1))));
    let resources = |demand: Demand| demand.resources().collect::<Vec<_>>();
    // Once a group has enough named ones, the others are no candidates.
    assert_eq!(resources(of(&[5, 3]).unwrap()), [3, 1, 2, 5].map(id));
    let twice = Demand::of_resources(length(60), &[id(1), id(1)]);
    assert_eq!(twice, Err(InvalidDemand::Twice(id(1))));
    let many: Vec<_> = (1..=51).map(id).collect();
    let too_many = Demand::of_resources(length(60), &many);
    assert_eq!(too_many, Err(InvalidDemand::TooManyNamed));
    assert!(Demand::of_resources(length(60), &many[1..]).is_ok());
    assert_eq!(Demand::of_resources(length(60), &[]), Ok(Demand::own(length(60))));
    let demand = Demand::own(length(60)).with_buffers(buffers(5, 10));
    assert_eq!(demand.blocks(minute(100)), busy(95, 170));
    assert_eq!(demand.slot(minute(100)).end_minutes(), 160);
}

#[test]
fn a_search_is_lazy() {
    /// A zone that counts how often it is asked.
    #[derive(Debug)]
    struct Asked(TestZone, AtomicUsize);
    impl Zone for Asked {
        fn name(&self) -> &TimeZoneName {
            self.0.name()
        }
        fn meaning(&self, minute: LocalMinute) -> Meaning {
            self.1.fetch_add(1, Ordering::Relaxed);
            self.0.meaning(minute)
        }
        fn local(&self, instant: Timestamp) -> Option<LocalMinute> {
            self.0.local(instant)
        }
    }
    let zone = Arc::new(Asked(changing(), AtomicUsize::new(0)));
    let now = Timestamp::from_millis(MONDAY * 60_000).unwrap();
    let calendar = Calendar::new(ScheduleRules::default(), Some(zone.clone()), now);
    let calendar = calendar.with(None, Agenda::own(Vec::new()));
    let demand = Demand::own(length(60));
    let week = minute(MONDAY)..minute(MONDAY + 7 * 1440);
    let found = calendar.search(&demand, week, length(15), None);
    assert_eq!(found.take(3).count(), 3);
    assert_eq!(zone.1.load(Ordering::Relaxed), 3);
}
