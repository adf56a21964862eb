//! Opening hours as stretches of the wall clock.

use crate::{Hours, Interval, LocalMinute, Opening};
use time::{Date, Time};

/// The minutes of a civil day. The wall clock has each of them once, even on days when the clocks change.
pub(super) const DAY: i64 = 1440;

/// The civil day of a minute, counted from 1970-01-01.
pub(super) const fn day_of(minute: i64) -> i64 {
    minute.div_euclid(DAY)
}

impl Hours {
    /// The windows that open on a date by these hours of an account, and perhaps by a resource's own. The result is in
    /// minutes of the wall clock since 1970-01-01 00:00.
    #[must_use]
    pub fn open_on(&self, date: Date, own: Option<&Self>) -> Vec<Interval> {
        let midnight = LocalMinute::new(date, Time::MIDNIGHT).as_minutes();
        opening_on(day_of(midnight), own, self)
    }
}

/// The windows that open on a day: by the exception of the resource, else that of the account, else the week of the
/// resource, else that of the account. Without a rule the whole day is open. The account's own schedule has no `own`
/// hours.
pub(super) fn opening_on(day: i64, own: Option<&Hours>, account: &Hours) -> Vec<Interval> {
    let midnight = day * DAY;
    let window = |opening: Opening| Interval {
        from: midnight + opening.opens(),
        until: midnight + opening.closes(),
    };
    // A booking of the calendar's last day may run past it. No rule can name such a date.
    let date = LocalMinute::from_minutes(midnight).map(|minute| minute.to_date_time().date());
    let exception = |hours: &'_ Hours| date.and_then(|date| exception_on(hours, date).map(<[_]>::to_vec));
    if let Some(openings) = own.and_then(exception).or_else(|| exception(account)) {
        return openings.into_iter().map(window).collect();
    }
    let Some(week) = own.and_then(Hours::weekly).or(account.weekly()) else {
        return vec![Interval {
            from: midnight,
            until: midnight + DAY,
        }];
    };
    let holds = |date: Date| {
        let valid = move |from: Option<Date>, until: Option<Date>| {
            from.is_none_or(|from| from <= date) && until.is_none_or(|until| date <= until)
        };
        week.iter()
            .filter(move |rule| rule.day == date.weekday() && valid(rule.valid_from, rule.valid_until))
    };
    let rules = date.into_iter().flat_map(holds);
    rules.map(|rule| window(rule.opening)).collect()
}

fn exception_on(hours: &Hours, date: Date) -> Option<&[Opening]> {
    let exceptions = hours.exceptions();
    let position = exceptions.binary_search_by_key(&date, |exception| exception.date);
    position.ok().map(|position| &*exceptions[position].openings)
}

/// Whether one of the merged windows has the whole span.
pub(super) fn cover(merged: &[Interval], span: Interval) -> bool {
    let position = merged.partition_point(|window| window.until <= span.from);
    let window = merged.get(position);
    window.is_some_and(|window| window.from <= span.from && span.until <= window.until)
}
