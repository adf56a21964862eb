//! Links that are followed once: an account is set up, or a password is chosen.

use super::sign_in::begin;
use crate::{
    Shared,
    form::{Form, title},
    page::{self, PageError, Shell},
    visit::Visit,
    words::Words,
};
use actix_web::{HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use chatgrow_application::{SetUp, SignedIn};
use chatgrow_domain::{
    AccountName, EmailAddress, Invalid, Language, LinkRefusal, PlainPassword, PlainToken, TimeZoneName,
};
use chatgrow_ports::Failure;

#[derive(Template)]
#[template(path = "access/set_up.html")]
struct SetUpPage {
    t: Words,
    shell: Shell,
    form: Form,
    zones: Vec<TimeZoneName>,
}

#[derive(Template)]
#[template(path = "access/password.html")]
struct PasswordPage {
    t: Words,
    shell: Shell,
    form: Form,
}

fn set_up_page(shared: &Shared, visit: &Visit, form: Form) -> SetUpPage {
    let t = visit.words();
    SetUpPage {
        t,
        shell: Shell::plain(visit, title(t, &form, "set-up-title")),
        form,
        zones: shared.application.time_zone_names(),
    }
}

fn password_page(visit: &Visit, form: Form) -> PasswordPage {
    let t = visit.words();
    PasswordPage {
        t,
        shell: Shell::plain(visit, title(t, &form, "choose-password-title")),
        form,
    }
}

pub(crate) async fn show_set_up(shared: Data<Shared>, visit: Visit) -> Result<HttpResponse, PageError> {
    let language = visit.words().tag().to_owned();
    let form = Form::of([("language", language), ("zone", String::new())]);
    page::ok(&set_up_page(&shared, &visit, form))
}

pub(crate) async fn set_up(
    shared: Data<Shared>,
    visit: Visit,
    mut form: Form,
) -> Result<HttpResponse, PageError> {
    let t = visit.words();
    let token = read_code(&mut form, t);
    let email = form.read(t, "email", |text| EmailAddress::new(text));
    let password = read_new_password(&mut form, t);
    let business = form.read(t, "business", |text| AccountName::new(text));
    let language = form.read(t, "language", str::parse::<Language>);
    let time_zone = form.read(t, "zone", |text| TimeZoneName::new(text));
    let (Some(token), Some(email), Some(password), Some(business), Some(language), Some(time_zone)) =
        (token, email, password, business, language, time_zone)
    else {
        return page::refused(&set_up_page(&shared, &visit, form));
    };
    if !shared.limits.admit(visit.client) {
        return too_often(&set_up_page(&shared, &visit, form));
    }
    let chosen = SetUp {
        email,
        password,
        language,
        business,
        time_zone,
    };
    match shared.application.access.sign_in.set_up(&token, chosen).await {
        Ok(signed_in) => {
            tell(&visit, &signed_in, "an account was set up");
            begin(&visit, &signed_in.token, "/console")
        }
        Err(Failure::Refused(refusal)) => {
            match refusal {
                LinkRefusal::Gone => form.refuse("code", t.text("link-gone")),
                LinkRefusal::UnknownTimeZone => form.refuse("zone", t.invalid(Invalid::TimeZone)),
            }
            page::refused(&set_up_page(&shared, &visit, form))
        }
        Err(failure) => Err(failure.into()),
    }
}

pub(crate) async fn show_password(visit: Visit) -> Result<HttpResponse, PageError> {
    page::ok(&password_page(&visit, Form::default()))
}

pub(crate) async fn choose_password(
    shared: Data<Shared>,
    visit: Visit,
    mut form: Form,
) -> Result<HttpResponse, PageError> {
    let t = visit.words();
    let token = read_code(&mut form, t);
    let password = read_new_password(&mut form, t);
    let (Some(token), Some(password)) = (token, password) else {
        return page::refused(&password_page(&visit, form));
    };
    if !shared.limits.admit(visit.client) {
        return too_often(&password_page(&visit, form));
    }
    let sign_in = &shared.application.access.sign_in;
    match sign_in.choose_password(&token, password, t.0).await {
        Ok(signed_in) => {
            tell(&visit, &signed_in, "a password was chosen by a link");
            begin(&visit, &signed_in.token, "/console")
        }
        Err(Failure::Refused(_)) => {
            form.refuse("code", t.text("link-gone"));
            page::refused(&password_page(&visit, form))
        }
        Err(failure) => Err(failure.into()),
    }
}

fn read_code(form: &mut Form, t: Words) -> Option<PlainToken> {
    if form.value("code").trim().is_empty() {
        form.refuse("code", t.invalid(Invalid::Missing));
        return None;
    }
    let token = PlainToken::parse(form.value("code").trim());
    if token.is_none() {
        form.refuse("code", t.text("link-gone"));
    }
    token
}

/// Reads a new password, exactly as it was typed.
pub(super) fn read_new_password(form: &mut Form, t: Words) -> Option<PlainPassword> {
    match PlainPassword::chosen(form.value("password")) {
        Ok(password) => Some(password),
        Err(why) => {
            form.refuse("password", t.invalid(why));
            None
        }
    }
}

fn too_often(page: &impl Template) -> Result<HttpResponse, PageError> {
    Ok(page::render(StatusCode::TOO_MANY_REQUESTS, page))
}

fn tell(visit: &Visit, signed_in: &SignedIn, what: &str) {
    let (account, user) = (signed_in.user.account_id, signed_in.user.id);
    tracing::info!(request_id = visit.id.as_str(), client = %visit.client, %account, %user, "{what}");
}
