//! The pages of services: the list, a new one, and the page of each.

use super::{
    Said,
    needs::{self, Group},
};
use crate::{
    Shared,
    form::Form,
    money::amount,
    page::{self, PageError, Section, Shell, found},
    scheduling::Names,
    visit::SignedIn,
    words::Words,
};
use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Path},
};
use askama::Template;
use chatgrow_domain::{
    Buffer, Currency, Duration, Money, Needs, Notes, Price, Revised, Service, ServiceEdit, ServiceId,
    ServiceName, ServiceRefusal, ServiceTerms, ServiceType,
};
use chatgrow_ports::Failure;

const PATH: &str = "/console/settings/services";

#[derive(Template)]
#[template(path = "scheduling/services.html")]
struct ListPage {
    t: Words,
    shell: Shell,
    services: Vec<Row>,
}

struct Row {
    id: ServiceId,
    name: String,
    duration: String,
    price: String,
    active: bool,
}

#[derive(Template)]
#[template(path = "scheduling/service.html")]
struct Page {
    t: Words,
    shell: Shell,
    form: Form,
    path: String,
    said: Said,
    name: String,
    /// Whether it can be booked; `None` if it is not there yet.
    active: Option<bool>,
    types: Vec<(&'static str, String)>,
    /// The resources that can be chosen; `None` if the form can't show what is needed.
    needs: Option<Vec<Group>>,
}

pub(crate) async fn list(shared: Data<Shared>, signed_in: SignedIn) -> Result<HttpResponse, PageError> {
    signed_in.only_owner()?;
    let t = signed_in.words();
    let row = |service: Service| Row {
        id: service.id,
        name: service.terms.name.as_str().to_owned(),
        duration: t.count("service-minutes", service.terms.duration.as_minutes()),
        price: service
            .terms
            .price
            .map(|price| price_of(t, price))
            .unwrap_or_default(),
        active: service.terms.active,
    };
    let names = Names::read(&shared, &signed_in).await?;
    page::ok(&ListPage {
        t,
        shell: Shell::new(&signed_in, Section::Settings, t.text("nav-services")),
        services: names.services.into_iter().map(row).collect(),
    })
}

/// `₪149.90`, as the language writes it.
fn price_of(t: Words, price: Price) -> String {
    let amount = amount(price.amount);
    let Some(currency) = price.currency else {
        return amount;
    };
    let currency = match currency.code() {
        "ILS" => "₪",
        "USD" => "$",
        "EUR" => "€",
        code => code,
    };
    let args = [("amount", amount.into()), ("currency", currency.into())];
    t.with("service-price-of", args)
}

/// The page of a service, or of a new one.
fn service_page(
    signed_in: &SignedIn,
    names: &Names,
    service: Option<&Service>,
    mut form: Form,
    said: Said,
) -> Result<Page, PageError> {
    signed_in.only_owner()?;
    let t = signed_in.words();
    let none = Needs::default();
    let needs = service.map_or(&none, |service| &service.terms.needs);
    if let Some(service) = service {
        // What was sent stays as it was typed.
        if form.value("do") != "save" {
            fill(&mut form, names, &service.terms);
        }
        said.revise(&mut form, &service.revision());
    }
    let name = service.map_or_else(
        || t.text("service-new"),
        |service| service.terms.name.as_str().to_owned(),
    );
    let title = said.title(t, &form, name.clone());
    let types = ServiceType::ALL.iter().map(|kind| {
        let key = format!("service-type-{}", kind.as_str());
        (kind.as_str(), t.text(&key))
    });
    Ok(Page {
        t,
        shell: Shell::new(signed_in, Section::Settings, title),
        form,
        path: service.map_or_else(
            || format!("{PATH}/new"),
            |service| format!("{PATH}/{}", service.id),
        ),
        said,
        name,
        active: service.map(|service| service.terms.active),
        types: types.collect(),
        needs: needs::groups(t, names, needs),
    })
}

fn fill(form: &mut Form, names: &Names, terms: &ServiceTerms) {
    form.add("name", terms.name.as_str());
    form.add("type", terms.service_type.as_str());
    form.add("duration", terms.duration.as_minutes().to_string());
    form.add("before", terms.buffer_before.as_minutes().to_string());
    form.add("after", terms.buffer_after.as_minutes().to_string());
    let step = terms.slot_step.map(|step| step.as_minutes().to_string());
    form.add("step", step.unwrap_or_default());
    let amount = terms.price.map(|price| price.amount.to_string());
    form.add("price", amount.unwrap_or_default());
    let currency = terms.price.and_then(|price| price.currency);
    form.add("currency", currency.map_or("", Currency::code));
    form.add("notes", terms.notes.as_ref().map_or("", |notes| notes.as_str()));
    needs::fill(form, names, &terms.needs);
}

pub(crate) async fn show_new(shared: Data<Shared>, signed_in: SignedIn) -> Result<HttpResponse, PageError> {
    let names = Names::read(&shared, &signed_in).await?;
    let form = Form::of([
        ("type", ServiceType::Treatment.as_str().to_owned()),
        ("duration", Duration::DEFAULT.as_minutes().to_string()),
        ("before", "0".to_owned()),
        ("after", "0".to_owned()),
    ]);
    page::ok(&service_page(&signed_in, &names, None, form, Said::Nothing)?)
}

pub(crate) async fn create(
    shared: Data<Shared>,
    signed_in: SignedIn,
    mut form: Form,
) -> Result<HttpResponse, PageError> {
    let t = signed_in.words();
    let names = Names::read(&shared, &signed_in).await?;
    let Some(terms) = read_terms(&mut form, t, &names, None) else {
        return page::refused(&service_page(&signed_in, &names, None, form, Said::Nothing)?);
    };
    let asked = terms.needs.clone();
    let request = signed_in.request_of(&form);
    match shared
        .application
        .scheduling
        .services
        .create(&request, terms)
        .await
    {
        Ok(_) => page::go_to(PATH),
        Err(Failure::Refused(ServiceRefusal::Needs(error))) => {
            needs::refuse(&mut form, t, &names, &asked, error);
            page::refused(&service_page(&signed_in, &names, None, form, Said::Nothing)?)
        }
        Err(failure) => Err(failure.into()),
    }
}

/// Reads all fields. Of a present service, the needs stay the same unless the form changes them.
fn read_terms(form: &mut Form, t: Words, names: &Names, present: Option<&Service>) -> Option<ServiceTerms> {
    let name = form.read(t, "name", |text| ServiceName::new(text));
    let service_type = form.read(t, "type", str::parse::<ServiceType>);
    let duration = form.read_number(t, "duration", Duration::from_minutes);
    let before = form.read_optional_number(t, "before", Buffer::from_minutes);
    let after = form.read_optional_number(t, "after", Buffer::from_minutes);
    let slot_step = form.read_optional_number(t, "step", Duration::from_minutes);
    let amount = form.read_optional(t, "price", Money::parse);
    let currency = form.read_optional(t, "currency", |text| {
        text.to_ascii_uppercase().parse::<Currency>()
    });
    let notes = form.read_optional(t, "notes", |text| Notes::new(text));
    let before_needs = present
        .map(|service| service.terms.needs.clone())
        .unwrap_or_default();
    let needs = needs::read(form, t, names, &before_needs);
    if let (Some(None), Some(Some(_))) = (amount, currency) {
        form.refuse("currency", t.text("service-currency-alone"));
        return None;
    }
    let currency = currency?;
    Some(ServiceTerms {
        name: name?,
        service_type: service_type?,
        duration: duration?,
        buffer_before: before?.unwrap_or_default(),
        buffer_after: after?.unwrap_or_default(),
        slot_step: slot_step?,
        price: amount?.map(|amount| Price { amount, currency }),
        notes: notes?,
        active: present.is_none_or(|service| service.terms.active),
        needs: needs?.unwrap_or(before_needs),
    })
}

async fn read(shared: &Shared, signed_in: &SignedIn, id: &str) -> Result<Service, PageError> {
    let id: ServiceId = id.parse().map_err(|_| PageError::NotFound)?;
    let services = &shared.application.scheduling.services;
    found(services.get(signed_in.caller(), id).await)
}

pub(crate) async fn show(
    shared: Data<Shared>,
    signed_in: SignedIn,
    id: Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let service = read(&shared, &signed_in, &id).await?;
    let names = Names::read(&shared, &signed_in).await?;
    let said = Said::by(request.query_string());
    page::ok(&service_page(
        &signed_in,
        &names,
        Some(&service),
        Form::default(),
        said,
    )?)
}

/// Changes a service, or takes it out of use or back.
pub(crate) async fn change(
    shared: Data<Shared>,
    signed_in: SignedIn,
    id: Path<String>,
    mut form: Form,
) -> Result<HttpResponse, PageError> {
    let t = signed_in.words();
    let service = read(&shared, &signed_in, &id).await?;
    let names = Names::read(&shared, &signed_in).await?;
    let edit = match form.value("do") {
        "save" => read_terms(&mut form, t, &names, Some(&service)).map(|terms| edit_to(terms, &service)),
        "retire" => Some(active_edit(false)),
        "return" => Some(active_edit(true)),
        _ => return Err(PageError::BadForm),
    };
    let Some(edit) = edit else {
        return page::refused(&service_page(
            &signed_in,
            &names,
            Some(&service),
            form,
            Said::Nothing,
        )?);
    };
    let asked = edit.needs.clone().unwrap_or_default();
    let request = signed_in.request(form.as_shown());
    let mut said = Said::Nothing;
    match shared
        .application
        .scheduling
        .services
        .edit(&request, service.id, edit)
        .await
    {
        Ok(_) => return page::go_to(format!("{PATH}/{}?saved", service.id)),
        Err(Failure::Refused(ServiceRefusal::Needs(error))) => {
            needs::refuse(&mut form, t, &names, &asked, error);
        }
        Err(Failure::Refused(ServiceRefusal::CurrencyWithoutPrice)) => {
            form.refuse("currency", t.text("service-currency-alone"));
        }
        Err(Failure::Refused(ServiceRefusal::VersionMismatch)) => said = Said::Changed,
        Err(failure) => return Err(failure.into()),
    }
    let service = read(&shared, &signed_in, &id).await?;
    page::refused(&service_page(&signed_in, &names, Some(&service), form, said)?)
}

fn active_edit(active: bool) -> ServiceEdit {
    ServiceEdit {
        active: Some(active),
        ..ServiceEdit::default()
    }
}

/// The change to these terms. Needs that stay the same are not set, because they would be checked again.
fn edit_to(terms: ServiceTerms, present: &Service) -> ServiceEdit {
    ServiceEdit {
        name: Some(terms.name),
        service_type: Some(terms.service_type),
        duration: Some(terms.duration),
        buffer_before: Some(terms.buffer_before),
        buffer_after: Some(terms.buffer_after),
        slot_step: Some(terms.slot_step),
        amount: Some(terms.price.map(|price| price.amount)),
        currency: Some(terms.price.and_then(|price| price.currency)),
        notes: Some(terms.notes),
        active: None,
        needs: Some(terms.needs).filter(|needs| *needs != present.terms.needs),
    }
}
