//! Edits: every state that the domain allows can be stored, alone and during concurrent moves.

mod scheduling;

pub use scheduling::*;

use crate::{
    at, earliest, ends_of_the_calendar,
    events::event::new_event,
    events::registration::registration,
    latest, new_account, new_customer, race_of,
    scheduling::appointment::{appointment, moved, slot},
};
use chatgrow_domain::{
    Appointment, AppointmentEdit, AppointmentRefusal, AppointmentStatus, Capacity, CustomerEdit,
    CustomerName, Duration, EmailAddress, EventDescription, EventEdit, EventLocation, EventStatus,
    EventTitle, LocalMinute, Money, Notes, Phone, ServiceType, TimeSlot, Timestamp,
};
use chatgrow_ports::{Commit, Failure, StoreError, Stores};
use proptest::{
    arbitrary::any,
    collection::vec,
    option, prop_assert_eq, prop_oneof,
    sample::select,
    strategy::{Just, Strategy},
    test_runner::{Config, TestCaseError, TestError, TestRunner},
};
use std::fmt::Debug;
use tokio::{runtime::Handle, task::block_in_place};

/// Notes of that many characters that hardly compress.
fn long_notes(chars: usize, seed: usize) -> Notes {
    let mut state = u64::try_from(seed).unwrap();
    let mut next = || {
        // SplitMix64: <https://prng.di.unimi.it/splitmix64.c>
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        char::from(b'!' + u8::try_from((mixed ^ mixed >> 27) % 94).unwrap())
    };
    Notes::new((0..chars).map(|_| next()).collect::<String>()).unwrap()
}

/// How many appointments are edited at once, and how many others are moved onto them.
const EDITORS: usize = 6;
const MOVERS: usize = 8;

/// How many groups of appointments are edited. Each is edited once.
const GROUPS: usize = 96;

/// Makes the notes so long that the row no longer fits into its database page, which is full of rows with short notes.
/// Some notes are as long as they can be in a row that is still stored inline, others as long as the domain allows.
fn annotated(appointment: &Appointment, seed: usize) -> Appointment {
    let chars = if seed.is_multiple_of(4) {
        Notes::MAX_CHARS
    } else {
        1900
    };
    let edit = AppointmentEdit {
        notes: Some(Some(long_notes(chars, seed))),
        ..AppointmentEdit::default()
    };
    appointment.edited(edit, at(1_763_893_900_000)).unwrap()
}

/// Notes are edited while other appointments are moved onto the edited ones, over them, and into each other's slots.
/// Each edit is stored, and each move is told that the slot is taken. (A database that checks a rewritten row against
/// the moves, and the moves against the row, runs into a deadlock.)
pub async fn appointment_edits_do_not_meet_moves(servers: &[Stores]) {
    let stores = &servers[0];
    let account = new_account(stores).await;
    let customer = new_customer(stores, account).await;
    let tenth = |nth: usize| slot(i64::try_from(nth).unwrap() * 10, 10);
    let mut booked = Vec::new();
    for nth in 0..GROUPS * EDITORS + MOVERS {
        let new = appointment(&customer, tenth(nth));
        let outcome = stores
            .scheduling
            .appointments
            .book(account, &new, None, Commit::default());
        outcome.await.unwrap();
        booked.push(new);
    }
    let movers = booked.split_off(GROUPS * EDITORS);
    for (group, edited) in booked.chunks(EDITORS).enumerate() {
        let over_all = TimeSlot {
            duration: Duration::from_minutes(10 * i64::try_from(EDITORS).unwrap()).unwrap(),
            ..edited[0].booking.slot
        };
        let raced = race_of(EDITORS + MOVERS, servers, |racer, stores| {
            let edits = racer < EDITORS;
            let (before, next) = if edits {
                let before = edited[racer].clone();
                (before.clone(), annotated(&before, racer + group))
            } else {
                let before = movers[racer - EDITORS].clone();
                let target = match racer - EDITORS {
                    0 => movers[MOVERS - 1].booking.slot,
                    last if last == MOVERS - 1 => movers[0].booking.slot,
                    1 => edited[0].booking.slot,
                    _ => over_all,
                };
                (before.clone(), moved(&before, target))
            };
            async move {
                let outcome = stores
                    .scheduling
                    .appointments
                    .update(account, &next, Commit::default());
                match outcome.await {
                    Ok(()) if edits => next,
                    Err(Failure::Refused(AppointmentRefusal::SlotTaken)) if !edits => before,
                    other if edits => panic!("an edit of notes is in nobody's way, but: {other:?}"),
                    other => panic!("a move onto a slot that never gets free is refused, but: {other:?}"),
                }
            }
        })
        .await;
        for expected in raced {
            let read = stores.scheduling.appointments.by_id(account, expected.id).await;
            assert_eq!(
                read.unwrap(),
                Some(expected),
                "each edit is kept, and nothing was moved"
            );
        }
    }
}

/// How many resources get random edits, and how many edits each gets.
const EDITED: u32 = 24;
const MOST_EDITS: usize = 6;

/// Texts up to and beyond the limits. Those that the domain accepts are used.
fn text<T: Debug>(most: usize, new: impl Fn(String) -> Option<T> + Clone) -> impl Strategy<Value = T> {
    let any = prop_oneof![
        2 => "[ a-zA-Z0-9א-ת'\"%_\\\\.+-]{1,20}",
        2 => "\\PC{1,12}",
        1 => any::<String>(),
        1 => Just("7".to_owned()),
        1 => Just(String::new()),
        1 => Just(" ".to_owned()),
        1 => (0..=most + 2).prop_map(|chars| "7".repeat(chars)),
        1 => Just("7".repeat(most)),
        1 => Just("𝟕7".repeat(most / 2)),
    ];
    any.prop_filter_map("the domain refuses it", new)
}

/// Numbers at and beyond both ends of the allowed range. Those that the domain accepts are used.
fn number<T: Debug>(ends: (i64, i64), new: impl Fn(i64) -> Option<T> + Clone) -> impl Strategy<Value = T> {
    let near = |end: i64| end.saturating_sub(2)..=end.saturating_add(2);
    let any = prop_oneof![
        2 => Just(ends.0),
        1 => near(ends.0),
        3 => ends.0..=ends.1,
        1 => near(ends.1),
        3 => Just(ends.1),
        1 => select(vec![i64::MIN, -1, 0, 1, ends.1.saturating_mul(2), i64::MAX]),
    ];
    any.prop_filter_map("the domain refuses it", new)
}

/// A field of an edit, which may be left unchanged.
fn maybe<T: Clone + Debug>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Option<T>> {
    option::weighted(0.5, value)
}

fn instant() -> impl Strategy<Value = Timestamp> {
    number(
        (earliest().as_millis(), latest().as_millis()),
        Timestamp::from_millis,
    )
}

fn start() -> impl Strategy<Value = LocalMinute> {
    let (first, last) = ends_of_the_calendar();
    number((first.as_minutes(), last.as_minutes()), LocalMinute::from_minutes)
}

fn notes() -> impl Strategy<Value = Notes> {
    text(Notes::MAX_CHARS, |text| Notes::new(text).ok())
}

fn customer_edit() -> impl Strategy<Value = CustomerEdit> {
    let email = prop_oneof![
        text(EmailAddress::MAX_CHARS, |text| EmailAddress::new(format!(
            "{text}@example.com"
        ))
        .ok()),
        text(60, |text| EmailAddress::new(format!("u@{text}.example")).ok()),
    ];
    (
        maybe(text(CustomerName::MAX_CHARS, |text| CustomerName::new(text).ok())),
        maybe(email),
        maybe(option::weighted(
            0.8,
            text(Phone::MAX_CHARS, |text| Phone::new(text).ok()),
        )),
        maybe(option::weighted(0.8, notes())),
    )
        .prop_map(|(name, email, phone, notes)| CustomerEdit {
            name,
            email,
            phone,
            notes,
        })
}

/// An edit or, occasionally, a cancellation (`None`).
fn appointment_edit() -> impl Strategy<Value = Option<AppointmentEdit>> {
    let duration = number((Duration::MIN_MINUTES, Duration::MAX_MINUTES), |minutes| {
        Duration::from_minutes(minutes).ok()
    });
    let edit = (
        maybe(start()),
        maybe(start()),
        maybe(duration),
        maybe(select(ServiceType::ALL)),
        maybe(option::weighted(0.8, notes())),
        option::weighted(0.1, select(AppointmentStatus::ALL)),
    )
        .prop_map(
            |(date, time, duration, service_type, notes, status)| AppointmentEdit {
                date: date.map(|start| start.to_date_time().date()),
                time: time.map(|start| start.to_date_time().time()),
                duration,
                resources: None,
                service_type,
                notes,
                status,
            },
        );
    option::weighted(0.9, edit)
}

fn event_edit() -> impl Strategy<Value = EventEdit> {
    let capacity = number((Capacity::MIN, Capacity::MAX), |people| {
        Capacity::new(people).ok()
    });
    let price = number((0, Money::MAX_MINOR), |minor| Money::from_minor(minor).ok());
    (
        maybe(text(EventTitle::MAX_CHARS, |text| EventTitle::new(text).ok())),
        maybe(option::weighted(
            0.8,
            text(EventDescription::MAX_CHARS, |text| {
                EventDescription::new(text).ok()
            }),
        )),
        (maybe(start()), maybe(start())),
        maybe(option::weighted(
            0.8,
            text(EventLocation::MAX_CHARS, |text| EventLocation::new(text).ok()),
        )),
        maybe(option::weighted(0.8, capacity)),
        maybe(option::weighted(0.8, price)),
        maybe(select(EventStatus::ALL)),
    )
        .prop_map(
            |(title, description, (date, time), location, capacity, price, status)| EventEdit {
                title,
                description,
                date: date.map(|start| start.to_date_time().date()),
                time: time.map(|start| start.to_date_time().time()),
                location,
                capacity,
                price,
                status,
            },
        )
}

/// Runs `kept` with many lists of edits. A failure is reported with the shortest list that causes it.
fn with_edits<E: Strategy<Value: Clone>>(
    edit: E,
    kept: impl AsyncFn(Vec<(E::Value, Timestamp)>) -> Result<(), TestCaseError>,
) {
    let config = Config {
        cases: EDITED,
        failure_persistence: None,
        max_shrink_iters: 512,
        ..Config::default()
    };
    let edits = vec((edit, instant()), MOST_EDITS / 2..=MOST_EDITS);
    let outcome = block_in_place(|| {
        TestRunner::new(config).run(&edits, |edits| Handle::current().block_on(kept(edits)))
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(reason, edits)) => {
            panic!("{reason}\nThe edits, and when they were made: {edits:#?}")
        }
        Err(TestError::Abort(reason)) => panic!("{reason}"),
    }
}

/// Checks that the store accepted `next` and returns it unchanged.
fn kept<T: Debug + PartialEq, E: Debug>(
    next: &T,
    outcome: Result<(), E>,
    read: Result<Option<T>, StoreError>,
) -> Result<(), TestCaseError> {
    let Err(error) = outcome else {
        let read = read.map_err(|error| TestCaseError::fail(format!("{error:?}")))?;
        prop_assert_eq!(read.as_ref(), Some(next), "an edit is read back as it was made");
        return Ok(());
    };
    Err(TestCaseError::fail(format!(
        "the domain allows this state, so the store must keep it. It says {error:?} to {next:?}"
    )))
}

/// The store keeps every state of a customer that the domain allows.
#[expect(clippy::unused_async, reason = "the suite awaits every case")]
pub async fn every_edit_of_a_customer_is_kept(stores: &Stores) {
    with_edits(customer_edit(), async |edits| {
        let account = new_account(stores).await;
        let mut present = new_customer(stores, account).await;
        for (edit, now) in edits {
            let next = present.edited(edit, now);
            if next != present {
                let outcome = stores
                    .crm
                    .customers
                    .update(account, &next, Commit::default())
                    .await;
                kept(
                    &next,
                    outcome,
                    stores.crm.customers.by_email(account, &next.email.key()).await,
                )?;
                present = next;
            }
        }
        Ok(())
    });
}

/// The store keeps every state of an appointment that the domain allows.
#[expect(clippy::unused_async, reason = "the suite awaits every case")]
pub async fn every_edit_of_an_appointment_is_kept(stores: &Stores) {
    with_edits(appointment_edit(), async |edits| {
        let account = new_account(stores).await;
        let customer = new_customer(stores, account).await;
        let mut present = appointment(&customer, slot(0, 60));
        let outcome = stores
            .scheduling
            .appointments
            .book(account, &present, None, Commit::default())
            .await;
        kept(
            &present,
            outcome,
            stores.scheduling.appointments.by_id(account, present.id).await,
        )?;
        for (edit, now) in edits {
            let next = match edit {
                Some(edit) => present.edited(edit, now),
                None => present.cancelled(now),
            };
            if let Ok(next) = next
                && next != present
            {
                let outcome = stores
                    .scheduling
                    .appointments
                    .update(account, &next, Commit::default())
                    .await;
                kept(
                    &next,
                    outcome,
                    stores.scheduling.appointments.by_id(account, next.id).await,
                )?;
                present = next;
            }
        }
        Ok(())
    });
}

/// The store keeps every state of an event that the domain allows, while one customer is registered.
#[expect(clippy::unused_async, reason = "the suite awaits every case")]
pub async fn every_edit_of_an_event_is_kept(stores: &Stores) {
    with_edits(event_edit(), async |edits| {
        let account = new_account(stores).await;
        let customer = new_customer(stores, account).await;
        let event = new_event(stores, account, None).await;
        let place = registration(event.id, &customer);
        let outcome = stores
            .events
            .registrations
            .register(account, &place, Commit::default());
        outcome.await.unwrap();
        let mut present = stores
            .events
            .events
            .by_id(account, event.id)
            .await
            .unwrap()
            .unwrap();
        for (edit, now) in edits {
            if let Ok(next) = present.edited(edit, now)
                && next != present
            {
                let outcome = stores
                    .events
                    .events
                    .update(account, &next, Commit::default())
                    .await;
                kept(&next, outcome, stores.events.events.by_id(account, next.id).await)?;
                present = next;
            }
        }
        Ok(())
    });
}
