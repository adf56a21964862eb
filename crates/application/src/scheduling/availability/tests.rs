use super::*;
use crate::fixtures::{FixedZone, Mocks, account, caller, id, resource, service};
use chatgrow_domain::{Hours, Meaning, Schedule, TimeZoneName, Timestamp, WeeklyOpening, Zone, Zoned};
use chatgrow_ports::Busy;
use mockall::predicate::{always, eq};
use std::sync::Mutex;

const DAY: i64 = 1440;

fn minute(minutes: i64) -> LocalMinute {
    LocalMinute::from_minutes(minutes).unwrap()
}

/// A search for an hour on the first of so many days, which begin at 1970-01-01.
fn search(days: i64, limit: i64) -> Search {
    Search {
        what: Sought::Time(Duration::DEFAULT),
        resource: None,
        starts: minute(0)..minute(days * DAY),
        after: None,
        limit: PageLimit::new(limit).unwrap(),
        explain: false,
    }
}

/// What was asked of the store, one read after the other.
type Reads = Arc<Mutex<Vec<Interval>>>;

/// An account with that schedule, whose own schedule is busy at these times.
fn with(schedule: Schedule, busy: Vec<Interval>) -> (Mocks, Reads) {
    let mut mocks = Mocks::at(0);
    mocks
        .schedules
        .expect_of()
        .returning(move |_| Ok(schedule.clone()));
    let reads = Reads::default();
    let log = reads.clone();
    mocks
        .occupancies
        .expect_busy()
        .returning(move |_, _, interval, _| {
            log.lock().unwrap().push(interval);
            let overlapping = busy.iter().filter(|busy| busy.overlaps(interval));
            let own = |interval: &Interval| Busy {
                resource: None,
                interval: *interval,
            };
            Ok(overlapping.map(own).collect())
        });
    (mocks, reads)
}

fn untouched(busy: Vec<Interval>) -> (Mocks, Reads) {
    with(Schedule::untouched(account()), busy)
}

/// An account that opens at nine o'clock for an hour, every Thursday. 1970-01-01 is one.
fn on_thursdays() -> Schedule {
    let rule = WeeklyOpening {
        day: time::Weekday::Thursday,
        opening: chatgrow_domain::Opening::new(540, 600).unwrap(),
        valid_from: None,
        valid_until: None,
    };
    let mut schedule = Schedule::untouched(account());
    schedule.rules.hours = Hours::new(Some(vec![rule]), vec![]).unwrap();
    schedule
}

async fn found(mocks: Mocks, search: &Search) -> Result<Slots, Failure<Unbookable>> {
    let availability = mocks.build().scheduling.availability;
    availability.search(&caller(), search).await
}

fn starts(slots: &Slots) -> Vec<i64> {
    slots.slots.iter().map(|slot| slot.start.as_minutes()).collect()
}

#[tokio::test]
async fn it_reads_only_as_far_as_the_limit_needs() {
    let (mocks, reads) = untouched(vec![]);
    let slots = found(mocks, &search(62, 3)).await.unwrap();
    assert_eq!(starts(&slots), [0, 15, 30]);
    assert_eq!(slots.next, Some(minute(30)));
    let reads = reads.lock().unwrap();
    // The starts of two days, and what the last of them would take.
    let expected = Interval {
        from: 0,
        until: 2 * DAY + 59,
    };
    assert_eq!(*reads, [expected]);
}

#[tokio::test]
async fn it_reads_longer_stretches_the_longer_it_finds_nothing() {
    let week = |number: i64| Interval {
        from: number * 7 * DAY,
        until: (number + 1) * 7 * DAY,
    };
    let (mocks, reads) = with(on_thursdays(), (0..5).map(week).collect());
    let slots = found(mocks, &search(62, 50)).await.unwrap();
    assert_eq!(starts(&slots), [5, 6, 7, 8].map(|week| week * 7 * DAY + 540));
    assert_eq!(slots.next, None);
    let days: Vec<_> = reads.lock().unwrap().iter().map(|read| read.from / DAY).collect();
    assert_eq!(days, [0, 2, 6, 14, 28, 42, 56]);
}

#[tokio::test]
async fn a_page_begins_after_the_cursor_and_all_pages_are_the_whole() {
    let whole = found(untouched(vec![]).0, &search(3, 500)).await.unwrap();
    assert_eq!((whole.slots.len(), whole.next), (3 * 96, None));
    let (mut pages, mut next) = (Vec::new(), None);
    loop {
        let search = Search {
            after: next,
            ..search(3, 50)
        };
        let page = found(untouched(vec![]).0, &search).await.unwrap();
        pages.extend(page.slots);
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    assert_eq!(pages, whole.slots);
}

#[tokio::test]
async fn a_cursor_on_the_last_start_leads_to_no_further_page() {
    let (mocks, _) = untouched(vec![]);
    let slots = found(mocks, &search(1, 96)).await.unwrap();
    assert_eq!((slots.slots.len(), slots.next), (96, None));
}

#[tokio::test]
async fn it_explains_why_a_start_is_refused_only_if_asked() {
    let busy = || {
        vec![Interval {
            from: 570,
            until: 580,
        }]
    };
    let explained = Search {
        explain: true,
        ..search(1, 50)
    };
    let slots = found(with(on_thursdays(), busy()).0, &explained).await.unwrap();
    let why: Vec<_> = slots
        .slots
        .iter()
        .map(|slot| {
            (
                slot.start.as_minutes(),
                slot.outcome
                    .clone()
                    .map_err(|why| matches!(why, Obstacle::Closed)),
            )
        })
        .collect();
    assert_eq!(
        why,
        [
            (540, Err(false)),
            (555, Err(true)),
            (570, Err(true)),
            (585, Err(true))
        ]
    );
    let slots = found(with(on_thursdays(), busy()).0, &search(1, 50))
        .await
        .unwrap();
    assert_eq!(slots, Slots::default());
}

/// A zone whose clock jumps from one o'clock to two on 1970-01-01.
#[derive(Debug)]
struct Jumping(FixedZone);

impl Zone for Jumping {
    fn name(&self) -> &TimeZoneName {
        self.0.name()
    }

    fn meaning(&self, local: LocalMinute) -> Meaning {
        let at = Zoned {
            instant: Timestamp::from_millis(local.as_minutes().min(60) * 60_000).unwrap(),
            offset: 0,
        };
        if (60..120).contains(&local.as_minutes()) {
            Meaning::Gap {
                before: minute(59),
                after: minute(120),
                change: at,
            }
        } else {
            Meaning::At(at)
        }
    }

    fn local(&self, instant: Timestamp) -> Option<LocalMinute> {
        self.0.local(instant)
    }
}

#[tokio::test]
async fn a_start_that_never_comes_is_not_told_not_even_explained() {
    let mut schedule = Schedule::untouched(account());
    schedule.rules.time_zone = Some(TimeZoneName::new("Test/Jumping").unwrap());
    let (mut mocks, _) = with(schedule, vec![]);
    mocks.zones = chatgrow_ports::MockZones::new();
    mocks
        .zones
        .expect_find()
        .returning(|name| Some(Arc::new(Jumping(FixedZone::new(name.as_str(), 0)))));
    let explained = Search {
        explain: true,
        limit: PageLimit::new(6).unwrap(),
        ..search(1, 50)
    };
    let slots = found(mocks, &explained).await.unwrap();
    assert_eq!(starts(&slots), [0, 15, 30, 45, 120, 135]);
}

#[tokio::test]
async fn an_unknown_service_or_resource_is_refused() {
    let of_service = Search {
        what: Sought::Service(service().id),
        ..search(1, 50)
    };
    let mut mocks = untouched(vec![]).0;
    mocks.services.expect_by_id().returning(|_, _| Ok(None));
    let outcome = found(mocks, &of_service).await;
    assert!(matches!(
        outcome,
        Err(Failure::Refused(Unbookable::ServiceNotFound))
    ));

    let of_resource = Search {
        resource: Some(ResourceId::new(id(7))),
        ..search(1, 50)
    };
    let inactive = chatgrow_domain::Resource {
        id: ResourceId::new(id(7)),
        active: false,
        ..resource()
    };
    for found_one in [vec![], vec![inactive]] {
        let mut mocks = untouched(vec![]).0;
        mocks
            .resources
            .expect_by_ids()
            .returning(move |_, _| Ok(found_one.clone()));
        let outcome = found(mocks, &of_resource).await;
        assert!(matches!(
            outcome,
            Err(Failure::Refused(Unbookable::UnknownResource))
        ));
    }
}

fn busy(from: i64, until: i64) -> Busy {
    Busy {
        resource: Some(resource().id),
        interval: Interval { from, until },
    }
}

#[tokio::test]
async fn busy_times_that_touch_or_overlap_are_one() {
    let mut mocks = Mocks::at(0);
    mocks
        .resources
        .expect_by_id()
        .returning(|_, _| Ok(Some(resource())));
    let asked = Interval { from: 0, until: DAY };
    mocks
        .occupancies
        .expect_busy()
        .with(eq(account()), eq([Some(resource().id)]), eq(asked), always())
        .times(1)
        .returning(|_, _, _, _| Ok(vec![busy(0, 60), busy(60, 90), busy(70, 80), busy(91, 100)]));
    let availability = mocks.build().scheduling.availability;
    let told = availability.busy(&caller(), resource().id, asked).await.unwrap();
    assert_eq!(
        told,
        [Interval { from: 0, until: 90 }, Interval { from: 91, until: 100 }]
    );
}

#[tokio::test]
async fn nothing_is_told_of_an_unknown_resource() {
    let mut mocks = Mocks::at(0);
    mocks.resources.expect_by_id().returning(|_, _| Ok(None));
    let availability = mocks.build().scheduling.availability;
    let day = Interval { from: 0, until: DAY };
    let outcome = availability.busy(&caller(), resource().id, day).await;
    assert!(matches!(
        outcome,
        Err(Failure::Refused(ResourceRefusal::NotFound))
    ));
}
