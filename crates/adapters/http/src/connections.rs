//! Connections: how many there may be, and how long one may wait for its client.
//!
//! actix gives the first head of a connection five seconds, and a later one as long as it likes once its first byte has come. So each
//! connection knows whose turn it is. One that has waited too long for its client's next head is closed. If there is no room for a new one,
//! those that have waited longest for their clients are closed: whoever holds connections open, a client that says something is let in.

use crate::client::{Proxies, network};
use actix_web::{dev::Extensions, rt::net::TcpStream};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};
use socket2::{SockRef, Socket};
use std::{
    any::Any,
    collections::HashMap,
    net::{IpAddr, Shutdown},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// How long the next head may take, from the end of the answer before it.
const NEXT_HEAD: Duration = Duration::from_secs(10);

/// To make room, one in so many connections is closed: all have to be looked at for it.
const ROOM: usize = 16;

/// How many connections there may be.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionLimits {
    /// In all.
    pub all: usize,
    /// From one client: an IPv4 address or an IPv6 /64. Trusted proxies are exempt.
    pub per_client: usize,
}

/// The open connections of one server.
pub(crate) struct Connections {
    limits: ConnectionLimits,
    proxies: Proxies,
    started: Instant,
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
}

/// One of them.
pub(crate) struct Connection {
    /// A second handle of the socket, by which it can be shut down from anywhere.
    socket: Socket,
    /// Whose it is; `None` if it is a proxy's, which is not counted.
    client: Option<IpAddr>,
    started: Instant,
    turn: AtomicU64,
}

/// Whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// The server works on a request.
    Server,
    /// The client has to send a head, since so many milliseconds after the start.
    Head(u64),
    /// The client has to take its answer.
    Answer(u64),
}

impl Turn {
    /// As one number, so that it changes at once.
    fn encode(self) -> u64 {
        match self {
            Self::Server => 0,
            Self::Head(since) => (since + 1) << 1,
            Self::Answer(since) => (since + 1) << 1 | 1,
        }
    }

    fn decode(number: u64) -> Self {
        match (number >> 1, number & 1) {
            (0, _) => Self::Server,
            (since, 0) => Self::Head(since - 1),
            (since, _) => Self::Answer(since - 1),
        }
    }
}

impl Connection {
    fn turn(&self) -> Turn {
        Turn::decode(self.turn.load(Ordering::Relaxed))
    }

    fn set(&self, turn: Turn) {
        self.turn.store(turn.encode(), Ordering::Relaxed);
    }

    fn now(&self) -> u64 {
        millis(self.started.elapsed())
    }

    /// A whole head has come.
    pub(crate) fn begin(&self) {
        self.set(Turn::Server);
    }

    /// The answer is there; it is sent when the returned value is dropped.
    pub(crate) fn answer(self: &Arc<Self>) -> Sending {
        self.set(Turn::Answer(self.now()));
        Sending(self.clone())
    }

    fn close(&self) {
        // An error means that it has ended by itself.
        let _ = self.socket.shutdown(Shutdown::Both);
    }
}

/// An answer that is being sent.
pub(crate) struct Sending(Arc<Connection>);

impl Drop for Sending {
    fn drop(&mut self) {
        self.0.set(Turn::Head(self.0.now()));
    }
}

/// A connection's place among the open ones, which actix keeps for as long as the connection.
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

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX >> 2)
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

    /// Closes those that have waited longest for their clients, `most` at the most, of one client or of all. Returns how many.
    fn close_longest_waiting(&mut self, of: Option<IpAddr>, most: usize) -> usize {
        let mut waiting: Vec<_> = self
            .connections
            .iter()
            .filter(|(_, connection)| of.is_none() || connection.client == of)
            .filter_map(|(id, connection)| match connection.turn() {
                Turn::Server => None,
                Turn::Head(since) | Turn::Answer(since) => Some((since, *id)),
            })
            .collect();
        let most = most.min(waiting.len());
        if most < waiting.len() {
            waiting.select_nth_unstable(most);
        }
        for (_, id) in &waiting[..most] {
            self.close(*id);
        }
        most
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
            "Connections that the server closed: their next head was overdue, others needed the room, or there was none",
            metrics.closed.clone(),
        );
        Arc::new(Self {
            limits,
            proxies,
            started: Instant::now(),
            open: Mutex::default(),
            metrics,
        })
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

    /// What actix calls for each new connection.
    pub(crate) fn connected(self: &Arc<Self>, stream: &dyn Any, extensions: &mut Extensions) {
        let Some(stream) = stream.downcast_ref::<TcpStream>() else {
            return;
        };
        let socket = SockRef::from(stream);
        let (Ok(peer), Ok(handle)) = (stream.peer_addr(), socket.try_clone()) else {
            // It has ended already, or the process has no file left for it.
            let _ = socket.shutdown(Shutdown::Both);
            return self.closed("refused", 1);
        };
        match self.admit(handle, peer.ip()) {
            Some(place) => {
                extensions.insert(place);
            }
            None => {
                let _ = socket.shutdown(Shutdown::Both);
            }
        }
    }

    /// A place for the connection, for which others may have to go; `None` if the server works on a request of each.
    fn admit(self: &Arc<Self>, socket: Socket, peer: IpAddr) -> Option<Place> {
        let client = (!self.proxies.trust(peer)).then(|| network(peer));
        let mut open = self.open();
        let ConnectionLimits { all, per_client } = self.limits;
        let of_client = client.and_then(|client| open.per_client.get(&client).copied());
        for (of, count, limit) in [
            (client, of_client.unwrap_or(0), per_client),
            (None, open.connections.len(), all),
        ] {
            if count < limit {
                continue;
            }
            let closed = open.close_longest_waiting(of, (limit / ROOM).max(1));
            self.closed("room", closed);
            if closed == 0 {
                self.closed("refused", 1);
                return None;
            }
        }
        let connection = Arc::new(Connection {
            socket,
            client,
            started: self.started,
            turn: AtomicU64::default(),
        });
        connection.set(Turn::Head(connection.now()));
        open.next += 1;
        let id = open.next;
        open.connections.insert(id, connection.clone());
        if let Some(client) = client {
            *open.per_client.entry(client).or_default() += 1;
        }
        self.count(&open);
        drop(open);
        Some(Place {
            id,
            connection,
            among: self.clone(),
        })
    }

    /// Closes the connections whose next head is overdue. Call it every second or so.
    pub(crate) fn close_overdue(&self) {
        self.close_overdue_at(millis(self.started.elapsed()));
    }

    fn close_overdue_at(&self, now: u64) {
        let overdue = |connection: &Connection| match connection.turn() {
            Turn::Head(since) => now.saturating_sub(since) >= millis(NEXT_HEAD),
            Turn::Server | Turn::Answer(_) => false,
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
        self.count(&open);
        drop(open);
        self.closed("overdue", ids.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::X_FORWARDED_FOR;
    use socket2::{Domain, Type};

    fn connections(all: usize, per_client: usize) -> Arc<Connections> {
        let proxies = Proxies {
            trusted: vec!["10.0.0.0/8".parse().unwrap()],
            header: X_FORWARDED_FOR,
        };
        let limits = ConnectionLimits { all, per_client };
        Connections::new(limits, proxies, &mut Registry::default())
    }

    fn connect(connections: &Arc<Connections>, peer: &str) -> Option<Place> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        connections.admit(socket, peer.parse().unwrap())
    }

    fn is_open(place: &Place) -> bool {
        place.among.open().connections.contains_key(&place.id)
    }

    #[test]
    fn whose_turn_it_is_fits_into_a_number() {
        for turn in [Turn::Server, Turn::Head(0), Turn::Answer(0), Turn::Head(7), Turn::Answer(1 << 40)] {
            assert_eq!(Turn::decode(turn.encode()), turn);
        }
    }

    #[test]
    fn the_one_that_has_waited_longest_makes_room() {
        let connections = connections(2, 2);
        let first = connect(&connections, "192.0.2.1").unwrap();
        let second = connect(&connections, "192.0.2.2").unwrap();
        second.connection.set(Turn::Head(0));
        first.connection.set(Turn::Head(1));
        let third = connect(&connections, "192.0.2.3").unwrap();
        assert!(is_open(&first) && !is_open(&second) && is_open(&third));
        // Those whose requests are worked on stay; one whose answer waits to be taken goes before one that came later.
        first.connection.begin();
        third.connection.set(Turn::Answer(0));
        let fourth = connect(&connections, "192.0.2.4").unwrap();
        assert!(is_open(&first) && !is_open(&third) && is_open(&fourth));
        fourth.connection.begin();
        assert!(connect(&connections, "192.0.2.5").is_none(), "nobody waits");
        drop(first);
        assert!(connect(&connections, "192.0.2.5").is_some());
    }

    #[test]
    fn one_client_makes_room_among_its_own_and_proxies_are_exempt() {
        let connections = connections(100, 2);
        let other = connect(&connections, "192.0.2.9").unwrap();
        other.connection.set(Turn::Head(0));
        let mine: Vec<_> = (0..3).map(|_| connect(&connections, "2001:db8::1").unwrap()).collect();
        assert!(is_open(&other));
        assert_eq!(mine.iter().filter(|place| is_open(place)).count(), 2);
        let proxied: Vec<_> = (0..3).map(|_| connect(&connections, "10.0.0.1").unwrap()).collect();
        assert!(proxied.iter().all(is_open));
        drop((other, mine, proxied));
        let open = connections.open();
        assert!(open.connections.is_empty() && open.per_client.is_empty());
    }

    #[test]
    fn a_head_that_is_overdue_ends_its_connection() {
        let connections = connections(9, 9);
        let (idle, busy) = (
            connect(&connections, "192.0.2.1").unwrap(),
            connect(&connections, "192.0.2.1").unwrap(),
        );
        busy.connection.begin();
        let overdue = millis(NEXT_HEAD);
        idle.connection.set(Turn::Head(0));
        connections.close_overdue_at(overdue - 1);
        assert!(is_open(&idle));
        let sending = busy.connection.answer();
        busy.connection.set(Turn::Answer(0));
        connections.close_overdue_at(overdue);
        assert!(!is_open(&idle));
        assert!(is_open(&busy), "an answer that is being sent has a deadline of its own");
        drop(sending);
        assert!(matches!(busy.connection.turn(), Turn::Head(_)));
    }
}
