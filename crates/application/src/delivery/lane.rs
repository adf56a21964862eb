//! Sending: a lane reads the log behind its place, and sends to its endpoint what the endpoint wants to be told.

mod sending;

use super::{
    due_since,
    receivers::{LEASE, signing_secrets},
    webhook_endpoint::lane_of,
};
use crate::{Commits, Effect, System};
use chatgrow_domain::{Actor, Disabling, Timestamp, WebhookEndpoint, WebhookSecret};
use chatgrow_ports::{
    ChangeStore, DueLane, Failure, Lane, LaneStore, PlacedDelivery, StoreError, Stores, WebhookEndpointStore,
};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// How often a lane settles at most, so that it leaves the store to others.
const SETTLE: Duration = Duration::from_millis(100);

/// For how long one pass begins to send. Together with the longest exchange it ends well before the lease.
const PASS: Duration = Duration::from_secs(10);

/// How many due lanes are looked for at a time.
const MOST_LANES: u32 = 1000;

/// What has been counted since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// Tries that succeeded.
    pub succeeded: u64,
    /// Tries that failed.
    pub failed: u64,
    /// Endpoints that were disabled.
    pub disabled: u64,
}

/// How far readers are behind what was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lag {
    /// How old the oldest change is that can't be read yet, because a transaction is still under way.
    pub feed: Duration,
    /// How old the oldest change is that some endpoint has not been sent, nor has it failed.
    pub webhooks: Duration,
}

/// The use cases of sending.
pub struct Lanes {
    endpoints: Arc<dyn WebhookEndpointStore>,
    lanes: Arc<dyn LaneStore>,
    changes: Arc<dyn ChangeStore>,
    system: System,
    commits: Commits,
    succeeded: AtomicU64,
    failed: AtomicU64,
    disabled: AtomicU64,
    /// Whether no further webhook is begun.
    stopping: AtomicBool,
    lag: Mutex<Lag>,
}

/// A lane that is held, with everything that is needed to send.
struct Held {
    endpoint: WebhookEndpoint,
    secrets: Vec<WebhookSecret>,
    lane: Lane,
    /// What was sent since the lane was last settled.
    done: Vec<PlacedDelivery>,
    settled: Instant,
    gone: bool,
}

impl Lanes {
    pub(crate) fn new(stores: &Stores, system: &System, commits: &Commits) -> Self {
        let delivery = &stores.delivery;
        Self {
            endpoints: delivery.webhook_endpoints.clone(),
            lanes: delivery.lanes.clone(),
            changes: delivery.changes.clone(),
            system: system.clone(),
            commits: commits.clone(),
            succeeded: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            disabled: AtomicU64::new(0),
            stopping: AtomicBool::new(false),
            lag: Mutex::default(),
        }
    }

    /// What has been counted since the start.
    #[must_use]
    pub fn counted(&self) -> Counted {
        Counted {
            succeeded: self.succeeded.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            disabled: self.disabled.load(Ordering::Relaxed),
        }
    }

    /// The lag when it was last measured.
    #[must_use]
    pub fn lag(&self) -> Lag {
        *self.lag.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Measures the lag of this moment.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub async fn measure_lag(&self) -> Result<(), StoreError> {
        let feed = self.changes.held_back_since().await?;
        let webhooks = self.lanes.waiting_since().await?;
        let now = self.system.clock.now().as_millis();
        let age = |since: Option<Timestamp>| {
            let millis = since.map_or(0, |since| now - since.as_millis());
            Duration::from_millis(millis.max(0).unsigned_abs())
        };
        *self.lag.lock().unwrap_or_else(PoisonError::into_inner) = Lag {
            feed: age(feed),
            webhooks: age(webhooks),
        };
        Ok(())
    }

    /// Lanes that have something to do, and that nobody holds.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub async fn due(&self) -> Result<Vec<DueLane>, StoreError> {
        self.lanes.due(MOST_LANES).await
    }

    /// Waits until there may be something to do. Returns `false` if the deadline comes first.
    pub async fn wait(&self, deadline: Instant) -> bool {
        self.system.bell.wait(deadline).await
    }

    /// Begins no further webhook, because the server stops. What is under way is finished, and the lanes are given back.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Sends what the lane has to send, for some seconds at most. If somebody else holds it, it does nothing.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails, or the endpoint's secret can't be read. What was sent and not settled is sent
    /// again.
    pub async fn pass(&self, due: DueLane) -> Result<(), StoreError> {
        let Some(mut held) = self.hold(due).await? else {
            return Ok(());
        };
        let until = Instant::now() + PASS;
        let mut more = true;
        while more && !held.gone && Instant::now() < until && !self.stopping.load(Ordering::Relaxed) {
            more = self.some(&mut held, until).await?;
            if held.settled.elapsed() >= SETTLE && more && !self.settle(&mut held, Some(LEASE)).await? {
                // Somebody else has it.
                return Ok(());
            }
        }
        if self.settle(&mut held, None).await? {
            self.disable_if_due(&held).await?;
        }
        Ok(())
    }

    async fn hold(&self, due: DueLane) -> Result<Option<Held>, StoreError> {
        let endpoint = self.endpoints.by_id(due.account, due.endpoint).await?;
        let Some(endpoint) = endpoint.filter(|endpoint| endpoint.terms.active) else {
            return Ok(None);
        };
        let Some(lane) = self.lanes.claim(due, LEASE).await? else {
            return Ok(None);
        };
        let now = self.system.clock.now();
        // If it fails, the lease is kept, so that the lane pauses for as long.
        let secrets = signing_secrets(&*self.system.secrets, &endpoint, now)?;
        Ok(Some(Held {
            endpoint,
            secrets,
            lane,
            done: Vec::new(),
            settled: Instant::now(),
            gone: false,
        }))
    }

    async fn settle(&self, held: &mut Held, lease: Option<Duration>) -> Result<bool, StoreError> {
        let due = lane_of(held.endpoint.account_id, held.endpoint.id);
        let done = std::mem::take(&mut held.done);
        held.settled = Instant::now();
        self.lanes.settle(due, &held.lane, done, lease).await
    }

    /// Disables the endpoint if its receiver wants no more, or if everything has failed for too long.
    async fn disable_if_due(&self, held: &Held) -> Result<(), StoreError> {
        let now = self.system.clock.now();
        let failing = held.endpoint.has_failed_too_long(held.lane.failing_since, now);
        let why = match (held.gone, failing) {
            (true, _) => Disabling::Gone,
            (false, true) => Disabling::Failing,
            (false, false) => return Ok(()),
        };
        let before = held.endpoint.clone();
        let account = before.account_id;
        let after = before.disabled(why, now);
        let effect = Effect::Changed { before, after };
        let commit = self.commits.without_request(account, Actor::System, &effect);
        // If the endpoint was changed meanwhile, its owner has seen to it, and the write is refused.
        match self.endpoints.update(effect.resource(), commit).await {
            Ok(()) => {
                self.disabled.fetch_add(1, Ordering::Relaxed);
                self.commits.announce();
                Ok(())
            }
            Err(Failure::Store(error)) => Err(error),
            Err(_) => Ok(()),
        }
    }

    /// Deletes old deliveries.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub async fn sweep(&self, kept_millis: i64) -> Result<(), StoreError> {
        match due_since(&self.system, kept_millis) {
            Some(before) => self.lanes.sweep_deliveries(before).await.map(drop),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
