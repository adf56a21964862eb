//! The log of changes.

use super::{MemoryStore, Tables};
use crate::defects::{Defect, Method};
use async_trait::async_trait;
use chatgrow_domain::{AccountId, Actor, Change, ChangeData, Timestamp, UserId};
use chatgrow_ports::{
    ActedBy, ChangeFilter, ChangePosition, ChangeStore, Commit, FeedKey, Logged, Recent, SCAN, Scanned,
    StoreError,
};

/// The place with that number. All have one epoch: numbers rise with the writes, and this store is never restored.
const fn place(number: i64) -> ChangePosition {
    ChangePosition { epoch: 1, number }
}

impl Tables {
    /// The number of the first of so many new changes.
    pub(super) fn take_numbers(&mut self, changes: usize) -> i64 {
        let first = self.last_change + 1;
        self.last_change += i64::try_from(changes).unwrap_or(i64::MAX);
        first
    }

    /// The account's changes after that place, in their order.
    pub(super) fn changes_after(
        &self,
        account: AccountId,
        after: ChangePosition,
    ) -> impl Iterator<Item = (ChangePosition, &Change)> {
        let changes = self.changes.get(&account).into_iter().flatten();
        let placed = changes.map(|(number, change)| (place(*number), change));
        placed.filter(move |(position, _)| *position > after)
    }
}

impl MemoryStore {
    /// Writes the changes of a commit. They have the numbers from `first` on or else the next ones.
    pub(super) fn log(&self, method: Method, tables: &mut Tables, first: Option<i64>, commit: &Commit) {
        let mut changes = commit.changes.clone();
        let hidden = match self.defect {
            Some(Defect::Unlogged(unlogged)) => unlogged == method,
            Some(Defect::RecordsHideChanges) => commit.record.is_some(),
            Some(Defect::LogsRecordedOnly) => commit.record.is_none(),
            _ => false,
        };
        if hidden {
            return;
        }
        match self.defect {
            Some(Defect::LogsFirstOnly) => changes.truncate(1),
            Some(Defect::LogsBackwards) => changes.reverse(),
            _ => {}
        }
        let first = first.unwrap_or_else(|| tables.take_numbers(changes.len()));
        for (number, change) in (first..).zip(changes) {
            let log = tables.changes.entry(change.account).or_default();
            log.insert(number, self.kept_change(change));
        }
    }

    /// The change as it is kept.
    fn kept_change(&self, mut change: Change) -> Change {
        match (self.defect, change.actor) {
            (Some(Defect::ForgetsRequest), _) => change.request = None,
            (Some(Defect::ForgetsVersionOfChange), _) => change.version = None,
            (Some(Defect::ForgetsCustomerOfChange), _) => change.customer = None,
            (Some(Defect::ForgetsPrevious), _) => change.data.previous = None,
            (Some(Defect::KeysAreUsers), Actor::ApiKey(id)) => {
                change.actor = Actor::User(UserId::new(id.object_id()));
            }
            (Some(Defect::ShortTexts), _) if is_long(&change.data) => change.data = ChangeData::default(),
            _ => {}
        }
        change
    }

    pub(super) fn horizon_of(&self, tables: &Tables) -> ChangePosition {
        match self.defect {
            Some(Defect::HorizonAhead) => place(tables.last_change + 1),
            Some(Defect::HorizonStays) => ChangePosition::START,
            _ => place(tables.last_change),
        }
    }

    fn matches(&self, filter: &ChangeFilter, change: &Change) -> bool {
        let by = match change.actor {
            Actor::ApiKey(id) => Some(id.object_id()),
            Actor::User(id) => Some(id.object_id()),
            Actor::System => None,
        };
        let acted = match filter.actor {
            None => true,
            Some(ActedBy::Id(id)) => by == Some(id),
            Some(ActedBy::System) => by.is_none() || self.has(Defect::AnybodyIsSystem),
        };
        (filter.types.has(change.kind) || self.has(Defect::IgnoresTypes))
            && (filter.subject.is_none_or(|subject| change.subject == subject)
                || self.has(Defect::IgnoresSubject))
            && (acted || self.has(Defect::IgnoresActor))
    }
}

/// Whether the texts are longer than half of what they may be.
fn is_long(data: &ChangeData) -> bool {
    let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    length(&data.object) + length(&data.previous) > ChangeData::MAX_BYTES / 2
}

#[async_trait]
impl ChangeStore for MemoryStore {
    async fn feed_key(&self, first: FeedKey) -> Result<FeedKey, StoreError> {
        let check = |tables: &Tables| {
            let none = tables.feed_key.is_none() || self.has(Defect::KeyChanges);
            Ok::<_, StoreError>(none.then_some(first))
        };
        let change = |tables: &mut Tables, first| tables.feed_key = Some(first);
        self.write(Method::SetFeedKey, Commit::default(), check, change)
            .await?;
        Ok(self.lock().feed_key.unwrap_or(first))
    }

    async fn renew_feed(&self, key: FeedKey) -> Result<(), StoreError> {
        let change = |tables: &mut Tables, ()| {
            if !self.has(Defect::RenewKeepsKey) {
                tables.feed_key = Some(key);
            }
            if self.has(Defect::RenewBeginsAnew) {
                tables.last_change = 0;
            }
        };
        let check = |_: &Tables| Ok::<_, StoreError>(Some(()));
        self.write(Method::RenewFeed, Commit::default(), check, change)
            .await
            .map(drop)
    }

    async fn read(
        &self,
        account: AccountId,
        after: ChangePosition,
        filter: ChangeFilter,
        most: u16,
    ) -> Result<Scanned, StoreError> {
        let mut told_early = None;
        if self.has(Defect::SweptToldEarly) {
            told_early = Some(self.lock().swept_to.get(&account).copied());
        }
        self.read(|tables| {
            let horizon = self.horizon_of(tables);
            let (mut changes, mut to, mut more) = (Vec::new(), horizon, false);
            let mut looked = 0;
            let mut log: Vec<_> = tables.changes_after(account, after).collect();
            if self.has(Defect::ChangesOfAll) {
                let others = tables.changes.keys().filter(|other| **other != account);
                log.extend(others.flat_map(|other| tables.changes_after(*other, after)));
                log.sort_by_key(|(position, _)| *position);
            }
            for (position, change) in log {
                looked += 1;
                if self.matches(&filter, change) {
                    changes.push(Logged {
                        position,
                        change: change.clone(),
                    });
                }
                let found = changes.len() == usize::from(most) && !self.has(Defect::IgnoresMost);
                let tired = looked == SCAN && !self.has(Defect::ScansOn);
                if found || tired {
                    let ends = self.has(Defect::EndsTired) && !found || self.has(Defect::EndsFull) && found;
                    if !ends {
                        (to, more) = (position, true);
                    }
                    break;
                }
            }
            match self.defect {
                Some(Defect::ReadsTwice) => to.number = to.number.saturating_sub(1),
                Some(Defect::SkipsOne) => to.number += 1,
                Some(Defect::EmptyStays) if changes.is_empty() && !more => to = after,
                Some(Defect::UnsortedChanges) => changes.reverse(),
                _ => {}
            }
            let swept_to = told_early.unwrap_or_else(|| tables.swept_to.get(&account).copied());
            Ok(Scanned {
                changes,
                to,
                more,
                swept_to: swept_to.unwrap_or(ChangePosition::START),
                horizon,
            })
        })
        .await
    }

    async fn recent(
        &self,
        account: AccountId,
        before: ChangePosition,
        filter: ChangeFilter,
        most: u16,
    ) -> Result<Recent, StoreError> {
        self.read(|tables| {
            let mut log: Vec<_> = tables.changes_after(account, ChangePosition::START).collect();
            if self.has(Defect::RecentOfAll) {
                let others = tables.changes.keys().filter(|other| **other != account);
                log.extend(others.flat_map(|other| tables.changes_after(*other, ChangePosition::START)));
                log.sort_by_key(|(position, _)| *position);
            }
            let begins = |position| position < before || self.has(Defect::RecentAgain) && position == before;
            log.retain(|(position, _)| begins(*position));
            let (mut changes, mut down_to) = (Vec::new(), None);
            for (looked, (position, change)) in (1..).zip(log.into_iter().rev()) {
                if self.matches(&filter, change) {
                    changes.push(Logged {
                        position,
                        change: change.clone(),
                    });
                }
                let found = changes.len() == usize::from(most) && !self.has(Defect::RecentIgnoresMost);
                let tired = looked == SCAN && !self.has(Defect::RecentScansOn);
                if found || tired {
                    let ends = self.has(Defect::RecentEndsTired) && !found
                        || self.has(Defect::RecentEndsFull) && found;
                    down_to = (!ends).then_some(position);
                    break;
                }
            }
            match self.defect {
                Some(Defect::RecentForwards) => changes.reverse(),
                Some(Defect::RecentSkipsOne) => {
                    down_to = down_to.map(|down_to| place(down_to.number - 1));
                }
                _ => {}
            }
            Ok(Recent { changes, down_to })
        })
        .await
    }

    async fn at(&self, account: AccountId, position: ChangePosition) -> Result<Option<Logged>, StoreError> {
        self.read(|tables| {
            let mut owners = tables.changes.keys().copied();
            let owner = if self.has(Defect::FoundAtPlacesOfAll) {
                owners.find(|owner| {
                    tables
                        .changes_after(*owner, ChangePosition::START)
                        .any(|(at, _)| at == position)
                })
            } else {
                Some(account)
            };
            let owner = owner.unwrap_or(account);
            let mut log = tables.changes_after(owner, ChangePosition::START);
            let here = |at| at == position || self.has(Defect::FoundBehindPlaces) && at > position;
            let found = log.find(|(at, _)| here(*at));
            Ok(found.map(|(position, change)| Logged {
                position,
                change: change.clone(),
            }))
        })
        .await
    }

    async fn held_back_since(&self) -> Result<Option<Timestamp>, StoreError> {
        // What has committed can be read.
        Ok(None)
    }

    async fn horizon(&self) -> Result<ChangePosition, StoreError> {
        self.read(|tables| Ok(self.horizon_of(tables))).await
    }

    async fn accounts_to_sweep(&self, before: Timestamp) -> Result<Vec<AccountId>, StoreError> {
        let looked_at = match self.defect {
            Some(Defect::DueByAnyChange) => usize::MAX,
            Some(Defect::NoneDue) => 0,
            _ => 1,
        };
        let is_due =
            |change: &Change| change.at < before || change.at == before && !self.has(Defect::DueLate);
        self.read(|tables| {
            let mut accounts: Vec<_> = tables.accounts.keys().copied().collect();
            accounts.retain(|account| {
                let mut log = tables.changes_after(*account, ChangePosition::START).peekable();
                log.peek().is_none() && self.has(Defect::DueWithoutChanges)
                    || log.take(looked_at).any(|(_, change)| is_due(change))
            });
            Ok(accounts)
        })
        .await
    }

    async fn sweep(&self, account: AccountId, before: Timestamp, most: u32) -> Result<usize, StoreError> {
        let most = if self.has(Defect::SweepsChangesWithoutLimit) {
            usize::MAX
        } else {
            usize::try_from(most).unwrap_or(usize::MAX)
        };
        let due = |change: &Change| match self.defect {
            Some(Defect::SweepsUndueChanges) => true,
            Some(Defect::SweepsChangesLate) => change.at < before,
            Some(Defect::SweepsNoChanges) => false,
            _ => change.at <= before,
        };
        let mut swept = 0;
        let check = |tables: &Tables| {
            let oldest = tables
                .changes_after(account, ChangePosition::START)
                .take(most)
                .collect::<Vec<_>>();
            let last = oldest
                .iter()
                .rposition(|(position, change)| due(change) && !self.is_needed(tables, account, *position));
            let oldest = oldest.into_iter().take(last.map_or(0, |last| last + 1));
            let oldest = oldest.filter(|(_, change)| !self.has(Defect::SweepsDueOnly) || due(change));
            let places: Vec<_> = oldest.map(|(position, _)| position).collect();
            swept = places.len();
            Ok::<_, StoreError>(
                Some(places).filter(|places| !places.is_empty() || self.has(Defect::SweptMovesBack)),
            )
        };
        let change = |tables: &mut Tables, places: Vec<ChangePosition>| {
            let to = places.last().copied().unwrap_or(ChangePosition::START);
            for (owner, changes) in &mut tables.changes {
                if *owner == account || self.has(Defect::SweepsChangesOfAll) {
                    changes.retain(|number, _| !places.contains(&place(*number)));
                    if *owner != account {
                        changes.retain(|number, _| place(*number) > to);
                    }
                }
            }
            match self.defect {
                Some(Defect::ForgetsSwept) => {}
                Some(Defect::SweptTooFar) => {
                    tables.swept_to.insert(account, place(tables.last_change));
                }
                _ => {
                    tables.swept_to.insert(account, to);
                }
            }
        };
        self.write(Method::SweepChanges, Commit::default(), check, change)
            .await?;
        Ok(swept)
    }
}
