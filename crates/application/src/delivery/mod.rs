//! What others are told: the log of changes, the feed that is read from it, and webhooks.

mod feed;
mod lane;
mod receivers;
mod recorded;
mod webhook_endpoint;

pub use feed::{Feed, FeedPage, FeedRefusal, FeedStart, RecentPage};
pub use lane::{Counted, Lag, Lanes};
pub use receivers::ReceiverRules;
pub use recorded::{Recorded, Representation, Snapshot, Subject};
pub use webhook_endpoint::{
    Edited, NewWebhookEndpoint, SentDelivery, Standing, WebhookEndpointEdit, WebhookEndpoints, WithSecret,
};

#[cfg(test)]
pub(crate) use recorded::MockRepresentation;

use crate::{Commits, System};
use chatgrow_domain::Timestamp;
use chatgrow_ports::Stores;

/// The use cases of this context.
pub struct Delivery {
    /// The feed of changes.
    pub feed: Feed,
    /// Webhook endpoints.
    pub webhook_endpoints: WebhookEndpoints,
    /// Sending webhooks.
    pub lanes: Lanes,
}

impl Delivery {
    pub(crate) fn new(stores: &Stores, system: &System, commits: &Commits) -> Self {
        Self {
            feed: Feed::new(stores, system),
            webhook_endpoints: WebhookEndpoints::new(stores, system, commits),
            lanes: Lanes::new(stores, system, commits),
        }
    }
}

/// The instant up to which something is swept that is kept for so many milliseconds. `None` if it is before all instants.
fn due_since(system: &System, kept_millis: i64) -> Option<Timestamp> {
    let now = system.clock.now().as_millis();
    Timestamp::from_millis(now.saturating_sub(kept_millis))
}
