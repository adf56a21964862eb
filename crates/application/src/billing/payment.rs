//! Payments and refunds: record, read, list, match, settle.
//!
//! What a payment system tells comes twice, late, and in any order. An entry, the payment that a refund gives back, and
//! the booking's bill are one write, and each is written from the version that was read. So payments of one booking
//! take turns (ADR 0019).

use crate::{
    Caller, System,
    billing::booking::{Billed, Bookings},
    commit::{Commits, Effect, Outcome, Precondition, Request},
};
use chatgrow_domain::{
    AccountId, Attention, ExternalId, Payment, PaymentEdit, PaymentId, PaymentKind, PaymentRefusal,
    PaymentTarget, Provider, Scope, Timestamp, ToldPayment,
};
use chatgrow_ports::{
    Failure, Page, PageRequest, PaymentFacts, PaymentFilter, PaymentStore, PaymentWrite, Stores,
};
use std::sync::Arc;

/// The use cases of payments.
pub struct Payments {
    payments: Arc<dyn PaymentStore>,
    bookings: Bookings,
    system: System,
    commits: Commits,
}

/// A payment and its refunds before and after a write.
#[derive(Clone, Default)]
struct Ledger {
    /// The payment, if it is known.
    payment: Option<(Option<Payment>, Payment)>,
    /// Refunds that change.
    refunds: Vec<(Option<Payment>, Payment)>,
}

impl Payments {
    pub(crate) fn new(stores: &Stores, system: &System, commits: &Commits) -> Self {
        Self {
            payments: stores.billing.payments.clone(),
            bookings: Bookings::new(stores, system, commits),
            system: system.clone(),
            commits: commits.clone(),
        }
    }

    /// Records a payment or a refund, or what is new of one that is known. A booking of which enough is paid is
    /// confirmed in the same write. Money that comes too late is recorded, too, and [needs attention](Attention::Late).
    ///
    /// # Errors
    /// [`PaymentRefusal::Mismatch`], [`PaymentRefusal::AppointmentNotFound`], [`PaymentRefusal::RegistrationNotFound`],
    /// [`PaymentRefusal::CurrencyDiffers`], [`PaymentRefusal::RefundTooLarge`], or [`Failure::Store`] if the store
    /// fails.
    pub async fn record(
        &self,
        request: &Request<Payment>,
        told: ToldPayment,
    ) -> Result<Outcome<Payment>, Failure<PaymentRefusal>> {
        request.caller.require(Scope::PaymentsWrite)?;
        let account = request.caller.account;
        let facts = PaymentFacts {
            provider: told.provider.clone(),
            external_id: told.external_id.clone(),
            kind: told.kind,
        };
        let attempt = async || {
            let known = self.payments.by_facts(account, &facts).await?;
            let after = if let Some(known) = &known {
                known.told_again(&told)?
            } else {
                let id = PaymentId::new(self.system.ids.next_id());
                Payment::new(id, told.clone(), self.system.clock.now())
            };
            self.write(request, known, after).await
        };
        let outcome = self.commits.run(request, attempt).await?;
        let entry = match &outcome {
            Outcome::Done(effect) => Some(effect.resource().clone()),
            // The server that carried it out may have ended before it looked once more.
            Outcome::Replayed(_) => self.payments.by_facts(account, &facts).await?,
            Outcome::KeyReused | Outcome::InProgress => None,
        };
        if let Some(entry) = entry {
            self.join_the_latest(&request.caller, &entry).await?;
        }
        Ok(outcome)
    }

    /// Records a refund of that payment. `told` says what is told of it, or why that is refused.
    ///
    /// # Errors
    /// [`PaymentRefusal::NotFound`], the refusal of `told`, or as in [`record`](Self::record).
    pub async fn refund(
        &self,
        request: &Request<Payment>,
        payment: PaymentId,
        told: impl FnOnce(&Payment) -> Result<ToldPayment, PaymentRefusal>,
    ) -> Result<Outcome<Payment>, Failure<PaymentRefusal>> {
        request.caller.require(Scope::PaymentsWrite)?;
        let payment = self.find(request.caller.account, payment).await?;
        if payment.kind == PaymentKind::Refund {
            return Err(PaymentRefusal::NotFound.into());
        }
        self.record(request, told(&payment)?).await
    }

    /// Matches a payment with its booking, or says that nobody has to look at it any more.
    ///
    /// # Errors
    /// [`PaymentRefusal::NotFound`], [`PaymentRefusal::VersionMismatch`] if the precondition doesn't hold, or as in
    /// [`record`](Self::record).
    pub async fn edit(
        &self,
        request: &Request<Payment>,
        id: PaymentId,
        edit: PaymentEdit,
    ) -> Result<Outcome<Payment>, Failure<PaymentRefusal>> {
        request.caller.require(Scope::PaymentsWrite)?;
        let attempt = async || {
            let before = self.find(request.caller.account, id).await?;
            request.precondition.check::<PaymentRefusal>(Some(&before))?;
            let after = before.edited(&edit)?;
            self.write(request, Some(before), after).await
        };
        self.commits.run(request, attempt).await
    }

    /// The payment or refund with that id.
    ///
    /// # Errors
    /// [`PaymentRefusal::NotFound`], or [`Failure::Store`] if the store fails.
    pub async fn get(&self, caller: &Caller, id: PaymentId) -> Result<Payment, Failure<PaymentRefusal>> {
        caller.require(Scope::PaymentsRead)?;
        self.find(caller.account, id).await
    }

    /// The payments and refunds that match the filter, in the order in which they were recorded.
    ///
    /// # Errors
    /// [`Failure::Store`] if the store fails.
    pub async fn list(
        &self,
        caller: &Caller,
        filter: &PaymentFilter,
        page: PageRequest<PaymentId>,
    ) -> Result<Page<Payment, PaymentId>, Failure<PaymentRefusal>> {
        caller.require(Scope::PaymentsRead)?;
        Ok(self.payments.list(caller.account, filter, page).await?)
    }

    async fn find(&self, account: AccountId, id: PaymentId) -> Result<Payment, Failure<PaymentRefusal>> {
        let found = self.payments.by_id(account, id).await?;
        Ok(found.ok_or(PaymentRefusal::NotFound)?)
    }

    /// Writes an entry after a change, with all that follows from it. `None` if another write was faster.
    async fn write(
        &self,
        request: &Request<Payment>,
        before: Option<Payment>,
        after: Payment,
    ) -> Result<Option<Effect<Payment>>, Failure<PaymentRefusal>> {
        let (account, now) = (request.caller.account, self.system.clock.now());
        let ledger = match after.kind {
            PaymentKind::Payment => {
                self.with_its_refunds(account, before.clone(), after.clone())
                    .await?
            }
            PaymentKind::Refund => {
                self.with_its_payment(account, before.clone(), after.clone())
                    .await?
            }
        };
        // One that has expired is brought back if it can be.
        for returns in [true, false] {
            let (ledger, billed) = self.billed(account, &ledger, returns, now).await?;
            let entries = ledger.changed(now);
            if entries.is_empty() {
                let unchanged = self.commits.unchanged(request, before.unwrap_or(after)).await?;
                return Ok(Some(unchanged));
            }
            let effect = match entries.iter().find(|(_, entry)| entry.id == after.id) {
                Some((_, entry)) => of(before.clone(), entry.clone()),
                None => Effect::Unchanged(after.clone()),
            };
            let mut commit = self.commits.of(request, &effect);
            let others = entries.iter().filter(|(_, entry)| entry.id != after.id);
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
                entries: entries.into_iter().map(|(_, entry)| entry).collect(),
                booking: billed.as_ref().map(Billed::write),
            };
            match (
                self.payments.record(account, &write, commit).await,
                ledger.target(),
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
    ) -> Result<Ledger, Failure<PaymentRefusal>> {
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
            if let Ok(counted) = counted {
                after = counted;
                refunds.push((Some(refund), joined));
            }
        }
        Ok(Ledger {
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
    ) -> Result<Ledger, Failure<PaymentRefusal>> {
        let payment = match (&after.payment, &after.refund_of) {
            (Some(id), _) => self.payments.by_id(account, *id).await?,
            (None, Some(id)) => self.payment_of(account, &after.provider, id).await?,
            (None, None) => None,
        };
        let mut ledger = Ledger::default();
        if let Some(payment) = payment {
            after = after.joined(&payment);
            let joined_before = before.as_ref().filter(|before| before.payment.is_some());
            let counted = payment.with_refund(joined_before, &after)?;
            ledger.payment = Some((Some(payment), counted));
        }
        ledger.refunds.push((before, after));
        Ok(ledger)
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

    /// The ledger with the booking's bill, if that changes. Money for a booking that is not there any more needs
    /// attention.
    async fn billed(
        &self,
        account: AccountId,
        ledger: &Ledger,
        returns: bool,
        now: Timestamp,
    ) -> Result<(Ledger, Option<Billed>), Failure<PaymentRefusal>> {
        let mut ledger = ledger.clone();
        let Some((before, after)) = &mut ledger.payment else {
            return Ok((ledger, None));
        };
        let same_target = before.as_ref().map(|before| before.target) == Some(after.target);
        let share = before.as_ref().map_or((0, 0), Payment::share_of_bill);
        let new_share = after.share_of_bill();
        let Some(target) = after.target.filter(|_| !same_target || share != new_share) else {
            return Ok((ledger, None));
        };
        let booking = self.bookings.find(account, target).await?;
        let billed = booking.billed(before.as_ref(), after, returns, now)?;
        if new_share.0 > share.0 && !billed.takes_place() {
            after.attention = Some(Attention::Late);
        }
        Ok((ledger, billed.if_different()))
    }

    /// Joins what was recorded with what another write has recorded at the same time: a refund with its payment, or a
    /// payment with its refunds. Each of the two writes may have missed the other, but not both of the looks
    /// afterwards.
    async fn join_the_latest(&self, caller: &Caller, entry: &Payment) -> Result<(), Failure<PaymentRefusal>> {
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
            self.write(&request, Some(entry.clone()), entry).await
        };
        match self.commits.run(&request, attempt).await {
            // A refund that doesn't fit waits on, and needs attention.
            Ok(_) | Err(Failure::Refused(_)) => Ok(()),
            Err(failure) => Err(failure),
        }
    }
}

impl Ledger {
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

/// What was done to an entry.
fn of(before: Option<Payment>, after: Payment) -> Effect<Payment> {
    match before {
        Some(before) => Effect::Changed { before, after },
        None => Effect::Created(after),
    }
}

#[cfg(test)]
mod tests;
