//! Registrations: the form that registers a customer, the page that asks before one is removed, and the list for print.

use super::{
    event::{Person, event, people, refused},
    facts::Facts,
};
use crate::{
    Shared,
    billing::Paid,
    form::Form,
    page::{self, PageError, Section, Shell, all, found},
    visit::SignedIn,
    words::Words,
};
use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use askama::Template;
use chatgrow_application::Precondition;
use chatgrow_domain::{
    EmailAddress, Event, EventId, Notes, PaymentTarget, Registration, RegistrationId, RegistrationRefusal,
};
use chatgrow_ports::Failure;

#[derive(Template)]
#[template(path = "events/remove.html")]
struct RemovePage {
    t: Words,
    shell: Shell,
    event: EventId,
    id: RegistrationId,
    question: String,
    paid: Option<Paid>,
}

#[derive(Template)]
#[template(path = "events/print.html")]
struct PrintPage {
    t: Words,
    shell: Shell,
    event: Facts,
    people: Vec<Person>,
}

pub(crate) async fn register(
    shared: Data<Shared>,
    signed_in: SignedIn,
    id: Path<String>,
    mut form: Form,
) -> Result<HttpResponse, PageError> {
    let t = signed_in.words();
    let before = event(&shared, &signed_in, &id).await?;
    let email = form.read(t, "email", |text| EmailAddress::new(text));
    let notes = form.read_optional(t, "notes", |text| Notes::new(text));
    let (Some(email), Some(notes)) = (email, notes) else {
        return refused(&shared, &signed_in, &before, form, false).await;
    };
    let registrations = &shared.application.events.registrations;
    let request = signed_in.request_of(&form);
    let registered = registrations
        .register(&request, before.id, &email.key(), notes, None)
        .await;
    let Err(failure) = registered else {
        return page::go_to(format!("/console/events/{}", before.id));
    };
    let key = match failure {
        Failure::Refused(RegistrationRefusal::CustomerNotFound) => "registration-unknown",
        Failure::Refused(RegistrationRefusal::AlreadyRegistered) => "registration-known",
        Failure::Refused(RegistrationRefusal::Full) => "registration-full",
        Failure::Refused(RegistrationRefusal::NotActive) => "registration-closed",
        failure => return Err(failure.into()),
    };
    form.refuse("email", t.text(key));
    let now = event(&shared, &signed_in, &id).await?;
    refused(&shared, &signed_in, &now, form, key == "registration-unknown").await
}

/// The event and the id of the registration that a path names.
async fn named(
    shared: &Shared,
    signed_in: &SignedIn,
    path: Path<(String, String)>,
) -> Result<(Event, RegistrationId), PageError> {
    let (id, registration) = path.into_inner();
    let registration = registration.parse().map_err(|_| PageError::NotFound)?;
    Ok((event(shared, signed_in, &id).await?, registration))
}

/// Asks before a registration is removed.
pub(crate) async fn confirm_remove(
    shared: Data<Shared>,
    signed_in: SignedIn,
    path: Path<(String, String)>,
) -> Result<HttpResponse, PageError> {
    let (event, registration) = named(&shared, &signed_in, path).await?;
    let registrations = &shared.application.events.registrations;
    let registration = found(
        registrations
            .get(signed_in.caller(), event.id, registration)
            .await,
    )?;
    let target = PaymentTarget::Registration(registration.id);
    let (bill, held_until) = (registration.bill, registration.held_until);
    let paid = Paid::read(&shared, &signed_in, target, bill, held_until).await?;
    let t = signed_in.words();
    let names = [
        ("name", registration.customer.name.as_str().into()),
        ("title", event.title.as_str().into()),
    ];
    page::ok(&RemovePage {
        t,
        shell: Shell::new(&signed_in, Section::Events, t.text("registration-remove")),
        event: event.id,
        id: registration.id,
        question: t.with("registration-remove-ask", names),
        paid,
    })
}

pub(crate) async fn remove(
    shared: Data<Shared>,
    signed_in: SignedIn,
    path: Path<(String, String)>,
) -> Result<HttpResponse, PageError> {
    let (event, registration) = named(&shared, &signed_in, path).await?;
    let registrations = &shared.application.events.registrations;
    let request = signed_in.request(Precondition::Unconditional);
    match registrations.unregister(&request, event.id, registration).await {
        // Somebody else was faster.
        Ok(_) | Err(Failure::Refused(RegistrationRefusal::NotFound)) => {
            page::go_to(format!("/console/events/{}", event.id))
        }
        Err(failure) => Err(failure.into()),
    }
}

/// Those that take a place.
fn with_places(mut registrations: Vec<Registration>) -> Vec<Registration> {
    registrations.retain(|registration| registration.status.takes_place());
    registrations
}

/// The list of those who are registered, to print.
pub(crate) async fn print(
    shared: Data<Shared>,
    signed_in: SignedIn,
    id: Path<String>,
) -> Result<HttpResponse, PageError> {
    let event = event(&shared, &signed_in, &id).await?;
    let (t, caller) = (signed_in.words(), signed_in.caller());
    let clock = signed_in.wall_clock(&shared).await?;
    let registrations = &shared.application.events.registrations;
    let registrations = all(async |page| registrations.list(caller, event.id, page).await).await?;
    let facts = Facts::of(t, &event, clock.today());
    page::ok(&PrintPage {
        t,
        shell: Shell::new(&signed_in, Section::Events, facts.title.clone()),
        event: facts,
        people: people(&shared, &signed_in, &clock, with_places(registrations)).await?,
    })
}
