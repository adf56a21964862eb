//! What others are told: the log of changes.

pub mod change;
pub mod feed;
