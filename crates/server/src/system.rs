//! The real clock, ids and randomness.

use chatgrow_application::System;
use chatgrow_domain::{ObjectId, Timestamp};
use chatgrow_ports::{Clock, IdSource, Randomness};
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};
use time::OffsetDateTime;

/// What use cases need beside stores, from the operating system.
pub(crate) fn system() -> Result<System, getrandom::Error> {
    let mut process = [0; 5];
    fill(&mut process)?;
    Ok(System {
        clock: Arc::new(SystemClock),
        ids: Arc::new(ObjectIds {
            process,
            counter: AtomicU32::new(0),
        }),
        randomness: Arc::new(OsRandomness),
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

/// The `ObjectId` layout: seconds, five bytes of the process, a counter. The first ten bits of the process's bytes are the
/// milliseconds, so that ids of several processes sort by creation within a second too; thirty stay random.
struct ObjectIds {
    process: [u8; 5],
    counter: AtomicU32,
}

impl IdSource for ObjectIds {
    fn next_id(&self) -> ObjectId {
        let now = SystemClock.now().to_utc();
        let [_, _, _, _, seconds @ ..] = now.unix_timestamp().to_be_bytes();
        let [high, low] = (now.millisecond() << 6).to_be_bytes();
        let [_, counter @ ..] = self.counter.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        let mut bytes = [0; 12];
        bytes[..4].copy_from_slice(&seconds);
        bytes[4..9].copy_from_slice(&self.process);
        bytes[4] = high;
        bytes[5] = low | (self.process[1] & 0b0011_1111);
        bytes[9..].copy_from_slice(&counter);
        ObjectId::from_bytes(bytes)
    }
}

struct OsRandomness;

impl Randomness for OsRandomness {
    fn secret(&self) -> [u8; 32] {
        let mut secret = [0; 32];
        // It has worked at start-up; an operating system that takes its randomness back leaves nothing to go on with.
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
        let system = system().unwrap();
        let another_process = super::system().unwrap();
        let mut ids: Vec<_> = (0..1000).map(|_| system.ids.next_id()).collect();
        assert!(ids.is_sorted_by(|one, next| one < next));
        ids.extend((0..1000).map(|_| another_process.ids.next_id()));
        let differ: std::collections::HashSet<_> = ids.iter().collect();
        assert_eq!(differ.len(), 2000);
        let seconds = u32::from_be_bytes(ids[0].as_bytes()[..4].try_into().unwrap());
        assert!((i64::from(seconds) - system.clock.now().as_millis() / 1000).abs() <= 1);
    }

    #[test]
    fn secrets_differ() {
        let system = system().unwrap();
        assert_ne!(system.randomness.secret(), system.randomness.secret());
    }
}
