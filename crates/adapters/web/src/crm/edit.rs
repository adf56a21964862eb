//! The forms that create and edit a customer.

use super::customer::customer;
use crate::{
    Shared,
    form::Form,
    page::{self, PageError, Section, Shell, title},
    visit::SignedIn,
    words::Words,
};
use actix_web::{
    HttpResponse,
    web::{Data, Path, Query},
};
use askama::Template;
use chatgrow_application::{Effect, Outcome, Precondition};
use chatgrow_domain::{
    Customer, CustomerEdit, CustomerName, CustomerRefusal, EmailAddress, NewCustomer, Notes, Phone, Revised,
    Revision,
};
use chatgrow_ports::Failure;
use std::collections::HashMap;

#[derive(Template)]
#[template(path = "crm/customer_form.html")]
struct Page {
    t: Words,
    shell: Shell,
    form: Form,
    heading: String,
    /// The path to which the form is sent.
    action: String,
    /// The path to which its "cancel" leads.
    back: String,
    /// The state that is edited.
    revision: Option<String>,
}

fn new_page(signed_in: &SignedIn, form: Form) -> Page {
    let t = signed_in.words();
    Page {
        t,
        shell: Shell::new(signed_in, Section::Customers, title(t, &form, "customer-new")),
        form,
        heading: t.text("customer-new"),
        action: "/console/customers".to_owned(),
        back: "/console/customers".to_owned(),
        revision: None,
    }
}

fn edit_page(signed_in: &SignedIn, customer: &Customer, form: Form) -> Page {
    let t = signed_in.words();
    let path = format!("/console/customers/{}", customer.id);
    Page {
        t,
        shell: Shell::new(signed_in, Section::Customers, title(t, &form, "customer-edit")),
        form,
        heading: t.of("customer-edit-title", "name", customer.name.as_str()),
        action: format!("{path}/edit"),
        back: path,
        revision: Some(customer.revision().as_str().to_owned()),
    }
}

/// The form for a new customer. The query may have the e-mail address already.
pub(crate) async fn new(
    signed_in: SignedIn,
    query: Query<HashMap<String, String>>,
) -> Result<HttpResponse, PageError> {
    let email = query.get("email").cloned().unwrap_or_default();
    page::ok(&new_page(&signed_in, Form::of([("email", email)])))
}

pub(crate) async fn create(
    shared: Data<Shared>,
    signed_in: SignedIn,
    mut form: Form,
) -> Result<HttpResponse, PageError> {
    let t = signed_in.words();
    let Some(new) = read(&mut form, t) else {
        return page::refused(&new_page(&signed_in, form));
    };
    let request = signed_in.request_of(&form);
    match shared.application.crm.customers.create(&request, new).await {
        Ok(Outcome::Done(Effect::Created(customer))) => {
            page::go_to(format!("/console/customers/{}", customer.id))
        }
        // The form was sent again.
        Ok(_) => page::go_to("/console/customers"),
        Err(Failure::Refused(CustomerRefusal::EmailTaken)) => {
            form.refuse("email", t.text("customer-known"));
            page::refused(&new_page(&signed_in, form))
        }
        Err(failure) => Err(failure.into()),
    }
}

pub(crate) async fn show(
    shared: Data<Shared>,
    signed_in: SignedIn,
    id: Path<String>,
) -> Result<HttpResponse, PageError> {
    let customer = customer(&shared, &signed_in, &id).await?;
    let phone = customer.phone.as_ref().map_or("", |phone| phone.as_str());
    let notes = customer.notes.as_ref().map_or("", |notes| notes.as_str());
    let form = Form::of([
        ("name", customer.name.as_str().to_owned()),
        ("email", customer.email.as_str().to_owned()),
        ("phone", phone.to_owned()),
        ("notes", notes.to_owned()),
    ]);
    page::ok(&edit_page(&signed_in, &customer, form))
}

pub(crate) async fn save(
    shared: Data<Shared>,
    signed_in: SignedIn,
    id: Path<String>,
    mut form: Form,
) -> Result<HttpResponse, PageError> {
    let t = signed_in.words();
    let before = customer(&shared, &signed_in, &id).await?;
    let seen = Revision::claimed(form.value("revision"));
    let Some(new) = read(&mut form, t) else {
        let mut page = edit_page(&signed_in, &before, form);
        page.revision = Some(seen.as_str().to_owned());
        return page::refused(&page);
    };
    let edit = CustomerEdit {
        name: Some(new.name),
        email: Some(new.email),
        phone: Some(new.phone),
        notes: Some(new.notes),
    };
    let request = signed_in.request(Precondition::OneOf(vec![seen.clone()]));
    let customers = &shared.application.crm.customers;
    match customers.edit(&request, &before.email.key(), edit).await {
        Ok(_) => page::go_to(format!("/console/customers/{}", before.id)),
        Err(Failure::Refused(CustomerRefusal::EmailTaken)) => {
            form.refuse("email", t.text("customer-known"));
            let mut page = edit_page(&signed_in, &before, form);
            page.revision = Some(seen.as_str().to_owned());
            page::refused(&page)
        }
        // It is not found if its address was changed since it was read here.
        Err(Failure::Refused(CustomerRefusal::VersionMismatch | CustomerRefusal::NotFound)) => {
            form.refuse("revision", t.text("customer-changed"));
            let now = customer(&shared, &signed_in, &id).await?;
            page::refused(&edit_page(&signed_in, &now, form))
        }
        Err(failure) => Err(failure.into()),
    }
}

fn read(form: &mut Form, t: Words) -> Option<NewCustomer> {
    let name = form.read(t, "name", |text| CustomerName::new(text));
    let email = form.read(t, "email", |text| EmailAddress::new(text));
    let phone = form.read_optional(t, "phone", |text| Phone::new(text));
    let notes = form.read_optional(t, "notes", |text| Notes::new(text));
    Some(NewCustomer {
        name: name?,
        email: email?,
        phone: phone?,
        notes: notes?,
    })
}
