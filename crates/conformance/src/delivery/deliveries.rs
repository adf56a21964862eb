//! Cases for deliveries: which are to be tried again, which are open, and how they are listed and swept.

use super::webhook_endpoint::{endpoint, place, put, settled};
use crate::{at, earliest, fresh_id, latest, longest, new_account};
use chatgrow_domain::{
    ChangeId, ChangeType, Delivery, DeliveryStatus, LastAttempt, SendFailure, Timestamp, WebhookEndpointId,
};
use chatgrow_ports::{ChangePosition, DeliveryPage, DueLane, KEPT_SUCCESSES, PlacedDelivery, Stores};
use std::num::NonZeroU16;

/// A delivery of a change with that number in the log, later than all that were made before it.
pub(crate) fn delivery(endpoint: WebhookEndpointId, status: DeliveryStatus, number: i64) -> PlacedDelivery {
    let succeeded = status == DeliveryStatus::Succeeded;
    PlacedDelivery {
        position: place(number),
        delivery: Delivery {
            endpoint,
            change: ChangeId::new(fresh_id()),
            kind: ChangeType::HoldExpired,
            status,
            attempts: 1,
            last: LastAttempt {
                at: at(5),
                outcome: if succeeded {
                    Ok(204)
                } else {
                    Err(SendFailure::TimedOut)
                },
                answer: None,
                took_millis: 15_000,
            },
            next_at: (status == DeliveryStatus::Pending).then_some(latest()),
        },
    }
}

/// The same delivery, to be tried again at that instant.
pub(crate) fn due_at(mut one: PlacedDelivery, next_at: Timestamp) -> PlacedDelivery {
    one.delivery.next_at = Some(next_at);
    one
}

pub(crate) fn page(status: Option<DeliveryStatus>, before: Option<ChangeId>, limit: u16) -> DeliveryPage {
    DeliveryPage {
        status,
        before,
        limit: NonZeroU16::new(limit).unwrap(),
    }
}

/// A new endpoint of a new account.
async fn new_lane(stores: &Stores) -> DueLane {
    let account = new_account(stores).await;
    put(stores, &endpoint(account, 1), ChangePosition::START).await
}

/// Another endpoint of the same account, with a delivery of the same change that is open and to be tried again.
async fn beside(stores: &Stores, lane: DueLane, change: ChangeId) -> DueLane {
    let another = endpoint(lane.account, 2);
    let beside = put(stores, &another, ChangePosition::START).await;
    let mut one = due_at(delivery(another.id, DeliveryStatus::Pending, 1), earliest());
    one.delivery.change = change;
    settled(stores, beside, &[one]).await;
    beside
}

/// Every field of a delivery is read back unchanged.
pub async fn delivery_round_trips(stores: &Stores) {
    let lane = new_lane(stores).await;
    let lanes = &stores.delivery.lanes;
    let mut written = Vec::new();
    for kind in ChangeType::ALL {
        let mut one = delivery(lane.endpoint, DeliveryStatus::Failed, 1);
        one.delivery.kind = *kind;
        written.push(one);
    }
    for status in DeliveryStatus::ALL {
        written.push(delivery(lane.endpoint, *status, 1));
    }
    for failure in SendFailure::ALL {
        let mut one = delivery(lane.endpoint, DeliveryStatus::Failed, 1);
        one.delivery.last.outcome = Err(*failure);
        written.push(one);
    }
    for (position, answered, answer, next_at) in [
        (ChangePosition::START, 100, longest(1024), earliest()),
        (ChangePosition::END, 999, String::new(), latest()),
    ] {
        let mut one = delivery(lane.endpoint, DeliveryStatus::Pending, 1);
        one.position = position;
        one.delivery.attempts = u32::MAX;
        one.delivery.last = LastAttempt {
            at: next_at,
            outcome: Ok(answered),
            answer: Some(answer),
            took_millis: i64::MAX,
        };
        one.delivery.next_at = Some(next_at);
        written.push(one);
    }
    settled(stores, lane, &written).await;
    for one in &written {
        let read = lanes.delivery(lane, one.delivery.change).await.unwrap();
        assert_eq!(
            read.as_ref(),
            Some(one),
            "what was written is read back as it was"
        );
    }
    let unknown = lanes.delivery(lane, ChangeId::new(fresh_id())).await.unwrap();
    assert_eq!(unknown, None, "what is not there is absent");
}

/// What is to be tried again by now comes in the order in which it is due, no more than asked, and nothing else.
pub async fn retries_are_told_when_they_are_due(stores: &Stores) {
    let lane = new_lane(stores).await;
    let lanes = &stores.delivery.lanes;
    let mut written = Vec::new();
    for next_at in [at(30), at(10), earliest(), at(20), latest()] {
        written.push(due_at(
            delivery(lane.endpoint, DeliveryStatus::Pending, 1),
            next_at,
        ));
    }
    let mut all = written.clone();
    for status in [
        DeliveryStatus::Succeeded,
        DeliveryStatus::Failed,
        DeliveryStatus::Skipped,
    ] {
        all.push(delivery(lane.endpoint, status, 1));
    }
    settled(stores, lane, &all).await;
    beside(stores, lane, written[0].delivery.change).await;
    // The last one is due much later.
    let expected: Vec<_> = [2, 1, 3, 0].map(|nth: usize| written[nth].clone()).into();
    for most in [0, 1, 3, 4, 100] {
        let found = lanes.retries(lane, most).await.unwrap();
        let count = expected.len().min(most as usize);
        assert_eq!(found, expected[..count], "those that are due longest come first");
    }
}

/// What is pending or has failed is counted. The one of the earliest change after a place is told.
pub async fn open_deliveries_are_counted(stores: &Stores) {
    let lane = new_lane(stores).await;
    let lanes = &stores.delivery.lanes;
    let none = lanes.open(lane, ChangePosition::START).await.unwrap();
    assert_eq!(none, (0, None), "there is none");
    let mut written = Vec::new();
    for (number, status) in [
        (9, DeliveryStatus::Failed),
        (1, DeliveryStatus::Succeeded),
        (6, DeliveryStatus::Failed),
        (3, DeliveryStatus::Skipped),
        (4, DeliveryStatus::Pending),
        (8, DeliveryStatus::Succeeded),
    ] {
        written.push(delivery(lane.endpoint, status, number));
    }
    // A later epoch comes after all numbers of the one before.
    let mut last = delivery(lane.endpoint, DeliveryStatus::Pending, -7);
    last.position.epoch += 1;
    written.push(last);
    settled(stores, lane, &written).await;
    beside(stores, lane, written[0].delivery.change).await;
    for (after, expected) in [
        (ChangePosition::START, Some(4)),
        (place(3), Some(4)),
        (place(4), Some(2)),
        (place(6), Some(0)),
        (place(9), Some(6)),
        (place(i64::MAX), Some(6)),
        (written[6].position, None),
        (ChangePosition::END, None),
    ] {
        let (count, first) = lanes.open(lane, after).await.unwrap();
        assert_eq!(count, 4, "all that are pending or have failed are counted");
        let expected = expected.map(|nth: usize| written[nth].clone());
        assert_eq!(first, expected, "the earliest one after {after:?}");
    }
}

/// Deliveries are listed by their changes, the newest first: of one status or of any, from any change on.
pub async fn deliveries_are_listed(stores: &Stores) {
    let lane = new_lane(stores).await;
    let lanes = &stores.delivery.lanes;
    let mut written = Vec::new();
    for (number, status) in (0..).zip(DeliveryStatus::ALL.iter().cycle().take(13)) {
        // The order of the places is another one.
        written.push(delivery(lane.endpoint, *status, -number));
    }
    let mut shuffled = written.clone();
    shuffled.rotate_left(5);
    settled(stores, lane, &shuffled).await;
    beside(stores, lane, ChangeId::new(fresh_id())).await;
    let statuses = DeliveryStatus::ALL.iter().copied().map(Some);
    for status in statuses.chain([None]) {
        let matching = written.iter().rev().map(|one| one.delivery.clone());
        let matching = matching.filter(|one| status.is_none_or(|status| one.status == status));
        let expected: Vec<_> = matching.collect();
        for limit in [1, 2, 12, 13, 14, u16::MAX] {
            let (mut found, mut before) = (Vec::new(), None);
            loop {
                let some = lanes.deliveries(lane, page(status, before, limit)).await.unwrap();
                assert!(some.len() <= usize::from(limit), "no more than asked");
                let Some(last) = some.last() else { break };
                assert!(before.is_none_or(|before| last.change < before), "a list ends");
                before = Some(last.change);
                found.extend(some);
            }
            assert_eq!(found, expected, "{status:?}, {limit} at a time");
        }
    }
}

/// A delivery is tried again at once, however it stands. What came of its last try stays.
pub async fn a_delivery_is_tried_again(stores: &Stores) {
    let lane = new_lane(stores).await;
    let lanes = &stores.delivery.lanes;
    let mut written = Vec::new();
    for status in DeliveryStatus::ALL {
        written.push(delivery(lane.endpoint, *status, 1));
    }
    let untouched = delivery(lane.endpoint, DeliveryStatus::Failed, 2);
    settled(stores, lane, &written).await;
    settled(stores, lane, std::slice::from_ref(&untouched)).await;
    let another = beside(stores, lane, written[0].delivery.change).await;
    let beside = lanes.delivery(another, written[0].delivery.change).await.unwrap();
    for (nth, one) in (100..).zip(&mut written) {
        let retried = lanes.retry(lane, one.delivery.change, at(nth)).await;
        assert!(retried.unwrap(), "it is there");
        one.delivery.status = DeliveryStatus::Pending;
        one.delivery.next_at = Some(at(nth));
        let read = lanes.delivery(lane, one.delivery.change).await.unwrap();
        assert_eq!(read.as_ref(), Some(&*one), "it is to be tried again");
    }
    let retries = lanes.retries(lane, 100).await.unwrap();
    assert_eq!(retries, written, "they are to be tried again");
    let read = lanes.delivery(lane, untouched.delivery.change).await.unwrap();
    assert_eq!(read.as_ref(), Some(&untouched), "no other delivery is changed");
    let read = lanes.delivery(another, written[0].delivery.change).await.unwrap();
    assert_eq!(read, beside, "no other endpoint's delivery is changed");
    for (lane, change) in [
        (lane, ChangeId::new(fresh_id())),
        (another, untouched.delivery.change),
    ] {
        let unknown = lanes.retry(lane, change, at(1)).await;
        assert!(!unknown.unwrap(), "the endpoint has no such delivery");
    }
}

/// A sweep deletes what was last tried long ago and is not to be tried again, and of each endpoint's successes all but
/// the last ones.
pub async fn deliveries_are_swept(stores: &Stores) {
    let lanes = &stores.delivery.lanes;
    let mut written = Vec::new();
    let first = new_lane(stores).await;
    let second = put(stores, &endpoint(first.account, 2), ChangePosition::START).await;
    for lane in [first, second, new_lane(stores).await] {
        let mut all = Vec::new();
        for millis in [19, 20, 21] {
            for status in DeliveryStatus::ALL {
                let mut one = delivery(lane.endpoint, *status, 1);
                one.delivery.last.at = at(millis);
                all.push(one);
            }
        }
        settled(stores, lane, &all).await;
        written.push((lane, all));
    }
    let due = |one: &PlacedDelivery, before: i64| {
        one.delivery.status != DeliveryStatus::Pending && one.delivery.last.at <= at(before)
    };
    for (before, swept) in [(18, 0), (20, 18), (20, 0)] {
        let count = lanes.sweep_deliveries(at(before)).await.unwrap();
        assert_eq!(count, swept, "so many were last tried at {before} or earlier");
        for (lane, all) in &written {
            let kept = all.iter().rev().filter(|one| !due(one, before));
            let expected: Vec<_> = kept.map(|one| one.delivery.clone()).collect();
            let found = lanes.deliveries(*lane, page(None, None, 500)).await.unwrap();
            assert_eq!(
                found, expected,
                "what is to be tried again stays, and what is recent"
            );
        }
    }
    assert_eq!(lanes.sweep_deliveries(latest()).await.unwrap(), 9);

    // More successes than are kept, among others.
    let kept = usize::try_from(KEPT_SUCCESSES).unwrap();
    let failed = delivery(first.endpoint, DeliveryStatus::Failed, 1);
    let mut successes = Vec::new();
    for _ in 0..kept + 3 {
        successes.push(delivery(first.endpoint, DeliveryStatus::Succeeded, 1));
    }
    settled(stores, first, std::slice::from_ref(&failed)).await;
    for some in successes.chunks(100) {
        settled(stores, first, some).await;
    }
    let mut of_second = Vec::new();
    for _ in 0..3 {
        of_second.push(delivery(second.endpoint, DeliveryStatus::Succeeded, 1));
    }
    settled(stores, second, &of_second).await;
    for swept in [3, 0] {
        let count = lanes.sweep_deliveries(earliest()).await.unwrap();
        assert_eq!(
            count, swept,
            "of each endpoint's successes the last ones are kept"
        );
        let succeeded = Some(DeliveryStatus::Succeeded);
        for (lane, expected) in [(first, &successes[3..]), (second, &of_second[..])] {
            let page = page(succeeded, None, u16::MAX);
            let found = lanes.deliveries(lane, page).await.unwrap();
            let expected: Vec<_> = expected.iter().rev().map(|one| one.delivery.clone()).collect();
            assert_eq!(
                found, expected,
                "of each endpoint's successes the last ones are kept"
            );
        }
    }
    let found = lanes.delivery(first, failed.delivery.change).await.unwrap();
    assert_eq!(found, Some(failed), "failures stay");
}
