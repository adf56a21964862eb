//! The log of the notices that payment sources send, over HTTP.

use crate::{
    access::authentication::Authenticated,
    billing::payment_source::named,
    error::{ApiError, Problem},
    fields::Fields,
    pages::{Items, Pages, ShownPage},
    query::{Parameter, Query},
    responses::Done,
    value::{Count, Cursor, Shown, Success},
};
use actix_web::web::{Data, Path};
use chatgrow_application::Application;
use chatgrow_domain as domain;
use chatgrow_domain::{
    Amount, Currency, NoticeKey, NoticeOutcome, NoticeProblem, NoticeReference, NoticeType, PageLimit,
    PaymentId, PaymentNoticeId, Timestamp,
};
use chatgrow_ports::PageRequest;
use paperclip::actix::{Apiv2Schema, api_v2_operation};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;

/// A notice that a source has sent, and what came of it.
#[derive(Serialize, Apiv2Schema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PaymentNotice {
    /// The notice's id here.
    id: Shown<PaymentNoticeId>,
    /// Its id in the payment system or, if it has none, a digest of its body.
    external_id: Shown<NoticeKey>,
    /// Its type in the payment system's words; `null` if it could not be read.
    r#type: Shown<Option<NoticeType>>,
    /// What came of it.
    outcome: Shown<NoticeOutcome>,
    /// The payment or refund that it tells of.
    payment_id: Shown<Option<PaymentId>>,
    /// What it names as paid for.
    reference: Shown<Option<NoticeReference>>,
    /// The amount that it tells.
    amount: Shown<Option<Amount>>,
    /// The currency of the amount.
    currency: Shown<Option<Currency>>,
    /// What is wrong with it, if it is unreadable.
    problem: Shown<Option<NoticeProblem>>,
    /// When it came.
    received_at: Shown<Timestamp>,
}

impl From<domain::PaymentNotice> for PaymentNotice {
    fn from(notice: domain::PaymentNotice) -> Self {
        let amount = notice.amount;
        Self {
            id: Shown(notice.id),
            external_id: Shown(notice.key),
            r#type: Shown(notice.kind),
            outcome: Shown(notice.outcome),
            payment_id: Shown(notice.payment),
            reference: Shown(notice.reference),
            amount: Shown(amount.map(|(amount, currency)| amount.in_currency(currency))),
            currency: Shown(amount.map(|(_, currency)| currency)),
            problem: Shown(notice.problem),
            received_at: Shown(notice.received_at),
        }
    }
}

/// A page of notices, the newest first.
#[derive(Serialize, Apiv2Schema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PaymentNoticeList {
    /// Always `true`.
    success: Success,
    /// How many notices this answer holds.
    count: Shown<Count>,
    /// The notices.
    notices: Items<PaymentNotice>,
    /// Where the next page begins: send it back as `cursor`. `null` on the last page.
    next_cursor: Shown<Option<Cursor>>,
}

impl From<ShownPage<PaymentNotice>> for PaymentNoticeList {
    fn from(shown: ShownPage<PaymentNotice>) -> Self {
        Self {
            success: Success,
            count: shown.count,
            notices: shown.items,
            next_cursor: shown.next_cursor,
        }
    }
}

/// Which notices are wanted.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(default)]
pub(crate) struct ListNotices {
    /// The most notices in this answer.
    limit: Parameter<PageLimit>,
    /// The `nextCursor` of the answer before.
    cursor: Parameter<Cursor>,
}

impl ListNotices {
    fn into_domain(self) -> Result<PageRequest<Reverse<PaymentNoticeId>>, ApiError> {
        let mut fields = Fields::default();
        let page = fields.page(self.limit, self.cursor);
        page.ok_or_else(|| fields.into_error())
    }
}

/// The errors of [`list`].
pub(crate) const LIST_ERRORS: &[Problem] = &[Problem::PaymentSourceNotFound];

/// List the notices of a payment source
///
/// The newest first, for 30 days. What is not signed well is not among them: see the server's log and its metrics.
#[api_v2_operation(operation_id = "listPaymentNotices", tags("Payment sources"))]
pub(crate) async fn list(
    caller: Authenticated,
    application: Data<Application>,
    path: Path<String>,
    query: Query<ListNotices>,
    pages: Pages,
) -> Result<Done<PaymentNoticeList>, ApiError> {
    let (page, id) = (query.0.into_domain()?, named(&path)?);
    let notices = &application.billing.notices;
    let list = async |page| notices.list(&caller.0, id, page).await;
    Ok(Done::new(pages.page(page, list).await?.into()))
}
