//! The page of events, and that of one event.

use super::facts::Facts;
use crate::{
    Shared,
    billing::standing,
    dates::field_date,
    form::Form,
    page::{self, PageError, Section, Shell, all, found, query, title},
    visit::SignedIn,
    words::Words,
};
use actix_web::{
    HttpResponse,
    web::{Data, Path, Query},
};
use askama::Template;
use chatgrow_application::WallClock;
use chatgrow_domain::{
    Event, EventId, LocalMinute, PageLimit, Registration, RegistrationId, RegistrationStatus, parse_date,
};
use chatgrow_ports::{EventFilter, PageRequest, StartPosition};
use futures_util::{StreamExt, TryStreamExt, stream};
use std::collections::HashMap;
use time::{Date, Duration, Time};

/// How many days of the past one page shows.
const PAST: Duration = Duration::days(365);

/// How many customers are read at the same time.
const AT_ONCE: usize = 8;

#[derive(Template)]
#[template(path = "events/events.html")]
struct EventsPage {
    t: Words,
    shell: Shell,
    past: bool,
    /// The days of the past that are shown, in words.
    span: Option<String>,
    events: Vec<Facts>,
    /// The query of the next page, or of earlier events.
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "events/event.html")]
struct EventPage {
    t: Words,
    shell: Shell,
    form: Form,
    event: Facts,
    people: Vec<Person>,
    /// The query of the next page of registrations.
    next: Option<String>,
    /// The query of a new customer with the address that no customer has.
    unknown: Option<String>,
}

/// Somebody who is registered.
pub(super) struct Person {
    pub(super) id: RegistrationId,
    pub(super) customer: String,
    pub(super) name: String,
    pub(super) email: String,
    pub(super) phone: Option<String>,
    pub(super) notes: Option<String>,
    pub(super) when: String,
    /// Unless it is confirmed.
    pub(super) status: Option<String>,
    pub(super) takes_place: bool,
    /// How far it is paid, if it costs anything.
    pub(super) paid: Option<String>,
}

pub(super) async fn event(shared: &Shared, signed_in: &SignedIn, id: &str) -> Result<Event, PageError> {
    let id: EventId = id.parse().map_err(|_| PageError::NotFound)?;
    found(shared.application.events.events.get(signed_in.caller(), id).await)
}

fn midnight(date: Date) -> LocalMinute {
    LocalMinute::new(date, Time::MIDNIGHT)
}

pub(crate) async fn list(
    shared: Data<Shared>,
    signed_in: SignedIn,
    query: Query<HashMap<String, String>>,
) -> Result<HttpResponse, PageError> {
    let today = signed_in.wall_clock(&shared).await?.today();
    if query.contains_key("past") {
        let before = match query.get("before") {
            Some(before) => parse_date(before).map_err(|_| PageError::NotFound)?,
            None => today,
        };
        return past(&shared, &signed_in, today, before).await;
    }
    let after = query
        .get("after")
        .map(|after| position(after).ok_or(PageError::NotFound));
    let page = PageRequest {
        limit: PageLimit::DEFAULT,
        after: after.transpose()?,
    };
    // What starts today is not over yet, or was just now.
    let filter = EventFilter {
        from: Some(midnight(today)),
        ..EventFilter::default()
    };
    let events = &shared.application.events.events;
    let page = events.list(signed_in.caller(), filter, page).await?;
    let t = signed_in.words();
    page::ok(&EventsPage {
        t,
        shell: Shell::new(&signed_in, Section::Events, t.text("nav-events")),
        past: false,
        span: None,
        events: page
            .items
            .iter()
            .map(|event| Facts::of(t, event, today))
            .collect(),
        next: page.next.map(|next| {
            let after = format!("{}.{}", next.start.as_minutes(), next.id);
            page::query([("after", &after)])
        }),
    })
}

/// Shows the events of the year before a day, the latest first.
async fn past(
    shared: &Shared,
    signed_in: &SignedIn,
    today: Date,
    before: Date,
) -> Result<HttpResponse, PageError> {
    let (t, caller) = (signed_in.words(), signed_in.caller());
    let from = before.checked_sub(PAST).unwrap_or(Date::MIN);
    let filter = EventFilter {
        from: Some(midnight(from)),
        before: Some(midnight(before)),
        status: None,
    };
    let events = &shared.application.events.events;
    let mut shown = all(async |page| events.list(caller, filter, page).await).await?;
    shown.reverse();
    let earlier = EventFilter {
        before: Some(midnight(from)),
        ..EventFilter::default()
    };
    let one = PageRequest {
        limit: PageLimit::DEFAULT,
        after: None,
    };
    let earlier = events.list(caller, earlier, one).await?;
    let span = [
        ("from", t.date(from).into()),
        ("to", t.date(before.previous_day().unwrap_or(before)).into()),
    ];
    page::ok(&EventsPage {
        t,
        shell: Shell::new(signed_in, Section::Events, t.text("events-past-title")),
        past: true,
        span: Some(t.with("events-span", span)),
        events: shown.iter().map(|event| Facts::of(t, event, today)).collect(),
        next: (!earlier.items.is_empty()).then(|| query([("past", "1"), ("before", &field_date(from))])),
    })
}

/// Reads a position in the list: `minutes.id`.
fn position(text: &str) -> Option<StartPosition<EventId>> {
    let (start, id) = text.split_once('.')?;
    Some(StartPosition {
        start: LocalMinute::from_minutes(start.parse().ok()?)?,
        id: id.parse().ok()?,
    })
}

pub(crate) async fn show(
    shared: Data<Shared>,
    signed_in: SignedIn,
    id: Path<String>,
    query: Query<HashMap<String, String>>,
) -> Result<HttpResponse, PageError> {
    let event = event(&shared, &signed_in, &id).await?;
    let after = query.get("after").map(|after| after.parse());
    let after = after.transpose().map_err(|_| PageError::NotFound)?;
    page::ok(&event_page(&shared, &signed_in, &event, Form::default(), after).await?)
}

/// The page of an event, with the form that registers somebody.
pub(super) async fn refused(
    shared: &Shared,
    signed_in: &SignedIn,
    event: &Event,
    form: Form,
    unknown: bool,
) -> Result<HttpResponse, PageError> {
    let email = form.value("email").trim().to_owned();
    let mut page = event_page(shared, signed_in, event, form, None).await?;
    page.unknown = unknown.then(|| query([("email", &email)]));
    page::refused(&page)
}

async fn event_page(
    shared: &Shared,
    signed_in: &SignedIn,
    event: &Event,
    form: Form,
    after: Option<RegistrationId>,
) -> Result<EventPage, PageError> {
    let t = signed_in.words();
    let clock = signed_in.wall_clock(shared).await?;
    let page = PageRequest {
        limit: PageLimit::DEFAULT,
        after,
    };
    let registrations = &shared.application.events.registrations;
    let page = registrations.list(signed_in.caller(), event.id, page).await?;
    let facts = Facts::of(t, event, clock.today());
    let title = if form.is_valid() {
        facts.title.clone()
    } else {
        title(t, &form, "event-register")
    };
    Ok(EventPage {
        t,
        shell: Shell::new(signed_in, Section::Events, title),
        form,
        event: facts,
        people: people(shared, signed_in, &clock, page.items).await?,
        next: page.next.map(|next| query([("after", &next.to_string())])),
        unknown: None,
    })
}

/// Those who are registered, with the phone numbers that their registrations don't have.
pub(super) async fn people(
    shared: &Shared,
    signed_in: &SignedIn,
    clock: &WallClock,
    registrations: Vec<Registration>,
) -> Result<Vec<Person>, PageError> {
    let (t, customers) = (signed_in.words(), &shared.application.crm.customers);
    let person = async |registration: Registration| {
        let customer = customers
            .by_id(signed_in.caller(), registration.customer.id)
            .await?;
        Ok::<_, PageError>(Person {
            id: registration.id,
            customer: customer.id.to_string(),
            name: customer.name.as_str().to_owned(),
            email: customer.email.as_str().to_owned(),
            phone: customer.phone.map(|phone| phone.as_str().to_owned()),
            notes: registration.notes.map(|notes| notes.as_str().to_owned()),
            when: t.moment(clock.at(registration.created_at), clock.today()),
            status: (registration.status != RegistrationStatus::Confirmed)
                .then(|| t.text(&format!("status-{}", registration.status.as_str()))),
            takes_place: registration.status.takes_place(),
            paid: registration.bill.map(|bill| standing(t, &bill)),
        })
    };
    stream::iter(registrations.into_iter().map(person))
        .buffered(AT_ONCE)
        .try_collect()
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_a_minute_and_an_id() {
        let read = position("29000000.507f1f77bcf86cd799439011").unwrap();
        assert_eq!(read.start.as_minutes(), 29_000_000);
        assert_eq!(read.id.to_string(), "507f1f77bcf86cd799439011");
        for text in ["", "1", "x.507f1f77bcf86cd799439011", "1.5"] {
            assert_eq!(position(text), None, "{text}");
        }
    }
}
