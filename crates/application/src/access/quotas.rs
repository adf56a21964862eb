//! Quotas that servers share.
//!
//! Permits are leased from the store before they are used, so whatever becomes of a server, no permit is used twice. A busy
//! client's are leased many at a time, so that not each of its requests waits for the store. Those that are not used within
//! [`LIFETIME`] are lost.
//!
//! If the store is away, each server counts alone and gives its part of a fresh quota.

use chatgrow_domain::ObjectId;
use chatgrow_ports::{IdSource, Lease, Quota, QuotaOf, QuotaStore, StoreError};
use futures_util::lock::Mutex as Turns;
use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// How long leased permits may be used.
const LIFETIME: Duration = Duration::from_secs(1);

/// The most permits of one lease. All requests of the client wait for the next one: with 256, that took a tenth of the
/// rate of a client with 25 000 requests a second.
const MOST: u32 = 1024;

/// How long a client is refused without asking the store again. So a client that doesn't heed its limit costs little.
const REFUSAL: Duration = Duration::from_millis(100);

/// How long the store isn't asked after it was away.
const AWAY: Duration = Duration::from_secs(1);

/// Servers that were seen within this time share the quotas while the store is away.
const LATELY: Duration = Duration::from_secs(30);

/// The use case that admits requests within a quota.
pub struct Quotas {
    /// None if no other server shares them.
    store: Option<Arc<dyn QuotaStore>>,
    ids: Arc<dyn IdSource>,
    /// This server among the others.
    server: OnceLock<ObjectId>,
    clients: RwLock<HashMap<(QuotaOf, Quota), Arc<Client>>>,
    /// Until when the store isn't asked, if it was away when it was last asked.
    away_until: Mutex<Option<Instant>>,
    servers: AtomicU32,
    leases: AtomicU64,
    alone: AtomicU64,
}

/// Whether a request may proceed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permit {
    /// It may, and so many more may.
    Granted {
        /// What this server knows to be left.
        remaining: u32,
    },
    /// It may not.
    Refused {
        /// When there will be a permit again.
        wait: Duration,
    },
    /// The server has to decide alone. Its part of the quota is one of so many.
    Alone {
        /// How many servers were seen lately.
        servers: NonZeroU32,
    },
}

/// What was counted since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuotasUsed {
    /// How often the store was asked for permits.
    pub leases: u64,
    /// How many requests this server decided on alone, because the store was away.
    pub alone: u64,
    /// How many servers were seen lately.
    pub servers: u32,
}

#[derive(Default)]
struct Client {
    state: Mutex<State>,
    /// One request at a time asks the store. The others find what it has leased.
    turns: Turns<()>,
}

/// What is known of a client's quota.
#[derive(Default)]
struct State {
    /// How many leased permits are left, and when they were leased.
    permits: u32,
    leased_at: Option<Instant>,
    /// How long they may be used.
    lifetime: Duration,
    /// How many were leased.
    size: u32,
    /// How many were left in the store.
    remaining: u32,
    refused_until: Option<Instant>,
}

impl State {
    /// Decides without the store, if that is possible.
    fn decide(&mut self, now: Instant) -> Option<Permit> {
        if let Some(wait) = self
            .refused_until
            .and_then(|until| until.checked_duration_since(now))
            && !wait.is_zero()
        {
            return Some(Permit::Refused { wait });
        }
        if self.permits == 0 || self.leased_at.is_none_or(|leased| now >= leased + self.lifetime) {
            return None;
        }
        self.permits -= 1;
        let remaining = self.remaining.saturating_add(self.permits);
        Some(Permit::Granted { remaining })
    }

    /// How many permits to ask for: about as many as the client uses in half of their lifetime or more.
    fn wanted(&self, now: Instant) -> NonZeroU32 {
        let age = self.leased_at.map_or(self.lifetime, |leased| now - leased);
        let wanted = match self.permits {
            0 if age < self.lifetime / 2 => self.size.saturating_mul(2),
            0 if age < self.lifetime => self.size,
            0 => 1,
            left => self.size - left,
        };
        NonZeroU32::new(wanted.min(MOST)).unwrap_or(NonZeroU32::MIN)
    }

    /// Takes note of a lease that was asked for at `asked`, and uses its first permit.
    fn take(&mut self, lease: Lease, lifetime: Duration, asked: Instant) -> Permit {
        let wait = lease.wait.max(REFUSAL);
        *self = Self {
            permits: lease.permits,
            leased_at: Some(asked),
            lifetime,
            size: lease.permits,
            remaining: lease.remaining,
            refused_until: (lease.permits == 0).then(|| asked + wait),
        };
        self.decide(asked).unwrap_or(Permit::Refused { wait })
    }
}

impl Quotas {
    pub(crate) fn new(store: Option<Arc<dyn QuotaStore>>, ids: Arc<dyn IdSource>) -> Self {
        Self {
            store,
            ids,
            server: OnceLock::new(),
            clients: RwLock::default(),
            away_until: Mutex::default(),
            servers: AtomicU32::new(1),
            leases: AtomicU64::default(),
            alone: AtomicU64::default(),
        }
    }

    /// Uses a permit of a quota.
    pub async fn take(&self, of: QuotaOf, quota: Quota) -> Permit {
        let Some(store) = &self.store else {
            return Permit::Alone {
                servers: NonZeroU32::MIN,
            };
        };
        let client = self.client(of, quota);
        if let Some(permit) = lock(&client.state).decide(Instant::now()) {
            return permit;
        }
        let _turn = client.turns.lock().await;
        let now = Instant::now();
        let wanted = {
            let mut state = lock(&client.state);
            if let Some(permit) = state.decide(now) {
                return permit;
            }
            state.wanted(now)
        };
        if self.is_away(now) {
            return self.alone();
        }
        self.leases.fetch_add(1, Ordering::Relaxed);
        // Otherwise a lease would be longer than a short window.
        let lifetime = LIFETIME.min(quota.window / 8);
        match store.lease(of, quota, wanted, lifetime).await {
            Ok(lease) => {
                *lock(&self.away_until) = None;
                lock(&client.state).take(lease, lifetime, now)
            }
            Err(error) => {
                if matches!(error, StoreError::Unavailable(_)) {
                    *lock(&self.away_until) = Some(Instant::now() + AWAY);
                }
                self.alone()
            }
        }
    }

    /// Whether the store was away a moment ago. If that moment is over, one caller has to ask whether it is back.
    fn is_away(&self, now: Instant) -> bool {
        let mut away_until = lock(&self.away_until);
        match *away_until {
            Some(until) if now < until => true,
            Some(_) => {
                *away_until = Some(now + AWAY);
                false
            }
            None => false,
        }
    }

    fn alone(&self) -> Permit {
        self.alone.fetch_add(1, Ordering::Relaxed);
        let servers = NonZeroU32::new(self.servers.load(Ordering::Relaxed)).unwrap_or(NonZeroU32::MIN);
        Permit::Alone { servers }
    }

    fn client(&self, of: QuotaOf, quota: Quota) -> Arc<Client> {
        let clients = self.clients.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&(of, quota)) {
            return client.clone();
        }
        drop(clients);
        let mut clients = self.clients.write().unwrap_or_else(PoisonError::into_inner);
        clients.entry((of, quota)).or_default().clone()
    }

    /// Counts the servers, and forgets the clients whose lease or refusal is over.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub async fn meet(&self) -> Result<(), StoreError> {
        let now = Instant::now();
        let in_use = |client: &Client| {
            let state = lock(&client.state);
            let lives = state
                .leased_at
                .is_some_and(|leased| now < leased + state.lifetime);
            lives || state.refused_until.is_some_and(|until| now < until)
        };
        self.clients
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|_, client| Arc::strong_count(client) > 1 || in_use(client));
        let Some(store) = &self.store else {
            return Ok(());
        };
        let server = *self.server.get_or_init(|| self.ids.next_id());
        let servers = store.meet(server, LATELY).await?;
        self.servers.store(servers.get(), Ordering::Relaxed);
        Ok(())
    }

    /// What was counted since the start. `None` if the quotas are not shared.
    pub fn used(&self) -> Option<QuotasUsed> {
        self.store.as_ref()?;
        Some(QuotasUsed {
            leases: self.leases.load(Ordering::Relaxed),
            alone: self.alone.load(Ordering::Relaxed),
            servers: self.servers.load(Ordering::Relaxed),
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
