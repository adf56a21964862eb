//! The forms that create and edit a webhook endpoint.

use super::{PATH, endpoint, list_page, show_secret};
use crate::{
    Shared,
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
use chatgrow_application::{NewWebhookEndpoint, Outcome, WebhookEndpointEdit, WithSecret};
use chatgrow_domain::{
    ChangeType, ChangeTypes, Continuation, Invalid, Revised, SubjectKind, TypePatterns, WebhookDescription,
    WebhookEdit, WebhookEndpoint, WebhookRefusal,
};
use chatgrow_ports::Failure;
use std::collections::BTreeSet;

#[derive(Template)]
#[template(path = "delivery/webhook_endpoint_form.html")]
struct Page {
    t: Words,
    shell: Shell,
    form: Form,
    heading: String,
    /// The path to which the form is sent.
    action: String,
    /// The path to which its "cancel" leads.
    back: String,
    /// Whether an endpoint is edited. Otherwise one is created.
    edits: bool,
    groups: Vec<Group>,
}

/// The types of one kind of resource.
struct Group {
    label: String,
    /// The pattern of all of them.
    all: String,
    types: Vec<(&'static str, String)>,
}

fn groups(t: Words) -> Vec<Group> {
    let group = |subject: &SubjectKind| Group {
        label: t.subject(*subject),
        all: format!("{}.*", subject.as_str()),
        types: ChangeType::ALL
            .iter()
            // A test is sent whatever was chosen.
            .filter(|kind| kind.subject() == *subject && **kind != ChangeType::WebhookEndpointTest)
            .map(|kind| (kind.as_str(), t.change(*kind)))
            .collect(),
    };
    SubjectKind::ALL.iter().map(group).collect()
}

fn new_page(signed_in: &SignedIn, form: Form) -> Page {
    let t = signed_in.words();
    Page {
        t,
        shell: Shell::new(signed_in, Section::Settings, title(t, &form, "webhook-new")),
        form,
        heading: t.text("webhook-new"),
        action: PATH.to_owned(),
        back: PATH.to_owned(),
        edits: false,
        groups: groups(t),
    }
}

fn edit_page(signed_in: &SignedIn, endpoint: &WebhookEndpoint, form: Form) -> Page {
    let t = signed_in.words();
    let path = format!("{PATH}/{}", endpoint.id);
    Page {
        t,
        shell: Shell::new(signed_in, Section::Settings, title(t, &form, "webhook-edit")),
        form,
        heading: t.text("webhook-edit"),
        action: format!("{path}/edit"),
        back: path,
        edits: true,
        groups: groups(t),
    }
}

pub(crate) async fn new(signed_in: SignedIn) -> Result<HttpResponse, PageError> {
    signed_in.only_owner()?;
    let form = Form::of([("preset", "all".to_owned()), ("active", "1".to_owned())]);
    page::ok(&new_page(&signed_in, form))
}

pub(crate) async fn create(
    shared: Data<Shared>,
    signed_in: SignedIn,
    mut form: Form,
) -> Result<HttpResponse, PageError> {
    signed_in.only_owner()?;
    let t = signed_in.words();
    let Some(new) = read(&mut form, t) else {
        return page::refused(&new_page(&signed_in, form));
    };
    let request = signed_in.request_of(&form);
    let endpoints = &shared.application.delivery.webhook_endpoints;
    match endpoints.create(&request, new).await {
        Ok(WithSecret {
            outcome: Outcome::Done(effect),
            secret,
        }) => show_secret(&shared, &signed_in, effect.resource(), secret).await,
        // The form was sent again, and a secret is shown only once.
        Ok(_) => page::ok(&list_page(&shared, &signed_in, true).await?),
        Err(failure) => {
            refuse(&mut form, t, failure)?;
            page::refused(&new_page(&signed_in, form))
        }
    }
}

/// Notes what the use cases refuse beside its field.
fn refuse(form: &mut Form, t: Words, failure: Failure<WebhookRefusal>) -> Result<(), PageError> {
    let fault = match failure {
        Failure::Refused(WebhookRefusal::Url(why)) => t.invalid(why),
        Failure::Refused(WebhookRefusal::TooMany | WebhookRefusal::PlaceTaken) => {
            t.count("webhook-too-many", WebhookEndpoint::MAX)
        }
        Failure::Refused(WebhookRefusal::NoSecretsKey) => t.text("webhook-no-secrets-key"),
        failure => return Err(failure.into()),
    };
    form.refuse("url", fault);
    Ok(())
}

fn read(form: &mut Form, t: Words) -> Option<NewWebhookEndpoint> {
    let url = form.read(t, "url", |text| match text {
        "" => Err(Invalid::Missing),
        url => Ok(url.to_owned()),
    });
    let description = form.read_optional(t, "description", |text| WebhookDescription::new(text));
    let types = read_types(form, t);
    Some(NewWebhookEndpoint {
        url: url?,
        types: types?,
        description: description?,
        active: form.has("active", "1"),
        ordered: form.has("ordered", "1"),
    })
}

/// The chosen types. Those of a kind that is chosen as a whole are not named one by one.
fn read_types(form: &mut Form, t: Words) -> Option<TypePatterns> {
    let chosen = match form.value("preset") {
        "all" => vec!["*".to_owned()],
        "custom" => {
            let whole = |pattern: &str| {
                let (kind, verb) = pattern.split_once('.').unwrap_or_default();
                verb != "*" && form.has("type", &format!("{kind}.*"))
            };
            let chosen = form.all("type").filter(|pattern| !whole(pattern));
            chosen.map(str::to_owned).collect()
        }
        _ => Vec::new(),
    };
    match TypePatterns::new(chosen) {
        Ok(types) => Some(types),
        Err(Invalid::Missing) => {
            form.refuse("type", t.text("webhook-no-type"));
            None
        }
        Err(why) => {
            form.refuse("type", t.invalid(why));
            None
        }
    }
}

/// The patterns that this version knows, and so its form shows.
fn shown(types: &TypePatterns) -> BTreeSet<&str> {
    let patterns = types.patterns().iter().map(String::as_str);
    patterns
        .filter(|pattern| ChangeTypes::matching(pattern).is_ok())
        .collect()
}

fn filled(endpoint: &WebhookEndpoint) -> Form {
    let terms = &endpoint.terms;
    let description = terms.description.as_ref().map_or("", |text| text.as_str());
    let shown = shown(&terms.types);
    let preset = if shown.contains("*") { "all" } else { "custom" };
    let mut form = Form::of([
        ("revision", endpoint.revision().as_str().to_owned()),
        ("url", terms.url.as_str().to_owned()),
        ("description", description.to_owned()),
        ("preset", preset.to_owned()),
    ]);
    for pattern in shown {
        form.add("type", pattern);
    }
    for (name, is_set) in [("active", terms.active), ("ordered", terms.ordered)] {
        if is_set {
            form.add(name, "1");
        }
    }
    form
}

pub(crate) async fn show(
    shared: Data<Shared>,
    signed_in: SignedIn,
    id: Path<String>,
) -> Result<HttpResponse, PageError> {
    let endpoint = endpoint(&shared, &signed_in, &id).await?;
    page::ok(&edit_page(&signed_in, &endpoint, filled(&endpoint)))
}

pub(crate) async fn save(
    shared: Data<Shared>,
    signed_in: SignedIn,
    id: Path<String>,
    mut form: Form,
) -> Result<HttpResponse, PageError> {
    let t = signed_in.words();
    let before = endpoint(&shared, &signed_in, &id).await?;
    let Some(new) = read(&mut form, t) else {
        return page::refused(&edit_page(&signed_in, &before, form));
    };
    let request = signed_in.request(form.as_shown());
    let endpoints = &shared.application.delivery.webhook_endpoints;
    match endpoints.edit(&request, before.id, edit_to(new, &before)).await {
        Ok(edited) => {
            let done = edited.continues.map_or("saved", Continuation::as_str);
            return page::go_to(format!("{PATH}/{}?{done}", before.id));
        }
        Err(Failure::Refused(WebhookRefusal::VersionMismatch)) => {
            let now = endpoint(&shared, &signed_in, &id).await?;
            form.set("revision", now.revision().as_str());
            form.refuse("revision", t.text("settings-changed"));
        }
        Err(failure) => refuse(&mut form, t, failure)?,
    }
    page::refused(&edit_page(&signed_in, &before, form))
}

/// The change to these terms. What stays the same is not set: a URL would be checked again, and types of a later version
/// would be lost.
fn edit_to(new: NewWebhookEndpoint, present: &WebhookEndpoint) -> WebhookEndpointEdit {
    let terms = &present.terms;
    let same_types = shown(&new.types) == shown(&terms.types);
    WebhookEndpointEdit {
        url: Some(new.url).filter(|url| *url != terms.url.as_str()),
        terms: WebhookEdit {
            url: None,
            types: Some(new.types).filter(|_| !same_types),
            description: Some(new.description),
            active: Some(new.active),
            ordered: Some(new.ordered),
        },
    }
}
