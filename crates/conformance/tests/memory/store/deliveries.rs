//! Which deliveries a call is about, which are due, and which are needed no more.

use super::{MemoryStore, Tables};
use crate::defects::{Defect, LaneCall};
use chatgrow_domain::{AccountId, ChangeId, Delivery, DeliveryStatus, Timestamp, WebhookEndpointId};
use chatgrow_ports::{ChangePosition, DueLane, KEPT_SUCCESSES, PlacedDelivery};
use std::{collections::HashMap, time::SystemTime};

/// The present time, by the store's own clock.
#[expect(clippy::disallowed_methods, reason = "a store has a clock of its own")]
pub(super) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let millis = i64::try_from(since.unwrap_or_default().as_millis()).unwrap();
    Timestamp::from_millis(millis).unwrap()
}

impl MemoryStore {
    /// The deliveries that a call is about.
    pub(super) fn deliveries_of<'t>(
        &self,
        tables: &'t Tables,
        call: LaneCall,
        lane: DueLane,
    ) -> impl Iterator<Item = &'t PlacedDelivery> {
        let lane = self.lane(tables, call, lane);
        let of_all = self.has(Defect::DeliveriesOfAllEndpoints(call));
        let all = tables.deliveries.of(lane.account);
        all.filter(move |placed| placed.delivery.endpoint == lane.endpoint || of_all)
    }

    /// Whether a delivery is to be tried again by now.
    pub(super) fn is_due(&self, delivery: &Delivery, call: LaneCall) -> bool {
        let early = self.has(Defect::RetriesEarly(call));
        delivery.next_at.is_some_and(|next_at| next_at <= now() || early)
    }

    /// Whether a lane or a delivery still needs a change, or one before it.
    pub(super) fn is_needed(&self, tables: &Tables, account: AccountId, change: ChangePosition) -> bool {
        let endpoints = tables.webhook_endpoints.all().filter(|(owner, endpoint)| {
            let active = endpoint.terms.active || self.has(Defect::SweepSparesForInactive);
            active && (*owner == account || self.has(Defect::SweepSparesForAll))
        });
        let mut lanes = endpoints.filter_map(|(owner, endpoint)| tables.lanes.get(owner, endpoint.id));
        let by_lane = lanes.any(|held| held.lane.position < change);
        let pending = |placed: &PlacedDelivery| {
            let status = placed.delivery.status;
            status == DeliveryStatus::Pending
                || self.has(Defect::SweepSparesFailed) && status == DeliveryStatus::Failed
        };
        let by_retry = |placed: &PlacedDelivery| pending(placed) && placed.position <= change;
        by_lane && !self.has(Defect::SweepIgnoresLanes)
            || tables.deliveries.of(account).any(by_retry) && !self.has(Defect::SweepIgnoresRetries)
    }

    /// What a sweep deletes.
    pub(super) fn deliveries_to_sweep(
        &self,
        tables: &Tables,
        before: Timestamp,
    ) -> Vec<(AccountId, (WebhookEndpointId, ChangeId))> {
        // The last ones come first, so that those that are kept are counted.
        let mut successes = HashMap::new();
        let mut due = Vec::new();
        let mut all: Vec<_> = tables.deliveries.all().collect();
        all.sort_by_key(|(_, placed)| std::cmp::Reverse(placed.delivery.change));
        for (account, PlacedDelivery { delivery, .. }) in all {
            let old = match self.defect {
                Some(Defect::SweepsDeliveriesLate) => delivery.last.at < before,
                Some(Defect::SweepsNoDeliveries) => false,
                _ => delivery.last.at <= before,
            };
            let old = old
                && (delivery.status != DeliveryStatus::Pending || self.has(Defect::SweepsPendingDeliveries));
            let endpoint = (!self.has(Defect::SuccessesOfAllCounted)).then_some(delivery.endpoint);
            let counted = successes.entry((account, endpoint)).or_insert(0);
            let succeeded = match self.defect {
                Some(Defect::KeepsAllSuccesses) => false,
                Some(Defect::FailuresCountAsSuccesses) => true,
                _ => delivery.status == DeliveryStatus::Succeeded,
            };
            *counted += i64::from(succeeded);
            if old || succeeded && *counted > KEPT_SUCCESSES {
                due.push((account, (delivery.endpoint, delivery.change)));
            }
        }
        due
    }
}
