use super::*;
use crate::fixtures::{Mocks, account, at, caller, request, webhook_endpoint};
use chatgrow_ports::{ChangePosition, Scanned};

fn place(number: i64) -> ChangePosition {
    ChangePosition { epoch: 0, number }
}

/// Mocks with that endpoint, whose lane is at that place.
fn mocks(endpoint: WebhookEndpoint, number: i64) -> Mocks {
    let mut mocks = Mocks::at(1000);
    mocks
        .webhook_endpoints
        .expect_by_id()
        .returning(move |_, _| Ok(Some(endpoint.clone())));
    mocks.lanes.expect_lane().returning(move |_| {
        Ok(Some(Lane {
            fence: 1,
            position: place(number),
            failing_since: None,
            blocked: false,
        }))
    });
    mocks
}

#[tokio::test]
async fn a_replay_leaves_nothing_out_although_clocks_differ() {
    let endpoint = webhook_endpoint();
    let mut mocks = mocks(endpoint.clone(), 9);
    // Another server, whose clock is 20 seconds ahead, has made the first change.
    let log = [(1, 140_000), (2, 120_000), (3, 130_000)];
    mocks.lanes.expect_place_before().returning(move |_, instant| {
        let before = log.iter().rev().find(|(_, made)| at(*made) < instant);
        Ok(before.map_or(ChangePosition::START, |(number, _)| place(*number)))
    });
    mocks
        .lanes
        .expect_move_to()
        .withf(|_, position| *position < place(1))
        .times(1)
        .returning(|_, _| Ok(true));
    let endpoints = &mocks.build().delivery.webhook_endpoints;
    endpoints
        .replay(&caller(), endpoint.id, at(125_000))
        .await
        .unwrap();
}

#[tokio::test]
async fn who_is_switched_on_is_told_where_it_goes_on() {
    for (was_active, swept_to, told) in [
        (false, 4, Some(Continuation::WhereItStopped)),
        (false, 5, Some(Continuation::WhereItStopped)),
        (false, 6, Some(Continuation::OldestKept)),
        (true, 6, None),
    ] {
        let mut endpoint = webhook_endpoint();
        endpoint.terms.active = was_active;
        let mut mocks = mocks(endpoint.clone(), 5);
        mocks.changes.expect_read().returning(move |of, _, _, _| {
            assert_eq!(of, account());
            Ok(Scanned {
                changes: Vec::new(),
                to: place(9),
                more: false,
                swept_to: place(swept_to),
                horizon: place(9),
            })
        });
        mocks.webhook_endpoints.expect_update().returning(|_, _| Ok(()));
        let endpoints = &mocks.build().delivery.webhook_endpoints;
        let edit = WebhookEndpointEdit {
            url: None,
            terms: WebhookEdit {
                active: Some(true),
                ..WebhookEdit::default()
            },
        };
        let edited = endpoints.edit(&request(), endpoint.id, edit).await.unwrap();
        assert_eq!(edited.continues, told, "{was_active} {swept_to}");
    }
}
