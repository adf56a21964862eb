//! Payments and refunds: record, read, list, match, settle.

use crate::{
    Caller, System,
    billing::ledger::Ledger,
    commit::{Commits, Outcome, Request},
};
use chatgrow_domain::{Payment, PaymentEdit, PaymentId, PaymentKind, PaymentRefusal, Scope, ToldPayment};
use chatgrow_ports::{Failure, Page, PageRequest, PaymentFacts, PaymentFilter, PaymentStore, Stores};
use std::sync::Arc;

/// The use cases of payments.
pub struct Payments {
    payments: Arc<dyn PaymentStore>,
    ledger: Arc<Ledger>,
    system: System,
    commits: Commits,
}

impl Payments {
    pub(super) fn new(stores: &Stores, system: &System, commits: &Commits, ledger: &Arc<Ledger>) -> Self {
        Self {
            payments: stores.billing.payments.clone(),
            ledger: ledger.clone(),
            system: system.clone(),
            commits: commits.clone(),
        }
    }

    /// Records a payment or a refund, or what is new of one that is known. A booking of which enough is paid is
    /// confirmed in the same write. Money that comes too late is recorded, too, and [needs attention](chatgrow_domain::Attention::Late).
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
        let facts = PaymentFacts::told(&told);
        let attempt = async || {
            let known = self.payments.by_facts(account, &facts).await?;
            let after = if let Some(known) = &known {
                known.told_again(&told)?
            } else {
                let id = PaymentId::new(self.system.ids.next_id());
                Payment::new(id, told.clone(), self.system.clock.now())
            };
            self.ledger.write(request, None, known, after).await
        };
        let outcome = self.commits.run(request, attempt).await?;
        let entry = match &outcome {
            Outcome::Done(effect) => Some(effect.resource().clone()),
            // The server that carried it out may have ended before it looked once more.
            Outcome::Replayed(_) => self.payments.by_facts(account, &facts).await?,
            Outcome::KeyReused | Outcome::InProgress => None,
        };
        if let Some(entry) = entry {
            self.ledger.join_the_latest(&request.caller, &entry).await?;
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
        let payment = self.ledger.find(request.caller.account, payment).await?;
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
            let before = self.ledger.find(request.caller.account, id).await?;
            request.precondition.check::<PaymentRefusal>(Some(&before))?;
            let after = before.edited(&edit)?;
            // A refund that is not counted can be settled as it is.
            let aside = |_| before.edited(&edit).unwrap_or_else(|_| before.clone());
            if before.kind == PaymentKind::Refund {
                self.ledger
                    .keep(request, None, Some(before.clone()), after, aside)
                    .await
            } else {
                self.ledger.write(request, None, Some(before), after).await
            }
        };
        self.commits.run(request, attempt).await
    }

    /// The payment or refund with that id.
    ///
    /// # Errors
    /// [`PaymentRefusal::NotFound`], or [`Failure::Store`] if the store fails.
    pub async fn get(&self, caller: &Caller, id: PaymentId) -> Result<Payment, Failure<PaymentRefusal>> {
        caller.require(Scope::PaymentsRead)?;
        self.ledger.find(caller.account, id).await
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
}

#[cfg(test)]
mod tests;
