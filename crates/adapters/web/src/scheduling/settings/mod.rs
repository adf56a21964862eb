//! The settings of the business: its hours, its staff and rooms, its services.

mod business;
mod hours;
mod needs;
mod resource;
mod service;

use crate::{form::Form, words::Words};
use actix_web::{
    Resource,
    web::{get, post, resource as at},
};
use chatgrow_domain::Revision;

pub(crate) fn routes() -> Vec<Resource> {
    vec![
        at("/settings/business")
            .route(get().to(business::show))
            .route(post().to(business::change)),
        at("/settings/resources")
            .route(get().to(resource::list))
            .route(post().to(resource::create)),
        at("/settings/resources/{id}")
            .route(get().to(resource::show))
            .route(post().to(resource::change)),
        at("/settings/services").route(get().to(service::list)),
        at("/settings/services/new")
            .route(get().to(service::show_new))
            .route(post().to(service::create)),
        at("/settings/services/{id}")
            .route(get().to(service::show))
            .route(post().to(service::change)),
    ]
}

/// What a page tells about the form that was sent.
enum Said {
    Nothing,
    /// It was carried out.
    Saved,
    /// It was not carried out, because something else has changed meanwhile.
    Changed,
}

impl Said {
    /// What the query of a page says: `saved`, after a form was carried out.
    fn by(query: &str) -> Self {
        if query == "saved" {
            Self::Saved
        } else {
            Self::Nothing
        }
    }

    /// The title of the page. A page that refuses something says so first.
    fn title(&self, t: Words, form: &Form, title: String) -> String {
        if self.is_changed() {
            t.text("settings-changed")
        } else if form.is_valid() {
            title
        } else {
            t.of("title-refused", "title", title)
        }
    }

    /// Gives the form the revision that it shows. A form that was sent keeps its own, unless that is no longer the present
    /// one.
    fn revise(&self, form: &mut Form, present: &Revision) {
        if self.is_changed() || form.value("revision").is_empty() {
            form.set("revision", present.as_str());
        }
    }

    const fn is_saved(&self) -> bool {
        matches!(self, Self::Saved)
    }

    const fn is_changed(&self) -> bool {
        matches!(self, Self::Changed)
    }
}
