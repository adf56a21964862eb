//! Events over HTTP.

use crate::{
    access::authentication::Caller,
    body::Body,
    commit::{Reply, Write, reply},
    error::{ApiError, Problem},
    fields::{Changeable, Field, Fields, Number, Required},
    pages::{Items, Pages, Shown},
    query::{Query, days},
    responses::{Created, Done, Located, Price, date_and_time, instant},
};
use actix_web::web::{Data, Path};
use chatgrow_application::Application;
use chatgrow_domain as domain;
use chatgrow_domain::{
    Capacity, EventDescription, EventId, EventLocation, EventRefusal, EventTitle, LocalMinute, Money,
    parse_date, parse_time,
};
use chatgrow_ports::EventFilter;
use paperclip::actix::{Apiv2Schema, api_v2_operation};
use serde::{Deserialize, Serialize};

/// Something with a date that customers register for.
#[derive(Serialize, Apiv2Schema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Event {
    /// The event's id.
    id: String,
    /// What it is called.
    title: String,
    /// What it is about.
    description: Option<String>,
    /// The civil date, at midnight UTC.
    date: String,
    /// The time of day, in the business's own time.
    time: String,
    /// Where it is.
    location: Option<String>,
    /// How many may take part; `null` is any number.
    max_participants: Option<i64>,
    /// How many are registered.
    current_participants: i64,
    /// What it costs, exactly.
    price: Option<Price>,
    /// Where it stands.
    status: String,
    /// When it was created.
    created_at: String,
    /// When its fields last changed.
    updated_at: String,
}

impl From<domain::Event> for Event {
    fn from(event: domain::Event) -> Self {
        let (date, time) = date_and_time(event.start);
        Self {
            id: event.id.to_string(),
            title: event.title.as_str().to_owned(),
            description: event.description.map(|text| text.as_str().to_owned()),
            date,
            time,
            location: event.location.map(|text| text.as_str().to_owned()),
            max_participants: event.capacity.map(Capacity::get),
            current_participants: event.participants,
            price: event.price.map(Price),
            status: event.status.as_str().to_owned(),
            created_at: instant(event.created_at),
            updated_at: instant(event.updated_at),
        }
    }
}

/// One event.
#[derive(Serialize, Apiv2Schema)]
pub(crate) struct EventResponse {
    /// Always `true`.
    success: bool,
    /// The event.
    event: Event,
}

impl From<domain::Event> for EventResponse {
    fn from(event: domain::Event) -> Self {
        Self {
            success: true,
            event: event.into(),
        }
    }
}

/// A page of events, by date and time, then id.
#[derive(Serialize, Apiv2Schema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventList {
    /// Always `true`.
    success: bool,
    /// How many events this answer holds.
    count: usize,
    /// The events.
    events: Items<Event>,
    /// Where the next page begins: send it back as `cursor`. `null` on the last page.
    next_cursor: Option<String>,
}

impl From<Shown<Event>> for EventList {
    fn from(shown: Shown<Event>) -> Self {
        Self {
            success: true,
            count: shown.count,
            events: shown.items,
            next_cursor: shown.next_cursor,
        }
    }
}

/// A new event.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct CreateEvent {
    /// What it is called.
    title: Required<String>,
    /// What it is about.
    description: Field<String>,
    /// The civil date; the API's own output form is accepted too.
    date: Required<String>,
    /// The time of day, in the business's own time.
    time: Required<String>,
    /// Where it is.
    location: Field<String>,
    /// How many may take part; any number where it is left out.
    max_participants: Field<i64>,
    /// What it costs, with at most two decimals.
    price: Field<Number>,
}

impl CreateEvent {
    fn into_domain(self) -> Result<domain::NewEvent, ApiError> {
        let mut fields = Fields::default();
        let title = fields.required("title", self.title, EventTitle::new);
        let description = fields.optional("description", self.description, EventDescription::new);
        let date = fields.required("date", self.date, |text| parse_date(&text));
        let time = fields.required("time", self.time, |text| parse_time(&text));
        let location = fields.optional("location", self.location, EventLocation::new);
        let capacity = fields.optional("maxParticipants", self.max_participants, Capacity::new);
        let price = fields.optional("price", self.price, |number| Money::parse(number.as_str()));
        let (
            Some(title),
            Some(description),
            Some(date),
            Some(time),
            Some(location),
            Some(capacity),
            Some(price),
        ) = (title, description, date, time, location, capacity, price)
        else {
            return Err(fields.into_error_requiring("Title, date and time are required"));
        };
        Ok(domain::NewEvent {
            title,
            description,
            start: LocalMinute::new(date, time),
            location,
            capacity,
            price,
        })
    }
}

/// A change of some of an event's fields.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct EditEvent {
    /// Another title.
    title: Changeable<String>,
    /// Another description; `null` clears it.
    description: Field<String>,
    /// Another civil date; the API's own output form is accepted too.
    date: Changeable<String>,
    /// Another time of day.
    time: Changeable<String>,
    /// Another place; `null` clears it.
    location: Field<String>,
    /// Another maximum, not under the present count; `null` is any number.
    max_participants: Field<i64>,
    /// Another price, with at most two decimals; `null` clears it.
    price: Field<Number>,
    /// From `active` to `completed` or `cancelled`, never back.
    status: Changeable<String>,
}

impl EditEvent {
    fn into_domain(self) -> Result<domain::EventEdit, ApiError> {
        let mut fields = Fields::default();
        let title = fields.changeable("title", self.title, EventTitle::new);
        let description = fields.clearable("description", self.description, EventDescription::new);
        let date = fields.changeable("date", self.date, |text| parse_date(&text));
        let time = fields.changeable("time", self.time, |text| parse_time(&text));
        let location = fields.clearable("location", self.location, EventLocation::new);
        let capacity = fields.clearable("maxParticipants", self.max_participants, Capacity::new);
        let price = fields.clearable("price", self.price, |number| Money::parse(number.as_str()));
        let status = fields.changeable("status", self.status, |text| text.parse());
        let (Some(title), Some(description), Some(date), Some(time)) = (title, description, date, time)
        else {
            return Err(fields.into_error());
        };
        let (Some(location), Some(capacity), Some(price), Some(status)) = (location, capacity, price, status)
        else {
            return Err(fields.into_error());
        };
        Ok(domain::EventEdit {
            title,
            description,
            date,
            time,
            location,
            capacity,
            price,
            status,
        })
    }
}

/// Which events are wanted.
#[derive(Deserialize, Apiv2Schema)]
pub(crate) struct ListEvents {
    /// Those on this civil date or later.
    from: Option<String>,
    /// Those on this civil date or earlier.
    to: Option<String>,
    /// Those in this status.
    status: Option<String>,
    /// The most events in this answer.
    limit: Option<String>,
    /// The `nextCursor` of the answer before.
    cursor: Option<String>,
}

/// The event that a path names. What is no id names nothing.
pub(crate) fn named(path: &str) -> Result<EventId, ApiError> {
    path.parse().map_err(|_| Problem::EventNotFound.into())
}

impl Located for domain::Event {
    fn location(&self) -> String {
        format!("/events/{}", self.id)
    }
}

impl From<EventRefusal> for Problem {
    fn from(refusal: EventRefusal) -> Self {
        match refusal {
            EventRefusal::NotFound => Self::EventNotFound,
            EventRefusal::InvalidStatus => Self::InvalidStatus,
            EventRefusal::CapacityTooSmall => Self::CapacityTooSmall,
            EventRefusal::VersionMismatch => Self::VersionMismatch,
        }
    }
}

/// Publish an event
///
/// It is active from now on, and takes registrations.
#[api_v2_operation(operation_id = "createEvent", tags("Events"))]
pub(crate) async fn create(
    application: Data<Application>,
    write: Write<Created<EventResponse>>,
    body: Body<CreateEvent>,
) -> Result<Reply<Created<EventResponse>>, ApiError> {
    let new = body.0.into_domain()?;
    let request = write.request()?;
    let events = &application.events.events;
    reply(events.create(&request, new).await?)
}

/// List events
///
/// By date and time, then id.
#[api_v2_operation(operation_id = "listEvents", tags("Events"))]
pub(crate) async fn list(
    caller: Caller,
    application: Data<Application>,
    query: Query<ListEvents>,
    pages: Pages,
) -> Result<Done<EventList>, ApiError> {
    let mut fields = Fields::default();
    let query = query.0;
    let from = fields.parameter("from", query.from.as_deref(), parse_date);
    let to = fields.parameter("to", query.to.as_deref(), parse_date);
    let status = fields.parameter("status", query.status.as_deref(), str::parse);
    let page = fields.page(query.limit.as_deref(), query.cursor.as_deref());
    let (Some(from), Some(to), Some(status), Some(page)) = (from, to, status, page) else {
        return Err(fields.into_error());
    };
    let (from, before) = days(from, to);
    let filter = EventFilter { from, before, status };
    let list = async |page| application.events.events.list(&caller.0, filter, page).await;
    Ok(Done::new(pages.page(page, list).await?.into()))
}

/// Get an event
///
/// With the number of its participants.
#[api_v2_operation(operation_id = "getEvent", tags("Events"))]
pub(crate) async fn get(
    caller: Caller,
    application: Data<Application>,
    path: Path<String>,
) -> Result<Done<EventResponse>, ApiError> {
    let event = application.events.events.get(&caller.0, named(&path)?).await?;
    Ok(Done::of(event))
}

/// Update an event
///
/// Changes only the fields that are sent.
#[api_v2_operation(operation_id = "updateEvent", tags("Events"))]
pub(crate) async fn edit(
    application: Data<Application>,
    path: Path<String>,
    write: Write<Done<EventResponse>>,
    body: Body<EditEvent>,
) -> Result<Reply<Done<EventResponse>>, ApiError> {
    let (edit, id) = (body.0.into_domain()?, named(&path)?);
    let request = write.request()?;
    let events = &application.events.events;
    reply(events.edit(&request, id, edit).await?)
}
