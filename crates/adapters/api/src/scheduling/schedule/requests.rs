//! The requests for the schedule.

use crate::{
    error::ApiError,
    fields::{Field, Fields, List, Object},
    scheduling::hours::{self, HoursExceptionInput, WeeklyOpeningInput},
};
use chatgrow_domain::{Duration, Horizon, Notice, ScheduleRules, TimeZoneName};
use paperclip::actix::Apiv2Schema;
use serde::Deserialize;

/// The whole schedule; what is omitted returns to its default.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct PutSchedule {
    /// The IANA name of the zone of the business's clock. A notice or a horizon needs one.
    time_zone: Field<TimeZoneName>,
    /// The windows of each week. `null` is always open; `[]` is closed every day.
    weekly: List<Object<WeeklyOpeningInput>>,
    /// The dates with other windows, or none.
    exceptions: List<Object<HoursExceptionInput>>,
    /// How many minutes before its start a booking must be made at the latest. `null` allows the past; 0 doesn't.
    min_notice: Field<Notice>,
    /// How many days ahead a booking may be made.
    horizon: Field<Horizon>,
    /// The minutes between two starts that are offered; 15 if it is omitted.
    slot_step: Field<Duration>,
}

impl PutSchedule {
    pub(super) fn into_domain(self) -> Result<ScheduleRules, ApiError> {
        let mut fields = Fields::default();
        let time_zone = fields.optional("timeZone", self.time_zone);
        let hours = hours::read(&mut fields, self.weekly, self.exceptions);
        let min_notice = fields.optional("minNotice", self.min_notice);
        let horizon = fields.optional("horizon", self.horizon);
        let slot_step = fields.optional("slotStep", self.slot_step);
        let (Some(time_zone), Some(hours), Some(min_notice), Some(horizon), Some(slot_step)) =
            (time_zone, hours, min_notice, horizon, slot_step)
        else {
            return Err(fields.into_error());
        };
        Ok(ScheduleRules {
            time_zone,
            hours,
            min_notice,
            horizon,
            slot_step: slot_step.unwrap_or(ScheduleRules::DEFAULT_STEP),
        })
    }
}
