//! Deliveries: the list of an endpoint's, and the page of one with what was sent and answered.

use super::{
    change::page_of,
    webhook_endpoint::{PATH, endpoint},
};
use crate::{
    Shared,
    form::Form,
    page::{self, PageError, Section, Shell, found, query},
    visit::SignedIn,
    words::Words,
};
use actix_web::{
    HttpResponse,
    web::{Data, Path, Query},
};
use askama::Template;
use chatgrow_application::WallClock;
use chatgrow_domain::{ChangeId, Delivery, DeliveryStatus, LastAttempt, WebhookEndpointId};
use chatgrow_ports::DeliveryPage;
use std::{collections::HashMap, num::NonZeroU16};

/// How many deliveries a page has.
const SOME: NonZeroU16 = NonZeroU16::new(50).unwrap();

/// One page of an endpoint's deliveries, newest change first.
pub(super) struct Deliveries {
    pub(super) form: Form,
    pub(super) statuses: Vec<(&'static str, String)>,
    pub(super) rows: Vec<Row>,
    /// The query of the page with older ones.
    pub(super) older: Option<String>,
}

/// A delivery in the list.
pub(super) struct Row {
    pub(super) change: ChangeId,
    pub(super) what: String,
    pub(super) tried: String,
    pub(super) status: String,
    pub(super) warn: bool,
    pub(super) outcome: String,
    pub(super) next: Option<String>,
}

/// A try, in words.
pub(super) struct Attempt {
    pub(super) succeeded: bool,
    pub(super) outcome: String,
    pub(super) took: String,
    pub(super) answer: Option<String>,
}

impl Attempt {
    pub(super) fn of(t: Words, attempt: LastAttempt) -> Self {
        Self {
            succeeded: attempt.succeeded(),
            outcome: t.outcome(attempt.outcome),
            took: t.count("attempt-took", attempt.took_millis),
            answer: attempt.answer.filter(|answer| !answer.trim().is_empty()),
        }
    }
}

fn warns(status: DeliveryStatus) -> bool {
    matches!(status, DeliveryStatus::Pending | DeliveryStatus::Failed)
}

impl Row {
    fn of(t: Words, clock: &WallClock, delivery: &Delivery) -> Self {
        Self {
            change: delivery.change,
            what: t.change(delivery.kind),
            tried: t.instant(clock, delivery.last.at),
            status: t.delivery_status(delivery.status),
            warn: warns(delivery.status),
            outcome: t.outcome(delivery.last.outcome),
            next: delivery.next_at.map(|next| t.instant(clock, next)),
        }
    }
}

impl Deliveries {
    /// Reads the page for which the query asks: only those of `status`, and `before` that change.
    pub(super) async fn read(
        shared: &Shared,
        signed_in: &SignedIn,
        clock: &WallClock,
        endpoint: WebhookEndpointId,
        asked: &HashMap<String, String>,
    ) -> Result<Self, PageError> {
        let t = signed_in.words();
        let asked = |name| asked.get(name).map_or("", String::as_str);
        let status = asked("status").parse::<DeliveryStatus>().ok();
        let before = match asked("before") {
            "" => None,
            before => Some(before.parse().map_err(|_| PageError::NotFound)?),
        };
        let page = DeliveryPage {
            status,
            before,
            limit: SOME,
        };
        let endpoints = &shared.application.delivery.webhook_endpoints;
        let deliveries = found(endpoints.deliveries(signed_in.caller(), endpoint, page).await)?;
        let full = deliveries.len() == usize::from(SOME.get());
        let older = deliveries.last().filter(|_| full);
        let status = status.map_or("", DeliveryStatus::as_str);
        Ok(Self {
            form: Form::of([("status", status.to_owned())]),
            statuses: DeliveryStatus::ALL
                .iter()
                .map(|status| (status.as_str(), t.delivery_status(*status)))
                .collect(),
            rows: deliveries
                .iter()
                .map(|delivery| Row::of(t, clock, delivery))
                .collect(),
            older: older.map(|last| query([("status", status), ("before", &last.change.to_string())])),
        })
    }
}

#[derive(Template)]
#[template(path = "delivery/delivery.html")]
struct Page {
    t: Words,
    shell: Shell,
    /// The path of the endpoint.
    path: String,
    url: String,
    change: ChangeId,
    what: String,
    /// The page of the changed resource.
    link: Option<String>,
    /// When the change was made.
    made: Option<String>,
    /// The body that is sent.
    body: Option<String>,
    status: String,
    warn: bool,
    attempts: u32,
    tried: String,
    attempt: Attempt,
    next: Option<String>,
    can_skip: bool,
    /// Whether it is tried again because somebody has just asked for it.
    retried: bool,
}

pub(super) async fn show(
    shared: Data<Shared>,
    signed_in: SignedIn,
    path: Path<(String, String)>,
    query: Query<HashMap<String, String>>,
) -> Result<HttpResponse, PageError> {
    let (t, caller) = (signed_in.words(), signed_in.caller());
    let (id, change) = path.into_inner();
    let endpoint = endpoint(&shared, &signed_in, &id).await?;
    let change: ChangeId = change.parse().map_err(|_| PageError::NotFound)?;
    let endpoints = &shared.application.delivery.webhook_endpoints;
    let sent = found(endpoints.delivery(caller, endpoint.id, change).await)?;
    let standing = found(endpoints.standing(caller, &endpoint).await)?;
    let clock = signed_in.wall_clock(&shared).await?;
    let delivery = sent.delivery;
    let what = t.change(delivery.kind);
    let pending = delivery.status == DeliveryStatus::Pending;
    page::ok(&Page {
        t,
        shell: Shell::new(&signed_in, Section::Settings, what.clone()),
        path: format!("{PATH}/{}", endpoint.id),
        url: endpoint.terms.url.as_str().to_owned(),
        change,
        what,
        link: sent.change.as_ref().and_then(page_of),
        made: sent.change.map(|change| t.instant(&clock, change.at)),
        body: sent.body.map(|body| String::from_utf8_lossy(&body).into_owned()),
        status: t.delivery_status(delivery.status),
        warn: warns(delivery.status),
        attempts: delivery.attempts,
        tried: t.instant(&clock, delivery.last.at),
        attempt: Attempt::of(t, delivery.last),
        next: delivery.next_at.map(|next| t.instant(&clock, next)),
        can_skip: standing.waits_for == Some(change),
        retried: pending && query.contains_key("retried"),
    })
}

/// Has a delivery tried again, or gives it up.
pub(super) async fn change(
    shared: Data<Shared>,
    signed_in: SignedIn,
    path: Path<(String, String)>,
    form: Form,
) -> Result<HttpResponse, PageError> {
    let caller = signed_in.caller();
    let (id, change) = path.into_inner();
    let endpoint = endpoint(&shared, &signed_in, &id).await?;
    let change: ChangeId = change.parse().map_err(|_| PageError::NotFound)?;
    let endpoints = &shared.application.delivery.webhook_endpoints;
    let said = match form.value("do") {
        "retry" => {
            found(endpoints.retry(caller, endpoint.id, change).await)?;
            "?retried"
        }
        "skip" => {
            endpoints.skip(caller, endpoint.id, Some(change)).await?;
            ""
        }
        _ => return Err(PageError::BadForm),
    };
    page::go_to(format!("{PATH}/{}/deliveries/{change}{said}", endpoint.id))
}
