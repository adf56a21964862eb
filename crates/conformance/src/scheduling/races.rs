//! Races for resources: among bookings, holds, blocks and moves of one resource or of several.

use super::{
    appointment::{appointment, moved, slot},
    resource::new_resource,
};
use crate::{RACERS, ROUNDS, at, fresh_id, new_account, new_customer, race};
use chatgrow_domain::{
    AccountId, Appointment, AppointmentEdit, AppointmentRefusal, Block, BlockId, BlockRefusal, BlockTerms,
    Booking, Customer, Hold, HoldId, HoldRefusal, HoldTime, Interval, Notes, ResourceId, ServiceType,
    TimeSlot, Timestamp,
};
use chatgrow_ports::{Busy, Commit, Failure, Stores};
use std::collections::BTreeSet;

/// When the holds of these cases are made.
const MADE: i64 = 1_763_893_800_123;

/// When they have expired.
const EXPIRED: i64 = MADE + 60_000;

async fn resources(stores: &Stores, account: AccountId, count: usize) -> Vec<ResourceId> {
    let mut ids = Vec::new();
    for _ in 0..count {
        ids.push(new_resource(stores, account).await.id);
    }
    ids
}

fn booking(slot: TimeSlot, resources: &[ResourceId]) -> Booking {
    Booking {
        resources: resources.to_vec(),
        ..Booking::plain(slot, ServiceType::Treatment)
    }
}

fn taking(customer: &Customer, slot: TimeSlot, resources: &[ResourceId]) -> Appointment {
    Appointment {
        booking: booking(slot, resources),
        ..appointment(customer, slot)
    }
}

async fn book(
    stores: &Stores,
    account: AccountId,
    appointment: &Appointment,
) -> Result<(), Failure<AppointmentRefusal>> {
    let appointments = &stores.scheduling.appointments;
    appointments
        .book(account, appointment, None, Commit::default())
        .await
}

/// A hold of one minute.
fn hold(slot: TimeSlot, resources: &[ResourceId]) -> Hold {
    let time = HoldTime::from_minutes(1).unwrap();
    Hold::new(HoldId::new(fresh_id()), booking(slot, resources), time, at(MADE))
}

/// What the resources have in a week around the slots of these cases, at an instant.
async fn busy(stores: &Stores, account: AccountId, resources: &[ResourceId], now: Timestamp) -> Vec<Busy> {
    let resources: Vec<_> = resources.iter().copied().map(Some).collect();
    let start = slot(0, 1).start.as_minutes();
    let week = Interval {
        from: start - 1440,
        until: start + 7 * 1440,
    };
    let occupancies = &stores.scheduling.occupancies;
    occupancies.busy(account, &resources, week, now).await.unwrap()
}

/// Asserts that each resource is occupied as often as is told.
async fn assert_occupied(stores: &Stores, account: AccountId, expected: &[(ResourceId, usize)], why: &str) {
    for (resource, times) in expected {
        let found = busy(stores, account, &[*resource], at(MADE)).await;
        assert_eq!(found.len(), *times, "{why}, but {resource} has {found:?}");
    }
}

/// Of many concurrent bookings of one resource that all overlap exactly one succeeds. Those of another resource are not
/// in their way.
pub async fn bookings_of_a_resource_race_to_one_winner(servers: &[Stores]) {
    let stores = &servers[0];
    let account = new_account(stores).await;
    let customer = new_customer(stores, account).await;
    let both = resources(stores, account, 2).await;
    let outcomes = race(servers, |racer, stores| {
        let start = i64::try_from(racer).unwrap();
        let wanted = taking(&customer, slot(start, 100), &[both[racer / 2 % 2]]);
        async move { book(&stores, account, &wanted).await.map(|()| wanted) }
    })
    .await;
    assert_winners!(outcomes, 2, Failure::Refused(AppointmentRefusal::SlotTaken));
    let won: BTreeSet<_> = outcomes
        .into_iter()
        .flatten()
        .map(|winner| winner.booking.resources[0])
        .collect();
    assert_eq!(won.len(), 2, "each resource has one winner");
}

/// Many callers want one of five resources that can stand in for each other. Each chooses one that is free, and chooses
/// anew if it is refused, until none is free. Exactly five get one, and each resource is taken once.
pub async fn a_group_of_resources_has_as_many_winners(servers: &[Stores]) {
    const GROUP: usize = 5;
    let stores = &servers[0];
    let account = new_account(stores).await;
    let customer = new_customer(stores, account).await;
    let group = resources(stores, account, GROUP).await;
    let outcomes = race(servers, |racer, stores| {
        let (customer, mut group) = (customer.clone(), group.clone());
        group.rotate_left(racer % GROUP);
        async move {
            loop {
                let taken = busy(&stores, account, &group, at(MADE)).await;
                let free = |id: &&ResourceId| taken.iter().all(|busy| busy.resource != Some(**id));
                let Some(free) = group.iter().find(free) else {
                    return Err(Failure::Refused(AppointmentRefusal::SlotTaken));
                };
                let wanted = taking(&customer, slot(0, 60), &[*free]);
                match book(&stores, account, &wanted).await {
                    Err(Failure::Refused(AppointmentRefusal::SlotTaken)) => {}
                    outcome => return outcome.map(|()| *free),
                }
            }
        }
    })
    .await;
    assert_winners!(outcomes, GROUP, Failure::Refused(AppointmentRefusal::SlotTaken));
    let won: BTreeSet<_> = outcomes.into_iter().flatten().collect();
    assert_eq!(
        won,
        group.iter().copied().collect(),
        "each resource is taken once"
    );
}

/// Many callers want a member of the staff and a room together, and name them in different orders. One gets both. No
/// other keeps one of them, and nobody waits for another who waits for him.
pub async fn staff_and_room_are_taken_together(servers: &[Stores]) {
    let stores = &servers[0];
    for _ in 0..ROUNDS {
        let account = new_account(stores).await;
        let customer = new_customer(stores, account).await;
        let pair = resources(stores, account, 2).await;
        let outcomes = race(servers, |racer, stores| {
            let mut pair = pair.clone();
            if racer / 2 % 2 == 1 {
                pair.reverse();
            }
            let wanted = taking(&customer, slot(i64::try_from(racer).unwrap(), 100), &pair);
            async move { book(&stores, account, &wanted).await }
        })
        .await;
        assert_winners!(outcomes, 1, Failure::Refused(AppointmentRefusal::SlotTaken));
        let expected = [(pair[0], 1), (pair[1], 1)];
        assert_occupied(
            stores,
            account,
            &expected,
            "nobody but the winner has one of the two",
        )
        .await;
    }
}

/// Appointments of several resources move onto a slot, while others are booked there, edited and cancelled. One gets the
/// slot, with all of its resources.
pub async fn moves_of_several_resources_race_with_bookings(servers: &[Stores]) {
    let stores = &servers[0];
    for _ in 0..ROUNDS {
        let account = new_account(stores).await;
        let customer = new_customer(stores, account).await;
        let three = resources(stores, account, 3).await;
        let pair = |nth: usize| [three[nth % 3], three[(nth + 1) % 3]];
        let mut booked = Vec::new();
        for racer in 0..RACERS {
            let apart = taking(
                &customer,
                slot(i64::try_from(racer).unwrap() * 10, 10),
                &pair(racer),
            );
            book(stores, account, &apart).await.unwrap();
            booked.push(apart);
        }
        let outcomes = race(servers, |racer, stores| {
            let target = slot(5000, 30);
            let (before, appointments) = (booked[racer].clone(), stores.scheduling.appointments.clone());
            let wanted = taking(&customer, target, &pair(racer));
            async move {
                // Each is done on each server.
                match racer / 2 % 4 {
                    0 => {
                        appointments
                            .update(account, &moved(&before, target), Commit::default())
                            .await
                    }
                    1 => book(&stores, account, &wanted).await,
                    2 => {
                        let edit = AppointmentEdit {
                            notes: Some(Some(Notes::new("7".repeat(Notes::MAX_CHARS)).unwrap())),
                            ..AppointmentEdit::default()
                        };
                        let edited = before.edited(edit, at(MADE)).unwrap();
                        appointments
                            .update(account, &edited, Commit::default())
                            .await
                            .unwrap();
                        Err(Failure::Refused(AppointmentRefusal::SlotTaken))
                    }
                    _ => {
                        let cancelled = before.cancelled(at(MADE)).unwrap();
                        appointments
                            .update(account, &cancelled, Commit::default())
                            .await
                            .unwrap();
                        Err(Failure::Refused(AppointmentRefusal::SlotTaken))
                    }
                }
            }
        })
        .await;
        // Any two of the three pairs share a resource.
        assert_winners!(outcomes, 1, Failure::Refused(AppointmentRefusal::SlotTaken));
        let there = busy(stores, account, &three, at(MADE)).await;
        let target = slot(5000, 30).start.as_minutes();
        let taken = there.iter().filter(|busy| busy.interval.from == target).count();
        assert_eq!(
            taken, 2,
            "the winner has both of its resources, and nobody else has one: {there:?}"
        );
    }
}

/// A hold has expired. While it is released, many book its slot or hold it, each after it has released what is due. One
/// of them has the slot in the end.
pub async fn bookings_and_holds_race_for_an_expired_hold(servers: &[Stores]) {
    let stores = &servers[0];
    for _ in 0..ROUNDS {
        let account = new_account(stores).await;
        let customer = new_customer(stores, account).await;
        let pair = resources(stores, account, 2).await;
        let old = hold(slot(0, 60), &pair);
        stores
            .scheduling
            .holds
            .hold(account, &old, Commit::default())
            .await
            .unwrap();
        let outcomes = race(servers, |racer, stores| {
            let wanted = taking(&customer, slot(30, 60), &pair);
            let kept = Hold {
                held_until: at(EXPIRED + 1),
                ..hold(slot(30, 60), &pair)
            };
            async move {
                let holds = &stores.scheduling.holds;
                holds.release(Some(account), at(EXPIRED), 10).await.unwrap();
                if racer / 2 % 2 == 0 {
                    return book(&stores, account, &wanted).await;
                }
                match holds.hold(account, &kept, Commit::default()).await {
                    Err(Failure::Refused(HoldRefusal::SlotTaken)) => {
                        Err(AppointmentRefusal::SlotTaken.into())
                    }
                    other => {
                        other.unwrap();
                        Ok(())
                    }
                }
            }
        })
        .await;
        assert_winners!(outcomes, 1, Failure::Refused(AppointmentRefusal::SlotTaken));
        let expected = [(pair[0], 1), (pair[1], 1)];
        assert_occupied(stores, account, &expected, "one has the slot").await;
    }
}

/// Of many calls that turn a hold into an appointment one succeeds, and nobody books the slot in between.
pub async fn confirmations_of_a_hold_race_to_one_winner(servers: &[Stores]) {
    let stores = &servers[0];
    let account = new_account(stores).await;
    let customer = new_customer(stores, account).await;
    let pair = resources(stores, account, 2).await;
    let held = hold(slot(0, 60), &pair);
    stores
        .scheduling
        .holds
        .hold(account, &held, Commit::default())
        .await
        .unwrap();
    let outcomes = race(servers, |racer, stores| {
        let confirmed = Appointment::of_hold(&held, &customer, None, at(MADE));
        let rival = taking(&customer, slot(30, 60), &pair[racer % 2..=racer % 2]);
        async move {
            if racer / 2 % 2 == 1 {
                let refused = book(&stores, account, &rival).await;
                assert_refused!(
                    refused,
                    Failure::Refused(AppointmentRefusal::SlotTaken),
                    "the slot is held, and then booked"
                );
                return Err(AppointmentRefusal::HoldGone.into());
            }
            let appointments = &stores.scheduling.appointments;
            appointments
                .confirm(account, &confirmed, None, Commit::default())
                .await
        }
    })
    .await;
    assert_winners!(outcomes, 1, Failure::Refused(AppointmentRefusal::HoldGone));
    let expected = [(pair[0], 1), (pair[1], 1)];
    assert_occupied(stores, account, &expected, "the appointment has what was held").await;
}

/// While a hold is turned into an appointment, it is released because it has expired. Either it becomes one, or it is
/// released.
pub async fn a_confirmation_races_with_the_release(servers: &[Stores]) {
    let stores = &servers[0];
    for _ in 0..ROUNDS {
        let account = new_account(stores).await;
        let customer = new_customer(stores, account).await;
        let pair = resources(stores, account, 2).await;
        let held = hold(slot(0, 60), &pair);
        stores
            .scheduling
            .holds
            .hold(account, &held, Commit::default())
            .await
            .unwrap();
        let outcomes = race(servers, |racer, stores| {
            let confirmed = Appointment::of_hold(&held, &customer, None, at(MADE));
            async move {
                if racer / 2 % 2 == 1 {
                    let released = stores
                        .scheduling
                        .holds
                        .release(Some(account), at(EXPIRED), 10)
                        .await
                        .unwrap();
                    return (released == 1).then_some("released");
                }
                let appointments = &stores.scheduling.appointments;
                match appointments
                    .confirm(account, &confirmed, None, Commit::default())
                    .await
                {
                    Ok(()) => Some("confirmed"),
                    Err(Failure::Refused(AppointmentRefusal::HoldGone)) => None,
                    Err(failure) => panic!("{failure:?}"),
                }
            }
        })
        .await;
        let done: Vec<_> = outcomes.into_iter().flatten().collect();
        let times = usize::from(done == ["confirmed"]);
        assert_eq!(done.len(), 1, "a hold ends once, and in one way");
        let expected = [(pair[0], times), (pair[1], times)];
        assert_occupied(stores, account, &expected, "what is released occupies nothing").await;
    }
}

/// Blocks of a resource and bookings of it and another race. One gets the time.
pub async fn blocks_race_with_bookings(servers: &[Stores]) {
    let stores = &servers[0];
    for _ in 0..ROUNDS {
        let account = new_account(stores).await;
        let customer = new_customer(stores, account).await;
        let pair = resources(stores, account, 2).await;
        let outcomes = race(servers, |racer, stores| {
            let wanted = taking(&customer, slot(1440, 60), &pair);
            let terms = BlockTerms {
                resource: Some(pair[1]),
                from: slot(0, 1).start,
                until: slot(3 * 1440, 1).start,
                reason: None,
            };
            let block = Block::new(BlockId::new(fresh_id()), terms, at(MADE));
            async move {
                if racer / 2 % 2 == 0 {
                    return book(&stores, account, &wanted).await;
                }
                match stores
                    .scheduling
                    .blocks
                    .block(account, &block, Commit::default())
                    .await
                {
                    Err(Failure::Refused(BlockRefusal::TimeTaken(None))) => {
                        Err(AppointmentRefusal::SlotTaken.into())
                    }
                    other => {
                        other.unwrap();
                        Ok(())
                    }
                }
            }
        })
        .await;
        assert_winners!(outcomes, 1, Failure::Refused(AppointmentRefusal::SlotTaken));
        assert_occupied(stores, account, &[(pair[1], 1)], "one has the time").await;
    }
}
