//! Payments and refunds.

use super::{MemoryStore, Tables};
use crate::defects::{Defect, List, Method};
use async_trait::async_trait;
use chatgrow_domain::{
    AccountId, AppointmentRefusal, ExternalId, Payment, PaymentId, PaymentKind, PaymentRefusal,
    PaymentTarget, Provider, RegistrationRefusal, Version,
};
use chatgrow_ports::{
    BilledBooking, Commit, Failure, Page, PageRequest, PaymentFacts, PaymentFilter, PaymentStore,
    PaymentWrite, StoreError,
};

impl MemoryStore {
    fn check_entry(
        &self,
        tables: &Tables,
        account: AccountId,
        entry: &Payment,
    ) -> Result<(), Failure<PaymentRefusal>> {
        let method = Method::RecordPayment;
        if entry.version == Version::FIRST {
            let facts = PaymentFacts::of(entry);
            let known = tables
                .payments
                .of(account)
                .any(|other| PaymentFacts::of(other) == facts);
            if known && !self.has(Defect::PaidTwice) {
                return Err(Failure::Refused(PaymentRefusal::Outdated));
            }
            self.account(tables, account)?;
            self.vacant(method, tables.payments.get(account, entry.id).is_some())?;
        } else {
            let before = tables.payments.get(account, entry.id);
            if !self.follows(method, before.map(|before| before.version), entry.version) {
                return Err(Failure::Refused(PaymentRefusal::Outdated));
            }
        }
        let too_much = entry.refunded > entry.amount && !self.has(Defect::RefundsTooMuch)
            || entry.reported > entry.amount && !self.has(Defect::ReportsTooMuch);
        if too_much {
            return Err(StoreError::failed("more is given back than was paid").into());
        }
        let there = match entry.target {
            Some(PaymentTarget::Appointment(id)) => tables.appointments.get(account, id).is_some(),
            Some(PaymentTarget::Registration(id)) => tables.registrations.get(account, id).is_some(),
            None => true,
        };
        if !there && !self.has(Defect::UnknownTargets) {
            return Err(StoreError::failed("the account has no such booking").into());
        }
        Ok(())
    }

    fn check_booking(
        &self,
        tables: &Tables,
        account: AccountId,
        booking: &BilledBooking,
    ) -> Result<(), Failure<PaymentRefusal>> {
        let method = Method::RecordPayment;
        let place_taken = || Failure::Refused(PaymentRefusal::PlaceTaken);
        match booking {
            BilledBooking::Appointment(appointment) => {
                match self.check_move(method, tables, account, appointment) {
                    Err(Failure::Refused(AppointmentRefusal::SlotTaken)) => Err(place_taken()),
                    other => narrowed(other),
                }
            }
            BilledBooking::Registration(registration) => {
                match self.check_update(method, tables, account, registration) {
                    Err(Failure::Refused(RegistrationRefusal::VersionMismatch)) => {
                        Err(Failure::Refused(PaymentRefusal::Outdated))
                    }
                    Err(Failure::Refused(_)) => Err(place_taken()),
                    other => narrowed(other),
                }
            }
        }
    }

    fn passes_payment(&self, filter: &PaymentFilter, entry: &Payment) -> bool {
        let ignores = |defect| self.has(defect);
        (ignores(Defect::IgnoresTarget) || filter.target.is_none_or(|target| entry.target == Some(target)))
            && (ignores(Defect::IgnoresPaymentStatus)
                || filter.status.is_none_or(|status| entry.status == status))
            && (ignores(Defect::IgnoresAttention)
                || filter
                    .needs_attention
                    .is_none_or(|needed| entry.attention.is_some() == needed))
            && (ignores(Defect::IgnoresPaymentFrom)
                || filter.from.is_none_or(|from| entry.occurred_at >= from))
            && (ignores(Defect::IgnoresPaymentBefore)
                || filter.before.is_none_or(|before| entry.occurred_at < before))
    }
}

/// A refusal that is left is that of another version.
fn narrowed<R: chatgrow_domain::Refusal>(
    outcome: Result<(), Failure<R>>,
) -> Result<(), Failure<PaymentRefusal>> {
    match outcome {
        Ok(()) => Ok(()),
        Err(Failure::Store(error)) => Err(error.into()),
        Err(_) => Err(Failure::Refused(PaymentRefusal::Outdated)),
    }
}

#[async_trait]
impl PaymentStore for MemoryStore {
    async fn record(
        &self,
        account: AccountId,
        write: &PaymentWrite,
        commit: Commit,
    ) -> Result<(), Failure<PaymentRefusal>> {
        let check = |tables: &Tables| {
            for entry in &write.entries {
                self.check_entry(tables, account, entry)?;
            }
            if let Some(booking) = &write.booking {
                self.check_booking(tables, account, booking)?;
            }
            Ok(Some(write.clone()))
        };
        let change = |tables: &mut Tables, write: PaymentWrite| {
            let entries = if self.has(Defect::FirstEntryOnly) {
                1
            } else {
                write.entries.len()
            };
            for entry in write.entries.into_iter().take(entries) {
                tables.payments.put(account, entry.id, entry);
            }
            match write.booking.filter(|_| !self.has(Defect::BillForgotten)) {
                Some(BilledBooking::Appointment(appointment)) => {
                    self.put_appointment(tables, account, appointment);
                }
                Some(BilledBooking::Registration(registration)) => {
                    self.put_registration(tables, account, registration);
                }
                None => {}
            }
        };
        self.write(Method::RecordPayment, commit, check, change)
            .await
            .map(drop)
    }

    async fn by_id(&self, account: AccountId, id: PaymentId) -> Result<Option<Payment>, StoreError> {
        self.read(|tables| {
            let found = tables.payments.get(account, id);
            let anywhere = || {
                let mut all = tables.payments.all();
                all.find(|(_, entry)| entry.id == id).map(|(_, entry)| entry)
            };
            let found = found.or_else(|| self.has(Defect::PaymentFoundAnywhere).then(anywhere).flatten());
            Ok(found.cloned())
        })
        .await
    }

    async fn by_facts(
        &self,
        account: AccountId,
        facts: &PaymentFacts,
    ) -> Result<Option<Payment>, StoreError> {
        self.read(|tables| {
            let mut entries = tables.payments.of(account);
            let found = entries.find(|entry| {
                let mut known = PaymentFacts::of(entry);
                if self.has(Defect::IgnoresKindOfPayment) {
                    known.kind = facts.kind;
                }
                if self.has(Defect::IgnoresProvider) {
                    known.provider = facts.provider.clone();
                }
                known == *facts
            });
            Ok(found.cloned())
        })
        .await
    }

    async fn refunds_of(
        &self,
        account: AccountId,
        provider: &Provider,
        payment: &ExternalId,
    ) -> Result<Vec<Payment>, StoreError> {
        self.read(|tables| {
            let refunds = tables.payments.of(account).filter(|entry| {
                entry.kind == PaymentKind::Refund
                    && (entry.provider == *provider || self.has(Defect::IgnoresProvider))
                    && entry.refund_of.as_ref() == Some(payment)
                    && (entry.payment.is_none() || !self.has(Defect::JoinedRefundsMissing))
            });
            Ok(refunds.cloned().collect())
        })
        .await
    }

    async fn list(
        &self,
        account: AccountId,
        filter: &PaymentFilter,
        page: PageRequest<PaymentId>,
    ) -> Result<Page<Payment, PaymentId>, StoreError> {
        let list = List::Payments;
        self.read(|tables| {
            let entries = self.listed(list, &tables.payments, account).into_iter();
            let passing = entries
                .map(|(_, entry)| entry)
                .filter(|entry| self.passes_payment(filter, entry));
            Ok(self.page(list, passing.cloned(), &page))
        })
        .await
    }
}
