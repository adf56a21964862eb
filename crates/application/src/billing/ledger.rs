//! The ledger: entries, with all that follows from them.
//!
//! What a payment system tells comes twice, late, and in any order. An entry, the payment that a refund gives back, and
//! the booking's bill are one write, and each is written from the version that was read. So payments of one booking
//! take turns (ADR 0019).

use crate::{
    Caller, System,
    billing::booking::{Billed, Bookings},
    commit::{Commits, Effect, Precondition, Request},
};
use chatgrow_domain::{
    AccountId, Attention, ExternalId, NoticeOutcome, Payment, PaymentId, PaymentKind, PaymentNotice,
    PaymentRefusal, PaymentStatus, PaymentTarget, Provider, Timestamp,
};
use chatgrow_ports::{Failure, PaymentFacts, PaymentStore, PaymentWrite, Stores};
use std::sync::Arc;

/// Writes entries.
pub(super) struct Ledger {
    payments: Arc<dyn PaymentStore>,
    pub(super) bookings: Bookings,
    system: System,
    commits: Commits,
}

/// A payment and its refunds before and after a write.
#[derive(Clone, Default)]
struct Entries {
    /// The payment, if it is known.
    payment: Option<(Option<Payment>, Payment)>,
    /// Refunds that change.
    refunds: Vec<(Option<Payment>, Payment)>,
}

impl Ledger {
    pub(super) fn new(stores: &Stores, system: &System, commits: &Commits) -> Self {
        Self {
            payments: stores.billing.payments.clone(),
            bookings: Bookings::new(stores, system, commits),
            system: system.clone(),
            commits: commits.clone(),
        }
    }

    /// The entry with that id.
    ///
    /// # Errors
    /// [`PaymentRefusal::NotFound`], or [`Failure::Store`] if the store fails.
    pub(super) async fn find(
        &self,
        account: AccountId,
        id: PaymentId,
    ) -> Result<Payment, Failure<PaymentRefusal>> {
        let found = self.payments.by_id(account, id).await?;
        Ok(found.ok_or(PaymentRefusal::NotFound)?)
    }

    /// Writes an entry after a change, with all that follows from it. `None` if another write was faster.
    pub(super) async fn write(
        &self,
        request: &Request<Payment>,
        notice: Option<&PaymentNotice>,
        before: Option<Payment>,
        after: Payment,
    ) -> Result<Option<Effect<Payment>>, Failure<PaymentRefusal>> {
        let account = request.caller.account;
        let entries = match after.kind {
            PaymentKind::Payment => {
                self.with_its_refunds(account, before.clone(), after.clone())
                    .await?
            }
            PaymentKind::Refund => {
                self.with_its_payment(account, before.clone(), after.clone())
                    .await?
            }
        };
        self.write_entries(request, notice, before, after, entries).await
    }

    /// Writes an entry after a change as [`write`](Self::write) does. If it can't be counted where it belongs, it is kept
    /// as `aside` says.
    pub(super) async fn keep(
        &self,
        request: &Request<Payment>,
        notice: Option<&PaymentNotice>,
        before: Option<Payment>,
        after: Payment,
        aside: impl Fn(Attention) -> Payment,
    ) -> Result<Option<Effect<Payment>>, Failure<PaymentRefusal>> {
        let written = self.write(request, notice, before.clone(), after).await;
        let why = match &written {
            Err(Failure::Refused(refusal)) => refusal.attention(),
            _ => None,
        };
        let Some(why) = why else { return written };
        let after = aside(why);
        let entries = Entries::of(before.clone(), after.clone());
        self.write_entries(request, notice, before, after, entries).await
    }

    /// Writes the entries, with what follows from them for the booking. `after` is the one that the request is about.
    async fn write_entries(
        &self,
        request: &Request<Payment>,
        notice: Option<&PaymentNotice>,
        before: Option<Payment>,
        after: Payment,
        entries: Entries,
    ) -> Result<Option<Effect<Payment>>, Failure<PaymentRefusal>> {
        let (account, now) = (request.caller.account, self.system.clock.now());
        // One that has expired is brought back if it can be.
        for returns in [true, false] {
            let (entries, billed) = self.billed(account, &entries, returns, now).await?;
            let changed = entries.changed(now);
            let effect = match changed.iter().find(|(_, entry)| entry.id == after.id) {
                Some((_, entry)) => of(before.clone(), entry.clone()),
                None => Effect::Unchanged(before.clone().unwrap_or_else(|| after.clone())),
            };
            let mut commit = self.commits.of(request, &effect);
            commit.notice = notice.map(|notice| (account, noted(notice, &effect)));
            if changed.is_empty() {
                self.commits.alone(commit).await?;
                return Ok(Some(effect));
            }
            let others = changed.iter().filter(|(_, entry)| entry.id != after.id);
            for (before, entry) in others {
                let effect = of(before.clone(), entry.clone());
                commit
                    .changes
                    .extend(self.commits.change(&request.caller, &effect));
            }
            let booked = billed
                .as_ref()
                .and_then(|billed| billed.change(&self.commits, &request.caller));
            commit.changes.extend(booked);
            let write = PaymentWrite {
                entries: changed.into_iter().map(|(_, entry)| entry).collect(),
                booking: billed.as_ref().map(Billed::write),
            };
            match (
                self.payments.record(account, &write, commit).await,
                entries.target(),
            ) {
                (Ok(()), _) => return Ok(Some(effect)),
                (Err(Failure::Refused(PaymentRefusal::Outdated)), _) => return Ok(None),
                (Err(Failure::Refused(PaymentRefusal::PlaceTaken)), Some(target)) if returns => {
                    if self.bookings.make_room(account, target).await? {
                        return Ok(None);
                    }
                }
                (Err(failure), _) => return Err(failure),
            }
        }
        Ok(None)
    }

    /// A payment after a change, with the refunds that have waited for it.
    async fn with_its_refunds(
        &self,
        account: AccountId,
        before: Option<Payment>,
        mut after: Payment,
    ) -> Result<Entries, Failure<PaymentRefusal>> {
        let known = self
            .payments
            .refunds_of(account, &after.provider, &after.external_id)
            .await?;
        let mut refunds = Vec::new();
        for refund in known {
            let joined = refund.joined(&after);
            let counted = if refund.payment.is_none() {
                after.with_refund(None, &joined)
            } else {
                Ok(after.clone())
            };
            // One that doesn't fit waits on, and needs attention.
            let joined = match counted {
                Ok(counted) => {
                    after = counted;
                    joined
                }
                Err(refusal) => refund.not_joined(refusal),
            };
            refunds.push((Some(refund), joined));
        }
        Ok(Entries {
            payment: Some((before, after)),
            refunds,
        })
    }

    /// A refund after a change, with its payment if that is known.
    async fn with_its_payment(
        &self,
        account: AccountId,
        before: Option<Payment>,
        mut after: Payment,
    ) -> Result<Entries, Failure<PaymentRefusal>> {
        let payment = match (&after.payment, &after.refund_of) {
            (Some(id), _) => self.payments.by_id(account, *id).await?,
            (None, Some(id)) => self.payment_of(account, &after.provider, id).await?,
            (None, None) => None,
        };
        let mut entries = Entries::default();
        if let Some(payment) = payment {
            after = after.joined(&payment);
            let joined_before = before.as_ref().filter(|before| before.payment.is_some());
            let counted = payment.with_refund(joined_before, &after)?;
            entries.payment = Some((Some(payment), counted));
        }
        entries.refunds.push((before, after));
        Ok(entries)
    }

    async fn payment_of(
        &self,
        account: AccountId,
        provider: &Provider,
        external_id: &ExternalId,
    ) -> Result<Option<Payment>, Failure<PaymentRefusal>> {
        let facts = PaymentFacts {
            provider: provider.clone(),
            external_id: external_id.clone(),
            kind: PaymentKind::Payment,
        };
        Ok(self.payments.by_facts(account, &facts).await?)
    }

    /// The entries with the booking's bill, if that changes. Money for a booking that is not there any more needs
    /// attention.
    async fn billed(
        &self,
        account: AccountId,
        entries: &Entries,
        returns: bool,
        now: Timestamp,
    ) -> Result<(Entries, Option<Billed>), Failure<PaymentRefusal>> {
        let mut entries = entries.clone();
        let Some((before, after)) = &mut entries.payment else {
            return Ok((entries, None));
        };
        let same_target = before.as_ref().map(|before| before.target) == Some(after.target);
        let share = before.as_ref().map_or((0, 0), Payment::share_of_bill);
        let new_share = after.share_of_bill();
        let attempt = after.status != PaymentStatus::Succeeded;
        let Some(target) = after
            .target
            .filter(|_| !same_target || share != new_share || attempt)
        else {
            return Ok((entries, None));
        };
        let booking = self.bookings.find(account, target).await?;
        let is_paid = new_share.0 > share.0;
        let billed = booking.billed(before.as_ref(), after, returns && is_paid, now)?;
        // An attempt leaves the booking as it is: another one may be in another currency.
        if share == new_share {
            return Ok((entries, None));
        }
        if is_paid && !billed.takes_place() {
            after.attention = Some(Attention::Late);
        }
        Ok((entries, billed.if_different()))
    }

    /// Joins what was recorded with what another write has recorded at the same time: a refund with its payment, or a
    /// payment with its refunds. Each of the two writes may have missed the other, but not both of the looks
    /// afterwards.
    pub(super) async fn join_the_latest(
        &self,
        caller: &Caller,
        entry: &Payment,
    ) -> Result<(), Failure<PaymentRefusal>> {
        let missed = match (entry.kind, &entry.refund_of) {
            (PaymentKind::Refund, Some(id)) if entry.payment.is_none() => self
                .payment_of(caller.account, &entry.provider, id)
                .await?
                .is_some(),
            (PaymentKind::Refund, _) => false,
            (PaymentKind::Payment, _) => {
                let known = self
                    .payments
                    .refunds_of(caller.account, &entry.provider, &entry.external_id)
                    .await?;
                known.iter().any(|refund| refund.payment.is_none())
            }
        };
        if !missed {
            return Ok(());
        }
        let request = Request::unanswered(caller.clone(), Precondition::Unconditional);
        let attempt = async || {
            let entry = self.find(caller.account, entry.id).await?;
            self.write(&request, None, Some(entry.clone()), entry).await
        };
        match self.commits.run(&request, attempt).await {
            // A refund that doesn't fit waits on, and needs attention.
            Ok(_) | Err(Failure::Refused(_)) => Ok(()),
            Err(failure) => Err(failure),
        }
    }
}

impl Entries {
    /// An entry alone.
    fn of(before: Option<Payment>, after: Payment) -> Self {
        match after.kind {
            PaymentKind::Payment => Self {
                payment: Some((before, after)),
                refunds: Vec::new(),
            },
            PaymentKind::Refund => Self {
                payment: None,
                refunds: vec![(before, after)],
            },
        }
    }

    /// The booking of the payment.
    fn target(&self) -> Option<PaymentTarget> {
        self.payment.as_ref().and_then(|(_, after)| after.target)
    }

    /// What is to be written: the payment first, each with the state before.
    fn changed(&self, now: Timestamp) -> Vec<(Option<Payment>, Payment)> {
        let followed = |(before, after): &(Option<Payment>, Payment)| {
            let after = match before {
                Some(before) => before.followed_by(after.clone(), now),
                None => after.clone(),
            };
            (before.clone(), after)
        };
        self.payment
            .iter()
            .chain(&self.refunds)
            .map(followed)
            .filter(|(before, after)| before.as_ref() != Some(after))
            .collect()
    }
}

/// The notice once it is known what came of it.
fn noted(notice: &PaymentNotice, effect: &Effect<Payment>) -> PaymentNotice {
    let outcome = match (notice.outcome, effect) {
        (NoticeOutcome::Recorded, Effect::Unchanged(_)) => NoticeOutcome::Known,
        (outcome, _) => outcome,
    };
    PaymentNotice {
        payment: Some(effect.resource().id),
        outcome,
        ..notice.clone()
    }
}

/// What was done to an entry.
fn of(before: Option<Payment>, after: Payment) -> Effect<Payment> {
    match before {
        Some(before) => Effect::Changed { before, after },
        None => Effect::Created(after),
    }
}
