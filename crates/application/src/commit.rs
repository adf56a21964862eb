//! How a request changes something: once, on its condition, and in one commit with its record.
//!
//! A use case that changes something gets a [`Request`] and says what it did, an [`Effect`], before it is written. [`Commits`] makes of the
//! two what commits with the write, and is the only place that does. It also carries a request out once, however often the request comes
//! (draft-ietf-httpapi-idempotency-key-header). A repetition that comes later is answered by the record. One that comes at the same
//! time waits. Whichever server it reaches, the store's own unique key has the last word. What is refused leaves no record: a corrected
//! world may answer anew.

use crate::{Caller, System};
use chatgrow_domain::{AccountId, ChangeRefusal, Refusal, Revised, Revision, Timestamp};
use chatgrow_ports::{
    Commit, Failure, IdempotencyKey, IdempotencyRecord, IdempotencyStore, StoreError, StoredAnswer, Stores,
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// How often a change is tried before the caller is told to come back. Each lost race means that another change of the same resource has
/// succeeded meanwhile.
pub(crate) const ATTEMPTS: usize = 64;

/// How many records are forgotten in one write, so that no request waits long for it.
const SWEEP: u32 = 500;

/// A request that changes a `T`.
#[derive(Debug, Clone)]
pub struct Request<T> {
    /// Whom it comes from.
    pub caller: Caller,
    /// What has to be there for it.
    pub precondition: Precondition,
    /// How it names itself, if it may be repeated.
    pub once: Option<Once>,
    /// How it is answered.
    pub answer: fn(&Effect<T>) -> StoredAnswer,
}

/// What has to be there for a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Precondition {
    /// Whatever it is.
    None,
    /// Something.
    Something,
    /// One of these states.
    OneOf(Vec<Revision>),
}

impl Precondition {
    /// Whether what is there now, if anything is, may be changed.
    ///
    /// # Errors
    /// The refusal of another version.
    pub(crate) fn check<R: ChangeRefusal>(&self, current: Option<&impl Revised>) -> Result<(), R> {
        let admitted = match (self, current) {
            (Self::None, _) | (Self::Something, Some(_)) => true,
            (Self::OneOf(revisions), Some(current)) => revisions.contains(&current.revision()),
            (Self::Something | Self::OneOf(_), None) => false,
        };
        admitted.then_some(()).ok_or(R::VERSION_MISMATCH)
    }
}

/// How a request names itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Once {
    /// Which request of the account it is.
    pub key: IdempotencyKey,
    /// A digest of what it asks for.
    pub fingerprint: [u8; 32],
    /// For how long a repetition is answered as this one is.
    pub remembered: Duration,
    /// Until when it may wait for the same request to end.
    pub deadline: Instant,
}

/// What a use case did to one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect<T> {
    /// It made this one.
    Created(T),
    /// It changed this one.
    Changed {
        /// Before.
        before: T,
        /// After.
        after: T,
    },
    /// This one was as wanted already.
    Unchanged(T),
    /// It took this one away.
    Removed(T),
}

impl<T> Effect<T> {
    /// The resource, as it is now or, if it was removed, as it was.
    pub fn resource(&self) -> &T {
        match self {
            Self::Created(resource) | Self::Unchanged(resource) | Self::Removed(resource) => resource,
            Self::Changed { after, .. } => after,
        }
    }
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome<T> {
    /// It was carried out now.
    Done(Effect<T>),
    /// It was carried out before, and answered so.
    Replayed(StoredAnswer),
    /// Another request had its name.
    KeyReused,
    /// It is still being carried out.
    InProgress,
}

/// Carries requests out, and makes what commits with their writes.
#[derive(Clone)]
pub(crate) struct Commits {
    records: Arc<dyn IdempotencyStore>,
    system: System,
}

impl Commits {
    pub(crate) fn new(stores: &Stores, system: &System) -> Self {
        Self {
            records: stores.idempotency.clone(),
            system: system.clone(),
        }
    }

    /// Carries the request out, unless that was done before. An attempt returns `None` if somebody else has changed meanwhile what it rests
    /// on; then it is made again.
    ///
    /// # Errors
    /// The attempt fails, or the store does.
    pub(crate) async fn run<T, R: Refusal>(
        &self,
        request: &Request<T>,
        attempt: impl AsyncFn() -> Result<Option<Effect<T>>, Failure<R>>,
    ) -> Result<Outcome<T>, Failure<R>> {
        let Some(once) = &request.once else {
            return Ok(Outcome::Done(undisturbed(attempt).await?));
        };
        let (account, turns) = (request.caller.account, &self.system.turns);
        let Some(_turn) = turns.enter(account, once.key, once.deadline).await else {
            return Ok(Outcome::InProgress);
        };
        loop {
            let failure = match undisturbed(&attempt).await {
                Ok(effect) => return Ok(Outcome::Done(effect)),
                Err(failure) => failure,
            };
            let in_progress = matches!(
                failure,
                Failure::Store(StoreError::Repeated | StoreError::InProgress)
            );
            let refused = in_progress || matches!(failure, Failure::Refused(_));
            // It may have been carried out before, and its own effect be in its way; or the store may take no writes now.
            match self.answer(account, once).await {
                Ok(Some(Outcome::KeyReused)) if !refused => return Err(failure),
                Ok(Some(outcome)) => return Ok(outcome),
                Err(error) if refused => return Err(error.into()),
                _ if !in_progress => return Err(failure),
                _ => {}
            }
            if !turns.pause(once.deadline).await {
                return Ok(Outcome::InProgress);
            }
        }
    }

    /// How the request was answered, if it was carried out before.
    async fn answer<T>(&self, account: AccountId, once: &Once) -> Result<Option<Outcome<T>>, StoreError> {
        let record = self.records.find(account, once.key).await?;
        let record = record.filter(|record| record.expires_at > self.system.clock.now());
        Ok(record.map(|record| {
            if record.fingerprint == once.fingerprint {
                Outcome::Replayed(record.answer)
            } else {
                Outcome::KeyReused
            }
        }))
    }

    /// What commits with a write of that effect.
    pub(crate) fn of<T>(&self, request: &Request<T>, effect: &Effect<T>) -> Commit {
        let record = request.once.map(|once| {
            let now = self.system.clock.now();
            let lifetime = i64::try_from(once.remembered.as_millis()).unwrap_or(i64::MAX);
            let expiry = now.as_millis().saturating_add(lifetime);
            IdempotencyRecord {
                account: request.caller.account,
                key: once.key,
                fingerprint: once.fingerprint,
                answer: (request.answer)(effect),
                created_at: now,
                expires_at: Timestamp::from_millis(expiry).unwrap_or(Timestamp::MAX),
            }
        });
        Commit { record }
    }

    /// Replaces one state by the next with `write`, which refuses if the version before is not what is there. Returns `None` if somebody
    /// else was faster.
    ///
    /// # Errors
    /// The write is refused for another reason, or the store fails.
    pub(crate) async fn replace<T, R>(
        &self,
        request: &Request<T>,
        before: T,
        after: T,
        write: impl AsyncFnOnce(&T, Commit) -> Result<(), Failure<R>>,
    ) -> Result<Option<Effect<T>>, Failure<R>>
    where
        T: PartialEq,
        R: ChangeRefusal,
    {
        if after == before {
            let effect = Effect::Unchanged(after);
            let commit = self.of(request, &effect);
            if commit.record.is_some() {
                self.records.write(commit).await?;
            }
            return Ok(Some(effect));
        }
        let effect = Effect::Changed { before, after };
        match write(effect.resource(), self.of(request, &effect)).await {
            Ok(()) => Ok(Some(effect)),
            Err(Failure::Refused(refusal)) if refusal == R::VERSION_MISMATCH => Ok(None),
            Err(failure) => Err(failure),
        }
    }
}

/// Attempts it until nobody else comes in between.
async fn undisturbed<T, R: Refusal>(
    attempt: impl AsyncFn() -> Result<Option<T>, Failure<R>>,
) -> Result<T, Failure<R>> {
    for _ in 0..ATTEMPTS {
        if let Some(done) = attempt().await? {
            return Ok(done);
        }
    }
    Err(StoreError::unavailable("too many concurrent changes of one resource").into())
}

/// Use cases of the records of requests.
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

#[cfg(test)]
mod tests;
