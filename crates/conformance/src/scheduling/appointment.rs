//! Cases for appointments.

use crate::{
    RACERS, ROUNDS, at, at_once,
    delivery::{Shape, assert_same, read_on},
    drop_after, earliest, ends_of_the_calendar, first_page, fresh_id, latest, longest, new_account,
    new_customer, poll_counts, race, walk,
};
use chatgrow_domain::{
    AccountId, Appointment, AppointmentEdit, AppointmentId, AppointmentRefusal, AppointmentStatus, Booking,
    Customer, CustomerEdit, CustomerName, Duration, EmailKey, LocalMinute, NewAppointment, Notes, PageLimit,
    ServiceType, TimeSlot, Version,
};
use chatgrow_ports::{
    AppointmentFilter, ChangePosition, Commit, Failure, PageRequest, StartPosition, StoreError, Stores,
};
use std::collections::HashSet;

/// 2025-12-25 00:00, in minutes since 1970-01-01.
const DAY: i64 = 20_447 * 1440;

pub(crate) fn slot(start: i64, minutes: i64) -> TimeSlot {
    TimeSlot {
        start: LocalMinute::from_minutes(DAY + start).unwrap(),
        duration: Duration::from_minutes(minutes).unwrap(),
    }
}

pub(crate) fn appointment(customer: &Customer, slot: TimeSlot) -> Appointment {
    let new = NewAppointment {
        booking: Booking::plain(slot, ServiceType::Consultation),
        notes: None,
    };
    Appointment::new(
        AppointmentId::new(fresh_id()),
        customer,
        new,
        at(1_763_893_800_123),
    )
}

async fn book(
    stores: &Stores,
    account: AccountId,
    customer: &Customer,
    slot: TimeSlot,
) -> Result<Appointment, Failure<AppointmentRefusal>> {
    let appointment = appointment(customer, slot);
    stores
        .scheduling
        .appointments
        .book(account, &appointment, None, Commit::default())
        .await
        .map(|()| appointment)
}

pub(crate) fn moved(appointment: &Appointment, slot: TimeSlot) -> Appointment {
    let start = slot.start.to_date_time();
    let edit = AppointmentEdit {
        date: Some(start.date()),
        time: Some(start.time()),
        duration: Some(slot.duration),
        ..AppointmentEdit::default()
    };
    appointment.edited(edit, at(1_763_893_900_000)).unwrap()
}

async fn all(stores: &Stores, account: AccountId) -> Vec<Appointment> {
    stores
        .scheduling
        .appointments
        .list(account, &AppointmentFilter::default(), first_page(500))
        .await
        .unwrap()
        .items
}

fn assert_nothing_overlaps(appointments: &[Appointment]) {
    let confirmed: Vec<_> = appointments.iter().filter(|a| a.status.occupies()).collect();
    for (index, one) in confirmed.iter().enumerate() {
        for other in &confirmed[index + 1..] {
            assert!(
                !one.booking.occupancy().overlaps(&other.booking.occupancy()),
                "{one:?} overlaps {other:?}"
            );
        }
    }
}

/// Every field is read back unchanged, at both ends of the calendar and with the shortest and longest values.
pub async fn appointment_round_trips(stores: &Stores) {
    let account = new_account(stores).await;
    let customer = new_customer(stores, account).await;
    let (first, last) = ends_of_the_calendar();
    let texts = [
        longest(Notes::MAX_CHARS),
        "תור ראשון\n🎉".to_owned(),
        "\u{1}\t\r\n.".to_owned(),
    ];
    let mut starts: Vec<_> = (0..4).map(|day| slot(870 + day * 1440, 60).start).collect();
    starts.extend([first, last]);
    let mut expected = Vec::new();
    for (index, start) in starts.into_iter().enumerate() {
        let slot = TimeSlot {
            start,
            duration: Duration::from_minutes([1, 60, 1440][index % 3]).unwrap(),
        };
        let booked = Appointment {
            booking: Booking::plain(slot, *ServiceType::ALL.iter().cycle().nth(index).unwrap()),
            notes: texts.get(index).map(|text| Notes::new(text.as_str()).unwrap()),
            created_at: [earliest(), at(0), latest()][index % 3],
            updated_at: [latest(), at(-1), earliest()][index % 3],
            version: Version::new([1, i64::MAX - 1][index % 2]).unwrap(),
            ..appointment(&customer, slot)
        };
        stores
            .scheduling
            .appointments
            .book(account, &booked, None, Commit::default())
            .await
            .unwrap();
        assert_eq!(
            stores
                .scheduling
                .appointments
                .by_id(account, booked.id)
                .await
                .unwrap(),
            Some(booked.clone()),
            "what was written is read back as it was, and what is not there is absent"
        );
        let edit = AppointmentEdit {
            service_type: Some(ServiceType::Workshop),
            notes: Some(
                texts
                    .get(5 - index)
                    .map(|text| Notes::new(text.as_str()).unwrap()),
            ),
            ..AppointmentEdit::default()
        };
        let edited = booked.edited(edit, latest()).unwrap();
        assert_ne!(
            edited, booked,
            "what was written is read back as it was, and what is not there is absent"
        );
        stores
            .scheduling
            .appointments
            .update(account, &edited, Commit::default())
            .await
            .unwrap();
        expected.push(edited);
    }
    expected.sort_by_key(|appointment| (appointment.booking.slot.start, appointment.id));
    assert_eq!(
        all(stores, account).await,
        expected,
        "what was written is read back as it was, and what is not there is absent"
    );
    let whole_calendar = AppointmentFilter {
        from: Some(first),
        before: Some(last),
        ..AppointmentFilter::default()
    };
    let page = stores
        .scheduling
        .appointments
        .list(account, &whole_calendar, first_page(500))
        .await
        .unwrap();
    assert_eq!(
        page.items,
        expected[..5],
        "what starts in the last minute is not before it"
    );
    assert_eq!(
        stores
            .scheduling
            .appointments
            .by_id(account, AppointmentId::new(fresh_id()))
            .await
            .unwrap(),
        None,
        "what was written is read back as it was, and what is not there is absent"
    );
}

/// An appointment shows its customer in the present state.
pub async fn appointment_shows_the_customer_as_it_is_now(stores: &Stores) {
    let account = new_account(stores).await;
    let customer = new_customer(stores, account).await;
    let booked = book(stores, account, &customer, slot(0, 60)).await.unwrap();
    let name = CustomerName::new("Dana").unwrap();
    let renamed = customer.edited(
        CustomerEdit {
            name: Some(name),
            ..CustomerEdit::default()
        },
        at(5),
    );
    stores
        .crm
        .customers
        .update(account, &renamed, Commit::default())
        .await
        .unwrap();
    let read = stores
        .scheduling
        .appointments
        .by_id(account, booked.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        read,
        Appointment {
            customer: renamed.summary(),
            ..booked
        },
        "what was changed is read back as it is now"
    );
}

/// Slots that touch don't conflict. Slots that share one minute do.
pub async fn appointments_touch_but_do_not_overlap(stores: &Stores) {
    let account = new_account(stores).await;
    let customer = new_customer(stores, account).await;
    book(stores, account, &customer, slot(60, 60)).await.unwrap();
    for taken in [
        slot(60, 60),
        slot(0, 61),
        slot(119, 1),
        slot(90, 5),
        slot(0, 1440),
    ] {
        let outcome = book(stores, account, &customer, taken).await;
        assert_refused!(
            outcome,
            Failure::Refused(AppointmentRefusal::SlotTaken),
            "{taken:?} shares a minute with a confirmed appointment"
        );
    }
    for free in [slot(0, 60), slot(120, 1)] {
        book(stores, account, &customer, free).await.unwrap();
    }
}

/// The longest appointment runs into the next day and occupies its slot there.
pub async fn appointment_may_run_past_midnight(stores: &Stores) {
    let account = new_account(stores).await;
    let customer = new_customer(stores, account).await;
    book(stores, account, &customer, slot(1439, 1440)).await.unwrap();
    let last_minute = book(stores, account, &customer, slot(1439 + 1439, 1)).await;
    assert_refused!(
        last_minute,
        Failure::Refused(AppointmentRefusal::SlotTaken),
        "the last minute of the appointment that runs past midnight is taken"
    );
    book(stores, account, &customer, slot(1439 + 1440, 1))
        .await
        .unwrap();
}

/// A cancelled appointment can still be read, and its slot is free at once.
pub async fn appointment_frees_its_slot_when_cancelled(stores: &Stores) {
    let account = new_account(stores).await;
    let customer = new_customer(stores, account).await;
    let booked = book(stores, account, &customer, slot(0, 60)).await.unwrap();
    let cancelled = booked.cancelled(at(1_763_893_900_000)).unwrap();
    stores
        .scheduling
        .appointments
        .update(account, &cancelled, Commit::default())
        .await
        .unwrap();
    assert_eq!(
        stores
            .scheduling
            .appointments
            .by_id(account, booked.id)
            .await
            .unwrap(),
        Some(cancelled),
        "what was changed is read back as it is now"
    );
    book(stores, account, &customer, slot(30, 60)).await.unwrap();
}

/// Of many concurrent bookings that all overlap exactly one succeeds.
pub async fn appointment_races_have_one_winner(servers: &[Stores]) {
    let stores = &servers[0];
    let account = new_account(stores).await;
    let customer = new_customer(stores, account).await;
    let outcomes = race(servers, |racer, stores| {
        let (customer, start) = (customer.clone(), i64::try_from(racer).unwrap());
        async move { book(&stores, account, &customer, slot(start, 100)).await }
    })
    .await;
    assert_winners!(outcomes, 1, Failure::Refused(AppointmentRefusal::SlotTaken));
    let winner = outcomes.into_iter().find_map(Result::ok).unwrap();
    assert_eq!(
        all(stores, account).await,
        [winner],
        "the winner's state is kept, and nothing else"
    );
}

/// Books one appointment per racer, away from the slots that are raced for.
async fn book_apart(stores: &Stores, account: AccountId) -> Vec<Appointment> {
    let customer = new_customer(stores, account).await;
    let mut booked = Vec::new();
    for racer in 0..RACERS {
        let slot = slot(i64::try_from(racer).unwrap() * 10, 10);
        booked.push(book(stores, account, &customer, slot).await.unwrap());
    }
    booked
}

/// Of many appointments that are moved onto one slot at once exactly one gets it.
pub async fn appointment_moves_race_to_one_winner(servers: &[Stores]) {
    let stores = &servers[0];
    let account = new_account(stores).await;
    let booked = book_apart(stores, account).await;
    let outcomes = race(servers, |racer, stores| {
        let moved = moved(&booked[racer], slot(5000, 30));
        async move {
            stores
                .scheduling
                .appointments
                .update(account, &moved, Commit::default())
                .await
        }
    })
    .await;
    assert_winners!(outcomes, 1, Failure::Refused(AppointmentRefusal::SlotTaken));
    let kept = all(stores, account).await;
    assert_eq!(kept.len(), RACERS, "the winner's state is kept, and nothing else");
    assert_nothing_overlaps(&kept);
}

/// If appointments are moved onto a slot while others are booked in it, exactly one gets it.
pub async fn appointment_bookings_and_moves_race_to_one_winner(servers: &[Stores]) {
    let stores = &servers[0];
    for _ in 0..ROUNDS {
        let account = new_account(stores).await;
        let booked = book_apart(stores, account).await;
        let customer = new_customer(stores, account).await;
        let outcomes = race(servers, |racer, stores| {
            let slot = slot(5000 + i64::try_from(racer).unwrap(), 100);
            let (customer, moved) = (customer.clone(), moved(&booked[racer], slot));
            async move {
                // Both calls are made on each server.
                if racer % 4 < 2 {
                    stores
                        .scheduling
                        .appointments
                        .update(account, &moved, Commit::default())
                        .await
                } else {
                    book(&stores, account, &customer, slot).await.map(drop)
                }
            }
        })
        .await;
        assert_winners!(outcomes, 1, Failure::Refused(AppointmentRefusal::SlotTaken));
        assert_nothing_overlaps(&all(stores, account).await);
    }
}

/// If two appointments want each other's slot at once, both are told that it is taken.
pub async fn appointments_do_not_swap_slots(servers: &[Stores]) {
    let stores = &servers[0];
    let account = new_account(stores).await;
    let customer = new_customer(stores, account).await;
    let first = book(stores, account, &customer, slot(0, 60)).await.unwrap();
    let second = book(stores, account, &customer, slot(60, 60)).await.unwrap();
    let swapped = [
        moved(&first, second.booking.slot),
        moved(&second, first.booking.slot),
    ];
    for _ in 0..ROUNDS {
        let outcomes = race(servers, |racer, stores| {
            // Both appointments are moved on each server.
            let next = swapped[racer / 2 % 2].clone();
            async move {
                stores
                    .scheduling
                    .appointments
                    .update(account, &next, Commit::default())
                    .await
            }
        })
        .await;
        assert_winners!(outcomes, 0, Failure::Refused(AppointmentRefusal::SlotTaken));
    }
    assert_eq!(
        all(stores, account).await,
        [first, second],
        "the winner's state is kept, and nothing else"
    );
}

/// Of many concurrent updates of one version (moves and cancellations) exactly one succeeds.
pub async fn appointment_updates_race_to_one_winner(servers: &[Stores]) {
    let stores = &servers[0];
    let account = new_account(stores).await;
    let customer = new_customer(stores, account).await;
    let booked = book(stores, account, &customer, slot(0, 60)).await.unwrap();
    let outcomes = race(servers, |racer, stores| {
        let next = match racer % 4 {
            0 | 1 => moved(&booked, slot(30 + i64::try_from(racer).unwrap(), 60)),
            _ => booked.cancelled(at(1_763_893_900_000)).unwrap(),
        };
        async move {
            stores
                .scheduling
                .appointments
                .update(account, &next, Commit::default())
                .await
                .map(|()| next)
        }
    })
    .await;
    assert_winners!(outcomes, 1, Failure::Refused(AppointmentRefusal::VersionMismatch));
    let winner = outcomes.into_iter().find_map(Result::ok).unwrap();
    assert_eq!(
        all(stores, account).await,
        [winner],
        "the winner's state is kept, and nothing else"
    );
}

/// An appointment can be moved by less than its own length.
pub async fn appointment_never_conflicts_with_itself(stores: &Stores) {
    let account = new_account(stores).await;
    let customer = new_customer(stores, account).await;
    let booked = book(stores, account, &customer, slot(0, 60)).await.unwrap();
    let moved = moved(&booked, slot(30, 60));
    stores
        .scheduling
        .appointments
        .update(account, &moved, Commit::default())
        .await
        .unwrap();
    assert_eq!(
        stores
            .scheduling
            .appointments
            .by_id(account, booked.id)
            .await
            .unwrap(),
        Some(moved),
        "what was changed is read back as it is now"
    );
}

/// A refused move changes nothing.
pub async fn appointment_is_not_moved_onto_another(stores: &Stores) {
    let account = new_account(stores).await;
    let customer = new_customer(stores, account).await;
    let booked = book(stores, account, &customer, slot(0, 60)).await.unwrap();
    book(stores, account, &customer, slot(60, 60)).await.unwrap();
    let outcome = stores
        .scheduling
        .appointments
        .update(account, &moved(&booked, slot(1, 60)), Commit::default())
        .await;
    assert_refused!(
        outcome,
        Failure::Refused(AppointmentRefusal::SlotTaken),
        "another confirmed appointment has the slot"
    );
    assert_eq!(
        stores
            .scheduling
            .appointments
            .by_id(account, booked.id)
            .await
            .unwrap(),
        Some(booked),
        "a refused update changes nothing, and an accepted one is kept"
    );
}

/// An update replaces only the version before it.
pub async fn appointment_is_updated_from_the_version_before_only(stores: &Stores) {
    let account = new_account(stores).await;
    let customer = new_customer(stores, account).await;
    let first = book(stores, account, &customer, slot(0, 60)).await.unwrap();
    let second = moved(&first, slot(60, 60));
    stores
        .scheduling
        .appointments
        .update(account, &second, Commit::default())
        .await
        .unwrap();
    for stale in [
        moved(&first, slot(300, 60)),
        second.clone(),
        appointment(&customer, slot(300, 60)),
    ] {
        let outcome = stores
            .scheduling
            .appointments
            .update(account, &stale, Commit::default())
            .await;
        assert_refused!(
            outcome,
            Failure::Refused(AppointmentRefusal::VersionMismatch),
            "it is not the version after the stored one"
        );
    }
    assert_eq!(
        all(stores, account).await,
        [second],
        "an update replaces the version before it and no other, and a refused one changes nothing"
    );
}

/// A stale update is reported as stale even if its slot is taken, because a caller that reads again may want another
/// one.
pub async fn a_stale_appointment_is_told_first(stores: &Stores) {
    let account = new_account(stores).await;
    let customer = new_customer(stores, account).await;
    let first = book(stores, account, &customer, slot(0, 60)).await.unwrap();
    let other = book(stores, account, &customer, slot(300, 60)).await.unwrap();
    let present = moved(&first, slot(60, 60));
    let update = stores
        .scheduling
        .appointments
        .update(account, &present, Commit::default());
    update.await.unwrap();
    let stale = moved(&first, other.booking.slot);
    let unknown = Appointment {
        version: stale.version,
        ..appointment(&customer, other.booking.slot)
    };
    for (next, what) in [
        (stale, "the version is not the next one"),
        (unknown, "there is no such appointment"),
    ] {
        let outcome = stores
            .scheduling
            .appointments
            .update(account, &next, Commit::default())
            .await;
        assert_refused!(
            outcome,
            Failure::Refused(AppointmentRefusal::VersionMismatch),
            "{what}, which comes before the slot that is taken"
        );
    }
    assert_eq!(
        all(stores, account).await,
        [present, other],
        "a refused update changes nothing"
    );
}

/// Each account has its own schedule. No method sees or changes another account's, or gives a customer of another
/// account an appointment.
pub async fn appointments_of_accounts_are_apart(stores: &Stores) {
    let (account, other) = (new_account(stores).await, new_account(stores).await);
    let customer = new_customer(stores, account).await;
    let others_customer = new_customer(stores, other).await;
    let mine = book(stores, account, &customer, slot(0, 60)).await.unwrap();
    let theirs = book(stores, other, &others_customer, slot(0, 60)).await.unwrap();
    assert_eq!(
        stores
            .scheduling
            .appointments
            .by_id(other, mine.id)
            .await
            .unwrap(),
        None,
        "no account sees or changes what another one has"
    );

    for foreign in [mine.cancelled(at(5)).unwrap(), moved(&mine, slot(600, 60))] {
        let outcome = stores
            .scheduling
            .appointments
            .update(other, &foreign, Commit::default())
            .await;
        assert_refused!(
            outcome,
            Failure::Refused(AppointmentRefusal::VersionMismatch),
            "the account has no such appointment: it is another account's"
        );
    }
    let nobody = AccountId::new(fresh_id());
    for (account, customer) in [
        (other, &customer),
        (account, &others_customer),
        (nobody, &customer),
    ] {
        let foreign_customer = book(stores, account, customer, slot(600, 60)).await;
        assert_refused!(
            foreign_customer,
            Failure::Store(StoreError::Failed(_)),
            "the customer is not one of the account, which is a defect of the caller"
        );
    }
    let given_away = Appointment {
        customer: others_customer.summary(),
        ..moved(&mine, slot(600, 60))
    };
    let outcome = stores
        .scheduling
        .appointments
        .update(account, &given_away, Commit::default())
        .await;
    assert_refused!(
        outcome,
        Failure::Store(StoreError::Failed(_)),
        "an appointment stays with a customer of its account"
    );

    assert_listed_apart(
        stores,
        (account, customer, mine),
        (other, others_customer, theirs),
    )
    .await;
}

/// Asserts that refused calls have left nothing behind, and that each account lists only its own appointment, with any
/// filter and position.
async fn assert_listed_apart(
    stores: &Stores,
    (account, customer, mine): (AccountId, Customer, Appointment),
    (other, others_customer, theirs): (AccountId, Customer, Appointment),
) {
    let nobody = AccountId::new(fresh_id());
    let list = async |account, customer: Option<EmailKey>, after| {
        let filter = AppointmentFilter {
            customer,
            from: Some(mine.booking.slot.start),
            status: Some(AppointmentStatus::Confirmed),
            ..AppointmentFilter::default()
        };
        let page = PageRequest {
            limit: PageLimit::DEFAULT,
            after,
        };
        stores
            .scheduling
            .appointments
            .list(account, &filter, page)
            .await
            .unwrap()
            .items
    };
    let after = |appointment: &Appointment| {
        Some(StartPosition {
            start: appointment.booking.slot.start,
            id: appointment.id,
        })
    };
    let (my_email, their_email) = (customer.email.key(), others_customer.email.key());
    assert_eq!(
        all(stores, nobody).await,
        [],
        "no account sees or changes what another one has"
    );
    for (account, kept, email, foreign_email) in [
        (account, &mine, &my_email, &their_email),
        (other, &theirs, &their_email, &my_email),
    ] {
        assert_eq!(
            all(stores, account).await,
            std::slice::from_ref(kept),
            "no account sees or changes what another one has"
        );
        assert_eq!(
            list(account, Some(email.clone()), None).await,
            std::slice::from_ref(kept),
            "no account sees or changes what another one has"
        );
        assert_eq!(
            list(account, Some(foreign_email.clone()), None).await,
            [],
            "no account sees or changes what another one has"
        );
        assert_eq!(
            list(account, None, after(kept)).await,
            [],
            "no account sees or changes what another one has"
        );
    }
    assert_eq!(
        list(other, None, after(&mine)).await,
        [theirs],
        "no account sees or changes what another one has"
    );
    assert_eq!(
        list(
            account,
            None,
            after(&book(stores, other, &others_customer, slot(60, 1)).await.unwrap())
        )
        .await,
        [],
        "no account sees or changes what another one has"
    );
    book(stores, account, &customer, slot(600, 60)).await.unwrap();
}

/// Each filter selects what it says, alone and combined.
pub async fn appointments_are_filtered(stores: &Stores) {
    let account = new_account(stores).await;
    let (dana, noa) = (
        new_customer(stores, account).await,
        new_customer(stores, account).await,
    );
    let first = book(stores, account, &dana, slot(0, 60)).await.unwrap();
    let second = book(stores, account, &noa, slot(1439, 60)).await.unwrap();
    let third = book(stores, account, &dana, slot(1440 * 2, 60)).await.unwrap();
    let cancelled = third.cancelled(at(5)).unwrap();
    stores
        .scheduling
        .appointments
        .update(account, &cancelled, Commit::default())
        .await
        .unwrap();

    let minute = |minutes| Some(slot(minutes, 1).start);
    let any = AppointmentFilter::default();
    for (filter, expected) in [
        (any.clone(), vec![&first, &second, &cancelled]),
        (
            AppointmentFilter {
                from: minute(1),
                ..any.clone()
            },
            vec![&second, &cancelled],
        ),
        (
            AppointmentFilter {
                from: minute(0),
                before: minute(1439),
                ..any.clone()
            },
            vec![&first],
        ),
        (
            AppointmentFilter {
                status: Some(AppointmentStatus::Cancelled),
                ..any.clone()
            },
            vec![&cancelled],
        ),
        (
            AppointmentFilter {
                customer: Some(dana.email.key()),
                ..any.clone()
            },
            vec![&first, &cancelled],
        ),
        (
            AppointmentFilter {
                customer: Some(dana.email.key()),
                status: Some(AppointmentStatus::Confirmed),
                before: minute(1440),
                ..any.clone()
            },
            vec![&first],
        ),
        (
            AppointmentFilter {
                updated_since: Some(second.updated_at),
                ..any.clone()
            },
            vec![&first, &second],
        ),
        (
            AppointmentFilter {
                updated_since: Some(at(second.updated_at.as_millis() + 1)),
                ..any.clone()
            },
            vec![],
        ),
        (
            AppointmentFilter {
                updated_since: Some(cancelled.updated_at),
                status: Some(AppointmentStatus::Cancelled),
                ..any.clone()
            },
            vec![&cancelled],
        ),
    ] {
        let page = stores
            .scheduling
            .appointments
            .list(account, &filter, first_page(50))
            .await
            .unwrap();
        assert_eq!(page.items.iter().collect::<Vec<_>>(), expected, "{filter:?}");
    }
}

/// Appointments are listed by start, then by id. Each that existed at the start is listed once, whatever is booked
/// meanwhile.
pub async fn appointment_pages_are_stable_under_inserts(stores: &Stores) {
    let account = new_account(stores).await;
    let customer = new_customer(stores, account).await;
    for index in [5, 3, 8, 1, 9] {
        let booked = book(stores, account, &customer, slot(index * 10, 1))
            .await
            .unwrap();
        // Makes equal starts: a cancelled appointment shares its slot.
        stores
            .scheduling
            .appointments
            .update(account, &booked.cancelled(at(5)).unwrap(), Commit::default())
            .await
            .unwrap();
        book(stores, account, &customer, slot(index * 10, 1))
            .await
            .unwrap();
    }
    let before: Vec<_> = all(stores, account)
        .await
        .iter()
        .map(|appointment| appointment.id)
        .collect();
    let any = AppointmentFilter::default();
    let list = |page: PageRequest<StartPosition<AppointmentId>>| {
        stores.scheduling.appointments.list(account, &any, page)
    };
    let whole = walk(before.len().try_into().unwrap(), list, async || {
        panic!("a full last page is the last")
    })
    .await;
    assert_eq!(whole.len(), before.len(), "one page holds them all");
    let seen = walk(3, list, async || {
        let count = i64::try_from(all(stores, account).await.len()).unwrap();
        if count < 14 {
            book(stores, account, &customer, slot(count * 7 + 201, 1))
                .await
                .unwrap();
            book(stores, account, &customer, slot(-count, 1)).await.unwrap();
        }
    })
    .await;
    let positions: Vec<_> = seen
        .iter()
        .map(|appointment| (appointment.booking.slot.start, appointment.id))
        .collect();
    assert!(positions.is_sorted());
    assert_eq!(positions.iter().collect::<HashSet<_>>().len(), positions.len());
    assert!(
        before
            .iter()
            .all(|id| positions.iter().any(|(_, seen)| seen == id))
    );
}

/// If clients disconnect at arbitrary moments, each booking is stored completely or not at all, and the store goes on
/// working.
pub async fn dropped_bookings_leave_all_or_nothing(stores: &Stores) {
    let account = new_account(stores).await;
    let customer = new_customer(stores, account).await;
    let tasks: Vec<_> = (0..RACERS * 2)
        .map(|index| {
            let (stores, customer) = (stores.clone(), customer.clone());
            let start = i64::try_from(index / 2).unwrap();
            tokio::spawn(async move { book(&stores, account, &customer, slot(start * 10, 15)).await })
        })
        .collect();
    for (index, task) in tasks.iter().enumerate() {
        if index % 3 != 0 {
            tokio::task::yield_now().await;
            task.abort();
        }
    }
    for task in tasks {
        // A call may have succeeded before it was aborted.
        let _ = task.await;
    }
    let late = book(stores, account, &customer, slot(100_000, 1)).await.unwrap();
    let kept = all(stores, account).await;
    assert_nothing_overlaps(&kept);
    assert!(kept.contains(&late));
}

/// A booking whose call is dropped after any number of polls is stored completely, with its changes, or not at all, and
/// blocks nobody.
pub async fn booking_dropped_after_any_poll_is_all_or_nothing(stores: &Stores) {
    let appointments = &stores.scheduling.appointments;
    for shape in Shape::ALL {
        let account = new_account(stores).await;
        let customer = new_customer(stores, account).await;
        let mut place = ChangePosition::START;
        for (day, polls) in poll_counts().enumerate() {
            let slot = slot(i64::try_from(day).unwrap() * 1440, 60);
            let (dropped, rival) = (appointment(&customer, slot), appointment(&customer, slot));
            let (of_dropped, of_rival) = (shape.commit(account), shape.commit(account));
            let call = appointments.book(account, &dropped, None, of_dropped.clone());
            let outcome = drop_after(polls, call).await;
            let call = appointments.book(account, &rival, None, of_rival.clone());
            let taken = match at_once(call).await {
                Ok(()) => false,
                Err(Failure::Refused(AppointmentRefusal::SlotTaken)) => true,
                Err(error) => panic!("after {polls} polls: {error:?}"),
            };
            let (kept, commit) = if taken {
                (dropped, of_dropped)
            } else {
                (rival, of_rival)
            };
            let filter = AppointmentFilter {
                from: Some(slot.start),
                ..AppointmentFilter::default()
            };
            let page = appointments.list(account, &filter, first_page(2)).await;
            assert_eq!(page.unwrap().items, [kept], "after {polls} polls");
            let found = read_on(stores, account, &mut place).await;
            let why = format!(
                "the changes are those of the booking that was stored, {shape:?}, after {polls} polls"
            );
            assert_same(&found, &commit.changes, &why);
            if let Some(outcome) = outcome {
                outcome.unwrap();
                assert!(taken);
                break;
            }
        }
    }
}

/// A move whose call is dropped after any number of polls has happened completely or not at all, and blocks nobody.
pub async fn move_dropped_after_any_poll_is_all_or_nothing(stores: &Stores) {
    let account = new_account(stores).await;
    let customer = new_customer(stores, account).await;
    for (day, polls) in poll_counts().enumerate() {
        let (from, to) = (
            i64::try_from(day).unwrap() * 1440,
            i64::try_from(day).unwrap() * 1440 + 100,
        );
        let before = book(stores, account, &customer, slot(from, 60)).await.unwrap();
        let after = moved(&before, slot(to, 60));
        let rival = appointment(&customer, after.booking.slot);
        let outcome = drop_after(
            polls,
            stores
                .scheduling
                .appointments
                .update(account, &after, Commit::default()),
        )
        .await;
        let taken = match at_once(stores.scheduling.appointments.book(
            account,
            &rival,
            None,
            Commit::default(),
        ))
        .await
        {
            Ok(()) => false,
            Err(Failure::Refused(AppointmentRefusal::SlotTaken)) => true,
            Err(error) => panic!("after {polls} polls: {error:?}"),
        };
        let expected = if taken { after } else { before };
        let kept = stores
            .scheduling
            .appointments
            .by_id(account, expected.id)
            .await
            .unwrap();
        assert_eq!(kept, Some(expected.clone()), "after {polls} polls");
        at_once(stores.scheduling.appointments.update(
            account,
            &expected.cancelled(at(5)).unwrap(),
            Commit::default(),
        ))
        .await
        .unwrap();
        // The slot that the appointment doesn't occupy is free.
        let free = slot(if taken { to } else { from }, 60);
        at_once(book(stores, account, &customer, free)).await.unwrap();
        if let Some(outcome) = outcome {
            outcome.unwrap();
            assert!(taken);
            return;
        }
    }
}
