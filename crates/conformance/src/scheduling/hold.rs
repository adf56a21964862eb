//! Cases for holds.

use crate::{
    RACERS, ROUNDS, assert_walked, at, earliest, ends_of_the_calendar, first_page, fresh_id, latest,
    new_account, new_customer, race,
    scheduling::{
        appointment::{moved, slot},
        occupancy::{
            DUE, MADE, Occupier, appointment_of, block_of, booking, busy, hold_of, is_free, resources,
        },
        service::new_service,
    },
    walk,
};
use chatgrow_domain::{
    AccountId, Appointment, AppointmentId, AppointmentRefusal, BlockId, Duration, Hold, HoldId, HoldRefusal,
    Notes, OccupancyKind, ServiceType, TimeSlot, Version,
};
use chatgrow_ports::{
    AppointmentFilter, BlockFilter, Commit, ExpiredHold, Failure, PageRequest, StartPosition, Stores,
};

async fn read(stores: &Stores, account: AccountId, id: HoldId) -> Option<Hold> {
    stores.scheduling.holds.by_id(account, id).await.unwrap()
}

async fn put(stores: &Stores, account: AccountId, hold: &Hold) -> Result<(), Failure<HoldRefusal>> {
    stores
        .scheduling
        .holds
        .hold(account, hold, Commit::default())
        .await
}

async fn confirm(
    stores: &Stores,
    account: AccountId,
    appointment: &Appointment,
) -> Result<(), Failure<AppointmentRefusal>> {
    stores
        .scheduling
        .appointments
        .confirm(account, appointment, None, Commit::default())
        .await
}

/// The holds that have expired at that instant.
async fn expired(stores: &Stores, account: Option<AccountId>, now: i64, most: u32) -> Vec<ExpiredHold> {
    let expired = stores.scheduling.holds.expired(account, at(now), most);
    expired.await.unwrap()
}

/// Releases the hold from that state, and returns whether it was in it.
async fn release(stores: &Stores, account: AccountId, hold: &Hold) -> bool {
    let released = hold.released(at(DUE));
    let release = stores
        .scheduling
        .holds
        .release(account, &released, Commit::default());
    release.await.unwrap()
}

/// Every field is read back unchanged, at both ends of the calendar, with a service, buffers, and many resources.
pub async fn hold_round_trips(stores: &Stores) {
    let account = new_account(stores).await;
    let ids = resources(stores, account, 50).await;
    let service = new_service(stores, account).await.id;
    let (first, last) = ends_of_the_calendar();
    let day = |start| TimeSlot {
        start,
        duration: Duration::from_minutes(1440).unwrap(),
    };
    let mut backwards = ids.clone();
    backwards.reverse();
    let bookings = [
        booking(slot(0, 1), (0, 0), &[]),
        booking(day(first), (720, 720), &ids[..1]),
        booking(day(last), (720, 720), &ids[1..3]),
        booking(slot(3000, 60), (1, 0), &backwards),
    ];
    let mut expected = Vec::new();
    for (index, booking) in bookings.into_iter().enumerate() {
        let mut hold = hold_of(booking);
        hold.booking.service = Some(service).filter(|_| index % 2 == 1);
        hold.booking.service_type = *ServiceType::ALL.iter().cycle().nth(index).unwrap();
        hold.held_until = [latest(), at(DUE)][index % 2];
        hold.created_at = [earliest(), at(0), latest()][index % 3];
        hold.updated_at = [latest(), at(-1), earliest()][index % 3];
        hold.version = Version::new([1, i64::MAX - 1][index % 2]).unwrap();
        put(stores, account, &hold).await.unwrap();
        assert_eq!(
            read(stores, account, hold.id).await.as_ref(),
            Some(&hold),
            "what was written is read back as it was, and what is not there is absent"
        );
        expected.push(hold);
    }
    expected.sort_by_key(|hold| (hold.booking.slot.start, hold.id));
    let page = stores
        .scheduling
        .holds
        .list(account, at(MADE), first_page(50))
        .await;
    assert_eq!(
        page.unwrap().items,
        expected,
        "what was written is read back as it was, and what is not there is absent"
    );
    assert_eq!(
        read(stores, account, HoldId::new(fresh_id())).await,
        None,
        "what is not there is absent"
    );
}

/// A hold becomes an appointment once. It keeps all that it took, at any time, and is a hold no more.
pub async fn a_hold_is_confirmed_once(stores: &Stores) {
    let account = new_account(stores).await;
    let customer = new_customer(stores, account).await;
    let ids = resources(stores, account, 3).await;
    let service = new_service(stores, account).await.id;
    for here in [vec![], vec![ids[0]], ids.clone()] {
        let mut hold = hold_of(booking(slot(600, 60), (10, 20), &here));
        hold.booking.service = Some(service);
        put(stores, account, &hold).await.unwrap();
        let notes = Notes::new("bring a towel").unwrap();
        let confirmed = Appointment::of_hold(&hold, &customer, Some(notes), at(DUE - 1));
        let stale = Appointment {
            version: confirmed.version.next(),
            ..confirmed.clone()
        };
        let unknown = Appointment {
            id: AppointmentId::new(fresh_id()),
            ..confirmed.clone()
        };
        let first = Appointment {
            version: hold.version,
            ..confirmed.clone()
        };
        for wrong in [&stale, &unknown, &first] {
            assert_refused!(
                confirm(stores, account, wrong).await,
                Failure::Refused(AppointmentRefusal::HoldGone),
                "there is no hold in the version before"
            );
        }
        assert_eq!(
            read(stores, account, hold.id).await,
            Some(hold.clone()),
            "what is refused changes nothing"
        );
        confirm(stores, account, &confirmed).await.unwrap();
        let appointments = &stores.scheduling.appointments;
        assert_eq!(
            appointments.by_id(account, confirmed.id).await.unwrap(),
            Some(confirmed.clone()),
            "the hold has become this appointment"
        );
        assert_eq!(
            read(stores, account, hold.id).await,
            None,
            "what became an appointment is no hold any more"
        );
        let next = Appointment {
            version: confirmed.version.next(),
            ..confirmed.clone()
        };
        for again in [&confirmed, &next] {
            assert_refused!(
                confirm(stores, account, again).await,
                Failure::Refused(AppointmentRefusal::HoldGone),
                "a hold is confirmed once"
            );
        }
        let removed = stores
            .scheduling
            .holds
            .remove(account, hold.id, Commit::default())
            .await;
        assert!(!removed.unwrap(), "an appointment is not removed as a hold");
        let due = expired(stores, Some(account), DUE, 10).await;
        assert_eq!(due, [], "an appointment doesn't expire");
        for state in [hold.clone(), hold.released(at(DUE))] {
            assert!(
                !release(stores, account, &state).await,
                "an appointment is not released"
            );
        }
        let places: Vec<_> = match here.as_slice() {
            [] => vec![None],
            ids => ids.iter().copied().map(Some).collect(),
        };
        for place in places {
            assert!(
                !is_free(stores, account, place, slot(590, 1)).await
                    && !is_free(stores, account, place, slot(679, 1)).await
                    && is_free(stores, account, place, slot(680, 1)).await,
                "the appointment takes what the hold took, with its buffers"
            );
        }
        let moved = moved(&confirmed, slot(900, 60));
        let outcome = appointments.update(account, &moved, Commit::default()).await;
        outcome.unwrap();
        Occupier::Appointment(moved).free(stores, account).await;
    }
    assert_eq!(
        busy(
            stores,
            account,
            &[None, Some(ids[0]), Some(ids[1]), Some(ids[2])],
            (0, 2000)
        )
        .await,
        [],
        "what was cancelled takes nothing"
    );
}

/// Those expire that are due and no others, of the account that is named or of all, and no more are told than asked. A
/// release from the version before frees the time of a hold, once. What was released is never confirmed.
pub async fn holds_are_released_when_due(stores: &Stores) {
    let (account, other) = (new_account(stores).await, new_account(stores).await);
    let customer = new_customer(stores, account).await;
    let ids = resources(stores, account, 2).await;
    let holds = &stores.scheduling.holds;
    let due = hold_of(booking(slot(0, 60), (0, 30), &ids));
    let later = Hold {
        held_until: at(DUE + 1),
        ..hold_of(booking(slot(200, 60), (0, 0), &ids))
    };
    let own = hold_of(booking(slot(0, 60), (0, 0), &[]));
    let theirs = hold_of(booking(slot(0, 60), (0, 0), &[]));
    for (account, hold) in [
        (account, &due),
        (account, &later),
        (account, &own),
        (other, &theirs),
    ] {
        put(stores, account, hold).await.unwrap();
    }
    let of = async |whose: Option<AccountId>, now| {
        let mut expired = expired(stores, whose, now, 1_000_000).await;
        expired.retain(|expired| [account, other].contains(&expired.account));
        expired.sort_by_key(|expired| expired.hold.id);
        expired
    };
    let expired_hold = |account, hold: &Hold| ExpiredHold {
        account,
        hold: hold.clone(),
    };
    assert_eq!(
        of(Some(account), DUE - 1).await,
        [],
        "a hold counts until its time"
    );
    let page = holds.list(account, at(DUE - 1), first_page(50)).await.unwrap();
    assert_eq!(page.items.len(), 3, "a hold counts until its time");
    let page = holds.list(account, at(DUE), first_page(50)).await.unwrap();
    assert_eq!(
        page.items,
        std::slice::from_ref(&later),
        "a hold counts until its time, and no longer"
    );
    let mine = [expired_hold(account, &due), expired_hold(account, &own)];
    assert_eq!(
        of(Some(account), DUE).await,
        mine,
        "those expire that are due, of the account that is named"
    );
    assert_eq!(
        of(None, DUE).await,
        [&mine[..], &[expired_hold(other, &theirs)]].concat(),
        "without an account, those of all are told"
    );
    let told = expired(stores, Some(account), DUE, 1).await;
    assert!(
        told.len() == 1 && mine.contains(&told[0]),
        "no more are told than asked: {told:?}"
    );
    assert!(
        !is_free(stores, account, Some(ids[1]), slot(0, 60)).await,
        "a hold occupies its time until it is released"
    );
    let unknown = Hold {
        id: HoldId::new(fresh_id()),
        ..due.clone()
    };
    for (whose, wrong) in [
        (account, &due.released(at(DUE))),
        (account, &unknown),
        (other, &due),
    ] {
        assert!(
            !release(stores, whose, wrong).await,
            "the account has no hold in the version before"
        );
    }
    assert_eq!(of(Some(account), DUE).await, mine, "nothing was released");
    for hold in [&due, &own] {
        for first in [true, false] {
            assert_eq!(
                release(stores, account, hold).await,
                first,
                "a hold is released once"
            );
        }
        let released = hold.released(at(DUE));
        assert_eq!(
            read(stores, account, hold.id).await.as_ref(),
            Some(&released),
            "a released hold is as it was written"
        );
        assert!(
            !release(stores, account, &released).await,
            "what was released is not released again"
        );
    }
    assert_eq!(
        of(Some(account), DUE).await,
        [],
        "what was released is not told again"
    );
    for (account, hold) in [(account, &later), (other, &theirs)] {
        assert_eq!(
            read(stores, account, hold.id).await.as_ref(),
            Some(hold),
            "no other hold is released"
        );
    }
    for (place, minute) in [
        (Some(ids[0]), 0),
        (Some(ids[1]), 0),
        (Some(ids[1]), 89),
        (None, 0),
    ] {
        assert!(
            is_free(stores, account, place, slot(minute, 1)).await,
            "what was released takes nothing"
        );
    }
    // From any of its states.
    for hold in [&due, &due.released(at(DUE))] {
        let confirmed = Appointment::of_hold(hold, &customer, None, at(DUE));
        assert_refused!(
            confirm(stores, account, &confirmed).await,
            Failure::Refused(AppointmentRefusal::HoldGone),
            "what was released is never confirmed"
        );
    }
    // A hold that was kept can still be confirmed.
    let confirmed = Appointment::of_hold(&later, &customer, None, at(DUE));
    confirm(stores, account, &confirmed).await.unwrap();
}

/// What is removed frees all that it took, at once. What was released is forgotten later, and nothing else is.
pub async fn holds_are_removed_and_forgotten(stores: &Stores) {
    let account = new_account(stores).await;
    let ids = resources(stores, account, 3).await;
    let holds = &stores.scheduling.holds;
    let hold = hold_of(booking(slot(0, 60), (0, 0), &ids));
    put(stores, account, &hold).await.unwrap();
    for expected in [true, false] {
        let removed = holds.remove(account, hold.id, Commit::default()).await.unwrap();
        assert_eq!(removed, expected, "a hold is removed once");
    }
    assert_eq!(
        read(stores, account, hold.id).await,
        None,
        "what was removed is gone"
    );
    let again = hold_of(booking(slot(0, 60), (0, 0), &ids));
    put(stores, account, &again).await.unwrap();
    let more = hold_of(booking(slot(100, 60), (0, 0), &ids[..1]));
    put(stores, account, &more).await.unwrap();
    let kept = Hold {
        held_until: at(DUE + 5),
        ..hold_of(booking(slot(200, 60), (0, 0), &ids))
    };
    put(stores, account, &kept).await.unwrap();
    assert_eq!(
        holds.forget(at(DUE), 10).await.unwrap(),
        0,
        "only what was released is forgotten"
    );
    for hold in [&again, &more] {
        assert!(release(stores, account, hold).await, "it is there");
    }
    assert_eq!(
        holds.forget(at(DUE - 1), 10).await.unwrap(),
        0,
        "only what had expired by then is forgotten"
    );
    for expected in [1, 1, 0] {
        assert_eq!(
            holds.forget(at(DUE), 1).await.unwrap(),
            expected,
            "no more are forgotten than asked"
        );
    }
    for (hold, there) in [(&again, None), (&more, None), (&kept, Some(kept.clone()))] {
        assert_eq!(
            read(stores, account, hold.id).await,
            there,
            "what was released is forgotten, and nothing else"
        );
    }
    assert!(
        !is_free(stores, account, Some(ids[2]), slot(200, 60)).await,
        "what is kept still takes its time"
    );
}

/// No list and no method shows or changes what is of another kind, though all share their ids.
pub async fn kinds_are_apart(stores: &Stores) {
    let account = new_account(stores).await;
    let customer = new_customer(stores, account).await;
    let ids = resources(stores, account, 2).await;
    let scheduling = &stores.scheduling;
    let booked = appointment_of(&customer, booking(slot(0, 60), (0, 0), &ids));
    let hold = hold_of(booking(slot(100, 60), (0, 0), &ids));
    let block = block_of(Some(ids[0]), 200, 260);
    let outcome = scheduling
        .appointments
        .book(account, &booked, None, Commit::default());
    outcome.await.unwrap();
    put(stores, account, &hold).await.unwrap();
    assert!(Occupier::Block(block.clone()).put(stores, account).await);
    let unchanged = async |why: &str| {
        let any = AppointmentFilter::default();
        let appointments = scheduling
            .appointments
            .list(account, &any, first_page(50))
            .await
            .unwrap();
        let holds = scheduling
            .holds
            .list(account, at(MADE), first_page(50))
            .await
            .unwrap();
        let blocks = scheduling
            .blocks
            .list(account, &BlockFilter::default(), first_page(50))
            .await
            .unwrap();
        assert_eq!(appointments.items, std::slice::from_ref(&booked), "{why}");
        assert_eq!(holds.items, std::slice::from_ref(&hold), "{why}");
        assert_eq!(blocks.items, std::slice::from_ref(&block), "{why}");
        assert!(
            appointments.next.is_none() && holds.next.is_none() && blocks.next.is_none(),
            "{why}"
        );
    };
    unchanged("a list shows its own kind").await;
    let one = std::slice::from_ref(&booked);
    let filter = AppointmentFilter {
        customer: Some(customer.email.key()),
        ..AppointmentFilter::default()
    };
    let page = scheduling.appointments.list(account, &filter, first_page(1));
    let page = page.await.unwrap();
    assert_eq!(page.items, one, "a list shows its own kind");
    assert!(page.next.is_none(), "legs and holds make no further page");
    for foreign in [hold.id.object_id(), block.id.object_id()] {
        let id = AppointmentId::new(foreign);
        let found = scheduling.appointments.by_id(account, id).await.unwrap();
        assert_eq!(found, None, "what is of another kind is not found");
        let next = Appointment {
            id,
            version: Version::FIRST.next(),
            ..appointment_of(&customer, booking(slot(5000, 60), (0, 0), &ids))
        };
        let outcome = scheduling
            .appointments
            .update(account, &next, Commit::default())
            .await;
        assert_refused!(
            outcome,
            Failure::Refused(AppointmentRefusal::VersionMismatch),
            "an update changes an appointment and nothing else"
        );
    }
    for foreign in [booked.id.object_id(), block.id.object_id()] {
        assert_eq!(
            read(stores, account, HoldId::new(foreign)).await,
            None,
            "what is of another kind is not found"
        );
        let removed = scheduling
            .holds
            .remove(account, HoldId::new(foreign), Commit::default())
            .await;
        assert!(!removed.unwrap(), "what is of another kind is not removed");
        let next = Appointment {
            id: AppointmentId::new(foreign),
            version: Version::FIRST.next(),
            ..booked.clone()
        };
        assert_refused!(
            confirm(stores, account, &next).await,
            Failure::Refused(AppointmentRefusal::HoldGone),
            "only a hold is confirmed"
        );
    }
    for foreign in [booked.id.object_id(), hold.id.object_id()] {
        let id = BlockId::new(foreign);
        let found = scheduling.blocks.by_id(account, id).await.unwrap();
        assert_eq!(found, None, "what is of another kind is not found");
        let removed = scheduling.blocks.remove(account, id, Commit::default()).await;
        assert!(!removed.unwrap(), "what is of another kind is not removed");
    }
    unchanged("what is of another kind is not changed").await;
}

/// Holds are listed by start, then by id. Each that existed at the start is listed once, whatever is held meanwhile.
pub async fn hold_pages_are_stable_under_inserts(stores: &Stores) {
    let account = new_account(stores).await;
    let ids = resources(stores, account, 2).await;
    for index in [5, 3, 8, 1, 9] {
        for id in &ids {
            let hold = hold_of(booking(slot(index * 10, 1), (0, 0), &[*id]));
            put(stores, account, &hold).await.unwrap();
        }
    }
    let list =
        |page: PageRequest<StartPosition<HoldId>>| stores.scheduling.holds.list(account, at(MADE), page);
    let whole = walk(10, list, async || panic!("a full last page is the last")).await;
    assert_eq!(whole.len(), 10, "one page holds them all");
    let seen = walk(3, list, async || {
        for minute in [-7, 47, 2000] {
            let hold = hold_of(booking(slot(minute, 1), (0, 0), &[]));
            match put(stores, account, &hold).await {
                Ok(()) | Err(Failure::Refused(HoldRefusal::SlotTaken)) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
    })
    .await;
    let positions = |holds: &[Hold]| {
        holds
            .iter()
            .map(|hold| (hold.booking.slot.start, hold.id))
            .collect::<Vec<_>>()
    };
    assert_walked(&positions(&whole), &positions(&seen));
}

/// Of many that confirm one hold at once exactly one succeeds.
pub async fn confirmations_race_to_one_winner(servers: &[Stores]) {
    let stores = &servers[0];
    let account = new_account(stores).await;
    let customer = new_customer(stores, account).await;
    let ids = resources(stores, account, 2).await;
    for here in [vec![], ids.clone()] {
        let hold = hold_of(booking(slot(0, 60), (0, 0), &here));
        put(stores, account, &hold).await.unwrap();
        let outcomes = race(servers, |racer, stores| {
            let notes = Notes::new(racer.to_string()).unwrap();
            let confirmed = Appointment::of_hold(&hold, &customer, Some(notes), at(DUE - 1));
            async move { confirm(&stores, account, &confirmed).await.map(|()| confirmed) }
        })
        .await;
        assert_winners!(outcomes, 1, Failure::Refused(AppointmentRefusal::HoldGone));
        let winner = outcomes.into_iter().find_map(Result::ok).unwrap();
        let read = stores.scheduling.appointments.by_id(account, winner.id).await;
        assert_eq!(read.unwrap(), Some(winner), "the winner's state is kept");
    }
}

/// If a hold is confirmed, released and removed at once, and others want its time, it is never free in between, and in
/// the end it has exactly the owner who was told so.
pub async fn holds_race_with_bookings_and_releases(servers: &[Stores]) {
    let stores = &servers[0];
    for round in 0..ROUNDS * 4 {
        let account = new_account(stores).await;
        let customer = new_customer(stores, account).await;
        let ids = resources(stores, account, 2).await;
        let here = [vec![], ids[..1].to_vec(), ids.clone()][round % 3].clone();
        let hold = hold_of(booking(slot(0, 60), (0, 0), &here));
        put(stores, account, &hold).await.unwrap();
        let outcomes = race(servers, |racer, stores| {
            let (hold, customer, here) = (hold.clone(), customer.clone(), here.clone());
            async move {
                let confirmed = Appointment::of_hold(&hold, &customer, None, at(DUE - 1));
                match racer / 2 % 8 {
                    0 => match confirm(&stores, account, &confirmed).await {
                        Ok(()) => (Some(confirmed.id.object_id()), false),
                        Err(Failure::Refused(AppointmentRefusal::HoldGone)) => (None, false),
                        Err(error) => panic!("{error:?}"),
                    },
                    1 => (None, release(&stores, account, &hold).await),
                    2 if round % 2 == 0 => {
                        let holds = &stores.scheduling.holds;
                        let removed = holds.remove(account, hold.id, Commit::default()).await;
                        (None, removed.unwrap())
                    }
                    kind => {
                        let kind = [OccupancyKind::Appointment, OccupancyKind::Hold][kind % 2];
                        let mut booking = booking(slot(30, 60), (0, 0), &here);
                        if kind == OccupancyKind::Hold {
                            booking.resources.reverse();
                        }
                        let mut one = Occupier::new(kind, &customer, booking);
                        if let Occupier::Hold(hold) = &mut one {
                            // It doesn't expire in this race.
                            hold.held_until = at(DUE + 1);
                        }
                        let won = one.put(&stores, account).await;
                        (Some(one.id()).filter(|_| won), false)
                    }
                }
            }
        })
        .await;
        let owners: Vec<_> = outcomes.iter().filter_map(|(owner, _)| *owner).collect();
        let gone = outcomes.iter().any(|(_, gone)| *gone);
        assert!(owners.len() <= 1, "at most one gets the time, but {owners:?} did");
        let confirmed = owners.contains(&hold.id.object_id());
        assert!(
            confirmed || gone || owners.is_empty(),
            "nobody gets the time of a hold that was kept"
        );
        assert!(
            !(confirmed && gone),
            "what was confirmed is not released or removed"
        );
        let place = here.first().copied();
        let there = stores
            .scheduling
            .occupancies
            .in_the_way(account, &[place], hold.booking.occupancy().interval, at(MADE))
            .await
            .unwrap();
        let expected = owners.first().copied().or((!gone).then(|| hold.id.object_id()));
        assert_eq!(
            there.map(|there| there.id),
            expected,
            "the owner is the one who was told so"
        );
        for place in here {
            let read = busy(stores, account, &[Some(place)], (-100, 200)).await;
            assert_eq!(
                read.len(),
                usize::from(expected.is_some()),
                "all of its resources are taken, or none"
            );
        }
    }
}

/// If a hold is confirmed while it is released, one of the two happens.
pub async fn confirmations_race_with_releases(servers: &[Stores]) {
    let stores = &servers[0];
    for round in 0..ROUNDS {
        let account = new_account(stores).await;
        let customer = new_customer(stores, account).await;
        let ids = resources(stores, account, 2).await;
        let holds: Vec<_> = (0..RACERS / 2)
            .map(|nth| {
                let here = [&ids[..], &[]][nth % 2];
                let start = i64::try_from(nth).unwrap() * 100;
                hold_of(booking(slot(start, 60), (0, 0), here))
            })
            .collect();
        for hold in &holds {
            put(stores, account, hold).await.unwrap();
        }
        let outcomes = race(servers, |racer, stores| {
            let confirmed = Appointment::of_hold(&holds[racer % holds.len()], &customer, None, at(DUE - 1));
            async move {
                if racer < RACERS / 2 {
                    match confirm(&stores, account, &confirmed).await {
                        Ok(()) => 1,
                        Err(Failure::Refused(AppointmentRefusal::HoldGone)) => 0,
                        Err(error) => panic!("{error:?}"),
                    }
                } else {
                    let account = (racer + round).is_multiple_of(2).then_some(account);
                    let mut released = 0;
                    for expired in expired(&stores, account, DUE, 3).await {
                        let was_there = release(&stores, expired.account, &expired.hold).await;
                        released += usize::from(was_there);
                    }
                    released
                }
            }
        })
        .await;
        let (confirmed, released) = outcomes.split_at(RACERS / 2);
        let mut let_go = 0;
        for (hold, confirmed) in holds.iter().zip(confirmed) {
            let read = read(stores, account, hold.id).await;
            match read {
                None => assert_eq!(*confirmed, 1, "{hold:?} became an appointment, or is a hold"),
                Some(read) => {
                    assert_eq!(*confirmed, 0, "{hold:?} became an appointment, or is a hold");
                    let_go += usize::from(read.released);
                    assert_eq!(
                        is_free(
                            stores,
                            account,
                            hold.booking.resources.last().copied(),
                            hold.booking.slot
                        )
                        .await,
                        read.released,
                        "what was released takes nothing"
                    );
                }
            }
        }
        assert_eq!(
            released.iter().sum::<usize>(),
            let_go,
            "each is released and counted once"
        );
    }
}

/// If a block and bookings want one time at once, exactly one gets it.
pub async fn blocks_race_with_bookings(servers: &[Stores]) {
    let stores = &servers[0];
    for round in 0..ROUNDS {
        let account = new_account(stores).await;
        let customer = new_customer(stores, account).await;
        let ids = resources(stores, account, 2).await;
        let here = [vec![], ids.clone()][round % 2].clone();
        let outcomes = race(servers, |racer, stores| {
            let one = if racer % 4 < 2 {
                Occupier::Block(block_of(here.last().copied(), -20_000, 20_000))
            } else {
                let mut here = here.clone();
                if racer % 8 < 4 {
                    here.reverse();
                }
                // All of them overlap.
                let start = i64::try_from(racer).unwrap();
                let kind = [OccupancyKind::Appointment, OccupancyKind::Hold][racer / 8 % 2];
                Occupier::new(kind, &customer, booking(slot(start, 100), (0, 0), &here))
            };
            async move { one.put(&stores, account).await }
        })
        .await;
        let won = outcomes.into_iter().filter(|won| *won).count();
        assert_eq!(won, 1, "one of {RACERS} that want the same time gets it");
    }
}
