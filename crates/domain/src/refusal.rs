//! What all refusals have in common. Each aggregate has one enum of refusals. A refusal travels unchanged from the rule
//! or store that refuses to the adapter that tells the caller.

use std::error::Error;

/// The reason for which a rule, or the store's guard of that rule, refuses something.
pub trait Refusal: Error + Clone + PartialEq + Send + Sync + 'static {}

/// A refusal to change something that has versions.
pub trait ChangeRefusal: Refusal {
    /// The resource is no longer in the version that the change is based on, or doesn't satisfy the precondition.
    const VERSION_MISMATCH: Self;
}
