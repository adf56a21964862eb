use super::*;
use crate::{Bill, ObjectId};

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).unwrap()
}

fn money(minor: i64) -> Money {
    Money::from_minor(minor).unwrap()
}

fn target(byte: u8) -> PaymentTarget {
    PaymentTarget::Appointment(AppointmentId::new(ObjectId::from_bytes([byte; 12])))
}

fn told(kind: PaymentKind, minor: i64, status: PaymentStatus) -> ToldPayment {
    let refund = kind == PaymentKind::Refund;
    ToldPayment {
        kind,
        provider: Provider::new("stripe").unwrap(),
        external_id: ExternalId::new(if refund { "re_1" } else { "pi_1" }).unwrap(),
        refund_of: refund.then(|| ExternalId::new("pi_1").unwrap()),
        target: None,
        amount: money(minor),
        currency: "ILS".parse().unwrap(),
        status,
        occurred_at: None,
    }
}

fn payment(told: ToldPayment) -> Payment {
    Payment::new(PaymentId::new(ObjectId::from_bytes([1; 12])), told, at(1))
}

#[test]
fn a_status_only_advances() {
    use PaymentStatus::{Cancelled, Failed, Pending, Succeeded};
    for (before, next, after) in [
        (Pending, Failed, Failed),
        (Pending, Succeeded, Succeeded),
        (Failed, Succeeded, Succeeded),
        (Failed, Cancelled, Failed),
        (Failed, Pending, Failed),
        (Cancelled, Succeeded, Succeeded),
        (Succeeded, Failed, Succeeded),
        (Succeeded, Pending, Succeeded),
    ] {
        assert_eq!(before.advanced(next), after, "{before:?} {next:?}");
    }
}

#[test]
fn told_again_it_keeps_its_facts() {
    let first = ToldPayment {
        target: Some(target(7)),
        ..told(PaymentKind::Payment, 100, PaymentStatus::Succeeded)
    };
    let known = payment(first.clone());
    assert_eq!(known.told_again(&first), Ok(known.clone()));
    for other in [
        ToldPayment {
            amount: money(101),
            ..first.clone()
        },
        ToldPayment {
            currency: "USD".parse().unwrap(),
            ..first.clone()
        },
        ToldPayment {
            target: Some(target(8)),
            ..first.clone()
        },
        ToldPayment {
            refund_of: Some(ExternalId::new("pi_2").unwrap()),
            ..first.clone()
        },
    ] {
        assert_eq!(
            known.told_again(&other),
            Err(PaymentRefusal::Mismatch),
            "{other:?}"
        );
    }
    let later = ToldPayment {
        target: None,
        status: PaymentStatus::Failed,
        occurred_at: Some(at(9)),
        ..first
    };
    assert_eq!(known.told_again(&later), Ok(known));
}

#[test]
fn money_that_has_moved_for_nothing_known_needs_attention() {
    let failed = told(PaymentKind::Payment, 100, PaymentStatus::Failed);
    let attempt = payment(failed.clone());
    assert_eq!(attempt.attention, None);
    let succeeded = ToldPayment {
        status: PaymentStatus::Succeeded,
        occurred_at: Some(at(5)),
        ..failed
    };
    let unmatched = attempt.told_again(&succeeded).unwrap();
    assert_eq!(unmatched.attention, Some(Attention::Unmatched));
    assert_eq!(unmatched.occurred_at, at(5));
    // A person has dealt with it: to be told the same again doesn't bring it back.
    let settled = unmatched
        .edited(&PaymentEdit {
            target: None,
            settled: true,
        })
        .unwrap();
    assert_eq!(settled.attention, None);
    assert_eq!(settled.told_again(&succeeded), Ok(settled.clone()));
    let matched = unmatched
        .told_again(&ToldPayment {
            target: Some(target(7)),
            ..succeeded
        })
        .unwrap();
    assert_eq!((matched.target, matched.attention), (Some(target(7)), None));
    let elsewhere = PaymentEdit {
        target: Some(target(8)),
        settled: false,
    };
    assert_eq!(matched.edited(&elsewhere), Err(PaymentRefusal::Mismatch));
}

#[test]
fn a_payment_is_given_back_at_most_once() {
    let paid = payment(ToldPayment {
        target: Some(target(7)),
        ..told(PaymentKind::Payment, 100, PaymentStatus::Succeeded)
    });
    let refund = |minor, status| payment(told(PaymentKind::Refund, minor, status)).joined(&paid);
    let pending = refund(80, PaymentStatus::Pending);
    assert_eq!((pending.payment, pending.target), (Some(paid.id), paid.target));
    let after = paid.with_refund(None, &pending).unwrap();
    assert_eq!(after.refunded, Money::ZERO);
    let done = refund(80, PaymentStatus::Succeeded);
    let after = after.with_refund(Some(&pending), &done).unwrap();
    assert_eq!(after.refunded, money(80));
    assert_eq!(
        after.with_refund(Some(&done), &done),
        Ok(after.clone()),
        "the same again"
    );
    let more = refund(21, PaymentStatus::Succeeded);
    assert_eq!(
        after.with_refund(None, &more),
        Err(PaymentRefusal::RefundTooLarge)
    );
    let rest = refund(20, PaymentStatus::Succeeded);
    assert_eq!(after.with_refund(None, &rest).unwrap().refunded, money(100));
    let dollars = Payment {
        currency: "USD".parse().unwrap(),
        ..rest
    };
    assert_eq!(
        after.with_refund(None, &dollars),
        Err(PaymentRefusal::CurrencyDiffers)
    );
}

#[test]
fn a_bill_has_the_shares_of_its_payments() {
    let bill = Bill::new("ILS".parse().unwrap(), money(100), money(30));
    let unmatched = payment(told(PaymentKind::Payment, 100, PaymentStatus::Succeeded));
    let bill = bill.with(None, &unmatched);
    assert_eq!((bill.paid, bill.refunded), (0, 0));
    let matched = unmatched
        .edited(&PaymentEdit {
            target: Some(target(7)),
            settled: false,
        })
        .unwrap();
    let bill = bill.with(Some(&unmatched), &matched);
    assert_eq!((bill.paid, bill.refunded), (100, 0));
    let refunded = Payment {
        refunded: money(40),
        ..matched.clone()
    };
    let bill = bill.with(Some(&matched), &refunded);
    assert_eq!((bill.paid, bill.refunded, bill.left()), (100, 40, 60));
}
