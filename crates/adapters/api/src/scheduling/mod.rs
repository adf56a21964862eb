//! The schedule of a business: appointments, what they take, what is booked, and when.

pub(crate) mod appointment;
mod availability;
pub(crate) mod block;
pub(crate) mod hold;
mod hours;
pub(crate) mod resource;
pub(crate) mod schedule;
pub(crate) mod service;
mod slot;
mod times;
mod unbookable;
mod values;

use crate::routes::{Context, Endpoint, endpoint};
use actix_web::http::Method;
use chatgrow_domain::{AppointmentId, BlockId, HoldId, ResourceId, Scope, ServiceId};

const ID: &str = "The resource's id.";

/// The paths of this context.
pub(crate) fn routes() -> Context {
    Context {
        tags: vec![
            (
                "Appointments",
                "What customers have booked; nothing that takes a resource overlaps.",
            ),
            (
                "Resources",
                "Who or what a booking takes: staff, rooms, equipment.",
            ),
            ("Services", "What customers book, and which resources that needs."),
            ("Availability", "What can be booked."),
            ("Holds", "Slots that are reserved for a while."),
            ("Blocks", "Time off."),
            ("Schedule", "When the business serves its customers."),
        ],
        endpoints: [occupying(), bookable(), schedule()]
            .into_iter()
            .flatten()
            .collect(),
    }
}

/// What occupies the schedule: appointments, holds and blocks.
fn occupying() -> Vec<Endpoint> {
    let appointments = endpoint!("/appointments")
        .needs(Scope::AppointmentsRead, Scope::AppointmentsWrite)
        .kept()
        .on(Method::POST, appointment::book, appointment::BOOK_ERRORS)
        .on(Method::GET, appointment::list, appointment::LIST_ERRORS);
    let appointment = endpoint!("/appointments/{id}")
        .needs(Scope::AppointmentsRead, Scope::AppointmentsWrite)
        .names::<AppointmentId>("id", ID)
        .on(Method::GET, appointment::get, appointment::GET_ERRORS)
        .on(Method::PATCH, appointment::edit, appointment::EDIT_ERRORS)
        .on(Method::DELETE, appointment::cancel, appointment::CANCEL_ERRORS);
    let holds = endpoint!("/holds")
        .needs(Scope::AppointmentsRead, Scope::AppointmentsWrite)
        .on(Method::POST, hold::hold, hold::HOLD_ERRORS)
        .on(Method::GET, hold::list, hold::LIST_ERRORS);
    let hold = endpoint!("/holds/{id}")
        .needs(Scope::AppointmentsRead, Scope::AppointmentsWrite)
        .names::<HoldId>("id", ID)
        .on(Method::GET, hold::get, hold::GET_ERRORS)
        .on(Method::DELETE, hold::release, hold::RELEASE_ERRORS);
    let blocks = endpoint!("/blocks")
        .needs(Scope::ScheduleRead, Scope::ScheduleWrite)
        .on(Method::POST, block::create, block::CREATE_ERRORS)
        .on(Method::GET, block::list, block::LIST_ERRORS);
    let block = endpoint!("/blocks/{id}")
        .needs(Scope::ScheduleRead, Scope::ScheduleWrite)
        .names::<BlockId>("id", ID)
        .on(Method::GET, block::get, block::GET_ERRORS)
        .on(Method::DELETE, block::remove, block::REMOVE_ERRORS);
    vec![appointments, appointment, holds, hold, blocks, block]
}

/// What can be booked: resources and services.
fn bookable() -> Vec<Endpoint> {
    let resources = endpoint!("/resources")
        .needs(Scope::ScheduleRead, Scope::ScheduleWrite)
        .on(Method::POST, resource::create, resource::CREATE_ERRORS)
        .on(Method::GET, resource::list, resource::LIST_ERRORS);
    let resource = endpoint!("/resources/{id}")
        .needs(Scope::ScheduleRead, Scope::ScheduleWrite)
        .names::<ResourceId>("id", ID)
        .on(Method::GET, resource::get, resource::GET_ERRORS)
        .on(Method::PATCH, resource::edit, resource::EDIT_ERRORS)
        .on(Method::DELETE, resource::deactivate, resource::DEACTIVATE_ERRORS);
    let hours = endpoint!("/resources/{id}/hours")
        .needs(Scope::ScheduleRead, Scope::ScheduleWrite)
        .names::<ResourceId>("id", ID)
        .on(Method::GET, resource::get_hours, resource::GET_ERRORS)
        .on(Method::PUT, resource::put_hours, resource::PUT_HOURS_ERRORS);
    let busy = endpoint!("/resources/{id}/busy")
        .needs(Scope::AppointmentsRead, Scope::AppointmentsWrite)
        .names::<ResourceId>("id", ID)
        .on(Method::GET, availability::busy, availability::BUSY_ERRORS);
    let services = endpoint!("/services")
        .needs(Scope::ScheduleRead, Scope::ScheduleWrite)
        .on(Method::POST, service::create, service::CREATE_ERRORS)
        .on(Method::GET, service::list, service::LIST_ERRORS);
    let service = endpoint!("/services/{id}")
        .needs(Scope::ScheduleRead, Scope::ScheduleWrite)
        .names::<ServiceId>("id", ID)
        .on(Method::GET, service::get, service::GET_ERRORS)
        .on(Method::PATCH, service::edit, service::EDIT_ERRORS)
        .on(Method::DELETE, service::deactivate, service::DEACTIVATE_ERRORS);
    vec![resources, resource, hours, busy, services, service]
}

/// When it can be booked: the schedule and the search.
fn schedule() -> Vec<Endpoint> {
    let availability = endpoint!("/availability")
        .needs(Scope::AppointmentsRead, Scope::AppointmentsWrite)
        .on(Method::GET, availability::search, availability::SEARCH_ERRORS);
    let schedule = endpoint!("/schedule")
        .needs(Scope::ScheduleRead, Scope::ScheduleWrite)
        .on(Method::GET, schedule::get, schedule::GET_ERRORS)
        .on(Method::PUT, schedule::put, schedule::PUT_ERRORS);
    vec![availability, schedule]
}
