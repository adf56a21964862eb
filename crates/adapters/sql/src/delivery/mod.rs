//! What others are told: the log of changes, and webhooks.

pub mod change;
pub mod feed;
pub mod lane;
pub mod webhook_endpoint;
