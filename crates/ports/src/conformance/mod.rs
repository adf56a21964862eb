//! The executable contract of the storage ports: one case per promise.
//!
//! An adapter instantiates all of them with [`conformance_suite!`](crate::conformance_suite); it honours the ports when
//! they pass. Every case opens a store of its own and races real tasks where the promise is about concurrency.

#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a test suite: what goes wrong fails the test"
)]

mod accounts;
mod api_keys;
mod appointments;
mod customers;
mod events;
mod registrations;

pub use accounts::*;
pub use api_keys::*;
pub use appointments::*;
pub use customers::*;
pub use events::*;
pub use registrations::*;

use crate::{Page, PageRequest, StoreError, Stores};
use chatgrow_domain::{
    Account, AccountId, AccountName, AccountSlug, Customer, CustomerId, CustomerName, EmailAddress,
    NewCustomer, Notes, ObjectId, PageLimit, Phone, Timestamp,
};
use std::{
    future::Future,
    sync::atomic::{AtomicU64, Ordering},
};
use tokio::sync::Barrier;

/// Instantiates every case as a test: `conformance_suite!(open)`, where `async fn open() -> (Stores, impl Sized)` makes an
/// empty store, and something that keeps it alive.
#[macro_export]
macro_rules! conformance_suite {
    ($open:path) => {
        $crate::conformance_suite! { $open;
            account_round_trips,
            account_slugs_are_unique_under_a_race,
            api_key_round_trips,
            api_key_is_first_once,
            api_key_is_found_by_digest_only,
            api_key_revocation_keeps_the_first_instant,
            api_key_last_use_never_moves_back,
            customer_round_trips,
            customer_email_is_unique_without_case,
            customer_email_is_unique_under_a_race,
            customer_is_updated_from_the_version_before_only,
            customer_updates_race_to_one_winner,
            customer_can_not_take_a_taken_email,
            customers_of_accounts_are_apart,
            customer_pages_are_stable_under_inserts,
            appointment_round_trips,
            appointment_shows_the_customer_as_it_is_now,
            appointments_touch_but_do_not_overlap,
            appointment_may_run_past_midnight,
            appointment_frees_its_slot_when_cancelled,
            appointment_races_have_one_winner,
            appointment_moves_race_to_one_winner,
            appointment_never_conflicts_with_itself,
            appointment_is_not_moved_onto_another,
            appointment_is_updated_from_the_version_before_only,
            appointments_of_accounts_are_apart,
            appointments_are_filtered,
            appointment_pages_are_stable_under_inserts,
            dropped_bookings_leave_all_or_nothing,
            event_round_trips,
            event_is_updated_from_the_version_before_only,
            events_of_accounts_are_apart,
            events_are_listed_by_start_and_filtered,
            registration_round_trips,
            registration_refusals_come_in_order,
            registrations_race_for_the_last_places,
            registration_of_one_customer_races_to_one_place,
            registration_is_freed_once,
            registration_moves_the_version_on,
            registrations_of_accounts_are_apart,
            registration_pages_are_stable_under_inserts,
            dropped_registrations_keep_the_count_right,
        }
    };
    ($open:path; $($case:ident),+ $(,)?) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $case() {
            let Some((stores, _alive)) = $open().await else { return };
            $crate::conformance::$case(&stores).await;
        }
    )+};
}

/// How many tasks race.
const RACERS: usize = 64;

/// An id that nothing else has.
fn fresh_id() -> ObjectId {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let mut bytes = [0; 12];
    bytes[4..].copy_from_slice(&NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    ObjectId::from_bytes(bytes)
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).unwrap()
}

async fn new_account(stores: &Stores) -> AccountId {
    let id = AccountId::new(fresh_id());
    let account = Account {
        id,
        slug: AccountSlug::new(format!("account-{id}")).unwrap(),
        name: AccountName::new("סטודיו").unwrap(),
        created_at: at(0),
    };
    stores.accounts.insert(&account).await.unwrap();
    id
}

fn customer_with_email(email: &str) -> Customer {
    let new = NewCustomer {
        name: CustomerName::new("ישראל ישראלי").unwrap(),
        email: EmailAddress::new(email).unwrap(),
        phone: Some(Phone::new("050-1234567").unwrap()),
        notes: Some(Notes::new("first\nsecond").unwrap()),
    };
    Customer::new(CustomerId::new(fresh_id()), new, at(1_763_893_800_123))
}

async fn new_customer(stores: &Stores, account: AccountId) -> Customer {
    let customer = customer_with_email(&format!("c{}@example.com", fresh_id()));
    stores.customers.insert(account, &customer).await.unwrap();
    customer
}

/// Runs the tasks at one instant and returns what they returned, in their order.
async fn race<F: Future<Output: Send + 'static> + Send + 'static>(
    tasks: impl IntoIterator<Item = F>,
) -> Vec<F::Output> {
    let tasks: Vec<_> = tasks.into_iter().collect();
    let start = std::sync::Arc::new(Barrier::new(tasks.len()));
    let running: Vec<_> = tasks
        .into_iter()
        .map(|task| {
            let start = start.clone();
            tokio::spawn(async move {
                start.wait().await;
                task.await
            })
        })
        .collect();
    let mut outputs = Vec::new();
    for task in running {
        outputs.push(task.await.unwrap());
    }
    outputs
}

fn first_page<P>(limit: i64) -> PageRequest<P> {
    PageRequest {
        limit: PageLimit::new(limit).unwrap(),
        after: None,
    }
}

/// Reads the whole list in pages of `limit`; after each page runs `meanwhile`.
async fn walk<T, P, L: Future<Output = Result<Page<T, P>, StoreError>>, M: Future>(
    limit: i64,
    list: impl Fn(PageRequest<P>) -> L,
    meanwhile: impl Fn() -> M,
) -> Vec<T> {
    let limit = PageLimit::new(limit).unwrap();
    let (mut items, mut after) = (Vec::new(), None);
    loop {
        let page = list(PageRequest { limit, after }).await.unwrap();
        assert!(page.items.len() <= limit.get().into());
        items.extend(page.items);
        after = page.next;
        if after.is_none() {
            return items;
        }
        meanwhile().await;
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_case_is_in_the_macro() {
        let files = [
            include_str!("accounts.rs"),
            include_str!("api_keys.rs"),
            include_str!("appointments.rs"),
            include_str!("customers.rs"),
            include_str!("events.rs"),
            include_str!("registrations.rs"),
        ];
        let cases = files
            .iter()
            .flat_map(|file| file.lines())
            .filter_map(|line| line.strip_prefix("pub async fn "));
        for case in cases.filter_map(|line| line.split_once('(')) {
            let listed = format!("            {},\n", case.0);
            assert!(
                include_str!("mod.rs").contains(&listed),
                "conformance_suite! does not run {}",
                case.0
            );
        }
    }
}
