//! Whose turn it is on a connection, and how long the server has waited for its client.

use std::{
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::Waker,
    time::{Duration, Instant},
};

/// How much sooner the next head is due if the body before it may be incomplete. Otherwise actix would discard the rest
/// of the body for as long as the client keeps sending.
pub(super) const SOONER: Duration = Duration::from_secs(9);

/// How long before the start of the server the clock begins, so that it can represent earlier instants.
const EPOCH: Duration = Duration::from_secs(3600);

/// A clock that counts milliseconds since an hour before the server started.
#[derive(Clone, Copy)]
pub(super) struct Clock(pub(super) Instant);

impl Clock {
    pub(super) fn now(self) -> u64 {
        self.at(Instant::now())
    }

    fn at(self, instant: Instant) -> u64 {
        millis(instant.saturating_duration_since(self.0) + EPOCH)
    }
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The state of one connection.
pub(crate) struct Connection {
    /// The client, or `None` for a trusted proxy, whose connections are not limited.
    pub(super) client: Option<IpAddr>,
    clock: Clock,
    turn: AtomicU64,
    closed: AtomicBool,
    /// Wakes the task that serves the connection.
    task: Mutex<Option<Waker>>,
    /// Whether there is something to read once it is the client's turn.
    unread: AtomicBool,
}

/// Whose turn it is. If it is the client's, the value is since when the server has waited.
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
    /// Encodes the turn as one number, so that it can be changed atomically.
    pub(super) fn encode(self) -> u64 {
        match self {
            Self::Server => 0,
            Self::Head(since) => since << 2 | 1,
            Self::Body(since) => since << 2 | 2,
            Self::Answer(since) => since << 2 | 3,
        }
    }

    pub(super) fn decode(number: u64) -> Self {
        let since = number >> 2;
        match number & 3 {
            0 => Self::Server,
            1 => Self::Head(since),
            2 => Self::Body(since),
            _ => Self::Answer(since),
        }
    }

    pub(super) fn since(self) -> Option<u64> {
        match self {
            Self::Server => None,
            Self::Head(since) | Self::Body(since) | Self::Answer(since) => Some(since),
        }
    }
}

impl Connection {
    /// A connection whose client has to send a head, from that time on.
    pub(super) fn new(client: Option<IpAddr>, clock: Clock, now: u64) -> Self {
        Self {
            client,
            clock,
            turn: AtomicU64::new(Turn::Head(now).encode()),
            closed: AtomicBool::default(),
            task: Mutex::default(),
            unread: AtomicBool::default(),
        }
    }

    pub(crate) fn turn(&self) -> Turn {
        Turn::decode(self.turn.load(Ordering::Relaxed))
    }

    pub(super) fn set(&self, turn: Turn) {
        self.turn.store(turn.encode(), Ordering::Relaxed);
    }

    /// The head has arrived. `body` says whether a body follows.
    pub(crate) fn begin(&self, body: bool) {
        if body {
            self.set(Turn::Body(self.clock.now()));
            self.wake_to_read();
        } else {
            self.set(Turn::Server);
        }
    }

    /// The server works on something before it reads the body. Returns whether there is one; then the client's turn has to
    /// [begin](Self::begin) again.
    pub(crate) fn postpone_body(&self) -> bool {
        let postponed = matches!(self.turn(), Turn::Body(_));
        if postponed {
            self.set(Turn::Server);
        }
        postponed
    }

    /// The body has arrived completely.
    pub(crate) fn has_body(&self) {
        self.set(Turn::Server);
    }

    /// The client has sent a part of its body, or received a part of its answer. When it receives the last part, the
    /// next head is due already.
    pub(crate) fn progress(&self) {
        let now = self.clock.now();
        match self.turn() {
            Turn::Body(_) => self.set(Turn::Body(now)),
            Turn::Answer(_) => self.set(Turn::Answer(now)),
            Turn::Head(since) if since + millis(SOONER) > now => self.set(Turn::Head(now)),
            Turn::Server | Turn::Head(_) => {}
        }
    }

    /// The answer was ready at that instant, and has been sent when the returned value is dropped. Then the next head
    /// is due. It is due sooner if the server has not read the whole body.
    pub(crate) fn answer(self: &Arc<Self>, at: Instant) -> Sending {
        let unended = matches!(self.turn(), Turn::Body(_));
        self.set(Turn::Answer(self.clock.at(at)));
        Sending {
            connection: self.clone(),
            unended,
        }
    }

    /// Sets the task that serves the connection. It is woken when the connection is closed, or when what was [left
    /// unread](Self::leave_unread) may be read.
    pub(crate) fn served_by(&self, task: Waker) {
        *self.task.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
    }

    /// Records that there is something to read once it is the client's turn.
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

    /// Whether the server has closed the connection. Then nothing more is read from it or written to it.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    pub(super) fn close(&self) {
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
