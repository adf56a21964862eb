use super::{RACERS, at, first_page, fresh_id, new_account, new_customer, race, walk};
use crate::{AppointmentFilter, BookError, PageRequest, StartPosition, Stores, UpdateAppointmentError};
use chatgrow_domain::{
    AccountId, Appointment, AppointmentEdit, AppointmentId, AppointmentStatus, Customer, CustomerEdit,
    CustomerName, Duration, LocalMinute, NewAppointment, Notes, ServiceType, TimeSlot, parse_date,
    parse_time,
};
use std::collections::HashSet;

/// 2025-12-25 00:00 as minutes.
const DAY: i64 = 20_447 * 1440;

fn slot(start: i64, minutes: i64) -> TimeSlot {
    TimeSlot {
        start: LocalMinute::from_minutes(DAY + start).unwrap(),
        duration: Duration::from_minutes(minutes).unwrap(),
    }
}

fn appointment(customer: &Customer, slot: TimeSlot) -> Appointment {
    let new = NewAppointment {
        slot,
        service_type: ServiceType::Consultation,
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
) -> Result<Appointment, BookError> {
    let appointment = appointment(customer, slot);
    stores
        .appointments
        .book(account, &appointment)
        .await
        .map(|()| appointment)
}

fn moved(appointment: &Appointment, slot: TimeSlot) -> Appointment {
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
        .appointments
        .list(account, &AppointmentFilter::default(), first_page(500))
        .await
        .unwrap()
        .items
}

fn assert_nothing_overlaps(appointments: &[Appointment]) {
    let confirmed: Vec<_> = appointments
        .iter()
        .filter(|a| a.status == AppointmentStatus::Confirmed)
        .collect();
    for (index, one) in confirmed.iter().enumerate() {
        for other in &confirmed[index + 1..] {
            assert!(!one.slot.overlaps(&other.slot), "{one:?} overlaps {other:?}");
        }
    }
}

/// Every field comes back as it went in, at both ends of the calendar and of the lengths.
pub async fn appointment_round_trips(stores: &Stores) {
    let account = new_account(stores).await;
    let customer = new_customer(stores, account).await;
    let minute = |date, time| LocalMinute::new(parse_date(date).unwrap(), parse_time(time).unwrap());
    let (first, last) = (minute("0001-01-01", "00:00"), minute("9999-12-31", "23:59"));
    for (service_type, start, minutes) in [
        (ServiceType::Other, first, 1),
        (ServiceType::Lesson, slot(870, 60).start, 60),
        (ServiceType::Workshop, last, 1440),
    ] {
        let slot = TimeSlot {
            start,
            duration: Duration::from_minutes(minutes).unwrap(),
        };
        let notes = Some(Notes::new("תור ראשון\n🎉").unwrap());
        let booked = Appointment {
            service_type,
            notes,
            ..appointment(&customer, slot)
        };
        stores.appointments.book(account, &booked).await.unwrap();
        assert_eq!(
            stores.appointments.by_id(account, booked.id).await.unwrap(),
            Some(booked)
        );
    }
    assert_eq!(
        stores
            .appointments
            .by_id(account, AppointmentId::new(fresh_id()))
            .await
            .unwrap(),
        None
    );
}

/// Name and address are the customer's present ones.
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
    stores.customers.update(account, &renamed).await.unwrap();
    let read = stores
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
        }
    );
}

/// Touching ends are no conflict; one shared minute is.
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
        assert!(
            matches!(outcome, Err(BookError::SlotTaken)),
            "{taken:?}: {outcome:?}"
        );
    }
    for free in [slot(0, 60), slot(120, 1)] {
        book(stores, account, &customer, free).await.unwrap();
    }
}

/// The longest appointment reaches into the next day and is found there.
pub async fn appointment_may_run_past_midnight(stores: &Stores) {
    let account = new_account(stores).await;
    let customer = new_customer(stores, account).await;
    book(stores, account, &customer, slot(1439, 1440)).await.unwrap();
    let last_minute = book(stores, account, &customer, slot(1439 + 1439, 1)).await;
    assert!(
        matches!(last_minute, Err(BookError::SlotTaken)),
        "{last_minute:?}"
    );
    book(stores, account, &customer, slot(1439 + 1440, 1))
        .await
        .unwrap();
}

/// A cancelled appointment stays readable and its slot is free at once.
pub async fn appointment_frees_its_slot_when_cancelled(stores: &Stores) {
    let account = new_account(stores).await;
    let customer = new_customer(stores, account).await;
    let booked = book(stores, account, &customer, slot(0, 60)).await.unwrap();
    let cancelled = booked.cancelled(at(1_763_893_900_000));
    stores.appointments.update(account, &cancelled).await.unwrap();
    assert_eq!(
        stores.appointments.by_id(account, booked.id).await.unwrap(),
        Some(cancelled)
    );
    book(stores, account, &customer, slot(30, 60)).await.unwrap();
}

/// Of many bookings that all overlap each other exactly one succeeds.
pub async fn appointment_races_have_one_winner(stores: &Stores) {
    let account = new_account(stores).await;
    let customer = new_customer(stores, account).await;
    let outcomes = race((0..RACERS).map(|racer| {
        let (stores, customer) = (stores.clone(), customer.clone());
        let start = i64::try_from(racer).unwrap();
        async move { book(&stores, account, &customer, slot(start, 100)).await }
    }))
    .await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert_eq!(
        outcomes
            .iter()
            .filter(|o| matches!(o, Err(BookError::SlotTaken)))
            .count(),
        RACERS - 1
    );
    assert_eq!(all(stores, account).await.len(), 1);
}

/// Many appointments that are moved onto one slot: exactly one gets it.
pub async fn appointment_moves_race_to_one_winner(stores: &Stores) {
    let account = new_account(stores).await;
    let customer = new_customer(stores, account).await;
    let mut booked = Vec::new();
    for index in 0..16 {
        booked.push(
            book(stores, account, &customer, slot(index * 10, 10))
                .await
                .unwrap(),
        );
    }
    let outcomes = race(booked.into_iter().map(|appointment| {
        let appointments = stores.appointments.clone();
        async move {
            appointments
                .update(account, &moved(&appointment, slot(5000, 30)))
                .await
        }
    }))
    .await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert_eq!(
        outcomes
            .iter()
            .filter(|o| matches!(o, Err(UpdateAppointmentError::SlotTaken)))
            .count(),
        15
    );
    assert_nothing_overlaps(&all(stores, account).await);
}

/// Moving by less than its own length is fine.
pub async fn appointment_never_conflicts_with_itself(stores: &Stores) {
    let account = new_account(stores).await;
    let customer = new_customer(stores, account).await;
    let booked = book(stores, account, &customer, slot(0, 60)).await.unwrap();
    let moved = moved(&booked, slot(30, 60));
    stores.appointments.update(account, &moved).await.unwrap();
    assert_eq!(
        stores.appointments.by_id(account, booked.id).await.unwrap(),
        Some(moved)
    );
}

/// A refused move changes nothing.
pub async fn appointment_is_not_moved_onto_another(stores: &Stores) {
    let account = new_account(stores).await;
    let customer = new_customer(stores, account).await;
    let booked = book(stores, account, &customer, slot(0, 60)).await.unwrap();
    book(stores, account, &customer, slot(60, 60)).await.unwrap();
    let outcome = stores
        .appointments
        .update(account, &moved(&booked, slot(1, 60)))
        .await;
    assert!(
        matches!(outcome, Err(UpdateAppointmentError::SlotTaken)),
        "{outcome:?}"
    );
    assert_eq!(
        stores.appointments.by_id(account, booked.id).await.unwrap(),
        Some(booked)
    );
}

/// An update replaces exactly the version before it.
pub async fn appointment_is_updated_from_the_version_before_only(stores: &Stores) {
    let account = new_account(stores).await;
    let customer = new_customer(stores, account).await;
    let first = book(stores, account, &customer, slot(0, 60)).await.unwrap();
    let second = moved(&first, slot(60, 60));
    stores.appointments.update(account, &second).await.unwrap();
    for stale in [
        moved(&first, slot(300, 60)),
        second.clone(),
        appointment(&customer, slot(300, 60)),
    ] {
        let outcome = stores.appointments.update(account, &stale).await;
        assert!(
            matches!(outcome, Err(UpdateAppointmentError::Stale)),
            "{outcome:?}"
        );
    }
    assert_eq!(all(stores, account).await, [second]);
}

/// Accounts have schedules of their own, and no method sees or changes another's.
pub async fn appointments_of_accounts_are_apart(stores: &Stores) {
    let (account, other) = (new_account(stores).await, new_account(stores).await);
    let customer = new_customer(stores, account).await;
    let others_customer = new_customer(stores, other).await;
    let booked = book(stores, account, &customer, slot(0, 60)).await.unwrap();
    let others = book(stores, other, &others_customer, slot(0, 60)).await.unwrap();
    assert_eq!(stores.appointments.by_id(other, booked.id).await.unwrap(), None);
    assert_eq!(all(stores, other).await, [others]);
    let outcome = stores.appointments.update(other, &booked.cancelled(at(5))).await;
    assert!(
        matches!(outcome, Err(UpdateAppointmentError::Stale)),
        "{outcome:?}"
    );
    assert_eq!(all(stores, account).await, [booked]);
    let foreign_customer = book(stores, other, &customer, slot(600, 60)).await;
    assert!(
        matches!(foreign_customer, Err(BookError::Store(_))),
        "a customer of another account: {foreign_customer:?}"
    );
}

/// Each filter keeps what it says, alone and together.
pub async fn appointments_are_filtered(stores: &Stores) {
    let account = new_account(stores).await;
    let (dana, noa) = (
        new_customer(stores, account).await,
        new_customer(stores, account).await,
    );
    let first = book(stores, account, &dana, slot(0, 60)).await.unwrap();
    let second = book(stores, account, &noa, slot(1439, 60)).await.unwrap();
    let third = book(stores, account, &dana, slot(1440 * 2, 60)).await.unwrap();
    let cancelled = third.cancelled(at(5));
    stores.appointments.update(account, &cancelled).await.unwrap();

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
    ] {
        let page = stores
            .appointments
            .list(account, &filter, first_page(50))
            .await
            .unwrap();
        assert_eq!(page.items.iter().collect::<Vec<_>>(), expected, "{filter:?}");
    }
}

/// By start, then id; every appointment that was there comes once, whatever is booked meanwhile.
pub async fn appointment_pages_are_stable_under_inserts(stores: &Stores) {
    let account = new_account(stores).await;
    let customer = new_customer(stores, account).await;
    for index in [5, 3, 8, 1, 9] {
        let booked = book(stores, account, &customer, slot(index * 10, 1))
            .await
            .unwrap();
        // Equal starts: cancelled ones share a slot.
        stores
            .appointments
            .update(account, &booked.cancelled(at(5)))
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
    let list =
        |page: PageRequest<StartPosition<AppointmentId>>| stores.appointments.list(account, &any, page);
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
        .map(|appointment| (appointment.slot.start, appointment.id))
        .collect();
    assert!(positions.is_sorted());
    assert_eq!(positions.iter().collect::<HashSet<_>>().len(), positions.len());
    assert!(
        before
            .iter()
            .all(|id| positions.iter().any(|(_, seen)| seen == id))
    );
}

/// Clients that hang up at any moment leave a booking or none, and the store goes on working.
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
        // Aborted ones may have come through all the same.
        let _ = task.await;
    }
    let late = book(stores, account, &customer, slot(100_000, 1)).await.unwrap();
    let kept = all(stores, account).await;
    assert_nothing_overlaps(&kept);
    assert!(kept.contains(&late));
}
