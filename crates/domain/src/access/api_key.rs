//! API keys: how an outside system shows that it may act for an account.

use crate::{
    AccountId, AllowedAddresses, ApiKeyDigest, ApiKeyTerms, ChangeRefusal, KeyRateLimit, Overlap, Refusal,
    Revised, Revision, Scopes, Timestamp, Version, ids::id_type, text::text_type,
};
use std::net::IpAddr;

id_type! {
    /// The id of an [`ApiKey`].
    ApiKeyId
}

text_type! {
    /// What the key is for, in its owner's words.
    ApiKeyName, 100, single line
}

/// A change of some terms. The outer `None` leaves one unchanged; `Some(None)` clears it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApiKeyEdit {
    /// A new name.
    pub name: Option<ApiKeyName>,
    /// Other scopes.
    pub scopes: Option<Scopes>,
    /// Another expiry.
    pub expires_at: Option<Option<Timestamp>>,
    /// Other networks.
    pub allowed_addresses: Option<Option<AllowedAddresses>>,
    /// Another rate limit.
    pub rate_limit: Option<Option<KeyRateLimit>>,
}

/// An API key as it is stored, without its plain text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// The key's id, which is not secret.
    pub id: ApiKeyId,
    /// The account that the key gives access to.
    pub account_id: AccountId,
    /// What it is for, and what it may do.
    pub terms: ApiKeyTerms,
    /// The digest by which a request's key is found.
    pub digest: ApiKeyDigest,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed, rotated or revoked.
    pub updated_at: Timestamp,
    /// When the key was last accepted, accurate to within seconds.
    pub last_used_at: Option<Timestamp>,
    /// When the key was revoked.
    pub revoked_at: Option<Timestamp>,
    /// The key that takes its place.
    pub successor: Option<ApiKeyId>,
    /// Incremented by every change, but not by a use.
    pub version: Version,
}

impl Revised for ApiKey {
    fn revision(&self) -> Revision {
        Revision::of(self.id, [self.version])
    }
}

impl ApiKey {
    /// A new key, which has not been used.
    ///
    /// # Errors
    /// [`ApiKeyRefusal::ExpiryPassed`] if its expiry is not in the future.
    pub fn new(
        id: ApiKeyId,
        account_id: AccountId,
        terms: ApiKeyTerms,
        digest: ApiKeyDigest,
        now: Timestamp,
    ) -> Result<Self, ApiKeyRefusal> {
        let key = Self {
            id,
            account_id,
            terms,
            digest,
            created_at: now,
            updated_at: now,
            last_used_at: None,
            revoked_at: None,
            successor: None,
            version: Version::FIRST,
        };
        if key.is_valid_at(now) {
            Ok(key)
        } else {
            Err(ApiKeyRefusal::ExpiryPassed)
        }
    }

    /// Whether the key is accepted at `now`: it is neither revoked nor expired.
    #[must_use]
    pub fn is_valid_at(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.terms.expires_at.is_none_or(|expiry| now < expiry)
    }

    /// Whether the key may be used from the client's address, which is asked for only if that matters.
    pub fn admits(&self, client: impl FnOnce() -> IpAddr) -> bool {
        let allowed = self.terms.allowed_addresses.as_ref();
        allowed.is_none_or(|allowed| allowed.admit(client()))
    }

    /// The state after `edit`. If nothing changes, the result equals `self`, version included.
    ///
    /// # Errors
    /// [`ApiKeyRefusal::Revoked`] if it is revoked, [`ApiKeyRefusal::Rotated`] if it has a successor and the edit would
    /// make it last longer, or [`ApiKeyRefusal::ExpiryPassed`] if the edit gives it an expiry that is not in the future.
    pub fn edited(&self, edit: ApiKeyEdit, now: Timestamp) -> Result<Self, ApiKeyRefusal> {
        if self.revoked_at.is_some() {
            return Err(ApiKeyRefusal::Revoked);
        }
        let mut next = self.clone();
        let terms = &mut next.terms;
        if let Some(name) = edit.name {
            terms.name = name;
        }
        if let Some(scopes) = edit.scopes {
            terms.scopes = scopes;
        }
        if let Some(expiry) = edit.expires_at {
            if expiry != terms.expires_at && expiry.is_some_and(|expiry| expiry <= now) {
                return Err(ApiKeyRefusal::ExpiryPassed);
            }
            let lasts_longer = terms
                .expires_at
                .is_some_and(|end| expiry.is_none_or(|expiry| expiry > end));
            if let Some(successor) = self.successor.filter(|_| lasts_longer) {
                return Err(ApiKeyRefusal::Rotated(successor));
            }
            terms.expires_at = expiry;
        }
        if let Some(allowed) = edit.allowed_addresses {
            terms.allowed_addresses = allowed;
        }
        if let Some(limit) = edit.rate_limit {
            terms.rate_limit = limit;
        }
        Ok(self.followed_by(next, now))
    }

    /// The revoked state. If it is revoked already, the result equals `self`, version included.
    #[must_use]
    pub fn revoked(&self, now: Timestamp) -> Self {
        let mut next = self.clone();
        next.revoked_at = Some(self.revoked_at.unwrap_or(now));
        self.followed_by(next, now)
    }

    /// The state in which the key gives way to a successor, and the successor. The key expires after the overlap, unless
    /// it expires before. The successor has the terms of `self`.
    ///
    /// # Errors
    /// [`ApiKeyRefusal::Revoked`] if it is revoked, [`ApiKeyRefusal::Rotated`] if it has a successor, or
    /// [`ApiKeyRefusal::Expired`] if it has expired.
    pub fn rotated(
        &self,
        successor: ApiKeyId,
        digest: ApiKeyDigest,
        overlap: Overlap,
        now: Timestamp,
    ) -> Result<(Self, Self), ApiKeyRefusal> {
        if self.revoked_at.is_some() {
            return Err(ApiKeyRefusal::Revoked);
        }
        if let Some(successor) = self.successor {
            return Err(ApiKeyRefusal::Rotated(successor));
        }
        if !self.is_valid_at(now) {
            return Err(ApiKeyRefusal::Expired);
        }
        let new = Self::new(successor, self.account_id, self.terms.clone(), digest, now)?;
        let mut next = self.clone();
        next.successor = Some(successor);
        let end = overlap.after(now);
        next.terms.expires_at = Some(self.terms.expires_at.map_or(end, |expiry| expiry.min(end)));
        Ok((self.followed_by(next, now), new))
    }

    fn followed_by(&self, next: Self, now: Timestamp) -> Self {
        if next == *self {
            return next;
        }
        Self {
            updated_at: now,
            version: self.version.next(),
            ..next
        }
    }
}

/// Why a key can't be created, found or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ApiKeyRefusal {
    /// No account has the slug.
    #[error("there is no such account")]
    AccountNotFound,
    /// The account has no such key.
    #[error("there is no such key")]
    NotFound,
    /// The expiry is not in the future.
    #[error("the expiry must be in the future")]
    ExpiryPassed,
    /// It has expired.
    #[error("the key has expired")]
    Expired,
    /// A revoked key stays as it is.
    #[error("the key is revoked")]
    Revoked,
    /// A key that was rotated has a successor. That one can be rotated.
    #[error("the key was rotated already; its successor is {0}")]
    Rotated(ApiKeyId),
    /// The key could do more than the caller's own.
    #[error("the key could do more than the caller's own")]
    Exceeds,
    /// The key is no longer in the version that the change is based on, or doesn't satisfy the precondition.
    #[error("it has changed")]
    VersionMismatch,
}

impl Refusal for ApiKeyRefusal {}

impl ChangeRefusal for ApiKeyRefusal {
    const VERSION_MISMATCH: Self = Self::VersionMismatch;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ObjectId, PlainApiKey};

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis).unwrap()
    }

    fn terms() -> ApiKeyTerms {
        ApiKeyTerms::full(ApiKeyName::new("site").unwrap())
    }

    fn key(terms: ApiKeyTerms) -> ApiKey {
        let id = |byte| ObjectId::from_bytes([byte; 12]);
        let digest = PlainApiKey::from_random([7; 32]).digest();
        ApiKey::new(ApiKeyId::new(id(1)), AccountId::new(id(2)), terms, digest, at(0)).unwrap()
    }

    fn expiring(millis: i64) -> ApiKeyTerms {
        ApiKeyTerms {
            expires_at: Some(at(millis)),
            ..terms()
        }
    }

    #[test]
    fn expiry_and_revocation_close_it() {
        let key = key(expiring(10));
        assert!(key.is_valid_at(at(9)));
        assert!(!key.is_valid_at(at(10)));
        let revoked = key.revoked(at(5));
        assert!(!revoked.is_valid_at(at(9)));
        assert_eq!(
            (revoked.updated_at, revoked.version),
            (at(5), Version::FIRST.next())
        );
        assert_eq!(revoked.revoked(at(6)), revoked);
    }

    #[test]
    fn an_edit_changes_what_it_names() {
        let key = key(expiring(10));
        let edit = ApiKeyEdit {
            scopes: Some(Scopes::parse("read").unwrap()),
            rate_limit: Some(KeyRateLimit::new(5).ok()),
            ..ApiKeyEdit::default()
        };
        let edited = key.edited(edit.clone(), at(3)).unwrap();
        assert_eq!(edited.terms.scopes.to_string(), "read");
        assert_eq!(
            (&edited.terms.name, edited.terms.expires_at),
            (&key.terms.name, Some(at(10)))
        );
        assert_eq!(edited.edited(edit.clone(), at(4)), Ok(edited), "nothing changes");
        assert_eq!(
            key.revoked(at(1)).edited(edit, at(2)),
            Err(ApiKeyRefusal::Revoked)
        );

        let expire = |millis| ApiKeyEdit {
            expires_at: Some(Some(at(millis))),
            ..ApiKeyEdit::default()
        };
        assert_eq!(key.edited(expire(4), at(4)), Err(ApiKeyRefusal::ExpiryPassed));
        assert_eq!(
            key.edited(expire(10), at(20)),
            Ok(key),
            "it has expired, and stays so"
        );
    }

    #[test]
    fn a_rotated_key_ends_with_the_overlap_or_before() {
        const HOUR: i64 = 3_600_000;
        let overlap = Overlap::from_hours(2).unwrap();
        let successor = ApiKeyId::new(ObjectId::from_bytes([3; 12]));
        let digest = PlainApiKey::from_random([8; 32]).digest();
        let rotated = |key: ApiKey| key.rotated(successor, digest, overlap, at(5));
        for (terms, end) in [(terms(), 2 * HOUR + 5), (expiring(HOUR), HOUR)] {
            let (old, new) = rotated(key(terms.clone())).unwrap();
            assert_eq!(
                (old.successor, old.terms.expires_at),
                (Some(successor), Some(at(end)))
            );
            assert_eq!((new.id, new.digest, &new.terms), (successor, digest, &terms));
        }
        assert_eq!(rotated(key(expiring(5))), Err(ApiKeyRefusal::Expired));
        assert_eq!(rotated(key(terms()).revoked(at(1))), Err(ApiKeyRefusal::Revoked));
        let (once, _) = rotated(key(terms())).unwrap();
        assert_eq!(rotated(once.clone()), Err(ApiKeyRefusal::Rotated(successor)));

        let expire = |expiry| ApiKeyEdit {
            expires_at: Some(expiry),
            ..ApiKeyEdit::default()
        };
        for later in [None, Some(at(2 * HOUR + 6))] {
            let edited = once.edited(expire(later), at(6));
            assert_eq!(edited, Err(ApiKeyRefusal::Rotated(successor)));
        }
        assert!(
            once.edited(expire(Some(at(HOUR))), at(6)).is_ok(),
            "sooner is fine"
        );
        assert!(Overlap::from_hours(721).is_err() && Overlap::from_hours(-1).is_err());
    }
}
