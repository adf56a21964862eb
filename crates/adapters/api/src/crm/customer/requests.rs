//! The requests for customers.

use crate::{
    error::ApiError,
    fields::{Changeable, Field, Fields, Required},
    query::Parameter,
    value::Cursor,
};
use chatgrow_domain as domain;
use chatgrow_domain::{
    CustomerId, CustomerName, EmailAddress, Notes, PageLimit, Phone, SearchTerm, Timestamp,
};
use chatgrow_ports::{CustomerFilter, PageRequest};
use paperclip::actix::Apiv2Schema;
use serde::Deserialize;

/// A new customer.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(default)]
pub(crate) struct CreateCustomer {
    /// The customer's name.
    name: Required<CustomerName>,
    /// The e-mail address; unique in the account, compared without case.
    email: Required<EmailAddress>,
    /// The phone number.
    phone: Field<Phone>,
    /// Free notes.
    notes: Field<Notes>,
}

impl CreateCustomer {
    pub(super) fn into_domain(self) -> Result<domain::NewCustomer, ApiError> {
        let mut fields = Fields::default();
        let name = fields.required("name", self.name);
        let email = fields.required("email", self.email);
        let phone = fields.optional("phone", self.phone);
        let notes = fields.optional("notes", self.notes);
        whole(fields, name, email, phone, notes)
    }
}

/// The customer, if every field is valid.
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

/// Everything that is to be known of a customer; what is omitted is cleared.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(default)]
pub(crate) struct PutCustomer {
    /// The customer's name.
    name: Required<CustomerName>,
    /// The e-mail address of the path, perhaps in another spelling; the path's if it is omitted.
    email: Changeable<EmailAddress>,
    /// The phone number.
    phone: Field<Phone>,
    /// Free notes.
    notes: Field<Notes>,
}

impl PutCustomer {
    pub(super) fn into_domain(self, path: &str) -> Result<domain::NewCustomer, ApiError> {
        let mut fields = Fields::default();
        let name = fields.required("name", self.name);
        let phone = fields.optional("phone", self.phone);
        let notes = fields.optional("notes", self.notes);
        let email = match (EmailAddress::new(path), fields.changeable("email", self.email)) {
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
    name: Changeable<CustomerName>,
    /// Another e-mail address, which no other customer of the account has.
    email: Changeable<EmailAddress>,
    /// Another phone number; `null` clears it.
    phone: Field<Phone>,
    /// Other notes; `null` clears them.
    notes: Field<Notes>,
}

impl EditCustomer {
    pub(super) fn into_domain(self) -> Result<domain::CustomerEdit, ApiError> {
        let mut fields = Fields::default();
        let name = fields.changeable("name", self.name);
        let email = fields.changeable("email", self.email);
        let phone = fields.clearable("phone", self.phone);
        let notes = fields.clearable("notes", self.notes);
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
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ListCustomers {
    /// The customer with this e-mail address: one or none.
    email: Parameter<EmailAddress>,
    /// Those that have each of these words in their name, e-mail address or phone number. ASCII letters are compared
    /// without case, and numbers without what is written between their digits.
    search: Parameter<SearchTerm>,
    /// Those that last changed at this instant or later.
    updated_since: Parameter<Timestamp>,
    /// The most customers in this answer.
    limit: Parameter<PageLimit>,
    /// The `nextCursor` of the answer before.
    cursor: Parameter<Cursor>,
}

impl ListCustomers {
    pub(super) fn into_domain(self) -> Result<(CustomerFilter, PageRequest<CustomerId>), ApiError> {
        let mut fields = Fields::default();
        let email = fields.parameter("email", self.email);
        let search = fields.parameter("search", self.search);
        let updated_since = fields.parameter("updatedSince", self.updated_since);
        let page = fields.page(self.limit, self.cursor);
        let (Some(email), Some(search), Some(updated_since), Some(page)) =
            (email, search, updated_since, page)
        else {
            return Err(fields.into_error());
        };
        let filter = CustomerFilter {
            email: email.map(|email| email.key()),
            search,
            updated_since,
        };
        Ok((filter, page))
    }
}
