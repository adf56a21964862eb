//! The pages that ask before a secret is rotated, changes are sent again, or an endpoint is removed.

use super::{PATH, endpoint, list_page, show_secret};
use crate::{
    Shared,
    dates::field_date,
    form::Form,
    page::{self, PageError, Section, Shell, title},
    visit::SignedIn,
    words::Words,
};
use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use askama::Template;
use chatgrow_application::{Outcome, Precondition, WithSecret};
use chatgrow_domain::{LocalMinute, WebhookEndpoint, WebhookRefusal, parse_date, parse_time};
use chatgrow_ports::Failure;

#[derive(Template)]
#[template(path = "delivery/ask.html")]
struct Page {
    t: Words,
    shell: Shell,
    form: Form,
    /// What is asked, which begins the keys of its texts.
    what: &'static str,
    /// The path of the endpoint.
    path: String,
    url: String,
}

/// The pages, by the ends of their paths.
const ROTATE: &str = "secret";
const REPLAY: &str = "replay";
const REMOVE: &str = "remove";

impl Page {
    fn new(signed_in: &SignedIn, endpoint: &WebhookEndpoint, what: &'static str, form: Form) -> Self {
        let t = signed_in.words();
        let key = match what {
            ROTATE => "webhook-rotate",
            REPLAY => "webhook-replay",
            _ => "webhook-remove",
        };
        Self {
            t,
            shell: Shell::new(signed_in, Section::Settings, title(t, &form, key)),
            form,
            what,
            path: format!("{PATH}/{}", endpoint.id),
            url: endpoint.terms.url.as_str().to_owned(),
        }
    }
}

pub(crate) async fn before_rotation(
    shared: Data<Shared>,
    signed_in: SignedIn,
    id: Path<String>,
) -> Result<HttpResponse, PageError> {
    let endpoint = endpoint(&shared, &signed_in, &id).await?;
    page::ok(&Page::new(&signed_in, &endpoint, ROTATE, Form::default()))
}

pub(crate) async fn rotate(
    shared: Data<Shared>,
    signed_in: SignedIn,
    id: Path<String>,
    form: Form,
) -> Result<HttpResponse, PageError> {
    let endpoint = endpoint(&shared, &signed_in, &id).await?;
    let request = signed_in.request_of(&form);
    let endpoints = &shared.application.delivery.webhook_endpoints;
    match endpoints.rotate(&request, endpoint.id).await {
        Ok(WithSecret {
            outcome: Outcome::Done(effect),
            secret,
        }) => show_secret(&shared, &signed_in, effect.resource(), secret).await,
        // The form was sent again, and a secret is shown only once.
        Ok(_) => page::ok(&list_page(&shared, &signed_in, true).await?),
        // The list says so.
        Err(Failure::Refused(WebhookRefusal::NoSecretsKey)) => {
            page::refused(&list_page(&shared, &signed_in, false).await?)
        }
        Err(failure) => Err(failure.into()),
    }
}

pub(crate) async fn before_replay(
    shared: Data<Shared>,
    signed_in: SignedIn,
    id: Path<String>,
) -> Result<HttpResponse, PageError> {
    let endpoint = endpoint(&shared, &signed_in, &id).await?;
    let today = signed_in.wall_clock(&shared).await?.today();
    let form = Form::of([("date", field_date(today)), ("time", "00:00".to_owned())]);
    page::ok(&Page::new(&signed_in, &endpoint, REPLAY, form))
}

pub(crate) async fn replay(
    shared: Data<Shared>,
    signed_in: SignedIn,
    id: Path<String>,
    mut form: Form,
) -> Result<HttpResponse, PageError> {
    let t = signed_in.words();
    let endpoint = endpoint(&shared, &signed_in, &id).await?;
    let date = form.read(t, "date", parse_date);
    let time = form.read(t, "time", parse_time);
    let (Some(date), Some(time)) = (date, time) else {
        return page::refused(&Page::new(&signed_in, &endpoint, REPLAY, form));
    };
    let clock = signed_in.wall_clock(&shared).await?;
    let since = clock.instant(LocalMinute::new(date, time));
    let endpoints = &shared.application.delivery.webhook_endpoints;
    endpoints.replay(signed_in.caller(), endpoint.id, since).await?;
    page::go_to(format!("{PATH}/{}?replayed", endpoint.id))
}

pub(crate) async fn before_removal(
    shared: Data<Shared>,
    signed_in: SignedIn,
    id: Path<String>,
) -> Result<HttpResponse, PageError> {
    let endpoint = endpoint(&shared, &signed_in, &id).await?;
    page::ok(&Page::new(&signed_in, &endpoint, REMOVE, Form::default()))
}

pub(crate) async fn remove(
    shared: Data<Shared>,
    signed_in: SignedIn,
    id: Path<String>,
) -> Result<HttpResponse, PageError> {
    let endpoint = endpoint(&shared, &signed_in, &id).await?;
    let endpoints = &shared.application.delivery.webhook_endpoints;
    let request = signed_in.request(Precondition::Unconditional);
    match endpoints.remove(&request, endpoint.id).await {
        // Somebody else was faster.
        Ok(_) | Err(Failure::Refused(WebhookRefusal::NotFound)) => page::go_to(PATH),
        Err(failure) => Err(failure.into()),
    }
}
