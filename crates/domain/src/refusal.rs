//! What all refusals have in common. Each aggregate has one enum of them, and it travels unchanged from the rule or the store that refuses
//! to the edge that tells the caller.

use std::error::Error;

/// Why the rules, or the guards that keep them in a store, refuse something.
pub trait Refusal: Error + Copy + PartialEq + Send + Sync + 'static {}

/// A refusal of a change to something that has versions.
pub trait ChangeRefusal: Refusal {
    /// What is there now is not in the version that was to be changed.
    const VERSION_MISMATCH: Self;
}
