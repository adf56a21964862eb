//! What one key may have under way, so that one tenant holds up no other: its lists take turns, and the large answers that its clients have
//! not taken yet are bounded in bytes, for each key and for all together.

use crate::error::{ApiError, Problem};
use chatgrow_domain::ApiKeyId;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::yield_now,
};

/// An answer up to this size counts for nothing: about as much is in the connection's buffers anyway.
const SMALL: u64 = 64 << 10;

/// Bytes are counted in these.
const UNIT: u64 = 1 << 10;

/// The most bytes of large answers that the clients of one key may leave unread.
const MOST_OF_KEY: u64 = 16 << 20;

/// The most bytes of large answers that all clients may leave unread.
const MOST: u64 = 128 << 20;

/// How many lists of one key are read and written out at once.
const LISTS: usize = 4;

/// What is under way in one server.
pub(crate) struct InFlight {
    all: Arc<Semaphore>,
    keys: Mutex<HashMap<ApiKeyId, Arc<OfKey>>>,
}

struct OfKey {
    answers: Arc<Semaphore>,
    lists: Arc<Semaphore>,
}

fn units(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX)
}

fn semaphore(bytes: u64) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(units(bytes) as usize))
}

impl Default for InFlight {
    fn default() -> Self {
        Self {
            all: semaphore(MOST),
            keys: Mutex::default(),
        }
    }
}

impl InFlight {
    fn keys(&self) -> MutexGuard<'_, HashMap<ApiKeyId, Arc<OfKey>>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of_key(&self, key: ApiKeyId) -> Arc<OfKey> {
        let new = || {
            Arc::new(OfKey {
                answers: semaphore(MOST_OF_KEY),
                lists: Arc::new(Semaphore::new(LISTS)),
            })
        };
        self.keys().entry(key).or_insert_with(new).clone()
    }

    /// Waits for the key's turn to make a list of so many bytes at the most; the turn ends when it is dropped. While others of the key wait,
    /// requests of other keys that came meanwhile go first.
    ///
    /// # Errors
    /// The list could not be [answered](Self::answer), so it is not worth making.
    pub(crate) async fn list(&self, key: ApiKeyId, bytes: u64) -> Result<OwnedSemaphorePermit, ApiError> {
        let lists = self.of_key(key).lists.clone();
        let turn = lists.clone().acquire_owned().await;
        // It is never closed, so there is a permit sooner or later.
        let turn = turn.map_err(|error| ApiError::from(Problem::Internal).because(error))?;
        if lists.available_permits() < LISTS - 1 {
            yield_now().await;
        }
        self.answer(key, bytes)?;
        Ok(turn)
    }

    /// Takes note of an answer of so many bytes until the returned value is dropped; a small one needs none.
    ///
    /// # Errors
    /// [`Problem::RateLimited`] if the key's clients have left too much unread, [`Problem::Unavailable`] if all have together.
    pub(crate) fn answer(&self, key: ApiKeyId, bytes: u64) -> Result<Option<Unread>, ApiError> {
        if bytes <= SMALL {
            return Ok(None);
        }
        let of_key = self.of_key(key).answers.clone();
        let of_key = of_key.try_acquire_many_owned(units(bytes)).map_err(|_| {
            ApiError::rate_limited(1).with_message("Too many large answers of this key are not read yet")
        })?;
        let of_all = self.all.clone();
        let of_all = of_all.try_acquire_many_owned(units(bytes)).map_err(|_| {
            ApiError::from(Problem::Unavailable).because("too many large answers are not read yet")
        })?;
        Ok(Some(Unread {
            _of_key: of_key,
            _of_all: of_all,
        }))
    }

    /// Forgets keys that have nothing under way.
    pub(crate) fn forget_idle(&self) {
        self.keys().retain(|_, of_key| {
            let idle = of_key.answers.available_permits() == units(MOST_OF_KEY) as usize
                && of_key.lists.available_permits() == LISTS;
            !idle || Arc::strong_count(of_key) > 1
        });
    }
}

/// A large answer that its client has not taken yet.
pub(crate) struct Unread {
    _of_key: OwnedSemaphorePermit,
    _of_all: OwnedSemaphorePermit,
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatgrow_domain::ObjectId;

    fn key(number: u8) -> ApiKeyId {
        ApiKeyId::new(ObjectId::from_bytes([number; 12]))
    }

    #[test]
    fn unread_answers_are_bounded_for_each_key_and_for_all() {
        let (in_flight, large) = (InFlight::default(), 1 << 20);
        let mut unread = Vec::new();
        for number in 0..8 {
            for _ in 0..16 {
                unread.push(in_flight.answer(key(number), large).unwrap().unwrap());
            }
            assert!(in_flight.answer(key(number), SMALL).unwrap().is_none());
            let refused = in_flight.answer(key(number), large).err().unwrap();
            assert_eq!(refused.problem, Problem::RateLimited);
        }
        let refused = in_flight.answer(key(9), large).err().unwrap();
        assert_eq!(refused.problem, Problem::Unavailable);
        unread.remove(0);
        assert!(in_flight.answer(key(1), large).is_err());
        assert!(in_flight.answer(key(0), large).is_ok());
        drop(unread);
        in_flight.forget_idle();
        assert!(in_flight.keys().is_empty());
    }

    #[actix_web::test]
    async fn lists_of_one_key_take_turns_and_hold_no_other_key_up() {
        let in_flight = InFlight::default();
        let mut turns = Vec::new();
        for _ in 0..LISTS {
            turns.push(in_flight.list(key(1), 0).await.unwrap());
        }
        let mut next = Box::pin(in_flight.list(key(1), 0));
        assert!(futures_util::poll!(&mut next).is_pending());
        assert!(in_flight.list(key(2), 0).await.is_ok());
        turns.pop();
        assert!(next.await.is_ok());
        // Who has left too much unread makes no list that could not be sent.
        let _unread = in_flight.answer(key(2), MOST_OF_KEY).unwrap();
        let refused = in_flight.list(key(2), SMALL + 1).await.err().unwrap();
        assert_eq!(refused.problem, Problem::RateLimited);
    }
}
