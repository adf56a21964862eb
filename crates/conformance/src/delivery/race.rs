//! Cases in which changes are written, read, and swept at once.

use super::{EVERY, assert_same, change, changes, log, read, read_on, read_up_to};
use crate::{
    RACERS, at,
    commit::{fresh_request, record},
    contest::{Tenants, contest, two_callers},
    crm::customer::renamed,
    customer_with_email, fresh_id, latest, new_account, new_customer, race,
};
use chatgrow_domain::{AccountId, Change, ChangeId, ChangeType, Customer, CustomerId, CustomerRefusal};
use chatgrow_ports::{ChangeFilter, ChangePosition, Commit, Failure, FeedKey, StoreError, Stores};
use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::task::yield_now;

/// How often each racer writes.
const WRITES: usize = 6;

/// The change that an update of a customer is.
fn change_of(account: AccountId, customer: &Customer) -> Change {
    Change {
        kind: ChangeType::CustomerUpdated,
        subject: customer.id.object_id(),
        version: Some(customer.version),
        customer: Some(customer.id),
        ..change(account)
    }
}

/// Updates the customer from its present version, in which others may do so at the same time. Returns the changes that
/// were acknowledged.
async fn update(
    stores: &Stores,
    account: AccountId,
    id: CustomerId,
    (racer, turn): (usize, usize),
) -> Vec<Change> {
    let customers = &stores.crm.customers;
    let present = customers.by_id(account, id).await.unwrap().unwrap();
    let next = renamed(&present, &format!("{racer} {turn}"));
    let mut changes = vec![change_of(account, &next)];
    // Such a write takes longer, so that others begin later and end earlier.
    if racer.is_multiple_of(5) {
        changes.extend(super::changes(account, 8));
    }
    let commit = Commit {
        record: (racer + turn)
            .is_multiple_of(2)
            .then(|| record(account, fresh_request())),
        changes: changes.clone(),
        notice: None,
    };
    match customers.update(account, &next, commit).await {
        Ok(()) => changes,
        Err(Failure::Refused(CustomerRefusal::VersionMismatch)) => Vec::new(),
        Err(error) => panic!("{error:?}"),
    }
}

/// Adds a customer, whose address is taken or not. Returns the changes that were acknowledged.
async fn insert(stores: &Stores, account: AccountId, email: &str, recorded: bool) -> Vec<Change> {
    let customer = customer_with_email(email);
    let changes = vec![change_of(account, &customer)];
    let commit = Commit {
        record: recorded.then(|| record(account, fresh_request())),
        changes: changes.clone(),
        notice: None,
    };
    match stores.crm.customers.insert(account, &customer, commit).await {
        Ok(()) => changes,
        Err(Failure::Refused(CustomerRefusal::EmailTaken)) => Vec::new(),
        Err(error) => panic!("{error:?}"),
    }
}

/// Readers who go on where their last reading ended, while others write, read every change that was acknowledged, each
/// once. The versions of one subject rise, and refused writes are not read.
pub async fn readers_miss_no_change_and_read_none_twice(servers: &[Stores]) {
    let stores = &servers[0];
    let account = new_account(stores).await;
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(new_customer(stores, account).await.id);
    }
    let ended = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = servers
        .iter()
        .cycle()
        .take(4)
        .enumerate()
        .map(|(nth, stores)| {
            let (stores, ended) = (stores.clone(), ended.clone());
            tokio::spawn(async move {
                let (mut place, mut found) = (ChangePosition::START, Vec::new());
                while !ended.load(Ordering::Acquire) {
                    let most = [1, 3, 50, 500][nth];
                    let scanned = read(&stores, account, place, EVERY, most).await;
                    place = scanned.to;
                    found.extend(scanned.changes.into_iter().map(|logged| logged.change));
                    yield_now().await;
                }
                (place, found)
            })
        })
        .collect();
    let acknowledged = race(servers, |racer, stores| {
        let id = ids[racer % ids.len()];
        async move {
            let mut acknowledged = Vec::new();
            for turn in 0..WRITES {
                acknowledged.extend(match racer % 4 {
                    0 if turn % 2 == 0 => {
                        let email = format!("{}@example.com", racer / 8 * turn);
                        insert(&stores, account, &email, racer % 8 == 0).await
                    }
                    _ => update(&stores, account, id, (racer, turn)).await,
                });
            }
            acknowledged
        }
    })
    .await;
    ended.store(true, Ordering::Release);
    let last = Change {
        at: latest(),
        ..change(account)
    };
    let acknowledged: HashSet<ChangeId> = ids_of(&acknowledged.concat()).into_iter().collect();
    let mut orders = Vec::new();
    let mut read = Vec::new();
    for reader in readers {
        read.push(reader.await.unwrap());
    }
    log(stores, std::slice::from_ref(&last)).await;
    for (nth, (mut place, mut found)) in read.into_iter().enumerate() {
        let stores = &servers[nth % servers.len()];
        found.extend(read_up_to(stores, &last, &mut place).await);
        let order = ids_of(&found);
        let once: HashSet<ChangeId> = order.iter().copied().collect();
        assert_eq!(once.len(), order.len(), "no change is read twice");
        let missing = acknowledged.difference(&once).count();
        assert_eq!(missing, 0, "every change that was acknowledged is read");
        let refused = once.difference(&acknowledged).count();
        assert_eq!(refused, 0, "no change of a refused write is read");
        let mut versions = HashMap::new();
        for change in found {
            let before = versions.insert(change.subject, change.version);
            assert!(
                before < Some(change.version),
                "the versions of one subject rise, but after {before:?} came {:?}",
                change.version
            );
        }
        orders.push(order);
    }
    assert!(
        orders.windows(2).all(|pair| pair[0] == pair[1]),
        "all read them in one order"
    );
}

fn ids_of(changes: &[Change]) -> Vec<ChangeId> {
    changes.iter().map(|change| change.id).collect()
}

/// One call writes a change. Another one writes a change, too, and reads as far as it can. Readers who go on from there
/// read what is left, whoever was first.
pub async fn places_of_changes_are_contested(servers: &[Stores]) {
    let (one, other) = two_callers(servers);
    let tenants = Tenants::of(&one);
    // With a record or without, one change or two.
    let kinds = [(false, 1), (true, 1), (false, 2)];
    contest(&kinds, async |round, (recorded, count)| {
        let (account, _) = tenants.tenant(round).await;
        let subject = fresh_id();
        let new = || -> Vec<_> {
            let changes = changes(account, count).into_iter();
            changes.map(|change| Change { subject, ..change }).collect()
        };
        let (first, second) = (new(), new());
        let write = |stores: &Stores, changes: &[Change]| {
            let (records, changes) = (stores.idempotency.clone(), changes.to_vec());
            let record = recorded.then(|| record(account, fresh_request()));
            async move {
                let commit = Commit {
                    record,
                    changes,
                    notice: None,
                };
                records.write(commit).await.unwrap();
            }
        };
        let filter = ChangeFilter {
            subject: Some(subject),
            ..EVERY
        };
        let (writes, then_reads) = (write(&other, &second), other.clone());
        let reading = async move {
            writes.await;
            read(&then_reads, account, ChangePosition::START, filter, 500).await
        };
        let ((), scanned) = round.both(write(&one, &first), reading).await;
        let mut place = scanned.to;
        let mut found: Vec<_> = scanned.changes.into_iter().map(|logged| logged.change).collect();
        let rest = read_on(&one, account, &mut place).await;
        found.extend(rest.into_iter().filter(|change| change.subject == subject));
        let (of_first, others): (Vec<_>, Vec<_>) = found.into_iter().partition(|one| first.contains(one));
        for (found, written) in [(of_first, first), (others, second)] {
            let why =
                "readers who go on read what was written, once, and the changes of one write in their order";
            assert_same(&found, &written, why);
        }
    })
    .await;
}

/// Of many who ask for the key of a new feed at once, all are told the same one.
pub async fn a_feed_has_one_key(servers: &[Stores]) {
    let told = race(servers, |racer, stores| async move {
        let own = FeedKey([u8::try_from(racer).unwrap(); 32]);
        stores.delivery.changes.feed_key(own).await.unwrap().0
    })
    .await;
    assert!(
        told.iter().all(|key| *key == told[0]),
        "all are told one key: {told:?}"
    );
    for stores in servers {
        let key = stores.delivery.changes.feed_key(FeedKey([255; 32])).await;
        assert_eq!(key.unwrap().0, told[0], "the first key stays");
    }
}

/// If servers sweep one account at once, while others write and read, each change that is due is deleted and counted
/// once, no other is deleted, and readers who miss one are told that it was swept.
pub async fn sweeps_race_with_writes_and_readings(servers: &[Stores]) {
    let stores = &servers[0];
    let account = new_account(stores).await;
    let due = 100;
    log(stores, &changes(account, due)).await;
    read_on(stores, account, &mut ChangePosition::START.clone()).await;
    let all = read(stores, account, ChangePosition::START, EVERY, 500)
        .await
        .changes;
    let places = Arc::new(all.iter().map(|logged| logged.position).collect::<Vec<_>>());
    let outcomes = race(servers, |racer, stores| {
        let places = places.clone();
        async move {
            let feed = &stores.delivery.changes;
            if racer % 4 == 0 {
                let written = Change {
                    at: at(1000),
                    ..change(account)
                };
                log(&stores, std::slice::from_ref(&written)).await;
                return (0, Some(written));
            }
            if racer % 4 == 1 {
                let mut swept_to = ChangePosition::START;
                for _ in 0..WRITES {
                    let scanned = read(&stores, account, ChangePosition::START, EVERY, 500).await;
                    assert!(swept_to <= scanned.swept_to, "what was swept never moves back");
                    swept_to = scanned.swept_to;
                    let read: HashSet<_> = scanned.changes.iter().map(|logged| logged.position).collect();
                    let missed = places.iter().rfind(|place| !read.contains(place));
                    assert!(
                        missed.is_none_or(|missed| *missed <= swept_to),
                        "who misses {missed:?} is told that it was swept, not only {swept_to:?}"
                    );
                }
                return (0, None);
            }
            match feed.sweep(account, at(999), 7).await {
                Ok(swept) => {
                    assert!(swept <= 7, "no more than asked");
                    (swept, None)
                }
                // It waited for another one for too long.
                Err(StoreError::Unavailable(_)) => (0, None),
                Err(error) => panic!("{error:?}"),
            }
        }
    })
    .await;
    let mut swept: usize = outcomes.iter().map(|(swept, _)| swept).sum();
    loop {
        let more = stores.delivery.changes.sweep(account, at(999), 7).await.unwrap();
        swept += more;
        if more == 0 {
            break;
        }
    }
    assert_eq!(swept, due, "each that is due is deleted and counted once");
    let written: Vec<_> = outcomes.into_iter().filter_map(|(_, written)| written).collect();
    let written: HashSet<_> = ids_of(&written).into_iter().collect();
    let mut found = read_on(stores, account, &mut ChangePosition::START.clone()).await;
    found.retain(|change| change.at == at(1000));
    let found: HashSet<_> = ids_of(&found).into_iter().collect();
    assert_eq!(found, written, "no other is deleted");
    assert_eq!(written.len(), RACERS / 4);
}
