//! What would be booked, and the reply to a booking, which may be that.

use super::{Appointment, AppointmentResponse};
use crate::{
    billing::booking::BookingPayment,
    commit::Reply,
    responses::{Created, Done},
    value::{Midnight, Resource, Shown, Success},
};
use actix_web::{HttpRequest, HttpResponse, Responder, body::BoxBody};
use chatgrow_application::Dated;
use chatgrow_domain as domain;
use chatgrow_domain::{
    AppointmentStatus, CustomerName, Duration, EmailAddress, LocalMinute, Notes, ResourceId, ServiceId,
    ServiceType, Zoned,
};
use paperclip::{
    actix::{Apiv2Schema, OperationModifier},
    v2::{
        models::{DefaultOperationRaw, DefaultSchemaRaw},
        schema::Apiv2Schema,
    },
};
use serde::Serialize;
use std::collections::BTreeMap;
use time::Time;

/// An appointment that would be booked. It has no id yet.
#[derive(Serialize, Apiv2Schema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TriedAppointment {
    /// The customer's name.
    customer_name: Shown<CustomerName>,
    /// The customer's e-mail address.
    customer_email: Shown<EmailAddress>,
    /// The civil date, at midnight UTC.
    date: Shown<Midnight>,
    /// The time of day, in the business's own time.
    time: Shown<Time>,
    /// When it would start, in civil time.
    local_start: Shown<LocalMinute>,
    /// When it would end, in civil time; `null` after the year 9999.
    local_end: Shown<Option<LocalMinute>>,
    /// When it would start; `null` if the account has no time zone.
    starts_at: Shown<Option<Zoned>>,
    /// When it would end; `null` if the account has no time zone.
    ends_at: Shown<Option<Zoned>>,
    /// The service that would be booked; `null` if the booking names none.
    service_id: Shown<Option<ServiceId>>,
    /// The resources that it would take. None is the account's own schedule.
    resource_ids: Vec<Shown<ResourceId>>,
    /// What it is for.
    service_type: Shown<ServiceType>,
    /// Its length in minutes.
    duration: Shown<Duration>,
    /// Free notes.
    notes: Shown<Option<Notes>>,
    /// The status that it would have.
    status: Shown<AppointmentStatus>,
    /// How it would be paid.
    payment: Resource<BookingPayment>,
}

impl From<Appointment> for TriedAppointment {
    fn from(appointment: Appointment) -> Self {
        Self {
            customer_name: appointment.customer_name,
            customer_email: appointment.customer_email,
            date: appointment.date,
            time: appointment.time,
            local_start: appointment.local_start,
            local_end: appointment.local_end,
            starts_at: appointment.starts_at,
            ends_at: appointment.ends_at,
            service_id: appointment.service_id,
            resource_ids: appointment.resource_ids,
            service_type: appointment.service_type,
            duration: appointment.duration,
            notes: appointment.notes,
            status: appointment.status,
            payment: appointment.payment,
        }
    }
}

/// What a booking would do.
#[derive(Serialize, Apiv2Schema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DryRunResponse {
    /// Always `true`.
    success: Success,
    /// Always `true`: nothing was booked.
    dry_run: Success,
    /// What would be booked.
    appointment: Resource<TriedAppointment>,
}

impl From<Dated<domain::Appointment>> for DryRunResponse {
    fn from(appointment: Dated<domain::Appointment>) -> Self {
        Self {
            success: Success,
            dry_run: Success,
            appointment: Resource(Appointment::from(appointment).into()),
        }
    }
}

/// The reply to a booking.
pub(crate) enum BookReply {
    /// It was booked, now or before.
    Booked(Reply<Created<AppointmentResponse>>),
    /// It would be.
    Tried(Done<DryRunResponse>),
}

impl Responder for BookReply {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        match self {
            Self::Booked(reply) => reply.respond_to(request),
            Self::Tried(done) => done.respond_to(request),
        }
    }
}

impl Apiv2Schema for BookReply {}

impl OperationModifier for BookReply {
    /// The answer of a dry run is not in the document: with two types of success, generators of clients take the wrong
    /// one, or make every booking a union.
    fn update_response(operation: &mut DefaultOperationRaw) {
        <Reply<Created<AppointmentResponse>>>::update_response(operation);
    }

    fn update_definitions(map: &mut BTreeMap<String, DefaultSchemaRaw>) {
        <Reply<Created<AppointmentResponse>>>::update_definitions(map);
    }
}
