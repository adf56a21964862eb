//! Races and contests for payments.

use crate::{
    RACERS, ROUNDS, at,
    billing::payment::{
        DUE, billed, billed_place, entry, expire, money, of_appointment, of_place, paid, pending,
        pending_place, record, refunded, stored, stored_place,
    },
    contest::{Tenants, assert_one_wins, contest, two_callers},
    events::registration::registration,
    first_page, new_account, new_customer, race,
};
use chatgrow_domain::{
    AccountId, Appointment, AppointmentRefusal, AppointmentStatus, Payment, PaymentId, PaymentRefusal,
    PaymentTarget, RegistrationStatus,
};
use chatgrow_ports::{BilledBooking, Commit, Failure, PaymentFilter, Stores};

/// The entries of a booking.
async fn ledger(stores: &Stores, account: AccountId, target: Option<PaymentTarget>) -> Vec<Payment> {
    let filter = PaymentFilter {
        target,
        ..PaymentFilter::default()
    };
    let page = stores
        .billing
        .payments
        .list(account, &filter, first_page(500))
        .await;
    page.unwrap().items
}

/// Pays for the appointment until no other write is faster, as a use case does. Returns the last refusal, if it is
/// another one.
async fn pay(
    stores: &Stores,
    account: AccountId,
    booked: &Appointment,
    payment: &Payment,
) -> Result<(), Failure<PaymentRefusal>> {
    loop {
        let before = stored(stores, account, booked).await;
        let booking = Some(BilledBooking::Appointment(billed(&before, payment)));
        match record(stores, account, &[payment], booking).await {
            Err(Failure::Refused(PaymentRefusal::Outdated))
                if entry(stores, account, payment.id).await.is_none() => {}
            outcome => return outcome,
        }
    }
}

/// Of 64 identical notices one is recorded.
pub async fn notices_race_to_one_payment(servers: &[Stores]) {
    let stores = &servers[0];
    let account = new_account(stores).await;
    let booked = pending(stores, account, 0).await;
    let payment = paid(Some(of_appointment(&booked)), 100);
    let confirmed = billed(&booked, &payment);
    let outcomes = race(servers, |_, stores| {
        let entry = Payment {
            id: PaymentId::new(crate::fresh_id()),
            ..payment.clone()
        };
        let booking = BilledBooking::Appointment(confirmed.clone());
        async move { record(&stores, account, &[&entry], Some(booking)).await }
    })
    .await;
    assert_winners!(outcomes, 1, Failure::Refused(PaymentRefusal::Outdated));
    assert_eq!(
        ledger(stores, account, Some(of_appointment(&booked))).await.len(),
        1
    );
    assert_eq!(stored(stores, account, &booked).await, confirmed);
}

/// Many payments for one booking at once are all in its bill.
pub async fn halves_of_a_deposit_race_to_one_bill(servers: &[Stores]) {
    let stores = &servers[0];
    let account = new_account(stores).await;
    let booked = pending(stores, account, 0).await;
    let outcomes = race(servers, |_, stores| {
        let booked = booked.clone();
        async move { pay(&stores, account, &booked, &paid(Some(of_appointment(&booked)), 1)).await }
    })
    .await;
    for outcome in outcomes {
        outcome.unwrap();
    }
    let after = stored(stores, account, &booked).await;
    let racers = i64::try_from(RACERS).unwrap();
    assert_eq!(after.bill.unwrap().paid, racers, "no bill misses a payment");
    assert_eq!(after.status, AppointmentStatus::Confirmed);
    assert_eq!(after.version.get(), booked.version.get() + racers);
}

/// Of many refunds of one payment as many succeed as it has money for.
pub async fn refunds_race_for_one_payment(servers: &[Stores]) {
    let stores = &servers[0];
    let account = new_account(stores).await;
    let payment = paid(None, 100);
    record(stores, account, &[&payment], None).await.unwrap();
    let id = payment.id;
    let outcomes = race(servers, |_, stores| async move {
        let refund = Payment {
            kind: chatgrow_domain::PaymentKind::Refund,
            ..paid(None, 30)
        };
        loop {
            let before = entry(&stores, account, id).await.unwrap();
            let refund = Payment {
                refund_of: Some(before.external_id.clone()),
                ..refund.clone()
            }
            .joined(&before);
            let after = before.with_refund(None, &refund)?;
            let after = before.followed_by(after, at(8));
            match record(&stores, account, &[&after, &refund], None).await {
                Err(Failure::Refused(PaymentRefusal::Outdated)) => {}
                outcome => {
                    outcome.unwrap();
                    return Ok(());
                }
            }
        }
    })
    .await;
    assert_winners!(outcomes, 3, PaymentRefusal::RefundTooLarge);
    assert_eq!(entry(stores, account, id).await.unwrap().refunded, money(90));
    let refunds = ledger(stores, account, None).await.into_iter();
    assert_eq!(refunds.filter(|entry| entry.payment == Some(id)).count(), 3);
}

/// A payment and the expiry of its booking meet: the booking is confirmed or expired, and the money is recorded either
/// way.
pub async fn payments_race_with_expiries(servers: &[Stores]) {
    let stores = &servers[0];
    let account = new_account(stores).await;
    for round in 0..ROUNDS {
        let booked = pending(stores, account, i64::try_from(round).unwrap() * 60).await;
        let payment = paid(Some(of_appointment(&booked)), 30);
        let outcomes = race(servers, |racer, stores| {
            let (booked, payment) = (booked.clone(), payment.clone());
            async move {
                // Both calls are made on each server.
                if racer % 4 < 2 {
                    let expired = booked.expired(at(DUE)).unwrap();
                    let appointments = &stores.scheduling.appointments;
                    let expiry = appointments.update(account, &expired, Commit::default()).await;
                    (Some(expiry), None)
                } else {
                    let booking = BilledBooking::Appointment(billed(&booked, &payment));
                    let entry = Payment {
                        id: PaymentId::new(crate::fresh_id()),
                        ..payment
                    };
                    (
                        None,
                        Some(record(&stores, account, &[&entry], Some(booking)).await),
                    )
                }
            }
        })
        .await;
        let (expiries, payments): (Vec<_>, Vec<_>) = outcomes.into_iter().unzip();
        let expiries: Vec<_> = expiries.into_iter().flatten().collect();
        let payments: Vec<_> = payments.into_iter().flatten().collect();
        let after = stored(stores, account, &booked).await;
        let expired = usize::from(after.status == AppointmentStatus::Expired);
        assert_winners!(
            expiries,
            expired,
            Failure::Refused(AppointmentRefusal::VersionMismatch)
        );
        assert_winners!(payments, 1 - expired, Failure::Refused(PaymentRefusal::Outdated));
        // Whoever lost tries again, and the slot is still free.
        if expired == 1 {
            pay(stores, account, &booked, &payment).await.unwrap();
        }
        let after = stored(stores, account, &booked).await;
        assert_eq!(after.status, AppointmentStatus::Confirmed);
        assert_eq!(after.bill.unwrap().paid, 30);
    }
}

/// Many bookings of one slot had expired, and all are paid late: one comes back.
pub async fn late_payments_race_for_one_slot(servers: &[Stores]) {
    let stores = &servers[0];
    let account = new_account(stores).await;
    let mut expired = Vec::new();
    for _ in 0..RACERS {
        expired.push(expire(stores, account, &pending(stores, account, 0).await).await);
    }
    let outcomes = race(servers, |racer, stores| {
        let booked = expired[racer].clone();
        async move {
            pay(
                &stores,
                account,
                &booked,
                &paid(Some(of_appointment(&booked)), 100),
            )
            .await
        }
    })
    .await;
    assert_winners!(outcomes, 1, Failure::Refused(PaymentRefusal::PlaceTaken));
}

/// Many registrations for one place had expired, and all are paid late while others register: the place is given once.
pub async fn late_payments_race_for_one_place(servers: &[Stores]) {
    let stores = &servers[0];
    let account = new_account(stores).await;
    let first = pending_place(stores, account, Some(1)).await;
    let registrations = &stores.events.registrations;
    let mut expired = vec![first.expired(at(DUE)).unwrap()];
    registrations
        .update(account, &expired[0], Commit::default())
        .await
        .unwrap();
    let mut customers = Vec::new();
    for _ in 0..RACERS {
        let customer = new_customer(stores, account).await;
        let place = registration(first.event_id, &customer);
        let place = chatgrow_domain::Registration {
            status: RegistrationStatus::Expired,
            held_until: Some(at(DUE)),
            bill: first.bill,
            ..place
        };
        registrations
            .register(account, &place, Commit::default())
            .await
            .unwrap();
        expired.push(place);
        customers.push(new_customer(stores, account).await);
    }
    let outcomes = race(servers, |racer, stores| {
        let (place, customer) = (expired[racer].clone(), customers[racer].clone());
        async move {
            // Both calls are made on each server.
            if racer % 4 < 2 {
                let registrations = &stores.events.registrations;
                let fresh = registration(place.event_id, &customer);
                let outcome = registrations.register(account, &fresh, Commit::default()).await;
                outcome.map_err(|error| format!("{error:?}"))
            } else {
                let payment = paid(Some(of_place(&place)), 100);
                let booking = BilledBooking::Registration(billed_place(&place, &payment));
                let outcome = record(&stores, account, &[&payment], Some(booking)).await;
                outcome.map_err(|error| format!("{error:?}"))
            }
        }
    })
    .await;
    let won = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(won, 1, "the place is given once: {outcomes:?}");
    let lost = ["Refused(Full)", "Refused(PlaceTaken)"];
    for outcome in outcomes.into_iter().filter_map(Result::err) {
        assert!(lost.contains(&outcome.as_str()), "{outcome}");
    }
    let event = stores.events.events.by_id(account, first.event_id).await.unwrap();
    assert_eq!(event.unwrap().participants, 1);
    assert_eq!(
        stored_place(stores, account, &first).await.event_id,
        first.event_id
    );
}

/// Two payments, or two refunds, change one bill from one version. One of them succeeds.
pub async fn bills_are_contested(servers: &[Stores]) {
    let (one, other) = two_callers(servers);
    let tenants = Tenants::of(&one);
    contest(&[false, true], async |round, refunds| {
        let (account, _) = tenants.tenant(round).await;
        let payment = paid(None, 100);
        let first = paid(None, 5);
        record(&one, account, &[&payment], None).await.unwrap();
        let call = |stores: &Stores| {
            let stores = stores.clone();
            let (refund, after) = refunded(&payment, 80);
            let same = Payment {
                id: PaymentId::new(crate::fresh_id()),
                ..first.clone()
            };
            async move {
                if refunds {
                    record(&stores, account, &[&after, &refund], None).await
                } else {
                    record(&stores, account, &[&same], None).await
                }
            }
        };
        let outcomes = round.both(call(&one), call(&other)).await;
        let outdated = |error: &_| matches!(error, Failure::Refused(PaymentRefusal::Outdated));
        assert_one_wins(&outcomes, "an entry of the ledger", outdated);
    })
    .await;
}
