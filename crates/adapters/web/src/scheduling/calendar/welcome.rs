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

/// Leads a new business to its first steps, and others to the calendar.
pub(crate) async fn start(shared: Data<Shared>, signed_in: SignedIn) -> Result<HttpResponse, PageError> {
    let schedules = &shared.application.scheduling.schedules;
    let hours = schedules.get(signed_in.caller()).await?.rules.hours;
    let names = Names::read(&shared, &signed_in).await?;
    let is_new = hours.is_empty() && names.resources.is_empty() && names.services.is_empty();
    page::go_to(if is_new && signed_in.is_owner() {
        "/console/welcome"
    } else {
        "/console/calendar"
    })
}

pub(crate) async fn show(signed_in: SignedIn) -> Result<HttpResponse, PageError> {
    let t = signed_in.words();
    page::ok(&Page {
        t,
        shell: Shell::new(&signed_in, Section::Calendar, t.text("welcome-title")),
    })
}
