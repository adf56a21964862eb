//! The slot of a booking or a hold, as requests give it and as answers show it.

use crate::fields::{Field, Fields, List, Required};
use chatgrow_application::{Booked, GivenSlot, Wish};
use chatgrow_domain::{Duration, LocalMinute, Policies, ResourceId, ServiceId, ServiceType};
use time::{Date, Time};

/// The fields of a request that say what is to be booked, and when.
pub(super) struct SlotFields {
    pub(super) date: Field<Date>,
    pub(super) time: Field<Time>,
    pub(super) service_id: Field<ServiceId>,
    pub(super) service_type: Field<ServiceType>,
    pub(super) duration: Field<Duration>,
    pub(super) resource_ids: List<Required<ResourceId>>,
    pub(super) r#override: Field<bool>,
}

impl SlotFields {
    /// The slot that is wanted.
    pub(super) fn wish(self, fields: &mut Fields) -> Option<Wish> {
        let date = fields.required_unless(false, "date", self.date);
        let time = fields.required_unless(false, "time", self.time);
        let service = fields.optional("serviceId", self.service_id);
        let of_service = !matches!(service, Some(None));
        let service_type = fields.required_unless(of_service, "serviceType", self.service_type);
        let duration = fields.optional("duration", self.duration);
        let resources = fields.list("resourceIds", self.resource_ids, Fields::element);
        let policies = policies(fields, self.r#override);
        let (service_type, duration) = (service_type?, duration?);
        let what = match service? {
            Some(service) => Booked::Service(service, service_type, duration),
            None => Booked::Time(service_type?, duration.unwrap_or(Duration::DEFAULT)),
        };
        Some(Wish {
            start: LocalMinute::new(date??, time??),
            what,
            resources: resources?.unwrap_or_default(),
            policies: policies?,
        })
    }

    /// What is said of a slot that is held already.
    pub(super) fn given(self, fields: &mut Fields) -> Option<GivenSlot> {
        let date = fields.optional("date", self.date);
        let time = fields.optional("time", self.time);
        let service = fields.optional("serviceId", self.service_id);
        let service_type = fields.optional("serviceType", self.service_type);
        let duration = fields.optional("duration", self.duration);
        let resources = fields.list("resourceIds", self.resource_ids, Fields::element);
        policies(fields, self.r#override)?;
        Some(GivenSlot {
            date: date?,
            time: time?,
            service: service?,
            service_type: service_type?,
            duration: duration?,
            resources: resources?,
        })
    }
}

/// Whether opening hours, notice and horizon count.
pub(super) fn policies(fields: &mut Fields, overrides: Field<bool>) -> Option<Policies> {
    let overrides = fields.optional("override", overrides)?;
    Some(match overrides {
        Some(true) => Policies::Overridden,
        _ => Policies::Kept,
    })
}
