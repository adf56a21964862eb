//! How often somebody may try to sign in. The limits always apply, because passwords can be guessed.

use chatgrow_api::network;
use chatgrow_domain::{EmailKey, UserId};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::{net::IpAddr, num::NonZeroU32, time::Duration};

/// The attempts of an address: 30 at once, then one in ten seconds.
const OF_ADDRESS: (u32, Duration) = (30, Duration::from_secs(10));

/// The attempts for a user: ten at once, then one in thirty seconds.
const OF_USER: (u32, Duration) = (10, Duration::from_secs(30));

pub(crate) struct SignInLimits {
    addresses: DefaultKeyedRateLimiter<IpAddr>,
    users: DefaultKeyedRateLimiter<EmailKey>,
    /// Changes of the own password, which others can't use up.
    changes: DefaultKeyedRateLimiter<UserId>,
}

impl Default for SignInLimits {
    fn default() -> Self {
        let quota = |(burst, period)| {
            let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
            let quota = Quota::with_period(period).unwrap_or_else(|| Quota::per_minute(burst));
            quota.allow_burst(burst)
        };
        Self {
            addresses: RateLimiter::keyed(quota(OF_ADDRESS)),
            users: RateLimiter::keyed(quota(OF_USER)),
            changes: RateLimiter::keyed(quota(OF_USER)),
        }
    }
}

impl SignInLimits {
    /// Counts an attempt from an address, and returns whether it may be made.
    pub(crate) fn admit(&self, client: IpAddr) -> bool {
        self.addresses.check_key(&network(client)).is_ok()
    }

    /// Counts an attempt from an address for a user.
    pub(crate) fn admit_for(&self, client: IpAddr, user: &EmailKey) -> bool {
        self.admit(client) && self.users.check_key(user).is_ok()
    }

    /// Counts an attempt of a signed-in user to change the password.
    pub(crate) fn admit_change(&self, user: UserId) -> bool {
        self.changes.check_key(&user).is_ok()
    }

    pub(crate) fn forget_idle(&self) {
        self.changes.retain_recent();
        self.addresses.retain_recent();
        self.users.retain_recent();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatgrow_domain::EmailAddress;

    #[test]
    fn attempts_are_limited_by_address_and_by_user() {
        let limits = SignInLimits::default();
        let user = |name: &str| EmailAddress::new(format!("{name}@example.com")).unwrap().key();
        let client = |last: u8| IpAddr::from([192, 0, 2, last]);
        for address in 0..10 {
            assert!(limits.admit_for(client(address), &user("dana")));
        }
        assert!(!limits.admit_for(client(99), &user("dana")), "from anywhere");
        assert!(limits.admit_for(client(99), &user("noa")));
        let admitted = (0..40).filter(|number| limits.admit_for(client(200), &user(&number.to_string())));
        assert_eq!(admitted.count(), 30, "for anybody");
    }
}
