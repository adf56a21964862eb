//! The requests for payment sources.

use crate::{
    billing::source_values::SecretText,
    error::ApiError,
    fields::{Changeable, Element, Field, Fields, List, Part, Required, RequiredList},
    query::Parameter,
    value::Cursor,
};
use chatgrow_application::NewPaymentSource;
use chatgrow_domain as domain;
use chatgrow_domain::{
    AmountUnit, CurrencyPlace, HeaderName, HmacTypes, JsonPointer, NoticeFormat, NoticeKind, NoticeType,
    PageLimit, PaymentSourceEdit, PaymentSourceId, Provider, SignatureEncoding, SourceName,
};
use chatgrow_ports::PageRequest;
use paperclip::actix::Apiv2Schema;
use serde::Deserialize;

/// Why a description of notices is refused.
pub(super) const NOT_HMAC: &str = "must not be given for a source of this kind";

impl Element for Required<NoticeType> {
    const MOST: usize = HmacTypes::MAX;
}

/// Where everything is in notices that are signed with an HMAC-SHA256 of their body. Places are JSON pointers (RFC 6901).
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct HmacInput {
    /// The header field with the signature.
    header: Required<HeaderName>,
    /// How the signature is written.
    encoding: Required<SignatureEncoding>,
    /// Where the notice's id is. If it is omitted, notices with equal bodies are the same notice.
    event_id: Field<JsonPointer>,
    /// Where the type is.
    r#type: Required<JsonPointer>,
    /// The types that tell that a payment has succeeded. All types that are in no list tell nothing of money.
    succeeded: RequiredList<Required<NoticeType>>,
    /// The types that tell that a payment has failed.
    failed: List<Required<NoticeType>>,
    /// The types that tell that a payment was given back, or a part of it.
    refunded: List<Required<NoticeType>>,
    /// Where the id of the appointment or registration is. If it is omitted, payments are matched by hand.
    reference: Field<JsonPointer>,
    /// Where the payment's id is, also in a notice of a refund.
    external_id: Required<JsonPointer>,
    /// Where a refund's own id is. If it is omitted, the notice's id stands for it.
    refund_id: Field<JsonPointer>,
    /// Where the amount is, as a number or a text. Of a refund, it is what this refund gives back.
    amount: Required<JsonPointer>,
    /// In what the amount is counted.
    unit: Required<AmountUnit>,
    /// Where the currency is, or its code in ISO 4217 if it is always the same.
    currency: Required<CurrencyPlace>,
}

impl HmacInput {
    fn into_domain(self, fields: &mut Fields) -> Option<domain::HmacFormat> {
        let header = fields.required("header", self.header);
        let encoding = fields.required("encoding", self.encoding);
        let event_id = fields.optional("eventId", self.event_id);
        let kind = fields.required("type", self.r#type);
        let succeeded = fields.required_list("succeeded", self.succeeded, Fields::element);
        let failed = fields.list("failed", self.failed, Fields::element);
        let refunded = fields.list("refunded", self.refunded, Fields::element);
        let lists = succeeded.zip(failed).zip(refunded);
        let types = lists.and_then(|((succeeded, failed), refunded)| {
            let types = HmacTypes::new(
                succeeded,
                failed.unwrap_or_default(),
                refunded.unwrap_or_default(),
            );
            types.map_or_else(|(list, why)| fields.refuse(list, why), Some)
        });
        let reference = fields.optional("reference", self.reference);
        let external_id = fields.required("externalId", self.external_id);
        let refund_id = fields.optional("refundId", self.refund_id);
        let amount = fields.required("amount", self.amount);
        let unit = fields.required("unit", self.unit);
        let currency = fields.required("currency", self.currency);
        Some(domain::HmacFormat {
            header: header?,
            encoding: encoding?,
            event_id: event_id?,
            kind: kind?,
            types: types?,
            reference: reference?,
            external_id: external_id?,
            refund_id: refund_id?,
            amount: amount?,
            unit: unit?,
            currency: currency?,
        })
    }
}

/// A new payment source.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(default)]
pub(crate) struct CreatePaymentSource {
    /// How it signs its notices, and what is in them.
    kind: Required<NoticeKind>,
    /// What it is called.
    name: Required<SourceName>,
    /// The `provider` of the payments that it tells of: a short name of your choice. `stripe` if it is omitted for a source
    /// of that kind; otherwise it is required.
    provider: Field<Provider>,
    /// The secret with which it signs, if the payment system gives one. If it is omitted, a secret is made.
    secret: Field<SecretText>,
    /// Where everything is in its notices. It is required for the kind `hmac`, and must not be given for others.
    hmac: Part<HmacInput>,
}

impl CreatePaymentSource {
    pub(super) fn into_domain(self) -> Result<NewPaymentSource, ApiError> {
        let mut fields = Fields::default();
        self.source(&mut fields)
            .ok_or_else(|| fields.into_error_requiring("kind, name and provider are required"))
    }

    fn source(self, fields: &mut Fields) -> Option<NewPaymentSource> {
        let kind = fields.required("kind", self.kind);
        let name = fields.required("name", self.name);
        let default = kind.and_then(NoticeKind::provider);
        let provider = fields.required_unless(default.is_some(), "provider", self.provider);
        let secret = fields.optional("secret", self.secret);
        let hmac = fields.part("hmac", self.hmac, |fields, part| part.into_domain(fields));
        let format = match (kind?, hmac?) {
            (NoticeKind::Stripe, None) => Some(NoticeFormat::Stripe),
            (NoticeKind::StandardWebhooks, None) => Some(NoticeFormat::StandardWebhooks),
            (NoticeKind::Hmac, Some(format)) => Some(NoticeFormat::Hmac(Box::new(format))),
            (NoticeKind::Hmac, None) => fields.refuse("hmac", domain::Invalid::Missing),
            (NoticeKind::Stripe | NoticeKind::StandardWebhooks, Some(_)) => fields.refuse("hmac", NOT_HMAC),
        };
        Some(NewPaymentSource {
            name: name?,
            provider: provider?.or(default)?,
            format: format?,
            secret: secret?.map(|SecretText(text)| text),
        })
    }
}

/// A change of some of a payment source's fields.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(default)]
pub(crate) struct EditPaymentSource {
    /// Another name.
    name: Changeable<SourceName>,
    /// Where everything is in its notices from now on. Only for the kind `hmac`.
    hmac: Part<HmacInput>,
}

impl EditPaymentSource {
    pub(super) fn into_domain(self) -> Result<PaymentSourceEdit, ApiError> {
        let mut fields = Fields::default();
        let name = fields.changeable("name", self.name);
        let hmac = fields.part("hmac", self.hmac, |fields, part| part.into_domain(fields));
        let (Some(name), Some(hmac)) = (name, hmac) else {
            return Err(fields.into_error());
        };
        Ok(PaymentSourceEdit {
            name,
            hmac: hmac.map(Box::new),
        })
    }
}

/// Another secret.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct RotateNoticeSecret {
    /// The secret with which the payment system signs. If it is omitted, a secret is made.
    secret: Field<SecretText>,
    /// Whether the present secret counts no more from now on; `false` if it is omitted.
    revoke_previous: Field<bool>,
}

impl RotateNoticeSecret {
    pub(super) fn into_domain(self) -> Result<(Option<String>, bool), ApiError> {
        let mut fields = Fields::default();
        let secret = fields.optional("secret", self.secret);
        let revoked = fields.optional("revokePrevious", self.revoke_previous);
        let (Some(secret), Some(revoked)) = (secret, revoked) else {
            return Err(fields.into_error());
        };
        Ok((secret.map(|SecretText(text)| text), revoked.unwrap_or(false)))
    }
}

/// Which payment sources are wanted.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(default)]
pub(crate) struct ListPaymentSources {
    /// The most sources in this answer.
    limit: Parameter<PageLimit>,
    /// The `nextCursor` of the answer before.
    cursor: Parameter<Cursor>,
}

impl ListPaymentSources {
    pub(super) fn into_domain(self) -> Result<PageRequest<PaymentSourceId>, ApiError> {
        let mut fields = Fields::default();
        let page = fields.page(self.limit, self.cursor);
        page.ok_or_else(|| fields.into_error())
    }
}
