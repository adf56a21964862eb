//! Customers over HTTP.

use crate::{
    access::authentication::Caller,
    body::Body,
    commit::{Reply, Write, reply},
    error::{ApiError, Problem},
    fields::{Changeable, Field, Fields, Required},
    pages::{Items, Pages, Shown},
    query::Query,
    responses::{Created, CreatedOrDone, Done, Located, instant},
};
use actix_web::web::{Data, Path};
use chatgrow_application::Application;
use chatgrow_domain as domain;
use chatgrow_domain::{CustomerName, CustomerRefusal, EmailAddress, EmailKey, Notes, Phone, Timestamp};
use chatgrow_ports::CustomerFilter;
use paperclip::actix::{Apiv2Schema, api_v2_operation};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

/// A person whom the account serves.
#[derive(Serialize, Apiv2Schema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Customer {
    /// The customer's id.
    id: String,
    /// The customer's name.
    name: String,
    /// The e-mail address, as written; unique in the account, compared without case.
    email: String,
    /// The phone number.
    phone: Option<String>,
    /// Free notes.
    notes: Option<String>,
    /// When the customer was created.
    created_at: String,
    /// When the customer last changed.
    updated_at: String,
}

impl From<domain::Customer> for Customer {
    fn from(customer: domain::Customer) -> Self {
        Self {
            id: customer.id.to_string(),
            name: customer.name.as_str().to_owned(),
            email: customer.email.as_str().to_owned(),
            phone: customer.phone.map(|phone| phone.as_str().to_owned()),
            notes: customer.notes.map(|notes| notes.as_str().to_owned()),
            created_at: instant(customer.created_at),
            updated_at: instant(customer.updated_at),
        }
    }
}

/// One customer.
#[derive(Serialize, Apiv2Schema)]
pub(crate) struct CustomerResponse {
    /// Always `true`.
    success: bool,
    /// The customer.
    customer: Customer,
}

impl From<domain::Customer> for CustomerResponse {
    fn from(customer: domain::Customer) -> Self {
        Self {
            success: true,
            customer: customer.into(),
        }
    }
}

/// A page of customers, oldest first.
#[derive(Serialize, Apiv2Schema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CustomerList {
    /// Always `true`.
    success: bool,
    /// How many customers this answer holds.
    count: usize,
    /// The customers.
    customers: Items<Customer>,
    /// Where the next page begins: send it back as `cursor`. `null` on the last page.
    next_cursor: Option<String>,
}

impl From<Shown<Customer>> for CustomerList {
    fn from(shown: Shown<Customer>) -> Self {
        Self {
            success: true,
            count: shown.count,
            customers: shown.items,
            next_cursor: shown.next_cursor,
        }
    }
}

/// A new customer.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(default)]
pub(crate) struct CreateCustomer {
    /// The customer's name.
    name: Required<String>,
    /// The e-mail address; unique in the account, compared without case.
    email: Required<String>,
    /// The phone number.
    phone: Field<String>,
    /// Free notes.
    notes: Field<String>,
}

impl CreateCustomer {
    fn into_domain(self) -> Result<domain::NewCustomer, ApiError> {
        let mut fields = Fields::default();
        let name = fields.required("name", self.name, CustomerName::new);
        let email = fields.required("email", self.email, EmailAddress::new);
        let phone = fields.optional("phone", self.phone, Phone::new);
        let notes = fields.optional("notes", self.notes, Notes::new);
        whole(fields, name, email, phone, notes)
    }
}

/// The customer, where every field is valid.
fn whole(
    fields: Fields,
    name: Option<CustomerName>,
    email: Option<EmailAddress>,
    phone: Option<Option<Phone>>,
    notes: Option<Option<Notes>>,
) -> Result<domain::NewCustomer, ApiError> {
    let (Some(name), Some(email), Some(phone), Some(notes)) = (name, email, phone, notes) else {
        return Err(fields.into_error_requiring("Name and email are required"));
    };
    Ok(domain::NewCustomer {
        name,
        email,
        phone,
        notes,
    })
}

/// Everything that is to be known of a customer; what is left out is cleared.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(default)]
pub(crate) struct PutCustomer {
    /// The customer's name.
    name: Required<String>,
    /// The e-mail address of the path, perhaps in another spelling; the path's where it is left out.
    email: Changeable<String>,
    /// The phone number.
    phone: Field<String>,
    /// Free notes.
    notes: Field<String>,
}

impl PutCustomer {
    fn into_domain(self, path: &str) -> Result<domain::NewCustomer, ApiError> {
        let mut fields = Fields::default();
        let name = fields.required("name", self.name, CustomerName::new);
        let phone = fields.optional("phone", self.phone, Phone::new);
        let notes = fields.optional("notes", self.notes, Notes::new);
        let email = match (
            EmailAddress::new(path),
            fields.changeable("email", self.email, EmailAddress::new),
        ) {
            (Err(why), _) => fields.refuse("email", why),
            (Ok(path), Some(body)) => match body.unwrap_or_else(|| path.clone()) {
                email if email.key() == path.key() => Some(email),
                _ => fields.refuse("email", "must be the e-mail address in the path"),
            },
            (Ok(_), None) => None,
        };
        whole(fields, name, email, phone, notes)
    }
}

/// A change of some of a customer's fields.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(default)]
pub(crate) struct EditCustomer {
    /// Another name.
    name: Changeable<String>,
    /// Another e-mail address, which no other customer of the account has.
    email: Changeable<String>,
    /// Another phone number; `null` clears it.
    phone: Field<String>,
    /// Other notes; `null` clears them.
    notes: Field<String>,
}

impl EditCustomer {
    fn into_domain(self) -> Result<domain::CustomerEdit, ApiError> {
        let mut fields = Fields::default();
        let name = fields.changeable("name", self.name, CustomerName::new);
        let email = fields.changeable("email", self.email, EmailAddress::new);
        let phone = fields.clearable("phone", self.phone, Phone::new);
        let notes = fields.clearable("notes", self.notes, Notes::new);
        let (Some(name), Some(email), Some(phone), Some(notes)) = (name, email, phone, notes) else {
            return Err(fields.into_error());
        };
        Ok(domain::CustomerEdit {
            name,
            email,
            phone,
            notes,
        })
    }
}

/// Which customers are wanted.
#[derive(Deserialize, Apiv2Schema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListCustomers {
    /// The customer with this e-mail address: one or none.
    email: Option<String>,
    /// Those that last changed at this instant or later.
    updated_since: Option<String>,
    /// The most customers in this answer.
    limit: Option<String>,
    /// The `nextCursor` of the answer before.
    cursor: Option<String>,
}

/// The customer that a path names. What is no address names nobody.
pub(crate) fn named(path: &str) -> Result<EmailKey, ApiError> {
    EmailAddress::new(path)
        .map(|email| email.key())
        .map_err(|_| Problem::CustomerNotFound.into())
}

/// Everything but RFC 3986's unreserved characters, and two that a path segment may hold as they are.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'@')
    .remove(b'+');

impl Located for domain::Customer {
    fn location(&self) -> String {
        format!("/customers/{}", utf8_percent_encode(self.email.as_str(), ESCAPED))
    }
}

impl From<CustomerRefusal> for Problem {
    fn from(refusal: CustomerRefusal) -> Self {
        match refusal {
            CustomerRefusal::NotFound => Self::CustomerNotFound,
            CustomerRefusal::EmailTaken => Self::CustomerExists,
            CustomerRefusal::VersionMismatch => Self::VersionMismatch,
        }
    }
}

/// Create a customer
///
/// Whose e-mail address no other customer of the account has.
#[api_v2_operation(operation_id = "createCustomer", tags("Customers"))]
pub(crate) async fn create(
    application: Data<Application>,
    write: Write<Created<CustomerResponse>>,
    body: Body<CreateCustomer>,
) -> Result<Reply<Created<CustomerResponse>>, ApiError> {
    let new = body.0.into_domain()?;
    let request = write.request()?;
    let customers = &application.crm.customers;
    reply(customers.create(&request, new).await?)
}

/// List customers
///
/// Oldest first. `updatedSince` reads through all customers.
#[api_v2_operation(operation_id = "listCustomers", tags("Customers"))]
pub(crate) async fn list(
    caller: Caller,
    application: Data<Application>,
    query: Query<ListCustomers>,
    pages: Pages,
) -> Result<Done<CustomerList>, ApiError> {
    let mut fields = Fields::default();
    let query = query.0;
    let email = fields.parameter("email", query.email.as_deref(), |text| EmailAddress::new(text));
    let updated_since = fields.parameter("updatedSince", query.updated_since.as_deref(), Timestamp::parse);
    let page = fields.page(query.limit.as_deref(), query.cursor.as_deref());
    let (Some(email), Some(updated_since), Some(page)) = (email, updated_since, page) else {
        return Err(fields.into_error());
    };
    let filter = CustomerFilter {
        email: email.map(|email| email.key()),
        updated_since,
    };
    let list = async |page| application.crm.customers.list(&caller.0, &filter, page).await;
    Ok(Done::new(pages.page(page, list).await?.into()))
}

/// Get a customer by e-mail address
///
/// The address is compared without case.
#[api_v2_operation(operation_id = "getCustomer", tags("Customers"))]
pub(crate) async fn get(
    caller: Caller,
    application: Data<Application>,
    path: Path<String>,
) -> Result<Done<CustomerResponse>, ApiError> {
    let customer = application.crm.customers.get(&caller.0, &named(&path)?).await?;
    Ok(Done::of(customer))
}

/// Create or replace a customer
///
/// Makes the customer with the path's e-mail address be what the body says, whether there was one or not. Safe to repeat.
#[api_v2_operation(operation_id = "putCustomer", tags("Customers"))]
pub(crate) async fn put(
    application: Data<Application>,
    path: Path<String>,
    write: Write<CreatedOrDone<CustomerResponse>>,
    body: Body<PutCustomer>,
) -> Result<Reply<CreatedOrDone<CustomerResponse>>, ApiError> {
    let new = body.0.into_domain(&path)?;
    let request = write.request()?;
    let customers = &application.crm.customers;
    reply(customers.put(&request, new).await?)
}

/// Update a customer
///
/// Changes only the fields that are sent.
#[api_v2_operation(operation_id = "updateCustomer", tags("Customers"))]
pub(crate) async fn edit(
    application: Data<Application>,
    path: Path<String>,
    write: Write<Done<CustomerResponse>>,
    body: Body<EditCustomer>,
) -> Result<Reply<Done<CustomerResponse>>, ApiError> {
    let (edit, email) = (body.0.into_domain()?, named(&path)?);
    let request = write.request()?;
    let customers = &application.crm.customers;
    reply(customers.edit(&request, &email, edit).await?)
}
