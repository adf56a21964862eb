//! The page of an appointment: what is booked, and what becomes of it.

use crate::{
    Shared,
    billing::Paid,
    crm::{dialled, mail},
    dates::{clock, field_date},
    form::Form,
    page::{self, PageError, Section, Shell, found},
    scheduling::Names,
    visit::SignedIn,
    words::Words,
};
use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use askama::Template;
use chatgrow_application::{Dated, Precondition};
use chatgrow_domain::{
    Appointment, AppointmentEdit, AppointmentId, AppointmentRefusal, AppointmentStatus, LocalMinute, Notes,
    PaymentTarget, Policies, Revised,
};
use chatgrow_ports::Failure;

#[derive(Template)]
#[template(path = "scheduling/appointment.html")]
struct Page {
    t: Words,
    shell: Shell,
    form: Form,
    shown: Shown,
    paid: Option<Paid>,
    fault: Option<String>,
}

#[derive(Template)]
#[template(path = "scheduling/cancel.html")]
struct CancelPage {
    t: Words,
    shell: Shell,
    shown: Shown,
}

/// An appointment in words.
pub(super) struct Shown {
    pub(super) id: AppointmentId,
    pub(super) customer: String,
    pub(super) customer_id: String,
    pub(super) phone: Option<String>,
    pub(super) dial: Option<String>,
    pub(super) email: String,
    pub(super) mail: String,
    pub(super) moment: String,
    pub(super) day: String,
    pub(super) times: String,
    pub(super) date: String,
    pub(super) what: String,
    pub(super) who: String,
    pub(super) status: String,
    pub(super) open: bool,
    pub(super) pending: bool,
}

impl Shown {
    pub(super) async fn new(
        shared: &Shared,
        signed_in: &SignedIn,
        appointment: &Appointment,
    ) -> Result<Self, PageError> {
        let t = signed_in.words();
        let wall = signed_in.wall_clock(shared).await?;
        let names = Names::read(shared, signed_in).await?;
        let booking = &appointment.booking;
        let start = booking.slot.start;
        let customers = &shared.application.crm.customers;
        let customer = found(customers.by_id(signed_in.caller(), appointment.customer.id).await)?;
        let end = LocalMinute::from_minutes(booking.slot.end_minutes());
        let end = end.map(|end| clock(end.to_date_time().time()));
        let date = start.to_date_time().date();
        Ok(Self {
            id: appointment.id,
            customer: customer.name.as_str().to_owned(),
            customer_id: customer.id.to_string(),
            phone: customer.phone.as_ref().map(|phone| phone.as_str().to_owned()),
            dial: customer.phone.as_ref().and_then(|phone| dialled(phone.as_str())),
            mail: mail(customer.email.as_str()),
            email: customer.email.as_str().to_owned(),
            moment: t.moment(start, wall.today()),
            day: t.day(date, wall.today()),
            times: format!(
                "{}–{}",
                clock(start.to_date_time().time()),
                end.unwrap_or_default()
            ),
            date: field_date(date),
            what: names.what(t, booking),
            who: names.who(&booking.resources),
            status: t.text(&format!("status-{}", appointment.status.as_str())),
            open: appointment.status == AppointmentStatus::Confirmed,
            pending: appointment.status == AppointmentStatus::Pending,
        })
    }
}

/// The appointment of a path.
pub(super) async fn read(
    shared: &Shared,
    signed_in: &SignedIn,
    id: &str,
) -> Result<Dated<Appointment>, PageError> {
    let id: AppointmentId = id.parse().map_err(|_| PageError::NotFound)?;
    let appointments = &shared.application.scheduling.appointments;
    found(appointments.get(signed_in.caller(), id).await)
}

async fn page_of(
    shared: &Shared,
    signed_in: &SignedIn,
    appointment: &Appointment,
    form: Form,
    fault: Option<String>,
) -> Result<Page, PageError> {
    let t = signed_in.words();
    let shown = Shown::new(shared, signed_in, appointment).await?;
    let target = PaymentTarget::Appointment(appointment.id);
    let paid = Paid::read(
        shared,
        signed_in,
        target,
        appointment.bill,
        appointment.held_until,
    )
    .await?;
    let title = fault
        .clone()
        .unwrap_or_else(|| t.of("appointment-title", "name", &shown.customer));
    Ok(Page {
        t,
        shell: Shell::new(signed_in, Section::Calendar, title),
        form,
        shown,
        paid,
        fault,
    })
}

fn notes_of(appointment: &Dated<Appointment>) -> Form {
    let notes = appointment.value.notes.as_ref();
    Form::of([
        ("revision", appointment.revision().as_str().to_owned()),
        (
            "notes",
            notes.map(|notes| notes.as_str().to_owned()).unwrap_or_default(),
        ),
    ])
}

pub(crate) async fn show(
    shared: Data<Shared>,
    signed_in: SignedIn,
    id: Path<String>,
) -> Result<HttpResponse, PageError> {
    let appointment = read(&shared, &signed_in, &id).await?;
    let form = notes_of(&appointment);
    page::ok(&page_of(&shared, &signed_in, &appointment.value, form, None).await?)
}

pub(crate) async fn confirm_cancel(
    shared: Data<Shared>,
    signed_in: SignedIn,
    id: Path<String>,
) -> Result<HttpResponse, PageError> {
    let appointment = read(&shared, &signed_in, &id).await?.value;
    let t = signed_in.words();
    let shown = Shown::new(&shared, &signed_in, &appointment).await?;
    page::ok(&CancelPage {
        t,
        shell: Shell::new(&signed_in, Section::Calendar, t.text("appointment-cancel")),
        shown,
    })
}

/// Completes or cancels the appointment, notes that the customer didn't come, or saves the notes.
pub(crate) async fn change(
    shared: Data<Shared>,
    signed_in: SignedIn,
    id: Path<String>,
    mut form: Form,
) -> Result<HttpResponse, PageError> {
    let t = signed_in.words();
    let appointment = read(&shared, &signed_in, &id).await?.value;
    let mut edit = AppointmentEdit::default();
    let mut seen = Precondition::Unconditional;
    match form.value("do") {
        "notes" => {
            let Some(notes) = form.read_optional(t, "notes", |text| Notes::new(text)) else {
                return page::refused(&page_of(&shared, &signed_in, &appointment, form, None).await?);
            };
            edit.notes = Some(notes);
            seen = form.as_shown();
        }
        status => edit.status = Some(status.parse().map_err(|_| PageError::BadForm)?),
    }
    let appointments = &shared.application.scheduling.appointments;
    let request = signed_in.request(seen);
    match appointments
        .edit(&request, appointment.id, edit, Policies::Kept)
        .await
    {
        Ok(_) => page::go_to(format!("/console/appointments/{}", appointment.id)),
        Err(Failure::Refused(AppointmentRefusal::InvalidStatus)) => {
            let appointment = read(&shared, &signed_in, &id).await?;
            let (form, fault) = (notes_of(&appointment), Some(t.text("appointment-closed")));
            page::refused(&page_of(&shared, &signed_in, &appointment.value, form, fault).await?)
        }
        Err(Failure::Refused(AppointmentRefusal::VersionMismatch)) => {
            let appointment = read(&shared, &signed_in, &id).await?;
            form.set("revision", appointment.revision().as_str());
            let fault = Some(t.text("settings-changed"));
            page::refused(&page_of(&shared, &signed_in, &appointment.value, form, fault).await?)
        }
        Err(failure) => Err(failure.into()),
    }
}
