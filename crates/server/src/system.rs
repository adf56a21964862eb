//! The adapters of the operating system: clock, ids, randomness, passwords, turns and time
//! zones.

use crate::{
    bell::LocalBell,
    passwords::Argon2Passwords,
    sealing::AesGcmSivSeal,
    secrets::{Secrets, SecretsKey},
    turns::Running,
    zones::BundledZones,
};
use chatgrow_api::ApiRepresentation;
use chatgrow_application::{ReceiverRules, System};
use chatgrow_domain::{ObjectId, Timestamp};
use chatgrow_payments::PaymentSystems;
use chatgrow_ports::{Clock, IdSource, Randomness};
use chatgrow_webhooks::Webhooks;
use std::{
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};
use time::OffsetDateTime;

/// What the operator says of webhooks.
#[derive(Debug, Clone, Default)]
pub struct WebhookSettings {
    /// To which receivers they may go: `WEBHOOK_ALLOW_HTTP`, `WEBHOOK_ALLOW_CIDRS`.
    pub receivers: ReceiverRules,
    /// The key under which their secrets are encrypted: `SECRETS_KEY`.
    pub secrets_key: Option<SecretsKey>,
    /// The key before: `SECRETS_KEY_PREVIOUS`.
    pub previous_secrets_key: Option<SecretsKey>,
}

/// What use cases need from the operating system besides stores. The key for secrets is in that file, unless the
/// operator gives another.
pub(crate) fn system(
    webhooks: &WebhookSettings,
    secrets_file: Option<PathBuf>,
) -> Result<System, getrandom::Error> {
    fill(&mut [0; 1])?;
    let receivers = &webhooks.receivers;
    Ok(System {
        clock: Arc::new(SystemClock),
        ids: Arc::new(ObjectIds::default()),
        randomness: Arc::new(OsRandomness),
        passwords: Arc::new(Argon2Passwords::default()),
        turns: Arc::new(Running::default()),
        zones: Arc::new(BundledZones::default()),
        representation: Arc::new(ApiRepresentation),
        seal: Arc::new(AesGcmSivSeal),
        bell: Arc::new(LocalBell::default()),
        secrets: Arc::new(Secrets {
            given: webhooks.secrets_key.clone(),
            file: secrets_file,
            previous: webhooks.previous_secrets_key.clone(),
            read: OnceLock::new(),
        }),
        sender: Arc::new(Webhooks::new(chatgrow_webhooks::Settings {
            allow_http: receivers.allow_http,
            reachable: receivers.reachable.clone(),
        })),
        notices: Arc::new(PaymentSystems),
        receivers: receivers.clone(),
    })
}

#[expect(clippy::disallowed_methods, reason = "this is where randomness comes from")]
fn fill(bytes: &mut [u8]) -> Result<(), getrandom::Error> {
    getrandom::fill(bytes)
}

struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn now(&self) -> Timestamp {
        Timestamp::new(OffsetDateTime::now_utc())
    }
}

/// If the clock is more than this many milliseconds behind the last id, it counts as set back.
const SET_BACK: u64 = 100;

/// The number of bits of an id after its milliseconds.
const REST: u32 = 54;

/// Generates ids in the layout of `ObjectId`.
///
/// An id starts with the seconds. Ten bits of milliseconds follow, so that ids of several processes sort by creation
/// within a second too. The rest is random, so that nobody can tell from two ids how many were generated for others in
/// between. Within a millisecond the rest increases by random steps, so that the ids of one process sort by creation.
#[derive(Default)]
struct ObjectIds {
    made: Mutex<Made>,
}

/// The state of the generator.
#[derive(Default)]
struct Made {
    last: Last,
    /// Random numbers in stock, because a call to the operating system takes longer than everything else.
    stock: Vec<u64>,
}

impl Made {
    fn random(&mut self) -> u64 {
        loop {
            if let Some(random) = self.stock.pop() {
                return random;
            }
            for secret in [(); 16].map(|()| OsRandomness.secret()) {
                let (numbers, _) = secret.as_chunks();
                self.stock.extend(numbers.iter().copied().map(u64::from_ne_bytes));
            }
        }
    }
}

/// The last generated id.
#[derive(Clone, Copy, Default)]
struct Last {
    /// Milliseconds since 1970.
    millis: u64,
    rest: u64,
}

impl Last {
    /// The id after this one, for an instant and 64 random bits.
    fn next(self, now: u64, random: u64) -> Self {
        // A fresh rest leaves the upper half of the range free, and a step takes at most a sixteen-thousandth of the
        // range. So there is room for thousands of ids in a millisecond.
        let fresh = |millis| Self {
            millis,
            rest: random >> (65 - REST),
        };
        if now > self.millis {
            return fresh(now);
        }
        if now + SET_BACK < self.millis {
            // Otherwise all ids until the clock has caught up would form a single series.
            return fresh(self.millis + 1);
        }
        let rest = self.rest + 1 + (random >> (78 - REST));
        if rest < 1 << REST {
            Self { rest, ..self }
        } else {
            fresh(self.millis + 1)
        }
    }

    fn id(self) -> ObjectId {
        let (seconds, millis) = (self.millis / 1000, self.millis % 1000);
        let bits = u128::from(seconds) << 64 | u128::from(millis) << REST | u128::from(self.rest);
        let [_, _, _, _, bytes @ ..] = bits.to_be_bytes();
        ObjectId::from_bytes(bytes)
    }
}

impl IdSource for ObjectIds {
    fn next_id(&self) -> ObjectId {
        let now = u64::try_from(SystemClock.now().as_millis()).unwrap_or_default();
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let random = made.random();
        made.last = made.last.next(now, random);
        made.last.id()
    }
}

/// The randomness of the operating system.
pub(crate) struct OsRandomness;

impl Randomness for OsRandomness {
    fn secret(&self) -> [u8; 32] {
        let mut secret = [0; 32];
        // It worked at start-up. If the operating system fails to provide randomness later, the server can't continue.
        #[expect(
            clippy::expect_used,
            reason = "a key that can be guessed is worse than no server"
        )]
        fill(&mut secret).expect("the operating system gives randomness");
        secret
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_time_ordered_and_differ() {
        let system = system(&WebhookSettings::default(), None).unwrap();
        let another_process = super::system(&WebhookSettings::default(), None).unwrap();
        let mut ids: Vec<_> = (0..1000).map(|_| system.ids.next_id()).collect();
        assert!(ids.is_sorted_by(|one, next| one < next));
        ids.extend((0..1000).map(|_| another_process.ids.next_id()));
        let differ: std::collections::HashSet<_> = ids.iter().collect();
        assert_eq!(differ.len(), 2000);
        let seconds = u32::from_be_bytes(ids[0].as_bytes()[..4].try_into().unwrap());
        assert!((i64::from(seconds) - system.clock.now().as_millis() / 1000).abs() <= 1);
    }

    const NOW: u64 = 1_763_893_800_123;

    #[test]
    fn ids_of_one_millisecond_rise_by_random_steps() {
        let mut last = Last::default().next(NOW, u64::MAX);
        let first = last.id().to_string();
        assert!(first.starts_with("6922e2281e"), "{first}");
        // If the largest steps use up the range, the next millisecond starts early.
        for _ in 0..100_000 {
            let next = last.next(NOW.max(last.millis), u64::MAX);
            assert!(next.id() > last.id());
            assert!(next.millis - last.millis <= 1);
            last = next;
        }
        let (small, large) = (last.next(last.millis, 0), last.next(last.millis, u64::MAX));
        assert_eq!(small.rest, last.rest + 1);
        assert!(large.rest > last.rest + (1 << 39) || large.millis > last.millis);
    }

    #[test]
    fn what_comes_behind_the_milliseconds_is_random() {
        let first = |random| Last::default().next(NOW, random).rest;
        assert_ne!(first(1 << 20), first(1 << 40));
        assert_eq!(first(u64::MAX), (1 << 53) - 1, "the upper half is free for steps");
        // A clock that was set back doesn't produce a series of ids that can be counted.
        let last = Last::default().next(NOW, u64::MAX);
        let next = last.next(NOW - 5000, 1 << 40);
        assert_eq!((next.millis, next.rest), (NOW + 1, first(1 << 40)));
        assert!(next.id() > last.id());
    }

    #[test]
    fn secrets_differ() {
        let system = system(&WebhookSettings::default(), None).unwrap();
        assert_ne!(system.randomness.secret(), system.randomness.secret());
    }
}
