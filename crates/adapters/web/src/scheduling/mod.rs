//! The calendar, appointments, and the settings of the business.

mod calendar;
mod names;
mod settings;

pub(crate) use names::Names;

use actix_web::Resource;

pub(crate) fn routes() -> Vec<Resource> {
    let mut routes = calendar::routes();
    routes.extend(settings::routes());
    routes
}
