//! Who is calling, as one value that every use case of a request takes. (The use cases of operators have no caller.)

use chatgrow_domain::{AccountId, Actor, Policies, Refusal, Scope, Scopes};
use chatgrow_ports::Failure;
use std::sync::Arc;

/// The caller of a request, and what it may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The account whose data the request may touch.
    pub account: AccountId,
    /// Who acts in the account.
    pub actor: Actor,
    /// What the request may do.
    pub scopes: Scopes,
    /// Identifies the request.
    pub request_id: RequestId,
}

impl Caller {
    /// Checks that the caller may do what needs that scope.
    ///
    /// # Errors
    /// [`Failure::NotAllowed`] if it may not.
    pub fn require<R: Refusal>(&self, scope: Scope) -> Result<(), Failure<R>> {
        if self.scopes.permit(scope) {
            Ok(())
        } else {
            Err(Failure::NotAllowed(scope))
        }
    }

    /// Checks that the caller may override the policies, if it does.
    pub(crate) fn require_for<R: Refusal>(&self, policies: Policies) -> Result<(), Failure<R>> {
        match policies {
            Policies::Kept => Ok(()),
            Policies::Overridden => self.require(Scope::PoliciesOverride),
        }
    }
}

/// The id of a request. It links the request's log line, its answer and everything that it causes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// Wraps an id, which consists of visible ASCII characters.
    #[must_use]
    pub fn new(id: &str) -> Self {
        Self(id.into())
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
