//! Opening hours over HTTP, which resources and schedules have.

mod values;

use crate::{
    error::ApiError,
    fields::{Element, Field, Fields, List, Object, Required},
    value::{Midnight, Resource, Several, Shown},
};
use chatgrow_domain as domain;
use chatgrow_domain::{DayException, InvalidHours, Opening};
use paperclip::actix::Apiv2Schema;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use time::{Date, Weekday};
use values::{Closes, Opens};

/// When a resource can be booked.
#[derive(Serialize, Apiv2Schema)]
pub(crate) struct Hours {
    /// The windows of each week; `null` if the account's week applies.
    weekly: Several<Resource<WeeklyOpening>>,
    /// The dates with other windows, or none, by date.
    exceptions: Vec<Resource<HoursException>>,
}

impl From<&domain::Hours> for Hours {
    fn from(hours: &domain::Hours) -> Self {
        Self {
            weekly: weekly_of(hours),
            exceptions: exceptions_of(hours),
        }
    }
}

/// A window of each week.
#[derive(Serialize, Apiv2Schema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WeeklyOpening {
    /// The day on which it opens.
    day: Shown<Weekday>,
    /// When it opens, in the business's own time.
    opens: Shown<Opens>,
    /// When it closes; after 24:00 is on the next day.
    closes: Shown<Closes>,
    /// The first date to which it applies, at midnight UTC; `null` is no limit.
    valid_from: Shown<Option<Midnight>>,
    /// The last date to which it applies, at midnight UTC; `null` is no limit.
    valid_until: Shown<Option<Midnight>>,
}

/// A window of a date, or that the date is closed.
#[derive(Serialize, Apiv2Schema)]
pub(crate) struct HoursException {
    /// The civil date, at midnight UTC.
    date: Shown<Midnight>,
    /// Whether the date is closed all day.
    closed: Shown<bool>,
    /// When the window opens; `null` if the date is closed.
    opens: Shown<Option<Opens>>,
    /// When it closes, after 24:00 on the next day; `null` if the date is closed.
    closes: Shown<Option<Closes>>,
}

/// The windows of each week, as answers show them.
pub(super) fn weekly_of(hours: &domain::Hours) -> Several<Resource<WeeklyOpening>> {
    let shown = |rule: &domain::WeeklyOpening| {
        Resource(WeeklyOpening {
            day: Shown(rule.day),
            opens: Shown(Opens::of(rule.opening)),
            closes: Shown(Closes::of(rule.opening)),
            valid_from: Shown(rule.valid_from.map(Midnight)),
            valid_until: Shown(rule.valid_until.map(Midnight)),
        })
    };
    Several(hours.weekly().map(|rules| rules.iter().map(shown).collect()))
}

/// The exceptions, as answers show them: one for each window, and one for each closed date.
pub(super) fn exceptions_of(hours: &domain::Hours) -> Vec<Resource<HoursException>> {
    let shown = |date: Date, opening: Option<Opening>| {
        Resource(HoursException {
            date: Shown(Midnight(date)),
            closed: Shown(opening.is_none()),
            opens: Shown(opening.map(Opens::of)),
            closes: Shown(opening.map(Closes::of)),
        })
    };
    let mut exceptions = Vec::new();
    for DayException { date, openings } in hours.exceptions() {
        if openings.is_empty() {
            exceptions.push(shown(*date, None));
        }
        exceptions.extend(openings.iter().map(|opening| shown(*date, Some(*opening))));
    }
    exceptions
}

/// A window of each week.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct WeeklyOpeningInput {
    /// The day on which it opens.
    day: Required<Weekday>,
    /// When it opens, in the business's own time.
    opens: Required<Opens>,
    /// When it closes, after it opens; 24:00 is the end of the day, and what is later is on the next day.
    closes: Required<Closes>,
    /// The first date to which it applies; no limit if it is omitted.
    valid_from: Field<Date>,
    /// The last date to which it applies; no limit if it is omitted.
    valid_until: Field<Date>,
}

impl Element for Object<WeeklyOpeningInput> {
    const MOST: usize = domain::Hours::MAX_RULES;
}

impl WeeklyOpeningInput {
    fn into_domain(self, fields: &mut Fields) -> Option<domain::WeeklyOpening> {
        let day = fields.required("day", self.day);
        let opens = fields.required("opens", self.opens);
        let closes = fields.required("closes", self.closes);
        let valid_from = fields.optional("validFrom", self.valid_from);
        let valid_until = fields.optional("validUntil", self.valid_until);
        let opening = opening(fields, opens?, closes?);
        Some(domain::WeeklyOpening {
            day: day?,
            opening: opening?,
            valid_from: valid_from?,
            valid_until: valid_until?,
        })
    }
}

/// A window of a date, or that the date is closed. Several windows of one date are several of these.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(default)]
pub(crate) struct HoursExceptionInput {
    /// The civil date; the API's own output form is accepted too.
    date: Required<Date>,
    /// `true` if the date is closed all day. Then there is neither `opens` nor `closes`.
    closed: Field<bool>,
    /// When the window opens, unless the date is closed.
    opens: Field<Opens>,
    /// When it closes, unless the date is closed; what is later than 24:00 is on the next day.
    closes: Field<Closes>,
}

impl Element for Object<HoursExceptionInput> {
    const MOST: usize = domain::Hours::MAX_RULES;
}

impl HoursExceptionInput {
    /// The date and its window, or no window if it is closed.
    fn into_domain(self, fields: &mut Fields) -> Option<(Date, Option<Opening>)> {
        let date = fields.required("date", self.date);
        let all_day = fields.optional("closed", self.closed);
        let opens = fields.optional("opens", self.opens);
        let closes = fields.optional("closes", self.closes);
        let opening = match (all_day?.unwrap_or(false), opens?, closes?) {
            (true, None, None) => None,
            (true, ..) => fields.refuse("closed", "must not be true if there is opens or closes")?,
            (false, Some(opens), Some(closes)) => Some(opening(fields, opens, closes)?),
            (false, opens, closes) => {
                for (name, given) in [("opens", opens.is_some()), ("closes", closes.is_some())] {
                    if !given {
                        fields.refuse::<()>(name, "is required unless the date is closed");
                    }
                }
                return None;
            }
        };
        Some((date?, opening))
    }
}

/// The window. An opening time is always within its day, so it is the closing time that may not fit.
fn opening(fields: &mut Fields, Opens(opens): Opens, Closes(closes): Closes) -> Option<Opening> {
    match Opening::new(opens, closes) {
        Ok(opening) => Some(opening),
        Err(_) => fields.refuse("closes", domain::Invalid::Closing),
    }
}

/// The hours of a request's `weekly` and `exceptions`.
pub(super) fn read(
    fields: &mut Fields,
    weekly: List<Object<WeeklyOpeningInput>>,
    exceptions: List<Object<HoursExceptionInput>>,
) -> Option<domain::Hours> {
    let weekly = fields.list("weekly", weekly, |fields, item| {
        fields.object(item)?.into_domain(fields)
    });
    let entries = fields.list("exceptions", exceptions, |fields, item| {
        fields.object(item)?.into_domain(fields)
    });
    let (weekly, entries) = (weekly?, entries?.unwrap_or_default());
    match domain::Hours::new(weekly, by_date(&entries)) {
        Ok(hours) => Some(hours),
        Err(errors) => {
            for error in errors {
                refuse(fields, error, &entries);
            }
            None
        }
    }
}

/// Puts the windows of each date together. A date that is closed stays by itself, so that the domain finds it twice if it
/// has windows too.
fn by_date(entries: &[(Date, Option<Opening>)]) -> Vec<DayException> {
    let mut days: Vec<DayException> = Vec::new();
    let mut open = HashMap::new();
    for (date, opening) in entries {
        let openings: Vec<_> = opening.iter().copied().collect();
        match open.get(date) {
            Some(day) if opening.is_some() => {
                let day: &mut DayException = &mut days[*day];
                day.openings.extend(openings);
            }
            _ => {
                if opening.is_some() {
                    open.insert(*date, days.len());
                }
                days.push(DayException {
                    date: *date,
                    openings,
                });
            }
        }
    }
    days
}

/// Names the field that is to blame.
fn refuse(fields: &mut Fields, error: InvalidHours, entries: &[(Date, Option<Opening>)]) -> Option<()> {
    match error {
        InvalidHours::WeekTooLong => fields.refuse("weekly", error),
        InvalidHours::TooManyExceptions => fields.refuse("exceptions", error),
        InvalidHours::Validity(index) => fields.refuse_in("weekly", index, "validUntil", error),
        InvalidHours::WeeklyOverlap(index) => fields.refuse_in("weekly", index, "", error),
        InvalidHours::DateTwice(date) => {
            let last = entries.iter().rposition(|(other, _)| *other == date);
            fields.refuse_in("exceptions", last.unwrap_or_default(), "date", error)
        }
        InvalidHours::ExceptionOverlap(date) => {
            let of_date = entries
                .iter()
                .enumerate()
                .filter(|(_, (other, _))| *other == date);
            let windows: Vec<_> = of_date
                .filter_map(|(index, (_, opening))| Some((index, (*opening)?)))
                .collect();
            let mut later = windows.iter().enumerate();
            let first = later.find_map(|(nth, (index, own))| {
                let mut earlier = windows[..nth].iter();
                earlier
                    .any(|(_, earlier)| earlier.overlaps(*own))
                    .then_some(*index)
            });
            fields.refuse_in("exceptions", first.unwrap_or_default(), "", error)
        }
    }
}

/// The opening hours of a resource; what is omitted is left to the account's hours.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(default)]
pub(crate) struct PutHours {
    /// The windows of each week. `null` means that the account's week applies; `[]` is closed every day.
    weekly: List<Object<WeeklyOpeningInput>>,
    /// The dates with other windows, or none.
    exceptions: List<Object<HoursExceptionInput>>,
}

impl PutHours {
    pub(super) fn into_domain(self) -> Result<domain::Hours, ApiError> {
        let mut fields = Fields::default();
        read(&mut fields, self.weekly, self.exceptions).ok_or_else(|| fields.into_error())
    }
}
