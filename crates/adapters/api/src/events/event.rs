//! Events over HTTP.

mod requests;

use crate::{
    BASE_PATH,
    access::authentication::Caller,
    body::Body,
    commit::{Once, Reply},
    conditions::ETag,
    error::{ApiError, Problem},
    events::values::Participants,
    pages::{Items, Pages, ShownPage},
    query::Query,
    responses::{Created, Done},
    value::{Count, Cursor, Midnight, Resource, Shown, Success},
};
use actix_web::web::{Data, Path};
use chatgrow_application::Application;
use chatgrow_domain as domain;
use chatgrow_domain::{
    Capacity, EventDescription, EventId, EventLocation, EventStatus, EventTitle, Money, Timestamp,
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

/// The event that a path names. What is no id names nothing.
pub(crate) fn named(path: &str) -> Result<EventId, ApiError> {
    path.parse().map_err(|_| Problem::EventNotFound.into())
}

fn done(event: &domain::Event) -> Done<EventResponse> {
    Done {
        etag: Some(tag(event)),
        body: event.clone().into(),
    }
}

fn tag(event: &domain::Event) -> ETag {
    ETag::of(event.id, [event.version])
}

/// The errors of [`create`].
pub(crate) const CREATE_ERRORS: &[Problem] = &[];

/// Publish an event
///
/// It is active from now on, and takes registrations.
#[api_v2_operation(operation_id = "createEvent", tags("Events"))]
pub(crate) async fn create(
    caller: Caller,
    application: Data<Application>,
    once: Once,
    body: Body<CreateEvent>,
) -> Result<Reply<Created<EventResponse>>, ApiError> {
    let new = body.0.into_domain()?;
    let render = |event: &domain::Event| Created {
        location: format!("{BASE_PATH}/events/{}", event.id),
        etag: Some(tag(event)),
        body: event.clone().into(),
    };
    once.run(render, async |with| {
        application
            .events
            .events
            .create(caller.account(), new.clone(), with)
            .await
    })
    .await
}

/// The errors of [`list`].
pub(crate) const LIST_ERRORS: &[Problem] = &[];

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
    let (filter, page) = query.0.into_domain()?;
    let list = async |page| {
        application
            .events
            .events
            .list(caller.account(), filter, page)
            .await
    };
    Ok(Done::new(pages.page(page, list).await?.into()))
}

/// The errors of [`get`].
pub(crate) const GET_ERRORS: &[Problem] = &[Problem::EventNotFound];

/// Get an event
///
/// With the number of its participants.
#[api_v2_operation(operation_id = "getEvent", tags("Events"))]
pub(crate) async fn get(
    caller: Caller,
    application: Data<Application>,
    path: Path<String>,
) -> Result<Done<EventResponse>, ApiError> {
    let event = application
        .events
        .events
        .get(caller.account(), named(&path)?)
        .await?;
    Ok(done(&event))
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
    caller: Caller,
    application: Data<Application>,
    path: Path<String>,
    once: Once,
    body: Body<EditEvent>,
) -> Result<Reply<Done<EventResponse>>, ApiError> {
    let (edit, id) = (body.0.into_domain()?, named(&path)?);
    let admits = once.admits(tag);
    once.run(done, async |with| {
        application
            .events
            .events
            .edit(caller.account(), id, edit.clone(), &admits, with)
            .await
    })
    .await
}
