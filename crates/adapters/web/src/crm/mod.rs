//! Customers.

mod customer;
mod edit;
mod list;
mod visits;

pub(crate) use customer::{dialled, mail};

use actix_web::{
    Resource,
    web::{get, post, resource},
};

pub(crate) fn routes() -> Vec<Resource> {
    vec![
        resource("/customers")
            .route(get().to(customer::list))
            .route(post().to(edit::create)),
        resource("/customers/new").route(get().to(edit::new)),
        resource("/customers/{id}").route(get().to(customer::show)),
        resource("/customers/{id}/edit")
            .route(get().to(edit::show))
            .route(post().to(edit::save)),
    ]
}
