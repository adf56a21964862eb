//! What a lane that is held sends, and in which order.

use super::{Held, Lanes};
use crate::delivery::{
    receivers::{attempt, millis},
    webhook_endpoint::lane_of,
};
use chatgrow_domain::{Change, Delivery};
use chatgrow_ports::{
    ChangeFilter, ChangePosition, DueLane, OutgoingWebhook, PlacedDelivery, Scanned, StoreError,
};
use futures_util::{StreamExt, stream};
use std::{sync::atomic::Ordering, time::Instant};

/// How many changes are read at a time.
const SOME: u16 = 100;

/// How many webhooks one lane sends at the same time, unless its receiver is failing.
const AT_ONCE: usize = 16;

/// How many deliveries may be open before a lane reads no new changes.
const MOST_OPEN: u64 = 1000;

impl Lanes {
    /// Sends some webhooks: first those that are to be tried again. Returns whether there may be more.
    pub(super) async fn some(&self, held: &mut Held, until: Instant) -> Result<bool, StoreError> {
        let due = lane_of(held.endpoint.account_id, held.endpoint.id);
        if held.endpoint.terms.ordered {
            return self.in_order(held, due, until).await;
        }
        let again = self.again(held, due).await?;
        let retried = again.len();
        let changes = self.changes_of(held, again).await?;
        self.send_all(held, changes, until).await;
        let (open, _) = self.lanes.open(due, held.lane.position).await?;
        held.lane.blocked = open >= MOST_OPEN;
        if held.lane.blocked {
            return Ok(retried > 0);
        }
        let scanned = self.read(held).await?;
        let to = scanned.to;
        let more = scanned.more;
        let changes = scanned
            .changes
            .into_iter()
            .map(|logged| (logged.position, logged.change, None));
        match self.send_all(held, changes.collect(), until).await {
            Sent::All => held.lane.position = to,
            Sent::UpTo(last) => held.lane.position = last.unwrap_or(held.lane.position),
        }
        Ok(more || retried > 0)
    }

    /// What is to be tried again by now, and was not in this pass.
    async fn again(&self, held: &Held, due: DueLane) -> Result<Vec<PlacedDelivery>, StoreError> {
        let retries = self.lanes.retries(due, u32::from(SOME)).await?;
        let was_tried = |retry: &PlacedDelivery| {
            let mut done = held.done.iter();
            done.any(|done| done.delivery.change == retry.delivery.change)
        };
        Ok(retries.into_iter().filter(|retry| !was_tried(retry)).collect())
    }

    /// Sends one change after the other, and stops at one that fails.
    async fn in_order(&self, held: &mut Held, due: DueLane, until: Instant) -> Result<bool, StoreError> {
        // The lane has passed these changes, so they wait for nothing: somebody wants one again, or they failed before
        // the endpoint was an ordered one.
        let mut passed = self.again(held, due).await?;
        passed.retain(|retry| retry.position <= held.lane.position);
        let passed = self.changes_of(held, passed).await?;
        self.send_all(held, passed, until).await;
        if held.lane.blocked {
            let (_, first) = self.lanes.open(due, held.lane.position).await?;
            if let Some(first) = first {
                let is_due = first
                    .delivery
                    .next_at
                    .is_some_and(|next| next <= self.system.clock.now());
                if !is_due {
                    return Ok(false);
                }
                let position = first.position;
                let changes = self.changes_of(held, vec![first]).await?;
                if !self.send_in_order(held, changes, until).await {
                    return Ok(false);
                }
                held.lane.position = position;
            }
            held.lane.blocked = false;
        }
        let scanned = self.read(held).await?;
        let (to, more) = (scanned.to, scanned.more);
        let changes = scanned
            .changes
            .into_iter()
            .map(|logged| (logged.position, logged.change, None));
        if !self.send_in_order(held, changes.collect(), until).await {
            return Ok(false);
        }
        held.lane.position = to;
        Ok(more)
    }

    async fn read(&self, held: &Held) -> Result<Scanned, StoreError> {
        let filter = ChangeFilter::of_types(held.endpoint.types());
        let account = held.endpoint.account_id;
        self.changes.read(account, held.lane.position, filter, SOME).await
    }

    /// The changes of deliveries that are to be tried again. One whose change is not kept any more has failed.
    async fn changes_of(
        &self,
        held: &mut Held,
        again: Vec<PlacedDelivery>,
    ) -> Result<Vec<ToSend>, StoreError> {
        let mut changes = Vec::new();
        for PlacedDelivery { position, delivery } in again {
            match self.changes.at(held.endpoint.account_id, position).await? {
                Some(logged) => changes.push((logged.position, logged.change, Some(delivery))),
                None => held.done.push(PlacedDelivery {
                    position,
                    delivery: delivery.failed(),
                }),
            }
        }
        Ok(changes)
    }

    /// Sends several changes at once, and tells how many were sent, however it went: after `until`, none is begun.
    async fn send_all(&self, held: &mut Held, changes: Vec<ToSend>, until: Instant) -> Sent {
        let count = changes.len();
        let at_once = if held.lane.failing_since.is_some() {
            1
        } else {
            AT_ONCE
        };
        let sending = &*held;
        let begun = stream::iter(changes)
            .take_while(|_| {
                let going_on = Instant::now() < until && !self.stopping.load(Ordering::Relaxed);
                std::future::ready(going_on)
            })
            .map(|(position, change, before)| self.send(sending, position, change, before));
        let done: Vec<_> = begun.buffer_unordered(at_once).collect().await;
        let sent = if done.len() == count {
            Sent::All
        } else {
            // They are begun in order, so those that were begun come before the others.
            Sent::UpTo(done.iter().map(|placed| placed.position).max())
        };
        for placed in done {
            held.note(placed);
        }
        sent
    }

    /// Sends one change after the other, until one fails or `until` has come. The lane moves on with each success.
    async fn send_in_order(&self, held: &mut Held, changes: Vec<ToSend>, until: Instant) -> bool {
        for (position, change, before) in changes {
            if Instant::now() >= until || self.stopping.load(Ordering::Relaxed) {
                return false;
            }
            let placed = self.send(held, position, change, before).await;
            let succeeded = placed.delivery.last.succeeded();
            held.note(placed);
            if !succeeded {
                held.lane.blocked = true;
                return false;
            }
            held.lane.position = position;
        }
        true
    }

    async fn send(
        &self,
        held: &Held,
        position: ChangePosition,
        change: Change,
        before: Option<Delivery>,
    ) -> PlacedDelivery {
        let now = self.system.clock.now();
        let sent = self.system.sender.send(OutgoingWebhook {
            url: held.endpoint.terms.url.clone(),
            id: change.id.to_string(),
            sent_at: now,
            secrets: held.secrets.clone(),
            body: self.system.representation.webhook(&change),
        });
        let sent = sent.await;
        let asked = sent.retry_after.map(millis);
        let last = attempt(now, sent);
        let counter = if last.succeeded() {
            &self.succeeded
        } else {
            &self.failed
        };
        counter.fetch_add(1, Ordering::Relaxed);
        let [random, ..] = self.system.randomness.secret();
        let jitter = f64::from(random) / 255.0;
        let delivery = Delivery::attempted(
            held.endpoint.id,
            change.id,
            change.kind,
            before.as_ref(),
            last,
            asked,
            jitter,
        );
        PlacedDelivery { position, delivery }
    }
}

impl Held {
    /// Remembers a try until the lane is settled.
    fn note(&mut self, placed: PlacedDelivery) {
        let last = &placed.delivery.last;
        self.gone |= last.is_gone();
        if last.succeeded() {
            self.lane.failing_since = None;
        } else if self.lane.failing_since.is_none() {
            self.lane.failing_since = Some(last.at);
        }
        self.done.push(placed);
    }
}

/// A change, its place, and its delivery if it was tried before.
type ToSend = (ChangePosition, Change, Option<Delivery>);

/// How far some changes were sent.
enum Sent {
    All,
    /// Up to that place. `None` if none was sent.
    UpTo(Option<ChangePosition>),
}
