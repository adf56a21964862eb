//! Tests of moves: to another slot, and to other resources.

use super::*;

fn to_another_day() -> AppointmentEdit {
    AppointmentEdit {
        date: Some(date!(2026 - 01 - 01)),
        ..AppointmentEdit::default()
    }
}

fn half_an_hour_later() -> AppointmentEdit {
    AppointmentEdit {
        time: Some(time!(15:00)),
        ..AppointmentEdit::default()
    }
}

#[tokio::test]
async fn a_cancelled_one_is_not_moved() {
    let mocks = booked(appointment().cancelled(at(1500)).unwrap());
    let outcome = edited(mocks, to_another_day()).await;
    assert!(matches!(
        outcome,
        Err(Failure::Refused(AppointmentRefusal::Cancelled))
    ));
}

#[tokio::test]
async fn a_move_that_loses_to_a_cancellation_is_refused() {
    let mut mocks = Mocks::at(2000);
    mocks
        .schedules
        .expect_of()
        .returning(|account| Ok(Schedule::untouched(account)));
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
    let outcome = edited(mocks, to_another_day()).await;
    assert!(matches!(
        outcome,
        Err(Failure::Refused(AppointmentRefusal::Cancelled))
    ));
}

/// The guard refuses every move of the appointment. No hold has expired.
fn refusing(appointment: Appointment) -> Mocks {
    let mut mocks = booked(appointment);
    mocks
        .appointments
        .expect_update()
        .returning(|_, _, _| Err(AppointmentRefusal::SlotTaken.into()));
    mocks.holds.expect_expired().returning(|_, _, _| Ok(Vec::new()));
    mocks
}

#[tokio::test]
async fn a_move_that_is_refused_tells_what_is_in_the_way_and_is_not_in_its_own() {
    let mut mocks = refusing(appointment());
    // Only what is beyond the present slot can be in the way.
    let beyond = Interval {
        from: interval(60).from,
        until: interval(30).until,
    };
    mocks
        .occupancies
        .expect_in_the_way()
        .with(always(), eq([None]), eq(beyond), always())
        .times(1)
        .returning(|_, _, _, _| Ok(Some(obstruction(None))));
    let busy = |by| Busy {
        resource: None,
        interval: interval(by),
    };
    mocks
        .occupancies
        .expect_busy()
        .returning(move |_, _, _, _| Ok(vec![busy(0), busy(60)]));
    let why = not_free(edited(mocks, half_an_hour_later()).await.unwrap_err());
    assert_eq!(
        (why.rule, why.obstruction),
        (BrokenRule::Busy, Some(obstruction(None)))
    );
    // Its own slot is free for it.
    assert_eq!(why.suggestions.previous_free, Some(start()));
}

#[tokio::test]
async fn a_move_that_is_refused_tells_starts_in_the_steps_of_its_service() {
    let mut mocks = refusing(of_service());
    mocks
        .occupancies
        .expect_in_the_way()
        .returning(|_, _, _, _| Ok(Some(obstruction(Some(resource_id(1))))));
    mocks.occupancies.expect_busy().returning(|_, _, _, _| Ok(vec![]));
    has_resources(&mut mocks);
    mocks.services.expect_by_id().returning(|_, _| {
        let mut service = service();
        service.terms.slot_step = Some(chatgrow_domain::Duration::from_minutes(60).unwrap());
        Ok(Some(service))
    });
    let why = not_free(edited(mocks, half_an_hour_later()).await.unwrap_err());
    let minutes: Vec<_> = why
        .suggestions
        .next_free
        .iter()
        .map(|start| start.as_minutes() % 60)
        .collect();
    assert_eq!(
        minutes,
        [0, 0, 0],
        "midnight opens the day, and the service has a step of an hour"
    );
}

#[tokio::test]
async fn a_move_is_tried_again_if_what_was_in_the_way_has_gone() {
    let mut mocks = booked(appointment());
    mocks
        .appointments
        .expect_update()
        .times(1)
        .returning(|_, _, _| Err(AppointmentRefusal::SlotTaken.into()));
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
    mocks
        .appointments
        .expect_update()
        .times(1)
        .returning(|_, _, _| Ok(()));
    assert!(edited(mocks, half_an_hour_later()).await.is_ok());
}

#[tokio::test]
async fn a_move_releases_expired_holds_that_are_in_the_way() {
    let mut mocks = booked(appointment());
    mocks
        .appointments
        .expect_update()
        .times(1)
        .returning(|_, _, _| Err(AppointmentRefusal::SlotTaken.into()));
    mocks
        .holds
        .expect_expired()
        .with(eq(Some(account())), eq(at(2000)), always())
        .times(1)
        .returning(|_, _, _| Ok(vec![expired_hold()]));
    mocks
        .holds
        .expect_release()
        .times(1)
        .returning(|_, _, _| Ok(true));
    mocks
        .appointments
        .expect_update()
        .times(1)
        .returning(|_, _, _| Ok(()));
    assert!(edited(mocks, half_an_hour_later()).await.is_ok());
}

/// The appointment is there already, and the account is closed every day.
fn booked_while_closed() -> Mocks {
    let mut mocks = Mocks::at(2000);
    mocks
        .schedules
        .expect_of()
        .returning(|account| Ok(closed(account)));
    mocks
        .appointments
        .expect_by_id()
        .returning(|_, _| Ok(Some(appointment())));
    mocks
}

#[tokio::test]
async fn a_move_keeps_the_opening_hours() {
    let mut mocks = booked_while_closed();
    mocks.occupancies.expect_busy().returning(|_, _, _, _| Ok(vec![]));
    let why = not_free(edited(mocks, to_another_day()).await.unwrap_err());
    assert_eq!((why.rule, why.obstruction), (BrokenRule::Closed, None));
}

#[tokio::test]
async fn a_move_may_override_the_opening_hours() {
    let mut mocks = booked_while_closed();
    mocks
        .appointments
        .expect_update()
        .times(1)
        .returning(|_, _, _| Ok(()));
    let appointments = mocks.build().scheduling.appointments;
    let outcome = appointments
        .edit(
            &request(),
            appointment().id,
            to_another_day(),
            Policies::Overridden,
        )
        .await;
    assert!(outcome.is_ok());
}

#[tokio::test]
async fn what_stays_where_it_is_needs_no_opening_hours() {
    let notes = AppointmentEdit {
        notes: Some(None),
        time: Some(time!(14:30)),
        status: Some(AppointmentStatus::NoShow),
        ..AppointmentEdit::default()
    };
    for edit in [notes, with_status(AppointmentStatus::Completed)] {
        let mut mocks = booked_while_closed();
        mocks
            .appointments
            .expect_update()
            .times(1)
            .returning(|_, _, _| Ok(()));
        assert!(edited(mocks, edit).await.is_ok());
    }
}

#[tokio::test]
async fn a_move_keeps_resources_and_buffers_and_does_not_ask_the_service() {
    let mut mocks = booked(of_service());
    has_resources(&mut mocks);
    let mut expected = of_service();
    expected.booking.slot.start = LocalMinute::new(date!(2026 - 01 - 01), time!(14:30));
    let booking = expected.booking;
    mocks
        .appointments
        .expect_update()
        .withf(move |_, after, _| after.booking == booking)
        .times(1)
        .returning(|_, _, _| Ok(()));
    assert!(edited(mocks, to_another_day()).await.is_ok());
}

fn to_resources(resources: &[u8]) -> AppointmentEdit {
    AppointmentEdit {
        resources: Some(resources.iter().copied().map(resource_id).collect()),
        ..AppointmentEdit::default()
    }
}

#[tokio::test]
async fn other_resources_must_be_what_the_service_needs() {
    for (resources, fits) in [
        (&[3, 4][..], true),
        (&[4, 1], true),
        (&[1], false),
        (&[], false),
        (&[1, 3], false),
        (&[1, 5], false),
        (&[3, 3], false),
    ] {
        let mut mocks = booked(of_service());
        has_resources(&mut mocks);
        mocks
            .services
            .expect_by_id()
            .returning(|_, _| Ok(Some(needing_two())));
        mocks.appointments.expect_update().returning(|_, _, _| Ok(()));
        let outcome = edited(mocks, to_resources(resources)).await;
        assert_eq!(outcome.is_ok(), fits, "{resources:?}: {outcome:?}");
    }
}

/// Of a group that is taken as a whole, what is not active is not needed, nor can it be taken.
#[tokio::test]
async fn of_all_resources_the_active_ones_are_needed() {
    for (resources, fits) in [(&[2, 3][..], true), (&[2], false), (&[2, 3, 4], false)] {
        let mut mocks = booked(of_service());
        mocks.services.expect_by_id().returning(|_, _| {
            let all = Need {
                resources: [2, 3, 4].map(resource_id).to_vec(),
                count: Count::All,
            };
            let mut service = service();
            service.terms.needs = Needs::new(vec![all]).unwrap();
            Ok(Some(service))
        });
        mocks.resources.expect_by_ids().returning(|_, ids| {
            let known = |id: &ResourceId| chatgrow_domain::Resource {
                active: *id != resource_id(4),
                ..resource(*id)
            };
            Ok(ids.iter().map(known).collect())
        });
        mocks.appointments.expect_update().returning(|_, _, _| Ok(()));
        let outcome = edited(mocks, to_resources(resources)).await;
        assert_eq!(outcome.is_ok(), fits, "{resources:?}: {outcome:?}");
    }
}

#[tokio::test]
async fn other_resources_must_be_active() {
    let mut plain = appointment();
    plain.booking.resources = vec![resource_id(1)];
    let mut mocks = booked(plain);
    mocks.resources.expect_by_ids().returning(|_, ids| {
        let inactive = |id: &ResourceId| chatgrow_domain::Resource {
            active: false,
            ..resource(*id)
        };
        Ok(ids.iter().map(inactive).collect())
    });
    let outcome = edited(mocks, to_resources(&[2])).await;
    assert!(matches!(
        outcome,
        Err(Failure::Refused(AppointmentRefusal::Unbookable(
            Unbookable::UnknownResource
        )))
    ));
}
