//! The page of the business: its name, its time zone, its hours, and how early and how late customers may book.

use super::{
    Said,
    hours::{self, View},
};
use crate::{
    Shared,
    form::Form,
    page::{self, PageError, Section, Shell},
    visit::SignedIn,
    words::Words,
};
use actix_web::{HttpRequest, HttpResponse, web::Data};
use askama::Template;
use chatgrow_application::Precondition;
use chatgrow_domain::{
    AccountName, Duration, Horizon, Notice, Revised, Schedule, ScheduleRefusal, ScheduleRules, TimeZoneName,
};
use chatgrow_ports::Failure;

const PATH: &str = "/console/settings/business";

#[derive(Template)]
#[template(path = "scheduling/business.html")]
struct Page {
    t: Words,
    shell: Shell,
    form: Form,
    path: &'static str,
    said: Said,
    hours: View,
    zones: Vec<TimeZoneName>,
}

async fn business_page(
    shared: &Shared,
    signed_in: &SignedIn,
    mut form: Form,
    said: Said,
) -> Result<Page, PageError> {
    signed_in.only_owner()?;
    let t = signed_in.words();
    let schedules = &shared.application.scheduling.schedules;
    let schedule = schedules.get(signed_in.caller()).await?;
    let today = signed_in.wall_clock(shared).await?.today();
    // What was sent stays as it was typed.
    let sent = form.value("do").to_owned();
    if sent != "save" {
        fill(&mut form, signed_in.account.name.as_str(), &schedule.rules);
    }
    if sent != "special" {
        hours::fill_special(&mut form);
    }
    said.revise(&mut form, &schedule.revision());
    let title = said.title(t, &form, t.text("nav-business"));
    Ok(Page {
        t,
        shell: Shell::new(signed_in, Section::Settings, title),
        form,
        path: PATH,
        said,
        hours: View::new(t, &schedule.rules.hours, today, ["hours-always", "hours-some"]),
        zones: shared.application.time_zone_names(),
    })
}

fn fill(form: &mut Form, name: &str, rules: &ScheduleRules) {
    let number = |number: Option<i64>| number.map(|number| number.to_string()).unwrap_or_default();
    form.add("name", name);
    form.add("zone", rules.time_zone.as_ref().map_or("", |zone| zone.as_str()));
    form.add("notice", number(rules.min_notice.map(Notice::as_minutes)));
    form.add("horizon", number(rules.horizon.map(Horizon::as_days)));
    form.add("step", rules.slot_step.as_minutes().to_string());
    hours::fill_week(form, &rules.hours);
}

pub(crate) async fn show(
    shared: Data<Shared>,
    signed_in: SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let said = Said::by(request.query_string());
    page::ok(&business_page(&shared, &signed_in, Form::default(), said).await?)
}

/// Saves everything, or adds or removes a special day.
pub(crate) async fn change(
    shared: Data<Shared>,
    signed_in: SignedIn,
    mut form: Form,
) -> Result<HttpResponse, PageError> {
    let t = signed_in.words();
    let schedules = &shared.application.scheduling.schedules;
    let Schedule { rules, .. } = schedules.get(signed_in.caller()).await?;
    let with = |hours| {
        (
            None,
            ScheduleRules {
                hours,
                ..rules.clone()
            },
        )
    };
    let read = match form.value("do") {
        "save" => read_all(&mut form, t, &rules).map(|(name, rules)| (Some(name), rules)),
        "special" => hours::read_special(&mut form, t, &rules.hours).map(with),
        _ => {
            let hours = hours::without(&rules.hours, form.value("remove"));
            Some(with(hours.ok_or(PageError::BadForm)?))
        }
    };
    let Some((name, rules)) = read else {
        return page::refused(&business_page(&shared, &signed_in, form, Said::Nothing).await?);
    };
    let mut said = Said::Nothing;
    match schedules.put(&signed_in.request(form.as_shown()), rules).await {
        Ok(_) => {
            rename(&shared, &signed_in, name).await?;
            return page::go_to(format!("{PATH}?saved"));
        }
        Err(Failure::Refused(ScheduleRefusal::UnknownTimeZone)) => {
            form.refuse("zone", t.text("invalid-zone"));
        }
        Err(Failure::Refused(ScheduleRefusal::TimeZoneNeeded)) => {
            form.refuse("zone", t.text("business-zone-needed"));
        }
        Err(Failure::Refused(ScheduleRefusal::VersionMismatch)) => said = Said::Changed,
        Err(failure) => return Err(failure.into()),
    }
    page::refused(&business_page(&shared, &signed_in, form, said).await?)
}

fn read_all(form: &mut Form, t: Words, present: &ScheduleRules) -> Option<(AccountName, ScheduleRules)> {
    let name = form.read(t, "name", |text| AccountName::new(text));
    let time_zone = form.read_optional(t, "zone", |text| TimeZoneName::new(text));
    let min_notice = form.read_optional_number(t, "notice", Notice::from_minutes);
    let horizon = form.read_optional_number(t, "horizon", Horizon::from_days);
    let slot_step = form.read_number(t, "step", Duration::from_minutes);
    let hours = hours::read_week(form, t, &present.hours);
    let rules = ScheduleRules {
        time_zone: time_zone?,
        hours: hours?,
        min_notice: min_notice?,
        horizon: horizon?,
        slot_step: slot_step?,
    };
    Some((name?, rules))
}

async fn rename(shared: &Shared, signed_in: &SignedIn, name: Option<AccountName>) -> Result<(), PageError> {
    if let Some(name) = name.filter(|name| *name != signed_in.account.name) {
        let request = signed_in.request(Precondition::Unconditional);
        shared.application.access.accounts.rename(&request, name).await?;
    }
    Ok(())
}
