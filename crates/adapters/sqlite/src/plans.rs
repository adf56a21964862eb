//! The plans of queries, which tests hold to the indexes that are made for them. SQLite knows nothing of how many rows a table
//! has, so it may take a whole account's rows for ten.

use crate::{Options, SqliteStore, error::store_error};
use chatgrow_domain::{AccountId, CustomerId, EventId, PageLimit};
use chatgrow_ports::PageRequest;
use chatgrow_sql::{
    billing::payment,
    delivery::{delivery, feed},
    events::registration,
    forget_holds,
    scheduling::{appointment, hold},
};
use diesel::{debug_query, prelude::*, query_builder::QueryFragment, sql_types::Text, sqlite::Sqlite};
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

/// The text of a query that Diesel has built.
fn text(query: &impl QueryFragment<Sqlite>) -> String {
    let shown = debug_query::<Sqlite, _>(query).to_string();
    let (text, _) = shown.split_once(" -- binds").unwrap();
    text.to_owned()
}

/// Checks that the query's steps contain these texts, one each.
fn assert_plan(store: &SqliteStore, query: &str, expected: &[&str]) {
    let plan = plan(store, query);
    assert_eq!(plan.len(), expected.len(), "{query}: {plan:?}");
    for (step, expected) in plan.iter().zip(expected) {
        assert!(step.contains(expected), "{query}: {plan:?}");
    }
}

#[test]
fn no_payment_reads_the_whole_ledger() {
    let (store, _folder) = opened();
    let id = || (&[1; 12]).into();
    let refunds = payment::refunds_of::<Sqlite>(id(), "stripe".to_owned(), "pi_1".to_owned());
    let by_refunded = "payments_by_refunded (account_id=? AND provider=? AND refund_of=?)";
    let by_id = "PRIMARY KEY (account_id=? AND id=?)";
    assert_plan(&store, &text(&refunds), &[by_id, by_refunded]);
    // The sum that the triggers of `migrations/sqlite` ask for.
    let sum = "SELECT sum(amount_minor) FROM payments
        WHERE account_id = ?1 AND payment_id = ?2 AND payment_id IS NOT NULL AND status = 'succeeded'";
    let by_payment = "payments_by_payment (account_id=? AND payment_id=? AND status=?)";
    assert_plan(&store, sum, &[by_payment]);
}

#[test]
fn sweeps_use_their_indexes() {
    let (store, _folder) = opened();
    let by_id = "PRIMARY KEY (account_id=? AND id=?)";
    let holds = "SCAN appointments USING INDEX appointments_holds";
    assert_plan(&store, &text(&hold::expired::<Sqlite>(0, 1)), &[holds]);
    let legs = "appointments_legs (account_id=? AND lead_id=?)";
    let payments = "payments_by_appointment (account_id=? AND appointment_id=?)";
    let forget = [by_id, holds, "SCAN old", payments, legs];
    assert_plan(&store, forget_holds!(""), &forget);
    let pending = "SCAN appointments USING INDEX appointments_pending";
    assert_plan(
        &store,
        &text(&appointment::unpaid::<Sqlite>(0, 1)),
        &[pending, by_id],
    );
    let pending = "SCAN registrations USING INDEX registrations_pending";
    assert_plan(
        &store,
        &text(&registration::unpaid::<Sqlite>(0, 1)),
        &[pending, by_id],
    );
    let of_endpoint = "PRIMARY KEY (account_id=? AND endpoint_id=?)";
    let too_many = "d USING PRIMARY KEY (account_id=? AND endpoint_id=? AND change_id<?)";
    let deliveries = [
        "SCAN webhook_deliveries",
        "SCAN l",
        of_endpoint,
        "SCAN last",
        too_many,
    ];
    assert_plan(&store, delivery::SWEEP, &deliveries);
    let oldest = "changes_in_order (account_id=?)";
    assert_plan(&store, feed::ACCOUNTS_TO_SWEEP, &["SCAN a", oldest]);
}

#[test]
fn lists_of_registrations_use_their_indexes() {
    let (store, _folder) = opened();
    let by_id = "PRIMARY KEY (account_id=? AND id=?)";
    let id = "000000000000000000000001";
    let (account, customer) = (
        AccountId::new(id.parse().unwrap()),
        CustomerId::new(id.parse().unwrap()),
    );
    let event = EventId::new(id.parse().unwrap());
    let first = PageRequest {
        limit: PageLimit::DEFAULT,
        after: None,
    };
    let list = registration::list::<Sqlite>(account, event, &first);
    let by_event = "registrations_by_event (account_id=? AND event_id=? AND id>?)";
    assert_plan(&store, &text(&list), &[by_event, by_id]);
    let list = registration::of_customer::<Sqlite>(account, customer, &first);
    let by_customer = "registrations_by_customer (account_id=? AND customer_id=? AND id>?)";
    assert_plan(&store, &text(&list), &[by_id, by_customer]);
}

#[test]
fn no_deletion_reads_a_whole_account() {
    let (store, _folder) = opened();
    for table in ["appointments", "customers", "events", "payments", "registrations"] {
        let delete = format!("DELETE FROM {table} WHERE account_id = ?1 AND id = ?2");
        let plan = plan(&store, &delete);
        let whole = plan.iter().find(|step| !step.contains("(account_id=? AND "));
        assert!(plan.len() > 1 && whole.is_none(), "{plan:?}");
    }
}
