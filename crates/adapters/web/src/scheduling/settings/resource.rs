//! The pages of staff, rooms and equipment: the list, and the page of each.

use super::{
    Said,
    hours::{self, View},
};
use crate::{
    Shared,
    form::Form,
    page::{self, PageError, Section, Shell, found, title},
    scheduling::Names,
    visit::SignedIn,
    words::Words,
};
use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Path},
};
use askama::Template;
use chatgrow_application::{Effect, Outcome};
use chatgrow_domain::{
    NewResource, Resource, ResourceEdit, ResourceId, ResourceKind, ResourceName, ResourceRefusal, Revised,
};
use chatgrow_ports::Failure;

const PATH: &str = "/console/settings/resources";

#[derive(Template)]
#[template(path = "scheduling/resources.html")]
struct ListPage {
    t: Words,
    shell: Shell,
    form: Form,
    resources: Vec<Row>,
    kinds: Vec<(&'static str, String)>,
}

struct Row {
    id: ResourceId,
    name: String,
    kind: String,
    active: bool,
}

#[derive(Template)]
#[template(path = "scheduling/resource.html")]
struct Page {
    t: Words,
    shell: Shell,
    form: Form,
    path: String,
    said: Said,
    name: String,
    active: bool,
    /// How often it is booked in the future, if that was in the way.
    booked: Option<u64>,
    kinds: Vec<(&'static str, String)>,
    hours: View,
}

pub(super) fn kind_name(t: Words, kind: ResourceKind) -> String {
    t.text(&format!("kind-{}", kind.as_str()))
}

fn kinds(t: Words) -> Vec<(&'static str, String)> {
    let kinds = ResourceKind::ALL.iter();
    kinds.map(|kind| (kind.as_str(), kind_name(t, *kind))).collect()
}

async fn list_page(shared: &Shared, signed_in: &SignedIn, form: Form) -> Result<ListPage, PageError> {
    signed_in.only_owner()?;
    let t = signed_in.words();
    let row = |resource: Resource| Row {
        id: resource.id,
        name: resource.name.as_str().to_owned(),
        kind: kind_name(t, resource.kind),
        active: resource.active,
    };
    let names = Names::read(shared, signed_in).await?;
    Ok(ListPage {
        t,
        shell: Shell::new(signed_in, Section::Settings, title(t, &form, "nav-resources")),
        form,
        resources: names.resources.into_iter().map(row).collect(),
        kinds: kinds(t),
    })
}

pub(crate) async fn list(shared: Data<Shared>, signed_in: SignedIn) -> Result<HttpResponse, PageError> {
    page::ok(&list_page(&shared, &signed_in, Form::default()).await?)
}

pub(crate) async fn create(
    shared: Data<Shared>,
    signed_in: SignedIn,
    mut form: Form,
) -> Result<HttpResponse, PageError> {
    let t = signed_in.words();
    let name = form.read(t, "name", |text| ResourceName::new(text));
    let kind = form.read(t, "kind", str::parse::<ResourceKind>);
    let (Some(name), Some(kind)) = (name, kind) else {
        return page::refused(&list_page(&shared, &signed_in, form).await?);
    };
    let new = NewResource {
        name,
        kind,
        active: true,
    };
    let request = signed_in.request_of(&form);
    match shared
        .application
        .scheduling
        .resources
        .create(&request, new)
        .await?
    {
        Outcome::Done(Effect::Created(resource)) => page::go_to(format!("{PATH}/{}?saved", resource.id)),
        // The form was sent again.
        _ => page::go_to(PATH),
    }
}

async fn read(shared: &Shared, signed_in: &SignedIn, id: &str) -> Result<Resource, PageError> {
    let id: ResourceId = id.parse().map_err(|_| PageError::NotFound)?;
    let resources = &shared.application.scheduling.resources;
    found(resources.get(signed_in.caller(), id).await)
}

async fn resource_page(
    shared: &Shared,
    signed_in: &SignedIn,
    resource: &Resource,
    mut form: Form,
    said: Said,
) -> Result<Page, PageError> {
    signed_in.only_owner()?;
    let t = signed_in.words();
    let today = signed_in.wall_clock(shared).await?.today();
    // What was sent stays as it was typed.
    let sent = form.value("do").to_owned();
    if sent != "save" {
        form.add("name", resource.name.as_str());
        form.add("kind", resource.kind.as_str());
    }
    if sent != "hours" {
        hours::fill_week(&mut form, &resource.hours);
    }
    if sent != "special" {
        hours::fill_special(&mut form);
    }
    said.revise(&mut form, &resource.revision());
    let name = resource.name.as_str().to_owned();
    let title = said.title(t, &form, name.clone());
    Ok(Page {
        t,
        shell: Shell::new(signed_in, Section::Settings, title),
        form,
        path: format!("{PATH}/{}", resource.id),
        said,
        name,
        active: resource.active,
        booked: None,
        kinds: kinds(t),
        hours: View::new(t, &resource.hours, today, ["hours-as-business", "hours-own"]),
    })
}

pub(crate) async fn show(
    shared: Data<Shared>,
    signed_in: SignedIn,
    id: Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let resource = read(&shared, &signed_in, &id).await?;
    let said = Said::by(request.query_string());
    page::ok(&resource_page(&shared, &signed_in, &resource, Form::default(), said).await?)
}

/// Changes what it is, its hours or its special days, or takes it out of use or back.
pub(crate) async fn change(
    shared: Data<Shared>,
    signed_in: SignedIn,
    id: Path<String>,
    mut form: Form,
) -> Result<HttpResponse, PageError> {
    let resource = read(&shared, &signed_in, &id).await?;
    let Some(edit) = read_edit(&mut form, signed_in.words(), &resource)? else {
        return page::refused(&resource_page(&shared, &signed_in, &resource, form, Said::Nothing).await?);
    };
    let force = form.value("do") == "retire-booked";
    let request = signed_in.request(form.as_shown());
    let resources = &shared.application.scheduling.resources;
    let (booked, said) = match resources.edit(&request, resource.id, edit, force).await {
        Ok(_) => return page::go_to(format!("{PATH}/{}?saved", resource.id)),
        Err(Failure::Refused(ResourceRefusal::Booked(booked))) => (Some(booked), Said::Nothing),
        Err(Failure::Refused(ResourceRefusal::VersionMismatch)) => (None, Said::Changed),
        Err(failure) => return Err(failure.into()),
    };
    let resource = read(&shared, &signed_in, &id).await?;
    let page = resource_page(&shared, &signed_in, &resource, form, said).await?;
    page::refused(&Page { booked, ..page })
}

/// The change that the form asks for, or `None` if a field has a fault.
fn read_edit(form: &mut Form, t: Words, present: &Resource) -> Result<Option<ResourceEdit>, PageError> {
    let active = |active| {
        Some(ResourceEdit {
            active: Some(active),
            ..ResourceEdit::default()
        })
    };
    let with = |hours| ResourceEdit {
        hours: Some(hours),
        ..ResourceEdit::default()
    };
    Ok(match form.value("do") {
        "save" => {
            let name = form.read(t, "name", |text| ResourceName::new(text));
            let kind = form.read(t, "kind", str::parse::<ResourceKind>);
            name.zip(kind).map(|(name, kind)| ResourceEdit {
                name: Some(name),
                kind: Some(kind),
                ..ResourceEdit::default()
            })
        }
        "hours" => hours::read_week(form, t, &present.hours).map(with),
        "special" => hours::read_special(form, t, &present.hours).map(with),
        "retire" | "retire-booked" => active(false),
        "return" => active(true),
        _ => {
            let hours = hours::without(&present.hours, form.value("remove"));
            Some(with(hours.ok_or(PageError::BadForm)?))
        }
    })
}
