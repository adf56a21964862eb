//! Tests of copies into PostgreSQL.

use crate::support::{account, open};
use chatgrow_conformance::{FilledLog, FilledSchedule, FilledWebhooks};
use chatgrow_domain::{Account, AccountName, AccountSlug, Timestamp};
use chatgrow_ports::{FeedKey, IdempotencyKey, IdempotencyRecord, StoredAnswer, Stores};
use chatgrow_postgres::PostgresStore;
use chatgrow_sql::{
    access::account::AccountRow,
    commit::IdempotencyRow,
    copy::{BATCH, Batch, Copied, Part, Tally},
};
use chatgrow_sqlite::SqliteStore;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::sync::mpsc::channel;

/// More records than one transaction can take advisory locks for: about `max_locks_per_transaction` (64) for each of the
/// throw-away server's `max_connections` (300).
const RECORDS: u32 = 40_000;

fn record(number: u32) -> IdempotencyRow {
    let mut key = [0; 32];
    key[..4].copy_from_slice(&number.to_be_bytes());
    IdempotencyRecord {
        account: account(),
        key: IdempotencyKey(key),
        fingerprint: [2; 32],
        answer: StoredAnswer {
            format: 1,
            bytes: b"{}".to_vec(),
        },
        created_at: Timestamp::from_millis(0).unwrap(),
        expires_at: Timestamp::from_millis(1).unwrap(),
    }
    .into()
}

#[tokio::test]
async fn a_day_of_idempotency_records_is_copied() {
    let Some(url) = throwaway_postgres::new_database().await else {
        return;
    };
    let store = open(&url).await.unwrap();
    let owner = Account {
        id: account(),
        slug: AccountSlug::default(),
        name: AccountName::new("Default").unwrap(),
        created_at: Timestamp::from_millis(0).unwrap(),
    };
    let records: Vec<_> = (0..RECORDS).map(record).collect();
    let mut batches = vec![Batch::from(vec![AccountRow::from(&owner)])];
    batches.extend(records.chunks(BATCH).map(|records| Batch::from(records.to_vec())));
    let (parts, received) = channel(1);
    let send = async move {
        let mut tally = Tally::default();
        for batch in batches {
            tally.add(&batch);
            parts.send(Part::Batch(batch)).await.unwrap();
        }
        parts.send(Part::End(tally.summary())).await.unwrap();
    };
    let ((), imported) = tokio::join!(send, store.import(received));
    imported.unwrap();
}

/// A folder for stores on SQLite, and an empty store on PostgreSQL.
async fn stores() -> Option<(TempDir, Arc<PostgresStore>)> {
    let url = throwaway_postgres::new_database().await?;
    Some((TempDir::new().unwrap(), Arc::new(open(&url).await.unwrap())))
}

fn sqlite(folder: &TempDir, name: &str) -> Arc<SqliteStore> {
    let path = folder.path().join(name);
    Arc::new(SqliteStore::open(&path, chatgrow_sqlite::Options::default()).unwrap())
}

async fn copy(from: &impl Copied, to: &impl Copied) {
    let (parts, received) = channel(1);
    let (sent, taken) = tokio::join!(from.export(parts), to.import(received));
    sent.unwrap();
    taken.unwrap();
}

/// The log of changes is copied from one store to the other and back, and its readers go on in both.
#[tokio::test]
async fn a_log_is_copied_there_and_back() {
    let Some((folder, postgres)) = stores().await else {
        return;
    };
    let (first, last) = (sqlite(&folder, "first.db"), sqlite(&folder, "last.db"));
    let log = FilledLog::new(&Stores::of(first.clone())).await;
    // A server that serves the empty target has asked for its key.
    for target in [Stores::of(postgres.clone()), Stores::of(last.clone())] {
        target.delivery.changes.feed_key(FeedKey([1; 32])).await.unwrap();
    }
    copy(&*first, &*postgres).await;
    let there = Stores::of(postgres.clone());
    log.assert_goes_on(&there).await;
    let moved = log.seen_in(&there).await;
    copy(&*postgres, &*last).await;
    let back = Stores::of(last);
    moved.assert_goes_on(&back).await;
    log.assert_goes_on(&back).await;
    log.assert_goes_on(&Stores::of(first)).await;
}

/// Webhook endpoints, their lanes and deliveries are copied from one store to the other and back, and the lanes go on in
/// both.
#[tokio::test]
async fn webhooks_are_copied_there_and_back() {
    let Some((folder, postgres)) = stores().await else {
        return;
    };
    let (first, last) = (sqlite(&folder, "first.db"), sqlite(&folder, "last.db"));
    let filled = FilledWebhooks::new(&Stores::of(first.clone())).await;
    copy(&*first, &*postgres).await;
    copy(&*postgres, &*last).await;
    for store in [Stores::of(first), Stores::of(postgres.clone()), Stores::of(last)] {
        filled.assert_goes_on(&store).await;
    }
    // What PostgreSQL itself has written has other places.
    let there = FilledWebhooks::new(&Stores::of(postgres.clone())).await;
    let again = sqlite(&folder, "again.db");
    copy(&*postgres, &*again).await;
    there.assert_goes_on(&Stores::of(again)).await;
    there.assert_goes_on(&Stores::of(postgres)).await;
}

/// Appointments of several resources, holds and blocks are copied from one store to the other and back, and go on
/// working in both.
#[tokio::test]
async fn a_schedule_is_copied_there_and_back() {
    let Some((folder, postgres)) = stores().await else {
        return;
    };
    let (first, last) = (sqlite(&folder, "first.db"), sqlite(&folder, "last.db"));
    let filled = FilledSchedule::new(&Stores::of(first.clone())).await;
    copy(&*first, &*postgres).await;
    copy(&*postgres, &*last).await;
    filled.assert_works(&Stores::of(postgres)).await;
    filled.assert_works(&Stores::of(last)).await;
    filled.assert_works(&Stores::of(first)).await;
}
