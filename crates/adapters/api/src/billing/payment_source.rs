//! Payment sources over HTTP.

mod requests;

use crate::{
    access::authentication::Authenticated,
    billing::source_values::{InboundPath, PlainSecret},
    body::Body,
    commit::{Reply, Write},
    error::{ApiError, Problem},
    pages::{Items, Pages, ShownPage},
    query::Query,
    responses::{Confirmation, Created, Done, Located},
    value::{Count, Cursor, Optional, Resource, Shown, Success},
};
use actix_web::web::{Data, Path};
use chatgrow_application::{Application, Effect, WithNoticeSecret};
use chatgrow_domain as domain;
use chatgrow_domain::{
    AmountUnit, CurrencyPlace, HeaderName, JsonPointer, NoticeFormat, NoticeKind, NoticeType,
    PaymentSourceId, PaymentSourceRefusal, Provider, SignatureEncoding, SourceName, Timestamp,
};
use paperclip::actix::{Apiv2Schema, api_v2_operation};
use requests::{CreatePaymentSource, EditPaymentSource, ListPaymentSources, RotateNoticeSecret};
use serde::Serialize;

/// A payment system that tells of payments itself.
#[derive(Serialize, Apiv2Schema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PaymentSource {
    /// The source's id.
    id: Shown<PaymentSourceId>,
    /// How it signs its notices, and what is in them.
    kind: Shown<NoticeKind>,
    /// What it is called.
    name: Shown<SourceName>,
    /// The `provider` of the payments that it tells of.
    provider: Shown<Provider>,
    /// Where it sends its notices with POST: a path of this server that nobody guesses.
    path: Shown<InboundPath>,
    /// Where everything is in its notices; `null` unless it is of the kind `hmac`.
    hmac: Optional<HmacFormat>,
    /// Until when notices that are signed with the secret before are taken; `null` if there is none.
    previous_secret_until: Shown<Option<Timestamp>>,
    /// When it was created.
    created_at: Shown<Timestamp>,
    /// When it last changed.
    updated_at: Shown<Timestamp>,
    /// The secret with which notices have to be signed, if the server has made it. It is shown only once, then; otherwise
    /// `null`.
    secret: Shown<Option<PlainSecret>>,
}

/// Where everything is in notices that are signed with an HMAC-SHA256 of their body.
#[derive(Serialize, Apiv2Schema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HmacFormat {
    /// The header field with the signature, in lowercase.
    header: Shown<HeaderName>,
    /// How the signature is written.
    encoding: Shown<SignatureEncoding>,
    /// Where the notice's id is.
    event_id: Shown<Option<JsonPointer>>,
    /// Where the type is.
    r#type: Shown<JsonPointer>,
    /// The types that tell that a payment has succeeded.
    succeeded: Vec<Shown<NoticeType>>,
    /// The types that tell that a payment has failed.
    failed: Vec<Shown<NoticeType>>,
    /// The types that tell that a payment was given back, or a part of it.
    refunded: Vec<Shown<NoticeType>>,
    /// Where the id of the appointment or registration is.
    reference: Shown<Option<JsonPointer>>,
    /// Where the payment's id is.
    external_id: Shown<JsonPointer>,
    /// Where a refund's own id is.
    refund_id: Shown<Option<JsonPointer>>,
    /// Where the amount is.
    amount: Shown<JsonPointer>,
    /// In what the amount is counted.
    unit: Shown<AmountUnit>,
    /// Where the currency is, or which one it always is.
    currency: Shown<CurrencyPlace>,
}

impl From<domain::HmacFormat> for HmacFormat {
    fn from(format: domain::HmacFormat) -> Self {
        let all = |types: Vec<NoticeType>| types.into_iter().map(Shown).collect();
        Self {
            header: Shown(format.header),
            encoding: Shown(format.encoding),
            event_id: Shown(format.event_id),
            r#type: Shown(format.kind),
            succeeded: all(format.types.succeeded),
            failed: all(format.types.failed),
            refunded: all(format.types.refunded),
            reference: Shown(format.reference),
            external_id: Shown(format.external_id),
            refund_id: Shown(format.refund_id),
            amount: Shown(format.amount),
            unit: Shown(format.unit),
            currency: Shown(format.currency),
        }
    }
}

impl From<domain::PaymentSource> for PaymentSource {
    fn from(source: domain::PaymentSource) -> Self {
        Self {
            id: Shown(source.id),
            kind: Shown(source.format.kind()),
            name: Shown(source.name),
            provider: Shown(source.provider),
            path: Shown(InboundPath(source.token)),
            hmac: Optional(match source.format {
                NoticeFormat::Stripe | NoticeFormat::StandardWebhooks => None,
                NoticeFormat::Hmac(format) => Some((*format).into()),
            }),
            previous_secret_until: Shown(source.previous_secret.map(|(_, until)| until)),
            created_at: Shown(source.created_at),
            updated_at: Shown(source.updated_at),
            secret: Shown(None),
        }
    }
}

/// One payment source.
#[derive(Serialize, Apiv2Schema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PaymentSourceResponse {
    /// Always `true`.
    success: Success,
    /// The source.
    payment_source: Resource<PaymentSource>,
}

impl From<domain::PaymentSource> for PaymentSourceResponse {
    fn from(source: domain::PaymentSource) -> Self {
        Self {
            success: Success,
            payment_source: Resource(source.into()),
        }
    }
}

impl PaymentSourceResponse {
    fn reveal(&mut self, made: Option<domain::NoticeSecret>) {
        self.payment_source.0.secret = Shown(made.map(PlainSecret));
    }
}

/// A page of payment sources, in the order in which they were created.
#[derive(Serialize, Apiv2Schema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PaymentSourceList {
    /// Always `true`.
    success: Success,
    /// How many sources this answer holds.
    count: Shown<Count>,
    /// The sources.
    payment_sources: Items<PaymentSource>,
    /// Where the next page begins: send it back as `cursor`. `null` on the last page.
    next_cursor: Shown<Option<Cursor>>,
}

impl From<ShownPage<PaymentSource>> for PaymentSourceList {
    fn from(shown: ShownPage<PaymentSource>) -> Self {
        Self {
            success: Success,
            count: shown.count,
            payment_sources: shown.items,
            next_cursor: shown.next_cursor,
        }
    }
}

/// The source that a path names. A path segment that is not an id names no source.
pub(super) fn named(path: &str) -> Result<PaymentSourceId, ApiError> {
    path.parse().map_err(|_| Problem::PaymentSourceNotFound.into())
}

impl Located for domain::PaymentSource {
    fn location(&self) -> String {
        format!("/payment-sources/{}", self.id)
    }
}

impl From<&Effect<domain::PaymentSource>> for Done<Confirmation> {
    fn from(_: &Effect<domain::PaymentSource>) -> Self {
        Confirmation::new("Payment source removed successfully")
    }
}

impl From<PaymentSourceRefusal> for ApiError {
    fn from(refusal: PaymentSourceRefusal) -> Self {
        match refusal {
            PaymentSourceRefusal::NotFound => Problem::PaymentSourceNotFound.into(),
            PaymentSourceRefusal::NoSecretsKey => Self::without_secrets_key(),
            PaymentSourceRefusal::Secret(why) => Self::of_field("secret", why.to_string()),
            PaymentSourceRefusal::NotHmac => Self::of_field("hmac", requests::NOT_HMAC),
            PaymentSourceRefusal::VersionMismatch => Problem::VersionMismatch.into(),
        }
    }
}

/// The errors of [`create`].
pub(crate) const CREATE_ERRORS: &[Problem] = &[];

/// Create a payment source
///
/// It gets a path of its own, to which the payment system sends its notices. If you give no secret, the answer shows the
/// one that was made, this once: a repetition with the same `Idempotency-Key` shows `null` in its place.
#[api_v2_operation(operation_id = "createPaymentSource", tags("Payment sources"))]
pub(crate) async fn create(
    application: Data<Application>,
    write: Write<Created<PaymentSourceResponse>>,
    body: Body<CreatePaymentSource>,
) -> Result<Reply<Created<PaymentSourceResponse>>, ApiError> {
    let new = body.0.into_domain()?;
    let (request, replies) = write.request()?;
    let WithNoticeSecret { outcome, made } = application.billing.sources.create(&request, new).await?;
    let show = |created: Created<PaymentSourceResponse>| created.with(|body| body.reveal(made));
    Ok(replies.to(outcome)?.once(show))
}

/// The errors of [`list`].
pub(crate) const LIST_ERRORS: &[Problem] = &[];

/// List payment sources
///
/// In the order in which they were created.
#[api_v2_operation(operation_id = "listPaymentSources", tags("Payment sources"))]
pub(crate) async fn list(
    caller: Authenticated,
    application: Data<Application>,
    query: Query<ListPaymentSources>,
    pages: Pages,
) -> Result<Done<PaymentSourceList>, ApiError> {
    let page = query.0.into_domain()?;
    let sources = &application.billing.sources;
    let list = async |page| sources.list(&caller.0, page).await;
    Ok(Done::new(pages.page(page, list).await?.into()))
}

/// The errors of [`get`].
pub(crate) const GET_ERRORS: &[Problem] = &[Problem::PaymentSourceNotFound];

/// Get a payment source
///
/// With its path.
#[api_v2_operation(operation_id = "getPaymentSource", tags("Payment sources"))]
pub(crate) async fn get(
    caller: Authenticated,
    application: Data<Application>,
    path: Path<String>,
) -> Result<Done<PaymentSourceResponse>, ApiError> {
    let source = application.billing.sources.get(&caller.0, named(&path)?).await?;
    Ok(Done::of(source))
}

/// The errors of [`edit`].
pub(crate) const EDIT_ERRORS: &[Problem] = &[Problem::PaymentSourceNotFound, Problem::VersionMismatch];

/// Update a payment source
///
/// Changes only the fields that are sent. Its kind, its provider and its path stay.
#[api_v2_operation(operation_id = "updatePaymentSource", tags("Payment sources"))]
pub(crate) async fn edit(
    application: Data<Application>,
    path: Path<String>,
    write: Write<Done<PaymentSourceResponse>>,
    body: Body<EditPaymentSource>,
) -> Result<Reply<Done<PaymentSourceResponse>>, ApiError> {
    let (edit, id) = (body.0.into_domain()?, named(&path)?);
    let (request, replies) = write.request()?;
    replies.to(application.billing.sources.edit(&request, id, edit).await?)
}

/// The errors of [`remove`].
pub(crate) const REMOVE_ERRORS: &[Problem] = &[Problem::PaymentSourceNotFound, Problem::VersionMismatch];

/// Remove a payment source
///
/// For good: its path leads nowhere any more. The payments that it has told of stay.
#[api_v2_operation(operation_id = "removePaymentSource", tags("Payment sources"))]
pub(crate) async fn remove(
    application: Data<Application>,
    path: Path<String>,
    write: Write<Done<Confirmation>>,
) -> Result<Reply<Done<Confirmation>>, ApiError> {
    let id = named(&path)?;
    let (request, replies) = write.request()?;
    replies.to(application.billing.sources.remove(&request, id).await?)
}

/// The errors of [`rotate`].
pub(crate) const ROTATE_ERRORS: &[Problem] = &[Problem::PaymentSourceNotFound, Problem::VersionMismatch];

/// Rotate the secret of a payment source
///
/// Sets the secret that you give, or makes one and shows it as that of a new source is shown. For a day, notices that are
/// signed with the secret before are taken, too, unless you revoke it.
#[api_v2_operation(operation_id = "rotatePaymentSourceSecret", tags("Payment sources"))]
pub(crate) async fn rotate(
    application: Data<Application>,
    path: Path<String>,
    write: Write<Done<PaymentSourceResponse>>,
    body: Body<RotateNoticeSecret>,
) -> Result<Reply<Done<PaymentSourceResponse>>, ApiError> {
    let (secret, revoked) = body.0.into_domain()?;
    let id = named(&path)?;
    let (request, replies) = write.request()?;
    let sources = &application.billing.sources;
    let WithNoticeSecret { outcome, made } = sources.rotate(&request, id, secret.as_deref(), revoked).await?;
    let show = |done: Done<PaymentSourceResponse>| done.with(|body| body.reveal(made));
    Ok(replies.to(outcome)?.once(show))
}

/// The errors of [`test()`].
pub(crate) const TEST_ERRORS: &[Problem] = &[Problem::PaymentSourceNotFound];

/// Test a payment source
///
/// Makes a notice of the type `chatgrow.test` as the payment system would, signs it, and takes it. It tells nothing of
/// money, and stands in the log of notices.
#[api_v2_operation(operation_id = "testPaymentSource", tags("Payment sources"))]
pub(crate) async fn test(
    caller: Authenticated,
    application: Data<Application>,
    path: Path<String>,
) -> Result<Done<Confirmation>, ApiError> {
    application.billing.notices.test(&caller.0, named(&path)?).await?;
    Ok(Confirmation::new("The test notice was taken"))
}
