//! Payments for bookings that are not there any more.

use super::*;
use chatgrow_ports::{MockAppointmentStore, UnpaidAppointment};

#[tokio::test]
async fn a_late_payment_brings_the_booking_back_or_needs_attention() {
    let expired = appointment()
        .to_be_paid(&terms())
        .expired(at(i64::from(u32::MAX)))
        .unwrap();
    for free in [true, false] {
        let mut mocks = mocks(vec![], expired.clone());
        mocks.holds.expect_expired().returning(|_, _, _| Ok(vec![]));
        mocks.payments.expect_record().returning(move |_, write, _| {
            if appointment_of(write).status.occupies() && !free {
                return Err(PaymentRefusal::PlaceTaken.into());
            }
            Ok(())
        });
        let payments = mocks.build().billing.payments;
        let outcome = payments.record(&request(), told(100)).await.unwrap();
        let Outcome::Done(Effect::Created(entry)) = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!(entry.attention, (!free).then_some(Attention::Late));
    }
}

#[tokio::test]
async fn what_is_unpaid_makes_room_for_a_late_payment() {
    let expired = appointment()
        .to_be_paid(&terms())
        .expired(at(i64::from(u32::MAX)))
        .unwrap();
    let mut mocks = mocks(vec![], expired);
    mocks.holds.expect_expired().returning(|_, _, _| Ok(vec![]));
    mocks.appointments = Box::new(MockAppointmentStore::new());
    let mut in_the_way = appointment().to_be_paid(&terms());
    in_the_way.held_until = Some(at(1500));
    let booked = appointment()
        .to_be_paid(&terms())
        .expired(at(i64::from(u32::MAX)))
        .unwrap();
    mocks
        .appointments
        .expect_by_id()
        .returning(move |_, _| Ok(Some(booked.clone())));
    mocks
        .appointments
        .expect_unpaid()
        .times(1)
        .returning(move |_, _, _| {
            Ok(vec![UnpaidAppointment {
                account: account(),
                appointment: in_the_way.clone(),
            }])
        });
    mocks
        .appointments
        .expect_update()
        .times(1)
        .withf(|_, after, commit| {
            let kinds = commit.changes.iter().map(|change| change.kind.as_str());
            after.status == AppointmentStatus::Expired && kinds.eq(["appointment.expired"])
        })
        .returning(|_, _, _| Ok(()));
    let tries = AtomicUsize::new(0);
    mocks
        .payments
        .expect_record()
        .times(2)
        .returning(move |_, write, _| {
            assert!(appointment_of(write).status.occupies());
            match tries.fetch_add(1, Ordering::Relaxed) {
                0 => Err(PaymentRefusal::PlaceTaken.into()),
                _ => Ok(()),
            }
        });
    let outcome = mocks
        .build()
        .billing
        .payments
        .record(&request(), told(100))
        .await
        .unwrap();
    let Outcome::Done(Effect::Created(entry)) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(entry.attention, None);
}

#[tokio::test]
async fn money_for_a_cancelled_booking_needs_attention() {
    let cancelled = appointment().to_be_paid(&terms()).cancelled(at(1500)).unwrap();
    let mut mocks = mocks(vec![], cancelled);
    let written = expect_write(&mut mocks.payments);
    mocks
        .build()
        .billing
        .payments
        .record(&request(), told(100))
        .await
        .unwrap();
    let write = written.lock().unwrap().take().unwrap();
    assert_eq!(write.entries[0].attention, Some(Attention::Late));
    assert_eq!(appointment_of(&write).status, AppointmentStatus::Cancelled);
    assert_eq!(appointment_of(&write).bill.unwrap().left(), 100);
}

#[tokio::test]
async fn only_money_that_comes_brings_a_booking_back() {
    let paid = Payment {
        attention: Some(Attention::Late),
        ..payment(5, told(100))
    };
    let expired = Appointment {
        status: AppointmentStatus::Expired,
        bill: Some(Bill::of(&terms()).with(None, &paid)),
        ..appointment().to_be_paid(&terms())
    };
    let mut mocks = mocks(vec![paid.clone()], expired);
    let written = expect_write(&mut mocks.payments);
    let payments = mocks.build().billing.payments;
    payments
        .refund(&request(), paid.id, |_| Ok(told_refund(40)))
        .await
        .unwrap();
    let write = written.lock().unwrap().take().unwrap();
    let booked = appointment_of(&write);
    assert_eq!(booked.status, AppointmentStatus::Expired);
    assert_eq!(booked.bill.unwrap().refunded, 40);
}
