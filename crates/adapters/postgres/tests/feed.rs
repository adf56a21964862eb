//! The feed of changes beside transactions that are still open. Transactions of all databases of the server count, so
//! other tests may hold changes back, too.

use crate::support::{WAITING, account, count, id, insert_account, open};
use chatgrow_domain::{
    Actor, Change, ChangeData, ChangeId, ChangeType, ChangeTypes, ReceiverUrl, Scopes, SealedSecret,
    Timestamp, TypePatterns, Version, WebhookEndpoint, WebhookEndpointId, WebhookTerms,
};
use chatgrow_ports::{
    ChangeFilter, ChangePosition, ChangeStore, Commit, DueLane, FeedKey, IdempotencyStore, KEPT_SUCCESSES,
    LaneStore, Scanned, StoreError, WebhookEndpointStore,
};
use chatgrow_postgres::PostgresStore;
use std::time::{Duration, Instant};
use throwaway_postgres::{Server, connect};
use tokio::task::JoinHandle;
use tokio_postgres::Client;

/// The epoch of new changes, as the store has it.
const EPOCH: &str = "(SELECT epoch FROM feed) + pg_current_xact_id()::text::bigint";

async fn store() -> Option<(PostgresStore, Client, String)> {
    let url = throwaway_postgres::new_database().await?;
    let store = open(&url).await.unwrap();
    insert_account(&store).await;
    let raw = connect(&url).await;
    Some((store, raw, url))
}

async fn write(store: &PostgresStore, number: u64) {
    let change = Change {
        id: ChangeId::new(id(number)),
        account: account(),
        kind: ChangeType::AccountUpdated,
        at: Timestamp::from_millis(0).unwrap(),
        subject: id(0),
        version: None,
        customer: None,
        actor: Actor::System,
        request: None,
        data: ChangeData::default(),
    };
    let commit = Commit {
        record: None,
        changes: vec![change],
        notice: None,
    };
    IdempotencyStore::write(store, commit).await.unwrap();
}

/// The statement that inserts a change like that.
fn raw_insert(number: u64, epoch: &str) -> String {
    format!(
        "INSERT INTO changes (account_id, epoch, id, kind, made_at, subject_id, actor_kind)
        SELECT id, {epoch}, '\\x{}', 'account.updated', 0, id, 'system' FROM accounts;",
        id(number)
    )
}

async fn read(store: &PostgresStore, after: ChangePosition) -> Scanned {
    let every = ChangeFilter::of_types(ChangeTypes::ALL);
    ChangeStore::read(store, account(), after, every, 500)
        .await
        .unwrap()
}

/// The changes that are readable after that place, once so many of them are. Moves the place on.
async fn read_on(store: &PostgresStore, place: &mut ChangePosition, count: usize) -> Vec<ChangeId> {
    let (began, mut found) = (Instant::now(), Vec::new());
    while found.len() < count {
        assert!(began.elapsed() < Duration::from_secs(40), "{found:?}");
        let scanned = read(store, *place).await;
        *place = scanned.to;
        found.extend(scanned.changes.into_iter().map(|logged| logged.change.id));
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    found
}

fn ids<const N: usize>(numbers: [u64; N]) -> [ChangeId; N] {
    numbers.map(|number| ChangeId::new(id(number)))
}

/// A transaction that has written, even if not yet a change, holds back what is committed later. Nothing is missed when
/// it ends.
#[tokio::test]
async fn an_open_transaction_holds_later_changes_back() {
    for (then, ends, expected) in [
        (raw_insert(10, EPOCH), "COMMIT", vec![1, 10, 2, 3]),
        (raw_insert(10, EPOCH), "ROLLBACK", vec![1, 2, 3]),
        (String::new(), "COMMIT", vec![1, 2, 3]),
        (
            format!(
                "SAVEPOINT s; {} ROLLBACK TO s; {}",
                raw_insert(10, EPOCH),
                raw_insert(11, EPOCH)
            ),
            "COMMIT",
            vec![1, 11, 2, 3],
        ),
        (
            format!(
                "SAVEPOINT s; {} RELEASE s; SAVEPOINT s; {} ROLLBACK TO s",
                raw_insert(10, EPOCH),
                raw_insert(11, EPOCH)
            ),
            "COMMIT",
            vec![1, 10, 2, 3],
        ),
    ] {
        let Some((store, raw, _)) = store().await else {
            return;
        };
        let mut place = ChangePosition::START;
        write(&store, 1).await;
        let mut found = read_on(&store, &mut place, 1).await;
        raw.batch_execute("BEGIN; UPDATE accounts SET name = 'Other'")
            .await
            .unwrap();
        write(&store, 2).await;
        let held_back = async |place: &mut ChangePosition| {
            for _ in 0..20 {
                let scanned = read(&store, *place).await;
                assert_eq!(scanned.changes, [], "nothing is read that could get company");
                assert!(!scanned.more && *place <= scanned.to, "{scanned:?}");
                *place = scanned.to;
            }
        };
        held_back(&mut place).await;
        raw.batch_execute(&then).await.unwrap();
        write(&store, 3).await;
        held_back(&mut place).await;
        let swept = ChangeStore::sweep(&store, account(), Timestamp::MAX, 10).await;
        assert_eq!(swept.unwrap(), 1, "what is held back is not swept");
        raw.batch_execute(ends).await.unwrap();
        found.extend(read_on(&store, &mut place, expected.len() - 1).await);
        let expected: Vec<_> = expected
            .into_iter()
            .map(|number| ChangeId::new(id(number)))
            .collect();
        assert_eq!(found, expected, "{then}; {ends}");
        assert_eq!(read(&store, place).await.changes, [], "each is read once");
    }
}

/// That holds for the transactions of every database of the server, but not for those that only read.
#[tokio::test]
async fn transactions_of_other_databases_count_if_they_write() {
    let Some((store, reader, _)) = store().await else {
        return;
    };
    let Some(elsewhere) = throwaway_postgres::new_database().await else {
        return;
    };
    let mut place = ChangePosition::START;
    reader
        .batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM changes")
        .await
        .unwrap();
    write(&store, 1).await;
    assert_eq!(read_on(&store, &mut place, 1).await, ids([1]));
    let elsewhere = connect(&elsewhere).await;
    elsewhere
        .batch_execute("BEGIN; CREATE TABLE somewhere_else ()")
        .await
        .unwrap();
    write(&store, 2).await;
    assert_eq!(read(&store, place).await.changes, [], "it is held back");
    elsewhere.batch_execute("COMMIT").await.unwrap();
    assert_eq!(read_on(&store, &mut place, 1).await, ids([2]));
}

/// After a restore into another server, transactions may have lower ids than those in the log. A renewed feed goes on
/// behind everything that is there, or was swept.
#[tokio::test]
async fn a_renewed_feed_goes_on_behind_the_log_of_another_server() {
    let far = 1_i64 << 40;
    for (what, rows) in [
        ("a change", raw_insert(1, &far.to_string())),
        (
            "a sweep",
            format!("INSERT INTO sweeps SELECT id, {far}, 7 FROM accounts"),
        ),
    ] {
        let Some((store, raw, _)) = store().await else {
            return;
        };
        raw.batch_execute(&rows).await.unwrap();
        store.renew_feed(FeedKey([1; 32])).await.unwrap();
        let horizon = store.horizon().await.unwrap();
        write(&store, 2).await;
        let place = ChangePosition {
            epoch: far,
            number: i64::MAX,
        };
        assert!(
            horizon >= place,
            "the horizon is behind {what} at {far}: {horizon:?}"
        );
        let mut from = place;
        assert_eq!(read_on(&store, &mut from, 1).await, ids([2]), "{what}");
        assert!(read(&store, from).await.swept_to <= place, "{what}");
    }
}

/// Waits until the task waits for a lock.
async fn until_it_waits<T>(task: &JoinHandle<T>, url: &str) {
    let admin = connect(url).await;
    while count(&admin, WAITING).await == 0 {
        assert!(!task.is_finished(), "it has waited for nobody");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// A renewal waits for writes that are under way: readers of the new epoch would miss their changes.
#[tokio::test]
async fn a_renewal_waits_for_changes_under_way() {
    let Some((store, raw, url)) = store().await else {
        return;
    };
    let store = std::sync::Arc::new(store);
    raw.batch_execute(&format!("BEGIN; {}", raw_insert(1, EPOCH)))
        .await
        .unwrap();
    let renewing = store.clone();
    let renewal = tokio::spawn(async move { renewing.renew_feed(FeedKey([1; 32])).await });
    until_it_waits(&renewal, &url).await;
    // Writes that come now wait, too, and are in the new epoch.
    let other = store.clone();
    let second = tokio::spawn(async move { write(&other, 2).await });
    let mut place = store.horizon().await.unwrap();
    raw.batch_execute("COMMIT").await.unwrap();
    renewal.await.unwrap().unwrap();
    second.await.unwrap();
    write(&store, 3).await;
    assert_eq!(read_on(&store, &mut place, 3).await, ids([1, 2, 3]));
}

/// If a write is under way for too long, a renewal doesn't happen.
#[tokio::test]
async fn a_renewal_does_not_wait_for_ever() {
    // Its own server: nobody else's changes are to be held back for seconds.
    let Some(server) = Server::start("") else { return };
    let url = server.new_database().await;
    let (store, raw) = (open(&url).await.unwrap(), connect(&url).await);
    insert_account(&store).await;
    raw.batch_execute(&format!("BEGIN; {}", raw_insert(1, EPOCH)))
        .await
        .unwrap();
    let outcome = store.renew_feed(FeedKey([1; 32])).await;
    assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
    raw.batch_execute("ROLLBACK").await.unwrap();
    let key = store.feed_key(FeedKey([2; 32])).await.unwrap();
    assert_eq!(key.0, [2; 32], "nothing has changed");
}

fn endpoint() -> WebhookEndpoint {
    let made = Timestamp::from_millis(0).unwrap();
    WebhookEndpoint {
        id: WebhookEndpointId::new(id(1)),
        account_id: account(),
        place: 1,
        terms: WebhookTerms {
            url: ReceiverUrl::stored("https://example.com/").unwrap(),
            types: TypePatterns::new(vec!["*".to_owned()]).unwrap(),
            description: None,
            active: true,
            ordered: false,
        },
        scopes: Scopes::FULL,
        secret: SealedSecret::new(vec![1]),
        previous_secret: None,
        disabled: None,
        created_at: made,
        updated_at: made,
        version: Version::FIRST,
    }
}

/// A lane is not due because of what is held back, and is not moved behind it: it would miss what comes before that when
/// the open transaction ends.
#[tokio::test]
async fn lanes_wait_for_what_is_held_back() {
    let Some((store, raw, _)) = store().await else {
        return;
    };
    let mut place = ChangePosition::START;
    write(&store, 1).await;
    read_on(&store, &mut place, 1).await;
    let endpoint = endpoint();
    let lane = DueLane {
        account: account(),
        endpoint: endpoint.id,
    };
    WebhookEndpointStore::insert(&store, &endpoint, place, Commit::default())
        .await
        .unwrap();
    raw.batch_execute("BEGIN; UPDATE accounts SET name = 'Other'")
        .await
        .unwrap();
    write(&store, 2).await;
    let before = store.place_before(account(), Timestamp::MAX).await.unwrap();
    let first = store.at(account(), before).await.unwrap();
    assert_eq!(first.map(|logged| logged.change.id), Some(ids([1])[0]));
    assert_eq!(store.due(10).await.unwrap(), [], "nothing can be read yet");
    raw.batch_execute(&raw_insert(10, EPOCH)).await.unwrap();
    assert_eq!(store.due(10).await.unwrap(), [], "nothing can be read yet");
    raw.batch_execute("COMMIT").await.unwrap();
    let mut behind = before;
    assert_eq!(
        read_on(&store, &mut behind, 2).await,
        ids([10, 2]),
        "whoever goes on from that place misses nothing"
    );
    assert_eq!(store.due(10).await.unwrap(), [lane]);
    let before = store.place_before(account(), Timestamp::MAX).await.unwrap();
    let last = store.at(account(), before).await.unwrap();
    assert_eq!(last.map(|logged| logged.change.id), Some(ids([2])[0]));
}

/// A delivery that somebody has tried again while a sweep was about to delete it stays.
#[tokio::test]
async fn a_sweep_spares_what_is_tried_again_meanwhile() {
    let Some((store, raw, url)) = store().await else {
        return;
    };
    let endpoint = endpoint();
    WebhookEndpointStore::insert(&store, &endpoint, ChangePosition::START, Commit::default())
        .await
        .unwrap();
    let more = KEPT_SUCCESSES + 2;
    let fill = format!(
        "INSERT INTO webhook_deliveries (account_id, endpoint_id, change_id, epoch, number, kind, status, attempts, attempted_at, answered, took)
        SELECT account_id, id, decode(lpad(to_hex(i), 24, '0'), 'hex'), 0, i, 'account.updated', 'succeeded', 1, 0, 200, 1
        FROM webhook_endpoints, generate_series(1, {more}) AS i"
    );
    raw.batch_execute(&fill).await.unwrap();
    raw.batch_execute(
        "BEGIN; UPDATE webhook_deliveries SET status = 'pending', next_at = 0 WHERE number = 1",
    )
    .await
    .unwrap();
    let before = Timestamp::from_millis(-1).unwrap();
    let sweep = tokio::spawn(async move { store.sweep_deliveries(before).await });
    until_it_waits(&sweep, &url).await;
    raw.batch_execute("COMMIT").await.unwrap();
    assert_eq!(sweep.await.unwrap().unwrap(), 1, "the other one too many");
    let left = "SELECT count(*) FROM webhook_deliveries WHERE status = 'pending'";
    assert_eq!(count(&raw, left).await, 1);
}
