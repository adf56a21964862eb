//! Contests for webhook endpoints and their lanes.

use super::{Tenants, assert_one_wins, contest, two_callers};
use crate::{
    delivery::{
        deliveries::delivery,
        webhook_endpoint::{LONG, called, claimed, endpoint, place, put},
    },
    new_account,
};
use chatgrow_domain::{DeliveryStatus, WebhookRefusal};
use chatgrow_ports::{ChangePosition, Commit, Failure, Lane, Stores};
use std::time::Duration;

/// Two endpoints are inserted at one place.
pub async fn webhook_places_are_contested(servers: &[Stores]) {
    let (one, other) = two_callers(servers);
    contest(&[()], async |round, ()| {
        let account = new_account(&one).await;
        let insert = |stores: &Stores| {
            let (endpoints, endpoint) = (stores.delivery.webhook_endpoints.clone(), endpoint(account, 50));
            async move {
                endpoints
                    .insert(&endpoint, ChangePosition::START, Commit::default())
                    .await
            }
        };
        let outcomes = round.both(insert(&one), insert(&other)).await;
        let taken = |error: &_| matches!(error, Failure::Refused(WebhookRefusal::PlaceTaken));
        assert_one_wins(&outcomes, "the place of an endpoint", taken);
    })
    .await;
}

/// Two updates change one version of an endpoint. One of them succeeds.
pub async fn webhook_endpoint_versions_are_contested(servers: &[Stores]) {
    let (one, other) = two_callers(servers);
    contest(&[()], async |round, ()| {
        let account = new_account(&one).await;
        let first = endpoint(account, 1);
        put(&one, &first, ChangePosition::START).await;
        let update = |stores: &Stores, path| {
            let (endpoints, next) = (stores.delivery.webhook_endpoints.clone(), called(&first, path));
            async move { endpoints.update(&next, Commit::default()).await.map(|()| next) }
        };
        let outcomes = round.both(update(&one, "one"), update(&other, "other")).await;
        let stale = |error: &_| matches!(error, Failure::Refused(WebhookRefusal::VersionMismatch));
        assert_one_wins(&outcomes, "the next version of an endpoint", stale);
        let winner = outcomes.0.or(outcomes.1).unwrap();
        let read = one.delivery.webhook_endpoints.by_id(account, winner.id).await;
        assert_eq!(
            read.unwrap(),
            Some(winner),
            "the update that succeeded is what is kept"
        );
    })
    .await;
}

/// Two claim one lane. One of them holds it.
pub async fn lanes_are_contested(servers: &[Stores]) {
    let (one, other) = two_callers(servers);
    let tenants = Tenants::of(&one);
    contest(&[()], async |round, ()| {
        let (account, _) = tenants.tenant(round).await;
        let endpoint = endpoint(account, i64::try_from(round.number % 4).unwrap() + 1);
        let lane = put(&one, &endpoint, place(1)).await;
        let claim = |stores: &Stores| {
            let lanes = stores.delivery.lanes.clone();
            async move { lanes.claim(lane, LONG).await.unwrap().ok_or(()) }
        };
        let outcomes = round.both(claim(&one), claim(&other)).await;
        assert_one_wins(&outcomes, "a lane", |()| true);
        let endpoints = &one.delivery.webhook_endpoints;
        let removed = endpoints.remove(account, endpoint.id, Commit::default());
        assert!(removed.await.unwrap(), "it was there");
    })
    .await;
}

/// A lane, whose time is over, is settled while another one claims or moves it. Either the settlement comes first, and is
/// kept until then, or it changes nothing.
pub async fn settlements_are_contested(servers: &[Stores]) {
    let (one, other) = two_callers(servers);
    contest(&[false, true], async |round, moves| {
        let account = new_account(&one).await;
        let endpoint = endpoint(account, 1);
        let lane = put(&one, &endpoint, place(1)).await;
        let lanes = one.delivery.lanes.clone();
        let state = lanes.claim(lane, Duration::ZERO).await.unwrap().unwrap();
        let next = Lane {
            position: place(2),
            ..state
        };
        let tried = delivery(endpoint.id, DeliveryStatus::Failed, 2);
        let (of_settler, written) = (lanes.clone(), vec![tried.clone()]);
        let settle = async move { of_settler.settle(lane, &next, written, None).await.unwrap() };
        let others = other.delivery.lanes.clone();
        let take = async move {
            if moves {
                assert!(others.move_to(lane, place(3)).await.unwrap(), "it is there");
                None
            } else {
                // The time of the first one is over.
                let claimed = others.claim(lane, LONG).await.unwrap().unwrap();
                Some(claimed.position)
            }
        };
        let (settled, taken_at) = round.both(settle, take).await;
        let found = lanes.delivery(lane, tried.delivery.change).await.unwrap();
        assert_eq!(
            found.is_some(),
            settled,
            "a settlement writes its deliveries, or says that it doesn't"
        );
        if let Some(taken_at) = taken_at {
            let expected = if settled { place(2) } else { place(1) };
            assert_eq!(
                taken_at, expected,
                "who claims a lane is told of a settlement that came first: {settled}"
            );
        } else {
            let state = claimed(&one, lane).await;
            assert_eq!(state.position, place(3), "a lane that was moved stays there");
        }
    })
    .await;
}

/// An endpoint is removed while its lane is settled. Nothing of it is left.
pub async fn removals_of_webhook_endpoints_are_contested(servers: &[Stores]) {
    let (one, other) = two_callers(servers);
    contest(&[false, true], async |round, settles_first| {
        let account = new_account(&one).await;
        let endpoint = endpoint(account, 1);
        let lane = put(&one, &endpoint, place(1)).await;
        let state = claimed(&one, lane).await;
        let tried = delivery(endpoint.id, DeliveryStatus::Failed, 2);
        let settle = |stores: &Stores| {
            let (lanes, state) = (stores.delivery.lanes.clone(), state.clone());
            let written = vec![tried.clone()];
            async move { lanes.settle(lane, &state, written, None).await.map(drop) }
        };
        let remove = |stores: &Stores| {
            let endpoints = stores.delivery.webhook_endpoints.clone();
            async move {
                let removed = endpoints.remove(account, endpoint.id, Commit::default());
                removed.await.map(|removed| assert!(removed, "it was there"))
            }
        };
        let (first, second) = if settles_first {
            round.both(settle(&one), remove(&other)).await
        } else {
            round.both(remove(&one), settle(&other)).await
        };
        first.unwrap();
        second.unwrap();
        let lanes = &one.delivery.lanes;
        let found = lanes.delivery(lane, tried.delivery.change).await.unwrap();
        assert_eq!(found, None, "the deliveries of an endpoint are removed with it");
        let found = lanes.claim(lane, LONG).await.unwrap();
        assert_eq!(found, None, "the lane of an endpoint is removed with it");
    })
    .await;
}
