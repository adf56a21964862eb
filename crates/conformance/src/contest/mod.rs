//! Contests: two calls want what only one can have, in many interleavings. They expose a store that checks and writes
//! in two steps, between which other calls can run.

pub mod access;
pub mod crm;
pub mod delivery;
pub mod events;
pub mod scheduling;

use crate::{new_account, new_customer};
use chatgrow_domain::{AccountId, Customer};
use chatgrow_ports::Stores;
use std::{
    cell::{Cell, RefCell},
    fmt::Debug,
    future::Future,
    hint::spin_loop,
    iter::successors,
    panic::resume_unwind,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker},
    thread,
    time::{Duration, Instant},
};
use tokio::{
    runtime::Handle,
    task::{block_in_place, yield_now},
    time::timeout,
};

/// How often two calls of a kind are started simultaneously on two threads.
const STARTS: usize = 16;

/// How often they are started if a call takes less than [`QUICK`], because then others can intervene only for a short
/// time.
const STARTS_OF_QUICK: usize = 2048;
const QUICK: Duration = Duration::from_micros(100);

/// How long a waiting thread spins before it yields its processor.
const SPINNING: Duration = Duration::from_micros(50);

/// How long the second call waits for the first call, which is paused, before both go on. A store that holds a lock
/// while it is not polled needs that.
const PATIENCE: Duration = Duration::from_millis(20);

/// How the two calls of one round are interleaved.
pub(crate) struct Round {
    /// Unique among the rounds of a contest.
    pub(crate) number: usize,
    /// The number of polls after which the first call is paused until the second is done; `None` starts both calls
    /// simultaneously.
    polls: Option<usize>,
    /// How long each call is delayed after the common start.
    late: [Duration; 2],
    /// Whether the first call was done before it was to be paused.
    done: Cell<bool>,
    /// How long the first call took at the last simultaneous start.
    took: Cell<Duration>,
}

/// Runs `round` once for each interleaving of the two calls that it passes to [`Round::both`]:
///
/// - The first call is polled zero times, once, twice and so on. There it pauses while the second call runs from
///   beginning to end. If a store lets others in between two awaits of a write, one of these rounds hits that moment,
///   however the machine schedules.
/// - Two threads start the calls simultaneously, again and again, one of them delayed by a fraction of a call. That
///   finds a store that lets others in between two steps of a write without an await.
///
/// The two calls may compete in several ways, the `kinds`. Each kind is tried step by step; the simultaneous starts
/// then take the kinds in turn.
pub(crate) async fn contest<K: Copy>(kinds: &[K], round: impl AsyncFn(&Round, K)) {
    let mut next = Round {
        number: 0,
        polls: None,
        late: [Duration::ZERO; 2],
        done: Cell::new(false),
        took: Cell::default(),
    };
    for kind in kinds {
        // A call that needs more than a few polls is waiting for others, and how often it is polled meanwhile is
        // chance.
        for polls in successors(Some(0), |polls| Some(polls + 1 + polls / 8 * 4)) {
            next.polls = Some(polls);
            round(&next, *kind).await;
            next.number += 1;
            if next.done.take() {
                break;
            }
        }
    }
    next.polls = None;
    next.took.set(Duration::ZERO);
    let mut shortest = Duration::MAX;
    for start in 0..STARTS_OF_QUICK * kinds.len() {
        if start >= STARTS * kinds.len() && shortest > QUICK {
            break;
        }
        let turn = start / kinds.len();
        // Covers all delays up to the length of a call, small ones more often: two calls of one kind are vulnerable at
        // the same point.
        let part = f64::from(u32::try_from(turn * 631 % 1021).unwrap()) / 1021.0;
        let late = shortest.min(next.took.get()).mul_f64(part.powi(3));
        next.late = match turn % 2 {
            0 => [Duration::ZERO, late],
            _ => [late, Duration::ZERO],
        };
        round(&next, kinds[start % kinds.len()]).await;
        next.number += 1;
        shortest = shortest.min(next.took.get());
    }
}

impl Round {
    /// Runs both calls in this round's interleaving.
    pub(crate) async fn both<A, B>(&self, first: A, second: B) -> (A::Output, B::Output)
    where
        A: Future,
        B: Future<Output: Send> + Send + 'static,
    {
        match self.polls {
            Some(polls) => self.stepwise(polls, first, second).await,
            None => self.at_once(first, second),
        }
    }

    async fn stepwise<A: Future, B: Future>(
        &self,
        polls: usize,
        first: A,
        second: B,
    ) -> (A::Output, B::Output) {
        let (mut first, mut second) = (pin!(first), pin!(second));
        let mut nobody = Context::from_waker(Waker::noop());
        for _ in 0..polls {
            if let Poll::Ready(output) = first.as_mut().poll(&mut nobody) {
                self.done.set(true);
                return (output, second.await);
            }
            yield_now().await;
        }
        if let Ok(output) = timeout(PATIENCE, second.as_mut()).await {
            (first.await, output)
        } else {
            tokio::join!(first, second)
        }
    }

    /// Starts both calls simultaneously. Each has its own thread, so that no scheduler comes between the start and the
    /// call.
    fn at_once<A, B>(&self, first: A, second: B) -> (A::Output, B::Output)
    where
        A: Future,
        B: Future<Output: Send> + Send + 'static,
    {
        let start = Arc::new(Start::default());
        let (runtime, started) = (Handle::current(), start.clone());
        let [first_late, second_late] = self.late;
        let second = thread::spawn(move || {
            started.wait(second_late);
            runtime.block_on(second)
        });
        let first = block_in_place(|| {
            start.give();
            spin(first_late);
            let began = Instant::now();
            let output = Handle::current().block_on(first);
            self.took.set(began.elapsed());
            output
        });
        (first, second.join().unwrap_or_else(|panic| resume_unwind(panic)))
    }
}

/// The common start of two threads. A sleeping thread would wake too late, so both spin.
#[derive(Default)]
struct Start {
    ready: AtomicBool,
    given: AtomicBool,
}

impl Start {
    /// Waits until the other thread is ready, then starts it.
    fn give(&self) {
        while !self.ready.load(Ordering::Acquire) {
            thread::yield_now();
        }
        self.given.store(true, Ordering::Release);
    }

    fn wait(&self, late: Duration) {
        self.ready.store(true, Ordering::Release);
        let ready = Instant::now();
        while !self.given.load(Ordering::Acquire) {
            if ready.elapsed() < SPINNING {
                spin_loop();
            } else {
                // The other thread may have no processor to run on.
                thread::yield_now();
            }
        }
        spin(late);
    }
}

fn spin(long: Duration) {
    let begin = Instant::now();
    while begin.elapsed() < long {
        spin_loop();
    }
}

/// The stores of two callers: the same one, or one of each server.
pub(crate) fn two_callers(servers: &[Stores]) -> (Stores, Stores) {
    (servers[0].clone(), servers[servers.len() - 1].clone())
}

/// Provides an account with a customer, and a new one every few rounds. If a store gets slower with more data, the
/// interval in which it is vulnerable should stay as long as it was.
pub(crate) struct Tenants<'s> {
    stores: &'s Stores,
    present: RefCell<Option<(AccountId, Customer)>>,
}

impl<'s> Tenants<'s> {
    pub(crate) fn of(stores: &'s Stores) -> Self {
        Self {
            stores,
            present: RefCell::default(),
        }
    }

    pub(crate) async fn tenant(&self, round: &Round) -> (AccountId, Customer) {
        let present = self.present.borrow().clone();
        match present {
            Some(tenant) if !round.number.is_multiple_of(4) => tenant,
            _ => {
                let account = new_account(self.stores).await;
                let tenant = (account, new_customer(self.stores, account).await);
                self.present.replace(Some(tenant.clone()));
                tenant
            }
        }
    }
}

/// Asserts that exactly one of the two calls succeeded and that the other was refused.
pub(crate) fn assert_one_wins<T: Debug, E: Debug>(
    (first, second): &(Result<T, E>, Result<T, E>),
    what: &str,
    refused: impl Fn(&E) -> bool,
) {
    let right = match (first, second) {
        (Ok(_), Err(error)) | (Err(error), Ok(_)) => refused(error),
        _ => false,
    };
    assert!(
        right,
        "{what}: exactly one of two that want it at once must have it, and the other must be told that it is gone. They were told \
         {first:?} and {second:?}"
    );
}
