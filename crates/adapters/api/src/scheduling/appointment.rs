//! Appointments over HTTP.

mod requests;

use crate::{
    access::authentication::Authenticated,
    body::Body,
    commit::{Reply, Write},
    error::{ApiError, Problem},
    pages::{Items, Pages, ShownPage},
    query::Query,
    responses::{Confirmation, Created, Done, Located},
    value::{Count, Cursor, Midnight, Resource, Shown, Success},
};
use actix_web::web::{Data, Path};
use chatgrow_application::{Application, Effect};
use chatgrow_domain as domain;
use chatgrow_domain::{
    AppointmentId, AppointmentRefusal, AppointmentStatus, CustomerId, CustomerName, Duration, EmailAddress,
    Notes, ServiceType, Timestamp,
};
use paperclip::actix::{Apiv2Schema, api_v2_operation};
use requests::{BookAppointment, EditAppointment, ListAppointments};
use serde::Serialize;
use time::Time;

/// A customer's slot in the account's schedule.
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
    /// What it is for.
    service_type: Shown<ServiceType>,
    /// Its length in minutes.
    duration: Shown<Duration>,
    /// Free notes.
    notes: Shown<Option<Notes>>,
    /// Whether it occupies its slot.
    status: Shown<AppointmentStatus>,
    /// When it was booked.
    created_at: Shown<Timestamp>,
    /// When it last changed.
    updated_at: Shown<Timestamp>,
}

impl From<domain::Appointment> for Appointment {
    fn from(appointment: domain::Appointment) -> Self {
        let start = appointment.booking.slot.start.to_date_time();
        Self {
            id: Shown(appointment.id),
            customer_id: Shown(appointment.customer.id),
            customer_name: Shown(appointment.customer.name),
            customer_email: Shown(appointment.customer.email),
            date: Shown(Midnight(start.date())),
            time: Shown(start.time()),
            service_type: Shown(appointment.booking.service_type),
            duration: Shown(appointment.booking.slot.duration),
            notes: Shown(appointment.notes),
            status: Shown(appointment.status),
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

impl From<domain::Appointment> for AppointmentResponse {
    fn from(appointment: domain::Appointment) -> Self {
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

impl Located for domain::Appointment {
    fn location(&self) -> String {
        format!("/appointments/{}", self.id)
    }
}

impl From<&Effect<domain::Appointment>> for Done<Confirmation> {
    fn from(_: &Effect<domain::Appointment>) -> Self {
        Confirmation::new("Appointment cancelled successfully")
    }
}

impl From<AppointmentRefusal> for ApiError {
    fn from(refusal: AppointmentRefusal) -> Self {
        match refusal {
            AppointmentRefusal::NotFound => Problem::AppointmentNotFound,
            AppointmentRefusal::CustomerNotFound => Problem::CustomerNotFound,
            AppointmentRefusal::SlotTaken => Problem::TimeConflict,
            AppointmentRefusal::Cancelled => Problem::AppointmentCancelled,
            AppointmentRefusal::InvalidStatus => Problem::InvalidStatus,
            AppointmentRefusal::HoldGone => Problem::TimeConflict,
            AppointmentRefusal::CustomerChanged => Problem::Unavailable,
            AppointmentRefusal::VersionMismatch => Problem::VersionMismatch,
        }
        .into()
    }
}

/// The errors of [`book`].
pub(crate) const BOOK_ERRORS: &[Problem] = &[Problem::CustomerNotFound, Problem::TimeConflict];

/// Book an appointment
///
/// For an existing customer. Two confirmed appointments of one account never overlap; touching ends are fine.
#[api_v2_operation(operation_id = "bookAppointment", tags("Appointments"))]
pub(crate) async fn book(
    application: Data<Application>,
    write: Write<Created<AppointmentResponse>>,
    body: Body<BookAppointment>,
) -> Result<Reply<Created<AppointmentResponse>>, ApiError> {
    let (customer, new) = body.0.into_domain()?;
    let (request, replies) = write.request()?;
    let appointments = &application.scheduling.appointments;
    replies.to(appointments.book(&request, &customer, new).await?)
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
    Problem::AppointmentCancelled,
    Problem::VersionMismatch,
];

/// Move or edit an appointment
///
/// Changes only the fields that are sent. A cancelled appointment can be edited but not moved.
#[api_v2_operation(operation_id = "updateAppointment", tags("Appointments"))]
pub(crate) async fn edit(
    application: Data<Application>,
    path: Path<String>,
    write: Write<Done<AppointmentResponse>>,
    body: Body<EditAppointment>,
) -> Result<Reply<Done<AppointmentResponse>>, ApiError> {
    let (edit, id) = (body.0.into_domain()?, named(&path)?);
    let (request, replies) = write.request()?;
    let appointments = &application.scheduling.appointments;
    replies.to(appointments.edit(&request, id, edit).await?)
}

/// The errors of [`cancel`].
pub(crate) const CANCEL_ERRORS: &[Problem] = &[Problem::AppointmentNotFound, Problem::VersionMismatch];

/// Cancel an appointment
///
/// Frees the slot at once; the appointment can still be read. Safe to repeat.
#[api_v2_operation(operation_id = "cancelAppointment", tags("Appointments"))]
pub(crate) async fn cancel(
    application: Data<Application>,
    path: Path<String>,
    write: Write<Done<Confirmation>>,
) -> Result<Reply<Done<Confirmation>>, ApiError> {
    let id = named(&path)?;
    let (request, replies) = write.request()?;
    let appointments = &application.scheduling.appointments;
    replies.to(appointments.cancel(&request, id).await?)
}
