//! Lanes, and how deliveries are read and written.

use super::{MemoryStore, Tables, deliveries::now};
use crate::defects::{Defect, LaneCall, Method};
use async_trait::async_trait;
use chatgrow_domain::{AccountId, ChangeId, Delivery, DeliveryStatus, Timestamp, WebhookEndpointId};
use chatgrow_ports::{
    ChangePosition, Commit, DeliveryPage, DueLane, Lane, LaneStore, PlacedDelivery, StoreError,
};
use std::time::{Duration, Instant};

/// A lane, and until when it is held.
#[derive(Debug, Clone)]
pub(super) struct HeldLane {
    pub(super) lane: Lane,
    /// `None` if nobody holds it.
    held_until: Option<Instant>,
}

impl HeldLane {
    /// The lane of a new endpoint.
    pub(super) const fn new(position: ChangePosition) -> Self {
        let lane = Lane {
            fence: 0,
            position,
            failing_since: None,
            blocked: false,
        };
        Self {
            lane,
            held_until: None,
        }
    }

    fn is_held(&self) -> bool {
        self.held_until.is_some_and(|until| until > Instant::now())
    }
}

fn count(most: u32) -> usize {
    usize::try_from(most).unwrap_or(usize::MAX)
}

impl MemoryStore {
    /// The lane that a call is about.
    pub(super) fn lane(&self, tables: &Tables, call: LaneCall, lane: DueLane) -> DueLane {
        if !self.has(Defect::LanesAnywhere(call)) {
            return lane;
        }
        let mut all = tables.webhook_endpoints.all();
        let found = all.find(|(_, endpoint)| endpoint.id == lane.endpoint);
        DueLane {
            account: found.map_or(lane.account, |(owner, _)| owner),
            ..lane
        }
    }

    fn has_something_to_do(&self, tables: &Tables, account: AccountId, id: WebhookEndpointId) -> bool {
        let Some(held) = tables.lanes.get(account, id) else {
            return false;
        };
        let position = held.lane.position;
        let mut behind = tables.changes_after(account, position);
        let behind = match self.defect {
            Some(Defect::DueWithItsLastChange) => {
                let mut all = tables.changes_after(account, ChangePosition::START);
                all.any(|(at, _)| at >= position)
            }
            Some(Defect::DueByAnyAccount) => {
                let mut all = tables.changes.keys();
                all.any(|owner| tables.changes_after(*owner, position).next().is_some())
            }
            _ => behind.next().is_some(),
        };
        let reads = !held.lane.blocked || self.has(Defect::DueWhileBlocked);
        let lane = DueLane {
            account,
            endpoint: id,
        };
        let mut deliveries = self.deliveries_of(tables, LaneCall::Due, lane);
        let retries = deliveries.any(|placed| self.is_due(&placed.delivery, LaneCall::Due));
        let retries = match self.defect {
            Some(Defect::DueWithoutRetries) => false,
            Some(Defect::BlockedTriesNothingAgain) => retries && !held.lane.blocked,
            _ => retries,
        };
        let endpoint = tables.webhook_endpoints.get(account, id);
        let failing = endpoint.is_some_and(|endpoint| match self.defect {
            Some(Defect::DueWithoutFailing) => false,
            Some(Defect::DueByOldFailures) => held.lane.failing_since.is_some(),
            _ => endpoint.has_failed_too_long(held.lane.failing_since, now()),
        });
        reads && behind || held.lane.blocked && failing || retries
    }

    /// The lane after a settlement.
    fn after_settlement(&self, before: &HeldLane, state: &Lane, lease: Option<Duration>) -> HeldLane {
        let lane_state = Lane {
            fence: before.lane.fence,
            ..state.clone()
        };
        let lane_state = match self.defect {
            Some(Defect::SettleForgetsPlace) => Lane {
                position: before.lane.position,
                ..lane_state
            },
            Some(Defect::SettleForgetsFailing) => Lane {
                failing_since: before.lane.failing_since,
                ..lane_state
            },
            Some(Defect::SettleForgetsBlocked) => Lane {
                blocked: before.lane.blocked,
                ..lane_state
            },
            Some(Defect::LateDeliveriesKept) if before.lane.fence != state.fence => before.lane.clone(),
            _ => lane_state,
        };
        let held_until = match self.defect {
            Some(Defect::SettleGivesNothingBack) => before.held_until,
            Some(Defect::SettleGivesAllBack) => None,
            _ => lease.map(|lease| Instant::now() + lease),
        };
        HeldLane {
            lane: lane_state,
            held_until,
        }
    }
}

#[async_trait]
impl LaneStore for MemoryStore {
    async fn due(&self, most: u32) -> Result<Vec<DueLane>, StoreError> {
        let most = if self.has(Defect::DueWithoutLimit) {
            usize::MAX
        } else {
            count(most)
        };
        self.read(|tables| {
            let due = tables.webhook_endpoints.all().filter(|(account, endpoint)| {
                let held = tables.lanes.get(*account, endpoint.id);
                let held = held.is_some_and(HeldLane::is_held) && !self.has(Defect::DueWhileHeld);
                let active = endpoint.terms.active || self.has(Defect::DueWhileInactive);
                active && !held && self.has_something_to_do(tables, *account, endpoint.id)
            });
            let lanes = due.map(|(account, endpoint)| DueLane {
                account,
                endpoint: endpoint.id,
            });
            Ok(lanes.take(most).collect())
        })
        .await
    }

    async fn waiting_since(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(|tables| {
            let active = tables
                .webhook_endpoints
                .all()
                .filter(|(_, endpoint)| endpoint.terms.active);
            let waiting = active.flat_map(|(account, endpoint)| {
                let lane = tables.lanes.get(account, endpoint.id);
                let place = lane.map_or(ChangePosition::END, |held| held.lane.position);
                tables.changes_after(account, place).map(|(_, change)| change.at)
            });
            Ok(waiting.min())
        })
        .await
    }

    async fn lane(&self, lane: DueLane) -> Result<Option<Lane>, StoreError> {
        self.read(|tables| {
            Ok(tables
                .lanes
                .get(lane.account, lane.endpoint)
                .map(|held| held.lane.clone()))
        })
        .await
    }

    async fn claim(&self, lane: DueLane, lease: Duration) -> Result<Option<Lane>, StoreError> {
        let mut claimed = None;
        let check = |tables: &Tables| {
            let lane = self.lane(tables, LaneCall::Claim, lane);
            let found = tables
                .lanes
                .get(lane.account, lane.endpoint)
                .filter(|found| match self.defect {
                    Some(Defect::ClaimsHeld) => true,
                    Some(Defect::LeasesNeverEnd) => found.held_until.is_none(),
                    _ => !found.is_held(),
                });
            let Some(mut next) = found.cloned() else {
                return Ok::<_, StoreError>(None);
            };
            if !self.has(Defect::ClaimKeepsFence) {
                next.lane.fence += 1;
            }
            next.held_until = Some(Instant::now() + lease);
            claimed = Some(next.lane.clone());
            Ok(Some((lane, next)))
        };
        let change = |tables: &mut Tables, (lane, next): (DueLane, HeldLane)| {
            tables.lanes.put(lane.account, lane.endpoint, next);
        };
        self.write(Method::ClaimLane, Commit::default(), check, change)
            .await?;
        Ok(claimed)
    }

    async fn settle(
        &self,
        lane: DueLane,
        state: &Lane,
        deliveries: Vec<PlacedDelivery>,
        lease: Option<Duration>,
    ) -> Result<bool, StoreError> {
        let check = |tables: &Tables| {
            let lane = self.lane(tables, LaneCall::Settle, lane);
            let found = tables.lanes.get(lane.account, lane.endpoint);
            let held = found.filter(|found| {
                found.lane.fence == state.fence
                    || self.has(Defect::SettlesWithAnyFence)
                    || self.has(Defect::LateDeliveriesKept)
            });
            let Some(before) = held else {
                return Ok::<_, StoreError>(None);
            };
            let next = self.after_settlement(before, state, lease);
            Ok(Some((lane, next)))
        };
        let change = |tables: &mut Tables, (lane, next): (DueLane, HeldLane)| {
            tables.lanes.put(lane.account, lane.endpoint, next);
            for mut placed in deliveries {
                let key = (placed.delivery.endpoint, placed.delivery.change);
                match self.defect {
                    Some(Defect::DeliveriesForgotten) => continue,
                    Some(Defect::DeliveriesNeverReplaced)
                        if tables.deliveries.get(lane.account, key).is_some() =>
                    {
                        continue;
                    }
                    Some(Defect::ForgetsAnswer) => placed.delivery.last.answer = None,
                    _ => {}
                }
                tables.deliveries.put(lane.account, key, placed);
            }
        };
        self.write(Method::SettleLane, Commit::default(), check, change)
            .await
    }

    async fn move_to(&self, lane: DueLane, position: ChangePosition) -> Result<bool, StoreError> {
        let check = |tables: &Tables| {
            let lane = self.lane(tables, LaneCall::Move, lane);
            let found = tables.lanes.get(lane.account, lane.endpoint);
            Ok::<_, StoreError>(found.map(|before| {
                let mut next = before.clone();
                next.lane.position = position;
                if !self.has(Defect::MoveKeepsBlocked) {
                    next.lane.blocked = false;
                }
                if !self.has(Defect::MoveKeepsFence) {
                    next.lane.fence += 1;
                }
                if !self.has(Defect::MoveKeepsLease) {
                    next.held_until = None;
                }
                (lane, next)
            }))
        };
        let change = |tables: &mut Tables, (lane, next): (DueLane, HeldLane)| {
            tables.lanes.put(lane.account, lane.endpoint, next);
        };
        self.write(Method::MoveLane, Commit::default(), check, change)
            .await
    }

    async fn place_before(
        &self,
        account: AccountId,
        instant: Timestamp,
    ) -> Result<ChangePosition, StoreError> {
        let before = |at: Timestamp| at < instant || self.has(Defect::PlaceIncludesInstant) && at == instant;
        self.read(|tables| {
            let mut owners: Vec<_> = tables.changes.keys().copied().collect();
            owners.retain(|owner| *owner == account || self.has(Defect::PlaceOfAll));
            let all = owners
                .iter()
                .flat_map(|owner| tables.changes_after(*owner, ChangePosition::START));
            let made = all.filter(|(_, change)| before(change.at));
            let last = match self.defect {
                Some(Defect::PlaceOfLatestInstant) => made.max_by_key(|(_, change)| change.at),
                _ => made.max_by_key(|(position, _)| *position),
            };
            Ok(last.map_or(ChangePosition::START, |(position, _)| position))
        })
        .await
    }

    async fn retries(&self, lane: DueLane, most: u32) -> Result<Vec<PlacedDelivery>, StoreError> {
        let call = LaneCall::Retries;
        self.read(|tables| {
            let all = self.deliveries_of(tables, call, lane);
            let due = all.filter(|placed| self.is_due(&placed.delivery, call));
            let mut due: Vec<_> = due.cloned().collect();
            if !self.has(Defect::RetriesUnsorted) {
                due.sort_by_key(|placed| placed.delivery.next_at);
            }
            if !self.has(Defect::RetriesWithoutLimit) {
                due.truncate(count(most));
            }
            Ok(due)
        })
        .await
    }

    async fn open(
        &self,
        lane: DueLane,
        after: ChangePosition,
    ) -> Result<(u64, Option<PlacedDelivery>), StoreError> {
        self.read(|tables| {
            let all = self.deliveries_of(tables, LaneCall::Open, lane);
            let is_open = |placed: &&PlacedDelivery| match placed.delivery.status {
                DeliveryStatus::Pending => !self.has(Defect::OpenIsFailed),
                DeliveryStatus::Failed => !self.has(Defect::OpenIsPending),
                DeliveryStatus::Skipped => self.has(Defect::SkippedIsOpen),
                DeliveryStatus::Succeeded => false,
            };
            let open: Vec<_> = all.filter(is_open).collect();
            let behind = |position| position > after || self.has(Defect::OpenAtPlace) && position == after;
            let behind: Vec<_> = open
                .iter()
                .copied()
                .filter(|placed| behind(placed.position))
                .collect();
            let counted = if self.has(Defect::OpenCountsBehind) {
                behind.len()
            } else {
                open.len()
            };
            let first = match self.defect {
                Some(Defect::OpenIsLast) => behind.into_iter().max_by_key(|placed| placed.position),
                Some(Defect::OpenByChange) => behind.into_iter().min_by_key(|placed| placed.delivery.change),
                _ => behind.into_iter().min_by_key(|placed| placed.position),
            };
            Ok((u64::try_from(counted).unwrap_or(u64::MAX), first.cloned()))
        })
        .await
    }

    async fn delivery(&self, lane: DueLane, change: ChangeId) -> Result<Option<PlacedDelivery>, StoreError> {
        self.read(|tables| {
            let mut all = self.deliveries_of(tables, LaneCall::Delivery, lane);
            Ok(all.find(|placed| placed.delivery.change == change).cloned())
        })
        .await
    }

    async fn deliveries(&self, lane: DueLane, page: DeliveryPage) -> Result<Vec<Delivery>, StoreError> {
        self.read(|tables| {
            let mut all: Vec<_> = self.deliveries_of(tables, LaneCall::Deliveries, lane).collect();
            all.sort_by_key(|placed| match self.defect {
                Some(Defect::DeliveriesByPlace) => (Some(placed.position), placed.delivery.change),
                _ => (None, placed.delivery.change),
            });
            if !self.has(Defect::DeliveriesOldestFirst) {
                all.reverse();
            }
            let mut listed: Vec<_> = all.into_iter().map(|placed| placed.delivery.clone()).collect();
            listed.retain(|one| {
                let before = page.before.is_none_or(|before| {
                    one.change < before || self.has(Defect::DeliveriesAgain) && one.change == before
                });
                let stands = page.status.is_none_or(|status| one.status == status);
                before && (stands || self.has(Defect::IgnoresDeliveryStatus))
            });
            if !self.has(Defect::DeliveriesWithoutLimit) {
                listed.truncate(page.limit.get().into());
            }
            Ok(listed)
        })
        .await
    }

    async fn retry(&self, lane: DueLane, change: ChangeId, now: Timestamp) -> Result<bool, StoreError> {
        let check = |tables: &Tables| {
            let lane = self.lane(tables, LaneCall::Retry, lane);
            let mut all = self.deliveries_of(tables, LaneCall::Retry, lane);
            let found = all.find(|placed| placed.delivery.change == change);
            let found = found.filter(|placed| {
                placed.delivery.status == DeliveryStatus::Failed || !self.has(Defect::RetriesFailedOnly)
            });
            Ok::<_, StoreError>(found.map(|placed| (lane.account, placed.clone())))
        };
        let change = |tables: &mut Tables, (account, mut placed): (AccountId, PlacedDelivery)| {
            if !self.has(Defect::RetryChangesNothing) {
                placed.delivery.status = DeliveryStatus::Pending;
                placed.delivery.next_at = Some(now);
            }
            let key = (placed.delivery.endpoint, placed.delivery.change);
            tables.deliveries.put(account, key, placed);
        };
        self.write(Method::RetryDelivery, Commit::default(), check, change)
            .await
    }

    async fn sweep_deliveries(&self, before: Timestamp) -> Result<usize, StoreError> {
        let mut swept = 0;
        let check = |tables: &Tables| {
            let due = self.deliveries_to_sweep(tables, before);
            swept = due.len();
            Ok::<_, StoreError>((!due.is_empty()).then_some(due))
        };
        let change = |tables: &mut Tables, due: Vec<(AccountId, (WebhookEndpointId, ChangeId))>| {
            for (account, key) in due {
                tables.deliveries.remove(account, key);
            }
        };
        self.write(Method::SweepDeliveries, Commit::default(), check, change)
            .await?;
        Ok(swept)
    }
}
