//! Standard Webhooks
//! (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>), with a body of our own:
//! `{type, timestamp, data: {reference, externalId, refundId, amount, currency}}`.

use crate::{
    Head, TEST, check_time, json as body_of,
    json::{Json, Problem},
    own_id,
    signature::is_signed,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use chatgrow_domain::{
    Invalid, Money, NoticeKey, NoticeSecret, NoticeType, PaymentKind, PaymentSource, PaymentStatus,
    ReadNotice, Timestamp, ToldNotice, ToldPayment, WebhookSecret,
};
use chatgrow_ports::{Message, NoticeFault};

const ID: &str = "webhook-id";
const TIMESTAMP: &str = "webhook-timestamp";
const SIGNATURE: &str = "webhook-signature";

pub(crate) fn read(
    source: &PaymentSource,
    secrets: &[NoticeSecret],
    message: &Message,
    now: Timestamp,
) -> Result<ReadNotice, NoticeFault> {
    let id = verify(secrets, message, now)?;
    let body = body_of(message)?;
    let head = Head {
        key: NoticeKey::new(id).map_err(|why| Problem::of(ID, why)),
        kind: body.get("/type", NoticeType::new),
    };
    head.read(message, |key, kind| told(source, body, key, kind.as_str()))
}

fn verify<'a>(
    secrets: &[NoticeSecret],
    message: &'a Message,
    now: Timestamp,
) -> Result<&'a str, NoticeFault> {
    let header = |name| message.header(name);
    let (Some(id), Some(time), Some(signatures)) = (header(ID), header(TIMESTAMP), header(SIGNATURE)) else {
        return Err(NoticeFault::Unverified(
            "webhook-id, -timestamp or -signature is missing",
        ));
    };
    let signatures: Vec<_> = signatures
        .split(' ')
        .filter_map(|signature| STANDARD.decode(signature.strip_prefix("v1,")?).ok())
        .collect();
    let keys = secrets
        .iter()
        .filter_map(|secret| WebhookSecret::parse(secret.reveal()).ok())
        .map(|secret| secret.as_bytes().to_vec());
    let parts = [id.as_bytes(), b".", time.as_bytes(), b".", &message.body];
    if !is_signed(keys, &parts, &signatures) {
        return Err(NoticeFault::Unverified("no secret has made its signature"));
    }
    let seconds = time
        .parse()
        .map_err(|_| NoticeFault::Unverified("its time is no number"))?;
    check_time(seconds, now)?;
    Ok(id)
}

pub(crate) fn sample(secret: &NoticeSecret, key: &NoticeKey, seconds: i64) -> Message {
    let body = serde_json::json!({ "type": TEST, "data": {} })
        .to_string()
        .into_bytes();
    let id = format!("msg_{}", key.as_str());
    // A secret of this kind can always be read. If it can't, the signature is missing, and the test tells so.
    let signature = WebhookSecret::parse(secret.reveal())
        .map(|secret| secret.sign(&id, seconds, &body))
        .unwrap_or_default();
    let headers = [(ID, id), (TIMESTAMP, seconds.to_string()), (SIGNATURE, signature)];
    Message {
        headers: headers.map(|(name, value)| (name.to_owned(), value)).to_vec(),
        body,
    }
}

fn told(
    source: &PaymentSource,
    body: Json<'_>,
    key: &NoticeKey,
    kind: &str,
) -> Result<Option<ToldNotice>, Problem> {
    let status = match kind {
        "payment.succeeded" | "payment.refunded" => PaymentStatus::Succeeded,
        "payment.failed" => PaymentStatus::Failed,
        _ => return Ok(None),
    };
    let currency = body.currency("/data/currency")?;
    let payment_id = body.external_id("/data/externalId")?;
    let occurred_at = match body.text("/timestamp") {
        Some(text) => Some(Timestamp::parse(&text).map_err(|why: Invalid| Problem::of("/timestamp", why))?),
        None => None,
    };
    let (kind, external_id, refund_of) = if kind == "payment.refunded" {
        // A refund without an id of its own is told once by each notice.
        let own = match body.text("/data/refundId") {
            Some(_) => body.external_id("/data/refundId")?,
            None => own_id(key)?,
        };
        (PaymentKind::Refund, own, Some(payment_id))
    } else {
        (PaymentKind::Payment, payment_id, None)
    };
    Ok(Some(ToldNotice {
        payment: ToldPayment {
            kind,
            provider: source.provider.clone(),
            external_id,
            refund_of,
            target: None,
            amount: body.major("/data/amount", currency)?,
            currency,
            status,
            reported: Money::ZERO,
            occurred_at,
        },
        reference: body.reference("/data/reference"),
    }))
}
