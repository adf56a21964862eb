//! Stripe's events (<https://docs.stripe.com/webhooks>, <https://docs.stripe.com/api/events>).

use crate::{
    Head, TEST, check_time, json as body_of,
    json::{Json, Problem},
    signature::{is_signed, sign, text_keys},
};
use chatgrow_domain::{
    Currency, ExternalId, Money, NoticeKey, NoticeReference, NoticeSecret, NoticeType, PaymentKind,
    PaymentSource, PaymentStatus, ReadNotice, Timestamp, ToldNotice, ToldPayment,
};
use chatgrow_ports::{Message, NoticeFault};

const HEADER: &str = "stripe-signature";

pub(crate) fn read(
    source: &PaymentSource,
    secrets: &[NoticeSecret],
    message: &Message,
    now: Timestamp,
) -> Result<ReadNotice, NoticeFault> {
    verify(secrets, message, now)?;
    let event = body_of(message)?;
    let head = Head {
        key: event.get("/id", NoticeKey::new),
        kind: event.get("/type", NoticeType::new),
    };
    head.read(message, |_, kind| Event { source, event }.told(kind.as_str()))
}

/// Any `v1` may match: while a secret is rotated, Stripe signs with both.
fn verify(secrets: &[NoticeSecret], message: &Message, now: Timestamp) -> Result<(), NoticeFault> {
    let header = message
        .header(HEADER)
        .ok_or(NoticeFault::Unverified("it has no Stripe-Signature"))?;
    let pairs = || header.split(',').filter_map(|pair| pair.trim().split_once('='));
    let time = pairs().find(|(name, _)| *name == "t").map(|(_, time)| time);
    let time = time.ok_or(NoticeFault::Unverified("its Stripe-Signature has no time"))?;
    let signatures: Vec<_> = pairs()
        .filter(|(name, _)| *name == "v1")
        .filter_map(|(_, hex)| base16ct::mixed::decode_vec(hex).ok())
        .collect();
    let parts = [time.as_bytes(), b".", &message.body];
    if !is_signed(text_keys(secrets), &parts, &signatures) {
        return Err(NoticeFault::Unverified("no secret has made its signature"));
    }
    let seconds = time
        .parse()
        .map_err(|_| NoticeFault::Unverified("its time is no number"))?;
    check_time(seconds, now)
}

pub(crate) fn sample(secret: &NoticeSecret, key: &NoticeKey, seconds: i64) -> Message {
    let event = serde_json::json!({
        "id": format!("evt_{}", key.as_str()),
        "object": "event",
        "type": TEST,
        "created": seconds,
        "data": { "object": {} },
    });
    let body = event.to_string().into_bytes();
    let time = seconds.to_string();
    let signature = sign(secret.reveal().as_bytes(), &[time.as_bytes(), b".", &body]);
    let signature = base16ct::lower::encode_string(&signature);
    Message {
        headers: vec![(HEADER.to_owned(), format!("t={time},v1={signature}"))],
        body,
    }
}

/// An event of a source.
struct Event<'a> {
    source: &'a PaymentSource,
    event: Json<'a>,
}

/// The object that an event is about.
const OBJECT: &str = "/data/object";

impl Event<'_> {
    fn told(&self, kind: &str) -> Result<Option<ToldNotice>, Problem> {
        match kind {
            "checkout.session.completed" | "checkout.session.async_payment_succeeded" => self.session(),
            "payment_intent.succeeded" => self.intent(PaymentStatus::Succeeded),
            "payment_intent.payment_failed" => self.intent(PaymentStatus::Failed),
            "refund.created" | "refund.updated" => self.refund(),
            "charge.refunded" => self.charge(),
            _ => Ok(None),
        }
    }

    /// A session without a payment intent has taken no money by itself: it starts a subscription, or costs nothing.
    fn session(&self) -> Result<Option<ToldNotice>, Problem> {
        let paid = self.text("/payment_status").as_deref() == Some("paid");
        if !paid || self.text("/payment_intent").is_none() {
            return Ok(None);
        }
        let payment = self.payment("/payment_intent", "/amount_total", PaymentStatus::Succeeded)?;
        Ok(Some(self.told_of(payment)))
    }

    /// What was received may be less than what was asked for. Old versions of Stripe's API don't tell it.
    fn intent(&self, status: PaymentStatus) -> Result<Option<ToldNotice>, Problem> {
        let amount = match status {
            PaymentStatus::Succeeded if self.text("/amount_received").is_some() => "/amount_received",
            _ => "/amount",
        };
        let payment = self.payment("/id", amount, status)?;
        Ok(Some(self.told_of(payment)))
    }

    fn refund(&self) -> Result<Option<ToldNotice>, Problem> {
        let status = match self.text("/status").as_deref() {
            Some("succeeded") => PaymentStatus::Succeeded,
            Some("failed") => PaymentStatus::Failed,
            Some("canceled") => PaymentStatus::Cancelled,
            _ => PaymentStatus::Pending,
        };
        let payment = self.payment("/id", "/amount", status)?;
        let refund = ToldPayment {
            kind: PaymentKind::Refund,
            refund_of: Some(self.payment_of("/charge")?),
            ..payment
        };
        Ok(Some(ToldNotice {
            payment: refund,
            reference: None,
        }))
    }

    /// A charge that was refunded tells of its payment, and of how much was given back in all.
    fn charge(&self) -> Result<Option<ToldNotice>, Problem> {
        // A charge that was only authorized is "refunded" when it is given up. No money has moved.
        if self.text("/captured").as_deref() == Some("false") {
            return Ok(None);
        }
        let payment = self.payment("/id", "/amount_captured", PaymentStatus::Succeeded)?;
        let reported = self.amount("/amount_refunded", payment.currency)?;
        if reported > payment.amount {
            let why = "must be at most amount_captured";
            return Err(Problem::of(&Self::pointer("/amount_refunded"), why));
        }
        let payment = ToldPayment {
            external_id: self.payment_of("/id")?,
            reported,
            ..payment
        };
        Ok(Some(self.told_of(payment)))
    }

    /// The payment intent that an object belongs to. Old charges have none.
    fn payment_of(&self, charge: &str) -> Result<ExternalId, Problem> {
        let intent = "/payment_intent";
        let pointer = if self.text(intent).is_some() {
            intent
        } else {
            charge
        };
        self.event.external_id(&Self::pointer(pointer))
    }

    fn payment(&self, id: &str, amount: &str, status: PaymentStatus) -> Result<ToldPayment, Problem> {
        let currency = self.event.currency(&Self::pointer("/currency"))?;
        let minor = self.amount(amount, currency)?;
        if minor == Money::ZERO {
            return Err(Problem::of(&Self::pointer(amount), "must be more than 0"));
        }
        let created = self.event.whole("/created")?;
        Ok(ToldPayment {
            kind: PaymentKind::Payment,
            provider: self.source.provider.clone(),
            external_id: self.event.external_id(&Self::pointer(id))?,
            refund_of: None,
            target: None,
            amount: minor,
            currency,
            status,
            reported: Money::ZERO,
            occurred_at: Timestamp::from_millis(created * 1000),
        })
    }

    fn amount(&self, pointer: &str, currency: Currency) -> Result<Money, Problem> {
        let pointer = Self::pointer(pointer);
        let counted = self.event.whole(&pointer)?;
        let minor = minor_units(counted, currency);
        minor.ok_or_else(|| Problem::of(&pointer, format!("is no amount of {}", currency.code())))
    }

    fn told_of(&self, payment: ToldPayment) -> ToldNotice {
        let reference = |pointer| self.event.reference(&Self::pointer(pointer));
        let reference: Option<NoticeReference> =
            reference("/metadata/chatgrow_id").or_else(|| reference("/client_reference_id"));
        ToldNotice { payment, reference }
    }

    fn text(&self, pointer: &str) -> Option<String> {
        self.event.text(&Self::pointer(pointer))
    }

    fn pointer(pointer: &str) -> String {
        format!("{OBJECT}{pointer}")
    }
}

/// What Stripe counts, in the minor units of ISO 4217. Of three currencies Stripe counts other units
/// (<https://docs.stripe.com/currencies#special-cases>).
fn minor_units(counted: i64, currency: Currency) -> Option<Money> {
    let decimals = match currency.code() {
        "ISK" | "UGX" => 2,
        "MGA" => 0,
        _ => currency.decimals(),
    };
    let minor = if let Some(more) = currency.decimals().checked_sub(decimals) {
        counted.checked_mul(10_i64.pow(more))?
    } else {
        let unit = 10_i64.pow(decimals - currency.decimals());
        (counted % unit == 0).then_some(counted / unit)?
    };
    Money::from_minor(minor).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_currencies_are_counted_otherwise() {
        let minor = |counted, code: &str| {
            let currency: Currency = code.parse().unwrap();
            minor_units(counted, currency).map(|money| money.in_currency(currency).to_string())
        };
        for (counted, code, shown) in [
            (14_990, "ILS", Some("149.9")),
            (500, "JPY", Some("500")),
            (1_234, "KWD", Some("1.234")),
            (500, "ISK", Some("5")),
            (505, "ISK", None),
            (500, "UGX", Some("5")),
            (5, "MGA", Some("5")),
            (5, "VND", Some("5")),
        ] {
            assert_eq!(minor(counted, code).as_deref(), shown, "{counted} {code}");
        }
    }
}
