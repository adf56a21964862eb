//! Holds over HTTP.

mod requests;

use crate::{
    access::authentication::Authenticated,
    body::Body,
    commit::{Reply, Write},
    error::{ApiError, Problem},
    pages::{Items, Pages, ShownPage},
    query::Query,
    responses::{Confirmation, Created, Done, Located},
    scheduling::{times::later, unbookable::UNBOOKABLE},
    value::{Count, Cursor, Midnight, Resource, Shown, Success},
};
use actix_web::web::{Data, Path};
use chatgrow_application::{Application, Dated, Effect};
use chatgrow_domain as domain;
use chatgrow_domain::{
    Duration, HoldId, HoldRefusal, LocalMinute, ResourceId, ServiceId, ServiceType, Timestamp, Zoned,
};
use paperclip::actix::{Apiv2Schema, api_v2_operation};
use requests::{HoldSlot, ListHolds};
use serde::Serialize;
use time::Time;

/// A slot that is reserved for a while.
#[derive(Serialize, Apiv2Schema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Hold {
    /// The hold's id, which the appointment that it becomes will have too.
    id: Shown<HoldId>,
    /// The civil date, at midnight UTC.
    date: Shown<Midnight>,
    /// The time of day, in the business's own time.
    time: Shown<Time>,
    /// When the slot starts, in civil time.
    local_start: Shown<LocalMinute>,
    /// When the slot ends, in civil time; `null` after the year 9999.
    local_end: Shown<Option<LocalMinute>>,
    /// When the slot starts; `null` if the account has no time zone.
    starts_at: Shown<Option<Zoned>>,
    /// When the slot ends; `null` if the account has no time zone.
    ends_at: Shown<Option<Zoned>>,
    /// The service that will be booked; `null` if the hold names none.
    service_id: Shown<Option<ServiceId>>,
    /// The resources that are held. None is the account's own schedule.
    resource_ids: Vec<Shown<ResourceId>>,
    /// What it is for.
    service_type: Shown<ServiceType>,
    /// Its length in minutes.
    duration: Shown<Duration>,
    /// Until when the slot is held.
    held_until: Shown<Timestamp>,
    /// When the hold was made.
    created_at: Shown<Timestamp>,
}

impl From<Dated<domain::Hold>> for Hold {
    fn from(Dated { value: hold, times }: Dated<domain::Hold>) -> Self {
        let booking = hold.booking;
        let start = booking.slot.start.to_date_time();
        Self {
            id: Shown(hold.id),
            date: Shown(Midnight(start.date())),
            time: Shown(start.time()),
            local_start: Shown(booking.slot.start),
            local_end: Shown(later(booking.slot.start, booking.slot.duration.as_minutes())),
            starts_at: Shown(times.map(|times| times.starts)),
            ends_at: Shown(times.map(|times| times.ends)),
            service_id: Shown(booking.service),
            resource_ids: booking.resources.into_iter().map(Shown).collect(),
            service_type: Shown(booking.service_type),
            duration: Shown(booking.slot.duration),
            held_until: Shown(hold.held_until),
            created_at: Shown(hold.created_at),
        }
    }
}

/// One hold.
#[derive(Serialize, Apiv2Schema)]
pub(crate) struct HoldResponse {
    /// Always `true`.
    success: Success,
    /// The hold.
    hold: Resource<Hold>,
}

impl From<Dated<domain::Hold>> for HoldResponse {
    fn from(hold: Dated<domain::Hold>) -> Self {
        Self {
            success: Success,
            hold: Resource(hold.into()),
        }
    }
}

/// A page of holds, by date and time, then id.
#[derive(Serialize, Apiv2Schema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HoldList {
    /// Always `true`.
    success: Success,
    /// How many holds this answer has.
    count: Shown<Count>,
    /// The holds.
    holds: Items<Hold>,
    /// Where the next page begins: send it back as `cursor`. `null` on the last page.
    next_cursor: Shown<Option<Cursor>>,
}

impl From<ShownPage<Hold>> for HoldList {
    fn from(shown: ShownPage<Hold>) -> Self {
        Self {
            success: Success,
            count: shown.count,
            holds: shown.items,
            next_cursor: shown.next_cursor,
        }
    }
}

/// The hold that a path names. A path segment that is not an id names no hold.
fn named(path: &str) -> Result<HoldId, ApiError> {
    path.parse().map_err(|_| Problem::HoldNotFound.into())
}

impl Located for Dated<domain::Hold> {
    fn location(&self) -> String {
        format!("/holds/{}", self.value.id)
    }
}

impl From<&Effect<Dated<domain::Hold>>> for Done<Confirmation> {
    fn from(_: &Effect<Dated<domain::Hold>>) -> Self {
        Confirmation::new("Hold released successfully")
    }
}

impl From<HoldRefusal> for ApiError {
    fn from(refusal: HoldRefusal) -> Self {
        match refusal {
            HoldRefusal::NotFound => Problem::HoldNotFound.into(),
            HoldRefusal::VersionMismatch => Problem::VersionMismatch.into(),
            HoldRefusal::SlotTaken => Problem::TimeConflict.into(),
            HoldRefusal::Unbookable(unbookable) => unbookable.into(),
        }
    }
}

/// The errors of [`hold`].
pub(crate) const HOLD_ERRORS: &[Problem] = &UNBOOKABLE;

/// Hold a slot
///
/// Nobody else can book it for some minutes. `POST /appointments` with `holdId` turns it into an appointment.
#[api_v2_operation(operation_id = "holdSlot", tags("Holds"))]
pub(crate) async fn hold(
    application: Data<Application>,
    write: Write<Created<HoldResponse>>,
    body: Body<HoldSlot>,
) -> Result<Reply<Created<HoldResponse>>, ApiError> {
    let (wish, time) = body.0.into_domain()?;
    let (request, replies) = write.request()?;
    replies.to(application.scheduling.holds.hold(&request, wish, time).await?)
}

/// The errors of [`list`].
pub(crate) const LIST_ERRORS: &[Problem] = &[];

/// List holds
///
/// Those that have not expired, by date and time, then id.
#[api_v2_operation(operation_id = "listHolds", tags("Holds"))]
pub(crate) async fn list(
    caller: Authenticated,
    application: Data<Application>,
    query: Query<ListHolds>,
    pages: Pages,
) -> Result<Done<HoldList>, ApiError> {
    let page = query.0.into_domain()?;
    let list = async |page| application.scheduling.holds.list(&caller.0, page).await;
    Ok(Done::new(pages.page(page, list).await?.into()))
}

/// The errors of [`get`].
pub(crate) const GET_ERRORS: &[Problem] = &[Problem::HoldNotFound];

/// Get a hold
///
/// For a day after it expired, too. One that became an appointment is none any more.
#[api_v2_operation(operation_id = "getHold", tags("Holds"))]
pub(crate) async fn get(
    caller: Authenticated,
    application: Data<Application>,
    path: Path<String>,
) -> Result<Done<HoldResponse>, ApiError> {
    let holds = &application.scheduling.holds;
    Ok(Done::of(holds.get(&caller.0, named(&path)?).await?))
}

/// The errors of [`release`].
pub(crate) const RELEASE_ERRORS: &[Problem] = &[Problem::HoldNotFound, Problem::VersionMismatch];

/// Release a hold
///
/// Frees the slot at once.
#[api_v2_operation(operation_id = "releaseHold", tags("Holds"))]
pub(crate) async fn release(
    application: Data<Application>,
    path: Path<String>,
    write: Write<Done<Confirmation>>,
) -> Result<Reply<Done<Confirmation>>, ApiError> {
    let id = named(&path)?;
    let (request, replies) = write.request()?;
    replies.to(application.scheduling.holds.remove(&request, id).await?)
}
