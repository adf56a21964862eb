//! What is told to others: sending webhooks.

mod sender;

pub use sender::{OutgoingWebhook, SentWebhook, WebhookSender};

#[cfg(feature = "mocks")]
pub use sender::MockWebhookSender;
