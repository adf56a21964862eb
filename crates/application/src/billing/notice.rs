//! Notices: what payment systems send by themselves.
//!
//! A notice, and everything that follows from it, is one write. So a notice that comes again, to whichever server, has no
//! effect, and one whose answer was lost can be sent again.

use crate::{
    Caller, RequestId, System,
    billing::ledger::Ledger,
    commit::{Commits, Precondition, Request, SWEEP},
};
use chatgrow_domain::{
    Actor, InboundToken, NoticeKey, NoticeOutcome, NoticeRefusal, NoticeSecret, Payment, PaymentId,
    PaymentNotice, PaymentNoticeId, PaymentRefusal, PaymentSource, PaymentSourceId, PaymentSourceRefusal,
    Scope, Scopes, Timestamp, ToldNotice, ToldPayment,
};
use chatgrow_ports::{
    Commit, Failure, Message, NoticeFault, Page, PageRequest, PaymentFacts, PaymentNoticeStore,
    PaymentSourceStore, PaymentStore, StoreError, Stores,
};
use std::{cmp::Reverse, sync::Arc};

/// For how long the log keeps notices, in milliseconds: 30 days. A payment system sends a notice again for a few days.
const KEPT_MILLIS: i64 = 30 * 86_400_000;

/// What came of a notice that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reception {
    /// It was taken now: what it tells is recorded.
    Taken,
    /// It tells nothing of money.
    Ignored,
    /// It was taken before.
    Repeated,
}

/// The use cases of notices.
pub struct Notices {
    sources: Arc<dyn PaymentSourceStore>,
    notices: Arc<dyn PaymentNoticeStore>,
    payments: Arc<dyn PaymentStore>,
    ledger: Arc<Ledger>,
    system: System,
    commits: Commits,
}

impl Notices {
    pub(super) fn new(stores: &Stores, system: &System, commits: &Commits, ledger: &Arc<Ledger>) -> Self {
        Self {
            sources: stores.billing.sources.clone(),
            notices: stores.billing.notices.clone(),
            payments: stores.billing.payments.clone(),
            ledger: ledger.clone(),
            system: system.clone(),
            commits: commits.clone(),
        }
    }

    /// The source to which a path leads, by its last segment.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub async fn source(&self, segment: &str) -> Result<Option<PaymentSource>, StoreError> {
        match InboundToken::parse(segment) {
            Some(token) => self.sources.by_token(&token).await,
            None => Ok(None),
        }
    }

    /// Takes what was sent to a source's path.
    ///
    /// # Errors
    /// [`NoticeRefusal::Unverified`], [`NoticeRefusal::Unreadable`], or [`Failure::Store`] if the store fails.
    pub async fn receive(
        &self,
        source: &PaymentSource,
        message: &Message,
        request: &RequestId,
    ) -> Result<Reception, Failure<NoticeRefusal>> {
        let now = self.system.clock.now();
        let secrets = self.secrets(source, now)?;
        let notice = |key| PaymentNotice {
            id: PaymentNoticeId::new(self.system.ids.next_id()),
            source: source.id,
            key,
            kind: None,
            outcome: NoticeOutcome::Ignored,
            payment: None,
            reference: None,
            amount: None,
            problem: None,
            received_at: now,
        };
        let read = match self.system.notices.read(source, &secrets, message, now) {
            Ok(read) => read,
            Err(NoticeFault::Unverified(why)) => return Err(NoticeRefusal::Unverified(why).into()),
            Err(NoticeFault::Unreadable { key, kind, problem }) => {
                let notice = PaymentNotice {
                    kind,
                    outcome: NoticeOutcome::Unreadable,
                    problem: Some(problem.clone()),
                    ..notice(key)
                };
                self.log(source, notice).await?;
                return Err(NoticeRefusal::Unreadable(problem).into());
            }
        };
        let notice = PaymentNotice {
            kind: Some(read.kind),
            ..notice(read.key)
        };
        match read.told {
            None => Ok(self.log(source, notice).await?),
            Some(told) => self.record(source, told, notice, request).await,
        }
    }

    /// The secrets that count now, the newest first.
    fn secrets(&self, source: &PaymentSource, now: Timestamp) -> Result<Vec<NoticeSecret>, StoreError> {
        let read = |sealed| NoticeSecret::stored(self.system.secrets.read(source.id.as_bytes(), sealed)?);
        let secrets: Vec<_> = source
            .secrets(now)
            .filter_map(|sealed| read(sealed.as_bytes()))
            .collect();
        if secrets.is_empty() {
            let why = "the secret of a payment source was encrypted under another SECRETS_KEY";
            return Err(StoreError::unavailable(why));
        }
        Ok(secrets)
    }

    /// Writes a notice that has no effect.
    async fn log(&self, source: &PaymentSource, notice: PaymentNotice) -> Result<Reception, StoreError> {
        let commit = Commit {
            notice: Some((source.account_id, notice)),
            ..Commit::default()
        };
        match self.commits.alone(commit).await {
            Ok(()) => Ok(Reception::Ignored),
            Err(StoreError::Repeated) => Ok(Reception::Repeated),
            Err(error) => Err(error),
        }
    }

    async fn record(
        &self,
        source: &PaymentSource,
        told: ToldNotice,
        notice: PaymentNotice,
        request: &RequestId,
    ) -> Result<Reception, Failure<NoticeRefusal>> {
        let ToldNotice {
            mut payment,
            reference,
        } = told;
        let account = source.account_id;
        let id = reference.as_ref().and_then(|text| text.as_str().parse().ok());
        // A refund has the booking of its payment.
        if let Some(id) = id.filter(|_| payment.refund_of.is_none()) {
            payment.target = self.ledger.bookings.named(account, id).await?;
        }
        let notice = PaymentNotice {
            outcome: NoticeOutcome::Recorded,
            amount: Some((payment.amount, payment.currency)),
            reference,
            ..notice
        };
        let caller = Caller {
            account,
            actor: Actor::System,
            scopes: Scopes::FULL,
            request_id: request.clone(),
        };
        let request = Request::unanswered(caller, Precondition::Unconditional);
        match self.take(&request, &payment, &notice).await {
            Ok(()) => Ok(Reception::Taken),
            Err(Failure::Store(StoreError::Repeated)) => Ok(Reception::Repeated),
            Err(Failure::Store(error)) => Err(error.into()),
            // Whatever can be refused is kept aside.
            Err(failure) => Err(StoreError::failed(failure.to_string()).into()),
        }
    }

    /// Records what a notice tells, together with the notice. Nothing of it is refused: what can't be counted is kept,
    /// and needs attention.
    ///
    /// # Errors
    /// [`StoreError::Repeated`] if the notice was taken before, or [`Failure::Store`] if the store fails.
    async fn take(
        &self,
        request: &Request<Payment>,
        told: &ToldPayment,
        notice: &PaymentNotice,
    ) -> Result<(), Failure<PaymentRefusal>> {
        let account = request.caller.account;
        let facts = PaymentFacts::told(told);
        let attempt = async || {
            let mut notice = notice.clone();
            let known = self.payments.by_facts(account, &facts).await?;
            let after = match &known {
                Some(known) => known.told_again(told).unwrap_or_else(|_| {
                    notice.outcome = NoticeOutcome::Mismatch;
                    known.contradicted()
                }),
                None => Payment::new(
                    PaymentId::new(self.system.ids.next_id()),
                    told.clone(),
                    self.system.clock.now(),
                ),
            };
            let aside = |why| after.set_aside(known.as_ref(), why);
            self.ledger
                .keep(request, Some(&notice), known.clone(), after.clone(), aside)
                .await
        };
        let taken = self.commits.run(request, attempt).await;
        if let Ok(_) | Err(Failure::Store(StoreError::Repeated)) = taken
            && let Some(entry) = self.payments.by_facts(account, &facts).await?
        {
            self.ledger.join_the_latest(&request.caller, &entry).await?;
        }
        taken.map(drop)
    }

    /// Sends a source a notice as its payment system would, which tells nothing of money.
    ///
    /// # Errors
    /// [`PaymentSourceRefusal::NotFound`], or [`Failure::Store`] if the store fails, or the source doesn't take it.
    pub async fn test(
        &self,
        caller: &Caller,
        id: PaymentSourceId,
    ) -> Result<(), Failure<PaymentSourceRefusal>> {
        caller.require(Scope::PaymentsWrite)?;
        let source = self.found(caller, id).await?;
        let now = self.system.clock.now();
        let key = NoticeKey::digest(self.system.ids.next_id().as_bytes());
        if let Some(secret) = self.secrets(&source, now)?.first() {
            let message = self.system.notices.sample(&source, secret, &key, now);
            self.receive(&source, &message, &caller.request_id)
                .await
                .map_err(|failure| match failure {
                    Failure::Store(error) => error,
                    refused => StoreError::failed(refused.to_string()),
                })?;
        }
        Ok(())
    }

    async fn found(
        &self,
        caller: &Caller,
        id: PaymentSourceId,
    ) -> Result<PaymentSource, Failure<PaymentSourceRefusal>> {
        let found = self.sources.by_id(caller.account, id).await?;
        Ok(found.ok_or(PaymentSourceRefusal::NotFound)?)
    }

    /// What a source has sent in the last 30 days, the newest first.
    ///
    /// # Errors
    /// [`PaymentSourceRefusal::NotFound`], or [`Failure::Store`] if the store fails.
    pub async fn list(
        &self,
        caller: &Caller,
        id: PaymentSourceId,
        page: PageRequest<Reverse<PaymentNoticeId>>,
    ) -> Result<Page<PaymentNotice, Reverse<PaymentNoticeId>>, Failure<PaymentSourceRefusal>> {
        caller.require(Scope::PaymentsRead)?;
        let source = self.found(caller, id).await?;
        Ok(self.notices.list(caller.account, source.id, page).await?)
    }

    /// Deletes notices that are older than 30 days.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub async fn sweep(&self) -> Result<(), StoreError> {
        let before = self.system.clock.now().as_millis().saturating_sub(KEPT_MILLIS);
        if let Some(before) = Timestamp::from_millis(before) {
            while self.notices.sweep(before, SWEEP).await? == SWEEP as usize {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
