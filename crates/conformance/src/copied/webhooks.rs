//! Filled webhook tables.

use crate::{
    at,
    delivery::{
        EVERY, changes,
        deliveries::{delivery, due_at, page},
        feed::walk,
        log, read, read_on,
        webhook_endpoint::{claimed, endpoint, put},
    },
    earliest, latest, new_account,
};
use chatgrow_domain::{AccountId, Delivery, DeliveryStatus, Disabling, SealedSecret, WebhookEndpoint};
use chatgrow_ports::{ChangePosition, Commit, DueLane, Lane, Stores};

/// Webhook endpoints with lanes and deliveries, for the adapters' tests of copies: the lanes have to go on in a copy.
pub struct FilledWebhooks {
    account: AccountId,
    endpoints: Vec<WebhookEndpoint>,
    /// The lane of each, its state, and its deliveries.
    lanes: Vec<(DueLane, Lane, Vec<Delivery>)>,
}

impl FilledWebhooks {
    /// Adds endpoints to a new account: one that is behind, one that has come to the end, one that is blocked and has
    /// something to try again, and one that is disabled.
    pub async fn new(stores: &Stores) -> Self {
        let account = new_account(stores).await;
        log(stores, &changes(account, 5)).await;
        let mut end = ChangePosition::START;
        read_on(stores, account, &mut end).await;
        let written = walk(stores, account, ChangePosition::START, EVERY, 500).await;
        let horizon = stores.delivery.changes.horizon().await.unwrap();
        let mut filled = Self {
            account,
            endpoints: Vec::new(),
            lanes: Vec::new(),
        };
        for (number, from) in (1..).zip([written[2].position, horizon, end, ChangePosition::START]) {
            let mut next = endpoint(account, number);
            let lane = put(stores, &next, from).await;
            if number == 4 {
                let rotated = next.rotated(SealedSecret::new(vec![3, 4]), at(7));
                let disabled = rotated.disabled(Disabling::Gone, at(8));
                for version in [rotated, disabled] {
                    let endpoints = &stores.delivery.webhook_endpoints;
                    endpoints.update(&version, Commit::default()).await.unwrap();
                    next = version;
                }
            }
            let mut deliveries = Vec::new();
            for (status, logged) in DeliveryStatus::ALL.iter().zip(&written) {
                let mut one = delivery(next.id, *status, 0);
                (one.position, one.delivery.change) = (logged.position, logged.change.id);
                if number == 3 && *status == DeliveryStatus::Pending {
                    one = due_at(one, earliest());
                    one.delivery.last.answer = Some("דנה".to_owned());
                }
                deliveries.push(one);
            }
            let state = Lane {
                failing_since: (number == 3).then_some(latest()),
                blocked: number == 3,
                ..claimed(stores, lane).await
            };
            let settled = stores.delivery.lanes.settle(lane, &state, deliveries, None);
            assert!(settled.await.unwrap(), "it is held");
            let listed = stores
                .delivery
                .lanes
                .deliveries(lane, page(None, None, 500))
                .await;
            filled.endpoints.push(next);
            filled.lanes.push((lane, state, listed.unwrap()));
        }
        filled
    }

    /// Asserts that everything is there, and that each lane continues at its place.
    pub async fn assert_goes_on(&self, stores: &Stores) {
        let (endpoints, lanes) = (&stores.delivery.webhook_endpoints, &stores.delivery.lanes);
        let all = endpoints.all(self.account).await.unwrap();
        assert_eq!(all, self.endpoints, "endpoints are copied");
        let is_due = async |nth: usize| {
            let due = lanes.due(100).await.unwrap();
            due.contains(&self.lanes[nth].0)
        };
        for (nth, due) in [true, false, true, false].into_iter().enumerate() {
            assert_eq!(
                is_due(nth).await,
                due,
                "a lane has to do what it had to do: {nth}"
            );
        }
        let new = changes(self.account, 2);
        log(stores, &new).await;
        read_on(stores, self.account, &mut ChangePosition::START.clone()).await;
        assert!(is_due(1).await, "what is written in a copy comes after it");
        for (nth, (lane, state, deliveries)) in self.lanes.iter().enumerate() {
            let listed = lanes.deliveries(*lane, page(None, None, 500)).await.unwrap();
            assert_eq!(&listed, deliveries, "deliveries are copied");
            let held = claimed(stores, *lane).await;
            assert_eq!(
                (held.position, held.failing_since, held.blocked),
                (state.position, state.failing_since, state.blocked),
                "lanes are copied"
            );
            assert!(
                held.fence > state.fence,
                "who held it in the source holds it no more"
            );
            let behind = read(stores, self.account, held.position, EVERY, 500)
                .await
                .changes;
            let found = behind.iter().position(|logged| logged.change == new[0]);
            assert!(found.is_some(), "the lane finds what is written in a copy");
            if nth == 1 {
                assert_eq!(found, Some(0), "it had come to the end");
            }
            let settled = lanes.settle(*lane, &held, Vec::new(), None).await;
            assert!(settled.unwrap(), "it is held");
        }
    }
}
