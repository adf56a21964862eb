//! The user's own page: password, language and sessions.

use super::{link::read_new_password, sign_in::keep};
use crate::{
    Shared,
    form::Form,
    page::{self, PageError, Section, Shell, title},
    visit::SignedIn,
    words::Words,
};
use actix_web::{HttpResponse, web::Data};
use askama::Template;
use chatgrow_application::Precondition;
use chatgrow_domain::{Language, PlainPassword, SessionId, UserRefusal};
use chatgrow_ports::Failure;

#[derive(Template)]
#[template(path = "access/own.html")]
struct Page {
    t: Words,
    shell: Shell,
    form: Form,
    sessions: Vec<Session>,
}

struct Session {
    id: SessionId,
    own: bool,
    since: String,
    used: String,
}

async fn own_page(shared: &Shared, signed_in: &SignedIn, form: Form) -> Result<Page, PageError> {
    let t = signed_in.words();
    let clock = signed_in.wall_clock(shared).await?;
    let sessions = shared
        .application
        .access
        .users
        .sessions(signed_in.caller())
        .await?;
    let shown = |session: chatgrow_domain::Session| Session {
        id: session.id,
        own: session.id == signed_in.visitor.session,
        since: t.short_date(clock.at(session.created_at).to_date_time().date(), clock.today()),
        used: t.ago(&clock, session.used_at),
    };
    Ok(Page {
        t,
        shell: Shell::new(signed_in, Section::None, title(t, &form, "own-title")),
        form,
        sessions: sessions.into_iter().rev().map(shown).collect(),
    })
}

pub(crate) async fn show(shared: Data<Shared>, signed_in: SignedIn) -> Result<HttpResponse, PageError> {
    page::ok(&own_page(&shared, &signed_in, Form::default()).await?)
}

pub(crate) async fn change_password(
    shared: Data<Shared>,
    signed_in: SignedIn,
    mut form: Form,
) -> Result<HttpResponse, PageError> {
    let t = signed_in.words();
    let old = PlainPassword::given(form.value("old"));
    if old.is_none() {
        form.refuse("old", t.text("password-wrong"));
    }
    let new = read_new_password(&mut form, t);
    let user = signed_in.visitor.user.id;
    let changed = match (old, new) {
        (Some(old), Some(new)) if shared.limits.admit_change(user) => {
            let request = signed_in.request(Precondition::Unconditional);
            let users = &shared.application.access.users;
            users
                .change_password(&request, old, new, signed_in.visitor.session)
                .await
        }
        (Some(_), Some(_)) => {
            form.refuse("old", t.text("sign-in-too-often"));
            return page::refused(&own_page(&shared, &signed_in, form).await?);
        }
        _ => return page::refused(&own_page(&shared, &signed_in, form).await?),
    };
    match changed {
        Ok(_) => {
            tracing::info!(request_id = signed_in.visit.id.as_str(), user = %signed_in.visitor.user.id, "a password was changed");
            page::go_to("/console/me")
        }
        Err(Failure::Refused(UserRefusal::WrongPassword)) => {
            form.refuse("old", t.text("password-wrong"));
            page::refused(&own_page(&shared, &signed_in, form).await?)
        }
        Err(failure) => Err(failure.into()),
    }
}

pub(crate) async fn choose_language(
    shared: Data<Shared>,
    signed_in: SignedIn,
    form: Form,
) -> Result<HttpResponse, PageError> {
    let language: Language = form.value("language").parse().map_err(|_| PageError::BadForm)?;
    let users = &shared.application.access.users;
    users
        .choose_language(&signed_in.request(Precondition::Unconditional), language)
        .await?;
    let mut response = page::go_to("/console/me")?;
    keep(&mut response, &signed_in.visit.language_cookie(language))?;
    Ok(response)
}

pub(crate) async fn end_session(
    shared: Data<Shared>,
    signed_in: SignedIn,
    form: Form,
) -> Result<HttpResponse, PageError> {
    let id: SessionId = form.value("session").parse().map_err(|_| PageError::BadForm)?;
    shared
        .application
        .access
        .users
        .end_session(signed_in.caller(), id)
        .await?;
    page::go_to("/console/me")
}
