//! Sessions of signed-in users, and links that somebody follows once.
//!
//! Both work like API keys: a random token of which only the SHA-256 digest is stored.

use crate::{AccountId, Refusal, Timestamp, UserId, access::plain_api_key::base62, ids::id_type};
use sha2::{Digest, Sha256};
use std::fmt;

id_type! {
    /// The id of a [`Session`], which is not secret.
    SessionId
}

/// A token in plain text: 256 random bits in base62. It is never stored.
#[derive(Clone, PartialEq, Eq)]
pub struct PlainToken(String);

impl PlainToken {
    const CHARS: usize = 43;

    /// Makes a token from 32 random bytes.
    #[must_use]
    pub fn from_random(bytes: [u8; 32]) -> Self {
        Self(base62::<{ Self::CHARS }>(&bytes))
    }

    /// Parses what a browser sent. Returns `None` if it can't be a token.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_token = text.len() == Self::CHARS && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_token.then(|| Self(text.to_owned()))
    }

    /// The digest, which is what the store keeps.
    #[must_use]
    pub fn digest(&self) -> TokenDigest {
        TokenDigest(Sha256::digest(&self.0).into())
    }

    /// The token in plain text, for its holder.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PlainToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlainToken(…)")
    }
}

/// The SHA-256 digest of a [`PlainToken`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenDigest([u8; 32]);

impl TokenDigest {
    /// Wraps a stored digest.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// A user who has signed in on some browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The session's id.
    pub id: SessionId,
    /// The user's account.
    pub account_id: AccountId,
    /// Who has signed in.
    pub user: UserId,
    /// The digest by which a request's session is found.
    pub digest: TokenDigest,
    /// When the user signed in.
    pub created_at: Timestamp,
    /// When the session was last used, accurate to within minutes.
    pub used_at: Timestamp,
}

impl Session {
    /// For how long an unused session lasts: 30 days.
    pub const LIFETIME_MILLIS: i64 = 30 * 86_400_000;

    /// Whether the session counts at `now`.
    #[must_use]
    pub fn is_valid_at(&self, now: Timestamp) -> bool {
        now.as_millis() - self.used_at.as_millis() < Self::LIFETIME_MILLIS
    }
}

/// A link that can be followed once: to set an account up, or to choose a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The digest of the token in the link.
    pub digest: TokenDigest,
    /// The account.
    pub account_id: AccountId,
    /// Whose password is chosen; `None` sets the account up with its first owner.
    pub user: Option<UserId>,
    /// The instant from which the link no longer works.
    pub expires_at: Timestamp,
}

/// Why a link can't be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LinkRefusal {
    /// It is unknown, was used, or has expired.
    #[error("the link doesn't work any more")]
    Gone,
    /// The time zone database has no such zone.
    #[error("there is no such time zone")]
    UnknownTimeZone,
}

impl Refusal for LinkRefusal {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ObjectId;
    use proptest::prelude::*;

    #[test]
    fn a_session_lasts_as_long_as_it_is_used() {
        let id = |byte| ObjectId::from_bytes([byte; 12]);
        let at = |millis| Timestamp::from_millis(millis).unwrap();
        let session = Session {
            id: SessionId::new(id(1)),
            account_id: AccountId::new(id(2)),
            user: UserId::new(id(3)),
            digest: PlainToken::from_random([7; 32]).digest(),
            created_at: at(0),
            used_at: at(1000),
        };
        assert!(session.is_valid_at(at(Session::LIFETIME_MILLIS + 999)));
        assert!(!session.is_valid_at(at(Session::LIFETIME_MILLIS + 1000)));
    }

    proptest! {
        #[test]
        fn a_token_is_read_back(bytes in any::<[u8; 32]>()) {
            let token = PlainToken::from_random(bytes);
            prop_assert_eq!(PlainToken::parse(token.reveal()), Some(token.clone()));
            prop_assert_eq!(format!("{token:?}"), "PlainToken(…)");
        }

        #[test]
        fn a_foreign_string_is_no_token(text in "[0-9A-Za-z]{0,42}|[0-9A-Za-z]{44,50}|.{43}") {
            let alphanumeric = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
            prop_assert_eq!(PlainToken::parse(&text).is_some(), text.len() == 43 && alphanumeric);
        }
    }
}
