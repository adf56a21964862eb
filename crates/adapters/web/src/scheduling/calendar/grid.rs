//! The columns of the calendar, and where things stand in them.

use crate::dates::{DAY, clock, minutes};
use chatgrow_domain::{Interval, LocalMinute};
use time::Date;

/// The columns, and the hours that they show.
pub(super) struct Grid {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) hours: Vec<String>,
    pub(super) now: Option<String>,
    pub(super) columns: Vec<Column>,
}

pub(super) struct Column {
    pub(super) number: usize,
    pub(super) heading: String,
    /// The opening hours in words.
    pub(super) hours: String,
    pub(super) today: bool,
    pub(super) open: Vec<(String, String)>,
    pub(super) items: Vec<Item>,
    /// Whether the present time comes after all of them.
    pub(super) now_last: bool,
}

/// Something in a column.
pub(super) struct Item {
    pub(super) at: String,
    pub(super) to: String,
    pub(super) lane: Option<String>,
    pub(super) hue: Option<usize>,
    /// Whether the present time comes before it.
    pub(super) after_now: bool,
    pub(super) state: Option<&'static str>,
    pub(super) off: bool,
    pub(super) href: String,
    pub(super) title: String,
    pub(super) starts: String,
    pub(super) ends: String,
    pub(super) what: String,
    pub(super) who: String,
}

/// The part of an interval that lies on a day, in minutes after its midnight.
pub(super) fn clipped(interval: Interval, midnight: i64) -> Option<Interval> {
    let (from, until) = (
        (interval.from - midnight).max(0),
        (interval.until - midnight).min(DAY),
    );
    (from < until).then_some(Interval { from, until })
}

/// The attributes by which the stylesheet places it: rounded to five minutes, and at least ten long.
pub(super) fn marks(interval: Interval) -> (String, String) {
    let from = (interval.from / 5 * 5).min(DAY - 10);
    let until = ((interval.until + 4) / 5 * 5).max(from + 10);
    (minutes(from), minutes(until))
}

/// The time of day of a minute at which something starts.
pub(super) fn start_time(minute: i64) -> String {
    minutes(minute.rem_euclid(DAY))
}

/// The time of day of a minute at which something ends. The end of a day is 24:00.
pub(super) fn end_time(minute: i64) -> String {
    minutes((minute - 1).rem_euclid(DAY) + 1)
}

/// The lanes of intervals, which are sorted by their starts, if some of them overlap: at most three side by side.
pub(super) fn lanes(spans: &[Interval]) -> Vec<Option<String>> {
    let mut lanes = Vec::new();
    let mut index = 0;
    while index < spans.len() {
        // A group of intervals, each of which overlaps an earlier one.
        let mut end = spans[index].until;
        let mut length = 1;
        while let Some(next) = spans.get(index + length).filter(|next| next.from < end) {
            end = end.max(next.until);
            length += 1;
        }
        let mut ends: Vec<i64> = Vec::new();
        let mut places = Vec::new();
        for span in &spans[index..index + length] {
            let free = ends.iter().position(|end| *end <= span.from);
            let place = free.unwrap_or(ends.len());
            match free {
                Some(free) => ends[free] = span.until,
                None => ends.push(span.until),
            }
            places.push(place);
        }
        let most = ends.len().min(3);
        let lane = |place: usize| (most > 1).then(|| format!("{}/{most}", place.min(most - 1) + 1));
        lanes.extend(places.into_iter().map(lane));
        index += length;
    }
    lanes
}

/// The columns with the full hours around all that is in them, at least 9 to 17.
pub(super) fn grid(columns: Vec<Column>, now: LocalMinute, first: Date, last: Date) -> Grid {
    let hour = |text: &str| {
        text.get(..2)
            .and_then(|hour| hour.parse::<i64>().ok())
            .unwrap_or_default()
    };
    let full = |text: &str| hour(text) + i64::from(!text.ends_with(":00"));
    let whole = |column: &Column| column.hours.is_empty();
    let open = columns
        .iter()
        .filter(|column| !whole(column))
        .flat_map(|column| &column.open);
    let starts = columns
        .iter()
        .flat_map(|column| &column.items)
        .map(|item| hour(&item.at));
    let ends = columns
        .iter()
        .flat_map(|column| &column.items)
        .map(|item| full(&item.to));
    let from = starts
        .chain(open.clone().map(|(at, _)| hour(at)))
        .min()
        .unwrap_or(9)
        .min(9);
    let to = ends
        .chain(open.map(|(_, to)| full(to)))
        .max()
        .unwrap_or(17)
        .max(17);
    let now = now.to_date_time();
    let now_minute = i64::from(now.time().hour()) * 60 + i64::from(now.time().minute());
    let visible = (first..=last).contains(&now.date()) && (from * 60..to * 60).contains(&now_minute);
    let columns = columns.into_iter().map(|mut column| {
        for (at, until) in &mut column.open {
            *at = at.clone().max(minutes(from * 60));
            *until = until.clone().min(minutes(to * 60));
        }
        column
    });
    Grid {
        from: minutes(from * 60),
        to: minutes(to * 60),
        hours: (from + 1..to).map(|hour| minutes(hour * 60)).collect(),
        now: visible.then(|| clock(now.time())),
        columns: columns.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(pairs: &[(i64, i64)]) -> Vec<Interval> {
        pairs
            .iter()
            .map(|&(from, until)| Interval { from, until })
            .collect()
    }

    #[test]
    fn what_overlaps_stands_side_by_side() {
        let told = |pairs: &[(i64, i64)]| {
            let lanes = lanes(&spans(pairs)).into_iter();
            lanes.map(Option::unwrap_or_default).collect::<Vec<_>>()
        };
        assert_eq!(told(&[(0, 60), (60, 90)]), ["", ""]);
        assert_eq!(
            told(&[(0, 60), (30, 90), (60, 120), (200, 210)]),
            ["1/2", "2/2", "1/2", ""]
        );
        assert_eq!(
            told(&[(0, 60), (0, 60), (0, 60), (0, 60)]),
            ["1/3", "2/3", "3/3", "3/3"]
        );
    }

    #[test]
    fn a_day_shows_what_lies_on_it() {
        let clip = |from, until| clipped(Interval { from, until }, 2 * DAY).map(marks);
        let marks = |at: &str, to: &str| Some((at.to_owned(), to.to_owned()));
        assert_eq!(clip(2 * DAY + 61, 2 * DAY + 63), marks("01:00", "01:10"));
        assert_eq!(clip(DAY, 4 * DAY), marks("00:00", "24:00"));
        assert_eq!(clip(0, 2 * DAY), None);
        assert_eq!((start_time(DAY), end_time(DAY)), ("00:00".into(), "24:00".into()));
        assert_eq!(end_time(DAY + 5), "00:05");
    }
}
