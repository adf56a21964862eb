//! Cases for payments and refunds.

use crate::{
    assert_walked, at, at_once, drop_after, earliest,
    events::event::new_event,
    events::registration::registration,
    first_page, fresh_id, latest, longest, new_account, new_customer, poll_counts,
    scheduling::appointment::{appointment, slot},
    walk,
};
use chatgrow_domain::{
    AccountId, Appointment, AppointmentStatus, Attention, Bill, ExternalId, Money, ObjectId, Payment,
    PaymentEdit, PaymentId, PaymentKind, PaymentRefusal, PaymentStatus, PaymentTarget, PaymentTerms,
    PaymentTime, Provider, Registration, RegistrationStatus, ToldPayment, Version,
};
use chatgrow_ports::{
    BilledBooking, Commit, Failure, PaymentFacts, PaymentFilter, PaymentWrite, StoreError, Stores,
};

/// When a booking of the cases has to be paid, if it was made at 0.
pub(crate) const DUE: i64 = 15 * 60_000;

pub(crate) fn money(minor: i64) -> Money {
    Money::from_minor(minor).unwrap()
}

/// A hundred, of which thirty confirm.
pub(crate) fn terms() -> PaymentTerms {
    PaymentTerms::new(
        money(100),
        "ILS".parse().unwrap(),
        Some(money(30)),
        PaymentTime::DEFAULT,
    )
    .unwrap()
}

/// A payment that has succeeded, with an external id that no other has.
pub(crate) fn paid(target: Option<PaymentTarget>, minor: i64) -> Payment {
    let told = ToldPayment {
        kind: PaymentKind::Payment,
        provider: Provider::new("stripe").unwrap(),
        external_id: ExternalId::new(format!("pi_{}", fresh_id())).unwrap(),
        refund_of: None,
        target,
        amount: money(minor),
        currency: "ILS".parse().unwrap(),
        status: PaymentStatus::Succeeded,
        reported: Money::ZERO,
        occurred_at: Some(at(5)),
    };
    Payment::new(PaymentId::new(fresh_id()), told, at(7))
}

/// A refund that has succeeded and is joined to its payment, and the payment after it.
pub(crate) fn refunded(payment: &Payment, minor: i64) -> (Payment, Payment) {
    let refund = Payment {
        kind: PaymentKind::Refund,
        provider: payment.provider.clone(),
        refund_of: Some(payment.external_id.clone()),
        ..paid(None, minor)
    }
    .joined(payment);
    let after = payment.with_refund(None, &refund).unwrap();
    (refund, payment.followed_by(after, at(8)))
}

pub(crate) async fn record(
    stores: &Stores,
    account: AccountId,
    entries: &[&Payment],
    booking: Option<BilledBooking>,
) -> Result<(), Failure<PaymentRefusal>> {
    let write = PaymentWrite {
        entries: entries.iter().map(|entry| (*entry).clone()).collect(),
        booking,
    };
    stores
        .billing
        .payments
        .record(account, &write, Commit::default())
        .await
}

pub(crate) async fn entry(stores: &Stores, account: AccountId, id: PaymentId) -> Option<Payment> {
    stores.billing.payments.by_id(account, id).await.unwrap()
}

pub(crate) async fn stored(stores: &Stores, account: AccountId, booked: &Appointment) -> Appointment {
    let found = stores.scheduling.appointments.by_id(account, booked.id).await;
    found.unwrap().unwrap()
}

pub(crate) async fn stored_place(stores: &Stores, account: AccountId, place: &Registration) -> Registration {
    let found = stores.events.registrations.anywhere(account, place.id).await;
    found.unwrap().unwrap()
}

pub(crate) fn of_appointment(appointment: &Appointment) -> PaymentTarget {
    PaymentTarget::Appointment(appointment.id)
}

pub(crate) fn of_place(place: &Registration) -> PaymentTarget {
    PaymentTarget::Registration(place.id)
}

/// An appointment that waits for its payment, in a slot that begins at that minute.
pub(crate) async fn pending(stores: &Stores, account: AccountId, start: i64) -> Appointment {
    let customer = new_customer(stores, account).await;
    let made = Appointment {
        created_at: at(0),
        ..appointment(&customer, slot(start, 60))
    };
    let booked = made.to_be_paid(&terms());
    let booking = stores
        .scheduling
        .appointments
        .book(account, &booked, None, Commit::default());
    booking.await.unwrap();
    booked
}

/// A registration that waits for its payment, for an event with that many places.
pub(crate) async fn pending_place(stores: &Stores, account: AccountId, places: Option<i64>) -> Registration {
    let event = new_event(stores, account, places).await;
    let customer = new_customer(stores, account).await;
    let made = Registration {
        created_at: at(0),
        ..registration(event.id, &customer)
    };
    let place = made.to_be_paid(&terms());
    let registrations = &stores.events.registrations;
    registrations
        .register(account, &place, Commit::default())
        .await
        .unwrap();
    place
}

pub(crate) async fn expire(stores: &Stores, account: AccountId, booked: &Appointment) -> Appointment {
    let expired = booked.expired(at(DUE)).unwrap();
    let appointments = &stores.scheduling.appointments;
    appointments
        .update(account, &expired, Commit::default())
        .await
        .unwrap();
    expired
}

/// The booking after that payment, from the state that is given.
pub(crate) fn billed(booked: &Appointment, payment: &Payment) -> Appointment {
    let bill = booked
        .bill
        .unwrap_or(Bill::new(payment.currency, Money::ZERO, Money::ZERO));
    booked.billed(bill.with(None, payment), true, at(9))
}

pub(crate) fn billed_place(place: &Registration, payment: &Payment) -> Registration {
    place.billed(place.bill.unwrap().with(None, payment), true)
}

/// Every field is read back unchanged, of entries and of bills.
pub async fn payment_round_trips(stores: &Stores) {
    let account = new_account(stores).await;
    let (booked, place) = (
        pending(stores, account, 0).await,
        pending_place(stores, account, None).await,
    );
    assert_eq!(stored(stores, account, &booked).await, booked);
    assert_eq!(stored_place(stores, account, &place).await, place);
    let mut first = paid(Some(of_appointment(&booked)), 1);
    first.external_id = ExternalId::new(longest(ExternalId::MAX_CHARS)).unwrap();
    first.occurred_at = earliest();
    first.attention = Some(Attention::Late);
    let confirmed = booked.billed(booked.bill.unwrap().with(None, &first), true, at(9));
    record(
        stores,
        account,
        &[&first],
        Some(BilledBooking::Appointment(confirmed.clone())),
    )
    .await
    .unwrap();
    assert_eq!(stored(stores, account, &booked).await, confirmed);
    let mut second = paid(Some(of_place(&place)), Money::MAX_MINOR);
    second.provider = Provider::new("x".repeat(Provider::MAX_CHARS)).unwrap();
    second.created_at = latest();
    second.updated_at = earliest();
    record(stores, account, &[&second], None).await.unwrap();
    let (refund, given_back) = refunded(&second, Money::MAX_MINOR);
    record(stores, account, &[&given_back, &refund], None)
        .await
        .unwrap();
    let mut expected = vec![first, given_back, refund];
    for status in PaymentStatus::ALL {
        let mut next = paid(None, 5);
        next.status = *status;
        next.currency = "KWD".parse().unwrap();
        next.attention = Attention::ALL.first().copied();
        next.reported = money(5);
        let mut refund = paid(None, 5);
        refund.kind = PaymentKind::Refund;
        refund.status = *status;
        refund.refund_of = Some(ExternalId::new("unknown").unwrap());
        for entry in [&next, &refund] {
            record(stores, account, &[entry], None).await.unwrap();
        }
        expected.extend([next, refund]);
    }
    for written in &expected {
        let facts = PaymentFacts::of(written);
        let found = stores.billing.payments.by_facts(account, &facts).await.unwrap();
        assert_eq!(found.as_ref(), Some(written), "it is found by its facts");
        assert_eq!(entry(stores, account, written.id).await.as_ref(), Some(written));
    }
    expected.sort_by_key(|entry| entry.id);
    let filter = PaymentFilter::default();
    let page = stores
        .billing
        .payments
        .list(account, &filter, first_page(50))
        .await;
    assert_eq!(
        page.unwrap().items,
        expected,
        "what was written is read back as it was"
    );
    let unknown = PaymentId::new(fresh_id());
    assert_eq!(
        entry(stores, account, unknown).await,
        None,
        "what is not there is absent"
    );
}

/// A payment is recorded once. A refund may have its id, and a payment of another system, too. An entry is replaced
/// from the version before only.
pub async fn payments_are_there_once(stores: &Stores) {
    let account = new_account(stores).await;
    let first = paid(None, 100);
    record(stores, account, &[&first], None).await.unwrap();
    let again = Payment {
        id: PaymentId::new(fresh_id()),
        ..first.clone()
    };
    let twice = record(stores, account, &[&again], None).await;
    assert_refused!(
        twice,
        Failure::Refused(PaymentRefusal::Outdated),
        "it is there already"
    );
    let elsewhere = Payment {
        id: PaymentId::new(fresh_id()),
        provider: Provider::new("cash").unwrap(),
        ..first.clone()
    };
    record(stores, account, &[&elsewhere], None).await.unwrap();
    let refund = Payment {
        id: PaymentId::new(fresh_id()),
        kind: PaymentKind::Refund,
        refund_of: Some(ExternalId::new("another").unwrap()),
        ..first.clone()
    };
    record(stores, account, &[&refund], None).await.unwrap();
    for written in [&first, &elsewhere, &refund] {
        let found = stores
            .billing
            .payments
            .by_facts(account, &PaymentFacts::of(written))
            .await;
        assert_eq!(
            found.unwrap().as_ref(),
            Some(written),
            "each is found by its own facts"
        );
    }
    let settled = first
        .edited(&PaymentEdit {
            target: None,
            settled: true,
        })
        .unwrap();
    let settled = first.followed_by(settled, at(9));
    let stale = Payment {
        version: settled.version.next(),
        ..settled.clone()
    };
    let unknown = Payment {
        id: PaymentId::new(fresh_id()),
        ..settled.clone()
    };
    for wrong in [&stale, &unknown] {
        let outcome = record(stores, account, &[wrong], None).await;
        assert_refused!(
            outcome,
            Failure::Refused(PaymentRefusal::Outdated),
            "it is not in the version before"
        );
    }
    record(stores, account, &[&settled], None).await.unwrap();
    assert_eq!(entry(stores, account, first.id).await, Some(settled));
    let of =
        stores
            .billing
            .payments
            .refunds_of(account, &refund.provider, refund.refund_of.as_ref().unwrap());
    assert_eq!(
        of.await.unwrap(),
        [refund],
        "a refund is found by the payment that it names"
    );
}

/// The entries and the booking are written together or not at all.
pub async fn payments_and_bills_are_written_together(stores: &Stores) {
    let account = new_account(stores).await;
    let booked = pending(stores, account, 0).await;
    let payment = paid(Some(of_appointment(&booked)), 30);
    let confirmed = billed(&booked, &payment);
    let stale = Appointment {
        version: confirmed.version.next(),
        ..confirmed.clone()
    };
    let outcome = record(
        stores,
        account,
        &[&payment],
        Some(BilledBooking::Appointment(stale)),
    )
    .await;
    assert_refused!(
        outcome,
        Failure::Refused(PaymentRefusal::Outdated),
        "the booking is not in the version before"
    );
    assert_eq!(
        entry(stores, account, payment.id).await,
        None,
        "nothing was written"
    );
    let booking = BilledBooking::Appointment(confirmed.clone());
    record(stores, account, &[&payment], Some(booking)).await.unwrap();
    assert_eq!(entry(stores, account, payment.id).await, Some(payment.clone()));
    assert_eq!(stored(stores, account, &booked).await, confirmed);
    assert_eq!(confirmed.status, AppointmentStatus::Confirmed);

    let (refund, given_back) = refunded(&payment, 10);
    let bill = confirmed.bill.unwrap().with(Some(&payment), &given_back);
    let after = confirmed.billed(bill, true, at(10));
    let mut wrong = refund.clone();
    wrong.version = Version::FIRST.next();
    let booking = || Some(BilledBooking::Appointment(after.clone()));
    let outcome = record(stores, account, &[&given_back, &wrong], booking()).await;
    assert_refused!(
        outcome,
        Failure::Refused(PaymentRefusal::Outdated),
        "one of the entries is not in the version before"
    );
    assert_eq!(
        entry(stores, account, payment.id).await,
        Some(payment),
        "nothing was written"
    );
    assert_eq!(
        stored(stores, account, &booked).await,
        confirmed,
        "nothing was written"
    );
    record(stores, account, &[&given_back, &refund], booking())
        .await
        .unwrap();
    assert_eq!(entry(stores, account, refund.id).await, Some(refund.clone()));
    assert_eq!(stored(stores, account, &booked).await, after);
    let of = stores
        .billing
        .payments
        .refunds_of(account, &refund.provider, &given_back.external_id);
    assert_eq!(of.await.unwrap(), [refund], "also one that is joined to it");

    let place = pending_place(stores, account, Some(1)).await;
    let payment = paid(Some(of_place(&place)), 100);
    let confirmed = billed_place(&place, &payment);
    let booking = BilledBooking::Registration(confirmed.clone());
    record(stores, account, &[&payment], Some(booking)).await.unwrap();
    assert_eq!(stored_place(stores, account, &place).await, confirmed);
    assert_eq!(confirmed.status, RegistrationStatus::Confirmed);
}

/// The store refuses an entry that says that more was given back than was paid.
pub async fn no_payment_is_given_back_twice(stores: &Stores) {
    let account = new_account(stores).await;
    let payment = paid(None, 100);
    record(stores, account, &[&payment], None).await.unwrap();
    let (_, after) = refunded(&payment, 100);
    let too_much = Payment {
        refunded: money(101),
        ..after.clone()
    };
    let outcome = record(stores, account, &[&too_much], None).await;
    assert_refused!(
        outcome,
        Failure::Store(StoreError::Failed(_)),
        "more was given back than was paid"
    );
    let reported = Payment {
        reported: money(101),
        ..after.clone()
    };
    let outcome = record(stores, account, &[&reported], None).await;
    assert_refused!(
        outcome,
        Failure::Store(StoreError::Failed(_)),
        "more was given back than was paid"
    );
    record(stores, account, &[&after], None).await.unwrap();
}

/// A booking that had expired comes back if its slot or its place is free, and is refused otherwise.
pub async fn what_expired_comes_back_if_there_is_room(stores: &Stores) {
    let account = new_account(stores).await;
    for taken in [false, true] {
        let start = if taken { 600 } else { 0 };
        let expired = expire(stores, account, &pending(stores, account, start).await).await;
        assert_eq!(stored(stores, account, &expired).await, expired);
        if taken {
            pending(stores, account, start).await;
        }
        let payment = paid(Some(of_appointment(&expired)), 100);
        let back = billed(&expired, &payment);
        assert_eq!(back.status, AppointmentStatus::Confirmed);
        let outcome = record(
            stores,
            account,
            &[&payment],
            Some(BilledBooking::Appointment(back.clone())),
        )
        .await;
        if taken {
            assert_refused!(
                outcome,
                Failure::Refused(PaymentRefusal::PlaceTaken),
                "its slot is taken"
            );
            assert_eq!(
                entry(stores, account, payment.id).await,
                None,
                "nothing was written"
            );
            let late = expired.billed(back.bill.unwrap(), false, at(9));
            let booking = BilledBooking::Appointment(late.clone());
            record(stores, account, &[&payment], Some(booking)).await.unwrap();
            assert_eq!(stored(stores, account, &expired).await, late);
        } else {
            outcome.unwrap();
            assert_eq!(stored(stores, account, &expired).await, back);
        }
    }
    for taken in [false, true] {
        let place = pending_place(stores, account, Some(1)).await;
        let expired = place.expired(at(DUE)).unwrap();
        let registrations = &stores.events.registrations;
        registrations
            .update(account, &expired, Commit::default())
            .await
            .unwrap();
        if taken {
            let rival = registration(place.event_id, &new_customer(stores, account).await);
            registrations
                .register(account, &rival, Commit::default())
                .await
                .unwrap();
        }
        let payment = paid(Some(of_place(&place)), 100);
        let back = billed_place(&expired, &payment);
        let outcome = record(
            stores,
            account,
            &[&payment],
            Some(BilledBooking::Registration(back.clone())),
        )
        .await;
        if taken {
            assert_refused!(
                outcome,
                Failure::Refused(PaymentRefusal::PlaceTaken),
                "its place is taken"
            );
        } else {
            outcome.unwrap();
            assert_eq!(stored_place(stores, account, &place).await, back);
        }
    }
}

/// No method sees or changes another account's payments, and nobody pays for another account's booking.
pub async fn payments_of_accounts_are_apart(stores: &Stores) {
    let (account, other) = (new_account(stores).await, new_account(stores).await);
    let booked = pending(stores, account, 0).await;
    let mine = paid(Some(of_appointment(&booked)), 30);
    let confirmed = BilledBooking::Appointment(billed(&booked, &mine));
    record(stores, account, &[&mine], Some(confirmed)).await.unwrap();
    let payments = &stores.billing.payments;
    assert_eq!(
        payments.by_id(other, mine.id).await.unwrap(),
        None,
        "another account's"
    );
    let facts = PaymentFacts::of(&mine);
    assert_eq!(
        payments.by_facts(other, &facts).await.unwrap(),
        None,
        "another account's"
    );
    let listed = payments
        .list(other, &PaymentFilter::default(), first_page(50))
        .await;
    assert_eq!(listed.unwrap().items, [], "another account's");
    let same = Payment {
        target: None,
        ..mine.clone()
    };
    record(stores, other, &[&same], None).await.unwrap();
    let foreign = record(stores, other, &[&paid(Some(of_appointment(&booked)), 5)], None).await;
    assert_refused!(
        foreign,
        Failure::Store(StoreError::Failed(_)),
        "the booking is another account's"
    );
    let next = mine.followed_by(
        Payment {
            attention: Some(Attention::Late),
            ..mine.clone()
        },
        at(9),
    );
    let third = new_account(stores).await;
    let foreign = record(stores, third, &[&next], None).await;
    assert_refused!(
        foreign,
        Failure::Refused(PaymentRefusal::Outdated),
        "the account has no such payment"
    );
    assert_eq!(entry(stores, account, mine.id).await, Some(mine));
    let nowhere = chatgrow_domain::AccountId::new(fresh_id());
    let outcome = record(stores, nowhere, &[&paid(None, 5)], None).await;
    assert_refused!(
        outcome,
        Failure::Store(StoreError::Failed(_)),
        "there is no such account"
    );
}

/// Each part of the filter selects.
pub async fn payments_are_filtered(stores: &Stores) {
    let account = new_account(stores).await;
    let (booked, place) = (
        pending(stores, account, 0).await,
        pending_place(stores, account, None).await,
    );
    let targets = [None, Some(of_appointment(&booked)), Some(of_place(&place))];
    let mut all = Vec::new();
    for (index, status) in PaymentStatus::ALL.iter().cycle().take(12).enumerate() {
        let mut next = paid(targets[index % 3], 5);
        next.status = *status;
        next.occurred_at = at(i64::try_from(index).unwrap());
        next.attention = (index % 2 == 0).then_some(Attention::Late);
        record(stores, account, &[&next], None).await.unwrap();
        all.push(next);
    }
    let everything = PaymentFilter::default();
    let filters = [
        everything.clone(),
        PaymentFilter {
            target: targets[1],
            ..everything.clone()
        },
        PaymentFilter {
            target: targets[2],
            ..everything.clone()
        },
        PaymentFilter {
            status: Some(PaymentStatus::Failed),
            ..everything.clone()
        },
        PaymentFilter {
            needs_attention: Some(true),
            ..everything.clone()
        },
        PaymentFilter {
            needs_attention: Some(false),
            ..everything.clone()
        },
        PaymentFilter {
            from: Some(at(4)),
            ..everything.clone()
        },
        PaymentFilter {
            before: Some(at(4)),
            ..everything.clone()
        },
        PaymentFilter {
            target: targets[1],
            status: Some(PaymentStatus::Pending),
            needs_attention: Some(true),
            from: Some(at(1)),
            before: Some(at(11)),
        },
    ];
    for filter in filters {
        let expected: Vec<_> = all
            .iter()
            .filter(|entry| filter.target.is_none_or(|target| entry.target == Some(target)))
            .filter(|entry| filter.status.is_none_or(|status| entry.status == status))
            .filter(|entry| {
                filter
                    .needs_attention
                    .is_none_or(|needed| entry.attention.is_some() == needed)
            })
            .filter(|entry| filter.from.is_none_or(|from| entry.occurred_at >= from))
            .filter(|entry| filter.before.is_none_or(|before| entry.occurred_at < before))
            .cloned()
            .collect();
        let found = walk(
            3,
            |page| stores.billing.payments.list(account, &filter, page),
            async || (),
        )
        .await;
        assert_eq!(found, expected, "{filter:?}");
    }
}

/// Payments are listed in the order in which they were recorded. Each that was there at the start is listed once,
/// whatever is added meanwhile.
pub async fn payment_pages_are_stable_under_inserts(stores: &Stores) {
    let account = new_account(stores).await;
    let mut whole = Vec::new();
    for _ in 0..5 {
        let next = paid(None, 5);
        record(stores, account, &[&next], None).await.unwrap();
        whole.push(next.id);
    }
    let filter = PaymentFilter::default();
    let first = PaymentId::new(ObjectId::from_bytes([0; 12]));
    let seen = walk(
        2,
        |page| stores.billing.payments.list(account, &filter, page),
        async || {
            // Only the first of these is new.
            let before = Payment {
                id: first,
                ..paid(None, 5)
            };
            let _ = record(stores, account, &[&before], None).await;
        },
    )
    .await;
    let seen: Vec<_> = seen.iter().map(|entry| entry.id).collect();
    assert_walked(&whole, &seen);
    let filter = PaymentFilter::default();
    let full = stores
        .billing
        .payments
        .list(account, &filter, first_page(6))
        .await
        .unwrap();
    assert_eq!(
        full.next, None,
        "a page that is full is still the last one if nothing follows"
    );
}

/// A payment whose call is dropped after any number of polls is there with its bill or not at all, and blocks nobody.
pub async fn payment_dropped_after_any_poll_is_all_or_nothing(stores: &Stores) {
    let account = new_account(stores).await;
    for (index, polls) in poll_counts().enumerate() {
        let start = i64::try_from(index).unwrap() * 60;
        let booked = pending(stores, account, start).await;
        let payment = paid(Some(of_appointment(&booked)), 100);
        let confirmed = billed(&booked, &payment);
        let booking = Some(BilledBooking::Appointment(confirmed.clone()));
        let outcome = drop_after(polls, record(stores, account, &[&payment], booking)).await;
        // Once this one is answered, the dropped one has ended, too.
        let rival = paid(Some(of_appointment(&booked)), 5);
        let second = BilledBooking::Appointment(billed(&booked, &rival));
        let written = match at_once(record(stores, account, &[&rival], Some(second))).await {
            Ok(()) => false,
            Err(Failure::Refused(PaymentRefusal::Outdated)) => true,
            Err(error) => panic!("after {polls} polls: {error:?}"),
        };
        let found = entry(stores, account, payment.id).await;
        let expected = if written {
            confirmed
        } else {
            billed(&booked, &rival)
        };
        assert_eq!(found.is_some(), written, "after {polls} polls");
        assert_eq!(
            stored(stores, account, &booked).await,
            expected,
            "after {polls} polls"
        );
        if let Some(outcome) = outcome {
            outcome.unwrap();
            assert!(written);
            return;
        }
    }
}
