//! Mutants: the store in memory with one defect each, and the case of the suite that refuses it.
//!
//! If a case is relaxed so far that a mutant survives, these tests fail.
//! `MUTANT_RUNS=100 cargo test --package chatgrow-conformance mutants -- --nocapture --test-threads=1` runs each mutant
//! a hundred times and prints how often it survived, which may be once at most.

use crate::{
    defects::{Defect, Defect::*, LaneCall, List::*, Method::*},
    store::two_stores,
};
use chatgrow_conformance as conformance;
use chatgrow_ports::Stores;
use std::{env, panic::AssertUnwindSafe, thread, time::Duration};
use tokio::{runtime::Builder, time::timeout};

/// How long a case may take. A case that hangs doesn't count as refusing the store.
const TIMEOUT: Duration = Duration::from_secs(60);

/// How many of a hundred runs a mutant may survive.
const SURVIVALS: usize = 1;

/// Runs a case like a test, on its own runtime, and returns whether it failed.
fn refuses(case: impl AsyncFnOnce() + Send) -> bool {
    thread::scope(|scope| {
        let run = scope.spawn(AssertUnwindSafe(|| {
            let runtime = Builder::new_multi_thread()
                .worker_threads(4)
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async { timeout(TIMEOUT, case()).await.is_ok() })
        }));
        // A panic means that the case refused the store.
        run.join().map_or(true, |ended| {
            assert!(ended, "the case hangs instead of failing");
            false
        })
    })
}

/// Asserts that the suite refuses the defect, in as many runs as `MUTANT_RUNS` says.
fn assert_refused(defect: Defect, case: &str, refused: impl Fn() -> bool) {
    let Ok(runs) = env::var("MUTANT_RUNS") else {
        // Only these depend on luck: whether two threads meet between two instructions, and what a random case tries.
        let luck = matches!(defect, UnlockedWithoutAwait(_))
            || case.starts_with("every_edit")
            || case.starts_with("every_schedule")
            || case.starts_with("random");
        // Others run on the same processors meanwhile.
        let tries = if luck { 10 } else { 1 };
        assert!(
            (0..tries).any(|_| refused()),
            "a store with the defect {defect:?} passed {case}, which has to refuse it"
        );
        return;
    };
    let runs = runs.parse().unwrap();
    let survived = (0..runs).filter(|_| !refused()).count();
    println!("| {defect:?} | {case} | survives {survived} of {runs} |");
    assert!(
        survived * 100 <= SURVIVALS * runs,
        "a store with the defect {defect:?} passed {case} in {survived} of {runs} runs"
    );
}

/// Makes one test per line: the defect, and the case that refuses it. As in the suite, a race runs on one server and on
/// two; one of them must refuse the defect.
macro_rules! mutants {
    ($($name:ident: $defect:expr => $kind:ident $case:ident;)+) => {$(
        #[test]
        fn $name() {
            assert_refused($defect, stringify!($case), || mutants!(@run $kind $case, $defect));
        }
    )+};
    (@run case $case:ident, $defect:expr) => {{
        let [one, _] = two_stores(Some($defect));
        refuses(async || conformance::$case(&one).await)
    }};
    (@run race $case:ident, $defect:expr) => {{
        let run = |servers: Vec<Stores>| refuses(async move || conformance::$case(&servers).await);
        let [one, _] = two_stores(Some($defect));
        run(vec![one]) || run(two_stores(Some($defect)).into())
    }};
}

mutants! {
    // Checks, lets others in, then writes.
    slug_unlocked: Unlocked(InsertAccount) => race account_slugs_are_contested;
    slug_unlocked_without_await: UnlockedWithoutAwait(InsertAccount) => race account_slugs_are_contested;
    first_key_unlocked: Unlocked(InsertFirstKey) => race first_api_keys_are_contested;
    first_key_unlocked_without_await: UnlockedWithoutAwait(InsertFirstKey) => race first_api_keys_are_contested;
    key_unlocked: Unlocked(UpdateKey) => race api_key_versions_are_contested;
    key_unlocked_without_await: UnlockedWithoutAwait(UpdateKey) => race api_key_versions_are_contested;
    rotation_unlocked: Unlocked(RotateKey) => race api_key_versions_are_contested;
    rotation_unlocked_without_await: UnlockedWithoutAwait(RotateKey) => race api_key_versions_are_contested;
    use_unlocked: Unlocked(RecordUse) => race last_uses_are_contested;
    use_unlocked_without_await: UnlockedWithoutAwait(RecordUse) => race last_uses_are_contested;
    email_unlocked: Unlocked(InsertCustomer) => race customer_emails_are_contested;
    email_unlocked_without_await: UnlockedWithoutAwait(InsertCustomer) => race customer_emails_are_contested;
    email_of_update_unlocked: Unlocked(UpdateCustomer) => race customer_emails_are_contested;
    email_of_update_unlocked_without_await: UnlockedWithoutAwait(UpdateCustomer) => race customer_emails_are_contested;
    customer_unlocked: Unlocked(UpdateCustomer) => race customer_versions_are_contested;
    customer_unlocked_without_await: UnlockedWithoutAwait(UpdateCustomer) => race customer_versions_are_contested;
    booking_unlocked: Unlocked(Book) => race slots_are_contested;
    booking_unlocked_without_await: UnlockedWithoutAwait(Book) => race slots_are_contested;
    move_unlocked: Unlocked(UpdateAppointment) => race slots_are_contested;
    move_unlocked_without_await: UnlockedWithoutAwait(UpdateAppointment) => race slots_are_contested;
    appointment_unlocked: Unlocked(UpdateAppointment) => race appointment_versions_are_contested;
    appointment_unlocked_without_await: UnlockedWithoutAwait(UpdateAppointment) => race appointment_versions_are_contested;
    resource_unlocked: Unlocked(UpdateResource) => race resource_versions_are_contested;
    resource_unlocked_without_await: UnlockedWithoutAwait(UpdateResource) => race resource_versions_are_contested;
    service_unlocked: Unlocked(UpdateService) => race service_versions_are_contested;
    service_unlocked_without_await: UnlockedWithoutAwait(UpdateService) => race service_versions_are_contested;
    schedule_unlocked: Unlocked(ReplaceSchedule) => race schedule_versions_are_contested;
    schedule_unlocked_without_await: UnlockedWithoutAwait(ReplaceSchedule) => race schedule_versions_are_contested;
    event_unlocked: Unlocked(UpdateEvent) => race event_versions_are_contested;
    event_unlocked_without_await: UnlockedWithoutAwait(UpdateEvent) => race event_versions_are_contested;
    registration_unlocked: Unlocked(Register) => race places_are_contested;
    registration_unlocked_without_await: UnlockedWithoutAwait(Register) => race places_are_contested;
    unregistration_unlocked: Unlocked(Unregister) => race freed_places_are_contested;
    unregistration_unlocked_without_await: UnlockedWithoutAwait(Unregister) => race freed_places_are_contested;
    request_unlocked: Unlocked(InsertCustomer) => race requests_are_contested;
    request_unlocked_without_await: UnlockedWithoutAwait(InsertCustomer) => race requests_are_contested;

    // Replaces a row with the same id.
    account_overwritten: Overwrites(InsertAccount) => case an_insert_replaces_nothing;
    key_overwritten: Overwrites(InsertKey) => case an_insert_replaces_nothing;
    user_overwritten: Overwrites(InsertUser) => case an_insert_replaces_nothing;
    session_overwritten: Overwrites(InsertSession) => case an_insert_replaces_nothing;
    successor_overwritten: Overwrites(RotateKey) => case api_key_is_rotated_whole;
    customer_overwritten: Overwrites(InsertCustomer) => case an_insert_replaces_nothing;
    appointment_overwritten: Overwrites(Book) => case an_insert_replaces_nothing;
    resource_overwritten: Overwrites(InsertResource) => case an_insert_replaces_nothing;
    service_overwritten: Overwrites(InsertService) => case an_insert_replaces_nothing;
    event_overwritten: Overwrites(InsertEvent) => case an_insert_replaces_nothing;
    registration_overwritten: Overwrites(Register) => case an_insert_replaces_nothing;

    // Ignores the version, or reports it last.
    key_version_ignored: IgnoresVersion(UpdateKey) => case api_key_is_updated_from_the_version_before_only;
    rotation_version_ignored: IgnoresVersion(RotateKey) => case api_key_is_updated_from_the_version_before_only;
    customer_version_ignored: IgnoresVersion(UpdateCustomer) => case customer_is_updated_from_the_version_before_only;
    appointment_version_ignored: IgnoresVersion(UpdateAppointment) => case appointment_is_updated_from_the_version_before_only;
    resource_version_ignored: IgnoresVersion(UpdateResource) => case resource_is_updated_from_the_version_before_only;
    service_version_ignored: IgnoresVersion(UpdateService) => case service_is_updated_from_the_version_before_only;
    schedule_version_ignored: IgnoresVersion(ReplaceSchedule) => case schedule_is_replaced_from_the_version_before_only;
    event_version_ignored: IgnoresVersion(UpdateEvent) => case event_is_updated_from_the_version_before_only;
    stale_customer_told_last: StaleLast(UpdateCustomer) => case a_stale_customer_is_told_first;
    stale_appointment_told_last: StaleLast(UpdateAppointment) => case a_stale_appointment_is_told_first;

    // Lists.
    customers_unsorted: Unsorted(Customers) => case customer_pages_are_stable_under_inserts;
    appointments_unsorted: Unsorted(Appointments) => case appointment_pages_are_stable_under_inserts;
    events_unsorted: Unsorted(Events) => case events_are_listed_by_start_and_filtered;
    registrations_unsorted: Unsorted(Registrations) => case registration_pages_are_stable_under_inserts;
    customers_begin_anew: IgnoresCursor(Customers) => case customer_pages_are_stable_under_inserts;
    appointments_begin_anew: IgnoresCursor(Appointments) => case appointment_pages_are_stable_under_inserts;
    events_begin_anew: IgnoresCursor(Events) => case event_pages_are_stable_under_inserts;
    registrations_begin_anew: IgnoresCursor(Registrations) => case registration_pages_are_stable_under_inserts;
    customers_unlimited: IgnoresLimit(Customers) => case customer_pages_are_stable_under_inserts;
    appointments_unlimited: IgnoresLimit(Appointments) => case appointment_pages_are_stable_under_inserts;
    events_unlimited: IgnoresLimit(Events) => case event_pages_are_stable_under_inserts;
    registrations_unlimited: IgnoresLimit(Registrations) => case registration_pages_are_stable_under_inserts;
    customers_end_early: EndsEarly(Customers) => case customer_pages_are_stable_under_inserts;
    appointments_end_early: EndsEarly(Appointments) => case appointment_pages_are_stable_under_inserts;
    events_end_early: EndsEarly(Events) => case event_pages_are_stable_under_inserts;
    registrations_end_early: EndsEarly(Registrations) => case registration_pages_are_stable_under_inserts;
    customers_go_on: AlwaysGoesOn(Customers) => case customers_of_accounts_are_apart;
    appointments_go_on: AlwaysGoesOn(Appointments) => case appointment_pages_are_stable_under_inserts;
    events_go_on: AlwaysGoesOn(Events) => case event_pages_are_stable_under_inserts;
    registrations_go_on: AlwaysGoesOn(Registrations) => case registration_round_trips;
    registrations_of_a_customer_go_on: AlwaysGoesOn(RegistrationsOfCustomer) => case registrations_of_a_customer_are_listed;
    customers_leak: Leaks(Customers) => case customers_of_accounts_are_apart;
    appointments_leak: Leaks(Appointments) => case appointments_of_accounts_are_apart;
    events_leak: Leaks(Events) => case events_of_accounts_are_apart;
    registrations_leak: Leaks(Registrations) => case registrations_of_accounts_are_apart;

    places_of_customer_unsorted: Unsorted(RegistrationsOfCustomer) => case registrations_of_a_customer_are_listed;
    places_of_customer_begin_anew: IgnoresCursor(RegistrationsOfCustomer) => case registrations_of_a_customer_are_listed;
    places_of_customer_unlimited: IgnoresLimit(RegistrationsOfCustomer) => case registrations_of_a_customer_are_listed;
    places_of_customer_end_early: EndsEarly(RegistrationsOfCustomer) => case registrations_of_a_customer_are_listed;
    places_of_customer_leak: Leaks(RegistrationsOfCustomer) => case registrations_of_a_customer_are_listed;
    customers_since_ignored: IgnoresSince(Customers) => case customers_are_filtered;
    appointments_since_ignored: IgnoresSince(Appointments) => case appointments_are_filtered;
    resources_unsorted: Unsorted(Resources) => case resource_pages_are_stable_under_inserts;
    keys_unsorted: Unsorted(Keys) => case api_key_pages_are_stable_under_inserts;
    services_unsorted: Unsorted(Services) => case service_pages_are_stable_under_inserts;
    resources_begin_anew: IgnoresCursor(Resources) => case resource_pages_are_stable_under_inserts;
    keys_begin_anew: IgnoresCursor(Keys) => case api_key_pages_are_stable_under_inserts;
    services_begin_anew: IgnoresCursor(Services) => case service_pages_are_stable_under_inserts;
    resources_unlimited: IgnoresLimit(Resources) => case resource_pages_are_stable_under_inserts;
    keys_unlimited: IgnoresLimit(Keys) => case api_key_pages_are_stable_under_inserts;
    services_unlimited: IgnoresLimit(Services) => case service_pages_are_stable_under_inserts;
    resources_end_early: EndsEarly(Resources) => case resource_pages_are_stable_under_inserts;
    keys_end_early: EndsEarly(Keys) => case api_key_pages_are_stable_under_inserts;
    services_end_early: EndsEarly(Services) => case service_pages_are_stable_under_inserts;
    resources_go_on: AlwaysGoesOn(Resources) => case resources_of_accounts_are_apart;
    keys_go_on: AlwaysGoesOn(Keys) => case api_key_pages_are_stable_under_inserts;
    services_go_on: AlwaysGoesOn(Services) => case services_of_accounts_are_apart;
    resources_leak: Leaks(Resources) => case resources_of_accounts_are_apart;
    keys_leak: Leaks(Keys) => case api_key_pages_are_stable_under_inserts;
    services_leak: Leaks(Services) => case services_of_accounts_are_apart;
    active_resources_ignored: IgnoresActive(Resources) => case resources_are_filtered;
    active_services_ignored: IgnoresActive(Services) => case services_are_filtered;

    // Health and changes.
    never_healthy: Unhealthy => case a_working_store_is_healthy;
    mark_constant: ConstantMark => race the_mark_moves_with_every_write;
    mark_of_own_writes: MarkOfOwnWrites => race the_mark_moves_with_every_write;
    account_unmarked: Unmarked(InsertAccount) => race the_mark_moves_with_every_write;
    rename_unmarked: Unmarked(RenameAccount) => race the_mark_moves_with_every_write;
    key_unmarked: Unmarked(InsertKey) => race the_mark_moves_with_every_write;
    first_key_unmarked: Unmarked(InsertFirstKey) => race the_mark_moves_with_every_write;
    user_unmarked: Unmarked(InsertUser) => race the_mark_moves_with_every_write;
    user_update_unmarked: Unmarked(UpdateUser) => race the_mark_moves_with_every_write;
    session_unmarked: Unmarked(InsertSession) => race the_mark_moves_with_every_write;
    session_use_unmarked: Unmarked(UseSession) => race the_mark_moves_with_every_write;
    session_end_unmarked: Unmarked(EndSession) => race the_mark_moves_with_every_write;
    session_sweep_unmarked: Unmarked(SweepSessions) => race the_mark_moves_with_every_write;
    link_unmarked: Unmarked(InsertLink) => race the_mark_moves_with_every_write;
    follow_unmarked: Unmarked(Follow) => race the_mark_moves_with_every_write;
    link_end_unmarked: Unmarked(EndLinks) => race the_mark_moves_with_every_write;
    link_sweep_unmarked: Unmarked(SweepLinks) => race the_mark_moves_with_every_write;
    key_update_unmarked: Unmarked(UpdateKey) => race the_mark_moves_with_every_write;
    rotation_unmarked: Unmarked(RotateKey) => race the_mark_moves_with_every_write;
    use_unmarked: Unmarked(RecordUse) => race the_mark_moves_with_every_write;
    customer_unmarked: Unmarked(InsertCustomer) => race the_mark_moves_with_every_write;
    customer_update_unmarked: Unmarked(UpdateCustomer) => race the_mark_moves_with_every_write;
    booking_unmarked: Unmarked(Book) => race the_mark_moves_with_every_write;
    move_unmarked: Unmarked(UpdateAppointment) => race the_mark_moves_with_every_write;
    resource_unmarked: Unmarked(InsertResource) => race the_mark_moves_with_every_write;
    resource_update_unmarked: Unmarked(UpdateResource) => race the_mark_moves_with_every_write;
    service_unmarked: Unmarked(InsertService) => race the_mark_moves_with_every_write;
    service_update_unmarked: Unmarked(UpdateService) => race the_mark_moves_with_every_write;
    schedule_unmarked: Unmarked(ReplaceSchedule) => race the_mark_moves_with_every_write;
    event_unmarked: Unmarked(InsertEvent) => race the_mark_moves_with_every_write;
    event_update_unmarked: Unmarked(UpdateEvent) => race the_mark_moves_with_every_write;
    registration_unmarked: Unmarked(Register) => race the_mark_moves_with_every_write;
    unregistration_unmarked: Unmarked(Unregister) => race the_mark_moves_with_every_write;
    record_unmarked: Unmarked(WriteRecord) => race the_mark_moves_with_every_write;
    sweep_unmarked: Unmarked(Sweep) => race the_mark_moves_with_every_write;

    // Accounts and keys.
    accounts_by_id: AccountsById => case accounts_are_listed_by_creation;
    accounts_by_creation_only: AccountsByCreationOnly => case accounts_are_listed_by_creation;
    rename_of_all: RenamesAll => case account_is_renamed_alone;
    rename_unrecorded: Unrecorded(RenameAccount) => case account_is_renamed_alone;
    keys_by_id: KeysById => case api_keys_are_listed_by_creation;
    keys_by_creation_only: KeysByCreationOnly => case api_keys_are_listed_by_creation;
    keys_of_all: KeysOfAll => case api_keys_of_accounts_are_apart;
    key_of_unknown_account: UnknownAccounts => case api_keys_of_accounts_are_apart;
    last_use_moves_back: LastUseMovesBack => case api_key_last_use_never_moves_back;
    use_of_any_account: UseOfAnyAccount => case api_keys_of_accounts_are_apart;
    revoked_is_gone: RevokedIsGone => case api_key_stays_revoked;
    update_of_last_use: UpdatesLastUse => case api_key_is_updated_from_the_version_before_only;
    updates_revoked: UpdatesRevoked => case api_key_stays_revoked;
    key_found_anywhere: KeyFoundAnywhere => case api_keys_of_accounts_are_apart;
    rotates_half: RotatesHalf => case api_key_is_rotated_whole;

    // Users, sessions and links.
    user_unlocked: Unlocked(UpdateUser) => race user_versions_are_contested;
    user_unlocked_without_await: UnlockedWithoutAwait(UpdateUser) => race user_versions_are_contested;
    owner_unlocked: Unlocked(UpdateUser) => race last_owners_are_contested;
    owner_unlocked_without_await: UnlockedWithoutAwait(UpdateUser) => race last_owners_are_contested;
    user_email_unlocked: Unlocked(InsertUser) => race user_emails_are_contested;
    user_email_unlocked_without_await: UnlockedWithoutAwait(InsertUser) => race user_emails_are_contested;
    link_unlocked: Unlocked(Follow) => race links_are_contested;
    link_unlocked_without_await: UnlockedWithoutAwait(Follow) => race links_are_contested;
    user_version_ignored: IgnoresVersion(UpdateUser) => case user_is_updated_from_the_version_before_only;
    follow_version_ignored: IgnoresVersion(Follow) => case a_link_chooses_a_password_once;
    user_email_with_case: UserEmailWithCase => case user_email_is_unique_without_case;
    user_email_of_any_account: UserEmailOfAnyAccount => case user_email_is_unique_without_case;
    one_user_of_address: OneUserOfAddress => case user_email_is_unique_without_case;
    users_by_id: UsersById => case users_are_listed_by_creation;
    updates_email: UpdatesEmail => case user_round_trips;
    user_of_unknown_account: UnknownAccounts => case users_of_accounts_are_apart;
    last_owner_goes: LastOwnerGoes => case the_last_owner_stays;
    invited_owner_counts: InvitedOwnerCounts => case the_last_owner_stays;
    disabled_owner_counts: DisabledOwnerCounts => case the_last_owner_stays;
    staff_counts: StaffCounts => case the_last_owner_stays;
    sessions_of_all: SessionsOfAll => case sessions_are_listed_and_ended;
    sessions_by_id: SessionsById => case sessions_are_listed_and_ended;
    ends_of_any_user: EndsOfAnyUser => case sessions_are_listed_and_ended;
    ends_all: EndsAll => case sessions_are_listed_and_ended;
    session_moves_back: SessionMovesBack => case session_use_never_moves_back;
    sweeps_sessions: SweepsSessions => case sessions_are_swept;
    follows_expired: FollowsExpired => case a_link_sets_an_account_up_once;
    sets_up_again: SetsUpAgain => case a_link_sets_an_account_up_once;
    other_links_stay: OtherLinksStay => case a_link_chooses_a_password_once;
    sessions_outlive_password: SessionsOutlivePassword => case a_link_chooses_a_password_once;
    ends_all_links: EndsAllLinks => case links_of_a_user_end;
    sweeps_links: SweepsLinks => case links_are_swept;

    // Customers.
    email_with_case: EmailWithCase => case customer_email_is_unique_without_case;
    email_of_any_account: EmailOfAnyAccount => case customer_email_is_unique_without_case;
    email_of_itself: EmailOfItself => case customer_can_not_take_a_taken_email;
    customer_found_anywhere: CustomerFoundAnywhere => case customers_of_accounts_are_apart;
    email_found_anywhere: EmailFoundAnywhere => case customers_of_accounts_are_apart;
    customer_of_unknown_account: UnknownAccounts => case customers_of_accounts_are_apart;
    email_ignored: IgnoresEmail => case customers_are_filtered;
    ignores_search: IgnoresSearch => case customers_are_searched;
    searches_names: SearchesNames => case customers_are_searched;
    searches_with_case: SearchesWithCase => case customers_are_searched;
    searches_phones_as_written: SearchesPhonesAsWritten => case customers_are_searched;
    searches_any_word: SearchesAnyWord => case customers_are_searched;
    phone_forgotten: ForgetsPhone => case customer_round_trips;
    phone_too_long: ShortPhones => case every_edit_of_a_customer_is_kept;

    // Resources, services and schedules.
    kind_ignored: IgnoresKind => case resources_are_filtered;
    resources_found_anywhere: ResourcesFoundAnywhere => case resources_of_accounts_are_apart;
    resource_of_unknown_account: UnknownAccounts => case resources_of_accounts_are_apart;
    closed_week_forgotten: ForgetsClosedWeeks => case resource_round_trips;
    closed_week_of_edit_forgotten: ForgetsClosedWeeks => case every_edit_of_a_resource_is_kept;
    closed_week_of_schedule_forgotten: ForgetsClosedWeeks => case schedule_round_trips;
    closed_week_of_any_schedule_forgotten: ForgetsClosedWeeks => case every_schedule_is_kept;
    service_of_unknown_account: UnknownAccounts => case services_of_accounts_are_apart;
    all_counted: CountsAll => case service_round_trips;
    count_of_edit_fixed: CountsAll => case every_edit_of_a_service_is_kept;
    schedule_starts_anywhere: ScheduleStartsAnywhere => case schedule_is_replaced_from_the_version_before_only;
    schedule_of_unknown_account: UnknownAccounts => case schedules_of_accounts_are_apart;
    customer_served_anywhere: CustomerServedAnywhere => case schedules_of_accounts_are_apart;
    no_schedule_for_strangers: NoScheduleForStrangers => case schedule_comes_with_the_customer;

    // Appointments.
    cancelled_occupies: CancelledOccupies => case appointment_frees_its_slot_when_cancelled;
    cancelled_occupies_against_its_status: CancelledOccupies => case appointment_occupies_as_its_status_says;
    moves_unguarded_by_status: MovesUnguarded => case appointment_occupies_as_its_status_says;
    conflicts_with_itself: ConflictsWithItself => case appointment_never_conflicts_with_itself;
    touching_overlaps: TouchingOverlaps => case appointments_touch_but_do_not_overlap;
    last_minute_shared: LastMinuteShared => case appointments_touch_but_do_not_overlap;
    only_same_start: OnlySameStart => case appointments_touch_but_do_not_overlap;
    moves_unguarded: MovesUnguarded => case appointment_is_not_moved_onto_another;
    customer_as_booked: CustomerAsBooked => case appointment_shows_the_customer_as_it_is_now;
    unknown_customers: UnknownCustomers => case appointments_of_accounts_are_apart;
    from_ignored: IgnoresFrom => case appointments_are_filtered;
    before_included: BeforeIncluded => case appointments_are_filtered;
    status_ignored: IgnoresStatus => case appointments_are_filtered;
    customer_ignored: IgnoresCustomer => case appointments_are_filtered;
    slot_too_long: ShortDays => case every_edit_of_an_appointment_is_kept;

    // What takes resources.
    only_first_guarded: OnlyFirstGuarded => case a_booking_takes_all_resources_or_none;
    only_first_guarded_in_races: OnlyFirstGuarded => race pairs_of_resources_race_to_one_winner;
    only_first_guarded_in_moves: OnlyFirstGuarded => case a_move_takes_all_resources_along;
    unknown_resources: UnknownResources => case occupancies_of_accounts_are_apart;
    hold_of_unknown_account: UnknownAccounts => case occupancies_of_accounts_are_apart;
    buffer_before_ignored: IgnoresBufferBefore => case buffers_are_kept_free;
    buffer_after_ignored: IgnoresBufferAfter => case buffers_are_kept_free;
    own_schedule_is_all: OwnScheduleIsAll => case every_kind_conflicts_with_every_kind;
    cancelled_keeps_legs: CancelKeepsLegs => case statuses_keep_or_free_all_resources;
    completed_frees_legs: CompletedFreesLegs => case statuses_keep_or_free_all_resources;
    order_forgotten: ForgetsOrder => case bookings_with_resources_round_trip;
    order_of_hold_forgotten: ForgetsOrder => case hold_round_trips;
    service_forgotten: ForgetsService => case bookings_with_resources_round_trip;
    service_of_hold_forgotten: ForgetsService => case hold_round_trips;
    legs_stay_on_move: MovesFirstOnly => case a_move_takes_all_resources_along;
    moves_unguarded_of_several: MovesUnguarded => case a_move_takes_all_resources_along;
    conflicts_with_own_leg: ConflictsWithItself => case a_move_takes_all_resources_along;
    expired_legs_are_busy: ExpiredLegsAreBusy => case random_worlds_are_as_busy_as_the_model;
    expired_is_busy: ExpiredIsBusy => case random_worlds_are_as_busy_as_the_model;
    busy_misses_legs: BusyMissesLegs => case random_worlds_are_as_busy_as_the_model;
    busy_misses_legs_of_booking: BusyMissesLegs => case a_booking_takes_all_resources_or_none;
    busy_misses_old_blocks: BusyMissesOldBlocks => case random_worlds_are_as_busy_as_the_model;
    old_blocks_unguarded: OldBlocksUnguarded => case blocks_of_weeks_occupy_their_middle;
    busy_unsorted: BusyUnsorted => case random_worlds_are_as_busy_as_the_model;
    first_made_in_the_way: FirstMadeIsInTheWay => case random_worlds_are_as_busy_as_the_model;
    legs_are_appointments: LegsAreAppointments => case random_worlds_are_as_busy_as_the_model;
    busy_of_all: BusyOfAll => case occupancies_of_accounts_are_apart;
    holds_counted: CountsHolds => case confirmed_appointments_are_counted;
    completed_counted: CountsCompleted => case confirmed_appointments_are_counted;
    first_only_counted: CountsFirstOnly => case confirmed_appointments_are_counted;
    counted_by_start: CountsByStart => case confirmed_appointments_are_counted;
    booking_unlocked_for_one: Unlocked(Book) => race interchangeable_resources_are_all_taken;
    booking_unlocked_for_pairs: Unlocked(Book) => race all_kinds_are_contested;
    hold_unlocked: Unlocked(Hold) => race all_kinds_are_contested;
    hold_unlocked_without_await: UnlockedWithoutAwait(Hold) => race all_kinds_are_contested;
    block_unlocked: Unlocked(Block) => race all_kinds_are_contested;
    block_unlocked_without_await: UnlockedWithoutAwait(Block) => race all_kinds_are_contested;
    confirmation_unlocked: Unlocked(Confirm) => race confirmations_are_contested;
    confirmation_unlocked_without_await: UnlockedWithoutAwait(Confirm) => race confirmations_are_contested;
    hold_removal_unlocked: Unlocked(RemoveHold) => race confirmations_are_contested;
    release_unlocked: Unlocked(Release) => race confirmations_are_contested;
    release_unlocked_without_await: UnlockedWithoutAwait(Release) => race confirmations_are_contested;

    // Holds and blocks.
    holds_dont_occupy: HoldsDontOccupy => case every_kind_conflicts_with_every_kind;
    released_occupies: ReleasedOccupies => case holds_are_released_when_due;
    blocks_dont_occupy: BlocksDontOccupy => case every_kind_conflicts_with_every_kind;
    confirms_released: ConfirmsReleased => case holds_are_released_when_due;
    hold_version_ignored: IgnoresVersion(Confirm) => case a_hold_is_confirmed_once;
    confirmed_stays_hold: ConfirmKeepsHold => case a_hold_is_confirmed_once;
    confirmation_frees_slot: ConfirmFreesSlot => race held_slots_are_contested;
    update_confirms: UpdateConfirms => case kinds_are_apart;
    expired_early: ExpiredEarly => case holds_are_released_when_due;
    expired_late: ExpiredLate => case holds_are_released_when_due;
    expired_of_all: ExpiredOfAll => case holds_are_released_when_due;
    expired_without_limit: ExpiredWithoutLimit => case holds_are_released_when_due;
    expired_again: ExpiredAgain => case holds_are_released_when_due;
    released_again: ReleasesAgain => case holds_are_released_when_due;
    released_anywhere: ReleasesAnywhere => case holds_are_released_when_due;
    released_from_any_version: IgnoresVersion(Release) => case holds_are_released_when_due;
    released_stays: ReleasesNothing => case holds_are_released_when_due;
    kept_forgotten: ForgetsKept => case holds_are_removed_and_forgotten;
    forgotten_early: ForgetsEarly => case holds_are_removed_and_forgotten;
    forgotten_without_limit: ForgetsWithoutLimit => case holds_are_removed_and_forgotten;
    holds_found_anywhere: HoldsFoundAnywhere => case occupancies_of_accounts_are_apart;
    expired_listed: ListsExpired => case holds_are_released_when_due;
    removed_hold_stays: RemovesNothing => case holds_are_removed_and_forgotten;
    removed_block_stays: RemovesNothing => case block_round_trips;
    removed_anywhere: RemovesAnywhere => case occupancies_of_accounts_are_apart;
    block_from_ignored: IgnoresBlockFrom => case blocks_are_filtered;
    block_before_ignored: IgnoresBlockBefore => case blocks_are_filtered;
    block_resource_ignored: IgnoresBlockResource => case blocks_are_filtered;
    reason_forgotten: ForgetsReason => case block_round_trips;
    hold_overwritten: Overwrites(Hold) => case an_insert_replaces_nothing;
    block_overwritten: Overwrites(Block) => case an_insert_replaces_nothing;
    holds_unsorted: Unsorted(Holds) => case hold_pages_are_stable_under_inserts;
    holds_begin_anew: IgnoresCursor(Holds) => case hold_pages_are_stable_under_inserts;
    holds_unlimited: IgnoresLimit(Holds) => case hold_pages_are_stable_under_inserts;
    holds_end_early: EndsEarly(Holds) => case hold_pages_are_stable_under_inserts;
    holds_go_on: AlwaysGoesOn(Holds) => case hold_pages_are_stable_under_inserts;
    holds_leak: Leaks(Holds) => case occupancies_of_accounts_are_apart;
    blocks_unsorted: Unsorted(Blocks) => case block_pages_are_stable_under_inserts;
    blocks_begin_anew: IgnoresCursor(Blocks) => case block_pages_are_stable_under_inserts;
    blocks_unlimited: IgnoresLimit(Blocks) => case block_pages_are_stable_under_inserts;
    blocks_end_early: EndsEarly(Blocks) => case block_pages_are_stable_under_inserts;
    blocks_go_on: AlwaysGoesOn(Blocks) => case block_pages_are_stable_under_inserts;
    blocks_leak: Leaks(Blocks) => case occupancies_of_accounts_are_apart;

    // Customers that come with a booking.
    customer_anyway: CustomerAnyway => case a_customer_is_written_with_its_booking;
    customer_forgotten: CustomerForgotten => case a_customer_is_written_with_its_booking;
    stale_customer_books: StaleCustomerBooks => case a_customer_is_written_with_its_booking;
    taken_address_books: TakenAddressBooks => case a_customer_is_written_with_its_booking;

    // Commits and marks of holds and blocks.
    unrecorded_hold: Unrecorded(Hold) => case a_repeated_request_writes_nothing;
    repeated_hold: Repeats(Hold) => case a_repeated_request_writes_nothing;
    unrecorded_confirmation: Unrecorded(Confirm) => case a_repeated_request_writes_nothing;
    repeated_confirmation: Repeats(Confirm) => case a_repeated_request_writes_nothing;
    unrecorded_hold_removal: Unrecorded(RemoveHold) => case a_repeated_request_writes_nothing;
    repeated_hold_removal: Repeats(RemoveHold) => case a_repeated_request_writes_nothing;
    unrecorded_block: Unrecorded(Block) => case a_repeated_request_writes_nothing;
    repeated_block: Repeats(Block) => case a_repeated_request_writes_nothing;
    unrecorded_block_removal: Unrecorded(RemoveBlock) => case a_repeated_request_writes_nothing;
    repeated_block_removal: Repeats(RemoveBlock) => case a_repeated_request_writes_nothing;
    hold_unmarked: Unmarked(Hold) => race the_mark_moves_with_every_write;
    confirmation_unmarked: Unmarked(Confirm) => race the_mark_moves_with_every_write;
    hold_removal_unmarked: Unmarked(RemoveHold) => race the_mark_moves_with_every_write;
    block_unmarked: Unmarked(Block) => race the_mark_moves_with_every_write;
    block_removal_unmarked: Unmarked(RemoveBlock) => race the_mark_moves_with_every_write;
    release_unmarked: Unmarked(Release) => race the_mark_moves_with_every_write;
    forgetting_unmarked: Unmarked(Forget) => race the_mark_moves_with_every_write;

    // Events and registrations.
    event_from_ignored: IgnoresEventFrom => case events_are_listed_by_start_and_filtered;
    event_before_ignored: IgnoresEventBefore => case events_are_listed_by_start_and_filtered;
    event_status_ignored: IgnoresEventStatus => case events_are_listed_by_start_and_filtered;
    event_of_unknown_account: UnknownAccounts => case events_of_accounts_are_apart;
    never_completed: NeverCompleted => case every_edit_of_an_event_is_kept;
    too_dear: Cheap => case every_edit_of_an_event_is_kept;
    uncounted: Uncounted => case registration_round_trips;
    not_counted_off: NotCountedOff => race registration_is_freed_once;
    version_stays_on_register: VersionStaysOnRegister => case registration_moves_the_version_on;
    version_stays_on_unregister: VersionStaysOnUnregister => case registration_moves_the_version_on;
    overfull: Overfull => case registration_refusals_come_in_order;
    ended_events_admit: EndedEventsAdmit => case registration_refusals_come_in_order;
    ended_events_admit_against_their_status: EndedEventsAdmit => case event_takes_registrations_as_its_status_says;
    two_places: TwoPlaces => case registration_refusals_come_in_order;
    full_before_registered: FullBeforeRegistered => case registration_refusals_come_in_order;
    full_before_ended: FullBeforeEnded => case registration_refusals_come_in_order;
    place_of_unknown_customer: UnknownCustomers => case registrations_of_accounts_are_apart;
    unregistered_stale: UnregistersStale => case registrations_of_accounts_are_apart;
    unregistered_twice: UnregistersTwice => race registration_is_freed_once;
    freed_place_counts: FreedPlacesCount => case registration_takes_a_place_as_its_status_says;
    status_uncounted: StatusUncounted => case registration_takes_a_place_as_its_status_says;
    place_version_ignored: IgnoresVersion(UpdateRegistration) => case registration_is_updated_from_the_version_before_only;
    payment_unlocked: Unlocked(RecordPayment) => race bills_are_contested;
    payment_unlocked_without_await: UnlockedWithoutAwait(RecordPayment) => race bills_are_contested;
    notice_unlocked: Unlocked(RecordPayment) => race notices_race_to_one_payment;
    deposit_unlocked: Unlocked(RecordPayment) => race halves_of_a_deposit_race_to_one_bill;
    refund_unlocked: Unlocked(RecordPayment) => race refunds_race_for_one_payment;
    late_payment_unlocked: Unlocked(RecordPayment) => race late_payments_race_for_one_slot;
    payment_overwritten: Overwrites(RecordPayment) => case an_insert_replaces_nothing;
    payment_version_ignored: IgnoresVersion(RecordPayment) => case payments_are_there_once;
    paid_twice: PaidTwice => case payments_are_there_once;
    refunds_too_much: RefundsTooMuch => case no_payment_is_given_back_twice;
    reports_too_much: ReportsTooMuch => case no_payment_is_given_back_twice;
    unknown_target: UnknownTargets => case payments_of_accounts_are_apart;
    first_entry_only: FirstEntryOnly => case payments_and_bills_are_written_together;
    bill_forgotten: BillForgotten => case payments_and_bills_are_written_together;
    comes_back_unguarded: ComesBackUnguarded => case what_expired_comes_back_if_there_is_room;
    payment_found_anywhere: PaymentFoundAnywhere => case payments_of_accounts_are_apart;
    kind_of_payment_ignored: IgnoresKindOfPayment => case payments_are_there_once;
    provider_ignored: IgnoresProvider => case payments_are_there_once;
    joined_refunds_missing: JoinedRefundsMissing => case payments_and_bills_are_written_together;
    target_ignored: IgnoresTarget => case payments_are_filtered;
    payment_status_ignored: IgnoresPaymentStatus => case payments_are_filtered;
    attention_ignored: IgnoresAttention => case payments_are_filtered;
    payment_from_ignored: IgnoresPaymentFrom => case payments_are_filtered;
    payment_before_ignored: IgnoresPaymentBefore => case payments_are_filtered;
    payments_unsorted: Unsorted(Payments) => case payment_pages_are_stable_under_inserts;
    payments_without_cursor: IgnoresCursor(Payments) => case payment_pages_are_stable_under_inserts;
    payments_without_limit: IgnoresLimit(Payments) => case payment_pages_are_stable_under_inserts;
    payments_end_early: EndsEarly(Payments) => case payment_pages_are_stable_under_inserts;
    payments_go_on: AlwaysGoesOn(Payments) => case payment_pages_are_stable_under_inserts;
    payments_leak: Leaks(Payments) => case payments_of_accounts_are_apart;
    source_unlocked: Unlocked(UpdateSource) => race payment_source_updates_race_to_one_winner;
    source_version_ignored: IgnoresVersion(UpdateSource) => case payment_source_is_updated_from_the_version_before_only;
    source_overwritten: Overwrites(InsertSource) => case an_insert_replaces_nothing;
    source_repeated: Repeats(InsertSource) => case a_repeated_request_writes_nothing;
    source_update_repeated: Repeats(UpdateSource) => case a_repeated_request_writes_nothing;
    source_removal_repeated: Repeats(RemoveSource) => case a_repeated_request_writes_nothing;
    source_unmarked: Unmarked(InsertSource) => race the_mark_moves_with_every_write;
    source_update_unmarked: Unmarked(UpdateSource) => race the_mark_moves_with_every_write;
    source_removal_unmarked: Unmarked(RemoveSource) => race the_mark_moves_with_every_write;
    notice_sweep_unmarked: Unmarked(SweepNotices) => race the_mark_moves_with_every_write;
    tokens_shared: SharedTokens => case payment_sources_of_accounts_are_apart;
    source_found_anywhere: SourceFoundAnywhere => case payment_sources_of_accounts_are_apart;
    source_removed_anywhere: SourceRemovedAnywhere => case payment_sources_of_accounts_are_apart;
    source_of_unknown_account: UnknownAccounts => case payment_sources_of_accounts_are_apart;
    sources_leak: Leaks(Sources) => case payment_sources_of_accounts_are_apart;
    sources_unsorted: Unsorted(Sources) => case payment_source_pages_are_stable_under_inserts;
    sources_without_cursor: IgnoresCursor(Sources) => case payment_source_pages_are_stable_under_inserts;
    sources_without_limit: IgnoresLimit(Sources) => case payment_source_pages_are_stable_under_inserts;
    sources_end_early: EndsEarly(Sources) => case payment_source_pages_are_stable_under_inserts;
    sources_go_on: AlwaysGoesOn(Sources) => case payment_source_pages_are_stable_under_inserts;
    previous_notice_secret_forgotten: ForgetsPreviousNoticeSecret => case payment_source_is_updated_from_the_version_before_only;
    notices_go_with_source: NoticesGoWithSource => case a_removed_payment_source_leaves_its_notices;
    unnoticed: Unnoticed => case payment_notice_round_trips;
    problem_forgotten: ForgetsProblem => case payment_notice_round_trips;
    noticed_twice: NoticedTwice => case a_notice_is_taken_once_with_its_effect;
    notice_lock_released: Unlocked(WriteRecord) => race one_notice_races_to_be_taken_once;
    unreadable_stays: UnreadableStays => case a_notice_is_taken_once_with_its_effect;
    ignored_stays: IgnoredStays => case a_notice_is_taken_once_with_its_effect;
    notices_of_all_sources: NoticesOfAllSources => case a_notice_is_taken_once_with_its_effect;
    notices_refused: NoticesRefused => case a_notice_is_taken_once_with_its_effect;
    notices_of_all: NoticesOfAll => case payment_sources_of_accounts_are_apart;
    notices_leak: Leaks(Notices) => case payment_sources_of_accounts_are_apart;
    notices_of_all_sources_listed: NoticesOfAllSourcesListed => case payment_notices_are_listed_newest_first;
    notices_unsorted: Unsorted(Notices) => case payment_notices_are_listed_newest_first;
    notices_without_cursor: IgnoresCursor(Notices) => case payment_notices_are_listed_newest_first;
    notices_without_limit: IgnoresLimit(Notices) => case payment_notices_are_listed_newest_first;
    notices_end_early: EndsEarly(Notices) => case payment_notices_are_listed_newest_first;
    notices_go_on: AlwaysGoesOn(Notices) => case payment_notices_are_listed_newest_first;
    notices_swept_late: NoticesSweptLate => case payment_notices_are_swept;
    notices_swept_all: NoticesSweptAll => case payment_notices_are_swept;
    notices_swept_without_limit: NoticesSweptWithoutLimit => case payment_notices_are_swept;
    unpaid_early: UnpaidEarly => case unpaid_bookings_are_told_when_due;
    unpaid_late: UnpaidLate => case unpaid_bookings_are_told_when_due;
    unpaid_again: UnpaidAgain => case unpaid_bookings_are_told_when_due;
    unpaid_of_all: UnpaidOfAll => case unpaid_bookings_are_told_when_due;
    unpaid_without_limit: UnpaidWithoutLimit => case unpaid_bookings_are_told_when_due;
    unpaid_is_busy: ExpiredIsBusy => case unpaid_bookings_are_in_nobodys_way;
    legs_of_unpaid_are_busy: ExpiredLegsAreBusy => case unpaid_bookings_are_in_nobodys_way;
    unregisters_paid: UnregistersPaid => case what_has_payments_stays;
    place_found_anywhere: RegistrationFoundAnywhere => case registrations_of_accounts_are_apart;
    history_overfull: Overfull => case random_histories_agree_with_the_model;
    history_touching: TouchingOverlaps => case random_histories_agree_with_the_model;
    history_first_only: OnlyFirstGuarded => case random_histories_agree_with_the_model;
    history_released: ReleasedOccupies => case random_histories_agree_with_the_model;
    history_blocks: BlocksDontOccupy => case random_histories_agree_with_the_model;
    history_buffers: IgnoresBufferAfter => case random_histories_agree_with_the_model;

    // Records of requests.
    unrecorded_customer: Unrecorded(InsertCustomer) => case a_repeated_request_writes_nothing;
    unrecorded_customer_update: Unrecorded(UpdateCustomer) => case a_repeated_request_writes_nothing;
    unrecorded_booking: Unrecorded(Book) => case a_repeated_request_writes_nothing;
    unrecorded_move: Unrecorded(UpdateAppointment) => case a_repeated_request_writes_nothing;
    unrecorded_event: Unrecorded(InsertEvent) => case a_repeated_request_writes_nothing;
    unrecorded_event_update: Unrecorded(UpdateEvent) => case a_repeated_request_writes_nothing;
    unrecorded_registration: Unrecorded(Register) => case a_repeated_request_writes_nothing;
    unrecorded_unregistration: Unrecorded(Unregister) => case a_repeated_request_writes_nothing;
    unrecorded_record: Unrecorded(WriteRecord) => case record_round_trips;
    repeated_customer: Repeats(InsertCustomer) => case a_repeated_request_writes_nothing;
    repeated_customer_update: Repeats(UpdateCustomer) => case a_repeated_request_writes_nothing;
    repeated_booking: Repeats(Book) => case a_repeated_request_writes_nothing;
    repeated_move: Repeats(UpdateAppointment) => case a_repeated_request_writes_nothing;
    repeated_event: Repeats(InsertEvent) => case a_repeated_request_writes_nothing;
    repeated_event_update: Repeats(UpdateEvent) => case a_repeated_request_writes_nothing;
    repeated_registration: Repeats(Register) => case a_repeated_request_writes_nothing;
    repeated_unregistration: Repeats(Unregister) => case a_repeated_request_writes_nothing;
    repeated_record: Repeats(WriteRecord) => case a_repeated_request_writes_nothing;
    unrecorded_resource: Unrecorded(InsertResource) => case a_repeated_request_writes_nothing;
    unrecorded_resource_update: Unrecorded(UpdateResource) => case a_repeated_request_writes_nothing;
    unrecorded_service: Unrecorded(InsertService) => case a_repeated_request_writes_nothing;
    unrecorded_service_update: Unrecorded(UpdateService) => case a_repeated_request_writes_nothing;
    unrecorded_schedule: Unrecorded(ReplaceSchedule) => case a_repeated_request_writes_nothing;
    repeated_resource: Repeats(InsertResource) => case a_repeated_request_writes_nothing;
    repeated_resource_update: Repeats(UpdateResource) => case a_repeated_request_writes_nothing;
    repeated_service: Repeats(InsertService) => case a_repeated_request_writes_nothing;
    repeated_service_update: Repeats(UpdateService) => case a_repeated_request_writes_nothing;
    repeated_schedule: Repeats(ReplaceSchedule) => case a_repeated_request_writes_nothing;
    unrecorded_key: Unrecorded(InsertKey) => case a_repeated_request_writes_nothing;
    unrecorded_user: Unrecorded(InsertUser) => case a_repeated_request_writes_nothing;
    unrecorded_user_update: Unrecorded(UpdateUser) => case a_repeated_request_writes_nothing;
    repeated_user: Repeats(InsertUser) => case a_repeated_request_writes_nothing;
    repeated_user_update: Repeats(UpdateUser) => case a_repeated_request_writes_nothing;
    unrecorded_key_update: Unrecorded(UpdateKey) => case a_repeated_request_writes_nothing;
    unrecorded_rotation: Unrecorded(RotateKey) => case a_repeated_request_writes_nothing;
    repeated_key: Repeats(InsertKey) => case a_repeated_request_writes_nothing;
    repeated_key_update: Repeats(UpdateKey) => case a_repeated_request_writes_nothing;
    repeated_rotation: Repeats(RotateKey) => case a_repeated_request_writes_nothing;
    unrecorded_first_key: Unrecorded(InsertFirstKey) => case a_repeated_request_writes_nothing;
    repeated_first_key: Repeats(InsertFirstKey) => case a_repeated_request_writes_nothing;
    repeated_rename: Repeats(RenameAccount) => case a_repeated_request_writes_nothing;
    unrecorded_follow: Unrecorded(Follow) => case a_repeated_request_writes_nothing;
    repeated_follow: Repeats(Follow) => case a_repeated_request_writes_nothing;
    unrecorded_release: Unrecorded(Release) => case a_repeated_request_writes_nothing;
    repeated_release: Repeats(Release) => case a_repeated_request_writes_nothing;
    repeated_told_last: RepeatedLast => case a_repeated_request_writes_nothing;
    refusals_recorded: RecordsRefused => case a_refused_request_leaves_no_record;
    nothing_recorded: RecordsNothing => case a_refused_request_leaves_no_record;
    records_of_all: RecordsOfAll => case record_round_trips;
    records_never_expire: RecordsNeverExpire => case records_expire;
    records_expire_at_once: RecordsExpireAtOnce => case records_expire;
    records_expire_late: RecordsExpireLate => case records_expire;
    sweeps_all: SweepsAll => case records_expire;
    sweeps_late: SweepsLate => case records_expire;
    sweeps_without_limit: SweepsWithoutLimit => case records_expire;
    sweeps_nothing: SweepsNothing => case records_expire;
    sweep_miscounts: SweepMiscounts => case records_expire;

    // How changes are written.
    unlogged_rename: Unlogged(RenameAccount) => case every_write_writes_its_changes;
    unlogged_key: Unlogged(InsertKey) => case every_write_writes_its_changes;
    unlogged_first_key: Unlogged(InsertFirstKey) => case every_write_writes_its_changes;
    unlogged_key_update: Unlogged(UpdateKey) => case every_write_writes_its_changes;
    unlogged_rotation: Unlogged(RotateKey) => case every_write_writes_its_changes;
    unlogged_user: Unlogged(InsertUser) => case every_write_writes_its_changes;
    unlogged_user_update: Unlogged(UpdateUser) => case every_write_writes_its_changes;
    unlogged_follow: Unlogged(Follow) => case every_write_writes_its_changes;
    unlogged_customer: Unlogged(InsertCustomer) => case every_write_writes_its_changes;
    unlogged_customer_update: Unlogged(UpdateCustomer) => case every_write_writes_its_changes;
    unlogged_resource: Unlogged(InsertResource) => case every_write_writes_its_changes;
    unlogged_resource_update: Unlogged(UpdateResource) => case every_write_writes_its_changes;
    unlogged_service: Unlogged(InsertService) => case every_write_writes_its_changes;
    unlogged_service_update: Unlogged(UpdateService) => case every_write_writes_its_changes;
    unlogged_schedule: Unlogged(ReplaceSchedule) => case every_write_writes_its_changes;
    unlogged_booking: Unlogged(Book) => case every_write_writes_its_changes;
    unlogged_move: Unlogged(UpdateAppointment) => case every_write_writes_its_changes;
    unlogged_confirmation: Unlogged(Confirm) => case every_write_writes_its_changes;
    unlogged_hold: Unlogged(Hold) => case every_write_writes_its_changes;
    unlogged_hold_removal: Unlogged(RemoveHold) => case every_write_writes_its_changes;
    unlogged_release: Unlogged(Release) => case every_write_writes_its_changes;
    unlogged_block: Unlogged(Block) => case every_write_writes_its_changes;
    unlogged_block_removal: Unlogged(RemoveBlock) => case every_write_writes_its_changes;
    unlogged_event: Unlogged(InsertEvent) => case every_write_writes_its_changes;
    unlogged_event_update: Unlogged(UpdateEvent) => case every_write_writes_its_changes;
    unlogged_registration: Unlogged(Register) => case every_write_writes_its_changes;
    unlogged_unregistration: Unlogged(Unregister) => case every_write_writes_its_changes;
    records_hide_changes: RecordsHideChanges => case every_write_writes_its_changes;
    logs_recorded_only: LogsRecordedOnly => case every_write_writes_its_changes;
    logs_first_only: LogsFirstOnly => case every_write_writes_its_changes;
    logs_backwards: LogsBackwards => case changes_of_one_write_keep_their_order;
    logs_refused: LogsRefused => case a_refused_write_leaves_no_change;
    logs_nothing: LogsNothing => case a_refused_write_leaves_no_change;
    logs_repeated: LogsRepeated => case a_repeated_request_writes_nothing;
    logs_later: LogsLater => case booking_dropped_after_any_poll_is_all_or_nothing;
    numbers_early: NumbersEarly => race places_of_changes_are_contested;
    numbers_early_in_races: NumbersEarly => race readers_miss_no_change_and_read_none_twice;
    logs_refused_in_races: LogsRefused => race readers_miss_no_change_and_read_none_twice;
    request_forgotten: ForgetsRequest => case change_round_trips;
    version_of_change_forgotten: ForgetsVersionOfChange => case change_round_trips;
    customer_of_change_forgotten: ForgetsCustomerOfChange => case change_round_trips;
    previous_forgotten: ForgetsPrevious => case change_round_trips;
    keys_are_users: KeysAreUsers => case change_round_trips;
    short_texts: ShortTexts => case change_round_trips;

    // The feed.
    changes_of_all: ChangesOfAll => case changes_of_accounts_are_apart;
    changes_unsorted: UnsortedChanges => case changes_are_read_on_from_any_place;
    types_ignored: IgnoresTypes => case changes_are_filtered;
    subject_ignored: IgnoresSubject => case changes_are_filtered;
    actor_ignored: IgnoresActor => case changes_are_filtered;
    anybody_is_system: AnybodyIsSystem => case changes_are_filtered;
    most_ignored: IgnoresMost => case changes_are_read_on_from_any_place;
    change_read_twice: ReadsTwice => case changes_are_read_on_from_any_place;
    change_skipped: SkipsOne => case changes_are_read_on_from_any_place;
    reading_ends_full: EndsFull => case changes_are_read_on_from_any_place;
    reading_ends_tired: EndsTired => case a_reading_looks_at_so_many_changes;
    scans_on: ScansOn => case a_reading_looks_at_so_many_changes;
    empty_stays: EmptyStays => case what_is_written_comes_after_the_horizon;
    horizon_ahead: HorizonAhead => case what_is_written_comes_after_the_horizon;
    horizon_stays: HorizonStays => case what_is_written_comes_after_the_horizon;
    accounts_found_late: DueLate => case accounts_with_a_due_change_are_found;
    accounts_found_by_any_change: DueByAnyChange => case accounts_with_a_due_change_are_found;
    accounts_found_without_changes: DueWithoutChanges => case accounts_with_a_due_change_are_found;
    no_accounts_found: NoneDue => case accounts_with_a_due_change_are_found;
    undue_changes_swept: SweepsUndueChanges => case changes_are_swept;
    changes_swept_late: SweepsChangesLate => case changes_are_swept;
    no_changes_swept: SweepsNoChanges => case changes_are_swept;
    changes_swept_without_limit: SweepsChangesWithoutLimit => case changes_are_swept;
    only_due_changes_swept: SweepsDueOnly => case changes_are_swept;
    changes_of_all_swept: SweepsChangesOfAll => case changes_are_swept;
    sweep_forgotten: ForgetsSwept => case changes_are_swept;
    sweep_moves_back: SweptMovesBack => case changes_are_swept;
    swept_too_far: SweptTooFar => case changes_are_swept;
    swept_told_early: SweptToldEarly => race sweeps_race_with_writes_and_readings;
    sweep_unlocked: Unlocked(SweepChanges) => race sweeps_race_with_writes_and_readings;
    feed_key_unlocked: Unlocked(SetFeedKey) => race a_feed_has_one_key;
    feed_key_changes: KeyChanges => case a_renewed_feed_has_another_key;
    renewal_keeps_key: RenewKeepsKey => case a_renewed_feed_has_another_key;
    renewal_begins_anew: RenewBeginsAnew => case a_renewed_feed_has_another_key;
    feed_key_unmarked: Unmarked(SetFeedKey) => race the_mark_moves_with_every_write;
    renewal_unmarked: Unmarked(RenewFeed) => race the_mark_moves_with_every_write;
    sweep_of_changes_unmarked: Unmarked(SweepChanges) => race the_mark_moves_with_every_write;

    // Looking back.
    recent_of_all: RecentOfAll => case changes_are_looked_back_on;
    recent_again: RecentAgain => case changes_are_looked_back_on;
    recent_most_ignored: RecentIgnoresMost => case changes_are_looked_back_on;
    recent_ends_full: RecentEndsFull => case changes_are_looked_back_on;
    recent_forwards: RecentForwards => case changes_are_looked_back_on;
    recent_skips_one: RecentSkipsOne => case changes_are_looked_back_on;
    recent_scans_on: RecentScansOn => case a_reading_looks_at_so_many_changes;
    recent_ends_tired: RecentEndsTired => case a_reading_looks_at_so_many_changes;
    types_of_recent_ignored: IgnoresTypes => case latest_changes_are_filtered;
    subject_of_recent_ignored: IgnoresSubject => case latest_changes_are_filtered;
    actor_of_recent_ignored: IgnoresActor => case latest_changes_are_filtered;
    anybody_of_recent_is_system: AnybodyIsSystem => case latest_changes_are_filtered;
    found_at_places_of_all: FoundAtPlacesOfAll => case a_change_is_found_at_its_place;
    found_behind_places: FoundBehindPlaces => case a_change_is_found_at_its_place;
    swept_is_found: SweepsNoChanges => case a_change_is_found_at_its_place;

    // Webhook endpoints.
    webhook_place_unlocked: Unlocked(InsertEndpoint) => race webhook_places_are_contested;
    webhook_place_unlocked_without_await: UnlockedWithoutAwait(InsertEndpoint) => race webhook_places_are_contested;
    endpoint_unlocked: Unlocked(UpdateEndpoint) => race webhook_endpoint_versions_are_contested;
    endpoint_unlocked_without_await: UnlockedWithoutAwait(UpdateEndpoint) => race webhook_endpoint_versions_are_contested;
    claim_unlocked: Unlocked(ClaimLane) => race lanes_are_contested;
    claim_unlocked_without_await: UnlockedWithoutAwait(ClaimLane) => race lanes_are_contested;
    settlement_unlocked: Unlocked(SettleLane) => race settlements_are_contested;
    settlement_unlocked_without_await: UnlockedWithoutAwait(SettleLane) => race settlements_are_contested;
    settlement_of_removed_unlocked: Unlocked(SettleLane) => race removals_of_webhook_endpoints_are_contested;
    claims_unlocked_in_a_race: Unlocked(ClaimLane) => race claims_race_to_one_holder;
    last_webhook_place_unlocked: Unlocked(InsertEndpoint) => race webhook_endpoints_race_for_the_last_place;
    endpoint_updates_unlocked_in_a_race: Unlocked(UpdateEndpoint) => race webhook_endpoint_updates_race_to_one_winner;
    endpoint_overwritten: Overwrites(InsertEndpoint) => case an_insert_replaces_nothing;
    endpoint_version_ignored: IgnoresVersion(UpdateEndpoint) => case webhook_endpoint_is_updated_from_the_version_before_only;
    any_webhook_place: AnyWebhookPlace => case webhook_places_are_taken_once;
    webhook_places_of_all: WebhookPlacesOfAll => case webhook_places_are_taken_once;
    webhook_places_shared: WebhookPlacesShared => case webhook_places_are_taken_once;
    lanes_begin_at_start: LanesBeginAtStart => case webhook_endpoint_round_trips;
    previous_secret_forgotten: ForgetsPreviousSecret => case webhook_endpoint_round_trips;
    disabling_forgotten: ForgetsDisabling => case webhook_endpoint_round_trips;
    webhook_description_forgotten: ForgetsWebhookDescription => case webhook_endpoint_round_trips;
    endpoint_of_unknown_account: UnknownAccounts => case webhook_endpoints_of_accounts_are_apart;
    endpoint_found_anywhere: EndpointFoundAnywhere => case webhook_endpoints_of_accounts_are_apart;
    endpoint_removed_anywhere: EndpointRemovedAnywhere => case webhook_endpoints_of_accounts_are_apart;
    endpoints_of_all: EndpointsOfAll => case webhook_endpoints_of_accounts_are_apart;
    endpoints_by_id: EndpointsById => case webhook_endpoints_are_listed_by_creation;
    endpoints_by_creation_only: EndpointsByCreationOnly => case webhook_endpoints_are_listed_by_creation;
    lane_outlives_endpoint: LaneOutlivesEndpoint => case a_removed_webhook_endpoint_leaves_nothing;
    deliveries_outlive_endpoint: DeliveriesOutliveEndpoint => case a_removed_webhook_endpoint_leaves_nothing;
    deliveries_of_all_removed: RemovesDeliveriesOfAll => case a_removed_webhook_endpoint_leaves_nothing;
    unrecorded_endpoint: Unrecorded(InsertEndpoint) => case a_repeated_request_writes_nothing;
    repeated_endpoint: Repeats(InsertEndpoint) => case a_repeated_request_writes_nothing;
    unlogged_endpoint: Unlogged(InsertEndpoint) => case every_write_writes_its_changes;
    endpoint_unmarked: Unmarked(InsertEndpoint) => race the_mark_moves_with_every_write;
    unrecorded_endpoint_update: Unrecorded(UpdateEndpoint) => case a_repeated_request_writes_nothing;
    repeated_endpoint_update: Repeats(UpdateEndpoint) => case a_repeated_request_writes_nothing;
    unlogged_endpoint_update: Unlogged(UpdateEndpoint) => case every_write_writes_its_changes;
    endpoint_update_unmarked: Unmarked(UpdateEndpoint) => race the_mark_moves_with_every_write;
    unrecorded_endpoint_removal: Unrecorded(RemoveEndpoint) => case a_repeated_request_writes_nothing;
    repeated_endpoint_removal: Repeats(RemoveEndpoint) => case a_repeated_request_writes_nothing;
    unlogged_endpoint_removal: Unlogged(RemoveEndpoint) => case every_write_writes_its_changes;
    endpoint_removal_unmarked: Unmarked(RemoveEndpoint) => race the_mark_moves_with_every_write;
    claim_unmarked: Unmarked(ClaimLane) => race the_mark_moves_with_every_write;
    settlement_unmarked: Unmarked(SettleLane) => race the_mark_moves_with_every_write;
    move_of_lane_unmarked: Unmarked(MoveLane) => race the_mark_moves_with_every_write;
    retry_unmarked: Unmarked(RetryDelivery) => race the_mark_moves_with_every_write;
    sweep_of_deliveries_unmarked: Unmarked(SweepDeliveries) => race the_mark_moves_with_every_write;

    // Lanes.
    lane_anywhere_for_claim: LanesAnywhere(LaneCall::Claim) => case lanes_of_accounts_are_apart;
    lane_anywhere_for_settle: LanesAnywhere(LaneCall::Settle) => case lanes_of_accounts_are_apart;
    lane_anywhere_for_move: LanesAnywhere(LaneCall::Move) => case lanes_of_accounts_are_apart;
    lane_anywhere_for_retries: LanesAnywhere(LaneCall::Retries) => case lanes_of_accounts_are_apart;
    lane_anywhere_for_open: LanesAnywhere(LaneCall::Open) => case lanes_of_accounts_are_apart;
    lane_anywhere_for_delivery: LanesAnywhere(LaneCall::Delivery) => case lanes_of_accounts_are_apart;
    lane_anywhere_for_deliveries: LanesAnywhere(LaneCall::Deliveries) => case lanes_of_accounts_are_apart;
    lane_anywhere_for_retry: LanesAnywhere(LaneCall::Retry) => case lanes_of_accounts_are_apart;
    due_without_limit: DueWithoutLimit => case lanes_are_due_if_there_is_a_change_behind_them;
    due_while_held: DueWhileHeld => case lanes_are_due_if_there_is_a_change_behind_them;
    due_while_held_by_retry: DueWhileHeld => case lanes_are_due_if_a_delivery_is;
    due_while_inactive: DueWhileInactive => case lanes_are_due_if_there_is_a_change_behind_them;
    due_while_inactive_by_retry: DueWhileInactive => case lanes_are_due_if_a_delivery_is;
    due_while_blocked: DueWhileBlocked => case lanes_are_due_if_there_is_a_change_behind_them;
    due_with_its_last_change: DueWithItsLastChange => case lanes_are_due_if_there_is_a_change_behind_them;
    due_by_any_account: DueByAnyAccount => case lanes_are_due_if_there_is_a_change_behind_them;
    due_without_retries: DueWithoutRetries => case lanes_are_due_if_a_delivery_is;
    due_without_failing: DueWithoutFailing => case blocked_lanes_are_due_if_their_endpoints_have_failed_too_long;
    due_by_old_failures: DueByOldFailures => case blocked_lanes_are_due_if_their_endpoints_have_failed_too_long;
    blocked_tries_nothing_again: BlockedTriesNothingAgain => case lanes_are_due_if_a_delivery_is;
    due_early: RetriesEarly(LaneCall::Due) => case lanes_are_due_if_a_delivery_is;
    due_by_all_endpoints: DeliveriesOfAllEndpoints(LaneCall::Due) => case lanes_are_due_if_a_delivery_is;
    claims_held: ClaimsHeld => case a_lane_is_held_by_one;
    leases_never_end: LeasesNeverEnd => case a_lane_is_held_by_one;
    claim_keeps_fence: ClaimKeepsFence => case a_lane_is_held_by_one;
    settles_with_any_fence: SettlesWithAnyFence => case a_lane_is_held_by_one;
    late_deliveries_kept: LateDeliveriesKept => case a_lane_is_held_by_one;
    settle_gives_nothing_back: SettleGivesNothingBack => case a_lane_is_held_by_one;
    settle_gives_all_back: SettleGivesAllBack => case a_lane_is_held_by_one;
    settle_forgets_place: SettleForgetsPlace => case a_settlement_is_kept;
    settle_forgets_failing: SettleForgetsFailing => case a_settlement_is_kept;
    settle_forgets_blocked: SettleForgetsBlocked => case a_settlement_is_kept;
    deliveries_forgotten: DeliveriesForgotten => case a_settlement_is_kept;
    deliveries_never_replaced: DeliveriesNeverReplaced => case a_settlement_is_kept;
    delivery_of_all_endpoints: DeliveriesOfAllEndpoints(LaneCall::Delivery) => case a_settlement_is_kept;
    move_keeps_blocked: MoveKeepsBlocked => case a_moved_lane_is_free;
    move_keeps_fence: MoveKeepsFence => case a_moved_lane_is_free;
    move_keeps_lease: MoveKeepsLease => case a_moved_lane_is_free;
    place_includes_instant: PlaceIncludesInstant => case a_place_before_an_instant_is_found;
    place_of_all: PlaceOfAll => case a_place_before_an_instant_is_found;
    place_of_latest_instant: PlaceOfLatestInstant => case a_place_before_an_instant_is_found;
    sweep_ignores_lanes: SweepIgnoresLanes => case a_sweep_spares_what_lanes_need;
    sweep_ignores_retries: SweepIgnoresRetries => case a_sweep_spares_what_lanes_need;
    sweep_spares_for_inactive: SweepSparesForInactive => case a_sweep_spares_what_lanes_need;
    sweep_spares_for_all: SweepSparesForAll => case a_sweep_spares_what_lanes_need;
    sweep_spares_failed: SweepSparesFailed => case a_sweep_spares_what_lanes_need;

    // Deliveries.
    answer_forgotten: ForgetsAnswer => case delivery_round_trips;
    retries_early: RetriesEarly(LaneCall::Retries) => case retries_are_told_when_they_are_due;
    retries_of_all_endpoints: DeliveriesOfAllEndpoints(LaneCall::Retries) => case retries_are_told_when_they_are_due;
    retries_unsorted: RetriesUnsorted => case retries_are_told_when_they_are_due;
    retries_without_limit: RetriesWithoutLimit => case retries_are_told_when_they_are_due;
    open_of_all_endpoints: DeliveriesOfAllEndpoints(LaneCall::Open) => case open_deliveries_are_counted;
    open_is_failed: OpenIsFailed => case open_deliveries_are_counted;
    open_is_pending: OpenIsPending => case open_deliveries_are_counted;
    skipped_is_open: SkippedIsOpen => case open_deliveries_are_counted;
    open_at_place: OpenAtPlace => case open_deliveries_are_counted;
    open_counts_behind: OpenCountsBehind => case open_deliveries_are_counted;
    open_is_last: OpenIsLast => case open_deliveries_are_counted;
    open_by_change: OpenByChange => case open_deliveries_are_counted;
    deliveries_of_all_endpoints: DeliveriesOfAllEndpoints(LaneCall::Deliveries) => case deliveries_are_listed;
    deliveries_by_place: DeliveriesByPlace => case deliveries_are_listed;
    deliveries_oldest_first: DeliveriesOldestFirst => case deliveries_are_listed;
    deliveries_again: DeliveriesAgain => case deliveries_are_listed;
    deliveries_without_limit: DeliveriesWithoutLimit => case deliveries_are_listed;
    delivery_status_ignored: IgnoresDeliveryStatus => case deliveries_are_listed;
    retry_of_all_endpoints: DeliveriesOfAllEndpoints(LaneCall::Retry) => case a_delivery_is_tried_again;
    retries_failed_only: RetriesFailedOnly => case a_delivery_is_tried_again;
    retry_changes_nothing: RetryChangesNothing => case a_delivery_is_tried_again;
    deliveries_swept_late: SweepsDeliveriesLate => case deliveries_are_swept;
    no_deliveries_swept: SweepsNoDeliveries => case deliveries_are_swept;
    pending_deliveries_swept: SweepsPendingDeliveries => case deliveries_are_swept;
    successes_of_all_counted: SuccessesOfAllCounted => case deliveries_are_swept;
    all_successes_kept: KeepsAllSuccesses => case deliveries_are_swept;
    failures_count_as_successes: FailuresCountAsSuccesses => case deliveries_are_swept;
}
