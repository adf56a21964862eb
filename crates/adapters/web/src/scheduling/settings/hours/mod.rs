//! The form of opening hours, which the business and each resource have.
//!
//! Each day has two windows, with a break between them. A window that closes earlier than it opens closes on the next
//! day.

use crate::{
    dates::{DAY, field_date, minutes},
    form::Form,
    words::Words,
};
use chatgrow_domain::{
    DayException, Hours, Invalid, InvalidHours, Opening, WeeklyOpening, parse_closing, parse_date, parse_time,
};
use time::{Date, Weekday};

const WEEK: [Weekday; 7] = [
    Weekday::Sunday,
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
];

/// What the fields of a special day end in, as those of a weekday end in its number.
const SPECIAL: &str = "special";

/// Opening hours as a page shows them.
pub(super) struct View {
    /// The days of the week; `None` if the form can't show their rules.
    pub(super) week: Option<Vec<Day>>,
    /// The label of having no weekly rule.
    pub(super) none: String,
    /// The label of having weekly rules.
    pub(super) some: String,
    /// The special days from today on.
    pub(super) coming: Vec<SpecialDay>,
    /// Those that have passed.
    pub(super) past: Vec<SpecialDay>,
    /// The fields of a new special day.
    pub(super) windows: Windows,
}

pub(super) struct Day {
    pub(super) name: String,
    /// The name of the box that opens it.
    pub(super) open: String,
    pub(super) windows: Windows,
    /// Whether one of its windows closes on the next day.
    pub(super) overnight: bool,
}

/// The names of the fields of a day's two windows.
pub(super) struct Windows {
    pub(super) first: Window,
    pub(super) second: Window,
}

/// The names of the two fields of a window.
pub(super) struct Window {
    pub(super) opens: String,
    pub(super) closes: String,
}

pub(super) struct SpecialDay {
    pub(super) date: String,
    pub(super) name: String,
    /// When it is open; `None` if it is closed.
    pub(super) times: Option<String>,
}

impl Windows {
    fn of(day: &str) -> Self {
        let window = |number: u8| Window {
            opens: format!("opens-{day}-{number}"),
            closes: format!("closes-{day}-{number}"),
        };
        Self {
            first: window(1),
            second: window(2),
        }
    }
}

impl View {
    /// The hours, with the labels of having no weekly rule and of having some.
    pub(super) fn new(t: Words, hours: &Hours, today: Date, [none, some]: [&str; 2]) -> Self {
        let day = |(day, openings): (Weekday, Vec<Opening>)| Day {
            name: t.weekday_number(day.number_days_from_sunday()),
            open: format!("open-{}", day.number_days_from_sunday()),
            windows: Windows::of(&day.number_days_from_sunday().to_string()),
            overnight: openings.iter().any(|opening| opening.closes() > DAY),
        };
        let special = |exception: &DayException| SpecialDay {
            date: field_date(exception.date),
            name: t.day(exception.date, today),
            times: times(&exception.openings),
        };
        let (past, coming): (Vec<_>, Vec<_>) = hours
            .exceptions()
            .iter()
            .partition(|exception| exception.date < today);
        Self {
            week: week(hours).map(|week| WEEK.into_iter().zip(week).map(day).collect()),
            none: t.text(none),
            some: t.text(some),
            coming: coming.into_iter().map(special).collect(),
            past: past.into_iter().map(special).collect(),
            windows: Windows::of(SPECIAL),
        }
    }
}

/// `09:00–13:00, 14:00–18:00`.
fn times(openings: &[Opening]) -> Option<String> {
    let window = |opening: &Opening| {
        let closes = opening.closes();
        let closes = if closes > DAY && can_be_shown(*opening) {
            closes - DAY
        } else {
            closes
        };
        format!("{}–{}", minutes(opening.opens()), minutes(closes))
    };
    let windows: Vec<_> = openings.iter().map(window).collect();
    (!windows.is_empty()).then(|| windows.join(", "))
}

/// When a window closes, after midnight of its day, if a form says so.
const fn closing(opens: i64, closes: i64) -> i64 {
    if closes == 0 || closes < opens {
        closes + DAY
    } else {
        closes
    }
}

/// Whether a form that shows the window says the same.
const fn can_be_shown(opening: Opening) -> bool {
    closing(opening.opens(), opening.closes() % DAY) == opening.closes()
}

/// The windows of each day, or `None` if the form can't show them.
fn week(hours: &Hours) -> Option<[Vec<Opening>; 7]> {
    let mut week: [Vec<Opening>; 7] = Default::default();
    for rule in hours.weekly().unwrap_or_default() {
        let day = week.get_mut(usize::from(rule.day.number_days_from_sunday()))?;
        let always = rule.valid_from.is_none() && rule.valid_until.is_none();
        if !always || !can_be_shown(rule.opening) || day.len() == 2 {
            return None;
        }
        day.push(rule.opening);
    }
    for day in &mut week {
        day.sort_unstable();
    }
    Some(week)
}

/// Fills in the weekly hours.
pub(super) fn fill_week(form: &mut Form, hours: &Hours) {
    form.add("week", if hours.weekly().is_none() { "none" } else { "some" });
    for (number, openings) in week(hours).into_iter().flatten().enumerate() {
        let windows = Windows::of(&number.to_string());
        if openings.is_empty() {
            // What a day may begin with once its box is checked.
            form.add(&windows.first.opens, "09:00");
            form.add(&windows.first.closes, "17:00");
            continue;
        }
        form.add(&format!("open-{number}"), "on");
        for (window, opening) in [windows.first, windows.second].into_iter().zip(openings) {
            form.add(&window.opens, minutes(opening.opens()));
            form.add(&window.closes, minutes(opening.closes() % DAY));
        }
    }
}

/// Fills in a new special day.
pub(super) fn fill_special(form: &mut Form) {
    form.add("special", "none");
}

/// Reads the weekly hours. Those that the form can't show stay as they are, and so do special days.
pub(super) fn read_week(form: &mut Form, t: Words, present: &Hours) -> Option<Hours> {
    if week(present).is_none() {
        return Some(present.clone());
    }
    let exceptions = present.exceptions().to_vec();
    if !reads_some(form, t, "week")? {
        return checked(form, t, Hours::new(None, exceptions), |_| "week");
    }
    let (mut rules, mut fields, mut valid) = (Vec::new(), Vec::new(), true);
    for day in WEEK {
        let number = day.number_days_from_sunday().to_string();
        if !form.has(&format!("open-{number}"), "on") {
            continue;
        }
        let windows = read_windows(form, t, &number);
        valid &= windows.is_some();
        for (field, opening) in windows.unwrap_or_default() {
            fields.push(field);
            rules.push(WeeklyOpening {
                day,
                opening,
                valid_from: None,
                valid_until: None,
            });
        }
    }
    if !valid {
        return None;
    }
    checked(
        form,
        t,
        Hours::new(Some(rules), exceptions),
        |error| match error {
            InvalidHours::WeeklyOverlap(index) => fields.get(*index).map_or("week", String::as_str),
            _ => "week",
        },
    )
}

/// Reads a new special day. Everything else stays as it is.
pub(super) fn read_special(form: &mut Form, t: Words, present: &Hours) -> Option<Hours> {
    let date = form.read(t, "date", parse_date);
    let openings = if reads_some(form, t, "special")? {
        read_windows(form, t, SPECIAL)
    } else {
        Some(Vec::new())
    };
    let openings = openings?.into_iter().map(|(_, opening)| opening).collect();
    let mut exceptions = present.exceptions().to_vec();
    exceptions.push(DayException {
        date: date?,
        openings,
    });
    let second = Windows::of(SPECIAL).second.opens;
    checked(
        form,
        t,
        Hours::new(weekly(present), exceptions),
        |error| match error {
            InvalidHours::ExceptionOverlap(_) => &second,
            _ => "date",
        },
    )
}

/// The hours without the special day at that date, as the form's button says it.
pub(super) fn without(present: &Hours, date: &str) -> Option<Hours> {
    let date = parse_date(date).ok()?;
    let mut exceptions = present.exceptions().to_vec();
    exceptions.retain(|exception| exception.date != date);
    Hours::new(weekly(present), exceptions).ok()
}

fn weekly(hours: &Hours) -> Option<Vec<WeeklyOpening>> {
    hours.weekly().map(<[_]>::to_vec)
}

/// Reads the choice between no hours and some.
fn reads_some(form: &mut Form, t: Words, field: &str) -> Option<bool> {
    let allowed = "none, some";
    form.read(t, field, |text| match text {
        "none" => Ok(false),
        "some" => Ok(true),
        _ => Err(Invalid::NotOneOf { allowed }),
    })
}

/// Reads the windows of a day, each with the field that a clash is told beside.
fn read_windows(form: &mut Form, t: Words, day: &str) -> Option<Vec<(String, Opening)>> {
    let Windows { first, second } = Windows::of(day);
    let is_blank = |name: &str| form.value(name).trim().is_empty();
    let breaks = !is_blank(&second.opens) || !is_blank(&second.closes);
    let first = read_window(form, t, first);
    if !breaks {
        return Some(vec![first?]);
    }
    let second = read_window(form, t, second);
    Some(vec![first?, second?])
}

fn read_window(form: &mut Form, t: Words, window: Window) -> Option<(String, Opening)> {
    let opens = form.read(t, &window.opens, |text| {
        let time = parse_time(text)?;
        Ok(i64::from(time.hour()) * 60 + i64::from(time.minute()))
    });
    let closes = form.read(t, &window.closes, parse_closing);
    let (opens, closes) = (opens?, closes?);
    match Opening::new(opens, closing(opens, closes)) {
        Ok(opening) => Some((window.opens, opening)),
        Err(why) => {
            form.refuse(window.closes, t.invalid(why));
            None
        }
    }
}

/// Notes what is wrong with hours beside the field that is to blame.
fn checked<'a>(
    form: &mut Form,
    t: Words,
    hours: Result<Hours, Vec<InvalidHours>>,
    field: impl Fn(&InvalidHours) -> &'a str,
) -> Option<Hours> {
    let errors = match hours {
        Ok(hours) => return Some(hours),
        Err(errors) => errors,
    };
    for error in errors {
        let fault = match error {
            InvalidHours::WeekTooLong | InvalidHours::TooManyExceptions => t.invalid(Invalid::TooMany {
                max: Hours::MAX_RULES,
            }),
            InvalidHours::WeeklyOverlap(_) | InvalidHours::ExceptionOverlap(_) => t.text("hours-overlap"),
            InvalidHours::DateTwice(_) => t.text("special-twice"),
            InvalidHours::Validity(_) => t.text("invalid-closing"),
        };
        form.refuse(field(&error), fault);
    }
    None
}

#[cfg(test)]
mod tests;
