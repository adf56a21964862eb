//! The account's schedule over HTTP.

mod requests;

use super::hours::{HoursException, WeeklyOpening, exceptions_of, weekly_of};
use crate::{
    access::authentication::Authenticated,
    body::Body,
    commit::{Reply, Write},
    error::{ApiError, FieldError, Problem},
    responses::Done,
    value::{Resource, Several, Shown, Success},
};
use actix_web::web::Data;
use chatgrow_application::Application;
use chatgrow_domain as domain;
use chatgrow_domain::{Duration, Horizon, Invalid, Notice, ScheduleRefusal, TimeZoneName, Timestamp};
use paperclip::actix::{Apiv2Schema, api_v2_operation};
use requests::PutSchedule;
use serde::Serialize;

/// When the business serves its customers.
#[derive(Serialize, Apiv2Schema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Schedule {
    /// The zone of the business's clock; `null` if none was set.
    time_zone: Shown<Option<TimeZoneName>>,
    /// The windows of each week; `null` is always open.
    weekly: Several<Resource<WeeklyOpening>>,
    /// The dates with other windows, or none, by date.
    exceptions: Vec<Resource<HoursException>>,
    /// How many minutes before its start a booking must be made at the latest; `null` allows the past.
    min_notice: Shown<Option<Notice>>,
    /// How many days ahead a booking may be made; `null` is no limit.
    horizon: Shown<Option<Horizon>>,
    /// The minutes between two starts that are offered.
    slot_step: Shown<Duration>,
    /// When it last changed; `null` if it never did.
    updated_at: Shown<Option<Timestamp>>,
}

impl From<domain::Schedule> for Schedule {
    fn from(schedule: domain::Schedule) -> Self {
        let rules = schedule.rules;
        Self {
            weekly: weekly_of(&rules.hours),
            exceptions: exceptions_of(&rules.hours),
            time_zone: Shown(rules.time_zone),
            min_notice: Shown(rules.min_notice),
            horizon: Shown(rules.horizon),
            slot_step: Shown(rules.slot_step),
            updated_at: Shown(schedule.updated_at),
        }
    }
}

/// The schedule.
#[derive(Serialize, Apiv2Schema)]
pub(crate) struct ScheduleResponse {
    /// Always `true`.
    success: Success,
    /// The schedule.
    schedule: Resource<Schedule>,
}

impl From<domain::Schedule> for ScheduleResponse {
    fn from(schedule: domain::Schedule) -> Self {
        Self {
            success: Success,
            schedule: Resource(schedule.into()),
        }
    }
}

impl From<ScheduleRefusal> for ApiError {
    fn from(refusal: ScheduleRefusal) -> Self {
        let message = match refusal {
            ScheduleRefusal::UnknownTimeZone => Invalid::TimeZone.to_string(),
            ScheduleRefusal::TimeZoneNeeded => "is required if there is a minNotice or a horizon".to_owned(),
            ScheduleRefusal::VersionMismatch => return Problem::VersionMismatch.into(),
        };
        Self::of_fields(vec![FieldError {
            field: "timeZone".into(),
            message,
        }])
    }
}

/// The errors of [`get`].
pub(crate) const GET_ERRORS: &[Problem] = &[];

/// Get the schedule
///
/// Every account has one. Until it is set, it has no rules.
#[api_v2_operation(operation_id = "getSchedule", tags("Schedule"))]
pub(crate) async fn get(
    caller: Authenticated,
    application: Data<Application>,
) -> Result<Done<ScheduleResponse>, ApiError> {
    Ok(Done::of(application.scheduling.schedules.get(&caller.0).await?))
}

/// The errors of [`put`].
pub(crate) const PUT_ERRORS: &[Problem] = &[Problem::VersionMismatch];

/// Replace the schedule
///
/// The whole of it: what is omitted returns to its default. What is booked already stays so. Safe to repeat.
#[api_v2_operation(operation_id = "putSchedule", tags("Schedule"))]
pub(crate) async fn put(
    application: Data<Application>,
    write: Write<Done<ScheduleResponse>>,
    body: Body<PutSchedule>,
) -> Result<Reply<Done<ScheduleResponse>>, ApiError> {
    let rules = body.0.into_domain()?;
    let (request, replies) = write.request()?;
    let schedules = &application.scheduling.schedules;
    replies.to(schedules.put(&request, rules).await?)
}
