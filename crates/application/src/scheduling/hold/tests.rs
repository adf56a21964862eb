use super::*;
use crate::{
    fixtures::{Mocks, account, appointment, at, caller, expired_hold, id, request},
    scheduling::order::Booked,
};
use chatgrow_domain::{
    Actor, BrokenRule, ChangeType, Duration, Obstruction, OccupancyKind, Policies, Schedule, ServiceType,
    Unbookable,
};
use mockall::predicate::{always, eq};

fn wish() -> Wish {
    Wish {
        start: appointment().booking.slot.start,
        what: Booked::Time(ServiceType::Consultation, Duration::DEFAULT),
        resources: vec![],
        policies: Policies::Kept,
    }
}

/// What is made of the wish at 1000.
fn hold() -> Hold {
    Hold::new(
        HoldId::new(id(1)),
        appointment().booking,
        HoldTime::DEFAULT,
        at(1000),
    )
}

fn untouched() -> Mocks {
    let mut mocks = Mocks::at(1000);
    mocks
        .schedules
        .expect_of()
        .returning(|account| Ok(Schedule::untouched(account)));
    mocks
}

async fn held(mocks: Mocks) -> Result<Outcome<Dated<Hold>>, Failure<HoldRefusal>> {
    let holds = mocks.build().scheduling.holds;
    holds.hold(&request(), wish(), HoldTime::DEFAULT).await
}

#[tokio::test]
async fn a_slot_is_held_until_its_time() {
    let mut mocks = untouched();
    mocks
        .holds
        .expect_hold()
        .with(eq(account()), eq(hold()), always())
        .times(1)
        .returning(|_, _, _| Ok(()));
    assert!(held(mocks).await.is_ok());
    assert_eq!(hold().held_until, at(601_000));
}

#[tokio::test]
async fn expired_holds_are_released_once_and_the_write_is_made_again() {
    let mut mocks = untouched();
    mocks
        .holds
        .expect_hold()
        .times(1)
        .returning(|_, _, _| Err(HoldRefusal::SlotTaken.into()));
    mocks
        .holds
        .expect_expired()
        .with(eq(Some(account())), eq(at(1000)), always())
        .times(1)
        .returning(|_, _, _| Ok(vec![expired_hold()]));
    mocks
        .holds
        .expect_release()
        .times(1)
        .returning(|_, _, _| Ok(true));
    mocks.holds.expect_hold().times(1).returning(|_, _, _| Ok(()));
    assert!(held(mocks).await.is_ok());
}

#[tokio::test]
async fn a_taken_slot_is_told_with_help() {
    let mut mocks = untouched();
    mocks
        .holds
        .expect_hold()
        .times(1)
        .returning(|_, _, _| Err(HoldRefusal::SlotTaken.into()));
    mocks.holds.expect_expired().returning(|_, _, _| Ok(Vec::new()));
    let obstruction = Obstruction {
        resource: None,
        kind: OccupancyKind::Hold,
        id: id(3),
        start: wish().start,
        minutes: 60,
    };
    mocks
        .occupancies
        .expect_in_the_way()
        .returning(move |_, _, _, _| Ok(Some(obstruction)));
    mocks.occupancies.expect_busy().returning(|_, _, _, _| Ok(vec![]));
    let outcome = held(mocks).await;
    let Err(Failure::Refused(HoldRefusal::Unbookable(Unbookable::NotFree(why)))) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!((why.rule, why.obstruction), (BrokenRule::Busy, Some(obstruction)));
    assert_eq!(why.suggestions.next_free.len(), 3);
}

#[tokio::test]
async fn of_two_who_let_go_of_a_hold_one_finds_it() {
    for (removed, done) in [(true, true), (false, false)] {
        let mut mocks = untouched();
        mocks.holds.expect_by_id().returning(|_, _| Ok(Some(hold())));
        mocks
            .holds
            .expect_remove()
            .times(1)
            .returning(move |_, _, _| Ok(removed));
        let holds = mocks.build().scheduling.holds;
        let outcome = holds.remove(&request(), hold().id).await;
        assert_eq!(outcome.is_ok(), done);
    }
}

#[tokio::test]
async fn one_that_is_not_there_is_not_found() {
    let mut mocks = Mocks::at(1000);
    mocks.holds.expect_by_id().returning(|_, _| Ok(None));
    let holds = mocks.build().scheduling.holds;
    let outcome = holds.get(&caller(), hold().id).await;
    assert!(matches!(outcome, Err(Failure::Refused(HoldRefusal::NotFound))));
}

#[tokio::test]
async fn the_sweep_releases_what_has_expired_and_forgets_it_after_a_day() {
    let day = 24 * 60 * 60 * 1000;
    let mut mocks = Mocks::at(day + 1000);
    for released in [SWEEP as usize, 1] {
        mocks
            .holds
            .expect_expired()
            .with(eq(None), eq(at(day + 1000)), eq(SWEEP))
            .times(1)
            .returning(move |_, _, _| Ok(vec![expired_hold(); released]));
    }
    mocks
        .schedules
        .expect_of()
        .returning(|account| Ok(Schedule::untouched(account)));
    // One is released, removed or confirmed by somebody else meanwhile.
    let mut others = 0;
    mocks
        .holds
        .expect_release()
        .withf(|_, hold, commit| {
            let [change] = commit.changes.as_slice() else {
                return false;
            };
            hold.released && change.kind == ChangeType::HoldExpired && change.actor == Actor::System
        })
        .times(SWEEP as usize + 1)
        .returning(move |_, _, _| {
            others += 1;
            Ok(others > 1)
        });
    for forgotten in [SWEEP as usize, 0] {
        mocks
            .holds
            .expect_forget()
            .with(eq(at(1000)), eq(SWEEP))
            .times(1)
            .returning(move |_, _| Ok(forgotten));
    }
    mocks.build().scheduling.holds.sweep().await.unwrap();
}
