//! Notices with an HMAC-SHA256 of the body in a header field, and where everything is in their JSON as their owner says.

use crate::{
    Head, TEST, json as body_of,
    json::{Json, Problem},
    own_id,
    signature::{is_signed, sign, text_keys},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use chatgrow_domain::{
    AmountUnit, CurrencyPlace, HmacFormat, Invalid, JsonPointer, Money, NoticeKey, NoticeSecret, NoticeType,
    PaymentKind, PaymentSource, PaymentStatus, ReadNotice, SignatureEncoding, ToldNotice, ToldPayment,
};
use chatgrow_ports::{Message, NoticeFault};
use serde_json::{Value, json};

/// What some payment systems write before the signature.
const PREFIX: &str = "sha256=";

pub(crate) fn read(
    source: &PaymentSource,
    format: &HmacFormat,
    secrets: &[NoticeSecret],
    message: &Message,
) -> Result<ReadNotice, NoticeFault> {
    verify(format, secrets, message)?;
    let body = body_of(message)?;
    let head = Head {
        key: match &format.event_id {
            Some(pointer) => body.get(pointer.as_str(), |text| Ok(key(text))),
            None => Ok(NoticeKey::digest(&message.body)),
        },
        kind: body.get(format.kind.as_str(), NoticeType::new),
    };
    head.read(message, |key, kind| told(source, format, body, key, kind))
}

/// The key of a notice with that id, however long that is.
fn key(id: String) -> NoticeKey {
    let digest = NoticeKey::digest(id.as_bytes());
    NoticeKey::new(id).unwrap_or(digest)
}

fn verify(format: &HmacFormat, secrets: &[NoticeSecret], message: &Message) -> Result<(), NoticeFault> {
    let signature = message
        .header(format.header.as_str())
        .ok_or(NoticeFault::Unverified("it has no signature"))?
        .trim();
    let signature = signature.strip_prefix(PREFIX).unwrap_or(signature);
    let decoded = match format.encoding {
        SignatureEncoding::Hex => base16ct::mixed::decode_vec(signature).ok(),
        SignatureEncoding::Base64 => STANDARD.decode(signature).ok(),
    };
    let decoded = decoded.ok_or(NoticeFault::Unverified("its signature is written otherwise"))?;
    if is_signed(text_keys(secrets), &[&message.body], &[decoded]) {
        Ok(())
    } else {
        Err(NoticeFault::Unverified("no secret has made its signature"))
    }
}

pub(crate) fn sample(format: &HmacFormat, secret: &NoticeSecret, key: &NoticeKey) -> Message {
    let mut body = json!({});
    put(&mut body, &format.kind, TEST);
    if let Some(pointer) = &format.event_id {
        put(&mut body, pointer, key.as_str());
    }
    let body = body.to_string().into_bytes();
    let signature = sign(secret.reveal().as_bytes(), &[&body]);
    let signature = match format.encoding {
        SignatureEncoding::Hex => base16ct::lower::encode_string(&signature),
        SignatureEncoding::Base64 => STANDARD.encode(signature),
    };
    Message {
        headers: vec![(format.header.as_str().to_owned(), signature)],
        body,
    }
}

/// Puts a text at a pointer, and makes the objects on the way.
fn put(body: &mut Value, pointer: &JsonPointer, text: &str) {
    let segments = pointer.as_str().split('/').skip(1);
    let place = segments.fold(body, |here, segment| {
        if !here.is_object() {
            *here = json!({});
        }
        &mut here[segment.replace("~1", "/").replace("~0", "~")]
    });
    *place = json!(text);
}

fn told(
    source: &PaymentSource,
    format: &HmacFormat,
    body: Json<'_>,
    key: &NoticeKey,
    kind: &NoticeType,
) -> Result<Option<ToldNotice>, Problem> {
    let types = &format.types;
    let (kind, status) = match () {
        () if types.succeeded.contains(kind) => (PaymentKind::Payment, PaymentStatus::Succeeded),
        () if types.failed.contains(kind) => (PaymentKind::Payment, PaymentStatus::Failed),
        () if types.refunded.contains(kind) => (PaymentKind::Refund, PaymentStatus::Succeeded),
        () => return Ok(None),
    };
    let currency = match &format.currency {
        CurrencyPlace::At(pointer) => body.currency(pointer.as_str())?,
        CurrencyPlace::Always(currency) => *currency,
    };
    let amount = format.amount.as_str();
    let amount = match format.unit {
        AmountUnit::Major => body.major(amount, currency)?,
        AmountUnit::Minor => match Money::from_minor(body.whole(amount)?) {
            Ok(minor) if minor > Money::ZERO => minor,
            _ => return Err(Problem::of(amount, Invalid::NothingDue)),
        },
    };
    let payment_id = body.external_id(format.external_id.as_str())?;
    let (external_id, refund_of) = match (kind, &format.refund_id) {
        (PaymentKind::Payment, _) => (payment_id, None),
        (PaymentKind::Refund, Some(pointer)) => (body.external_id(pointer.as_str())?, Some(payment_id)),
        (PaymentKind::Refund, None) => (own_id(key)?, Some(payment_id)),
    };
    let reference = format.reference.as_ref();
    Ok(Some(ToldNotice {
        payment: ToldPayment {
            kind,
            provider: source.provider.clone(),
            external_id,
            refund_of,
            target: None,
            amount,
            currency,
            status,
            reported: Money::ZERO,
            occurred_at: None,
        },
        reference: reference.and_then(|pointer| body.reference(pointer.as_str())),
    }))
}
