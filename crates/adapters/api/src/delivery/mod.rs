//! What others are told: the feed of changes, and webhooks.

pub(crate) mod change;
#[expect(clippy::module_inception, reason = "the noun's file is named after it")]
mod delivery;
mod representation;
pub(crate) mod stream;
mod values;
mod webhook_endpoint;
mod webhook_values;

pub use representation::ApiRepresentation;

use crate::routes::{Context, Endpoint, endpoint};
use actix_web::http::Method;
use chatgrow_domain::{ChangeId, Scope, WebhookEndpointId};

const ID: &str = "The endpoint's id.";

/// The paths of changes and webhooks.
pub(crate) fn routes() -> Context {
    let endpoints = [feed(), webhook_endpoints(), deliveries()];
    Context {
        tags: vec![
            (
                "Changes",
                "What was done to the account's data, by whom, in an order without gaps.",
            ),
            (
                "Webhooks",
                "Where the account is told of its changes, and what came of it.",
            ),
        ],
        endpoints: endpoints.into_iter().flatten().collect(),
    }
}

fn feed() -> Vec<Endpoint> {
    let changes = endpoint!("/changes")
        .needs(Scope::ChangesRead, Scope::ChangesRead)
        .on(Method::GET, change::list, change::LIST_ERRORS);
    let stream = endpoint!("/changes/stream")
        .needs(Scope::ChangesRead, Scope::ChangesRead)
        .on(Method::GET, stream::stream, stream::STREAM_ERRORS);
    vec![changes, stream]
}

fn webhook_endpoints() -> Vec<Endpoint> {
    let (read, write) = (Scope::WebhooksRead, Scope::WebhooksWrite);
    let endpoints = endpoint!("/webhook-endpoints")
        .needs(read, write)
        .on(
            Method::POST,
            webhook_endpoint::create,
            webhook_endpoint::CREATE_ERRORS,
        )
        .on(Method::GET, webhook_endpoint::list, webhook_endpoint::LIST_ERRORS);
    let endpoint = endpoint!("/webhook-endpoints/{id}")
        .needs(read, write)
        .names::<WebhookEndpointId>("id", ID)
        .on(Method::GET, webhook_endpoint::get, webhook_endpoint::GET_ERRORS)
        .on(
            Method::PATCH,
            webhook_endpoint::edit,
            webhook_endpoint::EDIT_ERRORS,
        )
        .on(
            Method::DELETE,
            webhook_endpoint::remove,
            webhook_endpoint::REMOVE_ERRORS,
        );
    let rotation = endpoint!("/webhook-endpoints/{id}/rotate-secret")
        .needs(read, write)
        .names::<WebhookEndpointId>("id", ID)
        .on(
            Method::POST,
            webhook_endpoint::rotate,
            webhook_endpoint::ROTATE_ERRORS,
        );
    let test = endpoint!("/webhook-endpoints/{id}/test")
        .needs(read, write)
        .names::<WebhookEndpointId>("id", ID)
        .on(
            Method::POST,
            webhook_endpoint::test,
            webhook_endpoint::TEST_ERRORS,
        );
    vec![endpoints, endpoint, rotation, test]
}

fn deliveries() -> Vec<Endpoint> {
    let (read, write) = (Scope::WebhooksRead, Scope::WebhooksWrite);
    let replay = endpoint!("/webhook-endpoints/{id}/replay")
        .needs(read, write)
        .names::<WebhookEndpointId>("id", ID)
        .on(
            Method::POST,
            webhook_endpoint::replay,
            webhook_endpoint::REPLAY_ERRORS,
        );
    let skip = endpoint!("/webhook-endpoints/{id}/skip")
        .needs(read, write)
        .names::<WebhookEndpointId>("id", ID)
        .on(Method::POST, delivery::skip, delivery::SKIP_ERRORS);
    let deliveries = endpoint!("/webhook-endpoints/{id}/deliveries")
        .needs(read, write)
        .names::<WebhookEndpointId>("id", ID)
        .on(Method::GET, delivery::list, delivery::LIST_ERRORS);
    let retry = endpoint!("/webhook-endpoints/{id}/deliveries/{changeId}/retry")
        .needs(read, write)
        .names::<WebhookEndpointId>("id", ID)
        .names::<ChangeId>("changeId", "The id of the change.")
        .on(Method::POST, delivery::retry, delivery::RETRY_ERRORS);
    vec![replay, skip, deliveries, retry]
}
