//! The payment of a booking: its terms in requests, and its bill in answers.

use crate::{
    billing::values::AmountText,
    fields::{Field, Fields, Required},
    responses::Done,
    value::{Resource, Sentence, Shown, Success},
};
use chatgrow_domain::{Amount, Bill, Currency, Money, PaymentStanding, PaymentTerms, PaymentTime, Timestamp};
use paperclip::actix::Apiv2Schema;
use serde::{Deserialize, Serialize};

/// What has to be paid for a booking. It waits for that, and has its slot or its place until then.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct PaymentTermsInput {
    /// All that has to be paid, in major units: more than 0, with as many decimals as the currency has.
    amount: Required<AmountText>,
    /// The currency, by its code in ISO 4217.
    currency: Required<Currency>,
    /// What confirms the booking; all of the amount if it is omitted.
    deposit: Field<AmountText>,
    /// For how many minutes the booking waits for the deposit; 15 if it is omitted.
    hold_minutes: Field<PaymentTime>,
}

impl PaymentTermsInput {
    pub(crate) fn into_domain(self, fields: &mut Fields) -> Option<PaymentTerms> {
        let amount = fields.required("amount", self.amount);
        let currency = fields.required("currency", self.currency);
        let deposit = fields.optional("deposit", self.deposit);
        let time = fields.optional("holdMinutes", self.hold_minutes);
        let currency = currency?;
        let amount = amount.and_then(|amount| fields.amount("amount", &amount, currency));
        let deposit = match deposit {
            Some(Some(deposit)) => fields.amount("deposit", &deposit, currency).map(Some),
            none => none.map(|_| None),
        };
        let time = time?.unwrap_or(PaymentTime::DEFAULT);
        match PaymentTerms::new(amount?, currency, deposit?, time) {
            Ok(terms) => Some(terms),
            Err((field, why)) => fields.refuse(field, why),
        }
    }
}

impl Fields {
    /// An amount in that currency.
    fn amount(&mut self, name: &'static str, amount: &AmountText, currency: Currency) -> Option<Money> {
        let amount = Money::parse_in(currency, amount.as_str());
        amount.map_or_else(|why| self.refuse(name, why), Some)
    }

    /// The amount of a payment in that currency.
    pub(crate) fn paid_amount(
        &mut self,
        name: &'static str,
        amount: &AmountText,
        currency: Currency,
    ) -> Option<Money> {
        let amount = Money::parse_paid(currency, amount.as_str());
        amount.map_or_else(|why| self.refuse(name, why), Some)
    }
}

/// How a booking is paid. All amounts are in major units of the currency.
#[derive(Serialize, Apiv2Schema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BookingPayment {
    /// How far it is paid.
    status: Shown<PaymentStanding>,
    /// The currency; `null` if nothing has to be paid, and nothing was.
    currency: Shown<Option<Currency>>,
    /// All that has to be paid.
    amount: Shown<Option<Amount>>,
    /// What confirms the booking.
    deposit: Shown<Option<Amount>>,
    /// What is still to be paid.
    due: Shown<Option<Amount>>,
    /// What was paid.
    paid: Shown<Option<Amount>>,
    /// How much of it was given back. What is left can be refunded.
    refunded: Shown<Option<Amount>>,
    /// Until when a pending booking waits, or one that has expired has waited, for its payment.
    held_until: Shown<Option<Timestamp>>,
}

impl BookingPayment {
    pub(crate) fn new(bill: Option<Bill>, held_until: Option<Timestamp>) -> Self {
        let shown = |minor: fn(&Bill) -> i64| Shown(bill.map(|bill| bill.shown(minor(&bill))));
        Self {
            status: Shown(bill.map_or(PaymentStanding::NotRequired, |bill| bill.standing())),
            currency: Shown(bill.map(|bill| bill.currency)),
            amount: shown(|bill| bill.amount.as_minor()),
            deposit: shown(|bill| bill.deposit.as_minor()),
            due: shown(Bill::due),
            paid: shown(|bill| bill.paid),
            refunded: shown(|bill| bill.refunded),
            held_until: Shown(held_until),
        }
    }
}

/// The answer to a cancellation.
#[derive(Serialize, Apiv2Schema)]
pub(crate) struct Cancellation {
    /// Always `true`.
    success: Success,
    /// What was done, in words.
    message: Shown<Sentence>,
    /// What was paid for it, if it had to be paid or was: to cancel refunds nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    payment: Option<Resource<BookingPayment>>,
}

impl Cancellation {
    pub(crate) fn new(message: &'static str, bill: Option<Bill>) -> Done<Self> {
        Done::new(Self {
            success: Success,
            message: Shown(Sentence(message)),
            payment: bill.map(|bill| Resource(BookingPayment::new(Some(bill), None))),
        })
    }
}
