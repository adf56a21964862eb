//! How a request changes something: once, if its precondition holds, and in one commit with its record.
//!
//! A use case that changes something takes a [`Request`] and describes what it does as an [`Effect`] before it writes
//! it. [`Commits`] turns the two into what is committed with the write; nothing else does.
//!
//! It also makes sure that a request is carried out once, however often it is sent
//! (draft-ietf-httpapi-idempotency-key-header). A repetition that comes later is answered from the record. A repetition
//! that comes at the same time waits. The unique key in the store decides, whichever server a repetition reaches. A
//! refused request leaves no record, so that it can succeed once what was in its way has changed.

use crate::{Caller, Recorded, System};
use chatgrow_domain::{
    AccountId, Actor, Change, ChangeId, ChangeRefusal, Refusal, Revised, Revision, Timestamp, Version,
};
use chatgrow_ports::{
    Commit, Failure, IdempotencyKey, IdempotencyRecord, IdempotencyStore, StoreError, StoredAnswer, Stores,
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// How often a change is tried before the caller is told to try again later. Each lost race means that another change
/// of the same resource has succeeded.
pub(crate) const ATTEMPTS: usize = 64;

/// The format of a stored answer that is empty. The adapter that renders an answer chooses the other formats.
const EMPTY: u16 = u16::MAX;

/// How many rows that have run out of time a refused write lets go at most, because one of them may be in its way.
pub(crate) const RELEASE: u32 = 100;

/// How many rows one write of a sweep changes at most, so that no request waits long for it.
pub(crate) const SWEEP: u32 = 500;

/// A request to change a `T`.
#[derive(Debug, Clone)]
pub struct Request<T> {
    /// Who makes the request.
    pub caller: Caller,
    /// The condition under which the request is carried out.
    pub precondition: Precondition,
    /// The request's idempotency key, if it has one.
    pub repeatable: Option<Repeatable>,
    /// Renders the answer to the request.
    pub answer: fn(&Effect<T>) -> StoredAnswer,
}

impl<T> Request<T> {
    /// A request without an idempotency key, of a caller to whom a stored answer would be of no use. If it gets a key,
    /// its record has an empty answer.
    #[must_use]
    pub fn unanswered(caller: Caller, precondition: Precondition) -> Self {
        Self {
            caller,
            precondition,
            repeatable: None,
            answer: |_| StoredAnswer {
                format: EMPTY,
                bytes: Vec::new(),
            },
        }
    }
}

/// What must be there for a change to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Precondition {
    /// Anything, or nothing.
    Unconditional,
    /// A resource in any state.
    Exists,
    /// A resource in one of these states.
    OneOf(Vec<Revision>),
}

impl Precondition {
    /// Checks the precondition against the present state of the resource, which is `None` if it doesn't exist.
    ///
    /// # Errors
    /// [`ChangeRefusal::VERSION_MISMATCH`] if the precondition doesn't hold.
    pub(crate) fn check<R: ChangeRefusal>(&self, current: Option<&impl Revised>) -> Result<(), R> {
        let admitted = match (self, current) {
            (Self::Unconditional, _) | (Self::Exists, Some(_)) => true,
            (Self::OneOf(revisions), Some(current)) => revisions.contains(&current.revision()),
            (Self::Exists | Self::OneOf(_), None) => false,
        };
        admitted.then_some(()).ok_or(R::VERSION_MISMATCH)
    }
}

/// Makes a request idempotent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repeatable {
    /// Identifies the request within the account.
    pub key: IdempotencyKey,
    /// A digest of what the request asks for.
    pub fingerprint: [u8; 32],
    /// For how long a repetition gets the same answer.
    pub remembered: Duration,
    /// Until when the request may wait while a repetition of it is carried out.
    pub deadline: Instant,
}

/// What a use case does to one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect<T> {
    /// It creates this resource.
    Created(T),
    /// It changes the resource.
    Changed {
        /// The state before.
        before: T,
        /// The state after.
        after: T,
    },
    /// It changes nothing: the resource is already as requested.
    Unchanged(T),
    /// It removes this resource.
    Removed(T),
}

impl<T> Effect<T> {
    /// The resource: its new state or, if it is removed, its last one.
    pub fn resource(&self) -> &T {
        match self {
            Self::Created(resource) | Self::Unchanged(resource) | Self::Removed(resource) => resource,
            Self::Changed { after, .. } => after,
        }
    }
}

impl<T: PartialEq> Effect<T> {
    /// Whether the state after it is that before it.
    pub(crate) fn changes_nothing(&self) -> bool {
        match self {
            Self::Changed { before, after } => before == after,
            Self::Unchanged(_) => true,
            Self::Created(_) | Self::Removed(_) => false,
        }
    }
}

/// The outcome of a request that was not refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome<T> {
    /// The request was carried out now.
    Done(Effect<T>),
    /// The request was carried out before, and this was the answer.
    Replayed(StoredAnswer),
    /// The request's idempotency key was used for another request.
    KeyReused,
    /// A repetition of the request is still being carried out.
    InProgress,
}

/// Carries out requests, and makes what is committed with their writes.
#[derive(Clone)]
pub struct Commits {
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

    /// Carries out the request, unless that was done before. An attempt returns `None` if it lost a race against
    /// another change of the same resource; it is then made again.
    ///
    /// # Errors
    /// The failure of the attempt; [`StoreError::Unavailable`] if [`ATTEMPTS`] attempts lose; or [`Failure::Store`] if
    /// the record can't be read.
    pub(crate) async fn run<T, R: Refusal>(
        &self,
        request: &Request<T>,
        attempt: impl AsyncFn() -> Result<Option<Effect<T>>, Failure<R>>,
    ) -> Result<Outcome<T>, Failure<R>> {
        let Some(repeatable) = &request.repeatable else {
            return Ok(self.done(undisturbed(attempt).await?));
        };
        let (account, turns) = (request.caller.account, &self.system.turns);
        let Some(_turn) = turns.enter(account, repeatable.key, repeatable.deadline).await else {
            return Ok(Outcome::InProgress);
        };
        loop {
            let failure = match undisturbed(&attempt).await {
                Ok(effect) => return Ok(self.done(effect)),
                // What another caller was answered is not for one who may not ask.
                Err(failure @ Failure::NotAllowed(_)) => return Err(failure),
                Err(failure) => failure,
            };
            let in_progress = matches!(
                failure,
                Failure::Store(StoreError::Repeated | StoreError::InProgress)
            );
            let refused = in_progress || matches!(failure, Failure::Refused(_));
            // The request may have been carried out before. Then the attempt may have been refused because of the
            // request's own effect. Or the store may take no writes now, but can still tell the answer.
            match self.answer(account, repeatable).await {
                Ok(Some(Outcome::KeyReused)) if !refused => return Err(failure),
                Ok(Some(outcome)) => return Ok(outcome),
                Err(error) if refused => return Err(error.into()),
                _ if !in_progress => return Err(failure),
                _ => {}
            }
            if !turns.pause(repeatable.deadline).await {
                return Ok(Outcome::InProgress);
            }
        }
    }

    fn done<T>(&self, effect: Effect<T>) -> Outcome<T> {
        self.announce();
        Outcome::Done(effect)
    }

    /// The outcome of an earlier run of the request, if there was one.
    async fn answer<T>(
        &self,
        account: AccountId,
        repeatable: &Repeatable,
    ) -> Result<Option<Outcome<T>>, StoreError> {
        let record = self.records.find(account, repeatable.key).await?;
        let record = record.filter(|record| record.expires_at > self.system.clock.now());
        Ok(record.map(|record| {
            if record.fingerprint == repeatable.fingerprint {
                Outcome::Replayed(record.answer)
            } else {
                Outcome::KeyReused
            }
        }))
    }

    /// What is committed with the write of `effect`.
    pub(crate) fn of<T: Recorded>(&self, request: &Request<T>, effect: &Effect<T>) -> Commit {
        let record = request.repeatable.map(|repeatable| {
            let now = self.system.clock.now();
            let lifetime = i64::try_from(repeatable.remembered.as_millis()).unwrap_or(i64::MAX);
            let expiry = now.as_millis().saturating_add(lifetime);
            IdempotencyRecord {
                account: request.caller.account,
                key: repeatable.key,
                fingerprint: repeatable.fingerprint,
                answer: (request.answer)(effect),
                created_at: now,
                expires_at: Timestamp::from_millis(expiry).unwrap_or(Timestamp::MAX),
            }
        });
        let changes = self.change(&request.caller, effect);
        Commit {
            record,
            changes: changes.into_iter().collect(),
            notice: None,
        }
    }

    /// The change that an effect is, if it is one.
    pub(crate) fn change<T: Recorded>(&self, caller: &Caller, effect: &Effect<T>) -> Option<Change> {
        let request = Some(caller.request_id.as_str().to_owned());
        self.change_by(caller.account, caller.actor, request, effect)
    }

    /// What is committed with a write that somebody causes without a request.
    pub(crate) fn without_request<T: Recorded>(
        &self,
        account: AccountId,
        actor: Actor,
        effect: &Effect<T>,
    ) -> Commit {
        Commit {
            record: None,
            changes: self.change_by(account, actor, None, effect).into_iter().collect(),
            notice: None,
        }
    }

    fn change_by<T: Recorded>(
        &self,
        account: AccountId,
        actor: Actor,
        request: Option<String>,
        effect: &Effect<T>,
    ) -> Option<Change> {
        let kind = T::change(effect)?;
        let subject = effect.resource().subject();
        let (before, version) = match effect {
            Effect::Changed { before, .. } => (Some(before.subject().snapshot), subject.version),
            // The removal counts as a state, so that versions rise.
            Effect::Removed(_) => (None, subject.version.map(Version::next)),
            Effect::Created(_) | Effect::Unchanged(_) => (None, subject.version),
        };
        Some(Change {
            id: ChangeId::new(self.system.ids.next_id()),
            account,
            kind,
            at: self.system.clock.now(),
            subject: subject.id,
            version,
            customer: subject.customer,
            actor,
            request,
            data: self.system.representation.data(before, subject.snapshot),
        })
    }

    /// Tells those who wait for changes that some were written.
    pub(crate) fn announce(&self) {
        self.system.bell.ring();
    }

    /// Replaces `before` by `after` with `write`, which must refuse if the stored version is not that of `before`.
    /// Returns `None` if it does, because another change was faster. If the states are equal, only the record is
    /// written.
    ///
    /// # Errors
    /// The refusal of the write for another reason, or [`Failure::Store`] if the store fails.
    pub(crate) async fn replace<T, R>(
        &self,
        request: &Request<T>,
        before: T,
        after: T,
        write: impl AsyncFnOnce(&T, Commit) -> Result<(), Failure<R>>,
    ) -> Result<Option<Effect<T>>, Failure<R>>
    where
        T: PartialEq + Recorded,
        R: ChangeRefusal,
    {
        if after == before {
            return Ok(Some(self.unchanged(request, after).await?));
        }
        let effect = Effect::Changed { before, after };
        match write(effect.resource(), self.of(request, &effect)).await {
            Ok(()) => Ok(Some(effect)),
            Err(Failure::Refused(refusal)) if refusal == R::VERSION_MISMATCH => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Writes the record alone, because the resource is already as requested.
    pub(crate) async fn unchanged<T: Recorded>(
        &self,
        request: &Request<T>,
        resource: T,
    ) -> Result<Effect<T>, StoreError> {
        let effect = Effect::Unchanged(resource);
        self.alone(self.of(request, &effect)).await?;
        Ok(effect)
    }

    /// Writes what is committed without a write, if it is anything.
    pub(crate) async fn alone(&self, commit: Commit) -> Result<(), StoreError> {
        if commit == Commit::default() {
            return Ok(());
        }
        self.records.write(commit).await
    }

    /// Deletes expired records in small batches.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub async fn sweep(&self) -> Result<(), StoreError> {
        let now = self.system.clock.now();
        while self.records.sweep(now, SWEEP).await? == SWEEP as usize {}
        Ok(())
    }
}

/// Makes attempts until one doesn't lose a race.
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

#[cfg(test)]
mod tests;
