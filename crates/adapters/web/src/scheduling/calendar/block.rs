//! Time off: the form that takes it, and its page.

use crate::{
    Shared,
    dates::field_date,
    form::Form,
    page::{self, PageError, Section, Shell, found, title},
    scheduling::Names,
    visit::SignedIn,
    words::Words,
};
use actix_web::{
    HttpResponse,
    web::{Data, Path, Query},
};
use askama::Template;
use chatgrow_application::Precondition;
use chatgrow_domain::{
    Block, BlockId, BlockRefusal, BlockTerms, Invalid, LocalMinute, Notes, ResourceId, parse_date, parse_time,
};
use chatgrow_ports::Failure;
use std::collections::HashMap;

#[derive(Template)]
#[template(path = "scheduling/block_new.html")]
struct NewPage {
    t: Words,
    shell: Shell,
    form: Form,
    fault: Option<String>,
    resources: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "scheduling/block.html")]
struct Page {
    t: Words,
    shell: Shell,
    id: BlockId,
    reason: Option<String>,
    who: String,
    from: String,
    until: String,
    date: String,
    owner: bool,
}

async fn new_page(
    shared: &Shared,
    signed_in: &SignedIn,
    form: Form,
    fault: Option<String>,
) -> Result<NewPage, PageError> {
    signed_in.only_owner()?;
    let t = signed_in.words();
    let names = Names::read(shared, signed_in).await?;
    let title = fault.clone().unwrap_or_else(|| title(t, &form, "block-new"));
    Ok(NewPage {
        t,
        shell: Shell::new(signed_in, Section::Calendar, title),
        form,
        fault,
        resources: names.bookable(),
    })
}

pub(crate) async fn show_new(
    shared: Data<Shared>,
    signed_in: SignedIn,
    query: Query<HashMap<String, String>>,
) -> Result<HttpResponse, PageError> {
    let wall = signed_in.wall_clock(&shared).await?;
    let date = query.get("date").and_then(|text| parse_date(text).ok());
    let date = field_date(date.unwrap_or(wall.today()));
    let form = Form::of([
        ("from-date", date.clone()),
        ("from-time", "09:00".to_owned()),
        ("until-date", date),
        ("until-time", "17:00".to_owned()),
    ]);
    page::ok(&new_page(&shared, &signed_in, form, None).await?)
}

pub(crate) async fn block(
    shared: Data<Shared>,
    signed_in: SignedIn,
    mut form: Form,
) -> Result<HttpResponse, PageError> {
    let t = signed_in.words();
    let Some(terms) = read_terms(&mut form, t) else {
        return page::refused(&new_page(&shared, &signed_in, form, None).await?);
    };
    let date = field_date(terms.from.to_date_time().date());
    let request = signed_in.request_of(&form);
    let fault = match shared.application.scheduling.blocks.block(&request, terms).await {
        Ok(_) => return page::go_to(format!("/console/calendar?date={date}")),
        Err(Failure::Refused(BlockRefusal::TimeTaken(obstruction))) => {
            let wall = signed_in.wall_clock(&shared).await?;
            obstruction.map_or_else(
                || t.text("booking-busy-again"),
                |taken| t.of("block-taken", "moment", t.moment(taken.start, wall.today())),
            )
        }
        Err(Failure::Refused(_)) => t.text("booking-resource"),
        Err(failure) => return Err(failure.into()),
    };
    page::refused(&new_page(&shared, &signed_in, form, Some(fault)).await?)
}

fn read_terms(form: &mut Form, t: Words) -> Option<BlockTerms> {
    let from_date = form.read(t, "from-date", parse_date);
    let from_time = form.read(t, "from-time", parse_time);
    let until_date = form.read(t, "until-date", parse_date);
    let until_time = form.read(t, "until-time", parse_time);
    let reason = form.read_optional(t, "reason", |text| Notes::new(text));
    let resource = form.read_optional(t, "resource", |text| {
        text.parse::<ResourceId>().map_err(|_| Invalid::Id)
    });
    let terms = BlockTerms {
        resource: resource?,
        from: LocalMinute::new(from_date?, from_time?),
        until: LocalMinute::new(until_date?, until_time?),
        reason: reason?,
    };
    let checked = terms.checked();
    if checked.is_err() {
        form.refuse("until-time", t.text("block-backwards"));
    }
    checked.ok()
}

async fn read(shared: &Shared, signed_in: &SignedIn, id: &str) -> Result<Block, PageError> {
    let id: BlockId = id.parse().map_err(|_| PageError::NotFound)?;
    found(
        shared
            .application
            .scheduling
            .blocks
            .get(signed_in.caller(), id)
            .await,
    )
}

pub(crate) async fn show(
    shared: Data<Shared>,
    signed_in: SignedIn,
    id: Path<String>,
) -> Result<HttpResponse, PageError> {
    let t = signed_in.words();
    let block = read(&shared, &signed_in, &id).await?;
    let names = Names::read(&shared, &signed_in).await?;
    let today = signed_in.wall_clock(&shared).await?.today();
    page::ok(&Page {
        t,
        shell: Shell::new(&signed_in, Section::Calendar, t.text("block")),
        id: block.id,
        reason: block.terms.reason.map(|reason| reason.as_str().to_owned()),
        who: match block.terms.resource {
            Some(id) => names.who(&[id]),
            None => t.text("block-everybody"),
        },
        from: t.moment(block.terms.from, today),
        until: t.moment(block.terms.until, today),
        date: field_date(block.terms.from.to_date_time().date()),
        owner: signed_in.is_owner(),
    })
}

pub(crate) async fn remove(
    shared: Data<Shared>,
    signed_in: SignedIn,
    id: Path<String>,
) -> Result<HttpResponse, PageError> {
    let block = read(&shared, &signed_in, &id).await?;
    let request = signed_in.request(Precondition::Unconditional);
    shared
        .application
        .scheduling
        .blocks
        .remove(&request, block.id)
        .await?;
    let date = field_date(block.terms.from.to_date_time().date());
    page::go_to(format!("/console/calendar?date={date}"))
}
