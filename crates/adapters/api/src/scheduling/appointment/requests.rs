//! The requests for appointments.

use crate::{
    error::ApiError,
    fields::{Changeable, Field, Fields, Required},
    query::{Parameter, days},
    value::Cursor,
};
use chatgrow_domain as domain;
use chatgrow_domain::{
    AppointmentId, AppointmentStatus, Duration, EmailAddress, EmailKey, LocalMinute, Notes, PageLimit,
    ServiceType, TimeSlot, Timestamp,
};
use chatgrow_ports::{AppointmentFilter, PageRequest, StartPosition};
use paperclip::actix::Apiv2Schema;
use serde::Deserialize;
use time::{Date, Time};

/// A new appointment.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct BookAppointment {
    /// The e-mail address of an existing customer.
    customer_email: Required<EmailAddress>,
    /// The civil date; the API's own output form is accepted too.
    date: Required<Date>,
    /// The time of day, in the business's own time.
    time: Required<Time>,
    /// What it is for.
    service_type: Required<ServiceType>,
    /// Its length in minutes; 60 if it is omitted. It may run past midnight.
    duration: Field<Duration>,
    /// Free notes.
    notes: Field<Notes>,
}

impl BookAppointment {
    pub(super) fn into_domain(self) -> Result<(EmailKey, domain::NewAppointment), ApiError> {
        let mut fields = Fields::default();
        let email = fields.required("customerEmail", self.customer_email);
        let date = fields.required("date", self.date);
        let time = fields.required("time", self.time);
        let service_type = fields.required("serviceType", self.service_type);
        let duration = fields.optional("duration", self.duration);
        let notes = fields.optional("notes", self.notes);
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
                booking: domain::Booking::plain(slot, service_type),
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
    date: Changeable<Date>,
    /// Another time of day.
    time: Changeable<Time>,
    /// Another length in minutes.
    duration: Changeable<Duration>,
    /// Another purpose.
    service_type: Changeable<ServiceType>,
    /// Other notes; `null` clears them.
    notes: Field<Notes>,
}

impl EditAppointment {
    pub(super) fn into_domain(self) -> Result<domain::AppointmentEdit, ApiError> {
        let mut fields = Fields::default();
        let date = fields.changeable("date", self.date);
        let time = fields.changeable("time", self.time);
        let duration = fields.changeable("duration", self.duration);
        let service_type = fields.changeable("serviceType", self.service_type);
        let notes = fields.clearable("notes", self.notes);
        let (Some(date), Some(time), Some(duration), Some(service_type), Some(notes)) =
            (date, time, duration, service_type, notes)
        else {
            return Err(fields.into_error());
        };
        Ok(domain::AppointmentEdit {
            date,
            time,
            duration,
            resources: None,
            service_type,
            notes,
            status: None,
        })
    }
}

/// Which appointments are wanted.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ListAppointments {
    /// Those on this civil date or later.
    from: Parameter<Date>,
    /// Those on this civil date or earlier.
    to: Parameter<Date>,
    /// Those in this status.
    status: Parameter<AppointmentStatus>,
    /// Those of the customer with this e-mail address.
    customer_email: Parameter<EmailAddress>,
    /// Those that last changed at this instant or later.
    updated_since: Parameter<Timestamp>,
    /// The most appointments in this answer.
    limit: Parameter<PageLimit>,
    /// The `nextCursor` of the answer before.
    cursor: Parameter<Cursor>,
}

impl ListAppointments {
    pub(super) fn into_domain(
        self,
    ) -> Result<(AppointmentFilter, PageRequest<StartPosition<AppointmentId>>), ApiError> {
        let mut fields = Fields::default();
        let from = fields.parameter("from", self.from);
        let to = fields.parameter("to", self.to);
        let status = fields.parameter("status", self.status);
        let customer = fields.parameter("customerEmail", self.customer_email);
        let updated_since = fields.parameter("updatedSince", self.updated_since);
        let page = fields.page(self.limit, self.cursor);
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
