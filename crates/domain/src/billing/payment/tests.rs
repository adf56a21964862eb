use super::*;
use crate::{Bill, ObjectId};

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).unwrap()
}

fn money(minor: i64) -> Money {
    Money::from_minor(minor).unwrap()
}

fn target(byte: u8) -> PaymentTarget {
    PaymentTarget::Appointment(crate::AppointmentId::new(ObjectId::from_bytes([byte; 12])))
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
        reported: Money::ZERO,
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

#[test]
fn the_greatest_total_given_back_counts_once() {
    let reported = |minor| ToldPayment {
        reported: money(minor),
        ..told(PaymentKind::Payment, 100, PaymentStatus::Succeeded)
    };
    let known = payment(reported(30));
    assert_eq!(known.given_back(), money(30));
    assert_eq!(known.told_again(&reported(20)), Ok(known.clone()));
    let more = known.told_again(&reported(80)).unwrap();
    assert_eq!((more.given_back(), more.refunded), (money(80), Money::ZERO));
    // A refund that the total includes adds nothing.
    let refund = payment(told(PaymentKind::Refund, 50, PaymentStatus::Succeeded)).joined(&more);
    let after = more.with_refund(None, &refund).unwrap();
    assert_eq!((after.given_back(), after.refunded), (money(80), money(50)));
}

#[test]
fn what_several_notices_tell_is_the_same_in_any_order() {
    let base = told(PaymentKind::Payment, 100, PaymentStatus::Succeeded);
    let at_second = |second: i64| Timestamp::from_millis(second * 1000);
    let notices = [
        ToldPayment {
            target: Some(target(7)),
            occurred_at: at_second(12),
            ..base.clone()
        },
        ToldPayment {
            occurred_at: at_second(11),
            ..base.clone()
        },
        ToldPayment {
            status: PaymentStatus::Failed,
            occurred_at: at_second(9),
            ..base.clone()
        },
        ToldPayment {
            reported: money(40),
            occurred_at: at_second(10),
            ..base
        },
    ];
    for order in [
        [0, 1, 2, 3],
        [0, 1, 3, 2],
        [0, 2, 1, 3],
        [0, 2, 3, 1],
        [0, 3, 1, 2],
        [0, 3, 2, 1],
        [1, 0, 2, 3],
        [1, 0, 3, 2],
        [1, 2, 0, 3],
        [1, 2, 3, 0],
        [1, 3, 0, 2],
        [1, 3, 2, 0],
        [2, 0, 1, 3],
        [2, 0, 3, 1],
        [2, 1, 0, 3],
        [2, 1, 3, 0],
        [2, 3, 0, 1],
        [2, 3, 1, 0],
        [3, 0, 1, 2],
        [3, 0, 2, 1],
        [3, 1, 0, 2],
        [3, 1, 2, 0],
        [3, 2, 0, 1],
        [3, 2, 1, 0],
    ] {
        let [first, rest @ ..] = order;
        let first = payment(notices[first].clone());
        let after = rest
            .into_iter()
            .fold(first, |known, next| known.told_again(&notices[next]).unwrap());
        assert_eq!(after.status, PaymentStatus::Succeeded, "{order:?}");
        assert_eq!(after.occurred_at, at_second(10).unwrap(), "{order:?}");
        let rest = (after.target, after.given_back(), after.attention);
        assert_eq!(rest, (Some(target(7)), money(40), None), "{order:?}");
    }
}

#[test]
fn what_is_set_aside_is_counted_nowhere_and_needs_attention_once() {
    let known = payment(told(PaymentKind::Refund, 50, PaymentStatus::Pending));
    let succeeded = told(PaymentKind::Refund, 50, PaymentStatus::Succeeded);
    let after = known.told_again(&succeeded).unwrap();
    let aside = after.set_aside(Some(&known), Attention::Excess);
    assert_eq!(
        (aside.payment, aside.target, aside.attention),
        (None, None, Some(Attention::Excess))
    );
    let settled = Payment {
        attention: None,
        ..aside
    };
    let again = settled.told_again(&succeeded).unwrap();
    assert_eq!(again.set_aside(Some(&settled), Attention::Excess), settled);
    assert_eq!(settled.contradicted().attention, Some(Attention::Mismatch));
}

#[test]
fn what_succeeds_counts_whichever_attempt_is_told_first() {
    let failed = ToldPayment {
        target: Some(target(7)),
        ..told(PaymentKind::Payment, 100, PaymentStatus::Failed)
    };
    let succeeded = ToldPayment {
        target: Some(target(8)),
        ..told(PaymentKind::Payment, 120, PaymentStatus::Succeeded)
    };
    for contradicted in [false, true] {
        let mut attempt = payment(failed.clone());
        if contradicted {
            attempt = attempt.contradicted();
        }
        assert_eq!(attempt.told_again(&succeeded), Ok(payment(succeeded.clone())));
    }
    let known = payment(succeeded.clone());
    assert_eq!(known.told_again(&failed), Ok(known.clone()), "too late");
    let pending = ToldPayment {
        amount: money(99),
        status: PaymentStatus::Pending,
        ..failed.clone()
    };
    let mismatch = Err(PaymentRefusal::Mismatch);
    assert_eq!(
        payment(failed.clone()).told_again(&pending),
        mismatch,
        "two attempts"
    );
    let dollars = ToldPayment {
        currency: "USD".parse().unwrap(),
        ..succeeded.clone()
    };
    assert_eq!(
        payment(failed.clone()).told_again(&dollars),
        mismatch,
        "another currency"
    );
    let given_back = Payment {
        refunded: money(121),
        ..payment(failed)
    };
    assert_eq!(given_back.told_again(&succeeded), mismatch, "more was given back");
}

#[test]
fn a_contradicted_refund_needs_attention_wherever_it_is() {
    let paid = payment(told(PaymentKind::Payment, 100, PaymentStatus::Succeeded));
    let refund = payment(told(PaymentKind::Refund, 20, PaymentStatus::Succeeded));
    let joined = refund.joined(&paid);
    assert_eq!(joined.attention, None);
    let contradicted = joined.contradicted();
    assert_eq!(contradicted.joined(&paid).attention, Some(Attention::Mismatch));
    let kept = contradicted.set_aside(Some(&joined), Attention::Excess);
    assert_eq!(kept.attention, Some(Attention::Mismatch));
}

#[test]
fn a_refund_that_its_payment_does_not_take_says_why() {
    let refund = payment(told(PaymentKind::Refund, 20, PaymentStatus::Succeeded));
    let refused = refund.not_joined(PaymentRefusal::RefundTooLarge);
    assert_eq!(refused.attention, Some(Attention::Excess));
    let settled = Payment {
        attention: None,
        ..refund
    };
    assert_eq!(settled.not_joined(PaymentRefusal::RefundTooLarge), settled);
}
