//! A search by brute force, and the property that the search agrees with it.
//!
//! It marks every single minute of the range for every resource, by loops over dates and rules, and looks at each start
//! of the grid by itself. It shares no code with the search.

use super::*;
use crate::{Buffer, DayException, Horizon, Hours, Notice, Opening, WeeklyOpening};
use proptest::{collection::vec, option, prelude::*, test_runner::Config};
use std::collections::HashMap;
use time::{Date, macros::date};

/// The first day of the range: a Monday. The starts are searched on the days from 2 to 5 of it.
const MONDAY: Date = date!(2030 - 03 - 04);
const DAYS: i64 = 9;
const BASE: i64 = 21_977 * 1440;

/// What is drawn at random.
#[derive(Debug, Clone)]
struct World {
    account: RawHours,
    resources: Vec<RawResource>,
    own_busy: Vec<(i64, i64)>,
    /// Sizes of the groups, how many of each are taken (0 is all) and how many are named.
    groups: Vec<(usize, usize, usize)>,
    duration: i64,
    buffers: (i64, i64),
    step: i64,
    /// Changes of the offset: UTC minutes after the base, and the offset from then on, in minutes.
    zone: Option<Vec<(i64, i64)>>,
    notice: Option<i64>,
    horizon: Option<i64>,
    now: i64,
    starts: (i64, i64),
    cursor: Option<i64>,
}

/// Weekly windows (day, opens, length, first and last valid day), and exceptions (day, windows).
#[derive(Debug, Clone)]
struct RawHours {
    weekly: Option<Vec<(u8, i64, i64, Option<i64>, Option<i64>)>>,
    exceptions: Vec<(i64, Vec<(i64, i64)>)>,
}

#[derive(Debug, Clone)]
struct RawResource {
    active: bool,
    hours: RawHours,
    busy: Vec<(i64, i64)>,
}

fn on(day: i64) -> Date {
    MONDAY + time::Duration::days(day)
}

impl RawHours {
    /// The rules that are valid, each only if it overlaps none before it.
    fn build(&self) -> Hours {
        let mut hours = Hours::default();
        let mut weekly = self.weekly.as_ref().map(|_| Vec::new());
        let mut exceptions = Vec::new();
        hours.clone_from(&Hours::new(weekly.clone(), Vec::new()).unwrap());
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
            if let Ok(next) = Hours::new(Some(more.clone()), Vec::new()) {
                (hours, weekly) = (next, Some(more));
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
            if let Ok(next) = Hours::new(weekly.clone(), more.clone()) {
                (hours, exceptions) = (next, more);
            }
        }
        hours
    }
}

/// The hours of a day that hold, as pairs of minutes after the base.
fn naive_windows(day: i64, own: Option<&Hours>, account: &Hours) -> Vec<(i64, i64)> {
    let mut layers: Vec<&Hours> = own.into_iter().collect();
    layers.push(account);
    let minutes = |opening: &Opening| (day * 1440 + opening.opens(), day * 1440 + opening.closes());
    for hours in &layers {
        for exception in hours.exceptions() {
            if exception.date == on(day) {
                return exception.openings.iter().map(minutes).collect();
            }
        }
    }
    for hours in &layers {
        if let Some(week) = hours.weekly() {
            let mut found = Vec::new();
            for rule in week {
                let too_early = matches!(rule.valid_from, Some(from) if on(day) < from);
                let too_late = matches!(rule.valid_until, Some(until) if until < on(day));
                if rule.day == on(day).weekday() && !too_early && !too_late {
                    found.push(minutes(&rule.opening));
                }
            }
            return found;
        }
    }
    vec![(day * 1440, day * 1440 + 1440)]
}

/// A resource, minute by minute.
struct Marked {
    id: Option<ResourceId>,
    active: bool,
    open: Vec<bool>,
    taken: Vec<bool>,
    windows: Vec<Vec<(i64, i64)>>,
    busy: Vec<Busy<usize>>,
}

impl Marked {
    fn new(
        id: Option<ResourceId>,
        active: bool,
        own: Option<&Hours>,
        account: &Hours,
        busy: &[Busy<usize>],
    ) -> Self {
        let minutes = usize::try_from(DAYS * 1440).unwrap();
        let (mut open, mut taken) = (vec![false; minutes], vec![false; minutes]);
        let windows: Vec<_> = (0..DAYS).map(|day| naive_windows(day, own, account)).collect();
        let mark = |marks: &mut Vec<bool>, from: i64, until: i64| {
            for minute in from..until {
                if let Some(mark) = usize::try_from(minute)
                    .ok()
                    .and_then(|minute| marks.get_mut(minute))
                {
                    *mark = true;
                }
            }
        };
        for (from, until) in windows.iter().flatten() {
            mark(&mut open, *from, *until);
        }
        for busy in busy {
            mark(&mut taken, busy.from - BASE, busy.until - BASE);
        }
        let mut busy = busy.to_vec();
        busy.sort();
        Self {
            id,
            active,
            open,
            taken,
            windows,
            busy,
        }
    }

    fn all(marks: &[bool], from: i64, until: i64, value: bool) -> bool {
        (from..until).all(|minute| marks[usize::try_from(minute).unwrap()] == value)
    }

    fn minutes_of_day(&self, start: i64) -> i64 {
        let day = start / 1440;
        let mut minutes = 0;
        for minute in day * 1440..(day + 1) * 1440 {
            minutes += i64::from(self.taken[usize::try_from(minute).unwrap()]);
        }
        minutes
    }
}

/// The whole world, minute by minute.
struct Oracle {
    world: World,
    marked: Vec<Marked>,
    /// The named ones, the others, how many are taken in all (`None` is all that are active).
    groups: Vec<(Vec<usize>, Vec<usize>, Option<usize>)>,
    /// The first instant (UTC minute) of each minute of the wall clock.
    instants: Option<HashMap<i64, i64>>,
}

impl Oracle {
    /// The starts in order, with what a booking would get or why it gets nothing.
    fn search(&self) -> Vec<Candidacy<usize>> {
        let (from, until) = self.world.starts;
        let after = |start: &i64| self.world.cursor.is_none_or(|cursor| *start > cursor);
        (from..until)
            .filter(after)
            .filter(|start| self.on_grid(*start))
            .map(|start| (minute(BASE + start), self.decide(start, Policies::Kept)))
            .collect()
    }

    fn candidates(&self) -> impl Iterator<Item = &Marked> {
        let all = |(named, others, count): &(Vec<usize>, Vec<usize>, Option<usize>)| {
            let full = *count == Some(named.len());
            let others = if full { Vec::new() } else { others.clone() };
            [named.clone(), others].concat()
        };
        let places = self.groups.iter().flat_map(all).map(|place| &self.marked[place]);
        places.filter(|marked| marked.active)
    }

    fn on_grid(&self, start: i64) -> bool {
        let step = self.world.step;
        let day = usize::try_from(start / 1440).unwrap();
        let of = |days: std::ops::RangeInclusive<usize>| -> Vec<(i64, i64)> {
            let windows = self
                .candidates()
                .flat_map(|marked| marked.windows[days.clone()].iter().flatten());
            windows.copied().collect()
        };
        let mut inside = false;
        for (opens, closes) in of(day - 2..=day) {
            if opens <= start && start < closes {
                inside = true;
                if (start - opens) % step == 0 {
                    return true;
                }
            }
        }
        of(day..=day).is_empty() && !inside && start % 1440 % step == 0
    }

    fn decide(&self, start: i64, policies: Policies) -> Result<Vec<ResourceId>, Obstacle<usize>> {
        let world = &self.world;
        let kept = policies == Policies::Kept;
        if let Some(instants) = &self.instants {
            let Some(at) = instants.get(&start) else {
                let exists = |minute: &i64| instants.contains_key(minute);
                return Err(Obstacle::Gap {
                    before: minute(BASE + (0..start).rev().find(exists).unwrap()),
                    after: minute(BASE + (start..).find(exists).unwrap()),
                });
            };
            if kept && world.notice.is_some_and(|notice| *at < world.now + notice) {
                return Err(Obstacle::TooSoon);
            }
            if kept
                && world
                    .horizon
                    .is_some_and(|days| *at >= world.now + days * 24 * 60)
            {
                return Err(Obstacle::TooFar);
            }
        }
        let mut all = Vec::new();
        for (named, others, count) in &self.groups {
            all.extend(self.decide_group(start, kept, named, others, *count)?);
        }
        Ok(all)
    }

    fn decide_group(
        &self,
        start: i64,
        kept: bool,
        named: &[usize],
        others: &[usize],
        count: Option<usize>,
    ) -> Result<Vec<ResourceId>, Obstacle<usize>> {
        let world = &self.world;
        let end = start + world.duration;
        let (from, until) = (start - world.buffers.0, end + world.buffers.1);
        let is_open = |place: usize| Marked::all(&self.marked[place].open, start, end, true);
        let is_free = |place: usize| Marked::all(&self.marked[place].taken, from, until, false);
        let in_the_way = |place: usize| {
            let marked = &self.marked[place];
            let mut clashes = marked.busy.iter().filter(|busy| {
                (busy.from..busy.until).any(|minute| (BASE + from..BASE + until).contains(&minute))
            });
            clashes.next().map(|busy| Taken {
                resource: marked.id,
                busy: *busy,
            })
        };
        for &place in named {
            if !self.marked[place].active {
                return Err(Obstacle::Busy(None));
            }
            if kept && !is_open(place) {
                return Err(Obstacle::Closed);
            }
            if !is_free(place) {
                return Err(Obstacle::Busy(in_the_way(place)));
            }
        }
        let active: Vec<usize> = others
            .iter()
            .copied()
            .filter(|place| self.marked[*place].active)
            .collect();
        let wanted = match count {
            Some(count) => count - named.len(),
            None if active.is_empty() && named.is_empty() => return Err(Obstacle::Busy(None)),
            None => active.len(),
        };
        if wanted == 0 {
            return Ok(named.iter().filter_map(|place| self.marked[*place].id).collect());
        }
        let opened: Vec<usize> = active
            .iter()
            .copied()
            .filter(|place| !kept || is_open(*place))
            .collect();
        let mut free: Vec<usize> = opened.iter().copied().filter(|place| is_free(*place)).collect();
        if free.len() < wanted {
            if let Some(&busy) = opened.iter().find(|place| !is_free(**place)) {
                return Err(Obstacle::Busy(in_the_way(busy)));
            }
            let closed = opened.len() < active.len();
            return Err(if closed {
                Obstacle::Closed
            } else {
                Obstacle::Busy(None)
            });
        }
        // Selection one by one: the best of what is left.
        let mut chosen: Vec<usize> = named.to_vec();
        for _ in 0..wanted {
            let rank = |place: &usize| {
                let marked = &self.marked[*place];
                (!is_open(*place), marked.minutes_of_day(start), marked.id)
            };
            let best = *free.iter().min_by_key(|place| rank(place)).unwrap();
            free.retain(|place| *place != best);
            chosen.push(best);
        }
        Ok(chosen.iter().filter_map(|place| self.marked[*place].id).collect())
    }
}

/// The same world for the oracle and for the search.
fn build(world: World) -> (Oracle, Calendar<usize>, Demand) {
    let account = world.account.build();
    let busy = |raw: &[(i64, i64)], place: usize| -> Vec<Busy<usize>> {
        let busy = |(nth, (from, length)): (usize, &(i64, i64))| Busy {
            from: BASE + from,
            until: BASE + from + length,
            what: place * 100 + nth,
        };
        raw.iter().enumerate().map(busy).collect()
    };
    let zone = world.zone.clone().map(|changes| {
        let changes = changes.into_iter().map(|(at, offset)| (BASE + at, offset));
        TestZone::new(changes.collect())
    });
    // Every minute of the world's time is shown on the wall clock, the first time that a local minute comes counts.
    let instants = zone.as_ref().map(|zone| {
        let mut instants = HashMap::new();
        for at in -1440..(DAYS + 1) * 1440 {
            instants.entry(at + zone.offset_at(BASE + at)).or_insert(at);
        }
        instants
    });
    let rules = ScheduleRules {
        hours: account.clone(),
        min_notice: world.notice.map(|minutes| Notice::from_minutes(minutes).unwrap()),
        horizon: world.horizon.map(|days| Horizon::from_days(days).unwrap()),
        ..ScheduleRules::default()
    };
    let now = Timestamp::from_millis((BASE + world.now) * 60_000).unwrap();
    let zone = zone.map(|zone| Arc::new(zone) as Arc<dyn Zone>);
    let mut calendar = Calendar::new(rules, zone, now).with(None, Agenda::own(busy(&world.own_busy, 0)));
    let mut marked = vec![Marked::new(None, true, None, &account, &busy(&world.own_busy, 0))];
    for (place, raw) in (1..).zip(&world.resources) {
        let hours = raw.hours.build();
        let taken = busy(&raw.busy, place);
        let id = id(place);
        marked.push(Marked::new(Some(id), raw.active, Some(&hours), &account, &taken));
        calendar = calendar.with(Some(id), Agenda::of(&resource(id, raw.active, hours), taken));
    }

    let (mut groups, mut needs, mut named_ids) = (Vec::new(), Vec::new(), Vec::new());
    let mut left: Vec<usize> = (1..marked.len()).rev().collect();
    for &(size, count, named) in &world.groups {
        let members: Vec<usize> = (0..size).filter_map(|_| left.pop()).collect();
        if members.is_empty() {
            break;
        }
        let count = (count > 0).then(|| count.min(members.len()));
        let named = named.min(count.unwrap_or(members.len()));
        // The last ones are named, so that the order matters.
        let (others, named) = members.split_at(members.len() - named);
        needs.push(Need {
            resources: members.iter().map(|place| id(*place)).collect(),
            count: count.map_or(Count::All, Count::Exactly),
        });
        named_ids.extend(named.iter().map(|place| id(*place)));
        groups.push((named.to_vec(), others.to_vec(), count));
    }
    if groups.is_empty() {
        groups.push((vec![0], Vec::new(), Some(1)));
    }
    let mut service = service(world.duration, needs);
    service.terms.buffer_before = Buffer::from_minutes(world.buffers.0).unwrap();
    service.terms.buffer_after = Buffer::from_minutes(world.buffers.1).unwrap();
    let demand = Demand::of_service(&service, &named_ids).unwrap();
    let oracle = Oracle {
        world,
        marked,
        groups,
        instants,
    };
    (oracle, calendar, demand)
}

fn hours() -> impl Strategy<Value = RawHours> {
    let quarter = |range: std::ops::Range<i64>| range.prop_map(|quarters| quarters * 20);
    let valid = || option::weighted(0.3, 0..DAYS);
    // Long windows, and many that run past midnight.
    let rule = (0_u8..7, quarter(0..72), quarter(3..80), valid(), valid());
    let exception = (1..DAYS - 1, vec((quarter(0..72), quarter(3..100)), 0..3));
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

fn worlds() -> impl Strategy<Value = World> {
    let resource = (prop::bool::weighted(0.9), hours(), busy())
        .prop_map(|(active, hours, busy)| RawResource { active, hours, busy });
    let things = (
        hours(),
        vec(resource, 0..6),
        busy(),
        vec((1_usize..4, 0_usize..3, 0_usize..3), 0..3),
    );
    let lengths = (
        1_i64..37,
        prop_oneof![Just((0, 0)), (0_i64..20, 0_i64..20)],
        prop::sample::select(vec![7_i64, 15, 20, 45, 60, 100]),
    );
    let change = (0..DAYS * 96, prop::sample::select(vec![-60_i64, 0, 30, 60, 120]));
    let zone = option::weighted(
        0.7,
        vec(change, 0..6).prop_map(|changes| {
            let minutes = |(quarter, offset)| (quarter * 15, offset);
            changes.into_iter().map(minutes).collect()
        }),
    );
    let moments = (option::of(0_i64..4000), option::of(1_i64..4), 0_i64..4 * 1440);
    let range = (
        2 * 1440_i64..4 * 1440,
        0_i64..3 * 1440,
        option::weighted(0.3, 2 * 1440_i64..5 * 1440),
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
        starts: (range.0, (range.0 + range.1).min(6 * 1440)),
        cursor: range.2,
    })
}

proptest! {
    #![proptest_config(Config { cases: 96, ..Config::default() })]

    #[test]
    fn the_search_agrees_with_a_look_at_every_minute(world in worlds()) {
        let (oracle, calendar, demand) = build(world);
        let world = &oracle.world;
        let starts = minute(BASE + world.starts.0)..minute(BASE + world.starts.1);
        let cursor = world.cursor.map(|cursor| minute(BASE + cursor));
        let step = Duration::from_minutes(world.step).unwrap();
        let found: Vec<_> = calendar.search(&demand, starts.clone(), step, cursor).collect();
        let expected = oracle.search();
        prop_assert_eq!(&found, &expected);

        // A decision about a single start says the same, on the grid and off it.
        for start in (world.starts.0..world.starts.1).step_by(61) {
            for policies in [Policies::Kept, Policies::Overridden] {
                let decided = calendar.decide(&demand, minute(BASE + start), policies);
                prop_assert_eq!(decided, oracle.decide(start, policies), "{} {:?}", start, policies);
            }
        }

        // What doesn't overlap the stretch to be read makes no difference.
        let stretch = demand.stretch(&starts);
        let read = calendar.only(&stretch);
        let again: Vec<_> = read.search(&demand, starts.clone(), step, cursor).collect();
        prop_assert_eq!(&again, &expected);

        let wanted = minute(BASE + i64::midpoint(world.starts.0, world.starts.1));
        let suggestions = calendar.suggestions(&demand, wanted, starts.clone(), step);
        let all: Vec<_> = calendar.search(&demand, starts, step, None).collect();
        let free = all.iter().filter(|(_, verdict)| verdict.is_ok()).map(|(start, _)| *start);
        let (before, after): (Vec<_>, Vec<_>) = free.filter(|start| *start != wanted).partition(|start| *start < wanted);
        prop_assert_eq!(suggestions.previous_free, before.last().copied());
        prop_assert_eq!(suggestions.next_free, after.into_iter().take(3).collect::<Vec<_>>());
    }
}
