//! Contests for appointments: their slots and their versions; and for the versions of resources, services and schedules.

use super::{Tenants, assert_one_wins, contest, two_callers};
use crate::{
    at, new_account,
    scheduling::{
        appointment::{appointment, moved, slot},
        occupancy::{DUE, Occupier, booking, hold_of, resources},
        resource::{new_resource, renamed_resource},
        schedule::in_zone,
        service::{new_service, renamed_service},
    },
};
use chatgrow_domain::{
    Appointment, AppointmentId, AppointmentRefusal, Buffers, Interval, OccupancyKind, ResourceId,
    ResourceRefusal, Schedule, ScheduleRefusal, ServiceRefusal,
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

/// Two of every kind want one time, of one resource or of several that they name in different orders.
pub async fn all_kinds_are_contested(servers: &[Stores]) {
    let (one, other) = two_callers(servers);
    let tenants = Tenants::of(&one);
    let kinds: Vec<_> = OccupancyKind::ALL
        .iter()
        .flat_map(|first| OccupancyKind::ALL.iter().map(|second| (*first, *second)))
        .collect();
    let ids = RefCell::new(None);
    contest(&kinds, async |round, (first, second)| {
        let (account, customer) = tenants.tenant(round).await;
        let known = ids.borrow().clone();
        let ids = match known {
            Some((owner, ids)) if owner == account => ids,
            _ => {
                let made = resources(&one, account, 2).await;
                ids.replace(Some((account, made.clone())));
                made
            }
        };
        let start = i64::try_from(round.number).unwrap() * 1000;
        let want = |stores: &Stores, kind, start, here: [ResourceId; 2]| {
            let here = match kind {
                OccupancyKind::Block => &here[1..],
                _ => &here[..],
            };
            let wanted = Occupier::new(kind, &customer, booking(slot(start, 60), (0, 0), here));
            let stores = stores.clone();
            async move {
                let free = wanted.put(&stores, account).await;
                free.then(|| wanted.id()).ok_or(())
            }
        };
        let outcomes = round
            .both(
                want(&one, first, start, [ids[0], ids[1]]),
                want(&other, second, start + 30, [ids[0], ids[1]]),
            )
            .await;
        assert_one_wins(&outcomes, "the time of a resource", |()| true);
        let winner = outcomes.0.or(outcomes.1).unwrap();
        let interval = Interval::around(slot(start, 90), Buffers::NONE);
        let there = one
            .scheduling
            .occupancies
            .in_the_way(account, &[Some(ids[1])], interval, at(DUE - 1))
            .await
            .unwrap();
        assert_eq!(
            there.map(|there| there.id),
            Some(winner),
            "the one that succeeded is what is kept"
        );
    })
    .await;
}

/// Two calls want one hold: they confirm it, release it or remove it.
pub async fn confirmations_are_contested(servers: &[Stores]) {
    let (one, other) = two_callers(servers);
    let tenants = Tenants::of(&one);
    let kinds = [
        ("confirm", "confirm"),
        ("confirm", "release"),
        ("release", "confirm"),
        ("release", "release"),
        ("confirm", "remove"),
        ("remove", "confirm"),
    ];
    contest(&kinds, async |round, (first, second)| {
        let (account, customer) = tenants.tenant(round).await;
        let start = i64::try_from(round.number).unwrap() * 1000;
        let hold = hold_of(booking(slot(start, 60), (0, 0), &[]));
        let put = one.scheduling.holds.hold(account, &hold, Commit::default());
        put.await.unwrap();
        let want = |stores: &Stores, how: &'static str| {
            let (scheduling, hold) = (stores.scheduling.clone(), hold.clone());
            let confirmed = Appointment::of_hold(&hold, &customer, None, at(DUE - 1));
            async move {
                let done = match how {
                    "confirm" => {
                        let outcome = scheduling
                            .appointments
                            .confirm(account, &confirmed, None, Commit::default())
                            .await;
                        match outcome {
                            Ok(()) => true,
                            Err(Failure::Refused(AppointmentRefusal::HoldGone)) => false,
                            Err(error) => panic!("{error:?}"),
                        }
                    }
                    "release" => {
                        let released = hold.released(at(DUE));
                        let release = scheduling.holds.release(account, &released, Commit::default());
                        release.await.unwrap()
                    }
                    _ => {
                        let removed = scheduling.holds.remove(account, hold.id, Commit::default());
                        removed.await.unwrap()
                    }
                };
                if done { Ok(how) } else { Err(()) }
            }
        };
        let outcomes = round.both(want(&one, first), want(&other, second)).await;
        assert_one_wins(&outcomes, "a hold", |()| true);
        let winner = outcomes.0.or(outcomes.1).unwrap();
        let scheduling = &one.scheduling;
        let id = AppointmentId::new(hold.id.object_id());
        let confirmed = scheduling.appointments.by_id(account, id).await.unwrap();
        let kept = scheduling.holds.by_id(account, hold.id).await.unwrap();
        let expected = match winner {
            "confirm" => (true, None),
            "release" => (false, Some(true)),
            _ => (false, None),
        };
        assert_eq!(
            (confirmed.is_some(), kept.map(|hold| hold.released)),
            expected,
            "the one that succeeded is what is kept"
        );
    })
    .await;
}

/// While a hold is confirmed, another call wants its time, which is never free.
pub async fn held_slots_are_contested(servers: &[Stores]) {
    let (one, other) = two_callers(servers);
    let tenants = Tenants::of(&one);
    contest(OccupancyKind::ALL, async |round, kind| {
        let (account, customer) = tenants.tenant(round).await;
        let start = i64::try_from(round.number).unwrap() * 1000;
        let hold = hold_of(booking(slot(start, 60), (0, 0), &[]));
        let put = one.scheduling.holds.hold(account, &hold, Commit::default());
        put.await.unwrap();
        let confirmed = Appointment::of_hold(&hold, &customer, None, at(DUE - 1));
        let confirm = one
            .scheduling
            .appointments
            .confirm(account, &confirmed, None, Commit::default());
        let rival = Occupier::new(kind, &customer, booking(slot(start + 30, 60), (0, 0), &[]));
        let stores = other.clone();
        let (outcome, free) = round
            .both(confirm, async move { rival.put(&stores, account).await })
            .await;
        assert!(
            outcome.is_ok() && !free,
            "a slot is not free while its hold is confirmed: {outcome:?}, free: {free}"
        );
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
