//! Customers over HTTP.

mod requests;

use crate::{
    access::authentication::Authenticated,
    body::Body,
    commit::{Reply, Write},
    error::{ApiError, Problem},
    pages::{Items, Pages, ShownPage},
    query::Query,
    responses::{Created, CreatedOrDone, Done, Located},
    value::{Count, Cursor, Resource, Shown, Success},
};
use actix_web::web::{Data, Path};
use chatgrow_application::Application;
use chatgrow_domain as domain;
use chatgrow_domain::{
    CustomerId, CustomerName, CustomerRefusal, EmailAddress, EmailKey, Notes, Phone, Timestamp,
};
use paperclip::actix::{Apiv2Schema, api_v2_operation};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use requests::{CreateCustomer, EditCustomer, ListCustomers, PutCustomer};
use serde::Serialize;

/// A person whom the account serves.
#[derive(Serialize, Apiv2Schema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Customer {
    /// The customer's id.
    id: Shown<CustomerId>,
    /// The customer's name.
    name: Shown<CustomerName>,
    /// The e-mail address, as written; unique in the account, compared without case.
    email: Shown<EmailAddress>,
    /// The phone number.
    phone: Shown<Option<Phone>>,
    /// Free notes.
    notes: Shown<Option<Notes>>,
    /// When the customer was created.
    created_at: Shown<Timestamp>,
    /// When the customer last changed.
    updated_at: Shown<Timestamp>,
}

impl From<domain::Customer> for Customer {
    fn from(customer: domain::Customer) -> Self {
        Self {
            id: Shown(customer.id),
            name: Shown(customer.name),
            email: Shown(customer.email),
            phone: Shown(customer.phone),
            notes: Shown(customer.notes),
            created_at: Shown(customer.created_at),
            updated_at: Shown(customer.updated_at),
        }
    }
}

/// One customer.
#[derive(Serialize, Apiv2Schema)]
pub(crate) struct CustomerResponse {
    /// Always `true`.
    success: Success,
    /// The customer.
    customer: Resource<Customer>,
}

impl From<domain::Customer> for CustomerResponse {
    fn from(customer: domain::Customer) -> Self {
        Self {
            success: Success,
            customer: Resource(customer.into()),
        }
    }
}

/// A page of customers, oldest first.
#[derive(Serialize, Apiv2Schema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CustomerList {
    /// Always `true`.
    success: Success,
    /// How many customers this answer holds.
    count: Shown<Count>,
    /// The customers.
    customers: Items<Customer>,
    /// Where the next page begins: send it back as `cursor`. `null` on the last page.
    next_cursor: Shown<Option<Cursor>>,
}

impl From<ShownPage<Customer>> for CustomerList {
    fn from(shown: ShownPage<Customer>) -> Self {
        Self {
            success: Success,
            count: shown.count,
            customers: shown.items,
            next_cursor: shown.next_cursor,
        }
    }
}

/// The customer that a path names. A path segment that is not an e-mail address names no customer.
pub(crate) fn named(path: &str) -> Result<EmailKey, ApiError> {
    EmailAddress::new(path)
        .map(|email| email.key())
        .map_err(|_| Problem::CustomerNotFound.into())
}

/// Everything but RFC 3986's unreserved characters, and two that may stand in a path segment unescaped.
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

impl From<CustomerRefusal> for ApiError {
    fn from(refusal: CustomerRefusal) -> Self {
        match refusal {
            CustomerRefusal::NotFound => Problem::CustomerNotFound,
            CustomerRefusal::EmailTaken => Problem::CustomerExists,
            CustomerRefusal::VersionMismatch => Problem::VersionMismatch,
        }
        .into()
    }
}

/// The errors of [`create`].
pub(crate) const CREATE_ERRORS: &[Problem] = &[Problem::CustomerExists];

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
    let (request, replies) = write.request()?;
    let customers = &application.crm.customers;
    replies.to(customers.create(&request, new).await?)
}

/// The errors of [`list`].
pub(crate) const LIST_ERRORS: &[Problem] = &[];

/// List customers
///
/// Oldest first. `updatedSince` reads through all customers.
#[api_v2_operation(operation_id = "listCustomers", tags("Customers"))]
pub(crate) async fn list(
    caller: Authenticated,
    application: Data<Application>,
    query: Query<ListCustomers>,
    pages: Pages,
) -> Result<Done<CustomerList>, ApiError> {
    let (filter, page) = query.0.into_domain()?;
    let list = async |page| application.crm.customers.list(&caller.0, &filter, page).await;
    Ok(Done::new(pages.page(page, list).await?.into()))
}

/// The errors of [`get`].
pub(crate) const GET_ERRORS: &[Problem] = &[Problem::CustomerNotFound];

/// Get a customer by e-mail address
///
/// The address is compared without case.
#[api_v2_operation(operation_id = "getCustomer", tags("Customers"))]
pub(crate) async fn get(
    caller: Authenticated,
    application: Data<Application>,
    path: Path<String>,
) -> Result<Done<CustomerResponse>, ApiError> {
    let customer = application.crm.customers.get(&caller.0, &named(&path)?).await?;
    Ok(Done::of(customer))
}

/// The errors of [`put`].
pub(crate) const PUT_ERRORS: &[Problem] = &[Problem::VersionMismatch];

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
    let (request, replies) = write.request()?;
    let customers = &application.crm.customers;
    replies.to(customers.put(&request, new).await?)
}

/// The errors of [`edit`].
pub(crate) const EDIT_ERRORS: &[Problem] = &[
    Problem::CustomerNotFound,
    Problem::CustomerExists,
    Problem::VersionMismatch,
];

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
    let (request, replies) = write.request()?;
    let customers = &application.crm.customers;
    replies.to(customers.edit(&request, &email, edit).await?)
}
