//! What is told to others: where webhooks go, and how they are signed.

mod public_address;
mod receiver_url;
mod send_failure;
mod webhook_secret;

pub use public_address::{Reachable, is_public};
pub use receiver_url::ReceiverUrl;
pub use send_failure::SendFailure;
pub use webhook_secret::WebhookSecret;
