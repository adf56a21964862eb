//! Signing in with a password, and out.

use crate::{
    Shared,
    form::Form,
    page::{self, PageError, Shell},
    visit::{SignedIn, Visit},
    words::Words,
};
use actix_web::{
    HttpResponse,
    http::{StatusCode, header::LOCATION},
    web::{Data, Query},
};
use askama::Template;
use chatgrow_application::SignInOutcome;
use chatgrow_domain::{AccountSlug, EmailAddress, PlainPassword, PlainToken};
use std::collections::HashMap;

#[derive(Template)]
#[template(path = "access/sign_in.html")]
struct Page {
    t: Words,
    shell: Shell,
    form: Form,
    fault: Option<String>,
    /// The slugs and names of the businesses among which the user chooses.
    businesses: Vec<(String, String)>,
}

impl Page {
    fn new(visit: &Visit, form: Form, fault: Option<String>) -> Self {
        let t = visit.words();
        let title = fault.clone().unwrap_or_else(|| t.text("sign-in-title"));
        Self {
            t,
            shell: Shell::plain(visit, title),
            form,
            fault,
            businesses: Vec::new(),
        }
    }
}

pub(crate) async fn show(
    shared: Data<Shared>,
    visit: Visit,
    query: Query<HashMap<String, String>>,
) -> Result<HttpResponse, PageError> {
    let next = query.get("next").cloned().unwrap_or_default();
    if SignedIn::find(&visit, &shared).await?.is_some() {
        return page::go_to(safe(&next));
    }
    page::ok(&Page::new(&visit, Form::of([("next", next)]), None))
}

pub(crate) async fn sign_in(
    shared: Data<Shared>,
    visit: Visit,
    form: Form,
) -> Result<HttpResponse, PageError> {
    let t = visit.words();
    // Whatever is wrong, the answer is the same.
    let refused = |form: Form| {
        tracing::warn!(request_id = visit.id.as_str(), client = %visit.client, "a sign-in was refused");
        page::refused(&Page::new(&visit, form, Some(t.text("sign-in-refused"))))
    };
    let password = PlainPassword::given(form.value("password"));
    let (Ok(email), Some(password)) = (EmailAddress::new(form.value("email").trim()), password) else {
        return refused(form);
    };
    if !shared.limits.admit_for(visit.client, &email.key()) {
        tracing::warn!(request_id = visit.id.as_str(), client = %visit.client, "too many sign-ins were tried");
        let page = Page::new(&visit, form, Some(t.text("sign-in-too-often")));
        return page::render(StatusCode::TOO_MANY_REQUESTS, &page);
    }
    let business = AccountSlug::new(form.value("business")).ok();
    let sign_in = &shared.application.access.sign_in;
    match sign_in.sign_in(&email.key(), password, business.as_ref()).await? {
        SignInOutcome::SignedIn(signed_in) => {
            let (account, user) = (signed_in.user.account_id, signed_in.user.id);
            tracing::info!(request_id = visit.id.as_str(), client = %visit.client, %account, %user, "signed in");
            begin(&visit, &signed_in.token, safe(form.value("next")))
        }
        SignInOutcome::WhichAccount(accounts) => {
            let mut page = Page::new(&visit, form, None);
            page.businesses = accounts
                .into_iter()
                .map(|account| (account.slug.as_str().to_owned(), account.name.as_str().to_owned()))
                .collect();
            page::ok(&page)
        }
        SignInOutcome::Refused => refused(form),
    }
}

pub(crate) async fn sign_out(shared: Data<Shared>, signed_in: SignedIn) -> Result<HttpResponse, PageError> {
    let users = &shared.application.access.users;
    users
        .end_session(signed_in.caller(), signed_in.visitor.session)
        .await?;
    let mut response = page::go_to("/console/login")?;
    keep(&mut response, &signed_in.visit.ended_cookie())?;
    Ok(response)
}

/// Leads to a page as the user of a new session.
pub(super) fn begin(visit: &Visit, token: &PlainToken, path: &str) -> Result<HttpResponse, PageError> {
    let mut response = HttpResponse::SeeOther().insert_header((LOCATION, path)).finish();
    keep(&mut response, &visit.session_cookie(token))?;
    Ok(response)
}

pub(super) fn keep(
    response: &mut HttpResponse,
    cookie: &actix_web::cookie::Cookie<'_>,
) -> Result<(), PageError> {
    response.add_cookie(cookie).map_err(|_| PageError::Internal)
}

/// The path to which a sign-in leads: one of the console's own, so that no link leads elsewhere.
fn safe(next: &str) -> &str {
    let own = next == "/console" || next.starts_with("/console/") || next.starts_with("/console?");
    let plain = next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let path = next.split('?').next().unwrap_or_default();
    let straight =
        !path.contains('%') && !path.contains("//") && !path.split('/').any(|part| part.starts_with('.'));
    if own && plain && straight {
        next
    } else {
        "/console"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_leads_to_the_console_only() {
        for next in ["/console/customers?q=x", "/console"] {
            assert_eq!(safe(next), next);
        }
        for next in [
            "",
            "https://example.com/console/",
            "//example.com",
            "/\\example.com",
            "/console/\\example.com",
            "/consoles",
            "/console/\r\nSet-Cookie: a=b",
            "/console/../api-docs",
            "/console/%2e%2e/api-docs",
            "/console//example.com",
        ] {
            assert_eq!(safe(next), "/console", "{next}");
        }
    }
}
