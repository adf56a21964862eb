//! Connections: how many there may be, and how long one may wait for its client.
//!
//! actix gives the first head of a connection five seconds, and a later one as long as it likes once its first byte has come. So each
//! connection knows whose turn it is. The server closes one whose client lets it wait for too long. If there is no room for a new
//! connection, the server closes those that have waited longest for their clients: whoever holds connections open, a client that says
//! something is let in. It closes none whose request it is working on.

use crate::connection::client::{Proxies, network};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::Waker,
    time::{Duration, Instant},
};

/// How long a client may take for the next head, after the answer before it; and for any part of an answer or of a body.
const PATIENCE: Duration = Duration::from_secs(10);

/// How much sooner the next head is due if the body before it may not have ended: actix would read on for as long as the client likes.
const SOONER: Duration = Duration::from_secs(9);

/// A connection that has waited for less is not closed to make room: its client may be about to say something.
const SHORT: Duration = Duration::from_secs(1);

/// For how long new connections are let in without a look for room, if the last look closed none: it goes over all connections.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// One in so many connections is closed at once to make room.
const ROOM_SHARE: usize = 16;

/// Where the clock of the connections begins, so that it can tell instants before the start.
const EPOCH: Duration = Duration::from_secs(3600);

/// How many connections there may be.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionLimits {
    /// In all.
    pub all: usize,
    /// From one client: an IPv4 address or an IPv6 /64. Trusted proxies are exempt. For a moment there may be twice as many.
    pub per_client: usize,
}

impl ConnectionLimits {
    /// How many connections may be open at once: one over the limit makes room only when it is there.
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
    /// When a look for room last closed none.
    in_vain: u64,
}

/// Milliseconds since an hour before the server was started.
#[derive(Clone, Copy)]
struct Clock(Instant);

impl Clock {
    fn now(self) -> u64 {
        self.at(Instant::now())
    }

    fn at(self, instant: Instant) -> u64 {
        millis(instant.saturating_duration_since(self.0) + EPOCH)
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// One of the connections.
pub(crate) struct Connection {
    /// Whose it is; `None` if it is a proxy's, which is not counted.
    client: Option<IpAddr>,
    clock: Clock,
    turn: AtomicU64,
    closed: AtomicBool,
    /// What wakes the task that serves it.
    task: Mutex<Option<Waker>>,
    /// Whether there is something to read as soon as it is the client's turn.
    unread: AtomicBool,
}

/// Whose turn it is, and since when the server waits for the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// The server works on a request.
    Server,
    /// The client has to send a head.
    Head(u64),
    /// The client has to send a body.
    Body(u64),
    /// The client has to take its answer.
    Answer(u64),
}

impl Turn {
    /// As one number, so that it changes at once.
    fn encode(self) -> u64 {
        match self {
            Self::Server => 0,
            Self::Head(since) => since << 2 | 1,
            Self::Body(since) => since << 2 | 2,
            Self::Answer(since) => since << 2 | 3,
        }
    }

    fn decode(number: u64) -> Self {
        let since = number >> 2;
        match number & 3 {
            0 => Self::Server,
            1 => Self::Head(since),
            2 => Self::Body(since),
            _ => Self::Answer(since),
        }
    }

    fn since(self) -> Option<u64> {
        match self {
            Self::Server => None,
            Self::Head(since) | Self::Body(since) | Self::Answer(since) => Some(since),
        }
    }
}

impl Connection {
    pub(crate) fn turn(&self) -> Turn {
        Turn::decode(self.turn.load(Ordering::Relaxed))
    }

    fn set(&self, turn: Turn) {
        self.turn.store(turn.encode(), Ordering::Relaxed);
    }

    /// A head has come; a body follows or doesn't.
    pub(crate) fn begin(&self, body: bool) {
        if body {
            self.set(Turn::Body(self.clock.now()));
            self.wake_to_read();
        } else {
            self.set(Turn::Server);
        }
    }

    /// The body has come whole.
    pub(crate) fn has_body(&self) {
        self.set(Turn::Server);
    }

    /// The client has sent a part of its body, or taken a part of its answer; the last part it takes when the next head is due already.
    pub(crate) fn progress(&self) {
        let now = self.clock.now();
        match self.turn() {
            Turn::Body(_) => self.set(Turn::Body(now)),
            Turn::Answer(_) => self.set(Turn::Answer(now)),
            Turn::Head(since) if since + millis(SOONER) > now => self.set(Turn::Head(now)),
            Turn::Server | Turn::Head(_) => {}
        }
    }

    /// The answer is there, at that instant. It has been sent when the returned value is dropped. Then the next head is to come, and soon if
    /// the server has not read the body before it.
    pub(crate) fn answer(self: &Arc<Self>, at: Instant) -> Sending {
        let unended = matches!(self.turn(), Turn::Body(_));
        self.set(Turn::Answer(self.clock.at(at)));
        Sending {
            connection: self.clone(),
            unended,
        }
    }

    /// The task that serves it; it is woken when the connection is closed, or what it has [left unread](Self::leave_unread) may be read.
    pub(crate) fn served_by(&self, task: Waker) {
        *self.task.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
    }

    /// There is something to read, when it is the client's turn.
    pub(crate) fn leave_unread(&self) {
        self.unread.store(true, Ordering::Relaxed);
    }

    fn wake_to_read(&self) {
        if self.unread.load(Ordering::Relaxed) {
            self.unread.store(false, Ordering::Relaxed);
            self.wake();
        }
    }

    fn wake(&self) {
        if let Some(task) = &*self.task.lock().unwrap_or_else(PoisonError::into_inner) {
            task.wake_by_ref();
        }
    }

    /// Whether the server has done with it: nothing is read from it or written to it any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.wake();
    }
}

/// An answer that is being sent.
pub(crate) struct Sending {
    connection: Arc<Connection>,
    unended: bool,
}

impl Drop for Sending {
    fn drop(&mut self) {
        let sooner = if self.unended { millis(SOONER) } else { 0 };
        self.connection
            .set(Turn::Head(self.connection.clock.now() - sooner));
        self.connection.wake_to_read();
    }
}

/// A connection's place among the open ones, which lasts as long as the connection.
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

    /// Closes those that have waited longest for their clients, `most` at the most, of one client or of all; none that has waited for a
    /// [`SHORT`] time only. Returns how many.
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

    /// Makes room for one more of a client, or of all, if there are as many as there may be. Returns how many were closed for it.
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

    /// A place for a connection from that address, for which others may have to go; `None` if its client has far too many.
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
        let connection = Arc::new(Connection {
            client,
            clock: self.clock,
            turn: AtomicU64::new(Turn::Head(now).encode()),
            closed: AtomicBool::default(),
            task: Mutex::default(),
            unread: AtomicBool::default(),
        });
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

    /// Closes the connections whose clients are overdue. If there are still too many, it closes those that have waited longest. Call it every
    /// second or so.
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
pub(crate) mod tests {
    use super::*;
    use actix_web::http::header::X_FORWARDED_FOR;

    fn connections(all: usize, per_client: usize) -> Arc<Connections> {
        let proxies = Proxies {
            trusted: vec!["10.0.0.0/8".parse().unwrap()],
            header: X_FORWARDED_FOR,
        };
        let limits = ConnectionLimits { all, per_client };
        Connections::new(limits, proxies, &mut Registry::default())
    }

    /// A connection as if from that address.
    fn connect(connections: &Arc<Connections>, peer: &str) -> Place {
        // Each looks for room, however soon it comes.
        connections.open().in_vain = 0;
        connections.admit(peer.parse().unwrap()).unwrap()
    }

    /// A place for the tests of what is read and written there.
    pub(crate) fn some_place() -> Place {
        connect(&connections(9, 9), "192.0.2.1")
    }

    fn is_open(place: &Place) -> bool {
        assert_eq!(
            place.connection.is_closed(),
            !place.among.open().connections.contains_key(&place.id)
        );
        !place.connection.is_closed()
    }

    /// So many milliseconds ago.
    fn ago(place: &Place, millis: u64) -> u64 {
        place.connection.clock.now() - millis
    }

    #[test]
    fn whose_turn_it_is_fits_into_a_number() {
        for turn in [
            Turn::Server,
            Turn::Head(0),
            Turn::Answer(0),
            Turn::Body(7),
            Turn::Head(1 << 40),
        ] {
            assert_eq!(Turn::decode(turn.encode()), turn);
        }
    }

    #[test]
    fn the_one_that_has_waited_longest_makes_room() {
        let connections = connections(2, 2);
        let first = connect(&connections, "192.0.2.1");
        let second = connect(&connections, "192.0.2.2");
        second.connection.set(Turn::Head(ago(&second, 5000)));
        first.connection.set(Turn::Head(ago(&first, 4000)));
        let third = connect(&connections, "192.0.2.3");
        assert!(is_open(&first) && !is_open(&second) && is_open(&third));
        // One that is worked on stays; one whose answer waits to be taken goes before one that came later.
        first.connection.begin(false);
        third.connection.set(Turn::Answer(ago(&third, 2000)));
        let fourth = connect(&connections, "192.0.2.4");
        assert!(is_open(&first) && !is_open(&third) && is_open(&fourth));
        // Nobody has waited for a second: it is let in all the same, and the next look catches up.
        let fifth = connect(&connections, "192.0.2.5");
        assert!(is_open(&first) && is_open(&fourth) && is_open(&fifth));
        fourth.connection.set(Turn::Body(ago(&fourth, 1500)));
        connections.tidy();
        assert!(is_open(&first) && !is_open(&fourth) && is_open(&fifth));
    }

    #[test]
    fn a_look_in_vain_is_not_repeated_at_once() {
        let connections = connections(1, 9);
        let first = connect(&connections, "192.0.2.1");
        let second = connect(&connections, "192.0.2.2");
        first.connection.set(Turn::Head(ago(&first, 5000)));
        let third = connections.admit("192.0.2.3".parse().unwrap()).unwrap();
        assert!(is_open(&first) && is_open(&second) && is_open(&third));
        let _fourth = connect(&connections, "192.0.2.4");
        assert!(!is_open(&first));
    }

    #[test]
    fn one_client_makes_room_among_its_own_and_proxies_are_exempt() {
        let connections = connections(100, 2);
        let other = connect(&connections, "192.0.2.9");
        other.connection.set(Turn::Head(ago(&other, 5000)));
        let mine = [(); 3].map(|()| {
            let one = connect(&connections, "2001:db8::1");
            one.connection.set(Turn::Head(ago(&one, 4000)));
            one
        });
        assert!(is_open(&other));
        assert_eq!(mine.iter().filter(|place| is_open(place)).count(), 2);
        // A burst is let in, up to twice the limit.
        let burst = [(); 4].map(|()| connect(&connections, "2001:db8::2"));
        assert!(connections.admit("2001:db8::3".parse().unwrap()).is_none());
        let proxied = [(); 5].map(|()| connect(&connections, "10.0.0.1"));
        assert!(proxied.iter().chain(&burst).all(is_open));
        drop((other, mine, burst, proxied));
        let open = connections.open();
        assert!(open.connections.is_empty() && open.per_client.is_empty());
    }

    #[test]
    fn a_client_that_is_overdue_loses_its_connection() {
        let connections = connections(9, 9);
        let place = || connect(&connections, "192.0.2.1");
        let (idle, sending, taking, working) = (place(), place(), place(), place());
        let overdue = |place: &Place, margin: u64| ago(place, millis(PATIENCE) - margin);
        idle.connection.set(Turn::Head(overdue(&idle, 5000)));
        sending.connection.set(Turn::Body(overdue(&sending, 0)));
        taking.connection.set(Turn::Answer(overdue(&taking, 0)));
        working.connection.begin(false);
        // Whoever gets on has time.
        sending.connection.progress();
        connections.tidy();
        assert!(is_open(&idle) && is_open(&sending) && !is_open(&taking) && is_open(&working));
        idle.connection.set(Turn::Head(overdue(&idle, 0)));
        connections.tidy();
        assert!(!is_open(&idle) && is_open(&working));
    }

    #[test]
    fn the_next_head_is_due_soon_if_the_body_was_not_read() {
        let place = some_place();
        for (read, due) in [
            (true, millis(PATIENCE)),
            (false, millis(PATIENCE) - millis(SOONER)),
        ] {
            place.connection.begin(true);
            if read {
                place.connection.has_body();
            }
            let sending = place.connection.answer(Instant::now());
            assert!(matches!(place.connection.turn(), Turn::Answer(_)));
            drop(sending);
            let Turn::Head(since) = place.connection.turn() else {
                panic!("{:?}", place.connection.turn())
            };
            let left = since + millis(PATIENCE) - place.connection.clock.now();
            assert!(left <= due && left + 500 > due, "{left}");
        }
    }
}
