use super::*;
use crate::Dated;
use crate::fixtures::{Mocks, account, answer, appointment, at, caller, request};
use chatgrow_domain::{Appointment, AppointmentRefusal, ChangeType, Version};
use std::cell::Cell;

const KEY: IdempotencyKey = IdempotencyKey([1; 32]);

/// A request with an idempotency key, whose answer is remembered for five seconds.
fn named() -> Request<Dated<Appointment>> {
    Request {
        repeatable: Some(Repeatable {
            key: KEY,
            fingerprint: [2; 32],
            remembered: Duration::from_secs(5),
            deadline: Instant::now(),
        }),
        ..request()
    }
}

fn dated() -> Dated<Appointment> {
    Dated {
        value: appointment(),
        times: None,
    }
}

/// The record of [`named`], which expires at 2000.
fn record() -> IdempotencyRecord {
    IdempotencyRecord {
        account: account(),
        key: KEY,
        fingerprint: [2; 32],
        answer: answer(),
        created_at: at(0),
        expires_at: at(2000),
    }
}

/// Mocks at 1000, on which a turn is always free.
fn mocks() -> Mocks {
    let mut mocks = Mocks::at(1000);
    mocks.turns.expect_enter().returning(|_, _, _| Some(Box::new(())));
    mocks
}

fn finds(mocks: &mut Mocks, record: Option<IdempotencyRecord>) {
    let find = mocks.idempotency.expect_find().times(1);
    find.returning(move |_, _| Ok(record.clone()));
}

type Attempted = Result<Option<Effect<Dated<Appointment>>>, Failure<AppointmentRefusal>>;

async fn run(mocks: Mocks, attempt: impl Fn() -> Attempted) -> Result<Outcome<Dated<Appointment>>, String> {
    let commits = mocks.build_commits();
    let outcome = commits.run(&named(), async || attempt()).await;
    outcome.map_err(|failure| failure.to_string())
}

#[expect(clippy::unnecessary_wraps, reason = "it is one of several attempts")]
fn done() -> Attempted {
    Ok(Some(Effect::Created(dated())))
}

fn repeated() -> Attempted {
    Err(StoreError::Repeated.into())
}

fn taken() -> Attempted {
    Err(AppointmentRefusal::SlotTaken.into())
}

fn away() -> Attempted {
    Err(StoreError::unavailable("away").into())
}

#[tokio::test]
async fn what_is_done_is_told() {
    let outcome = run(mocks(), done).await;
    assert_eq!(outcome, Ok(Outcome::Done(Effect::Created(dated()))));
}

#[tokio::test]
async fn a_repetition_has_the_first_answer_whatever_is_in_its_way() {
    for failure in [repeated, taken, away] {
        let mut mocks = mocks();
        finds(&mut mocks, Some(record()));
        assert_eq!(run(mocks, failure).await, Ok(Outcome::Replayed(answer())));
    }
}

#[tokio::test]
async fn another_request_with_the_key_is_refused() {
    let other = IdempotencyRecord {
        fingerprint: [3; 32],
        ..record()
    };
    for (failure, told) in [
        (repeated as fn() -> Attempted, Ok(Outcome::KeyReused)),
        (taken, Ok(Outcome::KeyReused)),
        (away, Err("the store is unavailable: away".to_owned())),
    ] {
        let mut mocks = mocks();
        finds(&mut mocks, Some(other.clone()));
        assert_eq!(run(mocks, failure).await, told);
    }
}

#[tokio::test]
async fn an_expired_record_answers_nothing() {
    let mut mocks = mocks();
    mocks.passes_to(2000);
    finds(&mut mocks, Some(record()));
    assert_eq!(run(mocks, taken).await, Err("the slot is taken".to_owned()));
}

#[tokio::test]
async fn a_refusal_is_told_only_if_it_is_known_to_be_no_repetition() {
    let mut mocks = mocks();
    let find = mocks.idempotency.expect_find().times(1);
    find.returning(|_, _| Err(StoreError::unavailable("gone")));
    let told = run(mocks, taken).await;
    assert_eq!(told, Err("the store is unavailable: gone".to_owned()));
}

#[tokio::test]
async fn a_repetition_waits_for_the_same_request_on_another_server() {
    let mut mocks = mocks();
    finds(&mut mocks, None);
    mocks.turns.expect_pause().times(1).returning(|_| true);
    let first = Cell::new(true);
    let attempt = || {
        if first.replace(false) {
            return Err(StoreError::InProgress.into());
        }
        done()
    };
    let outcome = run(mocks, attempt).await;
    assert_eq!(outcome, Ok(Outcome::Done(Effect::Created(dated()))));
}

#[tokio::test]
async fn a_repetition_waits_until_its_deadline_only() {
    let mut busy = Mocks::at(1000);
    busy.turns.expect_enter().returning(|_, _, _| None);
    assert_eq!(run(busy, done).await, Ok(Outcome::InProgress), "on this server");
    let mut elsewhere = mocks();
    finds(&mut elsewhere, None);
    elsewhere.turns.expect_pause().times(1).returning(|_| false);
    let in_progress = || Err(StoreError::InProgress.into());
    let outcome = run(elsewhere, in_progress).await;
    assert_eq!(outcome, Ok(Outcome::InProgress), "on another server");
}

#[tokio::test]
async fn a_change_that_always_loses_ends() {
    let attempts = Cell::new(0);
    let attempt = || {
        attempts.set(attempts.get() + 1);
        Ok(None)
    };
    let mut mocks = mocks();
    finds(&mut mocks, None);
    let told = run(mocks, attempt).await;
    assert_eq!(
        told,
        Err("the store is unavailable: too many concurrent changes of one resource".to_owned())
    );
    assert_eq!(attempts.get(), ATTEMPTS);
}

#[test]
fn a_record_commits_with_a_request_that_names_itself() {
    let commits = Mocks::at(1000).build_commits();
    let effect = Effect::Created(dated());
    assert_eq!(commits.of(&request(), &effect).record, None);
    let record = commits.of(&named(), &effect).record.unwrap();
    assert_eq!(
        (record.account, record.key, record.answer),
        (caller().account, KEY, answer())
    );
    assert_eq!((record.created_at, record.expires_at), (at(1000), at(6000)));
}

#[test]
fn a_change_commits_with_what_it_tells_of() {
    let commits = Mocks::at(1000).build_commits();
    let after = Dated {
        value: appointment().cancelled(at(2000)).unwrap(),
        times: None,
    };
    let effects = [
        (
            Effect::Created(dated()),
            Some((ChangeType::AppointmentCreated, 1)),
        ),
        (Effect::Unchanged(dated()), None),
        (
            Effect::Removed(dated()),
            Some((ChangeType::AppointmentUpdated, 2)),
        ),
        (
            Effect::Changed {
                before: dated(),
                after: after.clone(),
            },
            Some((ChangeType::AppointmentCancelled, 2)),
        ),
    ];
    for (effect, told) in effects {
        let changes = commits.of(&request(), &effect).changes;
        let found = changes
            .first()
            .map(|change| (change.kind, change.version.unwrap().get()));
        assert_eq!(found, told);
        for change in changes {
            assert_eq!((change.account, change.at), (account(), at(1000)));
            assert_eq!(
                (change.actor, change.request.as_deref()),
                (caller().actor, Some("request"))
            );
            assert_eq!(change.customer, Some(appointment().customer.id));
        }
    }
}

#[tokio::test]
async fn a_request_that_changes_nothing_commits_its_record_alone() {
    let mut mocks = mocks();
    let recorded = |commit: &Commit| commit.record.is_some() && commit.changes.is_empty();
    mocks
        .idempotency
        .expect_write()
        .withf(recorded)
        .times(1)
        .returning(|_| Ok(()));
    let commits = mocks.build_commits();
    let never = async |_: &Dated<Appointment>, _| -> Result<(), Failure<AppointmentRefusal>> {
        panic!("there is nothing to write")
    };
    let effect = commits.replace(&named(), dated(), dated(), never).await.unwrap();
    assert_eq!(effect, Some(Effect::Unchanged(dated())));
}

#[test]
fn a_precondition_admits_what_the_caller_has_seen() {
    let seen = appointment();
    let changed = Appointment {
        version: Version::FIRST.next(),
        ..appointment()
    };
    let one_of = Precondition::OneOf(vec![Revision::claimed("other"), seen.revision()]);
    for (precondition, current, admitted) in [
        (Precondition::Unconditional, None, true),
        (Precondition::Unconditional, Some(&seen), true),
        (Precondition::Exists, None, false),
        (Precondition::Exists, Some(&seen), true),
        (one_of.clone(), Some(&seen), true),
        (one_of.clone(), Some(&changed), false),
        (one_of, None, false),
    ] {
        let checked = precondition.check::<AppointmentRefusal>(current);
        assert_eq!(checked.is_ok(), admitted, "{precondition:?} {current:?}");
    }
}

#[tokio::test]
async fn sweeping_goes_on_until_nothing_is_left() {
    let mut mocks = Mocks::at(1000);
    let mut left = 1200_usize;
    mocks
        .idempotency
        .expect_sweep()
        .times(3)
        .returning(move |_, most| {
            let swept = left.min(most as usize);
            left -= swept;
            Ok(swept)
        });
    mocks.build().idempotency.sweep().await.unwrap();
}
