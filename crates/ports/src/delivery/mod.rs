//! What others are told: the log of changes, and webhooks.

mod change;
mod sender;
mod webhook;

pub use change::{
    ActedBy, ChangeFilter, ChangePosition, ChangeStore, FeedKey, Logged, Recent, SCAN, Scanned,
};
pub use sender::{OutgoingWebhook, SentWebhook, WebhookSender};
pub use webhook::{
    DeliveryPage, DueLane, KEPT_SUCCESSES, Lane, LaneStore, PlacedDelivery, WebhookEndpointStore,
};

#[cfg(feature = "mocks")]
pub use {
    change::MockChangeStore, sender::MockWebhookSender, webhook::MockLaneStore,
    webhook::MockWebhookEndpointStore,
};

use std::sync::Arc;

/// A store that honours all ports of this context.
pub trait DeliveryPorts: ChangeStore + WebhookEndpointStore + LaneStore + 'static {}

impl<S: ChangeStore + WebhookEndpointStore + LaneStore + 'static> DeliveryPorts for S {}

/// The stores of this context.
#[derive(Clone)]
pub struct DeliveryStores {
    /// The log of changes.
    pub changes: Arc<dyn ChangeStore>,
    /// Webhook endpoints.
    pub webhook_endpoints: Arc<dyn WebhookEndpointStore>,
    /// Their lanes and deliveries.
    pub lanes: Arc<dyn LaneStore>,
}

impl DeliveryStores {
    /// Views one store through each of this context's ports.
    pub fn of<S: DeliveryPorts>(store: &Arc<S>) -> Self {
        Self {
            changes: store.clone(),
            webhook_endpoints: store.clone(),
            lanes: store.clone(),
        }
    }
}
