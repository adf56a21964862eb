//! What others are told: the log of changes, and webhooks.

mod change;
mod sender;

pub use change::{ActedBy, ChangeFilter, ChangePosition, ChangeStore, FeedKey, Logged, SCAN, Scanned};
pub use sender::{OutgoingWebhook, SentWebhook, WebhookSender};

#[cfg(feature = "mocks")]
pub use {change::MockChangeStore, sender::MockWebhookSender};

use std::sync::Arc;

/// A store that honours all ports of this context.
pub trait DeliveryPorts: ChangeStore + 'static {}

impl<S: ChangeStore + 'static> DeliveryPorts for S {}

/// The stores of this context.
#[derive(Clone)]
pub struct DeliveryStores {
    /// The log of changes.
    pub changes: Arc<dyn ChangeStore>,
}

impl DeliveryStores {
    /// Views one store through each of this context's ports.
    pub fn of<S: DeliveryPorts>(store: &Arc<S>) -> Self {
        Self {
            changes: store.clone(),
        }
    }
}
