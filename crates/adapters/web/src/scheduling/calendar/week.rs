//! The calendar: a week with a column for each day, or a day with a column for each resource.

use super::grid::{Column, Grid, Item, clipped, end_time, grid, lanes, marks, start_time};
use crate::{
    Shared,
    dates::{DAY, field_date},
    page::{self, PageError, Section, Shell, all},
    scheduling::Names,
    visit::SignedIn,
    words::Words,
};
use actix_web::{
    HttpResponse,
    web::{Data, Query},
};
use askama::Template;
use chatgrow_domain::{
    Appointment, AppointmentStatus, Block, Hours, Interval, LocalMinute, ResourceId, parse_date,
};
use chatgrow_ports::{AppointmentFilter, BlockFilter};
use std::collections::HashMap;
use time::{Date, Duration, Time};

/// Time off that began this long before is found as well: ten years.
const BLOCKS_SINCE: Duration = Duration::days(3653);

#[derive(Template)]
#[template(path = "scheduling/calendar.html")]
struct Page {
    t: Words,
    shell: Shell,
    heading: String,
    is_week: bool,
    view: &'static str,
    /// The dates of this page and those around it, as links have them.
    date: String,
    before: String,
    after: String,
    resource: String,
    /// The id, the name and the hue of each resource.
    resources: Vec<(String, String, usize)>,
    grid: Grid,
}

/// What a column is made of.
struct Day<'a> {
    t: Words,
    names: &'a Names,
    appointments: &'a [Appointment],
    blocks: &'a [Block],
    account: &'a Hours,
    now: LocalMinute,
}

pub(crate) async fn show(
    shared: Data<Shared>,
    signed_in: SignedIn,
    query: Query<HashMap<String, String>>,
) -> Result<HttpResponse, PageError> {
    let (t, caller) = (signed_in.words(), signed_in.caller());
    let scheduling = &shared.application.scheduling;
    let wall = signed_in.wall_clock(&shared).await?;
    let schedule = scheduling.schedules.get(caller).await?;
    let names = Names::read(&shared, &signed_in).await?;
    let today = wall.today();
    let asked = query.get("date").and_then(|text| parse_date(text).ok());
    let date = asked.unwrap_or(today);
    let is_week = query.get("view").is_none_or(|view| view != "day");
    let resource: Option<ResourceId> = query.get("resource").and_then(|id| id.parse().ok());
    let first = if is_week { week_of(date) } else { date };
    let days = if is_week { 7 } else { 1 };
    let last = plus(first, days - 1);
    let (appointments, blocks) = read(&shared, &signed_in, first, last).await?;
    let day = Day {
        t,
        names: &names,
        appointments: &appointments,
        blocks: &blocks,
        account: &schedule.rules.hours,
        now: wall.minute(),
    };
    let columns = if is_week {
        day.week(first, resource)
    } else {
        day.resources(date, resource)
    };
    let heading = if is_week {
        t.days(first, last, today)
    } else {
        t.day(date, today)
    };
    page::ok(&Page {
        t,
        shell: Shell::new(&signed_in, Section::Calendar, t.text("nav-calendar")),
        heading,
        is_week,
        view: if is_week { "week" } else { "day" },
        date: field_date(date),
        before: field_date(plus(date, -days)),
        after: field_date(plus(date, days)),
        resource: resource.map(|id| id.to_string()).unwrap_or_default(),
        resources: names
            .resources
            .iter()
            .filter_map(|resource| {
                let name = resource.name.as_str().to_owned();
                Some((resource.id.to_string(), name, names.hue(resource.id)?))
            })
            .collect(),
        grid: grid(columns, wall.minute(), first, last),
    })
}

/// Reads what may be on those days. What begins on the day before may go on until the first.
async fn read(
    shared: &Shared,
    signed_in: &SignedIn,
    first: Date,
    last: Date,
) -> Result<(Vec<Appointment>, Vec<Block>), PageError> {
    let scheduling = &shared.application.scheduling;
    let midnight = |date: Date| Some(LocalMinute::new(date, Time::MIDNIGHT));
    let before = midnight(plus(last, 1));
    let filter = AppointmentFilter {
        from: midnight(plus(first, -1)),
        before,
        ..AppointmentFilter::default()
    };
    let caller = signed_in.caller();
    let appointments = all(async |page| scheduling.appointments.list(caller, &filter, page).await).await?;
    let appointments = appointments.into_iter().map(|dated| dated.value);
    let shown = appointments.filter(|appointment| appointment.status != AppointmentStatus::Cancelled);
    let filter = BlockFilter {
        from: midnight(first.checked_sub(BLOCKS_SINCE).unwrap_or(first)),
        before,
        resource: None,
    };
    let blocks = all(async |page| scheduling.blocks.list(caller, &filter, page).await).await?;
    Ok((shown.collect(), blocks))
}

/// The Sunday of a date's week.
fn week_of(date: Date) -> Date {
    plus(date, -i64::from(date.weekday().number_days_from_sunday()))
}

/// The date some days later. At the ends of the calendar the date itself.
fn plus(date: Date, days: i64) -> Date {
    date.checked_add(Duration::days(days)).unwrap_or(date)
}

impl Day<'_> {
    fn week(&self, first: Date, resource: Option<ResourceId>) -> Vec<Column> {
        (0_i64..7)
            .zip(1..)
            .map(|(day, number)| {
                let date = plus(first, day);
                let heading = self.t.with(
                    "column-of-day",
                    [
                        ("weekday", self.t.weekday(date).into()),
                        ("day", date.day().to_string().into()),
                    ],
                );
                self.column(
                    number,
                    heading,
                    date,
                    |taken| resource.is_none_or(|resource| taken.contains(&resource)),
                    resource,
                )
            })
            .collect()
    }

    /// A column for each resource, and one for the account's own schedule if there is anything in it.
    fn resources(&self, date: Date, only: Option<ResourceId>) -> Vec<Column> {
        let shown = self
            .names
            .resources
            .iter()
            .filter(|resource| only.is_none_or(|only| only == resource.id));
        let mut columns = Vec::new();
        for resource in shown {
            let (heading, id) = (resource.name.as_str().to_owned(), resource.id);
            let number = columns.len() + 1;
            let column = self.column(number, heading, date, |taken| taken.contains(&id), Some(id));
            // What is booked stays so if the resource is out of use.
            if resource.active || !column.items.is_empty() {
                columns.push(column);
            }
        }
        if only.is_none() {
            let heading = self.t.text("column-own");
            let number = columns.len() + 1;
            let own = self.column(number, heading, date, <[_]>::is_empty, None);
            if columns.is_empty() || !own.items.is_empty() {
                columns.push(own);
            }
        }
        columns
    }

    fn column(
        &self,
        number: usize,
        heading: String,
        date: Date,
        shown: impl Fn(&[ResourceId]) -> bool,
        resource: Option<ResourceId>,
    ) -> Column {
        let midnight = LocalMinute::new(date, Time::MIDNIGHT).as_minutes();
        let today = self.now.to_date_time().date() == date;
        let own = resource.and_then(|id| self.names.resource(id));
        let open = self.account.open_on(date, own.map(|resource| &resource.hours));
        let mut items: Vec<(Interval, Item)> = Vec::new();
        for appointment in self.appointments {
            if shown(&appointment.booking.resources) {
                items.extend(self.appointment(appointment, midnight));
            }
        }
        for block in self.blocks {
            let taken: Vec<_> = block.terms.resource.into_iter().collect();
            if shown(&taken) || taken.is_empty() {
                items.extend(self.block(block, midnight));
            }
        }
        items.sort_by_key(|(interval, _)| (interval.from, interval.until));
        let spans: Vec<_> = items.iter().map(|(interval, _)| *interval).collect();
        let now = self.now.as_minutes() - midnight;
        let mut now_shown = !today;
        let items = items
            .into_iter()
            .zip(lanes(&spans))
            .map(|((interval, item), lane)| {
                let after_now = !now_shown && interval.from > now;
                now_shown |= after_now;
                Item {
                    lane,
                    after_now,
                    ..item
                }
            })
            .collect::<Vec<_>>();
        let words: Vec<_> = open
            .iter()
            .map(|window| format!("{}–{}", start_time(window.from), end_time(window.until)))
            .collect();
        let whole = open
            .first()
            .is_some_and(|window| window.until - window.from == DAY);
        Column {
            number,
            heading,
            hours: match words.len() {
                0 => self.t.text("closed"),
                _ if whole => String::new(),
                _ => words.join(", "),
            },
            today,
            open: open
                .iter()
                .filter_map(|window| clipped(*window, midnight))
                .map(marks)
                .collect(),
            items,
            now_last: !now_shown,
        }
    }

    fn appointment(&self, appointment: &Appointment, midnight: i64) -> Option<(Interval, Item)> {
        let slot = appointment.booking.slot;
        let whole = Interval {
            from: slot.start.as_minutes(),
            until: slot.end_minutes(),
        };
        let interval = clipped(whole, midnight)?;
        let state = match appointment.status {
            AppointmentStatus::Completed => Some("done"),
            AppointmentStatus::NoShow => Some("no-show"),
            AppointmentStatus::Pending => Some("pending"),
            AppointmentStatus::Confirmed | AppointmentStatus::Cancelled | AppointmentStatus::Expired => None,
        };
        let mut who = self.names.who(&appointment.booking.resources);
        if state.is_some() {
            let status = self.t.text(&format!("status-{}", appointment.status.as_str()));
            who = if who.is_empty() {
                status
            } else {
                format!("{who} · {status}")
            };
        }
        let (at, to) = marks(interval);
        let item = Item {
            at,
            to,
            lane: None,
            hue: appointment
                .booking
                .resources
                .first()
                .and_then(|id| self.names.hue(*id)),
            after_now: false,
            state,
            off: false,
            href: format!("/console/appointments/{}", appointment.id),
            title: appointment.customer.name.as_str().to_owned(),
            starts: start_time(whole.from),
            ends: end_time(whole.until),
            what: self.names.what(self.t, &appointment.booking),
            who,
        };
        Some((interval, item))
    }

    fn block(&self, block: &Block, midnight: i64) -> Option<(Interval, Item)> {
        let whole = block.occupancy().interval;
        let interval = clipped(whole, midnight)?;
        let (at, to) = marks(interval);
        let reason = block.terms.reason.as_ref();
        let item = Item {
            at,
            to,
            lane: None,
            hue: None,
            after_now: false,
            state: None,
            off: true,
            href: format!("/console/blocks/{}", block.id),
            title: reason.map_or_else(|| self.t.text("block"), |reason| reason.as_str().to_owned()),
            starts: start_time(interval.from),
            ends: end_time(interval.until),
            what: String::new(),
            who: match block.terms.resource {
                Some(id) => self.names.who(&[id]),
                None => self.t.text("block-everybody"),
            },
        };
        Some((interval, item))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    #[test]
    fn a_week_begins_on_sunday() {
        assert_eq!(week_of(date!(2026 - 06 - 16)), date!(2026 - 06 - 14));
        assert_eq!(week_of(date!(2026 - 06 - 14)), date!(2026 - 06 - 14));
    }
}
