//! The requests for payments.

use crate::{
    billing::values::AmountText,
    error::ApiError,
    fields::{Changeable, Field, Fields, Required},
    query::Parameter,
    value::{Cursor, Flag},
};
use chatgrow_domain as domain;
use chatgrow_domain::{
    AppointmentId, Currency, ExternalId, Money, PageLimit, PaymentEdit, PaymentId, PaymentKind,
    PaymentRefusal, PaymentStatus, PaymentTarget, Provider, RegistrationId, Timestamp, ToldPayment,
};
use chatgrow_ports::{PageRequest, PaymentFilter};
use paperclip::actix::Apiv2Schema;
use serde::Deserialize;

/// What a payment system tells of a payment or a refund.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct RecordPayment {
    /// Whether it is a payment or a refund; a payment if it is omitted.
    kind: Field<PaymentKind>,
    /// The payment system: a short name of your choice, such as `stripe` or `cash`.
    provider: Required<Provider>,
    /// Its id there. With the provider and the kind, it says which payment it is.
    external_id: Required<ExternalId>,
    /// The `externalId` of the payment that a refund gives back. The payment may come later.
    payment_external_id: Field<ExternalId>,
    /// The appointment that was paid for. A refund has that of its payment.
    appointment_id: Field<AppointmentId>,
    /// The registration that was paid for.
    registration_id: Field<RegistrationId>,
    /// How much it is, in major units: more than 0, with as many decimals as the currency has.
    amount: Required<AmountText>,
    /// The currency, by its code in ISO 4217.
    currency: Required<Currency>,
    /// How far it got; `succeeded` if it is omitted.
    status: Field<PaymentStatus>,
    /// When it happened; now if it is omitted.
    occurred_at: Changeable<Timestamp>,
}

const REQUIRED: &str = "provider, externalId, amount and currency are required";

impl RecordPayment {
    pub(super) fn into_domain(self) -> Result<ToldPayment, ApiError> {
        let mut fields = Fields::default();
        self.told(&mut fields)
            .ok_or_else(|| fields.into_error_requiring(REQUIRED))
    }

    fn told(self, fields: &mut Fields) -> Option<ToldPayment> {
        let kind = fields.optional("kind", self.kind);
        let provider = fields.required("provider", self.provider);
        let external_id = fields.required("externalId", self.external_id);
        let refund_of = fields.optional("paymentExternalId", self.payment_external_id);
        let appointment = fields.optional("appointmentId", self.appointment_id);
        let registration = fields.optional("registrationId", self.registration_id);
        let amount = fields.required("amount", self.amount);
        let currency = fields.required("currency", self.currency);
        let status = fields.optional("status", self.status);
        let occurred_at = fields.changeable("occurredAt", self.occurred_at);
        let told = ToldPayment {
            kind: kind?.unwrap_or(PaymentKind::Payment),
            provider: provider?,
            external_id: external_id?,
            refund_of: refund_of?,
            amount: fields.paid_amount("amount", &amount?, currency?)?,
            currency: currency?,
            status: status?.unwrap_or(PaymentStatus::Succeeded),
            reported: Money::ZERO,
            occurred_at: occurred_at?,
            // What contradicts each other is told once all else is right.
            target: target(fields, appointment?, registration?)?,
        };
        match (told.kind, &told.refund_of, told.target) {
            (PaymentKind::Payment, Some(_), _) => {
                fields.refuse("paymentExternalId", "must not be given for a payment")
            }
            (PaymentKind::Refund, None, _) => fields.refuse("paymentExternalId", "is required for a refund"),
            (PaymentKind::Refund, _, Some(PaymentTarget::Appointment(_))) => {
                fields.refuse("appointmentId", "must not be given for a refund")
            }
            (PaymentKind::Refund, _, Some(PaymentTarget::Registration(_))) => {
                fields.refuse("registrationId", "must not be given for a refund")
            }
            _ => Some(told),
        }
    }
}

/// The booking that two fields name: one of them, or none.
fn target(
    fields: &mut Fields,
    appointment: Option<AppointmentId>,
    registration: Option<RegistrationId>,
) -> Option<Option<PaymentTarget>> {
    match (appointment, registration) {
        (Some(_), Some(_)) => fields.refuse("registrationId", "must not be given beside appointmentId"),
        (appointment, registration) => Some(
            appointment
                .map(PaymentTarget::Appointment)
                .or(registration.map(PaymentTarget::Registration)),
        ),
    }
}

/// A refund of the payment that the path names.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct RefundPayment {
    /// Its id in the payment system.
    external_id: Required<ExternalId>,
    /// How much is given back, in major units of the payment's currency: more than 0, and at most what is left.
    amount: Required<AmountText>,
    /// How far it got; `succeeded` if it is omitted.
    status: Field<PaymentStatus>,
    /// When it happened; now if it is omitted.
    occurred_at: Changeable<Timestamp>,
}

/// A [`RefundPayment`] whose amount is in the currency of its payment.
pub(super) struct ToldRefund {
    external_id: ExternalId,
    amount: AmountText,
    status: PaymentStatus,
    occurred_at: Option<Timestamp>,
}

impl RefundPayment {
    pub(super) fn into_domain(self) -> Result<ToldRefund, ApiError> {
        let mut fields = Fields::default();
        let external_id = fields.required("externalId", self.external_id);
        let amount = fields.required("amount", self.amount);
        let status = fields.optional("status", self.status);
        let occurred_at = fields.changeable("occurredAt", self.occurred_at);
        let (Some(external_id), Some(amount), Some(status), Some(occurred_at)) =
            (external_id, amount, status, occurred_at)
        else {
            return Err(fields.into_error_requiring("externalId and amount are required"));
        };
        Ok(ToldRefund {
            external_id,
            amount,
            status: status.unwrap_or(PaymentStatus::Succeeded),
            occurred_at,
        })
    }
}

impl ToldRefund {
    pub(super) fn of(self, payment: &domain::Payment) -> Result<ToldPayment, PaymentRefusal> {
        let amount = Money::parse_paid(payment.currency, self.amount.as_str());
        Ok(ToldPayment {
            kind: PaymentKind::Refund,
            provider: payment.provider.clone(),
            external_id: self.external_id,
            refund_of: Some(payment.external_id.clone()),
            target: None,
            amount: amount.map_err(PaymentRefusal::Amount)?,
            currency: payment.currency,
            status: self.status,
            reported: Money::ZERO,
            occurred_at: self.occurred_at,
        })
    }
}

/// What a person decides about a payment.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct EditPayment {
    /// The appointment that it was paid for, if it names none yet.
    appointment_id: Field<AppointmentId>,
    /// The registration that it was paid for, if it names none yet.
    registration_id: Field<RegistrationId>,
    /// `false` if nobody has to look at it any more.
    needs_attention: Changeable<bool>,
}

impl EditPayment {
    pub(super) fn into_domain(self) -> Result<PaymentEdit, ApiError> {
        let mut fields = Fields::default();
        self.edit(&mut fields).ok_or_else(|| fields.into_error())
    }

    fn edit(self, fields: &mut Fields) -> Option<PaymentEdit> {
        let appointment = fields.optional("appointmentId", self.appointment_id);
        let registration = fields.optional("registrationId", self.registration_id);
        let needed = fields.changeable("needsAttention", self.needs_attention);
        let settled = match needed? {
            Some(true) => fields.refuse("needsAttention", "must be false"),
            needed => Some(needed.is_some()),
        };
        Some(PaymentEdit {
            settled: settled?,
            target: target(fields, appointment?, registration?)?,
        })
    }
}

/// Which payments and refunds are wanted.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ListPayments {
    /// Those of this appointment.
    appointment_id: Parameter<AppointmentId>,
    /// Those of this registration.
    registration_id: Parameter<RegistrationId>,
    /// Those in this status.
    status: Parameter<PaymentStatus>,
    /// Those that somebody has to look at (`true`), or nobody (`false`).
    needs_attention: Parameter<Flag>,
    /// Those that happened at this instant or later.
    from: Parameter<Timestamp>,
    /// Those that happened before this instant.
    to: Parameter<Timestamp>,
    /// The most entries in this answer.
    limit: Parameter<PageLimit>,
    /// The `nextCursor` of the answer before.
    cursor: Parameter<Cursor>,
}

impl ListPayments {
    pub(super) fn into_domain(self) -> Result<(PaymentFilter, PageRequest<PaymentId>), ApiError> {
        let mut fields = Fields::default();
        self.wanted(&mut fields).ok_or_else(|| fields.into_error())
    }

    fn wanted(self, fields: &mut Fields) -> Option<(PaymentFilter, PageRequest<PaymentId>)> {
        let appointment = fields.parameter("appointmentId", self.appointment_id);
        let registration = fields.parameter("registrationId", self.registration_id);
        let status = fields.parameter("status", self.status);
        let needs_attention = fields.flag("needsAttention", self.needs_attention);
        let from = fields.parameter("from", self.from);
        let to = fields.parameter("to", self.to);
        let page = fields.page(self.limit, self.cursor);
        let target = match (appointment?, registration?) {
            (Some(_), Some(_)) => {
                fields.refuse("registrationId", "must not be given beside appointmentId")?
            }
            (appointment, registration) => appointment
                .map(PaymentTarget::Appointment)
                .or(registration.map(PaymentTarget::Registration)),
        };
        let filter = PaymentFilter {
            target,
            status: status?,
            needs_attention: needs_attention?,
            from: from?,
            before: to?,
        };
        Some((filter, page?))
    }
}
