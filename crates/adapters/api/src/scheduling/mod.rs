//! The schedule of a business: appointments.

pub(crate) mod appointment;
mod values;

use crate::routes::{Context, endpoint};
use actix_web::http::Method;
use chatgrow_domain::AppointmentId;

/// The paths of appointments.
pub(crate) fn routes() -> Context {
    let appointments = endpoint!("/appointments")
        .kept()
        .on(Method::POST, appointment::book, appointment::BOOK_ERRORS)
        .on(Method::GET, appointment::list, appointment::LIST_ERRORS);
    let appointment = endpoint!("/appointments/{id}")
        .names::<AppointmentId>("id", "The resource's id.")
        .on(Method::GET, appointment::get, appointment::GET_ERRORS)
        .on(Method::PATCH, appointment::edit, appointment::EDIT_ERRORS)
        .on(Method::DELETE, appointment::cancel, appointment::CANCEL_ERRORS);
    Context {
        tags: vec![(
            "Appointments",
            "A customer's slot in the account's schedule; confirmed ones never overlap.",
        )],
        endpoints: vec![appointments, appointment],
    }
}
