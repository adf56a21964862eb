//! Appointments over HTTP.

mod dry_run;
mod requests;

use crate::{
    access::authentication::Authenticated,
    billing::booking::{BookingPayment, Cancellation},
    body::Body,
    commit::{Reply, Write},
    error::{ApiError, Problem},
    pages::{Items, Pages, ShownPage},
    query::Query,
    responses::{Created, Done, Located},
    scheduling::times::later,
    value::{Count, Cursor, Midnight, Resource, Shown, Success},
};
use actix_web::web::{Data, Path};
use chatgrow_application::{Application, Dated, Effect};
use chatgrow_domain as domain;
use chatgrow_domain::{
    AppointmentId, AppointmentRefusal, AppointmentStatus, CustomerId, CustomerName, Duration, EmailAddress,
    Invalid, LocalMinute, Notes, ResourceId, ServiceId, ServiceType, Timestamp, Zoned,
};
use dry_run::BookReply;
use paperclip::actix::{Apiv2Schema, api_v2_operation};
use requests::{BookAppointment, EditAppointment, HowToBook, ListAppointments};
use serde::Serialize;
use time::Time;

/// What a customer has booked.
#[derive(Serialize, Apiv2Schema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Appointment {
    /// The appointment's id.
    id: Shown<AppointmentId>,
    /// The customer's id.
    customer_id: Shown<CustomerId>,
    /// The customer's present name.
    customer_name: Shown<CustomerName>,
    /// The customer's present e-mail address.
    customer_email: Shown<EmailAddress>,
    /// The civil date, at midnight UTC.
    date: Shown<Midnight>,
    /// The time of day, in the business's own time.
    time: Shown<Time>,
    /// When it starts, in civil time.
    local_start: Shown<LocalMinute>,
    /// When it ends, in civil time; `null` after the year 9999.
    local_end: Shown<Option<LocalMinute>>,
    /// When it starts; `null` if the account has no time zone.
    starts_at: Shown<Option<Zoned>>,
    /// When it ends; `null` if the account has no time zone.
    ends_at: Shown<Option<Zoned>>,
    /// The service that is booked; `null` if the booking names none.
    service_id: Shown<Option<ServiceId>>,
    /// The resources that it takes. None is the account's own schedule.
    resource_ids: Vec<Shown<ResourceId>>,
    /// What it is for.
    service_type: Shown<ServiceType>,
    /// Its length in minutes.
    duration: Shown<Duration>,
    /// Free notes.
    notes: Shown<Option<Notes>>,
    /// Whether it occupies its slot.
    status: Shown<AppointmentStatus>,
    /// How it is paid.
    payment: Resource<BookingPayment>,
    /// When it was booked.
    created_at: Shown<Timestamp>,
    /// When it last changed.
    updated_at: Shown<Timestamp>,
}

impl From<Dated<domain::Appointment>> for Appointment {
    fn from(
        Dated {
            value: appointment,
            times,
        }: Dated<domain::Appointment>,
    ) -> Self {
        let booking = appointment.booking;
        let start = booking.slot.start.to_date_time();
        Self {
            id: Shown(appointment.id),
            customer_id: Shown(appointment.customer.id),
            customer_name: Shown(appointment.customer.name),
            customer_email: Shown(appointment.customer.email),
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
            notes: Shown(appointment.notes),
            status: Shown(appointment.status),
            payment: Resource(BookingPayment::new(appointment.bill, appointment.held_until)),
            created_at: Shown(appointment.created_at),
            updated_at: Shown(appointment.updated_at),
        }
    }
}

/// One appointment.
#[derive(Serialize, Apiv2Schema)]
pub(crate) struct AppointmentResponse {
    /// Always `true`.
    success: Success,
    /// The appointment.
    appointment: Resource<Appointment>,
}

impl From<Dated<domain::Appointment>> for AppointmentResponse {
    fn from(appointment: Dated<domain::Appointment>) -> Self {
        Self {
            success: Success,
            appointment: Resource(appointment.into()),
        }
    }
}

/// A page of appointments, by date and time, then id.
#[derive(Serialize, Apiv2Schema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AppointmentList {
    /// Always `true`.
    success: Success,
    /// How many appointments this answer holds.
    count: Shown<Count>,
    /// The appointments.
    appointments: Items<Appointment>,
    /// Where the next page begins: send it back as `cursor`. `null` on the last page.
    next_cursor: Shown<Option<Cursor>>,
}

impl From<ShownPage<Appointment>> for AppointmentList {
    fn from(shown: ShownPage<Appointment>) -> Self {
        Self {
            success: Success,
            count: shown.count,
            appointments: shown.items,
            next_cursor: shown.next_cursor,
        }
    }
}

/// The appointment that a path names. A path segment that is not an id names no appointment.
fn named(path: &str) -> Result<AppointmentId, ApiError> {
    path.parse().map_err(|_| Problem::AppointmentNotFound.into())
}

impl Located for Dated<domain::Appointment> {
    fn location(&self) -> String {
        format!("/appointments/{}", self.value.id)
    }
}

impl From<&Effect<Dated<domain::Appointment>>> for Done<Cancellation> {
    fn from(effect: &Effect<Dated<domain::Appointment>>) -> Self {
        let bill = effect.resource().value.bill;
        Cancellation::new("Appointment cancelled successfully", bill)
    }
}

impl From<AppointmentRefusal> for ApiError {
    fn from(refusal: AppointmentRefusal) -> Self {
        match refusal {
            AppointmentRefusal::NotFound => Problem::AppointmentNotFound,
            AppointmentRefusal::CustomerNotFound => Problem::CustomerNotFound,
            AppointmentRefusal::SlotTaken => Problem::TimeConflict,
            AppointmentRefusal::Cancelled => Problem::AppointmentCancelled,
            AppointmentRefusal::Expired => Problem::AppointmentExpired,
            AppointmentRefusal::InvalidStatus => Problem::AppointmentStatusFinal,
            AppointmentRefusal::HoldNotFound | AppointmentRefusal::HoldGone => Problem::HoldNotFound,
            AppointmentRefusal::HoldExpired => Problem::HoldExpired,
            AppointmentRefusal::VersionMismatch | AppointmentRefusal::CustomerChanged => {
                Problem::VersionMismatch
            }
            AppointmentRefusal::CustomerNameNeeded => {
                return Self::of_field("customer.name", Invalid::Missing.to_string());
            }
            AppointmentRefusal::Unbookable(unbookable) => return unbookable.into(),
        }
        .into()
    }
}

/// The errors of [`book`].
pub(crate) const BOOK_ERRORS: &[Problem] = &[
    Problem::CustomerNotFound,
    Problem::ServiceNotFound,
    Problem::HoldNotFound,
    Problem::TimeConflict,
    Problem::OutsideHours,
    Problem::TooSoon,
    Problem::TooFar,
    Problem::HoldExpired,
];

/// Book an appointment
///
/// What occupies a resource never overlaps; touching ends are fine. Of a service, the resources are chosen. With
/// `payment`, it is pending until that is paid, and expires if it isn't.
#[api_v2_operation(operation_id = "bookAppointment", tags("Appointments"))]
pub(crate) async fn book(
    application: Data<Application>,
    query: Query<HowToBook>,
    write: Write<Created<AppointmentResponse>>,
    body: Body<BookAppointment>,
) -> Result<BookReply, ApiError> {
    let dry_run = query.0.dry_run()?;
    let order = body.0.into_domain()?;
    let appointments = &application.scheduling.appointments;
    if dry_run {
        let tried = appointments.try_out(&write.caller()?, order).await?;
        return Ok(BookReply::Tried(Done::new(tried.into())));
    }
    let (request, replies) = write.request()?;
    let booked = replies.to(appointments.book(&request, order).await?)?;
    Ok(BookReply::Booked(booked))
}

/// The errors of [`list`].
pub(crate) const LIST_ERRORS: &[Problem] = &[];

/// List appointments
///
/// By date and time, then id. `updatedSince` reads through all appointments between `from` and `to`.
#[api_v2_operation(operation_id = "listAppointments", tags("Appointments"))]
pub(crate) async fn list(
    caller: Authenticated,
    application: Data<Application>,
    query: Query<ListAppointments>,
    pages: Pages,
) -> Result<Done<AppointmentList>, ApiError> {
    let (filter, page) = query.0.into_domain()?;
    let list = async |page| {
        application
            .scheduling
            .appointments
            .list(&caller.0, &filter, page)
            .await
    };
    Ok(Done::new(pages.page(page, list).await?.into()))
}

/// The errors of [`get`].
pub(crate) const GET_ERRORS: &[Problem] = &[Problem::AppointmentNotFound];

/// Get an appointment
///
/// A cancelled one too.
#[api_v2_operation(operation_id = "getAppointment", tags("Appointments"))]
pub(crate) async fn get(
    caller: Authenticated,
    application: Data<Application>,
    path: Path<String>,
) -> Result<Done<AppointmentResponse>, ApiError> {
    let appointment = application
        .scheduling
        .appointments
        .get(&caller.0, named(&path)?)
        .await?;
    Ok(Done::of(appointment))
}

/// The errors of [`edit`].
pub(crate) const EDIT_ERRORS: &[Problem] = &[
    Problem::AppointmentNotFound,
    Problem::TimeConflict,
    Problem::OutsideHours,
    Problem::TooSoon,
    Problem::TooFar,
    Problem::AppointmentCancelled,
    Problem::AppointmentExpired,
    Problem::AppointmentStatusFinal,
    Problem::VersionMismatch,
];

/// Move or edit an appointment
///
/// Changes only the fields that are sent. A cancelled appointment can be edited but not moved. Only a confirmed one
/// gets another status; a pending one can be cancelled.
#[api_v2_operation(operation_id = "updateAppointment", tags("Appointments"))]
pub(crate) async fn edit(
    application: Data<Application>,
    path: Path<String>,
    write: Write<Done<AppointmentResponse>>,
    body: Body<EditAppointment>,
) -> Result<Reply<Done<AppointmentResponse>>, ApiError> {
    let ((edit, policies), id) = (body.0.into_domain()?, named(&path)?);
    let (request, replies) = write.request()?;
    let appointments = &application.scheduling.appointments;
    replies.to(appointments.edit(&request, id, edit, policies).await?)
}

/// The errors of [`cancel`].
pub(crate) const CANCEL_ERRORS: &[Problem] = &[
    Problem::AppointmentNotFound,
    Problem::AppointmentStatusFinal,
    Problem::VersionMismatch,
];

/// Cancel an appointment
///
/// Frees the slot at once; the appointment can still be read. Safe to repeat. It refunds nothing: the answer shows what
/// was paid.
#[api_v2_operation(operation_id = "cancelAppointment", tags("Appointments"))]
pub(crate) async fn cancel(
    application: Data<Application>,
    path: Path<String>,
    write: Write<Done<Cancellation>>,
) -> Result<Reply<Done<Cancellation>>, ApiError> {
    let id = named(&path)?;
    let (request, replies) = write.request()?;
    let appointments = &application.scheduling.appointments;
    replies.to(appointments.cancel(&request, id).await?)
}
