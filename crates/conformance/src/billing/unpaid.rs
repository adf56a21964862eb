//! Cases for bookings that wait for their payment, and for the statuses of registrations.

use crate::{
    at,
    billing::payment::{
        DUE, expire, of_place, paid, pending, pending_place, record, stored, stored_place, terms,
    },
    events::{event::new_event, registration::registration},
    new_account, new_customer,
    scheduling::{
        appointment::{appointment, slot},
        occupancy::{booking, resources},
    },
};
use chatgrow_domain::{
    AccountId, Appointment, EventId, Registration, RegistrationRefusal, RegistrationStatus,
};
use chatgrow_ports::{
    AppointmentFilter, Commit, Failure, StoreError, Stores, UnpaidAppointment, UnpaidRegistration,
};

async fn unpaid(stores: &Stores, account: Option<AccountId>, now: i64, most: u32) -> Vec<UnpaidAppointment> {
    let unpaid = stores.scheduling.appointments.unpaid(account, at(now), most);
    unpaid.await.unwrap()
}

async fn unpaid_places(
    stores: &Stores,
    account: Option<AccountId>,
    now: i64,
    most: u32,
) -> Vec<UnpaidRegistration> {
    let unpaid = stores.events.registrations.unpaid(account, at(now), most);
    unpaid.await.unwrap()
}

/// What should have been paid is told from its instant on, of one account or of all, at most so many, and no more once
/// it has expired.
pub async fn unpaid_bookings_are_told_when_due(stores: &Stores) {
    let (account, other) = (new_account(stores).await, new_account(stores).await);
    let booked = [
        pending(stores, account, 0).await,
        pending(stores, account, 60).await,
    ];
    let theirs = pending(stores, other, 0).await;
    let customer = new_customer(stores, account).await;
    let confirmed = appointment(&customer, slot(120, 60));
    let appointments = &stores.scheduling.appointments;
    appointments
        .book(account, &confirmed, None, Commit::default())
        .await
        .unwrap();
    assert_eq!(
        unpaid(stores, Some(account), DUE - 1, 10).await,
        [],
        "it is not due yet"
    );
    let due = unpaid(stores, Some(account), DUE, 10).await;
    let told: Vec<_> = due.iter().map(|unpaid| unpaid.appointment.clone()).collect();
    assert_eq!(told, booked, "what is due is told, by the time and the id");
    assert!(due.iter().all(|unpaid| unpaid.account == account));
    assert_eq!(
        unpaid(stores, Some(account), DUE, 1).await.len(),
        1,
        "at most so many"
    );
    let all = unpaid(stores, None, DUE, 1000).await;
    let found = |account, wanted: &Appointment| {
        let wanted = UnpaidAppointment {
            account,
            appointment: wanted.clone(),
        };
        all.contains(&wanted)
    };
    assert!(
        found(account, &booked[0]) && found(other, &theirs),
        "of all accounts"
    );
    let expired = expire(stores, account, &booked[0]).await;
    assert_eq!(stored(stores, account, &booked[0]).await, expired);
    let told = unpaid(stores, Some(account), DUE, 10).await;
    assert_eq!(told.len(), 1, "what has expired is not told again");
    for (status, expected) in [(booked[1].status, &booked[1]), (expired.status, &expired)] {
        let filter = AppointmentFilter {
            status: Some(status),
            ..AppointmentFilter::default()
        };
        let listed = appointments.list(account, &filter, crate::first_page(50)).await;
        assert_eq!(
            listed.unwrap().items,
            std::slice::from_ref(expected),
            "{status:?} is a status of its own"
        );
    }

    let places = [
        pending_place(stores, account, None).await,
        pending_place(stores, account, None).await,
    ];
    let theirs = pending_place(stores, other, None).await;
    assert_eq!(
        unpaid_places(stores, Some(account), DUE - 1, 10).await,
        [],
        "it is not due yet"
    );
    let due = unpaid_places(stores, Some(account), DUE, 10).await;
    let told: Vec<_> = due.iter().map(|unpaid| unpaid.registration.clone()).collect();
    assert_eq!(told, places, "what is due is told, by the time and the id");
    assert_eq!(
        unpaid_places(stores, Some(account), DUE, 1).await.len(),
        1,
        "at most so many"
    );
    let all = unpaid_places(stores, None, DUE, 1000).await;
    let found = |account, wanted: &Registration| {
        let wanted = UnpaidRegistration {
            account,
            registration: wanted.clone(),
        };
        all.contains(&wanted)
    };
    assert!(
        found(account, &places[0]) && found(other, &theirs),
        "of all accounts"
    );
    let expired = places[0].expired(at(DUE)).unwrap();
    let registrations = &stores.events.registrations;
    registrations
        .update(account, &expired, Commit::default())
        .await
        .unwrap();
    assert_eq!(stored_place(stores, account, &places[0]).await, expired);
    let told = unpaid_places(stores, Some(account), DUE, 10).await;
    assert_eq!(told.len(), 1, "what has expired is not told again");
}

/// What waits for its payment occupies its resources, all of them, until it is due; then it isn't read as busy any
/// more, and once it has expired, others can have the slot.
pub async fn unpaid_bookings_are_in_nobodys_way(stores: &Stores) {
    let account = new_account(stores).await;
    let customer = new_customer(stores, account).await;
    let ids = resources(stores, account, 2).await;
    for here in [vec![], ids.clone()] {
        let mut booked = appointment(&customer, slot(600, 60));
        booked.booking = booking(slot(600, 60), (10, 20), &here);
        booked.created_at = at(0);
        let booked = booked.to_be_paid(&terms());
        let appointments = &stores.scheduling.appointments;
        appointments
            .book(account, &booked, None, Commit::default())
            .await
            .unwrap();
        let wanted: Vec<_> = if here.is_empty() {
            vec![None]
        } else {
            here.iter().copied().map(Some).collect()
        };
        let interval = booked.booking.occupancy().interval;
        let busy = async |now| {
            let occupancies = &stores.scheduling.occupancies;
            occupancies
                .busy(account, &wanted, interval, at(now))
                .await
                .unwrap()
        };
        let before = busy(DUE - 1).await;
        assert_eq!(before.len(), wanted.len(), "it is busy until it is due");
        let after = busy(DUE).await;
        assert_eq!(after, [], "what is due is in nobody's way");
        let mut rival = appointment(&customer, slot(600, 60));
        rival.booking = booked.booking.clone();
        let taken = appointments.book(account, &rival, None, Commit::default()).await;
        assert!(taken.is_err(), "until it has expired, it has its slot");
        expire(stores, account, &booked).await;
        appointments
            .book(account, &rival, None, Commit::default())
            .await
            .unwrap();
    }
}

/// An update is written from the version before only, and it is read back.
pub async fn registration_is_updated_from_the_version_before_only(stores: &Stores) {
    let account = new_account(stores).await;
    let place = pending_place(stores, account, Some(1)).await;
    let cancelled = place.cancelled();
    let stale = Registration {
        version: cancelled.version.next(),
        ..cancelled.clone()
    };
    let unknown = Registration {
        id: chatgrow_domain::RegistrationId::new(crate::fresh_id()),
        ..cancelled.clone()
    };
    let registrations = &stores.events.registrations;
    for wrong in [&stale, &unknown] {
        let outcome = registrations.update(account, wrong, Commit::default()).await;
        assert_refused!(
            outcome,
            Failure::Refused(RegistrationRefusal::VersionMismatch),
            "it is not in the version before"
        );
    }
    registrations
        .update(account, &cancelled, Commit::default())
        .await
        .unwrap();
    assert_eq!(stored_place(stores, account, &place).await, cancelled);
    let again = registrations.update(account, &cancelled, Commit::default()).await;
    assert_refused!(
        again,
        Failure::Refused(RegistrationRefusal::VersionMismatch),
        "it is not in the version before any more"
    );
}

async fn participants(stores: &Stores, account: AccountId, event: EventId) -> i64 {
    let event = stores.events.events.by_id(account, event).await.unwrap();
    event.unwrap().participants
}

/// A registration is counted as long as its status takes a place, and its customer can register again as soon as it
/// doesn't.
pub async fn registration_takes_a_place_as_its_status_says(stores: &Stores) {
    let account = new_account(stores).await;
    let registrations = &stores.events.registrations;
    for first in RegistrationStatus::ALL {
        for second in RegistrationStatus::ALL {
            let event = new_event(stores, account, Some(1)).await;
            let customer = new_customer(stores, account).await;
            let held = |status: RegistrationStatus| {
                let held = [RegistrationStatus::Pending, RegistrationStatus::Expired].contains(&status);
                held.then(|| at(DUE))
            };
            let place = Registration {
                status: *first,
                held_until: held(*first),
                ..registration(event.id, &customer)
            };
            registrations
                .register(account, &place, Commit::default())
                .await
                .unwrap();
            let count = participants(stores, account, event.id).await;
            assert_eq!(count, i64::from(first.takes_place()), "{first:?}");
            let next = Registration {
                status: *second,
                held_until: held(*second),
                version: place.version.next(),
                ..place.clone()
            };
            registrations
                .update(account, &next, Commit::default())
                .await
                .unwrap();
            let count = participants(stores, account, event.id).await;
            assert_eq!(
                count,
                i64::from(second.takes_place()),
                "from {first:?} to {second:?}"
            );
            let again = registration(event.id, &customer);
            let outcome = registrations.register(account, &again, Commit::default()).await;
            if second.takes_place() {
                assert_refused!(
                    outcome,
                    Failure::Refused(RegistrationRefusal::AlreadyRegistered),
                    "{second:?} takes the customer's place"
                );
                continue;
            }
            assert!(outcome.is_ok(), "{second:?} takes no place, but: {outcome:?}");
            let back = Registration {
                status: RegistrationStatus::Confirmed,
                held_until: None,
                version: next.version.next(),
                ..next.clone()
            };
            let outcome = registrations.update(account, &back, Commit::default()).await;
            assert_refused!(outcome, Failure::Refused(_), "the place is taken by now");
            let freed = registrations.unregister(account, &next, Commit::default()).await;
            assert!(freed.unwrap(), "one that takes no place can be removed, too");
            assert_eq!(
                participants(stores, account, event.id).await,
                1,
                "and nothing is counted off"
            );
        }
    }
}

/// A registration that has payments can't be removed.
pub async fn what_has_payments_stays(stores: &Stores) {
    let account = new_account(stores).await;
    let place = pending_place(stores, account, None).await;
    record(stores, account, &[&paid(Some(of_place(&place)), 5)], None)
        .await
        .unwrap();
    let registrations = &stores.events.registrations;
    let removed = registrations.unregister(account, &place, Commit::default()).await;
    assert!(matches!(removed, Err(StoreError::Failed(_))), "{removed:?}");
    assert_eq!(stored_place(stores, account, &place).await, place);
}
