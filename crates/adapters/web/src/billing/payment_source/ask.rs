//! The pages that ask before a secret is replaced, or a source is removed.

use super::{PATH, form::refuse, list_page, show_secret, source};
use crate::{
    Shared,
    form::Form,
    page::{self, PageError, Section, Shell, title},
    visit::SignedIn,
    words::Words,
};
use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Path},
};
use askama::Template;
use chatgrow_application::{Outcome, Precondition, WithNoticeSecret};
use chatgrow_domain::{PaymentSource, PaymentSourceRefusal};
use chatgrow_ports::Failure;

#[derive(Template)]
#[template(path = "billing/ask.html")]
struct Page {
    t: Words,
    shell: Shell,
    form: Form,
    /// Whether a secret is replaced. Otherwise the source is removed.
    rotates: bool,
    /// The path of the source.
    path: String,
    name: String,
}

impl Page {
    fn new(signed_in: &SignedIn, source: &PaymentSource, rotates: bool, form: Form) -> Self {
        let t = signed_in.words();
        let key = if rotates { "source-rotate" } else { "source-remove" };
        Self {
            t,
            shell: Shell::new(signed_in, Section::Settings, title(t, &form, key)),
            form,
            rotates,
            path: format!("{PATH}/{}", source.id),
            name: source.name.as_str().to_owned(),
        }
    }
}

pub(crate) async fn before_rotation(
    shared: Data<Shared>,
    signed_in: SignedIn,
    id: Path<String>,
) -> Result<HttpResponse, PageError> {
    let source = source(&shared, &signed_in, &id).await?;
    page::ok(&Page::new(&signed_in, &source, true, Form::default()))
}

pub(crate) async fn rotate(
    shared: Data<Shared>,
    signed_in: SignedIn,
    request: HttpRequest,
    id: Path<String>,
    mut form: Form,
) -> Result<HttpResponse, PageError> {
    let source = source(&shared, &signed_in, &id).await?;
    let secret = Some(form.value("secret").trim()).filter(|secret| !secret.is_empty());
    let sources = &shared.application.billing.sources;
    let rotated = sources
        .rotate(
            &signed_in.request_of(&form),
            source.id,
            secret,
            form.has("revoke", "1"),
        )
        .await;
    match rotated {
        Ok(WithNoticeSecret {
            outcome: Outcome::Done(effect),
            made,
        }) => match made {
            Some(secret) => show_secret(&shared, &signed_in, &request, effect.resource(), secret).await,
            None => page::go_to(format!("{PATH}/{}?saved", source.id)),
        },
        // The form was sent again, and a secret is shown only once.
        Ok(_) => page::ok(&list_page(&shared, &signed_in, true).await?),
        Err(failure) => {
            refuse(&mut form, signed_in.words(), failure)?;
            page::refused(&Page::new(&signed_in, &source, true, form))
        }
    }
}

pub(crate) async fn before_removal(
    shared: Data<Shared>,
    signed_in: SignedIn,
    id: Path<String>,
) -> Result<HttpResponse, PageError> {
    let source = source(&shared, &signed_in, &id).await?;
    page::ok(&Page::new(&signed_in, &source, false, Form::default()))
}

pub(crate) async fn remove(
    shared: Data<Shared>,
    signed_in: SignedIn,
    id: Path<String>,
) -> Result<HttpResponse, PageError> {
    let source = source(&shared, &signed_in, &id).await?;
    let request = signed_in.request(Precondition::Unconditional);
    match shared
        .application
        .billing
        .sources
        .remove(&request, source.id)
        .await
    {
        // Somebody else was faster.
        Ok(_) | Err(Failure::Refused(PaymentSourceRefusal::NotFound)) => page::go_to(PATH),
        Err(failure) => Err(failure.into()),
    }
}
