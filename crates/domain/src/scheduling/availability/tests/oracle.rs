//! A search by brute force, and the property that the search agrees with it.
//!
//! It marks every single minute of the range for every resource, by loops over dates and rules, and looks at each start
//! of the grid by itself. It shares no code with the search.

use super::{worlds::*, *};
use proptest::{prelude::*, test_runner::Config};
use std::collections::HashMap;

/// The first minute of the range.
const BASE: i64 = super::MONDAY;

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
    busy: Vec<Interval>,
}

impl Marked {
    fn new(
        id: Option<ResourceId>,
        active: bool,
        own: Option<&Hours>,
        account: &Hours,
        busy: &[Interval],
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

/// The places of a group: the named ones, the others, and how many are taken in all (`None` is all that are active).
type Places = (Vec<usize>, Vec<usize>, Option<usize>);

/// The whole world, minute by minute.
struct Oracle {
    world: World,
    marked: Vec<Marked>,
    groups: Vec<Places>,
    /// The first instant (UTC minute) of each minute of the wall clock.
    instants: Option<HashMap<i64, i64>>,
}

impl Oracle {
    /// The starts in order, with what a booking would get or why it gets nothing.
    fn search(&self) -> Vec<Candidacy> {
        let (from, until) = self.world.starts;
        let after = |start: &i64| self.world.cursor.is_none_or(|cursor| *start > cursor);
        (from..until)
            .filter(after)
            .filter(|start| self.on_grid(*start))
            .map(|start| (minute(BASE + start), self.decide(start, Policies::Kept)))
            .collect()
    }

    fn candidates(&self) -> impl Iterator<Item = &Marked> {
        let all = |(named, others, count): &Places| {
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

    fn decide(&self, start: i64, policies: Policies) -> Result<Vec<ResourceId>, Obstacle> {
        let world = &self.world;
        let kept = policies == Policies::Kept;
        if let Some(instants) = &self.instants {
            let Some(at) = instants.get(&start) else {
                let exists = |minute: &i64| instants.contains_key(minute);
                return Err(Obstacle::Gap {
                    before: minute(BASE + (0..start).rev().find(exists).unwrap()),
                    after: minute(BASE + (start..DAYS * 1440).find(exists).unwrap()),
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
        for group in &self.groups {
            all.extend(self.decide_group(start, kept, group)?);
        }
        Ok(all)
    }

    fn decide_group(
        &self,
        start: i64,
        kept: bool,
        (named, others, count): &Places,
    ) -> Result<Vec<ResourceId>, Obstacle> {
        for &place in named {
            if !self.marked[place].active {
                return Err(Obstacle::Busy(None));
            }
            if kept && !self.is_open(place, start) {
                return Err(Obstacle::Closed);
            }
            if !self.is_free(place, start) {
                return Err(self.busy(place, start));
            }
        }
        let mut active = others.clone();
        active.retain(|place| self.marked[*place].active);
        let wanted = match count {
            Some(count) => count - named.len(),
            None if active.is_empty() && named.is_empty() => return Err(Obstacle::Busy(None)),
            None => active.len(),
        };
        let mut open = active.clone();
        open.retain(|place| !kept || self.is_open(*place, start));
        let mut free = open.clone();
        free.retain(|place| self.is_free(*place, start));
        if free.len() < wanted {
            return Err(match open.iter().find(|place| !free.contains(place)) {
                Some(place) => self.busy(*place, start),
                None if open.len() < active.len() => Obstacle::Closed,
                None => Obstacle::Busy(None),
            });
        }
        // Selection one by one: the best of what is left.
        let mut chosen: Vec<usize> = named.clone();
        for _ in 0..wanted {
            let rank = |place: &usize| {
                let marked = &self.marked[*place];
                let closed = !self.is_open(*place, start);
                (closed, marked.minutes_of_day(start), marked.id)
            };
            let best = *free.iter().min_by_key(|place| rank(place)).unwrap();
            free.retain(|place| *place != best);
            chosen.push(best);
        }
        Ok(chosen.iter().filter_map(|place| self.marked[*place].id).collect())
    }

    fn is_open(&self, place: usize, start: i64) -> bool {
        Marked::all(&self.marked[place].open, start, start + self.world.duration, true)
    }

    fn blocks(&self, start: i64) -> Range<i64> {
        start - self.world.buffers.0..start + self.world.duration + self.world.buffers.1
    }

    fn is_free(&self, place: usize, start: i64) -> bool {
        let Range { start, end } = self.blocks(start);
        Marked::all(&self.marked[place].taken, start, end, false)
    }

    /// The first of the busy times that shares a minute with the booking.
    fn busy(&self, place: usize, start: i64) -> Obstacle {
        let blocks = self.blocks(start);
        let shares =
            |busy: &&Interval| (busy.from..busy.until).any(|minute| blocks.contains(&(minute - BASE)));
        let marked = &self.marked[place];
        let first = marked.busy.iter().find(shares);
        Obstacle::Busy(first.map(|busy| Taken {
            resource: marked.id,
            busy: *busy,
        }))
    }
}

/// The ids of places are not in the order of the places.
fn id_of(place: usize) -> ResourceId {
    id(place * 5 % 7 + 1)
}

fn intervals(raw: &[(i64, i64)]) -> Vec<Interval> {
    let busy = |(from, length): &(i64, i64)| Interval {
        from: BASE + from,
        until: BASE + from + length,
    };
    raw.iter().map(busy).collect()
}

/// The groups, and what a service and its caller say about them.
fn groups(world: &World) -> (Vec<Places>, Vec<Need>, Vec<ResourceId>) {
    let (mut groups, mut needs, mut named_ids) = (Vec::new(), Vec::new(), Vec::new());
    let mut left: Vec<usize> = (1..=world.resources.len()).rev().collect();
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
            resources: members.iter().map(|place| id_of(*place)).collect(),
            count: count.map_or(Count::All, Count::Exactly),
        });
        named_ids.extend(named.iter().map(|place| id_of(*place)));
        groups.push((named.to_vec(), others.to_vec(), count));
    }
    if groups.is_empty() {
        groups.push((vec![0], Vec::new(), Some(1)));
    }
    (groups, needs, named_ids)
}

/// The same world for the oracle and for the search.
fn build(world: World) -> (Oracle, Calendar, Demand) {
    let account = world.account.build();
    let zone = world.zone.clone().map(|changes| {
        let changes = changes.into_iter().map(|(at, offset)| (BASE + at, offset));
        TestZone::new(changes.collect())
    });
    // The clock runs through every minute. The first time that it shows a minute counts.
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
    let taken = intervals(&world.own_busy);
    let mut marked = vec![Marked::new(None, true, None, &account, &taken)];
    let mut calendar = Calendar::new(rules, zone, now).with(None, Agenda::own(taken));
    for (place, raw) in (1..).zip(&world.resources) {
        let (id, hours, taken) = (id_of(place), raw.hours.build(), intervals(&raw.busy));
        marked.push(Marked::new(Some(id), raw.active, Some(&hours), &account, &taken));
        calendar = calendar.with(Some(id), Agenda::of(&resource(id, raw.active, hours), taken));
    }
    let (groups, needs, named) = groups(&world);
    let mut service = service(world.duration, needs);
    service.terms.buffer_before = buffer(world.buffers.0);
    service.terms.buffer_after = buffer(world.buffers.1);
    let demand = Demand::of_service(&service, &named).unwrap();
    let oracle = Oracle {
        world,
        marked,
        groups,
        instants,
    };
    (oracle, calendar, demand)
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
        for start in (world.starts.0..world.starts.1).step_by(55) {
            for policies in [Policies::Kept, Policies::Overridden] {
                let decided = calendar.decide(&demand, minute(BASE + start), policies);
                prop_assert_eq!(decided, oracle.decide(start, policies), "{} {:?}", start, policies);
            }
        }

        // What doesn't overlap the stretch to be read makes no difference.
        let stretch = demand.stretch(&starts);
        let read = calendar.only(stretch);
        let again: Vec<_> = read.search(&demand, starts.clone(), step, cursor).collect();
        prop_assert_eq!(&again, &expected);

        let all: Vec<_> = calendar.search(&demand, starts.clone(), step, None).collect();
        let wanted = all.get(all.len() / 2).map_or(starts.start, |(start, _)| *start);
        let suggestions = calendar.suggestions(&demand, wanted, starts, step);
        let free = all.iter().filter(|(_, verdict)| verdict.is_ok()).map(|(start, _)| *start);
        let (before, after): (Vec<_>, Vec<_>) = free.filter(|start| *start != wanted).partition(|start| *start < wanted);
        prop_assert_eq!(suggestions.previous_free, before.last().copied());
        prop_assert_eq!(suggestions.next_free, after.into_iter().take(3).collect::<Vec<_>>());
    }
}
