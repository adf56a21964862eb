//! Cases for bookings of several resources, and for bookings that bring their customer along.

use crate::{
    RACERS, ROUNDS, at, at_once, customer_with_email, drop_after, earliest, ends_of_the_calendar, first_page,
    latest, new_account, new_customer, poll_counts, race,
    scheduling::{
        appointment::{moved, slot},
        occupancy::{
            DUE, MADE, Occupier, appointment_of, block_of, booking, busy, hold_of, is_free, resources,
            with_status,
        },
        service::new_service,
    },
};
use chatgrow_domain::{
    AccountId, Appointment, AppointmentEdit, AppointmentRefusal, AppointmentStatus, Customer, CustomerEdit,
    CustomerName, Duration, EmailAddress, Notes, OccupancyKind, ResourceId, ServiceType, TimeSlot, Version,
};
use chatgrow_ports::{AppointmentFilter, Commit, CustomerWrite, Failure, Stores};

type Outcome = Result<(), Failure<AppointmentRefusal>>;

async fn book(stores: &Stores, account: AccountId, appointment: &Appointment) -> Outcome {
    stores
        .scheduling
        .appointments
        .book(account, appointment, None, Commit::default())
        .await
}

async fn update(stores: &Stores, account: AccountId, next: &Appointment) -> Outcome {
    stores
        .scheduling
        .appointments
        .update(account, next, Commit::default())
        .await
}

async fn read(stores: &Stores, account: AccountId, appointment: &Appointment) -> Option<Appointment> {
    let appointments = &stores.scheduling.appointments;
    appointments.by_id(account, appointment.id).await.unwrap()
}

/// The next state of the appointment: with other resources.
fn with_resources(appointment: &Appointment, resources: &[ResourceId]) -> Appointment {
    let edit = AppointmentEdit {
        resources: Some(resources.to_vec()),
        ..AppointmentEdit::default()
    };
    appointment.edited(edit, at(DUE)).unwrap()
}

/// Asserts that of these resources exactly the named ones are busy in the slot, and nothing else of them.
async fn assert_taken(
    stores: &Stores,
    account: AccountId,
    all: &[ResourceId],
    (taken, slot): (&[ResourceId], TimeSlot),
    why: &str,
) {
    let wide = (-50_000, 50_000);
    for id in all {
        let read = busy(stores, account, &[Some(*id)], wide).await;
        let expected: Vec<_> = taken.iter().filter(|taken| *taken == id).map(|_| slot).collect();
        let read: Vec<_> = read.iter().map(|busy| busy.interval).collect();
        let expected: Vec<_> = expected
            .into_iter()
            .map(|slot| booking(slot, (0, 0), &[]).occupancy().interval)
            .collect();
        assert_eq!(read, expected, "{why}");
        for expected in expected {
            let minute = expected.from - slot_start();
            assert!(
                !is_free(
                    stores,
                    account,
                    Some(*id),
                    crate::scheduling::appointment::slot(minute, 1)
                )
                .await,
                "what is read as busy is taken: {why}"
            );
        }
    }
}

/// The first minute of the slots of the suite.
fn slot_start() -> i64 {
    slot(0, 1).start.as_minutes()
}

/// Every field of a booking is read back unchanged, also after an update: the service, the buffers, and up to fifty
/// resources in their order.
pub async fn bookings_with_resources_round_trip(stores: &Stores) {
    let account = new_account(stores).await;
    let customer = new_customer(stores, account).await;
    let mut ids = resources(stores, account, 50).await;
    // Neither in the order of their ids nor in its reverse.
    ids.swap(0, 30);
    ids.swap(1, 20);
    let service = new_service(stores, account).await.id;
    let (first, last) = ends_of_the_calendar();
    let day = |start| TimeSlot {
        start,
        duration: Duration::from_minutes(1440).unwrap(),
    };
    let mut expected = Vec::new();
    for (index, (slot, buffers, here)) in [
        (slot(0, 60), (0, 0), &ids[..1]),
        (day(first), (720, 720), &ids[..2]),
        (day(last), (720, 720), &ids[2..5]),
        (slot(3000, 60), (0, 1), &ids[..]),
        (slot(6000, 60), (1, 0), &[][..]),
    ]
    .into_iter()
    .enumerate()
    {
        let mut booked = appointment_of(&customer, booking(slot, buffers, here));
        booked.booking.service = Some(service).filter(|_| index % 2 == 1);
        booked.booking.service_type = *ServiceType::ALL.iter().cycle().nth(index).unwrap();
        booked.created_at = [earliest(), at(0), latest()][index % 3];
        booked.version = Version::new([1, i64::MAX - 5][index % 2]).unwrap();
        book(stores, account, &booked).await.unwrap();
        assert_eq!(
            read(stores, account, &booked).await.as_ref(),
            Some(&booked),
            "what was written is read back as it was, resources in their order"
        );
        let edit = AppointmentEdit {
            notes: Some(Some(Notes::new("changed").unwrap())),
            ..AppointmentEdit::default()
        };
        let edited = booked.edited(edit, latest()).unwrap();
        update(stores, account, &edited).await.unwrap();
        let mut backwards = here.to_vec();
        backwards.reverse();
        let turned = with_resources(&edited, &backwards);
        if turned != edited {
            update(stores, account, &turned).await.unwrap();
        }
        assert_eq!(
            read(stores, account, &booked).await.as_ref(),
            Some(&turned),
            "what was changed is read back as it is now, resources in their order"
        );
        expected.push(turned);
    }
    expected.sort_by_key(|appointment| (appointment.booking.slot.start, appointment.id));
    let page = stores
        .scheduling
        .appointments
        .list(account, &AppointmentFilter::default(), first_page(50))
        .await
        .unwrap();
    assert_eq!(page.items, expected, "a list shows each once, with its resources");
    assert!(page.next.is_none(), "a list shows each once");
}

/// A booking takes all of its resources, or is refused and takes none, whichever of them is taken.
pub async fn a_booking_takes_all_resources_or_none(stores: &Stores) {
    let account = new_account(stores).await;
    let customer = new_customer(stores, account).await;
    let ids = resources(stores, account, 5).await;
    let assert_only = async |taken, why| assert_taken(stores, account, &ids, (taken, slot(0, 60)), why).await;
    for kind in [OccupancyKind::Appointment, OccupancyKind::Hold] {
        let all = Occupier::new(kind, &customer, booking(slot(0, 60), (0, 0), &ids[..3]));
        assert!(all.put(stores, account).await, "nothing is in its way");
        assert_only(&ids[..3], "a booking takes all of its resources").await;
        for taken in &ids[..3] {
            for here in [
                vec![*taken],
                vec![*taken, ids[3], ids[4]],
                vec![ids[3], *taken, ids[4]],
                vec![ids[3], ids[4], *taken],
            ] {
                for other in [OccupancyKind::Appointment, OccupancyKind::Hold] {
                    let one = Occupier::new(other, &customer, booking(slot(59, 60), (0, 0), &here));
                    assert!(
                        !one.put(stores, account).await,
                        "one resource of {one:?} is taken"
                    );
                }
            }
            let block = Occupier::Block(block_of(Some(*taken), -5000, 1));
            assert!(
                !block.put(stores, account).await,
                "the resource of {block:?} is taken"
            );
        }
        assert_only(&ids[..3], "what is refused takes nothing").await;
        all.free(stores, account).await;
        assert_only(&[], "what is cancelled or removed takes nothing").await;
    }
    let page = stores
        .scheduling
        .appointments
        .list(account, &AppointmentFilter::default(), first_page(50))
        .await
        .unwrap();
    assert_eq!(page.items.len(), 1, "what is refused is not there");
}

/// A move takes all resources along: to another time, in another order, to other resources, to fewer, to none.
pub async fn a_move_takes_all_resources_along(stores: &Stores) {
    let account = new_account(stores).await;
    let customer = new_customer(stores, account).await;
    let ids = resources(stores, account, 4).await;
    let [a, b, c, d] = ids[..] else { panic!("four") };
    let mut present = appointment_of(&customer, booking(slot(0, 60), (0, 0), &[a, b]));
    book(stores, account, &present).await.unwrap();
    for (start, here) in [
        (0, vec![b, a]),
        (0, vec![b, c]),
        (30, vec![b, c]),
        (30, vec![c, b, a, d]),
        (60, vec![a, b, c, d]),
        (60, vec![d, c]),
        (0, vec![c]),
        (0, vec![a, c]),
        (0, vec![c, a]),
        (500, vec![]),
        (500, vec![b, d, a]),
        (500, vec![a, d]),
        (559, vec![d, a]),
    ] {
        let mut next = moved(&present, slot(start, 60));
        next.booking.resources = here.clone();
        next.version = present.version.next();
        let outcome = update(stores, account, &next).await;
        assert!(outcome.is_ok(), "nothing is in the way of {next:?}: {outcome:?}");
        assert_eq!(
            read(stores, account, &next).await.as_ref(),
            Some(&next),
            "what was moved is read back where it is now"
        );
        assert_taken(
            stores,
            account,
            &ids,
            (&here, slot(start, 60)),
            "what was moved takes what it names now, and nothing else",
        )
        .await;
        assert_eq!(
            is_free(stores, account, None, slot(start, 60)).await,
            !here.is_empty(),
            "the account's own schedule is taken by what has no resource"
        );
        present = next;
    }
    // Something is in the way of one of its resources, or of one that it wants.
    let in_the_way = appointment_of(&customer, booking(slot(1000, 60), (0, 0), &[c, b]));
    book(stores, account, &in_the_way).await.unwrap();
    for (start, here) in [
        (1000, vec![a, b]),
        (1059, vec![b, a]),
        (1000, vec![a, d, c]),
        (941, vec![c]),
    ] {
        let mut next = moved(&present, slot(start, 60));
        next.booking.resources = here;
        next.version = present.version.next();
        assert_refused!(
            update(stores, account, &next).await,
            Failure::Refused(AppointmentRefusal::SlotTaken),
            "one of its resources is taken there"
        );
        assert_eq!(
            read(stores, account, &present).await.as_ref(),
            Some(&present),
            "a refused move changes nothing"
        );
    }
    let stale = with_resources(&moved(&present, slot(3000, 60)), &[b]);
    assert_refused!(
        update(stores, account, &stale).await,
        Failure::Refused(AppointmentRefusal::VersionMismatch),
        "it is not the version after the stored one"
    );
    Occupier::Appointment(in_the_way).free(stores, account).await;
    assert_taken(
        stores,
        account,
        &ids,
        (&[d, a], slot(559, 60)),
        "a refused move changes nothing",
    )
    .await;
}

/// What is completed, or whose customer didn't come, keeps all of its resources. What is cancelled frees all of them.
pub async fn statuses_keep_or_free_all_resources(stores: &Stores) {
    let account = new_account(stores).await;
    let customer = new_customer(stores, account).await;
    let ids = resources(stores, account, 3).await;
    for status in AppointmentStatus::ALL {
        let booked = appointment_of(&customer, booking(slot(0, 60), (0, 0), &ids));
        book(stores, account, &booked).await.unwrap();
        let mut next = with_status(&booked, *status);
        update(stores, account, &next).await.unwrap();
        let taken = if status.occupies() { &ids[..] } else { &[] };
        assert_taken(
            stores,
            account,
            &ids,
            (taken, slot(0, 60)),
            "a status keeps all resources, or frees all of them",
        )
        .await;
        assert_eq!(
            read(stores, account, &next).await.as_ref(),
            Some(&next),
            "what was changed is read back as it is now"
        );
        if status.occupies() {
            // What occupies its slot can be moved.
            let later = moved(&next, slot(300, 60));
            update(stores, account, &later).await.unwrap();
            assert_taken(
                stores,
                account,
                &ids,
                (&ids, slot(300, 60)),
                "what was moved takes what it names now, and nothing else",
            )
            .await;
            next = with_status(&later, AppointmentStatus::Cancelled);
            update(stores, account, &next).await.unwrap();
        }
        let again = Appointment {
            notes: Some(Notes::new("it rained").unwrap()),
            version: next.version.next(),
            ..next
        };
        update(stores, account, &again).await.unwrap();
        assert_taken(
            stores,
            account,
            &ids,
            (&[], slot(0, 60)),
            "what is cancelled takes nothing",
        )
        .await;
    }
}

async fn customer_of(stores: &Stores, account: AccountId, email: &EmailAddress) -> Option<Customer> {
    let customers = &stores.crm.customers;
    customers.by_email(account, &email.key()).await.unwrap()
}

fn renamed(customer: &Customer, name: &str) -> Customer {
    let edit = CustomerEdit {
        name: Some(CustomerName::new(name).unwrap()),
        ..CustomerEdit::default()
    };
    customer.edited(edit, at(DUE))
}

/// A customer that comes with a booking is written with it, or neither is. Each reason for a refusal has its answer.
pub async fn a_customer_is_written_with_its_booking(stores: &Stores) {
    let account = new_account(stores).await;
    let present = new_customer(stores, account).await;
    let ids = resources(stores, account, 2).await;
    let appointments = &stores.scheduling.appointments;
    let mut start = 0;
    // By a booking, and by a confirmation.
    for by_hold in [false, true] {
        let mut prepared = async |customer: &Customer, free: bool| {
            start += 100;
            let booking = booking(slot(start, 60), (0, 0), &ids);
            if by_hold {
                let hold = hold_of(booking.clone());
                let put = stores.scheduling.holds.hold(account, &hold, Commit::default());
                put.await.unwrap();
                let mut confirmed = Appointment::of_hold(&hold, customer, None, at(DUE));
                if !free {
                    let removed = stores
                        .scheduling
                        .holds
                        .remove(account, hold.id, Commit::default());
                    assert!(removed.await.unwrap());
                    confirmed.version = confirmed.version.next();
                }
                return confirmed;
            }
            if !free {
                let block = Occupier::Block(block_of(ids.last().copied(), start, start + 60));
                assert!(block.put(stores, account).await);
            }
            appointment_of(customer, booking)
        };
        let write = async |appointment: &Appointment, customer: CustomerWrite| -> Outcome {
            if by_hold {
                appointments
                    .confirm(account, appointment, Some(customer), Commit::default())
                    .await
            } else {
                appointments
                    .book(account, appointment, Some(customer), Commit::default())
                    .await
            }
        };
        let new = customer_with_email(&format!("new-{by_hold}@example.com"));
        // Refused: the customer stays out.
        let refused = prepared(&new, false).await;
        let outcome = write(&refused, CustomerWrite::Insert(new.clone())).await;
        if by_hold {
            assert_refused!(
                outcome,
                Failure::Refused(AppointmentRefusal::HoldGone),
                "the hold has gone"
            );
        } else {
            assert_refused!(
                outcome,
                Failure::Refused(AppointmentRefusal::SlotTaken),
                "a resource is taken"
            );
        }
        assert_eq!(
            customer_of(stores, account, &new.email).await,
            None,
            "a refused booking leaves no customer behind"
        );
        // Written together.
        let booked = prepared(&new, true).await;
        let outcome = write(&booked, CustomerWrite::Insert(new.clone())).await;
        assert!(outcome.is_ok(), "nothing is in the way: {outcome:?}");
        assert_eq!(
            customer_of(stores, account, &new.email).await.as_ref(),
            Some(&new),
            "the customer is written with the booking"
        );
        assert_eq!(
            read(stores, account, &booked).await.as_ref(),
            Some(&booked),
            "the customer is written with the booking"
        );
        // The address is taken by now.
        let twice = Customer {
            email: EmailAddress::new(format!("NEW-{by_hold}@example.com")).unwrap(),
            ..customer_with_email("unused@example.com")
        };
        let refused = prepared(&twice, true).await;
        let outcome = write(&refused, CustomerWrite::Insert(twice)).await;
        assert_refused!(
            outcome,
            Failure::Refused(AppointmentRefusal::CustomerChanged),
            "another customer has the address"
        );
        // An update, from the present version and from another.
        let next = renamed(&new, "Noa");
        let booked = prepared(&next, true).await;
        let outcome = write(&booked, CustomerWrite::Update(next.clone())).await;
        assert!(outcome.is_ok(), "nothing is in the way: {outcome:?}");
        assert_eq!(
            customer_of(stores, account, &new.email).await.as_ref(),
            Some(&next),
            "the customer is written with the booking"
        );
        let refused = prepared(&next, false).await;
        let outcome = write(&refused, CustomerWrite::Update(renamed(&next, "Tal"))).await;
        assert!(outcome.is_err(), "there is no room for {refused:?}");
        let stale = renamed(&new, "Dana");
        let unknown = renamed(&customer_with_email("nobody@example.com"), "Nobody");
        let taken = next.edited(
            CustomerEdit {
                email: Some(present.email.clone()),
                ..CustomerEdit::default()
            },
            at(DUE),
        );
        for (wrong, why) in [
            (stale, "the customer has changed"),
            (unknown, "there is no such customer"),
            (taken, "another customer has the address"),
        ] {
            let refused = prepared(&next, true).await;
            let outcome = write(&refused, CustomerWrite::Update(wrong)).await;
            assert_refused!(
                outcome,
                Failure::Refused(AppointmentRefusal::CustomerChanged),
                "{why}"
            );
            assert_eq!(
                read(stores, account, &refused).await,
                None,
                "what is refused is not there"
            );
            let free = is_free(stores, account, Some(ids[1]), refused.booking.slot).await;
            assert_eq!(
                free, !by_hold,
                "what is refused takes nothing, and a hold stays one"
            );
        }
        assert_eq!(
            customer_of(stores, account, &new.email).await,
            Some(next),
            "a refused booking leaves the customer as it was"
        );
        assert_eq!(
            customer_of(stores, account, &present.email).await.as_ref(),
            Some(&present),
            "nobody else has changed"
        );
    }
}

/// A booking of several resources, a move of it and a confirmation whose calls are dropped after any number of polls
/// have happened completely or not at all, and block nobody.
pub async fn several_resources_dropped_after_any_poll_are_all_or_nothing(stores: &Stores) {
    let account = new_account(stores).await;
    let present = new_customer(stores, account).await;
    let ids = resources(stores, account, 3).await;
    let appointments = &stores.scheduling.appointments;
    for (first, what) in [(0, "book"), (200_000, "move"), (400_000, "confirm")] {
        for (nth, polls) in poll_counts().enumerate() {
            let start = first + i64::try_from(nth).unwrap() * 1000;
            let (from, to) = (slot(start, 60), slot(start + 300, 60));
            let customer = customer_with_email(&format!("{what}{nth}@example.com"));
            let mut customer_write = Some(CustomerWrite::Insert(customer.clone()));
            let next = match what {
                "book" => appointment_of(&customer, booking(to, (0, 0), &ids)),
                "move" => {
                    customer_write = None;
                    let booked = appointment_of(&present, booking(from, (0, 0), &ids[..2]));
                    book(stores, account, &booked).await.unwrap();
                    with_resources(&booked, &[ids[2], ids[0]])
                }
                _ => {
                    let hold = hold_of(booking(to, (0, 0), &ids));
                    let put = stores.scheduling.holds.hold(account, &hold, Commit::default());
                    put.await.unwrap();
                    Appointment::of_hold(&hold, &customer, None, at(DUE - 1))
                }
            };
            let next = match what {
                "move" => Appointment {
                    booking: chatgrow_domain::Booking {
                        slot: to,
                        ..next.booking
                    },
                    ..next
                },
                _ => next,
            };
            let outcome = match what {
                "book" => {
                    let call = appointments.book(account, &next, customer_write, Commit::default());
                    drop_after(polls, call).await
                }
                "move" => drop_after(polls, appointments.update(account, &next, Commit::default())).await,
                _ => {
                    let call = appointments.confirm(account, &next, customer_write, Commit::default());
                    drop_after(polls, call).await
                }
            };
            // Whatever it was, it is over when a later write to its customer and its resources is.
            let probe = at_once(book(
                stores,
                account,
                &appointment_of(&present, booking(to, (0, 0), &ids)),
            ))
            .await;
            let mut happened = read(stores, account, &next).await == Some(next.clone());
            let free = probe.is_ok();
            match what {
                "confirm" => assert!(!free, "a hold's time is never free, after {polls} polls"),
                _ => assert_eq!(free, !happened, "{what} after {polls} polls: {probe:?}"),
            }
            if what == "confirm" {
                // The call may still go on. The hold is either removed, or has become an appointment.
                let id = chatgrow_domain::HoldId::new(next.id.object_id());
                let removed = stores.scheduling.holds.remove(account, id, Commit::default());
                happened = !at_once(removed).await.unwrap();
                assert_eq!(
                    read(stores, account, &next).await,
                    happened.then(|| next.clone()),
                    "{what} after {polls} polls"
                );
            }
            if what != "move" {
                let written = customer_of(stores, account, &customer.email).await;
                assert_eq!(written.is_some(), happened, "{what} after {polls} polls");
            }
            if what == "move" {
                let taken = busy(stores, account, &[Some(ids[1])], (start, start + 60)).await;
                assert_eq!(taken.is_empty(), happened, "{what} after {polls} polls");
            }
            if let Some(outcome) = outcome {
                outcome.unwrap();
                assert!(happened, "{what}: it was told that it happened");
                break;
            }
        }
    }
}

/// Pairs of resources are wanted in both orders at once. Exactly one gets the pair, the others are told that it is
/// taken, nobody waits for each other for good, and no half is left.
pub async fn pairs_of_resources_race_to_one_winner(servers: &[Stores]) {
    let stores = &servers[0];
    for _ in 0..ROUNDS * 2 {
        let account = new_account(stores).await;
        let customer = new_customer(stores, account).await;
        let ids = resources(stores, account, 3).await;
        let outcomes = race(servers, |racer, stores| {
            let mut here = vec![ids[0], ids[1]];
            if racer % 4 < 2 {
                here.reverse();
            }
            if racer % 8 < 3 {
                here.push(ids[2]);
            }
            let start = i64::try_from(racer).unwrap();
            let kind = [OccupancyKind::Appointment, OccupancyKind::Hold][racer / 8 % 2];
            let one = Occupier::new(kind, &customer, booking(slot(start, 100), (0, 0), &here));
            async move { one.put(&stores, account).await.then_some(here) }
        })
        .await;
        let won: Vec<_> = outcomes.into_iter().flatten().collect();
        assert_eq!(won.len(), 1, "one of {RACERS} gets the pair: {won:?} did");
        for id in ids {
            let read = busy(stores, account, &[Some(id)], (-100, 1000)).await;
            assert_eq!(
                read.len(),
                usize::from(won[0].contains(&id)),
                "the winner has all of its resources, and nobody has half"
            );
        }
    }
}

/// Notes so long that the row is written anew elsewhere.
fn long_notes(seed: usize) -> Notes {
    let letters = (0..1900)
        .map(|nth| char::from(b'!' + u8::try_from((nth * nth * 7 + nth * seed + seed) % 90).unwrap()));
    Notes::new(letters.collect::<String>()).unwrap()
}

/// Bookings of several resources are moved onto each other and into other resources, while some are edited, some
/// cancelled, and others booked. Each call succeeds or is told what it lost to; nothing overlaps, and every appointment
/// that occupies has all of its resources.
pub async fn moves_of_several_resources_meet_all_others(servers: &[Stores]) {
    let stores = &servers[0];
    for round in 0..ROUNDS * 2 {
        let account = new_account(stores).await;
        let customer = new_customer(stores, account).await;
        let ids = resources(stores, account, 4).await;
        let pair = |nth: usize| {
            let mut pair = vec![ids[nth % 4], ids[(nth + 1 + nth / 4 % 3) % 4]];
            if nth % 8 >= 4 {
                pair.reverse();
            }
            pair
        };
        let mut booked = Vec::new();
        for nth in 0..RACERS / 2 {
            let start = i64::try_from(nth).unwrap() * 20;
            let new = appointment_of(&customer, booking(slot(start, 20), (0, 0), &pair(nth)));
            book(stores, account, &new).await.unwrap();
            booked.push(new);
        }
        let outcomes = race(servers, |racer, stores| {
            let nth = racer / 2;
            let present = booked[nth].clone();
            // Everybody wants to be where one of the first eight is.
            let target = booked[(nth * 5 + round) % 8].booking.slot;
            let customer = customer.clone();
            let here = pair(nth + 3);
            async move {
                let next = match racer % 8 {
                    0 | 5 => with_resources(&moved(&present, target), &here),
                    1 | 6 => moved(&present, target),
                    2 => present
                        .edited(
                            AppointmentEdit {
                                notes: Some(Some(long_notes(racer))),
                                ..AppointmentEdit::default()
                            },
                            at(DUE),
                        )
                        .unwrap(),
                    3 => present.cancelled(at(DUE)).unwrap(),
                    4 => with_resources(&present, &here),
                    _ => {
                        let new = appointment_of(&customer, booking(target, (0, 0), &here));
                        return (book(&stores, account, &new).await, false);
                    }
                };
                // Two edits in one, so its version is set by hand.
                let next = Appointment {
                    version: present.version.next(),
                    ..next
                };
                let unmoved = next == present || !next.is_elsewhere_than(&present);
                (update(&stores, account, &next).await, unmoved)
            }
        })
        .await;
        for (outcome, unmoved) in outcomes {
            match outcome {
                Ok(()) | Err(Failure::Refused(AppointmentRefusal::VersionMismatch)) => {}
                Err(Failure::Refused(AppointmentRefusal::SlotTaken)) if !unmoved => {}
                other => panic!("whoever stays is in nobody's way, and nobody waits for good: {other:?}"),
            }
        }
        let page = stores
            .scheduling
            .appointments
            .list(account, &AppointmentFilter::default(), first_page(500))
            .await
            .unwrap();
        let occupying: Vec<_> = page.items.iter().filter(|one| one.status.occupies()).collect();
        for (nth, one) in occupying.iter().enumerate() {
            for other in &occupying[nth + 1..] {
                assert!(
                    !one.booking.occupancy().overlaps(&other.booking.occupancy()),
                    "{one:?} overlaps {other:?}"
                );
            }
        }
        for id in &ids {
            let mut expected: Vec<_> = occupying
                .iter()
                .filter(|one| one.booking.resources.contains(id))
                .map(|one| one.booking.occupancy().interval)
                .collect();
            expected.sort();
            let read = busy(stores, account, &[Some(*id)], (-1000, 5000)).await;
            let read: Vec<_> = read.iter().map(|busy| busy.interval).collect();
            assert_eq!(
                read, expected,
                "every appointment has all of its resources, and nothing else"
            );
        }
    }
}

/// Bookings that bring a new customer race with those of others for one slot, and with each other for the address.
pub async fn bookings_with_customers_race_to_one_winner(servers: &[Stores]) {
    let stores = &servers[0];
    for _ in 0..ROUNDS {
        let account = new_account(stores).await;
        let present = new_customer(stores, account).await;
        let ids = resources(stores, account, 2).await;
        let outcomes = race(servers, |racer, stores| {
            let new = customer_with_email(&format!("c{}@example.com", racer % 8));
            let (customer, write) = match racer / 2 % 3 {
                0 => (new.clone(), Some(CustomerWrite::Insert(new))),
                1 => {
                    let next = Customer {
                        updated_at: at(MADE),
                        ..renamed(&present, &format!("Noa {racer}"))
                    };
                    (next.clone(), Some(CustomerWrite::Update(next)))
                }
                _ => (present.clone(), None),
            };
            let start = i64::try_from(racer).unwrap();
            let here = [&ids[..], &ids[1..]][racer / 2 % 2];
            let new = appointment_of(&customer, booking(slot(start, 100), (0, 0), here));
            async move {
                let appointments = &stores.scheduling.appointments;
                let outcome = appointments.book(account, &new, write, Commit::default()).await;
                outcome.map(|()| (new, customer))
            }
        })
        .await;
        assert_winners!(
            outcomes,
            1,
            Failure::Refused(AppointmentRefusal::SlotTaken | AppointmentRefusal::CustomerChanged)
        );
        let (winner, customer) = outcomes.into_iter().find_map(Result::ok).unwrap();
        let kept = read(stores, account, &winner).await.unwrap();
        assert_eq!(kept.id, winner.id, "the winner's state is kept");
        let page = stores
            .crm
            .customers
            .list(
                account,
                &chatgrow_ports::CustomerFilter::default(),
                first_page(500),
            )
            .await
            .unwrap();
        let mut expected = vec![present.clone(), customer];
        expected.sort_by_key(|customer| (customer.id, std::cmp::Reverse(customer.version)));
        expected.dedup_by_key(|customer| customer.id);
        let mut customers = page.items;
        customers.sort_by_key(|customer| customer.id);
        assert_eq!(customers, expected, "the losers' customers are as they were");
    }
}
