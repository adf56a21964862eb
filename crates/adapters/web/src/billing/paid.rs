//! How a booking is paid: its bill, and the payments and refunds for it.

use crate::{
    Shared,
    page::{PageError, found},
    visit::SignedIn,
    words::Words,
};
use chatgrow_application::WallClock;
use chatgrow_domain::{Bill, Currency, Money, PageLimit, Payment, PaymentId, PaymentTarget, Timestamp};
use chatgrow_ports::{PageRequest, PaymentFilter};

/// How a booking is paid.
pub(crate) struct Paid {
    pub(crate) standing: String,
    /// What was paid of what has to be, and what was given back.
    pub(crate) sums: Vec<String>,
    /// Until when a pending booking waits.
    pub(crate) until: Option<String>,
    pub(crate) entries: Vec<Entry>,
}

/// A payment or a refund.
pub(crate) struct Entry {
    pub(crate) id: PaymentId,
    pub(crate) what: String,
    pub(crate) amount: String,
    pub(crate) when: String,
    pub(crate) provider: String,
    pub(crate) status: String,
    pub(crate) attention: Option<String>,
}

impl Paid {
    /// `None` if nothing has to be paid, and nothing was.
    pub(crate) async fn read(
        shared: &Shared,
        signed_in: &SignedIn,
        target: PaymentTarget,
        bill: Option<Bill>,
        held_until: Option<Timestamp>,
    ) -> Result<Option<Self>, PageError> {
        let Some(bill) = bill else { return Ok(None) };
        let (t, clock) = (signed_in.words(), signed_in.wall_clock(shared).await?);
        let filter = PaymentFilter {
            target: Some(target),
            ..PaymentFilter::default()
        };
        let page = PageRequest {
            limit: PageLimit::DEFAULT,
            after: None,
        };
        let payments = &shared.application.billing.payments;
        let page = found(payments.list(signed_in.caller(), &filter, page).await)?;
        let money = |minor| format!("{} {}", bill.shown(minor), bill.currency.code());
        let (paid, amount) = (money(bill.paid), money(bill.amount.as_minor()));
        let mut sums = vec![if bill.amount == Money::ZERO {
            t.of("paid-without-terms", "paid", paid)
        } else {
            t.with("paid-of", [("paid", paid.into()), ("amount", amount.into())])
        }];
        if bill.refunded > 0 {
            sums.push(t.of("paid-refunded", "amount", money(bill.refunded)));
        }
        let at = |instant| t.moment(clock.at(instant), clock.today());
        Ok(Some(Self {
            standing: standing(t, &bill),
            sums,
            until: held_until.map(|until| t.of("paid-until", "moment", at(until))),
            entries: page
                .items
                .iter()
                .map(|payment| Entry::of(t, &clock, payment))
                .collect(),
        }))
    }
}

impl Entry {
    pub(super) fn of(t: Words, clock: &WallClock, payment: &Payment) -> Self {
        let attention = payment.attention;
        Self {
            id: payment.id,
            what: t.text(&format!("paid-kind-{}", payment.kind.as_str())),
            amount: money(payment.amount, payment.currency),
            when: t.instant(clock, payment.occurred_at),
            provider: payment.provider.as_str().to_owned(),
            status: t.text(&format!("paid-status-{}", payment.status.as_str())),
            attention: attention.map(|why| t.text(&format!("paid-attention-{}", why.as_str()))),
        }
    }
}

/// How far a booking is paid.
pub(crate) fn standing(t: Words, bill: &Bill) -> String {
    t.text(&format!("paid-standing-{}", bill.standing().as_str()))
}

/// An amount with its currency.
pub(super) fn money(amount: Money, currency: Currency) -> String {
    format!("{} {}", amount.in_currency(currency), currency.code())
}
