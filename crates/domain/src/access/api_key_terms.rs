//! What an API key may do, from where, for how long, and how often.

use crate::{AllowedAddresses, ApiKeyName, Invalid, Scopes, Timestamp};
use std::{num::NonZeroU32, ops::RangeInclusive};

/// How many requests a key may make in the window of the rate limits, instead of what the server's configuration says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyRateLimit(NonZeroU32);

impl KeyRateLimit {
    /// The smallest and the largest number of requests.
    pub const RANGE: RangeInclusive<i64> = 1..=1_000_000;

    /// A number of requests.
    ///
    /// # Errors
    /// [`Invalid::OutOfRange`] unless it is in the [`RANGE`](Self::RANGE).
    pub fn new(requests: i64) -> Result<Self, Invalid> {
        let number = u32::try_from(requests).ok().and_then(NonZeroU32::new);
        let number = number.filter(|_| Self::RANGE.contains(&requests));
        number.map(Self).ok_or(Invalid::OutOfRange {
            min: *Self::RANGE.start(),
            max: *Self::RANGE.end(),
        })
    }

    /// The number of requests.
    #[must_use]
    pub const fn get(self) -> NonZeroU32 {
        self.0
    }
}

/// How long a key that is rotated works beside its successor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overlap(i64);

impl Overlap {
    /// The shortest and the longest, in hours.
    pub const HOURS: RangeInclusive<i64> = 0..=720;

    /// A day.
    pub const DEFAULT: Self = Self(24);

    /// A number of hours.
    ///
    /// # Errors
    /// [`Invalid::OutOfRange`] unless it is one of [`HOURS`](Self::HOURS).
    pub fn from_hours(hours: i64) -> Result<Self, Invalid> {
        if Self::HOURS.contains(&hours) {
            Ok(Self(hours))
        } else {
            Err(Invalid::OutOfRange {
                min: *Self::HOURS.start(),
                max: *Self::HOURS.end(),
            })
        }
    }

    /// The number of hours.
    #[must_use]
    pub const fn as_hours(self) -> i64 {
        self.0
    }

    /// The end of the overlap that begins at `now`.
    #[must_use]
    pub fn after(self, now: Timestamp) -> Timestamp {
        Timestamp::from_millis(now.as_millis() + self.0 * 3_600_000).unwrap_or(Timestamp::MAX)
    }
}

/// What a key is for, and what it may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyTerms {
    /// What the key is for.
    pub name: ApiKeyName,
    /// What it may do.
    pub scopes: Scopes,
    /// The instant from which the key is no longer accepted; `None` if it never expires.
    pub expires_at: Option<Timestamp>,
    /// The networks that it may be used from; `None` is everywhere.
    pub allowed_addresses: Option<AllowedAddresses>,
    /// Its own rate limit; `None` is that of the server.
    pub rate_limit: Option<KeyRateLimit>,
}

impl ApiKeyTerms {
    /// The terms of a key that may do everything, from everywhere, for ever.
    #[must_use]
    pub const fn full(name: ApiKeyName) -> Self {
        Self {
            name,
            scopes: Scopes::FULL,
            expires_at: None,
            allowed_addresses: None,
            rate_limit: None,
        }
    }

    /// Whether a key with the other terms could do nothing that a key with these can't: it has no other scopes, expires
    /// no later, and is admitted from nowhere else.
    #[must_use]
    pub fn include(&self, other: &Self) -> bool {
        let expires_later = self
            .expires_at
            .is_some_and(|expiry| other.expires_at.is_none_or(|later| later > expiry));
        let elsewhere = self.allowed_addresses.as_ref().is_some_and(|allowed| {
            let others = other.allowed_addresses.as_ref();
            others.is_none_or(|others| !allowed.include(others))
        });
        self.scopes.include(other.scopes) && !expires_later && !elsewhere
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms() -> ApiKeyTerms {
        ApiKeyTerms::full(ApiKeyName::new("site").unwrap())
    }

    fn expiring(millis: i64) -> ApiKeyTerms {
        ApiKeyTerms {
            expires_at: Timestamp::from_millis(millis),
            ..terms()
        }
    }

    #[test]
    fn terms_are_compared_in_scopes_expiry_and_addresses() {
        let from = |networks: &str| ApiKeyTerms {
            allowed_addresses: AllowedAddresses::parse(networks).ok(),
            ..terms()
        };
        let may = |scopes: &str| ApiKeyTerms {
            scopes: Scopes::parse(scopes).unwrap(),
            ..terms()
        };
        for (stronger, weaker) in [
            (terms(), may("read")),
            (terms(), expiring(10)),
            (expiring(10), expiring(9)),
            (terms(), from("10.0.0.0/8")),
            (from("10.0.0.0/8"), from("10.0.0.1")),
        ] {
            assert!(
                stronger.include(&stronger) && stronger.include(&weaker),
                "{weaker:?}"
            );
            assert!(!weaker.include(&stronger), "{weaker:?}");
        }
    }

    #[test]
    fn a_rate_limit_is_bounded() {
        let out = Err(Invalid::OutOfRange {
            min: 1,
            max: 1_000_000,
        });
        assert_eq!(KeyRateLimit::new(0), out);
        assert_eq!(KeyRateLimit::new(1_000_001), out);
        assert_eq!(KeyRateLimit::new(600).map(|limit| limit.get().get()), Ok(600));
    }
}
