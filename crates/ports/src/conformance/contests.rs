//! Contests for what only one can have: cases that find a store that looks first and writes afterwards, and lets others in between.

use super::{
    api_keys::key,
    appointments::{appointment, moved, slot},
    at,
    contest::{Round, contest},
    customer_with_email,
    customers::{renamed, with_email},
    events::{new_event, with_status},
    fresh_id,
    idempotency::{fresh_request, record, with},
    new_account, new_customer,
    registrations::{counted, registration},
};
use crate::{
    BookError, Companions, InsertAccountError, InsertCustomerError, KeyUse, RegisterError, StoreError,
    Stores, UpdateAppointmentError, UpdateCustomerError, UpdateEventError,
};
use chatgrow_domain::{
    Account, AccountId, AccountName, AccountSlug, ApiKey, ApiKeyDigest, Appointment, Customer, EventStatus,
    RegistrationId, RegistrationRefused,
};
use std::{cell::RefCell, fmt::Debug};

/// A store for each of two callers: the same one, or one of each server.
fn two_callers(servers: &[Stores]) -> (Stores, Stores) {
    (servers[0].clone(), servers[servers.len() - 1].clone())
}

/// An account with a customer, and another one every few rounds: if a store takes longer the more there is, its windows should stay as
/// wide as they are.
struct Tenants<'s> {
    stores: &'s Stores,
    present: RefCell<Option<(AccountId, Customer)>>,
}

impl<'s> Tenants<'s> {
    fn of(stores: &'s Stores) -> Self {
        Self {
            stores,
            present: RefCell::default(),
        }
    }

    async fn tenant(&self, round: &Round) -> (AccountId, Customer) {
        let present = self.present.borrow().clone();
        match present {
            Some(tenant) if !round.number.is_multiple_of(4) => tenant,
            _ => {
                let account = new_account(self.stores).await;
                let tenant = (account, new_customer(self.stores, account).await);
                self.present.replace(Some(tenant.clone()));
                tenant
            }
        }
    }
}

/// Exactly one of the two has it, and the other is told why not.
fn assert_one_wins<T: Debug, E: Debug>(
    (first, second): &(Result<T, E>, Result<T, E>),
    what: &str,
    refused: impl Fn(&E) -> bool,
) {
    let right = match (first, second) {
        (Ok(_), Err(error)) | (Err(error), Ok(_)) => refused(error),
        _ => false,
    };
    assert!(
        right,
        "{what}: exactly one of two that want it at once must have it, and the other must be told that it is gone. They were told \
         {first:?} and {second:?}"
    );
}

/// Two inserts of one slug.
pub async fn account_slugs_are_contested(servers: &[Stores]) {
    let (one, other) = two_callers(servers);
    contest(&[()], async |round, ()| {
        let slug = format!("slug-{}", round.number);
        let insert = |stores: &Stores| {
            let account = Account {
                id: AccountId::new(fresh_id()),
                slug: AccountSlug::new(slug.as_str()).unwrap(),
                name: AccountName::new("Studio").unwrap(),
                created_at: at(0),
            };
            let accounts = stores.accounts.clone();
            async move { accounts.insert(&account).await }
        };
        let outcomes = round.both(insert(&one), insert(&other)).await;
        let taken = |error: &_| matches!(error, InsertAccountError::SlugTaken);
        assert_one_wins(&outcomes, "the slug of an account", taken);
    })
    .await;
}

/// Two first keys of one account.
pub async fn first_api_keys_are_contested(servers: &[Stores]) {
    let (one, other) = two_callers(servers);
    contest(&[()], async |round, ()| {
        let account = new_account(&one).await;
        let insert = |stores: &Stores, secret| {
            let (keys, key) = (stores.api_keys.clone(), key(account, secret));
            async move { keys.insert_first(&key).await.unwrap() }
        };
        let (first, second) = round.both(insert(&one, 1), insert(&other, 2)).await;
        assert!(
            first != second,
            "of two calls one must add the first key of an account and say so, but they said {first} and {second}"
        );
        let keys = one.api_keys.list(account).await.unwrap();
        assert_eq!(keys.len(), 1, "an account has one first key: {keys:?}");
    })
    .await;
}

/// Two revocations of one key: what either of them finds afterwards, stays.
pub async fn revocations_are_contested(servers: &[Stores]) {
    let (one, other) = two_callers(servers);
    let tenants = Tenants::of(&one);
    contest(&[()], async |round, ()| {
        let (account, _) = tenants.tenant(round).await;
        let key = ApiKey {
            digest: ApiKeyDigest::from_bytes(digest(round.number)),
            ..key(account, 1)
        };
        one.api_keys.insert(&key).await.unwrap();
        let revoke = |stores: &Stores, millis| {
            let (keys, id, digest) = (stores.api_keys.clone(), key.id, key.digest);
            async move {
                assert!(keys.revoke(id, at(millis)).await.unwrap(), "the key is there");
                keys.by_digest(&digest).await.unwrap().unwrap().revoked_at
            }
        };
        let (first, second) = round.both(revoke(&one, 1), revoke(&other, 2)).await;
        assert!(
            first == second && first.is_some(),
            "a key keeps the instant of its first revocation, but after one it was {first:?}, and after the other {second:?}"
        );
    })
    .await;
}

/// Two uses of one key: the later one stays.
pub async fn last_uses_are_contested(servers: &[Stores]) {
    let (one, other) = two_callers(servers);
    let tenants = Tenants::of(&one);
    contest(&[()], async |round, ()| {
        let (account, _) = tenants.tenant(round).await;
        let key = ApiKey {
            digest: ApiKeyDigest::from_bytes(digest(round.number)),
            ..key(account, 1)
        };
        one.api_keys.insert(&key).await.unwrap();
        let used = |stores: &Stores, millis| {
            let (keys, id) = (stores.api_keys.clone(), key.id);
            let used = KeyUse {
                account_id: account,
                id,
                at: at(millis),
            };
            async move { keys.record_use(&[used]).await.unwrap() }
        };
        // The earlier one begins first, so that it may end last.
        round.both(used(&one, 1), used(&other, 2)).await;
        let read = one.api_keys.by_digest(&key.digest).await.unwrap().unwrap();
        assert_eq!(
            read.last_used_at,
            Some(at(2)),
            "the last use of a key never moves back"
        );
    })
    .await;
}

fn digest(number: usize) -> [u8; 32] {
    let mut digest = [0; 32];
    digest[..8].copy_from_slice(&number.to_be_bytes());
    digest
}

/// Two that want one address: by inserts and by updates.
#[expect(
    clippy::async_yields_async,
    reason = "what a call needs is made first; the call begins later"
)]
pub async fn customer_emails_are_contested(servers: &[Stores]) {
    let (one, other) = two_callers(servers);
    let tenants = Tenants::of(&one);
    let kinds = [(false, false), (false, true), (true, false), (true, true)];
    contest(&kinds, async |round, (first_moves, second_moves)| {
        let (account, _) = tenants.tenant(round).await;
        let want = async |stores: &Stores, moves, email: String| {
            let customer = if moves {
                new_customer(stores, account).await
            } else {
                customer_with_email(&email)
            };
            let customers = stores.customers.clone();
            async move {
                if moves {
                    let moved = with_email(&customer, &email);
                    return customers.update(account, &moved, Companions::default()).await;
                }
                let inserted = customers.insert(account, &customer, Companions::default()).await;
                inserted.map_err(|error| match error {
                    InsertCustomerError::EmailTaken => UpdateCustomerError::EmailTaken,
                    InsertCustomerError::Store(error) => error.into(),
                })
            }
        };
        let email = |letter| format!("{letter}{}@example.com", round.number);
        let first = want(&one, first_moves, email("d")).await;
        let second = want(&other, second_moves, email("D")).await;
        let outcomes = round.both(first, second).await;
        let taken = |error: &_| matches!(error, UpdateCustomerError::EmailTaken);
        assert_one_wins(&outcomes, "the address of a customer", taken);
    })
    .await;
}

/// Two updates of one version of a customer.
pub async fn customer_versions_are_contested(servers: &[Stores]) {
    let (one, other) = two_callers(servers);
    let account = new_account(&one).await;
    let customer = new_customer(&one, account).await;
    let present = RefCell::new(customer);
    contest(&[()], async |round, ()| {
        let update = |stores: &Stores, name| {
            let (customers, next) = (
                stores.customers.clone(),
                renamed(&present.borrow(), &format!("{name}{}", round.number)),
            );
            async move {
                customers
                    .update(account, &next, Companions::default())
                    .await
                    .map(|()| next)
            }
        };
        let outcomes = round.both(update(&one, "Dana"), update(&other, "Noa")).await;
        let stale = |error: &_| matches!(error, UpdateCustomerError::Stale);
        assert_one_wins(&outcomes, "the next version of a customer", stale);
        let winner: Customer = outcomes.0.or(outcomes.1).unwrap();
        let read = one
            .customers
            .by_email(account, &winner.email.key())
            .await
            .unwrap();
        assert_eq!(
            read,
            Some(winner.clone()),
            "the update that succeeded is what is kept"
        );
        present.replace(winner);
    })
    .await;
}

/// Two that want one slot: by bookings and by moves.
#[expect(
    clippy::async_yields_async,
    reason = "what a call needs is made first; the call begins later"
)]
pub async fn slots_are_contested(servers: &[Stores]) {
    let (one, other) = two_callers(servers);
    let tenants = Tenants::of(&one);
    let kinds = [(false, false), (false, true), (true, false), (true, true)];
    contest(&kinds, async |round, (first_moves, second_moves)| {
        let (account, customer) = tenants.tenant(round).await;
        let start = i64::try_from(round.number).unwrap() * 1000;
        let want = async |stores: &Stores, moves, from: i64, to| {
            let appointments = stores.appointments.clone();
            let mut wanted = appointment(&customer, slot(to, 60));
            if moves {
                let booked = appointment(&customer, slot(from, 60));
                appointments
                    .book(account, &booked, Companions::default())
                    .await
                    .unwrap();
                wanted = moved(&booked, wanted.slot);
            }
            async move {
                let outcome = if moves {
                    appointments.update(account, &wanted, Companions::default()).await
                } else {
                    let booked = appointments.book(account, &wanted, Companions::default()).await;
                    booked.map_err(|error| match error {
                        BookError::SlotTaken => UpdateAppointmentError::SlotTaken,
                        BookError::Store(error) => error.into(),
                    })
                };
                outcome.map(|()| wanted)
            }
        };
        let first = want(&one, first_moves, start, start + 300).await;
        let second = want(&other, second_moves, start + 100, start + 330).await;
        let outcomes = round.both(first, second).await;
        let taken = |error: &_| matches!(error, UpdateAppointmentError::SlotTaken);
        assert_one_wins(&outcomes, "the slot of an appointment", taken);
        let winner: Appointment = outcomes.0.or(outcomes.1).unwrap();
        let read = one.appointments.by_id(account, winner.id).await.unwrap();
        assert_eq!(read, Some(winner), "the one that succeeded is what is kept");
    })
    .await;
}

/// Two updates of one version of an appointment: a move and a cancellation.
pub async fn appointment_versions_are_contested(servers: &[Stores]) {
    let (one, other) = two_callers(servers);
    let tenants = Tenants::of(&one);
    contest(&[()], async |round, ()| {
        let (account, customer) = tenants.tenant(round).await;
        let start = i64::try_from(round.number).unwrap() * 1000;
        let booked = appointment(&customer, slot(start, 60));
        one.appointments
            .book(account, &booked, Companions::default())
            .await
            .unwrap();
        let update = |stores: &Stores, next: Appointment| {
            let appointments = stores.appointments.clone();
            async move {
                appointments
                    .update(account, &next, Companions::default())
                    .await
                    .map(|()| next)
            }
        };
        let next = [
            moved(&booked, slot(start + 30, 60)),
            booked.cancelled(at(1_763_893_900_000)),
        ];
        let (first, second) = (round.number % 2, 1 - round.number % 2);
        let outcomes = round
            .both(
                update(&one, next[first].clone()),
                update(&other, next[second].clone()),
            )
            .await;
        let stale = |error: &_| matches!(error, UpdateAppointmentError::Stale);
        assert_one_wins(&outcomes, "the next version of an appointment", stale);
        let winner = outcomes.0.or(outcomes.1).unwrap();
        let read = one.appointments.by_id(account, winner.id).await.unwrap();
        assert_eq!(read, Some(winner), "the update that succeeded is what is kept");
    })
    .await;
}

/// Two updates of one version of an event; an update and a registration, which moves the version on.
pub async fn event_versions_are_contested(servers: &[Stores]) {
    let (one, other) = two_callers(servers);
    let tenants = Tenants::of(&one);
    contest(&[()], async |round, ()| {
        let (account, _) = tenants.tenant(round).await;
        let event = new_event(&one, account, None).await;
        let update = |stores: &Stores, status| {
            let (events, next) = (stores.events.clone(), with_status(&event, status));
            async move {
                events
                    .update(account, &next, Companions::default())
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
        let stale = |error: &_| matches!(error, UpdateEventError::Stale);
        assert_one_wins(&outcomes, "the next version of an event", stale);
        let winner = outcomes.0.or(outcomes.1).unwrap();
        let read = one.events.by_id(account, winner.id).await.unwrap();
        assert_eq!(read, Some(winner), "the update that succeeded is what is kept");
    })
    .await;
    contest(&[true, false], async |round, edit_first| {
            let (account, customer) = tenants.tenant(round).await;
            let event = new_event(&one, account, None).await;
            let ended = with_status(&event, EventStatus::Completed);
            let place = registration(event.id, &customer);
            let (events, registrations) = (one.events.clone(), other.registrations.clone());
            let edits = async move { events.update(account, &ended, Companions::default()).await };
            let registers = async move { registrations.register(account, &place, Companions::default()).await };
            let (edited, registered) = if edit_first {
                round.both(edits, registers).await
            } else {
                let (registered, edited) = round.both(registers, edits).await;
                (edited, registered)
            };
            assert!(
                matches!(
                    (&edited, &registered),
                    (Ok(()), Err(RegisterError::Refused(RegistrationRefused::NotActive)))
                        | (Err(UpdateEventError::Stale), Ok(()))
                ),
                "either the event ends and takes nobody, or it takes somebody and the edit, which didn't see that, is stale. But the \
                 edit was told {edited:?}, and the customer {registered:?}"
            );
            counted(&one, account, event.id).await;
        })
        .await;
}

/// Two customers who want the last place, and one customer who asks twice.
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
            let (registrations, place) = (stores.registrations.clone(), registration(event.id, customer));
            async move {
                registrations
                    .register(account, &place, Companions::default())
                    .await
            }
        };
        let outcomes = round
            .both(register(&one, &customer), register(&other, &another))
            .await;
        assert_one_wins(&outcomes, "a place at an event", |error| match error {
            RegisterError::AlreadyRegistered => same,
            RegisterError::Refused(RegistrationRefused::Full) => !same,
            _ => false,
        });
        let places = counted(&one, account, event.id).await;
        assert_eq!(places.len(), 1, "one has the place");
    })
    .await;
}

/// Two that free one place: one does.
pub async fn freed_places_are_contested(servers: &[Stores]) {
    let (one, other) = two_callers(servers);
    let tenants = Tenants::of(&one);
    contest(&[()], async |round, ()| {
        let (account, customer) = tenants.tenant(round).await;
        let event = new_event(&one, account, None).await;
        let place = registration(event.id, &customer);
        one.registrations
            .register(account, &place, Companions::default())
            .await
            .unwrap();
        let free = |stores: &Stores, id: RegistrationId| {
            let registrations = stores.registrations.clone();
            async move {
                registrations
                    .unregister(account, event.id, id, Companions::default())
                    .await
                    .unwrap()
            }
        };
        let (first, second) = round.both(free(&one, place.id), free(&other, place.id)).await;
        assert!(
            first != second,
            "of two calls exactly one frees the place and says so, but they said {first} and {second}"
        );
        let places = counted(&one, account, event.id).await;
        assert_eq!(places, [], "the place is free");
    })
    .await;
}

/// Two that carry out one request: one does.
pub async fn requests_are_contested(servers: &[Stores]) {
    let (one, other) = two_callers(servers);
    let tenants = Tenants::of(&one);
    contest(&[()], async |round, ()| {
        let (account, _) = tenants.tenant(round).await;
        let record = record(account, fresh_request());
        let insert = |stores: &Stores, letter| {
            let customer = customer_with_email(&format!("{letter}{}@example.com", round.number));
            let (customers, companions) = (stores.customers.clone(), with(&record));
            async move { customers.insert(account, &customer, companions).await }
        };
        let outcomes = round.both(insert(&one, "a"), insert(&other, "b")).await;
        assert_one_wins(&outcomes, "the effect of a request", |error| {
            matches!(
                error,
                InsertCustomerError::Store(StoreError::Repeated | StoreError::InProgress)
            )
        });
    })
    .await;
}
