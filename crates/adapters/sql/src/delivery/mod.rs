//! What others are told: the log of changes, and webhooks.

pub mod change;
#[expect(clippy::module_inception, reason = "the noun's file is named after it")]
pub mod delivery;
pub mod feed;
pub mod lane;
pub mod webhook_endpoint;
