//! The plans of queries, which tests hold to the indexes that are made for them. SQLite knows nothing of how many rows a table
//! has, so it may take a whole account's rows for ten.

use crate::{Options, SqliteStore, error::store_error};
use chatgrow_sql::{
    billing::payment,
    delivery::{delivery, feed},
    events::registration,
    forget_holds,
    scheduling::{appointment, hold},
};
use diesel::{debug_query, prelude::*, sql_types::Text, sqlite::Sqlite};
use tempfile::TempDir;

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    detail: String,
}

/// A store of a new database, and its folder.
pub(crate) fn opened() -> (SqliteStore, TempDir) {
    let folder = TempDir::new().unwrap();
    let store = SqliteStore::open(&folder.path().join("test.db"), Options::default()).unwrap();
    (store, folder)
}

/// The steps in which a query reads rows.
pub(crate) fn plan(store: &SqliteStore, query: &str) -> Vec<String> {
    let plan = diesel::sql_query(format!("EXPLAIN QUERY PLAN {query}"));
    let steps: Vec<Step> = store
        .read_here(|connection| plan.load(connection).map_err(store_error))
        .unwrap();
    let reads = ["SEARCH", "SCAN", "USE TEMP"];
    let steps = steps.into_iter().map(|step| step.detail);
    steps
        .filter(|step| reads.iter().any(|read| step.starts_with(read)))
        .collect()
}

#[test]
fn no_payment_reads_the_whole_ledger() {
    let (store, _folder) = opened();
    let id = || (&[1; 12]).into();
    let refunds = payment::refunds_of::<Sqlite>(id(), "stripe".to_owned(), "pi_1".to_owned());
    let refunds = debug_query::<Sqlite, _>(&refunds).to_string();
    let (refunds, _) = refunds.split_once(" -- binds").unwrap();
    let by_refunded = "payments_by_refunded (account_id=? AND provider=? AND refund_of=?)";
    // The sum that the triggers of `migrations/sqlite` ask for.
    let sum = "SELECT sum(amount_minor) FROM payments
        WHERE account_id = ?1 AND payment_id = ?2 AND payment_id IS NOT NULL AND status = 'succeeded'";
    let by_payment = "payments_by_payment (account_id=? AND payment_id=? AND status=?)";
    for (query, expected) in [
        (
            refunds,
            ["PRIMARY KEY (account_id=? AND id=?)", by_refunded].as_slice(),
        ),
        (sum, &[by_payment]),
    ] {
        let plan = plan(&store, query);
        assert_eq!(plan.len(), expected.len(), "{plan:?}");
        for (step, expected) in plan.iter().zip(expected) {
            assert!(step.contains(expected), "{plan:?}");
        }
    }
}

#[test]
fn sweeps_read_what_is_due() {
    let (store, _folder) = opened();
    let expired = debug_query::<Sqlite, _>(&hold::expired::<Sqlite>(0, 1)).to_string();
    let appointments = debug_query::<Sqlite, _>(&appointment::unpaid::<Sqlite>(0, 1)).to_string();
    let places = debug_query::<Sqlite, _>(&registration::unpaid::<Sqlite>(0, 1)).to_string();
    for (query, expected) in [
        (
            expired.as_str(),
            "SCAN appointments USING INDEX appointments_holds",
        ),
        (
            forget_holds!(""),
            "SCAN appointments USING INDEX appointments_holds",
        ),
        (
            &appointments,
            "SCAN appointments USING INDEX appointments_pending",
        ),
        (&places, "SCAN registrations USING INDEX registrations_pending"),
        (
            delivery::SWEEP,
            "SEARCH d USING PRIMARY KEY (account_id=? AND endpoint_id=? AND change_id<?)",
        ),
        (
            feed::ACCOUNTS_TO_SWEEP,
            "SEARCH c USING INDEX changes_in_order (account_id=?)",
        ),
    ] {
        let (query, _) = query.split_once(" -- binds").unwrap_or((query, ""));
        let plan = plan(&store, query);
        assert!(plan.iter().any(|step| step == expected), "{plan:?}");
    }
}

#[test]
fn no_deletion_reads_a_whole_account() {
    let (store, _folder) = opened();
    for table in ["appointments", "customers", "payments", "registrations"] {
        let delete = format!("DELETE FROM {table} WHERE account_id = ?1 AND id = ?2");
        let plan = plan(&store, &delete);
        let whole = plan.iter().find(|step| !step.contains("(account_id=? AND "));
        assert!(plan.len() > 1 && whole.is_none(), "{plan:?}");
    }
}
