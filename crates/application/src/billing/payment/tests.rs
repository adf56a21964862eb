use super::*;
use crate::Effect;
use crate::fixtures::{Mocks, account, appointment, at, event, id, request, request_for_another_state};
use chatgrow_domain::{
    Appointment, AppointmentStatus, Attention, Bill, Customer, ExternalId, Money, PaymentStatus,
    PaymentTarget, PaymentTerms, PaymentTime, Provider, Registration, RegistrationId, RegistrationStatus,
    Schedule, Version,
};
use chatgrow_ports::{BilledBooking, MockPaymentStore, PaymentWrite};
use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

mod late;

fn money(minor: i64) -> Money {
    Money::from_minor(minor).unwrap()
}

fn terms() -> PaymentTerms {
    PaymentTerms::new(
        money(100),
        "ILS".parse().unwrap(),
        Some(money(30)),
        PaymentTime::DEFAULT,
    )
    .unwrap()
}

fn target() -> PaymentTarget {
    PaymentTarget::Appointment(appointment().id)
}

fn told(minor: i64) -> ToldPayment {
    ToldPayment {
        kind: PaymentKind::Payment,
        provider: Provider::new("stripe").unwrap(),
        external_id: ExternalId::new("pi_1").unwrap(),
        refund_of: None,
        target: Some(target()),
        amount: money(minor),
        currency: "ILS".parse().unwrap(),
        status: PaymentStatus::Succeeded,
        reported: Money::ZERO,
        occurred_at: None,
    }
}

fn told_refund(minor: i64) -> ToldPayment {
    ToldPayment {
        kind: PaymentKind::Refund,
        external_id: ExternalId::new("re_1").unwrap(),
        refund_of: Some(ExternalId::new("pi_1").unwrap()),
        target: None,
        ..told(minor)
    }
}

fn payment(byte: u8, told: ToldPayment) -> Payment {
    Payment::new(PaymentId::new(id(byte)), told, at(1000))
}

/// Entries that are known, and that booking.
fn mocks(known: Vec<Payment>, booked: Appointment) -> Mocks {
    let mut mocks = Mocks::at(2000);
    mocks
        .schedules
        .expect_of()
        .returning(|account| Ok(Schedule::untouched(account)));
    mocks
        .appointments
        .expect_by_id()
        .returning(move |_, _| Ok(Some(booked.clone())));
    let (by_facts, refunds) = (known.clone(), known.clone());
    mocks.payments.expect_by_facts().returning(move |_, facts| {
        let same = |entry: &&Payment| entry.external_id == facts.external_id && entry.kind == facts.kind;
        Ok(by_facts.iter().find(same).cloned())
    });
    mocks
        .payments
        .expect_refunds_of()
        .returning(move |_, _, payment| {
            let of = refunds
                .iter()
                .filter(|entry| entry.refund_of.as_ref() == Some(payment));
            Ok(of.cloned().collect())
        });
    mocks
        .payments
        .expect_by_id()
        .returning(move |_, id| Ok(known.iter().find(|entry| entry.id == id).cloned()));
    mocks
}

/// Expects one write, and tells what it was.
fn expect_write(payments: &mut MockPaymentStore) -> Arc<Mutex<Option<PaymentWrite>>> {
    let written = Arc::<Mutex<Option<PaymentWrite>>>::default();
    let here = written.clone();
    payments.expect_record().times(1).returning(move |_, write, _| {
        *here.lock().unwrap() = Some(write.clone());
        Ok(())
    });
    written
}

fn appointment_of(write: &PaymentWrite) -> &Appointment {
    match &write.booking {
        Some(BilledBooking::Appointment(appointment)) => appointment,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_deposit_confirms_in_the_same_write() {
    let mut mocks = mocks(vec![], appointment().to_be_paid(&terms()));
    let written = expect_write(&mut mocks.payments);
    let payments = mocks.build().billing.payments;
    let outcome = payments.record(&request(), told(30)).await.unwrap();
    let Outcome::Done(Effect::Created(entry)) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!((entry.attention, entry.target), (None, Some(target())));
    let write = written.lock().unwrap().take().unwrap();
    assert_eq!(write.entries, [entry]);
    let booked = appointment_of(&write);
    assert_eq!(booked.status, AppointmentStatus::Confirmed);
    assert_eq!(
        (booked.bill.unwrap().paid, booked.version),
        (30, Version::FIRST.next())
    );
}

#[tokio::test]
async fn each_write_tells_its_changes() {
    let mut mocks = mocks(vec![], appointment().to_be_paid(&terms()));
    mocks
        .payments
        .expect_record()
        .times(1)
        .withf(|_, _, commit| {
            let kinds: Vec<_> = commit.changes.iter().map(|change| change.kind.as_str()).collect();
            kinds == ["payment.created", "appointment.confirmed"]
        })
        .returning(|_, _, _| Ok(()));
    mocks
        .build()
        .billing
        .payments
        .record(&request(), told(100))
        .await
        .unwrap();
}

#[tokio::test]
async fn what_is_known_is_told_again() {
    let known = payment(5, told(100));
    let booked = appointment().to_be_paid(&terms());
    let payments = mocks(vec![known.clone()], booked.clone())
        .build()
        .billing
        .payments;
    let again = payments.record(&request(), told(100)).await.unwrap();
    assert_eq!(again, Outcome::Done(Effect::Unchanged(known)));
    let other = payments.record(&request(), told(101)).await.unwrap_err();
    assert_eq!(other.to_string(), PaymentRefusal::Mismatch.to_string());
}

#[tokio::test]
async fn a_refund_is_counted_in_its_payment_and_in_the_bill() {
    let paid = payment(5, told(100));
    let bill = Bill::of(&terms()).with(None, &paid);
    let booked = appointment().to_be_paid(&terms()).billed(bill, false, at(1000));
    let mut mocks = mocks(vec![paid.clone()], booked.clone());
    let written = expect_write(&mut mocks.payments);
    let payments = mocks.build().billing.payments;
    let outcome = payments
        .refund(&request(), paid.id, |_| Ok(told_refund(40)))
        .await
        .unwrap();
    let Outcome::Done(Effect::Created(refund)) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!((refund.payment, refund.target), (Some(paid.id), paid.target));
    let write = written.lock().unwrap().take().unwrap();
    assert_eq!(write.entries[0].refunded, money(40));
    assert_eq!(write.entries[0].version, paid.version.next());
    assert_eq!(write.entries[1], refund);
    let after = appointment_of(&write);
    assert_eq!(
        after.status,
        AppointmentStatus::Confirmed,
        "a refund cancels nothing"
    );
    assert_eq!(
        (after.bill.unwrap().paid, after.bill.unwrap().refunded),
        (100, 40)
    );
}

#[tokio::test]
async fn more_than_was_paid_is_not_given_back() {
    let paid = payment(5, told(100));
    let payments = mocks(vec![paid.clone()], appointment()).build().billing.payments;
    let refused = payments
        .refund(&request(), paid.id, |_| Ok(told_refund(101)))
        .await;
    assert_eq!(
        refused.unwrap_err().to_string(),
        PaymentRefusal::RefundTooLarge.to_string()
    );
    let nowhere = payments
        .refund(&request(), PaymentId::new(id(6)), |_| Ok(told_refund(1)))
        .await;
    assert_eq!(
        nowhere.unwrap_err().to_string(),
        PaymentRefusal::NotFound.to_string()
    );
}

#[tokio::test]
async fn a_refund_waits_for_its_payment() {
    let early = payment(6, told_refund(40));
    assert_eq!(early.attention, Some(Attention::Unmatched));
    let too_much = Payment {
        id: PaymentId::new(id(7)),
        external_id: ExternalId::new("re_2").unwrap(),
        ..payment(7, told_refund(70))
    };
    let mut mocks = mocks(vec![early.clone(), too_much], appointment().to_be_paid(&terms()));
    let written = Arc::<Mutex<Option<PaymentWrite>>>::default();
    let here = written.clone();
    mocks
        .payments
        .expect_record()
        .times(1)
        .returning(move |_, write, _| {
            *here.lock().unwrap() = Some(write.clone());
            Ok(())
        });
    let payments = mocks.build().billing.payments;
    payments.record(&request(), told(100)).await.unwrap();
    let write = written.lock().unwrap().take().unwrap();
    assert_eq!(write.entries.len(), 3);
    let waits_on = (write.entries[2].payment, write.entries[2].attention);
    assert_eq!(waits_on, (None, Some(Attention::Excess)), "{write:?}");
    assert_eq!(write.entries[0].refunded, money(40));
    assert_eq!(
        (write.entries[1].id, write.entries[1].attention),
        (early.id, None)
    );
    let booked = appointment_of(&write);
    assert_eq!(
        booked.status,
        AppointmentStatus::Confirmed,
        "sixty are left, and thirty confirm"
    );
    assert_eq!(booked.bill.unwrap().refunded, 40);
}

#[tokio::test]
async fn an_unmatched_payment_is_matched_by_hand() {
    let unmatched = payment(
        5,
        ToldPayment {
            target: None,
            ..told(100)
        },
    );
    let registration: Customer = crate::fixtures::customer();
    let place = Registration::new(RegistrationId::new(id(8)), event().id, &registration, None, at(1))
        .to_be_paid(&terms());
    let mut mocks = mocks(vec![unmatched.clone()], appointment());
    let found = place.clone();
    mocks
        .registrations
        .expect_anywhere()
        .returning(move |_, id| Ok(Some(found.clone()).filter(|found| found.id == id)));
    let written = expect_write(&mut mocks.payments);
    let payments = mocks.build().billing.payments;
    let edit = |byte| PaymentEdit {
        target: Some(PaymentTarget::Registration(RegistrationId::new(id(byte)))),
        settled: false,
    };
    let nobody = payments
        .edit(&request(), unmatched.id, edit(9))
        .await
        .unwrap_err();
    assert_eq!(
        nobody.to_string(),
        PaymentRefusal::RegistrationNotFound.to_string()
    );
    let stale = payments
        .edit(&request_for_another_state(), unmatched.id, edit(8))
        .await
        .unwrap_err();
    assert_eq!(stale.to_string(), PaymentRefusal::VersionMismatch.to_string());
    payments.edit(&request(), unmatched.id, edit(8)).await.unwrap();
    let write = written.lock().unwrap().take().unwrap();
    assert_eq!(write.entries[0].attention, None);
    match write.booking {
        Some(BilledBooking::Registration(after)) => assert_eq!(after.status, RegistrationStatus::Confirmed),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn another_currency_is_refused() {
    let payments = mocks(vec![], appointment().to_be_paid(&terms()))
        .build()
        .billing
        .payments;
    let dollars = ToldPayment {
        currency: "USD".parse().unwrap(),
        ..told(100)
    };
    let refused = payments.record(&request(), dollars).await.unwrap_err();
    assert_eq!(refused.to_string(), PaymentRefusal::CurrencyDiffers.to_string());
}

#[tokio::test]
async fn a_lost_race_is_run_again() {
    let mut mocks = mocks(vec![], appointment().to_be_paid(&terms()));
    let tries = AtomicUsize::new(0);
    mocks.payments.expect_record().times(2).returning(move |_, _, _| {
        match tries.fetch_add(1, Ordering::Relaxed) {
            0 => Err(PaymentRefusal::Outdated.into()),
            _ => Ok(()),
        }
    });
    mocks
        .build()
        .billing
        .payments
        .record(&request(), told(100))
        .await
        .unwrap();
}

#[tokio::test]
async fn an_attempt_leaves_the_booking_as_it_is() {
    let mut mocks = mocks(vec![], appointment());
    let written = expect_write(&mut mocks.payments);
    let payments = mocks.build().billing.payments;
    let attempt = ToldPayment {
        currency: "USD".parse().unwrap(),
        status: PaymentStatus::Failed,
        ..told(100)
    };
    payments.record(&request(), attempt).await.unwrap();
    let write = written.lock().unwrap().take().unwrap();
    assert_eq!((write.entries.len(), write.booking), (1, None));
}
