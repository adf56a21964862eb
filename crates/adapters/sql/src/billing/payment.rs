//! Payments and refunds.

use crate::{
    RowId,
    columns::{RowReader, rows_for},
    events::registration::RegistrationRow,
    guards::{Guard, GuardedRefusal},
    scheduling::occupancy::AppointmentRow,
    schema::payments::{self, dsl},
    steps::{Step, StepRefusal},
};
use chatgrow_domain::{
    AccountId, AppointmentId, Attention, ExternalId, Money, Payment, PaymentId, PaymentKind, PaymentRefusal,
    PaymentTarget, Provider, RegistrationId, Version,
};
use chatgrow_ports::{BilledBooking, PageRequest, PaymentFacts, PaymentWrite, StoreError};
use diesel::{
    backend::Backend,
    dsl::{AsSelect, Find, auto_type},
    prelude::*,
};

/// A payment or a refund as it is stored.
#[derive(Debug, Clone, Hash, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = payments)]
#[diesel(primary_key(account_id, id))]
#[diesel(treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct PaymentRow {
    pub(crate) account_id: RowId,
    pub(crate) id: RowId,
    kind: String,
    provider: String,
    external_id: String,
    refund_of: Option<String>,
    payment_id: Option<RowId>,
    appointment_id: Option<RowId>,
    registration_id: Option<RowId>,
    amount_minor: i64,
    currency: String,
    status: String,
    refunded_minor: i64,
    attention: Option<String>,
    occurred_at: i64,
    created_at: i64,
    updated_at: i64,
    pub(crate) version: i64,
    reported_minor: i64,
}

impl PaymentRow {
    /// The row of an account's payment or refund.
    #[must_use]
    pub fn new(account: AccountId, payment: &Payment) -> Self {
        let target = payment.target;
        let appointment = target.and_then(PaymentTarget::appointment);
        let registration = target.and_then(PaymentTarget::registration);
        Self {
            account_id: account.as_bytes().into(),
            id: payment.id.as_bytes().into(),
            kind: payment.kind.as_str().to_owned(),
            provider: payment.provider.as_str().to_owned(),
            external_id: payment.external_id.as_str().to_owned(),
            refund_of: payment.refund_of.as_ref().map(|id| id.as_str().to_owned()),
            payment_id: payment.payment.map(|id| id.as_bytes().into()),
            appointment_id: appointment.map(|id| id.as_bytes().into()),
            registration_id: registration.map(|id| id.as_bytes().into()),
            amount_minor: payment.amount.as_minor(),
            currency: payment.currency.code().to_owned(),
            status: payment.status.as_str().to_owned(),
            refunded_minor: payment.refunded.as_minor(),
            attention: payment.attention.map(|why| why.as_str().to_owned()),
            occurred_at: payment.occurred_at.as_millis(),
            created_at: payment.created_at.as_millis(),
            updated_at: payment.updated_at.as_millis(),
            version: payment.version.get(),
            reported_minor: payment.reported.as_minor(),
        }
    }
}

impl TryFrom<PaymentRow> for Payment {
    type Error = StoreError;

    fn try_from(row: PaymentRow) -> Result<Self, StoreError> {
        let read = RowReader {
            table: "payments",
            id: row.id,
        };
        let appointment = row.appointment_id.map(RowId::object_id).map(AppointmentId::new);
        let registration = row.registration_id.map(RowId::object_id).map(RegistrationId::new);
        let attention = |why: String| why.parse::<Attention>();
        Ok(Self {
            id: PaymentId::new(row.id.object_id()),
            kind: read.get("kind", row.kind.parse::<PaymentKind>())?,
            provider: read.get("provider", Provider::new(row.provider))?,
            external_id: read.get("external_id", ExternalId::new(row.external_id))?,
            refund_of: read.optional("refund_of", row.refund_of, ExternalId::new)?,
            payment: row.payment_id.map(|id| PaymentId::new(id.object_id())),
            target: appointment
                .map(PaymentTarget::Appointment)
                .or(registration.map(PaymentTarget::Registration)),
            amount: read.get("amount_minor", Money::from_minor(row.amount_minor))?,
            currency: read.get("currency", row.currency.parse())?,
            status: read.get("status", row.status.parse())?,
            refunded: read.get("refunded_minor", Money::from_minor(row.refunded_minor))?,
            reported: read.get("reported_minor", Money::from_minor(row.reported_minor))?,
            attention: read.optional("attention", row.attention, attention)?,
            occurred_at: read.timestamp("occurred_at", row.occurred_at)?,
            created_at: read.timestamp("created_at", row.created_at)?,
            updated_at: read.timestamp("updated_at", row.updated_at)?,
            version: read.version(row.version)?,
        })
    }
}

/// The entry with that id.
#[auto_type]
pub fn by_id<DB: Backend>(account: RowId, id: RowId) -> _ {
    let row: AsSelect<PaymentRow, DB> = PaymentRow::as_select();
    let payment: Find<payments::table, (RowId, RowId)> = payments::table.find((account, id));
    payment.select(row)
}

/// The entry with these facts.
pub fn by_facts<DB: Backend>(account: AccountId, facts: &PaymentFacts) -> once<DB> {
    once(
        account.as_bytes().into(),
        facts.provider.as_str().to_owned(),
        facts.external_id.as_str().to_owned(),
        facts.kind.as_str(),
    )
}

#[auto_type]
fn once<DB: Backend>(account: RowId, provider: String, external: String, kind: &'static str) -> _ {
    let row: AsSelect<PaymentRow, DB> = PaymentRow::as_select();
    payments::table
        .filter(dsl::account_id.eq(account))
        .filter(dsl::provider.eq(provider))
        .filter(dsl::external_id.eq(external))
        .filter(dsl::kind.eq(kind))
        .select(row)
}

/// The refunds that name a payment of that payment system, ordered by id. Their ids come first, from an index that has all
/// of this: otherwise SQLite, which knows nothing of how many rows there are, reads the account's whole ledger.
#[auto_type]
pub fn refunds_of<DB: Backend>(account: RowId, provider: String, payment: String) -> _ {
    let row: AsSelect<PaymentRow, DB> = PaymentRow::as_select();
    let ids: refund_ids = refund_ids(account, provider, payment);
    payments::table
        .filter(dsl::account_id.eq(account))
        .filter(dsl::id.eq_any(ids))
        .order(dsl::id)
        .select(row)
}

diesel::alias!(payments as refunds: Refunds);

#[auto_type]
fn refund_ids(account: RowId, provider: String, payment: String) -> _ {
    refunds
        .filter(refunds.field(dsl::account_id).eq(account))
        .filter(refunds.field(dsl::provider).eq(provider))
        .filter(refunds.field(dsl::refund_of).eq(payment))
        .select(refunds.field(dsl::id))
}

/// A page of the account's entries, ordered by id. The implementation of the port adds the filter.
pub fn list<DB: Backend>(account: AccountId, page: &PageRequest<PaymentId>) -> list_after<DB> {
    let after = page.after.map_or(RowId::FIRST, |id| id.as_bytes().into());
    list_after(account.as_bytes().into(), after, rows_for(page))
}

#[auto_type]
fn list_after<DB: Backend>(account: RowId, after: RowId, rows: i64) -> _ {
    let row: AsSelect<PaymentRow, DB> = PaymentRow::as_select();
    payments::table
        .filter(dsl::account_id.eq(account))
        .filter(dsl::id.gt(after))
        .order(dsl::id)
        .limit(rows)
        .select(row)
}

/// The steps that write the entries, and then the booking.
pub fn steps(account: AccountId, write: &PaymentWrite) -> Vec<Step> {
    let entry = |payment: &Payment| {
        let row = PaymentRow::new(account, payment);
        if payment.version == Version::FIRST {
            Step::InsertPayment(row)
        } else {
            Step::UpdatePayment(row)
        }
    };
    let booking = write.booking.as_ref().map(|booking| match booking {
        BilledBooking::Appointment(appointment) => {
            Step::Update(AppointmentRow::of_appointment(account, appointment))
        }
        BilledBooking::Registration(registration) => {
            Step::UpdateRegistration(RegistrationRow::new(account, registration))
        }
    });
    write.entries.iter().map(entry).chain(booking).collect()
}

impl GuardedRefusal for PaymentRefusal {
    fn of(guard: Guard) -> Option<Self> {
        match guard {
            Guard::PaymentOnce => Some(Self::Outdated),
            Guard::AppointmentSlot
            | Guard::EventCapacity
            | Guard::RegistrationActive
            | Guard::RegistrationOnce => Some(Self::PlaceTaken),
            _ => None,
        }
    }
}

impl StepRefusal for PaymentRefusal {
    fn without_effect(_: &Step) -> Self {
        Self::Outdated
    }
}

/// Implements [`PaymentStore`](chatgrow_ports::PaymentStore) with methods of the store, named in this order.
/// [`port`](crate::port) says what they do.
#[macro_export]
macro_rules! payment_store {
    ($store:ty { $find:ident, $few:ident, $page:ident, $search:ident, $carry_out:ident }) => {
        const _: () = {
            use $crate::{
                RowId,
                billing::payment::{self, PaymentRow},
                port::*,
                schema::payments::dsl,
            };

            #[async_trait]
            impl PaymentStore for $store {
                async fn record(
                    &self,
                    account: AccountId,
                    write: &PaymentWrite,
                    commit: Commit,
                ) -> Result<(), Failure<PaymentRefusal>> {
                    self.$carry_out(commit, payment::steps(account, write))
                        .await
                }

                async fn by_id(
                    &self,
                    account: AccountId,
                    id: PaymentId,
                ) -> Result<Option<Payment>, StoreError> {
                    let entry = payment::by_id(account.as_bytes().into(), id.as_bytes().into());
                    self.$find::<PaymentRow, _>(entry).await
                }

                async fn by_facts(
                    &self,
                    account: AccountId,
                    facts: &PaymentFacts,
                ) -> Result<Option<Payment>, StoreError> {
                    self.$find::<PaymentRow, _>(payment::by_facts(account, facts))
                        .await
                }

                async fn refunds_of(
                    &self,
                    account: AccountId,
                    provider: &Provider,
                    paid: &ExternalId,
                ) -> Result<Vec<Payment>, StoreError> {
                    let refunds = payment::refunds_of(
                        account.as_bytes().into(),
                        provider.as_str().to_owned(),
                        paid.as_str().to_owned(),
                    );
                    self.$few::<PaymentRow, _>(refunds).await
                }

                async fn list(
                    &self,
                    account: AccountId,
                    filter: &PaymentFilter,
                    request: PageRequest<PaymentId>,
                ) -> Result<Page<Payment, PaymentId>, StoreError> {
                    let mut query = payment::list(account, &request).into_boxed();
                    match filter.target {
                        Some(PaymentTarget::Appointment(id)) => {
                            query = query.filter(dsl::appointment_id.eq(RowId::from(id.as_bytes())));
                        }
                        Some(PaymentTarget::Registration(id)) => {
                            query = query.filter(dsl::registration_id.eq(RowId::from(id.as_bytes())));
                        }
                        None => {}
                    }
                    match filter.needs_attention {
                        Some(true) => query = query.filter(dsl::attention.is_not_null()),
                        Some(false) => query = query.filter(dsl::attention.is_null()),
                        None => {}
                    }
                    if let Some(status) = filter.status {
                        query = query.filter(dsl::status.eq(status.as_str()));
                    }
                    if let Some(from) = filter.from {
                        query = query.filter(dsl::occurred_at.ge(from.as_millis()));
                    }
                    if let Some(before) = filter.before {
                        query = query.filter(dsl::occurred_at.lt(before.as_millis()));
                    }
                    match (
                        filter.status,
                        filter.from,
                        filter.before,
                        filter.needs_attention,
                    ) {
                        (None, None, None, None | Some(true)) => {
                            self.$page::<PaymentRow, _>(query, request).await
                        }
                        // No index covers the status or the instant, and nearly nothing needs attention.
                        _ => self.$search::<PaymentRow, _>(query, request).await,
                    }
                }
            }
        };
    };
}
