//! Tests of booking: by time and by service, under the rules of the schedule.

mod customer;
mod hold;
mod policies;

use super::*;
use crate::{fixtures::customer, scheduling::order::Booked};
use chatgrow_domain::{Customer, Duration, ServiceType};

/// What a caller says of a slot.
fn wish() -> Wish {
    Wish {
        start: start(),
        what: Booked::Time(ServiceType::Consultation, Duration::DEFAULT),
        resources: vec![],
        policies: Policies::Kept,
    }
}

fn wish_of_service() -> Wish {
    Wish {
        what: Booked::Service(service().id, None, None),
        ..wish()
    }
}

fn order(item: OrderItem) -> Order {
    Order {
        customer: OrderCustomer {
            email: customer().email,
            details: None,
        },
        item,
        notes: None,
        payment: None,
    }
}

fn order_of(wish: Wish) -> Order {
    order(OrderItem::Wish(wish))
}

/// An account with that schedule, which has or doesn't have the customer. It reads both in one call.
fn with_schedule(schedule: Schedule, customer: Option<Customer>) -> Mocks {
    let mut mocks = Mocks::at(1000);
    mocks
        .schedules
        .expect_with_customer()
        .with(eq(account()), eq(crate::fixtures::customer().email.key()))
        .returning(move |_, _| Ok((schedule.clone(), customer.clone())));
    mocks
}

/// An account that has set nothing up, with the customer.
fn plain() -> Mocks {
    with_schedule(Schedule::untouched(account()), Some(customer()))
}

/// An account with the service of two groups, whose resources are there.
fn serving() -> Mocks {
    let mut mocks = plain();
    has_resources(&mut mocks);
    mocks
        .services
        .expect_by_id()
        .returning(|_, _| Ok(Some(needing_two())));
    mocks
}

fn taken(resource: u8, by: i64) -> Busy {
    Busy {
        resource: Some(resource_id(resource)),
        interval: interval(by),
    }
}

fn books(mocks: &mut Mocks, resources: &[u8]) {
    let resources: Vec<_> = resources.iter().copied().map(resource_id).collect();
    mocks
        .appointments
        .expect_book()
        .withf(move |_, appointment, _, _| appointment.booking.resources == resources)
        .times(1)
        .returning(|_, _, _, _| Ok(()));
}

fn loses(mocks: &mut Mocks, resources: &[u8]) {
    let resources: Vec<_> = resources.iter().copied().map(resource_id).collect();
    mocks
        .appointments
        .expect_book()
        .withf(move |_, appointment, _, _| appointment.booking.resources == resources)
        .times(1)
        .returning(|_, _, _, _| Err(AppointmentRefusal::SlotTaken.into()));
}

async fn ordered(
    mocks: Mocks,
    order: Order,
) -> Result<Outcome<Dated<Appointment>>, Failure<AppointmentRefusal>> {
    let appointments = mocks.build().scheduling.appointments;
    appointments.book(&request(), order).await
}

async fn tried(mocks: Mocks, order: Order) -> Result<Dated<Appointment>, Failure<AppointmentRefusal>> {
    mocks
        .build()
        .scheduling
        .appointments
        .try_out(&caller(), order)
        .await
}

#[tokio::test]
async fn without_rules_it_reads_the_schedule_and_the_customer_and_nothing_else() {
    let mut mocks = plain();
    mocks
        .appointments
        .expect_book()
        .with(eq(account()), eq(appointment()), eq(None), always())
        .times(1)
        .returning(|_, _, _, _| Ok(()));
    let outcome = ordered(mocks, order_of(wish())).await.unwrap();
    assert_eq!(outcome, Outcome::Done(Effect::Created(dated(appointment()))));
}

#[tokio::test]
async fn books_nothing_for_a_stranger() {
    let mocks = with_schedule(Schedule::untouched(account()), None);
    let outcome = ordered(mocks, order_of(wish())).await;
    assert!(matches!(
        outcome,
        Err(Failure::Refused(AppointmentRefusal::CustomerNotFound))
    ));
}

#[tokio::test]
async fn a_taken_slot_is_told_with_what_is_in_the_way_and_what_is_free() {
    let mut mocks = plain();
    loses(&mut mocks, &[]);
    mocks
        .holds
        .expect_expired()
        .times(1)
        .returning(|_, _, _| Ok(Vec::new()));
    mocks
        .occupancies
        .expect_in_the_way()
        .with(always(), eq([None]), eq(interval(0)), always())
        .times(1)
        .returning(|_, _, _, _| Ok(Some(obstruction(None))));
    let busy = Busy {
        resource: None,
        interval: interval(0),
    };
    mocks
        .occupancies
        .expect_busy()
        .times(1)
        .returning(move |_, _, _, _| Ok(vec![busy]));
    let why = not_free(ordered(mocks, order_of(wish())).await.unwrap_err());
    let minute = |by| LocalMinute::from_minutes(start().as_minutes() + by).unwrap();
    assert_eq!(
        (why.rule, why.obstruction),
        (BrokenRule::Busy, Some(obstruction(None)))
    );
    assert_eq!(why.suggestions.next_free, [60, 75, 90].map(minute));
    assert_eq!(why.suggestions.previous_free, Some(minute(-60)));
}

#[tokio::test]
async fn a_slot_that_is_free_again_is_booked_at_the_next_attempt() {
    let mut mocks = plain();
    loses(&mut mocks, &[]);
    mocks
        .holds
        .expect_expired()
        .times(1)
        .returning(|_, _, _| Ok(Vec::new()));
    mocks
        .occupancies
        .expect_in_the_way()
        .times(1)
        .returning(|_, _, _, _| Ok(None));
    books(&mut mocks, &[]);
    assert!(ordered(mocks, order_of(wish())).await.is_ok());
}

#[tokio::test]
async fn expired_holds_are_released_once_and_the_write_is_made_again() {
    let mut mocks = plain();
    loses(&mut mocks, &[]);
    mocks
        .holds
        .expect_expired()
        .with(eq(Some(account())), eq(at(1000)), always())
        .times(1)
        .returning(|_, _, _| Ok(vec![expired_hold()]));
    mocks
        .schedules
        .expect_of()
        .returning(|account| Ok(Schedule::untouched(account)));
    mocks
        .holds
        .expect_release()
        .times(1)
        .returning(|_, _, _| Ok(true));
    books(&mut mocks, &[]);
    assert!(ordered(mocks, order_of(wish())).await.is_ok());
}

#[tokio::test]
async fn of_each_group_the_least_booked_is_taken() {
    let mut mocks = serving();
    // One is booked that day but free then; of the other group, one is not free.
    mocks
        .occupancies
        .expect_busy()
        .times(1)
        .returning(|_, _, _, _| Ok(vec![taken(1, 120), taken(2, 0)]));
    books(&mut mocks, &[3, 4]);
    let outcome = ordered(mocks, order_of(wish_of_service())).await.unwrap();
    let Outcome::Done(Effect::Created(booked)) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(booked.value.booking.service, Some(service().id));
    assert_eq!(booked.value.booking.service_type, service().terms.service_type);
}

#[tokio::test]
async fn a_named_resource_is_taken_and_the_others_are_chosen() {
    let mut mocks = serving();
    mocks
        .occupancies
        .expect_busy()
        .returning(|_, _, _, _| Ok(vec![taken(3, 120)]));
    books(&mut mocks, &[3, 2]);
    let wish = Wish {
        resources: vec![resource_id(3)],
        ..wish_of_service()
    };
    assert!(ordered(mocks, order_of(wish)).await.is_ok());
}

#[tokio::test]
async fn after_a_lost_race_it_chooses_anew_and_in_the_end_refuses_with_help() {
    let mut mocks = serving();
    loses(&mut mocks, &[1, 2]);
    loses(&mut mocks, &[3, 2]);
    mocks
        .holds
        .expect_expired()
        .times(2)
        .returning(|_, _, _| Ok(Vec::new()));
    let mut reads = 0;
    mocks.occupancies.expect_busy().returning(move |_, _, _, _| {
        reads += 1;
        let all = [taken(1, 0), taken(3, 0)];
        Ok(all.into_iter().take(reads - 1).collect())
    });
    mocks
        .occupancies
        .expect_in_the_way()
        .with(always(), eq([Some(resource_id(1))]), always(), always())
        .times(1)
        .returning(|_, _, _, _| Ok(Some(obstruction(Some(resource_id(1))))));
    let why = not_free(ordered(mocks, order_of(wish_of_service())).await.unwrap_err());
    assert_eq!(why.obstruction, Some(obstruction(Some(resource_id(1)))));
    assert_eq!(why.suggestions.next_free.len(), 3);
}

#[tokio::test]
async fn what_is_in_the_way_is_that_of_the_group_which_has_nobody_left() {
    let mut mocks = serving();
    mocks
        .occupancies
        .expect_busy()
        .returning(|_, _, _, _| Ok(vec![taken(1, 0), taken(2, 0), taken(4, 0)]));
    mocks
        .occupancies
        .expect_in_the_way()
        .with(always(), eq([Some(resource_id(2))]), always(), always())
        .times(1)
        .returning(|_, _, _, _| Ok(None));
    let why = not_free(ordered(mocks, order_of(wish_of_service())).await.unwrap_err());
    assert_eq!(why.rule, BrokenRule::Busy);
}

#[tokio::test]
async fn a_service_must_be_there_and_active() {
    let mut inactive = service();
    inactive.terms.active = false;
    for (service, why) in [
        (None, Unbookable::ServiceNotFound),
        (Some(inactive), Unbookable::ServiceInactive),
    ] {
        let mut mocks = plain();
        mocks
            .services
            .expect_by_id()
            .returning(move |_, _| Ok(service.clone()));
        let outcome = ordered(mocks, order_of(wish_of_service())).await;
        let Err(Failure::Refused(AppointmentRefusal::Unbookable(told))) = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(told, why);
    }
}

#[tokio::test]
async fn what_is_said_besides_a_service_must_be_the_service_s() {
    let (length, sort) = (Duration::from_minutes(30).unwrap(), ServiceType::Lesson);
    for (sort, length, field) in [
        (Some(sort), None, "serviceType"),
        (None, Some(length), "duration"),
    ] {
        let wish = Wish {
            what: Booked::Service(service().id, sort, length),
            ..wish()
        };
        let outcome = ordered(serving(), order_of(wish)).await;
        let Err(Failure::Refused(AppointmentRefusal::Unbookable(told))) = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(told, Unbookable::Differs(field));
    }
}

#[tokio::test]
async fn a_named_resource_that_the_account_does_not_have_is_refused() {
    let mut mocks = plain();
    mocks.resources.expect_by_ids().returning(|_, _| Ok(vec![]));
    let wish = Wish {
        resources: vec![resource_id(1)],
        ..wish()
    };
    let outcome = ordered(mocks, order_of(wish)).await;
    assert!(matches!(
        outcome,
        Err(Failure::Refused(AppointmentRefusal::Unbookable(
            Unbookable::UnknownResource
        )))
    ));
}
