//! Cases for webhook endpoints.

use super::deliveries::delivery;
use crate::{at, earliest, fresh_id, latest, longest, new_account, race};
use chatgrow_domain::{
    AccountId, DeliveryStatus, Disabling, ReceiverUrl, Scope, Scopes, SealedSecret, TypePatterns, Version,
    WebhookDescription, WebhookEdit, WebhookEndpoint, WebhookEndpointId, WebhookRefusal, WebhookTerms,
};
use chatgrow_ports::{ChangePosition, Commit, DueLane, Failure, Lane, PlacedDelivery, StoreError, Stores};
use std::time::Duration;

/// Longer than any case takes.
pub(crate) const LONG: Duration = Duration::from_secs(3600);

/// An active endpoint that is told of everything.
pub(crate) fn endpoint(account: AccountId, place: i64) -> WebhookEndpoint {
    WebhookEndpoint {
        id: WebhookEndpointId::new(fresh_id()),
        account_id: account,
        place,
        terms: WebhookTerms {
            url: ReceiverUrl::stored("https://example.com/hook").unwrap(),
            types: TypePatterns::new(vec!["*".to_owned()]).unwrap(),
            description: None,
            active: true,
            ordered: false,
        },
        scopes: Scopes::FULL,
        secret: SealedSecret::new(vec![0, 255, 1]),
        previous_secret: None,
        disabled: None,
        created_at: at(1),
        updated_at: at(1),
        version: Version::FIRST,
    }
}

/// Adds an endpoint whose lane begins there.
pub(crate) async fn put(stores: &Stores, endpoint: &WebhookEndpoint, from: ChangePosition) -> DueLane {
    let endpoints = &stores.delivery.webhook_endpoints;
    endpoints.insert(endpoint, from, Commit::default()).await.unwrap();
    lane_of(endpoint)
}

pub(crate) fn lane_of(endpoint: &WebhookEndpoint) -> DueLane {
    DueLane {
        account: endpoint.account_id,
        endpoint: endpoint.id,
    }
}

/// The next state of the endpoint, with that URL.
pub(crate) fn called(endpoint: &WebhookEndpoint, path: &str) -> WebhookEndpoint {
    let url = ReceiverUrl::stored(&format!("https://example.com/{path}")).unwrap();
    let edit = WebhookEdit {
        url: Some(url),
        ..WebhookEdit::default()
    };
    endpoint.edited(edit, at(100))
}

/// A place in the log. Nothing has to be there.
pub(crate) const fn place(number: i64) -> ChangePosition {
    ChangePosition { epoch: 1, number }
}

/// Takes the lane, which nobody holds.
pub(crate) async fn claimed(stores: &Stores, lane: DueLane) -> Lane {
    let claimed = stores.delivery.lanes.claim(lane, LONG).await.unwrap();
    claimed.unwrap_or_else(|| panic!("nobody holds {lane:?}"))
}

/// Writes what came of deliveries, and leaves the lane as it is.
pub(crate) async fn settled(stores: &Stores, lane: DueLane, deliveries: &[PlacedDelivery]) {
    let state = claimed(stores, lane).await;
    let settled = stores
        .delivery
        .lanes
        .settle(lane, &state, deliveries.to_vec(), None);
    assert!(settled.await.unwrap(), "the lane is held");
}

async fn all(stores: &Stores, account: AccountId) -> Vec<WebhookEndpoint> {
    stores.delivery.webhook_endpoints.all(account).await.unwrap()
}

async fn update(stores: &Stores, endpoint: &WebhookEndpoint) -> Result<(), Failure<WebhookRefusal>> {
    let endpoints = &stores.delivery.webhook_endpoints;
    endpoints.update(endpoint, Commit::default()).await
}

/// Every field is read back unchanged. Its lane begins at the place that was given.
pub async fn webhook_endpoint_round_trips(stores: &Stores) {
    let account = new_account(stores).await;
    let endpoints = &stores.delivery.webhook_endpoints;
    let bare = endpoint(account, 1);
    let longest_url = format!("https://example.com/{}", "x".repeat(ReceiverUrl::MAX_CHARS - 20));
    let most = vec!["appointment.rescheduled".to_owned(); TypePatterns::MAX];
    let full = WebhookEndpoint {
        terms: WebhookTerms {
            url: ReceiverUrl::stored(&longest_url).unwrap(),
            types: TypePatterns::new(most).unwrap(),
            description: Some(WebhookDescription::new(longest(200)).unwrap()),
            active: false,
            ordered: true,
        },
        scopes: Scopes::new([Scope::ChangesRead, Scope::EventsRead]).unwrap(),
        secret: SealedSecret::new((0..=255).collect()),
        previous_secret: Some((SealedSecret::new(vec![7; 200]), latest())),
        disabled: Some(Disabling::Gone),
        created_at: latest(),
        updated_at: earliest(),
        version: Version::new(i64::MAX - 1).unwrap(),
        ..endpoint(account, WebhookEndpoint::MAX)
    };
    for (endpoint, from) in [
        (&bare, ChangePosition::START),
        (
            &full,
            ChangePosition {
                epoch: 7,
                number: i64::MAX,
            },
        ),
    ] {
        let lane = put(stores, endpoint, from).await;
        let read = endpoints.by_id(account, endpoint.id).await.unwrap();
        assert_eq!(
            read.as_ref(),
            Some(endpoint),
            "what was written is read back as it was"
        );
        let state = claimed(stores, lane).await;
        let state = (state.position, state.failing_since, state.blocked);
        assert_eq!(state, (from, None, false), "its lane begins there");
    }
    let failing = WebhookEndpoint {
        disabled: Some(Disabling::Failing),
        ..called(&full, "")
    };
    assert_eq!(failing.version, Version::new(i64::MAX).unwrap());
    update(stores, &failing).await.unwrap();
    let cleared = WebhookEndpoint {
        id: bare.id,
        place: bare.place,
        previous_secret: None,
        disabled: None,
        version: bare.version.next(),
        ..full.clone()
    };
    update(stores, &cleared).await.unwrap();
    assert_eq!(
        all(stores, account).await,
        [cleared, failing],
        "an update writes every field"
    );
    let nothing = endpoints.by_id(account, WebhookEndpointId::new(fresh_id())).await;
    assert_eq!(nothing.unwrap(), None, "what is not there is absent");
}

/// An account has places from 1 to 50, and one endpoint in each. A place is free again when its endpoint is removed.
pub async fn webhook_places_are_taken_once(stores: &Stores) {
    let (account, other) = (new_account(stores).await, new_account(stores).await);
    let endpoints = &stores.delivery.webhook_endpoints;
    let mut kept = Vec::new();
    for place in 1..=WebhookEndpoint::MAX {
        let endpoint = endpoint(account, place);
        put(stores, &endpoint, ChangePosition::START).await;
        kept.push(endpoint);
    }
    for place in [1, WebhookEndpoint::MAX] {
        let outcome = endpoints
            .insert(
                &endpoint(account, place),
                ChangePosition::START,
                Commit::default(),
            )
            .await;
        assert_refused!(
            outcome,
            Failure::Refused(WebhookRefusal::PlaceTaken),
            "another has the place"
        );
        put(stores, &endpoint(other, place), ChangePosition::START).await;
    }
    for place in [i64::MIN, 0, WebhookEndpoint::MAX + 1] {
        let outcome = endpoints
            .insert(
                &endpoint(account, place),
                ChangePosition::START,
                Commit::default(),
            )
            .await;
        assert_refused!(
            outcome,
            Failure::Store(StoreError::Failed(_)),
            "there is no place {place}"
        );
    }
    let left = kept.remove(0);
    assert!(
        endpoints
            .remove(account, left.id, Commit::default())
            .await
            .unwrap()
    );
    let next = endpoint(account, left.place);
    put(stores, &next, ChangePosition::START).await;
    kept.push(next);
    assert_eq!(
        all(stores, account).await,
        kept,
        "a refused insert changes nothing"
    );
}

/// An update replaces only the version before it.
pub async fn webhook_endpoint_is_updated_from_the_version_before_only(stores: &Stores) {
    let account = new_account(stores).await;
    let first = endpoint(account, 1);
    put(stores, &first, ChangePosition::START).await;
    let second = called(&first, "second");
    update(stores, &second).await.unwrap();
    let later = called(&called(&second, "a"), "b");
    let unknown = called(&endpoint(account, 2), "unknown");
    for stale in [&called(&first, "another"), &second, &later, &unknown] {
        assert_refused!(
            update(stores, stale).await,
            Failure::Refused(WebhookRefusal::VersionMismatch),
            "it is not the version after the stored one"
        );
    }
    assert_eq!(
        all(stores, account).await,
        [second],
        "a refused update changes nothing"
    );
}

/// Of many concurrent updates of one version exactly one succeeds.
pub async fn webhook_endpoint_updates_race_to_one_winner(servers: &[Stores]) {
    let stores = &servers[0];
    let account = new_account(stores).await;
    let first = endpoint(account, 1);
    put(stores, &first, ChangePosition::START).await;
    let outcomes = race(servers, |racer, stores| {
        let next = called(&first, &racer.to_string());
        async move { update(&stores, &next).await.map(|()| next) }
    })
    .await;
    assert_winners!(outcomes, 1, Failure::Refused(WebhookRefusal::VersionMismatch));
    let winner = outcomes.into_iter().find_map(Result::ok).unwrap();
    assert_eq!(all(stores, account).await, [winner], "the winner's state is kept");
}

/// Of many concurrent inserts at the last free place exactly one succeeds.
pub async fn webhook_endpoints_race_for_the_last_place(servers: &[Stores]) {
    let stores = &servers[0];
    let account = new_account(stores).await;
    for place in 1..WebhookEndpoint::MAX {
        put(stores, &endpoint(account, place), ChangePosition::START).await;
    }
    let outcomes = race(servers, |_, stores| {
        let last = WebhookEndpoint {
            created_at: at(2),
            ..endpoint(account, WebhookEndpoint::MAX)
        };
        async move {
            let endpoints = &stores.delivery.webhook_endpoints;
            let inserted = endpoints.insert(&last, ChangePosition::START, Commit::default());
            inserted.await.map(|()| last)
        }
    })
    .await;
    assert_winners!(outcomes, 1, Failure::Refused(WebhookRefusal::PlaceTaken));
    let winner = outcomes.into_iter().find_map(Result::ok).unwrap();
    let all = all(stores, account).await;
    assert_eq!(all.len(), usize::try_from(WebhookEndpoint::MAX).unwrap());
    assert_eq!(all.last(), Some(&winner), "the winner is kept");
}

/// Endpoints are listed by creation, then by id.
pub async fn webhook_endpoints_are_listed_by_creation(stores: &Stores) {
    let account = new_account(stores).await;
    let mut written = Vec::new();
    for (place, created_at) in (1..).zip([30, 20, 10, 20]) {
        let endpoint = WebhookEndpoint {
            created_at: at(created_at),
            ..endpoint(account, place)
        };
        put(stores, &endpoint, ChangePosition::START).await;
        written.push(endpoint);
    }
    written.sort_by_key(|endpoint| (endpoint.created_at, endpoint.id));
    assert_eq!(all(stores, account).await, written, "by creation, then by id");
}

/// No method sees or changes another account's endpoints, also if they have one id. An endpoint can't be added without
/// an account.
pub async fn webhook_endpoints_of_accounts_are_apart(stores: &Stores) {
    let (account, other) = (new_account(stores).await, new_account(stores).await);
    let stranger = new_account(stores).await;
    let endpoints = &stores.delivery.webhook_endpoints;
    let mine = endpoint(account, 1);
    let theirs = WebhookEndpoint {
        id: mine.id,
        ..endpoint(other, 2)
    };
    for endpoint in [&mine, &theirs] {
        put(stores, endpoint, ChangePosition::START).await;
    }
    let found = endpoints.by_id(stranger, mine.id).await.unwrap();
    assert_eq!(found, None, "it is another account's");
    assert_eq!(all(stores, stranger).await, [], "they are other accounts'");
    let taken_over = WebhookEndpoint {
        account_id: stranger,
        ..called(&mine, "taken-over")
    };
    assert_refused!(
        update(stores, &taken_over).await,
        Failure::Refused(WebhookRefusal::VersionMismatch),
        "the account has no such endpoint: it is another account's"
    );
    let removed = endpoints.remove(stranger, mine.id, Commit::default()).await;
    assert!(!removed.unwrap(), "it is another account's");
    let next = called(&mine, "mine");
    update(stores, &next).await.unwrap();
    assert_eq!(
        (all(stores, account).await, all(stores, other).await),
        (vec![next], vec![theirs.clone()]),
        "an account has its own endpoints"
    );
    let removed = endpoints.remove(account, mine.id, Commit::default()).await;
    assert!(removed.unwrap(), "it was there");
    assert_eq!(
        (all(stores, account).await, all(stores, other).await),
        (vec![], vec![theirs]),
        "an account removes its own endpoints"
    );
    let nobody = endpoint(AccountId::new(fresh_id()), 1);
    let outcome = endpoints
        .insert(&nobody, ChangePosition::START, Commit::default())
        .await;
    assert_refused!(
        outcome,
        Failure::Store(StoreError::Failed(_)),
        "there is no such account, which is a defect of the caller"
    );
}

/// With an endpoint, its lane and its deliveries are removed, and nothing else.
pub async fn a_removed_webhook_endpoint_leaves_nothing(stores: &Stores) {
    let account = new_account(stores).await;
    let delivery_stores = &stores.delivery;
    let (removed, kept) = (endpoint(account, 1), endpoint(account, 2));
    let mut written = Vec::new();
    for endpoint in [&removed, &kept] {
        let lane = put(stores, endpoint, ChangePosition::START).await;
        let one = delivery(endpoint.id, DeliveryStatus::Failed, 1);
        settled(stores, lane, std::slice::from_ref(&one)).await;
        written.push((lane, one));
    }
    let remove = || {
        delivery_stores
            .webhook_endpoints
            .remove(account, removed.id, Commit::default())
    };
    assert!(remove().await.unwrap(), "it was there");
    assert!(!remove().await.unwrap(), "it is there no more");
    for (nth, (lane, one)) in written.into_iter().enumerate() {
        let found = delivery_stores
            .lanes
            .delivery(lane, one.delivery.change)
            .await
            .unwrap();
        let stays = nth == 1;
        assert_eq!(
            found,
            stays.then_some(one),
            "the deliveries of an endpoint are removed with it"
        );
        let claimed = delivery_stores.lanes.claim(lane, LONG).await.unwrap();
        assert_eq!(
            claimed.is_some(),
            stays,
            "the lane of an endpoint is removed with it"
        );
    }
    assert_eq!(all(stores, account).await, [kept]);
    // An endpoint with the same id begins anew.
    let lane = put(stores, &removed, place(5)).await;
    let state = claimed(stores, lane).await;
    assert_eq!(state.position, place(5), "its lane begins where it is told to");
    let (open, _) = delivery_stores
        .lanes
        .open(lane, ChangePosition::START)
        .await
        .unwrap();
    assert_eq!(open, 0, "it has no deliveries");
}
