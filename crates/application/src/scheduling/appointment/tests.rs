use super::*;
use crate::fixtures::{
    Mocks, account, appointment, at, customer, new_appointment, request, request_for_another_state,
};
use mockall::predicate::eq;
use time::macros::date;

fn to_another_day() -> AppointmentEdit {
    AppointmentEdit {
        date: Some(date!(2026 - 01 - 01)),
        ..AppointmentEdit::default()
    }
}

async fn moved_to_another_day(mocks: Mocks) -> Result<Outcome<Appointment>, Failure<AppointmentRefusal>> {
    let appointments = mocks.build().scheduling.appointments;
    appointments
        .edit(&request(), appointment().id, to_another_day())
        .await
}

#[tokio::test]
async fn books_for_a_known_customer() {
    let mut mocks = Mocks::at(1000);
    let email = customer().email.key();
    mocks
        .customers
        .expect_by_email()
        .with(eq(account()), eq(email.clone()))
        .returning(|_, _| Ok(Some(customer())));
    mocks
        .appointments
        .expect_book()
        .with(
            eq(account()),
            eq(appointment()),
            eq(None),
            mockall::predicate::always(),
        )
        .times(1)
        .returning(|_, _, _, _| Ok(()));
    assert_eq!(
        mocks
            .build()
            .scheduling
            .appointments
            .book(&request(), &email, new_appointment())
            .await
            .unwrap(),
        Outcome::Done(Effect::Created(appointment()))
    );
}

#[tokio::test]
async fn books_nothing_for_a_stranger() {
    let mut mocks = Mocks::at(1000);
    mocks.customers.expect_by_email().returning(|_, _| Ok(None));
    let outcome = mocks
        .build()
        .scheduling
        .appointments
        .book(&request(), &customer().email.key(), new_appointment())
        .await;
    assert!(matches!(
        outcome,
        Err(Failure::Refused(AppointmentRefusal::CustomerNotFound))
    ));
}

#[tokio::test]
async fn tells_a_taken_slot() {
    let mut mocks = Mocks::at(1000);
    mocks
        .customers
        .expect_by_email()
        .returning(|_, _| Ok(Some(customer())));
    mocks
        .appointments
        .expect_book()
        .returning(|_, _, _, _| Err(AppointmentRefusal::SlotTaken.into()));
    let outcome = mocks
        .build()
        .scheduling
        .appointments
        .book(&request(), &customer().email.key(), new_appointment())
        .await;
    assert!(matches!(
        outcome,
        Err(Failure::Refused(AppointmentRefusal::SlotTaken))
    ));
}

#[tokio::test]
async fn a_cancelled_one_is_not_moved() {
    let mut mocks = Mocks::at(2000);
    mocks
        .appointments
        .expect_by_id()
        .returning(|_, _| Ok(Some(appointment().cancelled(at(1500)).unwrap())));
    let outcome = moved_to_another_day(mocks).await;
    assert!(matches!(
        outcome,
        Err(Failure::Refused(AppointmentRefusal::Cancelled))
    ));
}

#[tokio::test]
async fn a_move_that_loses_to_a_cancellation_is_refused() {
    let mut mocks = Mocks::at(2000);
    mocks
        .appointments
        .expect_by_id()
        .times(1)
        .returning(|_, _| Ok(Some(appointment())));
    mocks
        .appointments
        .expect_update()
        .times(1)
        .returning(|_, _, _| Err(AppointmentRefusal::VersionMismatch.into()));
    mocks
        .appointments
        .expect_by_id()
        .times(1)
        .returning(|_, _| Ok(Some(appointment().cancelled(at(1500)).unwrap())));
    let outcome = moved_to_another_day(mocks).await;
    assert!(matches!(
        outcome,
        Err(Failure::Refused(AppointmentRefusal::Cancelled))
    ));
}

#[tokio::test]
async fn tells_a_taken_slot_of_a_move() {
    let mut mocks = Mocks::at(2000);
    mocks
        .appointments
        .expect_by_id()
        .returning(|_, _| Ok(Some(appointment())));
    mocks
        .appointments
        .expect_update()
        .times(1)
        .returning(|_, _, _| Err(AppointmentRefusal::SlotTaken.into()));
    let outcome = moved_to_another_day(mocks).await;
    assert!(matches!(
        outcome,
        Err(Failure::Refused(AppointmentRefusal::SlotTaken))
    ));
}

#[tokio::test]
async fn cancelling_again_writes_nothing() {
    let mut mocks = Mocks::at(2000);
    mocks
        .appointments
        .expect_by_id()
        .returning(|_, _| Ok(Some(appointment().cancelled(at(1500)).unwrap())));
    let cancelled = mocks
        .build()
        .scheduling
        .appointments
        .cancel(&request(), appointment().id)
        .await
        .unwrap();
    assert_eq!(
        cancelled,
        Outcome::Done(Effect::Unchanged(appointment().cancelled(at(1500)).unwrap()))
    );
}

#[tokio::test]
async fn what_the_caller_has_not_seen_is_not_changed() {
    let mut mocks = Mocks::at(2000);
    mocks
        .appointments
        .expect_by_id()
        .returning(|_, _| Ok(Some(appointment())));
    let outcome = mocks
        .build()
        .scheduling
        .appointments
        .cancel(&request_for_another_state(), appointment().id)
        .await;
    let refusal = Failure::Refused(AppointmentRefusal::VersionMismatch);
    assert_eq!(outcome.unwrap_err().to_string(), refusal.to_string());
}

#[tokio::test]
async fn an_unknown_one_is_not_found() {
    let mut mocks = Mocks::at(2000);
    mocks.appointments.expect_by_id().returning(|_, _| Ok(None));
    let application = mocks.build();
    let outcome = application
        .scheduling
        .appointments
        .cancel(&request(), appointment().id)
        .await;
    assert!(matches!(
        outcome,
        Err(Failure::Refused(AppointmentRefusal::NotFound))
    ));
}
