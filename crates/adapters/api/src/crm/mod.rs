//! The people whom a business serves: customers.

pub(crate) mod customer;
mod values;

use crate::{
    events::registration,
    routes::{Context, endpoint},
};
use actix_web::http::Method;
use chatgrow_domain::{EmailAddress, Scope};

const EMAIL: &str = "The customer's e-mail address, percent-encoded; compared without case.";

/// The paths of customers, and of resources that belong to one.
pub(crate) fn routes() -> Context {
    let customers = endpoint!("/customers")
        .needs(Scope::CustomersRead, Scope::CustomersWrite)
        .on(Method::POST, customer::create, customer::CREATE_ERRORS)
        .on(Method::GET, customer::list, customer::LIST_ERRORS);
    let customer = endpoint!("/customers/{email}")
        .needs(Scope::CustomersRead, Scope::CustomersWrite)
        .names::<EmailAddress>("email", EMAIL)
        .on(Method::GET, customer::get, customer::GET_ERRORS)
        .on(Method::PUT, customer::put, customer::PUT_ERRORS)
        .on(Method::PATCH, customer::edit, customer::EDIT_ERRORS);
    let registrations = endpoint!("/customers/{email}/registrations")
        .needs(Scope::EventsRead, Scope::EventsWrite)
        .names::<EmailAddress>("email", EMAIL)
        .on(
            Method::GET,
            registration::list_of_customer,
            registration::LIST_OF_CUSTOMER_ERRORS,
        );
    Context {
        tags: vec![(
            "Customers",
            "The people an account serves; an e-mail address names one.",
        )],
        endpoints: vec![customers, customer, registrations],
    }
}
