//! What is paid for, in the words of the console: payments, and the payment systems that tell of them.

mod paid;
mod payment;
mod payment_source;

pub(crate) use paid::{Paid, standing};

use actix_web::{
    Resource,
    web::{get, post, resource},
};
use payment_source::{ask, form};

pub(crate) fn routes() -> Vec<Resource> {
    vec![
        resource("/payments").route(get().to(payment::list)),
        resource("/payments/{id}")
            .route(get().to(payment::show))
            .route(post().to(payment::change)),
        resource("/settings/payment-sources")
            .route(get().to(payment_source::list))
            .route(post().to(form::create)),
        resource("/settings/payment-sources/new").route(get().to(form::new)),
        resource("/settings/payment-sources/{id}")
            .route(get().to(payment_source::show))
            .route(post().to(payment_source::test)),
        resource("/settings/payment-sources/{id}/secret")
            .route(get().to(ask::before_rotation))
            .route(post().to(ask::rotate)),
        resource("/settings/payment-sources/{id}/remove")
            .route(get().to(ask::before_removal))
            .route(post().to(ask::remove)),
    ]
}
