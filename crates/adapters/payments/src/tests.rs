use super::*;
use crate::signature::sign;
use base64::{Engine, engine::general_purpose::STANDARD};
use chatgrow_domain::{
    AccountId, AmountUnit, CurrencyPlace, HeaderName, HmacFormat, HmacTypes, InboundToken, JsonPointer,
    NoticeKind, PaymentKind, PaymentSourceId, PaymentStatus, Provider, SealedSecret, SignatureEncoding,
    SourceName, ToldPayment, Version,
};
use proptest::prelude::*;
use serde_json::{Value, json};

/// 2026-11-29T00:00:00Z.
const NOW: i64 = 1_795_910_400;

fn now() -> Timestamp {
    Timestamp::from_millis(NOW * 1000).unwrap()
}

fn source(format: NoticeFormat) -> PaymentSource {
    let id = "507f1f77bcf86cd799439011".parse().unwrap();
    PaymentSource {
        id: PaymentSourceId::new(id),
        account_id: AccountId::new(id),
        token: InboundToken::from_random([7; 32]),
        name: SourceName::new("Cards").unwrap(),
        provider: Provider::new("cards").unwrap(),
        format,
        secret: SealedSecret::new(vec![1]),
        previous_secret: None,
        created_at: now(),
        updated_at: now(),
        version: Version::FIRST,
    }
}

fn format() -> HmacFormat {
    let pointer = |text| JsonPointer::new(text).unwrap();
    let types = |text| vec![NoticeType::new(text).unwrap()];
    HmacFormat {
        header: HeaderName::new("X-Signature").unwrap(),
        encoding: SignatureEncoding::Hex,
        event_id: Some(pointer("/id")),
        kind: pointer("/event/type"),
        types: HmacTypes {
            succeeded: types("charge.ok"),
            failed: types("charge.failed"),
            refunded: types("charge.refund"),
        },
        reference: Some(pointer("/order/reference")),
        external_id: pointer("/charge/id"),
        refund_id: Some(pointer("/refund/id")),
        amount: pointer("/charge/amount"),
        unit: AmountUnit::Major,
        currency: CurrencyPlace::At(pointer("/charge/currency")),
    }
}

fn secret(byte: u8) -> NoticeSecret {
    NoticeSecret::from_random([byte; 32])
}

fn read(format: &NoticeFormat, message: &Message) -> Result<ReadNotice, NoticeFault> {
    PaymentSystems.read(&source(format.clone()), &[secret(2), secret(1)], message, now())
}

fn told(format: &NoticeFormat, message: &Message) -> ToldNotice {
    read(format, message).unwrap().told.expect("it tells of money")
}

fn why(format: &NoticeFormat, message: &Message) -> String {
    match read(format, message) {
        Err(NoticeFault::Unreadable { problem, .. }) => problem.as_str().to_owned(),
        other => panic!("{other:?}"),
    }
}

fn stripe_at(seconds: i64, body: &[u8]) -> Message {
    let secret = secret(1);
    let signature = sign(
        secret.reveal().as_bytes(),
        &[seconds.to_string().as_bytes(), b".", body],
    );
    let signature = base16ct::lower::encode_string(&signature);
    Message {
        headers: vec![(
            "stripe-signature".to_owned(),
            format!("t={seconds},v1={signature}"),
        )],
        body: body.to_vec(),
    }
}

fn stripe(kind: &str, object: &Value) -> Message {
    let event = json!({ "id": "evt_1", "type": kind, "created": NOW - 9, "data": { "object": object } });
    stripe_at(NOW, event.to_string().as_bytes())
}

/// Signed by the published library of Standard Webhooks.
fn standard(body: &Value) -> Message {
    let body = body.to_string();
    let library = standardwebhooks::Webhook::new(secret(1).reveal()).unwrap();
    let signature = library.sign("msg_1", NOW, body.as_bytes()).unwrap();
    let headers = [
        ("webhook-id", "msg_1".to_owned()),
        ("webhook-timestamp", NOW.to_string()),
        ("webhook-signature", format!("v1a,abc {signature}")),
    ];
    Message {
        headers: headers.map(|(name, value)| (name.to_owned(), value)).to_vec(),
        body: body.into_bytes(),
    }
}

fn hmac(format: &HmacFormat, body: &Value) -> Message {
    let body = body.to_string().into_bytes();
    let signature = sign(secret(1).reveal().as_bytes(), &[&body]);
    let signature = match format.encoding {
        SignatureEncoding::Hex => base16ct::upper::encode_string(&signature),
        SignatureEncoding::Base64 => STANDARD.encode(signature),
    };
    Message {
        headers: vec![("x-signature".to_owned(), signature)],
        body,
    }
}

fn charge(amount: &Value) -> Value {
    json!({
        "id": "n1",
        "event": { "type": "charge.ok" },
        "order": { "reference": "order 17" },
        "charge": { "id": 17, "amount": amount, "currency": "ils" },
    })
}

fn facts(payment: &ToldPayment) -> (&str, String, PaymentStatus) {
    let amount = payment.amount.in_currency(payment.currency);
    let amount = format!("{amount} {}", payment.currency.code());
    (payment.external_id.as_str(), amount, payment.status)
}

/// A message of each kind, which is taken.
fn good() -> Vec<(NoticeFormat, Message)> {
    let intent = json!({ "id": "pi_1", "amount_received": 100, "currency": "ils" });
    let data = json!({ "externalId": "p1", "amount": 1, "currency": "ILS" });
    let hmac_format = format();
    vec![
        (NoticeFormat::Stripe, stripe("payment_intent.succeeded", &intent)),
        (
            NoticeFormat::StandardWebhooks,
            standard(&json!({ "type": "payment.succeeded", "data": data })),
        ),
        (
            NoticeFormat::Hmac(Box::new(hmac_format.clone())),
            hmac(&hmac_format, &charge(&json!(1))),
        ),
    ]
}

#[test]
fn only_what_is_signed_is_read() {
    for (format, message) in good() {
        told(&format, &message);
        let refused = |secrets: &[NoticeSecret], message: &Message, now| {
            let read = PaymentSystems.read(&source(format.clone()), secrets, message, now);
            matches!(read, Err(NoticeFault::Unverified(_)))
        };
        assert!(refused(&[secret(3)], &message, now()), "another secret");
        assert!(refused(&[], &message, now()), "no secret");
        for nth in 0..message.headers.len() {
            let mut without = message.clone();
            without.headers.remove(nth);
            assert!(refused(&[secret(1)], &without, now()), "{format:?} {nth}");
            let mut twice = message.clone();
            twice.headers.push(message.headers[nth].clone());
            assert!(refused(&[secret(1)], &twice, now()), "{format:?} {nth}");
            let mut other = message.clone();
            other.headers[nth].1.pop();
            assert!(refused(&[secret(1)], &other, now()), "{format:?} {nth}");
        }
        let mut longer = message.clone();
        longer.body.push(b' ');
        assert!(refused(&[secret(1)], &longer, now()), "the body was changed");
        if format.kind() != NoticeKind::Hmac {
            for (seconds, late) in [(-301, true), (-300, false), (300, false), (301, true)] {
                let then = Timestamp::from_millis((NOW + seconds) * 1000).unwrap();
                assert_eq!(
                    refused(&[secret(1)], &message, then),
                    late,
                    "{format:?} {seconds}"
                );
            }
        }
    }
}

#[test]
fn a_test_notice_is_taken_and_tells_nothing() {
    let base64 = HmacFormat {
        encoding: SignatureEncoding::Base64,
        event_id: None,
        ..format()
    };
    for format in [
        NoticeFormat::Stripe,
        NoticeFormat::StandardWebhooks,
        NoticeFormat::Hmac(Box::new(format())),
        NoticeFormat::Hmac(Box::new(base64)),
    ] {
        let key = NoticeKey::digest(b"1");
        let sample = PaymentSystems.sample(&source(format.clone()), &secret(1), &key, now());
        let read = read(&format, &sample).unwrap();
        assert_eq!((read.kind.as_str(), read.told), (TEST, None), "{format:?}");
    }
}

#[test]
fn one_of_several_signatures_of_stripe_may_match() {
    let (format, mut message) = good().remove(0);
    let (_, header) = &mut message.headers[0];
    *header = header.replace(",v1=", &format!(", v0=00,v1={},v1=", "00".repeat(32)));
    told(&format, &message);
}

#[test]
fn stripe_tells_of_payments() {
    let metadata = json!({ "chatgrow_id": "from metadata" });
    let session = json!({
        "id": "cs_1", "payment_status": "paid", "payment_intent": "pi_1", "amount_total": 14_990, "currency": "ils",
        "client_reference_id": "from reference",
    });
    for (kind, object, expected, reference) in [
        (
            "checkout.session.completed",
            session.clone(),
            ("pi_1", "149.9 ILS", PaymentStatus::Succeeded),
            "from reference",
        ),
        (
            "checkout.session.async_payment_succeeded",
            session,
            ("pi_1", "149.9 ILS", PaymentStatus::Succeeded),
            "from reference",
        ),
        (
            "payment_intent.succeeded",
            json!({ "id": "pi_2", "amount": 9, "amount_received": 500, "currency": "jpy", "metadata": metadata }),
            ("pi_2", "500 JPY", PaymentStatus::Succeeded),
            "from metadata",
        ),
        (
            "payment_intent.payment_failed",
            json!({ "id": "pi_3", "amount": 5, "amount_received": 0, "currency": "ils", "metadata": metadata }),
            ("pi_3", "0.05 ILS", PaymentStatus::Failed),
            "from metadata",
        ),
        (
            "charge.refunded",
            json!({
                "id": "ch_4", "payment_intent": "pi_4", "amount": 100, "amount_captured": 90, "amount_refunded": 30,
                "captured": true, "currency": "ils", "metadata": metadata,
            }),
            ("pi_4", "0.9 ILS", PaymentStatus::Succeeded),
            "from metadata",
        ),
    ] {
        let told = told(&NoticeFormat::Stripe, &stripe(kind, &object));
        let (id, amount, status) = expected;
        assert_eq!(facts(&told.payment), (id, amount.to_owned(), status), "{kind}");
        assert_eq!(told.reference.unwrap().as_str(), reference, "{kind}");
        let reported = if kind == "charge.refunded" { 30 } else { 0 };
        assert_eq!(told.payment.reported.as_minor(), reported, "{kind}");
        assert_eq!(told.payment.occurred_at, Timestamp::from_millis((NOW - 9) * 1000));
        assert_eq!(told.payment.provider.as_str(), "cards");
    }
}

#[test]
fn stripe_tells_of_refunds() {
    for (kind, status, expected) in [
        ("refund.created", json!("succeeded"), PaymentStatus::Succeeded),
        ("refund.created", json!("pending"), PaymentStatus::Pending),
        ("refund.updated", json!("requires_action"), PaymentStatus::Pending),
        ("refund.updated", json!("failed"), PaymentStatus::Failed),
        ("refund.updated", json!("canceled"), PaymentStatus::Cancelled),
        ("refund.updated", json!(null), PaymentStatus::Pending),
    ] {
        let object = json!({
            "id": "re_1", "payment_intent": "pi_1", "charge": "ch_1", "amount": 100, "currency": "ils", "status": status,
        });
        let told = told(&NoticeFormat::Stripe, &stripe(kind, &object)).payment;
        assert_eq!(facts(&told), ("re_1", "1 ILS".to_owned(), expected));
        assert_eq!(
            (told.kind, told.refund_of.unwrap().as_str()),
            (PaymentKind::Refund, "pi_1")
        );
    }
    let old =
        json!({ "id": "re_1", "charge": "ch_1", "amount": 100, "currency": "ils", "status": "succeeded" });
    let told = told(&NoticeFormat::Stripe, &stripe("refund.created", &old)).payment;
    assert_eq!(told.refund_of.unwrap().as_str(), "ch_1");
}

#[test]
fn some_events_of_stripe_tell_nothing() {
    for (kind, object) in [
        ("customer.created", json!({})),
        (
            "checkout.session.completed",
            json!({ "payment_status": "unpaid", "payment_intent": "pi_1" }),
        ),
        (
            "checkout.session.completed",
            json!({ "payment_status": "paid", "payment_intent": null }),
        ),
        (
            "charge.refunded",
            json!({ "id": "ch_1", "captured": false, "amount_refunded": 5 }),
        ),
    ] {
        assert_eq!(
            read(&NoticeFormat::Stripe, &stripe(kind, &object)).unwrap().told,
            None,
            "{kind}"
        );
    }
}

#[test]
fn what_is_wrong_with_an_event_of_stripe_is_named() {
    let intent = |amount: Value, currency: &str| {
        let object = json!({ "id": "pi_1", "amount_received": amount, "currency": currency });
        why(
            &NoticeFormat::Stripe,
            &stripe("payment_intent.succeeded", &object),
        )
    };
    let amount = "/data/object/amount_received";
    assert_eq!(intent(json!(null), "ils"), "/data/object/amount is required");
    assert_eq!(intent(json!(0), "ils"), format!("{amount} must be more than 0"));
    let whole = "must be a whole number from 0 to 99999999999";
    assert_eq!(intent(json!(1.5), "ils"), format!("{amount} {whole}"));
    assert_eq!(intent(json!(505), "isk"), format!("{amount} is no amount of ISK"));
    assert_eq!(
        intent(json!(5), "shekel"),
        "/data/object/currency must be a currency of ISO 4217, such as ILS"
    );
    for (body, problem) in [
        (&b"{"[..], "the body is not JSON"),
        (br#"{"type":"a"}"#, "/id is required"),
        (br#"{"id":"a"}"#, "/type is required"),
        (b"[]", "/id is required"),
    ] {
        assert_eq!(why(&NoticeFormat::Stripe, &stripe_at(NOW, body)), problem);
    }
    let object = json!({
        "id": "ch_1", "amount_captured": 5, "amount_refunded": 6, "captured": true, "currency": "ils",
    });
    assert_eq!(
        why(&NoticeFormat::Stripe, &stripe("charge.refunded", &object)),
        "/data/object/amount_refunded must be at most amount_captured"
    );
}

#[test]
fn standard_webhooks_tell_of_payments_and_refunds() {
    let message = |kind: &str, own: Value| {
        let data = json!({
            "reference": "a booking", "externalId": "p1", "refundId": own, "amount": 149.90, "currency": "ILS",
        });
        standard(&json!({ "type": kind, "timestamp": "2026-11-28T23:59:00Z", "data": data }))
    };
    let of = |kind, own| told(&NoticeFormat::StandardWebhooks, &message(kind, own));
    for (kind, own, id, status) in [
        ("payment.succeeded", json!(null), "p1", PaymentStatus::Succeeded),
        ("payment.failed", json!(null), "p1", PaymentStatus::Failed),
        ("payment.refunded", json!("r1"), "r1", PaymentStatus::Succeeded),
        ("payment.refunded", json!(null), "msg_1", PaymentStatus::Succeeded),
    ] {
        let told = of(kind, own);
        assert_eq!(facts(&told.payment), (id, "149.9 ILS".to_owned(), status));
        let refund_of = told
            .payment
            .refund_of
            .as_ref()
            .map(chatgrow_domain::ExternalId::as_str);
        assert_eq!(refund_of, (kind == "payment.refunded").then_some("p1"));
        assert_eq!(told.reference.unwrap().as_str(), "a booking");
        assert_eq!(
            told.payment.occurred_at,
            Timestamp::from_millis((NOW - 60) * 1000)
        );
    }
    let unknown = read(
        &NoticeFormat::StandardWebhooks,
        &message("payment.gone", json!(null)),
    );
    assert_eq!(unknown.unwrap().told, None);
    let data = json!({ "externalId": "p1", "amount": 1.005, "currency": "ILS" });
    let body = json!({ "type": "payment.succeeded", "data": data });
    assert_eq!(
        why(&NoticeFormat::StandardWebhooks, &standard(&body)),
        "/data/amount must be a number from 0 to 999999999.99 with at most 2 decimals"
    );
    let body = json!({ "type": "payment.succeeded", "timestamp": "today", "data": { "externalId": "p1", "currency": "ILS" } });
    let why = why(&NoticeFormat::StandardWebhooks, &standard(&body));
    assert!(why.starts_with("/timestamp must be an RFC 3339 instant"), "{why}");
}

#[test]
fn other_notices_are_read_as_described() {
    let hex = format();
    let base64 = HmacFormat {
        encoding: SignatureEncoding::Base64,
        unit: AmountUnit::Minor,
        currency: CurrencyPlace::parse("KWD").unwrap(),
        event_id: None,
        refund_id: None,
        ..hex.clone()
    };
    let of = |format: &HmacFormat, body: &Value| {
        let read = read(&NoticeFormat::Hmac(Box::new(format.clone())), &hmac(format, body)).unwrap();
        (read.key, read.told)
    };
    let (key, payment) = of(&hex, &charge(&json!("149.90")));
    let payment = payment.unwrap();
    assert_eq!(key.as_str(), "n1");
    assert_eq!(
        facts(&payment.payment),
        ("17", "149.9 ILS".to_owned(), PaymentStatus::Succeeded)
    );
    assert_eq!(payment.reference.unwrap().as_str(), "order 17");

    let mut body = charge(&json!(1234));
    let (key, payment) = of(&base64, &body);
    assert_eq!(key, NoticeKey::digest(body.to_string().as_bytes()));
    assert_eq!(facts(&payment.unwrap().payment).1, "1.234 KWD");

    body["event"]["type"] = json!("charge.failed");
    assert_eq!(of(&hex, &body).1.unwrap().payment.status, PaymentStatus::Failed);
    body["event"]["type"] = json!("charge.refund");
    body["refund"] = json!({ "id": "r1" });
    let refund = of(&hex, &body).1.unwrap().payment;
    assert_eq!(facts(&refund).0, "r1");
    assert_eq!(
        (refund.kind, refund.refund_of.unwrap().as_str()),
        (PaymentKind::Refund, "17")
    );
    let (key, refund) = of(&base64, &body);
    assert_eq!(refund.unwrap().payment.external_id.as_str(), key.as_str());
    body["event"]["type"] = json!("charge.else");
    assert_eq!(of(&hex, &body).1, None);

    let mut prefixed = hmac(&hex, &charge(&json!(1)));
    prefixed.headers[0].1.insert_str(0, "sha256=");
    told(&NoticeFormat::Hmac(Box::new(hex.clone())), &prefixed);
    let nothing = hmac(&base64, &charge(&json!(0)));
    assert_eq!(
        why(&NoticeFormat::Hmac(Box::new(base64)), &nothing),
        "/charge/amount must be more than 0"
    );
}

proptest! {
    #[test]
    fn never_panics(
        body in prop_oneof![any::<Vec<u8>>(), "[{}\":,a-z0-9\\[\\]]{0,40}".prop_map(String::into_bytes)],
        header in any::<String>(),
    ) {
        for (format, good) in good() {
            let mut message = Message { headers: good.headers, body: body.clone() };
            let _ = read(&format, &message);
            message.headers[0].1.clone_from(&header);
            let _ = read(&format, &message);
        }
        let _ = read(&NoticeFormat::Stripe, &stripe_at(NOW, &body));
    }
}
