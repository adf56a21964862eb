//! Appointments over HTTP.

use crate::{
    access::authentication::Caller,
    body::Body,
    commit::{Reply, Write, reply},
    error::{ApiError, Problem},
    fields::{Changeable, Field, Fields, Required},
    pages::{Items, Pages, Shown},
    query::{Query, days},
    responses::{Confirmation, Created, Done, Located, date_and_time, instant},
};
use actix_web::web::{Data, Path};
use chatgrow_application::{Application, Effect};
use chatgrow_domain as domain;
use chatgrow_domain::{
    AppointmentId, AppointmentRefusal, Duration, EmailAddress, EmailKey, LocalMinute, Notes, TimeSlot,
    Timestamp, parse_date, parse_time,
};
use chatgrow_ports::{AppointmentFilter, PageRequest, StartPosition};
use paperclip::actix::{Apiv2Schema, api_v2_operation};
use serde::{Deserialize, Serialize};

/// A customer's slot in the account's schedule.
#[derive(Serialize, Apiv2Schema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Appointment {
    /// The appointment's id.
    id: String,
    /// The customer's id.
    customer_id: String,
    /// The customer's present name.
    customer_name: String,
    /// The customer's present e-mail address.
    customer_email: String,
    /// The civil date, at midnight UTC.
    date: String,
    /// The time of day, in the business's own time.
    time: String,
    /// What it is for.
    service_type: String,
    /// Its length in minutes.
    duration: i64,
    /// Free notes.
    notes: Option<String>,
    /// Whether it occupies its slot.
    status: String,
    /// When it was booked.
    created_at: String,
    /// When it last changed.
    updated_at: String,
}

impl From<domain::Appointment> for Appointment {
    fn from(appointment: domain::Appointment) -> Self {
        let (date, time) = date_and_time(appointment.slot.start);
        Self {
            id: appointment.id.to_string(),
            customer_id: appointment.customer.id.to_string(),
            customer_name: appointment.customer.name.as_str().to_owned(),
            customer_email: appointment.customer.email.as_str().to_owned(),
            date,
            time,
            service_type: appointment.service_type.as_str().to_owned(),
            duration: appointment.slot.duration.as_minutes(),
            notes: appointment.notes.map(|notes| notes.as_str().to_owned()),
            status: appointment.status.as_str().to_owned(),
            created_at: instant(appointment.created_at),
            updated_at: instant(appointment.updated_at),
        }
    }
}

/// One appointment.
#[derive(Serialize, Apiv2Schema)]
pub(crate) struct AppointmentResponse {
    /// Always `true`.
    success: bool,
    /// The appointment.
    appointment: Appointment,
}

impl From<domain::Appointment> for AppointmentResponse {
    fn from(appointment: domain::Appointment) -> Self {
        Self {
            success: true,
            appointment: appointment.into(),
        }
    }
}

/// A page of appointments, by date and time, then id.
#[derive(Serialize, Apiv2Schema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AppointmentList {
    /// Always `true`.
    success: bool,
    /// How many appointments this answer holds.
    count: usize,
    /// The appointments.
    appointments: Items<Appointment>,
    /// Where the next page begins: send it back as `cursor`. `null` on the last page.
    next_cursor: Option<String>,
}

impl From<Shown<Appointment>> for AppointmentList {
    fn from(shown: Shown<Appointment>) -> Self {
        Self {
            success: true,
            count: shown.count,
            appointments: shown.items,
            next_cursor: shown.next_cursor,
        }
    }
}

/// A new appointment.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct BookAppointment {
    /// The e-mail address of an existing customer.
    customer_email: Required<String>,
    /// The civil date; the API's own output form is accepted too.
    date: Required<String>,
    /// The time of day, in the business's own time.
    time: Required<String>,
    /// What it is for.
    service_type: Required<String>,
    /// Its length in minutes; 60 where it is left out. It may run past midnight.
    duration: Field<i64>,
    /// Free notes.
    notes: Field<String>,
}

impl BookAppointment {
    fn into_domain(self) -> Result<(EmailKey, domain::NewAppointment), ApiError> {
        let mut fields = Fields::default();
        let email = fields.required("customerEmail", self.customer_email, EmailAddress::new);
        let date = fields.required("date", self.date, |text| parse_date(&text));
        let time = fields.required("time", self.time, |text| parse_time(&text));
        let service_type = fields.required("serviceType", self.service_type, |text| text.parse());
        let duration = fields.optional("duration", self.duration, Duration::from_minutes);
        let notes = fields.optional("notes", self.notes, Notes::new);
        let (Some(email), Some(date), Some(time), Some(service_type), Some(duration), Some(notes)) =
            (email, date, time, service_type, duration, notes)
        else {
            return Err(fields.into_error_requiring("customerEmail, date, time and serviceType are required"));
        };
        let slot = TimeSlot {
            start: LocalMinute::new(date, time),
            duration: duration.unwrap_or(Duration::DEFAULT),
        };
        Ok((
            email.key(),
            domain::NewAppointment {
                slot,
                service_type,
                notes,
            },
        ))
    }
}

/// A change of some of an appointment's fields: of its slot, which moves it, or of what is said of it.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct EditAppointment {
    /// Another civil date; the API's own output form is accepted too.
    date: Changeable<String>,
    /// Another time of day.
    time: Changeable<String>,
    /// Another length in minutes.
    duration: Changeable<i64>,
    /// Another purpose.
    service_type: Changeable<String>,
    /// Other notes; `null` clears them.
    notes: Field<String>,
}

impl EditAppointment {
    fn into_domain(self) -> Result<domain::AppointmentEdit, ApiError> {
        let mut fields = Fields::default();
        let date = fields.changeable("date", self.date, |text| parse_date(&text));
        let time = fields.changeable("time", self.time, |text| parse_time(&text));
        let duration = fields.changeable("duration", self.duration, Duration::from_minutes);
        let service_type = fields.changeable("serviceType", self.service_type, |text| text.parse());
        let notes = fields.clearable("notes", self.notes, Notes::new);
        let (Some(date), Some(time), Some(duration), Some(service_type), Some(notes)) =
            (date, time, duration, service_type, notes)
        else {
            return Err(fields.into_error());
        };
        Ok(domain::AppointmentEdit {
            date,
            time,
            duration,
            service_type,
            notes,
        })
    }
}

/// Which appointments are wanted.
#[derive(Deserialize, Apiv2Schema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListAppointments {
    /// Those on this civil date or later.
    from: Option<String>,
    /// Those on this civil date or earlier.
    to: Option<String>,
    /// Those in this status.
    status: Option<String>,
    /// Those of the customer with this e-mail address.
    customer_email: Option<String>,
    /// Those that last changed at this instant or later.
    updated_since: Option<String>,
    /// The most appointments in this answer.
    limit: Option<String>,
    /// The `nextCursor` of the answer before.
    cursor: Option<String>,
}

impl ListAppointments {
    fn into_domain(self) -> Result<(AppointmentFilter, PageRequest<StartPosition<AppointmentId>>), ApiError> {
        let mut fields = Fields::default();
        let from = fields.parameter("from", self.from.as_deref(), parse_date);
        let to = fields.parameter("to", self.to.as_deref(), parse_date);
        let status = fields.parameter("status", self.status.as_deref(), str::parse);
        let customer = fields.parameter("customerEmail", self.customer_email.as_deref(), |text| {
            EmailAddress::new(text)
        });
        let updated_since = fields.parameter("updatedSince", self.updated_since.as_deref(), Timestamp::parse);
        let page = fields.page(self.limit.as_deref(), self.cursor.as_deref());
        let (Some(from), Some(to), Some(status), Some(customer), Some(updated_since), Some(page)) =
            (from, to, status, customer, updated_since, page)
        else {
            return Err(fields.into_error());
        };
        let (from, before) = days(from, to);
        let filter = AppointmentFilter {
            from,
            before,
            status,
            customer: customer.map(|email| email.key()),
            updated_since,
        };
        Ok((filter, page))
    }
}

/// The appointment that a path names. What is no id names nothing.
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

impl From<AppointmentRefusal> for Problem {
    fn from(refusal: AppointmentRefusal) -> Self {
        match refusal {
            AppointmentRefusal::NotFound => Self::AppointmentNotFound,
            AppointmentRefusal::CustomerNotFound => Self::CustomerNotFound,
            AppointmentRefusal::SlotTaken => Self::TimeConflict,
            AppointmentRefusal::Cancelled => Self::AppointmentCancelled,
            AppointmentRefusal::VersionMismatch => Self::VersionMismatch,
        }
    }
}

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
    let request = write.request()?;
    let appointments = &application.scheduling.appointments;
    reply(appointments.book(&request, &customer, new).await?)
}

/// List appointments
///
/// By date and time, then id. `updatedSince` reads through all appointments between `from` and `to`.
#[api_v2_operation(operation_id = "listAppointments", tags("Appointments"))]
pub(crate) async fn list(
    caller: Caller,
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

/// Get an appointment
///
/// A cancelled one too.
#[api_v2_operation(operation_id = "getAppointment", tags("Appointments"))]
pub(crate) async fn get(
    caller: Caller,
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
    let request = write.request()?;
    let appointments = &application.scheduling.appointments;
    reply(appointments.edit(&request, id, edit).await?)
}

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
    let request = write.request()?;
    let appointments = &application.scheduling.appointments;
    reply(appointments.cancel(&request, id).await?)
}
