//! What others are told: the log of changes, and webhooks.

mod change;
mod change_type;
mod public_address;
mod receiver_url;
mod send_failure;
mod webhook_secret;

pub use change::{Actor, Change, ChangeData, ChangeId};
pub use change_type::{ChangeType, ChangeTypes, SubjectKind};
pub use public_address::{Reachable, is_public};
pub use receiver_url::ReceiverUrl;
pub use send_failure::SendFailure;
pub use webhook_secret::WebhookSecret;
