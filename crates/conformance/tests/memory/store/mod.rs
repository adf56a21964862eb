//! A complete store in memory: the smallest adapter, which the guide to writing one follows
//! (`docs/adding-a-storage-adapter.md`).
//!
//! Its tables live in the process, like all their users. So a single lock can guard what a database guards with
//! constraints. Under that lock, each write is a *check*, which looks and refuses, and a *change*, which can't fail. So
//! a write happens completely or not at all, and a refusal leaves nothing behind.
//!
//! Each store can have one [`Defect`]. `mutants.rs` shows that the suite refuses a store with any of them.

mod access;
mod crm;
mod deliveries;
mod delivery;
mod events;
mod idempotency;
mod lanes;
mod occupancies;
mod payment_sources;
mod payments;
mod registrations;
mod resources;
mod schedules;
mod scheduling;
mod services;
mod users;
mod webhook_endpoints;

use crate::defects::{Defect, List, Method};
use async_trait::async_trait;
use chatgrow_domain::{
    Account, AccountId, ApiKey, ApiKeyId, Appointment, AppointmentId, Block, BlockId, Change, ChangeId,
    Customer, CustomerId, CustomerSummary, Event, EventId, Hold, HoldId, Link, Payment, PaymentId,
    PaymentNotice, PaymentNoticeId, PaymentSource, PaymentSourceId, Registration, RegistrationId, Resource,
    ResourceId, Schedule, Service, ServiceId, Session, SessionId, TokenDigest, User, UserId, WebhookEndpoint,
    WebhookEndpointId,
};
use chatgrow_ports::{
    ChangePosition, Commit, FeedKey, IdempotencyKey, IdempotencyRecord, Listed, Mark, Page, PageRequest,
    PlacedDelivery, StoreChanges, StoreError, StoreHealth, Stores,
};
use lanes::HeldLane;
use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
};
use tokio::task::yield_now;

/// The rows of an aggregate, by account and id.
struct Rows<Id, T>(BTreeMap<AccountId, BTreeMap<Id, T>>);

impl<Id, T> Default for Rows<Id, T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<Id: Copy + Ord, T> Rows<Id, T> {
    fn get(&self, account: AccountId, id: Id) -> Option<&T> {
        self.0.get(&account)?.get(&id)
    }

    fn get_mut(&mut self, account: AccountId, id: Id) -> Option<&mut T> {
        self.0.get_mut(&account)?.get_mut(&id)
    }

    fn put(&mut self, account: AccountId, id: Id, row: T) {
        self.0.entry(account).or_default().insert(id, row);
    }

    fn remove(&mut self, account: AccountId, id: Id) {
        self.0.entry(account).or_default().remove(&id);
    }

    /// The rows of one account.
    fn of(&self, account: AccountId) -> impl Iterator<Item = &T> {
        self.0.get(&account).into_iter().flat_map(BTreeMap::values)
    }

    /// The rows of all accounts.
    fn all(&self) -> impl Iterator<Item = (AccountId, &T)> {
        let of = |(account, rows): (&AccountId, _)| (*account, rows);
        self.0
            .iter()
            .map(of)
            .flat_map(|(account, rows): (AccountId, &BTreeMap<Id, T>)| {
                rows.values().map(move |row| (account, row))
            })
    }
}

/// What a database would keep on disk.
#[derive(Default)]
struct Tables {
    accounts: BTreeMap<AccountId, Account>,
    api_keys: Rows<ApiKeyId, ApiKey>,
    users: Rows<UserId, User>,
    sessions: Rows<SessionId, Session>,
    links: Rows<TokenDigest, Link>,
    customers: Rows<CustomerId, Customer>,
    resources: Rows<ResourceId, Resource>,
    services: Rows<ServiceId, Service>,
    /// Those that were ever replaced.
    schedules: BTreeMap<AccountId, Schedule>,
    appointments: Rows<AppointmentId, Appointment>,
    holds: Rows<HoldId, Hold>,
    blocks: Rows<BlockId, Block>,
    events: Rows<EventId, Event>,
    registrations: Rows<RegistrationId, Registration>,
    payments: Rows<PaymentId, Payment>,
    sources: Rows<PaymentSourceId, PaymentSource>,
    notices: Rows<(PaymentSourceId, PaymentNoticeId), PaymentNotice>,
    records: HashMap<(AccountId, IdempotencyKey), IdempotencyRecord>,
    /// The log, by account and number.
    changes: BTreeMap<AccountId, BTreeMap<i64, Change>>,
    /// The number of the last change.
    last_change: i64,
    swept_to: BTreeMap<AccountId, ChangePosition>,
    feed_key: Option<FeedKey>,
    webhook_endpoints: Rows<WebhookEndpointId, WebhookEndpoint>,
    lanes: Rows<WebhookEndpointId, HeldLane>,
    deliveries: Rows<(WebhookEndpointId, ChangeId), PlacedDelivery>,
    /// The number of writes so far.
    commits: i64,
}

/// Implements every port, on tables that other stores may use at the same time.
pub struct MemoryStore {
    tables: Arc<Mutex<Tables>>,
    defect: Option<Defect>,
    /// The number of writes through this store alone.
    own_commits: AtomicI64,
}

/// Two stores on one set of empty tables, like two servers.
pub fn two_stores(defect: Option<Defect>) -> [Stores; 2] {
    let tables = Arc::<Mutex<Tables>>::default();
    [tables.clone(), tables].map(|tables| {
        Stores::of(Arc::new(MemoryStore {
            tables,
            defect,
            own_commits: AtomicI64::new(0),
        }))
    })
}

impl MemoryStore {
    fn has(&self, defect: Defect) -> bool {
        self.defect == Some(defect)
    }

    fn lock(&self) -> MutexGuard<'_, Tables> {
        // A change never panics halfway, so the tables of a poisoned lock are intact.
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads, after letting other tasks run.
    async fn read<T>(&self, read: impl FnOnce(&Tables) -> T) -> T {
        yield_now().await;
        read(&self.lock())
    }

    /// Every mutating method goes through here: the check, the change and the commit are one atomic write.
    ///
    /// The check refuses with an error, or returns `None` if there is nothing to write. What it finds is passed to the
    /// change. Returns whether anything was written.
    async fn write<T, E: From<StoreError>>(
        &self,
        method: Method,
        mut commit: Commit,
        check: impl FnOnce(&Tables) -> Result<Option<T>, E>,
        change: impl FnOnce(&mut Tables, T),
    ) -> Result<bool, E> {
        let mut later = Commit::default();
        if self.has(Defect::LogsLater) {
            later.changes = std::mem::take(&mut commit.changes);
        }
        let written = self.write_at_once(method, commit, check, change).await?;
        if written && !later.changes.is_empty() {
            yield_now().await;
            self.log(method, &mut self.lock(), None, &later);
        }
        Ok(written)
    }

    async fn write_at_once<T, E: From<StoreError>>(
        &self,
        method: Method,
        commit: Commit,
        check: impl FnOnce(&Tables) -> Result<Option<T>, E>,
        change: impl FnOnce(&mut Tables, T),
    ) -> Result<bool, E> {
        yield_now().await;
        let mut numbered = None;
        if self.has(Defect::NumbersEarly) {
            numbered = Some(self.lock().take_numbers(commit.changes.len()));
            yield_now().await;
        }
        let apply = |tables: &mut Tables, checked| {
            change(tables, checked);
            self.commit(method, tables, numbered, &commit);
        };
        let (yields, early) = (
            self.has(Defect::Unlocked(method)),
            self.has(Defect::UnlockedWithoutAwait(method)),
        );
        let checked = {
            let mut tables = self.lock();
            // This comes first, so that a repetition is reported as such, and not refused because of the first
            // request's effect.
            let repeated = self
                .check_record(method, &tables, &commit)
                .and_then(|()| self.check_notice(&tables, &commit));
            if repeated.is_err() && self.has(Defect::LogsRepeated) {
                self.log(method, &mut tables, None, &commit);
            }
            if !self.has(Defect::RepeatedLast) {
                repeated?;
            }
            let checked = check(&tables);
            if !matches!(checked, Ok(Some(_)))
                && let Some(left) = self.left_behind(checked.is_ok(), &commit)
            {
                self.commit(method, &mut tables, None, &left);
            }
            let Some(checked) = checked? else { return Ok(false) };
            if self.has(Defect::RepeatedLast) {
                self.check_record(method, &tables, &commit)?;
                self.check_notice(&tables, &commit)?;
            }
            if !yields && !early {
                apply(&mut tables, checked);
                return Ok(true);
            }
            checked
        };
        if yields {
            yield_now().await;
        }
        apply(&mut self.lock(), checked);
        Ok(true)
    }

    /// What a defective store writes although the write doesn't happen.
    fn left_behind(&self, nothing_to_do: bool, commit: &Commit) -> Option<Commit> {
        let record = || Commit {
            record: commit.record.clone(),
            ..Commit::default()
        };
        let changes = || Commit {
            changes: commit.changes.clone(),
            ..Commit::default()
        };
        let notice = || Commit {
            notice: commit.notice.clone(),
            ..Commit::default()
        };
        match self.defect {
            Some(Defect::RecordsRefused) => Some(record()),
            Some(Defect::RecordsNothing) if nothing_to_do => Some(record()),
            Some(Defect::LogsRefused) if !nothing_to_do => Some(changes()),
            Some(Defect::LogsNothing) if nothing_to_do => Some(changes()),
            Some(Defect::NoticesRefused) => Some(notice()),
            _ => None,
        }
    }

    /// Writes what is committed with every change.
    fn commit(&self, method: Method, tables: &mut Tables, numbered: Option<i64>, commit: &Commit) {
        if let Some(record) = &commit.record
            && !self.has(Defect::Unrecorded(method))
        {
            tables.records.insert(self.key(record), record.clone());
        }
        self.put_notice(tables, commit);
        self.log(method, tables, numbered, commit);
        if !self.has(Defect::Unmarked(method)) {
            tables.commits += 1;
            self.own_commits.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Refuses rows of an account that doesn't exist.
    fn account(&self, tables: &Tables, account: AccountId) -> Result<(), StoreError> {
        if tables.accounts.contains_key(&account) || self.has(Defect::UnknownAccounts) {
            Ok(())
        } else {
            Err(StoreError::failed("there is no such account"))
        }
    }

    /// Refuses to overwrite a row.
    fn vacant(&self, method: Method, taken: bool) -> Result<(), StoreError> {
        if taken && !self.has(Defect::Overwrites(method)) {
            Err(StoreError::failed("the id is taken"))
        } else {
            Ok(())
        }
    }

    /// The requested page of these items, ordered by their positions.
    fn page<T: Listed<Position: Copy + Ord>>(
        &self,
        list: List,
        items: impl Iterator<Item = T>,
        request: &PageRequest<T::Position>,
    ) -> Page<T, T::Position> {
        let after = request.after.filter(|_| !self.has(Defect::IgnoresCursor(list)));
        let mut items: Vec<_> = items
            .filter(|item| after.is_none_or(|after| item.position() > after))
            .collect();
        items.sort_by_key(T::position);
        if self.has(Defect::Unsorted(list)) {
            items.reverse();
        }
        let limit = usize::from(request.limit.get());
        let more = items.len() > limit || self.has(Defect::AlwaysGoesOn(list)) && items.len() == limit;
        if !self.has(Defect::IgnoresLimit(list)) {
            items.truncate(limit);
        }
        let end = items
            .last()
            .filter(|_| more && !self.has(Defect::EndsEarly(list)));
        let next = end.map(T::position);
        Page { items, next }
    }

    /// The account's rows, each with its account's id.
    fn listed<'t, Id: Copy + Ord, T>(
        &self,
        list: List,
        rows: &'t Rows<Id, T>,
        account: AccountId,
    ) -> Vec<(AccountId, &'t T)> {
        if self.has(Defect::Leaks(list)) {
            rows.all().collect()
        } else {
            rows.of(account).map(|row| (account, row)).collect()
        }
    }
}

impl Tables {
    /// The customer in its present state.
    fn customer(&self, account: AccountId, id: CustomerId) -> Result<CustomerSummary, StoreError> {
        let customer = self.customers.get(account, id);
        let summary = customer.map(Customer::summary);
        summary.ok_or_else(|| StoreError::failed("the account has no such customer"))
    }
}

#[async_trait]
impl StoreHealth for MemoryStore {
    async fn check(&self) -> Result<(), StoreError> {
        // A store that can be read can also write.
        self.read(|_| {
            if self.has(Defect::Unhealthy) {
                return Err(StoreError::unavailable("it never is"));
            }
            Ok(())
        })
        .await
    }
}

impl StoreChanges for MemoryStore {
    fn mark(&self) -> Option<Mark> {
        Some(Mark(match self.defect {
            Some(Defect::ConstantMark) => 0,
            Some(Defect::MarkOfOwnWrites) => self.own_commits.load(Ordering::Relaxed),
            _ => self.lock().commits,
        }))
    }
}
