//! Connections: how many there may be, and how long one may wait for its client.
//!
//! actix gives the first head of a connection five seconds, and a later one as long as it likes once its first byte has come. So each
//! connection knows whose turn it is. One that has waited too long for its client's next head is closed. If there is no room for a new one,
//! those that have waited longest for their clients are closed: whoever holds connections open, a client that says something is let in.
//! A connection whose request the server works on is nobody's to close.

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
    io::{self, ErrorKind},
    mem::MaybeUninit,
    net::{IpAddr, Shutdown},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// How long the next head may take, from the end of the answer before it.
const NEXT_HEAD: Duration = Duration::from_secs(10);

/// So much of that is used up already if the body before may not have ended: actix would read on for as long as the client likes.
const USED_UP: Duration = Duration::from_secs(9);

/// A connection that has waited for less is not closed to make room: its client may be about to say something.
const PATIENCE: Duration = Duration::from_secs(1);

/// Where the connections' clock begins, in milliseconds, so that instants before the start can be told.
const EPOCH: u64 = 3_600_000;

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

impl ConnectionLimits {
    /// How many connections may be open at once: those over the limit make room only once they are there.
    #[must_use]
    pub fn most(self) -> usize {
        self.all.saturating_add(self.all / ROOM + 1)
    }
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
    /// The client has to send a head, since that millisecond.
    Head(u64),
    /// The client has to send a body or to take an answer, since then.
    Transfer(u64),
}

impl Turn {
    /// As one number, so that it changes at once.
    fn encode(self) -> u64 {
        match self {
            Self::Server => 0,
            Self::Head(since) => (since + 1) << 1,
            Self::Transfer(since) => (since + 1) << 1 | 1,
        }
    }

    fn decode(number: u64) -> Self {
        match (number >> 1, number & 1) {
            (0, _) => Self::Server,
            (since, 0) => Self::Head(since - 1),
            (since, _) => Self::Transfer(since - 1),
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
        now(self.started)
    }

    /// All that the server waited for has come.
    pub(crate) fn begin(&self) {
        self.set(Turn::Server);
    }

    /// The body is to come.
    pub(crate) fn await_body(&self) {
        self.set(Turn::Transfer(self.now()));
    }

    /// The answer is there; it is sent when the returned value is dropped. Then the next head is to come, and soon if the body may not have
    /// ended.
    pub(crate) fn answer(self: &Arc<Self>, unended: bool) -> Sending {
        self.set(Turn::Transfer(self.now()));
        Sending {
            connection: self.clone(),
            unended,
        }
    }

    /// Whether the client has sent nothing that the server has not read yet.
    fn is_silent(&self) -> bool {
        let nothing = |error: io::Error| error.kind() == ErrorKind::WouldBlock;
        self.socket.peek(&mut [MaybeUninit::uninit()]).is_err_and(nothing)
    }

    fn close(&self) {
        // An error means that it has ended by itself.
        let _ = self.socket.shutdown(Shutdown::Both);
    }
}

/// An answer that is being sent.
pub(crate) struct Sending {
    connection: Arc<Connection>,
    unended: bool,
}

impl Drop for Sending {
    fn drop(&mut self) {
        let used_up = if self.unended { millis(USED_UP) } else { 0 };
        let since = self.connection.now().saturating_sub(used_up);
        self.connection.set(Turn::Head(since));
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

fn now(started: Instant) -> u64 {
    millis(started.elapsed()).saturating_add(EPOCH)
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

    /// Closes those that have waited longest for their clients, `most` at the most, of one client or of all. Returns how many. One that has
    /// not waited for long, or whose client has just said something, stays.
    fn close_longest_waiting(&mut self, of: Option<IpAddr>, most: usize, now: u64) -> usize {
        let long_ago = now.saturating_sub(millis(PATIENCE));
        let mut waiting: Vec<_> = self
            .connections
            .iter()
            .filter(|(_, connection)| of.is_none() || connection.client == of)
            .filter_map(|(id, connection)| match connection.turn() {
                Turn::Head(since) | Turn::Transfer(since) if since <= long_ago => Some((since, *id)),
                _ => None,
            })
            .collect();
        waiting.sort_unstable();
        let silent = waiting
            .into_iter()
            .filter(|(_, id)| {
                self.connections
                    .get(id)
                    .is_some_and(|connection| connection.is_silent())
            })
            .take(most);
        let ids: Vec<_> = silent.map(|(_, id)| id).collect();
        for id in &ids {
            self.close(*id);
        }
        ids.len()
    }

    /// Makes room for one more of a client, or of all, if there are as many as there may be. Returns how many were closed for it.
    fn make_room(&mut self, of: Option<IpAddr>, limits: ConnectionLimits, now: u64) -> usize {
        let (count, limit) = match of {
            Some(client) => (
                self.per_client.get(&client).copied().unwrap_or(0),
                limits.per_client,
            ),
            None => (self.connections.len(), limits.all),
        };
        if count < limit {
            return 0;
        }
        self.close_longest_waiting(of, (limit / ROOM).max(1) + count - limit, now)
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
            "Connections that the server closed: their next head was overdue, others needed the room, or there was no file for them",
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

    /// How many may be open at once.
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

    /// What actix calls for each new connection.
    pub(crate) fn connected(self: &Arc<Self>, stream: &dyn Any, extensions: &mut Extensions) {
        let Some(stream) = stream.downcast_ref::<TcpStream>() else {
            return;
        };
        let socket = SockRef::from(stream);
        let (Ok(peer), Ok(handle)) = (stream.peer_addr(), socket.try_clone()) else {
            // It has ended already, or the process has no file left for it.
            let _ = socket.shutdown(Shutdown::Both);
            return self.closed("files", 1);
        };
        extensions.insert(self.admit(handle, peer.ip()));
    }

    /// A place for the connection, for which others may have to go.
    fn admit(self: &Arc<Self>, socket: Socket, peer: IpAddr) -> Place {
        let client = (!self.proxies.trust(peer)).then(|| network(peer));
        let mut open = self.open();
        let now = now(self.started);
        let closed = client.map_or(0, |client| open.make_room(Some(client), self.limits, now))
            + open.make_room(None, self.limits, now);
        self.closed("room", closed);
        let connection = Arc::new(Connection {
            socket,
            client,
            started: self.started,
            turn: AtomicU64::default(),
        });
        connection.set(Turn::Head(now));
        open.next += 1;
        let id = open.next;
        open.connections.insert(id, connection.clone());
        if let Some(client) = client {
            *open.per_client.entry(client).or_default() += 1;
        }
        self.count(&open);
        drop(open);
        Place {
            id,
            connection,
            among: self.clone(),
        }
    }

    /// Closes the connections whose next head is overdue, and makes room where there are too many. Call it every second or so.
    pub(crate) fn tidy(&self) {
        let now = now(self.started);
        let overdue = |connection: &Connection| match connection.turn() {
            Turn::Head(since) => now.saturating_sub(since) >= millis(NEXT_HEAD),
            Turn::Server | Turn::Transfer(_) => false,
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
mod tests {
    use super::*;
    use actix_web::http::header::X_FORWARDED_FOR;
    use std::{
        io::Write,
        net::{TcpListener, TcpStream},
    };

    fn connections(all: usize, per_client: usize) -> Arc<Connections> {
        let proxies = Proxies {
            trusted: vec!["10.0.0.0/8".parse().unwrap()],
            header: X_FORWARDED_FOR,
        };
        let limits = ConnectionLimits { all, per_client };
        Connections::new(limits, proxies, &mut Registry::default())
    }

    /// A connection as if from that address, and its client's end.
    fn connect(connections: &Arc<Connections>, peer: &str) -> (Place, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, _) = listener.accept().unwrap();
        server.set_nonblocking(true).unwrap();
        (connections.admit(server.into(), peer.parse().unwrap()), client)
    }

    fn is_open(place: &Place) -> bool {
        place.among.open().connections.contains_key(&place.id)
    }

    #[test]
    fn whose_turn_it_is_fits_into_a_number() {
        for turn in [
            Turn::Server,
            Turn::Head(0),
            Turn::Transfer(0),
            Turn::Head(7),
            Turn::Transfer(1 << 40),
        ] {
            assert_eq!(Turn::decode(turn.encode()), turn);
        }
    }

    #[test]
    fn the_one_that_has_waited_longest_makes_room() {
        let connections = connections(2, 2);
        let (first, _client_1) = connect(&connections, "192.0.2.1");
        let (second, _client_2) = connect(&connections, "192.0.2.2");
        second.connection.set(Turn::Head(0));
        first.connection.set(Turn::Head(1));
        let (third, _client_3) = connect(&connections, "192.0.2.3");
        assert!(is_open(&first) && !is_open(&second) && is_open(&third));
        // One that is worked on stays; one whose answer waits to be taken goes before one that came later.
        first.connection.begin();
        third.connection.set(Turn::Transfer(0));
        let (fourth, _client_4) = connect(&connections, "192.0.2.4");
        assert!(is_open(&first) && !is_open(&third) && is_open(&fourth));
        // Nobody waits: it is let in all the same, and the next one makes up for it.
        fourth.connection.begin();
        let (fifth, mut client_5) = connect(&connections, "192.0.2.5");
        assert!(is_open(&first) && is_open(&fourth) && is_open(&fifth));
        // One whose client has just said something is not waited for, even if the server has not got round to it.
        client_5.write_all(b"GET").unwrap();
        let said = Instant::now();
        while fifth.connection.is_silent() {
            assert!(said.elapsed() < Duration::from_secs(5));
        }
        fifth.connection.set(Turn::Transfer(0));
        first.connection.set(Turn::Transfer(1));
        fourth.connection.set(Turn::Head(fourth.connection.now()));
        let (sixth, _client_6) = connect(&connections, "192.0.2.6");
        assert!(is_open(&fifth) && is_open(&sixth) && !is_open(&first));
        assert!(is_open(&fourth), "it has not waited for a second");
        // The next look catches up.
        fourth.connection.set(Turn::Transfer(2));
        connections.tidy();
        assert!(is_open(&fifth) && is_open(&sixth) && !is_open(&fourth));
    }

    #[test]
    fn one_client_makes_room_among_its_own_and_proxies_are_exempt() {
        let connections = connections(100, 2);
        let (other, _client) = connect(&connections, "192.0.2.9");
        other.connection.set(Turn::Head(0));
        let mine = [(); 3].map(|()| {
            let one = connect(&connections, "2001:db8::1");
            one.0.connection.set(Turn::Head(0));
            one
        });
        assert!(is_open(&other));
        assert_eq!(mine.iter().filter(|(place, _)| is_open(place)).count(), 2);
        let proxied = [(); 3].map(|()| connect(&connections, "10.0.0.1"));
        assert!(proxied.iter().all(|(place, _)| is_open(place)));
        drop((other, mine, proxied));
        let open = connections.open();
        assert!(open.connections.is_empty() && open.per_client.is_empty());
    }

    #[test]
    fn a_head_that_is_overdue_ends_its_connection() {
        let connections = connections(9, 9);
        let (idle, _client_1) = connect(&connections, "192.0.2.1");
        let (busy, _client_2) = connect(&connections, "192.0.2.1");
        busy.connection.begin();
        let long_ago = |margin: u64| idle.connection.now() - millis(NEXT_HEAD) + margin;
        idle.connection.set(Turn::Head(long_ago(5000)));
        connections.tidy();
        assert!(is_open(&idle));
        let sending = busy.connection.answer(true);
        busy.connection.set(Turn::Transfer(long_ago(0)));
        idle.connection.set(Turn::Head(long_ago(0)));
        connections.tidy();
        assert!(!is_open(&idle));
        assert!(
            is_open(&busy),
            "an answer that is being sent has a deadline of its own"
        );
        drop(sending);
        connections.tidy();
        assert!(is_open(&busy));
        let Turn::Head(since) = busy.connection.turn() else {
            panic!()
        };
        assert!(since <= long_ago(1000), "the body before may not have ended");
    }
}
