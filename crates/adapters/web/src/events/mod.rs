//! Events and registrations.

mod edit;
mod event;
mod facts;
mod registration;

use actix_web::{
    Resource,
    web::{get, post, resource},
};

pub(crate) fn routes() -> Vec<Resource> {
    vec![
        resource("/events")
            .route(get().to(event::list))
            .route(post().to(edit::create)),
        resource("/events/new").route(get().to(edit::new)),
        resource("/events/{id}")
            .route(get().to(event::show))
            .route(post().to(registration::register)),
        resource("/events/{id}/print").route(get().to(registration::print)),
        resource("/events/{id}/edit")
            .route(get().to(edit::show))
            .route(post().to(edit::save)),
        resource("/events/{id}/cancel")
            .route(get().to(edit::confirm_cancel))
            .route(post().to(edit::cancel)),
        resource("/events/{id}/registrations/{registration}/remove")
            .route(get().to(registration::confirm_remove))
            .route(post().to(registration::remove)),
    ]
}
