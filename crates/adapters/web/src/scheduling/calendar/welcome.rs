//! The first page: what a new business does first, or else the calendar.

use crate::{
    Shared,
    page::{self, PageError, Section, Shell},
    scheduling::Names,
    visit::SignedIn,
    words::Words,
};
use actix_web::{HttpResponse, web::Data};
use askama::Template;

#[derive(Template)]
#[template(path = "scheduling/welcome.html")]
struct Page {
    t: Words,
    shell: Shell,
}

pub(crate) async fn show(shared: Data<Shared>, signed_in: SignedIn) -> Result<HttpResponse, PageError> {
    let schedule = shared
        .application
        .scheduling
        .schedules
        .get(signed_in.caller())
        .await?;
    let names = Names::read(&shared, &signed_in).await?;
    let is_new = schedule.rules.hours.is_empty() && names.resources.is_empty() && names.services.is_empty();
    if !is_new || !signed_in.is_owner() {
        return page::go_to("/console/calendar");
    }
    let t = signed_in.words();
    page::ok(&Page {
        t,
        shell: Shell::new(&signed_in, Section::Calendar, t.text("welcome-title")),
    })
}
