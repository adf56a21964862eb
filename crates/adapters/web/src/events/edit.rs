//! The forms that create, edit and cancel an event.

use super::{event::event, facts::Facts};
use crate::{
    Shared,
    dates::{clock, field_date},
    form::Form,
    money::amount,
    page::{self, PageError, Section, Shell, title},
    visit::SignedIn,
    words::Words,
};
use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use askama::Template;
use chatgrow_application::{Outcome, Precondition};
use chatgrow_domain::{
    Capacity, Event, EventDescription, EventEdit, EventLocation, EventRefusal, EventStatus, EventTitle,
    LocalMinute, Money, NewEvent, Revised, Revision, parse_date, parse_time,
};
use chatgrow_ports::Failure;

#[derive(Template)]
#[template(path = "events/event_form.html")]
struct FormPage {
    t: Words,
    shell: Shell,
    form: Form,
    heading: String,
    /// The path to which the form is sent.
    action: String,
    /// The path to which its "cancel" leads.
    back: String,
    /// The state that is edited.
    revision: Option<String>,
    max_capacity: i64,
}

#[derive(Template)]
#[template(path = "events/cancel.html")]
struct CancelPage {
    t: Words,
    shell: Shell,
    event: Facts,
}

fn new_page(signed_in: &SignedIn, form: Form) -> FormPage {
    let t = signed_in.words();
    FormPage {
        t,
        shell: Shell::new(signed_in, Section::Events, title(t, &form, "event-new")),
        form,
        heading: t.text("event-new"),
        action: "/console/events".to_owned(),
        back: "/console/events".to_owned(),
        revision: None,
        max_capacity: Capacity::MAX,
    }
}

fn edit_page(signed_in: &SignedIn, event: &Event, revision: &Revision, form: Form) -> FormPage {
    let t = signed_in.words();
    let path = format!("/console/events/{}", event.id);
    FormPage {
        t,
        shell: Shell::new(signed_in, Section::Events, title(t, &form, "event-edit")),
        form,
        heading: t.of("event-edit-title", "title", event.title.as_str()),
        action: format!("{path}/edit"),
        back: path,
        revision: Some(revision.as_str().to_owned()),
        max_capacity: Capacity::MAX,
    }
}

pub(crate) async fn new(signed_in: SignedIn) -> Result<HttpResponse, PageError> {
    page::ok(&new_page(&signed_in, Form::default()))
}

pub(crate) async fn create(
    shared: Data<Shared>,
    signed_in: SignedIn,
    mut form: Form,
) -> Result<HttpResponse, PageError> {
    let Some(new) = read(&mut form, signed_in.words()) else {
        return page::refused(&new_page(&signed_in, form));
    };
    let request = signed_in.request_of(&form);
    match shared.application.events.events.create(&request, new).await? {
        Outcome::Done(effect) => page::go_to(format!("/console/events/{}", effect.resource().id)),
        // The form was sent again.
        _ => page::go_to("/console/events"),
    }
}

pub(crate) async fn show(
    shared: Data<Shared>,
    signed_in: SignedIn,
    id: Path<String>,
) -> Result<HttpResponse, PageError> {
    let event = event(&shared, &signed_in, &id).await?;
    let start = event.start.to_date_time();
    let location = event.location.as_ref().map_or("", |location| location.as_str());
    let description = event.description.as_ref().map_or("", |text| text.as_str());
    let capacity = event.capacity.map(|capacity| capacity.get().to_string());
    let form = Form::of([
        ("title", event.title.as_str().to_owned()),
        ("date", field_date(start.date())),
        ("time", clock(start.time())),
        ("location", location.to_owned()),
        ("capacity", capacity.unwrap_or_default()),
        ("price", event.price.map(amount).unwrap_or_default()),
        ("description", description.to_owned()),
    ]);
    page::ok(&edit_page(&signed_in, &event, &event.revision(), form))
}

pub(crate) async fn save(
    shared: Data<Shared>,
    signed_in: SignedIn,
    id: Path<String>,
    mut form: Form,
) -> Result<HttpResponse, PageError> {
    let t = signed_in.words();
    let before = event(&shared, &signed_in, &id).await?;
    let seen = Revision::claimed(form.value("revision"));
    let Some(new) = read(&mut form, t) else {
        return page::refused(&edit_page(&signed_in, &before, &seen, form));
    };
    let start = new.start.to_date_time();
    let edit = EventEdit {
        title: Some(new.title),
        description: Some(new.description),
        date: Some(start.date()),
        time: Some(start.time()),
        location: Some(new.location),
        capacity: Some(new.capacity),
        price: Some(new.price),
        status: None,
    };
    let request = signed_in.request(Precondition::OneOf(vec![seen.clone()]));
    match shared
        .application
        .events
        .events
        .edit(&request, before.id, edit)
        .await
    {
        Ok(_) => page::go_to(format!("/console/events/{}", before.id)),
        Err(Failure::Refused(EventRefusal::CapacityTooSmall)) => {
            form.refuse("capacity", t.count("event-capacity-small", before.participants));
            page::refused(&edit_page(&signed_in, &before, &seen, form))
        }
        Err(Failure::Refused(EventRefusal::VersionMismatch)) => {
            form.refuse("revision", t.text("event-changed"));
            let now = event(&shared, &signed_in, &id).await?;
            page::refused(&edit_page(&signed_in, &now, &now.revision(), form))
        }
        Err(failure) => Err(failure.into()),
    }
}

fn read(form: &mut Form, t: Words) -> Option<NewEvent> {
    let title = form.read(t, "title", |text| EventTitle::new(text));
    let date = form.read(t, "date", parse_date);
    let time = form.read(t, "time", parse_time);
    let location = form.read_optional(t, "location", |text| EventLocation::new(text));
    let capacity = form.read_optional_number(t, "capacity", Capacity::new);
    let price = form.read_optional(t, "price", Money::parse);
    let description = form.read_optional(t, "description", |text| EventDescription::new(text));
    Some(NewEvent {
        title: title?,
        start: LocalMinute::new(date?, time?),
        location: location?,
        capacity: capacity?,
        price: price?,
        description: description?,
    })
}

/// Asks before an event is cancelled.
pub(crate) async fn confirm_cancel(
    shared: Data<Shared>,
    signed_in: SignedIn,
    id: Path<String>,
) -> Result<HttpResponse, PageError> {
    let event = event(&shared, &signed_in, &id).await?;
    let (t, today) = (signed_in.words(), signed_in.wall_clock(&shared).await?.today());
    page::ok(&CancelPage {
        t,
        shell: Shell::new(&signed_in, Section::Events, t.text("event-cancel")),
        event: Facts::of(t, &event, today),
    })
}

pub(crate) async fn cancel(
    shared: Data<Shared>,
    signed_in: SignedIn,
    id: Path<String>,
) -> Result<HttpResponse, PageError> {
    let event = event(&shared, &signed_in, &id).await?;
    let edit = EventEdit {
        status: Some(EventStatus::Cancelled),
        ..EventEdit::default()
    };
    let request = signed_in.request(Precondition::Unconditional);
    shared
        .application
        .events
        .events
        .edit(&request, event.id, edit)
        .await?;
    page::go_to(format!("/console/events/{}", event.id))
}
