//! What customers register for: events and registrations.

pub(crate) mod event;
pub(crate) mod registration;
mod values;

use crate::routes::{Context, endpoint};
use actix_web::http::Method;
use chatgrow_domain::{EventId, RegistrationId, Scope};

const EVENT_ID: &str = "The resource's id.";

/// The paths of events and of their registrations.
pub(crate) fn routes() -> Context {
    let events = endpoint!("/events")
        .needs(Scope::EventsRead, Scope::EventsWrite)
        .kept()
        .on(Method::POST, event::create, event::CREATE_ERRORS)
        .on(Method::GET, event::list, event::LIST_ERRORS);
    let event = endpoint!("/events/{id}")
        .needs(Scope::EventsRead, Scope::EventsWrite)
        .names::<EventId>("id", EVENT_ID)
        .on(Method::GET, event::get, event::GET_ERRORS)
        .on(Method::PATCH, event::edit, event::EDIT_ERRORS);
    let registrations = endpoint!("/events/{id}/registrations")
        .needs(Scope::EventsRead, Scope::EventsWrite)
        .names::<EventId>("id", EVENT_ID)
        .on(
            Method::POST,
            registration::register,
            registration::REGISTER_ERRORS,
        )
        .on(Method::GET, registration::list, registration::LIST_ERRORS);
    let registration = endpoint!("/events/{id}/registrations/{registrationId}")
        .needs(Scope::EventsRead, Scope::EventsWrite)
        .names::<EventId>("id", EVENT_ID)
        .names::<RegistrationId>("registrationId", "The registration's id.")
        .on(Method::GET, registration::get, registration::GET_ERRORS)
        .on(
            Method::DELETE,
            registration::unregister,
            registration::UNREGISTER_ERRORS,
        );
    Context {
        tags: vec![
            ("Events", "Something with a date that customers register for."),
            (
                "Registrations",
                "A customer's place at an event; the count never passes the maximum.",
            ),
        ],
        endpoints: vec![events, event, registrations, registration],
    }
}
