//! Cases for the feed: reading on, filters, the horizon, sweeps and keys.

use super::{EVERY, assert_same, change, changes, log, look_back::recent, read, read_on};
use crate::{at, fresh_id, latest, new_account};
use chatgrow_domain::{AccountId, Actor, ApiKeyId, Change, ChangeType, ChangeTypes, ObjectId, UserId};
use chatgrow_ports::{ActedBy, ChangeFilter, ChangePosition, FeedKey, Logged, SCAN, Stores};

/// All changes of the account that match, read from that place with so many at a time, up to the horizon.
pub(crate) async fn walk(
    stores: &Stores,
    account: AccountId,
    after: ChangePosition,
    filter: ChangeFilter,
    most: u16,
) -> Vec<Logged> {
    let (mut found, mut place) = (Vec::new(), after);
    loop {
        let scanned = read(stores, account, place, filter, most).await;
        found.extend(scanned.changes);
        assert!(
            scanned.to > place || !scanned.more,
            "a reading that has more goes on"
        );
        place = scanned.to;
        if !scanned.more {
            return found;
        }
    }
}

pub(super) fn of(logged: Vec<Logged>) -> Vec<Change> {
    logged.into_iter().map(|logged| logged.change).collect()
}

/// Readers who go on where the last reading ended read each change once, in order, with any number at a time, from the
/// start, from any change, and from the horizon.
pub async fn changes_are_read_on_from_any_place(stores: &Stores) {
    let (account, other) = (new_account(stores).await, new_account(stores).await);
    let mut written = Vec::new();
    for count in [1, 4, 2, 1, 5] {
        let some = changes(account, count);
        log(stores, &some).await;
        log(stores, &changes(other, 2)).await;
        written.extend(some);
    }
    let mut end = ChangePosition::START;
    let found = read_on(stores, account, &mut end).await;
    assert_same(&found, &written, "from the start, everything is read");
    let whole = walk(stores, account, ChangePosition::START, EVERY, 500).await;
    for most in [1, 2, 3, 13, 14, 15, 500] {
        let read = walk(stores, account, ChangePosition::START, EVERY, most).await;
        assert_eq!(read, whole, "{most} at a time: each once, and in order");
    }
    for (nth, logged) in whole.iter().enumerate() {
        let rest = walk(stores, account, logged.position, EVERY, 4).await;
        assert_eq!(rest, whole[nth + 1..], "after a change come those behind it");
    }
    let rest = walk(stores, account, end, EVERY, 4).await;
    assert_eq!(rest, [], "behind the last one is nothing");
    let more = changes(account, 3);
    log(stores, &more).await;
    let found = read_on(stores, account, &mut end).await;
    assert_same(&found, &more, "what is written later is read from there on");
}

/// The types, subjects and actors by which changes are found, alone and together.
pub async fn changes_are_filtered(stores: &Stores) {
    let account = new_account(stores).await;
    let (first, second, third) = (fresh_id(), fresh_id(), fresh_id());
    let actors = [
        Actor::System,
        Actor::ApiKey(ApiKeyId::new(first)),
        Actor::User(UserId::new(second)),
        // An API key and a user could have one id.
        Actor::ApiKey(ApiKeyId::new(second)),
        Actor::User(UserId::new(third)),
    ];
    let mut written = Vec::new();
    for (nth, kind) in ChangeType::ALL
        .iter()
        .cycle()
        .take(3 * ChangeType::ALL.len())
        .enumerate()
    {
        written.push(Change {
            kind: *kind,
            // Subjects have the ids of actors, too.
            subject: [first, second, fresh_id()][nth / 2 % 3],
            actor: actors[nth % actors.len()],
            ..change(account)
        });
    }
    log(stores, &written).await;
    let found = read_on(stores, account, &mut ChangePosition::START.clone()).await;
    assert_same(&found, &written, "without conditions, everything is read");

    let types = |patterns: &str| ChangeTypes::parse(patterns).unwrap();
    let mut sets = vec![
        ChangeTypes::ALL,
        types("customer.*"),
        types("hold.*,api_key.revoked,user.created"),
        types("hold.*").and(types("user.*")),
    ];
    sets.extend(ChangeType::ALL.iter().map(|kind| types(kind.as_str())));
    let by = |id| Some(ActedBy::Id(id));
    let subjects = [None, Some(first), Some(fresh_id())];
    let acted = [None, by(first), by(second), by(fresh_id()), Some(ActedBy::System)];
    for (types, subject, actor) in combinations(&sets, &subjects, &acted) {
        let filter = ChangeFilter {
            types,
            subject,
            actor,
        };
        let by_whom = |change: &Change| match (change.actor, actor) {
            (_, None) | (Actor::System, Some(ActedBy::System)) => true,
            (Actor::ApiKey(key), Some(ActedBy::Id(id))) => key.object_id() == id,
            (Actor::User(user), Some(ActedBy::Id(id))) => user.object_id() == id,
            _ => false,
        };
        let matching = written.iter().filter(|change| {
            types.has(change.kind)
                && subject.is_none_or(|subject| change.subject == subject)
                && by_whom(change)
        });
        let expected: Vec<_> = matching.cloned().collect();
        let mut found = of(walk(stores, account, ChangePosition::START, filter, 7).await);
        // The last one is that of `read_on`.
        found.retain(|change| written.iter().any(|written| written.id == change.id));
        assert_same(
            &found,
            &expected,
            &format!("what matches {filter:?} is found, and nothing else"),
        );
    }
}

/// All sets with each subject and each actor; but of the single types only those without a second condition.
fn combinations(
    sets: &[ChangeTypes],
    subjects: &[Option<ObjectId>],
    actors: &[Option<ActedBy>],
) -> Vec<(ChangeTypes, Option<ObjectId>, Option<ActedBy>)> {
    let mut all = Vec::new();
    for (nth, types) in sets.iter().enumerate() {
        for subject in subjects {
            for actor in actors {
                if nth < 4 || subject.is_none() && actor.is_none() {
                    all.push((*types, *subject, *actor));
                }
            }
        }
    }
    all
}

/// A reading looks at so many changes and no more, whether or not they match. The next one goes on behind them.
pub async fn a_reading_looks_at_so_many_changes(stores: &Stores) {
    let account = new_account(stores).await;
    let (first, last) = (change(account), change(account));
    log(stores, std::slice::from_ref(&first)).await;
    for _ in 0..10 {
        log(stores, &changes(account, usize::from(SCAN) / 10)).await;
    }
    log(stores, std::slice::from_ref(&last)).await;
    let mut end = ChangePosition::START;
    let between = read_on(stores, account, &mut end).await;
    assert_eq!(between.len(), usize::from(SCAN) + 2, "all are read");

    let about = |subject| ChangeFilter {
        subject: Some(subject),
        ..EVERY
    };
    for (subject, expected) in [
        (fresh_id(), vec![]),
        (first.subject, vec![first.clone()]),
        (last.subject, vec![last.clone()]),
    ] {
        let scanned = read(stores, account, ChangePosition::START, about(subject), 500).await;
        let looked_at = read(stores, account, ChangePosition::START, EVERY, SCAN).await;
        let most = looked_at.changes.last().unwrap().position;
        assert!(
            scanned.to <= most,
            "a reading looks at {SCAN} changes at the most, so up to {most:?}, but this one ended at {:?}",
            scanned.to
        );
        assert!(scanned.more, "there is more behind what was looked at");
        let found = of(walk(stores, account, ChangePosition::START, about(subject), 500).await);
        assert_same(&found, &expected, "readers who go on find each that matches once");
    }
    let scanned = read(stores, account, ChangePosition::START, EVERY, u16::MAX).await;
    assert!(
        scanned.changes.len() <= usize::from(SCAN) && scanned.more,
        "that holds for any number that is asked for, but {} were read",
        scanned.changes.len()
    );
    let rest = of(walk(stores, account, scanned.to, EVERY, u16::MAX).await);
    let all = scanned.changes.len() + rest.len();
    assert_eq!(all, usize::from(SCAN) + 3, "each is read once");

    // The other way round, three are out of reach of the first reading: the first change is one of them.
    for (subject, most) in [(Some(first.subject), 500), (None, u16::MAX)] {
        let filter = ChangeFilter { subject, ..EVERY };
        let back = recent(stores, account, ChangePosition::END, filter, most).await;
        let read = if subject.is_some() { 0 } else { SCAN };
        assert_eq!(
            back.changes.len(),
            usize::from(read),
            "looking back, too, a reading looks at {SCAN} changes at the most"
        );
        // Three are left.
        let down_to = back.down_to.unwrap();
        let rest = recent(stores, account, down_to, filter, 500).await;
        assert_eq!(
            rest.changes.last().map(|logged| &logged.change),
            Some(&first),
            "whoever goes on finds the first one"
        );
        let read = if subject.is_some() { 1 } else { 3 };
        assert_eq!(rest.changes.len(), read, "each is read once");
    }
}

/// What is written after a horizon was taken comes after it, in every account. Every reading that has no more ends at
/// the horizon, which moves on with what is written, and never back.
pub async fn what_is_written_comes_after_the_horizon(stores: &Stores) {
    let (account, other) = (new_account(stores).await, new_account(stores).await);
    let feed = &stores.delivery.changes;
    let mut taken = vec![feed.horizon().await.unwrap()];
    let mut place_of_other = taken[0];
    for _ in 0..3 {
        let written = changes(account, 2);
        log(stores, &written).await;
        let mut place = *taken.last().unwrap();
        let mut found = read_on(stores, account, &mut place).await;
        // What was held back when the horizon was taken comes after it as well.
        let held_back = found.len().saturating_sub(written.len());
        found.drain(..held_back);
        assert_same(
            &found,
            &written,
            "what is written after a horizon was taken comes after it",
        );
        let theirs = changes(other, 1);
        log(stores, &theirs).await;
        let found = read_on(stores, other, &mut place_of_other).await;
        assert_same(&found, &theirs, "that holds for every account");
        let empty = read(stores, account, place, EVERY, 500).await;
        assert_eq!(
            (empty.changes, empty.more),
            (vec![], false),
            "the account has written nothing since"
        );
        assert!(
            place < empty.to && empty.to == empty.horizon,
            "a reading that finds nothing ends at the horizon, which has moved on"
        );
        let next = feed.horizon().await.unwrap();
        assert!(
            next >= place && next >= empty.horizon,
            "the horizon moves on: {next:?} comes before {place:?}"
        );
        let late = change(account);
        log(stores, std::slice::from_ref(&late)).await;
        let mut rest = next;
        let found = read_on(stores, account, &mut rest).await;
        assert_same(&found, &[late], "what was known at a horizon comes before it");
        taken.push(rest);
    }
    assert!(taken.is_sorted(), "the horizon never moves back: {taken:?}");
}

/// Accounts have something to sweep if their first change is due. Those without changes have nothing.
pub async fn accounts_with_a_due_change_are_found(stores: &Stores) {
    let mut accounts = Vec::new();
    for times in [&[][..], &[20], &[21], &[10, 30], &[30, 10]] {
        let account = new_account(stores).await;
        for millis in times {
            let made = Change {
                at: at(*millis),
                ..change(account)
            };
            log(stores, &[made]).await;
        }
        accounts.push(account);
    }
    let mut due = stores.delivery.changes.accounts_to_sweep(at(20)).await.unwrap();
    due.retain(|account| accounts.contains(account));
    due.sort_unstable();
    let mut expected = [accounts[1], accounts[3]];
    expected.sort_unstable();
    assert_eq!(due, expected, "those whose first change is due, once each");
}

/// A sweep deletes what is due and what comes before it, of one account, and no more than asked. It is remembered up to
/// where, and readers are told so.
pub async fn changes_are_swept(stores: &Stores) {
    let (account, other) = (new_account(stores).await, new_account(stores).await);
    let feed = &stores.delivery.changes;
    let made = |account, millis| Change {
        at: at(millis),
        ..change(account)
    };
    // The third one comes before one that is due.
    let mine: Vec<_> = [10, 20, 40, 30, 31, 35, 50]
        .map(|millis| made(account, millis))
        .into();
    let theirs = vec![made(other, 10), made(other, 50)];
    log(stores, &theirs[..1]).await;
    for change in &mine {
        log(stores, std::slice::from_ref(change)).await;
    }
    log(stores, &theirs[1..]).await;
    let mut end = ChangePosition::START;
    read_on(stores, account, &mut end).await;
    read_on(stores, other, &mut ChangePosition::START.clone()).await;
    let places: Vec<_> = walk(stores, account, ChangePosition::START, EVERY, 500)
        .await
        .into_iter()
        .map(|logged| logged.position)
        .collect();
    let left = async |first: usize, swept_to: Option<usize>| {
        let scanned = read(stores, account, ChangePosition::START, EVERY, 500).await;
        let found: Vec<_> = of(scanned.changes).into_iter().take(mine.len() - first).collect();
        assert_same(&found, &mine[first..], "what is due is deleted, and nothing else");
        let swept_to = swept_to.map_or(ChangePosition::START, |nth| places[nth]);
        assert_eq!(
            scanned.swept_to, swept_to,
            "readers are told up to where was swept, as long as nothing more is"
        );
    };
    assert_eq!(feed.sweep(account, at(9), 10).await.unwrap(), 0, "nothing is due");
    left(0, None).await;
    assert_eq!(
        feed.sweep(account, at(20), 1).await.unwrap(),
        1,
        "no more than asked"
    );
    left(1, Some(0)).await;
    assert_eq!(
        feed.sweep(account, at(20), 10).await.unwrap(),
        1,
        "those that are due"
    );
    left(2, Some(1)).await;
    for before in [20, 5] {
        assert_eq!(
            feed.sweep(account, at(before), 10).await.unwrap(),
            0,
            "nothing is due"
        );
        left(2, Some(1)).await;
    }
    assert_eq!(
        feed.sweep(account, at(31), 10).await.unwrap(),
        3,
        "those that are due, and what comes before them"
    );
    left(5, Some(4)).await;
    // A sweep is seen from any place, also by a reader who has read everything.
    let told = read(stores, account, end, EVERY, 500).await.swept_to;
    assert_eq!(told, places[4], "readers are told up to where was swept");
    let others = read(stores, other, ChangePosition::START, EVERY, 500).await;
    assert_eq!(
        others.swept_to,
        ChangePosition::START,
        "no other account's are swept"
    );
    let others = &of(others.changes)[..2];
    assert_same(others, &theirs, "no other account's are swept");
    let late = made(account, 60);
    log(stores, std::slice::from_ref(&late)).await;
    let mut place = end;
    let found = read_on(stores, account, &mut place).await;
    assert_same(&found, &[late], "what is written after a sweep comes after it");
    assert_eq!(
        feed.sweep(account, at(1000), 10).await.unwrap(),
        4,
        "those that are due, and what was written before them to read on"
    );
    assert_eq!(
        read_on(stores, account, &mut place).await,
        [],
        "everything was due"
    );
    let more = changes(account, 1);
    log(stores, &more).await;
    let found = read_on(stores, account, &mut place).await;
    assert_same(&found, &more, "what is written after a sweep comes after it");
    let scanned = read(stores, account, ChangePosition::START, EVERY, 500).await;
    assert!(
        scanned
            .changes
            .iter()
            .all(|logged| logged.position > scanned.swept_to),
        "what is written after a sweep comes after it"
    );
}

/// A feed keeps its key, whoever asks for it, until it is renewed. Whatever is written after a renewal comes after
/// everything before, and after every horizon.
pub async fn a_renewed_feed_has_another_key(stores: &Stores) {
    let account = new_account(stores).await;
    let feed = &stores.delivery.changes;
    let key = |byte| FeedKey([byte; 32]);
    let is = async |byte: u8, why: &str| {
        let read = feed.feed_key(key(99)).await.unwrap();
        assert_eq!(read.0, key(byte).0, "{why}");
    };
    assert_eq!(feed.feed_key(key(1)).await.unwrap().0, key(1).0, "it had none");
    is(1, "the first key stays").await;
    let mut place = ChangePosition::START;
    let mut written = Vec::new();
    for byte in 2..5 {
        let before = changes(account, 3);
        log(stores, &before).await;
        let found = read_on(stores, account, &mut place).await;
        assert_same(
            &found,
            &before,
            "what is written after a renewal comes after everything before",
        );
        let horizon = feed.horizon().await.unwrap();
        // All that was there may be swept.
        if byte == 4 {
            feed.sweep(account, latest(), 1000).await.unwrap();
            written.clear();
        } else {
            written.extend(before);
        }
        feed.renew_feed(key(byte)).await.unwrap();
        is(byte, "a renewed feed has the new key").await;
        let after = changes(account, 2);
        log(stores, &after).await;
        let mut from_horizon = horizon.max(place);
        let found = read_on(stores, account, &mut from_horizon).await;
        assert_same(
            &found,
            &after,
            "what is written after a renewal comes after every horizon",
        );
        let swept_to = read(stores, account, place, EVERY, 500).await.swept_to;
        assert!(
            swept_to <= place,
            "what is written after a renewal comes after every sweep"
        );
        place = from_horizon;
        written.extend(after);
    }
    let mut all = of(walk(stores, account, ChangePosition::START, EVERY, 500).await);
    all.retain(|change| written.iter().any(|written| written.id == change.id));
    assert_same(&all, &written, "a renewal deletes nothing, and keeps the order");
}
