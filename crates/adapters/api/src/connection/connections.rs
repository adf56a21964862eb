//! Connections: how many may be open, and how long one may wait for its client.
//!
//! actix limits the time for the first head of a connection to five seconds. For a later head there is no limit once
//! its first byte has arrived. So each connection records whose turn it is, and the server closes a connection that has
//! waited too long for its client.
//!
//! If there is no room for a new connection, the server closes those that have waited longest for their clients. So a
//! client that sends a request is admitted, whoever holds connections open. The server never closes a connection while
//! it works on a request from it.

use crate::connection::{
    client::{Proxies, network},
    turn::{Clock, Connection, millis},
};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// How long a client may take to send the next head after an answer, or to send or receive any part of a body or an
/// answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// A connection that has waited for less is not closed to make room, because its client may be about to send something.
const SHORT: Duration = Duration::from_secs(1);

/// After a search for room that closed no connection, how long new connections are admitted without another search. A
/// search visits every connection.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// The fraction of the connections, one in this many, that is closed at once to make room.
const ROOM_SHARE: usize = 16;

/// Limits on the number of connections.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionLimits {
    /// In total.
    pub all: usize,
    /// From one client: an IPv4 address or an IPv6 /64. Trusted proxies are exempt. For a moment there may be twice as
    /// many.
    pub per_client: usize,
}

impl ConnectionLimits {
    /// How many connections may be open at once. This is more than the limit, because a connection above it only makes
    /// room once it is open.
    #[must_use]
    pub fn most(self) -> usize {
        self.all.saturating_add(self.all / ROOM_SHARE + 1)
    }
}

/// The open connections of one server.
pub(crate) struct Connections {
    limits: ConnectionLimits,
    proxies: Proxies,
    clock: Clock,
    open: Mutex<Open>,
    metrics: Metrics,
}

#[derive(Clone, Default)]
struct Metrics {
    open: Gauge,
    closed: Family<Closed, Counter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Closed {
    reason: &'static str,
}

#[derive(Default)]
struct Open {
    next: u64,
    connections: HashMap<u64, Arc<Connection>>,
    per_client: HashMap<IpAddr, usize>,
    /// When a search for room last closed nothing.
    in_vain: u64,
}

/// An entry among the open connections. It lasts as long as the connection.
pub(crate) struct Place {
    id: u64,
    pub(crate) connection: Arc<Connection>,
    among: Arc<Connections>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.among.open();
        open.remove(self.id);
        self.among.count(&open);
    }
}

impl Open {
    fn remove(&mut self, id: u64) {
        let Some(removed) = self.connections.remove(&id) else {
            return;
        };
        if let Some(client) = removed.client
            && let Some(count) = self.per_client.get_mut(&client)
        {
            *count -= 1;
            if *count == 0 {
                self.per_client.remove(&client);
            }
        }
    }

    fn of_client(&self, client: IpAddr) -> usize {
        self.per_client.get(&client).copied().unwrap_or(0)
    }

    /// Closes at most `most` connections, of one client or of all, those that have waited longest for their clients. It
    /// closes none that has waited for less than [`SHORT`]. Returns how many it closed.
    fn close_longest_waiting(&mut self, of: Option<IpAddr>, most: usize, now: u64) -> usize {
        let long_ago = now - millis(SHORT);
        let mut waiting: Vec<_> = self
            .connections
            .iter()
            .filter(|(_, connection)| of.is_none() || connection.client == of)
            .filter_map(|(id, connection)| Some((connection.turn().since()?, *id)))
            .filter(|(since, _)| *since <= long_ago)
            .collect();
        waiting.sort_unstable();
        waiting.truncate(most);
        for (_, id) in &waiting {
            self.close(*id);
        }
        waiting.len()
    }

    /// Makes room for one more connection, of one client or in total, if the limit is reached. Returns how many it
    /// closed.
    fn make_room(&mut self, of: Option<IpAddr>, limits: ConnectionLimits, now: u64) -> usize {
        let (count, limit) = match of {
            Some(client) => (self.of_client(client), limits.per_client),
            None => (self.connections.len(), limits.all),
        };
        if count < limit {
            return 0;
        }
        self.close_longest_waiting(of, (limit / ROOM_SHARE).max(1) + count - limit, now)
    }

    fn close(&mut self, id: u64) {
        if let Some(connection) = self.connections.get(&id) {
            connection.close();
        }
        self.remove(id);
    }
}

impl Connections {
    pub(crate) fn new(limits: ConnectionLimits, proxies: Proxies, registry: &mut Registry) -> Arc<Self> {
        let metrics = Metrics::default();
        registry.register("connections", "Open connections", metrics.open.clone());
        registry.register(
            "connections_closed",
            "Connections that the server closed: their clients were overdue, others needed the room, or they were refused",
            metrics.closed.clone(),
        );
        Arc::new(Self {
            limits,
            proxies,
            clock: Clock(Instant::now()),
            open: Mutex::default(),
            metrics,
        })
    }

    /// How many connections may be open at once.
    pub(crate) fn most(&self) -> usize {
        self.limits.most()
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, open: &Open) {
        let count = i64::try_from(open.connections.len()).unwrap_or(i64::MAX);
        self.metrics.open.set(count);
    }

    fn closed(&self, reason: &'static str, count: usize) {
        if count > 0 {
            self.metrics
                .closed
                .get_or_create(&Closed { reason })
                .inc_by(count as u64);
        }
    }

    /// Admits a connection from that address, and may close others to make room. `None` if the client has twice its
    /// limit.
    pub(crate) fn admit(self: &Arc<Self>, peer: IpAddr) -> Option<Place> {
        let client = (!self.proxies.trust(peer)).then(|| network(peer));
        let mut open = self.open();
        let now = self.clock.now();
        if now >= open.in_vain + millis(LOOK_AGAIN) {
            let closed = client.map_or(0, |client| open.make_room(Some(client), self.limits, now))
                + open.make_room(None, self.limits, now);
            if closed == 0 {
                open.in_vain = now;
            }
            self.closed("room", closed);
        }
        if let Some(client) = client {
            if open.of_client(client) >= self.limits.per_client.saturating_mul(2) {
                self.closed("refused", 1);
                return None;
            }
            *open.per_client.entry(client).or_default() += 1;
        }
        let connection = Arc::new(Connection::new(client, self.clock, now));
        open.next += 1;
        let id = open.next;
        open.connections.insert(id, connection.clone());
        self.count(&open);
        drop(open);
        Some(Place {
            id,
            connection,
            among: self.clone(),
        })
    }

    /// Closes the connections whose clients are overdue. If there are still too many, closes those that have waited
    /// longest. Call this about every second.
    pub(crate) fn tidy(&self) {
        let now = self.clock.now();
        let overdue = |connection: &Connection| {
            let since = connection.turn().since();
            since.is_some_and(|since| now.saturating_sub(since) >= millis(PATIENCE))
        };
        let mut open = self.open();
        let ids: Vec<_> = open
            .connections
            .iter()
            .filter(|(_, connection)| overdue(connection))
            .map(|(id, _)| *id)
            .collect();
        for id in &ids {
            open.close(*id);
        }
        let clients: Vec<_> = open.per_client.keys().copied().map(Some).collect();
        let all = clients.into_iter().chain([None]);
        let closed = all.map(|of| open.make_room(of, self.limits, now)).sum();
        self.count(&open);
        drop(open);
        self.closed("overdue", ids.len());
        self.closed("room", closed);
    }
}

#[cfg(test)]
pub(crate) mod tests;
