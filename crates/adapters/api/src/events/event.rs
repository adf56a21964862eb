//! Events over HTTP.

mod requests;

use crate::{
    access::authentication::Authenticated,
    body::Body,
    commit::{Reply, Write},
    error::{ApiError, Problem},
    events::values::Participants,
    pages::{Items, Pages, ShownPage},
    query::Query,
    responses::{Created, Done, Located},
    value::{Count, Cursor, Midnight, Resource, Shown, Success},
};
use actix_web::web::{Data, Path};
use chatgrow_application::Application;
use chatgrow_domain as domain;
use chatgrow_domain::{
    Capacity, EventDescription, EventId, EventLocation, EventRefusal, EventStatus, EventTitle, Money,
    Timestamp,
};
use paperclip::actix::{Apiv2Schema, api_v2_operation};
use requests::{CreateEvent, EditEvent, ListEvents};
use serde::Serialize;
use time::Time;

/// Something with a date that customers register for.
#[derive(Serialize, Apiv2Schema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Event {
    /// The event's id.
    id: Shown<EventId>,
    /// What it is called.
    title: Shown<EventTitle>,
    /// What it is about.
    description: Shown<Option<EventDescription>>,
    /// The civil date, at midnight UTC.
    date: Shown<Midnight>,
    /// The time of day, in the business's own time.
    time: Shown<Time>,
    /// Where it is.
    location: Shown<Option<EventLocation>>,
    /// How many may take part; `null` is any number.
    max_participants: Shown<Option<Capacity>>,
    /// How many are registered.
    current_participants: Shown<Participants>,
    /// What it costs, exactly.
    price: Shown<Option<Money>>,
    /// Where it stands.
    status: Shown<EventStatus>,
    /// When it was created.
    created_at: Shown<Timestamp>,
    /// When its fields last changed.
    updated_at: Shown<Timestamp>,
}

impl From<domain::Event> for Event {
    fn from(event: domain::Event) -> Self {
        let start = event.start.to_date_time();
        Self {
            id: Shown(event.id),
            title: Shown(event.title),
            description: Shown(event.description),
            date: Shown(Midnight(start.date())),
            time: Shown(start.time()),
            location: Shown(event.location),
            max_participants: Shown(event.capacity),
            current_participants: Shown(Participants(event.participants)),
            price: Shown(event.price),
            status: Shown(event.status),
            created_at: Shown(event.created_at),
            updated_at: Shown(event.updated_at),
        }
    }
}

/// One event.
#[derive(Serialize, Apiv2Schema)]
pub(crate) struct EventResponse {
    /// Always `true`.
    success: Success,
    /// The event.
    event: Resource<Event>,
}

impl From<domain::Event> for EventResponse {
    fn from(event: domain::Event) -> Self {
        Self {
            success: Success,
            event: Resource(event.into()),
        }
    }
}

/// A page of events, by date and time, then id.
#[derive(Serialize, Apiv2Schema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventList {
    /// Always `true`.
    success: Success,
    /// How many events this answer holds.
    count: Shown<Count>,
    /// The events.
    events: Items<Event>,
    /// Where the next page begins: send it back as `cursor`. `null` on the last page.
    next_cursor: Shown<Option<Cursor>>,
}

impl From<ShownPage<Event>> for EventList {
    fn from(shown: ShownPage<Event>) -> Self {
        Self {
            success: Success,
            count: shown.count,
            events: shown.items,
            next_cursor: shown.next_cursor,
        }
    }
}

/// The event that a path names. A path segment that is not an id names no event.
pub(crate) fn named(path: &str) -> Result<EventId, ApiError> {
    path.parse().map_err(|_| Problem::EventNotFound.into())
}

impl Located for domain::Event {
    fn location(&self) -> String {
        format!("/events/{}", self.id)
    }
}

impl From<EventRefusal> for ApiError {
    fn from(refusal: EventRefusal) -> Self {
        match refusal {
            EventRefusal::NotFound => Problem::EventNotFound,
            EventRefusal::InvalidStatus => Problem::InvalidStatus,
            EventRefusal::CapacityTooSmall => Problem::CapacityTooSmall,
            EventRefusal::VersionMismatch => Problem::VersionMismatch,
        }
        .into()
    }
}

/// The errors of [`create`].
pub(crate) const CREATE_ERRORS: &[Problem] = &[];

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
    let (request, replies) = write.request()?;
    let events = &application.events.events;
    replies.to(events.create(&request, new).await?)
}

/// The errors of [`list`].
pub(crate) const LIST_ERRORS: &[Problem] = &[];

/// List events
///
/// By date and time, then id.
#[api_v2_operation(operation_id = "listEvents", tags("Events"))]
pub(crate) async fn list(
    caller: Authenticated,
    application: Data<Application>,
    query: Query<ListEvents>,
    pages: Pages,
) -> Result<Done<EventList>, ApiError> {
    let (filter, page) = query.0.into_domain()?;
    let list = async |page| application.events.events.list(&caller.0, filter, page).await;
    Ok(Done::new(pages.page(page, list).await?.into()))
}

/// The errors of [`get`].
pub(crate) const GET_ERRORS: &[Problem] = &[Problem::EventNotFound];

/// Get an event
///
/// With the number of its participants.
#[api_v2_operation(operation_id = "getEvent", tags("Events"))]
pub(crate) async fn get(
    caller: Authenticated,
    application: Data<Application>,
    path: Path<String>,
) -> Result<Done<EventResponse>, ApiError> {
    let event = application.events.events.get(&caller.0, named(&path)?).await?;
    Ok(Done::of(event))
}

/// The errors of [`edit`].
pub(crate) const EDIT_ERRORS: &[Problem] = &[
    Problem::EventNotFound,
    Problem::InvalidStatus,
    Problem::CapacityTooSmall,
    Problem::VersionMismatch,
];

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
    let (request, replies) = write.request()?;
    let events = &application.events.events;
    replies.to(events.edit(&request, id, edit).await?)
}
