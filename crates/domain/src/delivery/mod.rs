//! What others are told: the log of changes, and webhooks.

mod change;
mod change_type;
#[expect(clippy::module_inception, reason = "the noun's file is named after it")]
mod delivery;
mod public_address;
mod receiver_url;
mod send_failure;
mod webhook_endpoint;
mod webhook_secret;

pub use change::{Actor, Change, ChangeData, ChangeId};
pub use change_type::{ChangeType, ChangeTypes, SubjectKind};
pub use delivery::{Delivery, DeliveryStatus, LastAttempt};
pub use public_address::{Reachable, is_public};
pub use receiver_url::ReceiverUrl;
pub use send_failure::SendFailure;
pub use webhook_endpoint::{
    Continuation, Disabling, SealedSecret, TypePatterns, WebhookDescription, WebhookEdit, WebhookEndpoint,
    WebhookEndpointId, WebhookRefusal, WebhookTerms,
};
pub use webhook_secret::WebhookSecret;
