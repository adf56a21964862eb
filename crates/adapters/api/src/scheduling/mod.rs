//! The schedule of a business: appointments, what they take, what is booked, and when.

pub(crate) mod appointment;
mod hours;
mod resource;
mod schedule;
mod service;
mod values;

use crate::routes::{Context, endpoint};
use actix_web::http::Method;
use chatgrow_domain::{AppointmentId, ResourceId, ServiceId};

const ID: &str = "The resource's id.";

/// The paths of appointments, resources, services and the schedule.
pub(crate) fn routes() -> Context {
    let appointments = endpoint!("/appointments")
        .kept()
        .on(Method::POST, appointment::book, appointment::BOOK_ERRORS)
        .on(Method::GET, appointment::list, appointment::LIST_ERRORS);
    let appointment = endpoint!("/appointments/{id}")
        .names::<AppointmentId>("id", ID)
        .on(Method::GET, appointment::get, appointment::GET_ERRORS)
        .on(Method::PATCH, appointment::edit, appointment::EDIT_ERRORS)
        .on(Method::DELETE, appointment::cancel, appointment::CANCEL_ERRORS);
    let resources = endpoint!("/resources")
        .on(Method::POST, resource::create, resource::CREATE_ERRORS)
        .on(Method::GET, resource::list, resource::LIST_ERRORS);
    let resource = endpoint!("/resources/{id}")
        .names::<ResourceId>("id", ID)
        .on(Method::GET, resource::get, resource::GET_ERRORS)
        .on(Method::PATCH, resource::edit, resource::EDIT_ERRORS)
        .on(Method::DELETE, resource::deactivate, resource::DEACTIVATE_ERRORS);
    let hours = endpoint!("/resources/{id}/hours")
        .names::<ResourceId>("id", ID)
        .on(Method::GET, resource::get_hours, resource::GET_ERRORS)
        .on(Method::PUT, resource::put_hours, resource::PUT_HOURS_ERRORS);
    let services = endpoint!("/services")
        .on(Method::POST, service::create, service::CREATE_ERRORS)
        .on(Method::GET, service::list, service::LIST_ERRORS);
    let service = endpoint!("/services/{id}")
        .names::<ServiceId>("id", ID)
        .on(Method::GET, service::get, service::GET_ERRORS)
        .on(Method::PATCH, service::edit, service::EDIT_ERRORS)
        .on(Method::DELETE, service::deactivate, service::DEACTIVATE_ERRORS);
    let schedule = endpoint!("/schedule")
        .on(Method::GET, schedule::get, schedule::GET_ERRORS)
        .on(Method::PUT, schedule::put, schedule::PUT_ERRORS);
    Context {
        tags: vec![
            (
                "Appointments",
                "A customer's slot in the account's schedule; confirmed ones never overlap.",
            ),
            (
                "Resources",
                "Who or what a booking takes: staff, rooms, equipment.",
            ),
            ("Services", "What customers book, and which resources that needs."),
            ("Schedule", "When the business serves its customers."),
        ],
        endpoints: vec![
            appointments,
            appointment,
            resources,
            resource,
            hours,
            services,
            service,
            schedule,
        ],
    }
}
