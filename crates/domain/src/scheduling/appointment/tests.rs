use super::*;
use crate::{CustomerId, CustomerName, EmailAddress, Money, NewCustomer, ObjectId, PaymentTime};
use time::macros::{date, time};

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).unwrap()
}

fn appointment() -> Appointment {
    let id = ObjectId::from_bytes([1; 12]);
    let new = NewCustomer {
        name: CustomerName::new("Dana").unwrap(),
        email: EmailAddress::new("dana@example.com").unwrap(),
        phone: None,
        notes: None,
    };
    let slot = TimeSlot {
        start: LocalMinute::new(date!(2025 - 12 - 25), time!(14:30)),
        duration: Duration::DEFAULT,
    };
    let new_appointment = NewAppointment {
        booking: Booking::plain(slot, ServiceType::Lesson),
        notes: None,
    };
    Appointment::new(
        AppointmentId::new(id),
        &Customer::new(CustomerId::new(id), new, at(1)),
        new_appointment,
        at(1),
    )
}

#[test]
fn moving_one_part_keeps_the_others() {
    let moved = appointment()
        .edited(
            AppointmentEdit {
                time: Some(time!(09:00)),
                ..AppointmentEdit::default()
            },
            at(2),
        )
        .unwrap();
    assert_eq!(
        moved.booking.slot.start.to_date_time(),
        time::macros::datetime!(2025-12-25 09:00)
    );
    assert_eq!(moved.booking.slot.duration, Duration::DEFAULT);
    assert_eq!((moved.updated_at, moved.version), (at(2), Version::FIRST.next()));
}

#[test]
fn resources_in_another_order_are_the_same() {
    let resource = |byte| ResourceId::new(ObjectId::from_bytes([byte; 12]));
    let mut before = appointment();
    before.booking.resources = vec![resource(2), resource(1)];
    let edit = |resources| AppointmentEdit {
        resources: Some(resources),
        ..AppointmentEdit::default()
    };
    let same = edit(vec![resource(1), resource(2)]);
    assert_eq!(before.edited(same, at(2)), Ok(before.clone()));
    let other = before.edited(edit(vec![resource(1)]), at(2)).unwrap();
    assert!(other.is_elsewhere_than(&before));
}

#[test]
fn a_cancelled_one_keeps_its_slot_but_takes_notes() {
    let cancelled = appointment().cancelled(at(2)).unwrap();
    let move_it = AppointmentEdit {
        date: Some(date!(2026 - 01 - 01)),
        ..AppointmentEdit::default()
    };
    assert_eq!(
        cancelled.edited(move_it, at(3)),
        Err(AppointmentRefusal::Cancelled)
    );
    let same_slot = AppointmentEdit {
        date: Some(date!(2025 - 12 - 25)),
        notes: Some(Some(Notes::new("no show").unwrap())),
        ..AppointmentEdit::default()
    };
    assert_eq!(
        cancelled
            .edited(same_slot, at(3))
            .unwrap()
            .notes
            .unwrap()
            .as_str(),
        "no show"
    );
}

#[test]
fn cancelling_again_changes_nothing() {
    let cancelled = appointment().cancelled(at(2)).unwrap();
    assert_eq!(cancelled.status, AppointmentStatus::Cancelled);
    assert_eq!(cancelled.cancelled(at(3)), Ok(cancelled));
}

#[test]
fn a_caller_may_end_what_is_confirmed_and_cancel_what_is_pending() {
    use AppointmentStatus::{Cancelled, Completed, Confirmed, NoShow, Pending};
    let ways = [
        (Confirmed, Completed),
        (Confirmed, NoShow),
        (Confirmed, Cancelled),
        (Pending, Cancelled),
    ];
    for from in AppointmentStatus::ALL {
        for to in AppointmentStatus::ALL {
            let before = Appointment {
                status: *from,
                ..appointment()
            };
            let edit = AppointmentEdit {
                status: Some(*to),
                ..AppointmentEdit::default()
            };
            let after = before.edited(edit, at(2)).map(|after| after.status);
            if from == to || ways.contains(&(*from, *to)) {
                assert_eq!(after, Ok(*to));
            } else {
                assert_eq!(after, Err(AppointmentRefusal::InvalidStatus));
            }
        }
    }
}

fn pending() -> Appointment {
    let money = |minor| Money::from_minor(minor).unwrap();
    let time = PaymentTime::from_minutes(15).unwrap();
    let terms = PaymentTerms::new(money(100), "ILS".parse().unwrap(), Some(money(30)), time).unwrap();
    appointment().to_be_paid(&terms)
}

/// The bill after that was paid.
fn paid(minor: i64) -> Bill {
    Bill {
        paid: minor,
        ..pending().bill.unwrap()
    }
}

#[test]
fn what_has_to_be_paid_waits_and_then_expires() {
    let waiting = pending();
    let until = waiting.held_until.unwrap();
    assert_eq!(waiting.status, AppointmentStatus::Pending);
    assert_eq!(until, at(1 + 15 * 60_000));
    assert_eq!(waiting.expired(at(until.as_millis() - 1)), None);
    let expired = waiting.expired(until).unwrap();
    assert_eq!(
        (expired.status, expired.held_until),
        (AppointmentStatus::Expired, Some(until))
    );
    assert_eq!(expired.version, waiting.version.next());
    assert_eq!(expired.expired(until), None, "it expires once");
    let move_it = AppointmentEdit {
        time: Some(time!(09:00)),
        ..AppointmentEdit::default()
    };
    assert_eq!(expired.edited(move_it, at(9)), Err(AppointmentRefusal::Expired));
    assert_eq!(waiting.cancelled(at(9)).unwrap().held_until, None);
}

#[test]
fn the_deposit_confirms() {
    let waiting = pending();
    let too_little = waiting.billed(paid(29), true, at(5));
    assert_eq!(too_little.status, AppointmentStatus::Pending);
    assert_eq!(
        (too_little.bill, too_little.version),
        (Some(paid(29)), waiting.version.next())
    );
    let late = at(i64::from(u32::MAX));
    let confirmed = too_little.billed(paid(30), false, late);
    assert_eq!(
        (confirmed.status, confirmed.held_until),
        (AppointmentStatus::Confirmed, None)
    );
    assert_eq!(
        confirmed.billed(paid(30), true, at(7)),
        confirmed,
        "the same again"
    );
    let expired = waiting.expired(late).unwrap();
    assert_eq!(
        expired.billed(paid(30), false, late).status,
        AppointmentStatus::Expired
    );
    assert_eq!(
        expired.billed(paid(29), true, late).status,
        AppointmentStatus::Expired
    );
    assert_eq!(
        expired.billed(paid(30), true, late).status,
        AppointmentStatus::Confirmed
    );
    let cancelled = waiting.cancelled(at(2)).unwrap();
    assert_eq!(
        cancelled.billed(paid(100), true, at(3)).status,
        AppointmentStatus::Cancelled
    );
}
