//! Cases for the log of changes, for the feed that is read from it, and for webhooks.

pub(crate) mod change;
pub(crate) mod deliveries;
pub(crate) mod feed;
pub(crate) mod lane;
pub(crate) mod look_back;
pub(crate) mod race;
pub(crate) mod webhook_endpoint;
pub(crate) mod written;

pub use change::*;
pub use deliveries::*;
pub use feed::*;
pub use lane::*;
pub use look_back::*;
pub use race::*;
pub use webhook_endpoint::*;
pub use written::*;

use crate::{
    at,
    commit::{fresh_request, record},
    fresh_id, latest,
};
use chatgrow_domain::{AccountId, Actor, Change, ChangeData, ChangeId, ChangeType, ChangeTypes, Version};
use chatgrow_ports::{ChangeFilter, ChangePosition, Commit, Scanned, Stores};
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// A filter that every change passes.
pub(crate) const EVERY: ChangeFilter = ChangeFilter::of_types(ChangeTypes::ALL);

/// How long a change may be held back. A store may hold it back as long as writes are under way that began before, and
/// the tests of an adapter may share a database server.
const HELD_BACK: Duration = Duration::from_secs(40);

/// A change of some resource.
pub(crate) fn change(account: AccountId) -> Change {
    Change {
        id: ChangeId::new(fresh_id()),
        account,
        kind: ChangeType::ResourceUpdated,
        at: at(5),
        subject: fresh_id(),
        version: Some(Version::FIRST.next()),
        customer: None,
        actor: Actor::System,
        request: None,
        data: ChangeData {
            object: Some(r#"{"name":"Dana"}"#.to_owned()),
            previous: None,
        },
    }
}

/// So many changes.
pub(crate) fn changes(account: AccountId, count: usize) -> Vec<Change> {
    (0..count).map(|_| change(account)).collect()
}

/// What is committed with a write: one change or several, and perhaps a record. A store may take another way for each.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    changes: usize,
    recorded: bool,
}

impl Shape {
    pub(crate) const ALL: [Self; 4] = [
        Self::new(1, false),
        Self::new(2, false),
        Self::new(1, true),
        Self::new(3, true),
    ];

    const fn new(changes: usize, recorded: bool) -> Self {
        Self { changes, recorded }
    }

    /// A new commit of this shape.
    pub(crate) fn commit(self, account: AccountId) -> Commit {
        Commit {
            record: self.recorded.then(|| record(account, fresh_request())),
            changes: changes(account, self.changes),
            notice: None,
        }
    }
}

/// Writes these changes by one write, without anything else.
pub(crate) async fn log(stores: &Stores, changes: &[Change]) {
    let commit = Commit {
        record: None,
        changes: changes.to_vec(),
        notice: None,
    };
    stores.idempotency.write(commit).await.unwrap();
}

/// Looks through the account's changes, and checks what holds for every reading.
pub(crate) async fn read(
    stores: &Stores,
    account: AccountId,
    after: ChangePosition,
    filter: ChangeFilter,
    most: u16,
) -> Scanned {
    let scanned = stores.delivery.changes.read(account, after, filter, most);
    let scanned = scanned.await.unwrap();
    let places: Vec<_> = scanned.changes.iter().map(|logged| logged.position).collect();
    assert!(
        places.len() <= usize::from(most),
        "no more than {most} are read, but these were: {places:?}"
    );
    assert!(
        places.windows(2).all(|pair| pair[0] < pair[1]),
        "they are in the order of their places: {places:?}"
    );
    assert!(
        places.iter().all(|place| after < *place && *place <= scanned.to),
        "what is read lies after {after:?}, and up to the end of the reading, {:?}: {places:?}",
        scanned.to
    );
    assert!(
        scanned.to <= scanned.horizon,
        "a reading ends at the horizon, {:?}, or before it: {:?}",
        scanned.horizon,
        scanned.to
    );
    assert!(
        scanned.more || scanned.to == scanned.horizon,
        "if there is no more, the reading has come to the horizon, {:?}, but it ends at {:?}",
        scanned.horizon,
        scanned.to
    );
    for Change { account: owner, .. } in scanned.changes.iter().map(|logged| &logged.change) {
        assert_eq!(*owner, account, "an account reads its own changes");
    }
    scanned
}

/// The account's changes that were written after that place. Moves the place on.
///
/// It writes one more change, and reads until it finds that one. Because writes are read in the order in which they were
/// acknowledged, everything that was acknowledged before is found by then.
pub(crate) async fn read_on(stores: &Stores, account: AccountId, place: &mut ChangePosition) -> Vec<Change> {
    // No sweep of a case deletes it.
    let last = Change {
        at: latest(),
        ..change(account)
    };
    log(stores, std::slice::from_ref(&last)).await;
    read_up_to(stores, &last, place).await
}

/// The changes of the account after that place, up to the last one, which is not among them.
pub(crate) async fn read_up_to(stores: &Stores, last: &Change, place: &mut ChangePosition) -> Vec<Change> {
    let (began, mut found) = (Instant::now(), Vec::new());
    loop {
        let scanned = read(stores, last.account, *place, EVERY, 500).await;
        *place = scanned.to;
        for logged in scanned.changes {
            if logged.change.id == last.id {
                return found;
            }
            found.push(logged.change);
        }
        assert!(
            began.elapsed() < HELD_BACK,
            "what was written has to be read at some time, but {last:?} is not; only {} others were",
            found.len()
        );
        if !scanned.more {
            sleep(Duration::from_millis(1)).await;
        }
    }
}

/// Asserts that these changes were read, in this order.
pub(crate) fn assert_same(read: &[Change], written: &[Change], why: &str) {
    let ids = |changes: &[Change]| changes.iter().map(|change| change.id).collect::<Vec<_>>();
    assert_eq!(ids(read), ids(written), "{why}");
    assert_eq!(read, written, "{why}");
}
