//! Tests of the use cases of appointments: reading, editing and cancelling. Booking and moving have their own.

mod booking;
mod moving;

use super::*;
use crate::fixtures::{
    Mocks, account, appointment, at, caller, expired_hold, id, request, request_for_another_state, service,
};
use chatgrow_domain::{
    BrokenRule, Buffer, Buffers, Count, Interval, LocalMinute, Need, Needs, NotFree, Obstruction,
    OccupancyKind, ResourceId, Schedule, Service, Timestamp, Unbookable,
};
use chatgrow_ports::Busy;
use mockall::predicate::{always, eq};
use time::macros::{date, time};

/// A resource's id.
fn resource_id(byte: u8) -> ResourceId {
    ResourceId::new(id(byte))
}

/// A resource of the account, with that id.
fn resource(id: ResourceId) -> chatgrow_domain::Resource {
    chatgrow_domain::Resource {
        id,
        ..crate::fixtures::resource()
    }
}

fn start() -> LocalMinute {
    appointment().booking.slot.start
}

/// The appointment's slot, moved by some minutes.
fn interval(by: i64) -> Interval {
    let from = start().as_minutes() + by;
    Interval {
        from,
        until: from + 60,
    }
}

fn obstruction(resource: Option<ResourceId>) -> Obstruction {
    Obstruction {
        resource,
        kind: OccupancyKind::Appointment,
        id: id(77),
        start: start(),
        minutes: 60,
    }
}

fn dated(appointment: Appointment) -> Dated<Appointment> {
    Dated {
        value: appointment,
        times: None,
    }
}

fn not_free(failure: Failure<AppointmentRefusal>) -> NotFree {
    match failure {
        Failure::Refused(AppointmentRefusal::Unbookable(Unbookable::NotFree(why))) => *why,
        other => panic!("{other:?}"),
    }
}

/// An appointment that is there already, in an account that has set nothing up.
fn booked(appointment: Appointment) -> Mocks {
    let mut mocks = Mocks::at(2000);
    mocks
        .schedules
        .expect_of()
        .returning(|account| Ok(Schedule::untouched(account)));
    mocks
        .appointments
        .expect_by_id()
        .returning(move |_, _| Ok(Some(appointment.clone())));
    mocks
}

/// It takes the resources 1 and 2, for the service.
fn of_service() -> Appointment {
    let mut appointment = appointment();
    appointment.booking.resources = vec![resource_id(1), resource_id(2)];
    appointment.booking.service = Some(service().id);
    appointment.booking.buffers = Buffers {
        before: Buffer::from_minutes(5).unwrap(),
        after: Buffer::from_minutes(10).unwrap(),
    };
    appointment
}

/// A service that takes one of the resources 1 and 3, and one of 2 and 4.
fn needing_two() -> Service {
    let need = |one, another| Need {
        resources: vec![resource_id(one), resource_id(another)],
        count: Count::Exactly(1),
    };
    let mut service = service();
    service.terms.needs = Needs::new(vec![need(1, 3), need(2, 4)]).unwrap();
    service
}

/// The account has every resource that is asked for.
fn has_resources(mocks: &mut Mocks) {
    mocks
        .resources
        .expect_by_ids()
        .returning(|_, ids| Ok(ids.iter().copied().map(resource).collect()));
}

fn with_status(status: AppointmentStatus) -> AppointmentEdit {
    AppointmentEdit {
        status: Some(status),
        ..AppointmentEdit::default()
    }
}

async fn edited(
    mocks: Mocks,
    edit: AppointmentEdit,
) -> Result<Outcome<Dated<Appointment>>, Failure<AppointmentRefusal>> {
    let appointments = mocks.build().scheduling.appointments;
    appointments
        .edit(&request(), appointment().id, edit, Policies::Kept)
        .await
}

/// An account that is closed every day.
fn closed(account: AccountId) -> Schedule {
    let mut schedule = Schedule::untouched(account);
    schedule.rules.hours = chatgrow_domain::Hours::new(Some(vec![]), vec![]).unwrap();
    schedule
}

#[tokio::test]
async fn there_is_no_way_back_from_a_status() {
    for status in [AppointmentStatus::Confirmed, AppointmentStatus::Cancelled] {
        let completed = Appointment {
            status: AppointmentStatus::Completed,
            ..appointment()
        };
        let outcome = edited(booked(completed), with_status(status)).await;
        assert!(matches!(
            outcome,
            Err(Failure::Refused(AppointmentRefusal::InvalidStatus))
        ));
    }
}

#[tokio::test]
async fn cancelling_again_writes_nothing() {
    let cancelled = || appointment().cancelled(at(1500)).unwrap();
    let outcome = booked(cancelled())
        .build()
        .scheduling
        .appointments
        .cancel(&request(), appointment().id)
        .await
        .unwrap();
    assert_eq!(outcome, Outcome::Done(Effect::Unchanged(dated(cancelled()))));
}

#[tokio::test]
async fn what_the_caller_has_not_seen_is_not_changed() {
    let outcome = booked(appointment())
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
