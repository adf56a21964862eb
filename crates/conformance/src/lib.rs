//! The executable contract of the storage ports: one case per promise.
//!
//! An adapter instantiates all cases with [`conformance_suite!`](crate::conformance_suite). It honours the ports if
//! they pass. Every case opens a database of its own. If the promise is about concurrency, the case races real tasks,
//! once on one store and once on two stores of the same database, like two servers.

#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    clippy::too_many_lines,
    reason = "a test suite: what goes wrong fails the test, and a case tells its story in one piece"
)]

/// Asserts that exactly `$winners` of the outcomes are `Ok`, and that each of the others is that refusal.
macro_rules! assert_winners {
    ($outcomes:expr, $winners:expr, $refusal:pat $(if $guard:expr)?) => {{
        let (won, lost): (Vec<_>, Vec<_>) = $outcomes.iter().partition(|outcome| outcome.is_ok());
        for outcome in lost {
            assert!(
                matches!(outcome, Err($refusal) $(if $guard)?),
                "whoever loses this race must be told Err({}), but one was told {outcome:?}",
                stringify!($refusal)
            );
        }
        assert_eq!(
            won.len(),
            $winners,
            "so many of these {} must succeed, and no more: {won:?} did",
            $outcomes.len()
        );
    }};
}

/// Asserts that a call was refused in that way. The remaining arguments say why it has to be.
macro_rules! assert_refused {
    ($outcome:expr, $refusal:pat, $($why:tt)+) => {
        match &$outcome {
            Err($refusal) => {}
            other => panic!(
                "{}, so the answer must be Err({}), but it is {other:?}",
                format_args!($($why)+),
                stringify!($refusal)
            ),
        }
    };
}

mod access;
mod billing;
mod commit;
mod contest;
mod copied;
mod crm;
mod delivery;
mod edits;
mod events;
mod histories;
mod inserts;
mod marks;
mod scheduling;
mod statuses;

pub use access::*;
pub use billing::*;
pub use commit::*;
pub use contest::{access::*, crm::*, delivery::*, events::*, scheduling::*};
pub use copied::{FilledLog, FilledSchedule, FilledWebhooks};
pub use crm::*;
pub use delivery::*;
pub use edits::*;
pub use events::*;
pub use histories::*;
pub use inserts::*;
pub use marks::*;
pub use scheduling::*;
pub use statuses::*;

use chatgrow_domain::{
    Account, AccountId, AccountName, AccountSlug, ApiKeyName, Customer, CustomerId, CustomerName,
    EmailAddress, EventDescription, EventLocation, EventTitle, Invalid, LocalMinute, NewCustomer, Notes,
    ObjectId, PageLimit, Phone, ResourceName, ServiceName, TimeZoneName, Timestamp, WebhookDescription,
    parse_date, parse_time,
};
use chatgrow_ports::{Commit, Page, PageRequest, StoreError, Stores};
use std::{
    fmt::Debug,
    future::Future,
    iter::successors,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};
use tokio::{sync::Barrier, task::yield_now, time::timeout};

/// Instantiates every case as a test: `conformance_suite!(open)`, with
/// `async fn open() -> Option<(Stores, Stores, impl Sized)>`.
///
/// `open` creates an empty database. It returns two stores of it, each with its own connections, and a value that keeps
/// the database alive. It returns `None`, which skips the test, if this machine has no such database.
///
/// A case that races becomes two tests, `on_one_server` and `on_two_servers`.
#[macro_export]
macro_rules! conformance_suite {
    ($open:path) => {
        $crate::conformance_suite! { @cases $open;
            account_round_trips,
            account_is_renamed_alone,
            api_key_round_trips,
            api_key_is_found_by_digest_only,
            api_key_is_updated_from_the_version_before_only,
            api_key_is_rotated_whole,
            api_key_stays_revoked,
            api_key_last_use_never_moves_back,
            api_keys_of_accounts_are_apart,
            user_round_trips,
            user_email_is_unique_without_case,
            user_is_updated_from_the_version_before_only,
            users_are_listed_by_creation,
            users_of_accounts_are_apart,
            the_last_owner_stays,
            session_round_trips_with_its_user,
            session_use_never_moves_back,
            sessions_are_listed_and_ended,
            sessions_are_swept,
            a_link_sets_an_account_up_once,
            a_link_chooses_a_password_once,
            links_of_a_user_end,
            links_are_swept,
            customer_round_trips,
            customer_emails_round_trip,
            customer_email_is_unique_without_case,
            customer_is_updated_from_the_version_before_only,
            customer_can_not_take_a_taken_email,
            customers_of_accounts_are_apart,
            customers_are_filtered,
            customers_are_searched,
            customer_pages_are_stable_under_inserts,
            appointment_round_trips,
            appointment_shows_the_customer_as_it_is_now,
            appointments_touch_but_do_not_overlap,
            appointment_may_run_past_midnight,
            appointment_frees_its_slot_when_cancelled,
            appointment_never_conflicts_with_itself,
            appointment_is_not_moved_onto_another,
            appointment_is_updated_from_the_version_before_only,
            appointments_of_accounts_are_apart,
            appointments_are_filtered,
            appointment_pages_are_stable_under_inserts,
            bookings_with_resources_round_trip,
            a_booking_takes_all_resources_or_none,
            a_move_takes_all_resources_along,
            statuses_keep_or_free_all_resources,
            a_customer_is_written_with_its_booking,
            several_resources_dropped_after_any_poll_are_all_or_nothing,
            hold_round_trips,
            a_hold_is_confirmed_once,
            holds_are_released_when_due,
            holds_are_removed_and_forgotten,
            hold_pages_are_stable_under_inserts,
            kinds_are_apart,
            block_round_trips,
            blocks_are_filtered,
            block_pages_are_stable_under_inserts,
            every_kind_conflicts_with_every_kind,
            buffers_are_kept_free,
            blocks_of_weeks_occupy_their_middle,
            occupancies_of_accounts_are_apart,
            random_worlds_are_as_busy_as_the_model,
            confirmed_appointments_are_counted,
            resource_round_trips,
            resource_is_updated_from_the_version_before_only,
            resources_of_accounts_are_apart,
            resources_are_found_by_ids,
            resources_are_filtered,
            resource_pages_are_stable_under_inserts,
            service_round_trips,
            service_is_updated_from_the_version_before_only,
            services_of_accounts_are_apart,
            services_are_filtered,
            service_pages_are_stable_under_inserts,
            schedule_round_trips,
            schedule_is_replaced_from_the_version_before_only,
            schedules_of_accounts_are_apart,
            schedule_comes_with_the_customer,
            dropped_bookings_leave_all_or_nothing,
            booking_dropped_after_any_poll_is_all_or_nothing,
            move_dropped_after_any_poll_is_all_or_nothing,
            event_round_trips,
            event_is_updated_from_the_version_before_only,
            events_of_accounts_are_apart,
            events_are_listed_by_start_and_filtered,
            event_pages_are_stable_under_inserts,
            registration_round_trips,
            registration_refusals_come_in_order,
            registration_moves_the_version_on,
            registrations_of_accounts_are_apart,
            registrations_of_a_customer_are_listed,
            registration_pages_are_stable_under_inserts,
            dropped_registrations_keep_the_count_right,
            registration_dropped_after_any_poll_is_all_or_nothing,
            unregistration_dropped_after_any_poll_is_all_or_nothing,
            random_histories_agree_with_the_model,
            record_round_trips,
            a_repeated_request_writes_nothing,
            a_refused_request_leaves_no_record,
            records_expire,
            change_round_trips,
            changes_of_one_write_keep_their_order,
            changes_of_accounts_are_apart,
            every_write_writes_its_changes,
            a_refused_write_leaves_no_change,
            changes_are_read_on_from_any_place,
            changes_are_filtered,
            a_reading_looks_at_so_many_changes,
            what_is_written_comes_after_the_horizon,
            accounts_with_a_due_change_are_found,
            changes_are_swept,
            a_renewed_feed_has_another_key,
            changes_are_looked_back_on,
            latest_changes_are_filtered,
            a_change_is_found_at_its_place,
            webhook_endpoint_round_trips,
            webhook_places_are_taken_once,
            webhook_endpoint_is_updated_from_the_version_before_only,
            webhook_endpoints_are_listed_by_creation,
            webhook_endpoints_of_accounts_are_apart,
            a_removed_webhook_endpoint_leaves_nothing,
            payment_round_trips,
            payments_are_there_once,
            payments_and_bills_are_written_together,
            no_payment_is_given_back_twice,
            what_expired_comes_back_if_there_is_room,
            payments_of_accounts_are_apart,
            payments_are_filtered,
            payment_pages_are_stable_under_inserts,
            unpaid_bookings_are_told_when_due,
            unpaid_bookings_are_in_nobodys_way,
            registration_is_updated_from_the_version_before_only,
            registration_takes_a_place_as_its_status_says,
            what_has_payments_stays,
            payment_dropped_after_any_poll_is_all_or_nothing,
            payment_source_round_trips,
            payment_source_is_updated_from_the_version_before_only,
            payment_sources_of_accounts_are_apart,
            payment_source_pages_are_stable_under_inserts,
            a_removed_payment_source_leaves_its_notices,
            payment_notice_round_trips,
            a_notice_is_taken_once_with_its_effect,
            payment_notices_are_listed_newest_first,
            payment_notices_are_swept,
            lanes_are_due_if_there_is_a_change_behind_them,
            lanes_are_due_if_a_delivery_is,
            blocked_lanes_are_due_if_their_endpoints_have_failed_too_long,
            a_lane_is_held_by_one,
            a_settlement_is_kept,
            a_moved_lane_is_free,
            lanes_of_accounts_are_apart,
            a_place_before_an_instant_is_found,
            a_sweep_spares_what_lanes_need,
            delivery_round_trips,
            retries_are_told_when_they_are_due,
            open_deliveries_are_counted,
            deliveries_are_listed,
            a_delivery_is_tried_again,
            deliveries_are_swept,
            an_insert_replaces_nothing,
            every_edit_of_a_customer_is_kept,
            every_edit_of_an_appointment_is_kept,
            every_edit_of_an_event_is_kept,
            every_edit_of_a_resource_is_kept,
            every_edit_of_a_service_is_kept,
            every_schedule_is_kept,
            a_working_store_is_healthy,
            accounts_are_listed_by_creation,
            api_keys_are_listed_by_creation,
            api_key_pages_are_stable_under_inserts,
            a_stale_customer_is_told_first,
            a_stale_appointment_is_told_first,
            appointment_occupies_as_its_status_says,
            event_takes_registrations_as_its_status_says,
        }
        $crate::conformance_suite! { @races $open;
            account_slugs_are_unique_under_a_race,
            api_key_is_first_once,
            api_key_uses_race_to_the_last,
            api_key_updates_race_to_one_winner,
            user_emails_race_to_one_winner,
            user_updates_race_to_one_winner,
            owners_race_to_one_who_stays,
            set_ups_race_to_one_owner,
            choices_of_a_password_race_to_one,
            customer_email_is_unique_under_a_race,
            customer_email_is_unique_among_inserts_and_updates,
            customers_do_not_swap_emails,
            customer_updates_race_to_one_winner,
            appointment_races_have_one_winner,
            appointment_moves_race_to_one_winner,
            appointment_bookings_and_moves_race_to_one_winner,
            appointments_do_not_swap_slots,
            appointment_updates_race_to_one_winner,
            appointment_edits_do_not_meet_moves,
            resource_races_have_one_winner,
            interchangeable_resources_are_all_taken,
            pairs_of_resources_race_to_one_winner,
            moves_of_several_resources_meet_all_others,
            bookings_with_customers_race_to_one_winner,
            confirmations_race_to_one_winner,
            confirmations_race_with_releases,
            holds_race_with_bookings_and_releases,
            blocks_race_with_bookings,
            resource_updates_race_to_one_winner,
            service_updates_race_to_one_winner,
            schedule_replacements_race_to_one_winner,
            event_updates_race_to_one_winner,
            registrations_race_for_the_last_places,
            registration_of_one_customer_races_to_one_place,
            registration_is_freed_once,
            registration_is_freed_while_its_customer_comes_again,
            registrations_race_with_a_smaller_capacity,
            registrations_race_with_the_end_of_the_event,
            notices_race_to_one_payment,
            one_notice_races_to_be_taken_once,
            payment_source_updates_race_to_one_winner,
            halves_of_a_deposit_race_to_one_bill,
            refunds_race_for_one_payment,
            payments_race_with_expiries,
            late_payments_race_for_one_slot,
            late_payments_race_for_one_place,
            a_request_races_to_one_effect,
            accounts_share_no_keys_under_a_race,
            readers_miss_no_change_and_read_none_twice,
            a_feed_has_one_key,
            sweeps_race_with_writes_and_readings,
            webhook_endpoint_updates_race_to_one_winner,
            webhook_endpoints_race_for_the_last_place,
            claims_race_to_one_holder,
            account_slugs_are_contested,
            first_api_keys_are_contested,
            api_key_versions_are_contested,
            user_emails_are_contested,
            user_versions_are_contested,
            last_owners_are_contested,
            links_are_contested,
            last_uses_are_contested,
            customer_emails_are_contested,
            customer_versions_are_contested,
            slots_are_contested,
            appointment_versions_are_contested,
            all_kinds_are_contested,
            confirmations_are_contested,
            held_slots_are_contested,
            resource_versions_are_contested,
            service_versions_are_contested,
            schedule_versions_are_contested,
            event_versions_are_contested,
            places_are_contested,
            freed_places_are_contested,
            requests_are_contested,
            bills_are_contested,
            places_of_changes_are_contested,
            webhook_places_are_contested,
            webhook_endpoint_versions_are_contested,
            lanes_are_contested,
            settlements_are_contested,
            removals_of_webhook_endpoints_are_contested,
            the_mark_moves_with_every_write,
        }
    };
    (@cases $open:path; $($case:ident),+ $(,)?) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $case() {
            let Some((stores, _, _alive)) = $open().await else { return };
            $crate::$case(&stores).await;
        }
    )+};
    (@races $open:path; $($case:ident),+ $(,)?) => {$(
        mod $case {
            use super::*;

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn on_one_server() {
                let Some((stores, _, _alive)) = $open().await else { return };
                $crate::$case(&[stores]).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn on_two_servers() {
                let Some((one, other, _alive)) = $open().await else { return };
                $crate::$case(&[one, other]).await;
            }
        }
    )+};
}

/// How many tasks race.
const RACERS: usize = 64;

/// How often a race is run if its calls take more than one lock. Whether they get into each other's way is a matter of
/// luck.
const ROUNDS: usize = 4;

/// More than the number of pages of any list in the suite.
const MOST_PAGES: usize = 500;

/// An id that is unique within the process.
fn fresh_id() -> ObjectId {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let mut bytes = [0; 12];
    bytes[4..].copy_from_slice(&NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    ObjectId::from_bytes(bytes)
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).unwrap()
}

/// The first instant that a [`Timestamp`] can hold.
fn earliest() -> Timestamp {
    let first = -377_705_116_800_000;
    assert_eq!(Timestamp::from_millis(first - 1), None);
    at(first)
}

/// The last instant that a [`Timestamp`] can hold.
fn latest() -> Timestamp {
    let last = 253_402_300_799_999;
    assert_eq!(Timestamp::from_millis(last + 1), None);
    at(last)
}

/// The first and the last minute of the wall clock.
fn ends_of_the_calendar() -> (LocalMinute, LocalMinute) {
    let minute = |date, time| LocalMinute::new(parse_date(date).unwrap(), parse_time(time).unwrap());
    (minute("0001-01-01", "00:00"), minute("9999-12-31", "23:59"))
}

/// A text of that many characters, most of which take four bytes. It begins with what is often mangled: quotes,
/// wildcards, apparent escapes, a leading space, direction marks, combining characters, and the last code point.
fn longest(chars: usize) -> String {
    const AWKWARD: &str = " '\"\\%_$1?;--\u{FEFF}\u{202E}e\u{301}é\u{FFFD}\u{10FFFF}ﬁI\u{307}ſ👩‍👩‍👧שָׁ";
    let rest = chars.checked_sub(AWKWARD.chars().count()).unwrap();
    format!("{AWKWARD}{}", "𝔸".repeat(rest))
}

/// Asserts that no text of the domain can contain U+0000, which not every store can keep.
fn assert_all_refuse_nul() {
    let with_nul = "a\0a1";
    assert_eq!(Notes::new(with_nul), Err(Invalid::Nul));
    assert_eq!(EventDescription::new(with_nul), Err(Invalid::Nul));
    for outcome in [
        AccountName::new(with_nul).err(),
        ApiKeyName::new(with_nul).err(),
        CustomerName::new(with_nul).err(),
        Phone::new(with_nul).err(),
        EventTitle::new(with_nul).err(),
        EventLocation::new(with_nul).err(),
        ResourceName::new(with_nul).err(),
        ServiceName::new(with_nul).err(),
        WebhookDescription::new(with_nul).err(),
    ] {
        assert_eq!(outcome, Some(Invalid::ControlCharacter));
    }
    assert_eq!(AccountSlug::new(with_nul), Err(Invalid::Slug));
    assert_eq!(TimeZoneName::new(with_nul), Err(Invalid::TimeZone));
}

async fn new_account(stores: &Stores) -> AccountId {
    let id = AccountId::new(fresh_id());
    let account = Account {
        id,
        slug: AccountSlug::new(format!("account-{id}")).unwrap(),
        name: AccountName::new("סטודיו").unwrap(),
        created_at: at(0),
    };
    stores.access.accounts.insert(&account).await.unwrap();
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
    stores
        .crm
        .customers
        .insert(account, &customer, Commit::default())
        .await
        .unwrap();
    customer
}

/// Runs [`RACERS`] tasks simultaneously, on the servers in turn, and returns their outputs in order.
async fn race<F: Future<Output: Send + 'static> + Send + 'static>(
    servers: &[Stores],
    racer: impl Fn(usize, Stores) -> F,
) -> Vec<F::Output> {
    race_of(RACERS, servers, racer).await
}

/// Like [`race()`], with that many tasks.
async fn race_of<F: Future<Output: Send + 'static> + Send + 'static>(
    racers: usize,
    servers: &[Stores],
    racer: impl Fn(usize, Stores) -> F,
) -> Vec<F::Output> {
    let start = Arc::new(Barrier::new(racers));
    let running: Vec<_> = (0..racers)
        .map(|index| {
            let start = start.clone();
            let task = racer(index, servers[index % servers.len()].clone());
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

/// The numbers of polls after which a call is dropped: 0, 1, 2 and so on, in larger steps for calls that take many
/// polls.
fn poll_counts() -> impl Iterator<Item = usize> {
    successors(Some(0), |polls| Some(polls + 1 + polls / 16))
}

/// Polls a call that many times, whether or not it was woken, and lets others run in between. Then drops it. Returns
/// its output if it completed.
async fn drop_after<F: Future>(polls: usize, call: F) -> Option<F::Output> {
    let mut call = pin!(call);
    let mut nobody = Context::from_waker(Waker::noop());
    for _ in 0..polls {
        if let Poll::Ready(output) = call.as_mut().poll(&mut nobody) {
            return Some(output);
        }
        yield_now().await;
    }
    None
}

/// Runs a call, and fails if it takes longer than ten seconds, because a dropped call has left something that blocks
/// it.
async fn at_once<F: Future>(call: F) -> F::Output {
    timeout(Duration::from_secs(10), call).await.unwrap()
}

fn first_page<P>(limit: i64) -> PageRequest<P> {
    PageRequest {
        limit: PageLimit::new(limit).unwrap(),
        after: None,
    }
}

/// Reads the whole list in pages of `limit`, and runs `meanwhile` after each page but the last.
async fn walk<T, P, L: Future<Output = Result<Page<T, P>, StoreError>>, M: Future>(
    limit: i64,
    list: impl Fn(PageRequest<P>) -> L,
    meanwhile: impl Fn() -> M,
) -> Vec<T> {
    let limit = PageLimit::new(limit).unwrap();
    let (mut items, mut after) = (Vec::new(), None);
    for _ in 0..MOST_PAGES {
        let page = list(PageRequest { limit, after }).await.unwrap();
        assert!(
            page.items.len() <= limit.get().into(),
            "a page holds {} items at the most, but it holds {}",
            limit.get(),
            page.items.len()
        );
        items.extend(page.items);
        after = page.next;
        if after.is_none() {
            return items;
        }
        meanwhile().await;
    }
    panic!(
        "a list ends, but this one went on for {MOST_PAGES} pages: each must begin after the last item of the one before"
    )
}

/// Asserts that a walk has seen the whole list, in the order of the positions, and each item once.
fn assert_walked<P: Ord + Debug>(whole: &[P], seen: &[P]) {
    assert!(seen.is_sorted(), "by start, then by id: {seen:?}");
    assert!(
        seen.windows(2).all(|pair| pair[0] != pair[1]),
        "each once: {seen:?}"
    );
    assert!(
        whole.iter().all(|position| seen.contains(position)),
        "each that was there: {seen:?}"
    );
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    /// The source files of the suite, in all its folders.
    fn sources(folder: &Path) -> Vec<String> {
        let mut sources = Vec::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources.extend(self::sources(&path));
            } else {
                sources.push(fs::read_to_string(path).unwrap());
            }
        }
        sources
    }

    #[test]
    fn every_case_is_in_the_macro() {
        let sources = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
        let lines = sources.iter().flat_map(|source| source.lines());
        let cases = lines.filter_map(|line| line.strip_prefix("pub async fn "));
        for case in cases.filter_map(|line| line.split_once('(')) {
            let listed = format!("            {},\n", case.0);
            assert!(
                include_str!("lib.rs").contains(&listed),
                "conformance_suite! does not run {}",
                case.0
            );
        }
    }
}
