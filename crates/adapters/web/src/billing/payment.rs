//! Payments: the list, and the page of one, where a person says for which booking it is.

use super::paid::{Entry, money};
use crate::{
    Shared,
    form::Form,
    page::{self, PageError, Section, Shell, found, query, title},
    visit::SignedIn,
    words::Words,
};
use actix_web::{
    HttpResponse,
    web::{Data, Path, Query},
};
use askama::Template;
use chatgrow_domain::{
    AppointmentId, AppointmentStatus, LocalMinute, ObjectId, PageLimit, Payment, PaymentEdit, PaymentId,
    PaymentRefusal, PaymentTarget, RegistrationId, parse_date,
};
use chatgrow_ports::{AppointmentFilter, Failure, PageRequest, PaymentFilter};
use std::collections::HashMap;
use time::Time;

const PATH: &str = "/console/payments";

#[derive(Template)]
#[template(path = "billing/payments.html")]
struct ListPage {
    t: Words,
    shell: Shell,
    form: Form,
    entries: Vec<Entry>,
    /// The query of the next page.
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "billing/payment.html")]
struct PaymentPage {
    t: Words,
    shell: Shell,
    form: Form,
    entry: Entry,
    external_id: String,
    /// How much of a payment was given back.
    given_back: Option<String>,
    /// The page of what was paid for.
    booking: Option<String>,
    /// The page of the payment that a refund gives back.
    payment: Option<String>,
    /// Whether the visitor may match or settle it.
    may_change: bool,
    /// Whether it can be matched.
    matchable: bool,
    /// The bookings that wait for a payment in its currency.
    waiting: Vec<Waiting>,
    saved: bool,
}

/// A booking that waits for its payment.
struct Waiting {
    id: AppointmentId,
    label: String,
}

/// The payments of which a query asks: those that need attention, unless it asks for all since a day.
pub(super) async fn list(
    shared: Data<Shared>,
    signed_in: SignedIn,
    asked: Query<HashMap<String, String>>,
) -> Result<HttpResponse, PageError> {
    let (t, clock) = (signed_in.words(), signed_in.wall_clock(&shared).await?);
    let asked = |name| asked.get(name).map_or("", String::as_str).trim().to_owned();
    let (which, after) = (asked("show"), asked("after"));
    let mut form = Form::of([("show", which), ("from", asked("from"))]);
    let all = form.has("show", "all");
    let from = form.read_optional(t, "from", parse_date);
    let midnight = |date| clock.instant(LocalMinute::new(date, Time::MIDNIGHT));
    let page = match from {
        // What can't be read is found nowhere.
        None => None,
        Some(from) => {
            let filter = PaymentFilter {
                needs_attention: (!all).then_some(true),
                from: from.map(midnight),
                ..PaymentFilter::default()
            };
            let request = PageRequest {
                limit: PageLimit::DEFAULT,
                after: match after.as_str() {
                    "" => None,
                    after => Some(after.parse().map_err(|_| PageError::NotFound)?),
                },
            };
            let payments = &shared.application.billing.payments;
            Some(payments.list(signed_in.caller(), &filter, request).await?)
        }
    };
    let next = page.as_ref().and_then(|page| page.next).map(|next| {
        let next = next.to_string();
        query([
            ("show", form.value("show")),
            ("from", form.value("from")),
            ("after", &next),
        ])
    });
    let entries = page.iter().flat_map(|page| &page.items);
    page::ok(&ListPage {
        t,
        shell: Shell::new(&signed_in, Section::Payments, title(t, &form, "nav-payments")),
        entries: entries.map(|payment| Entry::of(t, &clock, payment)).collect(),
        form,
        next,
    })
}

async fn read(shared: &Shared, signed_in: &SignedIn, id: &str) -> Result<Payment, PageError> {
    let id: PaymentId = id.parse().map_err(|_| PageError::NotFound)?;
    found(
        shared
            .application
            .billing
            .payments
            .get(signed_in.caller(), id)
            .await,
    )
}

async fn payment_page(
    shared: &Shared,
    signed_in: &SignedIn,
    payment: &Payment,
    form: Form,
    saved: bool,
) -> Result<PaymentPage, PageError> {
    let (t, clock) = (signed_in.words(), signed_in.wall_clock(shared).await?);
    let matchable = payment.target.is_none() && payment.refund_of.is_none();
    let given_back = payment.given_back();
    let booking = match payment.target {
        None => None,
        Some(PaymentTarget::Appointment(id)) => Some(format!("/console/appointments/{id}")),
        Some(PaymentTarget::Registration(id)) => {
            let registrations = &shared.application.events.registrations;
            let registration = found(registrations.anywhere(signed_in.caller(), id).await)?;
            Some(format!("/console/events/{}", registration.event_id))
        }
    };
    Ok(PaymentPage {
        t,
        shell: Shell::new(signed_in, Section::Payments, title(t, &form, "payment-title")),
        form,
        entry: Entry::of(t, &clock, payment),
        external_id: payment.external_id.as_str().to_owned(),
        given_back: (given_back.as_minor() > 0).then(|| money(given_back, payment.currency)),
        booking,
        payment: payment.payment.map(|id| format!("{PATH}/{id}")),
        may_change: signed_in.is_owner(),
        matchable,
        waiting: if matchable {
            waiting(shared, signed_in, payment).await?
        } else {
            Vec::new()
        },
        saved,
    })
}

/// The first appointments that wait for a payment in that currency.
async fn waiting(
    shared: &Shared,
    signed_in: &SignedIn,
    payment: &Payment,
) -> Result<Vec<Waiting>, PageError> {
    let (t, today) = (signed_in.words(), signed_in.wall_clock(shared).await?.today());
    let filter = AppointmentFilter {
        status: Some(AppointmentStatus::Pending),
        ..AppointmentFilter::default()
    };
    let page = PageRequest {
        limit: PageLimit::DEFAULT,
        after: None,
    };
    let appointments = &shared.application.scheduling.appointments;
    let pending = appointments.list(signed_in.caller(), &filter, page).await?;
    let waiting = pending.items.into_iter().filter_map(|dated| {
        let appointment = dated.value;
        let bill = appointment
            .bill
            .filter(|bill| bill.currency == payment.currency)?;
        let due = format!("{} {}", bill.shown(bill.due()), bill.currency.code());
        let arguments = [
            ("name", appointment.customer.name.as_str().to_owned().into()),
            ("moment", t.moment(appointment.booking.slot.start, today).into()),
            ("amount", due.into()),
        ];
        Some(Waiting {
            id: appointment.id,
            label: t.with("payment-waiting", arguments),
        })
    });
    Ok(waiting.collect())
}

pub(super) async fn show(
    shared: Data<Shared>,
    signed_in: SignedIn,
    id: Path<String>,
    asked: Query<HashMap<String, String>>,
) -> Result<HttpResponse, PageError> {
    let payment = read(&shared, &signed_in, &id).await?;
    let saved = asked.contains_key("saved");
    page::ok(&payment_page(&shared, &signed_in, &payment, Form::default(), saved).await?)
}

/// Matches a payment with a booking, or settles it.
pub(super) async fn change(
    shared: Data<Shared>,
    signed_in: SignedIn,
    id: Path<String>,
    mut form: Form,
) -> Result<HttpResponse, PageError> {
    signed_in.only_owner()?;
    let t = signed_in.words();
    let payment = read(&shared, &signed_in, &id).await?;
    let edit = if form.has("do", "settle") {
        Some(PaymentEdit {
            target: None,
            settled: true,
        })
    } else {
        target(&shared, &signed_in, &mut form)
            .await?
            .map(|target| PaymentEdit {
                target: Some(target),
                settled: false,
            })
    };
    let Some(edit) = edit else {
        return page::refused(&payment_page(&shared, &signed_in, &payment, form, false).await?);
    };
    let request = signed_in.request_of(&form);
    let payments = &shared.application.billing.payments;
    match payments.edit(&request, payment.id, edit).await {
        Ok(_) => page::go_to(format!("{PATH}/{}?saved", payment.id)),
        Err(Failure::Refused(PaymentRefusal::CurrencyDiffers)) => {
            form.refuse("booking", t.text("payment-other-currency"));
            page::refused(&payment_page(&shared, &signed_in, &payment, form, false).await?)
        }
        Err(failure) => Err(failure.into()),
    }
}

/// The booking that a form names, by its id or by the address of its page. If there is none, the fault is noted.
async fn target(
    shared: &Shared,
    signed_in: &SignedIn,
    form: &mut Form,
) -> Result<Option<PaymentTarget>, PageError> {
    let t = signed_in.words();
    let named = match form.value("other").trim() {
        "" => form.value("booking").trim(),
        other => other,
    };
    let id = named.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    if let Ok(id) = id.parse::<ObjectId>() {
        let (caller, application) = (signed_in.caller(), &shared.application);
        let appointment = AppointmentId::new(id);
        match application.scheduling.appointments.get(caller, appointment).await {
            Ok(_) => return Ok(Some(PaymentTarget::Appointment(appointment))),
            Err(Failure::Refused(_)) => {}
            Err(failure) => return Err(failure.into()),
        }
        let registration = RegistrationId::new(id);
        match application
            .events
            .registrations
            .anywhere(caller, registration)
            .await
        {
            Ok(_) => return Ok(Some(PaymentTarget::Registration(registration))),
            Err(Failure::Refused(_)) => {}
            Err(failure) => return Err(failure.into()),
        }
    }
    form.refuse("booking", t.text("payment-no-booking"));
    Ok(None)
}
