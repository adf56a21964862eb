//! The forms that book an appointment and move one. If the slot is taken, they offer others as buttons.

use super::appointment::{Shown, read};
use crate::{
    Shared,
    dates::{clock, field_date},
    form::Form,
    page::{self, PageError, Section, Shell, found, title},
    scheduling::Names,
    visit::SignedIn,
    words::Words,
};
use actix_web::{
    HttpResponse,
    web::{Data, Path, Query},
};
use askama::Template;
use chatgrow_application::{
    Booked, CustomerDetails, Order, OrderCustomer, OrderItem, Outcome, WallClock, Wish,
};
use chatgrow_domain::{
    AppointmentEdit, AppointmentRefusal, BrokenRule, CustomerId, CustomerName, Duration, EmailAddress,
    Invalid, LocalMinute, NotFree, Notes, Phone, Policies, ResourceId, Revised, ServiceId, ServiceType,
    Unbookable, parse_date, parse_time,
};
use chatgrow_ports::Failure;
use std::collections::HashMap;

#[derive(Template)]
#[template(path = "scheduling/book.html")]
struct BookPage {
    t: Words,
    shell: Shell,
    form: Form,
    refused: Option<Refused>,
    services: Vec<(String, String)>,
    resources: Vec<(String, String)>,
    types: Vec<(&'static str, String)>,
}

#[derive(Template)]
#[template(path = "scheduling/move.html")]
struct MovePage {
    t: Words,
    shell: Shell,
    form: Form,
    refused: Option<Refused>,
    shown: Shown,
    resources: Vec<(String, String)>,
}

/// Why a slot can't be booked, and what can.
struct Refused {
    why: String,
    lead: String,
    /// Starts as the form sends them, and in words.
    offers: Vec<(String, String)>,
}

async fn book_page(
    shared: &Shared,
    signed_in: &SignedIn,
    form: Form,
    refused: Option<Refused>,
) -> Result<BookPage, PageError> {
    let t = signed_in.words();
    let names = Names::read(shared, signed_in).await?;
    let services = names.services.iter().filter(|service| service.terms.active);
    let title = match &refused {
        Some(refused) => refused.why.clone(),
        None => title(t, &form, "appointment-new"),
    };
    Ok(BookPage {
        t,
        shell: Shell::new(signed_in, Section::Calendar, title),
        form,
        refused,
        services: services
            .map(|service| (service.id.to_string(), service.terms.name.as_str().to_owned()))
            .collect(),
        resources: names.bookable(),
        types: ServiceType::ALL
            .iter()
            .map(|kind| (kind.as_str(), t.text(&format!("service-type-{}", kind.as_str()))))
            .collect(),
    })
}

pub(crate) async fn show(
    shared: Data<Shared>,
    signed_in: SignedIn,
    query: Query<HashMap<String, String>>,
) -> Result<HttpResponse, PageError> {
    let wall = signed_in.wall_clock(&shared).await?;
    let asked = |name: &str| query.get(name).cloned().unwrap_or_default();
    let date = query.get("date").and_then(|text| parse_date(text).ok());
    let mut form = Form::of([
        ("date", field_date(date.unwrap_or(wall.today()))),
        ("time", asked("time")),
        ("resource", asked("resource")),
        ("duration", Duration::DEFAULT.as_minutes().to_string()),
    ]);
    if let Ok(id) = asked("customer").parse::<CustomerId>() {
        let customer = found(
            shared
                .application
                .crm
                .customers
                .by_id(signed_in.caller(), id)
                .await,
        )?;
        form.add("email", customer.email.as_str());
    }
    page::ok(&book_page(&shared, &signed_in, form, None).await?)
}

pub(crate) async fn book(
    shared: Data<Shared>,
    signed_in: SignedIn,
    mut form: Form,
) -> Result<HttpResponse, PageError> {
    let t = signed_in.words();
    take_offer(&mut form);
    let Some(order) = read_order(&mut form, t) else {
        return page::refused(&book_page(&shared, &signed_in, form, None).await?);
    };
    let appointments = &shared.application.scheduling.appointments;
    let request = signed_in.request_of(&form);
    let refusal = match appointments.book(&request, order).await {
        Ok(Outcome::Done(effect)) => {
            return page::go_to(format!("/console/appointments/{}", effect.resource().value.id));
        }
        // The form was sent again.
        Ok(_) => return page::go_to("/console/calendar"),
        Err(Failure::Refused(refusal)) => refusal,
        Err(failure) => return Err(failure.into()),
    };
    let refused = explain(&shared, &signed_in, &mut form, refusal).await?;
    page::refused(&book_page(&shared, &signed_in, form, refused).await?)
}

/// An offer that was taken replaces the date and the time.
fn take_offer(form: &mut Form) {
    let offer = form.value("start").to_owned();
    if let Some((date, time)) = offer.split_once('T') {
        form.set("date", date);
        form.set("time", time);
    }
}

fn read_order(form: &mut Form, t: Words) -> Option<Order> {
    let email = form.read(t, "email", |text| EmailAddress::new(text));
    let name = form.read_optional(t, "name", |text| CustomerName::new(text));
    let phone = form.read_optional(t, "phone", |text| Phone::new(text));
    let start = read_start(form, t);
    let notes = form.read_optional(t, "notes", |text| Notes::new(text));
    let what = if form.value("service").is_empty() {
        let duration = form.read_number(t, "duration", Duration::from_minutes);
        let kind = form.read(t, "type", str::parse::<ServiceType>);
        kind.zip(duration)
            .map(|(kind, duration)| Booked::Time(kind, duration))
    } else {
        let service = form.read(t, "service", |text| {
            text.parse::<ServiceId>().map_err(|_| Invalid::Id)
        });
        service.map(|service| Booked::Service(service, None, None))
    };
    let resources = form.read_optional(t, "resource", |text| {
        text.parse::<ResourceId>().map_err(|_| Invalid::Id)
    });
    let (name, phone) = (name?, phone?);
    let says_something = name.is_some() || phone.is_some();
    let details = says_something.then(|| CustomerDetails {
        name,
        phone: phone.map(Some),
        notes: None,
    });
    let wish = Wish {
        start: start?,
        what: what?,
        resources: resources?.into_iter().collect(),
        policies: policies(form),
    };
    Some(Order {
        customer: OrderCustomer {
            email: email?,
            details,
        },
        item: OrderItem::Wish(wish),
        notes: notes?,
        payment: None,
    })
}

fn read_start(form: &mut Form, t: Words) -> Option<LocalMinute> {
    let date = form.read(t, "date", parse_date);
    let time = form.read(t, "time", parse_time);
    Some(LocalMinute::new(date?, time?))
}

fn policies(form: &Form) -> Policies {
    if form.has("override", "yes") {
        Policies::Overridden
    } else {
        Policies::Kept
    }
}

/// Explains a refusal: beside a field, or on top with other starts.
async fn explain(
    shared: &Shared,
    signed_in: &SignedIn,
    form: &mut Form,
    refusal: AppointmentRefusal,
) -> Result<Option<Refused>, PageError> {
    let t = signed_in.words();
    let (field, key) = match refusal {
        AppointmentRefusal::Unbookable(Unbookable::NotFree(not_free)) => {
            let names = Names::read(shared, signed_in).await?;
            let wall = signed_in.wall_clock(shared).await?;
            return Ok(Some(Refused::new(t, &names, &wall, &not_free)));
        }
        AppointmentRefusal::CustomerNotFound => ("email", "booking-customer-unknown"),
        AppointmentRefusal::CustomerNameNeeded => ("name", "booking-name-needed"),
        AppointmentRefusal::Unbookable(Unbookable::Gap { .. }) => ("time", "booking-gap"),
        AppointmentRefusal::Unbookable(Unbookable::UnknownResource | Unbookable::Resources(_)) => {
            ("resource", "booking-resource")
        }
        // A move has no field for it.
        AppointmentRefusal::Unbookable(_) if form.value("service").is_empty() => ("date", "booking-service"),
        AppointmentRefusal::Unbookable(_) => ("service", "booking-service"),
        AppointmentRefusal::Cancelled => ("date", "appointment-closed"),
        AppointmentRefusal::NotFound => return Err(PageError::NotFound),
        _ => return Err(PageError::Changed),
    };
    form.refuse(field, t.text(key));
    Ok(None)
}

impl Refused {
    fn new(t: Words, names: &Names, wall: &WallClock, not_free: &NotFree) -> Self {
        let why = match (not_free.rule, &not_free.obstruction) {
            (BrokenRule::Busy, Some(obstruction)) => {
                let who = obstruction.resource.and_then(|id| names.resource(id));
                let who = who.map_or_else(|| t.text("booking-business"), |who| who.name.as_str().to_owned());
                let at = t.moment(obstruction.start, wall.today());
                t.with("booking-busy", [("who", who.into()), ("moment", at.into())])
            }
            (BrokenRule::Busy, None) => t.text("booking-busy-again"),
            (BrokenRule::Closed, _) => t.text("booking-closed"),
            (BrokenRule::TooSoon, _) => t.text("booking-too-soon"),
            (BrokenRule::TooFar, _) => t.text("booking-too-far"),
        };
        let suggestions = &not_free.suggestions;
        let starts = suggestions.previous_free.iter().chain(&suggestions.next_free);
        let offer = |start: &LocalMinute| {
            let at = start.to_date_time();
            let sent = format!("{}T{}", field_date(at.date()), clock(at.time()));
            (sent, t.moment(*start, wall.today()))
        };
        let offers: Vec<_> = starts.map(offer).collect();
        let lead = if offers.is_empty() {
            "booking-no-offers"
        } else {
            "booking-offers"
        };
        Self {
            why,
            lead: t.text(lead),
            offers,
        }
    }
}

async fn move_page(
    shared: &Shared,
    signed_in: &SignedIn,
    id: &str,
    form: Form,
    refused: Option<Refused>,
) -> Result<MovePage, PageError> {
    let t = signed_in.words();
    let appointment = read(shared, signed_in, id).await?.value;
    let names = Names::read(shared, signed_in).await?;
    let one = appointment.booking.resources.len() == 1;
    let title = match &refused {
        Some(refused) => refused.why.clone(),
        None => title(t, &form, "appointment-move"),
    };
    Ok(MovePage {
        t,
        shell: Shell::new(signed_in, Section::Calendar, title),
        form,
        refused,
        shown: Shown::new(shared, signed_in, &appointment).await?,
        resources: if one {
            names.bookable_and(&appointment.booking.resources)
        } else {
            Vec::new()
        },
    })
}

pub(crate) async fn show_move(
    shared: Data<Shared>,
    signed_in: SignedIn,
    id: Path<String>,
) -> Result<HttpResponse, PageError> {
    let appointment = read(&shared, &signed_in, &id).await?;
    let revision = appointment.revision().as_str().to_owned();
    let booking = appointment.value.booking;
    let start = booking.slot.start.to_date_time();
    let resource = booking.resources.first();
    let form = Form::of([
        ("revision", revision),
        ("date", field_date(start.date())),
        ("time", clock(start.time())),
        ("duration", booking.slot.duration.as_minutes().to_string()),
        ("resource", resource.map(ToString::to_string).unwrap_or_default()),
    ]);
    page::ok(&move_page(&shared, &signed_in, &id, form, None).await?)
}

pub(crate) async fn move_it(
    shared: Data<Shared>,
    signed_in: SignedIn,
    id: Path<String>,
    mut form: Form,
) -> Result<HttpResponse, PageError> {
    let t = signed_in.words();
    take_offer(&mut form);
    let start = read_start(&mut form, t);
    let duration = form.read_number(t, "duration", Duration::from_minutes);
    let (Some(start), Some(duration)) = (start, duration) else {
        return page::refused(&move_page(&shared, &signed_in, &id, form, None).await?);
    };
    let appointment = read(&shared, &signed_in, &id).await?.value;
    let resource: Option<ResourceId> = form.value("resource").parse().ok();
    let one = appointment.booking.resources.len() == 1;
    let edit = AppointmentEdit {
        date: Some(start.to_date_time().date()),
        time: Some(start.to_date_time().time()),
        duration: Some(duration),
        resources: resource.filter(|_| one).map(|resource| vec![resource]),
        ..AppointmentEdit::default()
    };
    let seen = form.as_shown();
    let appointments = &shared.application.scheduling.appointments;
    let request = signed_in.request(seen);
    let refusal = match appointments
        .edit(&request, appointment.id, edit, policies(&form))
        .await
    {
        Ok(_) => return page::go_to(format!("/console/appointments/{}", appointment.id)),
        Err(Failure::Refused(AppointmentRefusal::VersionMismatch)) => {
            let now = read(&shared, &signed_in, &id).await?;
            form.set("revision", now.revision().as_str());
            form.refuse("date", t.text("settings-changed"));
            return page::refused(&move_page(&shared, &signed_in, &id, form, None).await?);
        }
        Err(Failure::Refused(refusal)) => refusal,
        Err(failure) => return Err(failure.into()),
    };
    let refused = explain(&shared, &signed_in, &mut form, refusal).await?;
    page::refused(&move_page(&shared, &signed_in, &id, form, refused).await?)
}
