//! What others are told: webhooks, and what was done.

mod change;
#[expect(clippy::module_inception, reason = "the noun's file is named after it")]
mod delivery;
mod names;
mod webhook_endpoint;

use actix_web::{
    Resource,
    web::{get, post, resource},
};
use webhook_endpoint::{ask, form};

pub(crate) fn routes() -> Vec<Resource> {
    vec![
        resource("/settings/activity").route(get().to(change::list)),
        resource("/settings/webhooks")
            .route(get().to(webhook_endpoint::list))
            .route(post().to(form::create)),
        resource("/settings/webhooks/new").route(get().to(form::new)),
        resource("/settings/webhooks/{id}")
            .route(get().to(webhook_endpoint::show))
            .route(post().to(webhook_endpoint::test)),
        resource("/settings/webhooks/{id}/edit")
            .route(get().to(form::show))
            .route(post().to(form::save)),
        resource("/settings/webhooks/{id}/secret")
            .route(get().to(ask::before_rotation))
            .route(post().to(ask::rotate)),
        resource("/settings/webhooks/{id}/replay")
            .route(get().to(ask::before_replay))
            .route(post().to(ask::replay)),
        resource("/settings/webhooks/{id}/remove")
            .route(get().to(ask::before_removal))
            .route(post().to(ask::remove)),
        resource("/settings/webhooks/{id}/deliveries/{change}")
            .route(get().to(delivery::show))
            .route(post().to(delivery::change)),
    ]
}
