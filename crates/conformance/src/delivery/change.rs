//! Cases for changes: what is kept of them, and whose they are.

use super::{EVERY, assert_same, change, changes, log, read, read_on};
use crate::{
    at,
    commit::{fresh_request, record},
    earliest, fresh_id, latest, longest, new_account,
};
use chatgrow_domain::{
    AccountId, Actor, ApiKeyId, Change, ChangeData, ChangeType, CustomerId, UserId, Version,
};
use chatgrow_ports::{ChangePosition, Commit, Stores};

/// A JSON text of that many bytes. JSON escapes U+0000, so no text has it.
fn json(bytes: usize) -> String {
    let text = format!("{{\"a\":\"\\u0000{}", longest(100).replace(['"', '\\'], "'"));
    let rest = bytes - text.len() - 2;
    let text = format!("{text}{}\"}}", "x".repeat(rest));
    assert_eq!(text.len(), bytes);
    text
}

/// Every field is read back unchanged: with the longest texts or none, the extreme instants and versions, every type, and
/// every kind of actor.
pub async fn change_round_trips(stores: &Stores) {
    let account = new_account(stores).await;
    let long = Change {
        at: latest(),
        version: Version::new(i64::MAX),
        customer: Some(CustomerId::new(fresh_id())),
        actor: Actor::ApiKey(ApiKeyId::new(fresh_id())),
        request: Some(longest(200)),
        data: ChangeData {
            object: Some(json(ChangeData::MAX_BYTES - 1000)),
            previous: Some(json(1000)),
        },
        ..change(account)
    };
    let whole = Change {
        actor: Actor::User(UserId::new(fresh_id())),
        data: ChangeData {
            object: Some(json(ChangeData::MAX_BYTES)),
            previous: None,
        },
        ..change(account)
    };
    let bare = Change {
        at: earliest(),
        version: None,
        data: ChangeData::default(),
        ..change(account)
    };
    let empty = Change {
        request: Some(String::new()),
        data: ChangeData {
            object: Some(String::new()),
            previous: Some(String::new()),
        },
        ..change(account)
    };
    let mut written = vec![long, whole, bare, empty];
    written.extend(ChangeType::ALL.iter().map(|kind| Change {
        kind: *kind,
        ..change(account)
    }));
    for change in &written {
        log(stores, std::slice::from_ref(change)).await;
    }
    let read = read_on(stores, account, &mut ChangePosition::START.clone()).await;
    assert_same(
        &read,
        &written,
        "what was written is read back as it was, and in that order",
    );
}

/// The changes of one write are read in the order in which the write names them, and all of them are there at once.
pub async fn changes_of_one_write_keep_their_order(stores: &Stores) {
    let account = new_account(stores).await;
    let mut place = ChangePosition::START;
    for count in [0, 1, 2, 3, 50] {
        // The order of the ids and of the instants is another one.
        let mut written = changes(account, count);
        written.reverse();
        for (change, millis) in written.iter_mut().zip([7, 3, 9, 1].into_iter().cycle()) {
            change.at = at(millis);
        }
        for recorded in [false, true] {
            let record = recorded.then(|| record(account, fresh_request()));
            let changes = written.clone();
            let commit = Commit {
                record,
                changes,
                notice: None,
            };
            stores.idempotency.write(commit).await.unwrap();
            let read = read_on(stores, account, &mut place).await;
            assert_same(&read, &written, "they are read in the order of the write");
        }
    }
}

/// An account reads its own changes and no other's, wherever it begins. Nobody has changes of an account that isn't
/// there.
pub async fn changes_of_accounts_are_apart(stores: &Stores) {
    let (one, other) = (new_account(stores).await, new_account(stores).await);
    let (mut mine, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let (first, second, third) = (change(one), change(other), change(one));
        log(stores, std::slice::from_ref(&first)).await;
        log(stores, &[second.clone(), third.clone()]).await;
        mine.extend([first, third]);
        theirs.push(second);
    }
    let nobody = AccountId::new(fresh_id());
    for (account, written) in [(one, mine), (other, theirs)] {
        let found = read_on(stores, account, &mut ChangePosition::START.clone()).await;
        assert_same(
            &found,
            &written,
            "an account reads its own changes, and all of them",
        );
        let scanned = read(stores, account, ChangePosition::START, EVERY, 500).await;
        for logged in scanned.changes {
            let foreign = read(stores, nobody, logged.position, EVERY, 500).await;
            assert_eq!(foreign.changes, [], "there is no such account");
        }
    }
}
