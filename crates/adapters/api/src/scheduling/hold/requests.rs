//! The requests for holds.

use crate::{
    error::ApiError,
    fields::{Field, Fields, List, Required},
    query::Parameter,
    scheduling::slot::SlotFields,
    value::Cursor,
};
use chatgrow_application::Wish;
use chatgrow_domain::{Duration, HoldId, HoldTime, PageLimit, ResourceId, ServiceId, ServiceType};
use chatgrow_ports::{PageRequest, StartPosition};
use paperclip::actix::Apiv2Schema;
use serde::Deserialize;
use time::{Date, Time};

/// A slot to hold. `serviceId` stands for `serviceType` and `duration`.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct HoldSlot {
    /// The civil date; the API's own output form is accepted too.
    date: Field<Date>,
    /// The time of day, in the business's own time.
    time: Field<Time>,
    /// The service that will be booked.
    service_id: Field<ServiceId>,
    /// What it is for.
    service_type: Field<ServiceType>,
    /// Its length in minutes; 60 if it is omitted.
    duration: Field<Duration>,
    /// The resources that it takes. Those of a service that are not named are chosen. Without a service, none is the
    /// account's own schedule.
    resource_ids: List<Required<ResourceId>>,
    /// For how many minutes the slot is held; 10 if it is omitted.
    minutes: Field<HoldTime>,
    /// Whether to hold a slot outside of the opening hours, and whatever notice and horizon say.
    r#override: Field<bool>,
}

const REQUIRED: &str = "date, time and serviceType are required";

impl HoldSlot {
    pub(super) fn into_domain(self) -> Result<(Wish, HoldTime), ApiError> {
        let mut fields = Fields::default();
        let minutes = fields.optional("minutes", self.minutes);
        let slot = SlotFields {
            date: self.date,
            time: self.time,
            service_id: self.service_id,
            service_type: self.service_type,
            duration: self.duration,
            resource_ids: self.resource_ids,
            r#override: self.r#override,
        };
        match (slot.wish(&mut fields), minutes) {
            (Some(wish), Some(minutes)) => Ok((wish, minutes.unwrap_or(HoldTime::DEFAULT))),
            _ => Err(fields.into_error_requiring(REQUIRED)),
        }
    }
}

/// Which holds are wanted.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(default)]
pub(crate) struct ListHolds {
    /// The most holds in this answer.
    limit: Parameter<PageLimit>,
    /// The `nextCursor` of the answer before.
    cursor: Parameter<Cursor>,
}

impl ListHolds {
    pub(super) fn into_domain(self) -> Result<PageRequest<StartPosition<HoldId>>, ApiError> {
        let mut fields = Fields::default();
        fields
            .page(self.limit, self.cursor)
            .ok_or_else(|| fields.into_error())
    }
}
