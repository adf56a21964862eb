//! The owner's console: HTML pages at `/console`, made on the server.
//!
//! It is a driving adapter beside the HTTP API, and served by the same server. A handler parses, calls use cases with
//! the signed-in user as the caller, and renders a template. All texts are in `locales`, one file for each context and
//! language.
//!
//! What is common to all pages: [`guard`] (cross-site requests, header fields, time-out, errors as pages), [`visit`]
//! (who visits, in which language), [`page`] (the frame around a page), [`form`] (what was typed, and what is wrong
//! with it), [`words`] (texts) and [`dates`].

mod access;
mod address;
mod assets;
mod billing;
mod crm;
mod dates;
mod delivery;
mod events;
mod form;
mod guard;
mod limits;
mod money;
mod page;
mod scheduling;
mod visit;
mod words;

pub use address::{Address, LinkTo};

use actix_web::{
    HttpResponse, Resource, Scope,
    http::header::LOCATION,
    middleware::from_fn,
    web::{self, Data, ServiceConfig, resource},
};
use chatgrow_api::Pages;
use chatgrow_application::Application;
use limits::SignInLimits;
use std::sync::Arc;

/// The console, ready to be served by any number of workers.
#[derive(Clone)]
pub struct Console {
    shared: Data<Shared>,
}

/// What the handlers share.
struct Shared {
    application: Arc<Application>,
    /// `CONSOLE_URL`.
    address: Option<Address>,
    limits: SignInLimits,
}

impl Console {
    /// Builds the console on the use cases. `address` is its public address, if that is not the server's own.
    #[must_use]
    pub fn new(application: Arc<Application>, address: Option<Address>) -> Self {
        let shared = Shared {
            application,
            address,
            limits: SignInLimits::default(),
        };
        Self {
            shared: Data::new(shared),
        }
    }

    /// The console's paths, for [`Api::with_pages`](chatgrow_api::Api::with_pages).
    #[must_use]
    pub fn pages(&self) -> Pages {
        let shared = self.shared.clone();
        Arc::new(move |config| routes(config, &shared))
    }

    /// Frees the memory of visitors who have been idle for a while. Call it regularly.
    pub fn forget_idle_visitors(&self) {
        self.shared.limits.forget_idle();
    }
}

fn routes(config: &mut ServiceConfig, shared: &Data<Shared>) {
    let pages = [
        access::routes(),
        billing::routes(),
        crm::routes(),
        delivery::routes(),
        events::routes(),
        scheduling::routes(),
        vec![resource("/{path:.*}").route(web::to(page::not_found))],
    ];
    let console = web::scope("/console").app_data(shared.clone());
    // The guard wraps resources, not the scope, because actix routes a request only while nothing else holds a
    // reference to it.
    let guarded = |console: Scope, page: Resource| console.service(page.wrap(from_fn(guard::guard)));
    let console = pages.into_iter().flatten().fold(console, guarded);
    config
        .route("/", web::get().to(to_console))
        .service(resource("/console/assets/{name}").route(web::get().to(assets::asset)))
        .service(console);
}

async fn to_console() -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((LOCATION, "/console"))
        .finish()
}
