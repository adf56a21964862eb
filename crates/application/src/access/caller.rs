//! Who is calling: one value that travels with every use case.

use chatgrow_domain::{AccountId, ApiKeyId};
use std::sync::Arc;

/// Whom a request comes from, and what it may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The account whose data the request may touch.
    pub account: AccountId,
    /// Who acts.
    pub actor: Actor,
    /// What the request may do.
    pub scopes: Scopes,
    /// Which request it is.
    pub request_id: RequestId,
}

/// Who does something in an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// Whoever holds that API key.
    ApiKey(ApiKeyId),
}

/// What a caller may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scopes {
    /// Everything in its account.
    All,
}

/// The id of a request, by which its log line, its answer and whatever it causes are found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// Takes an id: visible ASCII characters.
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
