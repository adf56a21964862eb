//! Sending: a lane reads the log behind its place, and sends to its endpoint what the endpoint wants to be told.

use crate::{Commits, Effect, System, delivery::webhook_endpoint::lane_of};
use chatgrow_domain::{
    Actor, Change, Delivery, Disabling, LastAttempt, Reachable, ReceiverUrl, Timestamp, WebhookEndpoint,
    WebhookRefusal, WebhookSecret,
};
use chatgrow_ports::{
    ChangeFilter, ChangePosition, ChangeStore, DueLane, Failure, Lane, LaneStore, OutgoingWebhook,
    PlacedDelivery, SecretBox, SentWebhook, StoreError, Stores, WebhookEndpointStore,
};
use futures_util::{StreamExt, stream};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// How many changes are read at a time.
const SOME: u16 = 100;

/// How many webhooks one lane sends at the same time.
const AT_ONCE: usize = 16;

/// How often a lane settles at most, so that it leaves the store to others.
const SETTLE: Duration = Duration::from_millis(100);

/// For how long one pass begins to send. Together with the longest exchange it ends well before the lease.
const PASS: Duration = Duration::from_secs(10);

/// How many deliveries may be open before a lane reads no new changes.
const MOST_OPEN: u64 = 1000;

/// For how long everything may fail before an endpoint is disabled, in milliseconds: 5 days.
const FAILING_MILLIS: i64 = 5 * 86_400_000;

/// How many due lanes are looked for at a time.
const MOST_LANES: u32 = 1000;

/// To which receivers webhooks may go.
#[derive(Debug, Clone, Default)]
pub struct ReceiverRules {
    /// Whether `http` is allowed.
    pub allow_http: bool,
    /// Which addresses may be called.
    pub reachable: Reachable,
}

impl ReceiverRules {
    /// For how long a lane is held. Nothing that is sent takes as long.
    pub(super) const LEASE: Duration = Duration::from_secs(60);

    pub(super) fn url(&self, text: &str) -> Result<ReceiverUrl, WebhookRefusal> {
        ReceiverUrl::parse(text, self.allow_http, &self.reachable).map_err(WebhookRefusal::Url)
    }

    /// The secrets with which webhooks to the endpoint are signed. `None` if the present one can't be read.
    pub(super) fn secrets(
        &self,
        secrets: &dyn SecretBox,
        endpoint: &WebhookEndpoint,
        now: Timestamp,
    ) -> Option<Vec<WebhookSecret>> {
        let mut readable = Vec::new();
        for (nth, sealed) in endpoint.secrets(now).enumerate() {
            let secret = secrets.read(endpoint.id.as_bytes(), sealed.as_bytes());
            let secret = secret.and_then(|bytes| WebhookSecret::from_bytes(bytes).ok());
            // The former one may be lost with its key.
            if nth == 0 && secret.is_none() {
                return None;
            }
            readable.extend(secret);
        }
        Some(readable)
    }

    pub(super) fn attempt(at: Timestamp, sent: SentWebhook) -> LastAttempt {
        LastAttempt {
            at,
            outcome: sent.outcome,
            answer: sent.answer,
            took_millis: millis(sent.took),
        }
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

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
    /// [`StoreError`] if the store fails. What was sent and not settled is sent again.
    pub async fn pass(&self, due: DueLane) -> Result<(), StoreError> {
        let Some(mut held) = self.hold(due).await? else {
            return Ok(());
        };
        let until = Instant::now() + PASS;
        let mut more = true;
        while more && !held.gone && Instant::now() < until && !self.stopping.load(Ordering::Relaxed) {
            more = self.some(&mut held, until).await?;
            if held.settled.elapsed() >= SETTLE
                && more
                && !self.settle(&mut held, Some(ReceiverRules::LEASE)).await?
            {
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
        let now = self.system.clock.now();
        let receivers = &self.system.receivers;
        let Some(secrets) = receivers.secrets(&*self.system.secrets, &endpoint, now) else {
            return Ok(None);
        };
        let lane = self.lanes.claim(due, ReceiverRules::LEASE).await?;
        Ok(lane.map(|lane| Held {
            endpoint,
            secrets,
            lane,
            done: Vec::new(),
            settled: Instant::now(),
            gone: false,
        }))
    }

    /// Sends some webhooks: first those that are to be tried again. Returns whether there may be more.
    async fn some(&self, held: &mut Held, until: Instant) -> Result<bool, StoreError> {
        let due = lane_of(held.endpoint.account_id, held.endpoint.id);
        if held.endpoint.terms.ordered {
            return self.in_order(held, due, until).await;
        }
        let retries = self.lanes.retries(due, u32::from(SOME)).await?;
        let again: Vec<_> = retries
            .into_iter()
            .filter(|retry| {
                !held
                    .done
                    .iter()
                    .any(|done| done.delivery.change == retry.delivery.change)
            })
            .collect();
        let retried = again.len();
        let changes = self.changes_of(held, &again).await?;
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
        if self.send_all(held, changes.collect(), until).await {
            held.lane.position = to;
        }
        Ok(more || retried > 0)
    }

    /// Sends one change after the other, and stops at one that fails.
    async fn in_order(&self, held: &mut Held, due: DueLane, until: Instant) -> Result<bool, StoreError> {
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
                let changes = self.changes_of(held, &[first]).await?;
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

    async fn read(&self, held: &Held) -> Result<chatgrow_ports::Scanned, StoreError> {
        let filter = ChangeFilter {
            types: held.endpoint.types(),
            subject: None,
            actor: None,
        };
        let account = held.endpoint.account_id;
        self.changes.read(account, held.lane.position, filter, SOME).await
    }

    /// The changes of deliveries that are to be tried again. One whose change is not kept any more is left out.
    async fn changes_of(&self, held: &Held, again: &[PlacedDelivery]) -> Result<Vec<ToSend>, StoreError> {
        let mut changes = Vec::new();
        for placed in again {
            let found = self.changes.at(held.endpoint.account_id, placed.position).await?;
            if let Some(logged) = found {
                changes.push((logged.position, logged.change, Some(placed.delivery.clone())));
            }
        }
        Ok(changes)
    }

    /// Sends several changes at once. Returns whether all were sent, however it went: after `until`, none is begun.
    async fn send_all(&self, held: &mut Held, changes: Vec<ToSend>, until: Instant) -> bool {
        let count = changes.len();
        let sending = &*held;
        let begun = stream::iter(changes)
            .take_while(|_| {
                let going_on = Instant::now() < until && !self.stopping.load(Ordering::Relaxed);
                std::future::ready(going_on)
            })
            .map(|(position, change, before)| self.send(sending, position, change, before));
        let done: Vec<_> = begun.buffer_unordered(AT_ONCE).collect().await;
        let all = done.len() == count;
        for placed in done {
            self.note(held, placed);
        }
        all
    }

    /// Sends one change after the other, until one fails or `until` has come. The lane moves on with each success.
    async fn send_in_order(&self, held: &mut Held, changes: Vec<ToSend>, until: Instant) -> bool {
        for (position, change, before) in changes {
            if Instant::now() >= until || self.stopping.load(Ordering::Relaxed) {
                return false;
            }
            let placed = self.send(held, position, change, before).await;
            let succeeded = placed.delivery.last.succeeded();
            self.note(held, placed);
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
        let last = ReceiverRules::attempt(now, sent);
        let counter = if last.succeeded() {
            &self.succeeded
        } else {
            &self.failed
        };
        counter.fetch_add(1, Ordering::Relaxed);
        let [random, ..] = self.system.randomness.secret();
        let chance = f64::from(random) / 255.0;
        let delivery = Delivery::attempted(
            held.endpoint.id,
            change.id,
            change.kind,
            before.as_ref(),
            last,
            asked,
            chance,
        );
        PlacedDelivery { position, delivery }
    }

    fn note(&self, held: &mut Held, placed: PlacedDelivery) {
        let last = &placed.delivery.last;
        held.gone |= last.is_gone();
        if last.succeeded() {
            held.lane.failing_since = None;
        } else if held.lane.failing_since.is_none() {
            held.lane.failing_since = Some(last.at);
        }
        held.done.push(placed);
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
        let failing = held.lane.failing_since;
        let failing = failing.is_some_and(|since| now.as_millis() - since.as_millis() >= FAILING_MILLIS);
        let why = match (held.gone, failing) {
            (true, _) => Disabling::Gone,
            (false, true) => Disabling::Failing,
            (false, false) => return Ok(()),
        };
        let (account, id) = (held.endpoint.account_id, held.endpoint.id);
        // If the endpoint is changed meanwhile, its owner has seen to it.
        let Some(before) = self.endpoints.by_id(account, id).await? else {
            return Ok(());
        };
        let after = before.disabled(why, now);
        let effect = Effect::Changed { before, after };
        let commit = self.commits.without_request(account, Actor::System, &effect);
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
        let before = self.system.clock.now().as_millis().saturating_sub(kept_millis);
        match Timestamp::from_millis(before) {
            Some(before) => self.lanes.sweep_deliveries(before).await.map(drop),
            None => Ok(()),
        }
    }
}

/// A change, its place, and its delivery if it was tried before.
type ToSend = (ChangePosition, Change, Option<Delivery>);
