use super::*;
use crate::fixtures::{Mocks, account, at, request, request_for_another_state, resource};
use chatgrow_domain::{DayException, LocalMinute, ResourceName, Schedule};
use mockall::predicate::{always, eq};
use time::macros::date;

fn new_resource() -> NewResource {
    let resource = resource();
    NewResource {
        name: resource.name,
        kind: resource.kind,
        active: resource.active,
    }
}

fn closed_once() -> Hours {
    let exception = DayException {
        date: date!(2030 - 06 - 05),
        openings: Vec::new(),
    };
    Hours::new(None, vec![exception]).unwrap()
}

#[tokio::test]
async fn creates_one() {
    let mut mocks = Mocks::at(1000);
    mocks
        .resources
        .expect_insert()
        .with(eq(account()), eq(resource()), always())
        .times(1)
        .returning(|_, _, _| Ok(()));
    let resources = mocks.build().scheduling.resources;
    let outcome = resources.create(&request(), new_resource()).await.unwrap();
    assert_eq!(outcome, Outcome::Done(Effect::Created(resource())));
}

#[tokio::test]
async fn sets_its_hours() {
    let mut mocks = Mocks::at(2000);
    mocks
        .resources
        .expect_by_id()
        .returning(|_, _| Ok(Some(resource())));
    let after = Resource {
        hours: closed_once(),
        updated_at: at(2000),
        version: resource().version.next(),
        ..resource()
    };
    mocks
        .resources
        .expect_update()
        .with(eq(account()), eq(after.clone()), always())
        .times(1)
        .returning(|_, _, _| Ok(()));
    let resources = mocks.build().scheduling.resources;
    let outcome = resources
        .set_hours(&request(), resource().id, closed_once())
        .await;
    let before = resource();
    assert_eq!(outcome.unwrap(), Outcome::Done(Effect::Changed { before, after }));
}

#[tokio::test]
async fn deactivating_again_writes_nothing() {
    let inactive = || Resource {
        active: false,
        ..resource()
    };
    let mut mocks = Mocks::at(2000);
    mocks
        .resources
        .expect_by_id()
        .returning(move |_, _| Ok(Some(inactive())));
    let resources = mocks.build().scheduling.resources;
    let outcome = resources
        .deactivate(&request(), resource().id, false)
        .await
        .unwrap();
    assert_eq!(outcome, Outcome::Done(Effect::Unchanged(inactive())));
}

#[tokio::test]
async fn an_edit_that_loses_a_race_starts_from_the_present_state() {
    let mut mocks = Mocks::at(2000);
    mocks
        .resources
        .expect_by_id()
        .times(1)
        .returning(|_, _| Ok(Some(resource())));
    mocks
        .resources
        .expect_update()
        .times(1)
        .returning(|_, _, _| Err(ResourceRefusal::VersionMismatch.into()));
    let renamed = Resource {
        name: ResourceName::new("Noa").unwrap(),
        version: resource().version.next(),
        ..resource()
    };
    let present = renamed.clone();
    mocks
        .resources
        .expect_by_id()
        .times(1)
        .returning(move |_, _| Ok(Some(present.clone())));
    let after = Resource {
        active: false,
        updated_at: at(2000),
        version: renamed.version.next(),
        ..renamed
    };
    mocks
        .resources
        .expect_update()
        .with(eq(account()), eq(after), always())
        .times(1)
        .returning(|_, _, _| Ok(()));
    let resources = mocks.build().scheduling.resources;
    resources
        .deactivate(&request(), resource().id, true)
        .await
        .unwrap();
}

#[tokio::test]
async fn what_the_caller_has_not_seen_is_not_changed() {
    let mut mocks = Mocks::at(2000);
    mocks
        .resources
        .expect_by_id()
        .returning(|_, _| Ok(Some(resource())));
    let resources = mocks.build().scheduling.resources;
    let outcome = resources
        .set_hours(&request_for_another_state(), resource().id, closed_once())
        .await;
    assert!(matches!(
        outcome,
        Err(Failure::Refused(ResourceRefusal::VersionMismatch))
    ));
}

#[tokio::test]
async fn an_unknown_one_is_not_found() {
    let mut mocks = Mocks::at(2000);
    mocks.resources.expect_by_id().returning(|_, _| Ok(None));
    let resources = mocks.build().scheduling.resources;
    let outcome = resources.deactivate(&request(), resource().id, false).await;
    assert!(matches!(
        outcome,
        Err(Failure::Refused(ResourceRefusal::NotFound))
    ));
}

/// A resource that is booked that many times after the present.
fn booked(times: u64) -> Mocks {
    let mut mocks = Mocks::at(120_000);
    mocks
        .resources
        .expect_by_id()
        .returning(|_, _| Ok(Some(resource())));
    mocks
        .schedules
        .expect_of()
        .returning(|account| Ok(Schedule::untouched(account)));
    let now = LocalMinute::from_minutes(2).unwrap();
    mocks
        .occupancies
        .expect_booked_after()
        .with(eq(account()), eq(resource().id), eq(now))
        .times(1)
        .returning(move |_, _, _| Ok(times));
    mocks
}

#[tokio::test]
async fn one_that_is_booked_in_the_future_is_not_taken_out_of_use() {
    let resources = booked(3).build().scheduling.resources;
    let outcome = resources.deactivate(&request(), resource().id, false).await;
    assert!(matches!(
        outcome,
        Err(Failure::Refused(ResourceRefusal::Booked(3)))
    ));
}

#[tokio::test]
async fn one_that_is_not_booked_any_more_is_taken_out_of_use() {
    let mut mocks = booked(0);
    mocks
        .resources
        .expect_update()
        .times(1)
        .returning(|_, _, _| Ok(()));
    let resources = mocks.build().scheduling.resources;
    let outcome = resources.deactivate(&request(), resource().id, false).await;
    assert!(matches!(outcome, Ok(Outcome::Done(Effect::Changed { after, .. })) if !after.active));
}

#[tokio::test]
async fn force_takes_it_out_of_use_without_counting() {
    let mut mocks = Mocks::at(2000);
    mocks
        .resources
        .expect_by_id()
        .returning(|_, _| Ok(Some(resource())));
    mocks
        .resources
        .expect_update()
        .times(1)
        .returning(|_, _, _| Ok(()));
    let resources = mocks.build().scheduling.resources;
    let outcome = resources.deactivate(&request(), resource().id, true).await;
    assert!(matches!(outcome, Ok(Outcome::Done(Effect::Changed { after, .. })) if !after.active));
}
