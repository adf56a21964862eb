//! Rate limits: requests per API key, and failed authentications per client address.
//!
//! Both are GCRA: a client may use its whole quota at once, and gets it back evenly over the window. The
//! header fields follow draft-ietf-httpapi-ratelimit-headers-10. Only failed authentications are counted for an
//! address, so the failures of others at the same address don't limit a valid key, unless the server has not seen the
//! key before. Servers on one database count together ([`Quotas`]); a server that is alone uses `governor`.

use crate::connection::client::network;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use chatgrow_application::{Permit, Quotas};
use chatgrow_domain::{ApiKey, KeyRateLimit};
use chatgrow_ports::{Quota, QuotaOf};
use governor::{
    InsufficientCapacity, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::StateInformationMiddleware,
    state::keyed::DashMapStateStore,
};
use std::{
    collections::HashMap,
    net::IpAddr,
    num::NonZeroU32,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

const RATELIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// How many requests are allowed.
#[derive(Debug, Clone, Copy)]
pub struct RateLimitSettings {
    /// The time in which an exhausted quota is fully restored.
    pub window: Duration,
    /// Requests per API key and window.
    pub max_requests: NonZeroU32,
    /// Failed authentications per client address and window.
    pub max_auth_failures: NonZeroU32,
}

impl Default for RateLimitSettings {
    fn default() -> Self {
        Self {
            window: Duration::from_secs(60),
            max_requests: const { NonZeroU32::new(600).expect("not 0") },
            max_auth_failures: const { NonZeroU32::new(300).expect("not 0") },
        }
    }
}

/// The limits.
pub(crate) struct RateLimits(Option<Enabled>);

struct Enabled {
    settings: RateLimitSettings,
    requests: Limiter,
    /// Of keys with limits of their own, by the limit.
    own_requests: RwLock<HashMap<KeyRateLimit, Arc<Limiter>>>,
    auth_failures: Limiter,
}

struct Limiter {
    name: &'static str,
    limiter: RateLimiter<QuotaOf, DashMapStateStore<QuotaOf>, DefaultClock, StateInformationMiddleware>,
    clock: DefaultClock,
    quota: Quota,
    policy: HeaderValue,
}

/// The rest of a client's quota.
pub(crate) struct QuotaLeft {
    name: &'static str,
    quota: Quota,
    policy: HeaderValue,
    remaining: u32,
}

/// A request over the limit.
pub(crate) struct Refused {
    /// When the client may try again, in seconds.
    pub(crate) retry_after: u64,
    pub(crate) quota: QuotaLeft,
}

/// Whether a request may proceed. `None` if there is no limit.
type Admission = Result<Option<QuotaLeft>, Refused>;

impl RateLimits {
    pub(crate) fn new(settings: Option<RateLimitSettings>) -> Self {
        Self(settings.map(|settings| Enabled {
            settings,
            requests: Limiter::of_requests(settings.max_requests, settings.window),
            own_requests: RwLock::default(),
            auth_failures: Limiter::new(
                "authentication-failures",
                settings.max_auth_failures,
                settings.window,
            ),
        }))
    }

    /// A limit of the key's own counts beside that of the server, so it can only be lower. (Whoever may change keys could
    /// lift the operator's limit otherwise, or get a fresh quota with each change.)
    pub(crate) async fn admit_request(&self, quotas: &Quotas, key: &ApiKey) -> Admission {
        let Some(limits) = &self.0 else { return Ok(None) };
        let left = limits.requests.admit(quotas, QuotaOf::Key(key.id)).await?;
        match key.terms.rate_limit {
            Some(own) if own.get() < limits.settings.max_requests => {
                let limiter = limits.own(own);
                limiter.admit(quotas, QuotaOf::KeyItself(key.id)).await.map(Some)
            }
            _ => Ok(Some(left)),
        }
    }

    pub(crate) async fn admit_failure(&self, quotas: &Quotas, address: IpAddr) -> Admission {
        let Some(limits) = &self.0 else { return Ok(None) };
        let of = QuotaOf::Address(network(address));
        limits.auth_failures.admit(quotas, of).await.map(Some)
    }

    pub(crate) fn forget_idle(&self) {
        if let Some(limits) = &self.0 {
            limits.requests.limiter.retain_recent();
            limits.auth_failures.limiter.retain_recent();
            let mut own = limits
                .own_requests
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            own.retain(|_, limiter| {
                limiter.limiter.retain_recent();
                !limiter.limiter.is_empty()
            });
        }
    }
}

impl Enabled {
    fn own(&self, own: KeyRateLimit) -> Arc<Limiter> {
        let limiters = self.own_requests.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(limiter) = limiters.get(&own) {
            return limiter.clone();
        }
        drop(limiters);
        let mut limiters = self.own_requests.write().unwrap_or_else(PoisonError::into_inner);
        let limiter = limiters.entry(own);
        limiter
            .or_insert_with(|| Limiter::of_requests(own.get(), self.settings.window).into())
            .clone()
    }
}

impl Limiter {
    fn of_requests(max: NonZeroU32, window: Duration) -> Self {
        Self::new("default", max, window)
    }

    fn new(name: &'static str, max: NonZeroU32, window: Duration) -> Self {
        // The quota needs a period above zero, so the window is at least a nanosecond per request.
        let period = (window / max.get()).max(Duration::from_nanos(1));
        let quota = governor::Quota::with_period(period)
            .unwrap_or_else(|| governor::Quota::per_second(max))
            .allow_burst(max);
        let limiter = RateLimiter::dashmap(quota).with_middleware::<StateInformationMiddleware>();
        let policy = format!("\"{name}\";q={max};w={}", whole_seconds(window));
        Self {
            name,
            limiter,
            clock: DefaultClock::default(),
            quota: Quota { max, window },
            // The policy consists of printable ASCII, which is always a valid header value.
            policy: HeaderValue::try_from(policy).unwrap_or_else(|_| HeaderValue::from_static("")),
        }
    }

    /// Decides with the other servers, or alone if there are none or the store can't be asked.
    async fn admit(&self, quotas: &Quotas, of: QuotaOf) -> Result<QuotaLeft, Refused> {
        match quotas.take(of, self.quota).await {
            Permit::Granted { remaining } => Ok(self.left(remaining)),
            Permit::Refused { wait } => Err(self.refused(wait)),
            Permit::Alone { servers } => self.admit_alone(of, servers),
        }
    }

    /// Decides alone, as one of so many servers.
    fn admit_alone(&self, of: QuotaOf, servers: NonZeroU32) -> Result<QuotaLeft, Refused> {
        // A request uses a permit for each of the servers, because they do the same at the same time.
        let permits = servers.min(self.quota.max);
        match self.limiter.check_key_n(&of, permits) {
            Ok(Ok(state)) => Ok(self.left(state.remaining_burst_capacity() / permits)),
            Ok(Err(wait)) => Err(self.refused(wait.wait_time_from(self.clock.now()))),
            Err(InsufficientCapacity(_)) => Err(self.refused(self.quota.window)),
        }
    }

    fn refused(&self, wait: Duration) -> Refused {
        Refused {
            retry_after: whole_seconds(wait),
            quota: self.left(0),
        }
    }

    fn left(&self, remaining: u32) -> QuotaLeft {
        QuotaLeft {
            name: self.name,
            quota: self.quota,
            policy: self.policy.clone(),
            // The store may know more than fits a limit that was lowered.
            remaining: remaining.min(self.quota.max.get()),
        }
    }
}

/// In whole seconds, rounded up, so that a client that waits this long is admitted.
fn whole_seconds(duration: Duration) -> u64 {
    (duration.as_secs() + u64::from(duration.subsec_nanos() > 0)).max(1)
}

impl QuotaLeft {
    /// Adds `RateLimit-Policy` and `RateLimit`. Its `t` is the time until the whole quota is restored, in seconds.
    pub(crate) fn write_to(&self, headers: &mut HeaderMap) {
        let Self {
            name,
            quota: Quota { max, window },
            policy,
            remaining,
        } = self;
        headers.insert(RATELIMIT_POLICY, policy.clone());
        let until_whole = *window / max.get() * (max.get() - remaining);
        let (mut remains, mut time) = (itoa::Buffer::new(), itoa::Buffer::new());
        let (remains, time) = (
            remains.format(*remaining),
            time.format(whole_seconds(until_whole)),
        );
        let left = ["\"", name, "\";r=", remains, ";t=", time].concat();
        if let Ok(left) = HeaderValue::try_from(left) {
            headers.insert(RATELIMIT, left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(max: u32) -> RateLimits {
        let max = NonZeroU32::new(max).unwrap();
        RateLimits::new(Some(RateLimitSettings {
            window: Duration::from_secs(3600),
            max_requests: max,
            max_auth_failures: max,
        }))
    }

    fn admit_failure(limits: &RateLimits, address: &str) -> Result<QuotaLeft, Refused> {
        let limiter = &limits.0.as_ref().unwrap().auth_failures;
        let of = QuotaOf::Address(network(address.parse().unwrap()));
        limiter.admit_alone(of, NonZeroU32::MIN)
    }

    #[test]
    fn addresses_of_one_ipv6_site_share_a_quota() {
        let limits = limits(1);
        assert!(admit_failure(&limits, "2001:db8::1").is_ok());
        assert!(admit_failure(&limits, "2001:db8::2").is_err());
        assert!(admit_failure(&limits, "2001:db8:0:1::1").is_ok());
        assert!(admit_failure(&limits, "::ffff:192.0.2.1").is_ok());
        assert!(
            admit_failure(&limits, "192.0.2.1").is_err(),
            "the same host, mapped"
        );
    }

    #[test]
    fn header_fields_tell_the_policy_and_what_is_left() {
        let limits = limits(2);
        let address = "192.0.2.1";
        let mut headers = HeaderMap::new();
        admit_failure(&limits, address)
            .ok()
            .unwrap()
            .write_to(&mut headers);
        assert_eq!(
            headers.get("ratelimit-policy").unwrap(),
            "\"authentication-failures\";q=2;w=3600"
        );
        assert_eq!(
            headers.get("ratelimit").unwrap(),
            "\"authentication-failures\";r=1;t=1800"
        );
        admit_failure(&limits, address).ok().unwrap();
        let refused = admit_failure(&limits, address).err().unwrap();
        assert!(
            (1790..=1800).contains(&refused.retry_after),
            "{}",
            refused.retry_after
        );
    }

    #[test]
    fn a_server_that_is_alone_gives_its_part() {
        let limits = limits(10);
        let limiter = &limits.0.as_ref().unwrap().auth_failures;
        let of_three = |of| limiter.admit_alone(of, NonZeroU32::new(3).unwrap());
        let of_hundred = |of| limiter.admit_alone(of, NonZeroU32::new(100).unwrap());
        let [one, other] = ["192.0.2.1", "192.0.2.2"].map(|from| QuotaOf::Address(from.parse().unwrap()));
        for left in [2, 1, 0] {
            assert_eq!(of_three(one).ok().unwrap().remaining, left);
        }
        assert!(of_three(one).is_err());
        assert!(of_hundred(other).is_ok(), "at least one");
        assert!(of_hundred(other).is_err());
    }

    #[test]
    fn idle_clients_are_forgotten() {
        let second = RateLimitSettings {
            window: Duration::from_nanos(1),
            max_requests: NonZeroU32::MIN,
            max_auth_failures: NonZeroU32::MIN,
        };
        let limits = RateLimits::new(Some(second));
        admit_failure(&limits, "192.0.2.1").ok().unwrap();
        limits.forget_idle();
        assert!(limits.0.unwrap().auth_failures.limiter.is_empty());
    }
}
