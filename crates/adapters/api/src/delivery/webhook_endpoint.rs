//! Webhook endpoints over HTTP.

mod requests;

use crate::{
    access::authentication::Authenticated,
    body::Body,
    commit::{Reply, Write},
    delivery::{
        delivery::{Attempt, AttemptResponse},
        webhook_values::Pattern,
    },
    error::{ApiError, Problem},
    responses::{Confirmation, Created, Done, Located},
    value::{Count, Resource, Shown, Success},
};
use actix_web::web::{Data, Path};
use chatgrow_application::{Application, Edited, Effect, WithSecret};
use chatgrow_domain as domain;
use chatgrow_domain::{
    Continuation, Disabling, ReceiverUrl, Timestamp, WebhookDescription, WebhookEndpointId, WebhookRefusal,
    WebhookSecret,
};
use paperclip::actix::{Apiv2Schema, api_v2_operation};
use requests::{CreateWebhookEndpoint, EditWebhookEndpoint, ReplayWebhooks};
use serde::Serialize;

/// Where the account is told of its changes.
#[derive(Serialize, Apiv2Schema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WebhookEndpoint {
    /// The endpoint's id.
    id: Shown<WebhookEndpointId>,
    /// Where webhooks go.
    url: Shown<ReceiverUrl>,
    /// Of which changes it is told.
    types: Vec<Shown<Pattern>>,
    /// What it is for.
    description: Shown<Option<WebhookDescription>>,
    /// Whether webhooks are sent.
    active: Shown<bool>,
    /// Whether a change waits until the one before it has arrived.
    ordered: Shown<bool>,
    /// Why the server has stopped sending, if it has.
    disabled: Shown<Option<Disabling>>,
    /// Until when webhooks are also signed with the secret before; `null` if there is none.
    previous_secret_until: Shown<Option<Timestamp>>,
    /// When it was created.
    created_at: Shown<Timestamp>,
    /// When it last changed.
    updated_at: Shown<Timestamp>,
    /// The secret with which webhooks are signed. It is shown only once, when it is made; otherwise `null`.
    secret: Shown<Option<WebhookSecret>>,
    /// With which change it goes on. It is shown only once, when the endpoint is switched on; otherwise `null`.
    continues_with: Shown<Option<Continuation>>,
}

impl From<domain::WebhookEndpoint> for WebhookEndpoint {
    fn from(endpoint: domain::WebhookEndpoint) -> Self {
        let terms = endpoint.terms;
        let patterns = terms.types.patterns().iter().cloned();
        Self {
            id: Shown(endpoint.id),
            types: patterns.map(|pattern| Shown(Pattern(pattern))).collect(),
            url: Shown(terms.url),
            description: Shown(terms.description),
            active: Shown(terms.active),
            ordered: Shown(terms.ordered),
            disabled: Shown(endpoint.disabled),
            previous_secret_until: Shown(endpoint.previous_secret.map(|(_, until)| until)),
            created_at: Shown(endpoint.created_at),
            updated_at: Shown(endpoint.updated_at),
            secret: Shown(None),
            continues_with: Shown(None),
        }
    }
}

/// One webhook endpoint.
#[derive(Serialize, Apiv2Schema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WebhookEndpointResponse {
    /// Always `true`.
    success: Success,
    /// The endpoint.
    webhook_endpoint: Resource<WebhookEndpoint>,
}

impl From<domain::WebhookEndpoint> for WebhookEndpointResponse {
    fn from(endpoint: domain::WebhookEndpoint) -> Self {
        Self {
            success: Success,
            webhook_endpoint: Resource(endpoint.into()),
        }
    }
}

/// All webhook endpoints of the account, oldest first.
#[derive(Serialize, Apiv2Schema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WebhookEndpointList {
    /// Always `true`.
    success: Success,
    /// How many there are.
    count: Shown<Count>,
    /// The endpoints.
    webhook_endpoints: Vec<Resource<WebhookEndpoint>>,
}

/// The endpoint that a path names. A path segment that is not an id names no endpoint.
pub(super) fn named(path: &str) -> Result<WebhookEndpointId, ApiError> {
    path.parse().map_err(|_| Problem::WebhookEndpointNotFound.into())
}

impl Located for domain::WebhookEndpoint {
    fn location(&self) -> String {
        format!("/webhook-endpoints/{}", self.id)
    }
}

impl From<&Effect<domain::WebhookEndpoint>> for Done<Confirmation> {
    fn from(_: &Effect<domain::WebhookEndpoint>) -> Self {
        Confirmation::new("Webhook endpoint removed successfully")
    }
}

impl From<WebhookRefusal> for ApiError {
    fn from(refusal: WebhookRefusal) -> Self {
        match refusal {
            WebhookRefusal::NotFound => Problem::WebhookEndpointNotFound.into(),
            WebhookRefusal::TooMany | WebhookRefusal::PlaceTaken => Problem::TooManyWebhookEndpoints.into(),
            WebhookRefusal::NoSecretsKey => Self::without_secrets_key(),
            WebhookRefusal::Url(why) => Self::of_field("url", why.to_string()),
            WebhookRefusal::DeliveryNotFound => Problem::DeliveryNotFound.into(),
            WebhookRefusal::NothingToSkip => Problem::NothingToSkip.into(),
            WebhookRefusal::TooManyTests => {
                Self::rate_limited(60).with_message("A webhook endpoint can be tested six times a minute")
            }
            WebhookRefusal::VersionMismatch => Problem::VersionMismatch.into(),
        }
    }
}

/// The errors of [`create`].
pub(crate) const CREATE_ERRORS: &[Problem] = &[Problem::TooManyWebhookEndpoints];

/// Create a webhook endpoint
///
/// It is told of what changes from now on. The answer shows the secret, this once: a repetition with the same
/// `Idempotency-Key` shows `null` in its place.
#[api_v2_operation(operation_id = "createWebhookEndpoint", tags("Webhooks"))]
pub(crate) async fn create(
    application: Data<Application>,
    write: Write<Created<WebhookEndpointResponse>>,
    body: Body<CreateWebhookEndpoint>,
) -> Result<Reply<Created<WebhookEndpointResponse>>, ApiError> {
    let new = body.0.into_domain()?;
    let (request, replies) = write.request()?;
    let endpoints = &application.delivery.webhook_endpoints;
    let WithSecret { outcome, secret } = endpoints.create(&request, new).await?;
    let show = |created: Created<WebhookEndpointResponse>| {
        created.with(|body| body.webhook_endpoint.0.secret = Shown(Some(secret)))
    };
    Ok(replies.to(outcome)?.once(show))
}

/// The errors of [`list`].
pub(crate) const LIST_ERRORS: &[Problem] = &[];

/// List webhook endpoints
///
/// Oldest first. There are at most 50.
#[api_v2_operation(operation_id = "listWebhookEndpoints", tags("Webhooks"))]
pub(crate) async fn list(
    caller: Authenticated,
    application: Data<Application>,
) -> Result<Done<WebhookEndpointList>, ApiError> {
    let endpoints = application.delivery.webhook_endpoints.list(&caller.0).await?;
    Ok(Done::new(WebhookEndpointList {
        success: Success,
        count: Shown(Count(endpoints.len())),
        webhook_endpoints: endpoints
            .into_iter()
            .map(|endpoint| Resource(endpoint.into()))
            .collect(),
    }))
}

/// The errors of [`get`].
pub(crate) const GET_ERRORS: &[Problem] = &[Problem::WebhookEndpointNotFound];

/// Get a webhook endpoint
///
/// It shows why the server has stopped sending, if it has.
#[api_v2_operation(operation_id = "getWebhookEndpoint", tags("Webhooks"))]
pub(crate) async fn get(
    caller: Authenticated,
    application: Data<Application>,
    path: Path<String>,
) -> Result<Done<WebhookEndpointResponse>, ApiError> {
    let endpoints = &application.delivery.webhook_endpoints;
    Ok(Done::of(endpoints.get(&caller.0, named(&path)?).await?))
}

/// The errors of [`edit`].
pub(crate) const EDIT_ERRORS: &[Problem] = &[Problem::WebhookEndpointNotFound, Problem::VersionMismatch];

/// Update a webhook endpoint
///
/// Changes only the fields that are sent. One that is switched on again goes on where it stopped, or with the oldest
/// change that is kept; `continuesWith` says which.
#[api_v2_operation(operation_id = "updateWebhookEndpoint", tags("Webhooks"))]
pub(crate) async fn edit(
    application: Data<Application>,
    path: Path<String>,
    write: Write<Done<WebhookEndpointResponse>>,
    body: Body<EditWebhookEndpoint>,
) -> Result<Reply<Done<WebhookEndpointResponse>>, ApiError> {
    let (edit, id) = (body.0.into_domain()?, named(&path)?);
    let (request, replies) = write.request()?;
    let endpoints = &application.delivery.webhook_endpoints;
    let Edited { outcome, continues } = endpoints.edit(&request, id, edit).await?;
    let show = |done: Done<WebhookEndpointResponse>| {
        done.with(|body| body.webhook_endpoint.0.continues_with = Shown(continues))
    };
    Ok(replies.to(outcome)?.once(show))
}

/// The errors of [`remove`].
pub(crate) const REMOVE_ERRORS: &[Problem] = &[Problem::WebhookEndpointNotFound, Problem::VersionMismatch];

/// Remove a webhook endpoint
///
/// For good, with its deliveries.
#[api_v2_operation(operation_id = "removeWebhookEndpoint", tags("Webhooks"))]
pub(crate) async fn remove(
    application: Data<Application>,
    path: Path<String>,
    write: Write<Done<Confirmation>>,
) -> Result<Reply<Done<Confirmation>>, ApiError> {
    let id = named(&path)?;
    let (request, replies) = write.request()?;
    let endpoints = &application.delivery.webhook_endpoints;
    replies.to(endpoints.remove(&request, id).await?)
}

/// The errors of [`rotate`].
pub(crate) const ROTATE_ERRORS: &[Problem] = &[Problem::WebhookEndpointNotFound, Problem::VersionMismatch];

/// Rotate the secret of a webhook endpoint
///
/// Makes another secret, and shows it as that of a new endpoint is shown. For a day, webhooks are signed with both.
#[api_v2_operation(operation_id = "rotateWebhookSecret", tags("Webhooks"))]
pub(crate) async fn rotate(
    application: Data<Application>,
    path: Path<String>,
    write: Write<Done<WebhookEndpointResponse>>,
) -> Result<Reply<Done<WebhookEndpointResponse>>, ApiError> {
    let id = named(&path)?;
    let (request, replies) = write.request()?;
    let endpoints = &application.delivery.webhook_endpoints;
    let WithSecret { outcome, secret } = endpoints.rotate(&request, id).await?;
    let show = |done: Done<WebhookEndpointResponse>| {
        done.with(|body| body.webhook_endpoint.0.secret = Shown(Some(secret)))
    };
    Ok(replies.to(outcome)?.once(show))
}

/// The errors of [`test()`].
pub(crate) const TEST_ERRORS: &[Problem] = &[Problem::WebhookEndpointNotFound];

/// Test a webhook endpoint
///
/// Sends a webhook of the type `webhook_endpoint.test` at once, and tells what came of it. Six times a minute at most.
#[api_v2_operation(operation_id = "testWebhookEndpoint", tags("Webhooks"))]
pub(crate) async fn test(
    caller: Authenticated,
    application: Data<Application>,
    path: Path<String>,
) -> Result<Done<AttemptResponse>, ApiError> {
    let endpoints = &application.delivery.webhook_endpoints;
    let attempt = endpoints.test(&caller.0, named(&path)?).await?;
    Ok(Done::new(AttemptResponse {
        success: Success,
        attempt: Resource(Attempt::from(attempt)),
    }))
}

/// The errors of [`replay`].
pub(crate) const REPLAY_ERRORS: &[Problem] = &[Problem::WebhookEndpointNotFound];

/// Replay changes to a webhook endpoint
///
/// Sends every change again that was made since then and is kept, also those that have arrived, and perhaps some of the
/// minute before.
#[api_v2_operation(operation_id = "replayWebhooks", tags("Webhooks"))]
pub(crate) async fn replay(
    caller: Authenticated,
    application: Data<Application>,
    path: Path<String>,
    body: Body<ReplayWebhooks>,
) -> Result<Done<Confirmation>, ApiError> {
    let (since, id) = (body.0.into_domain()?, named(&path)?);
    let endpoints = &application.delivery.webhook_endpoints;
    endpoints.replay(&caller.0, id, since).await?;
    Ok(Confirmation::new("The changes are being sent again"))
}
