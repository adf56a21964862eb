//! Cases for looking back: the latest changes, and the one at a place.

use super::{
    EVERY, assert_same, change, changes,
    feed::{of, walk},
    log, read_on,
};
use crate::{at, fresh_id, latest, new_account};
use chatgrow_domain::{AccountId, Actor, ApiKeyId, Change, ChangeType, ChangeTypes, UserId};
use chatgrow_ports::{ActedBy, ChangeFilter, ChangePosition, Logged, Recent, Stores};

/// Looks back, and checks what holds whenever somebody does.
pub(super) async fn recent(
    stores: &Stores,
    account: AccountId,
    before: ChangePosition,
    filter: ChangeFilter,
    most: u16,
) -> Recent {
    let recent = stores.delivery.changes.recent(account, before, filter, most);
    let recent = recent.await.unwrap();
    let places: Vec<_> = recent.changes.iter().map(|logged| logged.position).collect();
    assert!(
        places.len() <= usize::from(most),
        "no more than {most} are read, but these were: {places:?}"
    );
    assert!(
        places.windows(2).all(|pair| pair[0] > pair[1]),
        "the latest comes first: {places:?}"
    );
    assert!(
        places.iter().all(|place| *place < before),
        "what is read lies before {before:?}: {places:?}"
    );
    if let Some(down_to) = recent.down_to {
        assert!(
            down_to < before && places.iter().all(|place| *place >= down_to),
            "what is read lies between {before:?} and the end of the reading, {down_to:?}: {places:?}"
        );
    }
    for Change { account: owner, .. } in recent.changes.iter().map(|logged| &logged.change) {
        assert_eq!(*owner, account, "an account reads its own changes");
    }
    recent
}

/// All changes of the account before that place that match, the latest first, read with so many at a time.
async fn walk_back(
    stores: &Stores,
    account: AccountId,
    before: ChangePosition,
    filter: ChangeFilter,
    most: u16,
) -> Vec<Logged> {
    let (mut found, mut place) = (Vec::new(), before);
    loop {
        let recent = recent(stores, account, place, filter, most).await;
        found.extend(recent.changes);
        match recent.down_to {
            Some(down_to) => place = down_to,
            None => return found,
        }
    }
}

fn reversed(mut logged: Vec<Logged>) -> Vec<Logged> {
    logged.reverse();
    logged
}

/// Whoever goes on looking back reads each change once, the latest first, with any number at a time, from the end and from
/// any change. No other account's are read.
pub async fn changes_are_looked_back_on(stores: &Stores) {
    let (account, other) = (new_account(stores).await, new_account(stores).await);
    let none = recent(stores, account, ChangePosition::END, EVERY, 5).await;
    assert_eq!(
        (none.changes, none.down_to),
        (vec![], None),
        "there is nothing yet"
    );
    for count in [1, 4, 2, 1, 5] {
        log(stores, &changes(account, count)).await;
        log(stores, &changes(other, 2)).await;
    }
    read_on(stores, account, &mut ChangePosition::START.clone()).await;
    let whole = walk(stores, account, ChangePosition::START, EVERY, 500).await;
    assert_eq!(whole.len(), 14);
    for most in [1, 2, 3, 13, 14, 15, 500] {
        let read = walk_back(stores, account, ChangePosition::END, EVERY, most).await;
        let expected = reversed(whole.clone());
        assert_eq!(read, expected, "{most} at a time: each once, the latest first");
    }
    for (nth, logged) in whole.iter().enumerate() {
        let rest = walk_back(stores, account, logged.position, EVERY, 4).await;
        let expected = reversed(whole[..nth].to_vec());
        assert_eq!(rest, expected, "before a change come the earlier ones");
    }
    let all = recent(stores, account, ChangePosition::END, EVERY, 500).await;
    assert_eq!(all.down_to, None, "nothing is left");
    let nobody = AccountId::new(fresh_id());
    let none = recent(stores, nobody, ChangePosition::END, EVERY, 500).await;
    assert_eq!(none.changes, [], "there is no such account");
}

/// The types, subjects and actors by which the latest changes are found.
pub async fn latest_changes_are_filtered(stores: &Stores) {
    let account = new_account(stores).await;
    let (subject, key, user) = (fresh_id(), fresh_id(), fresh_id());
    let of_key = Actor::ApiKey(ApiKeyId::new(key));
    let of_user = Actor::User(UserId::new(user));
    let written: Vec<_> = [
        (ChangeType::HoldCreated, Some(subject), Actor::System),
        (ChangeType::HoldExpired, None, of_key),
        (ChangeType::CustomerCreated, Some(subject), of_key),
        (ChangeType::CustomerUpdated, None, of_user),
        (ChangeType::HoldExpired, Some(subject), of_key),
        (ChangeType::UserCreated, None, Actor::System),
    ]
    .into_iter()
    .map(|(kind, subject, actor)| Change {
        kind,
        subject: subject.unwrap_or(fresh_id()),
        actor,
        ..change(account)
    })
    .collect();
    log(stores, &written).await;
    let types = |patterns: &str| ChangeTypes::parse(patterns).unwrap();
    let by = |id| Some(ActedBy::Id(id));
    for (types, subject, actor, expected) in [
        (ChangeTypes::ALL, None, None, vec![5, 4, 3, 2, 1, 0]),
        (types("hold.*"), None, None, vec![4, 1, 0]),
        (types("hold.expired,user.*"), None, None, vec![5, 4, 1]),
        (types("service.*"), None, None, vec![]),
        (ChangeTypes::ALL, Some(subject), None, vec![4, 2, 0]),
        (ChangeTypes::ALL, Some(fresh_id()), None, vec![]),
        (ChangeTypes::ALL, None, by(key), vec![4, 2, 1]),
        (ChangeTypes::ALL, None, by(user), vec![3]),
        (ChangeTypes::ALL, None, Some(ActedBy::System), vec![5, 0]),
        (types("hold.*"), Some(subject), by(key), vec![4]),
    ] {
        let filter = ChangeFilter {
            types,
            subject,
            actor,
        };
        let expected: Vec<_> = expected
            .into_iter()
            .map(|nth: usize| written[nth].clone())
            .collect();
        for most in [1, 2, 500] {
            let found = of(walk_back(stores, account, ChangePosition::END, filter, most).await);
            assert_same(
                &found,
                &expected,
                &format!("what matches {filter:?} is found, and nothing else"),
            );
        }
    }
}

/// A change is found at its place, by its own account, as long as it is kept. What was swept is not looked back on.
pub async fn a_change_is_found_at_its_place(stores: &Stores) {
    let (account, other) = (new_account(stores).await, new_account(stores).await);
    let feed = &stores.delivery.changes;
    for millis in [10, 20, 30] {
        let mine = Change {
            at: at(millis),
            ..change(account)
        };
        log(stores, &[mine]).await;
        log(stores, &changes(other, 1)).await;
    }
    read_on(stores, account, &mut ChangePosition::START.clone()).await;
    let whole = walk(stores, account, ChangePosition::START, EVERY, 500).await;
    for logged in &whole {
        let found = feed.at(account, logged.position).await.unwrap();
        assert_eq!(found.as_ref(), Some(logged), "it is where it was read");
        let foreign = feed.at(other, logged.position).await.unwrap();
        assert_eq!(foreign, None, "the place is another account's");
    }
    for place in [ChangePosition::START, ChangePosition::END] {
        assert_eq!(feed.at(account, place).await.unwrap(), None, "nothing is there");
    }
    assert_eq!(feed.sweep(account, at(20), 100).await.unwrap(), 2);
    for (nth, logged) in whole.iter().enumerate() {
        let found = feed.at(account, logged.position).await.unwrap();
        assert_eq!(
            found.is_some(),
            nth >= 2,
            "what was swept is not kept, and the rest is"
        );
    }
    let left = walk_back(stores, account, ChangePosition::END, EVERY, 500).await;
    assert_eq!(left, reversed(whole[2..].to_vec()), "what was swept is not kept");
    assert_eq!(left[0].change.at, latest(), "the one that `read_on` wrote");
}
