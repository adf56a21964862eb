//! Payments and refunds over HTTP.

mod requests;

use crate::{
    access::authentication::Authenticated,
    body::Body,
    commit::{Reply, Write},
    error::{ApiError, Problem},
    pages::{Items, Pages, ShownPage},
    query::Query,
    responses::{CreatedOrDone, Done, Located},
    value::{Count, Cursor, Resource, Shown, Success},
};
use actix_web::web::{Data, Path};
use chatgrow_application::Application;
use chatgrow_domain as domain;
use chatgrow_domain::{
    Amount, AppointmentId, Attention, Currency, ExternalId, PaymentId, PaymentKind, PaymentRefusal,
    PaymentStatus, PaymentTarget, Provider, RegistrationId, Timestamp,
};
use paperclip::actix::{Apiv2Schema, api_v2_operation};
use requests::{EditPayment, ListPayments, RecordPayment, RefundPayment};
use serde::Serialize;

/// An entry of the ledger: a payment, or a refund of one.
#[derive(Serialize, Apiv2Schema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Payment {
    /// The entry's id.
    id: Shown<PaymentId>,
    /// Whether it is a payment or a refund.
    kind: Shown<PaymentKind>,
    /// The payment system that it comes from.
    provider: Shown<Provider>,
    /// Its id there.
    external_id: Shown<ExternalId>,
    /// The payment that a refund gives back; `null` for a payment, and until it is known.
    payment_id: Shown<Option<PaymentId>>,
    /// The id of that payment in the payment system.
    payment_external_id: Shown<Option<ExternalId>>,
    /// The appointment that was paid for.
    appointment_id: Shown<Option<AppointmentId>>,
    /// The registration that was paid for.
    registration_id: Shown<Option<RegistrationId>>,
    /// How much it is, in major units of the currency.
    amount: Shown<Amount>,
    /// The currency, by its code in ISO 4217.
    currency: Shown<Currency>,
    /// How far it got.
    status: Shown<PaymentStatus>,
    /// How much of a payment was given back.
    refunded: Shown<Amount>,
    /// Why somebody has to look at it; `null` if nobody has to.
    attention: Shown<Option<Attention>>,
    /// When it happened, as the payment system tells it.
    occurred_at: Shown<Timestamp>,
    /// When it was recorded.
    created_at: Shown<Timestamp>,
    /// When the entry last changed.
    updated_at: Shown<Timestamp>,
}

impl From<domain::Payment> for Payment {
    fn from(payment: domain::Payment) -> Self {
        let (target, currency) = (payment.target, payment.currency);
        let given_back = payment.given_back().in_currency(currency);
        Self {
            id: Shown(payment.id),
            kind: Shown(payment.kind),
            provider: Shown(payment.provider),
            external_id: Shown(payment.external_id),
            payment_id: Shown(payment.payment),
            payment_external_id: Shown(payment.refund_of),
            appointment_id: Shown(target.and_then(PaymentTarget::appointment)),
            registration_id: Shown(target.and_then(PaymentTarget::registration)),
            amount: Shown(payment.amount.in_currency(currency)),
            currency: Shown(currency),
            status: Shown(payment.status),
            refunded: Shown(given_back),
            attention: Shown(payment.attention),
            occurred_at: Shown(payment.occurred_at),
            created_at: Shown(payment.created_at),
            updated_at: Shown(payment.updated_at),
        }
    }
}

/// One payment or refund.
#[derive(Serialize, Apiv2Schema)]
pub(crate) struct PaymentResponse {
    /// Always `true`.
    success: Success,
    /// The payment or refund.
    payment: Resource<Payment>,
}

impl From<domain::Payment> for PaymentResponse {
    fn from(payment: domain::Payment) -> Self {
        Self {
            success: Success,
            payment: Resource(payment.into()),
        }
    }
}

/// A page of payments and refunds, in the order in which they were recorded.
#[derive(Serialize, Apiv2Schema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PaymentList {
    /// Always `true`.
    success: Success,
    /// How many entries this answer holds.
    count: Shown<Count>,
    /// The entries.
    payments: Items<Payment>,
    /// Where the next page begins: send it back as `cursor`. `null` on the last page.
    next_cursor: Shown<Option<Cursor>>,
}

impl From<ShownPage<Payment>> for PaymentList {
    fn from(shown: ShownPage<Payment>) -> Self {
        Self {
            success: Success,
            count: shown.count,
            payments: shown.items,
            next_cursor: shown.next_cursor,
        }
    }
}

/// The payment that a path names. A path segment that is not an id names no payment.
fn named(path: &str) -> Result<PaymentId, ApiError> {
    path.parse().map_err(|_| Problem::PaymentNotFound.into())
}

impl Located for domain::Payment {
    fn location(&self) -> String {
        format!("/payments/{}", self.id)
    }
}

impl From<PaymentRefusal> for ApiError {
    fn from(refusal: PaymentRefusal) -> Self {
        match refusal {
            PaymentRefusal::NotFound => Problem::PaymentNotFound,
            PaymentRefusal::AppointmentNotFound => Problem::AppointmentNotFound,
            PaymentRefusal::RegistrationNotFound => Problem::RegistrationNotFound,
            PaymentRefusal::Mismatch => Problem::PaymentMismatch,
            PaymentRefusal::CurrencyDiffers => Problem::CurrencyMismatch,
            PaymentRefusal::RefundTooLarge => Problem::RefundTooLarge,
            PaymentRefusal::Amount(why) => return Self::of_field("amount", why.to_string()),
            PaymentRefusal::VersionMismatch | PaymentRefusal::Outdated | PaymentRefusal::PlaceTaken => {
                Problem::VersionMismatch
            }
        }
        .into()
    }
}

/// The errors of [`record`].
pub(crate) const RECORD_ERRORS: &[Problem] = &[
    Problem::AppointmentNotFound,
    Problem::RegistrationNotFound,
    Problem::PaymentMismatch,
    Problem::CurrencyMismatch,
    Problem::RefundTooLarge,
];

/// Record a payment or a refund
///
/// What is known already is answered with 200, and its status only advances. If enough is paid, the booking is
/// confirmed. Money that comes too late is recorded all the same, and needs attention if the booking can't be brought
/// back.
#[api_v2_operation(operation_id = "recordPayment", tags("Payments"))]
pub(crate) async fn record(
    application: Data<Application>,
    write: Write<CreatedOrDone<PaymentResponse>>,
    body: Body<RecordPayment>,
) -> Result<Reply<CreatedOrDone<PaymentResponse>>, ApiError> {
    let told = body.0.into_domain()?;
    let (request, replies) = write.request()?;
    replies.to(application.billing.payments.record(&request, told).await?)
}

/// The errors of [`refund`].
pub(crate) const REFUND_ERRORS: &[Problem] = &[
    Problem::PaymentNotFound,
    Problem::PaymentMismatch,
    Problem::RefundTooLarge,
];

/// Record a refund of a payment
///
/// As with `POST /payments`, with the payment's provider and currency.
#[api_v2_operation(operation_id = "recordRefund", tags("Payments"))]
pub(crate) async fn refund(
    application: Data<Application>,
    path: Path<String>,
    write: Write<CreatedOrDone<PaymentResponse>>,
    body: Body<RefundPayment>,
) -> Result<Reply<CreatedOrDone<PaymentResponse>>, ApiError> {
    let (told, id) = (body.0.into_domain()?, named(&path)?);
    let (request, replies) = write.request()?;
    let payments = &application.billing.payments;
    replies.to(payments.refund(&request, id, |payment| told.of(payment)).await?)
}

/// The errors of [`list`].
pub(crate) const LIST_ERRORS: &[Problem] = &[];

/// List payments
///
/// Payments and refunds, in the order in which they were recorded.
#[api_v2_operation(operation_id = "listPayments", tags("Payments"))]
pub(crate) async fn list(
    caller: Authenticated,
    application: Data<Application>,
    query: Query<ListPayments>,
    pages: Pages,
) -> Result<Done<PaymentList>, ApiError> {
    let (filter, page) = query.0.into_domain()?;
    let payments = &application.billing.payments;
    let list = async |page| payments.list(&caller.0, &filter, page).await;
    Ok(Done::new(pages.page(page, list).await?.into()))
}

/// The errors of [`get`].
pub(crate) const GET_ERRORS: &[Problem] = &[Problem::PaymentNotFound];

/// Get a payment
///
/// Or a refund.
#[api_v2_operation(operation_id = "getPayment", tags("Payments"))]
pub(crate) async fn get(
    caller: Authenticated,
    application: Data<Application>,
    path: Path<String>,
) -> Result<Done<PaymentResponse>, ApiError> {
    let payment = application.billing.payments.get(&caller.0, named(&path)?).await?;
    Ok(Done::of(payment))
}

/// The errors of [`edit`].
pub(crate) const EDIT_ERRORS: &[Problem] = &[
    Problem::PaymentNotFound,
    Problem::AppointmentNotFound,
    Problem::RegistrationNotFound,
    Problem::PaymentMismatch,
    Problem::CurrencyMismatch,
    Problem::VersionMismatch,
];

/// Match or settle a payment
///
/// Says for which booking a payment is that names none, or that nobody has to look at it any more.
#[api_v2_operation(operation_id = "updatePayment", tags("Payments"))]
pub(crate) async fn edit(
    application: Data<Application>,
    path: Path<String>,
    write: Write<Done<PaymentResponse>>,
    body: Body<EditPayment>,
) -> Result<Reply<Done<PaymentResponse>>, ApiError> {
    let (edit, id) = (body.0.into_domain()?, named(&path)?);
    let (request, replies) = write.request()?;
    replies.to(application.billing.payments.edit(&request, id, edit).await?)
}
