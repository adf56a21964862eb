//! The calendar, appointments and time off.

mod appointment;
mod block;
mod booking;
mod grid;
mod week;
mod welcome;

use actix_web::{
    Resource,
    web::{get, post, resource},
};

pub(crate) fn routes() -> Vec<Resource> {
    vec![
        resource(["", "/"]).route(get().to(welcome::start)),
        resource("/welcome").route(get().to(welcome::show)),
        resource("/calendar").route(get().to(week::show)),
        resource("/appointments").route(post().to(booking::book)),
        resource("/appointments/new").route(get().to(booking::show)),
        resource("/appointments/{id}")
            .route(get().to(appointment::show))
            .route(post().to(appointment::change)),
        resource("/appointments/{id}/move")
            .route(get().to(booking::show_move))
            .route(post().to(booking::move_it)),
        resource("/appointments/{id}/cancel").route(get().to(appointment::confirm_cancel)),
        resource("/blocks").route(post().to(block::block)),
        resource("/blocks/new").route(get().to(block::show_new)),
        resource("/blocks/{id}")
            .route(get().to(block::show))
            .route(post().to(block::remove)),
    ]
}
