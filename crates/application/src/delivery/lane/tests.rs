use super::*;
use crate::fixtures::{Mocks, account, at, id, webhook_endpoint};
use chatgrow_domain::{
    Change, ChangeData, ChangeId, ChangeType, Delivery, DeliveryStatus, LastAttempt, SealedSecret,
    SendFailure,
};
use chatgrow_ports::{ChangePosition, Logged, Scanned, SentWebhook};
use mockall::Sequence;

/// Five days and a bit after the endpoint was created.
const NOW: i64 = 1000 + WebhookEndpoint::FAILING_MILLIS + 1;

fn place(number: i64) -> ChangePosition {
    ChangePosition { epoch: 0, number }
}

fn logged(number: u8) -> Logged {
    Logged {
        position: place(number.into()),
        change: Change {
            id: ChangeId::new(id(number)),
            account: account(),
            kind: ChangeType::CustomerCreated,
            at: at(0),
            subject: id(1),
            version: None,
            customer: None,
            actor: Actor::System,
            request: None,
            data: ChangeData::default(),
        },
    }
}

fn scanned(numbers: std::ops::RangeInclusive<u8>) -> Scanned {
    Scanned {
        to: place((*numbers.end()).into()),
        changes: numbers.map(logged).collect(),
        more: false,
        swept_to: ChangePosition::START,
        horizon: place(9),
    }
}

fn lane() -> Lane {
    Lane {
        fence: 1,
        position: place(0),
        failing_since: None,
        blocked: false,
    }
}

/// A delivery that has failed once, and is due.
fn failed(number: u8) -> PlacedDelivery {
    PlacedDelivery {
        position: place(number.into()),
        delivery: Delivery {
            endpoint: webhook_endpoint().id,
            change: ChangeId::new(id(number)),
            kind: ChangeType::CustomerCreated,
            status: DeliveryStatus::Pending,
            attempts: 1,
            last: LastAttempt {
                at: at(1),
                outcome: Ok(500),
                answer: None,
                took_millis: 1,
            },
            next_at: Some(at(2)),
        },
    }
}

fn ordered() -> WebhookEndpoint {
    let mut endpoint = webhook_endpoint();
    endpoint.terms.ordered = true;
    endpoint
}

/// Mocks with that endpoint, whose lane is free and in that state.
fn mocks(endpoint: WebhookEndpoint, lane: Lane) -> Mocks {
    let mut mocks = Mocks::at(NOW);
    mocks
        .webhook_endpoints
        .expect_by_id()
        .returning(move |_, _| Ok(Some(endpoint.clone())));
    mocks
        .lanes
        .expect_claim()
        .returning(move |_, _| Ok(Some(lane.clone())));
    mocks
}

/// Without anything to try again.
fn with_no_retries(mut mocks: Mocks) -> Mocks {
    mocks.lanes.expect_retries().returning(|_, _| Ok(vec![]));
    mocks.lanes.expect_open().returning(|_, _| Ok((0, None)));
    mocks
}

/// The receiver answers one webhook after the other so.
fn answering(mut mocks: Mocks, answers: impl IntoIterator<Item = (u8, Result<u16, SendFailure>)>) -> Mocks {
    let mut sequence = Sequence::new();
    for (number, outcome) in answers {
        let expected = ChangeId::new(id(number)).to_string();
        mocks
            .sender
            .expect_send()
            .withf(move |webhook| webhook.id == expected && webhook.body == expected.as_bytes())
            .times(1)
            .in_sequence(&mut sequence)
            .returning(move |_| SentWebhook {
                outcome,
                retry_after: None,
                answer: Some("answer".to_owned()),
                took: Duration::from_millis(3),
            });
    }
    mocks
}

/// Expects that the lane is settled once so, with deliveries of these changes in these states, and given back.
fn settled(mut mocks: Mocks, expected: Lane, deliveries: &'static [(u8, DeliveryStatus)]) -> Mocks {
    mocks
        .lanes
        .expect_settle()
        .withf(move |_, state, done, lease| {
            let done = done
                .iter()
                .map(|placed| (placed.delivery.change, placed.delivery.status));
            let wanted = deliveries
                .iter()
                .map(|(number, status)| (ChangeId::new(id(*number)), *status));
            *state == expected && done.eq(wanted) && lease.is_none()
        })
        .times(1)
        .returning(|_, _, _, _| Ok(true));
    mocks
}

async fn pass(mocks: Mocks) -> Counted {
    let lanes = mocks.build().delivery.lanes;
    let endpoint = webhook_endpoint();
    lanes
        .pass(lane_of(endpoint.account_id, endpoint.id))
        .await
        .unwrap();
    lanes.counted()
}

use DeliveryStatus::{Failed, Pending, Succeeded};

#[tokio::test]
async fn what_is_new_is_sent_and_the_lane_moves_on() {
    let mut mocks = with_no_retries(mocks(webhook_endpoint(), lane()));
    mocks
        .changes
        .expect_read()
        .withf(|_, after, filter, _| *after == place(0) && filter.types == webhook_endpoint().types())
        .times(1)
        .returning(|_, _, _, _| Ok(scanned(1..=2)));
    let mocks = answering(mocks, [(1, Ok(200)), (2, Ok(204))]);
    let moved = Lane {
        position: place(2),
        ..lane()
    };
    let counted = pass(settled(mocks, moved, &[(1, Succeeded), (2, Succeeded)])).await;
    assert_eq!((counted.succeeded, counted.failed), (2, 0));
}

#[tokio::test]
async fn a_failure_is_noted_and_keeps_nothing_up() {
    let mut mocks = with_no_retries(mocks(webhook_endpoint(), lane()));
    mocks
        .changes
        .expect_read()
        .returning(|_, _, _, _| Ok(scanned(1..=1)));
    let mocks = answering(mocks, [(1, Err(SendFailure::TimedOut))]);
    let moved = Lane {
        position: place(1),
        failing_since: Some(at(NOW)),
        ..lane()
    };
    let counted = pass(settled(mocks, moved, &[(1, Pending)])).await;
    assert_eq!((counted.succeeded, counted.failed), (0, 1));
}

#[tokio::test]
async fn an_ordered_lane_stops_at_what_fails() {
    let mut mocks = with_no_retries(mocks(ordered(), lane()));
    mocks
        .changes
        .expect_read()
        .returning(|_, _, _, _| Ok(scanned(1..=3)));
    let mocks = answering(mocks, [(1, Ok(200)), (2, Ok(500))]);
    let stopped = Lane {
        position: place(1),
        failing_since: Some(at(NOW)),
        blocked: true,
        ..lane()
    };
    pass(settled(mocks, stopped, &[(1, Succeeded), (2, Pending)])).await;
}

fn stopped_before(number: u8, mut first: PlacedDelivery) -> Mocks {
    let blocked = Lane {
        position: place(number.into()),
        blocked: true,
        failing_since: Some(at(NOW)),
        ..lane()
    };
    let mut mocks = mocks(ordered(), blocked);
    mocks.lanes.expect_retries().returning(|_, _| Ok(vec![]));
    mocks.lanes.expect_open().returning(move |_, _| {
        first.position = place(i64::from(number) + 1);
        Ok((1, Some(first.clone())))
    });
    mocks
}

#[tokio::test]
async fn an_ordered_lane_goes_on_once_the_change_has_arrived() {
    let mut mocks = stopped_before(1, failed(2));
    mocks.changes.expect_at().returning(|_, _| Ok(Some(logged(2))));
    mocks
        .changes
        .expect_read()
        .withf(|_, after, _, _| *after == place(2))
        .returning(|_, _, _, _| Ok(scanned(3..=3)));
    let mocks = answering(mocks, [(2, Ok(200)), (3, Ok(200))]);
    let moved = Lane {
        position: place(3),
        ..lane()
    };
    pass(settled(mocks, moved, &[(2, Succeeded), (3, Succeeded)])).await;
}

#[tokio::test]
async fn an_ordered_lane_waits_until_the_change_is_due() {
    let mut later = failed(2);
    later.delivery.next_at = Some(at(NOW + 1));
    let waiting = Lane {
        position: place(1),
        blocked: true,
        failing_since: Some(at(NOW)),
        ..lane()
    };
    pass(settled(stopped_before(1, later), waiting, &[])).await;
}

#[tokio::test]
async fn an_ordered_lane_tries_again_what_it_has_passed() {
    let at_five = Lane {
        position: place(5),
        ..lane()
    };
    let mut mocks = mocks(ordered(), at_five);
    // The second is one that the lane has not passed. It waits for its turn.
    let retries = || Ok(vec![failed(4), failed(7)]);
    mocks.lanes.expect_retries().returning(move |_, _| retries());
    mocks.changes.expect_at().returning(|_, _| Ok(Some(logged(4))));
    mocks
        .changes
        .expect_read()
        .returning(|_, _, _, _| Ok(scanned(6..=6)));
    let mocks = answering(mocks, [(4, Ok(200)), (6, Ok(200))]);
    let moved = Lane {
        position: place(6),
        ..lane()
    };
    pass(settled(mocks, moved, &[(4, Succeeded), (6, Succeeded)])).await;
}

#[tokio::test]
async fn what_is_due_is_tried_again_first() {
    let mut mocks = mocks(webhook_endpoint(), lane());
    let mut times = 0;
    mocks.lanes.expect_retries().returning(move |_, _| {
        // The store tells of it until it is settled.
        times += 1;
        Ok(if times <= 2 {
            vec![failed(7), failed(8)]
        } else {
            vec![]
        })
    });
    mocks.lanes.expect_open().returning(|_, _| Ok((2, None)));
    mocks
        .changes
        .expect_at()
        // The change of one is not kept any more.
        .returning(|_, position| Ok(Some(logged(7)).filter(|_| position == place(7))));
    mocks.changes.expect_read().returning(|_, _, _, _| {
        Ok(Scanned {
            changes: vec![],
            ..scanned(9..=9)
        })
    });
    let mocks = answering(mocks, [(7, Ok(200))]);
    let moved = Lane {
        position: place(9),
        ..lane()
    };
    pass(settled(mocks, moved, &[(8, Failed), (7, Succeeded)])).await;
}

#[tokio::test]
async fn a_thousand_open_deliveries_stop_a_lane() {
    let mut mocks = mocks(webhook_endpoint(), lane());
    mocks.lanes.expect_retries().returning(|_, _| Ok(vec![]));
    mocks.lanes.expect_open().returning(|_, _| Ok((1000, None)));
    let stopped = Lane {
        blocked: true,
        ..lane()
    };
    pass(settled(mocks, stopped, &[])).await;
}

/// Expects that the endpoint is disabled by the server, with a change that says so.
fn disabled(mut mocks: Mocks, why: Disabling) -> Mocks {
    mocks
        .webhook_endpoints
        .expect_update()
        .withf(move |endpoint, commit| {
            let [change] = &commit.changes[..] else {
                return false;
            };
            endpoint.disabled == Some(why)
                && !endpoint.terms.active
                && change.kind == ChangeType::WebhookEndpointDisabled
                && change.actor == Actor::System
        })
        .times(1)
        .returning(|_, _| Ok(()));
    mocks
}

fn failing_since(mocks: Mocks, since: i64, outcome: Result<u16, SendFailure>) -> Mocks {
    let mut mocks = answering(with_no_retries(mocks), [(1, outcome)]);
    mocks
        .changes
        .expect_read()
        .returning(|_, _, _, _| Ok(scanned(1..=1)));
    let moved = Lane {
        position: place(1),
        failing_since: Some(at(since)),
        ..lane()
    };
    settled(mocks, moved, &[(1, Pending)])
}

fn since(since: i64) -> Lane {
    Lane {
        failing_since: Some(at(since)),
        ..lane()
    }
}

#[tokio::test]
async fn who_answers_410_gets_no_more() {
    let mocks = failing_since(mocks(webhook_endpoint(), lane()), NOW, Ok(410));
    assert_eq!(pass(disabled(mocks, Disabling::Gone)).await.disabled, 1);
}

#[tokio::test]
async fn five_days_of_failures_disable_an_endpoint() {
    let mocks = failing_since(mocks(webhook_endpoint(), since(1000)), 1000, Ok(500));
    assert_eq!(pass(disabled(mocks, Disabling::Failing)).await.disabled, 1);
}

#[tokio::test]
async fn a_lane_that_has_stood_still_for_five_days_disables_its_endpoint() {
    let waiting = Lane {
        blocked: true,
        ..since(1000)
    };
    let mut mocks = mocks(ordered(), waiting.clone());
    mocks.lanes.expect_retries().returning(|_, _| Ok(vec![]));
    let mut given_up = failed(1);
    given_up.delivery.status = DeliveryStatus::Failed;
    given_up.delivery.next_at = None;
    mocks
        .lanes
        .expect_open()
        .returning(move |_, _| Ok((1, Some(given_up.clone()))));
    let mocks = settled(mocks, waiting, &[]);
    assert_eq!(pass(disabled(mocks, Disabling::Failing)).await.disabled, 1);
}

#[tokio::test]
async fn its_owner_gives_an_endpoint_another_five_days() {
    let mut endpoint = webhook_endpoint();
    endpoint.updated_at = at(1002);
    let mocks = failing_since(mocks(endpoint, since(1000)), 1000, Ok(500));
    assert_eq!(pass(mocks).await.disabled, 0);
}

#[tokio::test]
async fn a_lane_of_somebody_else_is_left_alone() {
    let mut mocks = Mocks::at(NOW);
    mocks
        .webhook_endpoints
        .expect_by_id()
        .returning(|_, _| Ok(Some(webhook_endpoint())));
    mocks.lanes.expect_claim().times(1).returning(|_, _| Ok(None));
    pass(mocks).await;
}

#[tokio::test]
async fn an_endpoint_that_is_switched_off_is_left_alone() {
    let mut endpoint = webhook_endpoint();
    endpoint.terms.active = false;
    let mut mocks = Mocks::at(NOW);
    mocks
        .webhook_endpoints
        .expect_by_id()
        .return_once(|_, _| Ok(Some(endpoint)));
    pass(mocks).await;
}

#[tokio::test]
async fn a_secret_that_cannot_be_read_pauses_the_lane() {
    let mut endpoint = webhook_endpoint();
    // No secret is so short.
    endpoint.secret = SealedSecret::new(vec![1]);
    let (account, id) = (endpoint.account_id, endpoint.id);
    let lanes = mocks(endpoint, lane()).build().delivery.lanes;
    let failure = lanes.pass(lane_of(account, id)).await.unwrap_err();
    assert!(failure.to_string().contains("rotate it"), "{failure}");
}

#[tokio::test]
async fn a_server_that_stops_begins_nothing() {
    let mocks = settled(mocks(webhook_endpoint(), lane()), lane(), &[]);
    let lanes = mocks.build().delivery.lanes;
    lanes.stop();
    lanes
        .pass(lane_of(account(), webhook_endpoint().id))
        .await
        .unwrap();
}

#[tokio::test]
async fn the_lag_is_the_age_of_what_waits() {
    let mut mocks = Mocks::at(NOW);
    mocks
        .changes
        .expect_held_back_since()
        .returning(|| Ok(Some(at(NOW - 1500))));
    // A server whose clock is ahead has written it.
    mocks
        .lanes
        .expect_waiting_since()
        .returning(|| Ok(Some(at(NOW + 5))));
    let lanes = mocks.build().delivery.lanes;
    lanes.measure_lag().await.unwrap();
    let expected = Lag {
        feed: Duration::from_millis(1500),
        webhooks: Duration::ZERO,
    };
    assert_eq!(lanes.lag(), expected);
}
