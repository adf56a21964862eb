//! Changes: what was done to the data of an account, in the order in which it can be read.

use crate::{AccountId, ApiKeyId, ChangeType, CustomerId, MalformedId, ObjectId, Timestamp, UserId, Version};
use std::{fmt, str::FromStr};

/// The id of a [`Change`]. As text it is `chg_` and 24 hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChangeId(ObjectId);

impl ChangeId {
    /// Wraps a new or a stored id.
    #[must_use]
    pub const fn new(id: ObjectId) -> Self {
        Self(id)
    }

    /// The bytes, most significant first.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 12] {
        self.0.as_bytes()
    }
}

impl fmt::Display for ChangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "chg_{}", self.0)
    }
}

impl FromStr for ChangeId {
    type Err = MalformedId;

    fn from_str(text: &str) -> Result<Self, MalformedId> {
        text.strip_prefix("chg_").ok_or(MalformedId)?.parse().map(Self)
    }
}

/// Who does something in an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Actor {
    /// The holder of that API key.
    ApiKey(ApiKeyId),
    /// That user of the account.
    User(UserId),
    /// The operator, or the server itself: a hold expires, for example, or a payment system tells of a payment.
    System,
}

/// A change of one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The change's id.
    pub id: ChangeId,
    /// The account whose data has changed.
    pub account: AccountId,
    /// What was done, and to what kind of resource.
    pub kind: ChangeType,
    /// When it was done.
    pub at: Timestamp,
    /// The resource's id.
    pub subject: ObjectId,
    /// The resource's version after the change. The versions of one resource rise. `None` if it counts no versions.
    pub version: Option<Version>,
    /// The customer whom it is about, if it is about one.
    pub customer: Option<CustomerId>,
    /// Who did it.
    pub actor: Actor,
    /// The request with which it was done. The server itself acts without one.
    pub request: Option<String>,
    /// What the resource was and is.
    pub data: ChangeData,
}

/// The states of a changed resource, as JSON texts. They are opaque to everything but the adapter that renders them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct ChangeData {
    /// The state after the change or, of something that was removed, the last one. `None` if the texts would be too
    /// long.
    pub object: Option<String>,
    /// The former values of the fields that have changed, if the resource was there before.
    pub previous: Option<String>,
}

impl ChangeData {
    /// The most bytes of both texts together. Beyond it, a change has neither.
    pub const MAX_BYTES: usize = 64 * 1024;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_a_prefix() {
        let id = ChangeId::new(ObjectId::from_bytes([7; 12]));
        assert_eq!(id.to_string(), "chg_070707070707070707070707");
        assert_eq!(id.to_string().parse(), Ok(id));
        for text in [
            "070707070707070707070707",
            "chg_07",
            "evt_070707070707070707070707",
        ] {
            assert_eq!(text.parse::<ChangeId>(), Err(MalformedId), "{text}");
        }
    }
}
