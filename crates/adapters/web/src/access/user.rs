//! The page of people: the users of the account.

use crate::{
    Shared,
    address::LinkTo,
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
use chatgrow_application::{Outcome, Precondition};
use chatgrow_domain::{EmailAddress, Role, User, UserId, UserRefusal};
use chatgrow_ports::Failure;

#[derive(Template)]
#[template(path = "access/people.html")]
struct Page {
    t: Words,
    shell: Shell,
    form: Form,
    people: Vec<Person>,
    /// What was refused on the list.
    fault: Option<String>,
    /// A link to hand over, and to whom.
    link: Option<(String, String)>,
}

struct Person {
    id: UserId,
    email: String,
    role: String,
    state: Option<String>,
    owner: bool,
    disabled: bool,
    own: bool,
}

async fn people_page(
    shared: &Shared,
    signed_in: &SignedIn,
    form: Form,
    fault: Option<String>,
    link: Option<(String, String)>,
) -> Result<Page, PageError> {
    let t = signed_in.words();
    let users = shared.application.access.users.list(signed_in.caller()).await?;
    let person = |user: User| Person {
        id: user.id,
        email: user.email.as_str().to_owned(),
        role: t.text(&format!("role-{}", user.role.as_str())),
        state: if user.disabled_at.is_some() {
            Some(t.text("person-disabled"))
        } else if user.password.is_none() {
            Some(t.text("person-invited"))
        } else {
            None
        },
        owner: user.role == Role::Owner,
        disabled: user.disabled_at.is_some(),
        own: user.id == signed_in.visitor.user.id,
    };
    let title = match (&fault, &link) {
        (Some(fault), _) => fault.clone(),
        (None, Some(_)) => t.text("link-ready-title"),
        (None, None) => title(t, &form, "people-title"),
    };
    Ok(Page {
        t,
        shell: Shell::new(signed_in, Section::Settings, title),
        form,
        people: users.into_iter().map(person).collect(),
        fault,
        link,
    })
}

pub(crate) async fn list(shared: Data<Shared>, signed_in: SignedIn) -> Result<HttpResponse, PageError> {
    let form = Form::of([("role", "staff".to_owned())]);
    page::ok(&people_page(&shared, &signed_in, form, None, None).await?)
}

pub(crate) async fn invite(
    shared: Data<Shared>,
    signed_in: SignedIn,
    request: HttpRequest,
    mut form: Form,
) -> Result<HttpResponse, PageError> {
    let t = signed_in.words();
    let email = form.read(t, "email", |text| EmailAddress::new(text));
    let role = form.read(t, "role", str::parse::<Role>);
    let (Some(email), Some(role)) = (email, role) else {
        return page::refused(&people_page(&shared, &signed_in, form, None, None).await?);
    };
    let users = &shared.application.access.users;
    let invitation = signed_in.request_of(&form);
    match users.invite(&invitation, email.clone(), role).await {
        Ok(invited) if !matches!(invited.outcome, Outcome::Done(_)) => {
            // The form was sent again, and a link is shown only once.
            let note = Some(t.text("person-invited-before"));
            page::ok(
                &people_page(
                    &shared,
                    &signed_in,
                    Form::of([("role", "staff".to_owned())]),
                    note,
                    None,
                )
                .await?,
            )
        }
        Ok(invited) => {
            tracing::info!(request_id = signed_in.visit.id.as_str(), account = %signed_in.account.id, by = %signed_in.visitor.user.id, "a user was invited");
            let link = signed_in
                .address(&shared, &request)
                .link(LinkTo::Password, &invited.link);
            let form = Form::of([("role", "staff".to_owned())]);
            let link = Some((link, email.as_str().to_owned()));
            page::ok(&people_page(&shared, &signed_in, form, None, link).await?)
        }
        Err(Failure::Refused(UserRefusal::EmailTaken)) => {
            form.refuse("email", t.text("person-known"));
            page::refused(&people_page(&shared, &signed_in, form, None, None).await?)
        }
        Err(failure) => Err(failure.into()),
    }
}

/// Changes a role, disables or enables, or makes a link that resets a password.
pub(crate) async fn change(
    shared: Data<Shared>,
    signed_in: SignedIn,
    request: HttpRequest,
    id: Path<String>,
    form: Form,
) -> Result<HttpResponse, PageError> {
    let t = signed_in.words();
    let id: UserId = id.parse().map_err(|_| PageError::NotFound)?;
    let users = &shared.application.access.users;
    let user = page::found(users.get(signed_in.caller(), id).await)?;
    let change = signed_in.request(Precondition::Unconditional);
    let what = form.value("do");
    let changed = match what {
        "owner" => users.change_role(&change, id, Role::Owner).await.map(drop),
        "staff" => users.change_role(&change, id, Role::Staff).await.map(drop),
        "disable" => users.disable(&change, id, true).await.map(drop),
        "enable" => users.disable(&change, id, false).await.map(drop),
        "reset" => {
            let token = users.reset(signed_in.caller(), id).await?;
            tracing::info!(request_id = signed_in.visit.id.as_str(), account = %signed_in.account.id, by = %signed_in.visitor.user.id, user = %id, "a link for a new password was made");
            let link = signed_in
                .address(&shared, &request)
                .link(LinkTo::Password, &token);
            let form = Form::of([("role", "staff".to_owned())]);
            let link = Some((link, user.email.as_str().to_owned()));
            return page::ok(&people_page(&shared, &signed_in, form, None, link).await?);
        }
        _ => return Err(PageError::BadForm),
    };
    match changed {
        Ok(()) => {
            tracing::info!(
                request_id = signed_in.visit.id.as_str(), account = %signed_in.account.id, by = %signed_in.visitor.user.id, user = %id, what,
                "a user was changed"
            );
            page::go_to("/console/settings/people")
        }
        Err(Failure::Refused(UserRefusal::LastOwner)) => {
            let form = Form::of([("role", "staff".to_owned())]);
            let fault = Some(t.text("person-last-owner"));
            page::refused(&people_page(&shared, &signed_in, form, fault, None).await?)
        }
        Err(failure) => Err(failure.into()),
    }
}
