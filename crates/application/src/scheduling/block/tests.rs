use super::*;
use crate::fixtures::{Mocks, account, at, expired_hold, id, request, resource};
use chatgrow_domain::{Interval, LocalMinute, Obstruction, OccupancyKind, ResourceId, Schedule};
use mockall::predicate::{always, eq};

fn minute(minutes: i64) -> LocalMinute {
    LocalMinute::from_minutes(minutes).unwrap()
}

fn terms(resource: Option<ResourceId>) -> BlockTerms {
    BlockTerms {
        resource,
        from: minute(600),
        until: minute(6000),
        reason: None,
    }
}

fn block() -> Block {
    Block::new(BlockId::new(id(1)), terms(None), at(1000))
}

fn refused_once() -> Mocks {
    let mut mocks = Mocks::at(1000);
    mocks
        .blocks
        .expect_block()
        .times(1)
        .returning(|_, _, _| Err(BlockRefusal::TimeTaken(None).into()));
    mocks
}

async fn blocked(
    mocks: Mocks,
    resource: Option<ResourceId>,
) -> Result<Outcome<Block>, Failure<BlockRefusal>> {
    let blocks = mocks.build().scheduling.blocks;
    blocks.block(&request(), terms(resource)).await
}

#[tokio::test]
async fn time_is_taken_off() {
    let mut mocks = Mocks::at(1000);
    mocks
        .blocks
        .expect_block()
        .with(eq(account()), eq(block()), always())
        .times(1)
        .returning(|_, _, _| Ok(()));
    let outcome = blocked(mocks, None).await.unwrap();
    assert_eq!(outcome, Outcome::Done(Effect::Created(block())));
}

#[tokio::test]
async fn a_resource_of_nobody_gets_no_time_off() {
    let mut mocks = Mocks::at(1000);
    mocks.resources.expect_by_id().returning(|_, _| Ok(None));
    let outcome = blocked(mocks, Some(resource().id)).await;
    assert!(matches!(
        outcome,
        Err(Failure::Refused(BlockRefusal::ResourceNotFound))
    ));
}

#[tokio::test]
async fn a_resource_that_is_not_active_may_have_time_off() {
    let mut mocks = Mocks::at(1000);
    let inactive = chatgrow_domain::Resource {
        active: false,
        ..resource()
    };
    mocks
        .resources
        .expect_by_id()
        .returning(move |_, _| Ok(Some(inactive.clone())));
    mocks.blocks.expect_block().returning(|_, _, _| Ok(()));
    assert!(blocked(mocks, Some(resource().id)).await.is_ok());
}

#[tokio::test]
async fn expired_holds_are_released_once_and_the_write_is_made_again() {
    let mut mocks = refused_once();
    mocks
        .holds
        .expect_expired()
        .with(eq(Some(account())), eq(at(1000)), always())
        .times(1)
        .returning(|_, _, _| Ok(vec![expired_hold(); 2]));
    mocks
        .schedules
        .expect_of()
        .returning(|account| Ok(Schedule::untouched(account)));
    mocks
        .holds
        .expect_release()
        .times(2)
        .returning(|_, _, _| Ok(true));
    mocks.blocks.expect_block().times(1).returning(|_, _, _| Ok(()));
    assert!(blocked(mocks, None).await.is_ok());
}

#[tokio::test]
async fn what_is_in_the_way_is_told() {
    let mut mocks = refused_once();
    mocks.holds.expect_expired().returning(|_, _, _| Ok(Vec::new()));
    let obstruction = Obstruction {
        resource: None,
        kind: OccupancyKind::Appointment,
        id: id(3),
        start: minute(660),
        minutes: 60,
    };
    let whole = Interval {
        from: 600,
        until: 6000,
    };
    mocks
        .occupancies
        .expect_in_the_way()
        .with(eq(account()), eq([None]), eq(whole), eq(at(1000)))
        .times(1)
        .returning(move |_, _, _, _| Ok(Some(obstruction)));
    let outcome = blocked(mocks, None).await;
    let Err(Failure::Refused(why)) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(why, BlockRefusal::TimeTaken(Some(obstruction)));
}

#[tokio::test]
async fn it_is_tried_again_if_what_was_in_the_way_has_gone() {
    let mut mocks = refused_once();
    mocks.holds.expect_expired().returning(|_, _, _| Ok(Vec::new()));
    mocks
        .occupancies
        .expect_in_the_way()
        .times(1)
        .returning(|_, _, _, _| Ok(None));
    mocks.blocks.expect_block().times(1).returning(|_, _, _| Ok(()));
    assert!(blocked(mocks, None).await.is_ok());
}

#[tokio::test]
async fn of_two_who_end_a_block_one_finds_it() {
    for (removed, done) in [(true, true), (false, false)] {
        let mut mocks = Mocks::at(1000);
        mocks.blocks.expect_by_id().returning(|_, _| Ok(Some(block())));
        mocks
            .blocks
            .expect_remove()
            .times(1)
            .returning(move |_, _, _| Ok(removed));
        let blocks = mocks.build().scheduling.blocks;
        assert_eq!(blocks.remove(&request(), block().id).await.is_ok(), done);
    }
}
