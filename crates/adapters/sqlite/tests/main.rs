//! Runs the ports' suite against the `SQLite` adapter, and tests what is specific to it.

#![expect(clippy::unwrap_used, reason = "test code: what goes wrong fails the test")]

mod migrations;

use chatgrow_conformance::conformance_suite;
use chatgrow_domain::{
    Account, AccountId, AccountName, AccountSlug, Customer, CustomerId, CustomerName, EmailAddress,
    NewCustomer, ObjectId, Timestamp,
};
use chatgrow_ports::{AccountStore, Commit, CustomerStore, StoreError, StoreHealth, Stores};
use chatgrow_sql::{
    copy::Copied,
    refused::{Refused, statements},
};
use chatgrow_sqlite::{Options, SqliteStore};
use diesel::{Connection, RunQueryDsl, SqliteConnection, connection::SimpleConnection};
use std::{fs, path::Path, sync::Arc, time::Duration};
use tempfile::TempDir;

#[expect(clippy::unused_async, reason = "the suite awaits it")]
async fn open() -> Option<(Stores, Stores, TempDir)> {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("test.db");
    let store = || Stores::of(Arc::new(SqliteStore::open(&path, Options::default()).unwrap()));
    Some((store(), store(), directory))
}

mod conformance {
    use super::*;
    conformance_suite!(open);
}

fn id(byte: u8) -> ObjectId {
    ObjectId::from_bytes([byte; 12])
}

fn account() -> AccountId {
    AccountId::new(id(0xa0))
}

/// Opens the store at that path and inserts an account.
async fn with_account(path: &Path) -> SqliteStore {
    let store = SqliteStore::open(path, Options::default()).unwrap();
    let account = Account {
        id: account(),
        slug: AccountSlug::default(),
        name: AccountName::new("Default").unwrap(),
        created_at: Timestamp::from_millis(0).unwrap(),
    };
    AccountStore::insert(&store, &account).await.unwrap();
    store
}

fn customer(byte: u8, email: &str) -> Customer {
    let new = NewCustomer {
        name: CustomerName::new("Dana").unwrap(),
        email: EmailAddress::new(email).unwrap(),
        phone: None,
        notes: None,
    };
    Customer::new(CustomerId::new(id(byte)), new, Timestamp::from_millis(0).unwrap())
}

#[tokio::test]
async fn what_was_written_is_there_after_a_restart_and_for_another_process() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a #strange? 100% name.db");
    let first = with_account(&path).await;
    let (dana, noa) = (customer(1, "dana@example.com"), customer(2, "noa@example.com"));
    CustomerStore::insert(&first, account(), &dana, Commit::default())
        .await
        .unwrap();
    // Two stores on one file, as when a command runs beside a server.
    let second = SqliteStore::open(&path, Options::default()).unwrap();
    CustomerStore::insert(&second, account(), &noa, Commit::default())
        .await
        .unwrap();
    assert_eq!(
        first.by_email(account(), &noa.email.key()).await.unwrap(),
        Some(noa)
    );
    drop((first, second));
    assert!(path.exists());
    let third = SqliteStore::open(&path, Options::default()).unwrap();
    assert_eq!(
        third.by_email(account(), &dana.email.key()).await.unwrap(),
        Some(dana)
    );
}

#[tokio::test]
async fn a_row_that_is_no_longer_valid_is_named() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("test.db");
    let store = with_account(&path).await;
    let dana = customer(1, "dana@example.com");
    CustomerStore::insert(&store, account(), &dana, Commit::default())
        .await
        .unwrap();
    let mut raw = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    raw.batch_execute("PRAGMA ignore_check_constraints = ON; UPDATE customers SET name = ''")
        .unwrap();
    let corrupt = store.by_email(account(), &dana.email.key()).await.unwrap_err();
    let StoreError::Corrupt { table, column, id } = corrupt else {
        panic!("{corrupt:?}")
    };
    assert_eq!(
        (table, column, id.as_str()),
        ("customers", "name", "010101010101010101010101")
    );
}

#[test]
fn raw_sql_breaks_no_rule() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("test.db");
    drop(SqliteStore::open(&path, Options::default()).unwrap());
    let mut raw = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    raw.batch_execute("PRAGMA foreign_keys = ON").unwrap();
    let (setup, refused) = statements(|byte| format!("x'{}'", format!("{byte:02x}").repeat(12)));
    raw.batch_execute(&setup).unwrap();
    assert!(refused.len() > 50, "{}", refused.len());
    let disguised = refused.iter().filter(|refused| {
        let tables = ["registrations", "appointments", "events"];
        let about = |table| refused.sql.split([' ', ';']).take(3).any(|word| word == table);
        let takes_or = !refused.sql.starts_with("DELETE");
        refused.guard.is_some() && takes_or && tables.into_iter().any(about)
    });
    let disguised: Vec<_> = disguised
        .flat_map(|Refused { sql, guard }| {
            ["OR IGNORE", "OR REPLACE"].map(|or| Refused {
                sql: sql.replacen(' ', &format!(" {or} "), 1),
                guard: *guard,
            })
        })
        .collect();
    assert!(disguised.len() > 40, "{}", disguised.len());
    for Refused { sql, guard } in refused.into_iter().chain(disguised) {
        let error = match raw.batch_execute(&sql) {
            Err(error) => error.to_string(),
            // What a CHECK refuses is left out.
            Ok(()) if sql.contains(" OR IGNORE ") => {
                let changes = diesel::select(diesel::dsl::sql::<diesel::sql_types::BigInt>("changes()"));
                assert_eq!(changes.get_result::<i64>(&mut raw), Ok(0), "{sql}");
                continue;
            }
            Ok(()) => panic!("{sql}"),
        };
        // SQLite names a violated unique constraint by its columns.
        let named = error.strip_prefix("CHECK constraint failed: ").unwrap_or(&error);
        let unique = error.starts_with("UNIQUE constraint failed: ");
        if let Some(guard) = guard {
            assert!(
                named.starts_with(guard) || unique && guard.ends_with("_unique"),
                "{sql}: {error}"
            );
        }
    }
}

/// What replaces a row deletes it without a trigger, and by a deferred foreign key a leg may outlive its lead.
#[test]
fn no_leg_is_replaced_or_left_behind() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("test.db");
    drop(SqliteStore::open(&path, Options::default()).unwrap());
    let mut raw = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    let (setup, _) = statements(|byte| format!("x'{}'", format!("{byte:02x}").repeat(12)));
    raw.batch_execute("PRAGMA foreign_keys = ON").unwrap();
    raw.batch_execute(&setup).unwrap();
    let lead = "x'050505050505050505050505'";
    let leg = format!("(SELECT id FROM appointments WHERE lead_id = {lead})");
    let follows = "appointments_leg_follows";
    let lone = "x'0a0a0a0a0a0a0a0a0a0a0a0a'";
    let block = |id: &str| {
        format!(
            "INSERT OR REPLACE INTO appointments
                (account_id, id, kind, starts_at, ends_at, blocks_from, blocks_until, status, created_at, updated_at, version)
            SELECT account_id, {id}, 'block', 500000, 500001, 500000, 500001, 'confirmed', 0, 0, 1 FROM appointments WHERE id = {lead}"
        )
    };
    for sql in [
        block(&leg),
        format!("UPDATE OR REPLACE appointments SET id = {leg} WHERE id = {lone}"),
        format!(
            "PRAGMA defer_foreign_keys = ON; UPDATE appointments SET id = x'090909090909090909090909' WHERE id = {lead}"
        ),
    ] {
        for recursive in ["OFF", "ON"] {
            raw.batch_execute(&format!("PRAGMA recursive_triggers = {recursive}"))
                .unwrap();
            let error = raw.batch_execute(&sql).expect_err(&sql).to_string();
            assert_eq!(error, follows, "{sql}");
        }
    }
    // A lead that is replaced takes its legs along.
    let count = |raw: &mut SqliteConnection| {
        diesel::select(diesel::dsl::sql::<diesel::sql_types::BigInt>(&format!(
            "(SELECT count(*) FROM appointments WHERE lead_id = {lead})"
        )))
        .get_result::<i64>(raw)
    };
    assert_eq!(count(&mut raw), Ok(1));
    raw.batch_execute("PRAGMA recursive_triggers = OFF").unwrap();
    raw.batch_execute(&block(lead)).unwrap();
    assert_eq!(count(&mut raw), Ok(0));
}

fn files(folder: &TempDir) -> Vec<String> {
    let entries = folder.path().read_dir().unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_read_that_outlives_the_store_leaves_no_log() {
    let folder = TempDir::new().unwrap();
    let store = with_account(&folder.path().join("test.db")).await;
    let closed = store.closed();
    let (sender, mut parts) = tokio::sync::mpsc::channel(1);
    // The read continues after its caller gives up, and waits for its parts to be received.
    tokio::select! {
        biased;
        _ = store.export(sender) => panic!("nobody has taken the parts"),
        () = async { while parts.is_empty() { tokio::task::yield_now().await; } } => {}
    }
    drop(store);
    assert!(
        files(&folder).contains(&"test.db-wal".to_owned()),
        "{:?}",
        files(&folder)
    );
    while parts.recv().await.is_some() {}
    tokio::time::timeout(Duration::from_secs(10), closed)
        .await
        .unwrap();
    assert_eq!(files(&folder), ["test.db"]);
}

#[tokio::test]
async fn an_open_store_is_healthy() {
    let folder = TempDir::new().unwrap();
    with_account(&folder.path().join("test.db"))
        .await
        .check()
        .await
        .unwrap();
}

#[test]
fn what_can_not_be_opened_is_told_with_its_path() {
    let folder = TempDir::new().unwrap();
    let no_database = folder.path().join("text.db");
    fs::write(
        &no_database,
        "no database, just a text that is long enough to be taken for a header",
    )
    .unwrap();
    for path in [
        folder.path().join("no/such/folder.db"),
        folder.path().to_owned(),
        no_database,
    ] {
        let error = SqliteStore::open(&path, Options::default())
            .err()
            .unwrap()
            .to_string();
        assert!(error.contains(path.to_str().unwrap()), "{error}");
    }
}
