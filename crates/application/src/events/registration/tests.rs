use super::*;
use crate::fixtures::{Mocks, at, customer, event, id, request, request_for_another_state};
use chatgrow_domain::{Money, PaymentTime, RegistrationStatus};
use chatgrow_ports::{MockRegistrationStore, UnpaidRegistration};

#[tokio::test]
async fn registers_a_known_customer() {
    let mut mocks = Mocks::at(1000);
    mocks
        .customers
        .expect_by_email()
        .returning(|_, _| Ok(Some(customer())));
    mocks
        .registrations
        .expect_register()
        .times(1)
        .returning(|_, _, _| Ok(()));
    let registration = mocks
        .build()
        .events
        .registrations
        .register(&request(), event().id, &customer().email.key(), None, None)
        .await
        .unwrap();
    let expected = Registration::new(
        RegistrationId::new(id(1)),
        event().id,
        &customer(),
        None,
        at(1000),
    );
    assert_eq!(registration, Outcome::Done(Effect::Created(expected)));
}

#[tokio::test]
async fn a_wrong_event_outweighs_a_wrong_customer() {
    for (found, not_found) in [
        (None, "there is no such event"),
        (Some(event()), "there is no such customer"),
    ] {
        let mut mocks = Mocks::at(1000);
        mocks.customers.expect_by_email().returning(|_, _| Ok(None));
        mocks
            .events
            .expect_by_id()
            .returning(move |_, _| Ok(found.clone()));
        let email = customer().email.key();
        let outcome = mocks
            .build()
            .events
            .registrations
            .register(&request(), event().id, &email, None, None)
            .await;
        assert_eq!(outcome.unwrap_err().to_string(), not_found);
    }
}

#[tokio::test]
async fn the_stores_refusals_are_told() {
    for (refusal, told) in [
        (RegistrationRefusal::EventNotFound, "there is no such event"),
        (
            RegistrationRefusal::AlreadyRegistered,
            "the customer is registered already",
        ),
        (RegistrationRefusal::Full, "the event is full"),
        (RegistrationRefusal::NotActive, "the event is not active"),
    ] {
        let mut mocks = Mocks::at(1000);
        mocks
            .customers
            .expect_by_email()
            .returning(|_, _| Ok(Some(customer())));
        mocks
            .registrations
            .expect_register()
            .times(1)
            .returning(move |_, _, _| Err(refusal.into()));
        let email = customer().email.key();
        let outcome = mocks
            .build()
            .events
            .registrations
            .register(&request(), event().id, &email, None, None)
            .await;
        assert_eq!(outcome.unwrap_err().to_string(), told);
    }
}

#[tokio::test]
async fn freeing_nothing_tells_what_is_missing() {
    for (found, missing) in [
        (None, "there is no such event"),
        (Some(event()), "there is no such registration"),
    ] {
        let mut mocks = Mocks::at(1000);
        mocks.registrations.expect_by_id().returning(|_, _, _| Ok(None));
        mocks
            .events
            .expect_by_id()
            .returning(move |_, _| Ok(found.clone()));
        let id = RegistrationId::new(id(5));
        let outcome = mocks
            .build()
            .events
            .registrations
            .unregister(&request(), event().id, id)
            .await;
        assert_eq!(outcome.unwrap_err().to_string(), missing);
    }
}

#[tokio::test]
async fn frees_what_the_caller_has_seen_and_is_still_there() {
    for (request, freed, told) in [
        (request(), Some(true), None),
        (request(), Some(false), Some("there is no such registration")),
        (request_for_another_state(), None, Some("it has changed")),
    ] {
        let mut mocks = Mocks::at(1000);
        mocks.events.expect_by_id().returning(|_, _| Ok(Some(event())));
        let place = Registration::new(RegistrationId::new(id(5)), event().id, &customer(), None, at(1));
        let found = place.clone();
        mocks
            .registrations
            .expect_by_id()
            .times(1)
            .returning(move |_, _, _| Ok(Some(found.clone())));
        mocks.registrations.expect_by_id().returning(|_, _, _| Ok(None));
        if let Some(freed) = freed {
            mocks
                .registrations
                .expect_unregister()
                .times(1)
                .returning(move |_, _, _| Ok(freed));
        }
        let registrations = mocks.build().events.registrations;
        let outcome = registrations.unregister(&request, event().id, place.id).await;
        assert_eq!(outcome.err().map(|error| error.to_string()).as_deref(), told);
    }
}

fn terms() -> PaymentTerms {
    let amount = Money::from_minor(100).unwrap();
    PaymentTerms::new(amount, "ILS".parse().unwrap(), None, PaymentTime::DEFAULT).unwrap()
}

#[tokio::test]
async fn one_that_has_to_be_paid_is_kept_as_cancelled() {
    let mut mocks = Mocks::at(1000);
    let place = Registration::new(RegistrationId::new(id(5)), event().id, &customer(), None, at(1));
    let place = place.to_be_paid(&terms());
    let found = place.clone();
    mocks
        .registrations
        .expect_by_id()
        .returning(move |_, _, _| Ok(Some(found.clone())));
    mocks
        .registrations
        .expect_update()
        .times(1)
        .withf(|_, after, commit| {
            let kinds = commit.changes.iter().map(|change| change.kind.as_str());
            after.status == RegistrationStatus::Cancelled && kinds.eq(["registration.cancelled"])
        })
        .returning(|_, _, _| Ok(()));
    let registrations = mocks.build().events.registrations;
    let outcome = registrations.unregister(&request(), event().id, place.id).await;
    let cancelled = place.cancelled();
    let expected = Effect::Changed {
        before: place,
        after: cancelled,
    };
    assert_eq!(outcome.unwrap(), Outcome::Done(expected));
}

#[tokio::test]
async fn a_place_that_was_not_paid_in_time_is_given_to_another() {
    let mut mocks = Mocks::at(i64::from(u32::MAX));
    mocks
        .customers
        .expect_by_email()
        .returning(|_, _| Ok(Some(customer())));
    let mut registrations = MockRegistrationStore::new();
    let full = || Err(RegistrationRefusal::Full.into());
    registrations
        .expect_register()
        .times(1)
        .returning(move |_, _, _| full());
    registrations
        .expect_register()
        .times(1)
        .returning(|_, _, _| Ok(()));
    let unpaid = Registration::new(RegistrationId::new(id(5)), event().id, &customer(), None, at(1));
    let unpaid = unpaid.to_be_paid(&terms());
    registrations
        .expect_unpaid()
        .times(1)
        .returning(move |account, _, _| {
            Ok(vec![UnpaidRegistration {
                account: account.unwrap(),
                registration: unpaid.clone(),
            }])
        });
    registrations
        .expect_update()
        .times(1)
        .withf(|_, after, _| after.status == RegistrationStatus::Expired)
        .returning(|_, _, _| Ok(()));
    mocks.registrations = Box::new(registrations);
    let email = customer().email.key();
    let registrations = mocks.build().events.registrations;
    let outcome = registrations
        .register(&request(), event().id, &email, None, None)
        .await;
    assert!(matches!(outcome.unwrap(), Outcome::Done(Effect::Created(_))));
}
