//! Contests for events: their versions and their places.

use super::{Tenants, assert_one_wins, contest, two_callers};
use crate::{
    events::event::{new_event, with_status},
    events::registration::{counted, registration},
    new_customer,
};
use chatgrow_domain::{EventRefusal, EventStatus, RegistrationRefusal};
use chatgrow_ports::{Commit, Failure, Stores};

/// Two updates start from one version of an event; or an update and a registration do, which increments the version.
pub async fn event_versions_are_contested(servers: &[Stores]) {
    let (one, other) = two_callers(servers);
    let tenants = Tenants::of(&one);
    contest(&[()], async |round, ()| {
        let (account, _) = tenants.tenant(round).await;
        let event = new_event(&one, account, None).await;
        let update = |stores: &Stores, status| {
            let (events, next) = (stores.events.events.clone(), with_status(&event, status));
            async move {
                events
                    .update(account, &next, Commit::default())
                    .await
                    .map(|()| next)
            }
        };
        let outcomes = round
            .both(
                update(&one, EventStatus::Completed),
                update(&other, EventStatus::Cancelled),
            )
            .await;
        let stale = |error: &_| matches!(error, Failure::Refused(EventRefusal::VersionMismatch));
        assert_one_wins(&outcomes, "the next version of an event", stale);
        let winner = outcomes.0.or(outcomes.1).unwrap();
        let read = one.events.events.by_id(account, winner.id).await.unwrap();
        assert_eq!(read, Some(winner), "the update that succeeded is what is kept");
    })
    .await;
    contest(&[true, false], async |round, edit_first| {
            let (account, customer) = tenants.tenant(round).await;
            let event = new_event(&one, account, None).await;
            let ended = with_status(&event, EventStatus::Completed);
            let place = registration(event.id, &customer);
            let (events, registrations) = (one.events.events.clone(), other.events.registrations.clone());
            let edits = async move { events.update(account, &ended, Commit::default()).await };
            let registers = async move { registrations.register(account, &place, Commit::default()).await };
            let (edited, registered) = if edit_first {
                round.both(edits, registers).await
            } else {
                let (registered, edited) = round.both(registers, edits).await;
                (edited, registered)
            };
            assert!(
                matches!(
                    (&edited, &registered),
                    (Ok(()), Err(Failure::Refused(RegistrationRefusal::NotActive)))
                        | (Err(Failure::Refused(EventRefusal::VersionMismatch)), Ok(()))
                ),
                "either the event ends and takes nobody, or it takes somebody and the edit, which didn't see that, is stale. But the \
                 edit was told {edited:?}, and the customer {registered:?}"
            );
            counted(&one, account, event.id).await;
        })
        .await;
}

/// Two customers want the last place; or one customer asks for a place twice at once.
pub async fn places_are_contested(servers: &[Stores]) {
    let (one, other) = two_callers(servers);
    let tenants = Tenants::of(&one);
    contest(&[false, true], async |round, same| {
        let (account, customer) = tenants.tenant(round).await;
        let another = if same {
            customer.clone()
        } else {
            new_customer(&one, account).await
        };
        let event = new_event(&one, account, (!same).then_some(1)).await;
        let register = |stores: &Stores, customer| {
            let (registrations, place) = (
                stores.events.registrations.clone(),
                registration(event.id, customer),
            );
            async move { registrations.register(account, &place, Commit::default()).await }
        };
        let outcomes = round
            .both(register(&one, &customer), register(&other, &another))
            .await;
        assert_one_wins(&outcomes, "a place at an event", |error| match error {
            Failure::Refused(RegistrationRefusal::AlreadyRegistered) => same,
            Failure::Refused(RegistrationRefusal::Full) => !same,
            _ => false,
        });
        let places = counted(&one, account, event.id).await;
        assert_eq!(places.len(), 1, "one has the place");
    })
    .await;
}

/// Two calls free one place. One of them succeeds.
pub async fn freed_places_are_contested(servers: &[Stores]) {
    let (one, other) = two_callers(servers);
    let tenants = Tenants::of(&one);
    contest(&[()], async |round, ()| {
        let (account, customer) = tenants.tenant(round).await;
        let event = new_event(&one, account, None).await;
        let place = registration(event.id, &customer);
        one.events
            .registrations
            .register(account, &place, Commit::default())
            .await
            .unwrap();
        let free = |stores: &Stores| {
            let (registrations, place) = (stores.events.registrations.clone(), place.clone());
            async move {
                registrations
                    .unregister(account, &place, Commit::default())
                    .await
                    .unwrap()
            }
        };
        let (first, second) = round.both(free(&one), free(&other)).await;
        assert!(
            first != second,
            "of two calls exactly one frees the place and says so, but they said {first} and {second}"
        );
        let places = counted(&one, account, event.id).await;
        assert_eq!(places, [], "the place is free");
    })
    .await;
}
