//! Deliveries over HTTP.

use crate::{
    access::authentication::Authenticated,
    delivery::{
        webhook_endpoint::named,
        webhook_values::{Answer, Attempts, Millis, Status},
    },
    error::{ApiError, Problem},
    fields::Fields,
    query::{Parameter, Query},
    responses::Done,
    value::{Count, Cursor, Resource, Shown, Success},
};
use actix_web::web::{Data, Path};
use chatgrow_application::Application;
use chatgrow_domain as domain;
use chatgrow_domain::{
    ChangeId, ChangeType, DeliveryStatus, LastAttempt, PageLimit, SendFailure, Timestamp, WebhookEndpointId,
};
use chatgrow_ports::DeliveryPage;
use paperclip::actix::{Apiv2Schema, api_v2_operation};
use serde::{Deserialize, Serialize};
use std::num::NonZeroU16;

/// One try to send a webhook.
#[derive(Serialize, Apiv2Schema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Attempt {
    /// When it began.
    at: Shown<Timestamp>,
    /// Whether the receiver has taken the webhook in: it has answered with a status of 2xx.
    succeeded: Shown<bool>,
    /// The status of the answer; `null` if there was no whole answer.
    status: Shown<Option<Status>>,
    /// Why there was no whole answer; `null` if there was one.
    failure: Shown<Option<SendFailure>>,
    /// The beginning of the answer; `null` if it is not kept.
    answer: Shown<Option<Answer>>,
    /// How many milliseconds it took.
    took_ms: Shown<Millis>,
}

impl From<LastAttempt> for Attempt {
    fn from(attempt: LastAttempt) -> Self {
        Self {
            at: Shown(attempt.at),
            succeeded: Shown(attempt.succeeded()),
            status: Shown(attempt.outcome.ok().map(Status)),
            failure: Shown(attempt.outcome.err()),
            answer: Shown(attempt.answer.map(Answer)),
            took_ms: Shown(Millis(attempt.took_millis)),
        }
    }
}

/// What came of a test.
#[derive(Serialize, Apiv2Schema)]
pub(crate) struct AttemptResponse {
    /// Always `true`: the webhook was sent, however it went.
    pub(super) success: Success,
    /// The try.
    pub(super) attempt: Resource<Attempt>,
}

/// A change on its way to an endpoint.
#[derive(Serialize, Apiv2Schema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Delivery {
    /// The change.
    change_id: Shown<ChangeId>,
    /// The change's type.
    #[serde(rename = "type")]
    kind: Shown<ChangeType>,
    /// How it stands.
    status: Shown<DeliveryStatus>,
    /// How often it was tried.
    attempts: Shown<Attempts>,
    /// The last try.
    last_attempt: Resource<Attempt>,
    /// When it is tried again; `null` if it is not.
    next_at: Shown<Option<Timestamp>>,
}

impl From<domain::Delivery> for Delivery {
    fn from(delivery: domain::Delivery) -> Self {
        Self {
            change_id: Shown(delivery.change),
            kind: Shown(delivery.kind),
            status: Shown(delivery.status),
            attempts: Shown(Attempts(delivery.attempts)),
            last_attempt: Resource(delivery.last.into()),
            next_at: Shown(delivery.next_at),
        }
    }
}

/// One delivery.
#[derive(Serialize, Apiv2Schema)]
pub(crate) struct DeliveryResponse {
    /// Always `true`.
    success: Success,
    /// The delivery.
    delivery: Resource<Delivery>,
}

impl From<domain::Delivery> for DeliveryResponse {
    fn from(delivery: domain::Delivery) -> Self {
        Self {
            success: Success,
            delivery: Resource(delivery.into()),
        }
    }
}

/// A page of deliveries, newest change first.
#[derive(Serialize, Apiv2Schema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeliveryList {
    /// Always `true`.
    success: Success,
    /// How many deliveries this answer holds.
    count: Shown<Count>,
    /// The deliveries.
    deliveries: Vec<Resource<Delivery>>,
    /// Where the next page begins: send it back as `cursor`. `null` on the last page.
    next_cursor: Shown<Option<Cursor>>,
}

/// Which deliveries are wanted.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(default)]
pub(crate) struct ListDeliveries {
    /// Only those that stand so.
    status: Parameter<DeliveryStatus>,
    /// The most deliveries in this answer.
    limit: Parameter<PageLimit>,
    /// The `nextCursor` of the answer before.
    cursor: Parameter<Cursor>,
}

impl ListDeliveries {
    fn into_domain(self) -> Result<DeliveryPage, ApiError> {
        let mut fields = Fields::default();
        let status = fields.parameter("status", self.status);
        let limit = fields.parameter("limit", self.limit);
        let before = match fields.parameter("cursor", self.cursor) {
            Some(Some(Cursor(text))) => match text.parse::<ChangeId>() {
                Ok(change) => Some(Some(change)),
                Err(_) => fields.refuse("cursor", "must be the nextCursor of an earlier answer"),
            },
            Some(None) => Some(None),
            None => None,
        };
        let (Some(status), Some(limit), Some(before)) = (status, limit, before) else {
            return Err(fields.into_error());
        };
        let limit = limit.unwrap_or(PageLimit::DEFAULT).get();
        Ok(DeliveryPage {
            status,
            before,
            limit: NonZeroU16::new(limit).unwrap_or(NonZeroU16::MIN),
        })
    }
}

/// The errors of [`list`].
pub(crate) const LIST_ERRORS: &[Problem] = &[Problem::WebhookEndpointNotFound];

/// List deliveries
///
/// Newest change first: all that have failed, and the last thousand that have arrived, for 30 days.
#[api_v2_operation(operation_id = "listDeliveries", tags("Webhooks"))]
pub(crate) async fn list(
    caller: Authenticated,
    application: Data<Application>,
    path: Path<String>,
    query: Query<ListDeliveries>,
) -> Result<Done<DeliveryList>, ApiError> {
    let (page, id) = (query.0.into_domain()?, named(&path)?);
    let endpoints = &application.delivery.webhook_endpoints;
    let deliveries = endpoints.deliveries(&caller.0, id, page).await?;
    let more = deliveries.len() == usize::from(page.limit.get());
    let last = deliveries.last().filter(|_| more);
    Ok(Done::new(DeliveryList {
        success: Success,
        count: Shown(Count(deliveries.len())),
        next_cursor: Shown(last.map(|last| Cursor(last.change.to_string()))),
        deliveries: deliveries
            .into_iter()
            .map(|delivery| Resource(delivery.into()))
            .collect(),
    }))
}

/// The errors of [`retry`].
pub(crate) const RETRY_ERRORS: &[Problem] = &[Problem::WebhookEndpointNotFound, Problem::DeliveryNotFound];

/// Retry a delivery
///
/// Tries it again as soon as possible, however it stands.
#[api_v2_operation(operation_id = "retryDelivery", tags("Webhooks"))]
pub(crate) async fn retry(
    caller: Authenticated,
    application: Data<Application>,
    path: Path<(String, String)>,
) -> Result<Done<DeliveryResponse>, ApiError> {
    let (endpoint, change) = path.into_inner();
    let id: WebhookEndpointId = named(&endpoint)?;
    let change = change.parse().map_err(|_| Problem::DeliveryNotFound)?;
    let endpoints = &application.delivery.webhook_endpoints;
    Ok(Done::new(endpoints.retry(&caller.0, id, change).await?.into()))
}

/// The errors of [`skip`].
pub(crate) const SKIP_ERRORS: &[Problem] = &[Problem::WebhookEndpointNotFound, Problem::NothingToSkip];

/// Skip the change for which an ordered webhook endpoint waits
///
/// It is given up, and the endpoint goes on behind it.
#[api_v2_operation(operation_id = "skipWebhook", tags("Webhooks"))]
pub(crate) async fn skip(
    caller: Authenticated,
    application: Data<Application>,
    path: Path<String>,
) -> Result<Done<DeliveryResponse>, ApiError> {
    let endpoints = &application.delivery.webhook_endpoints;
    Ok(Done::new(
        endpoints.skip(&caller.0, named(&path)?, None).await?.into(),
    ))
}
