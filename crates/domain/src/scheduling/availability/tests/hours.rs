//! Which hours hold, and the grid of starts in them.

use super::*;

#[test]
fn a_day_ends_at_midnight_and_not_a_minute_earlier() {
    let calendar = calendar(rules(week(&[("22:00", "24:00")])), None, Vec::new());
    let starts = offered(&calendar, &Demand::own(length(60)), MONDAY, 30);
    assert_eq!(starts, ["22:00", "22:30", "23:00"]);
    // If both days are open, a booking may run past midnight.
    let hours = rules(week(&[("00:00", "01:00"), ("23:00", "24:00")]));
    let calendar = Calendar {
        rules: hours,
        ..calendar
    };
    let starts = offered(&calendar, &Demand::own(length(90)), MONDAY, 30);
    assert_eq!(starts, ["23:00", "23:30"]);
}

#[test]
fn a_window_belongs_to_the_day_on_which_it_opens() {
    let party = Hours::new(
        Some(daily(&[("20:10", "26:00")])),
        vec![exception(MONDAY + 1440, &[])],
    );
    let calendar = calendar(rules(party.unwrap()), None, Vec::new());
    let demand = Demand::own(length(60));
    // Tuesday is closed, but Monday's window goes on, and keeps its grid.
    let starts = offered(&calendar, &demand, MONDAY + 1440, 30);
    assert_eq!(starts, ["00:10", "00:40"]);
    assert_eq!(reasons(&calendar, &demand, MONDAY + 1440), [Obstacle::Closed]);
    let starts = offered(&calendar, &demand, MONDAY + 2880, 120);
    assert_eq!(starts, ["20:10", "22:10"], "Tuesday's window doesn't open");
}

#[test]
fn which_hours_hold() {
    let own = Hours::new(
        Some(daily(&[("10:00", "11:00")])),
        vec![exception(MONDAY + 1440, &[("12:00", "13:00")])],
    );
    let account = Hours::new(
        Some(daily(&[("08:00", "09:00")])),
        vec![
            exception(MONDAY + 1440, &[]),
            exception(MONDAY + 2880, &[("14:00", "15:00")]),
        ],
    );
    let calendar = calendar(rules(account.unwrap()), None, vec![Vec::new()]);
    let calendar = calendar.with(
        Some(id(2)),
        Agenda::of(&resource(id(2), true, own.unwrap()), Vec::new()),
    );
    let of = |resources: &[ResourceId], day: i64| {
        let demand = Demand::of_resources(length(60), resources).unwrap();
        offered(&calendar, &demand, MONDAY + day * 1440, 60)
    };
    assert_eq!(of(&[id(2)], 0), ["10:00"], "the resource's week");
    assert_eq!(
        of(&[id(2)], 1),
        ["12:00"],
        "the resource's exception before the account's"
    );
    assert_eq!(
        of(&[id(2)], 2),
        ["14:00"],
        "the account's exception before the resource's week"
    );
    assert_eq!(of(&[id(1)], 0), ["08:00"], "the account's week");
    assert_eq!(of(&[], 0), ["08:00"], "the account's own schedule");
    assert!(of(&[id(1)], 1).is_empty(), "the account's exception");
}

#[test]
fn an_empty_week_is_closed_and_a_window_counts_while_it_is_valid() {
    let demand = Demand::own(length(60));
    let closed = calendar(rules(week(&[])), None, Vec::new());
    assert_eq!(reasons(&closed, &demand, MONDAY), [Obstacle::Closed]);
    let mut windows = daily(&[("10:00", "11:00")]);
    let date = |day: i64| Some(minute(MONDAY + day * 1440).to_date_time().date());
    for window in &mut windows {
        (window.valid_from, window.valid_until) = (date(1), date(2));
    }
    let calendar = calendar(
        rules(Hours::new(Some(windows), Vec::new()).unwrap()),
        None,
        Vec::new(),
    );
    let days = (0..4).map(|day| offered(&calendar, &demand, MONDAY + day * 1440, 60).len());
    assert_eq!(days.collect::<Vec<_>>(), [0, 1, 1, 0]);
}

#[test]
fn the_grid_moves_with_nothing_but_the_hours() {
    let taken = vec![busy(MONDAY + hhmm("09:10"), MONDAY + hhmm("10:05"))];
    let hours = rules(week(&[("09:10", "12:00"), ("13:00", "14:00")]));
    let calendar = calendar(hours, Some(changing()), vec![taken]);
    let demand = Demand::of_resources(length(25), &[id(1)]).unwrap();
    let starts = |from: &str, until: &str, after: Option<&str>| -> Vec<i64> {
        let range = minute(MONDAY + hhmm(from))..minute(MONDAY + hhmm(until));
        let after = after.map(|time| minute(MONDAY + hhmm(time)));
        let found = calendar.search(&demand, range, length(50), after);
        found
            .filter(|(_, verdict)| verdict.is_ok())
            .map(|(start, _)| start.as_minutes() - MONDAY)
            .collect()
    };
    let times = |times: &[&str]| times.iter().map(|time| hhmm(time)).collect::<Vec<_>>();
    assert_eq!(
        starts("00:00", "24:00", None),
        times(&["10:50", "13:00"]),
        "10:00 is busy, 11:40 closes"
    );
    assert_eq!(starts("10:47", "24:00", None), times(&["10:50", "13:00"]));
    assert_eq!(starts("10:50", "13:00", None), times(&["10:50"]));
    assert_eq!(starts("00:00", "24:00", Some("10:50")), times(&["13:00"]));
    assert_eq!(starts("10:55", "24:00", Some("10:00")), times(&["13:00"]));
}
