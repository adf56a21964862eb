//! Webhook endpoints: the list, and the page of one with its deliveries.

pub(super) mod ask;
pub(super) mod form;

use super::delivery::{Attempt, Deliveries};
use crate::{
    Shared,
    page::{self, PageError, Section, Shell, found},
    visit::SignedIn,
    words::Words,
};
use actix_web::{
    HttpResponse,
    web::{Data, Path, Query},
};
use askama::Template;
use chatgrow_application::{Standing, WallClock};
use chatgrow_domain::{
    Continuation, Disabling, WebhookEndpoint, WebhookEndpointId, WebhookRefusal, WebhookSecret,
};
use chatgrow_ports::Failure;
use std::collections::HashMap;

/// The path of the list. The page of an endpoint is below it.
pub(super) const PATH: &str = "/console/settings/webhooks";

#[derive(Template)]
#[template(path = "delivery/webhook_endpoints.html")]
struct ListPage {
    t: Words,
    shell: Shell,
    endpoints: Vec<Listed>,
    /// Whether an endpoint can be made.
    can_keep_secrets: bool,
    /// Whether the form that makes an endpoint or a secret was sent again.
    sent_again: bool,
}

/// An endpoint in the list.
struct Listed {
    id: WebhookEndpointId,
    url: String,
    description: Option<String>,
    types: String,
    state: State,
}

/// How an endpoint stands, in words.
struct State {
    /// Whether webhooks are sent.
    active: String,
    /// Whether they are not, or not as they should be.
    warn: bool,
    /// What its owner should know.
    troubles: Vec<String>,
    /// How far it is behind.
    behind: String,
}

#[derive(Template)]
#[template(path = "delivery/webhook_endpoint.html")]
struct EndpointPage {
    t: Words,
    shell: Shell,
    id: WebhookEndpointId,
    url: String,
    description: Option<String>,
    types: String,
    ordered: bool,
    state: State,
    /// Whether a test can be sent.
    can_test: bool,
    /// Until when webhooks are also signed with the secret before.
    previous_until: Option<String>,
    said: Said,
    deliveries: Deliveries,
}

/// What the page of an endpoint tells first.
enum Said {
    Nothing,
    /// Something was done, as the text with this key tells.
    Done(&'static str),
    /// There is a new secret. It is shown this once.
    Secret(WebhookSecret),
    /// What came of a test.
    Tested(Attempt),
    /// There were too many tests.
    TooManyTests,
}

impl Said {
    /// What the query of the page says, after a form was carried out.
    fn by(query: &HashMap<String, String>) -> Self {
        let done = [
            ("saved", "settings-saved"),
            (Continuation::WhereItStopped.as_str(), "webhook-continued"),
            (Continuation::OldestKept.as_str(), "webhook-continued-with-oldest"),
            ("replayed", "webhook-replayed"),
        ];
        let done = done.into_iter().find(|(name, _)| query.contains_key(*name));
        done.map_or(Self::Nothing, |(_, key)| Self::Done(key))
    }

    fn title(&self, t: Words) -> String {
        t.text(match self {
            Self::Nothing => "webhook-title",
            Self::Done(key) => key,
            Self::Secret(_) => "webhook-secret-title",
            Self::Tested(_) => "webhook-tested",
            Self::TooManyTests => "webhook-too-many-tests",
        })
    }
}

impl State {
    fn of(t: Words, clock: &WallClock, endpoint: &WebhookEndpoint, standing: &Standing) -> Self {
        let active = match (endpoint.terms.active, endpoint.disabled) {
            (true, _) => "webhook-active",
            (false, None) => "webhook-inactive",
            (false, Some(Disabling::Gone)) => "webhook-gone",
            (false, Some(Disabling::Failing)) => "webhook-failing",
        };
        let mut troubles = Vec::new();
        if !standing.can_sign {
            troubles.push(t.text("webhook-can-not-sign"));
        }
        if let Some(since) = standing.failing_since {
            troubles.push(t.of("webhook-failing-since", "when", t.instant(clock, since)));
        }
        if standing.waits_for.is_some() {
            troubles.push(t.text("webhook-waits"));
        } else if standing.blocked {
            troubles.push(t.text("webhook-blocked"));
        }
        // The one for which it waits was just told.
        if standing.open > u64::from(standing.waits_for.is_some()) {
            troubles.push(t.count("webhook-open", standing.open));
        }
        Self {
            active: t.text(active),
            warn: !endpoint.terms.active || !troubles.is_empty(),
            troubles,
            behind: match standing.waiting_since {
                None => t.text("webhook-up-to-date"),
                Some(since) => t.of("webhook-behind-since", "when", t.instant(clock, since)),
            },
        }
    }
}

async fn list_page(shared: &Shared, signed_in: &SignedIn, sent_again: bool) -> Result<ListPage, PageError> {
    let (t, caller) = (signed_in.words(), signed_in.caller());
    let clock = signed_in.wall_clock(shared).await?;
    let endpoints = &shared.application.delivery.webhook_endpoints;
    let mut listed = Vec::new();
    for endpoint in endpoints.list(caller).await? {
        let standing = match endpoints.standing(caller, &endpoint).await {
            // Somebody has removed it meanwhile.
            Err(Failure::Refused(_)) => continue,
            standing => standing?,
        };
        listed.push(Listed {
            id: endpoint.id,
            state: State::of(t, &clock, &endpoint, &standing),
            types: t.types(&endpoint.terms.types),
            url: endpoint.terms.url.as_str().to_owned(),
            description: described(&endpoint),
        });
    }
    Ok(ListPage {
        t,
        shell: Shell::new(signed_in, Section::Settings, t.text("nav-webhooks")),
        endpoints: listed,
        can_keep_secrets: endpoints.can_keep_secrets(),
        sent_again,
    })
}

fn described(endpoint: &WebhookEndpoint) -> Option<String> {
    let description = endpoint.terms.description.as_ref();
    description.map(|description| description.as_str().to_owned())
}

pub(super) async fn list(shared: Data<Shared>, signed_in: SignedIn) -> Result<HttpResponse, PageError> {
    page::ok(&list_page(&shared, &signed_in, false).await?)
}

async fn endpoint_page(
    shared: &Shared,
    signed_in: &SignedIn,
    endpoint: &WebhookEndpoint,
    said: Said,
    query: &HashMap<String, String>,
) -> Result<EndpointPage, PageError> {
    let (t, caller) = (signed_in.words(), signed_in.caller());
    let clock = signed_in.wall_clock(shared).await?;
    let endpoints = &shared.application.delivery.webhook_endpoints;
    let standing = found(endpoints.standing(caller, endpoint).await)?;
    let previous = endpoint.previous_secret.as_ref().map(|(_, until)| *until);
    Ok(EndpointPage {
        t,
        shell: Shell::new(signed_in, Section::Settings, said.title(t)),
        id: endpoint.id,
        url: endpoint.terms.url.as_str().to_owned(),
        description: described(endpoint),
        types: t.types(&endpoint.terms.types),
        ordered: endpoint.terms.ordered,
        state: State::of(t, &clock, endpoint, &standing),
        can_test: standing.can_sign,
        previous_until: previous
            .filter(|until| *until > clock.now)
            .map(|until| t.instant(&clock, until)),
        said,
        deliveries: Deliveries::read(shared, signed_in, &clock, endpoint.id, query).await?,
    })
}

/// The endpoint that a path names.
pub(super) async fn endpoint(
    shared: &Shared,
    signed_in: &SignedIn,
    id: &str,
) -> Result<WebhookEndpoint, PageError> {
    let id: WebhookEndpointId = id.parse().map_err(|_| PageError::NotFound)?;
    let endpoints = &shared.application.delivery.webhook_endpoints;
    found(endpoints.get(signed_in.caller(), id).await)
}

pub(super) async fn show(
    shared: Data<Shared>,
    signed_in: SignedIn,
    id: Path<String>,
    query: Query<HashMap<String, String>>,
) -> Result<HttpResponse, PageError> {
    let endpoint = endpoint(&shared, &signed_in, &id).await?;
    let said = Said::by(&query);
    page::ok(&endpoint_page(&shared, &signed_in, &endpoint, said, &query).await?)
}

/// Shows a new secret, this once.
async fn show_secret(
    shared: &Shared,
    signed_in: &SignedIn,
    endpoint: &WebhookEndpoint,
    secret: WebhookSecret,
) -> Result<HttpResponse, PageError> {
    tracing::info!(
        request_id = signed_in.visit.id.as_str(), account = %endpoint.account_id, user = %signed_in.visitor.user.id, endpoint = %endpoint.id,
        "a webhook secret was made"
    );
    let said = Said::Secret(secret);
    page::ok(&endpoint_page(shared, signed_in, endpoint, said, &HashMap::new()).await?)
}

/// Sends a webhook that tells of nothing, and shows what came of it.
pub(super) async fn test(
    shared: Data<Shared>,
    signed_in: SignedIn,
    id: Path<String>,
) -> Result<HttpResponse, PageError> {
    let endpoint = endpoint(&shared, &signed_in, &id).await?;
    let endpoints = &shared.application.delivery.webhook_endpoints;
    let query = HashMap::new();
    match endpoints.test(signed_in.caller(), endpoint.id).await {
        Ok(attempt) => {
            let said = Said::Tested(Attempt::of(signed_in.words(), attempt));
            page::ok(&endpoint_page(&shared, &signed_in, &endpoint, said, &query).await?)
        }
        Err(Failure::Refused(WebhookRefusal::TooManyTests)) => {
            let said = Said::TooManyTests;
            page::refused(&endpoint_page(&shared, &signed_in, &endpoint, said, &query).await?)
        }
        failed => Err(found(failed).err().unwrap_or(PageError::Internal)),
    }
}
