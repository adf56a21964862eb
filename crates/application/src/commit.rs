//! Requests that can be repeated: the answer to the first one is kept with its effect, and given to every later one.

use crate::System;
use chatgrow_domain::{AccountId, Timestamp};
use chatgrow_ports::{
    Answer, Companions, IdempotencyRecord, IdempotencyStore, RequestId, StoreError, Stores,
};
use std::{sync::Arc, time::Duration};

/// Makes what is to commit with a write, given what the write results in.
pub type With<'a, T> = &'a (dyn Fn(&T) -> Companions + Send + Sync);

/// Whether a change may be made to what is there now; `None` where there is nothing.
pub type Admits<'a, T> = &'a (dyn Fn(Option<&T>) -> bool + Send + Sync);

/// How many records are forgotten in one write, so that no request waits long for it.
const SWEEP: u32 = 500;

/// Why a request can't be answered by the record of another one.
#[derive(Debug, thiserror::Error)]
pub enum RepeatError {
    /// The other one asked for something else.
    #[error("another request had the same key")]
    KeyReused,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A request that may be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repeatable {
    /// Whose it is.
    pub account: AccountId,
    /// Which it is.
    pub id: RequestId,
    /// A digest of what it asks for.
    pub fingerprint: [u8; 32],
}

/// Use cases of requests that may be repeated.
pub struct Idempotency {
    records: Arc<dyn IdempotencyStore>,
    system: System,
}

impl Idempotency {
    pub(crate) fn new(stores: &Stores, system: &System) -> Self {
        Self {
            records: stores.idempotency.clone(),
            system: system.clone(),
        }
    }

    /// How the request was answered, if it was carried out before.
    ///
    /// # Errors
    /// [`RepeatError::KeyReused`], or the store fails.
    pub async fn answer(&self, request: &Repeatable) -> Result<Option<Answer>, RepeatError> {
        let record = self.records.find(request.account, request.id).await?;
        match record.filter(|record| record.expires_at > self.system.clock.now()) {
            None => Ok(None),
            Some(record) if record.fingerprint == request.fingerprint => Ok(Some(record.answer)),
            Some(_) => Err(RepeatError::KeyReused),
        }
    }

    /// What has to commit with the effect of the request, so that it is answered so for as long as `remembered`.
    #[must_use]
    pub fn companions(&self, request: &Repeatable, answer: Answer, remembered: Duration) -> Companions {
        let now = self.system.clock.now();
        let lifetime = i64::try_from(remembered.as_millis()).unwrap_or(i64::MAX);
        let expiry = now.as_millis().saturating_add(lifetime);
        Companions {
            record: Some(IdempotencyRecord {
                account: request.account,
                id: request.id,
                fingerprint: request.fingerprint,
                answer,
                created_at: now,
                expires_at: Timestamp::from_millis(expiry).unwrap_or(now),
            }),
        }
    }

    /// Forgets what has expired, a little at a time.
    ///
    /// # Errors
    /// The store fails.
    pub async fn sweep(&self) -> Result<(), StoreError> {
        let now = self.system.clock.now();
        while self.records.sweep(now, SWEEP).await? == SWEEP as usize {}
        Ok(())
    }
}

/// Writes the companions of a request that changes nothing.
pub(crate) async fn unchanged(
    records: &dyn IdempotencyStore,
    companions: Companions,
) -> Result<(), StoreError> {
    match companions.record {
        Some(_) => records.write(companions).await,
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{Mocks, account, at};

    fn request() -> Repeatable {
        Repeatable {
            account: account(),
            id: RequestId([1; 32]),
            fingerprint: [2; 32],
        }
    }

    fn answer() -> Answer {
        Answer {
            status: 201,
            location: None,
            etag: None,
            body: b"{}".to_vec(),
        }
    }

    /// What the store holds: a record of the request that expires at 2000.
    fn with_record() -> Mocks {
        let mut mocks = Mocks::at(1000);
        let record = IdempotencyRecord {
            account: account(),
            id: request().id,
            fingerprint: request().fingerprint,
            answer: answer(),
            created_at: at(0),
            expires_at: at(2000),
        };
        mocks
            .idempotency
            .expect_find()
            .returning(move |_, _| Ok(Some(record.clone())));
        mocks
    }

    #[tokio::test]
    async fn a_repeated_request_has_its_first_answer() {
        let answered = with_record().build().idempotency.answer(&request()).await;
        assert_eq!(answered.unwrap(), Some(answer()));
    }

    #[tokio::test]
    async fn another_request_with_the_key_is_refused() {
        let other = Repeatable {
            fingerprint: [3; 32],
            ..request()
        };
        let answered = with_record().build().idempotency.answer(&other).await;
        assert!(matches!(answered, Err(RepeatError::KeyReused)), "{answered:?}");
    }

    #[tokio::test]
    async fn an_expired_answer_is_none() {
        let mut mocks = with_record();
        mocks.passes_to(2000);
        assert_eq!(mocks.build().idempotency.answer(&request()).await.unwrap(), None);
    }

    #[test]
    fn a_record_is_kept_for_its_time() {
        let application = Mocks::at(1000).build();
        let kept = application
            .idempotency
            .companions(&request(), answer(), Duration::from_secs(5));
        let record = kept.record.unwrap();
        assert_eq!((record.created_at, record.expires_at), (at(1000), at(6000)));
    }

    #[tokio::test]
    async fn sweeping_goes_on_until_nothing_is_left() {
        let mut mocks = Mocks::at(1000);
        let mut left = 1200_usize;
        mocks
            .idempotency
            .expect_sweep()
            .times(3)
            .returning(move |_, most| {
                let swept = left.min(most as usize);
                left -= swept;
                Ok(swept)
            });
        mocks.build().idempotency.sweep().await.unwrap();
    }
}
