//! Measures the slot search without a store: the rules alone.

use chatgrow_domain::{
    Agenda, Buffer, Calendar, Count, Demand, Duration, Hours, Interval, LocalMinute, Need, Needs,
    NewResource, ObjectId, Opening, Resource, ResourceId, ResourceKind, ResourceName, ScheduleRules, Service,
    ServiceId, ServiceName, ServiceTerms, ServiceType, Timestamp, WeeklyOpening,
};
use divan::{Bencher, black_box};
use std::{error::Error, ops::Range};
use time::Weekday;

type Made<T> = Result<T, Box<dyn Error>>;

/// Monday, 2030-03-04.
const MONDAY: i64 = 21_977 * DAY;
const DAY: i64 = 1440;

fn main() {
    divan::main();
}

/// All slots of 8 weeks with 20 resources, each of which has 10 bookings a day.
#[divan::bench]
fn all_slots_of_8_weeks_and_20_resources(bencher: Bencher) {
    measure(bencher, 56, 20, usize::MAX);
}

/// The first 50 slots of 2 weeks with 5 resources.
#[divan::bench]
fn first_50_slots_of_2_weeks_and_5_resources(bencher: Bencher) {
    measure(bencher, 14, 5, 50);
}

/// One decision with 20 resources, as for a booking.
#[divan::bench]
fn one_decision_with_20_resources(bencher: Bencher) {
    match world(3, 20) {
        Ok(World {
            calendar,
            demand,
            starts,
            ..
        }) => {
            let decide = || {
                calendar
                    .decide(black_box(&demand), starts.start, chatgrow_domain::Policies::Kept)
                    .is_ok()
            };
            bencher.bench_local(decide);
        }
        Err(error) => eprintln!("{error}"),
    }
}

fn measure(bencher: Bencher, days: i64, resources: u8, limit: usize) {
    match world(days, resources) {
        Ok(World {
            calendar,
            demand,
            starts,
            step,
        }) => bencher.bench_local(|| {
            let found = calendar.search(black_box(&demand), starts.clone(), step, None);
            found.filter(|(_, verdict)| verdict.is_ok()).take(limit).count()
        }),
        Err(error) => eprintln!("{error}"),
    }
}

struct World {
    calendar: Calendar,
    demand: Demand,
    starts: Range<LocalMinute>,
    step: Duration,
}

/// Resources that are open from 8:00 to 20:00 and have ten bookings of half an hour on each day, at other times each.
fn world(days: i64, resources: u8) -> Made<World> {
    let now = Timestamp::from_millis(MONDAY * 60_000).ok_or("no instant")?;
    let rules = ScheduleRules {
        hours: Hours::new(Some(week()?), Vec::new()).map_err(|_| "no hours")?,
        ..ScheduleRules::default()
    };
    let ids: Vec<_> = (0..resources)
        .map(|number| ResourceId::new(ObjectId::from_bytes([number; 12])))
        .collect();
    let mut calendar = Calendar::new(rules, None, now);
    for (number, id) in (0..).zip(&ids) {
        let new = NewResource {
            name: ResourceName::new("Resource")?,
            kind: ResourceKind::Staff,
            active: true,
        };
        let booking = |day: i64, nth: i64| {
            let from = MONDAY + day * DAY + 480 + nth * 70 + (number * 7 + day * 5) % 40;
            Interval {
                from,
                until: from + 30,
            }
        };
        let busy = (0..days).flat_map(|day| (0..10).map(move |nth| booking(day, nth)));
        calendar = calendar.with(
            Some(*id),
            Agenda::of(&Resource::new(*id, new, now), busy.collect()),
        );
    }
    let start = |day: i64| LocalMinute::from_minutes(MONDAY + day * DAY).ok_or("no minute");
    Ok(World {
        calendar,
        demand: Demand::of_service(&service(ids, now)?, &[])?,
        starts: start(0)?..start(days)?,
        step: Duration::QUARTER,
    })
}

fn week() -> Made<Vec<WeeklyOpening>> {
    let day = |day| {
        Ok(WeeklyOpening {
            day: Weekday::Monday.nth_next(day),
            opening: Opening::new(480, 1200)?,
            valid_from: None,
            valid_until: None,
        })
    };
    (0..7).map(day).collect()
}

/// Any one of the resources for half an hour, with a buffer after it.
fn service(resources: Vec<ResourceId>, now: Timestamp) -> Made<Service> {
    let need = Need {
        resources,
        count: Count::Exactly(1),
    };
    let terms = ServiceTerms {
        name: ServiceName::new("Massage")?,
        service_type: ServiceType::Treatment,
        duration: Duration::from_minutes(30)?,
        buffer_before: Buffer::from_minutes(0)?,
        buffer_after: Buffer::from_minutes(5)?,
        slot_step: None,
        price: None,
        notes: None,
        active: true,
        needs: Needs::new(vec![need]).map_err(|_| "no needs")?,
    };
    let id = ServiceId::new(ObjectId::from_bytes([200; 12]));
    Ok(Service::new(id, terms, now))
}
