//! Limits on what one account may have in flight, so that one tenant doesn't block the others. Its lists take turns.
//! Request bodies that are arriving and answers that are not sent yet are bounded in bytes, for each account and in
//! total.

use crate::{
    connection::pieces::PIECE,
    error::{ApiError, Problem},
};
use chatgrow_domain::AccountId;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::yield_now,
};

/// A body of at most this size is not counted, because it fits into the connection's buffers.
const SMALL: u64 = PIECE as u64;

/// The unit in which bytes are counted.
const UNIT: u64 = 1 << 10;

/// The most bytes that one account may have in flight.
const MOST_OF_ACCOUNT: u64 = 16 << 20;

/// The most bytes that all accounts together may have in flight.
const MOST: u64 = 128 << 20;

/// How many lists of one account are made at the same time. It is half of the default number of connections to
/// PostgreSQL, so that other accounts find a free one.
const LISTS: usize = 8;

/// What is in flight in one server.
pub(crate) struct InFlight {
    all: Arc<Semaphore>,
    accounts: Mutex<HashMap<AccountId, Arc<OfAccount>>>,
}

struct OfAccount {
    bytes: Arc<Semaphore>,
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
            accounts: Mutex::default(),
        }
    }
}

impl InFlight {
    fn accounts(&self) -> MutexGuard<'_, HashMap<AccountId, Arc<OfAccount>>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of_account(&self, account: AccountId) -> Arc<OfAccount> {
        let new = || {
            Arc::new(OfAccount {
                bytes: semaphore(MOST_OF_ACCOUNT),
                lists: Arc::new(Semaphore::new(LISTS)),
            })
        };
        self.accounts().entry(account).or_insert_with(new).clone()
    }

    /// Waits for the account's turn to make a list of at most so many bytes. The turn ends when the returned value is
    /// dropped. If other requests of the account are waiting, requests of other accounts that arrived meanwhile go
    /// first.
    ///
    /// # Errors
    /// The list could not be [held](Self::hold), so making it would be pointless.
    pub(crate) async fn list(
        &self,
        account: AccountId,
        bytes: u64,
    ) -> Result<OwnedSemaphorePermit, ApiError> {
        let lists = self.of_account(account).lists.clone();
        let turn = lists.clone().acquire_owned().await;
        // The semaphore is never closed, so this doesn't fail.
        let turn = turn.map_err(|error| ApiError::from(Problem::Internal).because(error))?;
        if lists.available_permits() < LISTS - 1 {
            yield_now().await;
        }
        self.hold(account, bytes)?;
        Ok(turn)
    }

    /// Counts the bytes of a body or an answer until the returned value is dropped. A small one is not counted.
    ///
    /// # Errors
    /// [`Problem::RateLimited`] if the account has too much in flight, [`Problem::Unavailable`] if all accounts
    /// together have.
    pub(crate) fn hold(&self, account: AccountId, bytes: u64) -> Result<Option<Held>, ApiError> {
        if bytes <= SMALL {
            return Ok(None);
        }
        let of_account = self.of_account(account).bytes.clone();
        let of_account = of_account.try_acquire_many_owned(units(bytes)).map_err(|_| {
            let message = "Too many large requests and answers of this account are under way";
            ApiError::rate_limited(1).with_message(message)
        })?;
        let of_all = self.all.clone();
        let of_all = of_all.try_acquire_many_owned(units(bytes)).map_err(|_| {
            ApiError::from(Problem::Unavailable).because("too many large requests and answers are under way")
        })?;
        Ok(Some(Held {
            _of_account: of_account,
            _of_all: of_all,
        }))
    }

    /// Removes accounts that have nothing in flight.
    pub(crate) fn forget_idle(&self) {
        self.accounts().retain(|_, of_account| {
            let idle = of_account.bytes.available_permits() == units(MOST_OF_ACCOUNT) as usize
                && of_account.lists.available_permits() == LISTS;
            !idle || Arc::strong_count(of_account) > 1
        });
    }
}

/// Bytes that are in flight.
pub(crate) struct Held {
    _of_account: OwnedSemaphorePermit,
    _of_all: OwnedSemaphorePermit,
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatgrow_domain::ObjectId;

    fn account(number: u8) -> AccountId {
        AccountId::new(ObjectId::from_bytes([number; 12]))
    }

    #[test]
    fn what_is_under_way_is_bounded_for_each_account_and_for_all() {
        let (in_flight, large) = (InFlight::default(), 1 << 20);
        let mut unread = Vec::new();
        for number in 0..8 {
            for _ in 0..16 {
                unread.push(in_flight.hold(account(number), large).unwrap().unwrap());
            }
            assert!(in_flight.hold(account(number), SMALL).unwrap().is_none());
            let refused = in_flight.hold(account(number), large).err().unwrap();
            assert_eq!(refused.problem, Problem::RateLimited);
        }
        let refused = in_flight.hold(account(9), large).err().unwrap();
        assert_eq!(refused.problem, Problem::Unavailable);
        unread.remove(0);
        assert!(in_flight.hold(account(1), large).is_err());
        assert!(in_flight.hold(account(0), large).is_ok());
        drop(unread);
        in_flight.forget_idle();
        assert!(in_flight.accounts().is_empty());
    }

    #[actix_web::test]
    async fn lists_of_one_account_take_turns_and_hold_no_other_up() {
        let in_flight = InFlight::default();
        let mut turns = Vec::new();
        for _ in 0..LISTS {
            turns.push(in_flight.list(account(1), 0).await.unwrap());
        }
        let mut next = Box::pin(in_flight.list(account(1), 0));
        assert!(futures_util::poll!(&mut next).is_pending());
        assert!(in_flight.list(account(2), 0).await.is_ok());
        turns.pop();
        assert!(next.await.is_ok());
        // An account with too many unsent bytes doesn't make a list that could not be sent.
        let _unread = in_flight.hold(account(2), MOST_OF_ACCOUNT).unwrap();
        let refused = in_flight.list(account(2), SMALL + 1).await.err().unwrap();
        assert_eq!(refused.problem, Problem::RateLimited);
    }
}
