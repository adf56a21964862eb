//! Contests for appointments: their slots and their versions; and for the versions of resources, services and schedules.

use super::{Tenants, assert_one_wins, contest, two_callers};
use crate::{
    at, new_account,
    scheduling::{
        appointment::{appointment, moved, slot},
        resource::{new_resource, renamed_resource},
        schedule::in_zone,
        service::{new_service, renamed_service},
    },
};
use chatgrow_domain::{
    Appointment, AppointmentRefusal, ResourceRefusal, Schedule, ScheduleRefusal, ServiceRefusal,
};
use chatgrow_ports::{Commit, Failure, Stores};
use std::cell::RefCell;

/// Two appointments want one slot, by bookings and by moves.
#[expect(
    clippy::async_yields_async,
    reason = "what a call needs is made first; the call begins later"
)]
pub async fn slots_are_contested(servers: &[Stores]) {
    let (one, other) = two_callers(servers);
    let tenants = Tenants::of(&one);
    let kinds = [(false, false), (false, true), (true, false), (true, true)];
    contest(&kinds, async |round, (first_moves, second_moves)| {
        let (account, customer) = tenants.tenant(round).await;
        let start = i64::try_from(round.number).unwrap() * 1000;
        let want = async |stores: &Stores, moves, from: i64, to| {
            let appointments = stores.scheduling.appointments.clone();
            let mut wanted = appointment(&customer, slot(to, 60));
            if moves {
                let booked = appointment(&customer, slot(from, 60));
                appointments
                    .book(account, &booked, None, Commit::default())
                    .await
                    .unwrap();
                wanted = moved(&booked, wanted.booking.slot);
            }
            async move {
                let outcome = if moves {
                    appointments.update(account, &wanted, Commit::default()).await
                } else {
                    appointments.book(account, &wanted, None, Commit::default()).await
                };
                outcome.map(|()| wanted)
            }
        };
        let first = want(&one, first_moves, start, start + 300).await;
        let second = want(&other, second_moves, start + 100, start + 330).await;
        let outcomes = round.both(first, second).await;
        let taken = |error: &_| matches!(error, Failure::Refused(AppointmentRefusal::SlotTaken));
        assert_one_wins(&outcomes, "the slot of an appointment", taken);
        let winner: Appointment = outcomes.0.or(outcomes.1).unwrap();
        let read = one
            .scheduling
            .appointments
            .by_id(account, winner.id)
            .await
            .unwrap();
        assert_eq!(read, Some(winner), "the one that succeeded is what is kept");
    })
    .await;
}

/// Two updates start from one version of an appointment: a move and a cancellation.
pub async fn appointment_versions_are_contested(servers: &[Stores]) {
    let (one, other) = two_callers(servers);
    let tenants = Tenants::of(&one);
    contest(&[()], async |round, ()| {
        let (account, customer) = tenants.tenant(round).await;
        let start = i64::try_from(round.number).unwrap() * 1000;
        let booked = appointment(&customer, slot(start, 60));
        one.scheduling
            .appointments
            .book(account, &booked, None, Commit::default())
            .await
            .unwrap();
        let update = |stores: &Stores, next: Appointment| {
            let appointments = stores.scheduling.appointments.clone();
            async move {
                appointments
                    .update(account, &next, Commit::default())
                    .await
                    .map(|()| next)
            }
        };
        let next = [
            moved(&booked, slot(start + 30, 60)),
            booked.cancelled(at(1_763_893_900_000)).unwrap(),
        ];
        let (first, second) = (round.number % 2, 1 - round.number % 2);
        let outcomes = round
            .both(
                update(&one, next[first].clone()),
                update(&other, next[second].clone()),
            )
            .await;
        let stale = |error: &_| matches!(error, Failure::Refused(AppointmentRefusal::VersionMismatch));
        assert_one_wins(&outcomes, "the next version of an appointment", stale);
        let winner = outcomes.0.or(outcomes.1).unwrap();
        let read = one
            .scheduling
            .appointments
            .by_id(account, winner.id)
            .await
            .unwrap();
        assert_eq!(read, Some(winner), "the update that succeeded is what is kept");
    })
    .await;
}

/// Two updates of one version of a resource.
pub async fn resource_versions_are_contested(servers: &[Stores]) {
    let (one, other) = two_callers(servers);
    let account = new_account(&one).await;
    let present = RefCell::new(new_resource(&one, account).await);
    contest(&[()], async |round, ()| {
        let update = |stores: &Stores, name| {
            let resources = stores.scheduling.resources.clone();
            let next = renamed_resource(&present.borrow(), &format!("{name}{}", round.number));
            async move {
                let outcome = resources.update(account, &next, Commit::default()).await;
                outcome.map(|()| next)
            }
        };
        let outcomes = round.both(update(&one, "Dana"), update(&other, "Noa")).await;
        let stale = |error: &_| matches!(error, Failure::Refused(ResourceRefusal::VersionMismatch));
        assert_one_wins(&outcomes, "the next version of a resource", stale);
        let winner = outcomes.0.or(outcomes.1).unwrap();
        let read = one.scheduling.resources.by_id(account, winner.id).await.unwrap();
        assert_eq!(
            read.as_ref(),
            Some(&winner),
            "the update that succeeded is what is kept"
        );
        present.replace(winner);
    })
    .await;
}

/// Two updates of one version of a service.
pub async fn service_versions_are_contested(servers: &[Stores]) {
    let (one, other) = two_callers(servers);
    let account = new_account(&one).await;
    let present = RefCell::new(new_service(&one, account).await);
    contest(&[()], async |round, ()| {
        let update = |stores: &Stores, name| {
            let services = stores.scheduling.services.clone();
            let next = renamed_service(&present.borrow(), &format!("{name}{}", round.number));
            async move {
                let outcome = services.update(account, &next, Commit::default()).await;
                outcome.map(|()| next)
            }
        };
        let outcomes = round.both(update(&one, "Dana"), update(&other, "Noa")).await;
        let stale = |error: &_| matches!(error, Failure::Refused(ServiceRefusal::VersionMismatch));
        assert_one_wins(&outcomes, "the next version of a service", stale);
        let winner = outcomes.0.or(outcomes.1).unwrap();
        let read = one.scheduling.services.by_id(account, winner.id).await.unwrap();
        assert_eq!(
            read.as_ref(),
            Some(&winner),
            "the update that succeeded is what is kept"
        );
        present.replace(winner);
    })
    .await;
}

/// Two replacements of one version of a schedule, every other time of the first.
pub async fn schedule_versions_are_contested(servers: &[Stores]) {
    let (one, other) = two_callers(servers);
    let present = RefCell::new(Schedule::untouched(new_account(&one).await));
    contest(&[true, false], async |round, first| {
        if first {
            present.replace(Schedule::untouched(new_account(&one).await));
        }
        let replace = |stores: &Stores, zone| {
            let schedules = stores.scheduling.schedules.clone();
            let step = 1 + i64::try_from(round.number % 1000).unwrap();
            let next = in_zone(&present.borrow(), zone, step);
            async move {
                let outcome = schedules.replace(next.account, &next, Commit::default()).await;
                outcome.map(|()| next)
            }
        };
        let calls = (replace(&one, "Asia/Jerusalem"), replace(&other, "Europe/Paris"));
        let outcomes = round.both(calls.0, calls.1).await;
        let stale = |error: &_| matches!(error, Failure::Refused(ScheduleRefusal::VersionMismatch));
        assert_one_wins(&outcomes, "the next version of a schedule", stale);
        let winner = outcomes.0.or(outcomes.1).unwrap();
        let read = one.scheduling.schedules.of(winner.account).await.unwrap();
        assert_eq!(read, winner, "the replacement that succeeded is what is kept");
        present.replace(winner);
    })
    .await;
}
