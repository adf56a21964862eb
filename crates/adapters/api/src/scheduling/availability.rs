//! The search for what can be booked, over HTTP.

mod requests;

use crate::{
    access::authentication::Authenticated,
    connection::in_flight::InFlight,
    error::{ApiError, Problem},
    query::{Position, Query},
    responses::Done,
    value::{Count, Cursor, Described, Midnight, Output, Resource, Several, Shown, Success, schema},
};
use actix_web::web::{Data, Path};
use chatgrow_application::{Application, Slots};
use chatgrow_domain::{Interval, LocalMinute, Obstacle, ResourceId, Unbookable, Zoned};
use chatgrow_ports::Failure;
use paperclip::actix::{Apiv2Schema, api_v2_operation};
use requests::{BusyTimes, SearchSlots};
use serde::{Serialize, Serializer};
use serde_json::Value;
use time::Time;

/// A start that can be booked.
#[derive(Serialize, Apiv2Schema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Slot {
    /// The civil date, at midnight UTC.
    date: Shown<Midnight>,
    /// The time of day, in the business's own time.
    time: Shown<Time>,
    /// When the slot starts; `null` if the account has no time zone.
    starts_at: Shown<Option<Zoned>>,
    /// When the slot ends; `null` if the account has no time zone.
    ends_at: Shown<Option<Zoned>>,
    /// The resources that a booking now would take. None is the account's own schedule.
    resource_ids: Vec<Shown<ResourceId>>,
}

/// A start that can't be booked.
#[derive(Serialize, Apiv2Schema)]
pub(crate) struct RefusedStart {
    /// The civil date, at midnight UTC.
    date: Shown<Midnight>,
    /// The time of day, in the business's own time.
    time: Shown<Time>,
    /// The rule that refuses it.
    reason: Shown<Reason>,
}

/// The rule that refuses a start.
pub(crate) enum Reason {
    Busy,
    Closed,
    Notice,
    Horizon,
}

impl Reason {
    const ALL: [Self; 4] = [Self::Busy, Self::Closed, Self::Notice, Self::Horizon];

    fn of(obstacle: Obstacle) -> Option<Self> {
        match obstacle {
            Obstacle::Busy(_) => Some(Self::Busy),
            Obstacle::Closed => Some(Self::Closed),
            Obstacle::TooSoon => Some(Self::Notice),
            Obstacle::TooFar => Some(Self::Horizon),
            // The search tells of no start that doesn't exist.
            Obstacle::Gap { .. } => None,
        }
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::Closed => "closed",
            Self::Notice => "notice",
            Self::Horizon => "horizon",
        }
    }
}

impl Described for Reason {
    fn schema() -> Value {
        let names = Self::ALL.iter().map(Self::name);
        schema::choice("RefusalReason", "The rule that refuses a start.", names)
    }
}

impl Output for Reason {
    fn show<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// A page of slots, by date and time.
#[derive(Serialize, Apiv2Schema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SlotList {
    /// Always `true`.
    success: Success,
    /// How many slots this answer has.
    count: Shown<Count>,
    /// The slots.
    slots: Vec<Resource<Slot>>,
    /// The starts that can't be booked, among those up to the last slot of this answer; `null` without `explain`.
    refused: Several<Resource<RefusedStart>>,
    /// Where the next page begins: send it back as `cursor`. `null` on the last page.
    next_cursor: Shown<Option<Cursor>>,
}

impl SlotList {
    fn new(found: Slots, explain: bool) -> Self {
        let (mut slots, mut refused) = (Vec::new(), Vec::new());
        for slot in found.slots {
            let start = slot.start.to_date_time();
            let (date, time) = (Shown(Midnight(start.date())), Shown(start.time()));
            match slot.outcome {
                Ok(resources) => slots.push(Resource(Slot {
                    date,
                    time,
                    starts_at: Shown(slot.times.map(|times| times.starts)),
                    ends_at: Shown(slot.times.map(|times| times.ends)),
                    resource_ids: resources.into_iter().map(Shown).collect(),
                })),
                Err(obstacle) => refused.extend(Reason::of(obstacle).map(|reason| {
                    Resource(RefusedStart {
                        date,
                        time,
                        reason: Shown(reason),
                    })
                })),
            }
        }
        Self {
            success: Success,
            count: Shown(Count(slots.len())),
            slots,
            refused: Several(explain.then_some(refused)),
            next_cursor: Shown(found.next.as_ref().map(Position::encode)),
        }
    }
}

/// An interval in which a resource is occupied.
#[derive(Serialize, Apiv2Schema)]
pub(crate) struct BusyInterval {
    /// When it begins, in civil time.
    from: Shown<Option<LocalMinute>>,
    /// When it ends, in civil time.
    until: Shown<Option<LocalMinute>>,
}

/// When a resource is occupied, and nobody's names.
#[derive(Serialize, Apiv2Schema)]
pub(crate) struct BusyResponse {
    /// Always `true`.
    success: Success,
    /// The intervals, in order. They don't touch.
    busy: Vec<Resource<BusyInterval>>,
}

impl From<Vec<Interval>> for BusyResponse {
    fn from(busy: Vec<Interval>) -> Self {
        let shown = |interval: Interval| {
            Resource(BusyInterval {
                from: Shown(LocalMinute::from_minutes(interval.from)),
                until: Shown(LocalMinute::from_minutes(interval.until)),
            })
        };
        Self {
            success: Success,
            busy: busy.into_iter().map(shown).collect(),
        }
    }
}

/// The most bytes of an answer of the search: of a page with the most slots, each with a few resources.
const MOST: u64 = 1 << 18;

/// The errors of [`search`].
pub(crate) const SEARCH_ERRORS: &[Problem] = &[Problem::ServiceNotFound];

/// Search for slots
///
/// By date and time. What is offered can be booked now, with the resources that are told.
#[api_v2_operation(operation_id = "searchSlots", tags("Availability"))]
pub(crate) async fn search(
    caller: Authenticated,
    application: Data<Application>,
    in_flight: Data<InFlight>,
    query: Query<SearchSlots>,
) -> Result<Done<SlotList>, ApiError> {
    let search = query.0.into_domain()?;
    let _turn = in_flight.list(caller.account(), MOST).await?;
    let availability = &application.scheduling.availability;
    let found = availability.search(&caller.0, &search).await.map_err(refused)?;
    Ok(Done::new(SlotList::new(found, search.explain)))
}

/// The parameter has another name than the field of a booking.
fn refused(failure: Failure<Unbookable>) -> ApiError {
    match failure {
        Failure::Refused(Unbookable::UnknownResource) => {
            ApiError::of_field("resourceId", "must be an active resource of this account")
        }
        Failure::Refused(Unbookable::Resources(_)) => {
            ApiError::of_field("resourceId", "must be a resource that the service needs")
        }
        failure => failure.into(),
    }
}

/// The errors of [`busy`].
pub(crate) const BUSY_ERRORS: &[Problem] = &[Problem::ResourceNotFound];

/// Get the busy times of a resource
///
/// Bookings with their buffers, holds and blocks, merged.
#[api_v2_operation(operation_id = "getBusyTimes", tags("Availability"))]
pub(crate) async fn busy(
    caller: Authenticated,
    application: Data<Application>,
    path: Path<String>,
    query: Query<BusyTimes>,
) -> Result<Done<BusyResponse>, ApiError> {
    let id: ResourceId = path.parse().map_err(|_| Problem::ResourceNotFound)?;
    let interval = query.0.into_domain()?;
    let availability = &application.scheduling.availability;
    Ok(Done::new(
        availability.busy(&caller.0, id, interval).await?.into(),
    ))
}
