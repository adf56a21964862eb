//! Tests of what becomes of holds, and of dry runs.

use super::{customer::named, *};
use chatgrow_domain::{Booking, HoldTime, ServiceId, TimeSlot};

/// A hold of the slot, made at the instant 0 for ten minutes.
fn hold() -> Hold {
    let slot = TimeSlot {
        start: start(),
        duration: Duration::DEFAULT,
    };
    let booking = Booking {
        resources: vec![resource_id(1), resource_id(2)],
        service: Some(service().id),
        ..Booking::plain(slot, ServiceType::Treatment)
    };
    Hold::new(HoldId::new(id(5)), booking, HoldTime::DEFAULT, at(0))
}

fn held(hold: Option<Hold>) -> Mocks {
    // What is held is booked as it is held, whatever the rules are by now.
    let mut mocks = with_schedule(closed(account()), Some(customer()));
    mocks.holds.expect_by_id().returning(move |_, _| Ok(hold.clone()));
    mocks
}

fn order_of_hold(given: GivenSlot) -> Order {
    order(OrderItem::Hold(hold().id, given))
}

#[tokio::test]
async fn a_hold_becomes_an_appointment_with_its_id() {
    let mut mocks = held(Some(hold()));
    let expected = Appointment::of_hold(&hold(), &customer(), None, at(1000));
    mocks
        .appointments
        .expect_confirm()
        .with(eq(account()), eq(expected.clone()), eq(None), always())
        .times(1)
        .returning(|_, _, _, _| Ok(()));
    let outcome = ordered(mocks, order_of_hold(GivenSlot::default())).await;
    assert_eq!(outcome.unwrap(), Outcome::Done(Effect::Created(dated(expected))));
}

#[tokio::test]
async fn a_hold_that_is_not_there_is_not_found() {
    let outcome = ordered(held(None), order_of_hold(GivenSlot::default())).await;
    assert!(matches!(
        outcome,
        Err(Failure::Refused(AppointmentRefusal::HoldNotFound))
    ));
}

#[tokio::test]
async fn a_hold_is_of_no_use_from_the_instant_at_which_it_ends() {
    let until = |held_until: Timestamp| Hold { held_until, ..hold() };
    let released = Hold {
        released: true,
        ..hold()
    };
    for hold in [until(at(1000)), released] {
        let outcome = ordered(held(Some(hold)), order_of_hold(GivenSlot::default())).await;
        assert!(matches!(
            outcome,
            Err(Failure::Refused(AppointmentRefusal::HoldExpired))
        ));
    }
    let mut mocks = held(Some(until(at(1001))));
    mocks.appointments.expect_confirm().returning(|_, _, _, _| Ok(()));
    let outcome = ordered(mocks, order_of_hold(GivenSlot::default())).await;
    assert!(outcome.is_ok());
}

#[tokio::test]
async fn a_hold_that_goes_while_it_is_confirmed_is_looked_at_again() {
    let mut mocks = with_schedule(Schedule::untouched(account()), Some(customer()));
    let mut found = vec![None, Some(hold())];
    mocks
        .holds
        .expect_by_id()
        .times(2)
        .returning(move |_, _| Ok(found.pop().unwrap()));
    mocks
        .appointments
        .expect_confirm()
        .times(1)
        .returning(|_, _, _, _| Err(AppointmentRefusal::HoldGone.into()));
    let outcome = ordered(mocks, order_of_hold(GivenSlot::default())).await;
    assert!(matches!(
        outcome,
        Err(Failure::Refused(AppointmentRefusal::HoldNotFound))
    ));
}

#[tokio::test]
async fn what_is_said_of_a_hold_must_be_so() {
    let none = GivenSlot::default;
    let other = ServiceId::new(id(8));
    for (given, field) in [
        (
            GivenSlot {
                date: Some(date!(2025 - 12 - 26)),
                ..none()
            },
            "date",
        ),
        (
            GivenSlot {
                time: Some(time!(14:31)),
                ..none()
            },
            "time",
        ),
        (
            GivenSlot {
                service: Some(other),
                ..none()
            },
            "serviceId",
        ),
        (
            GivenSlot {
                service_type: Some(ServiceType::Lesson),
                ..none()
            },
            "serviceType",
        ),
        (
            GivenSlot {
                duration: Some(Duration::QUARTER),
                ..none()
            },
            "duration",
        ),
        (
            GivenSlot {
                resources: Some(vec![resource_id(1)]),
                ..none()
            },
            "resourceIds",
        ),
    ] {
        let outcome = ordered(held(Some(hold())), order_of_hold(given)).await;
        let Err(Failure::Refused(AppointmentRefusal::Unbookable(told))) = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(told, Unbookable::Differs(field));
    }
    let same = GivenSlot {
        date: Some(date!(2025 - 12 - 25)),
        resources: Some(vec![resource_id(2), resource_id(1)]),
        ..none()
    };
    let mut mocks = held(Some(hold()));
    mocks.appointments.expect_confirm().returning(|_, _, _, _| Ok(()));
    assert!(ordered(mocks, order_of_hold(same)).await.is_ok());
}

#[tokio::test]
async fn a_dry_run_writes_nothing_and_sees_what_is_busy() {
    let mut mocks = plain();
    mocks
        .occupancies
        .expect_busy()
        .times(1)
        .returning(|_, _, _, _| Ok(vec![]));
    let tried_out = tried(mocks, order_of(wish())).await.unwrap();
    assert_eq!(tried_out.value.booking, appointment().booking);

    let mut mocks = plain();
    let busy = Busy {
        resource: None,
        interval: interval(30),
    };
    mocks
        .occupancies
        .expect_busy()
        .returning(move |_, _, _, _| Ok(vec![busy]));
    mocks
        .occupancies
        .expect_in_the_way()
        .returning(|_, _, _, _| Ok(Some(obstruction(None))));
    let why = not_free(tried(mocks, order_of(wish())).await.unwrap_err());
    assert_eq!(
        (why.rule, why.obstruction),
        (BrokenRule::Busy, Some(obstruction(None)))
    );
}

#[tokio::test]
async fn a_dry_run_of_a_hold_or_a_new_customer_writes_nothing() {
    let tried_out = tried(held(Some(hold())), order_of_hold(GivenSlot::default())).await;
    assert_eq!(tried_out.unwrap().value.booking, hold().booking);

    let mut mocks = with_schedule(Schedule::untouched(account()), None);
    mocks.occupancies.expect_busy().returning(|_, _, _, _| Ok(vec![]));
    let tried_out = tried(mocks, named(Some("Noa"), None)).await.unwrap();
    assert_eq!(tried_out.value.customer.name.as_str(), "Noa");
}
