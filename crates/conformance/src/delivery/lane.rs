//! Cases for lanes: which are due, who holds them, and where they are.

use super::{
    EVERY, change, changes,
    deliveries::{delivery, due_at},
    feed::walk,
    log, read_on,
    webhook_endpoint::{LONG, claimed, endpoint, lane_of, place, put, settled},
};
use crate::{at, earliest, fresh_id, latest, new_account, race};
use chatgrow_domain::{
    AccountId, Change, ChangeId, DeliveryStatus, WebhookEdit, WebhookEndpoint, WebhookEndpointId,
};
use chatgrow_ports::{ChangePosition, Commit, DueLane, Lane, Stores};
use std::{collections::BTreeSet, time::Duration};

/// A lane as it can be compared.
type Id = (AccountId, WebhookEndpointId);

fn ids(lanes: &[DueLane]) -> BTreeSet<Id> {
    let ids: BTreeSet<_> = lanes.iter().map(|lane| (lane.account, lane.endpoint)).collect();
    assert_eq!(ids.len(), lanes.len(), "each is told once: {lanes:?}");
    ids
}

async fn assert_due(stores: &Stores, lanes: &[DueLane], why: &str) {
    let due = stores.delivery.lanes.due(100).await.unwrap();
    assert_eq!(ids(&due), ids(lanes), "{why}");
}

/// The place behind everything that was written so far.
async fn end(stores: &Stores, account: AccountId) -> ChangePosition {
    let mut place = ChangePosition::START;
    read_on(stores, account, &mut place).await;
    stores.delivery.changes.horizon().await.unwrap().max(place)
}

/// Gives the lane back in that state.
async fn give_back(stores: &Stores, lane: DueLane, state: &Lane) {
    let settled = stores.delivery.lanes.settle(lane, state, Vec::new(), None);
    assert!(settled.await.unwrap(), "the lane is held");
}

/// A lane is due if there is a change of its account behind its place, as long as its endpoint is active, nobody holds it,
/// and it is not blocked.
pub async fn lanes_are_due_if_there_is_a_change_behind_them(stores: &Stores) {
    let (account, other) = (new_account(stores).await, new_account(stores).await);
    let from = end(stores, account).await;
    let (first, second) = (endpoint(account, 1), endpoint(account, 2));
    let theirs = put(stores, &endpoint(other, 1), from).await;
    let (one, two) = (put(stores, &first, from).await, put(stores, &second, from).await);
    assert_due(stores, &[], "nothing was written since").await;
    end(stores, account).await;
    assert_due(stores, &[one, two], "something was written in their account").await;
    end(stores, other).await;
    assert_due(stores, &[one, two, theirs], "now in the other account, too").await;
    for (most, expected) in [(0, 0), (1, 1), (2, 2), (3, 3), (100, 3)] {
        let due = stores.delivery.lanes.due(most).await.unwrap();
        assert_eq!(ids(&due).len(), expected, "as many as there are, up to {most}");
    }

    let state = claimed(stores, one).await;
    assert_due(stores, &[two, theirs], "somebody holds the first one").await;
    give_back(stores, one, &state).await;
    assert_due(stores, &[one, two, theirs], "it was given back as it was").await;
    let off = WebhookEdit {
        active: Some(false),
        ..WebhookEdit::default()
    };
    let second = second.edited(off, at(2));
    let endpoints = &stores.delivery.webhook_endpoints;
    endpoints.update(&second, Commit::default()).await.unwrap();
    assert_due(stores, &[one, theirs], "the second one is not active").await;

    let state = claimed(stores, one).await;
    let blocked = Lane {
        blocked: true,
        ..state
    };
    give_back(stores, one, &blocked).await;
    assert_due(stores, &[theirs], "the first one is blocked").await;
    let state = claimed(stores, theirs).await;
    let all = walk(stores, other, ChangePosition::START, EVERY, 500).await;
    let last = Lane {
        position: all.last().unwrap().position,
        ..state
    };
    give_back(stores, theirs, &last).await;
    assert_due(stores, &[], "the last change was tried").await;
}

/// A blocked lane is due if nothing but failures has come for too long, so that somebody disables its endpoint. It is not
/// if the endpoint has been changed since.
pub async fn blocked_lanes_are_due_if_their_endpoints_have_failed_too_long(stores: &Stores) {
    let account = new_account(stores).await;
    let from = end(stores, account).await;
    let endpoint = endpoint(account, 1);
    let lane = put(stores, &endpoint, from).await;
    let state = claimed(stores, lane).await;
    let failing = |since| Lane {
        failing_since: Some(since),
        blocked: true,
        ..state.clone()
    };
    give_back(stores, lane, &failing(latest())).await;
    assert_due(stores, &[], "it has failed for less than no time").await;
    let state = claimed(stores, lane).await;
    let failed = Lane {
        fence: state.fence,
        ..failing(at(0))
    };
    give_back(stores, lane, &failed).await;
    assert_due(stores, &[lane], "it has failed for many years").await;
    let edit = WebhookEdit {
        ordered: Some(true),
        ..WebhookEdit::default()
    };
    let edited = endpoint.edited(edit, latest());
    let endpoints = &stores.delivery.webhook_endpoints;
    endpoints.update(&edited, Commit::default()).await.unwrap();
    assert_due(stores, &[], "its owner has changed it").await;
}

/// A lane is due if a delivery is to be tried again by now, also if it is blocked or nothing is behind its place, but not
/// if its endpoint is inactive or somebody holds it.
pub async fn lanes_are_due_if_a_delivery_is(stores: &Stores) {
    let account = new_account(stores).await;
    let from = end(stores, account).await;
    let (first, second) = (endpoint(account, 1), endpoint(account, 2));
    let (one, two) = (put(stores, &first, from).await, put(stores, &second, from).await);
    for status in [
        DeliveryStatus::Succeeded,
        DeliveryStatus::Failed,
        DeliveryStatus::Skipped,
    ] {
        settled(stores, one, &[delivery(first.id, status, 1)]).await;
    }
    assert_due(stores, &[], "nothing is to be tried again").await;
    let mut retry = due_at(delivery(first.id, DeliveryStatus::Pending, 2), latest());
    settled(stores, one, std::slice::from_ref(&retry)).await;
    assert_due(stores, &[], "it is to be tried again, but much later").await;
    retry = due_at(retry, at(0));
    settled(stores, one, std::slice::from_ref(&retry)).await;
    assert_due(stores, &[one], "it is to be tried again").await;

    let state = claimed(stores, one).await;
    assert_due(stores, &[], "somebody holds the lane").await;
    let blocked = Lane {
        blocked: true,
        ..state
    };
    give_back(stores, one, &blocked).await;
    assert_due(
        stores,
        &[one],
        "it is to be tried again while the lane is blocked",
    )
    .await;
    settled(
        stores,
        two,
        &[due_at(
            delivery(second.id, DeliveryStatus::Pending, 3),
            earliest(),
        )],
    )
    .await;
    assert_due(stores, &[one, two], "each has one").await;
    let off = WebhookEdit {
        active: Some(false),
        ..WebhookEdit::default()
    };
    let first = first.edited(off, at(2));
    let endpoints = &stores.delivery.webhook_endpoints;
    endpoints.update(&first, Commit::default()).await.unwrap();
    assert_due(stores, &[two], "the first one is not active").await;
}

/// A lane is held by one at a time. When its time is over, another can take it, and then the one before can't settle it:
/// that changes nothing.
pub async fn a_lane_is_held_by_one(stores: &Stores) {
    let account = new_account(stores).await;
    let (endpoint, lanes) = (endpoint(account, 1), &stores.delivery.lanes);
    let lane = put(stores, &endpoint, place(1)).await;
    let unknown = DueLane {
        endpoint: WebhookEndpointId::new(fresh_id()),
        ..lane
    };
    let none = lanes.claim(unknown, LONG).await.unwrap();
    assert_eq!(none, None, "there is no such lane");
    // Its time is over at once.
    let first = lanes.claim(lane, Duration::ZERO).await.unwrap().unwrap();
    let second = claimed(stores, lane).await;
    assert_eq!(second.position, place(1));
    assert_eq!(
        lanes.claim(lane, LONG).await.unwrap(),
        None,
        "the second one holds it"
    );
    let one = delivery(endpoint.id, DeliveryStatus::Failed, 2);
    for lease in [None, Some(LONG)] {
        let next = Lane {
            position: place(9),
            failing_since: Some(at(9)),
            blocked: true,
            ..first.clone()
        };
        let settled = lanes.settle(lane, &next, vec![one.clone()], lease).await;
        assert!(!settled.unwrap(), "another one has taken it");
    }
    let found = lanes.delivery(lane, one.delivery.change).await.unwrap();
    assert_eq!(found, None, "a refused settlement leaves no deliveries");
    assert_eq!(
        lanes.claim(lane, LONG).await.unwrap(),
        None,
        "a refused settlement gives nothing back"
    );
    for (lease, held, why) in [
        (Some(LONG), true, "it is held for longer"),
        (Some(Duration::ZERO), false, "its time is over"),
    ] {
        let settled = lanes.settle(lane, &second, Vec::new(), lease).await;
        assert!(settled.unwrap(), "it is held");
        let taken = lanes.claim(lane, Duration::ZERO).await.unwrap();
        assert_eq!(taken.is_none(), held, "{why}");
    }
    let settled = lanes.settle(lane, &second, Vec::new(), Some(LONG)).await;
    assert!(!settled.unwrap(), "another one has taken it meanwhile");
    let third = lanes.claim(lane, LONG).await.unwrap().unwrap();
    assert_eq!(
        (third.position, third.failing_since, third.blocked),
        (place(1), None, false),
        "a refused settlement changes nothing"
    );
    give_back(stores, lane, &third).await;
    claimed(stores, lane).await;
}

/// A settlement writes the lane's state, and adds or replaces deliveries, of this lane alone.
pub async fn a_settlement_is_kept(stores: &Stores) {
    let account = new_account(stores).await;
    let lanes = &stores.delivery.lanes;
    let (endpoint, another) = (endpoint(account, 1), endpoint(account, 2));
    let (lane, untouched) = (
        put(stores, &endpoint, place(1)).await,
        put(stores, &another, place(2)).await,
    );
    let mut written = vec![
        delivery(endpoint.id, DeliveryStatus::Failed, 3),
        delivery(endpoint.id, DeliveryStatus::Pending, 4),
    ];
    for (position, failing_since, blocked) in [
        (place(3), Some(latest()), true),
        (ChangePosition::END, Some(earliest()), false),
        (ChangePosition::START, None, true),
        (place(-1), None, false),
    ] {
        let fence = claimed(stores, lane).await.fence;
        let state = Lane {
            fence,
            position,
            failing_since,
            blocked,
        };
        let settled = lanes.settle(lane, &state, written.clone(), None).await;
        assert!(settled.unwrap(), "it is held");
        let read = claimed(stores, lane).await;
        let read = (read.position, read.failing_since, read.blocked);
        assert_eq!(
            read,
            (position, failing_since, blocked),
            "the state is read back as it was written"
        );
        released(stores, lane).await;
        for one in &written {
            let found = lanes.delivery(lane, one.delivery.change).await.unwrap();
            assert_eq!(found.as_ref(), Some(one), "what came of deliveries is kept");
            let found = lanes.delivery(untouched, one.delivery.change).await.unwrap();
            assert_eq!(found, None, "it is another endpoint's");
        }
        // The next settlement tells something else of the same changes, and of one more.
        for one in &mut written {
            let next = delivery(endpoint.id, DeliveryStatus::Succeeded, 0).delivery;
            one.delivery.attempts += 1;
            (one.delivery.status, one.delivery.last, one.delivery.next_at) =
                (next.status, next.last, next.next_at);
        }
        written.push(delivery(endpoint.id, DeliveryStatus::Skipped, 5));
    }
    let state = claimed(stores, untouched).await;
    let state = (state.position, state.failing_since, state.blocked);
    assert_eq!(state, (place(2), None, false), "no other lane is changed");
}

/// Takes the lane from whoever holds it.
async fn released(stores: &Stores, lane: DueLane) {
    let lanes = &stores.delivery.lanes;
    let moved = lanes.move_to(lane, ChangePosition::START).await;
    assert!(moved.unwrap(), "it is there");
}

/// A lane that is moved is somewhere else, is taken from whoever holds it, and is blocked no more.
pub async fn a_moved_lane_is_free(stores: &Stores) {
    let account = new_account(stores).await;
    let lanes = &stores.delivery.lanes;
    let (lane, untouched) = (
        put(stores, &endpoint(account, 1), place(1)).await,
        put(stores, &endpoint(account, 2), place(2)).await,
    );
    let state = claimed(stores, lane).await;
    let blocked = Lane {
        blocked: true,
        position: place(8),
        ..state.clone()
    };
    let kept = lanes.settle(lane, &blocked, Vec::new(), Some(LONG)).await;
    assert!(kept.unwrap(), "it is held");
    assert!(lanes.move_to(lane, place(3)).await.unwrap(), "it is there");
    let settled = lanes.settle(lane, &blocked, Vec::new(), None).await;
    assert!(!settled.unwrap(), "it was taken away");
    let moved = claimed(stores, lane).await;
    assert_eq!(
        (moved.position, moved.blocked),
        (place(3), false),
        "it was moved, and is blocked no more"
    );
    assert!(moved.fence != state.fence, "each holder has another fence");
    let other = claimed(stores, untouched).await;
    assert_eq!(other.position, place(2), "no other lane is moved");
    let unknown = DueLane {
        endpoint: WebhookEndpointId::new(fresh_id()),
        ..lane
    };
    assert!(
        !lanes.move_to(unknown, place(3)).await.unwrap(),
        "there is no such lane"
    );
}

/// No method sees or changes a lane or a delivery of another account, also if the endpoints have one id.
pub async fn lanes_of_accounts_are_apart(stores: &Stores) {
    let (account, other) = (new_account(stores).await, new_account(stores).await);
    let lanes = &stores.delivery.lanes;
    let mine = endpoint(account, 1);
    let theirs = WebhookEndpoint {
        id: mine.id,
        ..endpoint(other, 1)
    };
    let lane = put(stores, &mine, place(1)).await;
    let one = due_at(delivery(mine.id, DeliveryStatus::Pending, 1), at(0));
    settled(stores, lane, std::slice::from_ref(&one)).await;
    let change = one.delivery.change;
    let held = claimed(stores, lane).await;
    let foreign = DueLane {
        account: other,
        ..lane
    };
    // First, the other account has no endpoint with this id, then it has one.
    for exists in [false, true] {
        if exists {
            put(stores, &theirs, place(2)).await;
        }
        let found = lanes.delivery(foreign, change).await.unwrap();
        assert_eq!(found, None, "the delivery is another account's");
        let page = super::deliveries::page(None, None, 500);
        let found = lanes.deliveries(foreign, page).await.unwrap();
        assert_eq!(found, [], "the delivery is another account's");
        let found = lanes.retries(foreign, 10).await.unwrap();
        assert_eq!(found, [], "the delivery is another account's");
        let found = lanes.open(foreign, ChangePosition::START).await.unwrap();
        assert_eq!(found, (0, None), "the delivery is another account's");
        let tried = lanes.retry(foreign, change, at(7)).await.unwrap();
        assert!(!tried, "the delivery is another account's");
        let settled = lanes.settle(foreign, &held, Vec::new(), None).await.unwrap();
        // The other account's own lane could have had the same fence, but nobody has claimed it yet.
        assert!(!settled, "the lane is another account's");
        let moved = lanes.move_to(foreign, place(9)).await.unwrap();
        assert_eq!(moved, exists, "the lane is another account's");
        let taken = lanes.claim(foreign, LONG).await.unwrap();
        assert_eq!(taken.is_some(), exists, "the lane is another account's");
    }
    let found = lanes.delivery(lane, change).await.unwrap();
    assert_eq!(found, Some(one), "the delivery is as it was");
    let settled = lanes.settle(lane, &held, Vec::new(), None).await.unwrap();
    assert!(settled, "the lane is still held");
    let again = claimed(stores, lane).await;
    assert_eq!(again.position, place(1), "the lane is where it was");
}

/// The place before an instant is that of the account's last change that was made before it, or the start.
pub async fn a_place_before_an_instant_is_found(stores: &Stores) {
    let (account, other) = (new_account(stores).await, new_account(stores).await);
    let made = |account, millis| Change {
        at: at(millis),
        ..change(account)
    };
    // The fourth one was made before the third one.
    for millis in [10, 20, 40, 30, 50] {
        log(stores, &[made(account, millis)]).await;
        log(stores, &[made(other, millis)]).await;
    }
    end(stores, account).await;
    let all = walk(stores, account, ChangePosition::START, EVERY, 500).await;
    let lanes = &stores.delivery.lanes;
    for (millis, expected) in [
        (5, None),
        (10, None),
        (11, Some(0)),
        (20, Some(0)),
        (21, Some(1)),
        (31, Some(3)),
        (40, Some(3)),
        (41, Some(3)),
        (50, Some(3)),
        (1000, Some(4)),
    ] {
        let found = lanes.place_before(account, at(millis)).await.unwrap();
        let expected = expected.map_or(ChangePosition::START, |nth: usize| all[nth].position);
        assert_eq!(found, expected, "the last one that was made before {millis}");
    }
    let nobody = AccountId::new(fresh_id());
    let found = lanes.place_before(nobody, latest()).await.unwrap();
    assert_eq!(found, ChangePosition::START, "there is no such account");
    let swept = stores.delivery.changes.sweep(account, at(40), 100).await;
    assert_eq!(swept.unwrap(), 4);
    let found = lanes.place_before(account, at(41)).await.unwrap();
    assert_eq!(found, ChangePosition::START, "what was made before is not kept");
}

/// Of many who claim one lane at once exactly one holds it, again and again.
pub async fn claims_race_to_one_holder(servers: &[Stores]) {
    let stores = &servers[0];
    let account = new_account(stores).await;
    let endpoint = endpoint(account, 1);
    let lane = put(stores, &endpoint, place(0)).await;
    let mut fences = BTreeSet::new();
    for round in 1..=4 {
        let claims = race(servers, |_, stores| async move {
            stores.delivery.lanes.claim(lane, LONG).await.unwrap()
        })
        .await;
        let held: Vec<_> = claims.into_iter().flatten().collect();
        assert_eq!(held.len(), 1, "exactly one holds it: {held:?}");
        assert_eq!(held[0].position, place(round - 1), "it is where it was left");
        assert!(fences.insert(held[0].fence), "each holder has another fence");
        // All who ever held it settle at once; only the present holder can.
        let of_holders: Vec<_> = fences.iter().copied().collect();
        let settled = race(servers, |racer, stores| {
            let fence = of_holders[racer % of_holders.len()];
            let state = Lane {
                fence,
                position: place(if fence == held[0].fence { round } else { -round }),
                ..held[0].clone()
            };
            async move {
                let settled = stores.delivery.lanes.settle(lane, &state, Vec::new(), Some(LONG));
                (fence, settled.await.unwrap())
            }
        })
        .await;
        for (fence, settled) in settled {
            assert_eq!(settled, fence == held[0].fence, "only the holder settles it");
        }
        let state = Lane {
            position: place(round),
            ..held[0].clone()
        };
        give_back(stores, lane, &state).await;
    }
    assert_eq!(lane, lane_of(&endpoint));
}

/// A sweep of the log leaves what a lane of an active endpoint has not tried yet, and what a delivery needs that is to be
/// tried again.
pub async fn a_sweep_spares_what_lanes_need(stores: &Stores) {
    let (account, other) = (new_account(stores).await, new_account(stores).await);
    let feed = &stores.delivery.changes;
    log(stores, &changes(account, 8)).await;
    log(stores, &changes(other, 1)).await;
    end(stores, account).await;
    let all = walk(stores, account, ChangePosition::START, EVERY, 500).await;
    let left = async |count: usize, why: &str| {
        feed.sweep(account, at(5), 100).await.unwrap();
        let found = walk(stores, account, ChangePosition::START, EVERY, 500).await;
        assert_eq!(found, all[all.len() - count..], "{why}");
    };
    let (active, ahead) = (endpoint(account, 1), endpoint(account, 2));
    let lane = put(stores, &active, all[1].position).await;
    put(stores, &ahead, all[6].position).await;
    let mut inactive = endpoint(account, 3);
    inactive.terms.active = false;
    put(stores, &inactive, ChangePosition::START).await;
    // Another account's lane.
    put(stores, &endpoint(other, 1), ChangePosition::START).await;
    assert_eq!(
        feed.sweep(account, at(5), 1).await.unwrap(),
        1,
        "no more than asked"
    );
    left(7, "two were tried by all active lanes").await;

    let state = claimed(stores, lane).await;
    let mut retry = delivery(active.id, DeliveryStatus::Pending, 0);
    retry.position = all[4].position;
    retry.delivery.change = all[4].change.id;
    let mut failed = delivery(active.id, DeliveryStatus::Failed, 0);
    failed.position = all[2].position;
    failed.delivery.change = ChangeId::new(fresh_id());
    let end = Lane {
        position: all[8].position,
        ..state
    };
    let settled = stores
        .delivery
        .lanes
        .settle(lane, &end, vec![retry.clone(), failed], None);
    assert!(settled.await.unwrap(), "it is held");
    left(5, "one is to be tried again; one that has failed is not").await;
    let state = claimed(stores, lane).await;
    retry.delivery.status = DeliveryStatus::Skipped;
    retry.delivery.next_at = None;
    let settled = stores.delivery.lanes.settle(lane, &state, vec![retry], None);
    assert!(settled.await.unwrap(), "it is held");
    left(2, "the other active lane is behind").await;
    let endpoints = &stores.delivery.webhook_endpoints;
    let removed = endpoints.remove(account, ahead.id, Commit::default()).await;
    assert!(removed.unwrap(), "it was there");
    left(1, "nobody needs them any more").await;
}
