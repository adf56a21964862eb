//! Helpers that these tests share.

use chatgrow_domain::{
    Account, AccountId, AccountName, AccountSlug, Customer, CustomerId, CustomerName, EmailAddress,
    NewCustomer, ObjectId, Timestamp,
};
use chatgrow_ports::AccountStore;
use chatgrow_postgres::{OpenError, Options, PostgresStore, PostgresUrl};
use tokio_postgres::Client;

/// Opens the store with the default options.
pub async fn open(url: &str) -> Result<PostgresStore, OpenError> {
    open_with(url, Options::default()).await
}

pub async fn open_with(url: &str, options: Options) -> Result<PostgresStore, OpenError> {
    PostgresStore::open(&PostgresUrl::parse(url).unwrap(), options).await
}

pub fn id(number: u64) -> ObjectId {
    let mut bytes = [1; 12];
    bytes[4..].copy_from_slice(&number.to_be_bytes());
    ObjectId::from_bytes(bytes)
}

pub fn account() -> AccountId {
    AccountId::new(id(0))
}

pub async fn insert_account(store: &PostgresStore) {
    let account = Account {
        id: account(),
        slug: AccountSlug::default(),
        name: AccountName::new("Default").unwrap(),
        created_at: Timestamp::from_millis(0).unwrap(),
    };
    AccountStore::insert(store, &account).await.unwrap();
}

/// The customer with that number. No other customer has the address.
pub fn customer(number: u64) -> Customer {
    let new = NewCustomer {
        name: CustomerName::new("Dana").unwrap(),
        email: EmailAddress::new(format!("{number}@example.com")).unwrap(),
        phone: None,
        notes: None,
    };
    Customer::new(
        CustomerId::new(id(number)),
        new,
        Timestamp::from_millis(0).unwrap(),
    )
}

/// Counts the sessions that wait for a lock.
pub const WAITING: &str =
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";

/// The number that a query returns.
pub async fn count(client: &Client, query: &str) -> i64 {
    client.query_one(query, &[]).await.unwrap().get(0)
}
