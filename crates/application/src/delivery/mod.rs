//! What others are told: the log of changes, and the feed that is read from it.

mod feed;
mod recorded;

pub use feed::{Feed, FeedPage, FeedRefusal, FeedStart};
pub use recorded::{Recorded, Representation, Snapshot, Subject};

#[cfg(test)]
pub(crate) use recorded::MockRepresentation;

use crate::System;
use chatgrow_ports::Stores;

/// The use cases of this context.
pub struct Delivery {
    /// The feed of changes.
    pub feed: Feed,
}

impl Delivery {
    pub(crate) fn new(stores: &Stores, system: &System) -> Self {
        Self {
            feed: Feed::new(stores, system),
        }
    }
}
